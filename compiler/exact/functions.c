/* Values of expressions: elementwise functions, and which part evaluates what. */
#include <math.h>
#include <string.h>

#include "exact/literal.h"
#include "exact/trial.h"

const Value *trial_pi(Trial *t) {
    if (!t->pi) t->pi = value_draw(&t->m, &t->seed);
    return t->pi;
}

/* The digits that gradients of erf and gelu are written with are pi where derivatives are looked at. */
static const Value *literal(Trial *t, const IrExpr *e) {
    if (t->moves && strcmp(e->text, IR_PI) == 0) {
        trial_assume(t, IR_PI " stands for pi");
        return trial_pi(t);
    }
    const Value *v = literal_value(&t->m, e->text);
    return v ? v : trial_undecided(t, e, "a number that is no decimal");
}

const Value *trial_inverse(Trial *t, const IrExpr *e, const Value *a) {
    const Value *v = value_inverse(&t->m, a);
    if (!v) return trial_undecided(t, e, "a division by what is always zero");
    trial_assume_here(t, a, "the divisor in '%s' is not zero");
    return v;
}

const Value *trial_half(Trial *t, const Value *a) {
    return value_mul(&t->m, a, value_rational(&t->m, 1, 2));
}

const Value *trial_step(Trial *t, const Value *a, int at_zero) {
    t->signs = true;
    return value_step(&t->m, a, at_zero);
}

/* 1 / (1 + e^-(scale a)) */
static const Value *sigmoid(Trial *t, const IrExpr *e, int scale) {
    const Value *x = trial_exponential(t, e->arg[0], -scale);
    return x ? trial_inverse(t, e, value_add(&t->m, value_integer(&t->m, 1), x)) : NULL;
}

/* 2 sigmoid(2 a) - 1 */
static const Value *tanh_of(Trial *t, const IrExpr *e) {
    const Value *s = sigmoid(t, e, 2);
    return s ? value_sub(&t->m, value_mul(&t->m, value_integer(&t->m, 2), s), value_integer(&t->m, 1)) : NULL;
}

static const Value *logarithm(Trial *t, const IrExpr *e, const Value *a) {
    const char *why = NULL;
    const Value *v = basis_log(t->basis, a, &why);
    trial_assume_here(t, a, "what the logarithm in '%s' is taken of is positive");
    return v ? v : trial_undecided(t, e, why);
}

/* a/2 (1 + erf(a / sqrt 2)) */
static const Value *gelu(Trial *t, const Value *a) {
    const Value *scale = value_root(&t->m, value_rational(&t->m, 1, 2));
    const Value *f = keyed_parity(t->keyed, IR_ERF, -1, value_mul(&t->m, a, scale));
    return trial_half(t, value_mul(&t->m, a, value_add(&t->m, value_integer(&t->m, 1), f)));
}

static const Value *function(Trial *t, const IrExpr *e, const Value *a) {
    switch (e->op) {
    case IR_NEG: return value_negative(&t->m, a);
    case IR_STOP: return a;
    case IR_SQRT: return value_root(&t->m, a);
    case IR_GELU: return gelu(t, a);
    case IR_LOG: return logarithm(t, e, a);
    case IR_SIN: return keyed_parity(t->keyed, IR_SIN, -1, a);
    case IR_COS: return keyed_parity(t->keyed, IR_COS, 1, a);
    case IR_ERF: return keyed_parity(t->keyed, IR_ERF, -1, a);
    default: break;
    }
    t->signs = true;
    return value_mul(&t->m, a, e->op == IR_RELU ? value_step(&t->m, a, 0) : value_sign(&t->m, a)); /* IR_RELU, IR_ABS */
}

/* Whether the label of the comparison is the number it is compared with is a case of its own. */
static bool in_cases(const Trial *t, const IrExpr *e) {
    const IrExpr *with;
    const IrVar *v = t->labels ? ir_label_of(e, &with) : NULL;
    double x;
    for (int i = 0; v && i < t->labels->count; i++)
        if (t->labels->at[i].v == v) return trial_concrete(t, with, &x) && x == rint(x);
    return false;
}

static const Value *comparison(Trial *t, const IrExpr *e) {
    double x;
    if (trial_concrete(t, e, &x)) return value_integer(&t->m, (int64_t)x);
    const Value *a = trial_eval(t, e->arg[0]), *b = a ? trial_eval(t, e->arg[1]) : NULL;
    if (!b) return NULL;
    const Value *gap = value_sub(&t->m, b, a);
    if (!in_cases(t, e)) trial_assume_here(t, gap, "what is compared in '%s' is not just equal");
    return e->op == IR_EQ ? value_zero(&t->m, gap) : trial_step(t, gap, e->op == IR_LE);
}

/* min(a, b) = -max(-a, -b) */
static const Value *opaque_extreme(Trial *t, const IrExpr *e, const Value *a, const Value *b) {
    bool least = e->op == IR_MIN;
    const Value *pair[] = {least ? value_negative(&t->m, a) : a, least ? value_negative(&t->m, b) : b};
    const Value *most = keyed_set(t->keyed, IR_AMAX, pair, 2);
    return least ? value_negative(&t->m, most) : most;
}

/* max(a, b) = b + relu(a - b), min(a, b) = b - relu(b - a) */
static const Value *extreme(Trial *t, const IrExpr *e, const Value *a, const Value *b) {
    t->met_maxima = true;
    if (t->maxima) return opaque_extreme(t, e, a, b);
    const Value *gap = e->op == IR_MAX ? value_sub(&t->m, a, b) : value_sub(&t->m, b, a);
    const Value *over = value_mul(&t->m, gap, trial_step(t, gap, 0));
    return e->op == IR_MAX ? value_add(&t->m, b, over) : value_sub(&t->m, b, over);
}

static const Value *power(Trial *t, const IrExpr *e) {
    double n;
    const Value *a = trial_eval(t, e->arg[0]);
    if (!a) return NULL;
    if (!trial_concrete(t, e->arg[1], &n) || fabs(n) > 1e6 || 2 * n != rint(2 * n))
        return trial_undecided(t, e, "a power that is no multiple of 1/2");
    if (n != rint(n)) a = value_root(&t->m, a), n *= 2;
    const Value *v = a ? value_power(&t->m, a, (uint64_t)fabs(n)) : NULL;
    return v && n < 0 ? trial_inverse(t, e, v) : v;
}

/* Where the choice is known, the other branch is not looked at. */
static const Value *choice(Trial *t, const IrExpr *e) {
    double x;
    if (trial_concrete(t, e->arg[0], &x)) return trial_eval(t, e->arg[x ? 1 : 2]);
    const Value *c = trial_eval(t, e->arg[0]);
    if (c && in_cases(t, e->arg[0])) return trial_eval(t, e->arg[value_is_zero(&t->m, c) ? 2 : 1]);
    const Value *a = c ? trial_eval(t, e->arg[1]) : NULL, *b = a ? trial_eval(t, e->arg[2]) : NULL;
    return b ? value_add(&t->m, b, value_mul(&t->m, c, value_sub(&t->m, a, b))) : NULL;
}

static const Value *binary(Trial *t, const IrExpr *e, const Value *a, const Value *b) {
    switch (e->op) {
    case IR_ADD: return value_add(&t->m, a, b);
    case IR_SUB: return value_sub(&t->m, a, b);
    case IR_MUL: return value_mul(&t->m, a, b);
    case IR_DIV: b = trial_inverse(t, e, b); return b ? value_mul(&t->m, a, b) : NULL;
    default: return extreme(t, e, a, b);
    }
}

const Value *trial_eval(Trial *t, const IrExpr *e) {
    switch (e->op) {
    case IR_LIT: return literal(t, e);
    case IR_SIZE: return value_integer(&t->m, trial_size(t, e->axis));
    case IR_POS: return value_integer(&t->m, t->position[e->axis->id]);
    case IR_REF:
    case IR_PREV: return trial_read(t, e);
    case IR_SUM:
    case IR_AMAX: return trial_reduce(t, e);
    case IR_LT:
    case IR_LE:
    case IR_EQ: return comparison(t, e);
    case IR_POW: return power(t, e);
    case IR_SELECT: return choice(t, e);
    case IR_EXP: return trial_exponential(t, e->arg[0], 1);
    case IR_SIGMOID: return sigmoid(t, e, 1);
    case IR_TANH: return tanh_of(t, e);
    default: break;
    }
    const Value *a = trial_eval(t, e->arg[0]), *b = a && e->argc > 1 ? trial_eval(t, e->arg[1]) : NULL;
    if (!a || (e->argc > 1 && !b)) return NULL;
    return b ? binary(t, e, a, b) : function(t, e, a);
}
