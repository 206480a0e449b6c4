/* Fixed points of affine steps: s = A s + b, solved by elimination at every point. The adjoint of a loop is such a loop, and so is what the
 * derivatives of a loop's states obey. A step is affine by the way it is written. */
#include "exact/trial.h"

/* ---- affine by the way it is written -------------------------------------------------------------------------------- */
enum { FREE, AFFINE, OTHER }; /* of what prev says */

static int larger(int a, int b) {
    return a > b ? a : b;
}

static int shape_of(const Trial *t, const Loop *l, const IrExpr *e, int depth);

static int shape_of_reading(const Trial *t, const Loop *l, const IrExpr *e, int depth) {
    if (t->loop[e->var->id] != l) return FREE;
    if (e->op == IR_PREV) return AFFINE;
    return depth > l->item->body_count ? OTHER : shape_of(t, l, e->var->def, depth + 1);
}

static int shape_of(const Trial *t, const Loop *l, const IrExpr *e, int depth) {
    int shape[3] = {FREE, FREE, FREE};
    if (e->op == IR_REF || e->op == IR_PREV) return shape_of_reading(t, l, e, depth);
    for (int i = 0; i < e->argc && i < 3; i++) shape[i] = shape_of(t, l, e->arg[i], depth);
    switch (e->op) {
    case IR_NEG:
    case IR_STOP:
    case IR_SUM: return shape[0];
    case IR_ADD:
    case IR_SUB: return larger(shape[0], shape[1]);
    case IR_MUL: return shape[0] && shape[1] ? OTHER : larger(shape[0], shape[1]);
    case IR_DIV: return shape[1] ? OTHER : shape[0];
    case IR_SELECT: return shape[0] ? OTHER : larger(shape[1], shape[2]);
    default: return shape[0] || shape[1] || shape[2] ? OTHER : FREE;
    }
}

bool trial_is_affine(const Trial *t, const Loop *l) {
    for (int i = 0; i < l->states; i++)
        if (shape_of(t, l, l->state[i]->def, 0) == OTHER) return false;
    return true;
}

/* ---- elimination ---------------------------------------------------------------------------------------------------- */
typedef struct System { /* rows of n coefficients and the right side */
    Trial *t;
    const Value **row[LOOP_MOST];
    int n;
} System;

/* row i -= factor row k, from column k on */
static void subtract(System *s, int i, int k, const Value *factor) {
    for (int j = k; j <= s->n; j++)
        s->row[i][j] = value_sub(&s->t->m, s->row[i][j], value_mul(&s->t->m, factor, s->row[k][j]));
}

/* A row with something else than zero in column k comes to place k, with a one there. */
static bool pivot(System *s, int k) {
    int i = k;
    while (i < s->n && value_vanishes(&s->t->m, s->row[i][k])) i++;
    if (i == s->n) return false;
    const Value **row = s->row[i], *inverse = value_inverse(&s->t->m, row[k]);
    s->row[i] = s->row[k], s->row[k] = row;
    for (int j = k; j <= s->n; j++) row[j] = value_mul(&s->t->m, inverse, row[j]);
    return true;
}

/* False: singular, at all points. */
static bool eliminate(System *s) {
    for (int k = 0; k < s->n; k++) {
        if (!pivot(s, k)) return false;
        for (int i = 0; i < s->n; i++)
            if (i != k && !value_vanishes(&s->t->m, s->row[i][k])) subtract(s, i, k, s->row[i][k]);
    }
    return true;
}

/* ---- loops ---------------------------------------------------------------------------------------------------------- */
int trial_unknowns(const Trial *t, const Loop *l) {
    int64_t count = 0;
    for (int i = 0; i < l->states; i++) count += trial_elements(t, l->state[i]);
    return count > LOOP_MOST ? 0 : (int)count;
}

/* All symbols of the states, in order. */
static void set_all(Trial *t, const Loop *l, Store *stores, const Value *const *value) {
    int n = 0;
    for (int i = 0; i < l->states; i++) {
        Store *store = trial_store(t, stores, l->state[i]);
        for (int64_t k = trial_elements(t, l->state[i]), at = 0; at < k; at++) store->at[at] = value ? value[n++] : NULL;
    }
}

bool trial_solve(Trial *t, const Loop *l, Store *stores, LoopStep step) {
    System s = {.t = t, .n = trial_unknowns(t, l)};
    const Value *unit[LOOP_MOST] = {0}, *constant[LOOP_MOST], *column[LOOP_MOST], *one = value_integer(&t->m, 1);
    if (!s.n) return false;
    for (int i = 0; i < s.n; i++) unit[i] = t->zero, s.row[i] = ARENA_ARRAY(t->m.arena, const Value *, s.n + 1);
    set_all(t, l, stores, unit);
    bool fine = step(t, l, constant);
    for (int j = 0; fine && j < s.n; j++) {
        unit[j] = one;
        set_all(t, l, stores, unit);
        unit[j] = t->zero;
        fine = step(t, l, column);
        for (int i = 0; fine && i < s.n; i++) { /* I - A */
            const Value *a = value_sub(&t->m, constant[i], column[i]);
            s.row[i][j] = i == j ? value_add(&t->m, a, one) : a;
        }
    }
    for (int i = 0; fine && i < s.n; i++) s.row[i][s.n] = constant[i];
    fine = fine && eliminate(&s);
    for (int i = 0; fine && i < s.n; i++) unit[i] = s.row[i][s.n];
    set_all(t, l, stores, fine ? unit : NULL);
    return fine;
}
