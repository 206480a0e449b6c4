/* Binding weights: given in memory, from a .npy file, from a safetensors file, or drawn; in this order. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "core/plan_internal.h"

/* Is `shape` the weight's shape with runs of adjacent axes flattened? Row-major, so the elements lie the same either way. */
static bool flattens_to(int axes, const int64_t *size, int rank, const int64_t *shape) {
    int axis = 0;
    if (axes == 0) return rank == 0 || (rank == 1 && shape[0] == 1);
    for (int i = 0; i < rank; i++) {
        if (axis == axes) return false;
        int64_t product = size[axis++];
        while (product < shape[i] && axis < axes) product *= size[axis++];
        if (product != shape[i]) return false;
        /* axes of size 1 at the end of a run belong to it, unless the file keeps them */
        while (axis < axes && size[axis] == 1 && axes - axis > rank - i - 1) axis++;
    }
    return axis == axes;
}

/* Would the reversed shape fit? Then the file is probably transposed. */
static bool looks_transposed(int axes, const int64_t *size, int rank, const int64_t *shape) {
    int64_t reversed[RT_MAX_RANK];
    for (int i = 0; i < rank; i++) reversed[i] = shape[rank - 1 - i];
    return rank > 1 && flattens_to(axes, size, rank, reversed);
}

/* Does the shape of what a source holds fit? `source` names it: file and tensor. */
static RtStatus check_shape(RtPlan *plan, int at, int rank, const int64_t *shape, const char *source) {
    const RtBuffer *b = &plan->d.buffer[at];
    int64_t size[RT_MAX_RANK];
    for (int i = 0; i < b->rank; i++) size[i] = rt_buffer_size(&plan->d, plan->size, b, i);
    if (flattens_to(b->rank, size, rank, shape)) return RT_OK;
    char came[RT_SHAPE_TEXT], *axes = rt_axes_text(&plan->d, b);
    bool transposed = looks_transposed(b->rank, size, rank, shape);
    rt_fail(&plan->error, RT_USER, "weight %s: expected %s%s, came shape %s from %s%s", b->name, axes ? axes : "",
            b->rank > 1 ? " (adjacent axes may be flattened)" : "", rt_shape_text(came, rank, shape), source,
            transposed ? "; it looks transposed" : "");
    free(axes);
    return plan->error.status;
}

/* Takes a tensor that was read over into the plan, if its shape fits. */
static RtStatus accept(RtPlan *plan, int at, const RtTensor *tensor, const char *source) {
    if (check_shape(plan, at, tensor->rank, tensor->shape, source) == RT_OK) memcpy(plan->home[at], tensor->data, (size_t)plan->bytes[at]);
    return plan->error.status;
}

/* A weight is as large as memory may be: where the file allows, its elements go to their place without another copy. */
static RtStatus from_npy(RtPlan *plan, int at, const char *path) {
    RtNpyFile file;
    RtTensor tensor;
    bool in_rows;
    if (rt_npy_open(path, &file, &in_rows, &plan->error) != RT_OK) return plan->error.status;
    if (in_rows) {
        if (check_shape(plan, at, file.rank, file.shape, path) == RT_OK)
            rt_npy_rows(&file, 0, file.shape[0], plan->d.type, plan->home[at], &plan->error);
        rt_npy_close(&file);
        return plan->error.status;
    }
    if (rt_npy_read(path, plan->d.type, &tensor, &plan->error) != RT_OK) return plan->error.status;
    RtStatus status = accept(plan, at, &tensor, path);
    rt_tensor_free(&tensor);
    return status;
}

static RtStatus from_store(RtPlan *plan, int at, const RtStore *store, int index, const char *path) {
    RtTensor tensor;
    if (rt_store_read(store, index, plan->d.type, &tensor, &plan->error) != RT_OK) return plan->error.status;
    char *source = rt_format("tensor \"%s\" of %s", rt_store_name(store, index), path);
    RtStatus status = accept(plan, at, &tensor, source ? source : path);
    free(source);
    rt_tensor_free(&tensor);
    return status;
}

static int find_in_store(const RtStore *store, const RtBuffer *b) {
    int index = b->tensor && b->draw.kind != RT_DRAW_LIST ? rt_store_find(store, b->tensor) : -1;
    return index >= 0 ? index : rt_store_find(store, b->name);
}

/* A weight that the file does not hold but should. */
static RtStatus missing(RtPlan *plan, const RtBuffer *b, const RtStore *store, const char *path) {
    const char *wanted = b->tensor ? b->tensor : b->name;
    if (!store)
        return rt_fail(&plan->error, RT_USER,
                       "weight %s comes from a file: give --weights FILE.safetensors with tensor \"%s\", or --%s FILE.npy",
                       b->name, wanted, b->name);
    const char **names = calloc((size_t)rt_store_count(store) + 1, sizeof *names);
    for (int i = 0; names && i < rt_store_count(store); i++) names[i] = rt_store_name(store, i);
    const char *near = names ? rt_closest(wanted, names, rt_store_count(store)) : NULL;
    rt_fail(&plan->error, RT_USER, "weight %s: %s holds no tensor \"%s\"%s%s%s", b->name, path, wanted,
            near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    free(names);
    return plan->error.status;
}

/* Memory for a weight that is given; one that is drawn for packing alone has none. */
static RtStatus make_room(RtPlan *plan, int at) {
    if (plan->home[at]) return RT_OK;
    if (rt_plan_afford(plan, (double)plan->bytes[at]) != RT_OK) return plan->error.status;
    plan->home[at] = plan->buffer[at] = rt_aligned((size_t)plan->bytes[at]);
    if (!plan->home[at]) return rt_no_memory(&plan->error, (double)plan->bytes[at], plan->d.buffer[at].name);
    plan->total += plan->bytes[at];
    return RT_OK;
}

/* A table from a list of pairs: `--in`'s, or the file that the circuit names. */
static RtStatus from_list(RtPlan *plan, const RtConfig *config, int at) {
    const RtBuffer *b = &plan->d.buffer[at];
    const char *path = config->weight_path[at] ? config->weight_path[at] : b->tensor;
    int64_t count = rt_buffer_count(&plan->d, plan->size, b), sources = (int64_t)b->draw.b;
    if (!path || sources < 1) return rt_fail(&plan->error, RT_FAULT, "table %s has no list", b->name);
    plan->pairs[at] = rt_pairs_read(path, b->name, count / sources, sources, &plan->error);
    if (plan->pairs[at] && plan->home[at]) rt_pairs_fill(plan->pairs[at], 0, count, plan->d.type, plan->home[at]);
    return plan->error.status;
}

/* Binds one weight; *used counts those taken from the store. */
static RtStatus bind(RtPlan *plan, const RtConfig *config, const RtStore *store, int at, int *used) {
    const RtBuffer *b = &plan->d.buffer[at];
    int index = store ? find_in_store(store, b) : -1;
    if (b->draw.kind == RT_DRAW_LIST && !config->weight_data[at] && (index < 0 || config->weight_path[at])) return from_list(plan, config, at);
    bool given = config->weight_data[at] || config->weight_path[at] || index >= 0;
    if (given && make_room(plan, at) != RT_OK) return plan->error.status;
    if (config->weight_data[at]) {
        memcpy(plan->home[at], config->weight_data[at], (size_t)plan->bytes[at]);
        return RT_OK;
    }
    if (config->weight_path[at]) return from_npy(plan, at, config->weight_path[at]);
    if (index >= 0) {
        ++*used;
        return from_store(plan, at, store, index, config->weights_path);
    }
    if (b->tensor || b->draw.kind == RT_DRAW_NONE) return missing(plan, b, store, config->weights_path);
    if (store) rt_plan_note(plan, "weight %s is drawn: %s holds no tensor of that name", b->name, config->weights_path);
    if (plan->home[at])
        rt_draw(&b->draw, config->seed, b->name, plan->bytes[at] / (int64_t)rt_type_size(plan->d.type), plan->d.type,
                plan->home[at]);
    return RT_OK;
}

/* A file of which nothing is used was not meant for this circuit. */
static RtStatus check_used(RtPlan *plan, const RtStore *store, int used, const char *path) {
    if (!store || plan->error.status != RT_OK) return plan->error.status;
    int extra = rt_store_count(store) - used;
    if (used == 0)
        return rt_fail(&plan->error, RT_USER, "%s holds no weight of %s%s%s%s", path, plan->d.name,
                       extra ? "; its first tensor is \"" : ": it is empty", extra ? rt_store_name(store, 0) : "",
                       extra ? "\"" : "");
    plan->unused = extra;
    return RT_OK;
}

RtStatus rt_bind_weights(RtPlan *plan, const RtConfig *config) {
    RtStore *store = NULL;
    int used = 0;
    if (config->weights_path && !(store = rt_store_open(config->weights_path, &plan->error))) return plan->error.status;
    for (int i = 0; i < plan->d.buffers && plan->error.status == RT_OK; i++)
        if (plan->d.buffer[i].role == RT_WEIGHT) bind(plan, config, store, i, &used);
    check_used(plan, store, used, config->weights_path);
    rt_store_close(store);
    return plan->error.status;
}
