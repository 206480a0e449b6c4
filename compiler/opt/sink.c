/* Sinking readers into scans. In, out: any core program. An equation after a scan over i that reads its state only at the
 * same point (`o[i, c] = sum(a) m[i, c, a] * q[i, a]`) moves into the body, so that the state, often much larger than what
 * is read from it, is not stored for all i. Equations that do not depend on the scan are moved before it first. */
#include "opt/pass.h"

/* Items that do not depend on the scan at `at` go before it; its new position. */
static int delay(Opt *o, int at) {
    IrProgram *p = o->p;
    const bool *later = opt_dependents(o, at);
    ItemList before = {0}, after = {0};
    for (int i = at + 1; i < p->items.count; i++) {
        if (opt_item_reads(p->items.at[i], later)) vec_push(p->arena, &after, p->items.at[i]);
        else vec_push(p->arena, &before, p->items.at[i]);
    }
    IrItem *scan = p->items.at[at];
    int n = at;
    for (int i = 0; i < before.count; i++) p->items.at[n++] = before.at[i];
    p->items.at[n] = scan;
    for (int i = 0; i < after.count; i++) p->items.at[n + 1 + i] = after.at[i];
    return n;
}

typedef struct Candidate {
    Opt *o;
    const IrItem *scan;
    const bool *later; /* depends on the scan and is not of its body */
    IrAxis *along;     /* the axis its readers use for the scan's own; NULL before the first */
    double largest;    /* of the body variables read */
    bool fits;
} Candidate;

static void look(void *data, IrExpr *ref) {
    Candidate *c = data;
    if (!ir_in_body(c->scan, ref->var)) {
        if (c->later[ref->var->id]) c->fits = false;
        return;
    }
    int at = -1;
    for (int i = 0; i < ref->var->axis_count; i++)
        if (ref->var->axes[i] == c->scan->axis) at = i;
    if (at < 0 || ref->op != IR_REF || ref->index[at].kind != IX_AXIS || ref->index[at].offset) {
        c->fits = false;
        return;
    }
    IrAxis *axis = ref->index[at].axis;
    if (c->along && c->along != axis) c->fits = false;
    c->along = axis;
    double n = opt_elements(c->o, ref->var);
    if (n > c->largest) c->largest = n;
}

static bool may_sink(Opt *o, const IrItem *scan, const IrItem *item, const bool *later, IrAxis **along) {
    Candidate c = {o, scan, later, NULL, 0, true};
    IrVar *v = item->var;
    if (!v || v->init || opt_has_guard(v->def)) return false;
    ir_each_ref(v->def, look, &c);
    if (!c.fits || !c.along || c.largest <= opt_elements(o, v)) return false;
    *along = c.along;
    bool own = false, twice = false; /* v[token, now] read at m[token] cannot have now twice */
    for (int i = 0; i < v->axis_count; i++) {
        own |= v->axes[i] == c.along;
        twice |= c.along != scan->axis && v->axes[i] == scan->axis;
    }
    return own && !twice && (c.along == scan->axis || !opt_fact(o, v)->kept);
}

static void sink_into(Opt *o, int at) {
    IrProgram *p = o->p;
    at = delay(o, at);
    IrItem *scan = p->items.at[at];
    bool *later = ARENA_ARRAY(p->arena, bool, p->vars.count + 1);
    int n = at + 1;
    for (int i = at + 1; i < p->items.count; i++) {
        IrItem *item = p->items.at[i];
        IrAxis *along = NULL;
        if (may_sink(o, scan, item, later, &along)) {
            opt_into_scan(o, scan, item, along, false);
            continue;
        }
        opt_mark_item(item, later);
        p->items.at[n++] = item;
    }
    p->items.count = n;
}

void pass_sink(Opt *o) {
    opt_facts(o);
    VEC(IrItem *) scans = {0};
    for (int i = 0; i < o->p->items.count; i++)
        if (o->p->items.at[i]->kind == ITEM_SCAN) vec_push(o->p->arena, &scans, o->p->items.at[i]);
    for (int s = 0; s < scans.count; s++)
        for (int i = 0; i < o->p->items.count; i++)
            if (o->p->items.at[i] == scans.at[s]) {
                sink_into(o, i);
                break;
            }
    opt_facts(o);
}
