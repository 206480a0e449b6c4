/* Expressions: builders that fold the trivial cases, questions, and rewriting. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ir/ir.h"

static IrExpr *expr_new(IrProgram *p, IrOp op, int argc) {
    IrExpr *e = ARENA_NEW(p->arena, IrExpr);
    e->op = op;
    e->argc = argc;
    e->arg = argc ? ARENA_ARRAY(p->arena, IrExpr *, argc) : NULL;
    return e;
}

IrExpr *ir_node(IrProgram *p, IrOp op, int argc, IrExpr *const *arg) {
    IrExpr *e = expr_new(p, op, argc);
    for (int i = 0; i < argc; i++) {
        e->arg[i] = arg[i];
        e->span = span_join(e->span, arg[i]->span);
    }
    return e;
}

IrExpr *ir_lit(IrProgram *p, double value) {
    char text[40];
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value) break;
    }
    return ir_lit_text(p, name_of(p->names, text));
}

IrExpr *ir_lit_text(IrProgram *p, Name text) {
    IrExpr *e = expr_new(p, IR_LIT, 0);
    e->text = text;
    e->value = strtod(text, NULL);
    return e;
}

IrExpr *ir_size(IrProgram *p, IrAxis *axis) {
    IrExpr *e = expr_new(p, IR_SIZE, 0);
    e->axis = axis;
    return e;
}

IrExpr *ir_pos(IrProgram *p, IrAxis *axis) {
    IrExpr *e = expr_new(p, IR_POS, 0);
    e->axis = axis;
    return e;
}

static IrExpr *reference(IrProgram *p, IrOp op, IrVar *var, const IrIndex *index) {
    IrExpr *e = expr_new(p, op, 0);
    e->var = var;
    e->index = ARENA_ARRAY(p->arena, IrIndex, var->axis_count);
    for (int i = 0; i < var->axis_count; i++) e->index[i] = index ? index[i] : ir_index(var->axes[i]);
    return e;
}

IrExpr *ir_ref(IrProgram *p, IrVar *var, const IrIndex *index) {
    return reference(p, IR_REF, var, index);
}

IrExpr *ir_prev_by(IrProgram *p, IrVar *var, const IrIndex *index, int64_t lag) {
    IrExpr *e = reference(p, IR_PREV, var, index);
    e->lag = lag;
    return e;
}

IrExpr *ir_prev(IrProgram *p, IrVar *var, const IrIndex *index) {
    return ir_prev_by(p, var, index, 1);
}

static bool is_lit(const IrExpr *e, double value) {
    return e->op == IR_LIT && e->value == value;
}

IrExpr *ir_op1(IrProgram *p, IrOp op, IrExpr *a) {
    if (op == IR_NEG && a->op == IR_NEG) return a->arg[0];
    if (op == IR_NEG && a->op == IR_LIT && a->value != 0) {
        bool negative = a->text[0] == '-';
        return ir_lit_text(p, negative ? name_of(p->names, a->text + 1) : name_printf(p->names, "-%s", a->text));
    }
    return ir_node(p, op, 1, &a);
}

/* The cases in which one operand is the result, or the result is exact for small integers. NULL: none applies. */
static IrExpr *folded(IrProgram *p, IrOp op, IrExpr *a, IrExpr *b) {
    bool integers = a->op == IR_LIT && b->op == IR_LIT && a->value == (int32_t)a->value && b->value == (int32_t)b->value;
    switch (op) {
    case IR_ADD:
        return is_lit(a, 0) ? b : is_lit(b, 0) ? a : integers ? ir_lit(p, a->value + b->value) : NULL;
    case IR_SUB:
        if (is_lit(a, 0)) return ir_op1(p, IR_NEG, b);
        return is_lit(b, 0) ? a : integers ? ir_lit(p, a->value - b->value) : NULL;
    case IR_MUL:
        return is_lit(a, 1) ? b : is_lit(b, 1) ? a : integers ? ir_lit(p, a->value * b->value) : NULL;
    case IR_DIV:
    case IR_POW: return is_lit(b, 1) ? a : NULL;
    default: return NULL;
    }
}

IrExpr *ir_op2(IrProgram *p, IrOp op, IrExpr *a, IrExpr *b) {
    IrExpr *simple = folded(p, op, a, b), *arg[] = {a, b};
    return simple ? simple : ir_node(p, op, 2, arg);
}

IrExpr *ir_select(IrProgram *p, IrExpr *condition, IrExpr *a, IrExpr *b) {
    IrExpr *arg[] = {condition, a, b};
    return ir_node(p, IR_SELECT, 3, arg);
}

IrExpr *ir_reduce(IrProgram *p, IrOp op, int bound_count, IrAxis *const *bound, IrGuard guard, IrExpr *body) {
    if (bound_count == 0 && guard.count == 0) return body;
    IrExpr *e = expr_new(p, op, 1);
    e->arg[0] = body;
    e->bound_count = bound_count;
    e->bound = arena_copy(p->arena, bound, sizeof *bound * (size_t)bound_count);
    e->guard.count = guard.count;
    e->guard.atom = arena_copy(p->arena, guard.atom, sizeof *guard.atom * (size_t)guard.count);
    e->span = body->span;
    return e;
}
