/* Axes: sizes, bounds, copies, cycles, constraints; integer constants. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sema/internal.h"

static const int64_t SIZE_LIMIT = INT64_C(1) << 31; /* exclusive: positions fit 32 bits */

CirAxis *axis_new(Sema *s, Name name, CirAxisKind kind, int64_t size, CirAxis *base, Span at) {
    Axis *axis = ARENA_NEW(s->arena, Axis);
    axis->cir = (CirAxis){name, kind, base ? base->root->size : size, base, NULL, at};
    axis->cir.root = base ? base->root : &axis->cir;
    vec_push(s->arena, &s->c->axes, &axis->cir);
    return &axis->cir;
}

CirAxis *axis_copy(Sema *s, CirAxis *of) {
    Axis *root = (Axis *)of->root;
    Name name = name_printf(s->names, "%s.%d", root->cir.name, ++root->copies);
    return axis_new(s, name, CIR_AXIS_COPY, 0, of->kind == CIR_AXIS_CYCLE ? of->base : of, of->span);
}

const char *axis_local(const CirAxis *axis) {
    const char *dot = strrchr(axis->name, '.');
    return dot ? dot + 1 : axis->name;
}

CirAxis *axis_among(Sema *s, const Scope *scope, const CirAxes *axes, AstName name) {
    Symbol *symbol = scope_lookup(s, scope, name.name);
    if (symbol && symbol->kind == SYM_AXIS && cir_axes_have(axes, symbol->axis)) return symbol->axis;
    CirAxis *found = NULL;
    for (int i = 0; i < axes->count; i++)
        if (strcmp(axis_local(axes->at[i]), name.name) == 0) {
            if (found) return NULL;
            found = axes->at[i];
        }
    return found;
}

bool axes_of(Sema *s, const Scope *scope, const AstNames *names, CirAxes *axes) {
    bool fine = true;
    for (int i = 0; i < names->count; i++) {
        Symbol *symbol = scope_require(s, scope, names->at[i], KIND(SYM_AXIS), "an axis");
        if (!symbol) {
            fine = false;
        } else if (cir_axes_have(axes, symbol->axis)) {
            Diagnostic *d = diag_error(s->diag, E_AXIS_REPEATED, names->at[i].span, "axis `%s` is given twice",
                                       names->at[i].name);
            diag_help(d, "declare a second axis of the same size, `axis %s2 = %s;`, and use it for one of the two",
                      names->at[i].name, names->at[i].name);
            fine = false;
        } else {
            vec_push(s->arena, axes, symbol->axis);
        }
    }
    return fine;
}

/* ---- integer constants ------------------------------------------------------------------------------------------- */
static bool const_error(Sema *s, const AstExpr *e, const char *why) {
    Diagnostic *d = diag_error(s->diag, E_CONSTANT, e->span, "%s", why);
    diag_help(d, "sizes and counts are made of integers, axes, constants and + - * /");
    return false;
}

static bool const_overflow(Sema *s, const AstExpr *e) {
    diag_error(s->diag, E_AXIS_OVERFLOW, e->span, "this number does not fit 64 bits");
    return false;
}

static bool const_binary(Sema *s, const Scope *scope, const AstExpr *e, int64_t *value) {
    int64_t a, b;
    if (!const_int(s, scope, e->args.at[0], &a) || !const_int(s, scope, e->args.at[1], &b)) return false;
    switch (e->op) {
    case OP_ADD: return !__builtin_add_overflow(a, b, value) || const_overflow(s, e);
    case OP_SUB: return !__builtin_sub_overflow(a, b, value) || const_overflow(s, e);
    case OP_MUL: return !__builtin_mul_overflow(a, b, value) || const_overflow(s, e);
    case OP_DIV:
        if (b == 0 || a % b || (a == INT64_MIN && b == -1))
            return const_error(s, e, "this division does not give an integer");
        *value = a / b;
        return true;
    case OP_POW:
        *value = 1;
        if (b < 0 || b > 63) return const_error(s, e, "the exponent must be between 0 and 63");
        for (int64_t i = 0; i < b; i++)
            if (__builtin_mul_overflow(*value, a, value)) return const_overflow(s, e);
        return true;
    default: return const_error(s, e, "expected an integer");
    }
}

static bool const_axis(Sema *s, const AstExpr *e, const CirAxis *axis, int64_t *value) {
    *value = axis->root->size;
    if (axis->root->kind == CIR_AXIS_CONST) return true;
    return const_error(s, e, arena_printf(s->arena, "axis `%s` has no fixed size (it is bounded)", axis->name));
}

static bool const_name(Sema *s, const Scope *scope, const AstExpr *e, int64_t *value) {
    if (e->ref.path.count != 1 || e->ref.has_indices) return const_error(s, e, "expected an integer");
    Symbol *symbol =
        scope_require(s, scope, e->ref.path.at[0].name, KIND(SYM_AXIS) | KIND(SYM_VALUE), "an axis or a constant");
    if (!symbol) return false;
    if (symbol->kind == SYM_AXIS) return const_axis(s, e, symbol->axis, value);
    double number;
    if (symbol->value.bad) return false;
    if (!fold_number(symbol->value.expr, &number) || number != floor(number) || fabs(number) > 9e15)
        return const_error(s, e, "this constant is not an integer");
    *value = (int64_t)number;
    return true;
}

static bool const_kind(Sema *s, const Scope *scope, const AstExpr *e, int64_t *value) {
    switch (e->kind) {
    case EXPR_NUMBER:
        if (e->unit || e->number != floor(e->number)) return const_error(s, e, "expected an integer");
        if (fabs(e->number) > 9e18) return const_overflow(s, e);
        *value = (int64_t)e->number;
        return true;
    case EXPR_UNARY:
        if (!const_int(s, scope, e->args.at[0], value)) return false;
        return !__builtin_sub_overflow((int64_t)0, *value, value) || const_overflow(s, e);
    case EXPR_BINARY: return const_binary(s, scope, e, value);
    case EXPR_REF: return const_name(s, scope, e, value);
    case EXPR_CALL:
        if (strcmp(e->callee.name, "size") == 0 && e->args.count == 1 && e->args.at[0]->kind == EXPR_REF)
            return const_name(s, scope, e->args.at[0], value);
        return const_error(s, e, "expected an integer");
    default: return const_error(s, e, "expected an integer");
    }
}

bool const_int(Sema *s, const Scope *scope, const AstExpr *e, int64_t *value) {
    if (s->depth > DEPTH_LIMIT) return const_error(s, e, "this expression is nested too deeply");
    s->depth++;
    bool fine = const_kind(s, scope, e, value);
    s->depth--;
    return fine;
}

bool fold_number(const CirExpr *e, double *value) {
    double a[3] = {0};
    if (e->argc > 3) return false;
    for (int i = 0; i < e->argc; i++)
        if (!fold_number(e->arg[i], &a[i])) return false;
    switch (e->op) {
    case CIR_NUMBER: *value = e->value; return true;
    case CIR_NEG: *value = -a[0]; return true;
    case CIR_ADD: *value = a[0] + a[1]; return true;
    case CIR_SUB: *value = a[0] - a[1]; return true;
    case CIR_MUL: *value = a[0] * a[1]; return true;
    case CIR_DIV: *value = a[0] / a[1]; return true;
    case CIR_POW: *value = pow(a[0], a[1]); return true;
    case CIR_SQRT: *value = sqrt(a[0]); return true;
    case CIR_EXP: *value = exp(a[0]); return true;
    case CIR_LOG: *value = log(a[0]); return true;
    case CIR_SIZE: *value = (double)e->axis->root->size; return e->axis->root->kind == CIR_AXIS_CONST;
    default: return false;
    }
}

bool tensor_size_ok(Sema *s, const CirEntity *entity) {
    __int128 size = 1;
    for (int i = 0; i < entity->axes.count; i++) {
        size *= entity->axes.at[i]->root->size;
        if (size < ((__int128)1 << 60)) continue;
        Diagnostic *d =
            diag_error(s->diag, E_AXIS_OVERFLOW, entity->span, "`%s` would have 2^60 values or more", entity->path);
        diag_note(d, "its axes are %s", cir_axes_text(s->arena, &entity->axes));
        return false;
    }
    return true;
}

/* ---- statements -------------------------------------------------------------------------------------------------- */
bool axis_size_ok(Sema *s, Span at, const char *name, int64_t size) {
    if (size > 0 && size < SIZE_LIMIT) return true;
    Diagnostic *d = diag_error(s->diag, E_AXIS_SIZE, at, "axis `%s` would have the size %lld", name, (long long)size);
    diag_help(d, "a size is at least 1 and below 2^31");
    return false;
}

/* --set name=value; the value replaces the size (or bound) in the main file. */
static const char *override_of(Sema *s, const Place *place, Name name) {
    for (int i = 0; place->top && i < s->input->override_count; i++)
        if (strcmp(s->input->overrides[i].name, name) == 0) {
            vec_push(s->arena, &s->used_overrides, name);
            return s->input->overrides[i].value;
        }
    return NULL;
}

static bool override_int(Sema *s, const char *name, const char *text, int64_t *value) {
    char *end;
    errno = 0;
    *value = strtoll(text, &end, 10);
    if (*text && !*end && !errno) return true;
    diag_error(s->diag, E_OVERRIDE, span_none(), "--set %s=%s: expected an integer", name, text);
    return false;
}

/* The axis that `axis pre = unit;` copies, or NULL. */
static CirAxis *copied_axis(Sema *s, const Place *place, const AstExpr *e) {
    if (e->kind != EXPR_REF || e->ref.path.count != 1 || e->ref.has_indices) return NULL;
    Symbol *symbol = scope_lookup(s, place->scope, e->ref.path.at[0].name.name);
    return symbol && symbol->kind == SYM_AXIS ? symbol->axis : NULL;
}

/* `axis d = head * a;` where d exists: a constraint. */
static void axis_constraint(Sema *s, const Place *place, const AstStmt *stmt, const CirAxis *axis) {
    int64_t size, have;
    CirAxis *same = copied_axis(s, place, stmt->expr);
    if (same && same->root == axis->root) return;
    AstExpr self = *stmt->expr;
    if (!const_int(s, place->scope, stmt->expr, &size) || !const_axis(s, &self, axis, &have)) return;
    if (size == have) return;
    Diagnostic *d = diag_error(s->diag, E_AXIS_CONSTRAINT, stmt->span, "axis `%s` has the size %lld, and this says %lld",
                               stmt->name.name, (long long)have, (long long)size);
    if (axis->span.file) diag_mark(d, axis->span, "its size comes from here");
    if (place->instance.file) diag_mark(d, place->instance, "in this instance");
}

void walk_axis(Sema *s, const Place *place, const AstStmt *stmt) {
    Symbol *known = scope_lookup(s, place->scope, stmt->name.name);
    if (known && known->kind == SYM_AXIS && stmt->relation == RELATION_EQUAL && place->template) {
        axis_constraint(s, place, stmt, known->axis);
        return;
    }
    Name path = place_path(s, place, stmt->name.name);
    const char *text = override_of(s, place, stmt->name.name);
    CirAxis *copied = stmt->relation == RELATION_EQUAL && !text ? copied_axis(s, place, stmt->expr) : NULL;
    int64_t size = 1;
    bool fine = true;
    if (text) fine = override_int(s, stmt->name.name, text, &size);
    else if (!copied) fine = const_int(s, place->scope, stmt->expr, &size);
    if (fine) fine = axis_size_ok(s, stmt->expr->span, stmt->name.name, size);
    CirAxisKind kind = stmt->relation == RELATION_AT_MOST ? CIR_AXIS_BOUNDED : CIR_AXIS_CONST;
    Symbol *symbol = scope_declare(s, place->scope, SYM_AXIS, stmt->name); /* last: it does not see itself */
    if (copied) symbol->axis = axis_new(s, path, CIR_AXIS_COPY, 0, copied, stmt->span);
    else symbol->axis = axis_new(s, path, kind, fine ? size : 1, NULL, stmt->span);
}

void walk_cycle(Sema *s, const Place *place, const AstStmt *stmt) {
    const AstExpr *over = stmt->expr;
    Symbol *base = NULL;
    if (over && over->kind == EXPR_REF && over->ref.path.count == 1)
        base = scope_require(s, place->scope, over->ref.path.at[0].name, KIND(SYM_AXIS), "an axis");
    Symbol *symbol = scope_declare(s, place->scope, SYM_AXIS, stmt->name);
    symbol->poisoned = !base;
    if (base && base->axis->kind == CIR_AXIS_CYCLE) {
        Diagnostic *d = diag_error(s->diag, E_CYCLE_BASE, over->span, "`%s` is a cycle axis itself", base->name);
        diag_mark(d, base->span, "declared here");
        diag_help(d, "a cycle runs over an ordinary axis: the positions that are presented one by one");
        symbol->poisoned = true;
    }
    CirAxis *axis = base ? base->axis : axis_new(s, stmt->name.name, CIR_AXIS_CONST, 1, NULL, stmt->span);
    symbol->axis = axis_new(s, place_path(s, place, stmt->name.name), CIR_AXIS_CYCLE, 0, axis, stmt->span);
}

void walk_constant(Sema *s, const Place *place, const AstStmt *stmt) {
    const char *text = override_of(s, place, stmt->decl.name.name);
    bool table = stmt->decl.has_axes;
    ExprEnv env = {.scope = place->scope, .tensor = table};
    CirAxes axes = {0};
    if (table) axes_of(s, place->scope, &stmt->decl.axes, &axes);
    Value value = expr_value(s, &env, stmt->expr);
    Symbol *symbol = scope_declare(s, place->scope, table ? SYM_ENTITY : SYM_VALUE, stmt->decl.name);
    if (text && !table) {
        char *end;
        double number = strtod(text, &end);
        if (!*text || *end || !isfinite(number))
            diag_error(s->diag, E_OVERRIDE, span_none(), "--set %s=%s: expected a number", symbol->name, text);
        else value = value_number(s, text, number, stmt->span);
    }
    symbol->value = value;
    symbol->poisoned = value.bad;
    for (int i = 0; i < value.axes.count && !value.bad; i++)
        if (!cir_axes_have(&axes, value.axes.at[i])) {
            diag_error(s->diag, E_SPEC_INDEX, stmt->expr->span, "index `%s` is free here and not an axis of `%s`",
                       axis_local(value.axes.at[i]), symbol->name);
            symbol->poisoned = true;
        }
    if (!table) return;
    symbol->entity = entity_new(s, ENTITY_CONST, place_path(s, place, symbol->name), &axes, stmt->span);
    symbol->entity->value = value.expr;
    entity_of(symbol->entity)->dim = value.dim;
    if (!symbol->poisoned) vec_push(s->arena, &s->c->consts, symbol->entity);
}
