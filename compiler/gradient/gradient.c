/* The pass: equations backwards, each adjoint as soon as all readings of its variable are known. */
#include "gradient/gradient.h"

#include "gradient/internal.h"

/* ---- what has no derivative -------------------------------------------------------------------------------------------- */
static bool refuse(GradientFault *fault, const char *what, Span where) {
    *fault = (GradientFault){what, where};
    return false;
}

static bool belongs(const IrProgram *p, const IrVar *v) {
    return v && v->id >= 0 && v->id < p->vars.count && p->vars.at[v->id] == v;
}

static bool accepts(const IrProgram *core, const IrVar *loss, const IrVar *const *of, int count, GradientFault *fault) {
    if (core->level != LEVEL_CORE) return refuse(fault, "a program of the system level: gradients are taken of a reading", (Span){0});
    if (!belongs(core, loss)) return refuse(fault, "a loss that is no variable of the program", (Span){0});
    for (int i = 0; i < count; i++)
        if (!belongs(core, of[i])) return refuse(fault, "a gradient with respect to what is no variable of the program", loss->span);
    return true;
}

/* ---- adjoints ---------------------------------------------------------------------------------------------------------- */
void gradient_define(Gradient *g, const IrVar *v, IrExpr *def, Items *items) {
    IrProgram *p = g->p;
    Adjoint *a = gradient_adjoint(g, v);
    if (!def) return;
    a->value = def;
    if (def->op == IR_LIT) return;
    IrVar *bar = ir_var_new(p, VAR_ALG, name_printf(p->names, "%s.bar", v->name), v->axis_count, v->axes);
    bar->def = def;
    bar->span = v->span;
    IrItem *item = ir_item_new(p, ITEM_ALG);
    item->var = bar;
    vec_push(p->arena, items, item);
    a->value = ir_ref(p, bar, NULL);
}

static void define(Gradient *g, const IrVar *v) {
    Items items = {0};
    gradient_define(g, v, gradient_pull(g, v), &items);
    for (int i = 0; i < items.count; i++) vec_push(g->p->arena, &g->p->items, items.at[i]);
}

static void follow_equation(Gradient *g, IrVar *v) {
    Adjoint *a = gradient_adjoint(g, v);
    if (!a->active || a->transparent) return;
    define(g, v);
    gradient_follow_definition(g, v);
}

/* The gradient itself is always an equation, be it a number. */
static IrVar *result(Gradient *g, IrVar *v) {
    IrProgram *p = g->p;
    Adjoint *a = gradient_adjoint(g, v);
    if (ir_is_input(v) && !a->value) define(g, v);
    if (a->value && a->value->op == IR_REF) return a->value->var;
    return ir_alg(p, name_printf(p->names, "%s.bar", v->name), v->axis_count, v->axes, a->value ? a->value : ir_lit(p, 0));
}

static void request(Gradient *g, const IrVar *loss, const IrVar *const *of, int count) {
    IrProgram *p = g->p;
    for (int i = 0; i < p->vars.count; i++) vec_push(p->arena, &g->adjoints, (Adjoint){0});
    g->loss = p->vars.at[loss->id];
    g->of = ARENA_ARRAY(p->arena, IrVar *, count);
    g->of_count = count;
    gradient_adjoint(g, g->loss)->whole = true;
    for (int i = 0; i < count; i++) {
        g->of[i] = p->vars.at[of[i]->id];
        gradient_adjoint(g, g->of[i])->whole = true;
    }
}

IrProgram *gradient_of(const IrProgram *core, const IrVar *loss, const IrVar *const *of, int count, IrVar **gradient,
                       GradientFault *fault) {
    if (!accepts(core, loss, of, count, fault)) return NULL;
    Gradient g = {.p = ir_clone(core)};
    request(&g, loss, of, count);
    gradient_mark_active(&g);
    gradient_cut(&g);
    gradient_mark_active(&g);
    gradient_mark_lazy(&g);
    for (int i = g.p->items.count - 1; i >= 0; i--) {
        IrItem *item = g.p->items.at[i];
        if (item->var) follow_equation(&g, item->var);
        else gradient_group(&g, item);
    }
    for (int i = 0; i < count; i++) gradient[i] = result(&g, g.of[i]);
    gradient_renumber(g.p, core->axes.count);
    return g.p;
}
