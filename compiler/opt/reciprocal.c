/* Reciprocals. In, out: any core program. In a scan or fixpoint a division by a number (a time constant) becomes a product with its
 * reciprocal, which is computed once: a division takes as long as ten products. */
#include <math.h>

#include "opt/pass.h"

static const double SMALL = 1e-30; /* its reciprocal is far from the largest float */

static IrExpr *as_product(void *data, IrExpr *e) {
    Opt *o = data;
    if (e->op != IR_DIV || e->arg[1]->op != IR_LIT || opt_scalar(e->arg[0])) return e;
    if (!(fabs(e->arg[1]->value) > SMALL && fabs(e->arg[1]->value) < 1 / SMALL)) return e;
    return ir_op2(o->p, IR_MUL, ir_op2(o->p, IR_DIV, ir_lit(o->p, 1), e->arg[1]), e->arg[0]);
}

static bool rewrite(Opt *o, IrItem *item, Place *place, void *data) {
    (void)data;
    if (place->owner) item->var->def = ir_map(o->p, item->var->def, as_product, o);
    return false;
}

void pass_reciprocal(Opt *o) {
    opt_each_equation(o, rewrite, NULL);
    opt_facts(o);
}
