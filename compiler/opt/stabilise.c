/* Stabilised exponentials. In: normal form. Out: the same, where a quotient E / P with E = exp(s) and P = sum(j where g) E
 * * ... is computed from the shifted exponential:
 *     M = amax(j where g) s      E' = exp(s - M)      P' = sum(j where g) E' * ...      E / P = E' / P'
 * exact point by point, because M does not depend on j; for the same reason no gradient goes through M. Done only when g is proven never empty (M exists). The original E
 * and P stay for other readers; a recorded E is still the unshifted one. */
#include <string.h>

#include "opt/product.h"

typedef struct Shift { /* one P and what replaces the quotients over it; NULL: no such shift */
    const IrVar *exponential, *pool;
    IrVar *shifted, *shifted_pool;
    IrIndex *at;      /* indices of the exponential inside the pool's sum */
    bool found;
} Shift;

typedef struct Stabilise {
    Opt *o;
    VEC(Shift) shifts;
} Stabilise;

static bool is_exponential(const Opt *o, const IrVar *v) {
    return v->kind == VAR_ALG && !v->init && v->def && v->def->op == IR_EXP && opt_fact(o, v)->item;
}

static bool is_product(Opt *o, const IrVar *v, Product *product) {
    if (v->kind != VAR_ALG || v->init || !v->def || opt_fact(o, v)->through_prev) return false;
    return product_collect(o, v->def, NULL, NULL, product);
}

/* v is the exponential, or a product that holds one it leads to. */
static bool leads_to(Opt *o, const IrVar *v, const IrVar *exponential, int depth) {
    if (v == exponential || (!exponential && is_exponential(o, v))) return true;
    Product product;
    if (depth > 6 || !is_product(o, v, &product)) return false;
    for (int i = 0; i < product.factors.count; i++) {
        const Factor *f = &product.factors.at[i];
        if (!f->reciprocal && f->ref->op == IR_REF && leads_to(o, f->ref->var, exponential, depth + 1)) return true;
    }
    return false;
}


/* e with one node (by identity) exchanged: ir_map would rebuild the nodes before they could be compared. */
static IrExpr *exchange(IrProgram *p, IrExpr *e, const IrExpr *old, IrExpr *new) {
    if (e == old) return new;
    if (!e->argc) return e;
    IrExpr *copy = arena_copy(p->arena, e, sizeof *e);
    copy->arg = arena_copy(p->arena, e->arg, sizeof *e->arg * (size_t)e->argc);
    for (int i = 0; i < e->argc; i++) copy->arg[i] = exchange(p, e->arg[i], old, new);
    return copy;
}

static bool plain_index(const IrExpr *ref) {
    for (int i = 0; i < ref->var->axis_count; i++)
        if (ref->index[i].kind != IX_AXIS || ref->index[i].offset) return false;
    return true;
}

/* *e with products inlined until a factor that satisfies `exponential` (NULL: any) is visible; that factor or NULL. */
static const Factor *expose(Opt *o, IrExpr **e, const IrVar *exponential, Product *product) {
    for (int depth = 0; depth < 8; depth++) {
        if (!product_collect(o, *e, NULL, NULL, product)) return NULL;
        const Factor *through = NULL;
        for (int i = 0; i < product->factors.count; i++) {
            const Factor *f = &product->factors.at[i];
            if (f->reciprocal || f->ref->op != IR_REF) continue;
            if (f->ref->var == exponential || (!exponential && is_exponential(o, f->ref->var))) return f;
            if (!through && plain_index(f->ref) && leads_to(o, f->ref->var, exponential, 0)) through = f;
        }
        if (!through) return NULL;
        *e = exchange(o->p, *e, through->ref, ir_inline(o->p, through->ref));
    }
    return NULL;
}

/* ---- one pool ------------------------------------------------------------------------------------------------------- */
/* Index of the pool at which axis `axis` of the pool stands in the exponential's indices. */
static int position_of(const IrExpr *ref, const IrAxis *axis) {
    for (int i = 0; i < ref->var->axis_count; i++)
        if (ref->index[i].kind == IX_AXIS && !ref->index[i].offset && ref->index[i].axis == axis) return i;
    return -1;
}

static bool domain(Opt *o, const Product *product, const IrExpr *ref, AxisList *bound, IrGuard *guard) {
    Arena *arena = o->p->arena;
    VEC(IrAtom) atoms = {0};
    for (int i = 0; i < product->bound.count; i++)
        if (position_of(ref, product->bound.at[i]) >= 0) vec_push(arena, bound, product->bound.at[i]);
    for (int i = 0; i < product->atoms.count; i++)
        if (opt_has_axis(bound, product->atoms.at[i].sum)) vec_push(arena, &atoms, product->atoms.at[i].atom);
    *guard = (IrGuard){atoms.count, atoms.at};
    return bound->count && opt_guard_never_empty(guard, bound->at, bound->count);
}

static IrVar *place_equation(Opt *o, Place *place, const char *suffix, const IrVar *like, IrExpr *def) {
    Name name = name_printf(o->p->names, "%s.%s", like->name, suffix);
    IrVar *v = ir_var_new(o->p, VAR_ALG, name, like->axis_count, like->axes);
    IrItem *item = ir_item_new(o->p, ITEM_ALG);
    v->def = def;
    v->span = like->span;
    item->var = v;
    opt_place(o, place, item, !opt_dependent(def, place));
    return v;
}

/* The exponent at the indices of ref. */
static IrExpr *exponent(Opt *o, const IrExpr *ref) { return ir_inline(o->p, ref)->arg[0]; }

static void build_shift(Opt *o, Place *place, Shift *s, IrExpr *pool_def, const Product *product, const Factor *f) {
    IrProgram *p = o->p;
    const IrVar *pool = s->pool, *e = f->ref->var;
    AxisList bound = {0};
    IrGuard guard;
    if (!domain(o, product, f->ref, &bound, &guard)) return;
    IrIndex maximum_at[pool->axis_count + 1], own[e->axis_count + 1];
    for (int q = 0; q < pool->axis_count; q++) {
        int k = position_of(f->ref, pool->axes[q]);
        if (k < 0) return;
        maximum_at[q] = ir_index(e->axes[k]);
    }
    for (int k = 0; k < e->axis_count; k++) own[k] = ir_index(e->axes[k]);
    IrExpr *m_def = ir_reduce(p, IR_AMAX, bound.count, bound.at, guard, exponent(o, f->ref));
    m_def = ir_substitute(p, m_def, 0, NULL, NULL); /* bound axes of its own */
    IrVar *m = place_equation(o, place, "max", pool, m_def);
    IrExpr *by = ir_op1(p, IR_STOP, ir_ref(p, m, maximum_at));
    IrExpr *shifted = ir_op2(p, IR_SUB, exponent(o, ir_ref(p, (IrVar *)e, own)), by);
    s->shifted = place_equation(o, place, "shifted", e, ir_op1(p, IR_EXP, shifted));
    IrExpr *sum = exchange(p, pool_def, f->ref, ir_ref(p, s->shifted, f->ref->index));
    s->shifted_pool = place_equation(o, place, "shifted", pool, ir_substitute(p, sum, 0, NULL, NULL));
    s->exponential = e;
    s->at = f->ref->index;
    s->found = true;
    opt_notice(o, "%s / %s: exponents are shifted by their maximum over the sum's domain (the quotient does not change)",
               e->name, pool->name);
}

static Shift *shift_of(Stabilise *st, Place *place, const IrVar *pool) {
    for (int i = 0; i < st->shifts.count; i++)
        if (st->shifts.at[i].pool == pool) return &st->shifts.at[i];
    vec_push(st->o->p->arena, &st->shifts, ((Shift){.pool = pool}));
    Shift *s = &st->shifts.at[st->shifts.count - 1];
    Product product;
    const OptFact *fact = opt_fact(st->o, pool);
    if (!fact->item || fact->owner != place->owner || !is_product((Opt *)st->o, pool, &product)) return s;
    IrExpr *def = pool->def;
    const Factor *f = expose(st->o, &def, NULL, &product);
    if (f && product.bound.count) build_shift(st->o, place, s, def, &product, f);
    return s;
}

/* ---- quotients over it ---------------------------------------------------------------------------------------------- */
/* The exponential is read at the point whose pool is read: its unsummed indices agree. */
static bool same_point(const Shift *s, const IrExpr *e, const IrExpr *pool) {
    for (int k = 0; k < e->var->axis_count; k++)
        for (int q = 0; q < pool->var->axis_count; q++) {
            if (s->at[k].axis != s->pool->axes[q]) continue;
            const IrIndex *x = &e->index[k], *y = &pool->index[q];
            if (x->kind != IX_AXIS || y->kind != IX_AXIS || x->axis != y->axis || x->offset != y->offset) return false;
        }
    return true;
}

static bool shift_once(Stabilise *st, IrVar *v, Place *place) {
    Opt *o = st->o;
    Product product, flat;
    if (!is_product(o, v, &product)) return false;
    for (int i = 0; i < product.factors.count; i++) {
        const Factor *below = &product.factors.at[i];
        if (!below->reciprocal || below->ref->op != IR_REF) continue;
        const Shift *s = shift_of(st, place, below->ref->var);
        if (!s->found) continue;
        IrExpr *def = v->def;
        const Factor *e = expose(o, &def, s->exponential, &flat);
        if (!e || !same_point(s, e->ref, below->ref)) continue;
        def = exchange(o->p, def, e->ref, ir_ref(o->p, s->shifted, e->ref->index));
        v->def = exchange(o->p, def, below->ref, ir_ref(o->p, s->shifted_pool, below->ref->index));
        return true;
    }
    return false;
}

static bool shift_item(Opt *o, IrItem *item, Place *place, void *data) {
    (void)o;
    if (item->var->init) return false;
    for (int times = 0; times < 8 && shift_once(data, item->var, place); times++) continue;
    return false;
}

void pass_stabilise(Opt *o) {
    opt_facts(o);
    Stabilise st = {.o = o};
    opt_each_equation(o, shift_item, &st);
    opt_facts(o);
}
