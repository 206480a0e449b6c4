/* What a scan leaves. In, out: any core program. Another scan along the same axis that reads a state at its last point all the time
 * (`m[last, c, a]`) would need that point while others are there, where segments of both are done again: the last one gets an equation of
 * its own, behind the scan. So a state is read point by point or not at all (late.c, schedule_again.c). */
#include "opt/pass.h"

typedef struct End {
    const IrVar *state;
    IrVar *end;
} End;

typedef struct Ends {
    Opt *o;
    const IrItem *scan; /* that leaves it */
    VEC(End) known;
    ItemList made;
} Ends;

static bool is_time(const IrVar *v, const IrAxis *axis) {
    return axis == v->scan_axis || axis == ir_cycle_of(v->scan_axis);
}

/* Over the state's axes but those of time. */
static IrVar *end_of(Ends *s, IrVar *v) {
    IrProgram *p = s->o->p;
    IrAxis *axes[v->axis_count + 1];
    IrIndex index[v->axis_count + 1];
    int count = 0;
    for (int i = 0; i < s->known.count; i++)
        if (s->known.at[i].state == v) return s->known.at[i].end;
    for (int i = 0; i < v->axis_count; i++) {
        index[i] = is_time(v, v->axes[i]) ? ir_end(v->reversed) : ir_index(v->axes[i]);
        if (!is_time(v, v->axes[i])) axes[count++] = v->axes[i];
    }
    IrVar *end = ir_var_new(p, VAR_ALG, name_printf(p->names, "%s.end", v->name), count, axes);
    end->def = ir_ref(p, v, index);
    end->span = v->span;
    IrItem *item = ir_item_new(p, ITEM_ALG);
    item->var = end;
    vec_push(p->arena, &s->made, item);
    vec_push(p->arena, &s->known, ((End){v, end}));
    return end;
}

static IrExpr *named(void *data, IrExpr *e) {
    Ends *s = data;
    if (e->op != IR_REF || !ir_in_body(s->scan, e->var) || !ir_reads_end(e)) return e;
    IrIndex index[e->var->axis_count + 1];
    int count = 0;
    for (int i = 0; i < e->var->axis_count; i++)
        if (!is_time(e->var, e->var->axes[i])) index[count++] = e->index[i];
    return ir_ref(s->o->p, end_of(s, e->var), index);
}

static void look_along(Ends *s) {
    IrProgram *p = s->o->p;
    for (int i = 0; i < p->items.count; i++) {
        const IrItem *other = p->items.at[i];
        if (other->kind != ITEM_SCAN || other->axis != s->scan->axis || other == s->scan) continue;
        for (int k = 0; k < other->body_count; k++) other->body[k]->var->def = ir_map(p, other->body[k]->var->def, named, s);
    }
}

void pass_ends(Opt *o) {
    IrProgram *p = o->p;
    ItemList items = {0};
    opt_facts(o);
    for (int i = 0; i < p->items.count; i++) {
        Ends s = {.o = o, .scan = p->items.at[i]};
        vec_push(p->arena, &items, p->items.at[i]);
        if (s.scan->kind != ITEM_SCAN || s.scan->reversed) continue;
        look_along(&s);
        for (int k = 0; k < s.made.count; k++) vec_push(p->arena, &items, s.made.at[k]);
    }
    p->items.at = items.at, p->items.count = items.count, p->items.capacity = items.capacity;
    opt_facts(o);
}
