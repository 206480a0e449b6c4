/* What a scan looked back at, as a value of the finished scan: prev(m[now], lag) is select(position(now) <= lag - 1, init, m[now-lag]),
 * and the other way round in a reversed one. Along the steps of a cycle the point may be in a cycle before. A fix has settled: what the
 * iteration before left is what is there. */
#include "gradient/internal.h"

typedef struct Back {
    IrProgram *p;
    const IrExpr *e;       /* the look back */
    IrIndex *index;        /* of it */
    int along, outer;      /* places of the scan's axis and of its cycle among v's axes; outer -1: none */
    IrExpr *initial;
} Back;

static int place_of(const IrVar *v, const IrAxis *axis) {
    for (int i = 0; i < v->axis_count; i++)
        if (v->axes[i] == axis) return i;
    return -1;
}

/* value where the position at this place, `lag` points back in the scan's order, is one; else the initial value. */
static IrExpr *where_there(const Back *b, int place, int64_t lag, IrExpr *value) {
    IrProgram *p = b->p;
    IrAxis *axis = b->e->index[place].axis;
    if (lag <= 0) return value;
    if (!b->e->var->reversed) return ir_select(p, ir_op2(p, IR_LE, ir_pos(p, axis), ir_lit(p, (double)(lag - 1))), b->initial, value);
    IrExpr *most = ir_op2(p, IR_SUB, ir_size(p, axis), ir_lit(p, (double)(lag + 1)));
    return ir_select(p, ir_op2(p, IR_LE, ir_pos(p, axis), most), value, b->initial);
}

/* v so many cycles and steps back, which may be ahead. */
static IrExpr *value_at(const Back *b, int64_t cycles, int64_t steps) {
    const IrVar *v = b->e->var;
    IrIndex *index = arena_copy(b->p->arena, b->index, sizeof *index * (size_t)v->axis_count);
    index[b->along].offset += v->reversed ? steps : -steps;
    if (b->outer >= 0) index[b->outer].offset += v->reversed ? cycles : -cycles;
    return ir_ref(b->p, b->e->var, index);
}

/* The steps of cycles: lag = cycles * n + rest; the first `rest` steps of a cycle (in the scan's order) look into one cycle more. */
static IrExpr *across_cycles(const Back *b, int64_t n) {
    IrProgram *p = b->p;
    int64_t cycles = b->e->lag / n, rest = b->e->lag % n;
    IrExpr *near = where_there(b, b->outer, cycles, value_at(b, cycles, rest));
    if (!rest) return near;
    IrExpr *far = where_there(b, b->outer, cycles + 1, value_at(b, cycles + 1, rest - n)), *step = ir_pos(p, b->e->index[b->along].axis);
    if (b->e->var->reversed) return ir_select(p, ir_op2(p, IR_LE, step, ir_lit(p, (double)(n - 1 - rest))), near, far);
    return ir_select(p, ir_op2(p, IR_LE, step, ir_lit(p, (double)(rest - 1))), far, near);
}

static IrExpr *stored(void *data, IrExpr *e) {
    const Gradient *g = data;
    if (e->op != IR_PREV) return e;
    IrVar *v = e->var;
    if (!v->scan_axis) return ir_ref(g->p, v, e->index);
    Back b = {.p = g->p, .e = e, .index = e->index, .along = place_of(v, v->scan_axis), .outer = place_of(v, ir_cycle_of(v->scan_axis))};
    b.initial = ir_substitute(g->p, v->init, v->axis_count, v->axes, e->index);
    if (b.outer >= 0) return across_cycles(&b, v->scan_axis->root->size);
    return where_there(&b, b.along, e->lag, value_at(&b, 0, e->lag));
}

IrExpr *gradient_stored(Gradient *g, IrExpr *e) {
    return ir_map(g->p, e, stored, g);
}

/* ---- at the adjoint's steps -------------------------------------------------------------------------------------------- */
/* Among the equations of the adjoint's steps, which are not all there yet, or before those, with the ones of the cycle. */
static void place_first(Gradient *g, IrItem *item) {
    Items *list = g->at_steps;
    int at = list->count;
    vec_push(g->p->arena, list, item);
    if (ir_has_axis(item->var, g->steps->axis)) return;
    for (int i = at; i > 0 && ir_has_axis(list->at[i - 1]->var, g->steps->axis); i--) list->at[i] = list->at[i - 1], list->at[i - 1] = item;
}

static IrVar *before_new(Gradient *g, IrVar *v, int64_t lag) {
    IrProgram *p = g->p;
    IrVar *before = ir_var_new(p, VAR_ALG, name_printf(p->names, "%s.before", v->name), v->axis_count, v->axes);
    before->def = stored(g, ir_prev_by(p, v, NULL, lag));
    before->span = v->span;
    IrItem *item = ir_item_new(p, ITEM_ALG);
    item->var = before;
    place_first(g, item);
    vec_push(p->arena, &g->befores, ((Before){v, lag, before}));
    return before;
}

/* So it is chosen once which cycle a step looks into, and not for each of its readers. */
static IrExpr *stored_here(void *data, IrExpr *e) {
    Gradient *g = data;
    bool here = e->op == IR_PREV && g->at_steps && ir_in_body(g->steps, e->var);
    if (!here) return stored(data, e);
    for (int i = 0; i < g->befores.count; i++)
        if (g->befores.at[i].of == e->var && g->befores.at[i].lag == e->lag) return ir_ref(g->p, g->befores.at[i].var, e->index);
    return ir_ref(g->p, before_new(g, e->var, e->lag), e->index);
}

IrExpr *gradient_stored_here(Gradient *g, IrExpr *e) {
    return ir_map(g->p, e, stored_here, g);
}
