/* Layout. In, out: any core program. Axes of inner variables (not outputs, records, check sides, states) are reordered so
 * that steps of one chain agree: see opt_layout. Inputs and kept variables keep the order that their files and readers
 * expect. */
#include "opt/pass.h"

typedef struct Layout {
    Opt *o;
    int **order; /* by variable id: new position k holds old axis order[k]; NULL: unchanged */
} Layout;

static IrExpr *reorder_ref(void *data, IrExpr *e) {
    const Layout *l = data;
    if (e->op != IR_REF || !l->order[e->var->id]) return e;
    IrIndex index[e->var->axis_count + 1];
    for (int k = 0; k < e->var->axis_count; k++) index[k] = e->index[l->order[e->var->id][k]];
    return ir_ref(l->o->p, e->var, index);
}

static void choose_order(Layout *l, const IrVar *v) {
    Opt *o = l->o;
    const OptFact *f = opt_fact(o, v);
    if (v->kind != VAR_ALG || v->init || f->kept || f->through_prev || f->owner || !f->item) return;
    AxisList axes = {0};
    for (int i = 0; i < v->axis_count; i++) vec_push(o->p->arena, &axes, v->axes[i]);
    opt_layout(o, &axes);
    int *order = ARENA_ARRAY(o->p->arena, int, v->axis_count + 1);
    bool changed = false;
    for (int k = 0; k < v->axis_count; k++)
        for (int i = 0; i < v->axis_count; i++)
            if (v->axes[i] == axes.at[k]) order[k] = i, changed |= i != k;
    if (changed) l->order[v->id] = order;
}

static bool rewrite(Opt *o, IrItem *item, Place *place, void *data) {
    (void)place;
    IrVar *v = item->var;
    v->def = ir_map(o->p, v->def, reorder_ref, data);
    if (v->init) v->init = ir_map(o->p, v->init, reorder_ref, data);
    return false;
}

void pass_layout(Opt *o) {
    opt_facts(o);
    IrProgram *p = o->p;
    Layout l = {o, ARENA_ARRAY(p->arena, int *, p->vars.count + 1)};
    for (int i = 0; i < p->vars.count; i++) choose_order(&l, p->vars.at[i]);
    opt_each_equation(o, rewrite, &l);
    for (int i = 0; i < p->vars.count; i++) {
        IrVar *v = p->vars.at[i];
        if (!l.order[i]) continue;
        IrAxis **axes = ARENA_ARRAY(p->arena, IrAxis *, v->axis_count);
        for (int k = 0; k < v->axis_count; k++) axes[k] = v->axes[l.order[i][k]];
        v->axes = axes;
    }
}
