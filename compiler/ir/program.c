/* Programs, axes, variables, items: making them and finding them. */
#include <math.h>
#include <string.h>

#include "ir/ir.h"

IrProgram *ir_program_new(Arena *arena, Names *names, IrLevel level) {
    IrProgram *p = ARENA_NEW(arena, IrProgram);
    p->arena = arena;
    p->names = names;
    p->level = level;
    p->name = name_of(names, "program");
    return p;
}

void ir_forget_learning(IrProgram *p) {
    p->losses.count = p->rules.count = p->learns.count = 0;
}

const char *ir_learns_by(const IrProgram *p, const IrLearn *learn) {
    for (int i = 0; i < p->rules.count; i++)
        if (learn->rule && p->rules.at[i].var == learn->rule) return p->rules.at[i].name;
    for (int i = 0; i < p->losses.count; i++)
        if (!learn->rule && p->losses.at[i].var == learn->loss) return p->losses.at[i].name;
    return (learn->rule ? learn->rule : learn->loss)->name;
}

IrAxis *ir_find_axis(const IrProgram *p, const char *name) {
    for (int i = 0; i < p->axes.count; i++)
        if (strcmp(p->axes.at[i]->name, name) == 0) return p->axes.at[i];
    return NULL;
}

IrVar *ir_find_var(const IrProgram *p, const char *name) {
    for (int i = 0; i < p->vars.count; i++)
        if (strcmp(p->vars.at[i]->name, name) == 0) return p->vars.at[i];
    return NULL;
}

IrAxis *ir_axis_new(IrProgram *p, Name name, IrAxisKind kind, int64_t size, IrAxis *base) {
    IrAxis *axis = ARENA_NEW(p->arena, IrAxis);
    bool derived = base && kind != AXIS_STEP; /* steps have a number of their own */
    *axis = (IrAxis){.name = name, .kind = kind, .size = derived ? base->root->size : size, .base = base, .id = p->axes.count};
    axis->root = derived ? base->root : axis;
    vec_push(p->arena, &p->axes, axis);
    return axis;
}

IrAxis *ir_axis_copy(IrProgram *p, IrAxis *of) {
    Name name;
    for (int i = p->axes.count;; i++) { /* the count is nearly always free, and never searched twice */
        name = name_printf(p->names, "%s.%d", of->root->name, i);
        if (!ir_find_axis(p, name)) break;
    }
    return ir_axis_new(p, name, AXIS_COPY, 0, of->root);
}

static Name unique_name(const IrProgram *p, Name name) {
    if (!ir_find_var(p, name)) return name;
    for (int i = 2;; i++) {
        Name other = name_printf(p->names, "%s.%d", name, i);
        if (!ir_find_var(p, other)) return other;
    }
}

IrVar *ir_var_new(IrProgram *p, IrVarKind kind, Name name, int axis_count, IrAxis *const *axes) {
    IrVar *var = ARENA_NEW(p->arena, IrVar);
    var->name = unique_name(p, name);
    var->kind = kind;
    var->axis_count = axis_count;
    var->axes = arena_copy(p->arena, axes, sizeof *axes * (size_t)axis_count);
    var->id = p->vars.count;
    vec_push(p->arena, &p->vars, var);
    return var;
}

IrItem *ir_item_new(IrProgram *p, IrItemKind kind) {
    IrItem *item = ARENA_NEW(p->arena, IrItem);
    item->kind = kind;
    return item;
}

IrVar *ir_alg(IrProgram *p, Name name, int axis_count, IrAxis *const *axes, IrExpr *def) {
    IrVar *var = ir_var_new(p, VAR_ALG, name, axis_count, axes);
    var->def = def;
    IrItem *item = ir_item_new(p, ITEM_ALG);
    item->var = var;
    vec_push(p->arena, &p->items, item);
    return var;
}

IrAxis *ir_scan_axis(const IrItem *scan, const IrVar *v) {
    for (int i = 0; i < v->axis_count; i++)
        if (v->axes[i] == scan->axis) return scan->axis;
    IrAxis *cycle = ir_cycle_of(scan->axis);
    return cycle ? cycle : scan->axis;
}

bool ir_is_final(const IrVar *v, IrIndex index) {
    return ir_is_end(v->reversed, index);
}

bool ir_reads_end(const IrExpr *ref) {
    const IrVar *v = ref->var;
    if (ref->op != IR_REF || !v->init) return false;
    for (int i = 0; i < v->axis_count; i++)
        if ((v->axes[i] == v->scan_axis || v->axes[i] == ir_cycle_of(v->scan_axis)) && !ir_is_final(v, ref->index[i])) return false;
    return true;
}

bool ir_step_back(const IrVar *v, int64_t lag, int64_t *position, int64_t (*size)(const void *data, const IrAxis *axis), const void *data) {
    int along = -1, outer = -1;
    for (int i = 0; i < v->axis_count; i++) {
        if (v->axes[i] == v->scan_axis) along = i;
        if (v->scan_axis && v->axes[i] == ir_cycle_of(v->scan_axis)) outer = i;
    }
    if (along < 0) return false;
    int64_t points = size(data, v->scan_axis);
    position[along] += v->reversed ? lag : -lag;
    if (outer >= 0) {
        int64_t cycles = (position[along] - (position[along] < 0 ? points - 1 : 0)) / points; /* rounded down */
        position[along] -= cycles * points;
        position[outer] += cycles;
    }
    bool inside = position[along] >= 0 && position[along] < points;
    if (inside && (outer < 0 || (position[outer] >= 0 && position[outer] < size(data, v->axes[outer])))) return true;
    position[along] = 0;
    if (outer >= 0) position[outer] = 0;
    return false;
}

bool ir_has_axis(const IrVar *v, const IrAxis *axis) {
    for (int i = 0; i < v->axis_count; i++)
        if (v->axes[i] == axis) return true;
    return false;
}

bool ir_in_body(const IrItem *group, const IrVar *v) {
    for (int i = 0; group && i < group->body_count; i++)
        if (group->body[i]->var == v) return true;
    return false;
}

bool ir_is_time(const IrVar *v, const IrAxis *axis) {
    if (axis->kind == AXIS_STEP) return true;
    for (int i = 0; i < v->axis_count; i++)
        if (ir_cycle_of(v->axes[i]) == axis) return true;
    return false;
}

static void reach_ref(void *reached, IrExpr *ref) {
    ir_reach(reached, ref->var);
}

void ir_reach(bool *reached, const IrVar *v) {
    if (reached[v->id]) return;
    reached[v->id] = true;
    ir_each_read(v, reach_ref, reached);
}

bool ir_apply(IrOp op, const double *a, double *value) {
    switch (op) {
    case IR_NEG: *value = -a[0]; return true;
    case IR_ADD: *value = a[0] + a[1]; return true;
    case IR_SUB: *value = a[0] - a[1]; return true;
    case IR_MUL: *value = a[0] * a[1]; return true;
    case IR_DIV: *value = a[0] / a[1]; return true;
    case IR_POW: *value = pow(a[0], a[1]); return true;
    case IR_MIN: *value = fmin(a[0], a[1]); return true;
    case IR_MAX: *value = fmax(a[0], a[1]); return true;
    case IR_ABS: *value = fabs(a[0]); return true;
    case IR_SQRT: *value = sqrt(a[0]); return true;
    case IR_EXP: *value = exp(a[0]); return true;
    case IR_LOG: *value = log(a[0]); return true;
    case IR_SIN: *value = sin(a[0]); return true;
    case IR_COS: *value = cos(a[0]); return true;
    case IR_TANH: *value = tanh(a[0]); return true;
    case IR_RELU: *value = fmax(a[0], 0); return true;
    case IR_SIGMOID: *value = 1 / (1 + exp(-a[0])); return true;
    case IR_ERF: *value = erf(a[0]); return true;
    case IR_GELU: *value = 0.5 * a[0] * erfc(-a[0] * M_SQRT1_2); return true;
    case IR_LT: *value = a[0] < a[1]; return true;
    case IR_LE: *value = a[0] <= a[1]; return true;
    case IR_EQ: *value = a[0] == a[1]; return true;
    case IR_SELECT: *value = a[0] != 0 ? a[1] : a[2]; return true;
    default: return false;
    }
}

bool ir_number(const IrExpr *e, double *value) {
    double a[3];
    *value = e->value;
    if (e->op == IR_LIT) return true;
    if (e->op == IR_SIZE && e->axis->root->kind == AXIS_CONST) return *value = (double)e->axis->root->size, true;
    if (e->argc < 1 || e->argc > 3 || e->bound_count) return false;
    for (int i = 0; i < e->argc; i++)
        if (!ir_number(e->arg[i], &a[i])) return false;
    return ir_apply(e->op, a, value);
}

double ir_density(const IrVar *v) {
    static const double SOME = 0.1; /* of a list that is not there */
    if (v->kind != VAR_WEIGHT) return 1;
    if (v->draw == INIT_LIST) return v->draw_a > 0 ? v->draw_a : SOME;
    if (v->tensor) return 1;
    if (v->draw == INIT_BERNOULLI) return v->draw_a;
    return v->draw == INIT_CHOOSE && v->draw_b > 0 ? v->draw_a / v->draw_b : 1;
}

const char *const ir_draw_name[INIT_KIND_COUNT] = {
    [INIT_NORMAL] = "normal",     [INIT_UNIFORM] = "uniform",     [INIT_XAVIER] = "xavier",
    [INIT_CONSTANT] = "constant", [INIT_BERNOULLI] = "bernoulli", [INIT_CHOOSE] = "choose",
    [INIT_LIST] = "list",
};

/* ---- fixed positions -------------------------------------------------------------------------------------------------- */
static void need_of_read(const IrExpr *ref, int64_t *least) {
    for (int i = 0; i < ref->var->axis_count; i++) {
        IrIndex index = ref->index[i];
        int64_t points = index.kind == IX_CONST ? index.offset + 1 : index.kind == IX_LAST ? 1 - index.offset : 1;
        int64_t *own = &least[ref->var->axes[i]->root->id];
        if (points > *own) *own = points;
    }
}

/* A choice by sizes and positions may see to it that there are enough. */
static void need_points(const IrExpr *e, int64_t *least) {
    if (e->op == IR_SELECT && ir_is_known(e->arg[0])) return;
    if (e->op == IR_REF || e->op == IR_PREV) need_of_read(e, least);
    for (int i = 0; i < e->argc; i++) need_points(e->arg[i], least);
}

int64_t *ir_least_sizes(Arena *arena, const IrProgram *p) {
    int64_t *least = ARENA_ARRAY(arena, int64_t, p->axes.count + 1);
    for (int i = 0; i < p->axes.count; i++) least[i] = 1;
    for (int i = 0; i < p->vars.count; i++) {
        if (p->vars.at[i]->def) need_points(p->vars.at[i]->def, least);
        if (p->vars.at[i]->init) need_points(p->vars.at[i]->init, least);
    }
    return least;
}
