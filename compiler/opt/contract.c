/* Contraction order over the whole program. In: normal form (split.c). Out: the same form, each product a chain of
 * canonical steps (emit.h). Products read only by products are dissolved into their readers, so that whole chains of
 * matrices become visible, weights included; a product with several readers is dissolved only where the total cost falls.
 * Nothing is dissolved across outputs, records, check sides, states, scans or fixpoints. */
#include "opt/emit.h"


typedef struct Facts {
    bool product, candidate, dissolved;
    bool guarded;      /* it holds a guard, itself or through what it reads: only plain indices may read it then */
    VEC(int) readers;  /* ids of the products that read it, one entry for each occurrence */
} Facts;

typedef struct Contract {
    Opt *o;
    Facts *fact;
    const OptDemand *demand;
    IrVar **through;   /* while emitting: variables dissolved into the current one */
    int through_count;
} Contract;

static bool may_dissolve(void *data, const IrExpr *ref) {
    Contract *c = data;
    return opt_fact(c->o, ref->var)->item && c->fact[ref->var->id].dissolved;
}

/* ---- who reads what ------------------------------------------------------------------------------------------------- */
static bool plain_index(const IrExpr *ref) {
    for (int i = 0; i < ref->var->axis_count; i++)
        if (ref->index[i].kind != IX_AXIS || ref->index[i].offset) return false;
    return true;
}

static bool has_guard(const IrExpr *e) {
    if (e->guard.count) return true;
    for (int i = 0; i < e->argc; i++)
        if (has_guard(e->arg[i])) return true;
    return false;
}

static bool has_prev(const IrExpr *e) {
    if (e->op == IR_PREV) return true;
    for (int i = 0; i < e->argc; i++)
        if (has_prev(e->arg[i])) return true;
    return false;
}


static void forbid(void *data, IrExpr *ref) {
    Contract *c = data;
    c->fact[ref->var->id].candidate = false;
}

typedef struct Guarded {
    const Contract *c;
    bool guarded;
} Guarded;

static void pass_on_guard(void *data, IrExpr *ref) {
    Guarded *g = data;
    g->guarded |= g->c->fact[ref->var->id].guarded;
}

/* Its own definition or one it may be made of holds a guard (variables are classified in order). */
static bool is_guarded(const Contract *c, const IrVar *v) {
    Guarded g = {c, has_guard(v->def)};
    ir_each_ref(v->def, pass_on_guard, &g);
    return g.guarded;
}

static void classify(Contract *c, IrVar *v) {
    const OptFact *f = opt_fact(c->o, v);
    Product product;
    Facts *a = &c->fact[v->id];
    if (v->kind != VAR_ALG || v->init || !v->def) return;
    a->product = product_collect(c->o, v->def, NULL, NULL, &product) && product.factors.count;
    a->guarded = is_guarded(c, v);
    bool fixed = f->kept || f->through_prev || (f->owner && has_prev(v->def));
    a->candidate = a->product && !fixed;
}

static bool may_read(const Contract *c, const IrVar *reader, const Factor *f) {
    const OptFact *from = opt_fact(c->o, f->ref->var), *to = opt_fact(c->o, reader);
    if (f->reciprocal || f->ref->op != IR_REF) return false;
    if (c->fact[f->ref->var->id].guarded && !plain_index(f->ref)) return false;
    if (from->owner == to->owner) return true;
    bool scanned = from->owner && from->owner->kind == ITEM_SCAN && from->owner->axis->kind != AXIS_STEP; /* steps of time pass by */
    return scanned && !to->owner;
}

static void find_readers(Contract *c, IrVar *v) {
    if (v->init) ir_each_ref(v->init, forbid, c);
    if (!v->def) return;
    if (!c->fact[v->id].product) {
        ir_each_ref(v->def, forbid, c);
        return;
    }
    Product product;
    product_collect(c->o, v->def, NULL, NULL, &product);
    for (int i = 0; i < product.factors.count; i++) {
        const Factor *f = &product.factors.at[i];
        Facts *a = &c->fact[f->ref->var->id];
        if (!may_read(c, v, f)) a->candidate = false;
        vec_push(c->o->p->arena, &a->readers, v->id);
    }
}

/* ---- cost ----------------------------------------------------------------------------------------------------------- */
/* Axes that no factor has leave the sum as a factor: their size. */
static bool drop_idle_sums(Opt *o, Product *product) {
    for (int i = 0; i < product->bound.count; i++) {
        IrAxis *axis = product->bound.at[i];
        bool used = false, guarded = false;
        for (int f = 0; f < product->factors.count; f++) {
            const IrExpr *e = product->factors.at[f].ref;
            for (int k = 0; k < e->var->axis_count; k++) used |= e->index[k].kind == IX_AXIS && e->index[k].axis == axis;
        }
        for (int k = 0; k < product->atoms.count; k++) guarded |= product->atoms.at[k].sum == axis;
        if (used) continue;
        if (guarded) return false;
        IrExpr *size = ir_size(o->p, axis), *c = product->coefficient;
        product->coefficient = c ? ir_op2(o->p, IR_MUL, c, size) : size;
        product->bound.at[i--] = product->bound.at[--product->bound.count];
    }
    return true;
}

static bool solve(Contract *c, IrVar *v, Product *product, Order *order) {
    if (!product_collect(c->o, v->def, may_dissolve, c, product) || !drop_idle_sums(c->o, product)) return false;
    AxisList out = {0};
    for (int i = 0; i < v->axis_count; i++) vec_push(c->o->p->arena, &out, v->axes[i]);
    return order_solve(c->o, product, &out, !opt_fact(c->o, v)->owner, order);
}

static const double STORED = 8; /* as TRAFFIC of order.c: a variable that stays is written and read */

static double root_cost(Contract *c, int id) {
    Product product;
    Order order;
    IrVar *v = c->o->p->vars.at[id];
    if (!solve(c, v, &product, &order)) return 1e300;
    return order_root(&order)->objective + STORED * opt_elements(c->o, v);
}

/* Marks the variables that stay and whose flat product holds v. */
static void mark_roots(const Contract *c, int id, bool *mark) {
    for (int i = 0; i < c->fact[id].readers.count; i++) {
        int reader = c->fact[id].readers.at[i];
        if (c->fact[reader].dissolved) mark_roots(c, reader, mark);
        else mark[reader] = true;
    }
}

static double roots_cost(Contract *c, const bool *mark) {
    double total = 0;
    for (int i = 0; i < c->o->p->vars.count; i++)
        if (mark[i]) total += root_cost(c, i);
    return total;
}

/* Dissolves v where every reader can take it and, with several readers, the total falls. */
static void decide(Contract *c, int id) {
    int n = c->o->p->vars.count;
    bool *mark = ARENA_ARRAY(c->o->p->arena, bool, n + 1);
    mark_roots(c, id, mark);
    bool shared = c->fact[id].readers.count > 1;
    double before = shared ? roots_cost(c, mark) + root_cost(c, id) : 0;
    c->fact[id].dissolved = true;
    double after = roots_cost(c, mark);
    if (after >= 1e300 || (shared && after > 0.99 * before)) c->fact[id].dissolved = false;
}

static void choose(Contract *c) {
    int n = c->o->p->vars.count;
    for (int i = 0; i < n; i++)
        if (c->fact[i].candidate && c->fact[i].readers.count == 1) decide(c, i);
    for (int i = n - 1; i >= 0; i--)
        if (c->fact[i].candidate && c->fact[i].readers.count > 1) decide(c, i);
}

/* ---- rewriting ------------------------------------------------------------------------------------------------------ */
static bool note_dissolved(void *data, const IrExpr *ref) {
    Contract *c = data;
    if (!may_dissolve(c, ref)) return false;
    for (int i = 0; i < c->through_count; i++)
        if (c->through[i] == ref->var) return true;
    c->through[c->through_count++] = ref->var;
    return true;
}

static void source_cost(const Contract *c, const IrVar *v, OptContraction *report) {
    double cost = opt_expr_cost(c->o, v->def, &c->demand[v->id].atoms);
    *(opt_fact(c->o, v)->call ? &report->source_call : &report->source_plan) += cost;
}

static IrExpr *flat_map(Opt *o, const Product *product) {
    IrExpr *e = product->coefficient, *below = NULL;
    for (int i = 0; i < product->factors.count; i++) {
        const Factor *f = &product->factors.at[i];
        IrExpr **to = f->reciprocal ? &below : &e;
        *to = *to ? ir_op2(o->p, IR_MUL, *to, f->ref) : f->ref;
    }
    if (!e) e = ir_lit(o->p, 1);
    return below ? ir_op2(o->p, IR_DIV, e, below) : e;
}

static bool contract_item(Opt *o, IrItem *item, Place *place, void *data) {
    Contract *c = data;
    IrVar *v = item->var;
    if (!opt_fact(o, v)->item || !c->fact[v->id].product) return false;
    if (c->fact[v->id].dissolved) return true;
    Product product;
    Order order;
    if (!solve(c, v, &product, &order)) return false;
    OptContraction report = {.name = v->name, .factors = order.count};
    c->through_count = 0;
    Product again;
    product_collect(o, v->def, note_dissolved, c, &again);
    for (int i = 0; i < c->through_count; i++) source_cost(c, c->through[i], &report);
    source_cost(c, v, &report);
    if (!product.bound.count) {
        if (c->through_count) v->def = flat_map(o, &product);
        return false;
    }
    report.chosen_call = order_root(&order)->call;
    report.chosen_plan = order_root(&order)->plan;
    bool placed = emit_order(o, &order, item, place, &report);
    vec_push(o->p->arena, &o->report->contractions, report);
    return placed;
}

void pass_contract(Opt *o) {
    opt_facts(o);
    int n = o->p->vars.count;
    Arena *arena = o->p->arena;
    Contract c = {.o = o, .fact = ARENA_ARRAY(arena, Facts, n + 1), .through = ARENA_ARRAY(arena, IrVar *, n + 1)};
    for (int i = 0; i < n; i++) classify(&c, o->p->vars.at[i]);
    for (int i = 0; i < n; i++) find_readers(&c, o->p->vars.at[i]);
    choose(&c);
    c.demand = opt_demand(o);
    opt_each_equation(o, contract_item, &c);
    opt_facts(o);
}
