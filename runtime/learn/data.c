#define _GNU_SOURCE
#include "learn/data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/hash.h"
#include "io/range.h"

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
    RtSeries *longer = realloc(data->series, (size_t)(data->count + 1) * sizeof *longer);
    if (!longer) return rt_no_memory(error, sizeof *longer, source);
    data->series = longer;
    RtSeries *s = &longer[data->count++];
    *s = (RtSeries){.name = name, .source = source, .path = rt_range_of(source).path};
    if (!s->path) return rt_no_memory(error, sizeof *longer, source);
    if (rt_range_read(source, name, type, &s->tensor, error) != RT_OK) return error->status;
    return take_items(data, s, rank, error);
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
