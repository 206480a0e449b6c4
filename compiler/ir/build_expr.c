/* Expressions, axes and guards of the circuit in the IR's terms. */
#include <ctype.h>

#include "base/text.h"
#include "ir/build_internal.h"

/* The axis that stands for this root; itself unless tied. */
static const CirAxis *representative(const Build *b, const CirAxis *root) {
    for (int i = 0; i < b->same.count; i++)
        if (b->same.at[i].axis == root) return representative(b, b->same.at[i].as);
    return root;
}

void build_same_axes(Build *b, const CirEntity *weight) {
    if (!weight->tied) return;
    for (int i = 0; i < weight->axes.count; i++) {
        const CirAxis *axis = representative(b, weight->axes.at[i]->root);
        const CirAxis *as = representative(b, weight->tied->axes.at[i]->root);
        if (axis == as) continue;
        SameAxis same = {axis, as};
        vec_push(b->p->arena, &b->same, same);
    }
}

static Name free_axis_name(Build *b, Name path) {
    Name plain = build_name(b, path), name = plain;
    for (int i = 2; ir_find_axis(b->p, name); i++) name = name_printf(b->p->names, "%s.%d", plain, i);
    return name;
}

IrAxis *build_axis(Build *b, const CirAxis *axis) {
    if (!axis) return NULL;
    for (int i = b->axes.count - 1; i >= 0; i--)
        if (b->axes.at[i].from == axis) return b->axes.at[i].to;
    static const IrAxisKind kinds[] = {
        [CIR_AXIS_CONST] = AXIS_CONST,
        [CIR_AXIS_BOUNDED] = AXIS_BOUNDED,
        [CIR_AXIS_COPY] = AXIS_COPY,
        [CIR_AXIS_CYCLE] = AXIS_CYCLE,
    };
    const CirAxis *as = representative(b, axis);
    IrAxis *base = build_axis(b, as == axis ? axis->base : as);
    IrAxisKind kind = as == axis ? kinds[axis->kind] : AXIS_COPY;
    IrAxis *made = ir_axis_new(b->p, free_axis_name(b, axis->name), kind, axis->size, base);
    AxisImage image = {axis, made};
    vec_push(b->p->arena, &b->axes, image);
    return made;
}

Name build_name(Build *b, Name path) {
    Text text = text_new(b->p->arena);
    for (const char *c = path; *c; c++) {
        bool plain = isalnum((unsigned char)*c) || *c == '_' || *c == '.';
        if (plain) text_put(&text, c, 1);
        else if (*c == '[') text_put(&text, ".", 1);
        else if (*c == '-' && c[1] == '>') text_put(&text, "to", 2);
        else if (*c != ']' && *c != ' ' && *c != '>') text_put(&text, "_", 1);
    }
    return name_intern(b->p->names, text.at, text.length);
}

IrVar *build_variable(const CirEntity *entity) {
    while (entity->tied) entity = entity->tied;
    return entity->lowered;
}

static const IrOp operators[] = {
    [CIR_NEG] = IR_NEG,         [CIR_ADD] = IR_ADD,   [CIR_SUB] = IR_SUB,   [CIR_MUL] = IR_MUL, [CIR_DIV] = IR_DIV,
    [CIR_POW] = IR_POW,         [CIR_EXP] = IR_EXP,   [CIR_LOG] = IR_LOG,   [CIR_SQRT] = IR_SQRT, [CIR_SIN] = IR_SIN,
    [CIR_COS] = IR_COS,         [CIR_TANH] = IR_TANH, [CIR_RELU] = IR_RELU, [CIR_GELU] = IR_GELU, [CIR_ERF] = IR_ERF,
    [CIR_SIGMOID] = IR_SIGMOID, [CIR_ABS] = IR_ABS,   [CIR_MIN] = IR_MIN,   [CIR_MAX] = IR_MAX, [CIR_LT] = IR_LT,
    [CIR_LE] = IR_LE,           [CIR_EQ] = IR_EQ,     [CIR_DERIVATIVE] = IR_DERIVATIVE,
    [CIR_SETTLE] = IR_SETTLE,   [CIR_STOP] = IR_STOP,
};

/* What previous() reads starts at 0 unless it is a state, and looks back along its cycle. */
static void keep_previous(Build *b, IrVar *v) {
    for (int i = 0; i < v->axis_count && !v->scan_axis; i++)
        if (v->axes[i]->kind == AXIS_CYCLE) v->scan_axis = v->axes[i];
    if (!v->init) v->init = ir_lit(b->p, 0);
}

static IrExpr *reference(Build *b, const CirExpr *e) {
    IrVar *v = build_variable(e->entity);
    IrIndex *index = ARENA_ARRAY(b->p->arena, IrIndex, v->axis_count);
    for (int i = 0; i < v->axis_count; i++) {
        const CirIndex *from = &e->index[i];
        if (from->kind == CIR_IX_AXIS) index[i] = ir_index(build_axis(b, from->axis));
        else if (from->kind == CIR_IX_LAST) index[i] = (IrIndex){IX_LAST, NULL, 0};
        else index[i] = (IrIndex){IX_CONST, NULL, from->position};
    }
    if (e->op == CIR_REF) return ir_ref(b->p, v, index);
    keep_previous(b, v);
    return ir_prev(b->p, v, index);
}

IrGuard build_guard(Build *b, const CirGuard *from) {
    IrGuard made = {from->count, ARENA_ARRAY(b->p->arena, IrAtom, from->count)};
    for (int i = 0; i < from->count; i++) {
        const CirAtom *atom = &from->at[i];
        IrRelation relation = atom->equal ? GUARD_EQ : GUARD_LE;
        made.atom[i] = (IrAtom){build_axis(b, atom->a), build_axis(b, atom->b), atom->bound, relation};
    }
    return made;
}

IrExpr *build_where(Build *b, IrGuard atoms, IrExpr *value) {
    for (int i = 0; i < atoms.count; i++) {
        IrAtom atom = atoms.atom[i];
        IrExpr *left = atom.a ? ir_pos(b->p, atom.a) : ir_lit(b->p, 0);
        IrExpr *right = ir_lit(b->p, (double)atom.bound);
        if (atom.b) right = ir_op2(b->p, IR_ADD, ir_pos(b->p, atom.b), right);
        IrExpr *holds = ir_op2(b->p, atom.relation == GUARD_EQ ? IR_EQ : IR_LE, left, right);
        value = ir_select(b->p, holds, value, ir_lit(b->p, 0));
    }
    return value;
}

IrExpr *build_select(Build *b, const CirGuard *guard, IrExpr *value) {
    return build_where(b, build_guard(b, guard), value);
}

/* A shared expression may hold a reduction twice; the IR binds an axis once, so the second time gets a copy, which
 * the images behind it then mean. */
static IrAxis *bound_axis(Build *b, const CirAxis *axis) {
    bool seen = false;
    for (int i = 0; i < b->axes.count; i++) seen |= b->axes.at[i].from == axis;
    IrAxis *made = build_axis(b, axis);
    if (!seen) return made;
    AxisImage again = {axis, ir_axis_copy(b->p, made)};
    vec_push(b->p->arena, &b->axes, again);
    return again.to;
}

static IrExpr *reduction(Build *b, const CirExpr *e) {
    IrAxis **bound = ARENA_ARRAY(b->p->arena, IrAxis *, e->bound.count);
    for (int i = 0; i < e->bound.count; i++) bound[i] = bound_axis(b, e->bound.at[i]);
    IrGuard guard = build_guard(b, &e->guard);
    return ir_reduce(b->p, e->op == CIR_SUM ? IR_SUM : IR_AMAX, e->bound.count, bound, guard, build_expr(b, e->arg[0]));
}

IrExpr *build_expr(Build *b, const CirExpr *e) {
    IrExpr *made;
    switch (e->op) {
    case CIR_NUMBER:
        made = e->text ? ir_lit_text(b->p, e->text) : ir_lit(b->p, e->value);
        made->parameter = e->parameter;
        break;
    case CIR_SIZE: made = ir_size(b->p, build_axis(b, e->axis)); break;
    case CIR_POSITION: made = ir_pos(b->p, build_axis(b, e->axis)); break;
    case CIR_GRADIENT: {
        IrExpr *arg[] = {build_expr(b, e->arg[0]), build_expr(b, e->arg[1])};
        made = ir_node(b->p, IR_GRADIENT, 2, arg);
        break;
    }
    case CIR_TIME: made = ir_node(b->p, IR_TIME, 0, NULL); break;
    case CIR_REF:
    case CIR_PREVIOUS: made = reference(b, e); break;
    case CIR_SUM:
    case CIR_AMAX: made = reduction(b, e); break;
    case CIR_SELECT:
        made = ir_select(b->p, build_expr(b, e->arg[0]), build_expr(b, e->arg[1]), build_expr(b, e->arg[2]));
        break;
    default:
        made = e->argc == 1 ? ir_op1(b->p, operators[e->op], build_expr(b, e->arg[0]))
                            : ir_op2(b->p, operators[e->op], build_expr(b, e->arg[0]), build_expr(b, e->arg[1]));
    }
    if (!made->span.file) made->span = e->span;
    return made;
}
