/* Invariants of a program (IR.md lists them). Run between passes in debug builds. */
#include <stdlib.h>
#include <string.h>

#include "ir/ir.h"

typedef struct Verify {
    const IrProgram *p;
    Arena *arena;
    char *defined;      /* by variable id: readable at this place */
    char *placed;       /* by variable id: has had its equation */
    char *visible;      /* by axis id: usable at this place */
    char *bound;        /* by axis id: bound by a reduction of this equation */
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

static bool known_var(const Verify *v, const IrVar *var) {
    return var && var->id >= 0 && var->id < v->p->vars.count && v->p->vars.at[var->id] == var;
}

static void check_index(Verify *v, const IrVar *var, int i, IrIndex index) {
    if (index.kind == IX_CONST && (index.offset < 0 || index.offset >= var->axes[i]->root->size))
        complain(v, "position %lld of %s is outside %s", (long long)index.offset, var->axes[i]->name, var->name);
    if (index.kind != IX_AXIS) return;
    check_visible(v, index.axis);
    if (!v->message && index.axis->root != var->axes[i]->root)
        complain(v, "%s is read along %s where it has %s", var->name, index.axis->name, var->axes[i]->name);
}

/* Within a scan its variables exist for the points up to this one: they are read where the scan stands, or, by an equation that
 * is done once a cycle, at the step that was done last. */
static void check_in_scan(Verify *v, const IrExpr *e) {
    const IrAxis *axis = v->body->axis, *cycle = ir_cycle_of(axis);
    for (int i = 0; i < e->var->axis_count; i++) {
        const IrAxis *own = e->var->axes[i];
        bool here = ir_is_here(e->index[i], own);
        bool end = own == axis && !ir_has_axis(v->of, axis) && e->op == IR_REF && ir_is_end(v->body->reversed, e->index[i]);
        if ((own == axis || own == cycle) && !here && !end)
            complain(v, "it reads %s elsewhere than at this point of %s", e->var->name, own->name);
    }
}

static void check_reference(Verify *v, const IrExpr *e) {
    const IrVar *var = e->var;
    if (!known_var(v, var)) {
        complain(v, "it reads %s, which is not of this program", var ? var->name : "nothing");
        return;
    }
    bool core = v->p->level == LEVEL_CORE;
    if (e->op == IR_REF && !v->defined[var->id]) complain(v, "it reads %s before that is defined", var->name);
    if (e->op == IR_PREV && !var->init) complain(v, "prev(%s), which has no initial value", var->name);
    if (e->op == IR_PREV && e->lag < 1) complain(v, "prev(%s) by %lld points", var->name, (long long)e->lag);
    if (e->op == IR_PREV && core && !ir_in_body(v->body, var))
        complain(v, "prev(%s) outside the scan or fix that carries it", var->name);
    if (core && v->body && v->body->kind == ITEM_SCAN && ir_in_body(v->body, var)) check_in_scan(v, e);
    for (int i = 0; i < var->axis_count; i++) check_index(v, var, i, e->index[i]);
}

static void check_expr(Verify *v, const IrExpr *e);

static void check_reduction(Verify *v, const IrExpr *e) {
    if (e->bound_count == 0) complain(v, "a reduction over nothing");
    for (int i = 0; i < e->bound_count; i++) {
        const IrAxis *axis = e->bound[i];
        if (!known_axis(v, axis)) return complain(v, "a bound axis is not of this program");
        if (v->visible[axis->id]) complain(v, "axis %s is bound where it is in scope already", axis->name);
        if (v->bound[axis->id]) complain(v, "axis %s is bound twice", axis->name);
        v->visible[axis->id] = v->bound[axis->id] = 1;
    }
    for (int i = 0; i < e->guard.count; i++) {
        if (e->guard.atom[i].a) check_visible(v, e->guard.atom[i].a);
        if (e->guard.atom[i].b) check_visible(v, e->guard.atom[i].b);
    }
    check_expr(v, e->arg[0]);
    for (int i = 0; i < e->bound_count; i++) v->visible[e->bound[i]->id] = 0;
}

static const int arity[IR_OP_COUNT] = {
#define IR_OP(name, spelling, count) [IR_##name] = count,
#include "ir/ir_ops.def"
#undef IR_OP
};

static void check_expr(Verify *v, const IrExpr *e) {
    if (v->message) return;
    if (e->argc != arity[e->op]) return complain(v, "an operator with %d operands", e->argc);
    switch (e->op) {
    case IR_LIT:
        if (!e->text || strtod(e->text, NULL) != e->value) complain(v, "a literal whose text is not its value");
        return;
    case IR_REF:
    case IR_PREV: check_reference(v, e); return;
    case IR_POS: check_visible(v, e->axis); return;
    case IR_SIZE:
        if (!known_axis(v, e->axis)) complain(v, "size of an axis that is not of this program");
        return;
    case IR_SUM:
    case IR_AMAX: check_reduction(v, e); return;
    case IR_GRADIENT:
        if (e->arg[0]->op != IR_REF || e->arg[1]->op != IR_REF) return complain(v, "gradient of an expression");
        if (e->arg[0]->var->axis_count) return complain(v, "gradient of %s, which is no number", e->arg[0]->var->name);
        if (v->body) return complain(v, "gradient in a scan or fix");
        check_expr(v, e->arg[0]);
        check_expr(v, e->arg[1]);
        return;
    case IR_DELAY:
    case IR_DERIVATIVE:
        if (e->arg[0]->op != IR_REF) return complain(v, "delay or derivative of an expression"); /* fall through */
    case IR_TIME:
    case IR_SETTLE:
        if (v->p->level == LEVEL_CORE) return complain(v, "an operator of the system level in a core program"); /* fall through */
    default:
        for (int i = 0; i < e->argc; i++) check_expr(v, e->arg[i]);
    }
}

/* The initial value holds before the first point: it cannot depend on the point. */
static void check_initial(Verify *v, const IrVar *var) {
    const IrAxis *axis = var->scan_axis, *cycle = ir_cycle_of(axis);
    if (axis && known_axis(v, axis)) v->visible[axis->id] = 0;
    if (cycle && known_axis(v, cycle)) v->visible[cycle->id] = 0;
    check_expr(v, var->init);
    for (int i = 0; i < var->axis_count; i++) v->visible[var->axes[i]->id] = 1;
}

static void check_definition(Verify *v, const IrVar *var) {
    memset(v->visible, 0, (size_t)v->p->axes.count);
    memset(v->bound, 0, (size_t)v->p->axes.count);
    for (int i = 0; i < var->axis_count; i++) {
        if (!known_axis(v, var->axes[i])) return complain(v, "an axis is not of this program");
        if (v->visible[var->axes[i]->id]) complain(v, "axis %s twice", var->axes[i]->name);
        v->visible[var->axes[i]->id] = 1;
    }
    if (!var->def) return complain(v, "no definition");
    if (var->init) check_initial(v, var);
    check_expr(v, var->def);
    if (var->coefficient) check_expr(v, var->coefficient);
}

static void check_equation(Verify *v, const IrItem *item) {
    const IrVar *var = item->var;
    if (!known_var(v, var)) return complain(v, "an equation of a variable that is not of this program");
    v->of = var;
    bool core = v->p->level == LEVEL_CORE;
    if (core && item->kind != ITEM_ALG) complain(v, "a system-level item in a core program");
    if (core && var->init && !v->body) complain(v, "a state outside of scan and fix");
    if (ir_is_input(var)) complain(v, "an equation for an input");
    if (v->placed[var->id]) complain(v, "defined twice");
    if (!v->message) check_definition(v, var);
    v->placed[var->id] = v->defined[var->id] = 1;
    v->of = NULL;
}

/* Equations of a cycle stand before those of its steps, or behind them. */
static void check_cycle_order(Verify *v, const IrItem *scan) {
    int part = 0; /* 0: before the steps, 1: steps, 2: behind */
    for (int i = 0; i < scan->body_count && !v->message; i++) {
        bool step = ir_has_axis(scan->body[i]->var, scan->axis);
        if (step && part == 2) complain(v, "%s stands behind the end of the cycle", scan->body[i]->var->name);
        part = step ? 1 : part ? 2 : 0;
    }
}

static void check_group(Verify *v, const IrItem *group) {
    if (v->p->level == LEVEL_SYSTEM) return complain(v, "a scan or fix in a system-level program");
    if (group->kind == ITEM_SCAN && !known_axis(v, group->axis))
        return complain(v, "a scan over an axis that is not of this program");
    if (group->kind == ITEM_FIX && (group->count < 1 || group->tolerance < 0)) return complain(v, "a fix without an end");
    if (group->reversed && group->kind == ITEM_FIX) complain(v, "only a scan is reversed");
    v->body = group;
    for (int i = 0; i < group->body_count && !v->message; i++) {
        const IrVar *var = group->body[i]->var;
        check_equation(v, group->body[i]);
        if (var->init && var->reversed != group->reversed) complain(v, "state %s advances against its scan", var->name);
        const IrAxis *cycle = ir_cycle_of(group->axis);
        bool carries = group->kind == ITEM_FIX || ir_has_axis(var, cycle ? cycle : group->axis);
        if (!v->message && !carries) complain(v, "%s is in a scan over %s without that axis", var->name, group->axis->name);
    }
    if (!v->message && ir_cycle_of(group->axis)) check_cycle_order(v, group);
    if (group->body_count == 0) complain(v, "a scan or fix of nothing");
    v->body = NULL;
}

static int by_address(const void *a, const void *b) {
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;
    return (x > y) - (x < y);
}

/* Names are interned: equal spellings are equal pointers. */
static void check_unique(Verify *v, const char *what, const char **names, int count) {
    qsort(names, (size_t)count, sizeof *names, by_address);
    for (int i = 1; i < count; i++)
        if (names[i] == names[i - 1]) complain(v, "%s %s twice", what, names[i]);
}

static void check_inputs(Verify *v) {
    const char **names = ARENA_ARRAY(v->arena, const char *, v->p->vars.count);
    for (int i = 0; i < v->p->vars.count; i++) {
        const IrVar *var = v->p->vars.at[i];
        bool input = ir_is_input(var);
        names[i] = var->name;
        if (var->id != i) complain(v, "%s has id %d at place %d", var->name, var->id, i);
        if (input && (var->def || var->init)) complain(v, "input %s has a definition", var->name);
        for (int j = 0; input && j < var->axis_count; j++)
            if (!known_axis(v, var->axes[j])) complain(v, "an axis of %s is not of this program", var->name);
        v->defined[i] = input || v->p->level == LEVEL_SYSTEM;
    }
    check_unique(v, "variable", names, v->p->vars.count);
}

static void check_axes(Verify *v) {
    const char **names = ARENA_ARRAY(v->arena, const char *, v->p->axes.count);
    for (int i = 0; i < v->p->axes.count; i++) {
        const IrAxis *axis = v->p->axes.at[i];
        bool derived = axis->kind == AXIS_COPY || axis->kind == AXIS_CYCLE;
        names[i] = axis->name;
        if (axis->id != i) complain(v, "axis %s has id %d at place %d", axis->name, axis->id, i);
        bool steps = axis->kind == AXIS_STEP && axis->base && axis->base->kind == AXIS_CYCLE;
        if ((derived || steps) != (axis->base != NULL)) complain(v, "axis %s: its base does not fit its kind", axis->name);
        else if (axis->root != (derived ? axis->base->root : axis)) complain(v, "axis %s: not its base's root", axis->name);
        else if (axis->root->size < 1) complain(v, "axis %s has no points", axis->name);
    }
    check_unique(v, "axis", names, v->p->axes.count);
}

static void check_end(Verify *v, const char *name, const IrVar *var) {
    if (!known_var(v, var)) complain(v, "%s is of another program", name);
    else if (!v->placed[var->id]) complain(v, "%s: %s is not defined by an equation", name, var->name);
}

static bool same_roots(const IrVar *a, const IrVar *b) {
    bool same = a->axis_count == b->axis_count;
    for (int i = 0; same && i < a->axis_count; i++) same = a->axes[i]->root == b->axes[i]->root;
    return same;
}

static void check_rule(Verify *v, const IrRule *rule) {
    check_end(v, rule->name, rule->var);
    if (v->message) return;
    if (!known_var(v, rule->weight) || rule->weight->kind != VAR_WEIGHT) complain(v, "%s is on what is no weight", rule->name);
    else if (!same_roots(rule->var, rule->weight)) complain(v, "%s has other axes than %s", rule->name, rule->weight->name);
}

static bool is_rule_on(const IrProgram *p, const IrVar *var, const IrVar *weight) {
    for (int i = 0; i < p->rules.count; i++)
        if (p->rules.at[i].var == var && p->rules.at[i].weight == weight) return true;
    return false;
}

static bool is_loss(const IrProgram *p, const IrVar *var) {
    for (int i = 0; i < p->losses.count; i++)
        if (p->losses.at[i].var == var) return true;
    return false;
}

static void check_learning(Verify *v) {
    const IrProgram *p = v->p;
    for (int i = 0; i < p->losses.count && !v->message; i++) {
        check_end(v, p->losses.at[i].name, p->losses.at[i].var);
        if (!v->message && p->losses.at[i].var->axis_count) complain(v, "loss %s has axes", p->losses.at[i].name);
    }
    for (int i = 0; i < p->rules.count && !v->message; i++) check_rule(v, &p->rules.at[i]);
    for (int i = 0; i < p->learns.count && !v->message; i++) {
        const IrLearn *learn = &p->learns.at[i];
        bool rule = learn->rule && is_rule_on(p, learn->rule, learn->weight);
        bool loss = !learn->rule && is_loss(p, learn->loss) && known_var(v, learn->weight) && learn->weight->kind == VAR_WEIGHT;
        if (!rule && !loss) complain(v, "a weight learns by what is neither a rule on it nor a loss");
        for (int k = 0; k < i; k++)
            if (p->learns.at[k].weight == learn->weight) complain(v, "%s learns twice", learn->weight->name);
    }
}

static void check_ends(Verify *v) {
    char *printed = arena_alloc(v->arena, (size_t)v->p->vars.count);
    for (int i = 0; i < v->p->outputs.count && !v->message; i++) {
        const IrOutput *output = &v->p->outputs.at[i];
        check_end(v, output->name, output->var);
        if (!v->message && printed[output->var->id]) complain(v, "%s: %s is an output twice", output->name, output->var->name);
        if (!v->message) printed[output->var->id] = 1;
    }
    for (int i = 0; i < v->p->checks.count; i++) {
        const IrCheck *check = &v->p->checks.at[i];
        check_end(v, check->name, check->left);
        check_end(v, check->name, check->right);
        if (v->message) return;
        if (!same_roots(check->left, check->right)) complain(v, "the sides of %s have other axes", check->name);
    }
}

char *ir_verify(const IrProgram *p) {
    Verify v = {.p = p, .arena = p->arena};
    v.defined = arena_alloc(p->arena, (size_t)p->vars.count);
    v.placed = arena_alloc(p->arena, (size_t)p->vars.count);
    v.visible = arena_alloc(p->arena, (size_t)p->axes.count);
    v.bound = arena_alloc(p->arena, (size_t)p->axes.count);
    check_axes(&v);
    if (!v.message) check_inputs(&v);
    for (int i = 0; i < p->items.count && !v.message; i++) {
        const IrItem *item = p->items.at[i];
        if (item->kind == ITEM_SCAN || item->kind == ITEM_FIX) check_group(&v, item);
        else check_equation(&v, item);
    }
    if (!v.message) check_ends(&v);
    if (!v.message) check_learning(&v);
    return v.message;
}
