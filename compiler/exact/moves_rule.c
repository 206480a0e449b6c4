/* Moves for learning rules: a factor or a term that is a signal of the circuit, which the rule leaves out. Candidates are readings of
 * populations, stimuli, compartments and the rule's own quantities at the axes that are in scope, and functions of them that the
 * other side has; never what the other side alone has, its adjoints. */
#include <string.h>

#include "exact/repair_internal.h"

typedef VEC(IrAxis *) Axes;

/* The axes that the node may use: those of the equation and of the reductions around it. */
static bool add_bound(const Site *s, const IrExpr *e, Axes *axes) {
    if (e == s->node) return true;
    for (int i = 0; i < e->argc; i++) {
        if (!add_bound(s, e->arg[i], axes)) continue;
        for (int k = 0; k < e->bound_count; k++) vec_push(s->p->arena, axes, e->bound[k]);
        return true;
    }
    return false;
}

static Axes axes_in_scope(const Site *s) {
    Axes axes = {0};
    for (int i = 0; i < s->var->axis_count; i++) vec_push(s->p->arena, &axes, s->var->axes[i]);
    add_bound(s, s->var->def, &axes);
    return axes;
}

/* v read along the which-th choice of axes in scope; NULL: no more. */
static IrExpr *reading(const Site *s, IrVar *v, const Axes *axes, int which) {
    IrIndex index[v->axis_count + 1];
    for (int i = 0; i < v->axis_count; i++) {
        int fitting = 0, chosen;
        for (int k = 0; k < axes->count; k++) fitting += axes->at[k]->root == v->axes[i]->root;
        if (!fitting) return NULL;
        chosen = which % fitting;
        which /= fitting;
        for (int k = 0; k < axes->count; k++)
            if (axes->at[k]->root == v->axes[i]->root && chosen-- == 0) index[i] = ir_index(axes->at[k]);
    }
    return which ? NULL : ir_ref(s->p, v, index);
}

static bool is_kind(const IrVar *v, const char *kind) {
    return v->origin && v->origin_kind && strcmp(v->origin_kind, kind) == 0;
}

/* In this order: a population says more than its compartment, which may hold the same. */
enum { POPULATIONS, STIMULI, COMPARTMENTS, OWN, KINDS };
static bool of_kind(const Site *s, const IrVar *v, int kind) {
    if (s->foreign[v->id] || v == s->var || (v->origin && strncmp(v->origin, "check.", 6) == 0)) return false;
    switch (kind) {
    case POPULATIONS: return is_kind(v, "population") || is_kind(v, "state") || is_kind(v, "variable");
    case STIMULI: return v->kind == VAR_STIMULUS;
    case COMPARTMENTS: return is_kind(v, "compartment");
    default: return is_kind(v, "spec") && v->axis_count;
    }
}

/* The which-th of all readings; NULL: no more, and *count says how many there are. */
static IrExpr *candidate(const Site *s, int which, int *count) {
    Axes axes = axes_in_scope(s);
    *count = 0;
    for (int kind = 0; kind < KINDS; kind++)
        for (int i = 0; i < s->p->vars.count; i++) {
            IrVar *v = s->p->vars.at[i];
            if (!of_kind(s, v, kind)) continue;
            for (int k = 0;; k++) {
                IrExpr *e = reading(s, v, &axes, k);
                if (!e) break;
                if ((*count)++ == which) return e;
            }
        }
    return NULL;
}

/* The which-th slope of a cell; NULL: no more, and *count says how many there are. */
static IrExpr *slope_at(const Site *s, int which, int *count, IrExpr **rate) {
    Axes axes = axes_in_scope(s);
    for (int i = 0; i < s->slopes->count; i++) {
        const Slope *slope = &s->slopes->at[i];
        for (int k = 0; (*rate = reading(s, slope->rate, &axes, k)); k++)
            if ((*count)++ == which) return ir_substitute(s->p, slope->slope, slope->rate->axis_count, slope->rate->axes, (*rate)->index);
    }
    return NULL;
}

/* The which-th function that the other side has. */
static IrOp function_of(const Site *s, int which) {
    for (IrOp op = IR_EXP; op <= IR_ABS; op++)
        if (s->other->function[op] && which-- == 0) return op;
    return IR_OP_COUNT;
}

static IrExpr *shown(Site *s, IrOp op, IrExpr *factor) {
    static const char sign[IR_OP_COUNT] = {[IR_MUL] = '*', [IR_DIV] = '/', [IR_ADD] = '+', [IR_SUB] = '-'};
    s->what = arena_printf(s->p->arena, "%c %s", sign[op], expr_words(s->p, s->var, factor));
    return ir_op2(s->p, op, s->node, factor);
}

/* cos(V.query.input[now, a]); what takes more than one function is the slope of V.query[now, a]. */
static IrExpr *times_slope(Site *s, IrExpr *slope, IrExpr *rate) {
    bool plain = slope->argc == 1 && slope->arg[0]->op == IR_REF;
    IrExpr *product = shown(s, IR_MUL, slope);
    if (!plain) s->what = arena_printf(s->p->arena, "* the slope of %s", expr_words(s->p, s->var, rate));
    return product;
}

/* The product that a reduction adds up, or the whole equation, times or divided by a signal, times the slope of a cell, or times a function of
 * a signal. */
IrExpr *move_signal_missing(Site *s) {
    int count;
    bool product = s->node->op != IR_SUM && (!s->parent || s->parent->op == IR_SUM);
    if (!s->rule || !product) return NULL;
    candidate(s, -1, &count);
    if (!count) return NULL;
    int readings = count, slopes = 0, after = s->variant - 2 * readings; /* products and quotients */
    if (after < 0) return shown(s, s->variant < readings ? IR_MUL : IR_DIV, candidate(s, s->variant % readings, &count));
    IrExpr *rate, *slope = slope_at(s, after, &slopes, &rate);
    if (slope) return times_slope(s, slope, rate);
    after -= slopes;
    IrOp op = function_of(s, after / readings);
    return op == IR_OP_COUNT ? NULL : shown(s, IR_MUL, ir_op1(s->p, op, candidate(s, after % readings, &count)));
}

/* A factor of a product, with a signal taken off or added. */
IrExpr *move_difference_missing(Site *s) {
    int count;
    if (!s->rule || s->node->op != IR_REF || !s->parent || s->parent->op != IR_MUL) return NULL;
    IrExpr *term = candidate(s, s->variant / 2, &count);
    return term ? shown(s, s->variant % 2 ? IR_ADD : IR_SUB, term) : NULL;
}

/* ---- what went before ------------------------------------------------------------------------------------------------- */
enum { MOST_FACTORS = 6 };

/* The factors of a product that use the axis; nothing where there are too many, or one has a reduction of its own. */
static void factors_along(const Site *s, IrExpr *e, const IrAxis *axis, Exprs *factors) {
    if (e->op == IR_MUL) {
        factors_along(s, e->arg[0], axis, factors);
        factors_along(s, e->arg[1], axis, factors);
    } else if (ir_uses_axis(e, axis)) {
        vec_push(s->p->arena, factors, e);
    }
}

/* A copy of the axis that this equation does not use: none is made, since sizes go by the axes that there are. */
static IrAxis *spare_axis(const Site *s, const IrAxis *of) {
    Axes used = axes_in_scope(s);
    for (int i = 0; i < s->p->axes.count; i++) {
        IrAxis *axis = s->p->axes.at[i];
        bool taken = axis->root != of->root || axis->kind != AXIS_COPY;
        for (int k = 0; k < used.count; k++) taken |= used.at[k] == axis;
        for (int k = 0; k < s->node->bound_count; k++) taken |= s->node->bound[k] == axis;
        if (!taken && !ir_uses_axis(s->node, axis)) return axis;
    }
    return NULL;
}

typedef struct Earlier {
    IrProgram *p;
    const IrAxis *now;
    IrAxis *then;
    Exprs factors;
    int chosen; /* bits: those read at the earlier point */
} Earlier;

static IrExpr *at_then(void *data, IrExpr *e) {
    const Earlier *x = data;
    if (e->op != IR_REF) return NULL;
    IrExpr *copy = ir_ref(x->p, e->var, e->index);
    for (int i = 0; i < e->var->axis_count; i++)
        if (copy->index[i].kind == IX_AXIS && copy->index[i].axis == x->now) copy->index[i].axis = x->then;
    return copy;
}

static IrExpr *chosen_at_then(void *data, IrExpr *e) {
    const Earlier *x = data;
    for (int i = 0; i < x->factors.count; i++)
        if (e == x->factors.at[i]) return x->chosen >> i & 1 ? replaced(x->p, e, at_then, data) : e;
    return NULL;
}

static const char *chosen_words(Site *s, const Earlier *x) {
    IrExpr *product = NULL;
    for (int i = 0; i < x->factors.count; i++)
        if (x->chosen >> i & 1) product = product ? ir_op2(s->p, IR_MUL, product, x->factors.at[i]) : x->factors.at[i];
    return expr_words(s->p, s->var, product);
}

/* sum(now) f(now) g(now) -> sum(now, then where then <= now) f(now) g(then): what a memory kept has its effect later. The variant
 * chooses g among the factors. */
IrExpr *move_past_missing(Site *s) {
    IrExpr *e = s->node;
    if (!s->rule || e->op != IR_SUM || e->guard.count) return NULL;
    for (int i = 0, first = 0; i < e->bound_count; i++) {
        Earlier x = {.p = s->p, .now = e->bound[i], .then = spare_axis(s, e->bound[i])};
        factors_along(s, e->arg[0], x.now, &x.factors);
        int choices = x.factors.count <= MOST_FACTORS ? (1 << x.factors.count) - 2 : 0;
        x.chosen = s->variant - first + 1;
        first += choices > 0 ? choices : 0;
        if (s->variant >= first || !x.then) continue;
        IrAxis **bound = ARENA_ARRAY(s->p->arena, IrAxis *, e->bound_count + 1);
        for (int k = 0; k < e->bound_count; k++) bound[k] = e->bound[k];
        bound[e->bound_count] = x.then;
        IrAtom *atom = ARENA_NEW(s->p->arena, IrAtom);
        *atom = (IrAtom){x.then, e->bound[i], 0, GUARD_LE};
        s->what = chosen_words(s, &x);
        return ir_reduce(s->p, IR_SUM, e->bound_count + 1, bound, (IrGuard){1, atom}, replaced(s->p, e->arg[0], chosen_at_then, &x));
    }
    return NULL;
}
