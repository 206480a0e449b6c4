#define _GNU_SOURCE
#include "io/range.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

RtRange rt_range_of(const char *source) {
    long long a, b;
    int length = 0;
    const char *open = strrchr(source, '[');
    if (!open || sscanf(open, "[%lld:%lld]%n", &a, &b, &length) != 2 || length == 0 || open[length]) return (RtRange){strdup(source), 0, -1};
    return (RtRange){strndup(source, (size_t)(open - source)), a, b};
}

/* The rows first to end - 1 and nothing else. */
static RtStatus cut(RtTensor *t, const RtRange *range, const char *source, const char *stimulus, RtError *error) {
    RtTensor kept;
    int64_t shape[RT_MAX_RANK], all = t->rank ? t->shape[0] : 0, first = range->first, end = range->end;
    if (first < 0 || end <= first || end > all)
        return rt_fail(error, RT_USER, "stimulus %s: %s asks for items %lld to %lld, the file has %lld", stimulus, source, (long long)first, (long long)end - 1,
                       (long long)all);
    memcpy(shape, t->shape, sizeof shape);
    shape[0] = end - first;
    if (rt_tensor_new(&kept, t->type, t->rank, shape, error) != RT_OK) return error->status;
    size_t row = (size_t)(rt_shape_count(t->rank, t->shape) / all) * rt_type_size(t->type);
    memcpy(kept.data, (char *)t->data + (size_t)first * row, (size_t)(end - first) * row);
    rt_tensor_free(t);
    *t = kept;
    return RT_OK;
}

RtStatus rt_range_read(const char *source, const char *stimulus, RtType type, RtTensor *tensor, RtError *error) {
    RtRange range = rt_range_of(source);
    if (!range.path) return rt_no_memory(error, (double)strlen(source), source);
    if (rt_ends_with(range.path, "]") && access(range.path, F_OK) != 0)
        rt_fail(error, RT_USER, "stimulus %s: there is no file %s; some items of a file are FILE[FIRST:END], x.npy[0:100] for example", stimulus,
                range.path);
    else if (rt_npy_read(range.path, type, tensor, error) == RT_OK && range.end != -1 && cut(tensor, &range, source, stimulus, error) != RT_OK)
        rt_tensor_free(tensor);
    free(range.path);
    return error->status;
}
