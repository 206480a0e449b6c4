/* Conditions on positions, and guards: the same thing in two forms. */
#include <math.h>

#include "gradient/internal.h"

typedef struct Linear { /* position(plus) - position(minus) + constant */
    IrAxis *plus, *minus;
    int64_t constant;
} Linear;

static bool linear(const IrExpr *e, int sign, Linear *l) {
    IrAxis **axis = sign > 0 ? &l->plus : &l->minus;
    switch (e->op) {
    case IR_LIT:
        if (e->value != rint(e->value) || fabs(e->value) > 1e15) return false;
        l->constant += sign * (int64_t)e->value;
        return true;
    case IR_POS:
        if (*axis) return false;
        *axis = e->axis;
        return true;
    case IR_SIZE:
        if (e->axis->root->kind == AXIS_BOUNDED) return false;
        l->constant += sign * e->axis->root->size;
        return true;
    case IR_ADD: return linear(e->arg[0], sign, l) && linear(e->arg[1], sign, l);
    case IR_SUB: return linear(e->arg[0], sign, l) && linear(e->arg[1], -sign, l);
    default: return false;
    }
}

bool gradient_atom_of(const IrExpr *test, bool holds, IrAtom *atom) {
    Linear l = {0};
    bool order = test->op == IR_LE || test->op == IR_LT;
    if (!order && !(test->op == IR_EQ && holds)) return false;
    if (!linear(test->arg[0], 1, &l) || !linear(test->arg[1], -1, &l)) return false;
    int64_t bound = -l.constant - (test->op == IR_LT);
    *atom = (IrAtom){l.plus, l.minus, bound, order ? GUARD_LE : GUARD_EQ};
    if (!holds) *atom = (IrAtom){l.minus, l.plus, -bound - 1, GUARD_LE};
    return true;
}

bool gradient_atom_is_true(const IrAtom *atom) {
    if (atom->a == atom->b) return atom->relation == GUARD_EQ ? atom->bound == 0 : atom->bound >= 0;
    int64_t most = atom->a ? atom->a->root->size - 1 : 0; /* of position(a) - position(b) */
    return atom->relation == GUARD_LE && atom->bound >= most;
}

IrExpr *gradient_atom_test(IrProgram *p, IrAtom atom) {
    IrExpr *left = atom.a ? ir_pos(p, atom.a) : ir_lit(p, 0), *right = ir_lit(p, (double)atom.bound);
    if (atom.b) right = ir_op2(p, IR_ADD, ir_pos(p, atom.b), right);
    return ir_op2(p, atom.relation == GUARD_EQ ? IR_EQ : IR_LE, left, right);
}
