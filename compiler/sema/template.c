/* Templates and repeats. An instance walks the template's body in a scope of its own; the axis parameters are fresh
 * axes there, and the instance's symbol holds the names to map back. Repeats are unrolled; each turn has its scope, and
 * what it declares is exported as name[i]. */
#include "sema/internal.h"

enum { REPEAT_LIMIT = 4096, INSTANCE_DEPTH = 64 };

/* ---- arguments --------------------------------------------------------------------------------------------------- */
typedef struct Instance {
    const AstStmt *stmt, *template;
    const Place *caller;
    Place *place; /* inside */
    Symbol *symbol;
} Instance;

/* The argument for a parameter: by name, or the positional one of its rank. */
static const AstExpr *argument_of(const AstArgs *args, const AstParam *param, int rank) {
    for (int i = 0, k = 0; i < args->count; i++) {
        if (args->at[i].name.name ? args->at[i].name.name == param->name.name : k == rank) return args->at[i].value;
        k += !args->at[i].name.name;
    }
    return param->value;
}

static void check_argument_names(Sema *s, const Instance *in) {
    const AstStmt *t = in->template;
    int positional = 0;
    for (int i = 0; i < in->stmt->axis_args.count; i++) {
        AstName name = in->stmt->axis_args.at[i].name;
        if (!name.name) {
            if (++positional > t->params.count) {
                Diagnostic *d = diag_error(s->diag, E_ARGUMENTS, in->stmt->axis_args.at[i].value->span,
                                           "`%s` has only %d parameters before the `;`", t->name.name, t->params.count);
                diag_mark(d, t->name.span, "declared here");
            }
            continue;
        }
        VEC(const char *) names = {0};
        bool known = false;
        for (int k = 0; k < t->params.count; k++) {
            known |= t->params.at[k].name.name == name.name;
            vec_push(s->arena, &names, t->params.at[k].name.name);
        }
        if (known) continue;
        Diagnostic *d = diag_error(s->diag, E_ARGUMENTS, name.span, "`%s` has no parameter `%s`", t->name.name, name.name);
        const char *closest = diag_closest(name.name, names.at, names.count);
        if (closest) diag_help(d, "did you mean `%s`?", closest);
        diag_mark(d, t->name.span, "declared here");
    }
}

static bool missing_argument(Sema *s, const Instance *in, AstName name) {
    Diagnostic *d = diag_error(s->diag, E_ARGUMENTS, in->stmt->span, "`%s` needs an argument for `%s`",
                               in->template->name.name, name.name);
    diag_mark(d, name.span, "declared here");
    return false;
}

/* An axis of the caller, or a number: an axis of that size. */
static bool bind_axis(Sema *s, Instance *in, const AstParam *param, const AstExpr *argument, const Scope *scope) {
    Symbol *symbol = NULL;
    if (argument->kind == EXPR_REF && argument->ref.path.count == 1)
        symbol = scope_lookup(s, scope, argument->ref.path.at[0].name.name);
    if (symbol && symbol->poisoned) return false;
    Name path = place_path(s, in->place, param->name.name);
    CirAxis *axis;
    if (symbol && symbol->kind == SYM_AXIS) {
        axis = axis_new(s, path, CIR_AXIS_COPY, 0, symbol->axis, param->name.span);
        ((Axis *)axis)->actual = symbol->axis;
        renames_push(s, &in->symbol->map, axis, symbol->axis);
    } else {
        int64_t size;
        if (argument->kind == EXPR_REF && !symbol) {
            scope_require(s, scope, argument->ref.path.at[0].name, KIND(SYM_AXIS), "an axis");
            return false;
        }
        if (!const_int(s, scope, argument, &size) || !axis_size_ok(s, argument->span, param->name.name, size)) return false;
        axis = axis_new(s, path, CIR_AXIS_CONST, size, NULL, argument->span);
    }
    scope_add(s, in->place->scope, SYM_AXIS, param->name.name, param->name.span)->axis = axis;
    return true;
}

static bool bind_function(Sema *s, Instance *in, const AstParam *param, const AstExpr *argument, const Scope *scope) {
    if (argument->kind != EXPR_REF || argument->ref.path.count != 1) {
        diag_error(s->diag, E_FUNCTION, argument->span, "expected the name of a function for `%s`", param->name.name);
        return false;
    }
    Symbol *spec;
    Name builtin;
    if (!function_named(s, scope, argument->ref.path.at[0].name, &spec, &builtin)) return false;
    Symbol *symbol = scope_add(s, in->place->scope, SYM_FUNCTION, param->name.name, param->name.span);
    symbol->function = spec;
    symbol->builtin = builtin;
    return true;
}

static bool bind_param(Sema *s, Instance *in, const AstParam *param, int rank) {
    const AstExpr *argument = argument_of(&in->stmt->axis_args, param, rank);
    if (!argument) return missing_argument(s, in, param->name);
    const Scope *scope = argument == param->value ? in->place->scope : in->caller->scope;
    if (param->kind == PARAM_AXIS) return bind_axis(s, in, param, argument, scope);
    if (param->kind == PARAM_FUNCTION) return bind_function(s, in, param, argument, scope);
    ExprEnv env = {.scope = (Scope *)scope};
    Value v = expr_value(s, &env, argument);
    Symbol *symbol = scope_add(s, in->place->scope, SYM_VALUE, param->name.name, param->name.span);
    symbol->value = v;
    symbol->poisoned = v.bad;
    return !v.bad;
}

/* A signal is read later, where it is used; here only its axes are mapped. */
static bool bind_signal(Sema *s, Instance *in, const AstDecl *decl, const AstExpr *argument) {
    CirAxes inner = {0};
    if (!axes_of(s, in->place->scope, &decl->axes, &inner)) return false;
    Symbol *symbol = scope_add(s, in->place->scope, SYM_SIGNAL, decl->name.name, decl->span);
    symbol->scope = in->caller->scope;
    symbol->expr = argument;
    for (int i = 0; i < inner.count; i++) {
        CirAxis *actual = ((Axis *)inner.at[i])->actual;
        if (actual) renames_push(s, &symbol->map, actual, inner.at[i]);
    }
    SignalUse use = {symbol, decl, argument, inner, in->caller};
    vec_push(s->arena, &s->signals, use);
    return true;
}

static bool bind_all(Sema *s, Instance *in) {
    bool fine = true;
    const AstStmt *t = in->template;
    check_argument_names(s, in);
    for (int i = 0; i < t->params.count; i++) fine &= bind_param(s, in, &t->params.at[i], i);
    if (in->stmt->signal_args.count != t->decls.count) {
        Diagnostic *d = diag_error(s->diag, E_ARGUMENTS, in->stmt->span, "`%s` takes %d signals behind the `;`, %d given",
                                   t->name.name, t->decls.count, in->stmt->signal_args.count);
        diag_mark(d, t->name.span, "declared here");
        return false;
    }
    for (int i = 0; i < t->decls.count && fine; i++)
        fine &= bind_signal(s, in, &t->decls.at[i], in->stmt->signal_args.at[i]);
    return fine;
}

/* ---- the instance ------------------------------------------------------------------------------------------------ */
static bool recursion_ok(Sema *s, const Instance *in) {
    int depth = 0;
    for (const Place *at = in->caller; at; at = at->outer, depth++) {
        if (at->template != in->template && depth < INSTANCE_DEPTH) continue;
        Diagnostic *d =
            diag_error(s->diag, E_RECURSION, in->stmt->span, "template `%s` contains itself", in->template->name.name);
        diag_mark(d, in->template->name.span, "declared here");
        diag_help(d, "use `repeat i in 0..n` for a stack");
        return false;
    }
    return true;
}

/* Each declared result must be a population of the body with these axes, the braces around the instance and cycles apart. */
static void check_results(Sema *s, const Instance *in) {
    for (int i = 0; i < in->template->results.count; i++) {
        const AstDecl *result = &in->template->results.at[i];
        Symbol *symbol = scope_own(in->place->scope, result->name.name);
        if (symbol && symbol->poisoned) continue;
        if (!symbol || symbol->kind != SYM_POPULATION) {
            diag_error(s->diag, E_TEMPLATE, result->span, "`%s` is a result and the template has no population of that name",
                       result->name.name);
            continue;
        }
        CirAxes want = {0}, have = {0};
        axes_of(s, in->place->scope, &result->axes, &want);
        const CirAxes *own = &symbol->population->own;
        for (int k = 0; k < own->count; k++)
            if (!cir_axes_have(&in->caller->enclosing, own->at[k])) axes_push(s, &have, own->at[k]);
        if (cir_axes_same_set(&want, &have)) continue;
        Diagnostic *d = diag_error(s->diag, E_TEMPLATE, result->span,
                                   "the result `%s` and its population have different axes", result->name.name);
        diag_mark(d, symbol->span, "%s", cir_axes_text(s->arena, &have));
    }
}

void walk_instance(Sema *s, const Place *caller, const AstStmt *stmt) {
    Symbol *template = scope_require(s, caller->scope, stmt->callee, KIND(SYM_TEMPLATE), "a template");
    Symbol *symbol = scope_declare(s, caller->scope, SYM_INSTANCE, stmt->name);
    symbol->scope = scope_new(s, template ? template->scope : NULL, true);
    symbol->poisoned = true;
    if (!template) return;
    symbol->stmt = template->stmt;
    Place *place = ARENA_NEW(s->arena, Place);
    Name path = place_path(s, caller, stmt->name.name);
    *place = (Place){.scope = symbol->scope, .enclosing = caller->enclosing, .prefix = arena_printf(s->arena, "%s.", path),
                     .suffix = "", .layer = caller->layer, .region = caller->region ? caller->region : path, .outer = caller,
                     .template = template->stmt, .instance = stmt->span};
    Instance in = {stmt, template->stmt, caller, place, symbol};
    if (!recursion_ok(s, &in) || !bind_all(s, &in)) return;
    symbol->poisoned = false;
    s->c->instances++;
    walk_body(s, place, &template->stmt->body);
    check_results(s, &in);
    bind_weights(s, caller, symbol, &stmt->body);
}

/* Axes under the names that the caller gave. */
static const char *callers_axes(Sema *s, const CirAxes *axes) {
    CirAxes named = {0};
    for (int i = 0; i < axes->count; i++) {
        CirAxis *actual = ((Axis *)axes->at[i])->actual;
        vec_push(s->arena, &named, actual ? actual : axes->at[i]);
    }
    return cir_axes_text(s->arena, &named);
}

/* Signals must match the declared axes exactly; the braces around the instance and cycle axes apart. Cycles are known
 * now. */
void signals_check(Sema *s) {
    for (int i = 0; i < s->signals.count; i++) {
        const SignalUse *use = &s->signals.at[i];
        ExprEnv env = {.scope = use->symbol->scope};
        Reading r = read_source(s, &env, use->argument);
        if (r.bad) {
            use->symbol->poisoned = true;
            continue;
        }
        reading_rename(s, &r, &use->symbol->map);
        CirAxes have = {0};
        for (int k = 0; k < r.order.count; k++) {
            CirAxis *axis = r.order.at[k];
            bool around = axis->kind == CIR_AXIS_CYCLE || cir_axes_have(&use->caller->enclosing, axis);
            if (!around || cir_axes_have(&use->axes, axis)) axes_push(s, &have, axis);
        }
        if (cir_axes_same_set(&have, &use->axes)) continue;
        use->symbol->poisoned = true;
        Diagnostic *d = diag_error(s->diag, E_SIGNAL_AXES, use->argument->span, "this signal does not have the axes of `%s`",
                                   use->decl->name.name);
        diag_mark(d, use->decl->span, "declared here");
        diag_note(d, "expected %s", callers_axes(s, &use->axes));
        diag_note(d, "found    %s", callers_axes(s, &have));
        diag_help(d, "a signal matches exactly: nothing is summed or broadcast at a template's boundary");
    }
}

/* ---- repeat ------------------------------------------------------------------------------------------------------ */
static void export_turn(Sema *s, const Place *outer, const Scope *turn, int64_t i) {
    for (int k = 0; k < turn->symbols.count; k++) {
        const Symbol *from = turn->symbols.at[k];
        if (from->kind == SYM_VALUE || from->kind == SYM_SIGNAL) continue;
        Name name = name_printf(s->names, "%s[%lld]", from->name, (long long)i);
        Symbol *symbol = scope_add(s, outer->scope, from->kind, name, from->span);
        *symbol = *from;
        symbol->name = name;
    }
}

static const AstExpr *next_of(const AstStmt *stmt, Name carried) {
    for (int i = 0; i < stmt->body.count; i++)
        if (stmt->body.at[i]->kind == STMT_NEXT && stmt->body.at[i]->name.name == carried) return stmt->body.at[i]->expr;
    return NULL;
}

static void check_next(Sema *s, const AstStmt *stmt) {
    Name carried = stmt->carried.name.name;
    for (int i = 0; i < stmt->body.count; i++) {
        const AstStmt *at = stmt->body.at[i];
        if (at->kind == STMT_NEXT && at->name.name != carried)
            diag_error(s->diag, E_REPEAT, at->span, "`next %s` has no `with %s = ...`", at->name.name, at->name.name);
    }
    if (carried && !next_of(stmt, carried))
        diag_error(s->diag, E_REPEAT, stmt->carried.name.span, "`%s` is carried and has no `next %s = ...;`", carried,
                   carried);
}

/* One turn; returns its scope, in which `next` is read. */
static Scope *walk_turn(Sema *s, const Place *outer, const AstStmt *stmt, int64_t i, Scope *from, const AstExpr *carried) {
    Place *place = ARENA_NEW(s->arena, Place);
    *place = *outer;
    place->scope = scope_new(s, outer->scope, false);
    place->suffix = arena_printf(s->arena, "%s[%lld]", outer->suffix, (long long)i);
    Value counter = value_number(s, arena_printf(s->arena, "%lld", (long long)i), (double)i, stmt->name.span);
    counter.dim = dim_none();
    scope_add(s, place->scope, SYM_VALUE, stmt->name.name, stmt->name.span)->value = counter;
    if (carried) {
        Symbol *h = scope_add(s, place->scope, SYM_SIGNAL, stmt->carried.name.name, stmt->carried.name.span);
        h->scope = from;
        h->expr = carried;
    }
    walk_body(s, place, &stmt->body);
    export_turn(s, outer, place->scope, i);
    return place->scope;
}

static bool repeat_range(Sema *s, const Place *outer, const AstStmt *stmt, int64_t *from, int64_t *to) {
    if (!const_int(s, outer->scope, stmt->expr, from) || !const_int(s, outer->scope, stmt->expr2, to)) return false;
    int64_t count;
    if (!__builtin_sub_overflow(*to, *from, &count) && count >= 0 && count <= REPEAT_LIMIT) return true;
    Diagnostic *d = diag_error(s->diag, E_REPEAT, span_join(stmt->expr->span, stmt->expr2->span),
                               "a repeat takes between 0 and %d turns", REPEAT_LIMIT);
    diag_help(d, "`repeat i in 0..6` takes six turns, i = 0 to 5");
    return false;
}

void walk_repeat(Sema *s, const Place *outer, const AstStmt *stmt) {
    int64_t from = 0, to = 0;
    bool fine = repeat_range(s, outer, stmt, &from, &to);
    Scope probe = {0}; /* counter and carried name must be free */
    probe.parent = outer->scope;
    scope_declare(s, &probe, SYM_VALUE, stmt->name);
    Name carried = stmt->carried.name.name;
    Symbol *after = carried ? scope_declare(s, &probe, SYM_SIGNAL, stmt->carried.name) : NULL;
    check_next(s, stmt);
    Scope *scope = outer->scope;
    const AstExpr *value = carried ? stmt->carried.value : NULL;
    for (int64_t i = from; i < to && fine; i++) {
        scope = walk_turn(s, outer, stmt, i, scope, value);
        if (carried && next_of(stmt, carried)) value = next_of(stmt, carried);
    }
    if (!after) return;
    after->scope = scope;
    after->expr = value;
    after->poisoned = !fine;
    vec_push(s->arena, &outer->scope->symbols, after);
}
