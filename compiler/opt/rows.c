/* Rows. In, out: any core program. In a scan or fixpoint a weight that is summed over an axis along which it does not lie in order
 * (`sum(pre) W[pre, unit] * prev(r[pre])`) is read across its rows, again at every point. A copy whose rows are summed is made once,
 * with the plan; equations that read the same weight alike share it. Products that have rows and columns left are the library's. */
#include "opt/pass.h"

enum { SHORT = 16 /* a sum of fewer terms gains nothing */ };

typedef struct Copy {
    const IrVar *of;
    IrVar *rows;
    const int *order; /* axis k of the copy is the weight's number order[k] */
} Copy;

typedef struct Rows {
    Opt *o;
    VEC(Copy) copies;
} Rows;

static bool plain(const IrExpr *ref) {
    for (int i = 0; i < ref->var->axis_count; i++) {
        if (ref->index[i].kind != IX_AXIS || ref->index[i].offset) return false;
        for (int k = 0; k < i; k++)
            if (ref->index[k].axis == ref->index[i].axis) return false;
    }
    return true;
}

static const IrAxis *innermost(const IrExpr *ref) {
    return ref->var->axis_count ? ref->index[ref->var->axis_count - 1].axis : NULL;
}

/* Does one of the axes over which only `signal` varies remain? Then the product is one of matrices. */
static bool has_columns(const IrExpr *weight, const IrExpr *signal, const IrExpr *sum, const Place *place) {
    const IrAxis *scan = place->owner->axis;
    for (int i = 0; i < signal->var->axis_count; i++) {
        const IrAxis *axis = signal->index[i].axis;
        bool in_weight = false;
        for (int k = 0; k < weight->var->axis_count; k++) in_weight |= weight->index[k].axis == axis;
        if (!in_weight && !ir_binds(sum, axis) && axis != scan && axis != ir_cycle_of(scan)) return true;
    }
    return false;
}

static bool is_across(Opt *o, const IrExpr *sum, const IrExpr *weight, const IrExpr *signal, const Place *place) {
    bool references = weight->op == IR_REF && (signal->op == IR_REF || signal->op == IR_PREV) && plain(weight) && plain(signal);
    if (!references || opt_fact(o, weight->var)->call || opt_fact(o, weight->var)->owner || !(weight->var->kind == VAR_WEIGHT || weight->var->def)) return false;
    const IrAxis *last = innermost(signal);
    if (!last || !ir_binds(sum, last) || last->root->size < SHORT || ir_binds(sum, innermost(weight))) return false;
    for (int i = 0; i < weight->var->axis_count; i++)
        if (weight->index[i].axis == last) return !has_columns(weight, signal, sum, place);
    return false;
}

/* The weight's axes: those that stay, then the summed ones as the signal has them. */
static int *row_order(Opt *o, const IrExpr *sum, const IrExpr *weight, const IrExpr *signal) {
    int *order = ARENA_ARRAY(o->p->arena, int, weight->var->axis_count + 1), count = 0;
    for (int i = 0; i < weight->var->axis_count; i++)
        if (!ir_binds(sum, weight->index[i].axis)) order[count++] = i;
    for (int k = 0; k < signal->var->axis_count; k++)
        for (int i = 0; i < weight->var->axis_count; i++)
            if (weight->index[i].axis == signal->index[k].axis && ir_binds(sum, weight->index[i].axis)) order[count++] = i;
    return count == weight->var->axis_count ? order : NULL;
}

static IrVar *make_copy(Rows *r, const IrVar *w, const int *order, ItemList *outer) {
    IrProgram *p = r->o->p;
    IrAxis *axes[w->axis_count + 1];
    IrIndex at[w->axis_count + 1];
    for (int k = 0; k < w->axis_count; k++) {
        axes[k] = ir_axis_copy(p, w->axes[order[k]]->root);
        at[order[k]] = ir_index(axes[k]);
    }
    IrVar *rows = ir_var_new(p, VAR_ALG, name_printf(p->names, "%s.rows", w->name), w->axis_count, axes);
    rows->def = ir_ref(p, (IrVar *)w, at);
    rows->span = w->span;
    IrItem *item = ir_item_new(p, ITEM_ALG);
    item->var = rows;
    vec_push(p->arena, outer, item);
    vec_push(p->arena, &r->copies, ((Copy){w, rows, order}));
    return rows;
}

static IrVar *copy_of(Rows *r, const IrVar *w, const int *order, ItemList *outer) {
    for (int i = 0; i < r->copies.count; i++) {
        const Copy *c = &r->copies.at[i];
        bool same = c->of == w;
        for (int k = 0; same && k < w->axis_count; k++) same = c->order[k] == order[k];
        if (same) return c->rows;
    }
    return make_copy(r, w, order, outer);
}

static IrExpr *by_rows(Rows *r, const IrExpr *sum, IrExpr *weight, const IrExpr *signal, const Place *place) {
    if (!is_across(r->o, sum, weight, signal, place)) return weight;
    const int *order = row_order(r->o, sum, weight, signal);
    if (!order) return weight;
    IrIndex index[weight->var->axis_count + 1];
    for (int k = 0; k < weight->var->axis_count; k++) index[k] = weight->index[order[k]];
    return ir_ref(r->o->p, copy_of(r, weight->var, order, place->outer), index);
}

static bool rewrite(Opt *o, IrItem *item, Place *place, void *data) {
    IrExpr *sum = item->var->def;
    if (!place->owner || sum->op != IR_SUM || sum->arg[0]->op != IR_MUL) return false;
    IrExpr *a = sum->arg[0]->arg[0], *b = sum->arg[0]->arg[1], *made[] = {by_rows(data, sum, a, b, place), by_rows(data, sum, b, a, place)};
    if (made[0] == a && made[1] == b) return false;
    IrExpr *copy = arena_copy(o->p->arena, sum, sizeof *sum), *product = ir_node(o->p, IR_MUL, 2, made);
    copy->arg = arena_copy(o->p->arena, &product, sizeof product);
    item->var->def = copy;
    return false;
}

void pass_rows(Opt *o) {
    opt_facts(o);
    Rows r = {.o = o};
    opt_each_equation(o, rewrite, &r);
    opt_facts(o);
}
