#define _GNU_SOURCE
#include "learn/data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/hash.h"

/* "FILE[first:end]": the file, and the range; *end stays -1 without one. What is no such range belongs to the name. */
static char *split_range(const char *source, int64_t *first, int64_t *end) {
    long long a, b;
    int length = 0;
    const char *open = strrchr(source, '[');
    *first = 0;
    *end = -1;
    if (!open || sscanf(open, "[%lld:%lld]%n", &a, &b, &length) != 2 || length == 0 || open[length]) return strdup(source);
    *first = a;
    *end = b;
    return strndup(source, (size_t)(open - source));
}

/* The rows first to end - 1 and nothing else. */
static RtStatus cut(RtSeries *s, int64_t first, int64_t end, RtError *error) {
    RtTensor *t = &s->tensor, kept;
    int64_t shape[RT_MAX_RANK], all = t->rank ? t->shape[0] : 0;
    if (first < 0 || end <= first || end > all)
        return rt_fail(error, RT_USER, "stimulus %s: %s asks for items %lld to %lld, the file has %lld", s->name, s->source, (long long)first,
                       (long long)end - 1, (long long)all);
    memcpy(shape, t->shape, sizeof shape);
    shape[0] = end - first;
    if (rt_tensor_new(&kept, t->type, t->rank, shape, error) != RT_OK) return error->status;
    size_t row = (size_t)(rt_shape_count(t->rank, t->shape) / all) * rt_type_size(t->type);
    memcpy(kept.data, (char *)t->data + (size_t)first * row, (size_t)(end - first) * row);
    rt_tensor_free(t);
    *t = kept;
    return RT_OK;
}

static RtStatus take_items(RtData *data, RtSeries *s, int rank, RtError *error) {
    const RtTensor *t = &s->tensor;
    char came[RT_SHAPE_TEXT];
    if (t->rank != rank && t->rank != rank + 1)
        return rt_fail(error, RT_USER, "stimulus %s: %s has shape %s; expected are items, each of %d dimension%s, or one for all of them", s->name,
                       s->source, rt_shape_text(came, t->rank, t->shape), rank, rank == 1 ? "" : "s");
    s->shared = t->rank == rank;
    s->each = rt_shape_count(rank, t->shape + (s->shared ? 0 : 1));
    if (s->shared) return RT_OK;
    if (t->shape[0] < 1) return rt_fail(error, RT_USER, "stimulus %s: %s holds no item", s->name, s->source);
    if (data->items && data->items != t->shape[0])
        return rt_fail(error, RT_USER, "stimulus %s: %s holds %lld items, but %s holds %lld", s->name, s->source, (long long)t->shape[0], data->by,
                       (long long)data->items);
    data->items = t->shape[0];
    data->by = s->source;
    return RT_OK;
}

RtStatus rt_data_read(RtData *data, const char *name, const char *source, int rank, RtType type, RtError *error) {
    int64_t first, end;
    char *path = split_range(source, &first, &end);
    RtSeries *longer = path ? realloc(data->series, (size_t)(data->count + 1) * sizeof *longer) : NULL;
    if (longer) {
        data->series = longer;
        RtSeries *s = &longer[data->count];
        *s = (RtSeries){.name = name, .source = source, .path = path};
        data->count++;
        if (rt_ends_with(path, "]") && access(path, F_OK) != 0)
            rt_fail(error, RT_USER, "stimulus %s: there is no file %s; some items of a file are FILE[FIRST:END], x.npy[0:100] for example", name, path);
        else if (rt_npy_read(path, type, &s->tensor, error) == RT_OK && (end == -1 || cut(s, first, end, error) == RT_OK)) take_items(data, s, rank, error);
    } else {
        free(path);
        rt_no_memory(error, sizeof *longer, source);
    }
    return error->status;
}

const RtSeries *rt_data_find(const RtData *data, const char *name) {
    for (int i = 0; i < data->count; i++)
        if (!strcmp(data->series[i].name, name)) return &data->series[i];
    return NULL;
}

void rt_data_gather(const RtSeries *s, const int64_t *index, int64_t count, void *to) {
    size_t bytes = (size_t)s->each * rt_type_size(s->tensor.type);
    for (int64_t i = 0; i < count; i++) memcpy((char *)to + (size_t)i * bytes, (const char *)s->tensor.data + (size_t)index[i] * bytes, bytes);
}

uint64_t rt_data_sum(const RtData *data) {
    RtHash hash = {0};
    for (int i = 0; i < data->count; i++) {
        const RtTensor *t = &data->series[i].tensor;
        rt_hash_add(&hash, data->series[i].name, strlen(data->series[i].name));
        rt_hash_add(&hash, t->shape, (size_t)t->rank * sizeof *t->shape);
        rt_hash_add(&hash, t->data, (size_t)rt_shape_count(t->rank, t->shape) * rt_type_size(t->type));
    }
    return rt_hash_sum(&hash);
}

void rt_data_free(RtData *data) {
    for (int i = 0; i < data->count; i++) {
        rt_tensor_free(&data->series[i].tensor);
        free(data->series[i].path);
    }
    free(data->series);
    *data = (RtData){0};
}
