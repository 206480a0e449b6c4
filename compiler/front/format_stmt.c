/* Canonical text of statements up to their braces or `;`. */
#include "front/format.h"

const char *group_word(AstGroup group) {
    static const char *const words[] = {[GROUP_THALAMUS] = "thalamus", [GROUP_CORTEX] = "cortex", [GROUP_AREA] = "area",
                                        [GROUP_COLUMN] = "column",     [GROUP_LAYER] = "layer",   [GROUP_NONE] = ""};
    return words[group];
}

static void write_value(Text *text, const AstExpr *value) {
    if (!value) return;
    text_add(text, " = ");
    write_expr(text, value);
}

static void write_unit_of(Text *text, const AstDecl *decl) {
    if (!decl->unit) return;
    text_add(text, " : ");
    AstDecl only = {.unit = decl->unit};
    AstDecls one = {&only, 1, 1};
    Text unit = text_new(text->arena);
    write_decls(&unit, &one);
    text_add(text, "%s", unit.at + 3);
}

static void write_params(Text *text, const AstStmt *stmt) {
    for (int i = 0; i < stmt->params.count; i++) {
        const AstParam *p = &stmt->params.at[i];
        text_add(text, "%s%s%s", i ? "," BREAK : "",
                 p->kind == PARAM_AXIS ? "axis " : p->kind == PARAM_FUNCTION ? "function " : "", p->name.name);
        write_value(text, p->value);
    }
}

static void write_members(Text *text, const AstStmt *stmt) {
    static const char *const roles[] = {
        [ROLE_POPULATION] = "population", [ROLE_NUCLEUS] = "nucleus", [ROLE_INTERNEURON] = "interneuron"};
    text_add(text, "%s ", stmt->kind == STMT_COMPARTMENT ? "compartment" : roles[stmt->role]);
    for (int i = 0; i < stmt->members.count; i++) {
        const AstMember *m = &stmt->members.at[i];
        if (i) text_add(text, "," BREAK);
        write_decl(text, &m->decl);
        write_unit_of(text, &m->decl);
        write_value(text, m->value);
        if (m->type.name) text_add(text, " : %s", m->type.name);
        if (m->args.count) {
            text_add(text, "(");
            write_args(text, &m->args);
            text_add(text, ")");
        }
        if (m->drive) {
            text_add(text, BREAK "<- ");
            write_ref(text, m->drive);
        }
        if (!m->iterate_count) continue;
        text_add(text, BREAK "iterate ");
        write_expr(text, m->iterate_count);
        if (!m->iterate_tolerance) continue;
        text_add(text, " until ");
        write_expr(text, m->iterate_tolerance);
    }
}

static void write_sources(Text *text, const AstExprs *sources) {
    for (int i = 0; i < sources->count; i++) {
        if (i) text_add(text, "," BREAK);
        write_expr(text, sources->at[i]);
    }
}

static void write_arrow(Text *text, const AstRef *target) {
    text_add(text, BREAK "-> ");
    write_ref(text, target);
}

static void write_instance(Text *text, const AstStmt *stmt) {
    if (stmt->group != GROUP_NONE) text_add(text, "%s ", group_word(stmt->group));
    text_add(text, "%s = %s(", stmt->name.name, stmt->callee.name);
    write_args(text, &stmt->axis_args);
    if (stmt->signal_args.count) text_add(text, ";" BREAK);
    write_sources(text, &stmt->signal_args);
    text_add(text, ")");
}

/* "spec f(q[i, a]) -> o[i]", "template f(axis d; u[d]) -> out[d]" */
static void write_function(Text *text, const AstStmt *stmt) {
    text_add(text, "%s %s(", stmt->kind == STMT_SPEC ? "spec" : "template", stmt->name.name);
    write_params(text, stmt);
    if (stmt->kind == STMT_TEMPLATE && stmt->decls.count) text_add(text, ";%s", stmt->params.count ? BREAK : " ");
    write_decls(text, &stmt->decls);
    text_add(text, ")" BREAK "-> ");
    write_decls(text, &stmt->results);
}

static void write_type(Text *text, const AstStmt *stmt) {
    text_add(text, "%s %s", stmt->kind == STMT_NEURON ? "neuron" : "synapse", stmt->name.name);
    if (!stmt->params.count) return;
    text_add(text, "(");
    write_params(text, stmt);
    text_add(text, ")");
}

static void write_repeat(Text *text, const AstStmt *stmt) {
    text_add(text, "repeat %s in ", stmt->name.name);
    write_expr(text, stmt->expr);
    text_add(text, "..");
    write_expr(text, stmt->expr2);
    if (!stmt->carried.name.name) return;
    text_add(text, " with %s = ", stmt->carried.name.name);
    write_expr(text, stmt->carried.value);
}

static void write_check(Text *text, const AstStmt *stmt) {
    text_add(text, "check ");
    if (stmt->name.name) text_add(text, "%s: ", stmt->name.name);
    write_expr(text, stmt->expr);
    text_add(text, BREAK "== ");
    write_expr(text, stmt->expr2);
    if (stmt->factor.name) text_add(text, BREAK "for some %s", stmt->factor.name);
    if (!stmt->tolerance) return;
    text_add(text, BREAK "within ");
    write_expr(text, stmt->tolerance);
}

static void write_refs(Text *text, const char *word, const AstRefs *refs) {
    for (int i = 0; i < refs->count; i++) {
        text_add(text, i ? "," BREAK : word);
        write_ref(text, &refs->at[i]);
    }
}

static void write_learning(Text *text, const AstStmt *stmt) {
    write_refs(text, "learn ", &stmt->refs);
    if (stmt->online.name) text_add(text, " online over %s", stmt->online.name);
    if (stmt->callee.name) text_add(text, " by rule %s", stmt->callee.name);
    else text_add(text, " by gradient");
    if (stmt->factor.name) text_add(text, "(%s)", stmt->factor.name);
    text_add(text, stmt->expr ? " rate " : " with %s", stmt->optimiser.name);
    if (stmt->expr) write_expr(text, stmt->expr);
    if (!stmt->axis_args.count) return;
    text_add(text, "(");
    write_args(text, &stmt->axis_args);
    text_add(text, ")");
}

static void write_rule(Text *text, const AstStmt *stmt) {
    text_add(text, "%srule %s on ", stmt->local ? "local " : "", stmt->name.name);
    write_ref(text, &stmt->target);
    write_value(text, stmt->expr);
}

static void write_binding(Text *text, const AstStmt *stmt) {
    text_add(text, "%s%s", stmt->init.kind == INIT_FREEZE ? "const " : "", stmt->name.name);
    write_init(text, &stmt->init);
}

/* word name = expr */
static void write_value_of(Text *text, const char *word, const AstStmt *stmt) {
    text_add(text, "%s%s", word, stmt->name.name);
    write_unit_of(text, &stmt->decl);
    write_value(text, stmt->expr);
}

static void write_decl_of(Text *text, const char *word, const AstStmt *stmt) {
    text_add(text, "%s", word);
    write_decl(text, &stmt->decl);
    write_init(text, &stmt->init);
    write_value(text, stmt->expr);
}

static void write_output(Text *text, const AstStmt *stmt) {
    if (stmt->name.name) {
        write_decl_of(text, "output ", stmt);
        return;
    }
    text_add(text, "output ");
    write_expr(text, stmt->expr);
}

static void write_iterate(Text *text, const AstStmt *stmt) {
    text_add(text, "iterate ");
    write_expr(text, stmt->expr);
    if (!stmt->expr2) return;
    text_add(text, " until ");
    write_expr(text, stmt->expr2);
}

static void write_group(Text *text, const AstStmt *stmt) {
    text_add(text, "%s%s", group_word(stmt->group), stmt->decl.name.name ? " " : "");
    write_decl(text, &stmt->decl);
}

void write_head(Text *text, const AstStmt *stmt) {
    switch (stmt->kind) {
    case STMT_USE:
        for (int i = 0; i < stmt->path.count; i++) text_add(text, "%s%s", i ? "." : "use ", stmt->path.at[i].name);
        break;
    case STMT_AXIS:
        text_add(text, "axis %s %s ", stmt->name.name, stmt->relation == RELATION_AT_MOST ? "<=" : "=");
        write_expr(text, stmt->expr);
        break;
    case STMT_CONST: write_decl_of(text, "const ", stmt); break;
    case STMT_CYCLE:
        text_add(text, "cycle %s over ", stmt->name.name);
        write_expr(text, stmt->expr);
        break;
    case STMT_STIMULUS: case STMT_WEIGHT:
        text_add(text, stmt->kind == STMT_WEIGHT ? "weight " : "stimulus ");
        write_decls(text, &stmt->decls);
        write_init(text, &stmt->init);
        break;
    case STMT_GROUP: write_group(text, stmt); break;
    case STMT_POPULATION: case STMT_COMPARTMENT: write_members(text, stmt); break;
    case STMT_PROJECTION:
        write_sources(text, &stmt->sources);
        write_arrow(text, &stmt->target);
        write_synapse(text, &stmt->synapse);
        break;
    case STMT_BIAS:
        write_decl_of(text, "bias ", stmt);
        write_arrow(text, &stmt->target);
        break;
    case STMT_INSTANCE: write_instance(text, stmt); break;
    case STMT_BIND: write_binding(text, stmt); break;
    case STMT_REPEAT: write_repeat(text, stmt); break;
    case STMT_NEXT: write_value_of(text, "next ", stmt); break;
    case STMT_NEURON: case STMT_SYNAPSE: write_type(text, stmt); break;
    case STMT_TEMPLATE: case STMT_SPEC: write_function(text, stmt); break;
    case STMT_OUTPUT: write_output(text, stmt); break;
    case STMT_RECORD: write_refs(text, "record ", &stmt->refs); break;
    case STMT_CHECK: write_check(text, stmt); break;
    case STMT_PARAMETER: write_value_of(text, "parameter ", stmt); break;
    case STMT_STATE: write_value_of(text, "state ", stmt); break;
    case STMT_RATE: write_value_of(text, "rate ", stmt); break;
    case STMT_LOSS: write_value_of(text, "loss ", stmt); break;
    case STMT_EQUATION:
        write_expr(text, stmt->left);
        write_value(text, stmt->expr);
        break;
    case STMT_ITERATE: write_iterate(text, stmt); break;
    case STMT_METHOD: text_add(text, "method %s", stmt->name.name); break;
    case STMT_NOISE:
        for (int i = 0; i < stmt->path.count; i++) text_add(text, "%s%s", i ? ", " : "noise ", stmt->path.at[i].name);
        break;
    case STMT_ON_SPIKE: text_add(text, "on spike"); break;
    case STMT_RULE: write_rule(text, stmt); break;
    case STMT_LEARN: write_learning(text, stmt); break;
    }
}
