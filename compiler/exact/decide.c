/* See exact.h. Shapes, trials and the probability of error. */
#include <math.h>
#include <pthread.h>
#include <string.h>

#include "exact/decide_internal.h"

enum {
    PLAIN_PRIMES = 4, PLAIN_POINTS = 3,  /* of a trial without signs */
    SIGN_PRIMES = 64, SIGN_POINTS = 2,   /* with signs: each prime gives constants other signs */
    FULL_POINTS = 64,                    /* of a trial that looks for linear relations; doubled while they do not suffice */
    MOST_POINTS = 4096,
    ROOT_POINTS = 96,                    /* where only points at which all roots are of squares can be judged */
    MOST_BATCHES = 1024,                 /* as far as the budget goes */
    MOST_CASES = 64,                     /* of labels */
    OPERATIONS_A_PRIME = 20000,          /* what drawing one costs */
};
static const double WANTED_BITS = 102; /* of certainty: 2e-31 */
static const double METHOD_BITS = 3;   /* less, since a check is looked at in up to 8 ways */
static const double DEFAULT_BUDGET = 6e9;
static const int64_t LENGTHS[] = {1, 2, 3, 5, 8, 17};
enum { LENGTH_COUNT = sizeof LENGTHS / sizeof *LENGTHS, SAMPLE = 2 /* index of the shape that is looked at first */ };

static Method with_signs(Method method) {
    method.primes = SIGN_PRIMES, method.each = SIGN_POINTS;
    return method;
}

/* ---- one trial ------------------------------------------------------------------------------------------------------ */
/* All members of a cut are what its first member is, by their definitions. */
static Outcome prove_cut(Run *r, const Cut *cut) {
    const IrVar *first = cut->var[0];
    int64_t position[first->axis_count + 1], other[first->axis_count + 1];
    memset(position, 0, sizeof position);
    do {
        const Value *value = trial_definition(r->t, first, position);
        for (int i = 1; i < cut->count; i++) {
            for (int k = 0; k < first->axis_count; k++) other[cut->order[i][k]] = position[k];
            Outcome outcome = equal_values(r, value, trial_definition(r->t, cut->var[i], other));
            if (outcome != AGREE) return outcome;
        }
    } while (next_element(r->task, first, position));
    return AGREE;
}

/* What cannot be proved from the cuts before is no cut. False: undecided. */
static bool make_cuts(Run *r) {
    const Cuts *cuts = &r->task->d->cuts;
    r->task->shape.cuts = 0;
    for (int i = 0; i < cuts->count; i++) {
        const Cut *cut = &cuts->at[i];
        double before = r->bits;
        Outcome outcome = cut->shared ? AGREE : prove_cut(r, cut);
        if (outcome == STOPPED) return false;
        if (outcome != AGREE) {
            r->bits = before;
            continue;
        }
        r->task->shape.cuts += !cut->shared;
        for (int k = 0; k < cut->count; k++) trial_cut(r->t, cut->var[k], cut->var[0], cut->order[k]);
    }
    return true;
}

static void assume(Task *task, const char *text) {
    for (int i = 0; i < task->assumptions.count; i++)
        if (strcmp(task->assumptions.at[i], text) == 0) return;
    vec_push(task->arena, &task->assumptions, arena_strdup(task->arena, text));
}

static void take_facts(Run *r) {
    Task *task = r->task;
    const char *const *text;
    int count = trial_assumptions(r->t, &text);
    for (int i = 0; i < count; i++) assume(task, text[i]);
    task->trial_operations = trial_points(r->t)->operations;
    task->trial_points = trial_points(r->t)->count;
    task->trial_wanted = trial_wanted(r->t);
    task->operations += task->trial_operations;
    task->trial_characters = trial_points(r->t)->wanted;
    task->trial_assumed = trial_points(r->t)->assumed;
    task->trial_signs = trial_uses_signs(r->t) || trial_points(r->t)->uneven;
    task->trial_maxima = trial_uses_maxima(r->t);
    task->trial_shares = trial_uses_shares(r->t);
    task->trial_zeros = trial_met_zeros(r->t);
    task->signs |= task->trial_signs;
    task->trial_bits = trial_certainty(r);
    if (trial_basis(r->t) > task->shape.exponents) task->shape.exponents = trial_basis(r->t);
    if (!trial_why(r->t)) return;
    task->why = arena_strdup(task->arena, trial_why(r->t));
    task->where = trial_where(r->t);
}

/* One trial; `found`: where to put what coincides in it (NULL: do not look). */
static Outcome trial(Task *task, bool cut, Cuts *found) {
    TrialShape shape = {.size = task->size, .primes = task->method.primes, .each = task->method.each, .exponents = task->method.exponents,
                        .labels = &task->labels, .which = task->which, .maxima = task->method.maxima, .shares = task->method.shares, .seed = task->seed};
    Run r = {.task = task, .t = trial_new(task->d->p, &shape), .bits = 1e6};
    Outcome outcome = cut && !make_cuts(&r) ? STOPPED : compare_claim(&r);
    if (outcome == STOPPED && trial_why(r.t) == basis_wants_points) outcome = MORE_POINTS;
    take_facts(&r);
    if (outcome == DISAGREE && !cut && trial_settles(r.t)) { /* two loops may have the same fixed point */
        outcome = STOPPED;
        task->why = "a loop that is iterated until it settles";
    }
    if (found && outcome != AGREE) task->factor = (ExactFactor){0, 0}; /* another method may see another one */
    if (found && outcome == AGREE && !task->d->gradient)
        *found = cuts_find(task->arena, r.t, task->d->p, task->d->check->left, task->d->check->right);
    trial_free(r.t);
    field_random(&task->seed); /* the next trial draws other points */
    return outcome;
}

/* Whether a trial at these points stays in the budget: values take time by points, the echelon basis by exponents too. */
static bool affordable(const Task *task, int points) {
    double exponents = task->shape.exponents, each = task->trial_operations / task->trial_points;
    return each * points + (task->method.exponents.full ? 2.0 * points * exponents * exponents : 0) <= task->d->budget;
}

/* So many points that the independence of signs and roots can be seen, where the budget has room. Asked again, twice as many as before:
 * where most points say nothing of some sign, each time a few are missing. */
static bool more_for_characters(Task *task, int asked) {
    int each = (task->trial_characters + task->method.primes - 1) / task->method.primes;
    if (each <= task->method.each) return false;
    if (asked && each < 2 * task->method.each) each = 2 * task->method.each;
    if (!affordable(task, each * task->method.primes)) return false;
    task->method.each = each;
    return true;
}

/* Repeats with more points while they do not suffice. */
static Outcome trial_with_points(Task *task, bool cut, Cuts *found) {
    for (int asked = 0;;) {
        Outcome outcome = trial(task, cut, found);
        if (outcome == AGREE && more_for_characters(task, asked++)) continue;
        if (outcome != MORE_POINTS || 2 * task->method.each > MOST_POINTS) return outcome;
        int each = !task->method.exponents.full && task->method.each < ROOT_POINTS ? ROOT_POINTS : 2 * task->method.each;
        if (!affordable(task, each * task->method.primes)) return outcome;
        task->method.each = each;
    }
}

/* ---- one shape ------------------------------------------------------------------------------------------------------ */
/* How many trials the budget has room for. */
static double most_batches(const Task *task) {
    double each = task->trial_operations + (double)task->method.primes * OPERATIONS_A_PRIME;
    return fmin(MOST_BATCHES, task->d->budget / each + 1);
}

/* Trials of one case until the wanted certainty is reached. */
static Outcome repeat_case(Task *task, bool cut) {
    task->shape.error_bits = -METHOD_BITS;
    for (; task->shape.error_bits < WANTED_BITS; task->shape.batches++) {
        Outcome outcome = trial_with_points(task, cut, NULL);
        if (outcome != AGREE) return outcome;
        if (task->trial_assumed) assume(task, "signs and roots that depend on one another take all combinations of values");
        task->shape.error_bits += task->trial_bits;
        if (task->shape.error_bits + (most_batches(task) - 1) * task->trial_bits < WANTED_BITS) break;
    }
    return AGREE;
}

/* In all cases of the labels; the certainty is that of the worst. Of very many, in some that are drawn. */
static Outcome repeat(Task *task, bool cut) {
    int64_t cases = label_cases(&task->labels);
    uint64_t seed = task->seed;
    double worst = INFINITY;
    Outcome outcome = AGREE;
    task->shape.batches = 0;
    if (cases > MOST_CASES) assume(task, arena_printf(task->arena, "the labels' other cases are like the %d that were drawn", MOST_CASES));
    for (int i = 0; outcome == AGREE && i < MOST_CASES && i < cases; i++) {
        task->which = cases <= MOST_CASES ? i : -1 - (int64_t)(field_random(&seed) >> 2);
        outcome = repeat_case(task, cut);
        worst = fmin(worst, task->shape.error_bits);
    }
    task->shape.error_bits = worst;
    return outcome;
}

static void decide_shape(Task *task) {
    task->shape.seed = task->seed;
    task->outcome = repeat(task, task->d->cuts.count > 0);
    if (task->outcome == DISAGREE && task->d->cuts.count > 0) task->outcome = repeat(task, false);
    if (task->outcome == DISAGREE && task->method.maxima) {
        task->method = with_signs(task->method);
        task->method.maxima = false;
        task->outcome = repeat(task, false);
    }
    if (task->outcome == AGREE && task->shape.error_bits < 1 && task->shape.cuts == 0 && task->d->cuts.count > 0)
        task->outcome = repeat(task, false);
    task->shape.primes = task->method.primes;
    task->shape.points = task->method.each;
}

/* ---- shapes --------------------------------------------------------------------------------------------------------- */
/* Bounded axes take the lengths in turn, each one step further than the axis before, so that no two are always equal. */
static int64_t *sizes(const Decision *d, int round) {
    const IrProgram *p = d->p;
    int bounded = 0;
    int64_t *size = ARENA_ARRAY(d->arena, int64_t, p->axes.count), *least = ir_least_sizes(d->arena, p);
    for (int i = 0; i < p->axes.count; i++) {
        const IrAxis *axis = p->axes.at[i];
        if (axis->root != axis) continue;
        size[i] = axis->size;
        if (axis->kind != AXIS_BOUNDED) continue;
        int64_t length = LENGTHS[(round + bounded++) % LENGTH_COUNT];
        if (length < least[i]) length = least[i];
        if (length < axis->size) size[i] = length;
    }
    for (int i = 0; i < p->axes.count; i++) size[i] = size[p->axes.at[i]->root->id];
    return size;
}

static char *sizes_text(const Decision *d, const int64_t *size) {
    char *text = "";
    for (int i = 0; i < d->p->axes.count; i++)
        if (d->p->axes.at[i]->kind == AXIS_BOUNDED)
            text = arena_printf(d->arena, "%s%s%s %lld", text, *text ? ", " : "", d->p->axes.at[i]->name, (long long)size[i]);
    return text;
}

static bool same_sizes(const Decision *d, const int64_t *a, const int64_t *b) {
    return memcmp(a, b, sizeof *a * (size_t)d->p->axes.count) == 0;
}

/* How much longer a shape takes than the sample, at most: twice the tokens are four times the pairs. */
static double growth(const Decision *d, const int64_t *size, const int64_t *sample) {
    double times = 1;
    for (int i = 0; i < d->p->axes.count; i++)
        if (d->p->axes.at[i]->kind == AXIS_BOUNDED && size[i] > sample[i]) times *= pow((double)size[i] / (double)sample[i], 2);
    return times;
}

static char *shapes_text(const Decision *d, const Task *const *task, int count) {
    char *text = "";
    for (int i = 0; i < d->p->axes.count; i++) {
        const IrAxis *axis = d->p->axes.at[i];
        if (axis->kind != AXIS_BOUNDED) continue;
        char *lengths = "";
        for (int k = 0; k < count; k++)
            lengths = arena_printf(d->arena, "%s%s%lld", lengths, k ? ", " : "", (long long)task[k]->size[i]);
        text = arena_printf(d->arena, "%s%s%s %s (declared: up to %lld)", text, *text ? "; " : "", axis->name, lengths,
                            (long long)axis->size);
    }
    return text;
}

/* ---- threads -------------------------------------------------------------------------------------------------------- */
typedef struct Queue {
    Task **task;
    int count, next;
    pthread_mutex_t lock;
} Queue;

/* From behind: the largest shapes first. */
static void *work(void *data) {
    Queue *q = data;
    for (;;) {
        pthread_mutex_lock(&q->lock);
        int i = q->next < q->count ? q->count - 1 - q->next++ : -1;
        pthread_mutex_unlock(&q->lock);
        if (i < 0) return NULL;
        decide_shape(q->task[i]);
    }
}

static void run_all(Task **task, int count, int threads) {
    Queue q = {.task = task, .count = count, .lock = PTHREAD_MUTEX_INITIALIZER};
    pthread_t worker[16];
    int started = 0;
    while (started + 1 < threads && started + 1 < count && started < 16 && !pthread_create(&worker[started], NULL, work, &q)) started++;
    work(&q);
    for (int i = 0; i < started; i++) pthread_join(worker[i], NULL);
}

/* ---- a check -------------------------------------------------------------------------------------------------------- */
/* What both sides depend on. */
static IrLabels labels_of(const Decision *d, const int64_t *size) {
    bool *reached = ARENA_ARRAY(d->arena, bool, d->p->vars.count + 1);
    ir_reach(reached, d->check->left);
    ir_reach(reached, d->check->right);
    for (int i = 0; d->gradient && i < d->gradient->count; i++) ir_reach(reached, d->gradient->gradient[i]);
    return ir_labels(d->arena, d->p, reached, size);
}

static Task *task_new(const Decision *d, int64_t *size, uint64_t seed) {
    Task *task = ARENA_NEW(d->arena, Task);
    *task = (Task){.d = d, .arena = arena_new(), .size = size, .seed = seed, .method = d->method, .factor = d->factor};
    task->labels = labels_of(d, size);
    task->shape.sizes = sizes_text(d, size);
    return task;
}

static void conclude(Decision *d, const Task *task) {
    ExactResult *r = &d->result;
    r->verdict = task->outcome == DISAGREE ? EXACT_UNEQUAL : task->outcome == AGREE ? r->verdict : EXACT_UNDECIDED;
    if (task->outcome == AGREE || r->why) return;
    r->why = task->why ? arena_strdup(d->arena, task->why) : "products of more roots than can be judged together";
    r->where = task->where.end > task->where.begin ? task->where : d->check->span;
}

/* A disagreement may be one of the method: by another the sides may agree, and then all shapes are looked at by that. */
static void look_again(Decision *d, Task *task, Method method) {
    const char *why = task->why;
    Outcome before = task->outcome;
    task->method = method;
    task->outcome = trial_with_points(task, false, &d->cuts);
    if (task->outcome == AGREE) d->method = task->method;
    else task->outcome = before, task->why = why;
}

/* The same with exponents in smaller units, since e^(1/64) was met. */
static Method fractions(const Task *task) {
    Method method = task->method;
    method.exponents.denominator = task->trial_wanted;
    return method;
}

/* Maxima of two as symbols: those that cancel need no signs then. Where the sides differ by them, signs it is. */
static void look_at_maxima(Decision *d, Task *task) {
    Method plain = task->method;
    task->method.maxima = true;
    task->outcome = trial_with_points(task, false, &d->cuts);
    if (task->outcome == AGREE) return;
    task->method = plain;
    task->trial_signs = true;
}

/* The first look, without cuts, at a small shape: decides how the others are looked at. */
static Task *sample(Decision *d, uint64_t seed) {
    Task *task = task_new(d, sizes(d, SAMPLE), seed);
    task->outcome = trial_with_points(task, false, &d->cuts);
    d->method = task->method;
    if (d->brief && task->outcome == DISAGREE) return task;
    if (task->trial_maxima) look_at_maxima(d, task);
    if (task->trial_signs && task->method.primes < SIGN_PRIMES) {
        task->method = with_signs(task->method);
        task->outcome = trial_with_points(task, false, &d->cuts);
    }
    d->method = task->method;
    if (task->outcome != AGREE && task->trial_shares) {
        Method shares = with_signs(task->method);
        shares.shares = true;
        look_again(d, task, shares);
    }
    if (task->outcome == DISAGREE && task->trial_zeros) {
        Method zeros = task->method;
        zeros.exponents.zeros = true;
        look_again(d, task, zeros);
    }
    if (task->outcome != AGREE && task->trial_wanted > task->method.exponents.denominator) look_again(d, task, fractions(task));
    if (task->outcome == DISAGREE && affordable(task, FULL_POINTS)) {
        Method full = task->method;
        full.primes = 1, full.each = FULL_POINTS, full.exponents.full = true;
        look_again(d, task, full);
        if (task->outcome != AGREE && task->trial_wanted > full.exponents.denominator) look_again(d, task, fractions(task));
        d->result.relations = task->outcome == AGREE;
    }
    d->factor = task->factor;
    return task;
}

/* Of a gradient, with what does not move cut first: there are fewer signs and roots then, and lower degrees. What the cuts lose may be
 * needed. */
static Task *look_first(Decision *d, uint64_t seed) {
    Method plain = d->method;
    d->method.hold = d->gradient != NULL;
    Task *task = sample(d, seed);
    if (!d->gradient || task->outcome == AGREE) return task;
    arena_free(task->arena);
    d->method = plain;
    return sample(d, seed);
}

static void take_result(Decision *d, Task *const *task, int count) {
    ExactResult *r = &d->result;
    const Task *shown[LENGTH_COUNT];
    int kept = 0;
    r->shape = ARENA_ARRAY(d->arena, ExactShape, count);
    r->error_bits = INFINITY;
    for (int i = 0; i < count; i++) {
        conclude(d, task[i]);
        r->operations += task[i]->operations;
        r->signs |= task[i]->signs;
        for (int k = 0; k < task[i]->assumptions.count; k++) {
            bool known = false;
            for (int j = 0; j < r->assumption_count; j++) known |= strcmp(r->assumption[j], task[i]->assumptions.at[k]) == 0;
            if (!known) r->assumption[r->assumption_count++] = arena_strdup(d->arena, task[i]->assumptions.at[k]);
        }
        if (task[i]->outcome != AGREE || task[i]->shape.error_bits < WANTED_BITS) continue;
        r->error_bits = fmin(r->error_bits, task[i]->shape.error_bits);
        r->shape[kept] = task[i]->shape;
        shown[kept++] = task[i];
    }
    r->shape_count = kept;
    r->shapes = shapes_text(d, shown, kept);
    r->cases = label_text(d->arena, &task[count - 1]->labels);
    if (r->verdict == EXACT_EQUAL) r->factor = d->factor;
    if (r->verdict != EXACT_EQUAL || kept) return;
    r->verdict = EXACT_UNDECIDED;
    r->agreed = true;
    r->why = "degrees too high for a useful bound on the probability of error";
    r->where = d->check->span;
}

/* Does a side go through an integration of many steps? That is no identity, and nobody could pay for it. */
static bool too_many_steps(Arena *arena, const IrProgram *p, const IrCheck *check) {
    bool *reached = ARENA_ARRAY(arena, bool, p->vars.count + 1), many = false;
    ir_reach(reached, check->left);
    ir_reach(reached, check->right);
    for (int i = 0; i < p->vars.count; i++)
        for (int k = 0; reached[i] && k < p->vars.at[i]->axis_count; k++) {
            const IrAxis *axis = p->vars.at[i]->axes[k];
            many |= axis->kind == AXIS_STEP && axis->size > EXACT_MOST_STEPS;
        }
    return many;
}

static ExactResult decide(Decision d, const ExactOptions *options) {
    d.method = (Method){.primes = PLAIN_PRIMES, .each = PLAIN_POINTS, .exponents.denominator = BASIS_DENOMINATOR};
    if (too_many_steps(d.arena, d.p, d.check))
        return (ExactResult){.verdict = EXACT_UNDECIDED, .shapes = "", .cases = "", .where = d.check->span,
                             .why = "an integration of many steps: compared by values"};
    d.brief = options->brief;
    d.budget = options->budget > 0 ? options->budget : DEFAULT_BUDGET;
    uint64_t seed = options->seed;
    Task *first = look_first(&d, field_random(&seed)), *task[LENGTH_COUNT];
    double cost = first->operations;
    int count = 0;
    d.result.assumption = ARENA_ARRAY(d.arena, char *, 6 * d.p->vars.count + 4);
    for (int round = 0; first->outcome == AGREE && !options->one_shape && round < LENGTH_COUNT; round++) {
        int64_t *size = sizes(&d, round);
        bool skip = growth(&d, size, first->size) * cost > d.budget;
        for (int k = 0; k < count; k++) skip |= same_sizes(&d, size, task[k]->size);
        if (!skip) task[count++] = task_new(&d, size, field_random(&seed));
    }
    if (first->outcome == AGREE && count == 0) task[count++] = task_new(&d, first->size, field_random(&seed));
    run_all(task, count, options->threads > 0 ? options->threads : 1);
    if (count == 0) task[count++] = first;
    take_result(&d, task, count);
    for (int i = 0; i < count; i++) arena_free(task[i]->arena);
    if (task[0] != first) arena_free(first->arena);
    return d.result;
}

ExactResult exact_check(Arena *arena, const IrProgram *core, const IrCheck *check, const ExactOptions *options) {
    return decide((Decision){.arena = arena, .p = core, .check = check}, options);
}

ExactResult exact_gradient(Arena *arena, const IrProgram *core, const ExactGradient *gradient, const ExactOptions *options) {
    IrCheck check = {.name = gradient->loss->name, .left = gradient->loss, .right = gradient->loss, .span = gradient->loss->span};
    return decide((Decision){.arena = arena, .p = core, .check = &check, .gradient = gradient}, options);
}
