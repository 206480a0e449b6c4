/* Matrix products through OpenBLAS, one library thread per call; large ones are split over the pool by row blocks that depend
 * on the shape only, so that results are the same bits for any number of threads. */
#ifndef CTX_RUNTIME_PRODUCT_H
#define CTX_RUNTIME_PRODUCT_H
#include "ctx_abi.h"

enum {
    PRODUCT_A_TRANSPOSED = 1, /* a is stored [k][rows] */
    PRODUCT_B_TRANSPOSED = 2, /* b is stored [columns][k] */
    PRODUCT_SYMMETRIC = 4,    /* b is a transposed: the result is symmetric, half of it is computed and mirrored */
    PRODUCT_ADDED = 16,       /* c = c + a b */
};

/* c[rows][columns] = a[rows][k] b[k][columns], row-major; the strides are the elements between two stored rows. frame NULL: on
 * this thread alone. c does not overlap a or b. */
void rt_product_f32(const CtxFrame *frame, int32_t flags, int64_t rows, int64_t columns, int64_t k, const float *a, int64_t a_stride,
                    const float *b, int64_t b_stride, float *c, int64_t c_stride);
void rt_product_f64(const CtxFrame *frame, int32_t flags, int64_t rows, int64_t columns, int64_t k, const double *a, int64_t a_stride,
                    const double *b, int64_t b_stride, double *c, int64_t c_stride);
/* The library's own threads would change results with their number; called once by whoever makes a plan. */
void rt_linalg_start(void);
#endif
