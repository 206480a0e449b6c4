/* Contraction order by dynamic programming (order.h). */
#include "opt/order.h"

#include <math.h>
#include <string.h>

#include "opt/density.h"

/* Weights of the objective, in operations. Traffic: an element of an intermediate is written and read again at some tens of
 * bytes per nanosecond, where the same core does about a hundred operations. An intermediate over pairs of positions also
 * keeps the steps around it from being fused block by block. A step on weights is done once, when they are bound. */
static const double TRAFFIC = 8, PAIRS = 4, PLAN_WEIGHT = 1e-3, PLAN_LIMIT = 6.7e7, HUGE_ELEMENTS = 1e9, HUGE_WEIGHT = 1e3;

#define BIT(i) ((IndexSet)1 << (i))

int order_index(const Order *order, const IrAxis *axis) {
    for (int i = 0; i < order->index_count; i++)
        if (order->index[i] == axis) return i;
    return -1;
}

static int add_index(Order *r, IrAxis *axis) {
    int at = order_index(r, axis);
    if (at >= 0) return at;
    if (r->index_count == ORDER_INDICES) return 0; /* order_solve has counted */
    r->index[r->index_count] = axis;
    r->size[r->index_count] = opt_size(r->o, axis);
    r->position[r->index_count] = opt_is_position(r->o, axis);
    return r->index_count++;
}

static double points(const Order *r, IndexSet set) {
    double n = 1;
    for (int i = 0; set; i++, set >>= 1)
        if (set & 1) n *= r->size[i];
    return n;
}

/* ---- guards -------------------------------------------------------------------------------------------------------- */
static OrderLink *find_link(Order *r, int j, int i) {
    for (int k = 0; k < r->link_count; k++)
        if (r->link[k].j == j && r->link[k].i == i) return &r->link[k];
    OrderLink *link = &r->link[r->link_count++];
    *link = (OrderLink){j, i, -INFINITY, INFINITY, 1, false};
    return link;
}

/* position(a) - position(b) <= bound, seen from the summed axis. */
static void add_link(Order *r, const Linked *l) {
    const IrAtom *t = &l->atom;
    bool first = t->a == l->sum;
    const IrAxis *other = first ? t->b : t->a;
    int j = order_index(r, l->sum);
    if (t->a != l->sum && t->b != l->sum) { /* a condition on outer axes: they come with the sum */
        if (t->a) find_link(r, j, add_index(r, t->a));
        if (t->b) find_link(r, j, add_index(r, t->b));
        return;
    }
    OrderLink *link = find_link(r, j, other ? add_index(r, (IrAxis *)other) : -1);
    double bound = (double)t->bound;
    if (first || t->relation == GUARD_EQ) link->hi = fmin(link->hi, first ? bound : -bound);
    if (!first || t->relation == GUARD_EQ) link->lo = fmax(link->lo, first ? bound : -bound);
}

static void finish_links(Order *r) {
    for (int k = 0; k < r->link_count; k++) {
        OrderLink *link = &r->link[k];
        double m = link->i >= 0 ? r->size[link->i] : 1;
        bool limited = link->lo != -INFINITY || link->hi != INFINITY;
        if (limited) link->fraction = opt_inside(r->size[link->j], m, link->lo, link->hi);
        link->only = true;
        for (int q = 0; q < r->link_count; q++) link->only &= q == k || r->link[q].j != link->j;
    }
}

static double fraction(const Order *r, IndexSet set) {
    double f = 1;
    for (int k = 0; k < r->link_count; k++) {
        const OrderLink *link = &r->link[k];
        if ((set & BIT(link->j)) && (link->i < 0 || (set & BIT(link->i)))) f *= link->fraction;
    }
    return f;
}

static IndexSet partners(const Order *r, IndexSet closed) {
    IndexSet set = 0;
    for (int k = 0; k < r->link_count; k++)
        if ((closed & BIT(r->link[k].j)) && r->link[k].i >= 0) set |= BIT(r->link[k].i);
    return set;
}

/* The guard is j <= i or j < i, or the other way round, and nothing else. */
static bool one_sided(const OrderLink *link) {
    if (link->lo == -INFINITY) return link->hi == 0 || link->hi == -1;
    return link->hi == INFINITY && (link->lo == 0 || link->lo == 1);
}

/* A sum over j that can run along i, forwards or backwards; the operands do not have i. */
static const OrderLink *running(const Order *r, IndexSet closed, IndexSet given) {
    for (int k = 0; k < r->link_count && r->allow_prefix; k++) {
        const OrderLink *link = &r->link[k];
        if (!(closed & BIT(link->j)) || link->i < 0 || (given & BIT(link->i)) || !link->only) continue;
        if (!one_sided(link)) continue;
        if (r->index[link->i]->root != r->index[link->j]->root || !(r->out & BIT(link->i))) continue;
        if (partners(r, closed & ~BIT(link->j)) & ~given) continue;
        return link;
    }
    return NULL;
}

/* ---- subsets ------------------------------------------------------------------------------------------------------- */
static IndexSet closed_in(const Order *r, unsigned set) {
    IndexSet inside_set = 0, outside = 0;
    for (int f = 0; f < r->count; f++) *(set >> f & 1 ? &inside_set : &outside) |= r->touches[f];
    return r->bound & inside_set & ~outside;
}

static IndexSet result_of(const Order *r, unsigned set, IndexSet closed) {
    IndexSet all = 0;
    for (int f = 0; f < r->count; f++)
        if (set >> f & 1) all |= r->has[f];
    return (all & ~closed) | partners(r, closed);
}

/* Two references to one variable whose indices differ only by exchanging unsummed axes: the result is symmetric. */
static bool symmetric(const Order *r, unsigned a, unsigned b, IndexSet closed) {
    if (!a || !b || (a & (a - 1)) || (b & (b - 1)) || !closed) return false;
    const Factor *f = &r->product->factors.at[__builtin_ctz(a)], *g = &r->product->factors.at[__builtin_ctz(b)];
    if (f->ref->var != g->ref->var || f->ref->op != g->ref->op || f->reciprocal || g->reciprocal) return false;
    int differ = 0;
    for (int i = 0; i < f->ref->var->axis_count; i++) {
        const IrIndex *x = &f->ref->index[i], *y = &g->ref->index[i];
        if (x->kind != y->kind || x->offset != y->offset) return false;
        if (x->kind != IX_AXIS || x->axis == y->axis) continue;
        if (x->axis->root != y->axis->root) return false;
        differ++;
    }
    return differ == 1;
}

static bool over_pairs(const Order *r, IndexSet set) {
    for (int i = 0; i < r->index_count; i++)
        for (int j = 0; j < i; j++)
            if ((set & BIT(i)) && (set & BIT(j)) && r->position[i] && r->index[i]->root == r->index[j]->root) return true;
    return false;
}

static void price(const Order *r, OrderNode *n, unsigned set, double operations) {
    double elements = points(r, n->result) * fraction(r, n->result) * n->density;
    bool last = set == (1u << r->count) - 1;
    double traffic = last || n->prefix >= 0 ? 0 : TRAFFIC * elements;
    if (over_pairs(r, n->result)) traffic *= PAIRS;
    if (n->planned) n->plan += operations;
    else n->call += operations;
    n->objective += n->planned && !r->o->options->weights_change ? PLAN_WEIGHT * operations : operations;
    n->objective += traffic;
    if (n->planned && !last && elements > PLAN_LIMIT) n->objective += HUGE_WEIGHT * elements;
    if (elements > HUGE_ELEMENTS && n->prefix < 0) n->objective += HUGE_WEIGHT * elements;
}

static void step(const Order *r, OrderNode *n, unsigned set, unsigned a, unsigned b, IndexSet given, IndexSet closed) {
    n->closed = closed;
    n->given = given;
    n->prefix = n->running = -1;
    const OrderLink *run = closed ? running(r, closed, given) : NULL;
    IndexSet space = given | (run ? 0 : partners(r, closed));
    if (run) n->prefix = run->i, n->running = run->j;
    double each = b ? (closed ? 2 : 1) : (closed ? 1 : 0);
    if (b && symmetric(r, a, b, closed)) each /= 2;
    double operations = each * points(r, space) * fraction(r, space) * n->density;
    if (closed) n->density = 1;
    price(r, n, set, operations);
}

/* Only sums without guards go over the pairs that exist (schedule_sparse.c). */
static double density(const Order *r, int f) {
    const Factor *factor = &r->product->factors.at[f];
    return factor->ref->op == IR_REF && !factor->reciprocal && !r->product->atoms.count ? opt_sparsity(factor->ref->var) : 1;
}

static void leaf(const Order *r, int f) {
    unsigned set = 1u << f;
    OrderNode *n = &r->node[set];
    IndexSet closed = closed_in(r, set) & r->has[f];
    *n = (OrderNode){.planned = r->planned[f], .density = density(r, f), .prefix = -1, .running = -1, .result = r->has[f], .given = r->has[f]};
    if (!closed) return;
    n->result = result_of(r, set, closed_in(r, set));
    step(r, n, set, set, 0, r->has[f], closed);
}

static void join(const Order *r, unsigned set) {
    OrderNode *best = &r->node[set];
    best->objective = INFINITY;
    IndexSet all_closed = closed_in(r, set), result = result_of(r, set, all_closed);
    unsigned low = set & -set;
    for (unsigned a = (set - 1) & set; a; a = (a - 1) & set) {
        if (!(a & low)) continue; /* each split once */
        unsigned b = set & ~a;
        const OrderNode *x = &r->node[a], *y = &r->node[b];
        if (x->objective + y->objective >= best->objective) continue;
        IndexSet given = x->result | y->result;
        OrderNode n = {.objective = x->objective + y->objective, .call = x->call + y->call, .plan = x->plan + y->plan,
                       .density = x->density * y->density, .split = a, .result = result, .planned = x->planned && y->planned};
        step(r, &n, set, a, b, given, all_closed & ~closed_in(r, a) & ~closed_in(r, b));
        if (n.objective < best->objective) *best = n;
    }
}

static void read_factor(Order *r, int f) {
    const Factor *factor = &r->product->factors.at[f];
    const IrExpr *e = factor->ref;
    for (int i = 0; i < e->var->axis_count; i++)
        if (e->index[i].kind == IX_AXIS) r->has[f] |= BIT(add_index(r, e->index[i].axis));
    r->touches[f] = r->has[f];
    for (int i = 0; i < factor->held.count; i++) r->touches[f] |= BIT(add_index(r, factor->held.at[i]));
    r->planned[f] = e->op == IR_REF && !opt_fact(r->o, e->var)->call;
}

static int count_indices(const Product *product, const AxisList *out) {
    int n = out->count + product->bound.count + 2 * product->atoms.count;
    for (int f = 0; f < product->factors.count; f++) n += product->factors.at[f].ref->var->axis_count;
    return n;
}

bool order_solve(Opt *o, const Product *product, const AxisList *out, bool allow_prefix, Order *r) {
    memset(r, 0, sizeof *r);
    *r = (Order){.o = o, .product = product, .allow_prefix = allow_prefix, .count = product->factors.count};
    if (!r->count || r->count > ORDER_MAX || count_indices(product, out) > ORDER_INDICES) return false;
    for (int i = 0; i < out->count; i++) r->out |= BIT(add_index(r, out->at[i]));
    for (int i = 0; i < product->bound.count; i++) r->bound |= BIT(add_index(r, product->bound.at[i]));
    IndexSet seen = 0;
    for (int f = 0; f < r->count; f++) read_factor(r, f), seen |= r->has[f];
    if (r->bound & ~seen) return false; /* a sum over an axis that no factor has */
    for (int i = 0; i < product->atoms.count; i++) add_link(r, &product->atoms.at[i]);
    finish_links(r);
    r->node = ARENA_ARRAY(o->p->arena, OrderNode, 1u << r->count);
    for (int f = 0; f < r->count; f++) leaf(r, f);
    for (unsigned set = 1; set < 1u << r->count; set++)
        if (set & (set - 1)) join(r, set);
    return true;
}

const OrderNode *order_root(const Order *r) { return &r->node[(1u << r->count) - 1]; }
