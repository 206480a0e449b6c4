/* The reference: a core program evaluated in float64, in the order it states, with a forward-error bound beside every
 * value.
 *
 * The bound of a value is for a chosen arithmetic (unit roundoff, error of the elementwise functions): with ref_float64
 * it holds for the reference itself; with ref_float32 it holds for a native float32 run of the same program whose sums
 * are added in any order. Let x be the real value, v what is computed here and n what an arithmetic computes; then |n -
 * x| <= bound to first order (see README.md for the rules and for what `fix` adds).
 *
 * A Reference belongs to its caller (ref_free) and refers to the program, which must outlive it. */
#ifndef CTX_REFERENCE_INTERPRET_H
#define CTX_REFERENCE_INTERPRET_H
#include "ir/ir.h"

typedef struct RefArithmetic {
    double unit;    /* relative error of one operation: 2^-24, 2^-53 */
    double tiny;    /* absolute error of one operation near zero */
    double flush;   /* absolute error of an elementwise function near zero (results may be flushed to zero) */
    double ulps;    /* error of an elementwise function, in units of the last place */
    double largest; /* beyond this the arithmetic overflows, and the bound is infinite */
    bool integers;  /* the bound is instead the sum of the magnitudes of all terms: see ref_integers */
} RefArithmetic;
RefArithmetic ref_float64(void);
RefArithmetic ref_float32(void);
/* For programs that ref_is_multilinear accepts, on integer inputs: the bound is the largest magnitude that any partial
 * result can have in any order, so that a run in which all bounds stay below 2^24 is exact in float32, whatever the
 * order. */
RefArithmetic ref_integers(void);
/* NULL, or what is not + - * sum of integers ("division", "the literal 0.9"), for equations that `v` depends on. */
const char *ref_is_multilinear(const IrProgram *p, const IrVar *v);

/* Values of a variable: row-major over the run's sizes of its axes. Owned by the Reference. */
typedef struct RefTensor {
    int rank;
    const int64_t *size;
    int64_t count;
    const double *value, *bound;
} RefTensor;

typedef struct Reference Reference;

/* `size` holds the run's size of each axis by axis id; only roots are read; NULL or 0: the declared size. Plans the
 * evaluation of the variables needed for `keep` (NULL: of all, all kept). */
Reference *ref_new(const IrProgram *p, const int64_t *size, RefArithmetic arithmetic, IrVar *const *keep, int keep_count);
void ref_free(Reference *r);
/* Rough number of elementary steps of a run, and the bytes its tensors take at once: to decide before running. */
double ref_cost(const Reference *r);
double ref_bytes(const Reference *r);
/* The largest bound that ref_run met in any equation. */
double ref_largest_bound(const Reference *r);
/* Run-time size of an axis. */
int64_t ref_size(const Reference *r, const IrAxis *axis);
/* Number of elements `ref_bind` reads: weights are stored at the bound of a bounded axis, stimuli at the run's size. */
int64_t ref_input_count(const Reference *r, const IrVar *input);
/* Copies the data of a stimulus or a weight. Every input that is needed must be bound before ref_run. */
void ref_bind(Reference *r, const IrVar *input, const double *data);
/* The values of `v` count as exact: bounds start anew from it. */
void ref_take_as_exact(Reference *r, const IrVar *v);
/* NULL when all went well, else what is wrong (an input that is not bound, not enough memory). */
const char *ref_run(Reference *r);
/* Valid after ref_run for the variables kept and for inputs; value NULL for others. */
RefTensor ref_tensor(const Reference *r, const IrVar *v);
#endif
