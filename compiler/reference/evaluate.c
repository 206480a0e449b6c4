/* Evaluation of planned equations (plan.h): node by node over runs of points. */
#include <math.h>

#include "reference/plan.h"

typedef struct Run { /* lanes first .. first + count - 1 of the run axis */
    const IrAxis *axis;
    int64_t first, count;
} Run;

static Lanes lanes_of(Reference *r, const Node *node, Run run);

/* ---- reads ------------------------------------------------------------------------------------------------------- */
/* Goes back by the lag (forth where the scan is reversed), from the first step of a cycle to the last of the one before; false: before the first point. */
static bool step_back(const Node *node, int64_t *position) {
    int64_t *along = &position[node->back_along], steps = node->place[node->back_along].size;
    *along += node->reversed ? node->lag : -node->lag;
    if (*along >= 0 && *along < steps) return true;
    if (node->back_outer < 0) return false;
    int64_t cycles = (*along - (*along < 0 ? steps - 1 : 0)) / steps, *outer = &position[node->back_outer]; /* rounded down */
    *along -= cycles * steps;
    *outer += cycles;
    return *outer >= 0 && *outer < node->place[node->back_outer].size;
}

/* Element of lane `lane`; -1: outside of the tensor; -2: before the first point (prev). */
static int64_t careful_offset(const Reference *r, const Node *node, const IrAxis *run, int64_t lane) {
    int64_t at = 0, position[MOST_AXES];
    for (int i = 0; i < node->place_count; i++) {
        const Place *place = &node->place[i];
        position[i] = place->offset;
        if (place->axis) position[i] += place->axis == run ? lane : r->position[place->axis->id];
    }
    if (node->lag && !node->tensor->slots && !step_back(node, position)) return -2;
    for (int i = 0; i < node->place_count; i++) {
        if (position[i] < 0 || position[i] >= node->place[i].size) return -1;
        at += position[i] * node->place[i].stride;
    }
    return at;
}

/* Element of the initial value: the places without those of the scan. */
static int64_t init_offset(const Reference *r, const Node *node, const IrAxis *run, int64_t lane) {
    int64_t at = 0;
    const Tensor *init = node->tensor->init;
    for (int i = 0, k = 0; i < node->place_count; i++) {
        const Place *place = &node->place[i];
        if (i == node->back_along || i == node->back_outer) continue;
        int64_t position = place->offset;
        if (place->axis) position += place->axis == run ? lane : r->position[place->axis->id];
        at += position * init->stride[k++];
    }
    return at;
}

static Lanes read_initial(Reference *r, const Node *node, Run run) {
    const Tensor *init = node->tensor->init;
    int64_t count = node->uniform ? 1 : run.count;
    for (int64_t i = 0; i < count; i++) {
        int64_t from = init ? init_offset(r, node, node->uniform ? NULL : run.axis, run.first + i) : 0;
        node->v[i] = init ? init->value[from] : 0;
        node->b[i] = init ? init->bound[from] : 0;
    }
    return (Lanes){node->v, node->b, !node->uniform};
}

/* Where the tensor's values begin for this reading; false: before the first point. */
static bool read_from(const Reference *r, const Node *node, const double **v, const double **b) {
    const Tensor *t = node->tensor;
    *v = node->whole_before ? t->before : t->value;
    *b = node->whole_before ? t->before_bound : t->bound;
    if (!node->lag || !t->slots) return true;
    if (r->time < node->lag) return false;
    *v = t->ring + 2 * t->count * ((r->time - node->lag) % t->slots);
    *b = *v + t->count;
    return true;
}

static Lanes read_carefully(Reference *r, const Node *node, Run run) {
    const double *v, *b;
    if (!read_from(r, node, &v, &b)) return read_initial(r, node, run);
    int64_t count = node->uniform ? 1 : run.count;
    for (int64_t i = 0; i < count; i++) {
        int64_t at = careful_offset(r, node, node->uniform ? NULL : run.axis, run.first + i);
        if (at >= 0) {
            node->v[i] = v[at];
            node->b[i] = b[at];
        } else if (at == -1) {
            node->v[i] = node->b[i] = NAN;
        } else {
            const Tensor *init = node->tensor->init;
            int64_t from = init ? init_offset(r, node, node->uniform ? NULL : run.axis, run.first + i) : 0;
            node->v[i] = init ? init->value[from] : 0;
            node->b[i] = init ? init->bound[from] : 0;
        }
    }
    return (Lanes){node->v, node->b, !node->uniform};
}

static Lanes read_lanes(Reference *r, const Node *node, Run run) {
    if (node->careful) return read_carefully(r, node, run);
    const double *v, *b;
    if (!read_from(r, node, &v, &b)) return read_initial(r, node, run);
    int64_t at = 0;
    for (int i = 0; i < node->place_count; i++) {
        const Place *place = &node->place[i];
        int64_t position = place->offset;
        if (place->axis) position += !node->uniform && place->axis == run.axis ? run.first : r->position[place->axis->id];
        at += position * place->stride;
    }
    v += at, b += at;
    if (node->uniform || node->run_stride == 1) return (Lanes){v, b, !node->uniform};
    for (int64_t i = 0; i < run.count; i++) {
        node->v[i] = v[i * node->run_stride];
        node->b[i] = b[i * node->run_stride];
    }
    return (Lanes){node->v, node->b, 1};
}

/* ---- reductions -------------------------------------------------------------------------------------------------- */
static int64_t atom_position(const Reference *r, const IrAxis *axis) {
    return axis ? r->position[axis->id] : 0;
}

static bool atoms_hold(const Reference *r, const Level *level) {
    for (int i = 0; i < level->atom_count; i++) {
        const IrAtom *atom = &level->atom[i];
        int64_t distance = atom_position(r, atom->a) - atom_position(r, atom->b);
        if (atom->relation == GUARD_LE ? distance > atom->bound : distance != atom->bound) return false;
    }
    return true;
}

/* Positions first <= axis < last that satisfy the atoms of the level, all their other axes being fixed. */
static void narrow(const Reference *r, const Level *level, int64_t *first, int64_t *last) {
    for (int i = 0; i < level->atom_count; i++) {
        const IrAtom *atom = &level->atom[i];
        bool is_a = atom->a == level->axis, is_b = atom->b == level->axis;
        if (is_a && is_b) {
            if (atom->relation == GUARD_LE ? atom->bound < 0 : atom->bound != 0) *last = *first;
            continue;
        }
        int64_t other = atom_position(r, is_a ? atom->b : atom->a);
        int64_t low = is_a ? INT64_MIN : other - atom->bound, high = is_a ? other + atom->bound : INT64_MAX;
        if (atom->relation == GUARD_EQ) low = high = is_a ? high : low;
        if (low > *first) *first = low;
        if (high < *last - 1) *last = high + 1;
    }
}

static void add_term(Reference *r, const Node *node, Run run, int64_t slot) {
    Lanes x = lanes_of(r, node->arg[0], run), y;
    if (node->factor) y = lanes_of(r, node->factor, run);
    if (node->op == IR_AMAX) {
        for (int64_t i = 0; i < run.count; i++) {
            int64_t to = node->along || node->uniform ? slot : slot + i;
            double v = x.v[i * x.step], b = x.b[i * x.step];
            if (!(v <= node->v[to])) node->v[to] = v;
            if (!(b <= node->b[to])) node->b[to] = b;
        }
    } else if (node->along || node->uniform) {
        Total total = {node->v[slot], node->b[slot], node->a[slot]};
        kernel_dot(&r->how, run.count, x, node->factor ? &y : NULL, &total);
        node->v[slot] = total.v;
        node->b[slot] = total.b;
        node->a[slot] = total.a;
    } else {
        Totals totals = {node->v + slot, node->b + slot, node->a + slot};
        kernel_accumulate(&r->how, run.count, x, node->factor ? &y : NULL, totals);
    }
}

static int64_t stride_along(const Node *read, const IrAxis *axis) {
    int64_t stride = 0;
    for (int i = 0; i < read->place_count; i++)
        if (read->place[i].axis == axis) stride += read->place[i].stride;
    return stride;
}

static bool reads_in_place(const Node *node) {
    return node->op == IR_REF && !node->careful && (node->uniform || node->run_stride == 1);
}

/* The two innermost loops at once, where the terms are products of tensors read in place. */
static bool add_rows(Reference *r, const Node *node, const Level *rows, int64_t first, int64_t last, Run lanes,
                     int64_t slot) {
    const Level *inner = rows + 1;
    if (!node->factor || inner->atom_count > 0 || node->op != IR_SUM || r->how.integers) return false;
    if (!node->along && inner->axis != lanes.axis) return false;
    if (!reads_in_place(node->arg[0]) || !reads_in_place(node->factor)) return false;
    Run run = node->along ? (Run){inner->axis, 0, run_size(r, inner->axis)} : lanes;
    r->position[rows->axis->id] = first;
    Lanes x = lanes_of(r, node->arg[0], run), y = lanes_of(r, node->factor, run);
    if (x.v == node->arg[0]->v || y.v == node->factor->v) return false; /* initial values, copied for one row */
    int64_t xrow = stride_along(node->arg[0], rows->axis), yrow = stride_along(node->factor, rows->axis);
    if (!node->along) {
        kernel_accumulate_rows(last - first, run.count, x, xrow, y, yrow, (Totals){node->v, node->b, node->a});
        return true;
    }
    Total total = {node->v[slot], node->b[slot], node->a[slot]};
    kernel_dot_rows(last - first, run.count, x, xrow, y, yrow, &total);
    node->v[slot] = total.v;
    node->b[slot] = total.b;
    node->a[slot] = total.a;
    return true;
}

/* Goes through the loops from `depth` on; lanes of the sum are counted from `lanes.first`. */
static void loop(Reference *r, const Node *node, int depth, Run lanes, int64_t slot) {
    if (depth == node->level_count) {
        add_term(r, node, (Run){NULL, 0, 1}, slot);
        return;
    }
    const Level *level = &node->level[depth];
    bool innermost = depth == node->level_count - 1 && (node->along || level->axis == lanes.axis);
    bool own = !(innermost && !node->along);
    int64_t first = own ? 0 : lanes.first, last = own ? run_size(r, level->axis) : lanes.first + lanes.count;
    narrow(r, level, &first, &last);
    if (first >= last) return;
    if (innermost) {
        add_term(r, node, (Run){level->axis, first, last - first}, own ? slot : first - lanes.first);
        return;
    }
    if (depth == node->level_count - 2 && add_rows(r, node, level, first, last, lanes, slot)) return;
    for (int64_t i = first; i < last; i++) {
        r->position[level->axis->id] = i;
        loop(r, node, depth + 1, lanes, slot);
    }
}

static Lanes reduce(Reference *r, const Node *node, Run run) {
    int64_t count = node->uniform ? 1 : run.count;
    for (int64_t i = 0; i < count; i++) {
        node->v[i] = node->op == IR_AMAX ? -INFINITY : 0;
        node->b[i] = node->a[i] = 0;
    }
    if (node->along && !node->uniform) {
        for (int64_t i = 0; i < count; i++) {
            r->position[node->axis->id] = run.first + i;
            if (atoms_hold(r, &node->outside)) loop(r, node, 0, run, i);
        }
    } else if (atoms_hold(r, &node->outside)) {
        loop(r, node, 0, run, 0);
    }
    for (int64_t i = 0; i < count; i++) {
        if (node->op == IR_SUM) node->b[i] = kernel_close(&r->how, node->terms, node->b[i], node->a[i]);
        else if (node->v[i] == -INFINITY) node->v[i] = NAN; /* an empty maximum: only where nothing reads it */
    }
    return (Lanes){node->v, node->b, !node->uniform};
}

/* ---- expressions ------------------------------------------------------------------------------------------------- */
static Lanes position_lanes(Reference *r, const Node *node, Run run) {
    int64_t count = node->uniform ? 1 : run.count, first = node->uniform ? r->position[node->axis->id] : run.first;
    for (int64_t i = 0; i < count; i++) {
        node->v[i] = (double)(first + i);
        node->b[i] = r->how.integers ? node->v[i] : 0;
    }
    return (Lanes){node->v, node->b, !node->uniform};
}

static Lanes lanes_of(Reference *r, const Node *node, Run run) {
    switch (node->op) {
    case IR_REF: return read_lanes(r, node, run);
    case IR_SUM:
    case IR_AMAX: return reduce(r, node, run);
    case IR_POS: return position_lanes(r, node, run);
    case IR_LIT:
    case IR_SIZE: return (Lanes){&node->constant, &node->constant_bound, 0};
    default: break;
    }
    Lanes x[3] = {{0}};
    for (int i = 0; i < node->argc; i++) x[i] = lanes_of(r, node->arg[i], run);
    int64_t count = node->uniform ? 1 : run.count;
    if (node->op == IR_MUL) kernel_mul(&r->how, count, x[0], x[1], node->v, node->b);
    else if (node->op == IR_ADD || node->op == IR_SUB)
        kernel_add(&r->how, count, x[0], x[1], node->op == IR_ADD ? 1 : -1, node->v, node->b);
    else kernel_apply(&r->how, node->op, count, x, node->v, node->b);
    return (Lanes){node->v, node->b, !node->uniform};
}

static void store(Reference *r, const Equation *q, Lanes from, int64_t at) {
    Tensor *to = q->to;
    int64_t count = q->run ? to->size[q->run_dim] : 1, stride = q->run ? to->stride[q->run_dim] : 1;
    for (int64_t i = 0; i < count; i++) {
        double v = from.v[i * from.step], b = from.b[i * from.step];
        if (b > r->largest_bound) r->largest_bound = b;
        to->value[at + i * stride] = v;
        to->bound[at + i * stride] = to->exact ? 0 : fabs(v) + b > r->how.largest ? INFINITY : b;
    }
}

/* The positions of all axes but the run's, in row-major order. */
static void points(Reference *r, const Equation *q, int dim, int64_t at) {
    const Tensor *to = q->to;
    if (dim == to->rank) {
        Run run = {q->run, 0, q->run ? to->size[q->run_dim] : 1};
        store(r, q, lanes_of(r, q->root, run), at);
    } else if (dim == q->run_dim) {
        points(r, q, dim + 1, at);
    } else if (is_fixed(q, to->axes[dim])) {
        points(r, q, dim + 1, at + r->position[to->axes[dim]->id] * to->stride[dim]);
    } else {
        for (int64_t i = 0; i < to->size[dim]; i++) {
            r->position[to->axes[dim]->id] = i;
            points(r, q, dim + 1, at + i * to->stride[dim]);
        }
    }
}

void evaluate_equation(Reference *r, const Equation *q) {
    points(r, q, 0, 0);
}
