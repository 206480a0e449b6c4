/* What a dynamic program can take in and give out cycle by cycle, so that memory does not grow with the length of a sequence: the
 * runtime shows it a window of such a buffer at a time. */
#include "codegen/cg.h"

typedef struct Readings {
    const IrVar *v;
    const IrItem *scan;   /* in whose body we look, or NULL */
    const IrItem *within; /* the scan that all readings so far are in */
    bool whole, any;      /* some reading is of another point than the cycle's own */
} Readings;

static void look(void *data, IrExpr *ref) {
    Readings *r = data;
    if (ref->var != r->v) return;
    const IrAxis *cycle = r->scan ? ir_cycle_of(r->scan->axis) : NULL;
    bool here = cycle && ref->op == IR_REF && ir_is_here(ref->index[0], cycle);
    r->whole |= !here || (r->within && r->within != r->scan);
    r->within = r->scan;
    r->any = true;
}

static void look_item(Readings *r, const IrItem *item) {
    if (item->var->def) ir_each_ref(item->var->def, look, r);
    r->whole |= item->var->init && ir_uses_var(item->var->init, r->v);
}

static Readings readings_of(const IrProgram *p, const IrVar *v) {
    Readings r = {.v = v};
    for (int i = 0; i < p->items.count; i++) {
        const IrItem *item = p->items.at[i];
        r.scan = NULL;
        if (item->var) look_item(&r, item);
        r.scan = item->kind == ITEM_SCAN ? item : NULL;
        for (int k = 0; k < item->body_count; k++) look_item(&r, item->body[k]);
    }
    return r;
}

static const IrItem *owner_of(const IrProgram *p, const IrVar *v) {
    for (int i = 0; i < p->items.count; i++)
        for (int k = 0; k < p->items.at[i]->body_count; k++)
            if (p->items.at[i]->body[k]->var == v) return p->items.at[i];
    return NULL;
}

/* Its steps are done again when all cycles have passed (again.c). */
static bool comes_again(const CgModule *m, const IrItem *scan) {
    for (int i = 0; i < m->schedule->back_count; i++)
        if (m->schedule->back[i].length && schedule_in_segments(&m->schedule->back[i], scan)) return true;
    return false;
}

bool cg_streams(const CgModule *m, const IrVar *v) {
    if (v->axis_count == 0) return false;
    Readings r = readings_of(m->p, v);
    if (v->kind == VAR_STIMULUS) return r.any && !r.whole && !comes_again(m, r.within);
    const IrItem *owner = owner_of(m->p, v);
    return owner && !comes_again(m, owner) && owner->kind == ITEM_SCAN && ir_cycle_of(owner->axis) == v->axes[0] && v->axes[0] && (!r.any || (!r.whole && r.within == owner));
}
