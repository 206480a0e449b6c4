/* See evaluate.h. */
#include "exact/evaluate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "exact/literal.h"

/* Values of a sum or a maximum, by the positions of the axes it stands in: a subexpression that several elements share is
 * computed once. */
typedef struct Memo {
    const IrExpr *node;
    int axis_count;
    const IrAxis **axes;
    const Value **at;
} Memo;

/* Where elements of a variable are kept: its own values, or the fresh ones of a cut, which several variables share. */
typedef struct Store {
    const Value **at;   /* row-major */
    const IrVar *like;  /* whose axes `at` goes by */
    const int *order;   /* by axis of `like`: the variable's axis; NULL: the same order */
    bool fresh;
} Store;

typedef struct Settled { /* a loop at its fixed point r = f(r): f(r) is the symbol r */
    const Value *value, *symbol;
    uint64_t hash;
} Settled;

struct Trial {
    Points m;
    const IrProgram *p;
    const int64_t *size;
    int64_t *position; /* by axis id: the point being evaluated */
    uint64_t seed;
    Basis *basis;
    int64_t denominator; /* of exponents */
    Keyed *keyed;
    Store *own, *cut;      /* by variable id */
    Store *symbol;         /* of states of a loop that settles: what prev says */
    bool *settles;         /* by variable id: in the body of a fix */
    const IrVar *current;
    Memo *memo;            /* open addressing by node */
    int memo_slots, memo_count;
    VEC(Settled) settled;
    VEC(const char *) assumptions;
    bool signs, full;
    double prime_bits;
    const char *why;
    Span where;
};

static const Value *eval(Trial *t, const IrExpr *e);

static const Value *undecided(Trial *t, const IrExpr *e, const char *why) {
    if (!t->why) {
        t->why = why;
        t->where = e && e->span.end > e->span.begin ? e->span : t->current ? t->current->span : (Span){0};
    }
    return NULL;
}

static void assume(Trial *t, const char *text) {
    for (int i = 0; i < t->assumptions.count; i++)
        if (strcmp(t->assumptions.at[i], text) == 0) return;
    vec_push(t->m.arena, &t->assumptions, text);
}

static int64_t size_of(const Trial *t, const IrAxis *axis) {
    return t->size[axis->root->id];
}

/* ---- what is known without data ------------------------------------------------------------------------------------- */
/* Literals, sizes, positions and arithmetic on them. */
static bool concrete(const Trial *t, const IrExpr *e, double *x) {
    double a[3] = {0};
    if (e->op == IR_LIT) return *x = e->value, true;
    if (e->op == IR_SIZE) return *x = (double)size_of(t, e->axis), true;
    if (e->op == IR_POS) return *x = (double)t->position[e->axis->id], true;
    if (e->argc == 0 || e->argc > 2 || e->bound_count) return false;
    for (int i = 0; i < e->argc; i++)
        if (!concrete(t, e->arg[i], &a[i])) return false;
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

static const Value *literal(Trial *t, const IrExpr *e) {
    const Value *v = literal_value(&t->m, e->text);
    return v ? v : undecided(t, e, "a number that is no decimal");
}

/* ---- elements ------------------------------------------------------------------------------------------------------- */
static int64_t elements_of(const Trial *t, const IrVar *v) {
    int64_t count = 1;
    for (int i = 0; i < v->axis_count; i++) count *= size_of(t, v->axes[i]);
    return count;
}

static Store *store_of(Trial *t, Store *stores, const IrVar *v) {
    Store *store = &stores[v->id];
    if (!store->at) *store = (Store){.at = ARENA_ARRAY(t->m.arena, const Value *, elements_of(t, v)), .like = v};
    return store;
}

/* -1: outside of an axis */
static int64_t place_in(const Trial *t, const Store *store, const int64_t *position) {
    int64_t at = 0;
    for (int k = 0; k < store->like->axis_count; k++) {
        int64_t size = size_of(t, store->like->axes[k]), own = position[store->order ? store->order[k] : k];
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

static const Value *input(Trial *t, const IrVar *v) {
    if (v->literal && v->draw == INIT_CONSTANT) return constant(t, v->draw_a);
    return value_draw(&t->m, &t->seed);
}

/* e, of v's definition or initial value, at a point: v's axes take their positions, and give them back. */
static const Value *at_point(Trial *t, const IrVar *v, const int64_t *position, const IrExpr *e,
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

/* What is known to be the right side of a loop at its fixed point is that loop's symbol. */
static const Value *settle(Trial *t, const Value *value) {
    uint64_t hash = value && t->settled.count ? value_hash(&t->m, value) : 0;
    for (int i = 0; value && i < t->settled.count; i++)
        if (t->settled.at[i].hash == hash && value_equal(&t->m, t->settled.at[i].value, value)) return t->settled.at[i].symbol;
    return value;
}

static const Value *symbol_of(Trial *t, const IrVar *v, const int64_t *position) {
    Store *store = store_of(t, t->symbol, v);
    int64_t at = place_in(t, store, position);
    if (at < 0) return undecided(t, NULL, "an index outside of its axis");
    if (!store->at[at]) store->at[at] = value_draw(&t->m, &t->seed);
    return store->at[at];
}

static const Value *define(Trial *t, const IrVar *v, const int64_t *position) {
    if (!v->def) return input(t, v);
    const Value *value = settle(t, at_point(t, v, position, v->def, eval));
    if (!value || !t->settles[v->id] || !v->init) return value;
    const Value *symbol = symbol_of(t, v, position);
    if (value != symbol) vec_push(t->m.arena, &t->settled, ((Settled){value, symbol, value_hash(&t->m, value)}));
    assume(t, arena_printf(t->m.arena, "the loop in '%s' has settled: it is at a fixed point", v->origin ? v->origin : v->name));
    return symbol;
}

const Value *trial_definition(Trial *t, const IrVar *v, const int64_t *position) {
    Store *store = store_of(t, t->own, v);
    int64_t at = place_in(t, store, position);
    if (at < 0) return undecided(t, NULL, "an index outside of its axis");
    const Value **place = &store->at[at];
    if (!*place && !t->why) *place = define(t, v, position);
    return *place;
}

const Value *trial_value(Trial *t, const IrVar *v, const int64_t *position) {
    Store *store = &t->cut[v->id];
    if (!store->at) return trial_definition(t, v, position);
    int64_t at = place_in(t, store, position);
    if (at < 0) return undecided(t, NULL, "an index outside of its axis");
    if (!store->at[at]) store->at[at] = value_draw(&t->m, &t->seed);
    return store->at[at];
}

const Value *trial_peek(const Trial *t, const IrVar *v, const int64_t *position) {
    const Store *store = &t->own[v->id];
    int64_t at = store->at ? place_in(t, store, position) : -1;
    return at < 0 ? NULL : store->at[at];
}

void trial_cut(Trial *t, const IrVar *v, const IrVar *like, const int *order) {
    const Value **at = t->cut[like->id].at;
    if (!at) at = ARENA_ARRAY(t->m.arena, const Value *, elements_of(t, like));
    t->cut[v->id] = (Store){.at = at, .like = like, .order = order, .fresh = true};
}

static int64_t index_position(const Trial *t, const IrExpr *ref, int i) {
    const IrIndex *index = &ref->index[i];
    if (index->kind == IX_CONST) return index->offset;
    if (index->kind == IX_LAST) return size_of(t, ref->var->axes[i]) - 1 + index->offset;
    return t->position[index->axis->id] + index->offset;
}

static int64_t size_along(const void *trial, const IrAxis *axis) {
    return size_of(trial, axis);
}

static const Value *read(Trial *t, const IrExpr *e) {
    const IrVar *v = e->var;
    int64_t position[v->axis_count + 1];
    for (int i = 0; i < v->axis_count; i++) position[i] = index_position(t, e, i);
    if (e->op == IR_PREV && t->settles[v->id]) return symbol_of(t, v, position);
    if (e->op != IR_PREV || ir_step_back(v, e->lag, position, size_along, t)) return trial_value(t, v, position);
    return v->init ? at_point(t, v, position, v->init, eval) : value_integer(&t->m, 0);
}

/* ---- reductions ----------------------------------------------------------------------------------------------------- */
static bool guard_holds(const Trial *t, const IrGuard *guard) {
    for (int i = 0; i < guard->count; i++) {
        const IrAtom *atom = &guard->atom[i];
        int64_t distance = (atom->a ? t->position[atom->a->id] : 0) - (atom->b ? t->position[atom->b->id] : 0);
        if (atom->relation == GUARD_LE ? distance > atom->bound : distance != atom->bound) return false;
    }
    return true;
}

typedef struct Reduction {
    const IrExpr *node;
    Sum *sum;
    VEC(const Value *) arguments; /* of a maximum */
} Reduction;

static bool add_term(Trial *t, Reduction *r) {
    const IrExpr *body = r->node->arg[0];
    if (r->node->op == IR_SUM && body->op == IR_MUL) {
        const Value *a = eval(t, body->arg[0]), *b = a ? eval(t, body->arg[1]) : NULL;
        if (b) sum_add_product(r->sum, a, b);
        return b;
    }
    const Value *a = eval(t, body);
    if (a && r->node->op == IR_SUM) sum_add(r->sum, a);
    else if (a) vec_push(t->m.arena, &r->arguments, a);
    return a;
}

/* Elements of a reference as one axis runs: at + position * stride. */
typedef struct Stream {
    const Value **element;
    int64_t at, stride;
} Stream;

static bool stream_of(Trial *t, const IrExpr *ref, const IrAxis *axis, Stream *s) {
    const IrVar *v = ref->var;
    if (ref->op != IR_REF || t->cut[v->id].order) return false;
    Store *store = t->cut[v->id].at ? &t->cut[v->id] : store_of(t, t->own, v);
    *s = (Stream){.element = store->at};
    for (int i = 0; i < v->axis_count; i++) {
        int64_t size = size_of(t, v->axes[i]);
        bool runs = ref->index[i].kind == IX_AXIS && ref->index[i].axis == axis;
        int64_t first = runs ? ref->index[i].offset : index_position(t, ref, i), last = runs ? first + size_of(t, axis) - 1 : first;
        if (first < 0 || last >= size) return false;
        s->at = s->at * size + first;
        s->stride = s->stride * size + runs;
    }
    return true;
}

/* The innermost loop of a sum of products of two references. False: it is none; *fine: nothing went wrong. */
static bool dot_product(Trial *t, Reduction *r, IrAxis *axis, bool *fine) {
    const IrExpr *body = r->node->arg[0];
    Stream a, b;
    if (r->node->op != IR_SUM || body->op != IR_MUL) return false;
    if (!stream_of(t, body->arg[0], axis, &a) || !stream_of(t, body->arg[1], axis, &b)) return false;
    int64_t *position = &t->position[axis->id], before = *position, size = size_of(t, axis);
    for (int64_t i = 0; *fine && i < size; i++) {
        *position = i;
        if (!guard_holds(t, &r->node->guard)) continue;
        const Value *x = a.element[a.at + i * a.stride], *y = b.element[b.at + i * b.stride];
        if (!x) x = read(t, body->arg[0]);
        if (!y && x) y = read(t, body->arg[1]);
        *fine = x && y;
        if (*fine) sum_add_product(r->sum, x, y);
    }
    *position = before;
    return true;
}

static bool loop(Trial *t, Reduction *r, int depth) {
    if (depth == r->node->bound_count) return !guard_holds(t, &r->node->guard) || add_term(t, r);
    IrAxis *axis = r->node->bound[depth];
    int64_t *position = &t->position[axis->id], before = *position;
    bool fine = true;
    if (depth == r->node->bound_count - 1 && dot_product(t, r, axis, &fine)) return fine;
    for (*position = 0; fine && *position < size_of(t, axis); ++*position) fine = loop(t, r, depth + 1);
    *position = before;
    return fine;
}

static const Value *reduce(Trial *t, const IrExpr *e) {
    Reduction r = {.node = e, .sum = e->op == IR_SUM ? sum_new(&t->m) : NULL};
    if (!loop(t, &r, 0)) return NULL;
    if (e->op == IR_SUM) return sum_close(r.sum);
    if (r.arguments.count == 0) return undecided(t, e, "a maximum of nothing");
    return keyed_set(t->keyed, IR_AMAX, r.arguments.at, r.arguments.count);
}

static Memo *slot_of(Memo *memo, int slots, const IrExpr *e) {
    uint64_t at = ((uint64_t)(uintptr_t)e >> 4) * 0x9e3779b97f4a7c15u >> 20;
    while (memo[at & (uint64_t)(slots - 1)].node && memo[at & (uint64_t)(slots - 1)].node != e) at++;
    return &memo[at & (uint64_t)(slots - 1)];
}

static void more_memos(Trial *t) {
    int slots = t->memo_slots ? 2 * t->memo_slots : 256;
    Memo *memo = ARENA_ARRAY(t->m.arena, Memo, slots);
    for (int i = 0; i < t->memo_slots; i++)
        if (t->memo[i].node) *slot_of(memo, slots, t->memo[i].node) = t->memo[i];
    t->memo = memo, t->memo_slots = slots;
}

static Memo *memo_of(Trial *t, const IrExpr *e) {
    if (2 * t->memo_count >= t->memo_slots) more_memos(t);
    Memo *memo = slot_of(t->memo, t->memo_slots, e);
    if (memo->node) return memo;
    *memo = (Memo){.node = e, .axes = ARENA_ARRAY(t->m.arena, const IrAxis *, t->p->axes.count)};
    int64_t count = 1;
    for (int i = 0; i < t->p->axes.count; i++) {
        IrAxis *axis = t->p->axes.at[i];
        if (!ir_uses_axis(e, axis)) continue;
        memo->axes[memo->axis_count++] = axis;
        count *= size_of(t, axis);
    }
    memo->at = ARENA_ARRAY(t->m.arena, const Value *, count);
    t->memo_count++;
    return memo;
}

static const Value *reduce_once(Trial *t, const IrExpr *e) {
    const Memo *memo = memo_of(t, e);
    int64_t at = 0;
    for (int i = 0; i < memo->axis_count; i++) at = at * size_of(t, memo->axes[i]) + t->position[memo->axes[i]->id];
    const Value **place = &memo->at[at];
    if (!*place) *place = reduce(t, e);
    return *place;
}

/* ---- exponents ------------------------------------------------------------------------------------------------------ */
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
    if (!concrete(t, e, &x) || x == 0 || (e->op != IR_LIT && x != rint(x))) return 0;
    double scaled = divide ? (double)n / x : (double)n * x;
    if (scaled == 0 || scaled != rint(scaled) || fabs(scaled) > most) return 0;
    const Value *number = eval(t, e), *exact = value_integer(&t->m, divide ? n : (int64_t)scaled);
    const Value *product = number ? value_mul(&t->m, number, value_integer(&t->m, divide ? (int64_t)scaled : n)) : NULL;
    return product && value_equal(&t->m, product, exact) ? (int64_t)scaled : 0;
}

static bool collect_atom(Trial *t, const IrExpr *e, int64_t n, Terms *terms) {
    const Value *v = eval(t, e);
    if (!v || terms->count == MOST_TERMS) return false;
    terms->at[terms->count++] = (Exponent){v, n};
    return true;
}

static bool linear(const IrExpr *e) {
    return e->op == IR_NEG || e->op == IR_ADD || e->op == IR_SUB || e->op == IR_MUL || e->op == IR_DIV || e->op == IR_REF;
}

static bool collect_definition(Trial *t, const IrExpr *e, int64_t n, Terms *terms) {
    const IrVar *v = e->var;
    if (e->op != IR_REF || !v->def || t->cut[v->id].at || t->settles[v->id] || !linear(v->def) || terms->depth == DEEPEST_TERM)
        return collect_atom(t, e, n, terms);
    int64_t before[v->axis_count + 1], position[v->axis_count + 1];
    for (int i = 0; i < v->axis_count; i++) position[i] = index_position(t, e, i), before[i] = t->position[v->axes[i]->id];
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

/* ---- elementwise functions ------------------------------------------------------------------------------------------ */
/* `what` has a %s for the equation's name; assumed of values that depend on inputs or weights. */
__attribute__((format(printf, 3, 0))) static void assume_here(Trial *t, const Value *a, const char *what) {
    const char *name = !t->current ? "an expression" : t->current->origin ? t->current->origin : t->current->name;
    if (degree_of(t->m.degrees, a->degree).numerator > 0) assume(t, arena_printf(t->m.arena, what, name));
}

static const Value *inverse(Trial *t, const IrExpr *e, const Value *a) {
    const Value *v = value_inverse(&t->m, a);
    if (!v) return undecided(t, e, "a division by what is always zero");
    assume_here(t, a, "the divisor in '%s' is not zero");
    return v;
}

static bool all_held(const Trial *t, const Terms *terms) {
    for (int i = 0; i < terms->count; i++)
        if (!basis_holds(t->basis, terms->at[i].value) && !value_is_zero(&t->m, terms->at[i].value)) return false;
    return true;
}

static const Value *exponential_of(Trial *t, const IrExpr *e, const Terms *terms) {
    const char *why = NULL;
    const Value *value = basis_exp(t->basis, terms->at, terms->count, &why);
    return value ? value : undecided(t, e, why);
}

/* e^(n e), n = 1, -1, 2 ...: what `e` says, n times. By the terms that the equations show where all are known; else as a whole
 * where that is known; else by new terms. */
static const Value *exponential(Trial *t, const IrExpr *e, int n) {
    int64_t times = n * t->denominator;
    Terms parts = {0};
    bool split = !t->full && collect(t, e, times, &parts);
    if (t->why) return NULL;
    if (split && all_held(t, &parts)) return exponential_of(t, e, &parts);
    const Value *v = eval(t, e), *g = v && n != 1 ? value_mul(&t->m, v, value_integer(&t->m, n)) : v;
    if (!g) return NULL;
    const Value *known = basis_find(t->basis, g);
    if (known) return known;
    Terms whole = {.at = {{v, times}}, .count = 1};
    return exponential_of(t, e, split && !basis_knows(t->basis, g) ? &parts : &whole);
}

static const Value *half(Trial *t, const Value *a) {
    return value_mul(&t->m, a, value_rational(&t->m, 1, 2));
}

static const Value *step(Trial *t, const Value *a, int at_zero) {
    t->signs = true;
    return value_step(&t->m, a, at_zero);
}

/* 1 / (1 + e^-(scale a)) */
static const Value *sigmoid(Trial *t, const IrExpr *e, int scale) {
    const Value *x = exponential(t, e->arg[0], -scale);
    return x ? inverse(t, e, value_add(&t->m, value_integer(&t->m, 1), x)) : NULL;
}

/* 2 sigmoid(2 a) - 1 */
static const Value *tanh_of(Trial *t, const IrExpr *e) {
    const Value *s = sigmoid(t, e, 2);
    return s ? value_sub(&t->m, value_mul(&t->m, value_integer(&t->m, 2), s), value_integer(&t->m, 1)) : NULL;
}

static const Value *logarithm(Trial *t, const IrExpr *e, const Value *a) {
    const char *why = NULL;
    const Value *v = basis_log(t->basis, a, &why);
    assume_here(t, a, "what the logarithm in '%s' is taken of is positive");
    return v ? v : undecided(t, e, why);
}

/* a/2 (1 + erf(a / sqrt 2)) */
static const Value *gelu(Trial *t, const Value *a) {
    const Value *scale = value_root(&t->m, value_rational(&t->m, 1, 2));
    const Value *f = keyed_parity(t->keyed, IR_ERF, -1, value_mul(&t->m, a, scale));
    return half(t, value_mul(&t->m, a, value_add(&t->m, value_integer(&t->m, 1), f)));
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

static const Value *comparison(Trial *t, const IrExpr *e) {
    double x;
    if (concrete(t, e, &x)) return value_integer(&t->m, (int64_t)x);
    const Value *a = eval(t, e->arg[0]), *b = a ? eval(t, e->arg[1]) : NULL;
    if (!b) return NULL;
    const Value *gap = value_sub(&t->m, b, a);
    assume_here(t, gap, "what is compared in '%s' is not just equal");
    return e->op == IR_EQ ? value_zero(&t->m, gap) : step(t, gap, e->op == IR_LE);
}

/* max(a, b) = b + relu(a - b), min(a, b) = b - relu(b - a) */
static const Value *extreme(Trial *t, const IrExpr *e, const Value *a, const Value *b) {
    const Value *gap = e->op == IR_MAX ? value_sub(&t->m, a, b) : value_sub(&t->m, b, a);
    const Value *over = value_mul(&t->m, gap, step(t, gap, 0));
    return e->op == IR_MAX ? value_add(&t->m, b, over) : value_sub(&t->m, b, over);
}

static const Value *power(Trial *t, const IrExpr *e) {
    double n;
    const Value *a = eval(t, e->arg[0]);
    if (!a) return NULL;
    if (!concrete(t, e->arg[1], &n) || fabs(n) > 1e6 || 2 * n != rint(2 * n))
        return undecided(t, e, "a power that is no multiple of 1/2");
    if (n != rint(n)) a = value_root(&t->m, a), n *= 2;
    const Value *v = a ? value_power(&t->m, a, (uint64_t)fabs(n)) : NULL;
    return v && n < 0 ? inverse(t, e, v) : v;
}

static const Value *choice(Trial *t, const IrExpr *e) {
    double x;
    if (concrete(t, e->arg[0], &x)) return eval(t, e->arg[x ? 1 : 2]);
    const Value *c = eval(t, e->arg[0]), *a = c ? eval(t, e->arg[1]) : NULL, *b = a ? eval(t, e->arg[2]) : NULL;
    return b ? value_add(&t->m, b, value_mul(&t->m, c, value_sub(&t->m, a, b))) : NULL;
}

static const Value *binary(Trial *t, const IrExpr *e, const Value *a, const Value *b) {
    switch (e->op) {
    case IR_ADD: return value_add(&t->m, a, b);
    case IR_SUB: return value_sub(&t->m, a, b);
    case IR_MUL: return value_mul(&t->m, a, b);
    case IR_DIV: b = inverse(t, e, b); return b ? value_mul(&t->m, a, b) : NULL;
    default: return extreme(t, e, a, b);
    }
}

static const Value *eval(Trial *t, const IrExpr *e) {
    switch (e->op) {
    case IR_LIT: return literal(t, e);
    case IR_SIZE: return value_integer(&t->m, size_of(t, e->axis));
    case IR_POS: return value_integer(&t->m, t->position[e->axis->id]);
    case IR_REF:
    case IR_PREV: return read(t, e);
    case IR_SUM:
    case IR_AMAX: return reduce_once(t, e);
    case IR_LT:
    case IR_LE:
    case IR_EQ: return comparison(t, e);
    case IR_POW: return power(t, e);
    case IR_SELECT: return choice(t, e);
    case IR_EXP: return exponential(t, e->arg[0], 1);
    case IR_SIGMOID: return sigmoid(t, e, 1);
    case IR_TANH: return tanh_of(t, e);
    default: break;
    }
    const Value *a = eval(t, e->arg[0]), *b = a && e->argc > 1 ? eval(t, e->arg[1]) : NULL;
    if (!a || (e->argc > 1 && !b)) return NULL;
    return b ? binary(t, e, a, b) : function(t, e, a);
}

/* ---- trials --------------------------------------------------------------------------------------------------------- */
static void mark_loops(Trial *t) {
    for (int i = 0; i < t->p->items.count; i++) {
        const IrItem *item = t->p->items.at[i];
        for (int k = 0; item->kind == ITEM_FIX && k < item->body_count; k++) t->settles[item->body[k]->var->id] = true;
    }
}

/* log2 of the number of primes of 61 bits that are 7 modulo 8 and have 14 odd primes as squares; each further one halves it. */
static const double LOG2_PRIMES = 60 - 5.4 - 2 - 14;

Trial *trial_new(const IrProgram *p, const TrialShape *shape) {
    Arena *arena = arena_new();
    Trial *t = ARENA_NEW(arena, Trial);
    int count = shape->primes * shape->each;
    *t = (Trial){.p = p, .size = shape->size, .seed = shape->seed, .full = shape->full};
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
    t->settles = ARENA_ARRAY(arena, bool, p->vars.count);
    mark_loops(t);
    t->denominator = shape->denominator;
    t->basis = basis_new(&t->m, &t->seed, shape->full, t->denominator);
    t->keyed = keyed_new(&t->m, &t->seed);
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

int64_t trial_size(const Trial *t, const IrAxis *axis) {
    return size_of(t, axis);
}

bool trial_uses_signs(const Trial *t) {
    return t->signs;
}

int trial_assumptions(const Trial *t, const char *const **text) {
    *text = t->assumptions.at;
    return t->assumptions.count;
}
