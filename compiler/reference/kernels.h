/* Runs of values with their bounds: the inner loops of the reference. Private to reference/. */
#ifndef CTX_REFERENCE_KERNELS_H
#define CTX_REFERENCE_KERNELS_H
#include "reference/interpret.h"

/* n values and bounds; step 0: one value that holds for all n lanes. */
typedef struct Lanes {
    const double *v, *b;
    int step;
} Lanes;

/* A sum under way: the values, their bounds, their magnitudes. */
typedef struct Total {
    double v, b, a;
} Total;
typedef struct Totals { /* one for each lane */
    double *v, *b, *a;
} Totals;

/* v, b = x op y. */
void kernel_mul(const RefArithmetic *how, int64_t n, Lanes x, Lanes y, double *v, double *b);
void kernel_add(const RefArithmetic *how, int64_t n, Lanes x, Lanes y, double sign, double *v, double *b);
/* Any elementwise operator with one, two or three operands, by lanes. */
void kernel_apply(const RefArithmetic *how, IrOp op, int64_t n, const Lanes *x, double *v, double *b);
/* Terms x (y NULL) or x * y joined to sums: along the lanes, or lane by lane. Rounding of the products and of the additions
 * is left to kernel_close. */
void kernel_dot(const RefArithmetic *how, int64_t n, Lanes x, const Lanes *y, Total *total);
void kernel_accumulate(const RefArithmetic *how, int64_t n, Lanes x, const Lanes *y, Totals totals);
/* `rows` dot products joined to one sum; from row to row, x and y move by xrow and yrow. Not for integers. */
void kernel_dot_rows(int64_t rows, int64_t n, Lanes x, int64_t xrow, Lanes y, int64_t yrow, Total *total);
/* The same for sums lane by lane. */
void kernel_accumulate_rows(int64_t rows, int64_t n, Lanes x, int64_t xrow, Lanes y, int64_t yrow, Totals totals);
/* The bound of a finished sum of `terms` terms. */
double kernel_close(const RefArithmetic *how, double terms, double b, double a);
#endif
