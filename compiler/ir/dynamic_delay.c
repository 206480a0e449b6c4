/* Delays in whole steps. A delay is a number, or an expression of positions that is known before the run; then each value that it
 * takes is a lag of its own, and a chain of selects finds the one of each pair of cells. Of a drawn delay only the ends are known,
 * and each step between them is a lag. */
#include <math.h>
#include <stdlib.h>

#include "ir/dynamic_internal.h"

enum { MOST_LAGS = 64 };

/* ---- values that are known before the run ------------------------------------------------------------------------ */
typedef struct Known {
    Dynamic *d;
    const IrVar *of;   /* what hears it */
    const IrExpr *late; /* the delay() */
    int64_t *position; /* by axis id */
    DynLags *lags;     /* found so far */
} Known;

static bool known_value(Known *k, const IrExpr *e, double *value);

/* A table: its definition at the positions of the indices. */
static bool table_value(Known *k, const IrExpr *ref, double *value) {
    const IrVar *v = ref->var;
    int64_t outside[v->axis_count + 1];
    if (!v->def || v->kind != VAR_ALG) return false;
    for (int i = 0; i < v->axis_count; i++) {
        const IrIndex *index = &ref->index[i];
        int64_t last = v->axes[i]->root->size - 1;
        int64_t at = index->kind == IX_AXIS ? k->position[index->axis->id] + index->offset : index->kind == IX_LAST ? last + index->offset : index->offset;
        outside[i] = k->position[v->axes[i]->id];
        k->position[v->axes[i]->id] = at;
    }
    bool known = known_value(k, v->def, value);
    for (int i = v->axis_count - 1; i >= 0; i--) k->position[v->axes[i]->id] = outside[i];
    return known;
}

static bool known_value(Known *k, const IrExpr *e, double *value) {
    double a[3] = {0};
    if (e->op == IR_LIT) return *value = e->value, true;
    if (e->op == IR_SIZE) return *value = (double)e->axis->root->size, e->axis->root->kind == AXIS_CONST;
    if (e->op == IR_POS) return *value = (double)k->position[e->axis->id], true;
    if (e->op == IR_REF) return table_value(k, e, value);
    if (e->argc < 1 || e->argc > 3 || e->bound_count) return false;
    for (int i = 0; i < e->argc; i++)
        if (!known_value(k, e->arg[i], &a[i])) return false;
    return ir_apply(e->op, a, value);
}

/* ---- axes that a delay depends on -------------------------------------------------------------------------------- */
typedef struct Axes {
    Arena *arena;
    VEC(const IrAxis *) list;
} Axes;

static void add_axis(Axes *axes, const IrAxis *axis) {
    for (int i = 0; i < axes->list.count; i++)
        if (axes->list.at[i] == axis) return;
    vec_push(axes->arena, &axes->list, axis);
}

static void find_axes(Axes *axes, const IrExpr *e) {
    if (e->op == IR_POS) add_axis(axes, e->axis);
    if (e->op == IR_REF)
        for (int i = 0; i < e->var->axis_count; i++)
            if (e->index[i].kind == IX_AXIS) add_axis(axes, e->index[i].axis);
    for (int i = 0; i < e->argc; i++) find_axes(axes, e->arg[i]);
}

/* ---- steps ------------------------------------------------------------------------------------------------------- */
/* The longest step below dt that divides a delay: a round number, 1, 2 or 5 times a power of ten, where one nearly as long does. */
static double dividing(double seconds, double dt) {
    static const double first[] = {5, 2, 1};
    double ten = pow(10, floor(log10(dt) + 1e-9));
    for (int i = 0; i < 6; i++) {
        double round = first[i % 3] * (i < 3 ? ten : ten / 10), steps = seconds / round;
        if (round < dt && round > 0.3 * dt && fabs(steps - floor(steps + 0.5)) < 1e-6) return round;
    }
    return seconds / ceil(seconds / dt);
}

static bool whole_steps(const Known *k, double seconds, double *steps) {
    double dt = k->d->options->dt, exact = seconds / dt;
    *steps = floor(exact + 0.5);
    double off = exact - *steps;
    if (fabs(off) < DYN_WHOLE) return true;
    Diagnostic *x = diag_error(k->d->diagnostics, E_DELAY_STEPS, k->late->span, "a delay of %g ms to `%s` is no whole number of steps of %g ms",
                               seconds * 1e3, dyn_label(k->of), dt * 1e3);
    diag_note(x, "it would be %g steps", exact);
    double proposed = dividing(seconds, dt);
    diag_help(x, "choose --dt so that it divides the delay: --dt %sms", dyn_ms(k->d->p->arena, proposed, DYN_WHOLE * proposed / seconds));
    return false;
}

/* `between`: seconds from the shortest to the longest delay, 0 where that is not known. */
static bool too_many(const Known *k, double between) {
    Diagnostic *x = diag_error(k->d->diagnostics, E_DELAY_STEPS, k->late->span, "the delays to `%s` take more than %d values", dyn_label(k->of),
                               MOST_LAGS);
    if (between > 0) diag_help(x, "steps of --dt %gms or more make few enough of them", ceil(between * 1e5 / (MOST_LAGS - 1)) * 1e-2);
    else diag_help(x, "a longer --dt, or delays that are rounded, make fewer of them");
    return false;
}

static bool add_number(const Known *k, int64_t steps) {
    DynLags *lags = k->lags;
    int at = 0;
    while (at < lags->count && lags->steps[at] < steps) at++;
    if (at < lags->count && lags->steps[at] == steps) return true;
    if (lags->count == MOST_LAGS) return too_many(k, 0);
    for (int i = lags->count++; i > at; i--) lags->steps[i] = lags->steps[i - 1];
    lags->steps[at] = steps;
    return true;
}

static bool add_lag(const Known *k, double steps) {
    if (steps <= DYN_MOST_STEPS) return add_number(k, (int64_t)steps);
    Diagnostic *x = diag_error(k->d->diagnostics, E_DELAY_STEPS, k->late->span, "a delay to `%s` takes %.3g steps of %g ms, more than 2^31", dyn_label(k->of),
                               steps, k->d->options->dt * 1e3);
    diag_help(x, "choose a longer --dt or a shorter delay");
    return false;
}

static bool not_known(const Known *k) {
    Diagnostic *x = diag_error(k->d->diagnostics, E_DELAY_STEPS, k->late->span, "the delay of a projection to `%s` is not known before the run",
                               dyn_label(k->of));
    diag_help(x, "a delay is made of numbers, constants, sizes and positions of axes of fixed size");
    return false;
}

/* Every point of the axes from number `at` on. */
static bool each_point(Known *k, const Axes *axes, int at) {
    double seconds = 0, steps;
    if (at < axes->list.count) {
        const IrAxis *axis = axes->list.at[at];
        if (axis->root->kind != AXIS_CONST) return not_known(k);
        for (int64_t i = 0; i < axis->root->size; i++) {
            k->position[axis->id] = i;
            if (!each_point(k, axes, at + 1)) return false;
        }
        return true;
    }
    if (!known_value(k, k->late->arg[1], &seconds)) return not_known(k);
    return whole_steps(k, seconds, &steps) && add_lag(k, steps);
}

/* Drawn when the run begins: every step between the two ends may occur. A drawn time counts as the step that is nearest to it. */
static bool drawn_lags(const Known *k, const IrVar *table) {
    double dt = k->d->options->dt, between = table->draw_b - table->draw_a;
    if (floor(table->draw_b / dt + 0.5) - floor(table->draw_a / dt + 0.5) >= MOST_LAGS) return too_many(k, between);
    for (double steps = floor(table->draw_a / dt + 0.5); steps <= floor(table->draw_b / dt + 0.5); steps++)
        if (!add_lag(k, steps)) return false;
    return true;
}

bool dyn_lags(Dynamic *d, const IrVar *of, const IrExpr *late, DynLags *lags) {
    const IrExpr *delay = late->arg[1];
    Axes axes = {.arena = d->p->arena};
    Known k = {d, of, late, ARENA_ARRAY(d->p->arena, int64_t, d->p->axes.count + 1), lags};
    *lags = (DynLags){0, ARENA_ARRAY(d->p->arena, int64_t, MOST_LAGS)};
    if (delay->op == IR_REF && delay->var->literal && delay->var->draw == INIT_UNIFORM) return drawn_lags(&k, delay->var);
    find_axes(&axes, delay);
    return each_point(&k, &axes, 0);
}

IrExpr *dyn_by_lag(Dynamic *d, const IrExpr *delay, const DynLags *lags, IrExpr *const *value) {
    IrProgram *p = d->p;
    IrExpr *chosen = value[lags->count - 1];
    for (int i = lags->count - 2; i >= 0; i--) { /* halfway between two steps: no rounding decides */
        IrExpr *most = ir_lit(p, ((double)lags->steps[i] + 0.5) * d->options->dt);
        chosen = ir_select(p, ir_op2(p, IR_LE, (IrExpr *)delay, most), value[i], chosen);
    }
    return chosen;
}
