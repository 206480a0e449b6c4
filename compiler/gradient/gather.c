/* What many steps of time hear of one thing. The equations of the steps of a scan read weights, stimuli, and what is computed once a
 * cycle; each of these hears from every step, and a sum over steps from outside would need the adjoints and the forward values of all of
 * them at once. So the adjoint's scan adds up as it goes: of a variable v that has no steps,
 *     v.heard[now, step, I] init 0 = prev(v.heard[now, step, I]) + what this step leaves for v at I
 * over all steps, or, where v was read along the cycle, anew in each cycle; v's adjoint reads it at the step that is done last. */
#include "gradient/internal.h"

typedef struct Heard { /* readings that name the same axes of the cycle, of v */
    const IrVar *v;
    const IrExpr *like;  /* the first of them */
    IrVar *each;         /* v as one step hears it: a name for its axes, no variable of the program */
    IrExpr *sum;         /* what this step leaves */
    bool each_cycle;     /* some axis of v was read along the cycle */
} Heard;

typedef struct Gather {
    Gradient *g;
    const IrItem *scan;
    IrAxis *cycle;
    VEC(Heard) heard;
} Gather;

static bool along_cycle(const Gather *s, IrIndex index) { return s->cycle && index.kind == IX_AXIS && index.axis == s->cycle; }

static bool is_like(const Gather *s, const Heard *h, const IrExpr *ref) {
    if (h->v != ref->var || h->like->op != ref->op || h->like->lag != ref->lag) return false;
    for (int i = 0; i < ref->var->axis_count; i++) {
        IrIndex a = h->like->index[i], b = ref->index[i];
        if (along_cycle(s, a) != along_cycle(s, b) || (along_cycle(s, a) && a.offset != b.offset)) return false;
    }
    return true;
}

/* Over time, and v's axes without those that were read along the cycle. */
static Heard heard_new(const Gather *s, const IrExpr *ref) {
    IrProgram *p = s->g->p;
    const IrVar *v = ref->var;
    IrAxis *axes[v->axis_count + 2];
    int count = 0;
    Heard h = {.v = v, .like = ref, .each = ARENA_NEW(p->arena, IrVar)};
    if (s->cycle) axes[count++] = s->cycle;
    axes[count++] = s->scan->axis;
    for (int i = 0; i < v->axis_count; i++) {
        if (along_cycle(s, ref->index[i])) h.each_cycle = true;
        else axes[count++] = v->axes[i] == s->cycle ? ir_axis_copy(p, v->axes[i]) : v->axes[i];
    }
    *h.each = (IrVar){.name = v->name, .kind = VAR_ALG, .axis_count = count, .axes = arena_copy(p->arena, axes, sizeof *axes * (size_t)count)};
    return h;
}

static Heard *heard_of(Gather *s, const IrExpr *ref) {
    for (int i = 0; i < s->heard.count; i++)
        if (is_like(s, &s->heard.at[i], ref)) return &s->heard.at[i];
    vec_push(s->g->p->arena, &s->heard, heard_new(s, ref));
    return &s->heard.at[s->heard.count - 1];
}

/* The reading as one of `each`, at this step. */
static void add_reading(Gather *s, const Reading *reading) {
    IrProgram *p = s->g->p;
    const IrExpr *ref = reading->ref;
    Heard *h = heard_of(s, ref);
    IrIndex index[h->each->axis_count];
    int count = 0;
    if (s->cycle) index[count++] = ir_index(s->cycle);
    index[count++] = ir_index(s->scan->axis);
    for (int i = 0; i < ref->var->axis_count; i++)
        if (!along_cycle(s, ref->index[i])) index[count++] = ref->index[i];
    Reading own = {ir_ref(p, h->each, index), reading->scope, reading->cotangent};
    IrExpr *e = gradient_turn(s->g, h->each, &own);
    h->sum = h->sum ? ir_op2(p, IR_ADD, h->sum, e) : e;
}

/* ---- the sums ---------------------------------------------------------------------------------------------------------- */
static void place(const Gather *s, Items *items, IrVar *v) {
    IrItem *item = ir_item_new(s->g->p, ITEM_ALG);
    item->var = v;
    vec_push(s->g->p->arena, items, item);
}

/* The adjoint's scan does this step first of its cycle. */
static IrExpr *is_first_step(const Gather *s) {
    IrProgram *p = s->g->p;
    IrExpr *at = ir_pos(p, s->scan->axis);
    if (s->scan->reversed) return ir_op2(p, IR_LE, at, ir_lit(p, 0));
    return ir_op2(p, IR_LE, ir_lit(p, (double)(s->scan->axis->root->size - 1)), at);
}

static IrVar *state_of(const Gather *s, Name name, const IrVar *like) {
    IrVar *state = ir_var_new(s->g->p, VAR_STATE, name, like->axis_count, like->axes);
    state->init = ir_lit(s->g->p, 0);
    state->scan_axis = s->scan->axis;
    state->reversed = !s->scan->reversed;
    return state;
}

static IrVar *sum_of(const Gather *s, const Heard *h, Items *steps) {
    IrProgram *p = s->g->p;
    IrVar *sum = state_of(s, name_printf(p->names, "%s.heard", h->v->name), h->each);
    IrExpr *before = ir_prev(p, sum, NULL);
    if (h->each_cycle) before = ir_select(p, is_first_step(s), ir_lit(p, 0), before);
    sum->def = ir_op2(p, IR_ADD, before, h->sum);
    sum->span = h->v->span;
    place(s, steps, sum);
    return sum;
}

/* A cycle's sum is there when the cycle ends, and not afterwards: for who reads it from outside it gets an equation over the cycle. */
static IrExpr *at_cycle_end(const Gather *s, const IrVar *sum, IrExpr *value, Items *end) {
    IrProgram *p = s->g->p;
    IrAxis *axes[sum->axis_count];
    int count = 0;
    for (int i = 0; i < sum->axis_count; i++)
        if (sum->axes[i] != s->scan->axis) axes[count++] = sum->axes[i];
    IrVar *part = ir_var_new(p, VAR_ALG, name_printf(p->names, "%s.cycle", sum->name), count, axes);
    part->def = value;
    part->span = sum->span;
    place(s, end, part);
    return ir_ref(p, part, NULL);
}

/* v, read once a cycle, or once in all, with the sum as its cotangent. */
static void read_sum(Gather *s, const Heard *h, IrVar *sum, Items *end) {
    IrProgram *p = s->g->p;
    Adjoint *a = gradient_adjoint(s->g, h->v);
    IrIndex last = ir_end(!s->scan->reversed), index[h->v->axis_count + 1], at[sum->axis_count];
    const Scope *scope = h->each_cycle ? gradient_scope_axis(s->g, NULL, s->cycle) : NULL;
    int first = s->cycle ? 2 : 1, own = first;
    for (int i = 0; i < sum->axis_count; i++) {
        at[i] = i < first ? last : ir_index(sum->axes[i]);
        if (i >= first) scope = gradient_scope_axis(s->g, scope, sum->axes[i]);
    }
    if (h->each_cycle) at[0] = ir_index(s->cycle);
    for (int i = 0; i < h->v->axis_count; i++) index[i] = along_cycle(s, h->like->index[i]) ? h->like->index[i] : ir_index(sum->axes[own++]);
    IrExpr *cotangent = ir_ref(p, sum, at);
    if (h->each_cycle && !ir_in_body(s->scan, h->v)) cotangent = at_cycle_end(s, sum, cotangent, end);
    IrExpr *ref = h->like->op == IR_PREV ? ir_prev_by(p, (IrVar *)h->v, index, h->like->lag) : ir_ref(p, (IrVar *)h->v, index);
    Reading reading = {ref, scope, cotangent};
    vec_push(p->arena, h->like->op == IR_PREV ? &a->backs : &a->readings, reading);
}

void gradient_gather(Gradient *g, const IrItem *scan, Items *steps, Items *end) {
    Gather s = {.g = g, .scan = scan, .cycle = ir_cycle_of(scan->axis)};
    for (int i = 0; i < g->adjoints.count; i++) {
        Adjoint *a = &g->adjoints.at[i];
        for (int k = 0; k < a->gathers.count; k++) add_reading(&s, &a->gathers.at[k]);
        a->gathers.count = 0;
    }
    for (int i = 0; i < s.heard.count; i++) read_sum(&s, &s.heard.at[i], sum_of(&s, &s.heard.at[i], steps), end);
}

/* ---- the last points --------------------------------------------------------------------------------------------------- */
/* Is the position less than `count` from where the adjoint's scan ends? */
static IrExpr *near_end(const Gather *s, IrAxis *axis, int64_t count) {
    IrProgram *p = s->g->p;
    if (!s->scan->reversed) return ir_op2(p, IR_LE, ir_pos(p, axis), ir_lit(p, (double)(count - 1)));
    return ir_op2(p, IR_LE, ir_op2(p, IR_SUB, ir_size(p, axis), ir_lit(p, (double)count)), ir_pos(p, axis));
}

/* lag = cycles * n + rest: all of the last cycles, and of the one before them the last `rest` steps. */
static IrExpr *if_near_end(const Gather *s, int64_t lag, IrExpr *e) {
    IrProgram *p = s->g->p;
    int64_t n = s->scan->axis->root->size, cycles = lag / n, rest = lag % n;
    IrExpr *zero = ir_lit(p, 0), *part = rest ? ir_select(p, near_end(s, s->scan->axis, rest), e, zero) : zero;
    if (!s->cycle) return cycles ? e : part;
    if (rest) part = ir_select(p, near_end(s, s->cycle, cycles + 1), part, zero);
    return cycles ? ir_select(p, near_end(s, s->cycle, cycles), e, part) : part;
}

IrExpr *gradient_gather_last(Gradient *g, const IrItem *scan, const IrVar *v, IrVar *over, int64_t lag, Items *steps) {
    Gather s = {.g = g, .scan = scan, .cycle = ir_cycle_of(scan->axis)};
    IrVar *sum = state_of(&s, name_printf(g->p->names, "%s.left", v->name), over);
    sum->def = ir_op2(g->p, IR_ADD, ir_prev(g->p, sum, NULL), if_near_end(&s, lag, ir_ref(g->p, over, NULL)));
    sum->span = v->span;
    place(&s, steps, sum);
    IrIndex index[sum->axis_count];
    for (int i = 0; i < sum->axis_count; i++)
        index[i] = sum->axes[i] == scan->axis || sum->axes[i] == s.cycle ? ir_end(!scan->reversed) : ir_index(sum->axes[i]);
    return ir_ref(g->p, sum, index);
}
