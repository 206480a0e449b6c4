/* Cells: a neuron type instantiated for a population. Its compartments, states, rate and variables become entities over the
 * population's axes; its equations are elaborated once those axes and the inputs' dimensions are known. */
#include <string.h>

#include "sema/internal.h"

/* ---- members ----------------------------------------------------------------------------------------------------- */
static CirEntity *member_new(Sema *s, Population *p, CirEntityKind kind, AstName name) {
    Symbol *known = scope_own(p->cell, name.name);
    if (known) {
        Diagnostic *d =
            diag_error(s->diag, E_DUPLICATE, name.span, "`%s` is declared already in this neuron type", name.name);
        diag_mark(d, known->span, "first declared here");
        return known->kind == SYM_ENTITY ? known->entity : NULL;
    }
    CirEntity *entity = entity_new(s, kind, name_printf(s->names, "%s.%s", p->cir->path, name.name), NULL, name.span);
    entity->population = p->cir;
    entity_of(entity)->owner = p;
    entity_of(entity)->dim = kind == ENTITY_STATE ? dim_none() : dim_any();
    scope_add(s, p->cell, SYM_ENTITY, name.name, name.span)->entity = entity;
    vec_push(s->arena, &p->entities, entity);
    return entity;
}

static void declare_compartments(Sema *s, Population *p, const AstStmt *stmt) {
    for (int i = 0; i < stmt->members.count; i++) {
        CirEntity *entity = member_new(s, p, ENTITY_COMPARTMENT, stmt->members.at[i].decl.name);
        CirCompartment compartment = {entity, NULL};
        if (entity && stmt->members.at[i].decl.unit) entity_of(entity)->dim = unit_of(s, stmt->members.at[i].decl.unit).dim;
        if (entity) vec_push(s->arena, &p->cir->compartments, compartment);
    }
}

static void declare_rate(Sema *s, Population *p, const AstStmt *stmt) {
    if (scope_own(p->cell, stmt->name.name)) {
        diag_error(s->diag, E_DUPLICATE, stmt->name.span, "`%s` is declared already in this neuron type", stmt->name.name);
        return;
    }
    scope_add(s, p->cell, SYM_ENTITY, stmt->name.name, stmt->name.span)->entity = p->cir->rate;
    if (!stmt->decl.unit) return; /* dimensionless; with a unit the rate is kept, and printed, in base units */
    Unit unit = unit_of(s, stmt->decl.unit);
    entity_of(p->cir->rate)->dim = unit.dim;
    const char *text = unit.exponent ? dim_text(s->arena, unit.dim) : unit_text(s->arena, stmt->decl.unit);
    p->cir->rate->unit = name_of(s->names, text);
}

/* `noise xi, eta;`: one independent process for each cell, in 1/sqrt(s), so that its integral over a time t is in sqrt(s). */
static void declare_noises(Sema *s, Population *p, const AstStmt *stmt) {
    for (int i = 0; i < stmt->path.count; i++) {
        CirEntity *entity = member_new(s, p, ENTITY_NOISE, stmt->path.at[i]);
        if (!entity) continue;
        dim_raise(dim_second(), -1, &entity_of(entity)->dim);
        entity_of(entity)->defined = true;
        vec_push(s->arena, &p->cir->noises, entity);
    }
}

static void declare_method(Sema *s, Population *p, const AstStmt *stmt) {
    if (p->cir->method) {
        Diagnostic *d = diag_error(s->diag, E_METHOD, stmt->span, "a neuron type has one method");
        diag_mark(d, p->cir->method_span, "another one");
        return;
    }
    p->cir->method = stmt->name.name;
    p->cir->method_span = stmt->name.span;
}

/* The variable of an equation and, for a derivative, the factors before it. */
typedef struct Left {
    const AstRef *ref;
    bool derivative;
    const AstExpr *times, *over; /* coefficient = times / over */
} Left;

static bool left_side(const AstExpr *e, Left *left) {
    if (e->kind == EXPR_REF || e->kind == EXPR_DERIVATIVE) {
        left->ref = &e->ref;
        left->derivative = e->kind == EXPR_DERIVATIVE;
        return e->ref.path.count == 1 && !e->ref.has_indices;
    }
    if (e->kind != EXPR_BINARY) return false;
    const AstExpr *a = e->args.at[0], *b = e->args.at[1];
    if (e->op == OP_MUL && b->kind == EXPR_DERIVATIVE) left->times = a;
    else if (e->op == OP_MUL && a->kind == EXPR_DERIVATIVE) left->times = b;
    else if (e->op == OP_DIV && a->kind == EXPR_DERIVATIVE) left->over = b;
    else return false;
    left->derivative = true;
    left->ref = a->kind == EXPR_DERIVATIVE && left->times != a ? &a->ref : &b->ref;
    return left->ref->path.count == 1 && !left->ref->has_indices;
}

/* An equation for a name that is not declared makes a further variable of the cell. */
static void declare_variable(Sema *s, Population *p, const AstStmt *stmt) {
    Left left = {0};
    if (!left_side(stmt->left, &left)) return;
    AstName name = left.ref->path.at[0].name;
    if (!scope_own(p->cell, name.name)) member_new(s, p, ENTITY_VARIABLE, name);
    Symbol *symbol = scope_own(p->cell, name.name);
    if (left.derivative && symbol && symbol->kind == SYM_ENTITY) entity_of(symbol->entity)->flows = true;
}

/* `rate r = m` or `r = m` with a state m: previous(population) is previous(m), which starts where m starts. */
static void find_rate_state(Sema *s, Population *p, const AstStmt *stmt) {
    const AstExpr *e = stmt->expr;
    if (!e || e->kind != EXPR_REF || e->ref.path.count != 1 || e->ref.has_indices) return;
    Left left = {0};
    Name name = stmt->name.name;
    if (stmt->kind == STMT_EQUATION) {
        if (!left_side(stmt->left, &left) || left.derivative) return;
        name = left.ref->path.at[0].name.name;
    }
    Symbol *rate = scope_own(p->cell, name), *state = scope_own(p->cell, e->ref.path.at[0].name.name);
    (void)s;
    if (rate && state && rate->kind == SYM_ENTITY && rate->entity == p->cir->rate && state->kind == SYM_ENTITY &&
        state->entity->kind == ENTITY_STATE)
        p->rate_state = state->entity;
}

static void refused(Sema *s, Population *p, const AstStmt *stmt) {
    p->bad = true;
    if (refuse_reading(s, stmt)) return;
    diag_error(s->diag, E_NOT_HERE, stmt->span, "this statement cannot stand in a neuron type");
}

void cell_declare(Sema *s, Population *p) {
    const AstStmt *neuron = p->type->stmt;
    p->cell = scope_new(s, p->type->scope, true);
    bool rate = false;
    for (int i = 0; i < neuron->body.count; i++) {
        const AstStmt *stmt = neuron->body.at[i];
        switch (stmt->kind) {
        case STMT_COMPARTMENT: declare_compartments(s, p, stmt); break;
        case STMT_STATE: member_new(s, p, ENTITY_STATE, stmt->name); break;
        case STMT_RATE:
            if (rate) diag_error(s->diag, E_NEURON, stmt->span, "a neuron type has one rate");
            else declare_rate(s, p, stmt);
            rate = true;
            break;
        case STMT_NOISE: declare_noises(s, p, stmt); break;
        case STMT_METHOD: declare_method(s, p, stmt); break;
        case STMT_PARAMETER: case STMT_EQUATION: case STMT_ITERATE: break;
        default: refused(s, p, stmt);
        }
    }
    for (int i = 0; i < neuron->body.count; i++) {
        const AstStmt *stmt = neuron->body.at[i];
        if (stmt->kind == STMT_PARAMETER)
            scope_add(s, p->cell, SYM_VALUE, stmt->name.name, stmt->name.span)->poisoned = true;
        if (stmt->kind == STMT_RATE || stmt->kind == STMT_EQUATION) find_rate_state(s, p, stmt);
    }
    for (int i = 0; i < neuron->body.count; i++)
        if (neuron->body.at[i]->kind == STMT_EQUATION) declare_variable(s, p, neuron->body.at[i]);
    if (rate) return;
    Diagnostic *d = diag_error(s->diag, E_NEURON, neuron->name.span, "neuron type `%s` has no rate", neuron->name.name);
    diag_help(d, "say what other cells hear: `rate r = m;`, or `rate r;` and an equation for r");
    p->bad = true;
}

/* ---- parameters -------------------------------------------------------------------------------------------------- */
static const AstExpr *argument(const Population *p, Name name, int rank) {
    const AstArgs *args = &p->member->args;
    for (int i = 0, k = 0; i < args->count; i++) {
        if (args->at[i].name.name ? args->at[i].name.name == name : k == rank) return args->at[i].value;
        k += !args->at[i].name.name;
    }
    return NULL;
}

static void bind_function_parameter(Sema *s, Population *p, const AstParam *param, int rank) {
    const AstExpr *given = argument(p, param->name.name, rank), *e = given ? given : param->value;
    const Scope *scope = given ? p->place->scope : p->cell;
    Symbol *symbol = scope_add(s, p->cell, SYM_FUNCTION, param->name.name, param->name.span);
    symbol->poisoned = true;
    if (!e || e->kind != EXPR_REF || e->ref.path.count != 1) {
        diag_error(s->diag, E_FUNCTION, e ? e->span : p->cir->span, "expected the name of a function for `%s`",
                   param->name.name);
        p->bad = true;
        return;
    }
    if (function_named(s, scope, e->ref.path.at[0].name, &symbol->function, &symbol->builtin)) symbol->poisoned = false;
    else p->bad = true;
}

static void axes_within(Sema *s, Population *p, const Value *v) {
    for (int i = 0; i < v->axes.count && !v->bad; i++) {
        if (cir_axes_have(&p->cir->axes, v->axes.at[i])) continue;
        Diagnostic *d =
            diag_error(s->diag, E_PARAMETER, v->span, "`%s` has no axis `%s`", p->cir->path, v->axes.at[i]->name);
        diag_note(d, "its axes are %s, those of the parameter %s", cir_axes_text(s->arena, &p->cir->axes),
                  cir_axes_text(s->arena, &v->axes));
        p->bad = true;
    }
}

static void bind_value(Sema *s, Population *p, AstName name, const AstExpr *given, const AstExpr *otherwise) {
    Symbol *symbol = scope_own(p->cell, name.name);
    if (!symbol) symbol = scope_add(s, p->cell, SYM_VALUE, name.name, name.span);
    if (symbol->kind != SYM_VALUE) {
        Diagnostic *d =
            diag_error(s->diag, E_DUPLICATE, name.span, "`%s` is declared already in this neuron type", name.name);
        diag_mark(d, symbol->span, "declared here too");
        p->bad = true;
        return;
    }
    ExprEnv inside = {.scope = p->cell}, outside = {.scope = p->place->scope};
    Value v = value_bad(name.span), base = v;
    if (otherwise) base = v = expr_value(s, &inside, otherwise);
    if (given) v = expr_value(s, &outside, given);
    if (given && otherwise && !base.bad && !v.bad)
        v.bad = !dim_require(s, base.dim, v.dim, given->span, arena_printf(s->arena, "parameter `%s`", name.name));
    if (!given && !otherwise) {
        Diagnostic *d =
            diag_error(s->diag, E_ARGUMENTS, p->cir->span, "`%s` needs a value for `%s`", p->type->name, name.name);
        diag_mark(d, name.span, "declared here");
    }
    if (!value_is_static(s, &v, "a parameter")) v.bad = true;
    axes_within(s, p, &v);
    if (!v.bad && v.expr->op == CIR_NUMBER) { /* reports call the number by this name */
        v.expr = arena_copy(s->arena, v.expr, sizeof *v.expr);
        v.expr->parameter = name.name;
    }
    symbol->value = v;
    symbol->poisoned = v.bad;
    p->bad |= v.bad;
}

static void unknown_arguments(Sema *s, Population *p) {
    const AstStmt *neuron = p->type->stmt;
    VEC(const char *) names = {0};
    for (int i = 0; i < neuron->params.count; i++) vec_push(s->arena, &names, neuron->params.at[i].name.name);
    for (int i = 0; i < neuron->body.count; i++)
        if (neuron->body.at[i]->kind == STMT_PARAMETER) vec_push(s->arena, &names, neuron->body.at[i]->name.name);
    int positional = 0;
    for (int i = 0; i < p->member->args.count; i++) {
        const AstArg *arg = &p->member->args.at[i];
        bool known = !arg->name.name && ++positional <= neuron->params.count;
        for (int k = 0; k < names.count; k++) known |= arg->name.name == names.at[k];
        if (known) continue;
        const char *wrong = arg->name.name ? arg->name.name : "?";
        Diagnostic *d =
            diag_error(s->diag, E_ARGUMENTS, arg->name.name ? arg->name.span : arg->value->span,
                       arg->name.name ? "neuron type `%s` has no parameter `%s`" : "too many arguments for `%s`%s",
                       neuron->name.name, arg->name.name ? wrong : "");
        const char *closest = diag_closest(wrong, names.at, names.count);
        if (closest) diag_help(d, "did you mean `%s`?", closest);
        diag_mark(d, neuron->name.span, "declared here");
    }
}

static void bind_parameters(Sema *s, Population *p) {
    const AstStmt *neuron = p->type->stmt;
    unknown_arguments(s, p);
    for (int i = 0; i < neuron->params.count; i++) {
        const AstParam *param = &neuron->params.at[i];
        if (param->kind == PARAM_FUNCTION) bind_function_parameter(s, p, param, i);
        else bind_value(s, p, param->name, argument(p, param->name.name, i), param->value);
    }
    for (int i = 0; i < neuron->body.count; i++) {
        const AstStmt *stmt = neuron->body.at[i];
        if (stmt->kind == STMT_PARAMETER) bind_value(s, p, stmt->name, argument(p, stmt->name.name, -1), stmt->expr);
    }
}

/* ---- equations --------------------------------------------------------------------------------------------------- */
static void push_equation(Sema *s, Population *p, CirEntity *variable, bool derivative, CirExpr *coefficient, Value v,
                          Span at) {
    Entity *entity = entity_of(variable);
    if (entity->defined) {
        Diagnostic *d = diag_error(s->diag, E_EQUATION, at, "`%s` has two equations", variable->path);
        diag_help(d, "equations hold at once; they are not steps of a program");
        p->bad = true;
        return;
    }
    entity->defined = true;
    CirEquation equation = {variable, derivative, coefficient, v.expr, at};
    vec_push(s->arena, &p->cir->equations, equation);
}

/* v' on the right of its own equation: to be brought to the left, which is the user's to do. */
static bool follows_itself(const CirExpr *e, const CirEntity *variable) {
    if (e->op == CIR_DERIVATIVE && e->arg[0]->entity == variable) return true;
    for (int i = 0; i < e->argc; i++)
        if (follows_itself(e->arg[i], variable)) return true;
    return false;
}

static bool rate_of_change_ok(Sema *s, const CirEntity *variable, const Value *coefficient, const Value *v, Span at) {
    if (!noise_linear(s, v) || !noise_absent(s, coefficient, "before a rate of change")) return false;
    if (!follows_itself(v->expr, variable) && !follows_itself(coefficient->expr, variable)) return true;
    Diagnostic *d = diag_error(s->diag, E_DERIVATIVE, at, "the rate of change of `%s` stands on both sides", variable->path);
    diag_help(d, "bring it to the left: one term, `tau * r' = ...;`");
    return false;
}

static void derivative_equation(Sema *s, Population *p, CirEntity *variable, const Left *left, Value v, Span at) {
    ExprEnv env = {.scope = p->cell, .cell = true};
    Value one = value_number(s, "1", 1, at), coefficient = one;
    if (left->times) coefficient = expr_value(s, &env, left->times);
    if (left->over) coefficient = value_op(s, &env, CIR_DIV, one, expr_value(s, &env, left->over), at);
    Dim speed = dim_combine(coefficient.dim, dim_second(), -1);
    Entity *entity = entity_of(variable);
    if (entity->dim.any && !coefficient.bad) entity->dim = dim_combine(v.dim, speed, -1);
    Dim want = dim_combine(speed, entity->dim, 1);
    if (coefficient.bad || !dim_require(s, want, v.dim, at, "the two sides of this equation") ||
        !rate_of_change_ok(s, variable, &coefficient, &v, at)) {
        p->bad = true;
        return;
    }
    push_equation(s, p, variable, true, left->times || left->over ? coefficient.expr : NULL, v, at);
}

static void plain_equation(Sema *s, Population *p, CirEntity *variable, Value v, Span at) {
    Entity *entity = entity_of(variable);
    if (entity->dim.any) entity->dim = v.dim;
    if (!noise_absent(s, &v, "in an equation that is not a differential one") ||
        !dim_require(s, entity->dim, v.dim, at, "the two sides of this equation"))
        p->bad = true;
    else push_equation(s, p, variable, false, NULL, v, at);
}

/* What has a value of its own: no equation is for it. */
static bool takes_equation(Sema *s, const CirEntity *variable, Span at) {
    const char *why = variable->kind == ENTITY_NOISE ? "noise has no equation"
                      : variable->kind == ENTITY_COMPARTMENT ? "a compartment has no equation; its value is what arrives"
                                                              : NULL;
    if (!why) return true;
    Diagnostic *d = diag_error(s->diag, E_EQUATION, at, "%s", why);
    diag_mark(d, variable->span, "declared here");
    return false;
}

static void equation(Sema *s, Population *p, const AstStmt *stmt) {
    Left left = {0};
    if (!left_side(stmt->left, &left)) {
        Diagnostic *d = diag_error(s->diag, E_EQUATION, stmt->left->span, "this is not the left side of an equation");
        diag_help(d, "write `r = ...;`, `r' = ...;` or `tau * r' = ...;`");
        p->bad = true;
        return;
    }
    Symbol *symbol = scope_own(p->cell, left.ref->path.at[0].name.name);
    if (!symbol || symbol->kind != SYM_ENTITY) {
        diag_error(s->diag, E_EQUATION, stmt->left->span, "`%s` is a parameter and has no equation",
                   left.ref->path.at[0].name.name);
        p->bad = true;
        return;
    }
    ExprEnv env = {.scope = p->cell, .cell = true};
    Value v = value_bad(stmt->span);
    if (takes_equation(s, symbol->entity, stmt->span)) v = expr_value(s, &env, stmt->expr);
    p->bad |= v.bad;
    if (v.bad) return;
    if (left.derivative) derivative_equation(s, p, symbol->entity, &left, v, stmt->span);
    else plain_equation(s, p, symbol->entity, v, stmt->span);
}

/* What an equation says of the dimension of its variable, as far as its right side is known. True: it has one now. */
static bool learn_dimension(Sema *s, Population *p, const AstStmt *stmt) {
    Left left = {0};
    if (stmt->kind != STMT_EQUATION || !left_side(stmt->left, &left)) return false;
    Symbol *symbol = scope_own(p->cell, left.ref->path.at[0].name.name);
    bool variable = symbol && symbol->kind == SYM_ENTITY && symbol->entity->kind == ENTITY_VARIABLE;
    if (!variable || !entity_of(symbol->entity)->dim.any) return false;
    ExprEnv env = {.scope = p->cell, .cell = true};
    Value v = expr_value(s, &env, stmt->expr), factor = value_number(s, "1", 1, stmt->span);
    if (left.times) factor = expr_value(s, &env, left.times);
    if (left.over) factor = value_op(s, &env, CIR_DIV, factor, expr_value(s, &env, left.over), stmt->span);
    if (v.bad || factor.bad) return false;
    Dim dim = dim_combine(v.dim, factor.dim, -1);
    entity_of(symbol->entity)->dim = left.derivative ? dim_combine(dim, dim_second(), 1) : dim;
    return !entity_of(symbol->entity)->dim.any;
}

/* Equations hold at once: the order in which they are written does not decide which dimensions are compared. What is wrong is met
 * again, and reported, when the equations are elaborated. */
static void variable_dimensions(Sema *s, Population *p) {
    const AstStmts *body = &p->type->stmt->body;
    Diagnostics *kept = s->diag;
    Arena *scratch = arena_new();
    s->diag = diag_new(scratch);
    for (bool learnt = true; learnt;) {
        learnt = false;
        for (int i = 0; i < body->count; i++) learnt |= learn_dimension(s, p, body->at[i]);
    }
    s->diag = kept;
    arena_free(scratch);
}

static void state_init(Sema *s, Population *p, const AstStmt *stmt) {
    Symbol *symbol = scope_own(p->cell, stmt->name.name);
    if (!symbol || symbol->kind != SYM_ENTITY || symbol->entity->kind != ENTITY_STATE) return;
    ExprEnv env = {.scope = p->cell};
    Value v = stmt->expr ? expr_value(s, &env, stmt->expr) : value_number(s, "0", 0, stmt->span);
    p->bad |= v.bad || !noise_absent(s, &v, "in an initial value");
    if (p->bad) return;
    entity_of(symbol->entity)->dim = v.dim.any ? dim_none() : v.dim;
    CirState state = {symbol->entity, v.expr};
    vec_push(s->arena, &p->cir->states, state);
}

static void compartment_defaults(Sema *s, Population *p, const AstStmt *stmt) {
    ExprEnv env = {.scope = p->cell};
    for (int i = 0; i < stmt->members.count; i++) {
        const AstMember *member = &stmt->members.at[i];
        for (int k = 0; k < p->cir->compartments.count; k++) {
            CirCompartment *c = &p->cir->compartments.at[k];
            Symbol *symbol = scope_own(p->cell, member->decl.name.name);
            if (!symbol || symbol->entity != c->entity) continue;
            Value v = member->value ? expr_value(s, &env, member->value) : value_bad(member->decl.span);
            p->bad |= !noise_absent(s, &v, "in the default of a compartment");
            if (!v.bad) c->otherwise = v.expr;
            if (!v.bad && entity_of(c->entity)->dim.any) entity_of(c->entity)->dim = v.dim;
            if (!v.bad && !dim_require(s, entity_of(c->entity)->dim, v.dim, v.span, "this default")) p->bad = true;
            bool needed = !member->value && !entity_of(c->entity)->targeted && !p->bad && !s->lost_arrows;
            if (!needed) continue;
            Diagnostic *d = diag_error(s->diag, E_UNTARGETED, p->cir->span, "nothing arrives at `%s`", c->entity->path);
            diag_mark(d, c->entity->span, "this compartment has no default");
            diag_help(d, "send something to it: `source -> %s;`", c->entity->path);
            p->bad = true;
        }
    }
}

static void all_defined(Sema *s, Population *p) {
    for (int i = 0; i < p->entities.count; i++) {
        CirEntity *entity = p->entities.at[i];
        if (entity->kind == ENTITY_COMPARTMENT || entity_of(entity)->defined || p->bad) continue;
        Diagnostic *d = diag_error(s->diag, E_NEURON, entity->kind == ENTITY_RATE ? p->type->stmt->name.span : entity->span,
                                   "neuron type `%s` has no equation for its %s", p->type->name,
                                   entity->kind == ENTITY_RATE ? "rate" : "state");
        diag_mark(d, p->cir->span, "used here");
        p->bad = true;
    }
}

/* A state lives over a cycle; one that follows a differential equation does not need to. */
static bool states_have_cycle(Sema *s, Population *p) {
    const AstStmts *body = &p->type->stmt->body;
    const AstStmt *latched = NULL;
    for (int i = 0; i < p->cir->axes.count; i++)
        if (p->cir->axes.at[i]->kind == CIR_AXIS_CYCLE) return true;
    for (int i = 0; i < body->count; i++) {
        Left left = {0};
        if (body->at[i]->kind != STMT_EQUATION || !left_side(body->at[i]->left, &left) || left.derivative) continue;
        Symbol *symbol = scope_own(p->cell, left.ref->path.at[0].name.name);
        if (symbol && symbol->kind == SYM_ENTITY && symbol->entity->kind == ENTITY_STATE) latched = body->at[i];
    }
    if (!latched) return true;
    Diagnostic *d = diag_error(s->diag, E_PREVIOUS, p->cir->span, "`%s` keeps a state and does not vary over a cycle axis",
                               p->cir->path);
    diag_mark(d, latched->span, "its state");
    diag_help(d, "declare `cycle now over token;` and let it hear a signal `x[token as now]`");
    return false;
}

static void body_iterate(Sema *s, Population *p, const AstStmt *stmt) {
    if (p->cir->iterates) return;
    AstMember member = {.iterate_count = stmt->expr, .iterate_tolerance = stmt->expr2};
    ExprEnv env = {.scope = p->cell};
    p->cir->iterates = true;
    p->cir->iterate_tolerance = 1e-6;
    bool fine = const_int(s, p->cell, member.iterate_count, &p->cir->iterate_count) && p->cir->iterate_count > 0;
    if (stmt->expr2) {
        Value v = expr_value(s, &env, stmt->expr2);
        fine = fine && !v.bad && fold_number(v.expr, &p->cir->iterate_tolerance);
    }
    if (!fine) diag_error(s->diag, E_ITERATE, stmt->span, "expected `iterate count until tolerance;`");
}

void cell_elaborate(Sema *s, Population *p) {
    if (!p->type || p->bad) return;
    const AstStmts *body = &p->type->stmt->body;
    p->bad |= !states_have_cycle(s, p);
    if (!p->bad) bind_parameters(s, p);
    if (p->bad) return;
    for (int i = 0; i < body->count; i++) {
        const AstStmt *stmt = body->at[i];
        if (stmt->kind == STMT_COMPARTMENT) compartment_defaults(s, p, stmt);
        if (stmt->kind == STMT_STATE) state_init(s, p, stmt);
        if (stmt->kind == STMT_ITERATE) body_iterate(s, p, stmt);
    }
    variable_dimensions(s, p);
    for (int i = 0; i < body->count && !p->bad; i++) {
        const AstStmt *stmt = body->at[i];
        if (stmt->kind == STMT_EQUATION) equation(s, p, stmt);
        if (stmt->kind != STMT_RATE || !stmt->expr) continue;
        ExprEnv env = {.scope = p->cell, .cell = true};
        Value v = expr_value(s, &env, stmt->expr);
        p->bad |= v.bad;
        if (!v.bad) plain_equation(s, p, p->cir->rate, v, stmt->span);
    }
    all_defined(s, p);
    if (!p->bad) method_check(s, p);
}
