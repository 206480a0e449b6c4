/* Weights: declarations, initialisers, bindings in an instance's braces.
 *
 * A weight without `~`, `from` or `=` is drawn from xavier, a bias is 0: the usual start of both. */
#include <ctype.h>
#include <string.h>

#include "base/text.h"
#include "sema/internal.h"

CirEntity *entity_new(Sema *s, CirEntityKind kind, Name path, const CirAxes *axes, Span at) {
    Entity *entity = ARENA_NEW(s->arena, Entity);
    entity->cir.kind = kind;
    entity->cir.path = path;
    entity->cir.span = at;
    for (int i = 0; axes && i < axes->count; i++) vec_push(s->arena, &entity->cir.axes, axes->at[i]);
    return &entity->cir;
}

/* ---- initialisers ------------------------------------------------------------------------------------------------ */
static bool init_error(Sema *s, Span at, const char *why) {
    Diagnostic *d = diag_error(s->diag, E_INITIALISER, at, "%s", why);
    diag_help(d, "initialisers are `~ normal(mean, deviation)`, `~ uniform(low, high)`, `~ xavier` and `~ number`");
    return false;
}

static bool init_number(Sema *s, const Place *place, const AstExpr *e, double *value) {
    ExprEnv env = {.scope = place->scope};
    Value v = expr_value(s, &env, e);
    if (v.bad) return false;
    return fold_number(v.expr, value) || init_error(s, e->span, "expected a number that is known here");
}

static bool init_draw(Sema *s, const Place *place, CirEntity *w, const AstExpr *e) {
    bool call = e->kind == EXPR_CALL;
    const char *name = call                                            ? e->callee.name
                       : e->kind == EXPR_REF && e->ref.path.count == 1 ? e->ref.path.at[0].name.name
                                                                       : "";
    int argc = call ? e->args.count : 0;
    if (strcmp(name, "xavier") == 0 && argc == 0) {
        w->draw = DRAW_XAVIER;
        return true;
    }
    bool normal = call && strcmp(name, "normal") == 0, uniform = call && strcmp(name, "uniform") == 0;
    if (normal || uniform) {
        if (argc != 2) return init_error(s, e->span, "expected two numbers");
        w->draw = normal ? DRAW_NORMAL : DRAW_UNIFORM;
        if (!init_number(s, place, e->args.at[0], &w->draw_a) || !init_number(s, place, e->args.at[1], &w->draw_b))
            return false;
        if (normal && w->draw_b < 0) return init_error(s, e->args.at[1]->span, "a deviation is not negative");
        return !uniform || w->draw_a <= w->draw_b || init_error(s, e->span, "the lower end is above the upper one");
    }
    w->draw = DRAW_CONSTANT;
    return init_number(s, place, e, &w->draw_a);
}

/* "layer.{i}.weight": names of counters and constants in braces stand for their value. */
static Name tensor_name(Sema *s, const Place *place, AstName tensor) {
    Text text = text_new(s->arena);
    for (const char *at = tensor.name; *at; at++) {
        const char *end = *at == '{' ? strchr(at, '}') : NULL;
        if (!end) {
            text_put(&text, at, 1);
            continue;
        }
        Name name = name_intern(s->names, at + 1, (size_t)(end - at - 1));
        Symbol *symbol = scope_lookup(s, place->scope, name);
        double value;
        if (!symbol || symbol->kind != SYM_VALUE || symbol->value.bad || !fold_number(symbol->value.expr, &value)) {
            Diagnostic *d = diag_error(s->diag, E_BINDING, tensor.span, "`{%s}` is not a counter or constant here", name);
            scope_suggest(s, d, place->scope, name, KIND(SYM_VALUE));
            return tensor.name;
        }
        text_add(&text, "%.15g", value);
        at = end;
    }
    return name_of(s->names, text.at);
}

void weight_init(Sema *s, const Place *place, CirEntity *weight, const AstInit *init) {
    switch (init->kind) {
    case INIT_NONE: return;
    case INIT_DRAW:
        init_draw(s, place, weight, init->draw);
        weight->tensor = NULL;
        break;
    case INIT_FILE: weight->tensor = tensor_name(s, place, init->tensor); break;
    case INIT_FREEZE: weight->literal = true; return;
    case INIT_TIE:
        vec_reserve(s->arena, (void **)&s->ties.at, s->ties.count, &s->ties.capacity, sizeof *s->ties.at);
        s->ties.at[s->ties.count].weight = weight;
        s->ties.at[s->ties.count].place = place;
        s->ties.at[s->ties.count++].expr = init->draw;
        break;
    }
    entity_of(weight)->declared_init = true;
}

/* ---- declarations ------------------------------------------------------------------------------------------------ */
Symbol *weight_declare(Sema *s, const Place *place, const AstDecl *decl, const AstInit *init, bool bias) {
    CirAxes axes = {0};
    bool fine = axes_of(s, place->scope, &decl->axes, &axes);
    Unit unit = unit_of(s, decl->unit);
    Symbol *symbol = scope_declare(s, place->scope, SYM_ENTITY, decl->name);
    symbol->poisoned = !fine || unit.bad;
    symbol->entity = entity_new(s, ENTITY_WEIGHT, place_path(s, place, decl->name.name), &axes, decl->span);
    entity_of(symbol->entity)->bias = bias;
    entity_of(symbol->entity)->dim = unit.dim;
    entity_of(symbol->entity)->exponent = unit.exponent;
    if (decl->unit) symbol->entity->unit = name_of(s->names, unit_text(s->arena, decl->unit));
    weight_init(s, place, symbol->entity, init);
    vec_push(s->arena, &s->c->weights, symbol->entity);
    return symbol;
}

void walk_weights(Sema *s, const Place *place, const AstStmt *stmt) {
    for (int i = 0; i < stmt->decls.count; i++) weight_declare(s, place, &stmt->decls.at[i], &stmt->init, false);
}

void walk_stimulus(Sema *s, const Place *place, const AstStmt *stmt) {
    for (int i = 0; i < stmt->decls.count; i++) {
        const AstDecl *decl = &stmt->decls.at[i];
        CirAxes axes = {0};
        bool fine = axes_of(s, place->scope, &decl->axes, &axes);
        Unit unit = unit_of(s, decl->unit);
        Symbol *symbol = scope_declare(s, place->scope, SYM_ENTITY, decl->name);
        symbol->poisoned = !fine || unit.bad;
        symbol->entity = entity_new(s, ENTITY_STIMULUS, decl->name.name, &axes, decl->span);
        entity_of(symbol->entity)->dim = unit.dim;
        entity_of(symbol->entity)->exponent = unit.exponent;
        if (decl->unit) symbol->entity->unit = name_of(s->names, unit_text(s->arena, decl->unit));
        vec_push(s->arena, &s->c->stimuli, symbol->entity);
    }
}

static Value weight_unknown(Sema *s, const Place *place, const AstDecl *decl, const char *what) {
    Diagnostic *d = diag_error(s->diag, E_WEIGHT_UNDECLARED, decl->name.span, "there is no %s `%s`", what, decl->name.name);
    diag_help(d, "declare it with its axes, in file order: `weight %s[...];`, or write them here", decl->name.name);
    scope_suggest(s, d, place->scope, decl->name.name, KIND(SYM_ENTITY) | KIND(SYM_VALUE));
    return value_bad(decl->span);
}

static const CirEntity *signal_in(const CirExpr *e) {
    if (e->entity && e->entity->kind != ENTITY_WEIGHT && e->entity->kind != ENTITY_CONST) return e->entity;
    const CirEntity *found = NULL;
    for (int i = 0; i < e->argc && !found; i++) found = signal_in(e->arg[i]);
    return found;
}

bool value_is_static(Sema *s, const Value *v, const char *what) {
    const CirEntity *signal = v->bad || !v->expr ? NULL : signal_in(v->expr);
    if (!signal) return true;
    Diagnostic *d = diag_error(s->diag, E_WRONG_KIND, v->span, "%s cannot depend on the signal `%s`", what, signal->path);
    diag_help(d, "signals meet in a cell: send both to it, and let its equation multiply them (pyramidal)");
    return false;
}

Value weight_value(Sema *s, const Place *place, const AstDecl *decl, const char *what) {
    int count = 0;
    Symbol *symbol = scope_lookup(s, place->scope, decl->name.name);
    if (!symbol) symbol = scope_weight_around(s, place->scope, decl->name, &count);
    if (count > 1 || (symbol && symbol->poisoned)) return value_bad(decl->span);
    if (symbol && symbol->kind == SYM_VALUE) return symbol->value;
    bool tensor = symbol && symbol->kind == SYM_ENTITY;
    if (symbol && !tensor) {
        scope_require(s, place->scope, decl->name, KIND(SYM_ENTITY), what);
        return value_bad(decl->span);
    }
    if (!symbol) return weight_unknown(s, place, decl, what);
    ExprEnv env = {.scope = place->scope};
    Reading r = read_entity(s, symbol->entity, decl->span);
    AstRef ref = {.has_indices = decl->has_axes, .span = decl->span};
    for (int i = 0; i < decl->axes.count; i++) {
        AstIndex index = {.kind = INDEX_AXIS, .axis = decl->axes.at[i], .span = decl->axes.at[i].span};
        vec_push(s->arena, &ref.indices, index);
    }
    if (decl->has_axes && !apply_indices(s, &env, &ref, &r)) return value_bad(decl->span);
    return value_of_reading(s, &r);
}

/* ---- bindings in braces ------------------------------------------------------------------------------------------ */
/* "norm.gain" or "W_Q": a weight anywhere inside of the instance. */
static Symbol *bound_weight(Sema *s, Symbol *instance, AstName name) {
    const Scope *scope = instance->scope;
    const char *text = name.name, *dot;
    while ((dot = strchr(text, '.'))) {
        Symbol *part = scope_own(scope, name_intern(s->names, text, (size_t)(dot - text)));
        if (!part || (part->kind != SYM_GROUP && part->kind != SYM_INSTANCE)) break;
        scope = part->scope;
        text = dot + 1;
    }
    int count = 0;
    Name last = name_of(s->names, text);
    Symbol *symbol = scope_own(scope, last);
    if (!symbol || symbol->kind != SYM_ENTITY) symbol = scope_weight_below(s, scope, last, true, &count);
    if (symbol && count <= 1) return symbol;
    Diagnostic *d = diag_error(s->diag, E_BINDING, name.span,
                               count > 1 ? "`%s` has several weights named `%s`" : "`%s` has no weight `%s`",
                               instance->name, name.name);
    Scope alone = *instance->scope;
    alone.parent = NULL;
    scope_suggest(s, d, &alone, last, KIND(SYM_ENTITY));
    if (instance->stmt) diag_mark(d, instance->stmt->name.span, "the template is declared here");
    return NULL;
}

void bind_weights(Sema *s, const Place *caller, Symbol *instance, const AstStmts *body) {
    VEC(const CirEntity *) done = {0};
    for (int i = 0; i < body->count; i++) {
        const AstStmt *stmt = body->at[i];
        if (stmt->kind != STMT_BIND) {
            diag_error(s->diag, E_NOT_HERE, stmt->span, "only bindings of weights stand in the braces of an instance");
            continue;
        }
        Symbol *symbol = bound_weight(s, instance, stmt->name);
        if (!symbol) continue;
        for (int k = 0; k < done.count; k++)
            if (done.at[k] == symbol->entity && stmt->init.kind != INIT_FREEZE)
                diag_error(s->diag, E_DUPLICATE, stmt->name.span, "`%s` is bound twice", stmt->name.name);
        vec_push(s->arena, &done, symbol->entity);
        weight_init(s, caller, symbol->entity, &stmt->init);
    }
}

static bool tie_fits(const CirEntity *a, const CirEntity *b) {
    if (a->axes.count != b->axes.count) return false;
    for (int i = 0; i < a->axes.count; i++) {
        const CirAxis *x = a->axes.at[i]->root, *y = b->axes.at[i]->root;
        if (x != y && (x->size != y->size || x->kind != CIR_AXIS_CONST || y->kind != CIR_AXIS_CONST)) return false;
    }
    return true;
}

static void tie(Sema *s, CirEntity *weight, const Place *place, const AstExpr *e) {
    ExprEnv env = {.scope = place->scope};
    Reading r = e->kind == EXPR_REF ? read_ref(s, &env, &e->ref) : (Reading){.bad = true};
    if (e->kind != EXPR_REF) diag_error(s->diag, E_BINDING, e->span, "expected the name of a weight");
    if (r.bad) return;
    CirEntity *other = r.entity;
    if (other->kind != ENTITY_WEIGHT || other == weight) {
        diag_error(s->diag, E_BINDING, e->span, "a weight is tied to another weight, `%s` is none", other->path);
        return;
    }
    if (!tie_fits(weight, other)) {
        Diagnostic *d =
            diag_error(s->diag, E_BINDING, e->span, "`%s` and `%s` have different shapes", weight->path, other->path);
        diag_note(d, "%s is %s", weight->path, cir_axes_text(s->arena, &weight->axes));
        diag_note(d, "%s is %s", other->path, cir_axes_text(s->arena, &other->axes));
        return;
    }
    for (CirEntity *at = other; at; at = at->tied)
        if (at == weight) {
            diag_error(s->diag, E_BINDING, e->span, "`%s` would be tied to itself", weight->path);
            return;
        }
    weight->tied = other;
}

static void default_fans(CirEntity *w) {
    Entity *entity = entity_of(w);
    double in = entity->fan_in, out = entity->fan_out;
    int count = w->axes.count;
    if (in == 0) in = count ? (double)w->axes.at[count - 1]->root->size : 1;
    if (out == 0) out = count > 1 ? (double)w->axes.at[0]->root->size : 1;
    w->draw_a = in;
    w->draw_b = out;
}

void weights_finish(Sema *s) {
    for (int i = 0; i < s->ties.count; i++) tie(s, s->ties.at[i].weight, s->ties.at[i].place, s->ties.at[i].expr);
    for (int i = 0; i < s->c->weights.count; i++) {
        CirEntity *w = s->c->weights.at[i];
        if (w->draw == DRAW_NONE && !w->tied) w->draw = entity_of(w)->bias ? DRAW_CONSTANT : DRAW_XAVIER;
        if (w->draw == DRAW_XAVIER) default_fans(w);
    }
}
