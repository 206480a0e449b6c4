/* Products: coefficient * (sum over bound axes where guards) of factors, the flat form of an equation that is a nest of
 * sums, products and quotients of references. Lives in the program's arena. */
#ifndef CTX_OPT_PRODUCT_H
#define CTX_OPT_PRODUCT_H
#include "opt/pass.h"

typedef struct Factor {
    IrExpr *ref;      /* IR_REF or IR_PREV */
    bool reciprocal;
    AxisList held;    /* it may not leave the sums over these axes: their guard may be empty (0 there, not 0/0) */
} Factor;

typedef struct Linked { /* an atom and the bound axis whose sum it restricts */
    IrAtom atom;
    IrAxis *sum;
} Linked;

typedef struct Product {
    IrExpr *coefficient; /* NULL: 1 */
    VEC(Factor) factors;
    AxisList bound;
    VEC(Linked) atoms;
} Product;

/* Which references are replaced by the definition of what they read. */
typedef bool (*OptDissolve)(void *data, const IrExpr *ref);

/* False when e is no such product, or when a guard ties two summed axes (then it stays as it is written). */
bool product_collect(Opt *o, IrExpr *e, OptDissolve dissolve, void *data, Product *out);
#endif
