/* See identities.h. */
#include "identities.h"

#include <string.h>

static IrExpr *number(IrProgram *p, double x) {
    return ir_lit(p, x);
}

static IrExpr *plus(IrProgram *p, IrExpr *a, IrExpr *b) {
    return ir_op2(p, IR_ADD, a, b);
}

static IrExpr *minus(IrProgram *p, IrExpr *a, IrExpr *b) {
    return ir_op2(p, IR_SUB, a, b);
}

static IrExpr *times(IrProgram *p, IrExpr *a, IrExpr *b) {
    return ir_op2(p, IR_MUL, a, b);
}

static IrExpr *over(IrProgram *p, IrExpr *a, IrExpr *b) {
    return ir_op2(p, IR_DIV, a, b);
}

static IrExpr *negative(IrProgram *p, IrExpr *a) {
    return ir_op1(p, IR_NEG, a);
}

/* ---- algebra -------------------------------------------------------------------------------------------------------- */
static IrExpr *commute(IrProgram *p, const IrExpr *e) {
    bool fits = e->op == IR_ADD || e->op == IR_MUL || e->op == IR_MAX || e->op == IR_MIN;
    return fits ? ir_op2(p, e->op, e->arg[1], e->arg[0]) : NULL;
}

static IrExpr *associate(IrProgram *p, const IrExpr *e) {
    if ((e->op != IR_ADD && e->op != IR_MUL) || e->arg[0]->op != e->op) return NULL;
    return ir_op2(p, e->op, e->arg[0]->arg[0], ir_op2(p, e->op, e->arg[0]->arg[1], e->arg[1]));
}

static IrExpr *distribute(IrProgram *p, const IrExpr *e) {
    if (e->op != IR_MUL || (e->arg[1]->op != IR_ADD && e->arg[1]->op != IR_SUB)) return NULL;
    return ir_op2(p, e->arg[1]->op, times(p, e->arg[0], e->arg[1]->arg[0]), times(p, e->arg[0], e->arg[1]->arg[1]));
}

static IrExpr *distribute_division(IrProgram *p, const IrExpr *e) {
    if (e->op != IR_DIV || (e->arg[0]->op != IR_ADD && e->arg[0]->op != IR_SUB)) return NULL;
    return ir_op2(p, e->arg[0]->op, over(p, e->arg[0]->arg[0], e->arg[1]), over(p, e->arg[0]->arg[1], e->arg[1]));
}

static IrExpr *subtract_by_sum(IrProgram *p, const IrExpr *e) {
    return e->op == IR_SUB ? plus(p, e->arg[0], negative(p, e->arg[1])) : NULL;
}

static IrExpr *subtract_reversed(IrProgram *p, const IrExpr *e) {
    return e->op == IR_SUB ? negative(p, minus(p, e->arg[1], e->arg[0])) : NULL;
}

static IrExpr *divide_by_product(IrProgram *p, const IrExpr *e) {
    return e->op == IR_DIV ? times(p, e->arg[0], over(p, number(p, 1), e->arg[1])) : NULL;
}

static IrExpr *expand_fraction(IrProgram *p, const IrExpr *e) {
    if (e->op != IR_DIV) return NULL;
    IrExpr *factor = ir_op1(p, IR_EXP, ir_op1(p, IR_TANH, e->arg[1]));
    return over(p, times(p, e->arg[0], factor), times(p, e->arg[1], factor));
}

static IrExpr *there_and_back(IrProgram *p, const IrExpr *e) {
    if (e->op != IR_REF) return NULL;
    IrExpr *a = (IrExpr *)e;
    return minus(p, plus(p, a, times(p, a, a)), times(p, a, a));
}

static IrExpr *twice_half(IrProgram *p, const IrExpr *e) {
    return e->op == IR_REF || e->op == IR_SUM ? times(p, number(p, 2), over(p, (IrExpr *)e, number(p, 2))) : NULL;
}

static IrExpr *power_by_product(IrProgram *p, const IrExpr *e) {
    return e->op == IR_POW && e->arg[1]->op == IR_LIT && e->arg[1]->value == 2 ? times(p, e->arg[0], e->arg[0]) : NULL;
}

/* ---- elementary functions ------------------------------------------------------------------------------------------- */
static IrExpr *exponential(IrProgram *p, IrExpr *a) {
    return ir_op1(p, IR_EXP, a);
}

static IrExpr *exp_of_halves(IrProgram *p, const IrExpr *e) {
    if (e->op != IR_EXP) return NULL;
    IrExpr *root = exponential(p, over(p, e->arg[0], number(p, 2)));
    return times(p, root, root);
}

static IrExpr *exp_of_negative(IrProgram *p, const IrExpr *e) {
    return e->op == IR_EXP ? over(p, number(p, 1), exponential(p, negative(p, e->arg[0]))) : NULL;
}

static IrExpr *exp_of_shift(IrProgram *p, const IrExpr *e) {
    if (e->op != IR_EXP) return NULL;
    return over(p, exponential(p, plus(p, e->arg[0], number(p, 1))), exponential(p, number(p, 1)));
}

static IrExpr *exp_of_sum(IrProgram *p, const IrExpr *e) {
    if (e->op != IR_EXP || (e->arg[0]->op != IR_ADD && e->arg[0]->op != IR_SUB)) return NULL;
    IrExpr *a = exponential(p, e->arg[0]->arg[0]), *b = exponential(p, e->arg[0]->arg[1]);
    return e->arg[0]->op == IR_ADD ? times(p, a, b) : over(p, a, b);
}

static IrExpr *tanh_by_sigmoid(IrProgram *p, const IrExpr *e) {
    if (e->op != IR_TANH) return NULL;
    return minus(p, times(p, number(p, 2), ir_op1(p, IR_SIGMOID, times(p, number(p, 2), e->arg[0]))), number(p, 1));
}

static IrExpr *tanh_by_exp(IrProgram *p, const IrExpr *e) {
    if (e->op != IR_TANH) return NULL;
    IrExpr *x = exponential(p, times(p, number(p, -2), e->arg[0]));
    return over(p, minus(p, number(p, 1), x), plus(p, number(p, 1), x));
}

static IrExpr *sigmoid_by_exp(IrProgram *p, const IrExpr *e) {
    if (e->op != IR_SIGMOID) return NULL;
    return over(p, number(p, 1), plus(p, number(p, 1), exponential(p, negative(p, e->arg[0]))));
}

static IrExpr *sigmoid_of_negative(IrProgram *p, const IrExpr *e) {
    return e->op == IR_SIGMOID ? minus(p, number(p, 1), ir_op1(p, IR_SIGMOID, negative(p, e->arg[0]))) : NULL;
}

static IrExpr *sine_is_odd(IrProgram *p, const IrExpr *e) {
    return e->op == IR_SIN ? negative(p, ir_op1(p, IR_SIN, negative(p, e->arg[0]))) : NULL;
}

static IrExpr *max_by_relu(IrProgram *p, const IrExpr *e) {
    return e->op == IR_MAX ? plus(p, e->arg[0], ir_op1(p, IR_RELU, minus(p, e->arg[1], e->arg[0]))) : NULL;
}

static IrExpr *max_by_min(IrProgram *p, const IrExpr *e) {
    return e->op == IR_MAX ? negative(p, ir_op2(p, IR_MIN, negative(p, e->arg[0]), negative(p, e->arg[1]))) : NULL;
}

static IrExpr *max_by_abs(IrProgram *p, const IrExpr *e) {
    if (e->op != IR_MAX) return NULL;
    IrExpr *gap = ir_op1(p, IR_ABS, minus(p, e->arg[0], e->arg[1]));
    return over(p, plus(p, plus(p, e->arg[0], e->arg[1]), gap), number(p, 2));
}

static IrExpr *min_by_relu(IrProgram *p, const IrExpr *e) {
    return e->op == IR_MIN ? minus(p, e->arg[0], ir_op1(p, IR_RELU, minus(p, e->arg[0], e->arg[1]))) : NULL;
}

/* Whether a reading before or after the point is in e: it may not exist where the other branch is taken. */
static bool reads_beside(const IrExpr *e) {
    bool found = false;
    for (int i = 0; e->var && i < e->var->axis_count; i++) found |= e->index[i].kind == IX_AXIS && e->index[i].offset != 0;
    for (int i = 0; i < e->argc; i++) found |= reads_beside(e->arg[i]);
    return found;
}

static IrExpr *select_by_product(IrProgram *p, const IrExpr *e) {
    if (e->op != IR_SELECT || reads_beside(e)) return NULL;
    IrExpr *c = e->arg[0];
    return plus(p, times(p, c, e->arg[1]), times(p, minus(p, number(p, 1), c), e->arg[2]));
}

static IrExpr *select_by_not(IrProgram *p, const IrExpr *e) {
    return e->op == IR_SELECT ? ir_select(p, minus(p, number(p, 1), e->arg[0]), e->arg[2], e->arg[1]) : NULL;
}

/* ---- sums ----------------------------------------------------------------------------------------------------------- */
static IrExpr *sum_over(IrProgram *p, const IrExpr *e, IrGuard guard, IrExpr *body) {
    return ir_reduce(p, IR_SUM, e->bound_count, e->bound, guard, body);
}

static IrExpr *sum_by_halves(IrProgram *p, const IrExpr *e) {
    if (e->op != IR_SUM) return NULL;
    int n = e->guard.count;
    IrGuard low = {n + 1, ARENA_ARRAY(p->arena, IrAtom, n + 1)}, high = {n + 1, ARENA_ARRAY(p->arena, IrAtom, n + 1)};
    for (int i = 0; i < n; i++) low.atom[i] = high.atom[i] = e->guard.atom[i];
    low.atom[n] = (IrAtom){e->bound[0], NULL, 1, GUARD_LE};   /* position <= 1 */
    high.atom[n] = (IrAtom){NULL, e->bound[0], -2, GUARD_LE}; /* 0 - position <= -2 */
    return plus(p, sum_over(p, e, low, e->arg[0]), sum_over(p, e, high, e->arg[0]));
}

static IrExpr *sum_of_sum(IrProgram *p, const IrExpr *e) {
    if (e->op != IR_SUM || (e->arg[0]->op != IR_ADD && e->arg[0]->op != IR_SUB)) return NULL;
    return ir_op2(p, e->arg[0]->op, sum_over(p, e, e->guard, e->arg[0]->arg[0]), sum_over(p, e, e->guard, e->arg[0]->arg[1]));
}

static IrExpr *sum_of_negative(IrProgram *p, const IrExpr *e) {
    return e->op == IR_SUM ? negative(p, sum_over(p, e, e->guard, negative(p, e->arg[0]))) : NULL;
}

static IrExpr *sum_factor(IrProgram *p, const IrExpr *e) {
    if (e->op != IR_SUM || e->arg[0]->op != IR_MUL) return NULL;
    for (int i = 0; i < e->bound_count; i++)
        if (ir_uses_axis(e->arg[0]->arg[0], e->bound[i])) return NULL;
    return times(p, e->arg[0]->arg[0], sum_over(p, e, e->guard, e->arg[0]->arg[1]));
}

static IrExpr *sum_nested(IrProgram *p, const IrExpr *e) {
    if (e->op != IR_SUM || e->bound_count < 2) return NULL;
    IrExpr *inner = ir_reduce(p, IR_SUM, e->bound_count - 1, e->bound + 1, e->guard, e->arg[0]);
    return ir_reduce(p, IR_SUM, 1, e->bound, (IrGuard){0, NULL}, inner);
}

static IrExpr *inlined(IrProgram *p, const IrExpr *e) {
    if (e->op != IR_REF || e->var->kind != VAR_ALG || !e->var->def) return NULL;
    for (int i = 0; i < p->items.count; i++)
        if (p->items.at[i]->var == e->var) return ir_inline(p, e); /* what a scan makes stays in it */
    return NULL;
}

/* ---- the table and its use ------------------------------------------------------------------------------------------ */
const Identity identities[] = {
#define IDENTITY(function, what) {#function, what, function},
#include "identities.def"
#undef IDENTITY
};
const int identity_count = sizeof identities / sizeof *identities;

bool identity_at(IrProgram *p, const Identity *o, IrExpr **slot, int *site) {
    IrExpr *e = *slot, *instead = o->apply(p, e);
    if (instead && (*site)-- == 0) {
        *slot = instead;
        return true;
    }
    for (int i = 0; i < e->argc; i++)
        if (identity_at(p, o, &e->arg[i], site)) return true;
    return false;
}

typedef struct Halve {
    IrProgram *p;
    const IrVar *state;
} Halve;

static IrExpr *halve(void *data, IrExpr *e) {
    const Halve *h = data;
    bool reads = (e->op == IR_REF || e->op == IR_PREV) && e->var == h->state;
    return reads ? over(h->p, e, number(h->p, 2)) : e;
}

void rescale_state(IrProgram *p, IrVar *state) {
    Halve h = {p, state};
    for (int i = 0; i < p->vars.count; i++)
        if (p->vars.at[i]->def) p->vars.at[i]->def = ir_map(p, p->vars.at[i]->def, halve, &h);
    state->def = times(p, number(p, 2), state->def);
    state->init = times(p, number(p, 2), state->init);
}
