#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "core/plan_internal.h"

int64_t rt_buffer_size(const RtDescriptor *d, const int64_t *size, const RtBuffer *buffer, int dimension) {
    int axis = buffer->axis[dimension];
    return buffer->role == RT_WEIGHT ? d->axis[axis].size : size[axis];
}

int64_t rt_buffer_count(const RtDescriptor *d, const int64_t *size, const RtBuffer *buffer) {
    int64_t shape[RT_MAX_RANK];
    for (int i = 0; i < buffer->rank; i++) shape[i] = rt_buffer_size(d, size, buffer, i);
    return rt_shape_count(buffer->rank, shape);
}

RtConfig *rt_config_new(const CtxProgram *program) {
    RtConfig *c = calloc(1, sizeof *c);
    if (!c) return NULL;
    c->program = program;
    c->seed = 1;
    c->batch.items = 1;
    if (rt_descriptor_read(program, &c->d, &c->error) != RT_OK) return c;
    size_t axes = (size_t)c->d.axes + 1, buffers = (size_t)c->d.buffers + 1;
    c->size = calloc(axes, sizeof *c->size);
    c->by = calloc(axes, sizeof *c->by);
    c->batched = calloc(buffers, sizeof *c->batched);
    c->weight_path = calloc(buffers, sizeof *c->weight_path);
    c->weight_data = calloc(buffers, sizeof *c->weight_data);
    c->window = calloc(buffers, sizeof *c->window);
    if (!c->size || !c->by || !c->batched || !c->weight_path || !c->weight_data || !c->window) {
        rt_config_free(c);
        return NULL;
    }
    for (int i = 0; i < c->d.axes; i++) c->size[i] = c->d.axis[i].bounded ? 0 : c->d.axis[i].size;
    return c;
}

void rt_config_free(RtConfig *c) {
    if (!c) return;
    for (int i = 0; i < c->d.buffers; i++) {
        if (c->weight_path) free(c->weight_path[i]);
        if (c->weight_data) free(c->weight_data[i]);
    }
    free(c->weight_path);
    free(c->weight_data);
    free(c->window);
    free(c->weights_path);
    free(c->batched);
    free(c->by);
    free(c->size);
    rt_error_clear(&c->error);
    rt_descriptor_free(&c->d);
    free(c);
}

RtStatus rt_config_status(const RtConfig *c) { return c->error.status; }
const char *rt_config_message(const RtConfig *c) { return rt_error_message(&c->error); }
const RtDescriptor *rt_config_descriptor(const RtConfig *c) { return c->size ? &c->d : NULL; }
int64_t rt_config_window_of(const RtConfig *c, int buffer) { return c->window[buffer]; }
int64_t rt_config_batch_items(const RtConfig *c) { return c->batch.items; }
int64_t rt_config_size(const RtConfig *c, int axis) { return c->size[axis]; }

/* "; did you mean 'token'?" or the names there are; to be freed. */
static char *axis_hint(const RtDescriptor *d, const char *wrong) {
    const char **names = calloc((size_t)d->axes + 1, sizeof *names);
    for (int i = 0; names && i < d->axes; i++) names[i] = d->axis[i].name;
    const char *near = names ? rt_closest(wrong, names, d->axes) : NULL;
    free(names);
    return near ? rt_format("; did you mean '%s'?", near) : rt_format("%s", "");
}

static RtStatus unknown_axis(RtConfig *c, const char *name) {
    char *hint = axis_hint(&c->d, name);
    rt_fail(&c->error, RT_USER, "%s has no axis '%s'%s", c->d.name, name, hint ? hint : "");
    free(hint);
    return c->error.status;
}

RtStatus rt_config_axis(RtConfig *c, const char *name, int64_t size) {
    if (c->error.status != RT_OK) return c->error.status;
    int axis = rt_find_axis(&c->d, name);
    if (axis < 0) return unknown_axis(c, name);
    const RtAxis *a = &c->d.axis[axis];
    if (!a->bounded && size != a->size)
        return rt_fail(&c->error, RT_USER,
                       "axis %s has size %lld in this program, not %lld; compile it again with --set %s=%lld", name,
                       (long long)a->size, (long long)size, name, (long long)size);
    if (size < a->least || size > a->size)
        return rt_fail(&c->error, RT_USER, "axis %s takes %lld to %lld, not %lld", name, (long long)a->least, (long long)a->size, (long long)size);
    if (c->by[axis] && c->size[axis] != size)
        return rt_fail(&c->error, RT_USER, "axis %s: stimulus %s has %lld, asked for were %lld", name, c->by[axis],
                       (long long)c->size[axis], (long long)size);
    c->size[axis] = size;
    return RT_OK;
}

/* "stimulus x: expected [token <= 512, d = 384], came shape [18, 383]" and what is wrong with it. */
static RtStatus wrong_shape(RtConfig *c, const RtBuffer *b, int rank, const int64_t *shape, const char *what) {
    char came[RT_SHAPE_TEXT], *expected = rt_axes_text(&c->d, b);
    rt_fail(&c->error, RT_USER, "stimulus %s: expected %s, came shape %s: %s", b->name, expected ? expected : "",
            rt_shape_text(came, rank, shape), what);
    free(expected);
    return c->error.status;
}

/* One dimension of a stimulus against its axis. */
static RtStatus fix_axis(RtConfig *c, const RtBuffer *b, int axis, int64_t size, int rank, const int64_t *shape) {
    const RtAxis *a = &c->d.axis[axis];
    char *what = NULL;
    if (!a->bounded && size != a->size)
        what = rt_format("axis %s is %lld, not %lld", a->name, (long long)a->size, (long long)size);
    else if (size < 1) what = rt_format("axis %s is empty", a->name);
    else if (size < a->least)
        what = rt_format("axis %s is at least %lld, since the circuit reads one point of it by number, not %lld", a->name, (long long)a->least, (long long)size);
    else if (size > a->size)
        what = rt_format("axis %s is at most %lld, not %lld", a->name, (long long)a->size, (long long)size);
    else if (c->size[axis] && c->size[axis] != size)
        what = rt_format("axis %s is %lld in %s%s, not %lld", a->name, (long long)c->size[axis],
                         c->by[axis] ? "stimulus " : "this run", c->by[axis] ? c->by[axis] : "", (long long)size);
    else {
        if (!c->size[axis] || !c->by[axis]) c->by[axis] = b->name;
        c->size[axis] = size;
        return RT_OK;
    }
    wrong_shape(c, b, rank, shape, what ? what : "wrong size");
    free(what);
    return c->error.status;
}

static bool same_batch(const RtBatch *batch, int rank, const int64_t *shape) {
    if (batch->rank != rank) return false;
    for (int i = 0; i < rank; i++)
        if (batch->shape[i] != shape[i]) return false;
    return true;
}

static RtStatus fix_batch(RtConfig *c, const RtBuffer *b, int extra, int rank, const int64_t *shape) {
    char text[RT_SHAPE_TEXT];
    int64_t items = rt_shape_count(extra, shape);
    if (items < 1) return wrong_shape(c, b, rank, shape, "the batch is empty or too large");
    if (c->batch.rank && !same_batch(&c->batch, extra, shape)) {
        char *what =
            rt_format("stimulus %s has the batch %s", c->batch.by, rt_shape_text(text, c->batch.rank, c->batch.shape));
        wrong_shape(c, b, rank, shape, what ? what : "another batch");
        free(what);
        return c->error.status;
    }
    c->batch = (RtBatch){.rank = extra, .items = items, .by = b->name};
    memcpy(c->batch.shape, shape, (size_t)extra * sizeof *shape);
    return RT_OK;
}

RtStatus rt_config_stimulus(RtConfig *c, const char *name, int rank, const int64_t *shape) {
    if (c->error.status != RT_OK) return c->error.status;
    int at = rt_find_buffer(&c->d, RT_STIMULUS, name);
    if (at < 0) return rt_fail(&c->error, RT_USER, "%s has no stimulus '%s'", c->d.name, name);
    const RtBuffer *b = &c->d.buffer[at];
    int extra = rank - b->rank;
    if (extra < 0) return wrong_shape(c, b, rank, shape, "too few dimensions");
    if (rank > RT_MAX_RANK - RT_MAX_RANK / 2) return wrong_shape(c, b, rank, shape, "too many dimensions");
    for (int i = 0; i < b->rank; i++)
        if (fix_axis(c, b, b->axis[i], shape[extra + i], rank, shape) != RT_OK) return c->error.status;
    c->batched[at] = extra > 0;
    return extra ? fix_batch(c, b, extra, rank, shape) : RT_OK;
}

RtStatus rt_config_batch(RtConfig *c, int64_t count) {
    if (c->error.status != RT_OK) return c->error.status;
    if (count < 1) return rt_fail(&c->error, RT_USER, "a batch has at least 1 item, not %lld", (long long)count);
    c->batch = (RtBatch){.rank = 1, .shape = {count}, .items = count, .by = "all"};
    for (int i = 0; i < c->d.buffers; i++) c->batched[i] = c->d.buffer[i].role == RT_STIMULUS;
    return RT_OK;
}

RtStatus rt_config_threads(RtConfig *c, int threads) {
    if (c->error.status != RT_OK) return c->error.status;
    if (threads < 0 || threads > RT_THREADS_MOST)
        return rt_fail(&c->error, RT_USER, "the number of threads is 1 to %d (0: one a processor), not %d", RT_THREADS_MOST,
                       threads);
    c->threads = threads;
    return RT_OK;
}

RtStatus rt_config_seed(RtConfig *c, uint64_t seed) {
    c->seed = seed;
    return c->error.status;
}

RtStatus rt_config_window(RtConfig *c, const char *name, int64_t rows) {
    if (c->error.status != RT_OK) return c->error.status;
    int at = rt_find_buffer(&c->d, RT_STIMULUS, name);
    if (at < 0) at = rt_find_buffer(&c->d, RT_OUTPUT, name);
    if (at < 0 || !c->d.buffer[at].stream || rows < 0) return rt_fail(&c->error, RT_FAULT, "%s cannot be streamed", name);
    c->window[at] = rows;
    return RT_OK;
}

RtStatus rt_config_keep_weights(RtConfig *c) {
    c->keep_weights = true;
    return c->error.status;
}

/* Keeps a copy of a path. */
static RtStatus set_path(RtConfig *c, char **to, const char *path) {
    char *copy = strdup(path);
    if (!copy) return rt_no_memory(&c->error, (double)strlen(path), "a file name");
    free(*to);
    *to = copy;
    return RT_OK;
}

RtStatus rt_config_weights_file(RtConfig *c, const char *path) {
    if (c->error.status != RT_OK) return c->error.status;
    return set_path(c, &c->weights_path, path);
}

/* The weight of that name, or -1 with an error. */
static int find_weight(RtConfig *c, const char *name) {
    if (c->error.status != RT_OK) return -1;
    int at = rt_find_buffer(&c->d, RT_WEIGHT, name);
    if (at >= 0) return at;
    const char **names = calloc((size_t)c->d.buffers + 1, sizeof *names);
    int count = 0;
    for (int i = 0; names && i < c->d.buffers; i++)
        if (c->d.buffer[i].role == RT_WEIGHT) names[count++] = c->d.buffer[i].name;
    const char *near = names ? rt_closest(name, names, count) : NULL;
    rt_fail(&c->error, RT_USER, "%s has no weight '%s'%s%s%s", c->d.name, name, near ? "; did you mean '" : "",
            near ? near : "", near ? "'?" : "");
    free(names);
    return -1;
}

RtStatus rt_config_weight_file(RtConfig *c, const char *name, const char *path) {
    int at = find_weight(c, name);
    return at < 0 ? c->error.status : set_path(c, &c->weight_path[at], path);
}

RtStatus rt_config_weight(RtConfig *c, const char *name, const void *data, int64_t count) {
    int at = find_weight(c, name);
    if (at < 0) return c->error.status;
    int64_t expected = rt_buffer_count(&c->d, c->size, &c->d.buffer[at]);
    if (count != expected) {
        char *axes = rt_axes_text(&c->d, &c->d.buffer[at]);
        rt_fail(&c->error, RT_USER, "weight %s: expected %s, %lld elements, came %lld", name, axes ? axes : "",
                (long long)expected, (long long)count);
        free(axes);
        return c->error.status;
    }
    size_t bytes = (size_t)count * rt_type_size(c->d.type);
    void *copy = malloc(bytes ? bytes : 1);
    if (!copy) return rt_no_memory(&c->error, (double)bytes, name);
    const char *why;
    int64_t wrong = rt_convert(c->d.type == RT_F64 ? RT_STORED_F64 : RT_STORED_F32, data, count, c->d.type, copy, &why);
    if (wrong >= 0) {
        free(copy);
        return rt_fail(&c->error, RT_USER, "weight %s: element %lld %s", name, (long long)wrong, why);
    }
    free(c->weight_data[at]);
    c->weight_data[at] = copy;
    return RT_OK;
}
