/* What the files of the build share. */
#ifndef CTX_IR_BUILD_INTERNAL_H
#define CTX_IR_BUILD_INTERNAL_H
#include "circuit/circuit.h"
#include "ir/ir.h"

typedef struct AxisImage {
    const CirAxis *from;
    IrAxis *to;
} AxisImage;

typedef struct SameAxis { /* axes of tied weights: `axis` runs over the positions of `as` */
    const CirAxis *axis, *as;
} SameAxis;

typedef struct Build {
    IrProgram *p;
    VEC(AxisImage) axes;
    VEC(SameAxis) same;
} Build;

/* Weights tied along different axes of one size make these axes copies of one. Before any axis is built. */
void build_same_axes(Build *b, const CirEntity *weight);
IrAxis *build_axis(Build *b, const CirAxis *axis);
Name build_name(Build *b, Name path); /* block[0].out is block.0.out in the IR, where brackets hold indices */
IrVar *build_variable(const CirEntity *entity); /* of a tied weight: the one it is tied to */
IrExpr *build_expr(Build *b, const CirExpr *e);
void build_learning(Build *b, const Circuit *c, Diagnostics *diagnostics); /* build_learn.c: losses, rules, learn statements */
/* build_online.c, after all other equations: that of the state which a weight is; who reads the weight reads the state. */
void build_online_step(Build *b, const CirLearn *from, const IrLearn *how, Diagnostics *diagnostics);
void build_online_readers(Build *b, const Circuit *c, Diagnostics *diagnostics);
IrGuard build_guard(Build *b, const CirGuard *guard);
IrExpr *build_where(Build *b, IrGuard atoms, IrExpr *value);          /* value where they hold, else 0 */
IrExpr *build_select(Build *b, const CirGuard *guard, IrExpr *value); /* value where the guard holds, else 0 */
#endif
