/* The circuit's entities, compartments and equations as variables and items. build_expr.c translates expressions. */
#include "ir/build.h"

#include "ir/build_internal.h"

/* ---- variables --------------------------------------------------------------------------------------------------- */
static IrAxis *const *axes_of(Build *b, const CirAxes *axes) {
    IrAxis **list = ARENA_ARRAY(b->p->arena, IrAxis *, axes->count);
    for (int i = 0; i < axes->count; i++) list[i] = build_axis(b, axes->at[i]);
    return list;
}

static IrVar *variable(Build *b, CirEntity *entity, IrVarKind kind, const char *origin_kind) {
    IrVar *v = ir_var_new(b->p, kind, build_name(b, entity->path), entity->axes.count, axes_of(b, &entity->axes));
    v->origin = entity->path;
    v->origin_kind = name_of(b->p->names, origin_kind);
    v->span = entity->span;
    v->unit = entity->unit;
    entity->lowered = v;
    return v;
}

static void stimuli(Build *b, const Circuit *c) {
    for (int i = 0; i < c->stimuli.count; i++) variable(b, c->stimuli.at[i], VAR_STIMULUS, "stimulus");
}

static const IrInitKind draws[] = {
    [DRAW_NONE] = INIT_UNBOUND, [DRAW_NORMAL] = INIT_NORMAL,     [DRAW_UNIFORM] = INIT_UNIFORM,
    [DRAW_XAVIER] = INIT_XAVIER, [DRAW_CONSTANT] = INIT_CONSTANT,
    [DRAW_BERNOULLI] = INIT_BERNOULLI, [DRAW_CHOOSE] = INIT_CHOOSE, [DRAW_LIST] = INIT_LIST,
};

/* Tied weights are one tensor: one variable. */
static void weights(Build *b, const Circuit *c) {
    for (int i = 0; i < c->weights.count; i++) {
        CirEntity *entity = c->weights.at[i];
        if (entity->tied) continue;
        IrVar *v = variable(b, entity, VAR_WEIGHT, "weight");
        v->tensor = entity->tensor;
        v->draw = draws[entity->draw];
        v->draw_a = entity->draw_a;
        v->draw_b = entity->draw_b;
        v->literal = entity->literal;
    }
}

static void noises(Build *b, const Circuit *c) {
    for (int i = 0; i < c->populations.count; i++)
        for (int j = 0; j < c->populations.at[i]->noises.count; j++)
            variable(b, c->populations.at[i]->noises.at[j], VAR_NOISE, "noise");
}

static IrItem *item(Build *b, IrItemKind kind, IrVar *v) {
    IrItem *made = ir_item_new(b->p, kind);
    made->var = v;
    vec_push(b->p->arena, &b->p->items, made);
    return made;
}

static IrItemKind item_kind(IrVarKind kind) {
    return kind == VAR_ODE ? ITEM_ODE : kind == VAR_STATE ? ITEM_STATE : ITEM_ALG;
}

/* ---- cells ------------------------------------------------------------------------------------------------------- */
static bool has_derivative(const CirEquation *equations, int count, const CirEntity *entity) {
    for (int i = 0; i < count; i++)
        if (equations[i].variable == entity && equations[i].derivative) return true;
    return false;
}

static void declare_cell(Build *b, const CirPopulation *p) {
    for (int i = 0; i < p->compartments.count; i++) variable(b, p->compartments.at[i].entity, VAR_ALG, "compartment");
    for (int i = 0; i < p->equations.count; i++) {
        CirEntity *entity = p->equations.at[i].variable;
        if (entity->lowered) continue;
        bool ode = has_derivative(p->equations.at, p->equations.count, entity);
        IrVarKind kind = ode ? VAR_ODE : entity->kind == ENTITY_STATE ? VAR_STATE : VAR_ALG;
        const char *part = entity->kind == ENTITY_STATE ? "state" : "variable";
        IrVar *v = variable(b, entity, kind, entity == p->rate ? "population" : part);
        if (entity == p->rate) v->span = p->span;
        if (ode) v->method = p->method;
        v->iterate_count = p->iterates ? p->iterate_count : 0;
        v->iterate_tolerance = p->iterate_tolerance;
    }
}

/* The cycle axis along which previous() of the entity looks back: its own first one. */
static IrAxis *cycle_axis(const IrVar *v) {
    for (int i = 0; i < v->axis_count; i++)
        if (v->axes[i]->kind == AXIS_CYCLE) return v->axes[i];
    return NULL;
}

static void initial(Build *b, CirEntity *entity, CirExpr *init) {
    IrVar *v = entity->lowered;
    if (!v) return;
    v->init = init ? build_expr(b, init) : ir_lit(b->p, 0);
    v->scan_axis = cycle_axis(v);
}

static void equations(Build *b, const CirEquation *list, int count) {
    for (int i = 0; i < count; i++) {
        IrVar *v = list[i].variable->lowered;
        v->def = build_expr(b, list[i].value);
        if (list[i].coefficient) v->coefficient = build_expr(b, list[i].coefficient);
        item(b, item_kind(v->kind), v);
    }
}

/* ---- compartments ------------------------------------------------------------------------------------------------ */
/* A stimulus has no past of its own: what is heard late of it is a quantity of the circuit, with an axis for each that is read. */
static IrExpr *heard(Build *b, const CirEntity *target, IrExpr *source) {
    const IrVar *x = source->var;
    if (source->op != IR_REF || x->kind != VAR_STIMULUS) return source;
    IrAxis *axes[x->axis_count + 1];
    IrIndex inside[x->axis_count + 1], outside[x->axis_count + 1];
    int count = 0;
    for (int i = 0; i < x->axis_count; i++) {
        inside[i] = source->index[i];
        if (inside[i].kind != IX_AXIS) continue;
        if (inside[i].axis->kind != AXIS_CYCLE) inside[i].axis = x->axes[i];
        axes[count] = inside[i].axis;
        outside[count] = source->index[i];
        outside[count++].offset = 0;
    }
    Name name = name_printf(b->p->names, "%s.heard.%s", build_name(b, target->path), x->name);
    for (int i = 2; ir_find_var(b->p, name); i++) name = name_printf(b->p->names, "%s.heard.%s.%d", build_name(b, target->path), x->name, i);
    IrVar *v = ir_alg(b->p, name, count, axes, ir_ref(b->p, (IrVar *)x, inside));
    v->origin = name;
    v->origin_kind = name_of(b->p->names, "compartment");
    v->span = source->span;
    return ir_ref(b->p, v, outside);
}

/* sum(convergent where guard) weight * source; a guard over the target's own axes alone selects. */
static IrExpr *synaptic_input(Build *b, const CirProjection *projection) {
    IrExpr *value = build_expr(b, projection->source);
    if (projection->delay) {
        IrExpr *arg[] = {heard(b, projection->target, value), build_expr(b, projection->delay)};
        value = ir_node(b->p, IR_DELAY, 2, arg);
        value->span = projection->span;
    }
    if (projection->weight) value = ir_op2(b->p, IR_MUL, build_expr(b, projection->weight), value);
    if (projection->convergent.count)
        value = ir_reduce(b->p, IR_SUM, projection->convergent.count, axes_of(b, &projection->convergent),
                          build_guard(b, &projection->guard), value);
    else
        value = build_select(b, &projection->guard, value);
    value->span = projection->span;
    return value;
}

static IrExpr *plus(Build *b, IrExpr *sum, IrExpr *term) {
    return sum ? ir_op2(b->p, IR_ADD, sum, term) : term;
}

static void compartment(Build *b, const Circuit *c, const CirCompartment *compartment) {
    IrExpr *sum = NULL;
    for (int i = 0; i < c->projections.count; i++) {
        const CirProjection *projection = c->projections.at[i];
        if (projection->target != compartment->entity) continue;
        if (projection->source) sum = plus(b, sum, synaptic_input(b, projection));
        if (projection->bias) sum = plus(b, sum, build_expr(b, projection->bias));
    }
    if (!sum && compartment->otherwise) sum = build_expr(b, compartment->otherwise);
    IrVar *v = compartment->entity->lowered;
    v->def = sum ? sum : ir_lit(b->p, 0); /* sema has reported a compartment without input and without a value of its own */
    item(b, ITEM_ALG, v);
}

static void cells(Build *b, const Circuit *c) {
    for (int i = 0; i < c->populations.count; i++) {
        const CirPopulation *p = c->populations.at[i];
        for (int j = 0; j < p->compartments.count; j++) compartment(b, c, &p->compartments.at[j]);
        for (int j = 0; j < p->states.count; j++) initial(b, p->states.at[j].variable, p->states.at[j].init);
        equations(b, p->equations.at, p->equations.count);
    }
}

/* ---- synapses with their own state, specs, ends ------------------------------------------------------------------ */
static void declare_synapse(Build *b, const CirSynapse *synapse) {
    for (int i = 0; i < synapse->equations.count; i++) {
        CirEntity *entity = synapse->equations.at[i].variable;
        if (!entity->lowered) variable(b, entity, entity->kind == ENTITY_STATE ? VAR_STATE : VAR_ALG, "synapse");
    }
}

static void synapse_equations(Build *b, const CirSynapse *synapse) {
    for (int i = 0; i < synapse->states.count; i++) initial(b, synapse->states.at[i].variable, synapse->states.at[i].init);
    equations(b, synapse->equations.at, synapse->equations.count);
}

static void declare_all(Build *b, const Circuit *c) {
    stimuli(b, c);
    weights(b, c);
    noises(b, c);
    for (int i = 0; i < c->consts.count; i++) variable(b, c->consts.at[i], VAR_ALG, "constant");
    for (int i = 0; i < c->populations.count; i++) declare_cell(b, c->populations.at[i]);
    for (int i = 0; i < c->synapses.count; i++) declare_synapse(b, c->synapses.at[i]);
    for (int i = 0; i < c->learns.count; i++)
        if (c->learns.at[i].online) variable(b, c->learns.at[i].online, VAR_STATE, "synapse");
    for (int i = 0; i < c->specs.count; i++) variable(b, c->specs.at[i], VAR_ALG, "spec");
}

static void valued(Build *b, CirEntity *const *entities, int count) {
    for (int i = 0; i < count; i++) {
        IrVar *v = entities[i]->lowered;
        v->def = build_expr(b, entities[i]->value);
        item(b, ITEM_ALG, v);
    }
}

static bool is_output(const IrProgram *p, const IrVar *v) {
    for (int i = 0; i < p->outputs.count; i++)
        if (p->outputs.at[i].var == v) return true;
    return false;
}

/* What is printed or compared is an equation of its own, never an input, and printed once. */
static IrVar *materialised(Build *b, CirEntity *entity, Name name, bool printed) {
    IrVar *v = build_variable(entity);
    bool input = ir_is_input(v);
    if (!input && !(printed && is_output(b->p, v))) return v;
    IrVar *copy = ir_alg(b->p, build_name(b, name), v->axis_count, v->axes, ir_ref(b->p, v, NULL));
    copy->unit = v->unit;
    copy->span = v->span;
    return copy;
}

static void ends(Build *b, const Circuit *c) {
    for (int i = 0; i < c->outputs.count; i++) {
        const CirOutput *output = &c->outputs.at[i];
        IrOutput made = {.name = output->name, .var = materialised(b, output->entity, output->name, true), .recorded = output->recorded,
                         .span = output->span};
        if (made.recorded && !made.var->origin_kind) made.var->origin_kind = name_of(b->p->names, "variable"); /* a copy: it goes along with the cells */
        vec_push(b->p->arena, &b->p->outputs, made);
    }
    for (int i = 0; i < c->checks.count; i++) {
        const CirCheck *check = &c->checks.at[i];
        IrVar *left = materialised(b, check->left, check->name, false);
        IrVar *right = materialised(b, check->right, check->name, false);
        IrCheck made = {.name = check->name, .left = left, .right = right, .within = check->within, .factor = check->factor,
                        .factor_on = check->factor_on, .span = check->span};
        vec_push(b->p->arena, &b->p->checks, made);
    }
}

IrProgram *ir_build(Arena *arena, Names *names, Diagnostics *diagnostics, const Circuit *circuit) {
    Build *b = ARENA_NEW(arena, Build);
    b->p = ir_program_new(arena, names, LEVEL_SYSTEM);
    b->p->name = circuit->name;
    for (int i = 0; i < circuit->weights.count; i++) build_same_axes(b, circuit->weights.at[i]);
    for (int i = 0; i < circuit->axes.count; i++) build_axis(b, circuit->axes.at[i]);
    declare_all(b, circuit);
    valued(b, circuit->consts.at, circuit->consts.count);
    cells(b, circuit);
    for (int i = 0; i < circuit->synapses.count; i++) synapse_equations(b, circuit->synapses.at[i]);
    valued(b, circuit->specs.at, circuit->specs.count);
    ends(b, circuit);
    build_learning(b, circuit, diagnostics);
    return b->p;
}
