/* What is compared in a trial: the sides of a check, element by element, perhaps up to a factor; or a gradient with the derivative of
 * a loss. */
#include <string.h>

#include "exact/decide_internal.h"

bool next_element(const Task *task, const IrVar *v, int64_t *position) {
    for (int i = v->axis_count - 1; i >= 0; i--) {
        if (++position[i] < task->size[v->axes[i]->id]) return true;
        position[i] = 0;
    }
    return false;
}

/* "token = 3, d = 0, label = 4" */
static char *element_text(const Task *task, const int64_t *position) {
    const IrVar *v = task->d->check->left;
    char *text = v->axis_count ? "" : "their only value";
    for (int i = 0; i < v->axis_count; i++)
        text = arena_printf(task->arena, "%s%s%s = %lld", text, i ? ", " : "", v->axes[i]->root->name, (long long)position[i]);
    for (int i = 0; i < task->labels.count; i++) {
        const IrLabel *label = &task->labels.at[i];
        int64_t value;
        if (label->v->axis_count || !label_value(&task->labels, task->which, label->v, 0, &value)) continue;
        text = arena_printf(task->arena, "%s, %s = %lld", text, label->v->name, (long long)value);
    }
    return text;
}

/* ---- a factor that is left open ------------------------------------------------------------------------------------- */
static const int64_t MOST_FACTOR = 1 << 20; /* numerator and denominator: one of 2^20 field elements looks like such a fraction */

/* a / b at the first point at which both are of F_p and every root is of a square. False: there is none, or it is no fraction. */
static bool factor_at_point(const Points *m, const Value *a, const Value *b, ExactFactor *factor) {
    EACH_POINT (m, i, f) {
        bool complex = (a->im && a->im[i]) || (b->im && b->im[i]);
        if (m->dead[i] || complex || !b->re[i] || value_leaves_squares(m, a, i) || value_leaves_squares(m, b, i)) continue;
        uint64_t ratio = field_mul(f, a->re[i], field_inverse(f, b->re[i]));
        return field_fraction(f, ratio, MOST_FACTOR, &factor->n, &factor->d);
    }
    return false;
}

/* A guess, from the first element at which the side with the factor is not zero; where that side is zero everywhere, any number
 * will do. Whether it is the factor of all elements, at other points, is what the trials decide. */
static Outcome find_factor(Run *r) {
    const IrCheck *check = r->task->d->check;
    const IrVar *plain = check->factor_on ? check->left : check->right, *scaled = check->factor_on ? check->right : check->left;
    int64_t position[plain->axis_count + 1];
    memset(position, 0, sizeof position);
    do {
        const Value *a = trial_value(r->t, plain, position), *b = a ? trial_value(r->t, scaled, position) : NULL;
        if (!b) return STOPPED;
        if (value_is_zero(trial_points(r->t), b)) continue;
        if (factor_at_point(trial_points(r->t), a, b, &r->task->factor) && r->task->factor.n) return AGREE;
        r->task->factor = (ExactFactor){0, 0};
        r->task->why = arena_printf(r->task->arena, "%s, by no constant fraction", element_text(r->task, position));
        return DISAGREE;
    } while (next_element(r->task, plain, position));
    r->task->factor = (ExactFactor){1, 1};
    return AGREE;
}

static const Value *times_factor(const Run *r, int side, const Value *v) {
    const IrCheck *check = r->task->d->check;
    if (!v || !check->factor || check->factor_on != side) return v;
    Points *m = trial_points(r->t);
    return value_mul(m, v, value_rational(m, r->task->factor.n, r->task->factor.d));
}

static Outcome compare_sides(Run *r) {
    const IrVar *left = r->task->d->check->left, *right = r->task->d->check->right;
    int64_t position[left->axis_count + 1];
    Outcome found = r->task->d->check->factor && !r->task->factor.d ? find_factor(r) : AGREE;
    if (found != AGREE) return found;
    memset(position, 0, sizeof position);
    do {
        const Value *a = times_factor(r, 0, trial_value(r->t, left, position));
        Outcome outcome = equal_values(r, a, a ? times_factor(r, 1, trial_value(r->t, right, position)) : NULL);
        if (outcome == DISAGREE) r->task->why = element_text(r->task, position);
        if (outcome != AGREE) return outcome;
    } while (next_element(r->task, left, position));
    return AGREE;
}

/* ---- gradients ------------------------------------------------------------------------------------------------------ */
/* The derivative of the sum of the loss's elements in the direction that was chosen. */
static const Value *moved_loss(Run *r, const IrVar *loss) {
    int64_t position[loss->axis_count + 1];
    Sum *sum = sum_new(trial_points(r->t));
    memset(position, 0, sizeof position);
    do {
        const Value *moved = trial_tangent(r->t, loss, position);
        if (!moved) return NULL;
        sum_add(sum, moved);
    } while (next_element(r->task, loss, position));
    return sum_close(sum);
}

/* Adds the gradient by `v` times the direction in which v moves. */
static bool add_directional(Run *r, const IrVar *v, const IrVar *gradient, Sum *sum) {
    int64_t position[v->axis_count + 1];
    memset(position, 0, sizeof position);
    do {
        const Value *slope = trial_value(r->t, gradient, position), *moved = slope ? trial_tangent(r->t, v, position) : NULL;
        if (!moved) return false;
        sum_add_product(sum, slope, moved);
    } while (next_element(r->task, v, position));
    return true;
}

/* Of inputs from..to - 1 together: a difference of gradients is a polynomial in the direction too, which is random. */
static Outcome compare_direction(Run *r, int from, int to) {
    const ExactGradient *g = r->task->d->gradient;
    Sum *sum = sum_new(trial_points(r->t));
    for (int i = from; i < to; i++)
        if (g->of[i]->def) trial_cut(r->t, g->of[i], g->of[i], NULL);
    trial_differentiate(r->t, g->of + from, to - from);
    if (r->task->method.hold) trial_hold(r->t, g->loss);
    for (int i = from; i < to; i++)
        if (!add_directional(r, g->of[i], g->gradient[i], sum)) return STOPPED;
    return equal_values(r, sum_close(sum), moved_loss(r, g->loss));
}

/* Where they differ, the input by which they do. */
static Outcome compare_gradient(Run *r) {
    const ExactGradient *g = r->task->d->gradient;
    Outcome outcome = compare_direction(r, 0, g->count);
    if (outcome != DISAGREE || r->task->method.hold) return outcome;
    for (int i = 0; i < g->count; i++) {
        if (!g->of[i]->def) continue;
        r->task->why = arena_printf(r->task->arena, "by '%s', which is made of what its own gradient reads", g->of[i]->name);
        return STOPPED;
    }
    int i = 0;
    while (i < g->count - 1 && compare_direction(r, i, i + 1) != DISAGREE) i++;
    r->task->why = arena_printf(r->task->arena, "the gradient by '%s'", g->of[i]->name);
    return DISAGREE;
}

Outcome compare_claim(Run *r) {
    return (r->task->d->gradient ? compare_gradient : compare_sides)(r);
}
