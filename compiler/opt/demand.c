/* Demand: which points of an equation anything needs. A guard restricts what is evaluated inside its sum, and the
 * restriction is pulled back to equations that are read nowhere else: with `sum(token where token <= now) E[token, now] *
 * v[token]` only the points token <= now of E, and of the score it is made of, are computed. */
#include "opt/pass.h"

typedef struct Pull {
    Opt *o;
    OptDemand *demand;
    const OptAtoms *active;
} Pull;

/* The axis of ref's variable that is read at `axis` alone, or NULL. */
static IrAxis *own_axis(const IrExpr *ref, const IrAxis *axis) {
    for (int i = 0; i < ref->var->axis_count; i++)
        if (ir_is_here(ref->index[i], axis)) return ref->var->axes[i];
    return NULL;
}

static bool same_atom(const IrAtom *a, const IrAtom *b) {
    return a->a == b->a && a->b == b->b && a->bound == b->bound && a->relation == b->relation;
}

static bool has_atom(const OptAtoms *list, const IrAtom *t) {
    for (int i = 0; i < list->count; i++)
        if (same_atom(&list->at[i], t)) return true;
    return false;
}

/* One reading: its restrictions, over the variable's own axes; several readings keep what all of them have. */
static void pull_ref(Pull *pull, const IrExpr *ref) {
    OptAtoms here = {0};
    for (int i = 0; i < pull->active->count; i++) {
        IrAtom t = pull->active->at[i];
        IrAxis *a = t.a ? own_axis(ref, t.a) : NULL, *b = t.b ? own_axis(ref, t.b) : NULL;
        if ((t.a && !a) || (t.b && !b)) continue;
        t.a = a, t.b = b;
        vec_push(pull->o->p->arena, &here, t);
    }
    OptDemand *d = &pull->demand[ref->var->id];
    if (!d->read) {
        d->read = true;
        d->atoms = here;
        return;
    }
    int n = 0;
    for (int i = 0; i < d->atoms.count; i++)
        if (has_atom(&here, &d->atoms.at[i])) d->atoms.at[n++] = d->atoms.at[i];
    d->atoms.count = n;
}

static void pull_expr(Pull *pull, const IrExpr *e, OptAtoms *active) {
    int count = active->count;
    for (int i = 0; i < e->guard.count; i++) vec_push(pull->o->p->arena, active, e->guard.atom[i]);
    if (e->op == IR_REF || e->op == IR_PREV) pull_ref(pull, e);
    for (int i = 0; i < e->argc; i++) pull_expr(pull, e->arg[i], active);
    active->count = count;
}

/* Everything is needed of what is kept, a state, or stands in a body (its reading there may be of another point). */
static void whole(OptDemand *d) {
    d->read = true;
    d->atoms.count = 0;
}

static void pull_item(Opt *o, OptDemand *demand, const IrItem *item, bool in_body) {
    const IrVar *v = item->var;
    OptDemand *d = &demand[v->id];
    if (in_body || opt_fact(o, v)->kept || opt_fact(o, v)->through_prev || v->init) whole(d);
    OptAtoms active = {0};
    for (int i = 0; i < d->atoms.count; i++) vec_push(o->p->arena, &active, d->atoms.at[i]);
    Pull pull = {o, demand, &active};
    pull_expr(&pull, v->def, &active);
    if (!v->init) return;
    active.count = 0;
    pull_expr(&pull, v->init, &active);
}

OptDemand *opt_demand(Opt *o) {
    OptDemand *demand = ARENA_ARRAY(o->p->arena, OptDemand, o->p->vars.count + 1);
    for (int i = o->p->items.count - 1; i >= 0; i--) {
        const IrItem *item = o->p->items.at[i];
        if (item->var) pull_item(o, demand, item, false);
        for (int k = item->body_count - 1; k >= 0; k--) pull_item(o, demand, item->body[k], true);
    }
    return demand;
}
