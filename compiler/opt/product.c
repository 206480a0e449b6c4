/* Flattening of products (product.h). */
#include "opt/product.h"

typedef struct Collect {
    Opt *o;
    OptDissolve dissolve;
    void *data;
    Product *out;
} Collect;

static bool collect(Collect *c, IrExpr *e, bool reciprocal);

static bool scalar(Collect *c, IrExpr *e, bool reciprocal) {
    IrExpr *have = c->out->coefficient ? c->out->coefficient : ir_lit(c->o->p, 1);
    c->out->coefficient = ir_op2(c->o->p, reciprocal ? IR_DIV : IR_MUL, have, e);
    return true;
}

static bool factor(Collect *c, IrExpr *e, bool reciprocal) {
    vec_push(c->o->p->arena, &c->out->factors, ((Factor){e, reciprocal, {0}}));
    return true;
}

static bool reference(Collect *c, IrExpr *e, bool reciprocal) {
    if (reciprocal || !c->dissolve || !c->dissolve(c->data, e)) return factor(c, e, reciprocal);
    return collect(c, ir_inline(c->o->p, e), false);
}

/* The atom belongs to the sum over one axis of e; its other axis must not be summed here or further out. */
static bool link_atom(Collect *c, const IrExpr *e, const IrAtom *t) {
    bool a = t->a && ir_binds(e, t->a), b = t->b && ir_binds(e, t->b);
    if (a && b) return false;
    if ((t->a && opt_has_axis(&c->out->bound, t->a)) || (t->b && opt_has_axis(&c->out->bound, t->b))) return false;
    IrAxis *sum = a ? t->a : b ? t->b : e->bound[0];
    vec_push(c->o->p->arena, &c->out->atoms, ((Linked){*t, sum}));
    return true;
}

static void hold(Collect *c, const IrExpr *e, int first) {
    for (int i = first; i < c->out->factors.count; i++) {
        Factor *f = &c->out->factors.at[i];
        if (!f->reciprocal) continue;
        for (int k = 0; k < e->bound_count; k++) vec_push(c->o->p->arena, &f->held, e->bound[k]);
    }
}

static bool sum(Collect *c, IrExpr *e, bool reciprocal) {
    if (reciprocal) return false;
    for (int i = 0; i < e->guard.count; i++)
        if (!link_atom(c, e, &e->guard.atom[i])) return false;
    for (int i = 0; i < e->bound_count; i++) vec_push(c->o->p->arena, &c->out->bound, e->bound[i]);
    int first = c->out->factors.count;
    if (!collect(c, e->arg[0], false)) return false;
    if (!opt_guard_never_empty(&e->guard, e->bound, e->bound_count)) hold(c, e, first);
    return true;
}

static bool collect(Collect *c, IrExpr *e, bool reciprocal) {
    if (opt_scalar(e)) return scalar(c, e, reciprocal);
    switch (e->op) {
    case IR_REF: return reference(c, e, reciprocal);
    case IR_PREV: return factor(c, e, reciprocal);
    case IR_NEG: return scalar(c, ir_lit(c->o->p, -1), false) && collect(c, e->arg[0], reciprocal);
    case IR_MUL: return collect(c, e->arg[0], reciprocal) && collect(c, e->arg[1], reciprocal);
    case IR_DIV: return collect(c, e->arg[0], reciprocal) && collect(c, e->arg[1], !reciprocal);
    case IR_SUM: return sum(c, e, reciprocal);
    default: return false;
    }
}

bool product_collect(Opt *o, IrExpr *e, OptDissolve dissolve, void *data, Product *out) {
    *out = (Product){0};
    Collect c = {o, dissolve, data, out};
    return collect(&c, e, false);
}
