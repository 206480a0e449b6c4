/* Nests: steps of a scan that are done point by point together, so that what they write and read again is in registers or in the
 * nearest cache. Steps are joined in pairs, those first that share most axes, one of them moving to the other where nothing between
 * forbids it; a nest joined with a step of fewer axes becomes a part of it. If all that a scan does at a point is one nest whose points never look at one another, the scan goes inside: each
 * point is taken through all steps before the next. Nests that are worth it are tasks, along their first axis. */
#include "opt/schedule_internal.h"

enum { MOST_AXES = 32, FAR = 16 /* steps that are tried for a pair */, ROW = 8 /* vectors */, MOST_PARTS = 8, FEW = 16 /* points that do not pay for vectors given up */, LANES = 64 /* a multiple of any number of lanes */ };
/* A microsecond holds 1e5 operations where memory is waited for, 3e5 where all is in registers; waking threads takes 5 to 50 of them. */
static const double PARALLEL_OPERATIONS = 1e7, TASK_OPERATIONS = 1e6;

typedef struct Node {
    Step step;
    int count;
    IrAxis *axes[MOST_AXES]; /* of an equation: its own but those that the scan holds still; of a nest: the shared ones. */
} Node;

typedef struct Members {
    const Scheduler *s;
    VEC(const IrVar *) list;
} Members;

static void add_members(Members *m, const Step *step) {
    if (step->kind == STEP_EQUATION) vec_push(m->s->p->arena, &m->list, step->item->var);
    for (int i = 0; i < step->step_count; i++) add_members(m, &step->steps[i]);
}

static bool is_member(const Members *m, const IrVar *v) {
    for (int i = 0; i < m->list.count; i++)
        if (m->list.at[i] == v) return true;
    return false;
}

static int own_axes(const Scheduler *s, const IrVar *v, IrAxis **axes) {
    int count = 0;
    for (int i = 0; i < v->axis_count && count < MOST_AXES; i++)
        if (!schedule_is_fixed(s, v->axes[i])) axes[count++] = v->axes[i];
    return count;
}

static void drop(IrAxis **axes, int *count, int at) {
    for (int i = at + 1; i < *count; i++) axes[i - 1] = axes[i];
    (*count)--;
}

/* ---- may points along an axis follow one another? ------------------------------------------------------------------------ */
typedef struct Look {
    const Members *members;
    const IrAxis *axis;
    bool in_time; /* each point through all steps: its past is no exception */
    bool elsewhere;
} Look;

static void look(void *data, IrExpr *ref) {
    Look *l = data;
    const IrVar *v = ref->var;
    if (l->in_time && v->kind == VAR_NOISE) l->elsewhere = true; /* drawn for all points, step by step */
    if (!is_member(l->members, v)) return;
    if (ref->op == IR_PREV && !l->in_time && l->members->s->schedule->storage[v->id].slots > 1) return; /* has a place of its own */
    int place = schedule_place(v, l->axis);
    if (place < 0 || ref->index[place].kind != IX_AXIS || ref->index[place].axis != l->axis || ref->index[place].offset) l->elsewhere = true;
}

static bool separate(const Members *members, const IrAxis *axis, bool in_time) {
    Look l = {members, axis, in_time, false};
    for (int i = 0; i < members->list.count; i++) ir_each_ref(members->list.at[i]->def, look, &l);
    return !l.elsewhere;
}

/* ---- lanes -------------------------------------------------------------------------------------------------------------- */
/* The axis over which an equation by itself is written in vectors. */
static IrAxis *lane_axis(const Scheduler *s, const IrVar *v) {
    IrAxis *axes[MOST_AXES];
    int count = own_axes(s, v, axes);
    bool good = count && schedule_lanes(s->schedule, v, v->def, s->schedule->storage[v->id].mirrored, axes[count - 1]);
    return good ? axes[count - 1] : NULL;
}

/* Points of an equation at one point of the shared axes. */
static double points_within(const Scheduler *s, const IrVar *v, IrAxis *const *shared, int count) {
    IrAxis *axes[MOST_AXES];
    double points = 1;
    for (int i = own_axes(s, v, axes) - 1; i >= 0; i--)
        if (!schedule_lists(shared, count, axes[i])) points *= (double)axes[i]->root->size;
    return points;
}

typedef struct Vectors {
    bool some, all; /* written in vectors along the axis: some equation; every one, which has no further axes */
    bool lost;      /* some would have to give them up that has more points than one */
    bool others;    /* an equation has many points at each of the shared ones: it takes most of the time, in vectors of its own */
} Vectors;

static Vectors vectors(const Members *m, IrAxis *const *shared, int count, const IrAxis *axis) {
    Vectors v = {.all = true};
    for (int i = 0; i < m->list.count; i++) {
        const IrVar *var = m->list.at[i];
        double within = points_within(m->s, var, shared, count);
        bool here = lane_axis(m->s, var) == axis;
        v.some |= here;
        v.all &= here && within == 1;
        v.lost |= here && within > 1;
        v.others |= !here && within >= FEW;
    }
    return v;
}

/* Leaves the axes along which sharing is allowed and does not give up vectors that matter. */
static void keep_good(const Members *m, IrAxis **axes, int *count) {
    for (int i = 0; i < *count; i++)
        if (!separate(m, axes[i], false)) drop(axes, count, i--);
    for (int i = 0; i < *count; i++) {
        Vectors v = vectors(m, axes, *count, axes[i]);
        if (!v.some || v.all || (v.others && !v.lost)) continue;
        drop(axes, count, i);
        i = -1; /* the others may now have points within */
    }
}

/* ---- joining ------------------------------------------------------------------------------------------------------------- */
static Node node_of(const Scheduler *s, const Step *step) {
    Node n = {.step = *step};
    if (step->kind == STEP_EQUATION && step->kernel == KERNEL_LOOPS) n.count = own_axes(s, step->item->var, n.axes);
    return n;
}

static Members members_of(const Scheduler *s, const Node *a, const Node *b) {
    Members m = {.s = s};
    add_members(&m, &a->step);
    if (b) add_members(&m, &b->step);
    return m;
}

static int shared_axes(const Scheduler *s, const Node *a, const Node *b, IrAxis **axes) {
    const Node *wide = a->count >= b->count ? a : b, *other = wide == a ? b : a;
    int count = 0;
    for (int i = 0; i < wide->count; i++)
        if (schedule_lists(other->axes, other->count, wide->axes[i])) axes[count++] = wide->axes[i];
    if (!count) return 0;
    Members m = members_of(s, a, b);
    keep_good(&m, axes, &count);
    return count;
}

typedef VEC(Step) StepList;

/* A nest of just these axes is opened up, another keeps those that the new one has not. */
static void add_part(const Scheduler *s, StepList *parts, const Node *n, const Node *nest) {
    Step part = n->step;
    if (part.kind == STEP_NEST && n->count == nest->count) {
        for (int i = 0; i < part.step_count; i++) vec_push(s->p->arena, parts, part.steps[i]);
        return;
    }
    if (part.kind == STEP_NEST) {
        if (schedule_lists(nest->axes, nest->count, n->axes[n->count - 1])) part.vectors = 0;
        part.batch = ARENA_ARRAY(s->p->arena, IrAxis *, n->count + 1);
        part.batch_count = 0;
        for (int i = 0; i < n->count; i++)
            if (!schedule_lists(nest->axes, nest->count, n->axes[i])) part.batch[part.batch_count++] = n->axes[i];
    }
    vec_push(s->p->arena, parts, part);
}

static bool in_lanes(const Members *m, const Node *nest) {
    return nest->count && vectors(m, nest->axes, nest->count, nest->axes[nest->count - 1]).all;
}

static Node nest_of(const Scheduler *s, const Node *a, const Node *b, IrAxis *const *axes, int count) {
    Node nest = {.step = {.kind = STEP_NEST, .batch_count = count}, .count = count};
    for (int i = 0; i < count; i++) nest.axes[i] = axes[i];
    nest.step.batch = arena_copy(s->p->arena, axes, sizeof *axes * (size_t)count);
    StepList parts = {0};
    add_part(s, &parts, a, &nest);
    if (b) add_part(s, &parts, b, &nest);
    nest.step.steps = parts.at;
    nest.step.step_count = parts.count;
    Members m = members_of(s, a, b);
    nest.step.vectors = in_lanes(&m, &nest);
    return nest;
}

static bool reads(const Members *readers, const Members *written) {
    for (int i = 0; i < readers->list.count; i++)
        for (int k = 0; k < written->list.count; k++)
            if (ir_uses_var(readers->list.at[i]->def, written->list.at[k])) return true;
    return false;
}

/* Does it matter in which order they are done? */
static bool depend(const Scheduler *s, const Node *a, const Node *b) {
    Members x = members_of(s, a, NULL), y = members_of(s, b, NULL);
    return reads(&x, &y) || reads(&y, &x);
}

typedef struct Pair {
    int first, second, place, count; /* place: of the two, where both are done */
    IrAxis *axes[MOST_AXES];
} Pair;

/* May one of the two move to the other? */
static bool can_meet(const Scheduler *s, const Node *node, Pair *pair) {
    bool down = true, up = true;
    for (int i = pair->first + 1; i < pair->second; i++) {
        down = down && !depend(s, &node[pair->first], &node[i]);
        up = up && !depend(s, &node[pair->second], &node[i]);
    }
    pair->place = down ? pair->second : pair->first;
    return down || up;
}

static Pair best_pair(const Scheduler *s, const Node *node, int count) {
    Pair best = {0};
    for (int i = 0; i < count; i++)
        for (int k = i + 1; k < count && k <= i + FAR; k++) {
            Pair pair = {.first = i, .second = k};
            if (node[i].count <= best.count || node[k].count <= best.count) continue;
            pair.count = shared_axes(s, &node[i], &node[k], pair.axes);
            bool same = pair.count == node[i].count && pair.count == node[k].count; /* if not, only a common value is worth it */
            if (pair.count > best.count && (same || depend(s, &node[i], &node[k])) && can_meet(s, node, &pair)) best = pair;
        }
    return best;
}

static void join_all(const Scheduler *s, Node *node, int *count) {
    for (;;) {
        Pair pair = best_pair(s, node, *count);
        if (!pair.count) return;
        node[pair.place] = nest_of(s, &node[pair.first], &node[pair.second], pair.axes, pair.count);
        int gone = pair.place == pair.first ? pair.second : pair.first;
        for (int i = gone + 1; i < *count; i++) node[i - 1] = node[i];
        (*count)--;
    }
}

/* ---- the scan inside ----------------------------------------------------------------------------------------------------- */
static Node as_nest(const Scheduler *s, const Node *n) {
    if (n->step.kind == STEP_NEST) return *n;
    return nest_of(s, n, NULL, n->axes, n->count);
}

/* A step waits for the one before, so several vectors go through the steps together, as many as leave registers for the rest. */
static int vectors_for(const Members *m) {
    return m->list.count <= 2 ? 4 : m->list.count <= 8 ? 2 : 1;
}

static void put_scan_inside(const Scheduler *s, Node *n) {
    Node nest = as_nest(s, n);
    Members m = members_of(s, &nest, NULL);
    IrAxis *axes[MOST_AXES];
    int count = 0;
    for (int i = 0; i < nest.count; i++)
        if (separate(&m, nest.axes[i], true)) axes[count++] = nest.axes[i];
    if (nest.step.vectors && count < nest.count && schedule_lists(axes, count, nest.axes[nest.count - 1])) count--; /* stays in lanes */
    if (!count) return;
    *n = nest_of(s, &nest, NULL, axes, count);
    n->step.inside = true;
    if (n->step.vectors) n->step.vectors = vectors_for(&m);
    for (int i = 0; i < n->step.step_count; i++) { /* a row at once: then it stays in registers from step to step */
        Step *part = &n->step.steps[i];
        if (part->kind == STEP_NEST && part->vectors && part->step_count <= MOST_PARTS) part->vectors = ROW;
    }
}

/* ---- tasks --------------------------------------------------------------------------------------------------------------- */
static double operations(const IrExpr *e) {
    double n = 1;
    for (int i = 0; i < e->argc; i++) n += operations(e->arg[i]);
    for (int i = 0; i < e->bound_count; i++) n *= (double)e->bound[i]->root->size;
    bool function = e->op == IR_EXP || e->op == IR_LOG || e->op == IR_SIN || e->op == IR_COS || e->op == IR_TANH || e->op == IR_SIGMOID ||
                    e->op == IR_GELU || e->op == IR_ERF || e->op == IR_POW;
    return function ? n + 10 : n;
}

static void make_tasks(const Scheduler *s, Node *n, double points_of_scan) {
    Members m = members_of(s, n, NULL);
    double total = 0;
    if (!n->count) return;
    for (int i = 0; i < m.list.count; i++) total += operations(m.list.at[i]->def) * points_within(s, m.list.at[i], NULL, 0);
    if (n->step.inside) total *= points_of_scan;
    if (total < PARALLEL_OPERATIONS) return;
    if (n->step.kind != STEP_NEST) {
        bool all = n->count == 1 || !lane_axis(s, m.list.at[0]);
        *n = nest_of(s, n, NULL, n->axes, all ? n->count : n->count - 1);
    }
    int64_t size = n->step.batch[0]->root->size, block = (int64_t)(TASK_OPERATIONS * (double)size / total) + 1;
    if (n->step.vectors && n->step.batch_count == 1) block = (block + LANES - 1) / LANES * LANES;
    n->step.block = block;
}

int schedule_nests(const Scheduler *s, Step *steps, int count, double points_of_scan) {
    Node *node = ARENA_ARRAY(s->p->arena, Node, count + 1);
    for (int i = 0; i < count; i++) node[i] = node_of(s, &steps[i]);
    join_all(s, node, &count);
    if (count == 1 && points_of_scan) put_scan_inside(s, &node[0]);
    for (int i = 0; i < count; i++) make_tasks(s, &node[i], points_of_scan), steps[i] = node[i].step;
    return count;
}
