/* Many items of data at once. In, out: core. What does not depend on the items (weights, and what is made of weights) stays as it is:
 * an equation over items reads it as a matrix product reads its weights, and the adjoint of a weight sums over items as over tokens. */
#include "ir/items.h"

typedef struct Items {
    IrProgram *p;
    IrAxis *axis;
    bool *varies; /* by variable: has the axis */
} Items;

static bool has_fix(const IrProgram *p) {
    for (int i = 0; i < p->items.count; i++)
        if (p->items.at[i]->kind == ITEM_FIX) return true;
    return false;
}

static bool reads_varying(const Items *s, const IrExpr *e) {
    if (!e) return false;
    if (e->var && s->varies[e->var->id]) return true;
    for (int i = 0; i < e->argc; i++)
        if (reads_varying(s, e->arg[i])) return true;
    return false;
}

/* Values go round in scans, so until nothing changes. */
static void spread(Items *s) {
    for (bool changed = true; changed;) {
        changed = false;
        for (int i = 0; i < s->p->vars.count; i++) {
            const IrVar *v = s->p->vars.at[i];
            if (s->varies[i] || !(reads_varying(s, v->def) || reads_varying(s, v->init))) continue;
            s->varies[i] = changed = true;
        }
    }
}

static void widen(const Items *s, IrVar *v) {
    IrAxis **axes = ARENA_ARRAY(s->p->arena, IrAxis *, v->axis_count + 1);
    axes[0] = s->axis;
    for (int i = 0; i < v->axis_count; i++) axes[i + 1] = v->axes[i];
    v->axes = axes;
    v->axis_count++;
}

/* A reading of a varying variable is of the reader's own item. The node's indices are still those of the narrow variable. */
static IrExpr *at_item(void *data, IrExpr *e) {
    const Items *s = data;
    if (!e->var || !s->varies[e->var->id]) return e;
    IrIndex *index = ARENA_ARRAY(s->p->arena, IrIndex, e->var->axis_count);
    index[0] = ir_index(s->axis);
    for (int i = 1; i < e->var->axis_count; i++) index[i] = e->index[i - 1];
    IrExpr *wide = arena_copy(s->p->arena, e, sizeof *e);
    wide->index = index;
    return wide;
}

/* A circuit may have an axis of that name, too. */
static Name free_name(IrProgram *p) {
    Name name = name_of(p->names, "item");
    for (int i = 2; ir_find_axis(p, name); i++) name = name_printf(p->names, "item.%d", i);
    return name;
}

IrProgram *ir_items(const IrProgram *core, int64_t count, bool (*shared)(const void *data, const IrVar *stimulus), const void *data, IrAxis **axis) {
    if (has_fix(core)) return NULL;
    Items s = {.p = ir_clone(core)};
    s.p->checks.count = 0;
    s.axis = *axis = ir_axis_new(s.p, free_name(s.p), AXIS_CONST, count, NULL);
    s.varies = ARENA_ARRAY(s.p->arena, bool, s.p->vars.count);
    for (int i = 0; i < s.p->vars.count; i++) {
        const IrVar *v = s.p->vars.at[i];
        s.varies[i] = v->kind == VAR_NOISE || (v->kind == VAR_STIMULUS && !(shared && shared(data, v)));
    }
    spread(&s);
    for (int i = 0; i < s.p->vars.count; i++)
        if (s.varies[i]) widen(&s, s.p->vars.at[i]);
    for (int i = 0; i < s.p->vars.count; i++) {
        IrVar *v = s.p->vars.at[i];
        if (v->def) v->def = ir_map(s.p, v->def, at_item, &s);
        if (v->init) v->init = ir_map(s.p, v->init, at_item, &s);
    }
    return s.p;
}

IrVar *ir_add_stimulus(IrProgram *p, Name name, int axis_count, IrAxis *const *axes) {
    IrVar *added = ir_var_new(p, VAR_STIMULUS, name, axis_count, axes);
    int at = 0;
    while (ir_is_input(p->vars.at[at]) && p->vars.at[at] != added) at++;
    for (int i = p->vars.count - 1; i > at; i--) p->vars.at[i] = p->vars.at[i - 1];
    p->vars.at[at] = added;
    for (int i = at; i < p->vars.count; i++) p->vars.at[i]->id = i;
    return added;
}
