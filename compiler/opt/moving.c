/* Where items stand: what depends on an item, the order of the program, equations that move into a scan (pass.h). */
#include <string.h>

#include "opt/pass.h"

typedef struct Reads {
    const bool *marked; /* by variable id */
    bool found;
} Reads;

static void read_marked(void *data, IrExpr *ref) {
    Reads *r = data;
    if (r->marked[ref->var->id]) r->found = true;
}

bool opt_item_reads(const IrItem *item, const bool *marked) {
    Reads r = {marked, false};
    ir_each_read_of(item, read_marked, &r);
    return r.found;
}

static void mark(const IrItem *item, bool *marked, bool value) {
    if (item->var) marked[item->var->id] = value;
    for (int k = 0; k < item->body_count; k++) marked[item->body[k]->var->id] = value;
}

void opt_mark_item(const IrItem *item, bool *marked) {
    mark(item, marked, true);
}

bool *opt_dependents(const Opt *o, int at) {
    const IrProgram *p = o->p;
    bool *later = ARENA_ARRAY(p->arena, bool, p->vars.count + 1);
    opt_mark_item(p->items.at[at], later);
    for (int i = at + 1; i < p->items.count; i++)
        if (opt_item_reads(p->items.at[i], later)) opt_mark_item(p->items.at[i], later);
    return later;
}

/* ---- order ---------------------------------------------------------------------------------------------------------- */
/* Those that wait for nothing but what is there, the first first. */
static void go_on(Opt *o, ItemList *waiting, bool *missing) {
    for (int i = 0; i < waiting->count; i++) {
        IrItem *item = waiting->at[i];
        mark(item, missing, false); /* a scan reads itself */
        if (opt_item_reads(item, missing)) {
            mark(item, missing, true);
            continue;
        }
        vec_push(o->p->arena, &o->p->items, item);
        for (int k = i + 1; k < waiting->count; k++) waiting->at[k - 1] = waiting->at[k];
        waiting->count--;
        i = -1;
    }
}

void opt_in_order(Opt *o) {
    IrProgram *p = o->p;
    ItemList before = {0}, waiting = {0};
    bool *missing = ARENA_ARRAY(p->arena, bool, p->vars.count + 1);
    for (int i = 0; i < p->items.count; i++) {
        vec_push(p->arena, &before, p->items.at[i]);
        mark(p->items.at[i], missing, true);
    }
    p->items.count = 0;
    for (int i = 0; i < before.count; i++) {
        vec_push(p->arena, &waiting, before.at[i]);
        go_on(o, &waiting, missing);
    }
}

/* ---- into a scan -------------------------------------------------------------------------------------------------------- */
/* v over the scan's own axis instead of `along`. */
static void rename_axis(Opt *o, IrVar *v, IrAxis *along, IrAxis *own) {
    if (along == own) return;
    IrIndex to = ir_index(own);
    v->def = ir_substitute(o->p, v->def, 1, &along, &to);
    v->axes = arena_copy(o->p->arena, v->axes, sizeof *v->axes * (size_t)v->axis_count);
    for (int i = 0; i < v->axis_count; i++)
        if (v->axes[i] == along) v->axes[i] = own;
}

void opt_into_scan(Opt *o, IrItem *scan, IrItem *item, IrAxis *along, bool first) {
    IrItem **body = ARENA_ARRAY(o->p->arena, IrItem *, scan->body_count + 1);
    rename_axis(o, item->var, along, scan->axis);
    if (scan->body_count) memcpy(body + first, scan->body, sizeof *body * (size_t)scan->body_count);
    body[first ? 0 : scan->body_count] = item;
    scan->body = body;
    scan->body_count++;
}
