/* See keyed.h. */
#include "exact/keyed.h"

#include <stdlib.h>

typedef struct Entry {
    IrOp op;
    uint64_t hash;
    int count;
    const Value **argument;
    const Value *value;
} Entry;

struct Keyed {
    Points *m;
    uint64_t *seed;
    VEC(Entry) entries;
    VEC(int) sets, moved_sets; /* which of them are of sets, and derivatives of those */
};

Keyed *keyed_new(Points *m, uint64_t *seed) {
    Keyed *k = ARENA_NEW(m->arena, Keyed);
    *k = (Keyed){.m = m, .seed = seed};
    return k;
}

static bool same(const Keyed *k, const Entry *entry, const Value *const *u) {
    for (int i = 0; i < entry->count; i++)
        if (!value_equal(k->m, entry->argument[i], u[i])) return false;
    return true;
}

static const Value *find(const Keyed *k, IrOp op, uint64_t hash, const Value *const *u, int count) {
    for (int i = 0; i < k->entries.count; i++) {
        const Entry *entry = &k->entries.at[i];
        if (entry->op == op && entry->hash == hash && entry->count == count && same(k, entry, u)) return entry->value;
    }
    return NULL;
}

static const Value *add(Keyed *k, IrOp op, uint64_t hash, const Value *const *u, int count) {
    const Value **argument = ARENA_ARRAY(k->m->arena, const Value *, count);
    for (int i = 0; i < count; i++) argument[i] = u[i];
    const Value *value = value_draw(k->m, k->seed);
    vec_push(k->m->arena, &k->entries, ((Entry){op, hash, count, argument, value}));
    return value;
}

const Value *keyed_value(Keyed *k, IrOp op, const Value *u) {
    uint64_t hash = value_hash(k->m, u);
    const Value *known = find(k, op, hash, &u, 1);
    return known ? known : add(k, op, hash, &u, 1);
}

const Value *keyed_parity(Keyed *k, IrOp op, int parity, const Value *u) {
    const Value *minus = value_negative(k->m, u);
    const Value *known = find(k, op, value_hash(k->m, minus), &minus, 1);
    if (known) return parity > 0 ? known : value_negative(k->m, known);
    return parity < 0 && value_vanishes(k->m, u) ? u : keyed_value(k, op, u);
}

/* The set whose maximum this symbol is, if it is one. */
static const Entry *set_of(const Keyed *k, IrOp op, const Value *u) {
    for (int i = k->sets.count; i-- > 0;) {
        const Entry *entry = &k->entries.at[k->sets.at[i]];
        if (entry->value == u && entry->op == op) return entry;
    }
    return NULL;
}

/* The arguments, those of sets among them one by one: a maximum of maxima. */
static const Value **flattened(const Keyed *k, IrOp op, const Value *const *u, int *count) {
    VEC(const Value *) all = {0};
    for (int i = 0; i < *count; i++) {
        const Entry *set = set_of(k, op, u[i]);
        for (int j = 0; set && j < set->count; j++) vec_push(k->m->arena, &all, set->argument[j]);
        if (!set) vec_push(k->m->arena, &all, u[i]);
    }
    *count = all.count;
    return all.at;
}

static int by_elements(const void *a, const void *b) {
    const Value *x = *(const Value *const *)a, *y = *(const Value *const *)b;
    return (x->re[0] > y->re[0]) - (x->re[0] < y->re[0]);
}

const Value *keyed_set(Keyed *k, IrOp op, const Value *const *argument, int count) {
    const Value **u = flattened(k, op, argument, &count);
    int kept = 0;
    qsort(u, (size_t)count, sizeof *u, by_elements);
    for (int i = 0; i < count; i++)
        if (!kept || !value_equal(k->m, u[kept - 1], u[i])) u[kept++] = u[i];
    if (kept == 1) return u[0];
    uint64_t hash = 0;
    for (int i = 0; i < kept; i++) hash += value_hash(k->m, u[i]);
    const Value *known = find(k, op, hash, u, kept);
    if (known) return known;
    vec_push(k->m->arena, &k->sets, k->entries.count);
    return add(k, op, hash, u, kept);
}

/* ---- derivatives of functions of sets ------------------------------------------------------------------------------- */
typedef struct Moved {
    const Value *u, *moved;
} Moved;

static int by_argument(const void *a, const void *b) {
    const Moved *x = a, *y = b;
    return by_elements(&x->u, &y->u);
}

/* The pairs that this derivative of this set's symbol was made of. */
static const Entry *moved_set(const Keyed *k, IrOp op, const Value *u, const Value *moved) {
    const Entry *set = set_of(k, op, u);
    for (int i = k->moved_sets.count; set && i-- > 0;) {
        const Entry *entry = &k->entries.at[k->moved_sets.at[i]];
        bool of_set = entry->value == moved && entry->count == 2 * set->count;
        for (int j = 0; of_set && j < set->count; j++) of_set = entry->argument[j] == set->argument[j];
        if (of_set) return entry;
    }
    return NULL;
}

typedef VEC(Moved) Pairs;

static Pairs flattened_pairs(const Keyed *k, IrOp op, const Value *const *u, const Value *const *moved, int count) {
    Pairs all = {0};
    for (int i = 0; i < count; i++) {
        const Entry *set = moved_set(k, op, u[i], moved[i]);
        int half = set ? set->count / 2 : 0;
        for (int j = 0; j < half; j++) vec_push(k->m->arena, &all, ((Moved){set->argument[j], set->argument[half + j]}));
        if (!set) vec_push(k->m->arena, &all, ((Moved){u[i], moved[i]}));
    }
    return all;
}

/* Equal arguments have equal derivatives. */
static void drop_repeated(Keyed *k, Pairs *pairs) {
    int kept = 0;
    qsort(pairs->at, (size_t)pairs->count, sizeof *pairs->at, by_argument);
    for (int i = 0; i < pairs->count; i++)
        if (!kept || !value_equal(k->m, pairs->at[kept - 1].u, pairs->at[i].u)) pairs->at[kept++] = pairs->at[i];
    pairs->count = kept;
}

const Value *keyed_set_tangent(Keyed *k, IrOp op, const Value *const *u, const Value *const *moved, int count) {
    Pairs pairs = flattened_pairs(k, op, u, moved, count);
    drop_repeated(k, &pairs);
    if (pairs.count == 1) return pairs.at[0].moved;
    const Value **argument = ARENA_ARRAY(k->m->arena, const Value *, 2 * pairs.count);
    uint64_t hash = 0;
    for (int i = 0; i < pairs.count; i++) {
        argument[i] = pairs.at[i].u, argument[pairs.count + i] = pairs.at[i].moved;
        hash = hash * 31 + value_hash(k->m, argument[i]) + 17 * value_hash(k->m, argument[pairs.count + i]);
    }
    const IrOp derivative = IR_OP_COUNT; /* no operator: these entries are told apart from values by it, and by their number */
    const Value *known = find(k, derivative, hash, argument, 2 * pairs.count);
    if (known) return known;
    vec_push(k->m->arena, &k->moved_sets, k->entries.count);
    return add(k, derivative, hash, argument, 2 * pairs.count);
}
