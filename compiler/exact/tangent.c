/* Derivatives: what an element changes by as inputs move in a direction (evaluate.h, trial_differentiate).
 *
 * The rules of calculus on the same values: (uv)' = u'v + uv', (e^u)' = e^u u', and so on; no second representation of functions is
 * needed, since a derivative is an expression in values that are there already. What is a symbol has a symbol as its derivative: a
 * maximum of many by all its arguments and their derivatives, a loop at its fixed point by its own (loops.c), a cut its own. Every
 * derivative is a value with its degrees like any other. */
#include <math.h>

#include "exact/trial.h"

static bool is_zero(const Trial *t, const Value *v) {
    return v == t->zero;
}

/* u v, where either may be the zero of trials; NULL where either is. */
static const Value *times(Trial *t, const Value *u, const Value *v) {
    if (!u || !v) return NULL;
    return is_zero(t, u) || is_zero(t, v) ? t->zero : value_mul(&t->m, u, v);
}

static const Value *plus(Trial *t, const Value *u, const Value *v) {
    if (!u || !v) return NULL;
    return is_zero(t, u) ? v : is_zero(t, v) ? u : value_add(&t->m, u, v);
}

static const Value *negative(Trial *t, const Value *u) {
    return !u || is_zero(t, u) ? u : value_negative(&t->m, u);
}

static const Value *minus(Trial *t, const Value *u, const Value *v) {
    return plus(t, u, negative(t, v));
}

/* ---- elements ------------------------------------------------------------------------------------------------------- */
/* Random, kept beside what `store` keeps for the element at `place`: the derivative of a symbol. */
static const Value *symbol_beside(Trial *t, Store *tangents, const Store *store, int64_t place) {
    Store *own = trial_store(t, tangents, store->like);
    if (!own->at[place]) own->at[place] = value_draw(&t->m, &t->seed);
    return own->at[place];
}

static const Value *tangent(Trial *t, const IrExpr *e);

/* Derivatives of the right sides, from what derivatives of the symbols are now: f_r r' + f_x. */
static bool moved_step(Trial *t, const Loop *l, const Value **to) {
    int count = l->item->body_count, n = 0;
    Store *own = ARENA_ARRAY(t->m.arena, Store, count);
    Memos memos = t->tangent_memos;
    bool fine = true;
    for (int i = 0; i < count; i++) own[i] = t->tangent[l->item->body[i]->var->id], t->tangent[l->item->body[i]->var->id] = (Store){0};
    t->tangent_memos = (Memos){0};
    for (int i = 0; i < l->states && fine; i++) {
        const IrVar *v = l->state[i];
        int64_t position[v->axis_count + 1];
        for (int k = 0; k < v->axis_count; k++) position[k] = 0;
        do fine = (to[n++] = trial_at(t, v, position, v->def, tangent));
        while (fine && trial_advance(t, v, position));
    }
    for (int i = 0; i < count; i++) t->tangent[l->item->body[i]->var->id] = own[i];
    t->tangent_memos = memos;
    return fine;
}

/* At the fixed point a slope is one of r, as 1 - r^2 is of tanh, which the loop's own function also says as one of its argument. What
 * has the latter form is known too. */
static void know_other_form(Trial *t, const Loop *l) {
    const Value *right[LOOP_MOST];
    int n = 0;
    if (trial_unknowns(t, l) == 0) return;
    t->by_argument = true;
    bool fine = moved_step(t, l, right);
    t->by_argument = false;
    for (int i = 0; i < l->states && fine; i++) {
        int64_t count = trial_elements(t, l->state[i]);
        for (int64_t at = 0; at < count; at++, n++) {
            const Value *symbol = symbol_beside(t, t->symbol_tangent, &t->symbol[l->state[i]->id], at);
            vec_push(t->m.arena, &t->settled_tangents, ((Settled){right[n], symbol, value_hash(&t->m, right[n])}));
        }
    }
}

/* The derivative of what prev says in a loop that settles: the solution of r' = f_r r' + f_x, or a symbol. */
static const Value *loop_symbol(Trial *t, const IrVar *v, const int64_t *position) {
    if (!trial_symbol(t, v, position)) return NULL;
    const Store *store = &t->symbol[v->id];
    Loop *l = t->loop[store->like->id];
    if (!l->moved) {
        l->moved = true;
        trial_solve(t, l, t->symbol_tangent, moved_step);
        know_other_form(t, l);
    }
    return symbol_beside(t, t->symbol_tangent, store, trial_place(t, store, position));
}

/* At r = f(r, x): r' = f_r r' + f_x is the symbol r', as r is one. */
static const Value *settled_tangent(Trial *t, const Value *value) {
    uint64_t hash = value && t->settled_tangents.count ? value_hash(&t->m, value) : 0;
    for (int i = 0; value && i < t->settled_tangents.count; i++) {
        const Settled *known = &t->settled_tangents.at[i];
        if (known->hash == hash && value_equal(&t->m, known->value, value)) return known->symbol;
    }
    return value;
}

static const Value *loop_tangent(Trial *t, const IrVar *v, const int64_t *position, const Value *right) {
    if (!v->init) return right;
    const Value *symbol = loop_symbol(t, v, position);
    if (!symbol) return NULL;
    if (right != symbol) vec_push(t->m.arena, &t->settled_tangents, ((Settled){right, symbol, value_hash(&t->m, right)}));
    trial_assume(t, arena_printf(t->m.arena, "the fixed point of '%s' has one derivative", v->origin ? v->origin : v->name));
    return symbol;
}

static const Value *define_tangent(Trial *t, const IrVar *v, const int64_t *position) {
    if (!v->def) return value_draw(&t->m, &t->seed); /* it moves: a direction */
    const Value *value = settled_tangent(t, trial_at(t, v, position, v->def, tangent));
    return value && t->loop[v->id] ? loop_tangent(t, v, position, value) : value;
}

const Value *trial_tangent(Trial *t, const IrVar *v, const int64_t *position) {
    const Store *cut = &t->cut[v->id];
    if (!t->moves || !t->moves[cut->at ? cut->like->id : v->id]) return t->zero;
    Store *store = trial_store(t, t->tangent, v);
    int64_t at = trial_place(t, cut->at ? cut : store, position);
    if (at < 0) return trial_undecided(t, NULL, "an index outside of its axis");
    if (cut->at) return symbol_beside(t, t->cut_tangent, cut, at);
    const Value **place = &store->at[at];
    if (!*place && !t->why) *place = define_tangent(t, v, position);
    return *place;
}

static const Value *read_tangent(Trial *t, const IrExpr *e) {
    const IrVar *v = e->var;
    int64_t position[v->axis_count + 1];
    if (!t->moves[v->id]) return t->zero;
    if (!trial_position(t, e, position)) return v->init ? trial_at(t, v, position, v->init, tangent) : t->zero;
    return e->op == IR_PREV && t->loop[v->id] ? loop_symbol(t, v, position) : trial_tangent(t, v, position);
}

/* ---- functions ------------------------------------------------------------------------------------------------------ */
/* e^(u n / d) for a value u */
static const Value *exponential_of(Trial *t, const IrExpr *e, const Value *u, int64_t n, int64_t d) {
    Exponent term = {u, t->denominator / d * n};
    const char *why = NULL;
    const Value *value = basis_exp(t->basis, &term, 1, &why);
    return value ? value : trial_undecided(t, e, why);
}

/* erf'(u) = 2 / sqrt(pi) e^(-u^2); pi is a symbol, as e is. */
static const Value *erf_slope(Trial *t, const IrExpr *e, const Value *u) {
    const Value *power = exponential_of(t, e, value_mul(&t->m, u, u), -1, 1);
    const Value *inverse = power ? trial_inverse(t, e, value_root(&t->m, trial_pi(t))) : NULL;
    return inverse ? value_mul(&t->m, value_integer(&t->m, 2), value_mul(&t->m, inverse, power)) : NULL;
}

/* (u/2 (1 + erf(u s)))' = (1 + erf(u s)) / 2 + u s erf'(u s) / 2, s = sqrt(1/2) */
static const Value *gelu_slope(Trial *t, const IrExpr *e, const Value *u) {
    const Value *scaled = value_mul(&t->m, u, value_root(&t->m, value_rational(&t->m, 1, 2)));
    const Value *f = keyed_parity(t->keyed, IR_ERF, -1, scaled), *slope = erf_slope(t, e, scaled);
    if (!slope) return NULL;
    return trial_half(t, value_add(&t->m, value_add(&t->m, value_integer(&t->m, 1), f), value_mul(&t->m, scaled, slope)));
}

/* tanh' = 1 - tanh^2, sigmoid' = s - s^2 */
static const Value *saturating_slope(Trial *t, const IrExpr *e) {
    const Value *v = trial_eval(t, e);
    if (!t->by_argument) v = trial_settled(t, v);
    if (!v) return NULL;
    return value_sub(&t->m, e->op == IR_TANH ? value_integer(&t->m, 1) : v, value_mul(&t->m, v, v));
}

static const Value *root_slope(Trial *t, const IrExpr *e, const Value *u) {
    const Value *inverse = trial_inverse(t, e, value_root(&t->m, u));
    return inverse ? trial_half(t, inverse) : NULL;
}

/* relu, abs: no derivative where the argument is zero. */
static const Value *kink_slope(Trial *t, const IrExpr *e, const Value *u) {
    trial_assume_here(t, u, "what '%s' takes the positive part or magnitude of is not zero");
    if (e->op == IR_RELU) return trial_step(t, u, 0);
    t->signs = true;
    return value_sign(&t->m, u);
}

/* The derivative of a function of one argument, at u. */
static const Value *slope(Trial *t, const IrExpr *e, const Value *u) {
    switch (e->op) {
    case IR_EXP: return trial_exponential(t, e->arg[0], 1);
    case IR_SIGMOID:
    case IR_TANH: return saturating_slope(t, e);
    case IR_LOG: return trial_inverse(t, e, u);
    case IR_SQRT: return root_slope(t, e, u);
    case IR_SIN: return keyed_parity(t->keyed, IR_COS, 1, u);
    case IR_COS: return value_negative(&t->m, keyed_parity(t->keyed, IR_SIN, -1, u));
    case IR_ERF: return erf_slope(t, e, u);
    case IR_GELU: return gelu_slope(t, e, u);
    default: return kink_slope(t, e, u); /* IR_RELU, IR_ABS */
    }
}

static const Value *function_tangent(Trial *t, const IrExpr *e) {
    if (e->op == IR_STOP) return t->zero; /* it counts as a constant */
    const Value *moved = tangent(t, e->arg[0]);
    if (!moved || is_zero(t, moved) || e->op == IR_NEG) return negative(t, moved);
    const Value *u = trial_eval(t, e->arg[0]);
    return u ? times(t, slope(t, e, u), moved) : NULL;
}

/* (u / v)' = (u' - (u / v) v') / v */
static const Value *quotient_tangent(Trial *t, const IrExpr *e, const Value *du, const Value *dv) {
    if (is_zero(t, du) && is_zero(t, dv)) return t->zero;
    const Value *u = trial_eval(t, e->arg[0]), *v = u ? trial_eval(t, e->arg[1]) : NULL, *inverse = v ? trial_inverse(t, e, v) : NULL;
    return inverse ? times(t, inverse, minus(t, du, times(t, value_mul(&t->m, u, inverse), dv))) : NULL;
}

static const Value *product_tangent(Trial *t, const IrExpr *e, const Value *du, const Value *dv) {
    const Value *left = is_zero(t, du) ? du : times(t, du, trial_eval(t, e->arg[1]));
    return plus(t, left, is_zero(t, dv) ? dv : times(t, trial_eval(t, e->arg[0]), dv));
}

/* By the sign of the difference, or, where maxima are symbols, a symbol. */
static const Value *extreme_tangent(Trial *t, const IrExpr *e, const Value *du, const Value *dv) {
    if (is_zero(t, du) && is_zero(t, dv)) return t->zero;
    const Value *u = trial_eval(t, e->arg[0]), *v = u ? trial_eval(t, e->arg[1]) : NULL;
    if (!v) return NULL;
    bool least = e->op == IR_MIN;
    t->met_maxima = true;
    if (t->maxima) {
        const Value *at[] = {negative(t, u), negative(t, v)}, *moved[] = {negative(t, du), negative(t, dv)};
        const Value *most[] = {u, v}, *most_moved[] = {du, dv};
        const Value *symbol = keyed_set_tangent(t->keyed, IR_AMAX, least ? at : most, least ? moved : most_moved, 2);
        return least ? negative(t, symbol) : symbol;
    }
    const Value *gap = least ? value_sub(&t->m, v, u) : value_sub(&t->m, u, v);
    trial_assume_here(t, gap, "what is compared in '%s' is not just equal");
    return plus(t, dv, times(t, trial_step(t, gap, 0), minus(t, du, dv)));
}

static const Value *binary_tangent(Trial *t, const IrExpr *e) {
    const Value *du = tangent(t, e->arg[0]), *dv = du ? tangent(t, e->arg[1]) : NULL;
    if (!dv) return NULL;
    switch (e->op) {
    case IR_ADD: return plus(t, du, dv);
    case IR_SUB: return minus(t, du, dv);
    case IR_MUL: return product_tangent(t, e, du, dv);
    case IR_DIV: return quotient_tangent(t, e, du, dv);
    default: return extreme_tangent(t, e, du, dv);
    }
}

/* (u^n)' = n u^(n - 1) u', of u = r^2 where n is a half: (r^2n)' = 2n r^(2n - 1) r'. */
static const Value *power_tangent(Trial *t, const IrExpr *e) {
    double n;
    const Value *moved = tangent(t, e->arg[0]);
    if (!moved || is_zero(t, moved)) return moved;
    const Value *u = trial_eval(t, e->arg[0]);
    if (!u) return NULL;
    if (!trial_concrete(t, e->arg[1], &n) || fabs(n) > 1e6 || 2 * n != rint(2 * n))
        return trial_undecided(t, e, "a power that is no multiple of 1/2");
    if (n == 0) return t->zero;
    if (n != rint(n)) {
        moved = times(t, root_slope(t, e, u), moved);
        u = value_root(&t->m, u), n *= 2;
    }
    const Value *power = value_power(&t->m, u, (uint64_t)fabs(n - 1));
    if (n < 0) power = trial_inverse(t, e, power);
    return times(t, times(t, value_integer(&t->m, (int64_t)n), power), moved);
}

static const Value *choice_tangent(Trial *t, const IrExpr *e) {
    double x;
    if (trial_concrete(t, e->arg[0], &x)) return tangent(t, e->arg[x ? 1 : 2]);
    const Value *du = tangent(t, e->arg[1]), *dv = du ? tangent(t, e->arg[2]) : NULL;
    if (!dv || (is_zero(t, du) && is_zero(t, dv))) return dv;
    return plus(t, dv, times(t, trial_eval(t, e->arg[0]), minus(t, du, dv)));
}

static const Value *tangent(Trial *t, const IrExpr *e) {
    switch (e->op) {
    case IR_LIT:
    case IR_SIZE:
    case IR_POS:
    case IR_LT: /* where nothing is just equal: evaluating it assumes that */
    case IR_LE:
    case IR_EQ: return t->zero;
    case IR_REF:
    case IR_PREV: return read_tangent(t, e);
    case IR_SUM:
    case IR_AMAX: return trial_reduce_tangent(t, e, tangent);
    case IR_POW: return power_tangent(t, e);
    case IR_SELECT: return choice_tangent(t, e);
    default: return e->argc > 1 ? binary_tangent(t, e) : function_tangent(t, e);
    }
}

/* ---- directions ----------------------------------------------------------------------------------------------------- */
typedef struct Mover {
    const bool *moves;
    bool found;
} Mover;

static void visit(void *data, IrExpr *ref) {
    Mover *m = data;
    m->found |= m->moves[ref->var->id];
}

/* Whatever depends on what moves; loops and scans may need several rounds. */
static void spread(Trial *t) {
    for (bool more = true; more;) {
        more = false;
        for (int i = 0; i < t->p->vars.count; i++) {
            const IrVar *v = t->p->vars.at[i];
            Mover m = {t->moves, t->moves[i]};
            ir_each_read(v, visit, &m);
            more |= m.found && !t->moves[i];
            t->moves[i] = m.found;
        }
    }
}

void trial_differentiate(Trial *t, const IrVar *const *input, int count) {
    int vars = t->p->vars.count;
    t->moves = ARENA_ARRAY(t->m.arena, bool, vars);
    t->tangent = ARENA_ARRAY(t->m.arena, Store, vars);
    t->cut_tangent = ARENA_ARRAY(t->m.arena, Store, vars);
    t->symbol_tangent = ARENA_ARRAY(t->m.arena, Store, vars);
    t->tangent_memos = (Memos){0};
    t->settled_tangents.count = 0;
    for (int i = 0; i < t->loops.count; i++) t->loops.at[i]->moved = false;
    for (int i = 0; i < count; i++) t->moves[input[i]->id] = true;
    spread(t);
}

/* Depends v on an input that is no constant of the source? */
static bool is_of_data(const Trial *t, const IrVar *v, bool *reached) {
    bool found = false;
    for (int i = 0; i < t->p->vars.count; i++) reached[i] = false;
    ir_reach(reached, v);
    for (int i = 0; i < t->p->vars.count && !found; i++) found = reached[i] && !t->p->vars.at[i]->def && !t->p->vars.at[i]->literal;
    return found;
}

void trial_hold(Trial *t, const IrVar *loss) {
    int vars = t->p->vars.count;
    bool *of_loss = ARENA_ARRAY(t->m.arena, bool, vars + 1), *reached = ARENA_ARRAY(t->m.arena, bool, vars + 1);
    ir_reach(of_loss, loss);
    for (int i = 0; i < vars; i++) {
        const IrVar *v = t->p->vars.at[i];
        if (of_loss[i] && v->def && !t->moves[i] && !t->loop[i] && is_of_data(t, v, reached)) trial_cut(t, v, v, NULL);
    }
}
