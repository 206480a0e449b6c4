#include "io/tensor.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

static const int64_t MOST_ELEMENTS = (int64_t)1 << 47;
static const size_t HUGE_PAGE = (size_t)2 << 20;

int64_t rt_shape_count(int rank, const int64_t *shape) {
    int64_t count = 1;
    bool empty = false;
    for (int i = 0; i < rank; i++) {
        if (shape[i] < 0) return -1;
        if (shape[i] == 0) empty = true;
        else if (__builtin_mul_overflow(count, shape[i], &count) || count > MOST_ELEMENTS) return -1;
    }
    return empty ? 0 : count;
}

const char *rt_shape_text(char *buffer, int rank, const int64_t *shape) {
    size_t at = 0;
    buffer[at++] = '[';
    for (int i = 0; i < rank && i < RT_MAX_RANK; i++)
        at += (size_t)snprintf(buffer + at, RT_SHAPE_TEXT - at, i ? ", %lld" : "%lld", (long long)shape[i]);
    buffer[at++] = ']';
    buffer[at] = '\0';
    return buffer;
}

const char *rt_index_text(char *buffer, int rank, const int64_t *shape, int64_t i) {
    int64_t index[RT_MAX_RANK];
    for (int axis = rank - 1; axis >= 0; axis--) {
        index[axis] = i % shape[axis];
        i /= shape[axis];
    }
    return rt_shape_text(buffer, rank, index);
}

void *rt_aligned(size_t bytes) {
    void *at;
    size_t line = bytes >= 2 * HUGE_PAGE ? HUGE_PAGE : 64;
    if (bytes > SIZE_MAX - line || posix_memalign(&at, line, bytes ? bytes : 1) != 0) return NULL;
#ifdef MADV_HUGEPAGE /* weights are read from end to end in every step: with small pages the address translation is what is waited for */
    if (line == HUGE_PAGE) madvise(at, bytes / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
#endif
    return at;
}

RtStatus rt_tensor_new(RtTensor *tensor, RtType type, int rank, const int64_t *shape, RtError *error) {
    int64_t count = rt_shape_count(rank, shape);
    *tensor = (RtTensor){.type = type, .rank = rank};
    for (int i = 0; i < rank; i++) tensor->shape[i] = shape[i];
    char text[RT_SHAPE_TEXT];
    if (count < 0) return rt_fail(error, RT_USER, "a tensor of shape %s is too large", rt_shape_text(text, rank, shape));
    size_t bytes = (size_t)count * rt_type_size(type);
    tensor->data = rt_aligned(bytes);
    if (!tensor->data) return rt_no_memory(error, (double)bytes, "a tensor");
    return RT_OK;
}

void rt_tensor_free(RtTensor *tensor) {
    free(tensor->data);
    tensor->data = NULL;
}
