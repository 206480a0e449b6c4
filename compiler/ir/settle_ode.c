/* Equilibria: coefficient * v' = e with v' = 0, solved for v (semantics.md rule 11).
 *
 * e must be affine in v: e = slope * v + rest gives v = rest / -slope; tau * r' = -r + F gives exactly r = F. The equations of
 * one cell are eliminated in turn: what v is replaces v in the later equations of its cell, so the system is triangular and
 * each pivot -slope is an assumption unless it is a number. */
#include <string.h>

#include "ir/settle_internal.h"

/* e = slope * v + rest; slope NULL: v does not occur linearly. `bent`: v also occurs inside rest. */
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

static Affine affine(IrProgram *p, IrExpr *e, const IrVar *v) {
    Affine whole = {NULL, e};
    if (is_v(e, v)) return (Affine){ir_lit(p, 1), NULL};
    if (!ir_uses_var(e, v)) return whole;
    if (e->op == IR_NEG) {
        Affine a = affine(p, e->arg[0], v);
        return (Affine){negative(p, a.slope), negative(p, a.rest)};
    }
    if (e->op == IR_ADD || e->op == IR_SUB) {
        Affine a = affine(p, e->arg[0], v), b = affine(p, e->arg[1], v);
        if (e->op == IR_SUB) b = (Affine){negative(p, b.slope), negative(p, b.rest)};
        return (Affine){sum(p, a.slope, b.slope), sum(p, a.rest, b.rest)};
    }
    if ((e->op == IR_MUL || e->op == IR_DIV) && !ir_uses_var(e->arg[1], v)) {
        Affine a = affine(p, e->arg[0], v);
        return (Affine){times(p, e->op, a.slope, e->arg[1]), times(p, e->op, a.rest, e->arg[1])};
    }
    if (e->op == IR_MUL && !ir_uses_var(e->arg[0], v)) {
        Affine a = affine(p, e->arg[1], v);
        return (Affine){times(p, IR_MUL, a.slope, e->arg[0]), times(p, IR_MUL, a.rest, e->arg[0])};
    }
    return whole;
}

static bool same_cell(const IrVar *a, const IrVar *b) {
    const char *dot = strrchr(b->name, '.');
    size_t length = dot ? (size_t)(dot - b->name) : 0;
    bool part = strncmp(a->name, b->name, strlen(a->name)) == 0 && b->name[strlen(a->name)] == '.';
    return part || (length && strlen(a->name) >= length && strncmp(a->name, b->name, length) == 0);
}

typedef struct Replacement {
    IrProgram *p;
    const IrVar *v;
    IrExpr *by;
} Replacement;

static IrExpr *replace(void *data, IrExpr *e) {
    Replacement *r = data;
    return is_v(e, r->v) ? r->by : e;
}

static void eliminate(Settle *s, int from, const IrVar *v) {
    Replacement r = {s->p, v, v->def};
    for (int i = from; i < s->p->items.count; i++) {
        IrItem *item = s->p->items.at[i];
        if (item->kind == ITEM_ODE && same_cell(v, item->var)) item->var->def = ir_map(s->p, item->var->def, replace, &r);
    }
}

static void not_affine(Settle *s, const IrVar *v) {
    Diagnostic *d = diag_error(s->diagnostics, E_NOT_AFFINE, v->span, "the equation of `%s` cannot be solved for its equilibrium",
                               v->origin);
    diag_label(d, "its rate stands inside a nonlinearity");
    diag_note(d, "at equilibrium 0 = %s", ir_expr_text(s->p->arena, v->def));
    diag_help(d, "say `iterate 200 until 1e-6` after the population's type to find the fixed point by iteration");
}

static void assume_pivot(Settle *s, const IrVar *v, const IrExpr *pivot) {
    if (pivot->op == IR_LIT) return;
    IrAssumption made = {name_printf(s->p->names, "%s: %s is not 0", v->origin, ir_expr_text(s->p->arena, pivot))};
    vec_push(s->p->arena, &s->p->assumptions, made);
}

static void equilibrium(Settle *s, IrVar *v) {
    Affine a = affine(s->p, v->def, v);
    bool bent = a.rest && ir_uses_var(a.rest, v);
    if (!a.slope || (bent && !v->iterate_count)) {
        not_affine(s, v);
        return;
    }
    IrExpr *pivot = ir_op1(s->p, IR_NEG, a.slope);
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
        eliminate(s, i + 1, item->var);
    }
}
