/* Outputs, records and checks. A side of a check becomes an entity over its free indices; whole tensors want equal axes, a
 * cycle axis standing for its base axis; written indices are "for all". */
#include "base/text.h"
#include "sema/internal.h"

/* ---- outputs ----------------------------------------------------------------------------------------------------- */
static bool output_name_free(Sema *s, Name name, Span at) {
    for (int i = 0; i < s->c->outputs.count; i++) {
        if (s->c->outputs.at[i].name != name) continue;
        Diagnostic *d = diag_error(s->diag, E_DUPLICATE, at, "`%s` is recorded or an output already", name);
        diag_mark(d, s->c->outputs.at[i].span, "here");
        return false;
    }
    return true;
}

static void push_output(Sema *s, Name name, CirEntity *entity, bool recorded, Span at) {
    if (!output_name_free(s, name, at)) return;
    CirOutput output = {name, entity, recorded, at};
    vec_push(s->arena, &s->c->outputs, output);
}

/* The entity itself where it is read as it is, else a new one that holds the value along the axes the user sees. */
static CirEntity *held(Sema *s, Name name, const Value *v) {
    const CirExpr *e = v->expr;
    if (e->op == CIR_REF && e->entity->kind != ENTITY_STIMULUS && e->entity->kind != ENTITY_WEIGHT) {
        bool same = v->axes.count == e->entity->axes.count;
        for (int i = 0; same && i < v->axes.count; i++)
            same = e->index[i].kind == CIR_IX_AXIS && e->index[i].axis == e->entity->axes.at[i];
        if (same) return e->entity;
    }
    return spec_entity(s, name, &v->axes, *v);
}

/* `output y[token, d] = ...` fixes the order of the axes. */
static bool order_axes(Sema *s, const Scope *scope, const AstStmt *stmt, Value *v) {
    if (!stmt->decl.has_axes) return true;
    CirAxes axes = {0};
    if (!axes_of(s, scope, &stmt->decl.axes, &axes)) return false;
    if (cir_axes_same_set(&axes, &v->axes)) {
        v->axes = axes;
        return true;
    }
    Diagnostic *d = diag_error(s->diag, E_CHECK_AXES, stmt->span, "the output's axes are not those of the expression");
    diag_note(d, "declared %s", cir_axes_text(s->arena, &axes));
    diag_note(d, "found    %s", cir_axes_text(s->arena, &v->axes));
    return false;
}

static void elaborate_output(Sema *s, const Place *place, const AstStmt *stmt) {
    Scope *scope = scope_new(s, place->scope, false);
    Name name = place_path(s, place, stmt->name.name);
    infer_indices(s, scope, stmt->expr);
    ExprEnv env = {.scope = scope, .tensor = true, .end = true};
    Value v = expr_value(s, &env, stmt->expr);
    bool fine = !v.bad && order_axes(s, scope, stmt, &v);
    CirEntity *entity = fine ? held(s, name, &v) : NULL;
    if (fine) push_output(s, name, entity, false, stmt->span);
    Symbol *symbol = scope_own(place->scope, stmt->name.name);
    if (!symbol || symbol->kind != SYM_SIGNAL || (fine ? stmt->expr->kind == EXPR_REF : !stmt->decl.has_axes)) return;
    symbol->kind = SYM_TENSOR; /* from now on checks read what is held; of what is not, enough was said */
    symbol->reading = fine ? read_entity(s, entity, stmt->span) : (Reading){.bad = true, .span = stmt->span};
}

static Name ref_text(Sema *s, const Place *place, const AstRef *ref) {
    Text text = text_new(s->arena);
    for (int i = 0; i < ref->path.count; i++) {
        const AstStep *step = &ref->path.at[i];
        int64_t k;
        text_add(&text, "%s%s", i ? "." : "", step->name.name);
        if (step->instance && const_int(s, place->scope, step->instance, &k)) text_add(&text, "[%lld]", (long long)k);
    }
    return place_path(s, place, name_of(s->names, text.at));
}

static void elaborate_record(Sema *s, const Place *place, const AstRef *ref) {
    AstExpr e = {.kind = EXPR_REF, .ref = *ref, .span = ref->span};
    ExprEnv env = {.scope = place->scope, .tensor = true};
    Value v = expr_value(s, &env, &e);
    if (v.bad) return;
    bool turn = *place->suffix && v.expr->op == CIR_REF; /* in a repeat: block[0].V.score */
    Name name = turn ? v.expr->entity->path : ref_text(s, place, ref);
    push_output(s, name, held(s, name, &v), true, ref->span);
}

static bool of_learning(Sema *s, const Statement *output) {
    const AstStmt *stmt = output->stmt;
    if (stmt->kind == STMT_OUTPUT) return mentions_learning(s, output->place->scope, stmt->expr);
    for (int i = 0; i < stmt->refs.count; i++) {
        AstExpr e = {.kind = EXPR_REF, .ref = stmt->refs.at[i]};
        if (mentions_learning(s, output->place->scope, &e)) return true;
    }
    return false;
}

void outputs_elaborate(Sema *s, bool learning) {
    for (int i = 0; i < s->outputs.count; i++) {
        const AstStmt *stmt = s->outputs.at[i].stmt;
        const Place *place = s->outputs.at[i].place;
        if (of_learning(s, &s->outputs.at[i]) != learning) continue;
        if (stmt->kind == STMT_OUTPUT) elaborate_output(s, place, stmt);
        else
            for (int k = 0; k < stmt->refs.count; k++) elaborate_record(s, place, &stmt->refs.at[k]);
    }
}

/* ---- checks ------------------------------------------------------------------------------------------------------ */
static bool sides_agree(Sema *s, const AstStmt *stmt, const Value *a, const Value *b) {
    if (!dim_require(s, a->dim, b->dim, stmt->expr2->span, "the two sides of this check")) return false;
    if (cir_axes_same_set(&a->axes, &b->axes)) return true;
    if (!a->whole && !b->whole && (!a->axes.count || !b->axes.count)) return true;
    Diagnostic *d = diag_error(s->diag, E_CHECK_AXES, stmt->span, "the two sides of this check have different axes");
    diag_mark(d, stmt->expr->span, "%s", cir_axes_text(s->arena, &a->axes));
    diag_mark(d, stmt->expr2->span, "%s", cir_axes_text(s->arena, &b->axes));
    diag_note(d, "left  %s", cir_axes_text(s->arena, &a->axes));
    diag_note(d, "right %s", cir_axes_text(s->arena, &b->axes));
    diag_help(d, "nothing is broadcast; a sum needs `sum(axis)`");
    return false;
}

static double tolerance(Sema *s, const AstStmt *stmt) {
    if (!stmt->tolerance) return 0;
    ExprEnv env = {.scope = s->main->scope};
    Value v = expr_value(s, &env, stmt->tolerance);
    double value = 0;
    if (v.bad || (fold_number(v.expr, &value) && value > 0)) return value;
    diag_error(s->diag, E_TOLERANCE, stmt->tolerance->span, "a tolerance is a positive number");
    return 0;
}

/* What a circuit has reached after a while is close to its settled value and not equal to it. */
static bool tolerance_given(Sema *s, const AstStmt *stmt, const Value *a, const Value *b) {
    if (stmt->tolerance || (!value_settles(a->expr) && !value_settles(b->expr))) return true;
    Diagnostic *d = diag_error(s->diag, E_SETTLE, stmt->span, "a check of settle() says within which tolerance it holds");
    diag_help(d, "`check settle(y, 50 ms) == y within 1e-3;`");
    return false;
}

static Name check_name(Sema *s, const Place *place, const AstStmt *stmt) {
    Name name = stmt->name.name ? place_path(s, place, stmt->name.name)
                                : name_printf(s->names, "check %d", s->c->checks.count + 1);
    for (int i = 0; i < s->c->checks.count; i++)
        if (s->c->checks.at[i].name == name) {
            Diagnostic *d = diag_error(s->diag, E_DUPLICATE, stmt->span, "there is a check `%s` already", name);
            diag_mark(d, s->c->checks.at[i].span, "here");
        }
    return name;
}

static void elaborate_check(Sema *s, const Place *place, const AstStmt *stmt) {
    Scope *scope = scope_new(s, place->scope, false);
    AstExpr *side[2] = {stmt->expr, stmt->expr2};
    CirCheck check = {.name = check_name(s, place, stmt), .within = tolerance(s, stmt), .factor = stmt->factor.name, .span = stmt->span};
    if (check.factor && !factor_taken(s, scope, stmt, side, &check.factor_on)) return;
    infer_indices(s, scope, side[0]);
    infer_indices(s, scope, side[1]);
    ExprEnv env = {.scope = scope, .tensor = true, .identify = true, .end = true};
    Value a = expr_value(s, &env, side[0]), b = expr_value(s, &env, side[1]);
    if (a.bad || b.bad || !sides_agree(s, stmt, &a, &b) || !tolerance_given(s, stmt, &a, &b)) return;
    CirAxes axes = a.axes.count ? a.axes : b.axes;
    const char *label = stmt->name.name ? check.name : arena_printf(s->arena, "%d", s->c->checks.count + 1);
    check.left = spec_entity(s, name_printf(s->names, "check.%s.left", label), &axes, a);
    check.right = spec_entity(s, name_printf(s->names, "check.%s.right", label), &axes, b);
    vec_push(s->arena, &s->c->checks, check);
}

void checks_elaborate(Sema *s) {
    for (int i = 0; i < s->checks.count; i++) elaborate_check(s, s->checks.at[i].place, s->checks.at[i].stmt);
}
