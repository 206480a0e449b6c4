/* The textual form, written (IR.md is its specification). */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ir/ir.h"

static const char *const spelling[IR_OP_COUNT] = {
#define IR_OP(name, text, arity) text,
#include "ir/ir_ops.def"
#undef IR_OP
};

/* How tightly an operator binds; an operand is bracketed when it binds less than its place demands. */
enum { BIND_COMPARE = 1, BIND_ADD, BIND_MUL, BIND_UNARY, BIND_POWER, BIND_ATOM };

static int binding(const IrExpr *e) {
    switch (e->op) {
    case IR_LT: case IR_LE: case IR_EQ: return BIND_COMPARE;
    case IR_ADD: case IR_SUB: return BIND_ADD;
    case IR_MUL: case IR_DIV: return BIND_MUL;
    case IR_NEG: case IR_SUM: case IR_AMAX: return BIND_UNARY;
    case IR_POW: return BIND_POWER;
    case IR_LIT: return e->text[0] == '-' ? BIND_UNARY : BIND_ATOM;
    default: return BIND_ATOM;
    }
}

static void put_expr(Text *to, const IrExpr *e, int least);

static void put_index(Text *to, IrIndex index) {
    if (index.kind == IX_CONST) {
        text_add(to, "%lld", (long long)index.offset);
        return;
    }
    text_add(to, "%s", index.kind == IX_LAST ? "last" : index.axis->name);
    if (index.offset) text_add(to, "%+lld", (long long)index.offset);
}

static void put_reference(Text *to, const IrExpr *e) {
    text_add(to, "%s", e->var->name);
    if (e->var->axis_count == 0) return;
    text_add(to, "[");
    for (int i = 0; i < e->var->axis_count; i++) {
        if (i) text_add(to, ", ");
        put_index(to, e->index[i]);
    }
    text_add(to, "]");
}

static void put_atom(Text *to, IrAtom atom) {
    const char *relation = atom.relation == GUARD_EQ ? "==" : "<=";
    if (atom.a && atom.b && atom.bound == 0) text_add(to, "%s %s %s", atom.a->name, relation, atom.b->name);
    else if (atom.a && atom.b) text_add(to, "%s - %s %s %lld", atom.a->name, atom.b->name, relation, (long long)atom.bound);
    else if (atom.a) text_add(to, "%s %s %lld", atom.a->name, relation, (long long)atom.bound);
    else if (atom.b) text_add(to, "0 - %s %s %lld", atom.b->name, relation, (long long)atom.bound);
    else text_add(to, "0 %s %lld", relation, (long long)atom.bound);
}

static void put_reduction(Text *to, const IrExpr *e) {
    text_add(to, "%s(", spelling[e->op]);
    for (int i = 0; i < e->bound_count; i++) text_add(to, "%s%s", i ? ", " : "", e->bound[i]->name);
    for (int i = 0; i < e->guard.count; i++) {
        text_add(to, "%s", i ? ", " : " where ");
        put_atom(to, e->guard.atom[i]);
    }
    text_add(to, ") ");
    put_expr(to, e->arg[0], BIND_MUL);
}

static void put_call(Text *to, const IrExpr *e) {
    text_add(to, "%s(", spelling[e->op]);
    if (e->op == IR_SIZE || e->op == IR_POS) text_add(to, "%s", e->axis->name);
    if (e->op == IR_PREV) put_reference(to, e);
    if (e->lag > 1) text_add(to, ", %lld", (long long)e->lag);
    for (int i = 0; i < e->argc; i++) {
        if (i) text_add(to, ", ");
        put_expr(to, e->arg[i], 0);
    }
    text_add(to, ")");
}

static void put_infix(Text *to, const IrExpr *e) {
    int own = binding(e);
    bool right = e->op == IR_POW; /* ^ associates to the right, the others to the left */
    put_expr(to, e->arg[0], right || own == BIND_COMPARE ? own + 1 : own);
    text_add(to, e->op == IR_POW ? "%s" : " %s ", spelling[e->op]);
    /* a sum on the right would swallow what follows it, which is right only at the end: it is an operand of its own */
    put_expr(to, e->arg[1], right ? own : own + 1);
}

static void put_bare(Text *to, const IrExpr *e) {
    switch (e->op) {
    case IR_LIT: text_add(to, "%s", e->text); return;
    case IR_REF: put_reference(to, e); return;
    case IR_NEG:
        text_add(to, "-");
        /* -3 ^ 2 reads as the power of -3 */
        put_expr(to, e->arg[0], e->arg[0]->op == IR_POW ? BIND_ATOM : BIND_POWER);
        return;
    case IR_SUM:
    case IR_AMAX: put_reduction(to, e); return;
    case IR_ADD: case IR_SUB: case IR_MUL: case IR_DIV: case IR_POW:
    case IR_LT: case IR_LE: case IR_EQ: put_infix(to, e); return;
    default: put_call(to, e);
    }
}

/* A reduction extends over the product that follows it, so as the left operand of a product it needs brackets. */
static bool needs_brackets(const IrExpr *e, int least) {
    bool reduction = e->op == IR_SUM || e->op == IR_AMAX;
    return reduction ? least >= BIND_MUL : binding(e) < least;
}

static void put_expr(Text *to, const IrExpr *e, int least) {
    bool brackets = needs_brackets(e, least);
    if (brackets) text_add(to, "(");
    put_bare(to, e);
    if (brackets) text_add(to, ")");
}

char *ir_expr_text(Arena *arena, const IrExpr *e) {
    Text text = text_new(arena);
    put_expr(&text, e, 0);
    return text.at;
}

/* ---- programs ---------------------------------------------------------------------------------------------------- */
static void put_string(Text *to, const char *s) {
    text_put(to, "\"", 1);
    for (; *s; s++) {
        if (*s == '"' || *s == '\\') text_put(to, "\\", 1);
        text_put(to, *s == '\n' ? " " : s, 1);
    }
    text_put(to, "\"", 1);
}

/* Names of files and outputs may hold what a name of the IR cannot: those are quoted. */
static void put_name(Text *to, const char *name) {
    bool plain = isalpha((unsigned char)*name) || *name == '_';
    for (const char *c = name; *c; c++) plain &= isalnum((unsigned char)*c) || *c == '_' || *c == '.';
    if (plain) text_add(to, "%s", name);
    else put_string(to, name);
}

/* The shortest decimal that reads back as the same number. */
static void put_real(Text *to, double value) {
    char text[40];
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value) break;
    }
    text_add(to, "%s", text);
}

static void put_axis(Text *to, const IrAxis *axis) {
    text_add(to, "axis %s : ", axis->name);
    switch (axis->kind) {
    case AXIS_CONST: text_add(to, "const(%lld)\n", (long long)axis->size); return;
    case AXIS_BOUNDED: text_add(to, "bounded(%lld)\n", (long long)axis->size); return;
    case AXIS_COPY: text_add(to, "copy(%s)\n", axis->base->name); return;
    case AXIS_CYCLE: text_add(to, "cycle(%s)\n", axis->base->name); return;
    case AXIS_STEP:
        text_add(to, "step(%lld%s%s)\n", (long long)axis->size, axis->base ? ", " : "", axis->base ? axis->base->name : "");
        return;
    case AXIS_ITERATION: text_add(to, "iteration(%lld)\n", (long long)axis->size); return;
    }
}

static void put_declared(Text *to, const IrVar *v) {
    text_add(to, "%s", v->name);
    if (v->axis_count == 0) return;
    text_add(to, "[");
    for (int i = 0; i < v->axis_count; i++) text_add(to, "%s%s", i ? ", " : "", v->axes[i]->name);
    text_add(to, "]");
}

static void put_draw(Text *to, const IrVar *v) {
    if (v->draw == INIT_UNBOUND) return;
    text_add(to, " draw %s(", ir_draw_name[v->draw]);
    put_real(to, v->draw_a);
    text_add(to, ", ");
    put_real(to, v->draw_b);
    text_add(to, ")");
}

static void put_origin(Text *to, const IrVar *v, const char *kind) {
    text_add(to, " of %s ", v->origin_kind ? v->origin_kind : kind);
    put_string(to, v->origin);
}

static void put_unit(Text *to, const IrVar *v) {
    if (!v->unit) return;
    text_add(to, " unit ");
    put_string(to, v->unit);
}

static void put_input(Text *to, const IrVar *v) {
    const char *kind = v->kind == VAR_STIMULUS ? "stimulus" : v->kind == VAR_NOISE ? "noise" : "weight";
    text_add(to, "%s ", v->literal ? "const" : kind);
    put_declared(to, v);
    if (v->origin && v->origin != v->name) put_origin(to, v, kind);
    put_unit(to, v);
    if (v->tensor) {
        text_add(to, " tensor ");
        put_string(to, v->tensor);
    }
    put_draw(to, v);
    text_add(to, "\n");
}

static void put_equation(Text *to, const IrItem *item, int indent) {
    const IrVar *v = item->var;
    text_repeat(to, ' ', indent);
    text_add(to, "%s ", item->kind == ITEM_STATE ? "state" : item->kind == ITEM_ODE ? "ode" : "alg");
    put_declared(to, v);
    if (v->scan_axis) text_add(to, " along %s", v->scan_axis->name);
    if (v->origin) put_origin(to, v, "population");
    put_unit(to, v);
    if (v->iterate_count) {
        text_add(to, " iterate %lld until ", (long long)v->iterate_count);
        put_real(to, v->iterate_tolerance);
    }
    if (v->init) {
        text_add(to, " init ");
        put_expr(to, v->init, BIND_ADD);
    }
    if (item->kind == ITEM_ODE) {
        text_add(to, " rate ");
        if (v->coefficient) put_expr(to, v->coefficient, BIND_ADD);
        else text_add(to, "1");
        if (v->method) text_add(to, " method %s", v->method);
    }
    text_add(to, " = ");
    put_expr(to, v->def, 0);
    text_add(to, "\n");
}

static void put_item(Text *to, const IrItem *item) {
    if (item->kind != ITEM_SCAN && item->kind != ITEM_FIX) {
        put_equation(to, item, 0);
        return;
    }
    if (item->kind == ITEM_SCAN) {
        text_add(to, "scan %s%s", item->axis->name, item->reversed ? " reversed" : "");
    } else {
        text_add(to, "fix %lld until ", (long long)item->count);
        put_real(to, item->tolerance);
    }
    text_add(to, " {\n");
    for (int i = 0; i < item->body_count; i++) put_equation(to, item->body[i], 2);
    text_add(to, "}\n");
}

/* The factor that a check leaves open stands before its side. */
static void put_side(Text *to, const IrCheck *check, int side) {
    if (check->factor && check->factor_on == side) text_add(to, "%s * ", check->factor);
    text_add(to, "%s", (side ? check->right : check->left)->name);
}

static void put_optimiser(Text *to, const IrLearn *learn) {
    text_add(to, " with %s(", ir_optimisers[learn->optimiser].name);
    for (int i = 0; i < ir_optimiser_parameters(learn->optimiser); i++) {
        text_add(to, "%s", i ? ", " : "");
        put_real(to, learn->parameter[i]);
    }
    text_add(to, ")\n");
}

static void put_learning(Text *to, const IrProgram *p) {
    for (int i = 0; i < p->losses.count; i++) {
        text_add(to, "loss ");
        put_name(to, p->losses.at[i].name);
        text_add(to, " = %s\n", p->losses.at[i].var->name);
    }
    for (int i = 0; i < p->rules.count; i++) {
        const IrRule *rule = &p->rules.at[i];
        text_add(to, "rule ");
        put_name(to, rule->name);
        text_add(to, " on %s = %s%s\n", rule->weight->name, rule->var->name, rule->local ? " local" : "");
    }
    for (int i = 0; i < p->learns.count; i++) {
        const IrLearn *learn = &p->learns.at[i];
        text_add(to, "learn %s by %s ", learn->weight->name, learn->rule ? "rule" : "gradient");
        put_name(to, ir_learns_by(p, learn));
        put_optimiser(to, learn);
    }
}

static void put_ends(Text *to, const IrProgram *p) {
    for (int i = 0; i < p->outputs.count; i++) {
        const IrOutput *output = &p->outputs.at[i];
        text_add(to, "%s ", output->gauge ? "gauge" : output->recorded ? "record" : "output");
        put_name(to, output->name);
        text_add(to, " = %s\n", output->var->name);
    }
    for (int i = 0; i < p->checks.count; i++) {
        const IrCheck *check = &p->checks.at[i];
        text_add(to, "check ");
        put_string(to, check->name);
        text_add(to, " : ");
        put_side(to, check, 0);
        text_add(to, " == ");
        put_side(to, check, 1);
        if (check->factor) text_add(to, " for some %s", check->factor);
        if (check->within > 0) {
            text_add(to, " within ");
            put_real(to, check->within);
        }
        text_add(to, "\n");
    }
    put_learning(to, p);
    for (int i = 0; i < p->assumptions.count; i++) {
        text_add(to, "assume ");
        put_string(to, p->assumptions.at[i].text);
        text_add(to, "\n");
    }
}

void ir_print(const IrProgram *p, FILE *to) {
    Arena *scratch = arena_new();
    Text text = text_new(scratch);
    text_add(&text, "program ");
    put_name(&text, p->name);
    text_add(&text, " %s\n", p->level == LEVEL_CORE ? "core" : "system");
    for (int i = 0; i < p->axes.count; i++) put_axis(&text, p->axes.at[i]);
    for (int i = 0; i < p->vars.count; i++)
        if (ir_is_input(p->vars.at[i])) put_input(&text, p->vars.at[i]);
    for (int i = 0; i < p->items.count; i++) put_item(&text, p->items.at[i]);
    put_ends(&text, p);
    fwrite(text.at, 1, text.length, to);
    arena_free(scratch);
}
