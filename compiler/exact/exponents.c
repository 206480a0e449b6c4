/* Arguments of exponentials. */
#include <math.h>

#include "exact/trial.h"

/* An exponent as a sum of rational multiples, as far as the equations show one: e^(s - m) = e^s e^-m. */
enum { MOST_TERMS = 32, DEEPEST_TERM = 64 };
typedef struct Terms {
    Exponent at[MOST_TERMS];
    int count, depth;
    int64_t n; /* factor of what is collected now, in units of 1 / denominator */
} Terms;

static bool collect(Trial *t, const IrExpr *e, int64_t n, Terms *terms);

/* n times the number that e says, if that is a whole number of units; 0 otherwise. */
static int64_t times_literal(Trial *t, const IrExpr *e, bool divide, int64_t n) {
    double x, most = 1ll << 36;
    if (!trial_concrete(t, e, &x) || x == 0 || (e->op != IR_LIT && x != rint(x))) return 0;
    double scaled = divide ? (double)n / x : (double)n * x;
    if (scaled == 0 || scaled != rint(scaled) || fabs(scaled) > most) return 0;
    const Value *number = trial_eval(t, e), *exact = value_integer(&t->m, divide ? n : (int64_t)scaled);
    const Value *product = number ? value_mul(&t->m, number, value_integer(&t->m, divide ? (int64_t)scaled : n)) : NULL;
    return product && value_equal(&t->m, product, exact) ? (int64_t)scaled : 0;
}

static bool collect_atom(Trial *t, const IrExpr *e, int64_t n, Terms *terms) {
    const Value *v = trial_eval(t, e);
    if (!v || terms->count == MOST_TERMS) return false;
    terms->at[terms->count++] = (Exponent){v, n};
    return true;
}

static bool linear(const IrExpr *e) {
    return e->op == IR_NEG || e->op == IR_STOP || e->op == IR_ADD || e->op == IR_SUB || e->op == IR_MUL || e->op == IR_DIV || e->op == IR_REF;
}

static bool collect_definition(Trial *t, const IrExpr *e, int64_t n, Terms *terms) {
    const IrVar *v = e->var;
    if (e->op != IR_REF || !v->def || t->cut[v->id].at || t->loop[v->id] || !linear(v->def) || terms->depth == DEEPEST_TERM)
        return collect_atom(t, e, n, terms);
    int64_t before[v->axis_count + 1], position[v->axis_count + 1];
    for (int i = 0; i < v->axis_count; i++) position[i] = trial_index(t, e, i), before[i] = t->position[v->axes[i]->id];
    for (int i = 0; i < v->axis_count; i++) t->position[v->axes[i]->id] = position[i];
    terms->depth++;
    bool fine = collect(t, v->def, n, terms);
    terms->depth--;
    for (int i = 0; i < v->axis_count; i++) t->position[v->axes[i]->id] = before[i];
    return fine;
}

static bool collect(Trial *t, const IrExpr *e, int64_t n, Terms *terms) {
    int64_t scaled;
    switch (e->op) {
    case IR_NEG: return collect(t, e->arg[0], -n, terms);
    case IR_STOP: return collect(t, e->arg[0], n, terms);
    case IR_ADD: return collect(t, e->arg[0], n, terms) && collect(t, e->arg[1], n, terms);
    case IR_SUB: return collect(t, e->arg[0], n, terms) && collect(t, e->arg[1], -n, terms);
    case IR_MUL:
        if ((scaled = times_literal(t, e->arg[0], false, n))) return collect(t, e->arg[1], scaled, terms);
        if ((scaled = times_literal(t, e->arg[1], false, n))) return collect(t, e->arg[0], scaled, terms);
        return collect_atom(t, e, n, terms);
    case IR_DIV:
        scaled = times_literal(t, e->arg[1], true, n);
        return scaled ? collect(t, e->arg[0], scaled, terms) : collect_atom(t, e, n, terms);
    case IR_REF: return collect_definition(t, e, n, terms);
    default: return collect_atom(t, e, n, terms);
    }
}

static bool all_held(const Trial *t, const Terms *terms) {
    for (int i = 0; i < terms->count; i++)
        if (!basis_holds(t->basis, terms->at[i].value) && !value_is_zero(&t->m, terms->at[i].value)) return false;
    return true;
}

static const Value *exponential_of(Trial *t, const IrExpr *e, const Terms *terms) {
    const char *why = NULL;
    const Value *value = basis_exp(t->basis, terms->at, terms->count, &why);
    return value ? value : trial_undecided(t, e, why);
}

/* e^(n e), n = 1, -1, 2 ...: what `e` says, n times. By the terms that the equations show where all are known; else as a whole
 * where that is known; else by new terms. */
const Value *trial_exponential(Trial *t, const IrExpr *e, int n) {
    int64_t times = n * t->denominator;
    Terms parts = {0};
    bool split = !t->full && collect(t, e, times, &parts);
    if (t->why) return NULL;
    if (split && all_held(t, &parts)) return exponential_of(t, e, &parts);
    const Value *v = trial_eval(t, e), *g = v && n != 1 ? value_mul(&t->m, v, value_integer(&t->m, n)) : v;
    if (!g) return NULL;
    const Value *known = basis_find(t->basis, g);
    if (known) return known;
    Terms whole = {.at = {{v, times}}, .count = 1};
    return exponential_of(t, e, split && !basis_knows(t->basis, g) ? &parts : &whole);
}
