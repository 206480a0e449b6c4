/* Synapse models with their own state (fast weights). The state has the axes of source and target; `pre` and `post` are this
 * cycle's rates of the two. What the model's `output` says is transmitted and then converges like any other signal. */
#include "base/text.h"
#include "sema/internal.h"

typedef struct Model {
    Arrow *arrow;
    const Symbol *type;
    CirSynapse *made;
    Scope *scope;
    CirAxes axes;
    bool bad;
} Model;

static const AstExpr *model_argument(const AstArgs *args, Name name, int rank) {
    for (int i = 0, k = 0; i < args->count; i++) {
        if (args->at[i].name.name ? args->at[i].name.name == name : k == rank) return args->at[i].value;
        k += !args->at[i].name.name;
    }
    return NULL;
}

static void model_value(Sema *s, Model *m, AstName name, int rank, const AstExpr *otherwise) {
    const AstExpr *given = model_argument(&m->arrow->synapse->model_args, name.name, rank);
    ExprEnv env = {.scope = given ? m->arrow->place->scope : m->scope};
    const AstExpr *e = given ? given : otherwise;
    Value v = value_bad(name.span);
    if (e) v = expr_value(s, &env, e);
    else diag_error(s->diag, E_ARGUMENTS, m->arrow->span, "`%s` needs a value for `%s`", m->type->name, name.name);
    scope_add(s, m->scope, SYM_VALUE, name.name, name.span)->value = v;
    m->bad |= v.bad;
}

static void check_model_arguments(Sema *s, const Model *m) {
    const AstStmt *stmt = m->type->stmt;
    const AstArgs *args = &m->arrow->synapse->model_args;
    for (int i = 0; i < args->count; i++) {
        bool known = !args->at[i].name.name;
        for (int k = 0; k < stmt->params.count; k++) known |= stmt->params.at[k].name.name == args->at[i].name.name;
        for (int k = 0; k < stmt->body.count; k++)
            known |= stmt->body.at[k]->kind == STMT_PARAMETER && stmt->body.at[k]->name.name == args->at[i].name.name;
        if (!known)
            diag_error(s->diag, E_ARGUMENTS, args->at[i].name.span, "synapse model `%s` has no parameter `%s`",
                       m->type->name, args->at[i].name.name);
    }
}

static CirEntity *model_entity(Sema *s, Model *m, CirEntityKind kind, const char *name) {
    return entity_new(s, kind, name_printf(s->names, "%s.%s", m->made->path, name), &m->axes, m->arrow->span);
}

static void model_state(Sema *s, Model *m, const AstStmt *stmt) {
    ExprEnv env = {.scope = m->scope};
    Value v = stmt->expr ? expr_value(s, &env, stmt->expr) : value_number(s, "0", 0, stmt->span);
    m->bad |= v.bad;
    if (v.bad) return;
    CirEntity *state = model_entity(s, m, ENTITY_STATE, stmt->name.name);
    entity_of(state)->dim = v.dim.any ? dim_none() : v.dim;
    scope_add(s, m->scope, SYM_ENTITY, stmt->name.name, stmt->name.span)->entity = state;
    CirState init = {state, v.expr};
    vec_push(s->arena, &m->made->states, init);
}

static bool mentions_rate_of_change(const AstExpr *e) {
    if (e->kind == EXPR_DERIVATIVE) return true;
    for (int i = 0; i < e->args.count; i++)
        if (mentions_rate_of_change(e->args.at[i])) return true;
    return false;
}

static void model_equation(Sema *s, Model *m, const AstStmt *stmt) {
    const AstExpr *left = stmt->left;
    Symbol *symbol = NULL;
    if (left->kind == EXPR_REF && left->ref.path.count == 1) {
        Name name = left->ref.path.at[0].name.name;
        symbol = scope_own(m->scope, name);
        if (!symbol) {
            symbol = scope_add(s, m->scope, SYM_ENTITY, name, left->span);
            symbol->entity = model_entity(s, m, ENTITY_VARIABLE, name);
            entity_of(symbol->entity)->dim = dim_any();
        }
    }
    if (!symbol || symbol->kind != SYM_ENTITY || entity_of(symbol->entity)->defined) {
        Diagnostic *d = diag_error(s->diag, E_EQUATION, left->span,
                                   "expected one equation for each state of the synapse: `w = previous(w) + ...;`");
        if (mentions_rate_of_change(left))
            diag_help(d, "it changes from cycle to cycle; for changes within one, give each pair a cell: `population synapse[post, pre] : plastic;`");
        m->bad = true;
        return;
    }
    ExprEnv env = {.scope = m->scope, .cell = true};
    Value v = expr_value(s, &env, stmt->expr);
    Entity *entity = entity_of(symbol->entity);
    if (entity->dim.any) entity->dim = v.dim;
    m->bad |= v.bad || !dim_require(s, entity->dim, v.dim, stmt->span, "the two sides of this equation");
    entity->defined = true;
    CirEquation equation = {symbol->entity, false, NULL, v.expr, stmt->span};
    vec_push(s->arena, &m->made->equations, equation);
}

static void model_output(Sema *s, Model *m, const AstStmt *stmt) {
    ExprEnv env = {.scope = m->scope, .cell = true};
    Value v = expr_value(s, &env, stmt->expr);
    m->bad |= v.bad;
    m->made->signal = model_entity(s, m, ENTITY_SYNAPSE, "signal");
    entity_of(m->made->signal)->dim = v.dim;
    CirEquation equation = {m->made->signal, false, NULL, v.expr, stmt->span};
    vec_push(s->arena, &m->made->equations, equation);
}

/* A synapse has states, equations and an output; whatever else a neuron type may say has no meaning here. */
static void model_part(Sema *s, Model *m, const AstStmt *stmt) {
    bool known = stmt->kind == STMT_STATE || stmt->kind == STMT_EQUATION || stmt->kind == STMT_OUTPUT;
    if (known) return;
    m->bad = true;
    if (refuse_reading(s, stmt)) return;
    Diagnostic *d = diag_error(s->diag, E_SYNAPSE_MODEL, stmt->span, "this does not stand in a synapse model");
    diag_help(d, "it has parameters, states, their equations and an output");
}

static void model_body(Sema *s, Model *m) {
    const AstStmt *type = m->type->stmt;
    for (int i = 0; i < type->params.count; i++) model_value(s, m, type->params.at[i].name, i, type->params.at[i].value);
    for (int i = 0; i < type->body.count; i++) {
        const AstStmt *stmt = type->body.at[i];
        if (stmt->kind == STMT_PARAMETER) model_value(s, m, stmt->name, -1, stmt->expr);
        else model_part(s, m, stmt);
    }
    for (int i = 0; i < type->body.count && !m->bad; i++)
        if (type->body.at[i]->kind == STMT_STATE) model_state(s, m, type->body.at[i]);
    for (int i = 0; i < type->body.count && !m->bad; i++)
        if (type->body.at[i]->kind == STMT_EQUATION) model_equation(s, m, type->body.at[i]);
    for (int i = 0; i < type->body.count && !m->bad; i++)
        if (type->body.at[i]->kind == STMT_OUTPUT) model_output(s, m, type->body.at[i]);
    if (m->bad || m->made->signal) return;
    Diagnostic *d = diag_error(s->diag, E_SYNAPSE_MODEL, type->name.span, "synapse model `%s` has no output", m->type->name);
    diag_help(d, "say what it transmits: `output w * pre;`");
    m->bad = true;
}

static void add_tensor(Sema *s, Model *m, const char *name, Reading r) {
    scope_add(s, m->scope, SYM_TENSOR, name_of(s->names, name), m->arrow->span)->reading = r;
}

CirExpr *synapse_signal(Sema *s, Arrow *arrow, Reading source, const CirAxes *axes, Dim *dim) {
    Symbol *type = scope_require(s, arrow->place->scope, arrow->synapse->model, KIND(SYM_SYNAPSE), "a synapse model");
    if (!type) return NULL;
    Model m = {.arrow = arrow, .type = type, .scope = scope_new(s, type->scope, true)};
    m.made = ARENA_NEW(s->arena, CirSynapse);
    m.made->span = arrow->span;
    m.made->path = name_printf(s->names, "%s.via.%s", arrow->population->cir->path, source.entity->path);
    for (int i = 0; i < axes->count; i++) axes_push(s, &m.axes, axes->at[i]);
    for (int i = 0; i < source.order.count; i++) axes_push(s, &m.axes, source.order.at[i]);
    Reading post = read_entity(s, arrow->population->cir->rate, arrow->span);
    reading_rename(s, &post, &arrow->map);
    add_tensor(s, &m, "pre", source);
    add_tensor(s, &m, "post", post);
    check_model_arguments(s, &m);
    model_body(s, &m);
    if (m.bad) return NULL;
    for (int i = 0; i < m.made->states.count; i++) {
        if (entity_of(m.made->states.at[i].variable)->defined) continue;
        diag_error(s->diag, E_SYNAPSE_MODEL, type->stmt->name.span, "state `%s` has no equation",
                   m.made->states.at[i].variable->path);
        return NULL;
    }
    vec_push(s->arena, &s->c->synapses, m.made);
    *dim = entity_of(m.made->signal)->dim;
    return cir_ref(s->c, CIR_REF, arrow->span, m.made->signal, NULL);
}
