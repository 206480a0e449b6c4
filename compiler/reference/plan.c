/* See plan.h. */
#include "reference/plan.h"

#include <stdlib.h>
#include <string.h>

typedef struct Scope { /* axes an expression stands in, outside in; `run` is one of them or NULL */
    IrAxis *axis[MOST_AXES * 4];
    int count;
    IrAxis *run;
} Scope;

static Node *plan_node(Reference *r, const Scope *scope, IrExpr *e);

static Node *node_new(Reference *r, const Scope *scope, IrOp op) {
    Node *node = ARENA_NEW(r->arena, Node);
    node->op = op;
    node->uniform = !scope->run;
    return node;
}

static void give_lanes(Reference *r, const Scope *scope, Node *node) {
    int64_t n = node->uniform ? 1 : run_size(r, scope->run);
    node->v = ARENA_ARRAY(r->arena, double, n);
    node->b = ARENA_ARRAY(r->arena, double, n);
}

/* ---- reads ------------------------------------------------------------------------------------------------------- */
static void plan_place(const Scope *scope, Node *node, int dim, const IrIndex *index) {
    const Tensor *t = node->tensor;
    Place *place = &node->place[dim];
    *place = (Place){NULL, 0, t->stride[dim], t->size[dim]};
    if (index->kind == IX_LAST) place->offset = t->size[dim] - 1 + index->offset;
    else place->offset = index->offset;
    if (index->kind == IX_AXIS) place->axis = index->axis;
    if (place->axis && place->axis == scope->run) {
        node->run_stride += place->stride;
        node->uniform = false;
    }
    if ((index->kind != IX_CONST && index->offset != 0) || place->offset >= place->size) node->careful = true;
}

/* Looking back along the scan. */
static void plan_back(Node *node, const IrExpr *e) {
    const IrVar *v = e->var;
    node->lag = e->lag;
    node->reversed = v->reversed;
    node->back_along = node->back_outer = -1;
    for (int i = 0; i < v->axis_count; i++) {
        if (v->axes[i] == v->scan_axis) node->back_along = i;
        if (v->axes[i] == ir_cycle_of(v->scan_axis)) node->back_outer = i;
    }
    node->careful |= node->tensor->slots == 0;
}

static Node *plan_read(Reference *r, const Scope *scope, const IrExpr *e) {
    Node *node = node_new(r, scope, IR_REF);
    Tensor *t = node->tensor = &r->tensor[e->var->id];
    t->needed = true;
    node->uniform = true;
    node->place_count = t->rank;
    node->place = ARENA_ARRAY(r->arena, Place, t->rank);
    for (int i = 0; i < t->rank; i++) plan_place(scope, node, i, &e->index[i]);
    if (e->op == IR_PREV && !t->fixing) plan_back(node, e);
    node->whole_before = e->op == IR_PREV && t->fixing;
    give_lanes(r, scope, node);
    return node;
}

static Node *plan_read_hoisted(Reference *r, const Scope *scope, Tensor *t) {
    Node *node = node_new(r, scope, IR_REF);
    node->tensor = t;
    node->uniform = true;
    node->place_count = t->rank;
    node->place = ARENA_ARRAY(r->arena, Place, t->rank);
    for (int i = 0; i < t->rank; i++) {
        IrIndex index = ir_index(t->axes[i]);
        plan_place(scope, node, i, &index);
    }
    give_lanes(r, scope, node);
    return node;
}

/* ---- hoisting ---------------------------------------------------------------------------------------------------- */
static Tensor *shaped(Reference *r, Tensor *t, int rank, IrAxis *const *axes) {
    t->rank = rank;
    t->axes = arena_copy(r->arena, axes, sizeof *axes * (size_t)rank);
    t->size = ARENA_ARRAY(r->arena, int64_t, rank);
    t->stride = ARENA_ARRAY(r->arena, int64_t, rank);
    t->count = 1;
    for (int i = rank - 1; i >= 0; i--) {
        t->size[i] = run_size(r, axes[i]);
        t->stride[i] = t->count;
        t->count *= t->size[i];
    }
    return t;
}

static bool reads_body(const Reference *r, const IrExpr *e) {
    if ((e->op == IR_REF || e->op == IR_PREV) && r->in_body[e->var->id]) return true;
    for (int i = 0; i < e->argc; i++)
        if (reads_body(r, e->arg[i])) return true;
    return false;
}

static Equation *plan_equation(Reference *r, Tensor *to, IrExpr *e, IrAxis *const *fixed);

/* A reduction that does not depend on every axis of its scope, as a tensor over those it depends on; NULL: it does. */
static Tensor *hoist(Reference *r, const Scope *scope, IrExpr *e) {
    IrAxis *axes[MOST_AXES * 4];
    int rank = 0;
    double points = 1, all = 1;
    for (int i = 0; i < scope->count; i++) {
        double size = (double)run_size(r, scope->axis[i]);
        all *= size;
        if (!ir_uses_axis(e, scope->axis[i])) continue;
        points *= size;
        axes[rank++] = scope->axis[i];
    }
    if (points >= all || rank > MOST_AXES) return NULL;
    bool inside = reads_body(r, e);
    IrAxis *fixed[2] = {NULL, NULL};
    for (int i = 0; i < 2; i++) {
        IrAxis *axis = r->equation->fixed[i];
        if (inside) fixed[i] = axis;
        else if (axis && ir_uses_axis(e, axis)) axes[rank++] = axis;
    }
    Tensor *t = shaped(r, ARENA_NEW(r->arena, Tensor), rank, axes);
    t->needed = true;
    vec_push(r->arena, &r->hoisted, t);
    Equation *outer = r->equation;
    Equation *made = plan_equation(r, t, e, fixed);
    r->equation = outer;
    if (inside) vec_push(r->arena, r->list, made);
    else vec_push(r->arena, &r->step->first, made);
    return t;
}

/* ---- reductions -------------------------------------------------------------------------------------------------- */
typedef struct Stride {
    const Reference *r;
    const IrAxis *axis;
    int bad;
} Stride;

/* Counts reads whose neighbours along the axis are not neighbours in memory. */
static void judge_read(void *data, IrExpr *ref) {
    Stride *s = data;
    const Tensor *t = &s->r->tensor[ref->var->id];
    int64_t stride = 0;
    for (int i = 0; i < t->rank; i++)
        if (ref->index[i].kind == IX_AXIS && ref->index[i].axis == s->axis) stride += t->stride[i];
    s->bad += stride > 1;
}

static int bad_reads(const Reference *r, IrExpr *e, const IrAxis *axis) {
    Stride s = {r, axis, 0};
    ir_each_ref(e, judge_read, &s);
    return s.bad;
}

/* The axis to go along inside a reduction: the run of its scope or one of its own. */
static IrAxis *choose_run(const Reference *r, const Scope *scope, IrExpr *e) {
    IrExpr *body = e->arg[0];
    IrAxis *best = scope->run && ir_uses_axis(e, scope->run) ? scope->run : NULL;
    int least = best ? bad_reads(r, body, best) : 0;
    for (int i = 0; i < e->bound_count; i++) {
        int bad = bad_reads(r, body, e->bound[i]);
        bool longer = best && run_size(r, e->bound[i]) > 2 * run_size(r, best);
        if (!best || bad < least || (bad == least && longer)) {
            best = e->bound[i];
            least = bad;
        }
    }
    return best;
}

static bool level_has(const Level *level, const IrAxis *axis) {
    return level->axis && level->axis == axis;
}

/* Each atom goes to the innermost loop among its axes. */
static void place_atoms(Reference *r, Node *node, const IrGuard *guard) {
    for (int i = 0; i < guard->count; i++) {
        IrAtom *atom = &guard->atom[i];
        Level *to = &node->outside;
        for (int k = 0; k < node->level_count; k++)
            if (level_has(&node->level[k], atom->a) || level_has(&node->level[k], atom->b)) to = &node->level[k];
        IrAtom *grown = ARENA_ARRAY(r->arena, IrAtom, to->atom_count + 1);
        if (to->atom_count) memcpy(grown, to->atom, sizeof *grown * (size_t)to->atom_count);
        grown[to->atom_count++] = *atom;
        to->atom = grown;
    }
}

static Node *plan_reduction(Reference *r, const Scope *scope, IrExpr *e) {
    Tensor *elsewhere = hoist(r, scope, e);
    if (elsewhere) return plan_read_hoisted(r, scope, elsewhere);
    Node *node = node_new(r, scope, e->op);
    Scope inner = *scope;
    inner.run = choose_run(r, scope, e);
    node->axis = scope->run;
    node->along = inner.run && inner.run != scope->run;
    node->level = ARENA_ARRAY(r->arena, Level, e->bound_count + 1);
    node->terms = 1;
    for (int i = 0; i < e->bound_count; i++) {
        inner.axis[inner.count++] = e->bound[i];
        node->terms *= (double)run_size(r, e->bound[i]);
        if (e->bound[i] != inner.run) node->level[node->level_count++].axis = e->bound[i];
    }
    if (inner.run) node->level[node->level_count++].axis = inner.run;
    place_atoms(r, node, &e->guard);
    IrExpr *body = e->arg[0];
    bool product = e->op == IR_SUM && body->op == IR_MUL;
    node->arg[0] = plan_node(r, &inner, product ? body->arg[0] : body);
    node->argc = 1;
    node->factor = product ? plan_node(r, &inner, body->arg[1]) : NULL;
    node->uniform = !scope->run || !ir_uses_axis(e, scope->run);
    give_lanes(r, scope, node);
    node->a = ARENA_ARRAY(r->arena, double, node->uniform ? 1 : run_size(r, scope->run));
    return node;
}

/* ---- expressions ------------------------------------------------------------------------------------------------- */
static double literal_bound(const Reference *r, double value) {
    if (r->how.integers) return value < 0 ? -value : value;
    if ((double)(float)value == value) return 0;
    return r->how.unit * (value < 0 ? -value : value);
}

static Node *plan_node(Reference *r, const Scope *scope, IrExpr *e) {
    if (e->op == IR_REF || e->op == IR_PREV) return plan_read(r, scope, e);
    if (e->op == IR_SUM || e->op == IR_AMAX) return plan_reduction(r, scope, e);
    Node *node = node_new(r, scope, e->op);
    node->axis = e->axis;
    node->uniform = true;
    if (e->op == IR_POS && e->axis == scope->run) node->uniform = false;
    node->constant = e->op == IR_SIZE ? (double)run_size(r, e->axis) : e->value;
    node->constant_bound = literal_bound(r, node->constant);
    node->argc = e->argc;
    for (int i = 0; i < e->argc; i++) {
        node->arg[i] = plan_node(r, scope, e->arg[i]);
        if (!node->arg[i]->uniform) node->uniform = false;
    }
    give_lanes(r, scope, node);
    return node;
}

enum { CALL = 30 }; /* what it takes to begin a run, in steps of its loop */

/* Will evaluate.c do the two innermost loops at once? */
static bool in_rows(const Node *node) {
    int last = node->level_count - 1;
    return node->op == IR_SUM && node->factor && last > 0 && node->level[last].atom_count == 0 &&
           node->arg[0]->op == IR_REF && node->factor->op == IR_REF;
}

/* Steps for one lane of a run of n lanes. */
static double node_cost(const Reference *r, const Node *node, double n) {
    double cost = node->op == IR_REF || node->op == IR_LIT ? 0.25 : node->op == IR_MUL || node->op == IR_SUM ? 1 : 8;
    if (node->op >= IR_EXP && node->op <= IR_ERF) cost = 40;
    if (node->op == IR_POW) cost = 100;
    if (node->uniform) cost /= n;
    bool reduces = node->op == IR_SUM || node->op == IR_AMAX;
    double inner = n, terms = 1;
    if (reduces && node->along) {
        inner = (double)run_size(r, node->level[node->level_count - 1].axis);
        terms = node->uniform ? node->terms / n : node->terms;
    } else if (reduces) {
        terms = node->terms;
    }
    for (int i = 0; i < node->level_count; i++)
        if (node->level[i].atom_count > 0) terms *= 0.6;
    if (in_rows(node))
        return (cost + 0.5 + 3 * CALL / inner / (double)run_size(r, node->level[node->level_count - 2].axis)) * terms;
    cost += CALL / inner;
    for (int i = 0; i < node->argc; i++) cost += node_cost(r, node->arg[i], inner);
    if (node->factor) cost += node_cost(r, node->factor, inner);
    return cost * terms;
}

/* ---- equations --------------------------------------------------------------------------------------------------- */
static Equation *plan_equation(Reference *r, Tensor *to, IrExpr *e, IrAxis *const *fixed) {
    Equation *q = ARENA_NEW(r->arena, Equation);
    r->equation = q;
    q->to = to;
    for (int i = 0; fixed && i < 2; i++) q->fixed[i] = fixed[i];
    q->run_dim = -1;
    Scope scope = {.count = 0};
    double points = 1;
    for (int i = 0; i < to->rank; i++) {
        if (is_fixed(q, to->axes[i])) continue;
        scope.axis[scope.count++] = to->axes[i];
        points *= (double)to->size[i];
        q->run_dim = i;
    }
    scope.run = q->run = q->run_dim >= 0 ? to->axes[q->run_dim] : NULL;
    q->root = plan_node(r, &scope, e);
    q->cost = points * node_cost(r, q->root, q->run ? (double)run_size(r, q->run) : 1);
    return q;
}

/* The initial value of a state over its axes but the scan's. */
static void plan_init(Reference *r, const IrVar *v, const IrAxis *without) {
    IrAxis *axes[MOST_AXES];
    int rank = 0;
    if (!v->init) return;
    for (int i = 0; i < v->axis_count; i++)
        if (!without || (v->axes[i] != without && v->axes[i] != ir_cycle_of(without))) axes[rank++] = v->axes[i];
    Tensor *t = shaped(r, ARENA_NEW(r->arena, Tensor), rank, axes);
    t->needed = true;
    vec_push(r->arena, &r->hoisted, t);
    r->tensor[v->id].init = t;
    Equation *made = plan_equation(r, t, v->init, NULL);
    vec_push(r->arena, &r->step->first, made);
}

static bool step_needed(const Reference *r, const IrItem *item) {
    if (item->kind == ITEM_ALG) return r->tensor[item->var->id].needed;
    for (int i = 0; i < item->body_count; i++)
        if (r->tensor[item->body[i]->var->id].needed) return true;
    return false;
}

typedef struct Reads {
    const IrVar *v;
    bool found;
    int64_t lag;
} Reads;

static void find_read(void *data, IrExpr *ref) {
    Reads *reads = data;
    if (ref->var != reads->v) return;
    reads->found = true;
    if (ref->lag > reads->lag) reads->lag = ref->lag;
}

static Reads reads_in(const IrItem *item, const IrVar *v) {
    Reads reads = {v, false, 0};
    ir_each_read_of(item, find_read, &reads); /* a later scan may begin where this one ends */
    return reads;
}

/* How many points back a variable of a scan over steps has to be kept: those that the scan looks back to, or 0 (all) where
 * somebody outside reads it. */
static int64_t slots_needed(const Reference *r, const IrItem *scan, const IrVar *v) {
    if (r->tensor[v->id].kept) return 0;
    for (int i = 0; i < r->p->items.count; i++)
        if (r->p->items.at[i] != scan && reads_in(r->p->items.at[i], v).found) return 0;
    return reads_in(scan, v).lag + 1;
}

/* What is kept of one step at a time, noise or a place of a ring, has no extent along time: its places are moved to, not counted. */
static void roll(Tensor *t) {
    t->count = 1;
    for (int i = t->rank - 1; i >= 0; i--) {
        bool time = ir_is_time(t->var, t->axes[i]);
        t->stride[i] = time ? 0 : t->count;
        if (!time) t->count *= t->size[i];
    }
}

static void plan_state(Reference *r, const IrItem *item, const IrVar *v) {
    Tensor *t = &r->tensor[v->id];
    r->in_body[v->id] = true;
    t->fixing = item->kind == ITEM_FIX;
    t->needed = true;
    IrAxis *along = item->kind == ITEM_SCAN ? ir_scan_axis(item, v) : NULL;
    if (along && along->kind == AXIS_STEP) t->slots = slots_needed(r, item, v);
    if (t->slots) roll(t);
    plan_init(r, v, along);
}

static void plan_group(Reference *r, const IrItem *item) {
    Step *step = r->step;
    bool passed = false; /* the steps of the cycle */
    for (int i = 0; i < item->body_count; i++) plan_state(r, item, item->body[i]->var);
    for (int i = 0; i < item->body_count; i++) {
        IrVar *v = item->body[i]->var;
        IrAxis *along = item->kind == ITEM_SCAN ? ir_scan_axis(item, v) : NULL, *fixed[2] = {along, ir_cycle_of(along)};
        bool cycle = item->kind == ITEM_SCAN && along != item->axis;
        passed |= !cycle;
        r->list = !cycle ? &step->body : passed ? &step->end : &step->begin;
        Equation *made = plan_equation(r, &r->tensor[v->id], v->def, fixed);
        vec_push(r->arena, r->list, made);
    }
    for (int i = 0; i < item->body_count; i++) r->in_body[item->body[i]->var->id] = false;
}

static void plan_item(Reference *r, const IrItem *item) {
    Step *step = r->step = ARENA_NEW(r->arena, Step);
    step->item = item;
    if (item->kind == ITEM_ALG) {
        if (item->var->scan_axis) plan_init(r, item->var, item->var->scan_axis);
        r->list = &step->body;
        Equation *made = plan_equation(r, &r->tensor[item->var->id], item->var->def, NULL);
        vec_push(r->arena, &step->body, made);
    } else {
        plan_group(r, item);
    }
    double cycles = ir_cycle_of(item->axis) ? (double)run_size(r, item->axis->base) : 1;
    double rounds = item->kind == ITEM_SCAN ? cycles * (double)run_size(r, item->axis) : item->kind == ITEM_FIX ? 40 : 1;
    for (int i = 0; i < step->first.count; i++) r->cost += step->first.at[i]->cost;
    for (int i = 0; i < step->begin.count; i++) r->cost += cycles * step->begin.at[i]->cost;
    for (int i = 0; i < step->end.count; i++) r->cost += cycles * step->end.at[i]->cost;
    for (int i = 0; i < step->body.count; i++) r->cost += rounds * step->body.at[i]->cost;
}

/* ---- life of the tensors ----------------------------------------------------------------------------------------- */
static void mark_uses(const Reference *r, const Node *node, int step) {
    if (node->op == IR_REF) {
        if (node->tensor->last_use < step) node->tensor->last_use = step;
        if (node->tensor->init && node->tensor->init->last_use < step) node->tensor->init->last_use = step;
    }
    for (int i = 0; i < node->argc; i++) mark_uses(r, node->arg[i], step);
    if (node->factor) mark_uses(r, node->factor, step);
}

static void mark_equations(Reference *r, const Equations *list, int step, double *fresh) {
    for (int i = 0; i < list->count; i++) {
        Tensor *to = list->at[i]->to;
        if (to->last_use < step) to->last_use = step;
        *fresh += 16.0 * (double)to->count * (to->fixing ? 2 : to->slots ? (double)to->slots : 1);
        mark_uses(r, list->at[i]->root, step);
    }
}

/* Bytes at the fullest moment, if each tensor goes after its last use. */
static void count_bytes(Reference *r) {
    size_t steps = (size_t)r->steps.count + 1;
    double *fresh = calloc(steps, sizeof *fresh), *freed = calloc(steps, sizeof *freed);
    for (int i = 0; i < r->steps.count; i++) {
        mark_equations(r, &r->steps.at[i]->first, i, &fresh[i]);
        mark_equations(r, &r->steps.at[i]->body, i, &fresh[i]);
        mark_equations(r, &r->steps.at[i]->begin, i, &fresh[i]);
        mark_equations(r, &r->steps.at[i]->end, i, &fresh[i]);
    }
    double now = 0;
    for (int i = 0; i < r->p->vars.count; i++) {
        const Tensor *t = &r->tensor[i];
        if (t->needed && !t->var->def) now += 16.0 * (double)t->count;
        else if (t->needed && !t->kept) freed[t->last_use] += 16.0 * (double)t->count * (t->slots ? (double)t->slots : 1);
    }
    for (int i = 0; i < r->hoisted.count; i++) freed[r->hoisted.at[i]->last_use] += 16.0 * (double)r->hoisted.at[i]->count;
    for (int i = 0; i < r->steps.count; i++) {
        now += fresh[i];
        if (now > r->bytes) r->bytes = now;
        now -= freed[i];
    }
    free(fresh);
    free(freed);
}

/* Steps are planned last to first, so that what nothing needs is never planned. */
void plan_program(Reference *r) {
    const IrProgram *p = r->p;
    for (int i = 0; i < p->vars.count; i++) {
        Tensor *t = shaped(r, &r->tensor[i], p->vars.at[i]->axis_count, p->vars.at[i]->axes);
        t->var = p->vars.at[i];
        t->last_use = -1;
        if (t->var->kind == VAR_NOISE) roll(t);
    }
    VEC(Step *) backwards = {0};
    for (int i = p->items.count - 1; i >= 0; i--) {
        if (!step_needed(r, p->items.at[i])) continue;
        plan_item(r, p->items.at[i]);
        vec_push(r->arena, &backwards, r->step);
    }
    for (int i = backwards.count - 1; i >= 0; i--) vec_push(r->arena, &r->steps, backwards.at[i]);
    count_bytes(r);
}
