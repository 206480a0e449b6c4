/* Sums tied by a guard. In, out: normal form. A sum over two axes that a guard ties, sum(i, j where j <= i) s[i, j] * v[j, a] * w[i, b],
 * is nothing that contraction order takes apart. Where factors are without j and that costs less, the sum over j gets an equation of its
 * own, and the rest is a product over i: sum(i) w[i, b] * t[i, a], t[i, a] = sum(j where j <= i) s[i, j] * v[j, a]. Gradients of weights
 * behind causal sums are such: the inner sum is then often that of the forward pass. Only where some j is left for every i: what is
 * read at the other i may be no number there. */
#include "opt/pass.h"

typedef VEC(IrExpr *) Factors;
typedef VEC(IrAtom) Atoms;

typedef struct Untie {
    Opt *o;
    Place *place;
    Name base;
} Untie;

static void factors_of(Opt *o, IrExpr *e, Factors *list) {
    if (e->op == IR_MUL) {
        factors_of(o, e->arg[0], list);
        factors_of(o, e->arg[1], list);
    } else vec_push(o->p->arena, list, e);
}

static bool names_axis(const IrAtom *atom, const IrAxis *axis) { return atom->a == axis || atom->b == axis; }

static bool is_tied(const IrExpr *sum, const IrAxis *j) {
    for (int i = 0; i < sum->guard.count; i++) {
        const IrAtom *atom = &sum->guard.atom[i];
        if (names_axis(atom, j) && ir_binds(sum, atom->a == j ? atom->b : atom->a)) return true;
    }
    return false;
}

/* The factors with j, or those without. */
static IrExpr *part(Opt *o, const Factors *factors, const IrAxis *j, bool with) {
    IrExpr *e = NULL;
    for (int i = 0; i < factors->count; i++)
        if (ir_uses_axis(factors->at[i], j) == with) e = e ? ir_op2(o->p, IR_MUL, e, factors->at[i]) : factors->at[i];
    return e;
}

static double points(const Opt *o, const AxisList *axes) {
    double n = 1;
    for (int i = 0; i < axes->count; i++) n *= opt_size(o, axes->at[i]);
    return n;
}

/* Products that are computed: at every point of the sum, or at those of the inner one and then of the rest. 0 where nothing is inner or
 * nothing is left. */
static double gain(Opt *o, const Factors *factors, const IrAxis *j) {
    const IrExpr *with = part(o, factors, j, true), *without = part(o, factors, j, false);
    AxisList inner = {0}, all = {0};
    if (!with || !without) return 0;
    opt_free_axes(o, with, &inner);
    opt_free_axes(o, with, &all);
    opt_free_axes(o, without, &all);
    return points(o, &all) - points(o, &inner) - points(o, &all) / opt_size(o, j);
}

/* The tied axis whose sum it pays most to take out; NULL: none. */
static IrAxis *inner_axis(Opt *o, const IrExpr *sum, const Factors *factors) {
    IrAxis *best = NULL;
    double most = 0;
    for (int i = 0; i < sum->bound_count; i++) {
        double saved = is_tied(sum, sum->bound[i]) ? gain(o, factors, sum->bound[i]) : 0;
        if (saved > most) best = sum->bound[i], most = saved;
    }
    return best;
}

static IrGuard guard_part(Opt *o, const IrExpr *sum, const IrAxis *j, bool with) {
    Atoms atoms = {0};
    for (int i = 0; i < sum->guard.count; i++)
        if (names_axis(&sum->guard.atom[i], j) == with) vec_push(o->p->arena, &atoms, sum->guard.atom[i]);
    return (IrGuard){atoms.count, atoms.at};
}

static IrExpr *untie(void *data, IrExpr *e) {
    Untie *u = data;
    Factors factors = {0};
    if (e->op != IR_SUM || e->bound_count < 2 || !e->guard.count) return e;
    factors_of(u->o, e->arg[0], &factors);
    IrAxis *j = inner_axis(u->o, e, &factors);
    IrGuard guard = j ? guard_part(u->o, e, j, true) : (IrGuard){0};
    if (!j || !opt_guard_never_empty(&guard, &j, 1)) return e;
    IrProgram *p = u->o->p;
    IrAxis **rest = ARENA_ARRAY(p->arena, IrAxis *, e->bound_count);
    int count = 0;
    for (int i = 0; i < e->bound_count; i++)
        if (e->bound[i] != j) rest[count++] = e->bound[i];
    IrExpr *inner = ir_reduce(p, IR_SUM, 1, &j, guard, part(u->o, &factors, j, true));
    inner = opt_name_expr(u->o, u->place, u->base, inner);
    return ir_reduce(p, IR_SUM, count, rest, guard_part(u->o, e, j, false), ir_op2(p, IR_MUL, part(u->o, &factors, j, false), inner));
}

static bool untie_item(Opt *o, IrItem *item, Place *place, void *data) {
    (void)data;
    Untie u = {o, place, item->var->name};
    item->var->def = ir_map(o->p, item->var->def, untie, &u);
    return false;
}

void pass_untie(Opt *o) { opt_each_equation(o, untie_item, NULL); }
