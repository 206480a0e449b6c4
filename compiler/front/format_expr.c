/* Canonical text of expressions, references and declarations. Brackets are printed where they were written. */
#include "front/format.h"

static const char *const signs[] = {
    [OP_ADD] = "+", [OP_SUB] = "-",  [OP_MUL] = "*", [OP_DIV] = "/",  [OP_POW] = "^",  [OP_LT] = "<",
    [OP_LE] = "<=", [OP_GT] = ">",   [OP_GE] = ">=", [OP_EQ] = "==", [OP_NE] = "!=", [OP_AND] = "and",
};

const char *sign_of(AstOp op) {
    return signs[op];
}

static void write_list(Text *text, const AstExprs *list) {
    for (int i = 0; i < list->count; i++) {
        if (i) text_add(text, "," BREAK);
        write_expr(text, list->at[i]);
    }
}

static void write_index(Text *text, const AstIndex *index) {
    switch (index->kind) {
    case INDEX_AXIS: text_add(text, "%s", index->axis.name); break;
    case INDEX_AS: text_add(text, "%s as %s", index->axis.name, index->other.name); break;
    case INDEX_LAST: text_add(text, "%s = last", index->axis.name); break;
    case INDEX_CONSTANT:
        if (index->axis.name) text_add(text, "%s = ", index->axis.name);
        write_expr(text, index->constant);
        break;
    }
}

void write_ref(Text *text, const AstRef *ref) {
    for (int i = 0; i < ref->path.count; i++) {
        text_add(text, "%s%s", i ? "." : "", ref->path.at[i].name.name);
        if (!ref->path.at[i].instance) continue;
        text_add(text, "[");
        write_expr(text, ref->path.at[i].instance);
        text_add(text, "]");
    }
    if (!ref->has_indices) return;
    text_add(text, "[");
    for (int i = 0; i < ref->indices.count; i++) {
        if (i) text_add(text, "," BREAK);
        write_index(text, &ref->indices.at[i]);
    }
    text_add(text, "]");
}

/* Units are written tight: 0.2 mV/ms^2 */
static void write_unit(Text *text, const AstExpr *unit) {
    if (unit->kind == EXPR_REF) text_add(text, "%s", unit->ref.path.at[0].name.name);
    else if (unit->kind == EXPR_NUMBER) text_add(text, "%s", unit->text);
    else if (unit->kind == EXPR_UNARY) {
        text_add(text, "-");
        write_unit(text, unit->args.at[0]);
    } else {
        write_unit(text, unit->args.at[0]);
        text_add(text, "%s", signs[unit->op]);
        write_unit(text, unit->args.at[1]);
    }
}

static void write_reduce(Text *text, const AstExpr *e) {
    text_add(text, "%s(", e->callee.name);
    for (int i = 0; i < e->bound.count; i++) text_add(text, "%s%s", i ? ", " : "", e->bound.at[i].name);
    if (e->guard) {
        text_add(text, " where ");
        write_expr(text, e->guard);
    }
    text_add(text, ") ");
    write_expr(text, e->args.at[0]);
}

static void write_bare(Text *text, const AstExpr *e) {
    switch (e->kind) {
    case EXPR_NUMBER:
        text_add(text, "%s", e->text);
        if (!e->unit) break;
        text_add(text, " ");
        write_unit(text, e->unit);
        break;
    case EXPR_STRING: text_add(text, "\"%s\"", e->text); break;
    case EXPR_REF: write_ref(text, &e->ref); break;
    case EXPR_DERIVATIVE:
        write_ref(text, &e->ref);
        text_add(text, "'");
        break;
    case EXPR_CALL:
        text_add(text, "%s(", e->callee.name);
        write_list(text, &e->args);
        text_add(text, ")");
        break;
    case EXPR_UNARY:
        text_add(text, "-");
        write_expr(text, e->args.at[0]);
        break;
    case EXPR_BINARY:
        write_expr(text, e->args.at[0]);
        text_add(text, WEAK "%s ", signs[e->op]);
        write_expr(text, e->args.at[1]);
        break;
    case EXPR_REDUCE: write_reduce(text, e); break;
    }
}

void write_expr(Text *text, const AstExpr *e) {
    if (e->bracketed) text_add(text, "(");
    write_bare(text, e);
    if (e->bracketed) text_add(text, ")");
}

static void write_axes(Text *text, const AstNames *axes) {
    text_add(text, "[");
    for (int i = 0; i < axes->count; i++) text_add(text, "%s%s", i ? ", " : "", axes->at[i].name);
    text_add(text, "]");
}

void write_decl(Text *text, const AstDecl *decl) {
    if (decl->name.name) text_add(text, "%s", decl->name.name);
    if (decl->has_axes) write_axes(text, &decl->axes);
}

void write_decls(Text *text, const AstDecls *decls) {
    for (int i = 0; i < decls->count; i++) {
        if (i) text_add(text, "," BREAK);
        write_decl(text, &decls->at[i]);
    }
    if (!decls->count || !decls->at[decls->count - 1].unit) return;
    text_add(text, " : ");
    write_unit(text, decls->at[decls->count - 1].unit);
}

void write_args(Text *text, const AstArgs *args) {
    for (int i = 0; i < args->count; i++) {
        if (i) text_add(text, "," BREAK);
        if (args->at[i].name.name) text_add(text, "%s = ", args->at[i].name.name);
        write_expr(text, args->at[i].value);
    }
}

void write_init(Text *text, const AstInit *init) {
    switch ((int)init->kind) {
    case INIT_DRAW: text_add(text, " ~ "); break;
    case INIT_FILE: text_add(text, " from \"%s\"", init->tensor.name); return;
    case INIT_TIE: text_add(text, " = "); break;
    default: return;
    }
    write_expr(text, init->draw);
}

static void write_part(Text *text, const char *word, const AstExpr *e) {
    if (!e) return;
    text_add(text, BREAK "%s ", word);
    write_expr(text, e);
}

void write_synapse(Text *text, const AstSynapse *s) {
    if (s->weight.name.name) {
        text_add(text, BREAK ": %s", s->dense ? "dense " : "");
        write_decl(text, &s->weight);
        write_init(text, &s->init);
    } else write_part(text, ":", s->expr);
    if (s->bias.name.name) {
        text_add(text, BREAK "bias ");
        write_decl(text, &s->bias);
        write_init(text, &s->bias_init);
    }
    if (s->model.name) {
        text_add(text, BREAK "via %s", s->model.name);
        if (s->model_args.count) {
            text_add(text, "(");
            write_args(text, &s->model_args);
            text_add(text, ")");
        }
    }
    write_part(text, s->delay_drawn ? "delay ~" : "delay", s->delay);
    if (s->sparse) {
        text_add(text, BREAK "sparse(");
        if (s->sparse_file.name) text_add(text, "from \"%s\"", s->sparse_file.name);
        else write_args(text, &s->sparse_args);
        text_add(text, ")");
    }
    write_part(text, "where", s->guard);
}
