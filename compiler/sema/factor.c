/* `check a == c * b for some c`: the sides are compared without the factor, which whoever decides the check has to find. */
#include "sema/internal.h"

static bool is_name(const AstExpr *e, Name name) {
    return e->kind == EXPR_REF && e->ref.path.count == 1 && !e->ref.path.at[0].instance && !e->ref.has_indices &&
           e->ref.path.at[0].name.name == name;
}

static int mentions(const AstExpr *e, Name name) {
    int count = e->kind == EXPR_REF && e->ref.path.at[0].name.name == name;
    for (int i = 0; i < e->args.count; i++) count += mentions(e->args.at[i], name);
    return count;
}

static AstExpr *one(Sema *s, Span at) {
    AstExpr *e = ARENA_NEW(s->arena, AstExpr);
    *e = (AstExpr){.kind = EXPR_NUMBER, .number = 1, .text = name_of(s->names, "1"), .span = at};
    return e;
}

/* e with 1 in the factor's place; NULL: it is no factor of e. */
static AstExpr *without(Sema *s, const AstExpr *e, Name factor) {
    if (is_name(e, factor)) return one(s, e->span);
    bool product = e->kind == EXPR_BINARY && (e->op == OP_MUL || e->op == OP_DIV);
    int places = product && e->op == OP_MUL ? 2 : product || e->kind == EXPR_UNARY ? 1 : 0;
    for (int i = 0; i < places; i++) {
        AstExpr *inner = without(s, e->args.at[i], factor);
        if (!inner) continue;
        AstExpr *copy = arena_copy(s->arena, e, sizeof *e);
        copy->args.at = arena_copy(s->arena, e->args.at, sizeof *e->args.at * (size_t)e->args.count);
        copy->args.at[i] = inner;
        return copy;
    }
    return NULL;
}

static bool refuse(Sema *s, const AstStmt *stmt, const char *why) {
    Name name = stmt->factor.name;
    Diagnostic *d = diag_error(s->diag, E_FACTOR, stmt->factor.span, "`%s` %s", name, why);
    diag_help(d, "`check y == %s * f(x) for some %s;`: a factor of one side, written once, outside of every sum and function", name, name);
    return false;
}

bool factor_taken(Sema *s, Scope *scope, const AstStmt *stmt, AstExpr *side[2], int *on) {
    Name name = stmt->factor.name;
    int errors = diag_error_count(s->diag), left = mentions(side[0], name), right = mentions(side[1], name);
    scope_declare(s, scope, SYM_VALUE, stmt->factor)->poisoned = true;
    if (diag_error_count(s->diag) > errors) return false;
    if (left + right == 0) return refuse(s, stmt, "is a factor of neither side");
    if (left && right) return refuse(s, stmt, "stands on both sides");
    if (left + right > 1) return refuse(s, stmt, "stands more than once");
    *on = right ? 1 : 0;
    AstExpr *rest = without(s, side[*on], name);
    if (!rest) return refuse(s, stmt, "is no factor of the whole side");
    side[*on] = rest;
    return true;
}
