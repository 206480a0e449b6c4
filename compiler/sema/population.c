/* Walking bodies: groups, populations, arrows. Layers and anonymous groups are transparent in paths. */
#include <string.h>

#include "sema/internal.h"

enum { WORK_LIMIT = 400000 }; /* statements after expansion */

Name place_path(Sema *s, const Place *place, Name name) {
    return name_printf(s->names, "%s%s%s", place->prefix, name, place->suffix);
}

/* ---- bodies ------------------------------------------------------------------------------------------------------ */
static void declare_type(Sema *s, const Place *place, const AstStmt *stmt, SymbolKind kind) {
    Symbol *symbol = scope_declare(s, place->scope, kind, stmt->name);
    symbol->stmt = stmt;
    symbol->scope = place->scope;
}

static bool not_here(Sema *s, const AstStmt *stmt, const char *where) {
    diag_error(s->diag, E_NOT_HERE, stmt->span, "this statement cannot stand %s", where);
    return false;
}

/* What may stand where: types and `use` in files only, inputs and outputs in the main file only. A turn of a repeat exports copies of its
 * symbols, and a rule's symbol is filled in later: rules stand in templates there. */
static bool allowed(Sema *s, const Place *place, const AstStmt *stmt) {
    switch (stmt->kind) {
    case STMT_USE: case STMT_NEURON: case STMT_SYNAPSE: case STMT_TEMPLATE: case STMT_SPEC:
        return (place->module || (place->top && !*place->suffix)) || not_here(s, stmt, "inside of braces");
    case STMT_STIMULUS: case STMT_LOSS:
        return (place->top && !*place->suffix) || not_here(s, stmt, "inside of braces");
    case STMT_RULE:
        return (!place->module && !*place->suffix) || not_here(s, stmt, place->module ? "in a module; put it into a template" : "in a repeat; put it into a template");
    case STMT_OUTPUT: case STMT_CHECK: case STMT_RECORD:
        return place->top || not_here(s, stmt, place->module ? "in a module, only in a main file" : "inside of braces");
    case STMT_CONST: return true;
    default: return !place->module || not_here(s, stmt, "in a module; put it into a template");
    }
}

/* First what others refer to by name, in order; then the rest. true: done. */
static bool walk_header(Sema *s, const Place *place, const AstStmt *stmt) {
    switch (stmt->kind) {
    case STMT_USE: walk_use(s, place, stmt); return true;
    case STMT_AXIS: walk_axis(s, place, stmt); return true;
    case STMT_CYCLE: walk_cycle(s, place, stmt); return true;
    case STMT_CONST: walk_constant(s, place, stmt); return true;
    case STMT_NEURON: declare_type(s, place, stmt, SYM_NEURON); return true;
    case STMT_SYNAPSE: declare_type(s, place, stmt, SYM_SYNAPSE); return true;
    case STMT_TEMPLATE: declare_type(s, place, stmt, SYM_TEMPLATE); return true;
    case STMT_SPEC: declare_type(s, place, stmt, SYM_SPEC); return true;
    case STMT_STIMULUS: walk_stimulus(s, place, stmt); return true;
    case STMT_WEIGHT: walk_weights(s, place, stmt); return true;
    default: return false;
    }
}

/* An output may have the name of what it shows: `output y = y;`. */
static bool shows_itself(Sema *s, const Place *place, const AstStmt *stmt) {
    const AstExpr *e = stmt->expr;
    return e->kind == EXPR_REF && e->ref.path.count == 1 && e->ref.path.at[0].name.name == stmt->name.name &&
           scope_lookup(s, place->scope, stmt->name.name);
}

static void walk_output(Sema *s, const Place *place, const AstStmt *stmt) {
    Statement kept = {stmt, place};
    vec_push(s->arena, &s->outputs, kept);
    if (shows_itself(s, place, stmt)) return;
    Symbol *symbol = scope_declare(s, place->scope, SYM_SIGNAL, stmt->name);
    symbol->scope = place->scope;
    symbol->expr = stmt->expr;
}

static void walk_rest(Sema *s, const Place *place, const AstStmt *stmt) {
    Statement kept = {stmt, place};
    switch (stmt->kind) {
    case STMT_GROUP: walk_group(s, place, stmt); break;
    case STMT_POPULATION: walk_population(s, place, stmt); break;
    case STMT_PROJECTION: walk_projection(s, place, stmt); break;
    case STMT_BIAS: walk_bias(s, place, stmt); break;
    case STMT_INSTANCE: walk_instance(s, place, stmt); break;
    case STMT_REPEAT: walk_repeat(s, place, stmt); break;
    case STMT_OUTPUT: walk_output(s, place, stmt); break;
    case STMT_RECORD: vec_push(s->arena, &s->outputs, kept); break;
    case STMT_CHECK: vec_push(s->arena, &s->checks, kept); break;
    case STMT_LOSS: case STMT_RULE: case STMT_LEARN: walk_learning(s, place, stmt); break;
    case STMT_NEXT: break; /* read by walk_repeat */
    default:
        if (!refuse_reading(s, stmt)) not_here(s, stmt, "here");
    }
}

/* `const` tables may use specs of the same file, sizes may use constants: types come first of all. */
static bool is_type(const AstStmt *stmt) {
    return stmt->kind == STMT_USE || stmt->kind == STMT_NEURON || stmt->kind == STMT_SYNAPSE ||
           stmt->kind == STMT_TEMPLATE || stmt->kind == STMT_SPEC;
}

void walk_body(Sema *s, const Place *place, const AstStmts *body) {
    bool *done = ARENA_ARRAY(s->arena, bool, body->count);
    for (int i = 0; i < body->count; i++) {
        if (++s->work == WORK_LIMIT)
            diag_error(s->diag, E_REPEAT, body->at[i]->span, "the program has more than %d statements after expansion",
                       WORK_LIMIT);
        if (s->work >= WORK_LIMIT) return;
        done[i] = !allowed(s, place, body->at[i]);
    }
    for (int i = 0; i < body->count; i++)
        if (!done[i] && is_type(body->at[i])) done[i] = walk_header(s, place, body->at[i]);
    for (int i = 0; i < body->count; i++)
        if (!done[i]) done[i] = walk_header(s, place, body->at[i]);
    for (int i = 0; i < body->count; i++)
        if (!done[i]) walk_rest(s, place, body->at[i]);
}

/* ---- groups ------------------------------------------------------------------------------------------------------ */
static int64_t units_of(const CirAxes *axes) {
    int64_t count = 1;
    for (int i = 0; i < axes->count; i++) count *= axes->at[i]->root->size;
    return count;
}

void walk_group(Sema *s, const Place *outer, const AstStmt *stmt) {
    Place *place = ARENA_NEW(s->arena, Place);
    *place = *outer;
    place->top = false;
    place->enclosing = (CirAxes){0};
    for (int i = 0; i < outer->enclosing.count; i++) vec_push(s->arena, &place->enclosing, outer->enclosing.at[i]);
    CirAxes own = {0};
    axes_of(s, outer->scope, &stmt->decl.axes, &own);
    for (int i = 0; i < own.count; i++) axes_push(s, &place->enclosing, own.at[i]);
    Name name = stmt->decl.name.name;
    if (stmt->group == GROUP_LAYER) place->layer = name;
    if (!place->region)
        place->region = name ? name : name_of(s->names, stmt->group == GROUP_THALAMUS ? "thalamus" : "cortex");
    if (stmt->group == GROUP_AREA) s->c->areas += units_of(&own);
    if (stmt->group == GROUP_COLUMN) s->c->columns += units_of(&place->enclosing);
    if (name && stmt->group != GROUP_LAYER) {
        Symbol *symbol = scope_declare(s, outer->scope, SYM_GROUP, stmt->decl.name);
        symbol->scope = place->scope = scope_new(s, outer->scope, false);
        place->prefix = arena_printf(s->arena, "%s.", place_path(s, outer, name));
        place->suffix = "";
    }
    walk_body(s, place, &stmt->body);
}

/* ---- populations ------------------------------------------------------------------------------------------------- */
void population_sync(Sema *s, Population *p) {
    CirAxes axes = {0};
    for (int i = 0; i < p->cycles.count; i++) axes_push(s, &axes, p->cycles.at[i]);
    for (int i = 0; i < p->own.count; i++) axes_push(s, &axes, p->own.at[i]);
    p->cir->axes = axes;
    for (int i = 0; i < p->entities.count; i++) p->entities.at[i]->axes = axes;
}

static void population_axes(Sema *s, Population *p, const AstMember *member) {
    CirAxes declared = {0};
    p->bad |= !axes_of(s, p->place->scope, &member->decl.axes, &declared);
    for (int i = 0; i < p->place->enclosing.count; i++) {
        CirAxis *axis = p->place->enclosing.at[i];
        bool cycle = axis->kind == CIR_AXIS_CYCLE;
        axes_push(s, cycle ? &p->cycles : &p->own, axis);
        if (cycle) axes_push(s, &p->written, axis);
    }
    for (int i = 0; i < declared.count; i++) {
        CirAxis *axis = declared.at[i];
        bool cycle = axis->kind == CIR_AXIS_CYCLE;
        if (cir_axes_have(&p->place->enclosing, axis)) {
            Diagnostic *d = diag_error(s->diag, E_AXIS_REPEATED, member->decl.span,
                                       "the braces around `%s` give it the axis `%s` "
                                       "already",
                                       p->cir->path, axis->name);
            diag_help(d, "leave it out here");
            p->bad = true;
        }
        axes_push(s, cycle ? &p->cycles : &p->own, axis);
        if (cycle) axes_push(s, &p->written, axis);
    }
}

static void add_drive(Sema *s, Population *p, const AstMember *member) {
    if (!member->drive) return;
    AstExpr *source = ARENA_NEW(s->arena, AstExpr);
    source->kind = EXPR_REF;
    source->span = member->drive->span;
    source->ref = *member->drive;
    Arrow arrow = {.kind = ARROW_DRIVE, .place = p->place, .source = source, .span = member->drive->span, .population = p};
    vec_push(s->arena, &s->arrows, arrow);
}

static void iterate_option(Sema *s, Population *p, const AstMember *member) {
    if (!member->iterate_count) return;
    ExprEnv env = {.scope = p->place->scope};
    p->cir->iterates = true;
    p->cir->iterate_tolerance = 1e-6;
    if (!const_int(s, p->place->scope, member->iterate_count, &p->cir->iterate_count)) return;
    if (p->cir->iterate_count < 1 || p->cir->iterate_count > 1000000)
        diag_error(s->diag, E_ITERATE, member->iterate_count->span,
                   "the number of iterations must be between 1 and 1000000");
    if (!member->iterate_tolerance) return;
    Value v = expr_value(s, &env, member->iterate_tolerance);
    if (v.bad || (fold_number(v.expr, &p->cir->iterate_tolerance) && p->cir->iterate_tolerance >= 0)) return;
    diag_error(s->diag, E_ITERATE, member->iterate_tolerance->span, "the tolerance must be a number that is not negative");
}

static Population *population_new(Sema *s, const Place *place, const AstStmt *stmt, const AstMember *member) {
    static const char *const roles[] = {"population", "nucleus", "interneuron"};
    Population *p = ARENA_NEW(s->arena, Population);
    p->cir = ARENA_NEW(s->arena, CirPopulation);
    p->member = member;
    p->place = place;
    p->cir->path = place_path(s, place, member->decl.name.name);
    p->cir->role = name_of(s->names, roles[stmt->role]);
    p->cir->layer = place->layer;
    p->cir->region = place->region;
    p->cir->span = member->decl.span;
    p->cir->rate = entity_new(s, ENTITY_RATE, p->cir->path, NULL, member->decl.span);
    p->cir->rate->population = p->cir;
    entity_of(p->cir->rate)->owner = p;
    vec_push(s->arena, &p->entities, p->cir->rate);
    return p;
}

/* `a, b : type` gives the type to all: the nearest one to the right. */
static const AstMember *typed_member(const AstStmt *stmt, int i) {
    while (i < stmt->members.count - 1 && !stmt->members.at[i].type.name) i++;
    return &stmt->members.at[i];
}

void walk_population(Sema *s, const Place *place, const AstStmt *stmt) {
    for (int i = 0; i < stmt->members.count; i++) {
        AstMember *member = arena_copy(s->arena, &stmt->members.at[i], sizeof *member);
        const AstMember *typed = typed_member(stmt, i);
        if (!member->type.name) {
            member->type = typed->type;
            member->args = typed->args;
            member->iterate_count = typed->iterate_count;
            member->iterate_tolerance = typed->iterate_tolerance;
        }
        Population *p = population_new(s, place, stmt, member);
        population_axes(s, p, member);
        Symbol *symbol = scope_declare(s, place->scope, SYM_POPULATION, member->decl.name);
        symbol->population = p;
        if (member->type.name)
            p->type = scope_require(s, place->scope, member->type, KIND(SYM_NEURON), "a neuron type");
        else
            diag_error(s->diag, E_NEURON, member->decl.span, "`%s` has no neuron type", p->cir->path);
        p->bad |= !p->type;
        symbol->poisoned = p->bad;
        p->cir->type = p->type ? p->type->name : name_of(s->names, "?");
        iterate_option(s, p, member);
        if (p->type) cell_declare(s, p);
        population_sync(s, p);
        add_drive(s, p, member);
        s->c->nuclei += stmt->role == ROLE_NUCLEUS;
        vec_push(s->arena, &s->populations, p);
        vec_push(s->arena, &s->c->populations, p->cir);
    }
}

/* ---- arrows ------------------------------------------------------------------------------------------------------ */
static void declare_weight_here(Sema *s, const Place *place, const AstDecl *decl, const AstInit *init, bool dense,
                                bool bias) {
    if (!decl->name.name) return;
    Symbol *known = scope_lookup(s, place->scope, decl->name.name);
    if (known && !dense && known->kind == SYM_ENTITY) {
        if (init->kind != INIT_NONE) weight_init(s, place, known->entity, init);
        return;
    }
    if (dense || (!known && (decl->has_axes || (bias && init->kind != INIT_NONE)))) weight_declare(s, place, decl, init, bias);
}

void walk_projection(Sema *s, const Place *place, const AstStmt *stmt) {
    const AstSynapse *synapse = &stmt->synapse;
    declare_weight_here(s, place, &synapse->weight, &synapse->init, synapse->dense, false);
    declare_weight_here(s, place, &synapse->bias, &synapse->bias_init, false, true);
    for (int i = 0; i < stmt->sources.count; i++) {
        Arrow arrow = {.kind = ARROW_PROJECTION, .place = place, .source = stmt->sources.at[i], .target = &stmt->target,
                       .synapse = synapse, .span = stmt->span};
        if (synapse->bias.name.name && i == 0) arrow.bias = &synapse->bias;
        vec_push(s->arena, &s->arrows, arrow);
    }
}

void walk_bias(Sema *s, const Place *place, const AstStmt *stmt) {
    declare_weight_here(s, place, &stmt->decl, &stmt->init, false, true);
    Arrow arrow = {.kind = ARROW_BIAS, .place = place, .target = &stmt->target, .bias = &stmt->decl, .span = stmt->span};
    vec_push(s->arena, &s->arrows, arrow);
}
