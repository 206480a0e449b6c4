/* States that are sums. In: normal form. Out: a state that only adds up (`m = prev(m) + e`, from 0, e independent of the
 * scan) is written as the sum it is, so that contraction order sees it together with its readers:
 *     m[i] = sum(j where j <= i) e[j]         and, read at its end,      m[last] = sum(j) e[j]
 * (i <= j and m[0] if the scan is reversed).
 * Contraction order makes a scan of it again where that is cheapest. A kept state, a leaking one, or one with companions in
 * its scan stays. */
#include "opt/product.h"

typedef struct Sum {
    IrVar *state, *end; /* end: what m[last] becomes, NULL before it is asked for */
    int at;             /* place of the scan axis among the state's axes */
    IrExpr *addend;
} Sum;

typedef struct Sums {
    Opt *o;
    VEC(Sum) list;
} Sums;

static IrExpr *addend_of(const IrVar *m) {
    const IrExpr *e = m->def;
    if (e->op != IR_ADD) return NULL;
    for (int k = 0; k < 2; k++) {
        const IrExpr *previous = e->arg[k];
        bool same = previous->op == IR_PREV && previous->var == m;
        for (int i = 0; same && i < m->axis_count; i++)
            same = previous->index[i].kind == IX_AXIS && previous->index[i].axis == m->axes[i] && !previous->index[i].offset;
        if (same) return e->arg[1 - k];
    }
    return NULL;
}

static bool is_sum(Opt *o, const IrItem *item, Sum *out) {
    if (item->kind != ITEM_SCAN || item->body_count != 1) return false;
    IrVar *m = item->body[0]->var;
    if (!m->init || m->init->op != IR_LIT || m->init->value != 0 || opt_fact(o, m)->kept) return false;
    IrExpr *addend = addend_of(m);
    Product product;
    if (!addend || ir_uses_var(addend, m)) return false;
    /* anything else would stay a sum over all pairs of positions */
    if (!product_collect(o, addend, NULL, NULL, &product)) return false;
    if (product.factors.count < 1 || product.factors.count > 4) return false;
    *out = (Sum){.state = m, .addend = addend, .at = -1};
    for (int i = 0; i < m->axis_count; i++)
        if (m->axes[i] == item->axis) out->at = i;
    return out->at >= 0;
}

/* sum(j [where j <= i, or i <= j]) e[j] as the definition of v. */
static IrExpr *written_out(Opt *o, const Sum *s, bool to_the_end) {
    IrAxis *i = s->state->axes[s->at], *j = ir_axis_copy(o->p, i->root);
    IrIndex at = ir_index(j);
    bool reversed = s->state->reversed;
    IrAtom atom = {reversed ? i : j, reversed ? j : i, 0, GUARD_LE};
    IrExpr *body = ir_substitute(o->p, s->addend, 1, &i, &at);
    return ir_reduce(o->p, IR_SUM, 1, &j, to_the_end ? (IrGuard){0, NULL} : (IrGuard){1, &atom}, body);
}

static IrVar *end_of(Opt *o, Sum *s) {
    if (s->end) return s->end;
    AxisList axes = {0};
    for (int i = 0; i < s->state->axis_count; i++)
        if (i != s->at) vec_push(o->p->arena, &axes, s->state->axes[i]);
    s->end = ir_var_new(o->p, VAR_ALG, name_printf(o->p->names, "%s.last", s->state->name), axes.count, axes.at);
    s->end->def = written_out(o, s, true);
    s->end->span = s->state->span;
    return s->end;
}

static IrExpr *read_end(void *data, IrExpr *e) {
    Sums *all = data;
    if (e->op != IR_REF) return e;
    for (int k = 0; k < all->list.count; k++) {
        Sum *s = &all->list.at[k];
        if (s->state != e->var || !ir_is_final(s->state, e->index[s->at])) continue;
        IrIndex index[e->var->axis_count];
        int n = 0;
        for (int i = 0; i < e->var->axis_count; i++)
            if (i != s->at) index[n++] = e->index[i];
        return ir_ref(all->o->p, end_of(all->o, s), index);
    }
    return e;
}

static bool read_ends(Opt *o, IrItem *item, Place *place, void *data) {
    (void)place;
    item->var->def = ir_map(o->p, item->var->def, read_end, data);
    if (item->var->init) item->var->init = ir_map(o->p, item->var->init, read_end, data);
    return false;
}

/* The scan's item becomes that of the sum; the end, if anyone reads it, is placed beside it. */
static void replace_items(Opt *o, const Sums *all) {
    ItemList items = {0};
    for (int i = 0; i < o->p->items.count; i++) {
        IrItem *item = o->p->items.at[i];
        for (int k = 0; k < all->list.count; k++) {
            const Sum *s = &all->list.at[k];
            if (item->kind != ITEM_SCAN || item->body[0]->var != s->state) continue;
            item = item->body[0];
            if (!s->end) continue;
            IrItem *end = ir_item_new(o->p, ITEM_ALG);
            end->var = s->end;
            vec_push(o->p->arena, &items, end);
        }
        vec_push(o->p->arena, &items, item);
    }
    o->p->items.at = items.at, o->p->items.count = items.count, o->p->items.capacity = items.capacity;
}

void pass_sums(Opt *o) {
    opt_facts(o);
    Sums all = {.o = o};
    Sum sum;
    for (int i = 0; i < o->p->items.count; i++)
        if (is_sum(o, o->p->items.at[i], &sum)) vec_push(o->p->arena, &all.list, sum);
    if (!all.list.count) return;
    opt_each_equation(o, read_ends, &all);
    replace_items(o, &all);
    for (int k = 0; k < all.list.count; k++) {
        Sum *s = &all.list.at[k];
        s->state->def = written_out(o, s, false);
        s->state->init = NULL;
        s->state->kind = VAR_ALG;
        s->state->scan_axis = NULL;
        s->state->reversed = false;
    }
    pass_dead(o);
    opt_facts(o);
}
