/* Pairs of a sparse projection from a file: an index list [synapses, 2] of target and source, both flat, in any order. */
#ifndef CTX_RUNTIME_PAIRS_H
#define CTX_RUNTIME_PAIRS_H
#include <stdint.h>

#include "io/tensor.h"

typedef struct RtPairs {
    int64_t count;
    int64_t *at; /* target * sources + source, ascending: elements of the table that are one */
} RtPairs;

/* NULL: the error says what is wrong with the file. `name` is the table's, for messages. */
RtPairs *rt_pairs_read(const char *path, const char *name, int64_t targets, int64_t sources, RtError *error);
void rt_pairs_free(RtPairs *pairs); /* NULL is allowed */
/* Number of the first pair that is not before `element`. */
int64_t rt_pairs_from(const RtPairs *pairs, int64_t element);
/* Elements first to first + count - 1 of the table. */
void rt_pairs_fill(const RtPairs *pairs, int64_t first, int64_t count, RtType type, void *out);
#endif
