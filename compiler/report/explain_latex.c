/* The equations as LaTeX (explain.h): indices as subscripts, sums with their domains, fractions. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "report/explain.h"

static void put(Text *t, const IrExpr *e, int outer);

/* A dotted name as upright text; one letter stays italic. */
static void put_name(Text *t, const char *name) {
    if (strlen(name) == 1) {
        text_add(t, "%s", name);
        return;
    }
    text_add(t, "\\mathrm{");
    for (const char *c = name; *c; c++) text_add(t, *c == '_' || *c == '#' || *c == '%' ? "\\%c" : "%c", *c);
    text_add(t, "}");
}

static void put_index(Text *t, const IrIndex *x) {
    if (x->kind == IX_LAST) text_add(t, "\\mathrm{last}");
    if (x->kind == IX_CONST) text_add(t, "%lld", (long long)x->offset);
    if (x->kind == IX_AXIS) put_name(t, x->axis->name);
    if (x->offset && x->kind != IX_CONST) text_add(t, "%+lld", (long long)x->offset);
}

static void put_ref(Text *t, const IrExpr *e) {
    put_name(t, e->var->name);
    if (e->op == IR_PREV) text_add(t, "^{-}");
    if (!e->var->axis_count) return;
    text_add(t, "_{");
    for (int i = 0; i < e->var->axis_count; i++) {
        if (i) text_add(t, ",\\,");
        put_index(t, &e->index[i]);
    }
    text_add(t, "}");
}

static void put_position(Text *t, const IrAxis *axis) {
    if (axis) put_name(t, axis->name);
    else text_add(t, "0");
}

static void put_atom(Text *t, const IrAtom *atom) {
    const char *relation = atom->relation == GUARD_LE ? "\\le" : "=";
    if (atom->a && atom->b && atom->bound == 0) {
        put_position(t, atom->a);
        text_add(t, " %s ", relation);
        put_position(t, atom->b);
        return;
    }
    put_position(t, atom->a);
    if (atom->b) text_add(t, " - "), put_position(t, atom->b);
    text_add(t, " %s %lld", relation, (long long)atom->bound);
}

static void put_reduction(Text *t, const IrExpr *e) {
    text_add(t, e->op == IR_SUM ? "\\sum_{" : "\\max_{");
    for (int i = 0; i < e->bound_count; i++) {
        if (i) text_add(t, ",\\,");
        put_name(t, e->bound[i]->name);
    }
    for (int i = 0; i < e->guard.count; i++) {
        text_add(t, i ? ",\\; " : "\\,:\\; ");
        put_atom(t, &e->guard.atom[i]);
    }
    text_add(t, "} ");
    put(t, e->arg[0], 2);
}

/* 1e-8 would read as a difference. */
static void put_number(Text *t, const char *text) {
    const char *power = strchr(text, 'e');
    if (!power) text_add(t, "%s", text);
    else text_add(t, "%.*s \\cdot 10^{%d}", (int)(power - text), text, atoi(power + 1));
}

/* Binding strength: 1 sums and what has a sign, 2 products, 3 powers and what needs no brackets. */
static int strength(const IrExpr *e) {
    switch (e->op) {
    case IR_LIT: return e->text[0] == '-' ? 1 : strchr(e->text, 'e') ? 2 : 3;
    case IR_ADD: case IR_SUB: case IR_NEG: case IR_LT: case IR_LE: case IR_EQ: return 1;
    case IR_MUL: case IR_SUM: case IR_AMAX: return 2;
    default: return 3;
    }
}

static void put_call(Text *t, const char *name, const IrExpr *e) {
    text_add(t, "\\operatorname{%s}\\!\\left(", name);
    for (int i = 0; i < e->argc; i++) {
        if (i) text_add(t, ",\\,");
        put(t, e->arg[i], 0);
    }
    text_add(t, "\\right)");
}

static void put_infix(Text *t, const IrExpr *e, const char *between, int left, int right) {
    put(t, e->arg[0], left);
    text_add(t, "%s", between);
    put(t, e->arg[1], right);
}

/* A digit comes first: behind another factor it needs a dot. */
static bool begins_with_number(const IrExpr *e) {
    if (e->op == IR_MUL || e->op == IR_POW) return begins_with_number(e->arg[0]);
    return e->op == IR_LIT && e->text[0] != '-';
}

static void put_open(Text *t, const IrExpr *e) {
    static const char *const names[] = {
#define IR_OP(name, spelling, arity) spelling,
#include "ir/ir_ops.def"
#undef IR_OP
    };
    switch (e->op) {
    case IR_LIT: put_number(t, e->text); break;
    case IR_SIZE: text_add(t, "|"), put_name(t, e->axis->name), text_add(t, "|"); break;
    case IR_POS: put_name(t, e->axis->name); break;
    case IR_REF: case IR_PREV: put_ref(t, e); break;
    case IR_NEG: text_add(t, "-"), put(t, e->arg[0], 2); break;
    case IR_ADD: put_infix(t, e, " + ", 1, 1); break;
    case IR_SUB: put_infix(t, e, " - ", 1, 2); break;
    case IR_MUL: put_infix(t, e, begins_with_number(e->arg[1]) ? " \\cdot " : "\\, ", 2, 2); break;
    case IR_DIV: text_add(t, "\\frac{"), put_infix(t, e, "}{", 0, 0), text_add(t, "}"); break;
    case IR_POW: put(t, e->arg[0], 4), text_add(t, "^{"), put(t, e->arg[1], 0), text_add(t, "}"); break;
    case IR_LT: put_infix(t, e, " < ", 2, 2); break;
    case IR_LE: put_infix(t, e, " \\le ", 2, 2); break;
    case IR_EQ: put_infix(t, e, " = ", 2, 2); break;
    case IR_SQRT: text_add(t, "\\sqrt{"), put(t, e->arg[0], 0), text_add(t, "}"); break;
    case IR_SUM: case IR_AMAX: put_reduction(t, e); break;
    default: put_call(t, names[e->op], e);
    }
}

static void put(Text *t, const IrExpr *e, int outer) {
    bool brackets = strength(e) < outer;
    if (brackets) text_add(t, "\\left(");
    put_open(t, e);
    if (brackets) text_add(t, "\\right)");
}

void explain_latex(FILE *to, const IrProgram *source) {
    Equations list = explain_equations(source);
    fputs("\\begin{align*}\n", to);
    for (int i = 0; i < list.count; i++) {
        const Equation *e = &list.at[i];
        Text t = text_new(source->arena);
        put(&t, ir_ref((IrProgram *)source, (IrVar *)e->var, NULL), 0);
        text_add(&t, " &= ");
        put(&t, e->value, 0);
        if (e->var->init) {
            text_add(&t, ",\\quad ");
            put_name(&t, e->var->name);
            text_add(&t, "^{\\mathrm{init}} = ");
            put(&t, e->var->init, 0);
        }
        fprintf(to, "  %s%s\n", t.at, i + 1 < list.count ? " \\\\" : "");
    }
    fputs("\\end{align*}\n", to);
}
