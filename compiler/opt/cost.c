/* Operations of equations as they stand: each subexpression is counted once for every point of the axes it uses (anything
 * that does not depend on an inner sum is taken out of it), a guard counts its share of the points, a symmetric product its
 * half, a sum over a sparse table the pairs that the table has. */
#include <math.h>

#include "opt/density.h"
#include "opt/pass.h"

typedef struct Cost {
    const Opt *o;
    OptAtoms atoms; /* guards of the enclosing reductions, and the demand */
} Cost;

double opt_inside(double n, double m, double lo, double hi) {
    double total = 0;
    for (double i = 0; i < m; i++) {
        double from = fmax(0, i + lo), to = fmin(n - 1, i + hi);
        total += fmax(0, to - from + 1);
    }
    return total / (n * m);
}

/* Share of the points that satisfy the atoms between a and b: differences position(a) - position(b) in lo..hi. */
static double share(const Cost *c, const IrAxis *a, const IrAxis *b) {
    double lo = -INFINITY, hi = INFINITY;
    for (int i = 0; i < c->atoms.count; i++) {
        const IrAtom *t = &c->atoms.at[i];
        bool along = t->a == a && t->b == b, against = t->a == b && t->b == a;
        if (!along && !against) continue;
        double bound = (double)t->bound;
        if (along || t->relation == GUARD_EQ) hi = fmin(hi, along ? bound : -bound);
        if (against || t->relation == GUARD_EQ) lo = fmax(lo, along ? bound : -bound);
    }
    if (lo == -INFINITY && hi == INFINITY) return 1;
    double n = a ? opt_size(c->o, a) : 1, m = b ? opt_size(c->o, b) : 1;
    return opt_inside(n, m, lo, hi);
}

static bool first_of_pair(const Cost *c, int i) {
    const IrAtom *t = &c->atoms.at[i];
    for (int k = 0; k < i; k++) {
        const IrAtom *s = &c->atoms.at[k];
        if ((s->a == t->a && s->b == t->b) || (s->a == t->b && s->b == t->a)) return false;
    }
    return true;
}

static double points(const Cost *c, const AxisList *axes) {
    double n = 1;
    for (int i = 0; i < axes->count; i++) n *= opt_size(c->o, axes->at[i]);
    for (int i = 0; i < c->atoms.count; i++) {
        const IrAtom *t = &c->atoms.at[i];
        bool here = (!t->a || opt_has_axis(axes, t->a)) && (!t->b || opt_has_axis(axes, t->b));
        if (here && first_of_pair(c, i)) n *= share(c, t->a, t->b);
    }
    return n;
}

static bool symmetric(const IrExpr *e) {
    if (e->op != IR_SUM || e->guard.count || e->arg[0]->op != IR_MUL) return false;
    const IrExpr *f = e->arg[0]->arg[0], *g = e->arg[0]->arg[1];
    if (f->op != IR_REF || g->op != IR_REF || f->var != g->var) return false;
    int differ = 0;
    for (int i = 0; i < f->var->axis_count; i++) {
        const IrIndex *x = &f->index[i], *y = &g->index[i];
        if (x->kind != y->kind || x->offset != y->offset) return false;
        if (x->kind == IX_AXIS && x->axis != y->axis) differ++;
    }
    return differ == 1;
}

/* Share of its points at which a product is not zero for the sake of its sparse tables; weights made ahead are looked into. */
static double share_of_ones(const Cost *c, const IrExpr *e) {
    if (e->op == IR_MUL) return share_of_ones(c, e->arg[0]) * share_of_ones(c, e->arg[1]);
    if (e->op == IR_NEG || e->op == IR_DIV) return share_of_ones(c, e->arg[0]);
    if (e->op != IR_REF) return 1;
    bool made = e->var->kind == VAR_ALG && e->var->def && !opt_fact(c->o, e->var)->call;
    return made ? share_of_ones(c, e->var->def) : opt_sparsity(e->var);
}

static double cost(Cost *c, const IrExpr *e) {
    if (!e->argc || opt_scalar(e)) return 0;
    AxisList axes = {0};
    int guards = c->atoms.count;
    for (int i = 0; i < e->guard.count; i++) vec_push(c->o->p->arena, &c->atoms, e->guard.atom[i]);
    opt_free_axes(c->o, e, &axes);
    for (int i = 0; i < e->bound_count; i++) vec_push(c->o->p->arena, &axes, e->bound[i]);
    double total = points(c, &axes);
    for (int i = 0; i < e->argc; i++) total += cost(c, e->arg[i]);
    c->atoms.count = guards;
    if (e->op == IR_SUM && !e->guard.count) total *= share_of_ones(c, e->arg[0]);
    return symmetric(e) ? total / 2 : total;
}

double opt_expr_cost(const Opt *o, const IrExpr *e, const OptAtoms *demand) {
    Cost c = {.o = o};
    for (int i = 0; demand && i < demand->count; i++) vec_push(o->p->arena, &c.atoms, demand->at[i]);
    return cost(&c, e);
}

char *opt_equation_text(const Opt *o, const IrVar *v) {
    Arena *arena = o->p->arena;
    IrExpr *left = ir_ref(o->p, (IrVar *)v, NULL);
    return arena_printf(arena, "%s = %s", ir_expr_text(arena, left), ir_expr_text(arena, v->def));
}

/* Of what steps change, the present value is stored. */
static double stored_elements(const Opt *o, const IrVar *v) {
    double n = opt_elements(o, v);
    for (int i = 0; i < v->axis_count; i++)
        if (ir_is_time(v, v->axes[i])) n /= opt_size(o, v->axes[i]);
    return n;
}

static void add_cost(Opt *o, const IrVar *v, const OptAtoms *demand, double times, OptCosts *list, OptTotal *total) {
    Arena *arena = o->p->arena;
    double n = times * opt_expr_cost(o, v->def, demand);
    bool plan = !opt_fact(o, v)->call;
    *(plan ? &total->plan : &total->call) += n;
    vec_push(arena, list, ((OptCost){v->name, opt_equation_text(o, v), n, stored_elements(o, v), plan}));
}

OptTotal opt_program_cost(Opt *o, OptCosts *list) {
    OptTotal total = {0, 0};
    const OptDemand *d = opt_demand(o);
    for (int i = 0; i < o->p->items.count; i++) {
        const IrItem *item = o->p->items.at[i];
        if (item->var) add_cost(o, item->var, &d[item->var->id].atoms, 1, list, &total);
        double times = item->kind == ITEM_FIX ? (double)item->count : 1;
        for (int k = 0; k < item->body_count; k++) add_cost(o, item->body[k]->var, NULL, times, list, &total);
    }
    return total;
}
