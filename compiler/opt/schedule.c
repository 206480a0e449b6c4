#include "opt/schedule.h"

#include "base/text.h"
#include "opt/schedule_internal.h"

/* ---- questions ----------------------------------------------------------------------------------------------------------- */
bool schedule_lists(IrAxis *const *axes, int count, const IrAxis *axis) {
    for (int i = 0; i < count; i++)
        if (axes[i] == axis) return true;
    return false;
}

bool schedule_is_fixed(const Scheduler *s, const IrAxis *axis) {
    for (int i = 0; i < s->fixed_count; i++)
        if (s->fixed[i] == axis) return true;
    return false;
}

bool schedule_is_trace(const IrOutput *output) {
    for (int i = 0; i < output->var->axis_count; i++)
        if (output->var->axes[i]->kind == AXIS_STEP) return true;
    return false;
}

bool schedule_is_kept(const IrProgram *p, const IrVar *v) {
    for (int i = 0; i < p->outputs.count; i++)
        if (p->outputs.at[i].var == v && !schedule_is_trace(&p->outputs.at[i])) return true;
    for (int i = 0; i < p->checks.count; i++)
        if (p->checks.at[i].left == v || p->checks.at[i].right == v) return true;
    return false;
}

int schedule_place(const IrVar *v, const IrAxis *axis) {
    for (int i = 0; i < v->axis_count; i++)
        if (v->axes[i] == axis) return i;
    return -1;
}

/* ---- plan or call ----------------------------------------------------------------------------------------------------------- */
typedef struct Depends {
    const bool *plan;
    bool on_stimulus;
} Depends;

static void depends(void *data, IrExpr *ref) {
    Depends *d = data;
    if (!d->plan[ref->var->id]) d->on_stimulus = true;
}

static bool weights_only(const Schedule *s, const IrItem *item) {
    Depends d = {s->plan, false};
    if (item->kind != ITEM_ALG) return false;
    ir_each_ref(item->var->def, depends, &d);
    return !d.on_stimulus;
}

/* ---- scans and fixpoints: what is stored ---------------------------------------------------------------------------------------- */
typedef struct Uses {
    const IrVar *v;
    bool other_than_last, last, prev_other_point, prev;
    int64_t lag; /* the longest */
} Uses;

static void use(void *data, IrExpr *ref) {
    Uses *u = data;
    if (ref->var != u->v) return;
    int scan = u->v->scan_axis ? schedule_place(u->v, u->v->scan_axis) : -1;
    int cycle = u->v->scan_axis && ir_cycle_of(u->v->scan_axis) ? schedule_place(u->v, ir_cycle_of(u->v->scan_axis)) : -1;
    bool last = ref->op == IR_REF && scan >= 0 && ir_is_final(u->v, ref->index[scan]);
    last = last && (cycle < 0 || ir_is_final(u->v, ref->index[cycle]));
    if (ref->lag > u->lag) u->lag = ref->lag;
    u->last |= last;
    u->other_than_last |= !last;
    if (ref->op != IR_PREV) return;
    u->prev = true;
    for (int i = 0; i < u->v->axis_count; i++)
        if (ref->index[i].kind != IX_AXIS || ref->index[i].offset || ref->index[i].axis != u->v->axes[i]) u->prev_other_point = true;
}

static Uses uses_outside(const IrProgram *p, const IrItem *group, const IrVar *v) {
    Uses u = {.v = v};
    for (int i = 0; i < p->items.count; i++) {
        const IrItem *item = p->items.at[i];
        if (item == group) continue;
        if (item->var) ir_each_ref(item->var->def, use, &u);
        for (int j = 0; j < item->body_count; j++) {
            ir_each_ref(item->body[j]->var->def, use, &u);
            if (item->body[j]->var->init) ir_each_ref(item->body[j]->var->init, use, &u);
        }
    }
    if (schedule_is_kept(p, v)) u.other_than_last = true;
    return u;
}

/* How many points of a state are kept. It is updated where it stands if nobody reads its past value after that, nor at another
 * point while. */
static int state_slots(const IrItem *scan, const IrVar *v) {
    bool after = false, elsewhere = false;
    int64_t lag = 1;
    for (int i = 0; i < scan->body_count; i++) {
        IrVar *reader = scan->body[i]->var;
        Uses u = {.v = v};
        ir_each_ref(reader->def, use, &u);
        if (u.lag > lag) lag = u.lag;
        if ((reader == v && u.prev_other_point) || (after && u.prev)) elsewhere = true;
        after |= reader == v;
    }
    return lag > 1 || elsewhere ? (int)lag + 1 : 1;
}

static void store_variable(Scheduler *s, const IrItem *scan, const IrVar *v) {
    Storage *storage = &s->schedule->storage[v->id];
    Uses outside = uses_outside(s->p, scan, v);
    if (!v->init && (outside.other_than_last || outside.last)) return; /* whole */
    for (int k = 0; k < v->axis_count; k++)
        if (v->axes[k] == scan->axis || v->axes[k] == ir_cycle_of(scan->axis)) storage->kept[k] = false;
    storage->slots = v->init ? state_slots(scan, v) : 1;
    storage->mirrored = v->init && outside.other_than_last;
}

static void store_scan(Scheduler *s, const IrItem *scan) {
    const Segments *g = s->segments[scan->axis->id];
    bool again = schedule_in_segments(g, scan);
    for (int i = 0; i < scan->body_count; i++) {
        const IrVar *v = scan->body[i]->var;
        store_variable(s, scan, v);
        if (again) schedule_store_again(g, v, &s->schedule->storage[v->id]);
    }
}

static void store_fix(Scheduler *s, const IrItem *fix) {
    for (int i = 0; i < fix->body_count; i++)
        if (fix->body[i]->var->init) s->schedule->storage[fix->body[i]->var->id].iterated = true;
}

/* ---- steps ------------------------------------------------------------------------------------------------------------------------ */
const IrVar *schedule_first(const Step *step) {
    while (step->kind != STEP_EQUATION) step = &step->steps[0];
    return step->item->var;
}

/* Equations of the scan's own points are nests apart from those of the cycle before and behind them. */
static void nest_steps(const Scheduler *s, const IrItem *scan, Step *group) {
    int count = group->step_count;
    group->step_count = 0;
    for (int first = 0, end; first < count; first = end) {
        bool here = schedule_place(schedule_first(&group->steps[first]), scan->axis) >= 0;
        for (end = first; end < count && (schedule_place(schedule_first(&group->steps[end]), scan->axis) >= 0) == here;) end++;
        int left = schedule_nests(s, group->steps + first, end - first, here ? (double)scan->axis->root->size : 0);
        for (int i = 0; i < left; i++) group->steps[group->step_count++] = group->steps[first + i];
    }
}

static void try_sparse(const Scheduler *s, Step *step) {
    step->sparse = step->plan ? NULL : schedule_sparse(s, step->item->var);
    if (step->sparse) step->kernel = KERNEL_SPARSE;
}

static Step group_step(Scheduler *s, IrItem *item) {
    Step step = {.kind = item->kind == ITEM_SCAN ? STEP_SCAN : STEP_FIX, .item = item, .step_count = item->body_count};
    step.steps = ARENA_ARRAY(s->p->arena, Step, item->body_count);
    if (item->kind == ITEM_SCAN) store_scan(s, item), step.segments = schedule_segments(s, item);
    else store_fix(s, item);
    s->small_loops = true;
    if (item->kind == ITEM_SCAN) s->fixed[s->fixed_count++] = item->axis;
    if (ir_cycle_of(item->axis)) s->fixed[s->fixed_count++] = item->axis->base;
    for (int i = 0; i < item->body_count; i++) {
        Step *inner = &step.steps[i];
        *inner = (Step){.kind = STEP_EQUATION, .item = item->body[i]};
        inner->kernel = schedule_product(s, item->body[i]->var, false, &inner->product);
        if (inner->kernel == KERNEL_SYMMETRIC) inner->kernel = KERNEL_GEMM;
        try_sparse(s, inner);
    }
    if (item->kind == ITEM_SCAN) nest_steps(s, item, &step);
    s->fixed_count = 0;
    s->small_loops = false;
    return step;
}

static Step equation_step(Scheduler *s, IrItem *item) {
    Step step = {.kind = STEP_EQUATION, .item = item, .plan = s->schedule->plan[item->var->id]};
    step.kernel = schedule_product(s, item->var, false, &step.product);
    try_sparse(s, &step);
    return step;
}

/* Blocks come where their last members stand. */
static void put_blocks(Order *order, const Scheduler *s, Step *const *block, int count, int at) {
    for (int i = 0; i < count; i++)
        if (block[i]->steps[block[i]->step_count - 1].item == s->p->items.at[at]) schedule_put(order, block[i]);
}

static Step *steps(Scheduler *s, int *count) {
    Arena *arena = s->p->arena;
    VEC(Step *) blocks = {0};
    Order *order = schedule_order(s);
    s->group = ARENA_ARRAY(arena, int, s->p->items.count + 1);
    for (int i = 0; i < s->p->items.count; i++) {
        IrItem *item = s->p->items.at[i];
        Step *block = ARENA_ARRAY(arena, Step, SCHEDULE_MOST_BLOCKS), step;
        int family = s->group[i] ? 0 : schedule_blocks(s, i, block);
        for (int k = 0; k < family; k++) vec_push(arena, &blocks, block + k);
        if (!s->group[i]) {
            step = item->kind == ITEM_ALG ? equation_step(s, item) : group_step(s, item);
            schedule_put(order, &step);
        }
        put_blocks(order, s, blocks.at, blocks.count, i);
    }
    return schedule_ordered(order, count);
}

Schedule *schedule_make(const IrProgram *p) {
    return schedule_make_with(p, schedule_most_kept);
}

Schedule *schedule_make_with(const IrProgram *p, double most_kept) {
    Schedule *schedule = ARENA_NEW(p->arena, Schedule);
    Scheduler s = {.p = p, .schedule = schedule, .most_kept = most_kept};
    schedule->storage = ARENA_ARRAY(p->arena, Storage, p->vars.count + 1);
    schedule->plan = ARENA_ARRAY(p->arena, bool, p->vars.count + 1);
    for (int i = 0; i < p->vars.count; i++) {
        const IrVar *v = p->vars.at[i];
        schedule->storage[i] = (Storage){.slots = 1, .kept = ARENA_ARRAY(p->arena, bool, v->axis_count + 1)};
        for (int j = 0; j < v->axis_count; j++) schedule->storage[i].kept[j] = true;
        schedule->plan[i] = v->kind == VAR_WEIGHT;
        for (int j = 0; v->kind == VAR_NOISE && j < v->axis_count; j++) /* one step's numbers at a time */
            schedule->storage[i].kept[j] = !ir_is_time(v, v->axes[j]);
    }
    for (int i = 0; i < p->items.count; i++) { /* what reads an output is computed when that is: in the call */
        const IrVar *v = p->items.at[i]->var;
        if (v) schedule->plan[v->id] = !schedule_is_kept(p, v) && weights_only(schedule, p->items.at[i]);
    }
    schedule_find_segments(&s);
    s.packed = ARENA_ARRAY(p->arena, bool, p->vars.count + 1);
    int count;
    schedule->steps = steps(&s, &count);
    schedule->step_count = schedule_drop_packed(&s, schedule->steps, count);
    return schedule;
}

/* ---- text ------------------------------------------------------------------------------------------------------------------------- */
static void put_axes(Text *to, const char *label, IrAxis *const *axes, int count) {
    if (!count) return;
    text_add(to, " %s(", label);
    for (int i = 0; i < count; i++) text_add(to, "%s%s", i ? ", " : "", axes[i]->name);
    text_add(to, ")");
}

static void put_sparse(Text *to, const Sparse *s) {
    put_axes(to, "rows", s->rows, s->row_count);
    put_axes(to, "columns", s->columns, s->column_count);
    put_axes(to, "each", s->batch, s->batch_count);
    text_add(to, ", about %.0f synapses of %.0f pairs", schedule_synapses(s), schedule_pairs(s));
}

static void put_step(Text *to, const Step *step, int indent) {
    static const char *const kernels[] = {"loops", "matrix product", "symmetric product", "sparse product"};
    text_repeat(to, ' ', indent);
    if (step->kind == STEP_EQUATION) {
        text_add(to, "%s: %s", step->item->var->name, kernels[step->kernel]);
        if (step->kernel == KERNEL_SPARSE) {
            put_sparse(to, step->sparse);
        } else if (step->kernel != KERNEL_LOOPS) {
            put_axes(to, "m", step->product.m, step->product.m_count);
            put_axes(to, "n", step->product.n, step->product.n_count);
            put_axes(to, "k", step->product.k, step->product.k_count);
            put_axes(to, "each", step->product.batch, step->product.batch_count);
            if (step->product.tied) text_add(to, " in a band along %s", step->product.tied->name);
        }
        text_add(to, "%s%s%s\n", step->plan ? " (plan)" : "", step->adds ? ", added up" : "", step->again ? ", again" : "");
        return;
    }
    if (step->kind == STEP_NEST) {
        text_add(to, "nest");
        put_axes(to, "each", step->batch, step->batch_count);
        if (step->vectors) text_add(to, step->vectors == 1 ? " in lanes" : " in lanes of %d vectors", step->vectors);
        if (step->inside) text_add(to, ", the scan inside");
        if (step->block) text_add(to, ", a task for %lld of %s", (long long)step->block, step->batch[0]->name);
    } else if (step->kind == STEP_BLOCK) {
        text_add(to, "block of %lld along %s", (long long)step->block, step->axis->name);
        put_axes(to, "each", step->batch, step->batch_count);
        if (step->band.above || step->band.below) text_add(to, " in a band");
        if (step->parts > 1) text_add(to, ", in %d parts", step->parts);
    } else {
        text_add(to, "%s", step->kind == STEP_SCAN ? "scan along " : "fixpoint");
        if (step->kind == STEP_SCAN) text_add(to, "%s%s", step->item->axis->name, step->item->reversed ? " reversed" : "");
        if (step->segments) text_add(to, step->item->reversed ? ", each segment of %lld steps done again first" : " in segments of %lld steps", (long long)step->segments->length);
    }
    text_add(to, "\n");
    for (int i = 0; i < step->step_count; i++) put_step(to, &step->steps[i], indent + 2);
}

void schedule_print(const IrProgram *p, const Schedule *s, FILE *to) {
    Text text = text_new(p->arena);
    for (int i = 0; i < s->step_count; i++) put_step(&text, &s->steps[i], 0);
    fputs(text.at, to);
}

void schedule_print_blocks(const IrProgram *p, const Schedule *s, int indent, FILE *to) {
    Text text = text_new(p->arena);
    for (int i = 0; i < s->step_count; i++)
        if (s->steps[i].kind == STEP_BLOCK) put_step(&text, &s->steps[i], indent);
    fputs(text.at, to);
}
