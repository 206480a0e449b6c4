/* Invariants of a circuit; the reader relies on them. Run after sema in debug builds and in the tests. */
#include "circuit/build.h"

typedef struct Verify {
    const Circuit *c;
    char *wrong; /* the first thing found */
} Verify;

static void fault(Verify *v, const char *where, const char *what, const char *name) {
    if (!v->wrong) v->wrong = arena_printf(v->c->arena, "%s: %s %s", where, what, name);
}

static bool listed(const Circuit *c, const CirAxis *axis) { return cir_axes_have(&c->axes, axis); }

static void check_axes(Verify *v) {
    for (int i = 0; i < v->c->axes.count; i++) {
        const CirAxis *axis = v->c->axes.at[i];
        bool derived = axis->kind == CIR_AXIS_COPY || axis->kind == CIR_AXIS_CYCLE;
        if (derived != (axis->base != NULL)) fault(v, "axis", "base of", axis->name);
        if (axis->root != (derived ? axis->base->root : axis)) fault(v, "axis", "root of", axis->name);
        if (axis->size < 1 || axis->size != axis->root->size) fault(v, "axis", "size of", axis->name);
        for (int k = 0; k < i; k++)
            if (v->c->axes.at[k]->name == axis->name) fault(v, "axis", "two axes named", axis->name);
    }
}

static void check_free(Verify *v, const char *where, const CirAxis *axis, const CirAxes *free) {
    if (!listed(v->c, axis)) fault(v, where, "unlisted axis", axis->name);
    else if (!cir_axes_have(free, axis)) fault(v, where, "free axis", axis->name);
}

static void check_guard(Verify *v, const char *where, const CirGuard *guard, const CirAxes *free) {
    for (int i = 0; i < guard->count; i++) {
        if (guard->at[i].a) check_free(v, where, guard->at[i].a, free);
        if (guard->at[i].b) check_free(v, where, guard->at[i].b, free);
    }
}

static void check_index(Verify *v, const char *where, const CirExpr *e, const CirAxes *free) {
    for (int i = 0; i < e->entity->axes.count; i++) {
        const CirAxis *axis = e->entity->axes.at[i];
        const CirIndex *index = &e->index[i];
        if (index->kind == CIR_IX_CONST && (index->position < 0 || index->position >= axis->size))
            fault(v, where, "position outside of", axis->name);
        if (index->kind == CIR_IX_LAST && axis->kind != CIR_AXIS_CYCLE) fault(v, where, "last of", axis->name);
        if (index->kind != CIR_IX_AXIS) continue;
        check_free(v, where, index->axis, free);
        if (index->axis->root != axis->root) fault(v, where, "wrong index along", axis->name);
    }
}

static void check_expr(Verify *v, const char *where, const CirExpr *e, const CirAxes *free) {
    CirAxes inner = {0};
    for (int i = 0; i < free->count; i++) vec_push(v->c->arena, &inner, free->at[i]);
    for (int i = 0; i < e->bound.count; i++) {
        if (cir_axes_have(free, e->bound.at[i])) fault(v, where, "bound twice:", e->bound.at[i]->name);
        vec_push(v->c->arena, &inner, e->bound.at[i]);
    }
    if (e->op == CIR_POSITION) check_free(v, where, e->axis, free);
    if (e->op == CIR_SIZE && !listed(v->c, e->axis)) fault(v, where, "size of unlisted axis", e->axis->name);
    if (e->op == CIR_REF || e->op == CIR_PREVIOUS) check_index(v, where, e, free);
    check_guard(v, where, &e->guard, &inner);
    for (int i = 0; i < e->argc; i++) check_expr(v, where, e->arg[i], &inner);
}

static void check_equations(Verify *v, const char *where, const CirEquation *at, int count) {
    for (int i = 0; i < count; i++) {
        check_expr(v, where, at[i].value, &at[i].variable->axes);
        if (at[i].coefficient) check_expr(v, where, at[i].coefficient, &at[i].variable->axes);
    }
}

static void check_states(Verify *v, const char *where, const CirState *at, int count) {
    for (int i = 0; i < count; i++) check_expr(v, where, at[i].init, &at[i].variable->axes);
}

static void check_population(Verify *v, const CirPopulation *p) {
    check_equations(v, p->path, p->equations.at, p->equations.count);
    check_states(v, p->path, p->states.at, p->states.count);
    if (!cir_axes_same_set(&p->axes, &p->rate->axes)) fault(v, p->path, "axes of", "the rate");
    for (int i = 0; i < p->noises.count; i++)
        if (!cir_axes_same_set(&p->axes, &p->noises.at[i]->axes)) fault(v, p->path, "axes of", p->noises.at[i]->path);
    for (int i = 0; i < p->compartments.count; i++) {
        const CirCompartment *c = &p->compartments.at[i];
        if (!cir_axes_same_set(&p->axes, &c->entity->axes)) fault(v, p->path, "axes of", c->entity->path);
        if (c->otherwise) check_expr(v, p->path, c->otherwise, &p->axes);
    }
}

static void check_projection(Verify *v, const CirProjection *p) {
    CirAxes free = {0};
    for (int i = 0; i < p->target->axes.count; i++) vec_push(v->c->arena, &free, p->target->axes.at[i]);
    if (p->bias) check_expr(v, p->target->path, p->bias, &free);
    for (int i = 0; i < p->convergent.count; i++) {
        if (cir_axes_have(&free, p->convergent.at[i])) fault(v, p->target->path, "bound twice:", p->convergent.at[i]->name);
        vec_push(v->c->arena, &free, p->convergent.at[i]);
    }
    if (p->source) check_expr(v, p->target->path, p->source, &free);
    if (p->weight) check_expr(v, p->target->path, p->weight, &free);
    if (p->delay) check_expr(v, p->target->path, p->delay, &free);
    check_guard(v, p->target->path, &p->guard, &free);
}

char *cir_verify(const Circuit *c) {
    Verify v = {c, NULL};
    check_axes(&v);
    for (int i = 0; i < c->consts.count; i++)
        check_expr(&v, c->consts.at[i]->path, c->consts.at[i]->value, &c->consts.at[i]->axes);
    for (int i = 0; i < c->specs.count; i++)
        check_expr(&v, c->specs.at[i]->path, c->specs.at[i]->value, &c->specs.at[i]->axes);
    for (int i = 0; i < c->populations.count; i++) check_population(&v, c->populations.at[i]);
    for (int i = 0; i < c->projections.count; i++) check_projection(&v, c->projections.at[i]);
    for (int i = 0; i < c->synapses.count; i++) {
        const CirSynapse *s = c->synapses.at[i];
        check_equations(&v, s->path, s->equations.at, s->equations.count);
        check_states(&v, s->path, s->states.at, s->states.count);
    }
    for (int i = 0; i < c->checks.count; i++)
        if (!cir_axes_same_set(&c->checks.at[i].left->axes, &c->checks.at[i].right->axes))
            fault(&v, c->checks.at[i].name, "axes of", "the two sides");
    for (int i = 0; i < c->losses.count; i++)
        if (c->losses.at[i].entity->axes.count) fault(&v, c->losses.at[i].name, "axes of", "a loss");
    for (int i = 0; i < c->rules.count; i++)
        if (c->rules.at[i].entity->axes.count != c->rules.at[i].weight->axes.count)
            fault(&v, c->rules.at[i].name, "axes of", "a rule and its weight");
    for (int i = 0; i < c->learns.count; i++)
        if (c->learns.at[i].online && c->learns.at[i].online->axes.count != c->learns.at[i].weight->axes.count + 1)
            fault(&v, c->learns.at[i].online->path, "axes of", "a weight over cycles");
    return v.wrong;
}
