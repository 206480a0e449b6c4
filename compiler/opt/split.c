/* Normal form. In: any core program. Out: one in which each equation is one of
 *   product  [scalar] * nested sums, products and quotients of references (what contraction order works on),
 *   maximum  amax over an elementwise expression,
 *   map      an elementwise expression: no sum inside.
 * An elementary function of fewer axes than its map is cut out too: it is then computed once for each of its own points.
 * What stood inside another form becomes an equation of its own, inside the same scan or fix, or before it when nothing
 * there is read. The order of the source is unchanged. */
#include "opt/pass.h"

typedef struct Split {
    Opt *o;
    Place *place;
    Name base;
    int axes; /* of the equation */
} Split;

static IrExpr *split_product(Split *s, IrExpr *e);
static IrExpr *split_map(Split *s, IrExpr *e);
static IrExpr *split_root(Split *s, IrExpr *e);

static bool is_product(const IrExpr *e) {
    return e->op == IR_NEG || e->op == IR_MUL || e->op == IR_DIV || e->op == IR_SUM;
}

static bool has_reduction(const IrExpr *e) {
    if (e->op == IR_SUM || e->op == IR_AMAX) return true;
    for (int i = 0; i < e->argc; i++)
        if (has_reduction(e->arg[i])) return true;
    return false;
}

static IrExpr *cut(Split *s, IrExpr *e) {
    AxisList axes = {0};
    opt_free_axes(s->o, e, &axes);
    Split inner = {s->o, s->place, s->base, axes.count};
    return opt_name_expr(s->o, s->place, s->base, split_root(&inner, e));
}

static IrExpr *rebuild(Split *s, IrExpr *e, IrExpr *(*part)(Split *, IrExpr *)) {
    IrProgram *p = s->o->p;
    if (e->op == IR_SUM || e->op == IR_AMAX)
        return ir_reduce(p, e->op, e->bound_count, e->bound, e->guard, part(s, e->arg[0]));
    if (e->argc == 1) return ir_op1(p, e->op, part(s, e->arg[0]));
    if (e->argc == 2) return ir_op2(p, e->op, part(s, e->arg[0]), part(s, e->arg[1]));
    if (e->argc == 3) return ir_select(p, part(s, e->arg[0]), part(s, e->arg[1]), part(s, e->arg[2]));
    return e;
}

/* Inside a product: references and scalars stay, the rest that is no product is cut. A sum below a division is cut too. */
static IrExpr *split_product(Split *s, IrExpr *e) {
    if (opt_scalar(e) || e->op == IR_REF || e->op == IR_PREV) return e;
    if (!is_product(e)) return cut(s, e);
    if (e->op != IR_DIV) return rebuild(s, e, split_product);
    IrExpr *below = has_reduction(e->arg[1]) ? cut(s, e->arg[1]) : split_product(s, e->arg[1]);
    return ir_op2(s->o->p, IR_DIV, split_product(s, e->arg[0]), below);
}

/* An elementary function of fewer axes than its equation: computed once for each of its own points. */
static bool is_invariant(const Split *s, const IrExpr *e) {
    AxisList axes = {0};
    if (e->argc != 1 || e->op == IR_NEG || e->op == IR_SUM || e->op == IR_AMAX || opt_scalar(e)) return false;
    opt_free_axes(s->o, e, &axes);
    return axes.count < s->axes;
}

static IrExpr *split_map(Split *s, IrExpr *e) {
    if (is_invariant(s, e)) return cut(s, e);
    if (e->op == IR_SUM || e->op == IR_AMAX) return cut(s, e);
    if (is_product(e) && e->op != IR_NEG && has_reduction(e)) return cut(s, e);
    return e->argc ? rebuild(s, e, split_map) : e;
}

static IrExpr *split_root(Split *s, IrExpr *e) {
    if (e->op == IR_AMAX) {
        Split inner = {s->o, s->place, s->base, s->axes + e->bound_count};
        return rebuild(&inner, e, split_map);
    }
    if (is_product(e) && !opt_scalar(e)) return split_product(s, e);
    return split_map(s, e);
}

static bool split_item(Opt *o, IrItem *item, Place *place, void *data) {
    (void)data;
    Split s = {o, place, item->var->name, item->var->axis_count};
    if (item->var->init) {
        Place outside = {NULL, place->outer, place->outer};
        Split init = {o, &outside, item->var->name, 0};
        item->var->init = split_map(&init, item->var->init);
    }
    item->var->def = split_root(&s, item->var->def);
    return false;
}

void pass_split(Opt *o) { opt_each_equation(o, split_item, NULL); }
