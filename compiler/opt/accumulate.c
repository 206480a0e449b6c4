/* Sums over a scan's points. In, out: any core program. An equation that sums over all points of a scan what the scan makes there,
 * `b.bar[h] = sum(i, c, a) n[i, h, c, a] * m.bar[i, h, c, a]`, needs it of all points at once. Where the points hold much
 * (schedule_most_kept), and the sum no more than one of them, it is added up on the way: a state of the scan, read at its end. */
#include "opt/pass.h"

typedef struct Sum {
    Opt *o;
    const IrItem *scan;
    const bool *later; /* by variable id: made of the scan, or its own */
    IrAxis *along;     /* what it calls the scan's axis; NULL: it reads nothing of it */
    double largest;    /* of what it reads of the scan */
    bool elsewhere;    /* it reads other points, or what comes after the scan */
} Sum;

static void look(void *data, IrExpr *ref) {
    Sum *s = data;
    if (!s->later[ref->var->id]) return;
    IrAxis *point = NULL;
    for (int i = 0; i < ref->var->axis_count && ir_in_body(s->scan, ref->var); i++)
        if (ref->var->axes[i] == s->scan->axis && ref->index[i].kind == IX_AXIS && !ref->index[i].offset) point = ref->index[i].axis;
    if (!point || (s->along && s->along != point)) s->elsewhere = true;
    s->along = point;
    if (opt_elements(s->o, ref->var) > s->largest) s->largest = opt_elements(s->o, ref->var);
}

static bool fits(Sum *s, const IrVar *v) {
    s->along = NULL, s->largest = 0, s->elsewhere = false;
    if (v->def->op != IR_SUM || v->init || opt_has_guard(v->def) || ir_has_axis(v, s->scan->axis)) return false;
    ir_each_ref(v->def, look, s);
    if (s->elsewhere || !s->along || !ir_binds(v->def, s->along)) return false;
    return s->largest > s->o->most_kept && opt_elements(s->o, v) * opt_size(s->o, s->along) <= s->largest;
}

/* What one point leaves: the sum without the axis of the points. */
static IrExpr *of_one_point(const Sum *s, const IrExpr *sum) {
    IrProgram *p = s->o->p;
    IrAxis *bound[sum->bound_count + 1];
    IrIndex here = ir_index((IrAxis *)s->scan->axis);
    int count = 0;
    for (int i = 0; i < sum->bound_count; i++)
        if (sum->bound[i] != s->along) bound[count++] = sum->bound[i];
    IrExpr *e = ir_substitute(p, sum->arg[0], 1, &s->along, &here);
    return count ? ir_reduce(p, IR_SUM, count, bound, (IrGuard){0}, e) : e;
}

static void add_up(const Sum *s, IrItem *scan, IrVar *v) {
    IrProgram *p = s->o->p;
    IrAxis *axes[v->axis_count + 1];
    IrIndex end[v->axis_count + 1];
    axes[0] = scan->axis, end[0] = ir_end(scan->reversed);
    for (int i = 0; i < v->axis_count; i++) axes[i + 1] = v->axes[i], end[i + 1] = ir_index(v->axes[i]);
    IrVar *sum = ir_var_new(p, VAR_STATE, name_printf(p->names, "%s.running", v->name), v->axis_count + 1, axes);
    sum->init = ir_lit(p, 0);
    sum->scan_axis = scan->axis, sum->reversed = scan->reversed;
    sum->def = ir_op2(p, IR_ADD, ir_prev(p, sum, NULL), of_one_point(s, v->def));
    sum->span = v->span;
    IrItem *item = ir_item_new(p, ITEM_ALG);
    item->var = sum;
    opt_into_scan(s->o, scan, item, scan->axis, false);
    v->def = ir_ref(p, sum, end);
}

static bool add_one(Opt *o, IrItem *scan) {
    IrProgram *p = o->p;
    int at = 0;
    while (p->items.at[at] != scan) at++;
    Sum s = {.o = o, .scan = scan, .later = opt_dependents(o, at)};
    for (int i = 0; i < p->items.count; i++) {
        if (!p->items.at[i]->var || !fits(&s, p->items.at[i]->var)) continue;
        add_up(&s, scan, p->items.at[i]->var);
        opt_in_order(o);
        opt_facts(o);
        return true;
    }
    return false;
}

void pass_accumulate(Opt *o) {
    ItemList scans = {0};
    opt_facts(o);
    for (int i = 0; i < o->p->items.count; i++) {
        IrItem *scan = o->p->items.at[i];
        if (scan->kind == ITEM_SCAN && scan->axis->kind != AXIS_STEP) vec_push(o->p->arena, &scans, scan);
    }
    for (int i = 0; i < scans.count; i++)
        while (add_one(o, scans.at[i])) {}
}
