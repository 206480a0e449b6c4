/* Matrix products under a guard that ties the summed index to a row (or a column): a causal sum, a window. */
#ifndef CTX_RUNTIME_BAND_H
#define CTX_RUNTIME_BAND_H
#include "linalg/product.h"

enum { PRODUCT_BAND_OF_COLUMNS = 8 }; /* the guard ties the columns of b, else the rows of a */

/* c[i][j] = sum of a[i][k] b[k][j] over the k with low <= k - i <= high (of columns: k - j), else as rt_product_f32. What the tied operand
 * holds outside of the band is not looked at, and may be no number. */
void rt_band_f32(const CtxFrame *frame, int32_t flags, int64_t rows, int64_t columns, int64_t k, const float *a, int64_t a_stride, const float *b,
                 int64_t b_stride, float *c, int64_t c_stride, int64_t low, int64_t high);
void rt_band_f64(const CtxFrame *frame, int32_t flags, int64_t rows, int64_t columns, int64_t k, const double *a, int64_t a_stride, const double *b,
                 int64_t b_stride, double *c, int64_t c_stride, int64_t low, int64_t high);
#endif
