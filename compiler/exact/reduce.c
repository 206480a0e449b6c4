/* Sums and maxima: loops over positions, with what several elements share kept. */
#include "exact/trial.h"

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
    const Value *(*tangent)(Trial *t, const IrExpr *e); /* NULL: the value is asked for */
    VEC(const Value *) moved;     /* derivatives of the arguments */
    bool moves;                   /* one of them is not zero */
} Reduction;

static bool add_term(Trial *t, Reduction *r) {
    const IrExpr *body = r->node->arg[0];
    if (r->node->op == IR_SUM && body->op == IR_MUL) {
        const Value *a = trial_eval(t, body->arg[0]), *b = a ? trial_eval(t, body->arg[1]) : NULL;
        if (b) sum_add_product(r->sum, a, b);
        return b;
    }
    const Value *a = trial_eval(t, body);
    if (a && r->node->op == IR_SUM) sum_add(r->sum, a);
    else if (a) vec_push(t->m.arena, &r->arguments, a);
    return a;
}

/* (sum u v)' = sum u'v + uv' */
static bool add_product_tangent(Trial *t, Reduction *r, const IrExpr *product) {
    const Value *moved[] = {r->tangent(t, product->arg[0]), r->tangent(t, product->arg[1])};
    for (int i = 0; i < 2; i++) {
        if (!moved[i]) return false;
        if (moved[i] == t->zero) continue;
        const Value *other = trial_eval(t, product->arg[1 - i]);
        if (!other) return false;
        sum_add_product(r->sum, moved[i], other);
        r->moves = true;
    }
    return true;
}

static bool add_tangent(Trial *t, Reduction *r) {
    const IrExpr *body = r->node->arg[0];
    if (r->node->op == IR_SUM && body->op == IR_MUL) return add_product_tangent(t, r, body);
    const Value *moved = r->tangent(t, body), *a = moved && r->node->op == IR_AMAX ? trial_eval(t, body) : moved;
    if (!a) return false;
    r->moves |= moved != t->zero;
    if (r->node->op == IR_AMAX) {
        vec_push(t->m.arena, &r->arguments, a);
        vec_push(t->m.arena, &r->moved, moved);
    } else if (moved != t->zero) {
        sum_add(r->sum, moved);
    }
    return true;
}

/* Elements of a reference as one axis runs: at + position * stride. */
typedef struct Stream {
    const Value **element;
    int64_t at, stride;
} Stream;

static bool stream_of(Trial *t, const IrExpr *ref, const IrAxis *axis, Stream *s) {
    const IrVar *v = ref->var;
    if (ref->op != IR_REF || t->cut[v->id].order) return false;
    Store *store = t->cut[v->id].at ? &t->cut[v->id] : trial_store(t, t->own, v);
    *s = (Stream){.element = store->at};
    for (int i = 0; i < v->axis_count; i++) {
        int64_t size = trial_size(t, v->axes[i]);
        bool runs = ref->index[i].kind == IX_AXIS && ref->index[i].axis == axis;
        int64_t first = runs ? ref->index[i].offset : trial_index(t, ref, i), last = runs ? first + trial_size(t, axis) - 1 : first;
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
    int64_t *position = &t->position[axis->id], before = *position, size = trial_size(t, axis);
    for (int64_t i = 0; *fine && i < size; i++) {
        *position = i;
        if (!guard_holds(t, &r->node->guard)) continue;
        const Value *x = a.element[a.at + i * a.stride], *y = b.element[b.at + i * b.stride];
        if (!x) x = trial_read(t, body->arg[0]);
        if (!y && x) y = trial_read(t, body->arg[1]);
        *fine = x && y;
        if (*fine) sum_add_product(r->sum, x, y);
    }
    *position = before;
    return true;
}

static bool loop(Trial *t, Reduction *r, int depth) {
    if (depth == r->node->bound_count) return !guard_holds(t, &r->node->guard) || (r->tangent ? add_tangent : add_term)(t, r);
    IrAxis *axis = r->node->bound[depth];
    int64_t *position = &t->position[axis->id], before = *position;
    bool fine = true;
    if (!r->tangent && depth == r->node->bound_count - 1 && dot_product(t, r, axis, &fine)) return fine;
    for (*position = 0; fine && *position < trial_size(t, axis); ++*position) fine = loop(t, r, depth + 1);
    *position = before;
    return fine;
}

static const Value *reduce(Trial *t, const IrExpr *e) {
    Reduction r = {.node = e, .sum = e->op == IR_SUM ? sum_new(&t->m) : NULL};
    if (!loop(t, &r, 0)) return NULL;
    if (e->op == IR_SUM) return sum_close(r.sum);
    if (r.arguments.count == 0) return trial_undecided(t, e, "a maximum of nothing");
    return keyed_set(t->keyed, IR_AMAX, r.arguments.at, r.arguments.count);
}

/* u = max u_i: the mean of the derivatives of those u_i that are not less than u. Nearly everywhere that is one, but how it is written
 * elsewhere may count. */
static const Value *shared_tangent(Trial *t, const Reduction *r) {
    const Value *most = keyed_set(t->keyed, IR_AMAX, r->arguments.at, r->arguments.count), *one = value_integer(&t->m, 1);
    Sum *reach = sum_new(&t->m), *moved = sum_new(&t->m);
    for (int i = 0; i < r->arguments.count; i++) {
        const Value *reaches = value_sub(&t->m, one, trial_step(t, value_sub(&t->m, most, r->arguments.at[i]), 0));
        sum_add(reach, reaches);
        sum_add_product(moved, reaches, r->moved.at[i]);
    }
    const Value *inverse = trial_inverse(t, r->node, sum_close(reach));
    return inverse ? value_mul(&t->m, inverse, sum_close(moved)) : NULL;
}

static const Value *maximum_tangent(Trial *t, const Reduction *r) {
    t->met_shares = true;
    if (t->shares) return shared_tangent(t, r);
    return keyed_set_tangent(t->keyed, IR_AMAX, r->arguments.at, r->moved.at, r->arguments.count);
}

static const Value *reduce_tangent(Trial *t, const IrExpr *e, const Value *(*tangent)(Trial *t, const IrExpr *e)) {
    Reduction r = {.node = e, .sum = e->op == IR_SUM ? sum_new(&t->m) : NULL, .tangent = tangent};
    if (!loop(t, &r, 0)) return NULL;
    if (!r.moves) return t->zero;
    return e->op == IR_SUM ? sum_close(r.sum) : maximum_tangent(t, &r);
}

static Memo *slot_of(Memo *memo, int slots, const IrExpr *e) {
    uint64_t at = ((uint64_t)(uintptr_t)e >> 4) * 0x9e3779b97f4a7c15u >> 20;
    while (memo[at & (uint64_t)(slots - 1)].node && memo[at & (uint64_t)(slots - 1)].node != e) at++;
    return &memo[at & (uint64_t)(slots - 1)];
}

static void more_memos(Trial *t, Memos *memos) {
    int slots = memos->slots ? 2 * memos->slots : 256;
    Memo *memo = ARENA_ARRAY(t->m.arena, Memo, slots);
    for (int i = 0; i < memos->slots; i++)
        if (memos->at[i].node) *slot_of(memo, slots, memos->at[i].node) = memos->at[i];
    memos->at = memo, memos->slots = slots;
}

static Memo *memo_of(Trial *t, Memos *memos, const IrExpr *e) {
    if (2 * memos->count >= memos->slots) more_memos(t, memos);
    Memo *memo = slot_of(memos->at, memos->slots, e);
    if (memo->node) return memo;
    *memo = (Memo){.node = e, .axes = ARENA_ARRAY(t->m.arena, const IrAxis *, t->p->axes.count)};
    int64_t count = 1;
    for (int i = 0; i < t->p->axes.count; i++) {
        IrAxis *axis = t->p->axes.at[i];
        if (!ir_uses_axis(e, axis)) continue;
        memo->axes[memo->axis_count++] = axis;
        count *= trial_size(t, axis);
    }
    memo->at = ARENA_ARRAY(t->m.arena, const Value *, count);
    memos->count++;
    return memo;
}

static const Value **place_of(Trial *t, Memos *memos, const IrExpr *e) {
    const Memo *memo = memo_of(t, memos, e);
    int64_t at = 0;
    for (int i = 0; i < memo->axis_count; i++) at = at * trial_size(t, memo->axes[i]) + t->position[memo->axes[i]->id];
    return &memo->at[at];
}

const Value *trial_reduce(Trial *t, const IrExpr *e) {
    const Value **place = place_of(t, &t->memos, e);
    if (!*place) *place = reduce(t, e);
    return *place;
}

const Value *trial_reduce_tangent(Trial *t, const IrExpr *e, const Value *(*tangent)(Trial *t, const IrExpr *e)) {
    const Value **place = place_of(t, &t->tangent_memos, e);
    if (!*place) *place = reduce_tangent(t, e, tangent);
    return *place;
}
