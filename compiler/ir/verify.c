/* Invariants of a program (IR.md lists them). Run between passes in debug builds. */
#include <string.h>

#include "ir/ir.h"

typedef struct Verify {
    const IrProgram *p;
    Arena *arena;
    char *defined;      /* by variable id: readable at this place */
    char *visible;      /* by axis id: usable at this place */
    const IrItem *body; /* the scan or fix we are in, or NULL */
    const IrVar *of;    /* the equation */
    char *message;
} Verify;

static void complain(Verify *v, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void complain(Verify *v, const char *format, ...) {
    if (v->message) return;
    va_list args;
    va_start(args, format);
    char *text = arena_vprintf(v->arena, format, args);
    va_end(args);
    v->message = v->of ? arena_printf(v->arena, "%s: %s", v->of->name, text) : text;
}

static bool known_axis(Verify *v, const IrAxis *axis) {
    return axis && axis->id >= 0 && axis->id < v->p->axes.count && v->p->axes.at[axis->id] == axis;
}

static void check_visible(Verify *v, const IrAxis *axis) {
    if (!known_axis(v, axis)) complain(v, "an axis is not of this program");
    else if (!v->visible[axis->id]) complain(v, "axis %s is not in scope", axis->name);
}

static bool in_body(const Verify *v, const IrVar *var) {
    for (int i = 0; v->body && i < v->body->body_count; i++)
        if (v->body->body[i]->var == var) return true;
    return false;
}

static void check_reference(Verify *v, const IrExpr *e) {
    const IrVar *var = e->var;
    if (var->id < 0 || var->id >= v->p->vars.count || v->p->vars.at[var->id] != var) {
        complain(v, "it reads %s, which is not of this program", var->name);
        return;
    }
    if (e->op == IR_REF && !v->defined[var->id]) complain(v, "it reads %s before that is defined", var->name);
    if (e->op == IR_PREV && v->p->level == LEVEL_CORE && !(in_body(v, var) && var->init))
        complain(v, "prev(%s) outside the scan or fix that carries it", var->name);
    for (int i = 0; i < var->axis_count; i++) {
        IrIndex index = e->index[i];
        if (index.kind == IX_CONST && (index.offset < 0 || index.offset >= var->axes[i]->root->size))
            complain(v, "position %lld of %s is outside %s", (long long)index.offset, var->axes[i]->name, var->name);
        if (index.kind != IX_AXIS) continue;
        check_visible(v, index.axis);
        if (!v->message && index.axis->root != var->axes[i]->root)
            complain(v, "%s is read along %s where it has %s", var->name, index.axis->name, var->axes[i]->name);
    }
}

static void check_expr(Verify *v, const IrExpr *e);

static void check_reduction(Verify *v, const IrExpr *e) {
    for (int i = 0; i < e->bound_count; i++) {
        const IrAxis *axis = e->bound[i];
        if (!known_axis(v, axis)) return complain(v, "a bound axis is not of this program");
        if (v->visible[axis->id]) complain(v, "axis %s is bound where it is in scope already", axis->name);
        v->visible[axis->id] = 1;
    }
    for (int i = 0; i < e->guard.count; i++) {
        if (e->guard.atom[i].a) check_visible(v, e->guard.atom[i].a);
        if (e->guard.atom[i].b) check_visible(v, e->guard.atom[i].b);
    }
    check_expr(v, e->arg[0]);
    for (int i = 0; i < e->bound_count; i++) v->visible[e->bound[i]->id] = 0;
}

static void check_expr(Verify *v, const IrExpr *e) {
    if (v->message) return;
    switch (e->op) {
    case IR_REF:
    case IR_PREV: check_reference(v, e); return;
    case IR_POS: check_visible(v, e->axis); return;
    case IR_SIZE:
        if (!known_axis(v, e->axis)) complain(v, "size of an axis that is not of this program");
        return;
    case IR_SUM:
    case IR_AMAX: check_reduction(v, e); return;
    default:
        for (int i = 0; i < e->argc; i++) check_expr(v, e->arg[i]);
    }
}

static void check_equation(Verify *v, const IrItem *item) {
    const IrVar *var = v->of = item->var;
    memset(v->visible, 0, (size_t)v->p->axes.count);
    for (int i = 0; i < var->axis_count; i++) {
        if (!known_axis(v, var->axes[i])) return complain(v, "an axis is not of this program");
        if (v->visible[var->axes[i]->id]) complain(v, "axis %s twice", var->axes[i]->name);
        v->visible[var->axes[i]->id] = 1;
    }
    if (v->p->level == LEVEL_CORE && v->defined[var->id]) complain(v, "defined twice");
    if (!var->def) return complain(v, "no definition");
    if (var->init) check_expr(v, var->init);
    check_expr(v, var->def);
    if (var->coefficient) check_expr(v, var->coefficient);
    v->defined[var->id] = 1;
    v->of = NULL;
}

static void check_group(Verify *v, const IrItem *group) {
    int states = 0;
    v->body = group;
    for (int i = 0; i < group->body_count && !v->message; i++) {
        const IrVar *var = group->body[i]->var;
        bool carries = group->kind == ITEM_FIX;
        for (int j = 0; j < var->axis_count; j++) carries |= var->axes[j] == group->axis;
        states += var->init != NULL;
        v->of = var;
        if (!carries) complain(v, "in a scan over %s without that axis", group->axis->name);
        check_equation(v, group->body[i]);
    }
    if (states == 0) complain(v, "a scan or fix without a state");
    v->body = NULL;
}

static void check_names(Verify *v) {
    for (int i = 0; i < v->p->vars.count; i++) {
        const IrVar *var = v->p->vars.at[i];
        bool input = var->kind == VAR_STIMULUS || var->kind == VAR_WEIGHT;
        if (var->id != i) complain(v, "%s has id %d at place %d", var->name, var->id, i);
        if (input && var->def) complain(v, "input %s has a definition", var->name);
        v->defined[i] = input || v->p->level == LEVEL_SYSTEM;
    }
    for (int i = 0; i < v->p->axes.count; i++) {
        const IrAxis *axis = v->p->axes.at[i];
        if (axis->id != i) complain(v, "axis %s has id %d at place %d", axis->name, axis->id, i);
        if (axis->root->size < 1) complain(v, "axis %s has no points", axis->name);
    }
}

static void check_ends(Verify *v) {
    for (int i = 0; i < v->p->outputs.count; i++)
        if (!v->defined[v->p->outputs.at[i].var->id]) complain(v, "output %s is not defined", v->p->outputs.at[i].name);
    for (int i = 0; i < v->p->checks.count; i++) {
        const IrCheck *check = &v->p->checks.at[i];
        if (!v->defined[check->left->id] || !v->defined[check->right->id]) complain(v, "%s is not defined", check->name);
        bool same = check->left->axis_count == check->right->axis_count;
        for (int j = 0; same && j < check->left->axis_count; j++)
            same = check->left->axes[j]->root == check->right->axes[j]->root;
        if (!same) complain(v, "the sides of %s have other axes", check->name);
    }
}

char *ir_verify(const IrProgram *p) {
    Verify v = {.p = p, .arena = p->arena};
    v.defined = arena_alloc(p->arena, (size_t)p->vars.count);
    v.visible = arena_alloc(p->arena, (size_t)p->axes.count);
    check_names(&v);
    for (int i = 0; i < p->items.count && !v.message; i++) {
        const IrItem *item = p->items.at[i];
        bool group = item->kind == ITEM_SCAN || item->kind == ITEM_FIX;
        if (!group && p->level == LEVEL_CORE && item->kind != ITEM_ALG) complain(&v, "a system-level item in a core program");
        if (group) check_group(&v, item);
        else check_equation(&v, item);
    }
    if (!v.message) check_ends(&v);
    return v.message;
}
