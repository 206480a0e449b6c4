/* Simplification. In, out: any core program. Constants are folded where that is exact in double precision, neutral elements
 * removed, sizes of constant axes become numbers, squares of a reference become products (so that they are seen as sums of
 * products). 1/sqrt(32) stays as written: folding it would round twice in single precision. */
#include <math.h>

#include "opt/pass.h"

static bool is(const IrExpr *e, double value) { return e->op == IR_LIT && e->value == value; }

/* A result small enough to be exact for integers, or a sum, product or quotient that loses nothing. */
static bool exact(IrOp op, double a, double b, double r) {
    if (!isfinite(r) || fabs(r) > 9007199254740992.0) return false;
    bool integers = floor(a) == a && floor(b) == b;
    if (op == IR_DIV) return integers && b != 0 && fma(r, b, -a) == 0 && frexp(fabs(b), &(int){0}) == 0.5;
    return integers && floor(r) == r;
}

static IrExpr *fold2(IrProgram *p, IrExpr *e) {
    double a = e->arg[0]->value, b = e->arg[1]->value, r;
    switch (e->op) {
    case IR_ADD: r = a + b; break;
    case IR_SUB: r = a - b; break;
    case IR_MUL: r = a * b; break;
    case IR_DIV: r = b != 0 ? a / b : NAN; break;
    case IR_MIN: return a < b ? e->arg[0] : e->arg[1];
    case IR_MAX: return a > b ? e->arg[0] : e->arg[1];
    default: return e;
    }
    return exact(e->op, a, b, r) ? ir_lit(p, r) : e;
}

static IrExpr *fold1(IrProgram *p, IrExpr *e) {
    double a = e->arg[0]->value, root = sqrt(a < 0 ? 0 : a);
    if (e->op == IR_SQRT && a >= 0 && floor(root) == root && root * root == a) return ir_lit(p, root);
    if (e->op == IR_EXP && a == 0) return ir_lit(p, 1);
    if (e->op == IR_LOG && a == 1) return ir_lit(p, 0);
    if (e->op == IR_ABS) return ir_lit(p, fabs(a));
    return e;
}

static IrExpr *neutral(IrProgram *p, IrExpr *e) {
    IrExpr *a = e->arg[0], *b = e->arg[1];
    switch (e->op) {
    case IR_ADD: return is(a, 0) ? b : is(b, 0) ? a : e;
    case IR_SUB: return is(b, 0) ? a : is(a, 0) ? ir_op1(p, IR_NEG, b) : e;
    case IR_MUL:
        if (is(a, 1)) return b;
        if (is(b, 1)) return a;
        return is(a, -1) ? ir_op1(p, IR_NEG, b) : is(b, -1) ? ir_op1(p, IR_NEG, a) : e;
    case IR_DIV: return is(b, 1) ? a : e;
    case IR_POW:
        if (is(b, 1)) return a;
        return is(b, 2) && (a->op == IR_REF || a->op == IR_PREV) ? ir_op2(p, IR_MUL, a, a) : e;
    default: return e;
    }
}

static IrExpr *simplify(void *data, IrExpr *e) {
    IrProgram *p = data;
    if (e->op == IR_SIZE && e->axis->root->kind == AXIS_CONST) return ir_lit(p, (double)e->axis->root->size);
    if (e->op == IR_NEG && e->arg[0]->op == IR_NEG) return e->arg[0]->arg[0];
    if (e->op == IR_STOP) return e->arg[0]; /* gradients were taken before */
    if (e->op == IR_SELECT && e->arg[0]->op == IR_LIT) return e->arg[0]->value != 0 ? e->arg[1] : e->arg[2];
    if (e->argc == 1 && !e->bound_count && e->arg[0]->op == IR_LIT) return fold1(p, e);
    if (e->argc != 2) return e;
    if (e->arg[0]->op == IR_LIT && e->arg[1]->op == IR_LIT) e = fold2(p, e);
    return e->argc == 2 ? neutral(p, e) : e;
}

static bool simplify_item(Opt *o, IrItem *item, Place *place, void *data) {
    (void)place, (void)data;
    item->var->def = ir_map(o->p, item->var->def, simplify, o->p);
    if (item->var->init) item->var->init = ir_map(o->p, item->var->init, simplify, o->p);
    return false;
}

void pass_simplify(Opt *o) { opt_each_equation(o, simplify_item, NULL); }
