/* Common subexpressions. In, out: any core program. Two equations that are equal up to the names of their axes (roots equal,
 * position by position) become one. Only at top level and among equations of one scan or fix body; a kept variable is never
 * removed, but an inner one equal to a kept one is. */
#include "opt/pass.h"

/* a * b and b * a are one: factors in the order of their variables (exact, rounding does not depend on it). */
static IrExpr *order_factors(void *data, IrExpr *e) {
    if (e->op != IR_MUL || e->arg[0]->op != IR_REF || e->arg[1]->op != IR_REF) return e;
    return e->arg[0]->var->id > e->arg[1]->var->id ? ir_op2(data, IR_MUL, e->arg[1], e->arg[0]) : e;
}

typedef struct Replace {
    Opt *o;
    IrVar **by; /* by variable id: the variable that stands for it, or NULL */
} Replace;

static IrExpr *replace_ref(void *data, IrExpr *e) {
    const Replace *r = data;
    if (e->op != IR_REF && e->op != IR_PREV) return e;
    const OptFact *f = opt_fact(r->o, e->var);
    if (!f->item || !r->by[e->var->id]) return e;
    return e->op == IR_REF ? ir_ref(r->o->p, r->by[e->var->id], e->index) : e;
}

static bool same_axes(const IrVar *a, const IrVar *b) {
    if (a->axis_count != b->axis_count) return false;
    for (int i = 0; i < a->axis_count; i++)
        if (a->axes[i]->root != b->axes[i]->root) return false;
    return true;
}

/* b's definition written over a's axes. */
static IrExpr *over_axes_of(IrProgram *p, const IrVar *b, const IrVar *a) {
    IrIndex to[a->axis_count + 1];
    for (int i = 0; i < a->axis_count; i++) to[i] = ir_index(a->axes[i]);
    return ir_substitute(p, b->def, b->axis_count, b->axes, to);
}

static unsigned shape_hash(const IrExpr *e) {
    unsigned h = (unsigned)e->op * 2654435761u + (unsigned)e->argc;
    if (e->var) h = h * 31 + (unsigned)((uintptr_t)e->var >> 4);
    for (int i = 0; i < e->argc; i++) h = h * 131 + shape_hash(e->arg[i]);
    return h;
}

static bool mergeable(const Opt *o, const IrVar *v) {
    return v->kind == VAR_ALG && v->def && !v->init && !opt_fact(o, v)->through_prev;
}

typedef struct Seen { IrVar *var; unsigned hash; } Seen;

static IrVar *find_equal(Opt *o, const Seen *seen, int count, const IrVar *v, unsigned hash) {
    for (int i = 0; i < count; i++) {
        IrVar *a = seen[i].var;
        if (seen[i].hash != hash || opt_fact(o, a)->owner != opt_fact(o, v)->owner || !same_axes(a, v)) continue;
        /* inside a scan its own axis must be the same one */
        if (opt_fact(o, v)->owner && opt_fact(o, v)->owner->kind == ITEM_SCAN && a->axes[0] != v->axes[0]) continue;
        if (ir_expr_equal(a->def, over_axes_of(o->p, v, a))) return a;
    }
    return NULL;
}

typedef struct Cse {
    Replace replace;
    Seen *seen;
    int count;
} Cse;

static bool cse_item(Opt *o, IrItem *item, Place *place, void *data) {
    (void)place;
    Cse *c = data;
    IrVar *v = item->var;
    v->def = ir_map(o->p, ir_map(o->p, v->def, replace_ref, &c->replace), order_factors, o->p);
    if (v->init) v->init = ir_map(o->p, v->init, replace_ref, &c->replace);
    if (!mergeable(o, v)) return false;
    unsigned hash = shape_hash(v->def);
    IrVar *same = find_equal(o, c->seen, c->count, v, hash);
    if (!same) {
        c->seen[c->count++] = (Seen){v, hash};
        return false;
    }
    if (opt_fact(o, v)->kept) return false;
    c->replace.by[v->id] = same;
    return true;
}

void pass_cse(Opt *o) {
    opt_facts(o);
    IrProgram *p = o->p;
    Cse c = {{o, ARENA_ARRAY(p->arena, IrVar *, p->vars.count + 1)}, ARENA_ARRAY(p->arena, Seen, p->vars.count + 1), 0};
    opt_each_equation(o, cse_item, &c);
    opt_facts(o);
}
