/* See cuts.h. */
#include "exact/cuts.h"

#include <stdlib.h>
#include <string.h>

typedef struct Candidate {
    const IrVar *var;
    uint64_t hash; /* of its elements in any order */
} Candidate;

typedef struct Finder {
    Arena *arena;
    Trial *t;
    const IrProgram *p;
    bool *side[2]; /* by variable id: the side depends on it */
    VEC(Candidate) candidates;
    Cuts cuts;
} Finder;

/* ---- candidates ----------------------------------------------------------------------------------------------------- */
static int64_t size_of(const Finder *f, const IrAxis *axis) {
    return trial_size(f->t, axis);
}

/* Next position in row-major order; false after the last. */
static bool advance(const Finder *f, const IrVar *v, int64_t *position) {
    for (int i = v->axis_count - 1; i >= 0; i--) {
        if (++position[i] < size_of(f, v->axes[i])) return true;
        position[i] = 0;
    }
    return false;
}

static bool hash_of(const Finder *f, const IrVar *v, uint64_t *hash) {
    int64_t position[v->axis_count + 1];
    memset(position, 0, sizeof position);
    *hash = (uint64_t)v->axis_count;
    do {
        const Value *value = trial_peek(f->t, v, position);
        if (!value) return false; /* never asked for there */
        *hash += value_hash(trial_points(f->t), value) * 0x9e3779b97f4a7c15u;
    } while (advance(f, v, position));
    return true;
}

static void list_candidates(Finder *f) {
    for (int i = 0; i < f->p->vars.count; i++) {
        const IrVar *v = f->p->vars.at[i];
        Candidate c = {.var = v};
        if (!v->def || (!f->side[0][i] && !f->side[1][i]) || !hash_of(f, v, &c.hash)) continue;
        vec_push(f->arena, &f->candidates, c);
    }
}

/* ---- equal tensors -------------------------------------------------------------------------------------------------- */
static bool same_elements(const Finder *f, const IrVar *a, const IrVar *b, const int *order) {
    int64_t at_a[a->axis_count + 1], at_b[a->axis_count + 1];
    memset(at_a, 0, sizeof at_a);
    do {
        for (int k = 0; k < a->axis_count; k++) at_b[order[k]] = at_a[k];
        const Value *x = trial_peek(f->t, a, at_a), *y = trial_peek(f->t, b, at_b);
        if (!value_equal(trial_points(f->t), x, y)) return false;
    } while (advance(f, a, at_a));
    return true;
}

/* Tries the axes of b, each once, for the axes of a from the kth on. */
static bool match_axes(const Finder *f, const IrVar *a, const IrVar *b, int *order, unsigned used, int k) {
    if (k == a->axis_count) return same_elements(f, a, b, order);
    for (int i = 0; i < b->axis_count; i++) {
        if (used & 1u << i || b->axes[i]->root != a->axes[k]->root) continue;
        order[k] = i;
        if (match_axes(f, a, b, order, used | 1u << i, k + 1)) return true;
    }
    return false;
}

static const int *same_tensor(const Finder *f, const IrVar *a, const IrVar *b) {
    int *order = ARENA_ARRAY(f->arena, int, a->axis_count + 1);
    if (a->axis_count != b->axis_count || a->axis_count > 8) return NULL;
    return match_axes(f, a, b, order, 0, 0) ? order : NULL;
}

/* What only reads another variable gains nothing by a cut, and loses that it is that variable: a pool that every cell of a
 * population hears would be another number in each. */
static bool only_reads(const IrVar *v) {
    return v->def->op == IR_REF && !v->init;
}

static void add_cut(Finder *f, int first, bool *taken) {
    const Candidate *c = f->candidates.at;
    int count = f->candidates.count;
    Cut cut = {.var = ARENA_ARRAY(f->arena, const IrVar *, count), .order = ARENA_ARRAY(f->arena, const int *, count)};
    bool side[2] = {false, false}, gains = false;
    for (int i = first; i < count; i++) {
        if (taken[i] || c[i].hash != c[first].hash) continue;
        const int *order = same_tensor(f, c[first].var, c[i].var);
        if (!order) continue;
        taken[i] = true;
        cut.var[cut.count] = c[i].var;
        cut.order[cut.count++] = order;
        gains |= !only_reads(c[i].var);
        for (int s = 0; s < 2; s++) side[s] |= f->side[s][c[i].var->id];
    }
    cut.shared = cut.count == 1;
    if (side[0] && side[1] && gains) f->cuts.at[f->cuts.count++] = cut;
}

Cuts cuts_find(Arena *arena, Trial *t, const IrProgram *p, const IrVar *left, const IrVar *right) {
    Finder f = {.arena = arena, .t = t, .p = p};
    for (int i = 0; i < 2; i++) f.side[i] = ARENA_ARRAY(arena, bool, p->vars.count + 1);
    ir_reach(f.side[0], left);
    ir_reach(f.side[1], right);
    list_candidates(&f);
    f.cuts.at = ARENA_ARRAY(arena, Cut, f.candidates.count);
    bool *taken = ARENA_ARRAY(arena, bool, f.candidates.count);
    for (int i = 0; i < f.candidates.count; i++)
        if (!taken[i]) add_cut(&f, i, taken);
    return f.cuts;
}
