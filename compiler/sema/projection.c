/* Wiring by axis names: shared axes are topographic, source-only axes are summed, target-only axes diverge.
 *
 * Axes are compared as the arrow sees them; what is written into the circuit is renamed once: summed axes to fresh
 * copies, and axes of a target inside of an instance to the instance's own. */
#include "sema/internal.h"

bool resolve_target(Sema *s, Arrow *arrow) {
    if (arrow->kind == ARROW_DRIVE) return !arrow->population->bad;
    Resolved to = resolve_path(s, arrow->place->scope, arrow->target);
    if (!to.symbol) return false;
    if (to.symbol->kind != SYM_POPULATION) {
        Diagnostic *d =
            diag_error(s->diag, E_WRONG_KIND, arrow->target->span, "`%s` is %s, expected a population to send to",
                       to.symbol->name, symbol_kind_text(to.symbol));
        if (to.symbol->span.file) diag_mark(d, to.symbol->span, "declared here");
        return false;
    }
    arrow->population = to.symbol->population;
    arrow->compartment = to.member.name;
    arrow->map = to.map;
    if (!arrow->target->has_indices) return !arrow->population->bad;
    diag_error(s->diag, E_INDEX, arrow->target->span, "a target takes no indices; rename the source's axes instead");
    return false;
}

/* ---- one arrow under construction -------------------------------------------------------------------------------- */
typedef struct Wire {
    Arrow *arrow;
    CirEntity *target;
    CirAxes visible;  /* the target's axes as the arrow sees them */
    Reading source;
    Value weight;     /* expr NULL: 1 */
    Value bias;
    CirRenames names; /* to the circuit's axes */
    CirEntity *links; /* of a sparse projection */
    CirProjection made;
} Wire;

static const char *available(Sema *s, const Population *p) {
    const char *list = "";
    for (int i = 0; i < p->cir->compartments.count; i++)
        list = arena_printf(s->arena, "%s%s%s", list, i ? ", " : "",
                            p->cir->compartments.at[i].entity->path + __builtin_strlen(p->cir->path) + 1);
    return list;
}

static CirEntity *find_target(Sema *s, const Arrow *arrow) {
    const Population *p = arrow->population;
    if (!arrow->compartment && p->cir->compartments.count) return p->cir->compartments.at[0].entity;
    Symbol *symbol = arrow->compartment ? scope_own(p->cell, arrow->compartment) : NULL;
    if (symbol && symbol->kind == SYM_ENTITY && symbol->entity->kind == ENTITY_COMPARTMENT) return symbol->entity;
    if (!p->type) return NULL;
    Span at = arrow->target ? arrow->target->span : arrow->span;
    Diagnostic *d =
        p->cir->compartments.count
            ? diag_error(s->diag, E_COMPARTMENT, at, "`%s` has no compartment `%s`", p->cir->path, arrow->compartment)
            : diag_error(s->diag, E_COMPARTMENT, at, "`%s` has no compartment that could hear this", p->cir->path);
    if (p->cir->compartments.count) diag_note(d, "its compartments are %s", available(s, p));
    diag_mark(d, p->type->stmt->name.span, "neuron type `%s` is declared here", p->type->name);
    Scope alone = *p->cell;
    alone.parent = NULL;
    if (arrow->compartment) scope_suggest(s, d, &alone, arrow->compartment, KIND(SYM_ENTITY));
    return NULL;
}

static bool read_weight(Sema *s, Wire *w) {
    const AstSynapse *synapse = w->arrow->synapse;
    if (!synapse) return true;
    ExprEnv env = {.scope = w->arrow->place->scope};
    if (synapse->weight.name.name) w->weight = weight_value(s, w->arrow->place, &synapse->weight, "weight");
    else if (synapse->expr) w->weight = expr_value(s, &env, synapse->expr);
    return !w->weight.bad && value_is_static(s, &w->weight, "a weight");
}

/* ---- axes -------------------------------------------------------------------------------------------------------- */
static void note_three(Sema *s, Diagnostic *d, const Wire *w) {
    if (w->source.entity) diag_note(d, "source %s", cir_axes_text(s->arena, &w->source.order));
    if (w->weight.expr) diag_note(d, "weight %s", cir_axes_text(s->arena, &w->weight.axes));
    diag_note(d, "target %s", cir_axes_text(s->arena, &w->visible));
}

static bool weight_axes_ok(Sema *s, const Wire *w) {
    for (int i = 0; i < w->weight.axes.count; i++) {
        CirAxis *axis = w->weight.axes.at[i];
        if (cir_axes_have(&w->source.order, axis) || cir_axes_have(&w->visible, axis)) continue;
        Diagnostic *d = diag_error(s->diag, E_WEIGHT_AXIS, w->weight.span,
                                   "axis `%s` of the weight occurs neither in the source nor in the target", axis->name);
        note_three(s, d, w);
        diag_mark(d, w->arrow->population->cir->span, "the target is declared here");
        if (w->source.entity->span.file) diag_mark(d, w->source.entity->span, "the source is declared here");
        return false;
    }
    return true;
}

static bool bias_axes_ok(Sema *s, const Wire *w) {
    for (int i = 0; i < w->bias.axes.count; i++) {
        CirAxis *axis = w->bias.axes.at[i];
        if (cir_axes_have(&w->visible, axis)) continue;
        Diagnostic *d = diag_error(s->diag, E_BIAS_AXES, w->bias.span, "axis `%s` of the bias does not occur in the target",
                                   axis->name);
        diag_note(d, "bias   %s", cir_axes_text(s->arena, &w->bias.axes));
        diag_note(d, "target %s", cir_axes_text(s->arena, &w->visible));
        diag_mark(d, w->arrow->population->cir->span, "the target is declared here");
        return false;
    }
    return true;
}

/* `<-` : the same axes, cycle axes and the braces around the population apart. */
static bool drive_axes_ok(Sema *s, const Wire *w) {
    const CirAxes *around = &w->arrow->place->enclosing;
    CirAxes source = {0}, own = {0};
    for (int i = 0; i < w->source.order.count; i++) {
        CirAxis *axis = w->source.order.at[i];
        if (axis->kind != CIR_AXIS_CYCLE && !cir_axes_have(around, axis)) axes_push(s, &source, axis);
    }
    for (int i = 0; i < w->visible.count; i++) {
        CirAxis *axis = w->visible.at[i];
        if (axis->kind != CIR_AXIS_CYCLE && !cir_axes_have(around, axis)) axes_push(s, &own, axis);
    }
    if (cir_axes_same_set(&source, &own)) return true;
    Diagnostic *d = diag_error(s->diag, E_DRIVE_AXES, w->arrow->span, "a drive has exactly the axes of what it drives");
    diag_note(d, "drive  %s", cir_axes_text(s->arena, &source));
    diag_note(d, "target %s", cir_axes_text(s->arena, &own));
    diag_mark(d, w->arrow->population->cir->span, "declared here");
    diag_help(d, "a projection `source -> target : weight;` sums and diverges");
    return false;
}

static bool cycle_not_summed(Sema *s, const Wire *w, const CirAxis *axis) {
    if (axis->kind != CIR_AXIS_CYCLE) return true;
    diag_error(s->diag, E_TWO_CYCLES, w->arrow->span, "cycle axis `%s` would be summed over; a cycle axis never is",
               axis->name);
    return false;
}

static bool converge(Sema *s, Wire *w) {
    for (int i = 0; i < w->source.order.count; i++) {
        CirAxis *axis = w->source.order.at[i];
        if (cir_axes_have(&w->visible, axis)) continue;
        if (!cycle_not_summed(s, w, axis)) return false;
        CirAxis *fresh = axis_copy(s, axis);
        vec_push(s->arena, &w->made.convergent, fresh);
        renames_push(s, &w->names, axis, fresh);
    }
    const CirRenames *map = &w->arrow->map;
    for (int i = 0; i < map->count; i++)
        if (cir_axes_have(&w->visible, map->at[i].to) && cir_axes_have(&w->target->axes, map->at[i].from))
            renames_push(s, &w->names, map->at[i].to, map->at[i].from);
    return true;
}

static CirAxes summed(Sema *s, const Wire *w) {
    CirAxes axes = {0};
    for (int i = 0; i < w->source.order.count; i++)
        if (!cir_axes_have(&w->visible, w->source.order.at[i])) axes_push(s, &axes, w->source.order.at[i]);
    return axes;
}

static bool wire_sparse(Sema *s, Wire *w) {
    if (!w->arrow->synapse || !w->arrow->synapse->sparse) return true;
    CirAxes convergent = summed(s, w);
    w->links = sparse_links(s, w->arrow, w->target, &w->source, &w->weight.axes, &convergent, &w->visible);
    return w->links != NULL;
}

static void set_fans(const Wire *w) {
    const CirExpr *e = w->weight.expr;
    if (!e || e->op != CIR_REF || e->entity->kind != ENTITY_WEIGHT || entity_of(e->entity)->fan_in > 0) return;
    double in = w->links ? cir_share(w->links) : 1, out = in;
    for (int i = 0; i < w->weight.axes.count; i++) {
        const CirAxis *axis = w->weight.axes.at[i];
        if (!cir_axes_have(&w->visible, axis)) in *= (double)axis->root->size;
        if (!cir_axes_have(&w->source.order, axis)) out *= (double)axis->root->size;
    }
    entity_of(e->entity)->fan_in = in;
    entity_of(e->entity)->fan_out = out;
}

/* ---- guard, units ------------------------------------------------------------------------------------------------ */
static bool wire_guard(Sema *s, Wire *w) {
    const AstSynapse *synapse = w->arrow->synapse;
    if (!synapse || !synapse->guard) return true;
    ExprEnv env = {.scope = w->arrow->place->scope, .bound = w->names};
    CirAxes used = {0};
    if (!guard_build(s, &env, synapse->guard, &w->made.guard, &used)) return false;
    for (int i = 0; i < used.count; i++) {
        if (cir_axes_have(&w->made.convergent, used.at[i]) || cir_axes_have(&w->target->axes, used.at[i])) continue;
        Diagnostic *d = diag_error(s->diag, E_GUARD, synapse->guard->span,
                                   "axis `%s` occurs neither in the source nor in the target", used.at[i]->name);
        note_three(s, d, w);
        return false;
    }
    return true;
}

/* What arrives at a compartment has one dimension; the first arrow decides it. */
static bool agree_dimension(Sema *s, const Wire *w, Dim dim, Span at) {
    Entity *target = entity_of(w->target);
    if (target->dim.any) target->dim = dim;
    return dim_require(s, target->dim, dim, at, arena_printf(s->arena, "what arrives at `%s`", w->target->path));
}

/* Data in a declared unit enters in base units: the factor goes into the weight. */
static CirExpr *scaled_weight(Sema *s, const Wire *w, CirExpr *weight) {
    int exponent = w->source.entity->kind == ENTITY_STIMULUS ? entity_of(w->source.entity)->exponent : 0;
    if (!exponent) return weight;
    CirExpr *factor = cir_number(s->c, decimal_scaled(s->arena, "1", exponent), __builtin_pow(10, exponent), w->arrow->span);
    return weight ? cir_op2(s->c, CIR_MUL, w->arrow->span, factor, weight) : factor;
}

static bool wire_drawn_delay(Sema *s, Wire *w, const ExprEnv *env, const AstExpr *delay) {
    CirAxes pairs = pair_targets(s, &w->source.order, &w->weight.axes, &w->visible), convergent = summed(s, w);
    for (int i = 0; i < convergent.count; i++) axes_push(s, &pairs, convergent.at[i]);
    Name name = name_printf(s->names, "%s.delay.%s", w->target->path, w->source.entity->path);
    w->made.delay = delay_drawn(s, env, delay, &pairs, name, &w->names);
    return w->made.delay != NULL;
}

/* Heard so much later: the source as it was. What was a cycle ago is latched and no signal in time. */
static bool wire_delay(Sema *s, Wire *w) {
    const AstExpr *delay = w->arrow->synapse ? w->arrow->synapse->delay : NULL;
    if (!delay) return true;
    if (w->source.op == CIR_PREVIOUS) {
        Diagnostic *d = diag_error(s->diag, E_DELAY, delay->span, "a source is heard one cycle ago or with a delay, not both");
        diag_mark(d, w->source.span, "one cycle ago");
        diag_help(d, "leave out one of the two, or put a relay between them");
        return false;
    }
    ExprEnv env = {.scope = w->arrow->place->scope};
    if (w->arrow->synapse->delay_drawn) return wire_drawn_delay(s, w, &env, delay);
    CirAxes axes = {0};
    for (int i = 0; i < w->source.order.count; i++) axes_push(s, &axes, w->source.order.at[i]);
    for (int i = 0; i < w->visible.count; i++) axes_push(s, &axes, w->visible.at[i]);
    w->made.delay = delay_of(s, &env, delay, &axes, &w->names);
    return w->made.delay != NULL;
}

static CirExpr *linked_weight(Sema *s, const Wire *w) {
    CirExpr *links = cir_rename(s->c, cir_ref(s->c, CIR_REF, w->links->span, w->links, NULL), &w->names);
    return w->made.weight ? cir_op2(s->c, CIR_MUL, w->arrow->span, links, w->made.weight) : links;
}

/* ---- all together ------------------------------------------------------------------------------------------------ */
static bool wire_source(Sema *s, Wire *w) {
    ExprEnv env = {.scope = w->arrow->place->scope};
    w->source = read_source(s, &env, w->arrow->source);
    if (w->source.bad || !read_weight(s, w)) return false;
    if (w->arrow->kind == ARROW_DRIVE && !drive_axes_ok(s, w)) return false;
    if (!weight_axes_ok(s, w) || !converge(s, w) || !wire_guard(s, w) || !wire_delay(s, w) || !wire_sparse(s, w))
        return false;
    Dim dim = entity_of(w->source.entity)->dim;
    CirExpr *source;
    if (w->arrow->synapse && w->arrow->synapse->model.name) {
        source = synapse_signal(s, w->arrow, w->source, &w->visible, &dim);
        if (!source) return false;
    } else {
        source = cir_ref(s->c, w->source.op, w->source.span, w->source.entity, w->source.index);
    }
    if (w->weight.expr) dim = dim_combine(dim, w->weight.dim, 1);
    if (!agree_dimension(s, w, dim, w->arrow->span)) return false;
    set_fans(w);
    w->made.source = cir_rename(s->c, source, &w->names);
    w->made.weight = scaled_weight(s, w, w->weight.expr ? cir_rename(s->c, w->weight.expr, &w->names) : NULL);
    if (w->links) w->made.weight = linked_weight(s, w);
    return true;
}

static bool wire_bias(Sema *s, Wire *w) {
    if (!w->arrow->bias) return true;
    w->bias = weight_value(s, w->arrow->place, w->arrow->bias, "bias");
    if (w->bias.bad || !bias_axes_ok(s, w) || !agree_dimension(s, w, w->bias.dim, w->bias.span)) return false;
    w->made.bias = cir_rename(s->c, w->bias.expr, &w->names);
    return true;
}

void arrow_wire(Sema *s, Arrow *arrow) {
    if (arrow->bad || arrow->population->bad) return;
    Wire w = {.arrow = arrow, .target = find_target(s, arrow)};
    if (!w.target) {
        arrow->population->bad = true;
        return;
    }
    entity_of(w.target)->targeted = true; /* a failed arrow is reported once, not again as a missing one */
    for (int i = 0; i < w.target->axes.count; i++)
        vec_push(s->arena, &w.visible, cir_renamed(&arrow->map, w.target->axes.at[i]));
    if ((arrow->source && !wire_source(s, &w)) || !wire_bias(s, &w)) return;
    w.made.target = w.target;
    w.made.span = arrow->span;
    CirProjection *made = arena_copy(s->arena, &w.made, sizeof w.made);
    vec_push(s->arena, &s->c->projections, made);
}
