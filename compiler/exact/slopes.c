/* Slopes of the cells: of each population whose rate is a nonlinear function of one quantity, at its own points, the derivative by that
 * quantity. What a learning rule multiplies by, and leaves out most easily. */
#include <string.h>

#include "exact/repair_internal.h"
#include "gradient/gradient.h"

/* The only variable that e reads, at the axes of v; NULL: there is none, more than one, or it is read elsewhere. */
static bool reads_one(const IrVar *v, const IrExpr *e, IrVar **signal) {
    if (e->op == IR_PREV || e->bound_count || e->op == IR_STOP) return false;
    if (e->op == IR_REF) {
        if (*signal && *signal != e->var) return false;
        *signal = e->var;
        if (e->var->axis_count != v->axis_count) return false;
        for (int i = 0; i < v->axis_count; i++)
            if (e->index[i].kind != IX_AXIS || e->index[i].axis != v->axes[i] || e->index[i].offset) return false;
    }
    for (int i = 0; i < e->argc; i++)
        if (!reads_one(v, e->arg[i], signal)) return false;
    return true;
}

/* e, of a copy of p with more variables, in terms of p; NULL: it reads what p has not. */
static IrExpr *brought_back(IrProgram *p, const IrExpr *e) {
    IrExpr *own = arena_copy(p->arena, e, sizeof *e);
    own->arg = arena_copy(p->arena, e->arg, sizeof *e->arg * (size_t)e->argc);
    for (int i = 0; i < e->argc; i++)
        if (!(own->arg[i] = brought_back(p, e->arg[i]))) return NULL;
    if (e->axis) own->axis = p->axes.at[e->axis->id];
    if (!e->var) return own;
    own->var = ir_find_var(p, e->var->name);
    if (!own->var || e->bound_count) return NULL;
    own->index = arena_copy(p->arena, e->index, sizeof *e->index * (size_t)e->var->axis_count);
    for (int i = 0; i < e->var->axis_count; i++)
        if (e->index[i].kind == IX_AXIS) own->index[i].axis = p->axes.at[e->index[i].axis->id];
    return own;
}

static bool reads(const IrExpr *e) {
    bool found = e->op == IR_REF;
    for (int i = 0; i < e->argc; i++) found |= reads(e->arg[i]);
    return found;
}

/* NULL: v has no slope of its own, or a constant one. */
static IrExpr *slope_of(IrProgram *p, IrVar *v) {
    IrVar *signal = NULL, *gradient;
    GradientFault fault;
    if (!v->origin_kind || strcmp(v->origin_kind, "population") != 0 || !v->def || v->init) return NULL;
    if (v->def->op == IR_REF || !reads_one(v, v->def, &signal) || !signal) return NULL;
    const IrVar *of = signal;
    const IrProgram *with = gradient_of(p, v, &of, 1, &gradient, &fault);
    IrExpr *slope = with ? brought_back(p, gradient->def) : NULL;
    if (!slope || !reads(slope)) return NULL;
    return ir_substitute(p, slope, signal->axis_count, signal->axes, ir_ref(p, v, NULL)->index);
}

Slopes slopes_find(IrProgram *p) {
    Slopes all = {0};
    for (int i = 0; i < p->vars.count && p->rules.count; i++) {
        IrExpr *slope = slope_of(p, p->vars.at[i]);
        if (slope) vec_push(p->arena, &all, ((Slope){p->vars.at[i], slope}));
    }
    return all;
}
