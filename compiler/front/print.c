/* --emit=ast: the tree as nested lists. Statements one a line: (kind name (field ...) ... { body }). Expressions show their
 * structure: (+ a (* b c)), (sum (i j) where (<= i j) body), (call exp x), (number 10 ms). */
#include "front/format.h"
#include "front/front.h"

static const char *const kind_names[] = {
    [STMT_USE] = "use", [STMT_AXIS] = "axis", [STMT_CONST] = "const", [STMT_STIMULUS] = "stimulus", [STMT_CYCLE] = "cycle",
    [STMT_WEIGHT] = "weight", [STMT_GROUP] = "group", [STMT_POPULATION] = "population", [STMT_PROJECTION] = "projection",
    [STMT_BIAS] = "bias", [STMT_INSTANCE] = "instance", [STMT_BIND] = "bind", [STMT_REPEAT] = "repeat", [STMT_NEXT] = "next",
    [STMT_NEURON] = "neuron", [STMT_SYNAPSE] = "synapse", [STMT_TEMPLATE] = "template", [STMT_SPEC] = "spec",
    [STMT_OUTPUT] = "output", [STMT_RECORD] = "record", [STMT_CHECK] = "check", [STMT_COMPARTMENT] = "compartment",
    [STMT_PARAMETER] = "parameter", [STMT_STATE] = "state", [STMT_RATE] = "rate", [STMT_EQUATION] = "equation",
    [STMT_ITERATE] = "iterate", [STMT_METHOD] = "method", [STMT_NOISE] = "noise", [STMT_ON_SPIKE] = "on-spike",
    [STMT_RULE] = "rule", [STMT_LEARN] = "learn", [STMT_LOSS] = "loss",
};

static void print_expr(Text *t, const AstExpr *e) {
    switch (e->kind) {
    case EXPR_NUMBER: case EXPR_REF: case EXPR_DERIVATIVE: case EXPR_STRING: {
        AstExpr leaf = *e;
        leaf.bracketed = false;
        if (e->kind == EXPR_NUMBER && e->unit) text_add(t, "(number ");
        write_expr(t, &leaf);
        if (e->kind == EXPR_NUMBER && e->unit) text_add(t, ")");
        return;
    }
    case EXPR_CALL: text_add(t, "(call %s", e->callee.name); break;
    case EXPR_UNARY: text_add(t, "(-"); break;
    case EXPR_BINARY: text_add(t, "(%s", sign_of(e->op)); break;
    case EXPR_REDUCE:
        text_add(t, "(%s (", e->callee.name);
        for (int i = 0; i < e->bound.count; i++) text_add(t, "%s%s", i ? " " : "", e->bound.at[i].name);
        text_add(t, ")");
        if (e->guard) {
            text_add(t, " where ");
            print_expr(t, e->guard);
        }
        break;
    }
    for (int i = 0; i < e->args.count; i++) {
        text_add(t, " ");
        print_expr(t, e->args.at[i]);
    }
    text_add(t, ")");
}

static void print_field(Text *t, const char *name, const AstExpr *e) {
    if (!e) return;
    text_add(t, " (%s ", name);
    print_expr(t, e);
    text_add(t, ")");
}

static void print_decl(Text *t, const char *name, const AstDecl *decl) {
    text_add(t, " (%s ", name);
    write_decl(t, decl);
    print_field(t, "unit", decl->unit);
    text_add(t, ")");
}

static void print_ref(Text *t, const char *name, const AstRef *ref) {
    if (!ref->path.count) return;
    text_add(t, " (%s ", name);
    write_ref(t, ref);
    text_add(t, ")");
}

static void print_args(Text *t, const AstArgs *args) {
    for (int i = 0; i < args->count; i++) {
        Name name = args->at[i].name.name;
        print_field(t, name ? name : "arg", args->at[i].value);
    }
}

static void print_init(Text *t, const AstInit *init) {
    if (init->kind == INIT_FILE) text_add(t, " (from \"%s\")", init->tensor.name);
    if (init->kind == INIT_FREEZE) text_add(t, " (freeze)");
    if (init->draw) print_field(t, init->kind == INIT_TIE ? "tie" : "draw", init->draw);
}

static void print_synapse(Text *t, const AstSynapse *s) {
    if (s->weight.name.name) print_decl(t, s->dense ? "dense" : "weight", &s->weight);
    print_field(t, "weight", s->expr);
    print_init(t, &s->init);
    if (s->bias.name.name) print_decl(t, "bias", &s->bias);
    print_init(t, &s->bias_init);
    if (s->model.name) text_add(t, " (via %s", s->model.name);
    if (s->model.name) print_args(t, &s->model_args);
    if (s->model.name) text_add(t, ")");
    print_field(t, s->delay_drawn ? "delay ~" : "delay", s->delay);
    print_field(t, "sparse", s->sparse);
    if (s->sparse_file.name) text_add(t, " (from \"%s\")", s->sparse_file.name);
    print_field(t, "where", s->guard);
}

static void print_members(Text *t, const AstMembers *members) {
    for (int i = 0; i < members->count; i++) {
        const AstMember *m = &members->at[i];
        text_add(t, " (member");
        print_decl(t, "decl", &m->decl);
        if (m->type.name) text_add(t, " (type %s", m->type.name);
        print_args(t, &m->args);
        if (m->type.name) text_add(t, ")");
        if (m->drive) print_ref(t, "drive", m->drive);
        print_field(t, "default", m->value);
        print_field(t, "iterate", m->iterate_count);
        print_field(t, "until", m->iterate_tolerance);
        text_add(t, ")");
    }
}

static void print_params(Text *t, const AstParams *params) {
    static const char *const kinds[] = {[PARAM_AXIS] = "axis", [PARAM_VALUE] = "value", [PARAM_FUNCTION] = "function"};
    for (int i = 0; i < params->count; i++) {
        text_add(t, " (%s %s", kinds[params->at[i].kind], params->at[i].name.name);
        print_field(t, "default", params->at[i].value);
        text_add(t, ")");
    }
}

static void print_fields(Text *t, const AstStmt *s) {
    const char *between = s->kind == STMT_USE ? "." : " ";
    for (int i = 0; i < s->path.count; i++) text_add(t, "%s%s", i ? between : " ", s->path.at[i].name);
    if (s->callee.name) text_add(t, " (of %s)", s->callee.name);
    if (s->decl.name.name || s->decl.has_axes) print_decl(t, "decl", &s->decl);
    for (int i = 0; i < s->decls.count; i++) print_decl(t, "decl", &s->decls.at[i]);
    for (int i = 0; i < s->results.count; i++) print_decl(t, "result", &s->results.at[i]);
    print_params(t, &s->params);
    print_members(t, &s->members);
    for (int i = 0; i < s->sources.count; i++) print_field(t, "source", s->sources.at[i]);
    print_ref(t, "target", &s->target);
    print_synapse(t, &s->synapse);
    print_init(t, &s->init);
    print_args(t, &s->axis_args);
    for (int i = 0; i < s->signal_args.count; i++) print_field(t, "signal", s->signal_args.at[i]);
    for (int i = 0; i < s->refs.count; i++) print_ref(t, "ref", &s->refs.at[i]);
    print_field(t, "left", s->left);
    print_field(t, s->kind == STMT_AXIS && s->relation == RELATION_AT_MOST ? "at-most" : "expr", s->expr);
    print_field(t, "expr2", s->expr2);
    if (s->factor.name) text_add(t, s->kind == STMT_LEARN ? " (loss %s)" : " (for-some %s)", s->factor.name);
    if (s->optimiser.name) text_add(t, " (with %s)", s->optimiser.name);
    if (s->online.name) text_add(t, " (online %s)", s->online.name);
    if (s->local) text_add(t, " (local)");
    print_field(t, "within", s->tolerance);
    if (s->carried.name.name) print_field(t, s->carried.name.name, s->carried.value);
}

static void print_stmt(Arena *arena, const AstStmt *s, int indent, FILE *to) {
    Text t = text_new(arena);
    text_repeat(&t, ' ', indent);
    text_add(&t, "(%s", kind_names[s->kind]);
    if (s->group != GROUP_NONE) text_add(&t, " %s", group_word(s->group));
    if (s->name.name) text_add(&t, " %s", s->name.name);
    print_fields(&t, s);
    for (size_t i = 0; i < t.length; i++)
        if (t.at[i] == BREAK[0] || t.at[i] == WEAK[0]) t.at[i] = ' ';
    fputs(t.at, to);
    for (int i = 0; i < s->body.count; i++) {
        fputc('\n', to);
        print_stmt(arena, s->body.at[i], indent + 2, to);
    }
    fputc(')', to);
}

void front_print_ast(const AstFile *file, FILE *to) {
    Arena *arena = arena_new();
    for (int i = 0; i < file->body.count; i++) {
        print_stmt(arena, file->body.at[i], 0, to);
        fputc('\n', to);
    }
    arena_free(arena);
}
