/* Equilibria: coefficient * v' = e with v' = 0, solved for v.
 *
 * e must be affine in v: e = slope * v + rest gives v = rest / -slope; tau * r' = -r + F gives exactly r = F. The
 * equations of one cell are solved in turn, each with the solutions before it written out where they lead back to
 * its own variable: a triangular solve, whose pivots -slope are assumptions unless they are numbers. The coefficient
 * does not matter: if it were 0, the equation would say the same. */
#include "ir/settle_internal.h"

/* e = slope * v + rest; slope NULL: v does not occur linearly; rest NULL: 0. v may stand in rest, inside a
 * nonlinearity. */
typedef struct Affine {
    IrExpr *slope, *rest;
} Affine;

static bool is_v(const IrExpr *e, const IrVar *v) {
    if (e->op != IR_REF || e->var != v) return false;
    for (int i = 0; i < v->axis_count; i++)
        if (e->index[i].kind != IX_AXIS || e->index[i].axis != v->axes[i] || e->index[i].offset) return false;
    return true;
}

static IrExpr *sum(IrProgram *p, IrExpr *a, IrExpr *b) {
    return a && b ? ir_op2(p, IR_ADD, a, b) : a ? a : b;
}

static IrExpr *negative(IrProgram *p, IrExpr *a) {
    return a ? ir_op1(p, IR_NEG, a) : NULL;
}

static IrExpr *times(IrProgram *p, IrOp op, IrExpr *a, IrExpr *b) {
    return a ? ir_op2(p, op, a, b) : NULL;
}

/* v as it is now: what it was in the cycle before, or some time ago, is a number given from outside. */
static bool uses_now(const IrExpr *e, const IrVar *v) {
    if (e->op == IR_DELAY) return uses_now(e->arg[1], v);
    if (e->op == IR_REF && e->var == v) return true;
    for (int i = 0; i < e->argc; i++)
        if (uses_now(e->arg[i], v)) return true;
    return false;
}

static Affine affine(IrProgram *p, IrExpr *e, const IrVar *v) {
    Affine whole = {NULL, e};
    if (is_v(e, v)) return (Affine){ir_lit(p, 1), NULL};
    if (!uses_now(e, v)) return whole;
    if (e->op == IR_NEG) {
        Affine a = affine(p, e->arg[0], v);
        return (Affine){negative(p, a.slope), negative(p, a.rest)};
    }
    if (e->op == IR_ADD || e->op == IR_SUB) {
        Affine a = affine(p, e->arg[0], v), b = affine(p, e->arg[1], v);
        if (e->op == IR_SUB) b = (Affine){negative(p, b.slope), negative(p, b.rest)};
        return (Affine){sum(p, a.slope, b.slope), sum(p, a.rest, b.rest)};
    }
    if ((e->op == IR_MUL || e->op == IR_DIV) && !uses_now(e->arg[1], v)) {
        Affine a = affine(p, e->arg[0], v);
        return (Affine){times(p, e->op, a.slope, e->arg[1]), times(p, e->op, a.rest, e->arg[1])};
    }
    if (e->op == IR_MUL && !uses_now(e->arg[0], v)) {
        Affine a = affine(p, e->arg[1], v);
        return (Affine){times(p, IR_MUL, a.slope, e->arg[0]), times(p, IR_MUL, a.rest, e->arg[0])};
    }
    return whole;
}

/* ---- quantities of the same cell --------------------------------------------------------------------------------- */
typedef struct Chain { /* variables being written out; none is written out inside of itself */
    const struct Chain *outer;
    const IrVar *var;
} Chain;

static bool in_chain(const Chain *chain, const IrVar *v) {
    for (; chain; chain = chain->outer)
        if (chain->var == v) return true;
    return false;
}

/* A cell reads its own quantities at its own indices; what other cells say arrives in compartments, which are left
 * alone: a loop through them is a loop of the circuit. */
static bool own_quantity(const Settle *s, const IrExpr *e) {
    if (e->op != IR_REF || e->var->kind != VAR_ALG || !is_v(e, e->var)) return false;
    Name kind = e->var->origin_kind;
    return kind == name_of(s->p->names, "population") || kind == name_of(s->p->names, "variable");
}

/* v follows from e through algebraic quantities of the cell. */
static bool leads_to(const Settle *s, const IrExpr *e, const IrVar *v, const Chain *chain) {
    if (is_v(e, v)) return true;
    if (own_quantity(s, e) && !in_chain(chain, e->var)) {
        Chain inner = {chain, e->var};
        if (leads_to(s, e->var->def, v, &inner)) return true;
    }
    for (int i = 0; i < e->argc; i++)
        if (leads_to(s, e->arg[i], v, chain)) return true;
    return false;
}

typedef struct Expose {
    Settle *s;
    const IrVar *v;
    const Chain *chain;
} Expose;

/* Writes out the quantities through which v acts on itself: what remains of v is visible to affine(). */
static IrExpr *expose(void *data, IrExpr *e) {
    Expose *x = data;
    if (!own_quantity(x->s, e) || in_chain(x->chain, e->var) || !leads_to(x->s, e, x->v, x->chain)) return e;
    Chain chain = {x->chain, e->var};
    Expose inner = {x->s, x->v, &chain};
    return ir_map(x->s->p, ir_inline(x->s->p, e), expose, &inner);
}

/* ---- equilibrium ------------------------------------------------------------------------------------------------- */
static const char *label(const IrVar *v) {
    return v->origin ? v->origin : v->name;
}

static void not_affine(Settle *s, const IrVar *v, bool gone) {
    Diagnostic *d = diag_error(s->diagnostics, E_NOT_AFFINE, v->span,
                               "the equation of `%s` cannot be solved for its equilibrium", label(v));
    bool absent = !ir_uses_var(v->def, v);
    diag_label(d, absent ? "its change does not depend on it: it adds up and has no equilibrium" : gone ? "its rate cancels" : "its rate stands inside a nonlinearity");
    diag_note(d, "at equilibrium 0 = %s", ir_expr_text(s->p->arena, v->def));
    if (absent) diag_help(d, "`--mode dynamic` follows it in time; what adds up over cycles is a state, `m = previous(m) + ...`");
    else if (gone || v->iterate_count) diag_help(d, "bring it to the form tau * r' = -r + ...");
    else diag_help(d, "say `iterate 200 until 1e-6` after the population's type to find the fixed point by iteration");
}

/* Rounding of the decimals above must not hide that they cancel. */
static bool cancels(const IrExpr *slope) {
    double value;
    return slope && ir_number(slope, &value) && value < 1e-12 && value > -1e-12;
}

static void assume_pivot(Settle *s, const IrVar *v, const IrExpr *pivot) {
    double value;
    if (ir_number(pivot, &value)) return;
    IrAssumption made = {name_printf(s->p->names, "%s: %s is not 0", label(v), ir_expr_text(s->p->arena, pivot))};
    vec_push(s->p->arena, &s->p->assumptions, made);
}

SettleForm settle_form(Settle *s, IrVar *v) {
    Expose x = {s, v, NULL};
    Affine a = affine(s->p, ir_map(s->p, v->def, expose, &x), v);
    if (a.slope && cancels(a.slope)) a.slope = NULL;
    return (SettleForm){a.slope, a.rest, a.rest && uses_now(a.rest, v)};
}

static void equilibrium(Settle *s, IrVar *v) {
    Expose x = {s, v, NULL};
    v->def = ir_map(s->p, v->def, expose, &x);
    Affine a = affine(s->p, v->def, v);
    bool bent = a.rest && uses_now(a.rest, v);
    if (!a.slope || cancels(a.slope) || (bent && !v->iterate_count)) {
        not_affine(s, v, cancels(a.slope));
        return;
    }
    IrExpr *pivot = ir_op1(s->p, IR_NEG, ir_substitute(s->p, a.slope, 0, NULL, NULL)); /* bound axes of its own */
    if (!a.rest) a.rest = ir_lit(s->p, 0);
    assume_pivot(s, v, pivot);
    v->def = ir_op2(s->p, IR_DIV, a.rest, pivot);
}

void settle_equilibria(Settle *s) {
    for (int i = 0; i < s->p->items.count; i++) {
        IrItem *item = s->p->items.at[i];
        if (item->kind != ITEM_ODE) continue;
        equilibrium(s, item->var);
        item->kind = ITEM_ALG;
        item->var->kind = VAR_ALG;
        item->var->coefficient = NULL;
    }
}
