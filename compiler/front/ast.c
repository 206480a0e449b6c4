/* Builders of the syntax tree, called by the grammar's actions. */
#include "front/internal.h"

/* ---- expressions ------------------------------------------------------------------------------------------------- */
static AstExpr *expr_new(Front *front, AstExprKind kind, Span span) {
    AstExpr *e = ARENA_NEW(front->arena, AstExpr);
    e->kind = kind;
    e->span = span;
    e->depth = 1;
    return e;
}

/* Adds a child; a tree that gets too deep ends the reading of the file. */
static void expr_add(Front *front, AstExpr *e, AstExpr *child) {
    vec_push(front->arena, &e->args, child);
    if (child->depth >= e->depth) e->depth = child->depth + 1;
    if (e->depth > MOST_DEPTH) front_stop(front, child->span, "this expression is nested too deeply", MOST_DEPTH);
}

AstName ast_name(Name name, Span span) {
    return (AstName){name, span};
}

AstExpr *ast_number(Front *front, AstNumber number, AstExpr *unit, Span span) {
    AstExpr *e = expr_new(front, EXPR_NUMBER, span);
    e->number = number.value;
    e->text = number.digits;
    e->unit = unit;
    return e;
}

AstExpr *ast_unit_power(Front *front, AstExpr *base, int power, Span span) {
    AstNumber digits = {power < 0 ? -power : power, name_printf(front->names, "%d", power < 0 ? -power : power)};
    AstExpr *exponent = ast_number(front, digits, NULL, span);
    if (power < 0) exponent = ast_unary(front, exponent, span);
    return ast_binary(front, OP_POW, base, exponent, span);
}

AstExpr *ast_text(Front *front, Name text, Span span) {
    AstExpr *e = expr_new(front, EXPR_STRING, span);
    e->text = text;
    return e;
}

AstExpr *ast_ref_expr(Front *front, AstRef ref) {
    AstExpr *e = expr_new(front, EXPR_REF, ref.span);
    e->ref = ref;
    for (int i = 0; i < ref.indices.count; i++)
        if (ref.indices.at[i].constant && ref.indices.at[i].constant->depth >= e->depth)
            e->depth = ref.indices.at[i].constant->depth + 1;
    return e;
}

AstExpr *ast_name_expr(Front *front, AstName name) {
    return ast_ref_expr(front, ast_ref(front, name, name.span));
}

AstExpr *ast_derivative(Front *front, AstRef ref, Span span) {
    AstExpr *e = ast_ref_expr(front, ref);
    e->kind = EXPR_DERIVATIVE;
    e->span = span;
    return e;
}

AstExpr *ast_call(Front *front, AstName callee, AstExprs args, Span span) {
    AstExpr *e = expr_new(front, EXPR_CALL, span);
    e->callee = callee;
    for (int i = 0; i < args.count; i++) expr_add(front, e, args.at[i]);
    return e;
}

AstExpr *ast_call_args(Front *front, AstName callee, AstArgs args, Span span) {
    AstExprs values = {0};
    for (int i = 0; i < args.count; i++) ast_push(front, &values, args.at[i].value);
    return ast_call(front, callee, values, span);
}

AstExpr *ast_unary(Front *front, AstExpr *operand, Span span) {
    AstExpr *e = expr_new(front, EXPR_UNARY, span);
    expr_add(front, e, operand);
    return e;
}

AstExpr *ast_binary(Front *front, AstOp op, AstExpr *left, AstExpr *right, Span span) {
    AstExpr *e = expr_new(front, EXPR_BINARY, span);
    e->op = op;
    expr_add(front, e, left);
    expr_add(front, e, right);
    return e;
}

AstExpr *ast_reduce(Front *front, AstName callee, AstExprs bound, AstExpr *guard, AstExpr *body, Span span) {
    AstExpr *e = expr_new(front, EXPR_REDUCE, span);
    e->callee = callee;
    e->guard = guard;
    expr_add(front, e, body);
    if (guard && guard->depth >= e->depth) e->depth = guard->depth + 1;
    for (int i = 0; i < bound.count; i++) {
        const AstRef *ref = &bound.at[i]->ref;
        if (bound.at[i]->kind == EXPR_REF && ref->path.count == 1 && !ref->has_indices && !bound.at[i]->bracketed) {
            ast_push(front, &e->bound, ref->path.at[0].name);
            continue;
        }
        Diagnostic *d = diag_error(front->diagnostics, E_SYNTAX, bound.at[i]->span, "expected the name of an axis");
        diag_note(d, "`%s` runs over axes: %s(token) x[token]", callee.name, callee.name);
    }
    return e;
}

AstExpr *ast_bracketed(AstExpr *e, Span span) {
    e->bracketed = true;
    e->span = span;
    return e;
}

/* ---- references -------------------------------------------------------------------------------------------------- */
AstRef ast_ref(Front *front, AstName name, Span span) {
    AstRef ref = {.span = span};
    AstStep step = {name, NULL};
    ast_push(front, &ref.path, step);
    return ref;
}

AstRef ast_ref_index(AstRef ref, AstIndices indices, Span span) {
    ref.indices = indices;
    ref.has_indices = true;
    ref.span = span;
    return ref;
}

/* Brackets that a further step follows are an instance's number. */
AstRef ast_ref_step(Front *front, AstRef ref, AstName name, Span span) {
    if (ref.has_indices) {
        const AstIndex *index = &ref.indices.at[0];
        AstStep *step = &ref.path.at[ref.path.count - 1];
        bool one = ref.indices.count == 1;
        if (one && index->kind == INDEX_AXIS) step->instance = ast_name_expr(front, index->axis);
        else if (one && index->kind == INDEX_CONSTANT && !index->axis.name) step->instance = index->constant;
        else {
            Diagnostic *d = diag_error(front->diagnostics, E_SYNTAX, index->span, "expected an instance's number before `.`");
            diag_help(d, "indices over axes stand at the end of the path: `block[0].out[token, d]`");
        }
    }
    AstRef longer = {.path = ref.path, .span = span};
    AstStep step = {name, NULL};
    ast_push(front, &longer.path, step);
    return longer;
}

AstIndex ast_index(AstExpr *e, Span span) {
    bool name = e->kind == EXPR_REF && e->ref.path.count == 1 && !e->ref.has_indices && !e->bracketed;
    if (name) return (AstIndex){.kind = INDEX_AXIS, .axis = e->ref.path.at[0].name, .span = span};
    return (AstIndex){.kind = INDEX_CONSTANT, .constant = e, .span = span};
}

AstIndex ast_index_as(AstName axis, AstName other, Span span) {
    return (AstIndex){.kind = INDEX_AS, .axis = axis, .other = other, .span = span};
}

AstIndex ast_index_last(AstName axis, Span span) {
    return (AstIndex){.kind = INDEX_LAST, .axis = axis, .span = span};
}

AstIndex ast_index_at(AstName axis, AstExpr *constant, Span span) {
    return (AstIndex){.kind = INDEX_CONSTANT, .axis = axis, .constant = constant, .span = span};
}

/* ---- pieces of statements ---------------------------------------------------------------------------------------- */
AstDecl ast_decl(AstName name, AstNames axes, bool has_axes, Span span) {
    return (AstDecl){.name = name, .axes = axes, .has_axes = has_axes, .span = span};
}

AstDecls ast_decls_unit(AstDecls decls, AstExpr *unit) {
    for (int i = 0; i < decls.count; i++) decls.at[i].unit = unit;
    return decls;
}

AstInit ast_init(int kind, AstExpr *draw, AstName tensor, Span span) {
    AstInit init = {.draw = draw, .tensor = tensor, .span = span};
    init.kind = kind;
    return init;
}

AstParam ast_param(AstParamKind kind, AstName name, AstExpr *value) {
    return (AstParam){kind, name, value};
}

AstArg ast_arg(AstName name, AstExpr *value) {
    return (AstArg){name, value};
}

AstMember ast_member(AstDecl decl, AstName type, AstArgs args) {
    return (AstMember){.decl = decl, .type = type, .args = args};
}

AstMember ast_compartment(AstName name, AstExpr *unit, AstExpr *value, Span span) {
    AstMember member = {.decl = {.name = name, .unit = unit, .span = span}, .value = value};
    return member;
}

AstMember ast_member_drive(Front *front, AstMember member, AstRef drive) {
    member.drive = arena_copy(front->arena, &drive, sizeof drive);
    return member;
}

AstMember ast_member_iterate(AstMember member, AstExpr *count, AstExpr *tolerance) {
    member.iterate_count = count;
    member.iterate_tolerance = tolerance;
    return member;
}

AstParts ast_part(Front *front, AstParts parts, AstPart part, Span span) {
    static const char *const word[] = {
        [PART_BIAS] = "bias", [PART_WHERE] = "where", [PART_DELAY] = "delay", [PART_VIA] = "via", [PART_SPARSE] = "sparse"};
    if (parts.seen & (int)part) {
        Diagnostic *d = diag_error(front->diagnostics, E_CLAUSE, span, "a projection has at most one `%s`", word[part]);
        if (part == PART_WHERE) diag_help(d, "join the conditions with `and`");
        else diag_help(d, "write two projections");
    }
    parts.seen |= (int)part;
    return parts;
}

AstSynapse ast_weight_expr(Front *front, AstExpr *e, AstInit init, Span span) {
    AstSynapse s = {.init = init, .span = span};
    bool plain = e->kind == EXPR_REF && e->ref.path.count == 1 && !e->bracketed;
    for (int i = 0; i < e->ref.indices.count; i++) plain &= e->ref.indices.at[i].kind == INDEX_AXIS;
    if (plain) {
        AstNames axes = {0};
        for (int i = 0; i < e->ref.indices.count; i++) ast_push(front, &axes, e->ref.indices.at[i].axis);
        s.weight = ast_decl(e->ref.path.at[0].name, axes, e->ref.has_indices, e->span);
        return s;
    }
    s.expr = e;
    if (init.kind != INIT_NONE) {
        Diagnostic *d = diag_error(front->diagnostics, E_CLAUSE, init.span, "only a declared weight can be initialised");
        diag_mark(d, e->span, "this is an expression");
        diag_help(d, "declare the weight: `: dense W[to, from] ~ normal(0, 0.1)`");
    }
    return s;
}

AstSynapse ast_synapse(AstSynapse weight, AstParts parts, Span span) {
    AstSynapse s = parts.synapse;
    s.dense = weight.dense;
    s.weight = weight.weight;
    s.expr = weight.expr;
    s.init = weight.init;
    s.span = span;
    return s;
}

/* ---- statements -------------------------------------------------------------------------------------------------- */
AstStmt *ast_stmt(Front *front, AstStmtKind kind, Span span) {
    AstStmt *stmt = ARENA_NEW(front->arena, AstStmt);
    stmt->kind = kind;
    stmt->span = span;
    stmt->group = GROUP_NONE;
    return stmt;
}

AstStmt *ast_named(Front *front, AstStmtKind kind, AstName name, AstExpr *expr, Span span) {
    AstStmt *stmt = ast_stmt(front, kind, span);
    stmt->name = name;
    stmt->expr = expr;
    return stmt;
}

AstStmt *ast_block(Front *front, AstStmtKind kind, AstName name, AstStmts body, Span braces, Span span) {
    AstStmt *stmt = ast_named(front, kind, name, NULL, span);
    stmt->body = body;
    stmt->braces = braces;
    return stmt;
}

AstStmt *ast_projection(Front *front, AstExprs sources, AstRef target, AstSynapse synapse, Span span) {
    AstStmt *stmt = ast_stmt(front, STMT_PROJECTION, span);
    stmt->sources = sources;
    stmt->target = target;
    stmt->synapse = synapse;
    return stmt;
}

AstStmt *ast_instance(Front *front, AstName name, AstName callee, AstArgs args, AstExprs signals, Span span) {
    AstStmt *stmt = ast_named(front, STMT_INSTANCE, name, NULL, span);
    stmt->callee = callee;
    stmt->axis_args = args;
    stmt->signal_args = signals;
    return stmt;
}

AstStmt *ast_check(Front *front, AstName name, AstExpr *e, Span span) {
    AstStmt *stmt = ast_named(front, STMT_CHECK, name, e, span);
    if (e->kind == EXPR_BINARY && e->op == OP_EQ && !e->bracketed) {
        stmt->expr = e->args.at[0];
        stmt->expr2 = e->args.at[1];
        return stmt;
    }
    Diagnostic *d = diag_error(front->diagnostics, E_SYNTAX, e->span, "a check compares two sides with `==`");
    diag_help(d, "`check y == linear_attention(q, k, v);`, with a tolerance `... within 1e-4;`");
    stmt->expr2 = e;
    return stmt;
}

AstStmt *ast_learn(Front *front, AstRefs weights, AstName online, AstName rule, AstName loss, Span span) {
    AstStmt *stmt = ast_stmt(front, STMT_LEARN, span);
    stmt->refs = weights;
    stmt->online = online;
    stmt->callee = rule;
    stmt->factor = loss;
    return stmt;
}

AstStmt *ast_equation(Front *front, AstExpr *left, AstExpr *expr, Span span) {
    AstStmt *stmt = ast_stmt(front, STMT_EQUATION, span);
    stmt->left = left;
    stmt->expr = expr;
    return stmt;
}

AstStmts ast_synapse_body(Front *front, AstStmts body) {
    Name signal = name_of(front->names, "signal");
    for (int i = 0; i < body.count; i++) {
        AstStmt *stmt = body.at[i];
        if (stmt->kind != STMT_EQUATION || stmt->left->kind != EXPR_REF) continue;
        const AstRef *ref = &stmt->left->ref;
        if (ref->path.count != 1 || ref->has_indices || ref->path.at[0].name.name != signal) continue;
        stmt->kind = STMT_OUTPUT;
        stmt->left = NULL;
    }
    return body;
}
