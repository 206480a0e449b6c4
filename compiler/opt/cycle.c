/* Once a cycle. In, out: any core program. An equation before a scan over the steps of a cycle that only this scan reads, where it
 * stands (`q[now, a]`), moves into the scan, to the beginning of each cycle: so it is not stored for all cycles, and a sequence of any
 * length can be streamed. Comes last, since other passes take out of a scan what does not depend on it. */
#include "opt/pass.h"

typedef struct Readers {
    const IrVar *v;
    const IrAxis *cycle;
    bool elsewhere; /* some reading is not of the point of the cycle that the reader stands at */
} Readers;

static void look(void *data, IrExpr *ref) {
    Readers *r = data;
    if (ref->var != r->v) return;
    for (int i = 0; i < ref->var->axis_count; i++) {
        bool here = ir_is_here(ref->index[i], r->cycle);
        if (ref->var->axes[i] == r->cycle && !here) r->elsewhere = true;
    }
    if (ref->op != IR_REF) r->elsewhere = true;
}

static void look_item(Readers *r, const IrItem *item, bool inside) {
    if (!item->var) return;
    ir_each_ref(item->var->def, look, r);
    r->elsewhere |= !inside && ir_uses_var(item->var->def, r->v);
    r->elsewhere |= item->var->init && ir_uses_var(item->var->init, r->v);
}

/* Is v read by the scan's body alone, each time at this point of the cycle? */
static bool of_the_cycle(Opt *o, const IrItem *scan, const IrVar *v) {
    const OptFact *f = opt_fact(o, v);
    Readers r = {v, ir_cycle_of(scan->axis), false};
    if (f->kept || v->init || !f->call || !ir_has_axis(v, r.cycle)) return false;
    for (int i = 0; i < o->p->items.count; i++) {
        const IrItem *item = o->p->items.at[i];
        look_item(&r, item, false);
        for (int k = 0; k < item->body_count; k++) look_item(&r, item->body[k], item == scan);
    }
    return !r.elsewhere;
}

static void put_first(Opt *o, IrItem *scan, IrItem *item) {
    IrItem **body = ARENA_ARRAY(o->p->arena, IrItem *, scan->body_count + 1);
    body[0] = item;
    for (int k = 0; k < scan->body_count; k++) body[k + 1] = scan->body[k];
    scan->body = body;
    scan->body_count++;
}

/* From the scan backwards, so that what a moved equation reads is looked at after it. */
static void take_in(Opt *o, IrItem *scan) {
    IrProgram *p = o->p;
    int at = 0;
    while (p->items.at[at] != scan) at++;
    for (int i = at - 1; i >= 0; i--) {
        IrItem *item = p->items.at[i];
        if (!item->var || !of_the_cycle(o, scan, item->var)) continue;
        for (int k = i; k + 1 < p->items.count; k++) p->items.at[k] = p->items.at[k + 1];
        p->items.count--;
        put_first(o, scan, item);
    }
}

void pass_cycle(Opt *o) {
    opt_facts(o);
    VEC(IrItem *) scans = {0};
    for (int i = 0; i < o->p->items.count; i++)
        if (ir_cycle_of(o->p->items.at[i]->axis)) vec_push(o->p->arena, &scans, o->p->items.at[i]);
    for (int i = 0; i < scans.count; i++) take_in(o, scans.at[i]);
    opt_facts(o);
}
