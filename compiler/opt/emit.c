/* Equations for a chosen contraction order (emit.h): each step is `t[I] = sum(K where g) a * b`, a sum of one reference, or
 * an elementwise product; a running sum over j <= i is a scan over i
 *     S[i, X] init 0 = prev(S) + a * b          o[i, Y] = sum(K) S[i, X] * q[i, ...]
 * with the step that reads S inside, so that S is never stored for all i. One over i <= j is the same in a reversed scan. */
#include "opt/emit.h"

typedef struct Operand {
    IrExpr *e;
    bool reciprocal;
    IrAxis *scan;    /* e reads the state of a scan over this axis that is not placed yet */
    bool reversed;   /* that scan */
    ItemList body;
} Operand;

typedef struct Emit {
    Opt *o;
    const Order *order;
    Place *place;
    IrItem *item;
    OptContraction *report;
} Emit;

static Operand emit_set(Emit *m, unsigned set, bool root);

static void note_step(Emit *m, const IrVar *v) { vec_push(m->o->p->arena, &m->report->vars, v); }

static IrExpr *value(Emit *m, const Operand *x) {
    return x->reciprocal ? ir_op2(m->o->p, IR_DIV, ir_lit(m->o->p, 1), x->e) : x->e;
}

static IrExpr *multiply(Emit *m, const Operand *x, const Operand *y) {
    if (y->reciprocal) return ir_op2(m->o->p, IR_DIV, value(m, x), y->e);
    if (x->reciprocal) return ir_op2(m->o->p, IR_DIV, y->e, x->e);
    return ir_op2(m->o->p, IR_MUL, x->e, y->e);
}

static IrExpr *summed(Emit *m, IndexSet closed, IrExpr *body) {
    Arena *arena = m->o->p->arena;
    AxisList bound = {0};
    VEC(IrAtom) atoms = {0};
    for (int i = 0; i < m->order->index_count; i++)
        if (closed >> i & 1) vec_push(arena, &bound, m->order->index[i]);
    if (!bound.count) return body;
    for (int i = 0; i < m->order->product->atoms.count; i++) {
        const Linked *l = &m->order->product->atoms.at[i];
        if (opt_has_axis(&bound, l->sum)) vec_push(arena, &atoms, l->atom);
    }
    return ir_reduce(m->o->p, IR_SUM, bound.count, bound.at, (IrGuard){atoms.count, atoms.at}, body);
}

/* ---- scans --------------------------------------------------------------------------------------------------------- */
static void place_scan(Emit *m, const Operand *x) {
    IrItem *scan = ir_item_new(m->o->p, ITEM_SCAN);
    scan->axis = x->scan;
    scan->reversed = x->reversed;
    scan->body = x->body.at;
    scan->body_count = x->body.count;
    opt_place(m->o, m->place, scan, false);
}

/* Ends a pending scan: its state is stored for all points and read from outside. */
static void close_scan(Emit *m, Operand *x) {
    if (!x->scan) return;
    if (x->e->op == IR_PREV) {
        IrItem *item = opt_new_equation(m->o, m->item->var->name, x->e, x->scan, &x->e);
        vec_push(m->o->p->arena, &x->body, item);
        note_step(m, item->var);
    }
    place_scan(m, x);
    x->scan = NULL;
}

static IrVar *running_state(Emit *m, IrAxis *i, bool reversed, IrExpr *addend, IrExpr **ref) {
    IrProgram *p = m->o->p;
    AxisList free = {0}, own = {0};
    vec_push(p->arena, &free, i);
    opt_free_axes(m->o, addend, &free);
    opt_own_axes(m->o, &free, i, &own);
    IrIndex to[free.count], back[free.count];
    for (int k = 0; k < free.count; k++) to[k] = ir_index(own.at[k]), back[k] = ir_index(free.at[k]);
    IrVar *s = ir_var_new(p, VAR_STATE, name_printf(p->names, "%s.running", m->item->var->name), own.count, own.at);
    s->init = ir_lit(p, 0);
    s->scan_axis = i;
    s->reversed = reversed;
    s->def = ir_op2(p, IR_ADD, ir_prev(p, s, NULL), ir_substitute(p, addend, free.count, free.at, to));
    *ref = ir_ref(p, s, back);
    return s;
}

static const OrderLink *link_of(const Order *order, int j) {
    for (int k = 0; k < order->link_count; k++)
        if (order->link[k].j == j) return &order->link[k];
    return NULL;
}

static Operand running(Emit *m, const OrderNode *n, IrExpr *body) {
    Opt *o = m->o;
    IrAxis *j = m->order->index[n->running], *i = m->order->index[n->prefix];
    IndexSet rest = n->closed & ~((IndexSet)1 << n->running);
    if (rest) body = opt_name_expr(o, m->place, m->item->var->name, summed(m, rest, body));
    IrIndex at = ir_index(i);
    const OrderLink *link = link_of(m->order, n->running); /* its only one */
    bool reversed = link->hi > 0, strict = link->hi < 0 || link->lo > 0;
    IrExpr *ref, *addend = ir_substitute(o->p, body, 1, &j, &at);
    IrVar *s = running_state(m, i, reversed, addend, &ref);
    Operand x = {.e = strict ? ir_prev(o->p, s, ref->index) : ref, .scan = i, .reversed = reversed};
    IrItem *item = ir_item_new(o->p, ITEM_ALG);
    item->var = s;
    vec_push(o->p->arena, &x.body, item);
    note_step(m, s);
    const char *relation = reversed ? strict ? ">" : ">=" : strict ? "<" : "<=";
    opt_notice(o, "%s: the sum over %s %s %s runs along %s as a %sscan", m->item->var->name, j->root->name, relation, i->name, i->name,
               reversed ? "reversed " : "");
    return x;
}

/* ---- steps --------------------------------------------------------------------------------------------------------- */
static Operand named(Emit *m, IrExpr *e, const Operand *pending) {
    Operand out = {0};
    if (!pending->scan) {
        out.e = opt_name_expr(m->o, m->place, m->item->var->name, e);
        note_step(m, out.e->var);
        return out;
    }
    out.body = pending->body;
    IrItem *item = opt_new_equation(m->o, m->item->var->name, e, pending->scan, &out.e);
    vec_push(m->o->p->arena, &out.body, item);
    note_step(m, item->var);
    out.scan = pending->scan;
    out.reversed = pending->reversed;
    place_scan(m, &out);
    return (Operand){.e = out.e};
}

/* Both operands' scans in one, when they run over the same axis in the same direction. */
static Operand merge(Emit *m, Operand *x, Operand *y) {
    Operand both = {0};
    if (x->scan && y->scan && (x->scan != y->scan || x->reversed != y->reversed)) close_scan(m, y);
    both.scan = x->scan ? x->scan : y->scan;
    both.reversed = x->scan ? x->reversed : y->reversed;
    for (int i = 0; x->scan && i < x->body.count; i++) vec_push(m->o->p->arena, &both.body, x->body.at[i]);
    for (int i = 0; y->scan && i < y->body.count; i++) vec_push(m->o->p->arena, &both.body, y->body.at[i]);
    return both;
}

static Operand emit_leaf(Emit *m, unsigned set, bool root) {
    const OrderNode *n = &m->order->node[set];
    const Factor *f = &m->order->product->factors.at[__builtin_ctz(set)];
    Operand x = {.e = f->ref, .reciprocal = f->reciprocal}, none = {0};
    if (!n->closed) return x;
    if (n->prefix >= 0) return running(m, n, value(m, &x));
    IrExpr *e = summed(m, n->closed, value(m, &x));
    return root ? (Operand){.e = e} : named(m, e, &none);
}

static Operand emit_set(Emit *m, unsigned set, bool root) {
    const OrderNode *n = &m->order->node[set];
    if (!n->split) return emit_leaf(m, set, root);
    Operand x = emit_set(m, n->split, false), y = emit_set(m, set & ~n->split, false);
    if (n->prefix >= 0) {
        close_scan(m, &x);
        close_scan(m, &y);
        return running(m, n, multiply(m, &x, &y));
    }
    Operand both = merge(m, &x, &y);
    IrExpr *e = summed(m, n->closed, multiply(m, &x, &y));
    if (!root) return named(m, e, &both);
    both.e = e;
    return both;
}

bool emit_order(Opt *o, const Order *order, IrItem *item, Place *place, OptContraction *report) {
    Emit m = {o, order, place, item, report};
    Operand x = emit_set(&m, (1u << order->count) - 1, true);
    IrExpr *c = order->product->coefficient;
    bool sum = x.e->op == IR_SUM && c;
    if (sum) x = named(&m, x.e, &x); /* the scale is a map of its own: maps fuse, contractions keep two operands */
    IrExpr *e = value(&m, &x);
    item->var->def = c ? ir_op2(o->p, IR_MUL, c, e) : e;
    note_step(&m, item->var);
    if (!x.scan) return false;
    vec_push(o->p->arena, &x.body, item);
    place_scan(&m, &x);
    return true;
}
