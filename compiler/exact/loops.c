/* Loops that are iterated until they settle.
 *
 * A loop's states are symbols r at its fixed point, and what is equal to its right side f(r) is r: it is assumed to have settled.
 * Two loops have the same symbols if, state by state, they start from equal values and take equal steps from equal states, as
 * functions of what prev says: then all their iterates are equal, and so is what they settle to, whichever fixed point it is.
 * That is looked at once for every loop, with the symbols of an earlier one in the place of what prev says ("stepping"): there
 * nothing is taken for a fixed point, or a loop would be the same as one that steps twice at once. The symbols of a loop whose step is
 * affine are the solution (solve.c). */
#include "exact/trial.h"

enum { MOST_ATTEMPTS = 24 }; /* ways to pair the states of two loops, their axes in any order */

void trial_mark_loops(Trial *t) {
    for (int i = 0; i < t->p->items.count; i++) {
        const IrItem *item = t->p->items.at[i];
        if (item->kind != ITEM_FIX) continue;
        Loop *l = ARENA_NEW(t->m.arena, Loop);
        *l = (Loop){.item = item, .state = ARENA_ARRAY(t->m.arena, const IrVar *, item->body_count)};
        for (int k = 0; k < item->body_count; k++) {
            const IrVar *v = item->body[k]->var;
            t->loop[v->id] = l;
            if (v->init) l->state[l->states++] = v;
        }
        vec_push(t->m.arena, &t->loops, l);
    }
}

/* ---- steps ---------------------------------------------------------------------------------------------------------- */
typedef struct Aside { /* what was computed at the fixed point, while a step is looked at */
    Store *own, *cut;
    Memos memos;
    const Loop *stepping;
} Aside;

static void set_aside(Trial *t, const Loop *l, Aside *a) {
    int count = l->item->body_count;
    *a = (Aside){ARENA_ARRAY(t->m.arena, Store, count), ARENA_ARRAY(t->m.arena, Store, count), t->memos, t->stepping};
    for (int i = 0; i < count; i++) {
        int id = l->item->body[i]->var->id;
        a->own[i] = t->own[id], a->cut[i] = t->cut[id];
        t->own[id] = t->cut[id] = (Store){0};
    }
    t->memos = (Memos){0};
    t->stepping = l;
}

static void put_back(Trial *t, const Loop *l, const Aside *a) {
    for (int i = 0; i < l->item->body_count; i++) {
        int id = l->item->body[i]->var->id;
        t->own[id] = a->own[i], t->cut[id] = a->cut[i];
    }
    t->memos = a->memos;
    t->stepping = a->stepping;
}

/* The step from the symbols that its states have now; NULL: undecided. */
static const Value ***step_of(Trial *t, const Loop *l) {
    const Value ***step = ARENA_ARRAY(t->m.arena, const Value **, l->states);
    Aside aside;
    bool fine = true;
    set_aside(t, l, &aside);
    for (int i = 0; i < l->states; i++) {
        int64_t position[l->state[i]->axis_count + 1], at = 0;
        for (int k = 0; k < l->state[i]->axis_count; k++) position[k] = 0;
        step[i] = ARENA_ARRAY(t->m.arena, const Value *, trial_elements(t, l->state[i]));
        do fine = (step[i][at++] = trial_value(t, l->state[i], position));
        while (fine && trial_advance(t, l->state[i], position));
    }
    put_back(t, l, &aside);
    return fine ? step : NULL;
}

/* ---- loops that are the same ---------------------------------------------------------------------------------------- */
typedef struct Pairing { /* states of a loop with those of an earlier one */
    Loop *l, *earlier;
    int *partner;  /* by state of l: the earlier one's */
    int **order;   /* by axis of the partner: the state's axis */
    int attempts;
} Pairing;

static bool same_start(Trial *t, const IrVar *v, const IrVar *partner, const int *order) {
    int64_t position[v->axis_count + 1], other[v->axis_count + 1];
    for (int k = 0; k < v->axis_count; k++) position[k] = 0;
    do {
        for (int k = 0; k < v->axis_count; k++) other[k] = position[order[k]];
        const Value *a = trial_at(t, v, position, v->init, trial_eval);
        const Value *b = a ? trial_at(t, partner, other, partner->init, trial_eval) : NULL;
        if (!b || !value_equal(&t->m, a, b)) return false;
    } while (trial_advance(t, v, position));
    return true;
}

static bool same_step(Trial *t, const Pairing *p, const Value ***step) {
    for (int i = 0; i < p->l->states; i++) {
        const IrVar *v = p->l->state[i];
        const Store *symbol = &t->symbol[v->id]; /* the partner's: its places */
        int64_t position[v->axis_count + 1], at = 0;
        for (int k = 0; k < v->axis_count; k++) position[k] = 0;
        do {
            int64_t place = trial_place(t, symbol, position);
            if (!value_equal(&t->m, step[i][at++], p->earlier->step[p->partner[i]][place])) return false;
        } while (trial_advance(t, v, position));
    }
    return true;
}

/* With the pairing complete. The symbols of the earlier loop stay where it holds. */
static bool pairing_holds(Trial *t, Pairing *p) {
    p->attempts++;
    for (int i = 0; i < p->l->states; i++)
        if (!same_start(t, p->l->state[i], p->earlier->state[p->partner[i]], p->order[i])) return false;
    for (int i = 0; i < p->l->states; i++) {
        const IrVar *partner = p->earlier->state[p->partner[i]];
        t->symbol[p->l->state[i]->id] = (Store){trial_store(t, t->symbol, partner)->at, partner, p->order[i]};
    }
    const Value ***step = step_of(t, p->l);
    if (step && same_step(t, p, step)) return true;
    for (int i = 0; i < p->l->states; i++) t->symbol[p->l->state[i]->id] = (Store){0};
    return false;
}

static bool pair_states(Trial *t, Pairing *p, int i, unsigned used);

/* The axes of state i from its partner's kth on. */
static bool pair_axes(Trial *t, Pairing *p, int i, int k, unsigned used, unsigned used_axes) {
    const IrVar *v = p->l->state[i], *partner = p->earlier->state[p->partner[i]];
    if (k == v->axis_count) return pair_states(t, p, i + 1, used);
    for (int a = 0; a < v->axis_count && p->attempts < MOST_ATTEMPTS && !t->why; a++) {
        if (used_axes & 1u << a || v->axes[a]->root != partner->axes[k]->root) continue;
        p->order[i][k] = a;
        if (pair_axes(t, p, i, k + 1, used, used_axes | 1u << a)) return true;
    }
    return false;
}

static bool pair_states(Trial *t, Pairing *p, int i, unsigned used) {
    if (i == p->l->states) return pairing_holds(t, p);
    const IrVar *v = p->l->state[i];
    p->order[i] = ARENA_ARRAY(t->m.arena, int, v->axis_count + 1);
    for (int n = 0; n < p->earlier->states && p->attempts < MOST_ATTEMPTS && !t->why; n++) {
        int j = (i + n) % p->earlier->states; /* in the same order first */
        if (used & 1u << j || p->earlier->state[j]->axis_count != v->axis_count) continue;
        p->partner[i] = j;
        if (pair_axes(t, p, i, 0, used | 1u << j, 0)) return true;
    }
    return false;
}

/* Some equation of a reads, by way of others, some of b. */
static bool depends(Trial *t, const Loop *a, const Loop *b) {
    bool *reached = ARENA_ARRAY(t->m.arena, bool, t->p->vars.count), found = false;
    for (int i = 0; i < a->item->body_count; i++) ir_reach(reached, a->item->body[i]->var);
    for (int i = 0; i < t->p->vars.count; i++) found |= reached[i] && t->loop[i] == b;
    return found;
}

/* `earlier` was evaluated before; if it depends on l, l was only begun then. */
static bool same_loop(Trial *t, Loop *l, Loop *earlier) {
    if (l->states != earlier->states || l->states > 16 || depends(t, earlier, l)) return false;
    if (!earlier->step) earlier->step = step_of(t, earlier);
    Pairing p = {.l = l, .earlier = earlier, .partner = ARENA_ARRAY(t->m.arena, int, l->states + 1),
                 .order = ARENA_ARRAY(t->m.arena, int *, l->states + 1)};
    return earlier->step && pair_states(t, &p, 0, 0);
}

static bool all_of_step(Trial *t, const Loop *l, const Value **to) {
    const Value ***step = step_of(t, l);
    for (int i = 0, n = 0; step && i < l->states; i++)
        for (int64_t k = 0; k < trial_elements(t, l->state[i]); k++) to[n++] = step[i][k];
    return step;
}

static void assume_one(Trial *t, const IrVar *state) {
    trial_assume(t, arena_printf(t->m.arena, "the loop in '%s' has one fixed point", state->origin ? state->origin : state->name));
}

/* For its symbols: the solution of an affine step, those of an earlier loop, or free ones. Loops are the same by what they do to free
 * symbols: a solution is none. */
static void look_for_symbols(Trial *t, Loop *l) {
    if (l->begun) return;
    l->begun = true;
    l->solved = trial_is_affine(t, l) && trial_solve(t, l, t->symbol, all_of_step);
    if (l->solved) assume_one(t, l->state[0]);
    for (int i = 0; i < t->loops.count && !l->solved && !l->same && !t->why; i++) {
        Loop *earlier = t->loops.at[i];
        if (earlier->looked && !earlier->same && !earlier->solved) l->same = same_loop(t, l, earlier);
    }
    l->looked = true;
}

/* ---- at the fixed point --------------------------------------------------------------------------------------------- */
const Value *trial_symbol(Trial *t, const IrVar *v, const int64_t *position) {
    if (t->stepping != t->loop[v->id]) look_for_symbols(t, t->loop[v->id]);
    Store *store = trial_store(t, t->symbol, v);
    int64_t at = trial_place(t, store, position);
    if (at < 0) return trial_undecided(t, NULL, "an index outside of its axis");
    if (!store->at[at]) store->at[at] = value_draw(&t->m, &t->seed);
    return store->at[at];
}

const Value *trial_settled(Trial *t, const Value *value) {
    uint64_t hash = value && t->settled.count ? value_hash(&t->m, value) : 0;
    for (int i = 0; value && i < t->settled.count; i++)
        if (t->settled.at[i].hash == hash && value_equal(&t->m, t->settled.at[i].value, value)) return t->settled.at[i].symbol;
    return value;
}

const Value *trial_settle(Trial *t, const IrVar *v, const int64_t *position) {
    Loop *l = t->loop[v->id];
    if (t->stepping == l) return trial_at(t, v, position, v->def, trial_eval);
    look_for_symbols(t, l);
    const Value *value = trial_settled(t, trial_at(t, v, position, v->def, trial_eval));
    if (!value || !v->init) return value;
    const Value *symbol = trial_symbol(t, v, position);
    if (!symbol) return NULL;
    if (value != symbol) vec_push(t->m.arena, &t->settled, ((Settled){value, symbol, value_hash(&t->m, value)}));
    trial_assume(t, arena_printf(t->m.arena, "the loop in '%s' has settled: it is at a fixed point", v->origin ? v->origin : v->name));
    return symbol;
}
