/* See mutations.h. */
#include "mutations.h"

/* ---- operators ------------------------------------------------------------------------------------------------------ */
static IrExpr *copy(const Mutant *m, const IrExpr *e) {
    IrExpr *c = arena_copy(m->p->arena, e, sizeof *e);
    c->arg = arena_copy(m->p->arena, e->arg, sizeof *e->arg * (size_t)e->argc);
    if (e->var) c->index = arena_copy(m->p->arena, e->index, sizeof *e->index * (size_t)e->var->axis_count);
    if (e->guard.count) c->guard.atom = arena_copy(m->p->arena, e->guard.atom, sizeof *e->guard.atom * (size_t)e->guard.count);
    return c;
}

static IrExpr *times(const Mutant *m, IrExpr *a, double x) {
    return ir_op2(m->p, IR_MUL, a, ir_lit(m->p, x));
}

static IrExpr *other_op(const Mutant *m, const IrExpr *e, IrOp from, IrOp to) {
    return e->op == from ? ir_op2(m->p, to, e->arg[0], e->arg[1]) : NULL;
}

static IrExpr *swap_indices(const Mutant *m, const IrExpr *e) {
    for (int i = 0; e->op == IR_REF && i < e->var->axis_count; i++)
        for (int k = 0; k < i; k++) {
            if (e->var->axes[i]->root != e->var->axes[k]->root || e->index[i].kind != IX_AXIS || e->index[k].kind != IX_AXIS) continue;
            IrExpr *c = copy(m, e);
            c->index[i] = e->index[k], c->index[k] = e->index[i];
            return e->index[i].axis == e->index[k].axis ? NULL : c;
        }
    return NULL;
}

static IrExpr *fixed(const Mutant *m, const IrExpr *e, IrIndexKind kind) {
    for (int i = 0; e->op == IR_REF && i < e->var->axis_count; i++) {
        if (e->index[i].kind != IX_AXIS || (e->var->scan_axis && e->var->axes[i] == e->var->scan_axis)) continue;
        IrExpr *c = copy(m, e);
        c->index[i] = (IrIndex){kind, NULL, 0};
        return c;
    }
    return NULL;
}

static IrExpr *first_position(const Mutant *m, const IrExpr *e) {
    return fixed(m, e, IX_CONST);
}

static IrExpr *last_for_first(const Mutant *m, const IrExpr *e) {
    return fixed(m, e, IX_LAST);
}

static bool same_shape(const IrVar *a, const IrVar *b) {
    if (a == b || a->kind != b->kind || a->axis_count != b->axis_count || a->literal || b->literal) return false;
    for (int i = 0; i < a->axis_count; i++)
        if (a->axes[i]->root != b->axes[i]->root) return false;
    return true;
}

static IrExpr *other_weight(const Mutant *m, const IrExpr *e) {
    if (e->op != IR_REF || e->var->def) return NULL;
    for (int i = 0; i < m->p->vars.count; i++) {
        if (!same_shape(e->var, m->p->vars.at[i])) continue;
        IrExpr *c = copy(m, e);
        c->var = m->p->vars.at[i];
        return c;
    }
    return NULL;
}

static IrExpr *squared(const Mutant *m, const IrExpr *e) {
    return e->op == IR_REF ? ir_op2(m->p, IR_MUL, (IrExpr *)e, (IrExpr *)e) : NULL;
}

static IrExpr *forget_state(const Mutant *m, const IrExpr *e) {
    return e->op == IR_PREV ? ir_lit(m->p, 0) : NULL;
}

static IrExpr *sum_twice(const Mutant *m, const IrExpr *e) {
    return e->op == IR_SUM ? ir_op2(m->p, IR_MUL, ir_size(m->p, e->bound[0]->root), (IrExpr *)e) : NULL;
}

static IrExpr *mean(const Mutant *m, const IrExpr *e) {
    return e->op == IR_SUM ? ir_op2(m->p, IR_DIV, (IrExpr *)e, ir_size(m->p, e->bound[0]->root)) : NULL;
}

static IrExpr *guard_moved(const Mutant *m, const IrExpr *e, int64_t by) {
    if (!e->guard.count || e->op == IR_AMAX) return NULL;
    IrExpr *c = copy(m, e);
    c->guard.atom[0].bound += by;
    return c;
}

static IrExpr *guard_tighter(const Mutant *m, const IrExpr *e) {
    return guard_moved(m, e, -1);
}

static IrExpr *guard_looser(const Mutant *m, const IrExpr *e) {
    return guard_moved(m, e, 1);
}

static IrExpr *guard_dropped(const Mutant *m, const IrExpr *e) {
    IrExpr *c = e->guard.count ? copy(m, e) : NULL;
    if (c) c->guard.count = 0;
    return c;
}

static IrExpr *guard_reversed(const Mutant *m, const IrExpr *e) {
    if (!e->guard.count || !e->guard.atom[0].a || !e->guard.atom[0].b) return NULL;
    IrExpr *c = copy(m, e);
    c->guard.atom[0].a = e->guard.atom[0].b, c->guard.atom[0].b = e->guard.atom[0].a;
    return c;
}

static IrExpr *no_maximum(const Mutant *m, const IrExpr *e) {
    return e->op == IR_AMAX ? ir_lit(m->p, 0) : NULL;
}

static IrExpr *larger_maximum(const Mutant *m, const IrExpr *e) {
    return e->op == IR_AMAX ? times(m, (IrExpr *)e, 2) : NULL;
}

static IrExpr *percent(const Mutant *m, const IrExpr *e) {
    return e->op == IR_LIT && e->value != 0 ? times(m, (IrExpr *)e, 1.01) : NULL;
}

static IrExpr *doubled(const Mutant *m, const IrExpr *e) {
    return e->op == IR_LIT && e->value != 0 ? times(m, (IrExpr *)e, 2) : NULL;
}

static IrExpr *size_one_more(const Mutant *m, const IrExpr *e) {
    return e->op == IR_SIZE ? ir_op2(m->p, IR_ADD, (IrExpr *)e, ir_lit(m->p, 1)) : NULL;
}

static IrExpr *add_to_sub(const Mutant *m, const IrExpr *e) {
    return other_op(m, e, IR_ADD, IR_SUB);
}

static IrExpr *sub_to_add(const Mutant *m, const IrExpr *e) {
    return other_op(m, e, IR_SUB, IR_ADD);
}

static IrExpr *mul_to_add(const Mutant *m, const IrExpr *e) {
    return other_op(m, e, IR_MUL, IR_ADD);
}

static IrExpr *first_term_dropped(const Mutant *m, const IrExpr *e) {
    (void)m;
    return e->op == IR_ADD ? e->arg[1] : NULL;
}

static IrExpr *second_term_dropped(const Mutant *m, const IrExpr *e) {
    (void)m;
    return e->op == IR_ADD || e->op == IR_SUB ? e->arg[0] : NULL;
}

static IrExpr *first_factor_dropped(const Mutant *m, const IrExpr *e) {
    (void)m;
    return e->op == IR_MUL ? e->arg[1] : NULL;
}

static IrExpr *second_factor_dropped(const Mutant *m, const IrExpr *e) {
    (void)m;
    return e->op == IR_MUL ? e->arg[0] : NULL;
}

static IrExpr *divisor_dropped(const Mutant *m, const IrExpr *e) {
    (void)m;
    return e->op == IR_DIV ? e->arg[0] : NULL;
}

static IrExpr *inverted(const Mutant *m, const IrExpr *e) {
    return e->op == IR_DIV ? ir_op2(m->p, IR_DIV, e->arg[1], e->arg[0]) : NULL;
}

static IrExpr *sign_dropped(const Mutant *m, const IrExpr *e) {
    (void)m;
    return e->op == IR_NEG ? e->arg[0] : NULL;
}

static IrExpr *power_of_two(const Mutant *m, const IrExpr *e) {
    return e->op == IR_EXP ? ir_op1(m->p, IR_EXP, times(m, e->arg[0], 0.6931471805599453)) : NULL;
}

static IrExpr *first_order(const Mutant *m, const IrExpr *e) {
    return e->op == IR_EXP ? ir_op2(m->p, IR_ADD, ir_lit(m->p, 1), e->arg[0]) : NULL;
}

static IrExpr *no_function(const Mutant *m, const IrExpr *e) {
    (void)m;
    return e->op >= IR_EXP && e->op <= IR_ABS ? e->arg[0] : NULL;
}

static IrExpr *other_function(const Mutant *m, const IrExpr *e) {
    static const struct { IrOp from, to; } pairs[] = {{IR_TANH, IR_SIGMOID}, {IR_SIGMOID, IR_TANH}, {IR_RELU, IR_ABS}, {IR_GELU, IR_RELU},
                                                      {IR_EXP, IR_TANH}, {IR_SQRT, IR_LOG}, {IR_LOG, IR_SQRT}, {IR_SIN, IR_COS}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (e->op == pairs[i].from) return ir_op1(m->p, pairs[i].to, e->arg[0]);
    return NULL;
}

static IrExpr *min_for_max(const Mutant *m, const IrExpr *e) {
    IrExpr *c = other_op(m, e, IR_MAX, IR_MIN);
    return c ? c : other_op(m, e, IR_MIN, IR_MAX);
}

static IrExpr *branches_swapped(const Mutant *m, const IrExpr *e) {
    return e->op == IR_SELECT ? ir_select(m->p, e->arg[0], e->arg[2], e->arg[1]) : NULL;
}

static IrExpr *bias_added(const Mutant *m, const IrExpr *e) {
    return e == m->var->def ? ir_op2(m->p, IR_ADD, (IrExpr *)e, ir_lit(m->p, 0.5)) : NULL;
}

/* ---- the table ------------------------------------------------------------------------------------------------------ */
const Mutation mutations[] = {
#define MUTATION(function, what) {#function, what, function},
#include "mutations.def"
#undef MUTATION
};
const int mutation_count = sizeof mutations / sizeof *mutations;

bool mutation_at(const Mutant *m, const Mutation *o, IrExpr **slot, int *site, char **before, char **after) {
    IrExpr *e = *slot, *instead = o->apply(m, e);
    if (instead && (*site)-- == 0) {
        *before = ir_expr_text(m->p->arena, e);
        *after = ir_expr_text(m->p->arena, instead);
        *slot = instead;
        return true;
    }
    for (int i = 0; i < e->argc; i++)
        if (mutation_at(m, o, &e->arg[i], site, before, after)) return true;
    return false;
}

