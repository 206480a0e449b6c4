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

typedef struct Asked { /* rows, by whom; for messages */
    RtRange range;
    const char *source, *stimulus;
} Asked;

static RtStatus look(const Asked *a, int rank, const int64_t *shape, RtError *error) {
    const RtRange *r = &a->range;
    int64_t all = rank ? shape[0] : 0;
    if (r->first >= 0 && r->end > r->first && r->end <= all) return RT_OK;
    return rt_fail(error, RT_USER, "stimulus %s: %s asks for items %lld to %lld, the file has %lld", a->stimulus, a->source, (long long)r->first,
                   (long long)r->end - 1, (long long)all);
}

/* Of the shape, but for so many rows. */
static RtStatus rows_new(const Asked *a, RtType type, int rank, const int64_t *shape, RtTensor *tensor, RtError *error) {
    int64_t own[RT_MAX_RANK];
    memcpy(own, shape, sizeof *shape * (size_t)rank);
    own[0] = a->range.end - a->range.first;
    return rt_tensor_new(tensor, type, rank, own, error);
}

static RtStatus read_rows(RtNpyFile *file, const Asked *a, RtType type, RtTensor *tensor, RtError *error) {
    if (look(a, file->rank, file->shape, error) != RT_OK || rows_new(a, type, file->rank, file->shape, tensor, error) != RT_OK) return error->status;
    if (rt_npy_rows(file, a->range.first, a->range.end - a->range.first, type, tensor->data, error) != RT_OK) rt_tensor_free(tensor);
    return error->status;
}

/* Of a file that is not stored row by row. */
static RtStatus read_and_cut(const Asked *a, RtType type, RtTensor *tensor, RtError *error) {
    RtTensor whole;
    if (rt_npy_read(a->range.path, type, &whole, error) != RT_OK) return error->status;
    if (look(a, whole.rank, whole.shape, error) == RT_OK && rows_new(a, type, whole.rank, whole.shape, tensor, error) == RT_OK) {
        size_t row = (size_t)(rt_shape_count(whole.rank, whole.shape) / whole.shape[0]) * rt_type_size(type);
        memcpy(tensor->data, (char *)whole.data + (size_t)a->range.first * row, (size_t)(a->range.end - a->range.first) * row);
    }
    rt_tensor_free(&whole);
    return error->status;
}

static RtStatus read_some(const Asked *a, RtType type, RtTensor *tensor, RtError *error) {
    RtNpyFile file;
    bool in_rows;
    if (rt_npy_open(a->range.path, &file, &in_rows, error) != RT_OK) return error->status;
    if (!in_rows) return read_and_cut(a, type, tensor, error);
    read_rows(&file, a, type, tensor, error);
    rt_npy_close(&file);
    return error->status;
}

RtStatus rt_range_read(const char *source, const char *stimulus, RtType type, RtTensor *tensor, RtError *error) {
    Asked a = {rt_range_of(source), source, stimulus};
    const char *path = a.range.path;
    *tensor = (RtTensor){0};
    if (!path) return rt_no_memory(error, (double)strlen(source), source);
    if (rt_ends_with(path, "]") && access(path, F_OK) != 0)
        rt_fail(error, RT_USER, "stimulus %s: there is no file %s; some items of a file are FILE[FIRST:END], x.npy[0:100] for example", stimulus, path);
    else if (a.range.end == -1) rt_npy_read(path, type, tensor, error);
    else read_some(&a, type, tensor, error);
    free(a.range.path);
    return error->status;
}
