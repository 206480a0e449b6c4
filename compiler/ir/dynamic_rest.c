/* How a run begins: every cell at rest, at the equilibrium that it has while all stimuli are silent (0) and nothing is remembered.
 * A pool that divides is not empty then, so the first steps are no division by 0. A cell that is part of a loop, or has no
 * equilibrium in closed form, begins at 0.
 *
 * Equations at rest depend on weights alone, and mostly they are 0: what is 0 is folded on the way. */
#include <math.h>

#include "ir/dynamic_internal.h"
#include "ir/settle_internal.h"

/* ---- folding ----------------------------------------------------------------------------------------------------- */
static bool is_number(const IrExpr *e, double *value) {
    *value = e->value;
    return e->op == IR_LIT;
}

/* f(x) where it is a whole number or a half: what a function of 0 or 1 gives; NULL: it is not. */
static IrExpr *function_value(Dynamic *d, IrOp op, double x) {
    switch (op) {
    case IR_EXP: return x == 0 ? ir_lit(d->p, 1) : NULL;
    case IR_COS: return x == 0 ? ir_lit(d->p, 1) : NULL;
    case IR_SIGMOID: return x == 0 ? ir_lit(d->p, 0.5) : NULL;
    case IR_RELU: return ir_lit(d->p, x > 0 ? x : 0);
    case IR_SQRT: case IR_SIN: case IR_TANH: case IR_GELU: case IR_ERF: case IR_ABS: return x == 0 ? ir_lit(d->p, 0) : NULL;
    default: return NULL;
    }
}

static IrExpr *folded(void *data, IrExpr *e) {
    Dynamic *d = data;
    double a = 1, b = 1;
    if (e->argc == 0) return e;
    bool left = is_number(e->arg[0], &a), right = e->argc > 1 && is_number(e->arg[1], &b);
    if (e->op == IR_MUL && ((left && a == 0) || (right && b == 0))) return ir_lit(d->p, 0);
    if (e->op == IR_DIV && left && a == 0) return ir_lit(d->p, 0);
    if (e->op == IR_SUM && left && a == 0) return ir_lit(d->p, 0);
    if (e->op == IR_AMAX && left) return e->arg[0];
    if (e->op == IR_NEG && left) return a == 0 ? e->arg[0] : ir_op1(d->p, IR_NEG, e->arg[0]);
    if (e->argc == 1 && left) {
        IrExpr *value = function_value(d, e->op, a);
        if (value) return value;
    }
    bool sums = e->op == IR_ADD || e->op == IR_SUB || e->op == IR_MUL;
    return sums ? ir_op2(d->p, e->op, e->arg[0], e->arg[1]) : e;
}

/* ---- loops ------------------------------------------------------------------------------------------------------- */
typedef struct Reach {
    const IrVar *from;
    bool *seen;
    bool back;
} Reach;

static void reach(void *data, IrExpr *ref) {
    Reach *r = data;
    if (ref->op == IR_PREV) return;
    r->back |= ref->var == r->from;
    if (r->seen[ref->var->id] || !ref->var->def) return;
    r->seen[ref->var->id] = true;
    ir_each_ref(ref->var->def, reach, r);
}

static bool in_loop(Dynamic *d, const IrVar *v) {
    Reach r = {v, ARENA_ARRAY(d->p->arena, bool, d->count + 1), false};
    Settle s = {d->p, d->diagnostics};
    IrExpr *e = v->def;
    if (v->kind == VAR_ODE) { /* that it decays by itself is no loop */
        SettleForm form = settle_form(&s, (IrVar *)v);
        e = form.rest;
    }
    if (e) ir_each_ref(e, reach, &r);
    return r.back;
}

/* ---- equations at rest ------------------------------------------------------------------------------------------- */
static IrExpr *rest_value(Dynamic *d, IrVar *v, const IrIndex *index);

static IrExpr *silent(void *data, IrExpr *e) {
    Dynamic *d = data;
    switch (e->op) {
    case IR_TIME: return ir_lit(d->p, 0);
    case IR_DELAY: return e->arg[0];
    case IR_DERIVATIVE: return ir_lit(d->p, 0);
    case IR_PREV: return ir_substitute(d->p, e->var->init, e->var->axis_count, e->var->axes, e->index);
    case IR_REF: break;
    default: return folded(d, e);
    }
    if (e->var->kind == VAR_STIMULUS || e->var->kind == VAR_NOISE) return ir_lit(d->p, 0);
    bool known = e->var->kind == VAR_WEIGHT || e->var->origin_kind == name_of(d->p->names, "constant");
    return known ? e : rest_value(d, e->var, e->index);
}

/* v's axes without cycles: the run begins with the first. */
static int lasting_axes(const IrVar *v, IrAxis **axes) {
    int count = 0;
    for (int i = 0; i < v->axis_count; i++)
        if (v->axes[i]->kind != AXIS_CYCLE) axes[count++] = v->axes[i];
    return count;
}

static IrExpr *at_first_cycle(Dynamic *d, const IrVar *v, IrExpr *e) {
    IrAxis *from[v->axis_count + 1];
    IrIndex to[v->axis_count + 1];
    int count = 0;
    for (int i = 0; i < v->axis_count; i++) {
        if (v->axes[i]->kind != AXIS_CYCLE) continue;
        from[count] = v->axes[i];
        to[count++] = (IrIndex){IX_CONST, NULL, 0};
    }
    return ir_substitute(d->p, e, count, from, to);
}

static IrExpr *rest_equation(Dynamic *d, IrVar *v) {
    Settle s = {d->p, d->diagnostics};
    IrExpr *e = v->def;
    if (in_loop(d, v)) return ir_lit(d->p, 0);
    if (v->kind == VAR_ODE) {
        SettleForm form = settle_form(&s, v);
        if (!form.slope || form.bent || !form.rest) return ir_lit(d->p, 0);
        e = ir_op2(d->p, IR_DIV, form.rest, ir_op1(d->p, IR_NEG, form.slope));
    }
    return ir_map(d->p, at_first_cycle(d, v, e), silent, d);
}

/* The variable that holds v at rest; NULL: a number, which is given. */
static IrVar *rest_var(Dynamic *d, IrVar *v, IrExpr **number) {
    *number = d->rest_number[v->id];
    if (d->rest[v->id] || *number) return d->rest[v->id];
    IrExpr *e = rest_equation(d, v);
    if (e->op == IR_LIT) {
        *number = d->rest_number[v->id] = e;
        return NULL;
    }
    IrAxis *axes[v->axis_count + 1];
    int count = lasting_axes(v, axes);
    IrVar *made = ir_var_new(d->p, VAR_ALG, name_printf(d->p->names, "%s%s.rest", d->prefix, d->named[v->id]), count, axes);
    made->def = ir_substitute(d->p, e, 0, NULL, NULL);
    made->span = v->span;
    dyn_place(d, &d->outside, made);
    return d->rest[v->id] = made;
}

static IrExpr *rest_value(Dynamic *d, IrVar *v, const IrIndex *index) {
    IrExpr *number;
    IrVar *rest = rest_var(d, v, &number);
    if (!rest) return number;
    IrIndex at[v->axis_count + 1];
    int count = 0;
    for (int i = 0; i < v->axis_count; i++)
        if (v->axes[i]->kind != AXIS_CYCLE) at[count++] = index ? index[i] : ir_index(v->axes[i]);
    return ir_ref(d->p, rest, at);
}

IrExpr *dyn_rest(Dynamic *d, IrVar *v) {
    return rest_value(d, v, NULL);
}
