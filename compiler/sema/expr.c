/* Expressions -> circuit expressions with free axes and dimensions. */
#include "sema/internal.h"

Value value_bad(Span at) { return (Value){.bad = true, .span = at, .dim = dim_any()}; }

Value value_number(Sema *s, const char *text, double number, Span at) {
    Value v = {.expr = cir_number(s->c, text, number, at), .dim = number == 0 ? dim_any() : dim_none(), .span = at};
    return v;
}

Value value_renamed(Sema *s, Value v, const CirRenames *map) {
    if (v.bad || !map->count) return v;
    v.expr = cir_rename(s->c, v.expr, map);
    CirAxes axes = {0};
    for (int i = 0; i < v.axes.count; i++) axes_push(s, &axes, cir_renamed(map, v.axes.at[i]));
    v.axes = axes;
    return v;
}

/* Data in a declared unit is scaled to base units where it is read. */
Value value_of_reading(Sema *s, const Reading *r) {
    if (r->bad) return value_bad(r->span);
    const Entity *entity = entity_of(r->entity);
    Value v = {.expr = cir_ref(s->c, r->op, r->span, r->entity, r->index), .dim = entity->dim, .span = r->span};
    for (int i = 0; i < r->order.count; i++) axes_push(s, &v.axes, r->order.at[i]);
    v.whole = !r->indexed && v.axes.count; /* without axes there is nothing to write */
    if (entity->exponent) {
        const char *scale = decimal_scaled(s->arena, "1", entity->exponent);
        CirExpr *factor = cir_number(s->c, scale, __builtin_pow(10, entity->exponent), r->span);
        v.expr = cir_op2(s->c, CIR_MUL, r->span, factor, v.expr);
    }
    return v;
}

/* ---- operators --------------------------------------------------------------------------------------------------- */
static bool broadcast_error(Sema *s, Span at, const Value *a, const Value *b) {
    Diagnostic *d = diag_error(s->diag, E_BROADCAST, at, "these two have different axes, and nothing is broadcast here");
    diag_mark(d, a->span, "%s", cir_axes_text(s->arena, &a->axes));
    diag_mark(d, b->span, "%s", cir_axes_text(s->arena, &b->axes));
    diag_help(d, "write the indices: `y[token, d] == x[token, d] * g[d]`");
    return false;
}

static bool combine_axes(Sema *s, const ExprEnv *env, const Value *a, const Value *b, Span at, Value *out) {
    out->whole = a->whole || b->whole;
    bool whole = env->tensor && out->whole && a->axes.count && b->axes.count;
    if (whole && !cir_axes_same_set(&a->axes, &b->axes)) return broadcast_error(s, at, a, b);
    for (int i = 0; i < a->axes.count; i++) axes_push(s, &out->axes, a->axes.at[i]);
    for (int i = 0; i < b->axes.count; i++) axes_push(s, &out->axes, b->axes.at[i]);
    return true;
}

static bool op_dimension(Sema *s, CirOp op, const Value *a, const Value *b, Span at, Dim *out) {
    switch (op) {
    case CIR_MUL: *out = dim_combine(a->dim, b->dim, 1); return true;
    case CIR_DIV: *out = dim_combine(a->dim, b->dim, -1); return true;
    case CIR_ADD: case CIR_SUB: case CIR_MIN: case CIR_MAX: case CIR_LT: case CIR_LE: case CIR_EQ:
        *out = a->dim.any ? b->dim : a->dim;
        if (!dim_require(s, a->dim, b->dim, at, "the two operands")) return false;
        if (op == CIR_LT || op == CIR_LE || op == CIR_EQ) *out = dim_none();
        return true;
    case CIR_POW: {
        double n;
        *out = dim_none();
        if (!dim_require(s, dim_none(), b->dim, b->span, "an exponent")) return false;
        if (dim_is_none(a->dim)) return true;
        bool known = fold_number(b->expr, &n) && 2 * n == (int)(2 * n) && n > -16 && n < 16;
        if (known && dim_raise(a->dim, (int)(2 * n), out)) return true;
        diag_error(s->diag, E_UNIT_ARGUMENT, at,
                   "a quantity with a unit (%s) is raised to a power that gives no unit: whole numbers and halves do",
                   dim_text(s->arena, a->dim));
        return false;
    }
    default: *out = dim_none(); return true;
    }
}

Value value_op(Sema *s, const ExprEnv *env, CirOp op, Value a, Value b, Span at) {
    Value out = {.span = at};
    if (a.bad || b.bad) return value_bad(at);
    if (!combine_axes(s, env, &a, &b, at, &out)) return value_bad(at);
    if (!op_dimension(s, op, &a, &b, at, &out.dim)) return value_bad(at);
    out.expr = cir_op2(s->c, op, at, a.expr, b.expr);
    return out;
}

static Value negated(Sema *s, Value v, Span at) {
    if (v.bad) return v;
    v.expr = cir_op1(s->c, CIR_NEG, at, v.expr);
    v.span = at;
    return v;
}

static Value binary_value(Sema *s, const ExprEnv *env, const AstExpr *e) {
    static const CirOp op[] = {[OP_ADD] = CIR_ADD, [OP_SUB] = CIR_SUB, [OP_MUL] = CIR_MUL, [OP_DIV] = CIR_DIV,
                               [OP_POW] = CIR_POW, [OP_LT] = CIR_LT,   [OP_LE] = CIR_LE,   [OP_GT] = CIR_LT,
                               [OP_GE] = CIR_LE,   [OP_EQ] = CIR_EQ,   [OP_NE] = CIR_EQ,   [OP_AND] = CIR_MUL};
    Value a = expr_value(s, env, e->args.at[0]), b = expr_value(s, env, e->args.at[1]);
    if (e->op == OP_GT || e->op == OP_GE) return value_op(s, env, op[e->op], b, a, e->span);
    Value v = value_op(s, env, op[e->op], a, b, e->span);
    if (e->op != OP_NE || v.bad) return v;
    return value_op(s, env, CIR_SUB, value_number(s, "1", 1, e->span), v, e->span);
}

/* ---- leaves ------------------------------------------------------------------------------------------------------ */
static Value number_value(Sema *s, const AstExpr *e) {
    Unit unit = unit_of(s, e->unit);
    if (unit.bad) return value_bad(e->span);
    const char *text =
        decimal_scaled(s->arena, e->text ? e->text : arena_printf(s->arena, "%.17g", e->number), unit.exponent);
    Value v = value_number(s, text, e->number * __builtin_pow(10, unit.exponent), e->span);
    v.dim = e->number == 0 && !e->unit ? dim_any() : unit.dim;
    return v;
}

/* A signal that is an expression (`output y = a + b`), read where a value is wanted. */
static Value signal_value(Sema *s, const ExprEnv *env, Symbol *signal, const AstExpr *e) {
    if (e->ref.has_indices) {
        Diagnostic *d = diag_error(s->diag, E_INDEX, e->span, "`%s` is an expression and cannot be indexed", signal->name);
        diag_help(d, "index the signals it is made of");
        return value_bad(e->span);
    }
    if (signal->visiting) {
        diag_error(s->diag, E_SELF, e->span, "`%s` is defined by itself", signal->name);
        return value_bad(e->span);
    }
    ExprEnv inner = *env;
    inner.scope = signal->scope;
    signal->visiting = true;
    Value v = expr_value(s, &inner, signal->expr);
    signal->visiting = false;
    v.span = e->span;
    return v;
}

static bool is_source(Sema *s, const AstExpr *e) {
    return e->kind == EXPR_REF || (e->kind == EXPR_CALL && e->callee.name == name_of(s->names, "previous"));
}

/* An expression seen through names only, `output z = y` where y is one itself. */
static bool is_expression_signal(Sema *s, const Symbol *symbol) {
    for (int i = 0; i < 64 && symbol && symbol->kind == SYM_SIGNAL; i++) {
        if (!is_source(s, symbol->expr)) return true;
        if (symbol->expr->kind != EXPR_REF || symbol->expr->ref.path.count != 1) return false;
        symbol = scope_lookup(s, symbol->scope, symbol->expr->ref.path.at[0].name.name);
    }
    return false;
}

/* A value that is put in place more than once: its reductions get index axes of their own each time. */
static void bound_copies(Sema *s, const CirExpr *e, CirRenames *map) {
    for (int i = 0; i < e->bound.count; i++) renames_push(s, map, e->bound.at[i], axis_copy(s, e->bound.at[i]));
    for (int i = 0; i < e->argc; i++) bound_copies(s, e->arg[i], map);
}

static void rename_bound(Sema *s, CirExpr *e, const CirRenames *map) {
    CirAxes bound = {0};
    for (int i = 0; i < e->bound.count; i++) axes_push(s, &bound, cir_renamed(map, e->bound.at[i]));
    e->bound = bound;
    for (int i = 0; i < e->argc; i++) rename_bound(s, e->arg[i], map);
}

static Value value_again(Sema *s, Value v) {
    CirRenames map = {0};
    if (v.bad) return v;
    bound_copies(s, v.expr, &map);
    if (!map.count) return v;
    v.expr = cir_rename(s->c, v.expr, &map);
    rename_bound(s, v.expr, &map);
    return v;
}

static Value ref_value(Sema *s, const ExprEnv *env, const AstExpr *e) {
    Symbol *symbol = NULL;
    if (e->ref.path.count == 1 && !e->ref.path.at[0].instance)
        symbol = scope_lookup(s, env->scope, e->ref.path.at[0].name.name);
    if (symbol && symbol->poisoned) return value_bad(e->span);
    if (symbol && symbol->kind == SYM_VALUE) {
        Value v = value_again(s, symbol->value);
        v.span = e->span;
        return v;
    }
    if (symbol && symbol->kind == SYM_AXIS) { /* its position, 0-based */
        Value v = {.dim = dim_none(), .span = e->span};
        CirAxis *axis = cir_renamed(&env->bound, symbol->axis);
        v.expr = cir_of_axis(s->c, CIR_POSITION, e->span, axis);
        axes_push(s, &v.axes, axis);
        return v;
    }
    if (symbol && is_expression_signal(s, symbol)) return signal_value(s, env, symbol, e);
    Reading r = read_ref(s, env, &e->ref);
    return value_of_reading(s, &r);
}

Value expr_value(Sema *s, const ExprEnv *env, const AstExpr *e) {
    ExprEnv inner = *env;
    if (++inner.depth > DEPTH_LIMIT) {
        diag_error(s->diag, E_REPEAT, e->span, "this expression is nested too deeply (limit %d)", DEPTH_LIMIT);
        return value_bad(e->span);
    }
    switch (e->kind) {
    case EXPR_NUMBER: return number_value(s, e);
    case EXPR_REF: return ref_value(s, &inner, e);
    case EXPR_CALL: return call_value(s, &inner, e);
    case EXPR_UNARY: return negated(s, expr_value(s, &inner, e->args.at[0]), e->span);
    case EXPR_BINARY: return binary_value(s, &inner, e);
    case EXPR_REDUCE: return reduce_value(s, &inner, e);
    case EXPR_DERIVATIVE: return derivative_value(s, &inner, e);
    case EXPR_STRING: diag_error(s->diag, E_WRONG_KIND, e->span, "a text is not a value"); return value_bad(e->span);
    }
    return value_bad(e->span);
}
