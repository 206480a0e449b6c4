/* Specs: reference functions in index notation. A call expands into entities, one per variable of the spec, over fresh index
 * axes; arguments bind by position, index by index. A spec without axes is a function of numbers and is put in place. */
#include "sema/internal.h"

enum { SPEC_DEPTH = 64, NODE_LIMIT = 100000 };

bool spec_is_scalar(const AstStmt *spec) {
    for (int i = 0; i < spec->decls.count; i++)
        if (spec->decls.at[i].axes.count) return false;
    return !spec->results.count || !spec->results.at[0].axes.count;
}

CirEntity *spec_entity(Sema *s, Name path, const CirAxes *axes, Value value) {
    CirEntity *entity = entity_new(s, ENTITY_SPEC, path, axes, value.span);
    entity->value = value.expr;
    entity_of(entity)->dim = value.dim;
    entity_of(entity)->settles = value_settles(value.expr);
    vec_push(s->arena, &s->c->specs, entity);
    return entity;
}

/* ---- a call under construction ----------------------------------------------------------------------------------- */
typedef struct Index { /* an index of the spec: its own axis, and the caller's that it was bound to first */
    Name name;
    CirAxis *axis, *actual;
    const AstDecl *by;
} Index;
typedef struct Call {
    const Symbol *spec;
    const AstExpr *ast;
    const ExprEnv *caller;
    Scope *scope;
    VEC(Index) indices;
    AstNames result; /* the indices on the left of the result's equation; count 0: a whole tensor */
    Name label; /* unique: multihead_attention, multihead_attention.2 */
} Call;

static Index *call_index(Call *call, Name name) {
    for (int i = 0; i < call->indices.count; i++)
        if (call->indices.at[i].name == name) return &call->indices.at[i];
    return NULL;
}

static bool index_conflict(Sema *s, Call *call, const AstExpr *argument, const AstDecl *formal, const Index *known,
                           const CirAxis *actual) {
    Diagnostic *d =
        diag_error(s->diag, E_SPEC_ARGUMENT, argument->span, "index `%s` of `%s` is `%s` here but `%s` elsewhere",
                   known->name, call->spec->name, actual->name, known->actual->name);
    diag_mark(d, formal->span, "`%s` is declared here", formal->name.name);
    diag_mark(d, known->by->span, "`%s` was bound to `%s` here", known->name, known->actual->name);
    diag_help(
        d,
        "arguments bind by position: the axes of a weight in the order of its declaration, of a population cycle axes "
        "first");
    return false;
}

static bool bind_index(Sema *s, Call *call, const AstExpr *argument, const AstDecl *formal, AstName name, CirAxis *actual) {
    Index *known = call_index(call, name.name);
    if (known) return known->actual->root == actual->root || index_conflict(s, call, argument, formal, known, actual);
    Index index = {name.name, axis_copy(s, actual), actual, formal};
    vec_push(s->arena, &call->indices, index);
    scope_add(s, call->scope, SYM_AXIS, name.name, name.span)->axis = index.axis;
    return true;
}

static bool rank_error(Sema *s, Call *call, const AstExpr *argument, const AstDecl *formal, const Value *v) {
    Diagnostic *d = diag_error(s->diag, E_SPEC_ARGUMENT, argument->span, "`%s` of `%s` has %d axes, this has %d",
                               formal->name.name, call->spec->name, formal->axes.count, v->axes.count);
    diag_note(d, "its axes are %s", cir_axes_text(s->arena, &v->axes));
    diag_mark(d, formal->span, "declared here");
    return false;
}

/* The argument as something that can be read along indices: an entity, or a new one that holds the expression. */
static Reading argument_reading(Sema *s, Call *call, const AstDecl *formal, Value v) {
    if (v.expr->op != CIR_REF && v.expr->op != CIR_PREVIOUS) {
        CirEntity *held = spec_entity(s, name_printf(s->names, "%s.%s", call->label, formal->name.name), &v.axes, v);
        return read_entity(s, held, v.span);
    }
    return (Reading){.op = v.expr->op, .entity = v.expr->entity, .index = v.expr->index, .order = v.axes, .span = v.span};
}

static bool bind_argument(Sema *s, Call *call, const AstDecl *formal, const AstExpr *argument) {
    Value v = expr_value(s, call->caller, argument);
    if (v.bad) return false;
    if (!formal->axes.count) {
        if (v.axes.count) return rank_error(s, call, argument, formal, &v);
        scope_add(s, call->scope, SYM_VALUE, formal->name.name, formal->span)->value = v;
        return true;
    }
    if (v.axes.count != formal->axes.count) return rank_error(s, call, argument, formal, &v);
    CirRenames map = {0};
    for (int i = 0; i < formal->axes.count; i++) {
        if (!bind_index(s, call, argument, formal, formal->axes.at[i], v.axes.at[i])) return false;
        renames_push(s, &map, v.axes.at[i], call_index(call, formal->axes.at[i].name)->axis);
    }
    Symbol *symbol = scope_add(s, call->scope, SYM_TENSOR, formal->name.name, formal->span);
    symbol->reading = argument_reading(s, call, formal, v);
    reading_rename(s, &symbol->reading, &map);
    return true;
}

/* "multihead_attention.s"; the change that a rule with a body gives has the rule's own name. */
static Name variable_path(Sema *s, const Call *call, Name name) {
    return !call->ast && name == call->spec->name ? call->label : name_printf(s->names, "%s.%s", call->label, name);
}

/* ---- equations of the body --------------------------------------------------------------------------------------- */
static bool body_error(Sema *s, Span at, const char *why) {
    Diagnostic *d = diag_error(s->diag, E_SPEC_BODY, at, "%s", why);
    diag_help(d, "a spec is a list of equations: `s[i, j] = sum(a) q[i, a] * k[j, a];`");
    return false;
}

/* How the user calls an axis in this scope. */
static const char *index_name(const Scope *scope, const CirAxis *axis) {
    for (; scope; scope = scope->parent)
        for (int i = 0; i < scope->symbols.count; i++)
            if (scope->symbols.at[i]->kind == SYM_AXIS && scope->symbols.at[i]->axis == axis)
                return scope->symbols.at[i]->name;
    return axis->name;
}

static bool all_on_the_left(Sema *s, const Scope *scope, const CirAxes *axes, const Value *v) {
    for (int i = 0; i < v->axes.count; i++) {
        if (cir_axes_have(axes, v->axes.at[i])) continue;
        diag_error(s->diag, E_SPEC_INDEX, v->span, "index `%s` is free on the right and missing on the left",
                   index_name(scope, v->axes.at[i]));
        return false;
    }
    return true;
}

/* Axes of the left side: as written, or those of the value for `h = x + f(x);`. */
static bool left_axes(Sema *s, const Scope *scope, const AstRef *left, const Value *v, AstNames *names, CirAxes *axes) {
    if (!left->has_indices && v->whole) {
        *axes = v->axes;
        return true;
    }
    for (int i = 0; i < left->indices.count; i++) {
        if (left->indices.at[i].kind != INDEX_AXIS) return body_error(s, left->indices.at[i].span, "expected an index");
        vec_push(s->arena, names, left->indices.at[i].axis);
    }
    if (!axes_of(s, scope, names, axes)) return false;
    return all_on_the_left(s, scope, axes, v);
}

/* ---- recurrences: M[i, c, a] = previous(M[i, c, a]) + ...; ------------------------------------------------------------- */
static bool looks_back(Sema *s, const AstExpr *e, Name name) {
    bool previous = e->kind == EXPR_CALL && e->callee.name == name_of(s->names, "previous") && e->args.count == 1;
    if (previous && e->args.at[0]->kind == EXPR_REF && e->args.at[0]->ref.path.at[0].name.name == name) return true;
    for (int i = 0; i < e->args.count; i++)
        if (looks_back(s, e->args.at[i], name)) return true;
    return false;
}

/* The axes of the left side, known from the declaration or from where the right side uses them; the first becomes a cycle of its
 * own, along which previous() looks back (0 before the first position). */
static bool recurrence_axes(Sema *s, Call *call, const Scope *scope, const AstRef *left, AstNames *names, CirAxes *axes,
                            CirRenames *map) {
    for (int i = 0; i < left->indices.count; i++) {
        if (left->indices.at[i].kind != INDEX_AXIS) return body_error(s, left->indices.at[i].span, "expected an index");
        vec_push(s->arena, names, left->indices.at[i].axis);
    }
    if (!names->count) return body_error(s, left->span, "previous() needs an index to look back along");
    if (!axes_of(s, scope, names, axes)) return false;
    const char *name = left->path.at[0].name.name;
    Name steps = name_printf(s->names, "%s.%s.%s", call->label, name, names->at[0].name);
    CirAxis *cycle = axis_new(s, steps, CIR_AXIS_CYCLE, 0, axes->at[0], left->span);
    renames_push(s, map, axes->at[0], cycle);
    axes->at[0] = cycle;
    return true;
}

static bool spec_recurrence(Sema *s, Call *call, const AstStmt *stmt) {
    const AstRef *left = &stmt->left->ref;
    AstName name = left->path.at[0].name;
    if (scope_own(call->scope, name.name)) return body_error(s, left->span, "this name has a value already");
    AstNames names = {0};
    CirAxes axes = {0};
    CirRenames map = {0};
    Scope *inner = scope_new(s, call->scope, false);
    infer_indices(s, inner, stmt->expr);
    if (!recurrence_axes(s, call, inner, left, &names, &axes, &map)) return false;
    Name path = variable_path(s, call, name.name);
    CirEntity *entity = entity_new(s, ENTITY_SPEC, path, &axes, stmt->span);
    scope_add(s, call->scope, SYM_TENSOR, name.name, name.span)->reading = read_entity(s, entity, stmt->span);
    ExprEnv env = {.scope = inner, .tensor = true, .depth = call->caller->depth, .calls = call->caller->calls};
    Value v = value_renamed(s, expr_value(s, &env, stmt->expr), &map);
    if (v.bad || !all_on_the_left(s, inner, &axes, &v)) return false;
    entity->value = v.expr;
    entity_of(entity)->dim = v.dim;
    entity_of(entity)->settles = value_settles(v.expr);
    vec_push(s->arena, &s->c->specs, entity);
    if (call->spec->stmt->results.at[0].name.name == name.name) call->result = names;
    return true;
}

static bool spec_equation(Sema *s, Call *call, const AstStmt *stmt) {
    if (stmt->kind != STMT_EQUATION || stmt->left->kind != EXPR_REF || stmt->left->ref.path.count != 1)
        return body_error(s, stmt->span, "expected an equation");
    const AstRef *left = &stmt->left->ref;
    AstName name = left->path.at[0].name;
    if (looks_back(s, stmt->expr, name.name)) return spec_recurrence(s, call, stmt);
    Scope *inner = scope_new(s, call->scope, false); /* indices of this equation alone */
    infer_indices(s, inner, stmt->expr);
    ExprEnv env = {.scope = inner, .tensor = true, .depth = call->caller->depth, .calls = call->caller->calls};
    Value v = expr_value(s, &env, stmt->expr);
    if (v.bad) return false;
    if (scope_own(call->scope, name.name)) return body_error(s, left->span, "this name has a value already");
    CirAxes axes = {0};
    AstNames names = {0};
    if (!left_axes(s, inner, left, &v, &names, &axes)) return false;
    if (call->spec->stmt->results.at[0].name.name == name.name) call->result = names;
    if (!axes.count) {
        scope_add(s, call->scope, SYM_VALUE, name.name, name.span)->value = v;
        return true;
    }
    v.span = stmt->span;
    CirEntity *entity = spec_entity(s, variable_path(s, call, name.name), &axes, v);
    scope_add(s, call->scope, SYM_TENSOR, name.name, name.span)->reading = read_entity(s, entity, stmt->span);
    return true;
}

/* The caller's axis that an axis of the spec stands for: that of the index it is, or is a copy of. */
static CirAxis *actual_axis(const Call *call, CirAxis *axis) {
    for (CirAxis *at = axis; at; at = at->base)
        for (int i = 0; i < call->indices.count; i++)
            if (call->indices.at[i].axis == at) return call->indices.at[i].actual;
    return axis;
}

/* The result's axes in the order of its declaration; they are stored in the order of its equation. */
static bool result_order(Sema *s, Call *call, const AstDecl *result, Reading *r) {
    CirAxes order = {0};
    for (int i = 0; i < result->axes.count; i++) {
        CirAxis *axis = NULL;
        for (int k = 0; k < call->result.count; k++)
            if (call->result.at[k].name == result->axes.at[i].name) axis = r->order.at[k];
        Symbol *symbol = scope_own(call->scope, result->axes.at[i].name);
        if (!call->result.count && symbol && symbol->kind == SYM_AXIS) axis = symbol->axis;
        if (axis && cir_axes_have(&r->order, axis)) axes_push(s, &order, axis);
    }
    bool fine = order.count == r->order.count && order.count == result->axes.count;
    if (!fine) diag_error(s->diag, E_SPEC_BODY, result->span, "the result's indices are not those of its equation");
    r->order = order;
    return fine;
}

/* The result seen by the caller: along the axes its indices were bound to. */
static Value call_result(Sema *s, Call *call) {
    const AstDecl *result = &call->spec->stmt->results.at[0];
    Symbol *symbol = scope_own(call->scope, result->name.name);
    if (!symbol || (symbol->kind != SYM_TENSOR && symbol->kind != SYM_VALUE)) {
        body_error(s, result->span, "the result has no equation");
        return value_bad(call->ast->span);
    }
    if (symbol->kind == SYM_VALUE) return symbol->value;
    Reading r = symbol->reading;
    if (!result_order(s, call, result, &r)) return value_bad(call->ast->span);
    CirRenames map = {0};
    for (int i = 0; i < r.order.count; i++) renames_push(s, &map, r.order.at[i], actual_axis(call, r.order.at[i]));
    reading_rename(s, &r, &map);
    r.span = call->ast->span;
    Value v = value_of_reading(s, &r);
    if (v.axes.count == r.order.count) return v;
    Diagnostic *d = diag_error(s->diag, E_CHECK_INDICES, call->ast->span, "the result would have one axis twice: %s",
                               cir_axes_text(s->arena, &r.order));
    diag_help(d, "give a second axis of the same size to one of the arguments");
    return value_bad(call->ast->span);
}

static Name call_label(Sema *s, const Symbol *spec) {
    s->spec_calls++;
    const char *suffix = s->spec_calls == 1 ? "" : arena_printf(s->arena, ".%d", s->spec_calls);
    return name_printf(s->names, "%s%s", spec->name, suffix);
}

static bool call_ok(Sema *s, const Symbol *spec, const ExprEnv *env, const AstExpr *e) {
    const AstStmt *stmt = spec->stmt;
    if (env->calls > SPEC_DEPTH) {
        diag_error(s->diag, E_RECURSION, e->span, "spec `%s` calls itself, or specs are nested too deeply", spec->name);
        return false;
    }
    if (e->args.count != stmt->decls.count) {
        Diagnostic *d = diag_error(s->diag, E_ARGUMENTS, e->span, "`%s` takes %d arguments, %d given", spec->name,
                                   stmt->decls.count, e->args.count);
        diag_mark(d, spec->span, "declared here");
        return false;
    }
    if (stmt->results.count == 1) return true;
    diag_error(s->diag, E_SPEC_BODY, spec->span, "a spec that is called has one result");
    return false;
}

static ExprEnv deeper(const ExprEnv *env) {
    ExprEnv inner = *env;
    inner.calls++;
    return inner;
}

Value spec_call(Sema *s, const ExprEnv *env, const Symbol *spec, const AstExpr *e) {
    if (!call_ok(s, spec, env, e)) return value_bad(e->span);
    if (!env->tensor) {
        Diagnostic *d = diag_error(s->diag, E_SPEC_ARGUMENT, e->span, "a spec with axes cannot be used here");
        diag_help(d, "specs stand in checks and outputs; a cell or a weight may use specs without axes");
        return value_bad(e->span);
    }
    ExprEnv inner = deeper(env);
    Call call = {.spec = spec, .ast = e, .caller = &inner, .scope = scope_new(s, spec->scope, true)};
    call.label = call_label(s, spec);
    for (int i = 0; i < e->args.count; i++)
        if (!bind_argument(s, &call, &spec->stmt->decls.at[i], e->args.at[i])) return value_bad(e->span);
    for (int i = 0; i < spec->stmt->body.count; i++)
        if (!spec_equation(s, &call, spec->stmt->body.at[i])) return value_bad(e->span);
    return call_result(s, &call);
}

/* An intermediate of a rule hides nothing. */
static bool block_names_free(Sema *s, const Scope *scope, const Symbol *rule) {
    bool fine = true;
    for (int i = 0; i < rule->stmt->body.count; i++) {
        const AstStmt *stmt = rule->stmt->body.at[i];
        if (stmt->kind != STMT_EQUATION || stmt->left->kind != EXPR_REF) continue;
        AstName name = stmt->left->ref.path.at[0].name;
        Symbol *earlier = name.name == rule->name ? NULL : scope_lookup(s, scope, name.name);
        if (!earlier || earlier->kind == SYM_SPEC) continue; /* std.specs may have a function of that name */
        Diagnostic *d = diag_error(s->diag, E_DUPLICATE, name.span, "`%s` is declared already", name.name);
        if (earlier->span.file) diag_mark(d, earlier->span, "first declared here, as %s", symbol_kind_text(earlier));
        fine = false;
    }
    return fine;
}

Value spec_block(Sema *s, const ExprEnv *env, const Symbol *rule, Name path) {
    const AstStmts *body = &rule->stmt->body;
    Symbol *spec = ARENA_NEW(s->arena, Symbol);
    AstStmt *stmt = ARENA_NEW(s->arena, AstStmt);
    const AstStmt *last = body->count ? body->at[body->count - 1] : NULL;
    if (!block_names_free(s, env->scope, rule)) return value_bad(rule->span);
    if (!last || last->kind != STMT_EQUATION || last->left->kind != EXPR_REF) {
        body_error(s, rule->stmt->span, "a rule ends with the equation of the change");
        return value_bad(rule->span);
    }
    AstDecl result = {.name = last->left->ref.path.at[0].name};
    for (int i = 0; i < body->count; i++) {
        const AstStmt *at = body->at[i];
        if (at->kind == STMT_EQUATION && at->left->kind == EXPR_REF && at->left->ref.path.at[0].name.name == rule->name)
            result.name = at->left->ref.path.at[0].name;
    }
    vec_push(s->arena, &stmt->results, result);
    *spec = (Symbol){.kind = SYM_SPEC, .name = rule->name, .span = rule->span, .stmt = stmt};
    ExprEnv inner = deeper(env);
    Call call = {.spec = spec, .caller = &inner, .scope = env->scope, .label = path};
    for (int i = 0; i < body->count; i++)
        if (!spec_equation(s, &call, body->at[i])) return value_bad(rule->span);
    Symbol *symbol = scope_own(call.scope, result.name.name);
    return symbol->kind == SYM_VALUE ? symbol->value : value_of_reading(s, &symbol->reading);
}

/* r = f(u) put in place: the argument's expression is shared by all its uses. */
Value spec_inline(Sema *s, const ExprEnv *env, const Symbol *spec, const AstExpr *e) {
    if (!call_ok(s, spec, env, e)) return value_bad(e->span);
    ExprEnv inner = deeper(env);
    inner.scope = scope_new(s, spec->scope, true);
    for (int i = 0; i < e->args.count; i++) {
        Value v = expr_value(s, env, e->args.at[i]);
        if (v.bad) return v;
        scope_add(s, inner.scope, SYM_VALUE, spec->stmt->decls.at[i].name.name, e->args.at[i]->span)->value = v;
    }
    for (int i = 0; i < spec->stmt->body.count; i++) {
        const AstStmt *stmt = spec->stmt->body.at[i];
        if (stmt->kind != STMT_EQUATION || stmt->left->kind != EXPR_REF) {
            body_error(s, stmt->span, "expected an equation");
            return value_bad(e->span);
        }
        Value v = expr_value(s, &inner, stmt->expr);
        if (v.bad) return v;
        if (v.expr->nodes > NODE_LIMIT) {
            diag_error(s->diag, E_REPEAT, e->span, "functions put in place make this expression too large");
            return value_bad(e->span);
        }
        AstName name = stmt->left->ref.path.at[0].name;
        scope_add(s, inner.scope, SYM_VALUE, name.name, name.span)->value = v;
    }
    Symbol *result = scope_own(inner.scope, spec->stmt->results.at[0].name.name);
    if (result) return result->value;
    body_error(s, spec->span, "the result has no equation");
    return value_bad(e->span);
}
