/* See evaluate.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "exact/literal.h"
#include "exact/trial.h"

const Value *trial_undecided(Trial *t, const IrExpr *e, const char *why) {
    if (!t->why) {
        t->why = why;
        t->where = e && e->span.end > e->span.begin ? e->span : t->current ? t->current->span : (Span){0};
    }
    return NULL;
}

void trial_assume(Trial *t, const char *text) {
    for (int i = 0; i < t->assumptions.count; i++)
        if (strcmp(t->assumptions.at[i], text) == 0) return;
    vec_push(t->m.arena, &t->assumptions, text);
}

__attribute__((format(printf, 3, 0))) void  trial_assume_here(Trial *t, const Value *a, const char *what) {
    const char *name = !t->current ? "an expression" : t->current->origin ? t->current->origin : t->current->name;
    if (degree_of(t->m.degrees, a->degree).numerator > 0) trial_assume(t, arena_printf(t->m.arena, what, name));
}

int64_t trial_size(const Trial *t, const IrAxis *axis) {
    return t->size[axis->root->id];
}

/* ---- what is known without data ------------------------------------------------------------------------------------- */
bool trial_concrete(const Trial *t, const IrExpr *e, double *x) {
    double a[3] = {0};
    if (e->op == IR_LIT) return *x = e->value, true;
    if (e->op == IR_SIZE) return *x = (double)trial_size(t, e->axis), true;
    if (e->op == IR_POS) return *x = (double)t->position[e->axis->id], true;
    if (e->argc == 0 || e->argc > 2 || e->bound_count) return false;
    for (int i = 0; i < e->argc; i++)
        if (!trial_concrete(t, e->arg[i], &a[i])) return false;
    switch (e->op) {
    case IR_NEG: return *x = -a[0], true;
    case IR_STOP: return *x = a[0], true;
    case IR_ADD: return *x = a[0] + a[1], true;
    case IR_SUB: return *x = a[0] - a[1], true;
    case IR_MUL: return *x = a[0] * a[1], true;
    case IR_LT: return *x = a[0] < a[1], true;
    case IR_LE: return *x = a[0] <= a[1], true;
    case IR_EQ: return *x = a[0] == a[1], true;
    default: return false;
    }
}

/* ---- elements ------------------------------------------------------------------------------------------------------- */
int64_t trial_elements(const Trial *t, const IrVar *v) {
    int64_t count = 1;
    for (int i = 0; i < v->axis_count; i++) count *= trial_size(t, v->axes[i]);
    return count;
}

Store *trial_store(Trial *t, Store *stores, const IrVar *v) {
    Store *store = &stores[v->id];
    if (!store->at) *store = (Store){.at = ARENA_ARRAY(t->m.arena, const Value *, trial_elements(t, v)), .like = v};
    return store;
}

int64_t trial_place(const Trial *t, const Store *store, const int64_t *position) {
    int64_t at = 0;
    for (int k = 0; k < store->like->axis_count; k++) {
        int64_t size = trial_size(t, store->like->axes[k]), own = position[store->order ? store->order[k] : k];
        if (own < 0 || own >= size) return -1;
        at = at * size + own;
    }
    return at;
}

/* The shortest decimal that reads as x: what the source says. */
static const Value *constant(Trial *t, double x) {
    char text[32];
    int digits = 1;
    do snprintf(text, sizeof text, "%.*g", digits, x);
    while (strtod(text, NULL) != x && ++digits <= 17);
    return literal_value(&t->m, text);
}

static const Value *input(Trial *t, const IrVar *v, int64_t element) {
    int64_t label;
    if (label_value(t->labels, t->which, v, element, &label)) return value_integer(&t->m, label);
    if (v->literal && v->draw == INIT_CONSTANT) return constant(t, v->draw_a);
    return value_draw(&t->m, &t->seed);
}

const Value *trial_at(Trial *t, const IrVar *v, const int64_t *position, const IrExpr *e,
                      const Value *(*what)(Trial *t, const IrExpr *e)) {
    int64_t before[v->axis_count + 1];
    const IrVar *reader = t->current;
    for (int i = 0; i < v->axis_count; i++) before[i] = t->position[v->axes[i]->id];
    for (int i = 0; i < v->axis_count; i++) t->position[v->axes[i]->id] = position[i];
    t->current = v;
    const Value *value = what(t, e);
    t->current = reader;
    for (int i = 0; i < v->axis_count; i++) t->position[v->axes[i]->id] = before[i];
    return value;
}

static const Value *define(Trial *t, const IrVar *v, const int64_t *position) {
    if (!v->def) return input(t, v, trial_place(t, trial_store(t, t->own, v), position));
    if (t->loop[v->id]) return trial_settle(t, v, position);
    return trial_settled(t, trial_at(t, v, position, v->def, trial_eval));
}

const Value *trial_definition(Trial *t, const IrVar *v, const int64_t *position) {
    Store *store = trial_store(t, t->own, v);
    int64_t at = trial_place(t, store, position);
    if (at < 0) return trial_undecided(t, NULL, "an index outside of its axis");
    const Value **place = &store->at[at];
    if (!*place && !t->why) *place = define(t, v, position);
    return *place;
}

bool trial_advance(const Trial *t, const IrVar *v, int64_t *position) {
    for (int i = v->axis_count - 1; i >= 0; i--) {
        if (++position[i] < trial_size(t, v->axes[i])) return true;
        position[i] = 0;
    }
    return false;
}

const Value *trial_value(Trial *t, const IrVar *v, const int64_t *position) {
    Store *store = &t->cut[v->id];
    if (!store->at) return trial_definition(t, v, position);
    int64_t at = trial_place(t, store, position);
    if (at < 0) return trial_undecided(t, NULL, "an index outside of its axis");
    if (!store->at[at]) store->at[at] = value_draw(&t->m, &t->seed);
    return store->at[at];
}

const Value *trial_peek(const Trial *t, const IrVar *v, const int64_t *position) {
    const Store *store = &t->own[v->id];
    int64_t at = store->at ? trial_place(t, store, position) : -1;
    return at < 0 ? NULL : store->at[at];
}

void trial_cut(Trial *t, const IrVar *v, const IrVar *like, const int *order) {
    const Value **at = t->cut[like->id].at;
    if (!at) at = ARENA_ARRAY(t->m.arena, const Value *, trial_elements(t, like));
    t->cut[v->id] = (Store){.at = at, .like = like, .order = order};
}

int64_t trial_index(const Trial *t, const IrExpr *ref, int i) {
    const IrIndex *index = &ref->index[i];
    if (index->kind == IX_CONST) return index->offset;
    if (index->kind == IX_LAST) return trial_size(t, ref->var->axes[i]) - 1 + index->offset;
    return t->position[index->axis->id] + index->offset;
}

static int64_t size_along(const void *trial, const IrAxis *axis) {
    return trial_size(trial, axis);
}

bool trial_position(const Trial *t, const IrExpr *ref, int64_t *position) {
    for (int i = 0; i < ref->var->axis_count; i++) position[i] = trial_index(t, ref, i);
    return ref->op != IR_PREV || t->loop[ref->var->id] || ir_step_back(ref->var, ref->lag, position, size_along, t);
}

const Value *trial_read(Trial *t, const IrExpr *e) {
    const IrVar *v = e->var;
    int64_t position[v->axis_count + 1];
    if (!trial_position(t, e, position)) return v->init ? trial_at(t, v, position, v->init, trial_eval) : value_integer(&t->m, 0);
    return e->op == IR_PREV && t->loop[v->id] ? trial_symbol(t, v, position) : trial_value(t, v, position);
}

/* ---- trials --------------------------------------------------------------------------------------------------------- */
/* log2 of the number of primes of 61 bits that are 7 modulo 8 and have 14 odd primes as squares; each further one halves it. */
static const double LOG2_PRIMES = 60 - 5.4 - 2 - 14;

Trial *trial_new(const IrProgram *p, const TrialShape *shape) {
    Arena *arena = arena_new();
    Trial *t = ARENA_NEW(arena, Trial);
    int count = shape->primes * shape->each;
    *t = (Trial){.p = p, .size = shape->size, .seed = shape->seed, .full = shape->exponents.full, .maxima = shape->maxima, .shares = shape->shares,
                 .labels = shape->labels, .which = shape->which};
    t->m = (Points){.primes = shape->primes, .each = shape->each, .count = count, .arena = arena, .degrees = degrees_new(arena),
                    .dead = ARENA_ARRAY(arena, bool, count)};
    uint64_t *prime = NULL;
    int extra = literal_primes(arena, p, &prime);
    Field *field = ARENA_ARRAY(arena, Field, shape->primes);
    for (int i = 0; i < shape->primes; i++) field[i] = field_new(&t->seed, prime, extra);
    t->m.field = field;
    t->prime_bits = LOG2_PRIMES - extra;
    t->position = ARENA_ARRAY(arena, int64_t, p->axes.count);
    t->own = ARENA_ARRAY(arena, Store, p->vars.count);
    t->cut = ARENA_ARRAY(arena, Store, p->vars.count);
    t->symbol = ARENA_ARRAY(arena, Store, p->vars.count);
    t->loop = ARENA_ARRAY(arena, Loop *, p->vars.count);
    trial_mark_loops(t);
    t->denominator = shape->exponents.denominator;
    t->basis = basis_new(&t->m, &t->seed, &shape->exponents);
    t->keyed = keyed_new(&t->m, &t->seed);
    t->zero = value_integer(&t->m, 0);
    return t;
}

void trial_free(Trial *t) {
    arena_free(t->m.arena);
}

const char *trial_why(const Trial *t) {
    return t->why;
}

Span trial_where(const Trial *t) {
    return t->where;
}

Points *trial_points(Trial *t) {
    return &t->m;
}

int trial_basis(const Trial *t) {
    return basis_count(t->basis);
}

int64_t trial_wanted(const Trial *t) {
    return basis_wanted(t->basis);
}

bool trial_settles(const Trial *t) {
    return t->settled.count > 0;
}

double trial_prime_bits(const Trial *t) {
    return t->prime_bits;
}

bool trial_uses_maxima(const Trial *t) {
    return t->met_maxima;
}

bool trial_uses_shares(const Trial *t) {
    return t->met_shares;
}

bool trial_met_zeros(const Trial *t) {
    return basis_met_zeros(t->basis);
}

bool trial_uses_signs(const Trial *t) {
    return t->signs;
}

int trial_assumptions(const Trial *t, const char *const **text) {
    *text = t->assumptions.at;
    return t->assumptions.count;
}
