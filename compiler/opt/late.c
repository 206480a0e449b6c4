/* Readers that come too late to sink. In, out: any core program. An equation that reads a scan's variables point by point, and something
 * else that is known only after the scan, stands outside of it and needs all points at once: such is the adjoint of what a memory is read
 * with, `q.bar[i, a] = sum(c) m[i, c, a] * o.bar[i, c]`. Where the points hold much, the equation moves into a scan in the other
 * direction: one that reads the scan already, or what the equation makes, as a gradient's does; or one of its own. What a scan that goes
 * back reads has not to be stored for all points: the schedule may keep some of them and do the others again (schedule_again.c). */
#include "opt/pass.h"
#include "opt/schedule.h"

typedef struct Late {
    Opt *o;
    const IrItem *scan;
    int *place;        /* by variable id: of its axis along the scan, for what is large and made of its points one by one; else -1 */
    const IrItem *item; /* that reads */
    IrAxis *along;     /* what it calls the scan's axis; NULL: it reads nothing large */
    double largest;    /* of what it reads */
    bool elsewhere;    /* it reads something of other points than its own and, of states, of those before */
} Late;

/* At which point is it read? NULL: at one that is not known, or is behind. */
static IrAxis *point_of(const Late *l, const IrExpr *ref) {
    IrIndex index = ref->index[l->place[ref->var->id]];
    bool before = index.offset == 0 || (index.offset < 0 && ref->var->init && !l->scan->reversed);
    return ref->op == IR_REF && index.kind == IX_AXIS && before ? index.axis : NULL;
}

static void look(void *data, IrExpr *ref) {
    Late *l = data;
    if (l->place[ref->var->id] < 0) return;
    if (opt_elements(l->o, ref->var) > l->largest) l->largest = opt_elements(l->o, ref->var);
    IrAxis *point = point_of(l, ref);
    if (!point || (l->along && l->along != point)) l->elsewhere = true;
    l->along = point;
}

/* Reads the item something large of the scan, each time of one point? It has that point itself. */
static bool is_late(Late *l, const IrItem *item) {
    IrVar *v = item->var;
    if (!v || v->init || opt_has_guard(v->def)) return false;
    l->item = item, l->along = NULL, l->elsewhere = false, l->largest = 0;
    ir_each_ref(v->def, look, l);
    if (l->elsewhere || !l->along || !ir_has_axis(v, l->along)) return false;
    return l->along == l->scan->axis || (!ir_has_axis(v, l->scan->axis) && !opt_fact(l->o, v)->kept);
}

static void mark(Late *l, const IrVar *v, const IrAxis *along) {
    if (opt_elements(l->o, v) > l->o->most_kept) l->place[v->id] = schedule_place(v, along);
}

/* The scan's own, and what is made of that outside of it. */
static void find_large(Late *l) {
    const IrProgram *p = l->o->p;
    l->place = ARENA_ARRAY(p->arena, int, p->vars.count + 1);
    for (int i = 0; i < p->vars.count; i++) l->place[i] = -1;
    for (int i = 0; i < l->scan->body_count; i++) mark(l, l->scan->body[i]->var, l->scan->axis);
    for (int i = 0; i < p->items.count; i++)
        if (is_late(l, p->items.at[i])) mark(l, p->items.at[i]->var, l->along);
}

/* ---- where to ---------------------------------------------------------------------------------------------------------- */
typedef struct Heard { /* what a scan and an equation outside of it hear of each other */
    const IrItem *scan;
    const IrVar *v;       /* the equation's */
    const IrAxis *along;
    const bool *later;    /* by variable id: made of one of them */
    bool elsewhere;       /* something is read that is not of the same point */
} Heard;

static void hear_scan(void *data, IrExpr *ref) {
    Heard *h = data;
    bool here = ref->op == IR_REF;
    for (int i = 0; i < ref->var->axis_count; i++)
        if (ref->var->axes[i] == h->scan->axis && !ir_is_here(ref->index[i], h->along)) here = false;
    if (h->later[ref->var->id] && !(ir_in_body(h->scan, ref->var) && here)) h->elsewhere = true;
}

static void hear_item(void *data, IrExpr *ref) {
    Heard *h = data;
    bool here = ref->op == IR_REF;
    for (int i = 0; i < ref->var->axis_count; i++)
        if (ref->var == h->v && ref->var->axes[i] == h->along && !ir_is_here(ref->index[i], h->scan->axis)) here = false;
    if (h->later[ref->var->id] && !ir_in_body(h->scan, ref->var) && !(ref->var == h->v && here)) h->elsewhere = true;
}

/* The item at `at` may be one of `back`'s equations: neither waits for the other, but for what it hears of it at its own point. */
static bool may_join(const Late *l, int at, int back) {
    const IrProgram *p = l->o->p;
    Heard h = {.scan = p->items.at[back], .v = l->item->var, .along = l->along};
    h.later = opt_dependents(l->o, at < back ? at : back);
    if (at > back) ir_each_ref(l->item->var->def, hear_scan, &h);
    else ir_each_read_of(h.scan, hear_item, &h);
    return !h.elsewhere;
}

static bool is_read(const IrVar *v, const IrItem *by) {
    for (int i = 0; i < by->body_count; i++)
        if (ir_uses_var(by->body[i]->var->def, v) || (by->body[i]->var->init && ir_uses_var(by->body[i]->var->init, v))) return true;
    return by->var && ir_uses_var(by->var->def, v);
}

static bool reads_large(const Late *l, const IrItem *back) {
    Late reader = *l;
    reader.along = NULL, reader.elsewhere = false;
    for (int i = 0; i < back->body_count; i++) ir_each_ref(back->body[i]->var->def, look, &reader);
    return reader.along || reader.elsewhere;
}

/* What is as large as what it is made of moves if it need not be stored: nobody else reads it. */
static bool is_worth_it(const Late *l, const IrItem *back) {
    const IrVar *v = l->item->var;
    const IrProgram *p = l->o->p;
    if (opt_elements(l->o, v) < l->largest) return true;
    bool other = !back || opt_fact(l->o, v)->kept;
    for (int i = 0; i < p->items.count; i++) other |= p->items.at[i] != back && is_read(v, p->items.at[i]);
    return !other;
}

static IrItem *scan_for(const Late *l, int at) {
    const IrProgram *p = l->o->p;
    for (int i = 0; i < p->items.count; i++) {
        IrItem *back = p->items.at[i];
        bool other = back->kind == ITEM_SCAN && back->axis == l->scan->axis && back->reversed != l->scan->reversed;
        if (other && (reads_large(l, back) || is_read(l->item->var, back)) && may_join(l, at, i) && is_worth_it(l, back)) return back;
    }
    return NULL;
}

static IrItem *own_scan(const Late *l) {
    IrItem *back = ir_item_new(l->o->p, ITEM_SCAN);
    back->axis = l->scan->axis;
    back->reversed = !l->scan->reversed;
    vec_push(l->o->p->arena, &l->o->p->items, back);
    return back;
}

static bool move(const Late *l, int at) {
    IrProgram *p = l->o->p;
    IrItem *item = p->items.at[at], *back = scan_for(l, at);
    if (!back && !is_worth_it(l, NULL)) return false;
    if (!back) back = own_scan(l);
    for (int i = at + 1; i < p->items.count; i++) p->items.at[i - 1] = p->items.at[i];
    p->items.count--;
    opt_into_scan(l->o, back, item, l->along, is_read(item->var, back));
    opt_in_order(l->o);
    return true;
}

/* What is left behind is at other places now: from the beginning. */
static bool move_one(Late *l) {
    const IrProgram *p = l->o->p;
    find_large(l);
    for (int i = 0; i < p->items.count; i++)
        if (is_late(l, p->items.at[i]) && move(l, i)) return true;
    return false;
}

void pass_late(Opt *o) {
    ItemList scans = {0};
    opt_facts(o);
    for (int i = 0; i < o->p->items.count; i++) {
        IrItem *scan = o->p->items.at[i];
        if (scan->kind == ITEM_SCAN && !scan->reversed && scan->axis->kind != AXIS_STEP) vec_push(o->p->arena, &scans, scan);
    }
    for (int i = 0; i < scans.count; i++) {
        Late l = {.o = o, .scan = scans.at[i]};
        while (move_one(&l)) {}
    }
}
