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
    return parity < 0 && value_is_zero(k->m, u) ? u : keyed_value(k, op, u);
}

static int by_elements(const void *a, const void *b) {
    const Value *x = *(const Value *const *)a, *y = *(const Value *const *)b;
    return (x->re[0] > y->re[0]) - (x->re[0] < y->re[0]);
}

const Value *keyed_set(Keyed *k, IrOp op, const Value **u, int count) {
    int kept = 0;
    qsort(u, (size_t)count, sizeof *u, by_elements);
    for (int i = 0; i < count; i++)
        if (!kept || !value_equal(k->m, u[kept - 1], u[i])) u[kept++] = u[i];
    if (kept == 1) return u[0];
    uint64_t hash = 0;
    for (int i = 0; i < kept; i++) hash += value_hash(k->m, u[i]);
    const Value *known = find(k, op, hash, u, kept);
    return known ? known : add(k, op, hash, u, kept);
}
