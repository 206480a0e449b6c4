/* Derivatives of the operators: the cotangent of an expression gives those of its operands. README.md has the table. */
#include "gradient/internal.h"

typedef struct Rule {
    Gradient *g;
    const IrExpr *e;
    const Scope *scope;
    IrExpr *cotangent, *value; /* of e */
} Rule;

const Scope *gradient_scope_axis(Gradient *g, const Scope *outer, IrAxis *axis) {
    Scope *s = ARENA_NEW(g->p->arena, Scope);
    *s = (Scope){.outer = outer, .axis = axis};
    return s;
}

static const Scope *scope_atom(Gradient *g, const Scope *outer, const IrAtom *atom) {
    Scope *s = ARENA_NEW(g->p->arena, Scope);
    *s = (Scope){.outer = outer, .atom = atom};
    return s;
}

static const Scope *scope_test(Gradient *g, const Scope *outer, IrExpr *test, bool holds) {
    Scope *s = ARENA_NEW(g->p->arena, Scope);
    *s = (Scope){.outer = outer, .test = test, .holds = holds};
    return s;
}

/* ---- building ---------------------------------------------------------------------------------------------------------- */
static IrExpr *lit(const Rule *r, double value) { return ir_lit(r->g->p, value); }
static IrExpr *op1(const Rule *r, IrOp op, IrExpr *a) { return ir_op1(r->g->p, op, a); }
static IrExpr *op2(const Rule *r, IrOp op, IrExpr *a, IrExpr *b) { return ir_op2(r->g->p, op, a, b); }

/* The cotangent times a derivative. */
static IrExpr *times(const Rule *r, IrExpr *derivative) { return op2(r, IR_MUL, r->cotangent, derivative); }
static IrExpr *over(const Rule *r, IrExpr *divisor) { return op2(r, IR_DIV, r->cotangent, divisor); }
static IrExpr *minus(const Rule *r, IrExpr *e) { return op1(r, IR_NEG, e); }

static void pass_on(const Rule *r, int argument, IrExpr *cotangent) {
    gradient_follow(r->g, r->e->arg[argument], r->scope, cotangent, NULL);
}

/* To an argument that counts only where a condition holds. */
static void pass_on_where(const Rule *r, int argument, IrExpr *test, bool holds) {
    gradient_follow(r->g, r->e->arg[argument], scope_test(r->g, r->scope, test, holds), r->cotangent, NULL);
}

/* ---- elementwise ------------------------------------------------------------------------------------------------------- */
/* exp(-(a ^ 2) / n) */
static IrExpr *bell(const Rule *r, IrExpr *a, double n) {
    return op1(r, IR_EXP, op2(r, IR_DIV, minus(r, op2(r, IR_POW, a, lit(r, 2))), lit(r, n)));
}

/* n pi */
static IrExpr *pi(const Rule *r, double n) {
    return op2(r, IR_MUL, lit(r, n), ir_lit_text(r->g->p, name_of(r->g->p->names, IR_PI)));
}

/* Phi(a) + a phi(a), with the normal distribution's Phi(a) = (1 + erf(a / sqrt 2)) / 2 and density phi(a) */
static IrExpr *gelu_slope(const Rule *r, IrExpr *a) {
    IrExpr *below = op1(r, IR_ERF, op2(r, IR_DIV, a, op1(r, IR_SQRT, lit(r, 2))));
    IrExpr *density = op2(r, IR_DIV, bell(r, a, 2), op1(r, IR_SQRT, pi(r, 2)));
    return op2(r, IR_ADD, op2(r, IR_MUL, lit(r, 0.5), op2(r, IR_ADD, lit(r, 1), below)), op2(r, IR_MUL, a, density));
}

/* 1, -1, and 0 at 0 */
static IrExpr *sign(const Rule *r, IrExpr *a) {
    IrProgram *p = r->g->p;
    IrExpr *negative = ir_select(p, op2(r, IR_LT, a, lit(r, 0)), lit(r, -1), lit(r, 0));
    return ir_select(p, op2(r, IR_LT, lit(r, 0), a), lit(r, 1), negative);
}

static IrExpr *slope(const Rule *r, IrExpr *a) {
    IrExpr *v = r->value;
    switch (r->e->op) {
    case IR_EXP: return v;
    case IR_SIN: return op1(r, IR_COS, a);
    case IR_COS: return minus(r, op1(r, IR_SIN, a));
    case IR_TANH: return op2(r, IR_SUB, lit(r, 1), op2(r, IR_POW, v, lit(r, 2)));
    case IR_SIGMOID: return op2(r, IR_MUL, v, op2(r, IR_SUB, lit(r, 1), v));
    case IR_GELU: return gelu_slope(r, a);
    case IR_ERF: return op2(r, IR_MUL, op2(r, IR_DIV, lit(r, 2), op1(r, IR_SQRT, pi(r, 1))), bell(r, a, 1));
    default: return sign(r, a); /* IR_ABS */
    }
}

/* a ^ b: b a^(b-1) to a, a^b log a to b */
static void power(const Rule *r) {
    IrExpr *a = r->e->arg[0], *b = r->e->arg[1];
    if (gradient_has_active(r->g, b)) pass_on(r, 1, times(r, op2(r, IR_MUL, r->value, op1(r, IR_LOG, a))));
    if (b->op == IR_LIT && b->value == 0) return;
    pass_on(r, 0, times(r, op2(r, IR_MUL, b, op2(r, IR_POW, a, op2(r, IR_SUB, b, lit(r, 1))))));
}

static void quotient(const Rule *r) {
    IrExpr *below = r->e->arg[1];
    pass_on(r, 0, over(r, below));
    if (gradient_has_active(r->g, below)) pass_on(r, 1, minus(r, op2(r, IR_DIV, times(r, r->value), below)));
}

/* ---- reductions -------------------------------------------------------------------------------------------------------- */
static const Scope *bound_scope(const Rule *r) {
    const Scope *scope = r->scope;
    for (int i = 0; i < r->e->bound_count; i++) scope = gradient_scope_axis(r->g, scope, r->e->bound[i]);
    for (int i = 0; i < r->e->guard.count; i++) scope = scope_atom(r->g, scope, &r->e->guard.atom[i]);
    return scope;
}

/* How many points reach the maximum: sum(bound where guard) select(body < maximum, 0, 1). */
static IrExpr *counted(const Rule *r, IrExpr *maximum) {
    IrProgram *p = r->g->p;
    const IrExpr *e = r->e;
    IrExpr *each = ir_select(p, op2(r, IR_LT, e->arg[0], maximum), lit(r, 0), lit(r, 1));
    IrExpr *sum = ir_reduce(p, IR_SUM, e->bound_count, e->bound, e->guard, each);
    return ir_substitute(p, gradient_stored(r->g, sum), 0, NULL, NULL); /* bound axes of its own */
}

/* An equation of its own where the maximum has one. */
static IrExpr *ties(const Rule *r) {
    IrProgram *p = r->g->p;
    bool own = r->value->op == IR_REF && r->value->var->def && r->value->var->def->op == IR_AMAX;
    if (!own) return counted(r, r->value);
    Adjoint *a = gradient_adjoint(r->g, r->value->var);
    IrVar *v = r->value->var;
    if (!a->ties) {
        Rule whole = *r;
        whole.e = v->def;
        a->ties = ir_alg(p, name_printf(p->names, "%s.ties", v->name), v->axis_count, v->axes, counted(&whole, ir_ref(p, v, NULL)));
        a->ties->span = v->span;
    }
    return ir_ref(p, a->ties, r->value->index);
}

/* The points that reach the maximum share its cotangent equally. */
static void maximum(const Rule *r) {
    IrExpr *less = op2(r, IR_LT, r->e->arg[0], r->value);
    gradient_follow(r->g, r->e->arg[0], scope_test(r->g, bound_scope(r), less, false), over(r, ties(r)), NULL);
}

/* ---- all --------------------------------------------------------------------------------------------------------------- */
static void read(Gradient *g, IrExpr *ref, const Scope *scope, IrExpr *cotangent) {
    Adjoint *a = gradient_adjoint(g, ref->var);
    if (a->transparent) {
        gradient_follow(g, ir_inline(g->p, ref), scope, cotangent, ref);
        return;
    }
    Reading reading = {ref, scope, cotangent};
    bool gathered = g->steps && !ir_has_axis(ref->var, g->steps->axis);
    vec_push(g->p->arena, gathered ? &a->gathers : ref->op == IR_PREV ? &a->backs : &a->readings, reading);
}

static void select_one(const Rule *r) {
    pass_on_where(r, 1, r->e->arg[0], true);
    pass_on_where(r, 2, r->e->arg[0], false);
}

static void apply(const Rule *r) {
    IrExpr *const *a = r->e->arg;
    switch (r->e->op) {
    case IR_NEG: pass_on(r, 0, minus(r, r->cotangent)); return;
    case IR_ADD: pass_on(r, 0, r->cotangent), pass_on(r, 1, r->cotangent); return;
    case IR_SUB: pass_on(r, 0, r->cotangent), pass_on(r, 1, minus(r, r->cotangent)); return;
    case IR_MUL: pass_on(r, 0, times(r, a[1])), pass_on(r, 1, times(r, a[0])); return;
    case IR_DIV: quotient(r); return;
    case IR_POW: power(r); return;
    case IR_MAX: pass_on_where(r, 0, op2(r, IR_LT, a[0], a[1]), false), pass_on_where(r, 1, op2(r, IR_LT, a[0], a[1]), true); return;
    case IR_MIN: pass_on_where(r, 0, op2(r, IR_LT, a[1], a[0]), false), pass_on_where(r, 1, op2(r, IR_LT, a[1], a[0]), true); return;
    case IR_RELU: pass_on_where(r, 0, op2(r, IR_LT, lit(r, 0), a[0]), true); return;
    case IR_LOG: pass_on(r, 0, over(r, a[0])); return;
    case IR_SQRT: pass_on(r, 0, over(r, op2(r, IR_MUL, lit(r, 2), r->value))); return;
    case IR_SELECT: select_one(r); return;
    case IR_SUM: gradient_follow(r->g, a[0], bound_scope(r), r->cotangent, NULL); return;
    case IR_AMAX: maximum(r); return;
    default: pass_on(r, 0, times(r, slope(r, a[0])));
    }
}

void gradient_follow(Gradient *g, IrExpr *e, const Scope *scope, IrExpr *cotangent, IrExpr *self) {
    if (!gradient_has_active(g, e)) return;
    if (e->op == IR_REF || e->op == IR_PREV) {
        read(g, e, scope, cotangent);
        return;
    }
    Rule r = {g, e, scope, cotangent, self ? self : ir_substitute(g->p, e, 0, NULL, NULL)};
    apply(&r);
}

/* Where v is needed: its axes, its demand, and its adjoint not 0 if elsewhere there may be no derivative. */
static const Scope *scope_of(Gradient *g, const IrVar *v) {
    const Adjoint *a = gradient_adjoint(g, v);
    const Scope *scope = NULL;
    for (int i = 0; i < v->axis_count; i++) scope = gradient_scope_axis(g, scope, v->axes[i]);
    for (int i = 0; i < a->demand.count; i++) scope = scope_atom(g, scope, &a->demand.at[i]);
    return a->lazy ? scope_test(g, scope, ir_op2(g->p, IR_EQ, a->value, ir_lit(g->p, 0)), false) : scope;
}

void gradient_follow_definition(Gradient *g, IrVar *v) {
    const Adjoint *a = gradient_adjoint(g, v);
    if (a->value) gradient_follow(g, v->def, scope_of(g, v), a->value, ir_ref(g->p, v, NULL));
}
