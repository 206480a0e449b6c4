/* Unused axes. In: any core program. Out: an equation whose definition does not mention one of its axes loses that axis:
 * what a cell hears in every cycle alike (its keys, a bias) is computed once, not once a cycle. Kept tensors and what a
 * scan or a fixpoint carries stay as they are, and in its body the axes that say which of its points an equation is of. */
#include "opt/pass.h"

typedef struct Narrow {
    Opt *o;
    bool **unused; /* by variable id: one flag for each axis, or NULL */
} Narrow;

static IrExpr *without(void *data, IrExpr *e) {
    Narrow *n = data;
    if (e->op != IR_REF || e->var->id >= n->o->fact_count || !n->unused[e->var->id]) return e;
    IrExpr *made = arena_copy(n->o->p->arena, e, sizeof *e);
    const bool *unused = n->unused[e->var->id];
    int count = 0;
    made->index = ARENA_ARRAY(n->o->p->arena, IrIndex, e->var->axis_count);
    for (int i = 0; i < e->var->axis_count; i++)
        if (!unused[i]) made->index[count++] = e->index[i];
    return made;
}

static bool rewrite(Opt *o, IrItem *item, Place *place, void *data) {
    (void)place;
    item->var->def = ir_map(o->p, item->var->def, without, data);
    if (item->var->init) item->var->init = ir_map(o->p, item->var->init, without, data);
    return false;
}

static bool says_when(const OptFact *f, const IrAxis *axis) {
    return f->owner && f->owner->kind == ITEM_SCAN && (axis == f->owner->axis || axis == ir_cycle_of(f->owner->axis));
}

/* Flags of v's axes that its definition does not use, or NULL when all are needed. */
static bool *unused_axes(Opt *o, const IrVar *v) {
    const OptFact *f = opt_fact(o, v);
    if (v->kind != VAR_ALG || !v->def || v->init || f->kept || f->through_prev) return NULL;
    bool *flags = ARENA_ARRAY(o->p->arena, bool, v->axis_count + 1), any = false;
    for (int i = 0; i < v->axis_count; i++)
        any |= flags[i] = !says_when(f, v->axes[i]) && !ir_uses_axis(v->def, v->axes[i]);
    return any ? flags : NULL;
}

static void drop_axes(IrVar *v, const bool *unused) {
    int count = 0;
    for (int i = 0; i < v->axis_count; i++)
        if (!unused[i]) v->axes[count++] = v->axes[i];
    v->axis_count = count;
}

void pass_narrow(Opt *o) {
    for (bool changed = true; changed;) { /* a reader may lose an axis once what it reads has */
        changed = false;
        opt_facts(o);
        Narrow n = {o, ARENA_ARRAY(o->p->arena, bool *, o->p->vars.count + 1)};
        for (int i = 0; i < o->p->vars.count; i++) changed |= (n.unused[i] = unused_axes(o, o->p->vars.at[i])) != NULL;
        if (!changed) break;
        opt_each_equation(o, rewrite, &n);
        for (int i = 0; i < o->p->vars.count; i++)
            if (i < o->fact_count && n.unused[i]) drop_axes(o->p->vars.at[i], n.unused[i]);
    }
    opt_facts(o);
}
