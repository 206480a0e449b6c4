/* Adjoints of scans and fixpoints.
 *
 * Scan. The adjoint of what a scan computes is a scan in the other direction. A body equation reads v at its own point, or looks
 * back at v by a lag. What it leaves for v by looking back is a state of the adjoint's scan, written at the point that looks and
 * read, by the same lag, at the point that was looked at:
 *     v.carry[t] init 0 = what the readers at t leave for v        v.bar[t] = readings at t, and from outside + prev(v.carry[t])
 * Where a carry is made of adjoints alone, and of nothing that differs from point to point (a leak, not a gate), these are the
 * states, and there is no carry: v.bar[t] init 0 = readings + 0.9 * prev(v.bar[t]), which opt/ sees as the sum it may be.
 *
 * Beyond the end there is nobody to look back: 0. What is left at the beginning belongs to v's initial value. The forward values
 * that these equations read are the scan's, stored; they are never computed back from later ones.
 *
 * Fix. At the fixed point r = f(r, x) the adjoint is that of one iteration, with r itself in the place of the iteration before:
 *     r.bar = cotangent + (df/dr)^T r.bar        x.bar = (df/dx)^T r.bar
 * which is linear, and solved by iterating as the fix does; it converges when that does. Its scale is the loss's, so no absolute
 * tolerance fits: it runs until nothing moves. The initial value has no part in it. */
#include "gradient/internal.h"

enum { MORE_ITERATIONS = 4 }; /* than the fix is allowed: those stop at its tolerance, these at the last digit */

static void add_carry(Gradient *g, const IrItem *group, IrVar *v, int64_t lag) {
    IrProgram *p = g->p;
    Adjoint *a = gradient_adjoint(g, v);
    for (int i = 0; i < a->carries.count; i++)
        if (a->carries.at[i].lag == lag) return;
    IrVar *carry = ir_var_new(p, VAR_STATE, name_printf(p->names, "%s.carry", v->name), v->axis_count, v->axes);
    carry->init = ir_lit(p, 0);
    carry->span = v->span;
    if (group->kind == ITEM_SCAN) carry->scan_axis = ir_scan_axis(group, v), carry->reversed = !group->reversed;
    vec_push(p->arena, &a->carries, ((Carry){carry, lag, NULL}));
}

typedef struct Looking {
    Gradient *g;
    const IrItem *group;
} Looking;

static void look_back(void *data, IrExpr *ref) {
    Looking *l = data;
    Adjoint *a = gradient_adjoint(l->g, ref->var);
    if (ref->op != IR_PREV || !a->active) return;
    a->whole = true;
    add_carry(l->g, l->group, ref->var, l->group->kind == ITEM_SCAN ? ref->lag : 1);
}

static void find_carries(Gradient *g, const IrItem *group) {
    Looking l = {g, group};
    for (int i = 0; i < group->body_count; i++)
        if (gradient_adjoint(g, group->body[i]->var)->active) gradient_each_leaf(group->body[i]->var->def, look_back, &l);
}

static void place(Gradient *g, Items *body, IrVar *v) {
    IrItem *item = ir_item_new(g->p, ITEM_ALG);
    item->var = v;
    vec_push(g->p->arena, body, item);
}

static void follow_body(Gradient *g, IrVar *v, Items *body) {
    IrProgram *p = g->p;
    Adjoint *a = gradient_adjoint(g, v);
    IrExpr *e = gradient_pull(g, v);
    for (int i = 0; i < a->carries.count; i++) {
        IrExpr *later = ir_prev_by(p, a->carries.at[i].var, NULL, a->carries.at[i].lag);
        e = e ? ir_op2(p, IR_ADD, e, later) : later;
    }
    gradient_define(g, v, e, body);
    gradient_follow_definition(g, v);
}

static void define_carries(Gradient *g, const IrVar *v, Items *body) {
    const Adjoint *a = gradient_adjoint(g, v);
    for (int i = 0; i < a->carries.count; i++) {
        IrExpr *e = gradient_pull_backs(g, v, a->carries.at[i].lag);
        a->carries.at[i].var->def = e ? e : ir_lit(g->p, 0);
        place(g, body, a->carries.at[i].var);
    }
}

/* ---- carries that are not needed --------------------------------------------------------------------------------------- */
typedef struct Steady {
    Gradient *g;
    Items *body;
    IrAxis *along;
    const IrVar *carry; /* to be replaced, by */
    IrExpr *by;
} Steady;

static bool in_body(const Items *body, const IrVar *v) {
    for (int i = 0; i < body->count; i++)
        if (body->at[i]->var == v) return true;
    return false;
}

/* Nothing of e but the body's adjoints depends on the point of the scan. */
static bool is_steady(const Steady *s, const IrExpr *e) {
    if (e->op == IR_PREV) return false;
    if (e->op == IR_REF && !in_body(s->body, e->var) && ir_uses_axis(e, s->along)) return false;
    if (e->op == IR_POS && e->axis == s->along) return false;
    for (int i = 0; i < e->guard.count; i++)
        if (e->guard.atom[i].a == s->along || e->guard.atom[i].b == s->along) return false;
    for (int i = 0; i < e->argc; i++)
        if (!is_steady(s, e->arg[i])) return false;
    return true;
}

/* At the point before (in the order of the adjoint's scan); what is read there becomes a state. */
static IrExpr *at_point_before(void *data, IrExpr *e) {
    Steady *s = data;
    if (e->op != IR_REF || !in_body(s->body, e->var)) return e;
    IrVar *v = e->var;
    v->kind = VAR_STATE;
    v->init = ir_lit(s->g->p, 0);
    v->scan_axis = s->along;
    v->reversed = s->carry->reversed;
    return ir_prev(s->g->p, v, e->index);
}

static IrExpr *replace_carry(void *data, IrExpr *e) {
    Steady *s = data;
    return e->op == IR_PREV && e->var == s->carry ? s->by : e;
}

static void drop_carry(Steady *s, Carry *carry) {
    IrProgram *p = s->g->p;
    Items *body = s->body;
    carry->steady = carry->var->def;
    s->carry = carry->var;
    s->by = ir_map(p, ir_substitute(p, carry->steady, 0, NULL, NULL), at_point_before, s);
    int n = 0;
    for (int i = 0; i < body->count; i++) {
        if (body->at[i]->var == s->carry) continue;
        body->at[n++] = body->at[i];
        body->at[i]->var->def = ir_map(p, body->at[i]->var->def, replace_carry, s);
    }
    body->count = n;
    carry->var = NULL;
}

static void drop_carries(Gradient *g, const IrItem *scan, Items *body) {
    Steady s = {.g = g, .body = body, .along = scan->axis};
    for (int i = 0; i < scan->body_count; i++) {
        Adjoint *a = gradient_adjoint(g, scan->body[i]->var);
        for (int k = 0; k < a->carries.count; k++)
            if (a->carries.at[k].lag == 1 && is_steady(&s, a->carries.at[k].var->def)) drop_carry(&s, &a->carries.at[k]);
    }
}

/* ---- initial values ---------------------------------------------------------------------------------------------------- */
/* What is left of a carry for the points before the first: its last `lag` points, in the order of the adjoint's scan. */
static IrExpr *left_over(Gradient *g, const Carry *carry, IrAxis *along, bool reversed) {
    IrProgram *p = g->p;
    IrVar *v = carry->var;
    IrIndex end = ir_end(reversed);
    if (!v) return ir_substitute(p, carry->steady, 1, &along, &end);
    IrIndex index[v->axis_count + 1];
    IrAxis *at = carry->lag > 1 ? ir_axis_copy(p, along) : NULL;
    for (int i = 0; i < v->axis_count; i++) index[i] = v->axes[i] != along ? ir_index(v->axes[i]) : at ? ir_index(at) : end;
    IrExpr *e = ir_ref(p, v, index);
    if (!at) return e;
    IrAtom first = {at, NULL, carry->lag - 1, GUARD_LE};
    if (reversed) return ir_reduce(p, IR_SUM, 1, &at, (IrGuard){1, &first}, e);
    IrExpr *end_test = ir_op2(p, IR_LE, ir_op2(p, IR_SUB, ir_size(p, at), ir_lit(p, (double)carry->lag)), ir_pos(p, at));
    return ir_reduce(p, IR_SUM, 1, &at, (IrGuard){0, NULL}, ir_select(p, end_test, e, ir_lit(p, 0)));
}

static bool is_time(const IrItem *scan, const IrAxis *axis) {
    return axis == scan->axis || (axis && axis == ir_cycle_of(scan->axis));
}

/* The same of a state over steps: where these are many, they are added up on the way. */
static IrExpr *left_over_steps(Gradient *g, const IrItem *scan, const IrVar *v, const Carry *carry, Items *steps) {
    if (carry->lag > 1) return gradient_gather_last(g, scan, v, carry->var, carry->lag, steps);
    IrIndex index[v->axis_count + 1];
    for (int i = 0; i < v->axis_count; i++) index[i] = is_time(scan, v->axes[i]) ? ir_end(!scan->reversed) : ir_index(v->axes[i]);
    return ir_ref(g->p, carry->var, index);
}

static void follow_initial(Gradient *g, const IrItem *scan, IrVar *v, Items *steps) {
    const Adjoint *a = gradient_adjoint(g, v);
    if (!v->init || !a->carries.count || !gradient_has_active(g, v->init)) return;
    IrExpr *cotangent = NULL;
    for (int i = 0; i < a->carries.count; i++) {
        const Carry *carry = &a->carries.at[i];
        IrAxis *along = ir_scan_axis(scan, v);
        bool step = along->kind == AXIS_STEP;
        IrExpr *e = step ? left_over_steps(g, scan, v, carry, steps) : left_over(g, carry, along, !scan->reversed);
        cotangent = cotangent ? ir_op2(g->p, IR_ADD, cotangent, e) : e;
    }
    const Scope *scope = NULL;
    for (int i = 0; i < v->axis_count; i++)
        if (!is_time(scan, v->axes[i])) scope = gradient_scope_axis(g, scope, v->axes[i]);
    gradient_follow(g, v->init, scope, cotangent, NULL);
}

/* ---- all --------------------------------------------------------------------------------------------------------------- */
typedef struct Range { /* of a body: first <= i < end */
    int first, end;
} Range;

/* Equations of the scan's points; in a scan over the steps of a cycle those of the cycle stand before and behind them. */
static Range points_of(const IrItem *group) {
    Range r = {0, group->body_count};
    if (group->kind != ITEM_SCAN) return r;
    while (r.first < r.end && !ir_has_axis(group->body[r.first]->var, group->axis)) r.first++;
    while (r.end > r.first && !ir_has_axis(group->body[r.end - 1]->var, group->axis)) r.end--;
    return r;
}

static void follow_range(Gradient *g, const IrItem *group, Range r, Items *body) {
    for (int i = r.end - 1; i >= r.first; i--) {
        IrVar *v = group->body[i]->var;
        if (gradient_adjoint(g, v)->active) follow_body(g, v, body);
    }
}

static void append(Gradient *g, Items *to, const Items *from) {
    for (int i = 0; i < from->count; i++) vec_push(g->p->arena, to, from->at[i]);
}

/* The adjoints of what is computed once a cycle, behind the steps, stand before those of the steps, and the other way round. */
static Items follow_group(Gradient *g, const IrItem *group) {
    bool steps = group->kind == ITEM_SCAN && group->axis->kind == AXIS_STEP;
    Range points = points_of(group);
    Items body = {0}, end = {0};
    follow_range(g, group, (Range){points.end, group->body_count}, &body);
    if (steps) g->steps = group, g->at_steps = &body;
    follow_range(g, group, points, &body);
    for (int i = points.first; i < points.end; i++) define_carries(g, group->body[i]->var, &body);
    if (steps) gradient_gather(g, group, &body, &end);
    g->steps = NULL, g->at_steps = NULL;
    follow_range(g, group, (Range){0, points.first}, &end);
    for (int i = 0; i < group->body_count; i++)
        if (i < points.first || i >= points.end) define_carries(g, group->body[i]->var, &end);
    for (int i = 0; i < group->body_count && steps; i++) follow_initial(g, group, group->body[i]->var, &body);
    append(g, &body, &end);
    return body;
}

void gradient_group(Gradient *g, IrItem *group) {
    IrProgram *p = g->p;
    find_carries(g, group);
    Items body = follow_group(g, group);
    bool plain = group->kind == ITEM_SCAN && group->axis->kind != AXIS_STEP;
    if (plain) drop_carries(g, group, &body);
    if (!body.count) return;
    IrItem *item = ir_item_new(p, group->kind);
    item->axis = group->axis;
    item->reversed = group->kind == ITEM_SCAN && !group->reversed;
    item->count = MORE_ITERATIONS * group->count;
    item->body = body.at;
    item->body_count = body.count;
    vec_push(p->arena, &p->items, item);
    for (int i = 0; i < group->body_count && plain; i++) follow_initial(g, group, group->body[i]->var, NULL);
}
