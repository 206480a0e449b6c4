/* The factor that a check leaves open, a == c * b for some c: the exact engine's, or else the ratio of the sides at the element of the
 * first inputs that decides it best. Inputs at which that number does not fit show that there is none. */
#include <float.h>
#include <math.h>

#include "reference/check_internal.h"

/* Of a quotient and a product in float64. */
static const double ROUNDING = 2 * DBL_EPSILON;

void factors_set_up(Checker *c) {
    c->factor = ARENA_ARRAY(c->arena, OpenFactor, c->report->count);
    for (int i = 0; i < c->report->count; i++) {
        const IrCheck *check = &c->in->source->checks.at[i];
        double known = check->factor && c->in->factor ? c->in->factor[i] : 0;
        c->factor[i] = (OpenFactor){check->factor ? check->factor_on : -1, known != 0, known != 0, known, ROUNDING * fabs(known)};
    }
}

Bounded side_point(const Checker *c, const Sides *sides, int side, int64_t i) {
    RefTensor t = side_value(c, sides, side);
    const OpenFactor *f = &c->factor[side / 2];
    if (f->side != side % 2 || !f->known) return (Bounded){t.value[i], t.bound[i]};
    return (Bounded){f->value * t.value[i], fabs(f->value) * t.bound[i] + f->error * fabs(t.value[i])};
}

/* The element at which b is the most times its error; -1: b is zero everywhere. */
static int64_t clearest(RefTensor b) {
    int64_t best = -1;
    double most = 1;
    for (int64_t i = 0; i < b.count; i++) {
        double clear = fabs(b.value[i]) / (b.bound[i] + DBL_MIN);
        if (isfinite(b.bound[i]) && clear > most) best = i, most = clear;
    }
    return best;
}

int64_t factor_settle(Checker *c, const Sides *sides, int check) {
    OpenFactor *f = &c->factor[check];
    if (f->side < 0 || f->known) return -1;
    RefTensor a = side_value(c, sides, 2 * check + 1 - f->side), b = side_value(c, sides, 2 * check + f->side);
    int64_t at = clearest(b);
    if (at < 0 || !isfinite(a.value[at]) || !isfinite(a.bound[at])) return -1;
    if (fabs(a.value[at]) <= a.bound[at]) return at; /* it would be 0 */
    f->value = a.value[at] / b.value[at];
    f->error = (a.bound[at] + fabs(f->value) * b.bound[at]) / (fabs(b.value[at]) - b.bound[at]) + ROUNDING * fabs(f->value);
    f->known = true;
    return -1;
}

char *factor_text(const Checker *c, int check) {
    const OpenFactor *f = &c->factor[check];
    Name name = c->in->source->checks.at[check].factor;
    if (f->side < 0) return NULL;
    if (!f->known) return arena_printf(c->arena, "%s would have to be 0", name);
    return arena_printf(c->arena, "with %s = %.9g, %s", name, f->value, f->exact ? "as proved" : "the ratio of the sides at the first inputs");
}
