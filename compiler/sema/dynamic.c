/* What only the dynamic reading gives a meaning of its own: time(), rates of change, noise, settle(). The other readings say
 * what is left of them at equilibrium. */
#include "sema/internal.h"

/* ---- time and rates of change ------------------------------------------------------------------------------------ */
Value time_value(Sema *s, const ExprEnv *env, const AstExpr *e) {
    if (e->args.count) return arguments_error(s, e, 0);
    if (!env->cell) {
        Diagnostic *d = diag_error(s->diag, E_TIME, e->span, "time() stands in an equation of a cell or a synapse only");
        diag_help(d, "let a cell follow it and read the cell: `neuron clock { rate r = time() / 1 s; }`");
        return value_bad(e->span);
    }
    Value v = {.expr = cir_op(s->c, CIR_TIME, e->span, 0, NULL), .dim = dim_second(), .span = e->span};
    return v;
}

static Value derivative_error(Sema *s, const AstExpr *e, const Symbol *symbol) {
    const char *name = e->ref.path.at[e->ref.path.count - 1].name.name;
    Diagnostic *d = diag_error(s->diag, E_DERIVATIVE, e->span, "`%s` has no differential equation here", name);
    if (symbol && symbol->span.file) diag_mark(d, symbol->span, "declared here");
    diag_help(d, "%s' is known inside of a cell whose equations say `tau * %s' = ...;`", name, name);
    return value_bad(e->span);
}

/* r' in an expression. The quantity belongs to the cell: what others send arrives in compartments, which have no equation. */
Value derivative_value(Sema *s, const ExprEnv *env, const AstExpr *e) {
    bool plain = e->ref.path.count == 1 && !e->ref.path.at[0].instance && !e->ref.has_indices;
    Symbol *symbol = plain ? scope_lookup(s, env->scope, e->ref.path.at[0].name.name) : NULL;
    if (symbol && symbol->poisoned) return value_bad(e->span);
    bool flows = env->cell && symbol && symbol->kind == SYM_ENTITY && entity_of(symbol->entity)->flows;
    if (!flows) return derivative_error(s, e, symbol);
    Reading r = read_entity(s, symbol->entity, e->span);
    Value v = value_of_reading(s, &r);
    v.expr = cir_op1(s->c, CIR_DERIVATIVE, e->span, v.expr);
    v.dim = dim_combine(v.dim, dim_second(), -1);
    return v;
}

/* ---- noise ------------------------------------------------------------------------------------------------------- */
static const CirExpr *noise_in(const CirExpr *e) {
    if (e->entity && e->entity->kind == ENTITY_NOISE) return e;
    const CirExpr *found = NULL;
    for (int i = 0; i < e->argc && !found; i++) found = noise_in(e->arg[i]);
    return found;
}

static bool noise_error(Sema *s, const CirExpr *noise, const char *where) {
    Diagnostic *d = diag_error(s->diag, E_NOISE, noise->span, "white noise `%s` cannot stand %s", noise->entity->path, where);
    diag_mark(d, noise->entity->span, "declared here");
    diag_note(d, "it has no value at a single time, only an integral: a differential equation makes a quantity of it");
    diag_help(d, "add it to one, `tau * r' = -r + input + sigma * sqrt(2 * tau) * xi;`, and use that quantity");
    return false;
}

bool noise_absent(Sema *s, const Value *v, const char *where) {
    const CirExpr *noise = v->bad || !v->expr ? NULL : noise_in(v->expr);
    return !noise || noise_error(s, noise, where);
}

/* The first noise that is not a term with a factor free of noise, or NULL. */
static const CirExpr *noise_bent(const CirExpr *e) {
    const CirExpr *bent = NULL;
    switch (e->op) {
    case CIR_REF: return NULL;
    case CIR_NEG: case CIR_SUM: return noise_bent(e->arg[0]);
    case CIR_ADD: case CIR_SUB:
        bent = noise_bent(e->arg[0]);
        return bent ? bent : noise_bent(e->arg[1]);
    case CIR_MUL:
        if (!noise_in(e->arg[0])) return noise_bent(e->arg[1]);
        bent = noise_in(e->arg[1]);
        return bent ? bent : noise_bent(e->arg[0]);
    case CIR_DIV:
        bent = noise_in(e->arg[1]);
        return bent ? bent : noise_bent(e->arg[0]);
    case CIR_SELECT:
        bent = noise_in(e->arg[0]);
        for (int i = 1; i < 3 && !bent; i++) bent = noise_bent(e->arg[i]);
        return bent;
    default: return noise_in(e);
    }
}

bool noise_linear(Sema *s, const Value *v) {
    const CirExpr *bent = v->bad || !v->expr ? NULL : noise_bent(v->expr);
    return !bent || noise_error(s, bent, "in a function or a product with noise");
}

/* ---- settle ------------------------------------------------------------------------------------------------------ */
bool value_settles(const CirExpr *e) {
    if (e->op == CIR_SETTLE || (e->entity && entity_of(e->entity)->settles)) return true;
    for (int i = 0; i < e->argc; i++)
        if (value_settles(e->arg[i])) return true;
    return false;
}

static Value settle_error(Sema *s, Span at, const char *what) {
    Diagnostic *d = diag_error(s->diag, E_SETTLE, at, "%s", what);
    diag_help(d, "`check settle(y, 50 ms) == y within 1e-3;` compares y after cycles of 50 ms with its settled value");
    return value_bad(at);
}

static Value settle_misplaced(Sema *s, Span at) {
    Diagnostic *d = diag_error(s->diag, E_SETTLE, at, "settle() stands in checks and outputs only");
    diag_help(d, "`check settle(y, 50 ms) == y within 1e-3;` compares y after cycles of 50 ms with its settled value");
    diag_help(d, "a loss may read an output: `output z = settle(y, 50 ms);`; or it is of the circuit in time, `ctx train --mode dynamic --cycle 50ms`");
    return value_bad(at);
}

static bool settle_time(Sema *s, const Value *t, double *seconds) {
    if (t->bad) return false;
    const char *found = NULL;
    if (!dim_equal(t->dim, dim_second())) found = dim_text(s->arena, t->dim);
    else if (t->axes.count) found = arena_printf(s->arena, "one for each position of %s", cir_axes_text(s->arena, &t->axes));
    else if (!fold_number(t->expr, seconds)) found = "one that the run decides";
    if (found) {
        settle_error(s, t->span, arena_printf(s->arena, "expected the length of a cycle, one time (s), found: %s", found));
        return false;
    }
    if (*seconds > 0) return true;
    settle_error(s, t->span, arena_printf(s->arena, "a cycle lasts a positive time, and this is %g s", *seconds));
    return false;
}

Value settle_value(Sema *s, const ExprEnv *env, const AstExpr *e) {
    if (e->args.count != 2) return arguments_error(s, e, 2);
    if (!env->end) return settle_misplaced(s, e->span);
    ExprEnv plain = {.scope = env->scope, .depth = env->depth};
    Value v = expr_value(s, env, e->args.at[0]), t = expr_value(s, &plain, e->args.at[1]);
    double seconds = 0;
    if (v.bad || !settle_time(s, &t, &seconds)) return value_bad(e->span);
    if (value_settles(v.expr)) return settle_error(s, e->span, "settle() of a value that is itself one of settle()");
    if (t.expr->op != CIR_NUMBER) t.expr = cir_real(s->c, seconds, t.span);
    v.expr = cir_op2(s->c, CIR_SETTLE, e->span, v.expr, t.expr);
    v.span = e->span;
    return v;
}
