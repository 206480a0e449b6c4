/* Whole .npy files. */
#include <stdlib.h>
#include <string.h>

#include "io/npy_header.h"

/* Row-major position of the i-th element of a Fortran-ordered array. */
static int64_t from_fortran(const RtNpyHeader *h, int64_t i) {
    int64_t index[RT_MAX_RANK], at = 0;
    for (int axis = 0; axis < h->rank; axis++) {
        index[axis] = i % h->shape[axis];
        i /= h->shape[axis];
    }
    for (int axis = 0; axis < h->rank; axis++) at = at * h->shape[axis] + index[axis];
    return at;
}

static RtStatus to_row_major(const RtNpyHeader *h, int64_t count, RtTensor *tensor, RtError *error) {
    RtTensor ordered;
    if (rt_tensor_new(&ordered, tensor->type, h->rank, h->shape, error) != RT_OK) return error->status;
    size_t size = rt_type_size(tensor->type);
    for (int64_t i = 0; i < count; i++)
        memcpy((char *)ordered.data + size * (size_t)from_fortran(h, i), (char *)tensor->data + size * (size_t)i, size);
    rt_tensor_free(tensor);
    *tensor = ordered;
    return RT_OK;
}

static RtStatus read_elements(const char *label, const RtNpyHeader *h, const unsigned char *data, int64_t count, RtTensor *out,
                              RtError *error) {
    const char *why = NULL;
    int64_t wrong = rt_convert(h->stored, data, count, out->type, out->data, &why);
    bool fortran = h->fortran && h->rank > 1;
    if (wrong >= 0) {
        char text[RT_SHAPE_TEXT];
        rt_index_text(text, h->rank, h->shape, fortran ? from_fortran(h, wrong) : wrong);
        return rt_fail(error, RT_USER, "%s: the element at %s %s", label, text, why);
    }
    return fortran ? to_row_major(h, count, out, error) : RT_OK;
}

RtStatus rt_npy_parse(const char *label, const unsigned char *bytes, size_t length, RtType type, RtTensor *out,
                      RtError *error) {
    RtNpyHeader h = {0};
    int64_t count;
    *out = (RtTensor){0};
    if (rt_npy_read_header(label, bytes, length, &h, error) != RT_OK) return error->status;
    if (rt_npy_check_length(label, &h, length, &count, error) != RT_OK) return error->status;
    if (rt_tensor_new(out, type, h.rank, h.shape, error) != RT_OK) return error->status;
    if (read_elements(label, &h, bytes + h.data, count, out, error) == RT_OK) return RT_OK;
    rt_tensor_free(out);
    return error->status;
}

static RtStatus read_rows(RtNpyFile *file, RtType type, RtTensor *out, RtError *error) {
    if (rt_tensor_new(out, type, file->rank, file->shape, error) != RT_OK) return error->status;
    if (rt_npy_rows(file, 0, file->shape[0], type, out->data, error) != RT_OK) rt_tensor_free(out);
    return error->status;
}

RtStatus rt_npy_read(const char *path, RtType type, RtTensor *out, RtError *error) {
    unsigned char *bytes;
    size_t length;
    bool in_rows;
    RtNpyFile file;
    *out = (RtTensor){0};
    if (rt_npy_open(path, &file, &in_rows, error) != RT_OK) return error->status;
    if (in_rows) {
        RtStatus status = read_rows(&file, type, out, error);
        rt_npy_close(&file);
        return status;
    }
    if (rt_file_read(path, &bytes, &length, error) != RT_OK) return error->status;
    RtStatus status = rt_npy_parse(path, bytes, length, type, out, error);
    free(bytes);
    return status;
}

RtStatus rt_npy_write(const char *path, const RtTensor *tensor, RtError *error) {
    char header[RT_NPY_HEADER];
    size_t length = rt_npy_header(header, tensor->type, tensor->rank, tensor->shape);
    size_t bytes = (size_t)rt_shape_count(tensor->rank, tensor->shape) * rt_type_size(tensor->type);
    RtPiece pieces[2] = {{header, length}, {tensor->data, bytes}};
    return rt_file_write(path, pieces, 2, error);
}
