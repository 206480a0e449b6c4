/* Guards: conjunctions of comparisons of positions. `token <= now and now - token < 8` is a window. A guard restricts the
 * domain of a sum, so it must be decidable from positions alone. */
#include "sema/internal.h"

typedef struct Linear { /* sum of axes with integer coefficients, plus a constant */
    CirAxis *axis[4];
    int times[4];
    int count;
    int64_t constant;
    bool bad;
} Linear;

static Linear linear_bad(Sema *s, const AstExpr *e, const char *why) {
    Diagnostic *d = diag_error(s->diag, E_GUARD, e->span, "%s", why);
    diag_help(d, "a guard compares positions: `token <= now`, `now - token < 8`, joined by `and`");
    return (Linear){.bad = true};
}

static bool linear_add_axis(Linear *l, CirAxis *axis, int times) {
    int i = 0;
    while (i < l->count && l->axis[i] != axis) i++;
    if (i == 4) return false;
    if (i == l->count) {
        l->axis[l->count] = axis;
        l->times[l->count++] = 0;
    }
    l->times[i] += times;
    return true;
}

static Linear linear_sum(Sema *s, const AstExpr *e, Linear a, Linear b, int sign) {
    if (a.bad || b.bad) return (Linear){.bad = true};
    for (int i = 0; i < b.count; i++)
        if (!linear_add_axis(&a, b.axis[i], sign * b.times[i])) return linear_bad(s, e, "too many axes in one comparison");
    int64_t constant = b.constant;
    bool overflow = sign < 0 ? __builtin_sub_overflow(a.constant, constant, &a.constant)
                             : __builtin_add_overflow(a.constant, constant, &a.constant);
    return overflow ? linear_bad(s, e, "this number is too large") : a;
}

static Linear linear_name(Sema *s, const ExprEnv *env, const AstExpr *e) {
    Linear l = {0};
    Symbol *symbol = scope_lookup(s, env->scope, e->ref.path.at[0].name.name);
    bool single = e->ref.path.count == 1 && !e->ref.has_indices;
    if (symbol && (!single || !(KIND(symbol->kind) & (KIND(SYM_AXIS) | KIND(SYM_VALUE)))))
        return linear_bad(s, e, "a guard cannot look at values, only at positions");
    symbol = scope_require(s, env->scope, e->ref.path.at[0].name, KIND(SYM_AXIS) | KIND(SYM_VALUE),
                           "an axis or a constant");
    if (symbol && symbol->kind == SYM_AXIS) linear_add_axis(&l, cir_renamed(&env->bound, symbol->axis), 1);
    else l.bad = !symbol || !const_int(s, env->scope, e, &l.constant);
    return l;
}

/* A bare axis name, which const_int would take for a size. */
static bool names_axis(Sema *s, const ExprEnv *env, const AstExpr *e) {
    if (e->kind == EXPR_REF && e->ref.path.count == 1) {
        Symbol *symbol = scope_lookup(s, env->scope, e->ref.path.at[0].name.name);
        return symbol && symbol->kind == SYM_AXIS;
    }
    if (e->kind != EXPR_BINARY && e->kind != EXPR_UNARY) return false;
    for (int i = 0; i < e->args.count; i++)
        if (names_axis(s, env, e->args.at[i])) return true;
    return false;
}

static Linear linear_of(Sema *s, const ExprEnv *outer, const AstExpr *e) {
    Linear none = {0};
    ExprEnv inner = *outer, *env = &inner;
    if (++inner.depth > DEPTH_LIMIT) return linear_bad(s, e, "this comparison is nested too deeply");
    if (e->kind == EXPR_BINARY && (e->op == OP_ADD || e->op == OP_SUB))
        return linear_sum(s, e, linear_of(s, env, e->args.at[0]), linear_of(s, env, e->args.at[1]),
                          e->op == OP_ADD ? 1 : -1);
    if (e->kind == EXPR_UNARY) return linear_sum(s, e, none, linear_of(s, env, e->args.at[0]), -1);
    if (e->kind == EXPR_REF) return linear_name(s, env, e);
    if (e->kind == EXPR_BINARY && (names_axis(s, env, e->args.at[0]) || names_axis(s, env, e->args.at[1])))
        return linear_bad(s, e, "positions are only added and subtracted in a guard");
    if (!const_int(s, env->scope, e, &none.constant)) none.bad = true;
    return none;
}

static bool atom_push(Sema *s, const AstExpr *e, Linear l, int64_t slack, bool equal, CirGuard *guard, CirAxes *used) {
    CirAtom atom = {NULL, NULL, 0, equal};
    for (int i = 0; i < l.count; i++) {
        if (l.times[i] == 0) continue;
        axes_push(s, used, l.axis[i]);
        CirAxis **side = l.times[i] == 1 ? &atom.a : l.times[i] == -1 ? &atom.b : NULL;
        if (!side || *side)
            return linear_bad(s, e, "a comparison takes the difference of at most two positions").bad && false;
        *side = l.axis[i];
    }
    if (__builtin_sub_overflow(slack, l.constant, &atom.bound))
        return linear_bad(s, e, "this number is too large").bad && false;
    vec_push(s->arena, guard, atom);
    return true;
}

bool guard_build(Sema *s, const ExprEnv *outer, const AstExpr *e, CirGuard *guard, CirAxes *used) {
    ExprEnv inner = *outer, *env = &inner;
    if (++inner.depth > DEPTH_LIMIT) return linear_bad(s, e, "this guard is nested too deeply").bad && false;
    if (e->kind != EXPR_BINARY || e->op < OP_LT || e->op == OP_NE)
        return linear_bad(s, e, "this is not a comparison of positions").bad && false;
    if (e->op == OP_AND) {
        bool left = guard_build(s, env, e->args.at[0], guard, used);
        return guard_build(s, env, e->args.at[1], guard, used) && left;
    }
    Linear a = linear_of(s, env, e->args.at[0]), b = linear_of(s, env, e->args.at[1]);
    bool swap = e->op == OP_GT || e->op == OP_GE;
    Linear difference = linear_sum(s, e, swap ? b : a, swap ? a : b, -1); /* <= 0, < 0 or == 0 */
    if (difference.bad) return false;
    bool strict = e->op == OP_LT || e->op == OP_GT;
    return atom_push(s, e, difference, strict ? -1 : 0, e->op == OP_EQ, guard, used);
}
