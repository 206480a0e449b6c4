#include "core/pairs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct Pair {
    int64_t element, line; /* of the table; of the file */
} Pair;

static int by_element(const void *a, const void *b) {
    const Pair *x = a, *y = b;
    if (x->element != y->element) return x->element < y->element ? -1 : 1;
    return x->line < y->line ? -1 : x->line > y->line;
}

typedef struct List {
    const char *path, *name;
    int64_t targets, sources;
    RtTensor tensor;
    RtError *error;
} List;

static RtStatus check_shape(const List *l) {
    char came[RT_SHAPE_TEXT];
    if (l->tensor.rank == 2 && l->tensor.shape[1] == 2) return RT_OK;
    return rt_fail(l->error, RT_USER, "table %s: expected a list of pairs [synapses, 2], target and source, came shape %s from %s", l->name,
                   rt_shape_text(came, l->tensor.rank, l->tensor.shape), l->path);
}

static RtStatus check_number(const List *l, int64_t line, int place, double number) {
    const char *what = place ? "source" : "target";
    int64_t count = place ? l->sources : l->targets;
    if (number == floor(number) && number >= 0 && number < (double)count) return RT_OK;
    return rt_fail(l->error, RT_USER, "table %s: pair %lld of %s has %s %.17g, expected a whole number from 0 to %lld", l->name, (long long)line,
                   l->path, what, number, (long long)count - 1);
}

static RtStatus read_pairs(const List *l, Pair *pair) {
    const double *number = l->tensor.data;
    for (int64_t i = 0; i < l->tensor.shape[0]; i++) {
        for (int place = 0; place < 2; place++)
            if (check_number(l, i, place, number[2 * i + place]) != RT_OK) return l->error->status;
        pair[i] = (Pair){(int64_t)number[2 * i] * l->sources + (int64_t)number[2 * i + 1], i};
    }
    return RT_OK;
}

static RtStatus check_twice(const List *l, const Pair *pair) {
    for (int64_t i = 1; i < l->tensor.shape[0]; i++) {
        if (pair[i].element != pair[i - 1].element) continue;
        int64_t target = pair[i].element / l->sources, source = pair[i].element % l->sources;
        return rt_fail(l->error, RT_USER, "table %s: pairs %lld and %lld of %s are the same, target %lld and source %lld", l->name,
                       (long long)pair[i - 1].line, (long long)pair[i].line, l->path, (long long)target, (long long)source);
    }
    return RT_OK;
}

static RtPairs *sorted(const List *l, Pair *pair) {
    int64_t count = l->tensor.shape[0];
    qsort(pair, (size_t)count, sizeof *pair, by_element);
    if (check_twice(l, pair) != RT_OK) return NULL;
    RtPairs *pairs = calloc(1, sizeof *pairs);
    int64_t *at = malloc(((size_t)count + 1) * sizeof *at);
    if (!pairs || !at) {
        free(pairs);
        free(at);
        rt_no_memory(l->error, (double)count * 8, l->name);
        return NULL;
    }
    for (int64_t i = 0; i < count; i++) at[i] = pair[i].element;
    *pairs = (RtPairs){count, at};
    return pairs;
}

RtPairs *rt_pairs_read(const char *path, const char *name, int64_t targets, int64_t sources, RtError *error) {
    List l = {.path = path, .name = name, .targets = targets, .sources = sources, .error = error};
    RtPairs *pairs = NULL;
    if (rt_npy_read(path, RT_F64, &l.tensor, error) != RT_OK) return NULL;
    if (check_shape(&l) == RT_OK) {
        Pair *pair = malloc(((size_t)l.tensor.shape[0] + 1) * sizeof *pair);
        if (!pair) rt_no_memory(error, (double)l.tensor.shape[0] * sizeof *pair, name);
        else if (read_pairs(&l, pair) == RT_OK) pairs = sorted(&l, pair);
        free(pair);
    }
    rt_tensor_free(&l.tensor);
    return pairs;
}

void rt_pairs_free(RtPairs *pairs) {
    if (!pairs) return;
    free(pairs->at);
    free(pairs);
}

int64_t rt_pairs_from(const RtPairs *pairs, int64_t element) {
    int64_t low = 0, high = pairs->count;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (pairs->at[middle] < element) low = middle + 1;
        else high = middle;
    }
    return low;
}

void rt_pairs_fill(const RtPairs *pairs, int64_t first, int64_t count, RtType type, void *out) {
    memset(out, 0, (size_t)count * rt_type_size(type));
    for (int64_t i = rt_pairs_from(pairs, first); i < pairs->count && pairs->at[i] < first + count; i++) {
        if (type == RT_F64) ((double *)out)[pairs->at[i] - first] = 1;
        else ((float *)out)[pairs->at[i] - first] = 1;
    }
}
