/* Which equations are matrix products: t[I] = sum(K) a * b with the axes of each operand in matrix order. */
#include "opt/schedule_internal.h"

static bool plain_reference(const IrExpr *e) {
    if (e->op != IR_REF && e->op != IR_PREV) return false;
    for (int i = 0; i < e->var->axis_count; i++) {
        if (e->index[i].kind != IX_AXIS || e->index[i].offset) return false;
        for (int j = 0; j < i; j++)
            if (e->index[j].axis == e->index[i].axis) return false;
    }
    return true;
}

static int place_in(const IrExpr *ref, const IrAxis *axis) {
    for (int i = 0; i < ref->var->axis_count; i++)
        if (ref->index[i].kind == IX_AXIS && ref->index[i].axis == axis) return i;
    return -1;
}

/* Next stored place of a variable after `place`, or -1: axes that are not stored take no room between their neighbours. */
static int next_stored(const Scheduler *s, const IrVar *v, int place) {
    for (int i = place + 1; i < v->axis_count; i++)
        if (s->schedule->storage[v->id].kept[i]) return i;
    return -1;
}

/* In a block, some points of the axis at v's place are done at a time: rows, and columns of a band. */
static bool is_partial(const Scheduler *s, const IrVar *v, int place, const IrAxis *name) {
    const Storage *storage = &s->schedule->storage[v->id];
    return name == s->tile || v->axes[place] == storage->tile || v->axes[place] == storage->column;
}

/* Do the axes of the list, in order, form one dimension in ref's storage: each directly outside the next, and all of it? */
static bool one_dimension(const Scheduler *s, const IrExpr *ref, IrAxis *const *list, int count) {
    for (int i = 0; i + 1 < count; i++) {
        int next = place_in(ref, list[i + 1]);
        if (next_stored(s, ref->var, place_in(ref, list[i])) != next || is_partial(s, ref->var, next, list[i + 1])) return false;
    }
    return true;
}

static bool one_dimension_var(const Scheduler *s, const IrVar *v, IrAxis *const *list, int count) {
    for (int i = 0; i + 1 < count; i++) {
        int next = schedule_place(v, list[i + 1]);
        if (next_stored(s, v, schedule_place(v, list[i])) != next || is_partial(s, v, next, list[i + 1])) return false;
    }
    return true;
}

static bool innermost(const Scheduler *s, const IrExpr *ref, IrAxis *const *list, int count) {
    return count > 0 && next_stored(s, ref->var, place_in(ref, list[count - 1])) < 0;
}

/* A matrix operand needs one of its two dimensions innermost (or to have only one). */
static bool has_unit_stride(const Scheduler *s, const IrExpr *ref, IrAxis *const *a, int na, IrAxis *const *b, int nb) {
    return innermost(s, ref, a, na) || innermost(s, ref, b, nb);
}

static double list_size(IrAxis *const *list, int count) {
    double size = 1;
    for (int i = 0; i < count; i++) size *= (double)list[i]->root->size;
    return size;
}

/* Axes of the target in its order, sorted into batch, m and n; the current points of enclosing loops are no axes at all. */
static bool sort_axes(const Scheduler *s, const IrVar *v, Product *p) {
    for (int i = 0; i < v->axis_count; i++) {
        IrAxis *axis = v->axes[i];
        bool in_a = place_in(p->a, axis) >= 0, in_b = place_in(p->b, axis) >= 0;
        if (schedule_is_fixed(s, axis)) continue;
        if (in_a && in_b) p->batch[p->batch_count++] = axis;
        else if (in_a) p->m[p->m_count++] = axis;
        else if (in_b) p->n[p->n_count++] = axis;
        else return false;
    }
    return true;
}

/* Bound axes in the order of a's storage, so that they form one dimension there if they can. */
static void sort_bound(const IrExpr *sum, Product *p) {
    for (int place = 0; place < p->a->var->axis_count; place++)
        for (int i = 0; i < sum->bound_count; i++)
            if (place_in(p->a, sum->bound[i]) == place) p->k[p->k_count++] = sum->bound[i];
}

/* Outermost axes that do not join the others become loops. */
static void spill(IrAxis **from, int *count, IrAxis **batch, int *batch_count) {
    batch[(*batch_count)++] = from[0];
    for (int i = 1; i < *count; i++) from[i - 1] = from[i];
    (*count)--;
}

static bool joins(const Scheduler *s, const IrVar *v, const IrExpr *ref, IrAxis *const *list, int count) {
    return one_dimension(s, ref, list, count) && one_dimension_var(s, v, list, count);
}

static bool lay_out(const Scheduler *s, const IrVar *v, Product *p) {
    while (p->m_count > 1 && !joins(s, v, p->a, p->m, p->m_count)) spill(p->m, &p->m_count, p->batch, &p->batch_count);
    while (p->n_count > 1 && !joins(s, v, p->b, p->n, p->n_count)) spill(p->n, &p->n_count, p->batch, &p->batch_count);
    if (!one_dimension(s, p->a, p->k, p->k_count) || !one_dimension(s, p->b, p->k, p->k_count)) return false;
    if (!has_unit_stride(s, p->a, p->m, p->m_count, p->k, p->k_count)) return false;
    if (!has_unit_stride(s, p->b, p->n, p->n_count, p->k, p->k_count)) return false;
    int last = -1;
    for (int i = 0; i < v->axis_count; i++)
        if (s->schedule->storage[v->id].kept[i]) last = i;
    bool n_last = p->n_count && schedule_place(v, p->n[p->n_count - 1]) == last;
    bool m_last = p->m_count && schedule_place(v, p->m[p->m_count - 1]) == last;
    p->transposed = m_last && !n_last;
    return n_last || m_last;
}

/* Both operands are one tensor, read alike but for m and n: the result is symmetric. */
static bool is_symmetric(const Product *p) {
    if (p->a->op != p->b->op || p->a->lag != p->b->lag || p->a->var != p->b->var || p->m_count != 1 || p->n_count != 1 || p->batch_count || p->m[0]->root != p->n[0]->root) return false;
    for (int i = 0; i < p->a->var->axis_count; i++) {
        IrAxis *x = p->a->index[i].axis, *y = p->b->index[i].axis;
        if (x != y && !(x == p->m[0] && y == p->n[0])) return false;
    }
    return true;
}

/* Both operands are read along their rows and one has few of them: sums in vectors outdo the library, which packs both first (2 x
 * 256 x 256: 5 times faster; 8 x 64 x 64: 1.4 times; 16 x 128 x 64: alike; with rows of 16 it is the other way around). */
static bool is_skinny(const Scheduler *s, const Product *p) {
    enum { LONG = 64, FEW = 8 };
    bool rows = innermost(s, p->a, p->k, p->k_count) && innermost(s, p->b, p->k, p->k_count);
    double m = list_size(p->m, p->m_count), n = list_size(p->n, p->n_count);
    return rows && p->k[p->k_count - 1]->root->size >= LONG && (m <= FEW || n <= FEW);
}

/* A guard that ties the summed axis to the rows or to the columns, and leaves enough of it: FAR where a side is open. */
static bool take_band(const IrExpr *sum, Product *p) {
    enum { FAR = 1 << 30, WIDE = 64, FEW = 16 };
    if (p->k_count != 1) return false;
    p->low = -FAR, p->high = FAR;
    for (int i = 0; i < sum->guard.count; i++) {
        const IrAtom *atom = &sum->guard.atom[i];
        bool of_k = atom->a == p->k[0], against = atom->b == p->k[0];
        const IrAxis *other = of_k ? atom->b : atom->a;
        if (of_k == against || !other || (p->tied && p->tied != other)) return false;
        p->tied = other;
        bool both = atom->relation == GUARD_EQ;
        int64_t bound = of_k ? atom->bound : -atom->bound; /* of k - tied */
        if ((of_k || both) && bound < p->high) p->high = bound;
        if ((against || both) && bound > p->low) p->low = bound;
    }
    bool rows = p->m_count == 1 && p->tied == p->m[0], columns = p->n_count == 1 && p->tied == p->n[0];
    double others = rows ? list_size(p->n, p->n_count) : list_size(p->m, p->m_count);
    return (rows || columns) && p->high - p->low >= WIDE && p->tied->root->size >= WIDE && p->k[0]->root->size >= WIDE && others >= FEW;
}

Kernel schedule_product(const Scheduler *s, const IrVar *v, bool guard_is_zero, Product *p) {
    const IrExpr *sum = v->def;
    if (sum->op != IR_SUM || sum->arg[0]->op != IR_MUL) return KERNEL_LOOPS;
    bool band = sum->guard.count && !guard_is_zero;
    if (band && s->small_loops) return KERNEL_LOOPS;
    const IrExpr *a = sum->arg[0]->arg[0], *b = sum->arg[0]->arg[1];
    if (!plain_reference(a) || !plain_reference(b)) return KERNEL_LOOPS;
    Arena *arena = s->p->arena;
    int room = v->axis_count + sum->bound_count + 1;
    *p = (Product){.a = a, .b = b, .batch = ARENA_ARRAY(arena, IrAxis *, room), .m = ARENA_ARRAY(arena, IrAxis *, room),
                   .n = ARENA_ARRAY(arena, IrAxis *, room), .k = ARENA_ARRAY(arena, IrAxis *, room)};
    for (int i = 0; i < sum->bound_count; i++)
        if (place_in(a, sum->bound[i]) < 0 || place_in(b, sum->bound[i]) < 0) return KERNEL_LOOPS;
    if (!sort_axes(s, v, p)) return KERNEL_LOOPS;
    sort_bound(sum, p);
    if (!lay_out(s, v, p)) return KERNEL_LOOPS;
    if (band) return take_band(sum, p) ? KERNEL_GEMM : KERNEL_LOOPS;
    if (s->small_loops && (!p->m_count || !p->n_count || is_skinny(s, p))) return KERNEL_LOOPS;
    if (list_size(p->m, p->m_count) * list_size(p->n, p->n_count) * list_size(p->k, p->k_count) < 4096) return KERNEL_LOOPS;
    if (s->schedule->storage[v->id].tile || s->schedule->storage[v->id].kind == STORE_SCRATCH) return KERNEL_GEMM;
    return is_symmetric(p) ? KERNEL_SYMMETRIC : KERNEL_GEMM;
}
