/* Calls: builtin functions, size, previous, select, specs; and reductions over axes. */
#include <string.h>

#include "sema/internal.h"

static const struct {
    const char *name;
    CirOp op;
    int argc;
} builtins[] = {
    {"exp", CIR_EXP, 1},   {"log", CIR_LOG, 1},   {"sqrt", CIR_SQRT, 1},       {"sin", CIR_SIN, 1},   {"cos", CIR_COS, 1},
    {"tanh", CIR_TANH, 1}, {"relu", CIR_RELU, 1}, {"sigmoid", CIR_SIGMOID, 1}, {"gelu", CIR_GELU, 1}, {"erf", CIR_ERF, 1},
    {"abs", CIR_ABS, 1},   {"min", CIR_MIN, 2},   {"max", CIR_MAX, 2},         {"identity", CIR_REF, 1},
    {"stop_gradient", CIR_STOP, 1},
};
enum { BUILTIN_COUNT = sizeof builtins / sizeof *builtins };

static int builtin_index(const char *name) {
    for (int i = 0; i < BUILTIN_COUNT; i++)
        if (strcmp(builtins[i].name, name) == 0) return i;
    return -1;
}

bool is_builtin_function(const char *name) {
    int i = builtin_index(name);
    return i >= 0 && builtins[i].argc == 1;
}

/* ---- elementwise ------------------------------------------------------------------------------------------------- */
static Value apply_unary(Sema *s, CirOp op, Value v, Span at) {
    if (v.bad || op == CIR_REF) return v;
    bool keeps = op == CIR_RELU || op == CIR_ABS || op == CIR_STOP;
    if (op == CIR_SQRT) {
        Dim root;
        if (!dim_raise(v.dim, 1, &root)) {
            diag_error(s->diag, E_UNIT_ARGUMENT, at, "the root of a quantity in %s", dim_text(s->arena, v.dim));
            return value_bad(at);
        }
        v.dim = root;
    } else if (!keeps) {
        if (!dim_is_none(v.dim)) {
            Diagnostic *d =
                diag_error(s->diag, E_UNIT_ARGUMENT, v.span, "the argument of this function must be a plain number");
            diag_note(d, "it is in %s", dim_text(s->arena, v.dim));
            diag_help(d, "divide by a quantity of the same dimension first");
            return value_bad(at);
        }
        v.dim = dim_none();
    }
    v.expr = cir_op1(s->c, op, at, v.expr);
    v.span = at;
    return v;
}

Value arguments_error(Sema *s, const AstExpr *e, int want) {
    diag_error(s->diag, E_ARGUMENTS, e->span, "`%s` takes %d argument%s, %d given", e->callee.name, want,
               want == 1 ? "" : "s", e->args.count);
    return value_bad(e->span);
}

static Value builtin_value(Sema *s, const ExprEnv *env, const AstExpr *e, int which) {
    if (e->args.count != builtins[which].argc) return arguments_error(s, e, builtins[which].argc);
    Value a = expr_value(s, env, e->args.at[0]);
    if (builtins[which].argc == 1) return apply_unary(s, builtins[which].op, a, e->span);
    return value_op(s, env, builtins[which].op, a, expr_value(s, env, e->args.at[1]), e->span);
}

static Value select_value(Sema *s, const ExprEnv *env, const AstExpr *e) {
    if (e->args.count != 3) return arguments_error(s, e, 3);
    Value condition = expr_value(s, env, e->args.at[0]);
    Value a = expr_value(s, env, e->args.at[1]), b = expr_value(s, env, e->args.at[2]);
    Value both = value_op(s, env, CIR_ADD, a, b, e->span); /* for its axes and dimension */
    if (both.bad || condition.bad) return value_bad(e->span);
    Value v = value_op(s, env, CIR_MUL, condition, both, e->span);
    if (v.bad) return v;
    CirExpr *arg[3] = {condition.expr, a.expr, b.expr};
    v.expr = cir_op(s->c, CIR_SELECT, e->span, 3, arg);
    v.dim = both.dim;
    return v;
}

static Value size_value(Sema *s, const ExprEnv *env, const AstExpr *e) {
    if (e->args.count != 1) return arguments_error(s, e, 1);
    const AstExpr *axis = e->args.at[0];
    if (axis->kind != EXPR_REF || axis->ref.path.count != 1 || axis->ref.has_indices) {
        diag_error(s->diag, E_ARGUMENTS, axis->span, "size() takes an axis");
        return value_bad(e->span);
    }
    Symbol *symbol = scope_require(s, env->scope, axis->ref.path.at[0].name, KIND(SYM_AXIS), "an axis");
    if (!symbol) return value_bad(e->span);
    Value v = {.expr = cir_of_axis(s->c, CIR_SIZE, e->span, symbol->axis), .dim = dim_none(), .span = e->span};
    return v;
}

static Value previous_value(Sema *s, const ExprEnv *env, const AstExpr *e) {
    if (e->args.count != 1) return arguments_error(s, e, 1);
    if (e->args.at[0]->kind != EXPR_REF) {
        Diagnostic *d = diag_error(s->diag, E_PREVIOUS, e->args.at[0]->span, "previous() takes a name");
        diag_help(d, "give the expression a name first: `state old = 0; old = ...;`");
        return value_bad(e->span);
    }
    Reading r = read_previous(s, read_ref(s, env, &e->args.at[0]->ref));
    return value_of_reading(s, &r);
}

static Value spec_value(Sema *s, const ExprEnv *env, const Symbol *spec, const AstExpr *e) {
    if (!spec_is_scalar(spec->stmt)) return spec_call(s, env, spec, e);
    if (e->args.count != spec->stmt->decls.count) return arguments_error(s, e, spec->stmt->decls.count);
    return spec_inline(s, env, spec, e);
}

Value call_value(Sema *s, const ExprEnv *env, const AstExpr *e) {
    const char *name = e->callee.name;
    Symbol *symbol = scope_lookup(s, env->scope, e->callee.name);
    if (symbol && symbol->kind == SYM_FUNCTION) {
        if (symbol->function) return spec_value(s, env, symbol->function, e);
        return builtin_value(s, env, e, builtin_index(symbol->builtin));
    }
    int which = builtin_index(name);
    if (which >= 0) return builtin_value(s, env, e, which);
    if (strcmp(name, "previous") == 0) return previous_value(s, env, e);
    if (strcmp(name, "select") == 0) return select_value(s, env, e);
    if (strcmp(name, "size") == 0) return size_value(s, env, e);
    if (strcmp(name, "time") == 0) return time_value(s, env, e);
    if (strcmp(name, "gradient") == 0) return gradient_value(s, env, e);
    if (strcmp(name, "settle") == 0) return settle_value(s, env, e);
    symbol = scope_require(s, env->scope, e->callee, KIND(SYM_SPEC) | KIND(SYM_FUNCTION), "a function or a spec");
    return symbol ? spec_value(s, env, symbol, e) : value_bad(e->span);
}

bool function_named(Sema *s, const Scope *scope, AstName name, Symbol **spec, Name *builtin) {
    *spec = NULL;
    *builtin = NULL;
    Symbol *symbol = scope_lookup(s, scope, name.name);
    if (symbol && symbol->kind == SYM_FUNCTION) {
        *spec = symbol->function;
        *builtin = symbol->builtin;
        return true;
    }
    if (!symbol && is_builtin_function(name.name)) {
        *builtin = name.name;
        return true;
    }
    symbol = scope_require(s, scope, name, KIND(SYM_SPEC), "a function");
    if (!symbol) return false;
    *spec = symbol;
    if (spec_is_scalar(symbol->stmt) && symbol->stmt->decls.count == 1) return true;
    Diagnostic *d = diag_error(s->diag, E_FUNCTION, name.span, "`%s` is not a function of one number", name.name);
    diag_mark(d, symbol->span, "declared here");
    diag_help(d, "a function is a builtin (tanh, relu, ...) or a spec without axes: `spec f(u) -> r { r = u + 1; }`");
    return false;
}

/* ---- reductions -------------------------------------------------------------------------------------------------- */
typedef struct Reduction {
    CirAxes fresh;
    CirGuard guard;
    CirAxes guard_axes;
    Value body;
} Reduction;

static bool reduction_axes(Sema *s, ExprEnv *env, const AstExpr *e, Reduction *r) {
    bool fine = true;
    Scope *inner = scope_new(s, env->scope, false);
    CirRenames bound = {0};
    for (int i = 0; i < env->bound.count; i++) vec_push(s->arena, &bound, env->bound.at[i]);
    for (int i = 0; i < e->bound.count; i++) {
        Symbol *symbol = scope_require(s, env->scope, e->bound.at[i], KIND(SYM_AXIS), "an axis");
        if (!symbol) {
            fine = false;
            continue;
        }
        CirAxis *fresh = axis_copy(s, symbol->axis);
        vec_push(s->arena, &r->fresh, fresh);
        renames_push(s, &bound, symbol->axis, fresh);
        scope_add(s, inner, SYM_AXIS, symbol->name, symbol->span)->axis = fresh;
    }
    env->scope = inner;
    env->bound = bound;
    return fine;
}

static bool axis_used(Sema *s, const AstExpr *e, const Reduction *r) {
    for (int i = 0; i < r->fresh.count; i++) {
        if (cir_axes_have(&r->body.axes, r->fresh.at[i])) continue;
        Diagnostic *d = diag_error(s->diag, E_SPEC_INDEX, e->bound.at[i].span, "`%s` does not occur in what is summed here",
                                   e->bound.at[i].name);
        diag_note(d, "the free indices there are %s", cir_axes_text(s->arena, &r->body.axes));
        diag_help(d, "a reduction binds one product; put a sum of terms in brackets");
        return false;
    }
    return true;
}

static Value reduction(Sema *s, CirOp op, const Reduction *r, CirExpr *body, Span at) {
    Value v = {.dim = r->body.dim, .whole = r->body.whole, .span = at};
    v.expr = cir_op1(s->c, op, at, body);
    v.expr->bound = r->fresh;
    v.expr->guard = r->guard;
    for (int i = 0; i < r->body.axes.count; i++)
        if (!cir_axes_have(&r->fresh, r->body.axes.at[i])) axes_push(s, &v.axes, r->body.axes.at[i]);
    for (int i = 0; i < r->guard_axes.count; i++)
        if (!cir_axes_have(&r->fresh, r->guard_axes.at[i])) axes_push(s, &v.axes, r->guard_axes.at[i]);
    return v;
}

/* Does a point of the domain exist for every value of the free indices? Two candidates are tried: the first position of each
 * bound axis, and the position of the index that it is compared with. */
static bool atom_holds(const CirAtom *atom, const CirAxes *bound, bool same) {
    bool a = atom->a && cir_axes_have(bound, atom->a), b = atom->b && cir_axes_have(bound, atom->b);
    if (!a && !b) return false; /* decided by the free indices alone */
    if ((a && b) || (same && atom->a && atom->b)) return atom->equal ? atom->bound == 0 : atom->bound >= 0;
    if (same) return false;
    if (a && atom->b) return !atom->equal && atom->bound >= 0; /* 0 - i <= bound */
    if (b && atom->a) return false;                            /* i - 0 <= bound */
    return atom->equal ? atom->bound == 0 : atom->bound >= 0;
}

static bool never_empty(const Reduction *r) {
    bool first = true, same = true;
    for (int i = 0; i < r->guard.count; i++) {
        first &= atom_holds(&r->guard.at[i], &r->fresh, false);
        same &= atom_holds(&r->guard.at[i], &r->fresh, true);
    }
    return first || same;
}

static Value empty_extremum(Sema *s, const AstExpr *e) {
    Diagnostic *d = diag_error(s->diag, E_EMPTY_MAXIMUM, e->guard->span, "this %s may be over nothing", e->callee.name);
    diag_help(d, "an empty sum is 0, an empty maximum is nothing; let the guard include one position, as `j <= i` does");
    return value_bad(e->span);
}

/* How many points a mean is taken over. */
static CirExpr *point_count(Sema *s, const Reduction *r, Span at) {
    if (r->guard.count) return reduction(s, CIR_SUM, r, cir_number(s->c, "1", 1, at), at).expr;
    CirExpr *count = cir_of_axis(s->c, CIR_SIZE, at, r->fresh.at[0]);
    for (int i = 1; i < r->fresh.count; i++)
        count = cir_op2(s->c, CIR_MUL, at, count, cir_of_axis(s->c, CIR_SIZE, at, r->fresh.at[i]));
    return count;
}

Value reduce_value(Sema *s, const ExprEnv *outer, const AstExpr *e) {
    ExprEnv env = *outer;
    Reduction r = {0};
    const char *name = e->callee.name;
    bool fine = reduction_axes(s, &env, e, &r);
    if (e->guard && fine) fine = guard_build(s, &env, e->guard, &r.guard, &r.guard_axes);
    if (!fine) return value_bad(e->span);
    r.body = expr_value(s, &env, e->args.at[0]);
    if (r.body.bad || !axis_used(s, e, &r)) return value_bad(e->span);
    bool extremum = strcmp(name, "max") == 0 || strcmp(name, "min") == 0;
    if (extremum && !never_empty(&r)) return empty_extremum(s, e);
    if (strcmp(name, "sum") == 0) return reduction(s, CIR_SUM, &r, r.body.expr, e->span);
    if (strcmp(name, "max") == 0) return reduction(s, CIR_AMAX, &r, r.body.expr, e->span);
    if (strcmp(name, "mean") == 0) {
        Value v = reduction(s, CIR_SUM, &r, r.body.expr, e->span);
        v.expr = cir_op2(s->c, CIR_DIV, e->span, v.expr, point_count(s, &r, e->span));
        return v;
    }
    if (strcmp(name, "min") == 0) {
        Value v = reduction(s, CIR_AMAX, &r, cir_op1(s->c, CIR_NEG, e->span, r.body.expr), e->span);
        v.expr = cir_op1(s->c, CIR_NEG, e->span, v.expr);
        return v;
    }
    diag_error(s->diag, E_FUNCTION, e->callee.span, "`%s` is not a reduction; expected sum, max, mean or min", name);
    return value_bad(e->span);
}
