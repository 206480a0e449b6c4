/* Views. In, out: any core program. A variable that only renames another (or is a number) is read through: relay nuclei,
 * untouched compartments. A kept variable (output, record, check side) that renames an inner one takes over its equation,
 * so that nothing is copied. */
#include "opt/pass.h"

typedef struct Views { Opt *o; const IrItem *owner; } Views;

static bool plain(const IrExpr *e) {
    for (int i = 0; i < e->var->axis_count; i++)
        if (e->index[i].kind != IX_AXIS || e->index[i].offset) return false;
    return true;
}

/* A step of time that is there once a cycle, and not afterwards. */
static bool passes_by(const IrItem *owner, const IrVar *v) {
    bool cycle = owner && ir_cycle_of(owner->axis) && !ir_has_axis(v, owner->axis);
    return cycle && v->def->op == IR_REF && ir_has_axis(v->def->var, owner->axis);
}

static bool is_view(const Views *w, const IrVar *v) {
    const OptFact *f = opt_fact(w->o, v);
    if (v->kind != VAR_ALG || !v->def || v->init || f->kept || f->through_prev) return false;
    if (f->owner && f->owner->kind == ITEM_FIX) return false;
    if (w->owner != f->owner && passes_by(f->owner, v)) return false;
    return v->def->op == IR_REF || opt_scalar(v->def);
}

static IrExpr *through(void *data, IrExpr *e) {
    const Views *w = data;
    for (int depth = 0; depth < 1000 && e->op == IR_REF && is_view(w, e->var); depth++) e = ir_inline(w->o->p, e);
    return e;
}

static bool read_through(Opt *o, IrItem *item, Place *place, void *data) {
    (void)data;
    Views w = {o, place->owner};
    item->var->def = ir_map(o->p, item->var->def, through, &w);
    if (item->var->init) item->var->init = ir_map(o->p, item->var->init, through, &w);
    return false;
}

/* kept K[I] = v[I'] with I' a permutation of I: K takes v's equation and v becomes the view. */
static void take_over(Opt *o, IrVar *kept) {
    IrExpr *e = kept->def;
    if (e->op != IR_REF || e->var->axis_count != kept->axis_count || !plain(e)) return;
    IrVar *v = e->var;
    const OptFact *f = opt_fact(o, v), *k = opt_fact(o, kept);
    if (v->kind != VAR_ALG || v->init || v->def->op == IR_REF) return;
    if (f->kept || f->through_prev || f->owner || k->owner || !f->item) return;
    IrIndex to[v->axis_count + 1], back[v->axis_count + 1];
    for (int i = 0; i < kept->axis_count; i++) {
        int at = -1;
        for (int j = 0; j < v->axis_count; j++)
            if (e->index[j].axis == kept->axes[i]) at = j;
        if (at < 0) return;
        to[at] = ir_index(kept->axes[i]);
        back[i] = ir_index(v->axes[at]);
    }
    kept->def = ir_substitute(o->p, v->def, v->axis_count, v->axes, to);
    v->def = ir_ref(o->p, kept, back);
    IrItem *first = f->item, *second = k->item;
    first->var = kept;
    second->var = v;
    o->fact[kept->id].item = first;
    o->fact[v->id].item = second;
}

void pass_views(Opt *o) {
    opt_facts(o);
    opt_each_equation(o, read_through, NULL);
    opt_facts(o);
    for (int i = 0; i < o->p->vars.count; i++) {
        IrVar *v = o->p->vars.at[i];
        if (!o->fact[i].kept || v->kind != VAR_ALG || v->init || !v->def) continue;
        take_over(o, v);
    }
    opt_facts(o);
    opt_each_equation(o, read_through, NULL);
    pass_dead(o);
    opt_facts(o);
}
