/* See interpret.h. Steps in order: equations, scans, fixed points. */
#include "reference/interpret.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/draw.h"
#include "reference/plan.h"

RefArithmetic ref_float64(void) {
    return (RefArithmetic){.unit = 0x1p-53, .tiny = 0x1p-1074, .flush = 0x1p-1022, .ulps = 4,
                           .largest = 0x1.fffffffffffffp1023};
}

RefArithmetic ref_float32(void) {
    return (RefArithmetic){.unit = 0x1p-24, .tiny = 0x1p-149, .flush = 0x1p-126, .ulps = 4, .largest = 0x1.fffffep127};
}

RefArithmetic ref_integers(void) {
    return (RefArithmetic){.largest = 0x1p53, .integers = true};
}

Reference *ref_new(const IrProgram *p, const int64_t *size, RefArithmetic how, IrVar *const *keep, int keep_count) {
    Arena *arena = arena_new();
    Reference *r = ARENA_NEW(arena, Reference);
    *r = (Reference){.arena = arena, .p = p, .how = how, .seed = 1};
    r->size = ARENA_ARRAY(arena, int64_t, p->axes.count);
    r->position = ARENA_ARRAY(arena, int64_t, p->axes.count);
    r->tensor = ARENA_ARRAY(arena, Tensor, p->vars.count);
    r->in_body = ARENA_ARRAY(arena, bool, p->vars.count);
    for (int i = 0; i < p->axes.count; i++) r->size[i] = size && size[i] > 0 ? size[i] : p->axes.at[i]->size;
    for (int i = 0; i < (keep ? keep_count : p->vars.count); i++) {
        Tensor *t = &r->tensor[keep ? keep[i]->id : p->vars.at[i]->id];
        t->needed = t->kept = true;
    }
    plan_program(r);
    return r;
}

static void release(Tensor *t) {
    free(t->slots ? t->ring : t->value);
    free(t->before);
    t->ring = t->value = t->bound = t->before = t->before_bound = NULL;
}

void ref_free(Reference *r) {
    if (!r) return;
    for (int i = 0; i < r->p->vars.count; i++) release(&r->tensor[i]);
    for (int i = 0; i < r->hoisted.count; i++) release(r->hoisted.at[i]);
    arena_free(r->arena);
}

double ref_cost(const Reference *r) {
    return r->cost;
}

double ref_bytes(const Reference *r) {
    return r->bytes;
}

double ref_largest_bound(const Reference *r) {
    return r->largest_bound;
}

int64_t ref_size(const Reference *r, const IrAxis *axis) {
    return run_size(r, axis);
}

RefTensor ref_tensor(const Reference *r, const IrVar *v) {
    const Tensor *t = &r->tensor[v->id];
    return (RefTensor){t->rank, t->size, t->count, t->value, t->bound};
}

/* ---- memory and inputs ------------------------------------------------------------------------------------------- */
static bool no_memory(Reference *r, const Tensor *t, double count) {
    r->error = arena_printf(r->arena, "not enough memory for %.0f values of '%s'", count, t->var ? t->var->name : "a sum");
    return false;
}

static bool allocate_ring(Reference *r, Tensor *t, size_t count) {
    if (!t->ring) t->ring = calloc(2 * count * (size_t)t->slots, sizeof(double));
    return t->ring || no_memory(r, t, (double)count * (double)t->slots);
}

static bool allocate(Reference *r, Tensor *t) {
    size_t count = t->count > 0 ? (size_t)t->count : 1;
    if (t->slots) return allocate_ring(r, t, count);
    if (!t->value) t->value = calloc(2 * count, sizeof(double));
    if (t->fixing && !t->before) t->before = calloc(2 * count, sizeof(double));
    if (!t->value || (t->fixing && !t->before)) return no_memory(r, t, (double)t->count);
    t->bound = t->value + count;
    if (t->fixing) t->before_bound = t->before + count;
    return true;
}

/* Where a weight lies along a bounded axis, it is stored at the bound. */
static int64_t stored_size(const IrVar *v, const Tensor *t, int dim) {
    return v->kind == VAR_WEIGHT ? v->axes[dim]->root->size : t->size[dim];
}

int64_t ref_input_count(const Reference *r, const IrVar *input) {
    const Tensor *t = &r->tensor[input->id];
    int64_t count = 1;
    for (int i = 0; i < t->rank; i++) count *= stored_size(input, t, i);
    return count;
}

static double input_bound(const Reference *r, double value) {
    if (r->how.integers) return fabs(value);
    if (r->how.unit < 0x1p-50) return 0; /* the data are float64 numbers */
    return (double)(float)value == value ? 0 : r->how.unit * fabs(value) + r->how.tiny;
}

static void copy_input(Reference *r, const IrVar *v, Tensor *t, int dim, int64_t from, int64_t to, const double *data) {
    if (dim == t->rank) {
        t->value[to] = data[from];
        t->bound[to] = input_bound(r, data[from]);
        return;
    }
    int64_t stored = stored_size(v, t, dim);
    for (int64_t i = 0; i < t->size[dim]; i++) copy_input(r, v, t, dim + 1, from * stored + i, to * t->size[dim] + i, data);
}

void ref_bind(Reference *r, const IrVar *input, const double *data) {
    Tensor *t = &r->tensor[input->id];
    if (input->kind == VAR_NOISE) return; /* drawn step by step */
    if (!allocate(r, t)) return;
    copy_input(r, input, t, 0, 0, 0, data);
    t->bound_by_caller = true;
}

void ref_take_as_exact(Reference *r, const IrVar *v) {
    r->tensor[v->id].exact = true;
}

/* ---- scans and fixed points -------------------------------------------------------------------------------------- */
static void evaluate_all(Reference *r, const Equations *list) {
    for (int i = 0; i < list->count; i++) evaluate_equation(r, list->at[i]);
}

/* The numbers that every noise has at step number `step` of all. The native program rounds them to its own type. */
static void draw_noise(Reference *r, int64_t step) {
    for (int i = 0; i < r->p->vars.count; i++) {
        Tensor *t = &r->tensor[i];
        if (t->var->kind != VAR_NOISE || !t->needed) continue;
        rt_normals(r->seed, rt_stream(t->var->name), step, t->count, RT_F64, t->value);
        for (int64_t k = 0; k < t->count; k++) t->bound[k] = input_bound(r, t->value[k]);
    }
}

/* The places of this step in the rings. */
static void turn_rings(Reference *r, const IrItem *scan) {
    for (int i = 0; i < scan->body_count; i++) {
        Tensor *t = &r->tensor[scan->body[i]->var->id];
        if (!t->slots) continue;
        t->value = t->ring + 2 * t->count * (r->time % t->slots);
        t->bound = t->value + t->count;
    }
}

static void run_steps(Reference *r, const Step *step) {
    const IrItem *scan = step->item;
    const IrAxis *cycle = ir_cycle_of(scan->axis);
    int64_t size = run_size(r, scan->axis), done = cycle ? size * r->position[cycle->id] : 0; /* in cycles before this one */
    for (int64_t i = 0; i < size; i++, r->time++) {
        r->position[scan->axis->id] = scan->reversed ? size - 1 - i : i;
        draw_noise(r, done + r->position[scan->axis->id]);
        turn_rings(r, scan);
        evaluate_all(r, &step->body);
    }
}

static void run_scan(Reference *r, const Step *step) {
    const IrAxis *cycle = ir_cycle_of(step->item->axis);
    r->time = 0;
    if (!cycle) {
        run_steps(r, step);
        return;
    }
    for (int64_t i = 0, cycles = run_size(r, cycle); i < cycles; i++) {
        r->position[cycle->id] = step->item->reversed ? cycles - 1 - i : i;
        evaluate_all(r, &step->begin);
        run_steps(r, step);
        evaluate_all(r, &step->end);
    }
}

static void start_iterates(Reference *r, const Step *step) {
    for (int i = 0; i < step->item->body_count; i++) {
        Tensor *t = &r->tensor[step->item->body[i]->var->id];
        if (!t->init) continue; /* before the first iterate: 0 (calloc) */
        memcpy(t->before, t->init->value, sizeof(double) * (size_t)t->count);
        memcpy(t->before_bound, t->init->bound, sizeof(double) * (size_t)t->count);
    }
}

/* This iterate becomes the one before; returns how far a state moved at most. */
static double latch(Reference *r, const Step *step) {
    double most = 0;
    for (int i = 0; i < step->item->body_count; i++) {
        const IrVar *v = step->item->body[i]->var;
        Tensor *t = &r->tensor[v->id];
        for (int64_t k = 0; v->init && k < t->count; k++) {
            double moved = fabs(t->value[k] - t->before[k]);
            if (!(moved <= most)) most = moved;
        }
        memcpy(t->before, t->value, sizeof(double) * (size_t)t->count);
        memcpy(t->before_bound, t->bound, sizeof(double) * (size_t)t->count);
    }
    return most;
}

static double largest_bound(const Reference *r, const Step *step) {
    double most = 0;
    for (int i = 0; i < step->item->body_count; i++) {
        const IrVar *v = step->item->body[i]->var;
        const Tensor *t = &r->tensor[v->id];
        for (int64_t k = 0; v->init && k < t->count; k++)
            if (!(t->bound[k] <= most)) most = t->bound[k];
    }
    return most;
}

static void set_bounds_before(Reference *r, const Step *step, double bound, bool at_most) {
    for (int i = 0; i < step->item->body_count; i++) {
        Tensor *t = &r->tensor[step->item->body[i]->var->id];
        for (int64_t k = 0; k < t->count; k++)
            if (!at_most || !(t->before_bound[k] <= bound)) t->before_bound[k] = bound;
    }
}

/* Where an iteration that converged with ratio `rate` can stop, and what its roundings add: an error e made in every
 * iteration, and a stop within `tolerance`, leave at most (e + tolerance) / (1 - rate) in the limit. The rate is
 * measured, and taken twice as near to 1, so this bound is an estimate (README.md). */
static void bound_fixed_point(Reference *r, const Step *step, double rate) {
    set_bounds_before(r, step, 0, false);
    evaluate_all(r, &step->body);
    double error = largest_bound(r, step), gap = (1 - rate) / 2;
    double slack = gap > 0 ? (error + step->item->tolerance) / gap : INFINITY;
    set_bounds_before(r, step, slack, false);
    evaluate_all(r, &step->body);
}

static void run_fix(Reference *r, const Step *step) {
    double moved = 0, before, rate = 0;
    start_iterates(r, step);
    for (int64_t i = 0; i < step->item->count; i++) {
        before = moved;
        evaluate_all(r, &step->body);
        moved = latch(r, step);
        if (i > 0 && before > 0) rate = moved / before;
        if (moved <= step->item->tolerance) {
            bound_fixed_point(r, step, rate < 1 ? rate : 1);
            return;
        }
    }
}

/* ---- running ----------------------------------------------------------------------------------------------------- */
static bool prepare(Reference *r, const Equations *list) {
    for (int i = 0; i < list->count; i++)
        if (!allocate(r, list->at[i]->to)) return false;
    return true;
}

static void let_go(Reference *r, int step) {
    for (int i = 0; i < r->p->vars.count; i++) {
        Tensor *t = &r->tensor[i];
        if (t->last_use == step && !t->kept && t->var->def) release(t);
    }
    for (int i = 0; i < r->hoisted.count; i++)
        if (r->hoisted.at[i]->last_use == step) release(r->hoisted.at[i]);
}

static bool inputs_bound(Reference *r) {
    for (int i = 0; i < r->p->vars.count; i++) {
        const Tensor *t = &r->tensor[i];
        if (!t->needed || t->var->def || t->bound_by_caller || t->var->kind == VAR_NOISE) continue;
        r->error = arena_printf(r->arena, "the input '%s' has no data", t->var->name);
        return false;
    }
    return true;
}

static bool prepare_noise(Reference *r) {
    for (int i = 0; i < r->p->vars.count; i++) {
        Tensor *t = &r->tensor[i];
        if (t->var->kind == VAR_NOISE && t->needed && !allocate(r, t)) return false;
    }
    return true;
}

const char *ref_run(Reference *r) {
    if (r->error || !inputs_bound(r) || !prepare_noise(r)) return r->error;
    for (int i = 0; i < r->steps.count; i++) {
        const Step *step = r->steps.at[i];
        if (!prepare(r, &step->first) || !prepare(r, &step->body)) return r->error;
        if (!prepare(r, &step->begin) || !prepare(r, &step->end)) return r->error;
        evaluate_all(r, &step->first);
        if (step->item->kind == ITEM_SCAN) run_scan(r, step);
        else if (step->item->kind == ITEM_FIX) run_fix(r, step);
        else evaluate_all(r, &step->body);
        let_go(r, i);
    }
    return NULL;
}

/* ---- multilinear ------------------------------------------------------------------------------------------------- */
static const char *not_integer(const IrExpr *e) {
    switch (e->op) {
    case IR_LIT: return e->value == floor(e->value) && fabs(e->value) < 1e6 ? NULL : e->text;
    case IR_REF: case IR_PREV: case IR_SIZE: case IR_POS: return NULL;
    case IR_NEG: case IR_ADD: case IR_SUB: case IR_MUL: case IR_SUM: break;
    default: {
        static const char *const spelling[] = {
#define IR_OP(name, text, arity) text,
#include "ir/ir_ops.def"
#undef IR_OP
        };
        return spelling[e->op];
    }
    }
    for (int i = 0; i < e->argc; i++) {
        const char *why = not_integer(e->arg[i]);
        if (why) return why;
    }
    return NULL;
}

typedef struct Search {
    const IrProgram *p;
    bool *seen;
    const char *why;
} Search;

static void search_var(Search *s, const IrVar *v);

static void search_expr(Search *s, const IrExpr *e) {
    if (e->op == IR_REF || e->op == IR_PREV) search_var(s, e->var);
    for (int i = 0; i < e->argc; i++) search_expr(s, e->arg[i]);
}

static void search_var(Search *s, const IrVar *v) {
    if (s->seen[v->id] || s->why) return;
    s->seen[v->id] = true;
    if (v->literal && v->draw == INIT_CONSTANT && v->draw_a != floor(v->draw_a)) s->why = "a constant that is no whole number";
    IrExpr *const part[] = {v->def, v->init};
    for (int i = 0; i < 2; i++) {
        if (!part[i] || s->why) continue;
        s->why = not_integer(part[i]);
        search_expr(s, part[i]);
    }
}

const char *ref_is_multilinear(const IrProgram *p, const IrVar *v) {
    Search s = {p, calloc((size_t)p->vars.count, sizeof(bool)), NULL};
    for (int i = 0; i < p->items.count; i++) /* a fix decides when to stop by a comparison */
        for (int k = 0; p->items.at[i]->kind == ITEM_FIX && k < p->items.at[i]->body_count; k++)
            if (p->items.at[i]->body[k]->var == v) s.why = "fix";
    if (s.seen) search_var(&s, v);
    free(s.seen);
    return s.why;
}
