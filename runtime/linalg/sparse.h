/* Sums over the pairs that a sparse table has, by target: y[r] = scale * sum(k of row r) value[k] * x[index[k]]. Rows are independent
 * and each is added up in one order, so results are the same bits for any number of threads. */
#ifndef CTX_RUNTIME_SPARSE_H
#define CTX_RUNTIME_SPARSE_H
#include <stdbool.h>

#include "ctx_abi.h"

typedef struct RtSparse {
    int64_t rows, synapses;
    int64_t *start; /* rows + 1: synapses of row r are start[r] <= k < start[r + 1] */
    bool narrow;    /* index holds 16 bits each, else 32: elements of the source from its first on */
    void *index;
    void *value;    /* of the program's precision; NULL: all are 1 */
    double scale;
} RtSparse;

void rt_sparse_free(RtSparse *sparse); /* NULL is allowed */

/* Row r of the result goes to y[r * y_stride]. frame NULL: on this thread alone. y does not overlap x. */
void rt_sparse_f32(const CtxFrame *frame, const RtSparse *sparse, const float *x, float *y, int64_t y_stride);
void rt_sparse_f64(const CtxFrame *frame, const RtSparse *sparse, const double *x, double *y, int64_t y_stride);
#endif
