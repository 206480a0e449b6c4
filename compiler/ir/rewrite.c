/* Expressions compared, searched and rewritten. */
#include <stdio.h>
#include <stdlib.h>

#include "ir/ir.h"

/* ---- questions --------------------------------------------------------------------------------------------------- */
typedef struct Renaming { /* bound axes of the left expression and their partners on the right */
    const struct Renaming *outer;
    const IrAxis *left, *right;
} Renaming;

static bool same_axis(const Renaming *names, const IrAxis *a, const IrAxis *b) {
    for (; names; names = names->outer)
        if (names->left == a || names->right == b) return names->left == a && names->right == b;
    return a == b;
}

static bool same_index(const Renaming *names, IrIndex a, IrIndex b) {
    if (a.kind != b.kind) return false;
    return a.offset == b.offset && (a.kind != IX_AXIS || same_axis(names, a.axis, b.axis));
}

static bool same_guard(const Renaming *names, IrGuard a, IrGuard b) {
    if (a.count != b.count) return false;
    for (int i = 0; i < a.count; i++) {
        IrAtom x = a.atom[i], y = b.atom[i];
        if (x.bound != y.bound || x.relation != y.relation || !same_axis(names, x.a, y.a) || !same_axis(names, x.b, y.b))
            return false;
    }
    return true;
}

static bool equal(const Renaming *names, const IrExpr *a, const IrExpr *b);

static bool equal_bound(const Renaming *names, const IrExpr *a, const IrExpr *b, int i) {
    if (i == a->bound_count) return same_guard(names, a->guard, b->guard) && equal(names, a->arg[0], b->arg[0]);
    if (a->bound[i]->root != b->bound[i]->root) return false;
    Renaming inner = {names, a->bound[i], b->bound[i]};
    return equal_bound(&inner, a, b, i + 1);
}

static bool equal(const Renaming *names, const IrExpr *a, const IrExpr *b) {
    if (a->op != b->op || a->argc != b->argc) return false;
    switch (a->op) {
    case IR_LIT: return a->text == b->text;
    case IR_SIZE: return a->axis->root == b->axis->root;
    case IR_POS: return same_axis(names, a->axis, b->axis);
    case IR_REF:
    case IR_PREV:
        if (a->var != b->var || a->lag != b->lag) return false;
        for (int i = 0; i < a->var->axis_count; i++)
            if (!same_index(names, a->index[i], b->index[i])) return false;
        return true;
    case IR_SUM:
    case IR_AMAX: return a->bound_count == b->bound_count && equal_bound(names, a, b, 0);
    default:
        for (int i = 0; i < a->argc; i++)
            if (!equal(names, a->arg[i], b->arg[i])) return false;
        return true;
    }
}

bool ir_expr_equal(const IrExpr *a, const IrExpr *b) {
    return a == b || equal(NULL, a, b);
}

bool ir_binds(const IrExpr *e, const IrAxis *axis) {
    for (int i = 0; i < e->bound_count; i++)
        if (e->bound[i] == axis) return true;
    return false;
}

bool ir_uses_axis(const IrExpr *e, const IrAxis *axis) {
    if (e->op == IR_POS && e->axis == axis) return true;
    if (e->op == IR_REF || e->op == IR_PREV)
        for (int i = 0; i < e->var->axis_count; i++)
            if (e->index[i].kind == IX_AXIS && e->index[i].axis == axis) return true;
    if (ir_binds(e, axis)) return false;
    for (int i = 0; i < e->guard.count; i++)
        if (e->guard.atom[i].a == axis || e->guard.atom[i].b == axis) return true;
    for (int i = 0; i < e->argc; i++)
        if (ir_uses_axis(e->arg[i], axis)) return true;
    return false;
}

bool ir_uses_var(const IrExpr *e, const IrVar *var) {
    if ((e->op == IR_REF || e->op == IR_PREV) && e->var == var) return true;
    for (int i = 0; i < e->argc; i++)
        if (ir_uses_var(e->arg[i], var)) return true;
    return false;
}

void ir_each_ref(IrExpr *e, void (*visit)(void *data, IrExpr *ref), void *data) {
    if (e->op == IR_REF || e->op == IR_PREV) visit(data, e);
    for (int i = 0; i < e->argc; i++) ir_each_ref(e->arg[i], visit, data);
}

void ir_each_read(const IrVar *v, void (*visit)(void *data, IrExpr *ref), void *data) {
    if (v->def) ir_each_ref(v->def, visit, data);
    if (v->init) ir_each_ref(v->init, visit, data);
}

void ir_each_read_of(const IrItem *item, void (*visit)(void *data, IrExpr *ref), void *data) {
    if (item->var) ir_each_read(item->var, visit, data);
    for (int i = 0; i < item->body_count; i++) ir_each_read_of(item->body[i], visit, data);
}

/* ---- rewriting --------------------------------------------------------------------------------------------------- */
static IrExpr *with_args(IrProgram *p, const IrExpr *e, IrExpr **arg) {
    IrExpr *copy = arena_copy(p->arena, e, sizeof *e);
    copy->arg = arena_copy(p->arena, arg, sizeof *arg * (size_t)e->argc);
    return copy;
}

IrExpr *ir_map(IrProgram *p, IrExpr *e, IrExpr *(*rewrite)(void *data, IrExpr *e), void *data) {
    bool changed = false;
    IrExpr *arg[3];
    for (int i = 0; i < e->argc; i++) {
        arg[i] = ir_map(p, e->arg[i], rewrite, data);
        changed |= arg[i] != e->arg[i];
    }
    return rewrite(data, changed ? with_args(p, e, arg) : e);
}

typedef struct Substitution {
    const struct Substitution *outer;
    int count;
    IrAxis *const *from;
    const IrIndex *to;
} Substitution;

/* What an axis becomes; the innermost substitution that names it decides. */
static IrIndex image(const Substitution *s, IrAxis *axis) {
    for (; s; s = s->outer)
        for (int i = 0; i < s->count; i++)
            if (s->from[i] == axis) return s->to[i];
    return ir_index(axis);
}

static IrIndex image_index(const Substitution *s, IrIndex index) {
    if (index.kind != IX_AXIS) return index;
    IrIndex to = image(s, index.axis);
    to.offset += index.offset;
    return to;
}

static IrExpr *substitute(IrProgram *p, IrExpr *e, const Substitution *s);

/* position(axis) moves to the other side as a number when the axis became a position that is known. `sign` is +1 for
 * a, -1 for b. False: it became the last position of an axis whose size is not known. */
static bool image_position(const Substitution *s, IrAxis **axis, int sign, int64_t *bound) {
    if (!*axis) return true;
    IrIndex to = image(s, *axis);
    const IrAxis *root = (*axis)->root;
    *bound -= sign * to.offset;
    if (to.kind == IX_LAST) *bound -= sign * (root->size - 1);
    *axis = to.kind == IX_AXIS ? to.axis : NULL;
    return to.kind != IX_LAST || root->kind != AXIS_BOUNDED;
}

/* It holds whatever the size: a position is not beyond the last one. */
static bool holds_at_last(const Substitution *s, IrAtom atom) {
    bool b = atom.b && image(s, atom.b).kind == IX_LAST && image(s, atom.b).offset == 0;
    return b && atom.relation == GUARD_LE && atom.bound >= 0 && (!atom.a || atom.a->root == atom.b->root);
}

static IrExpr *position_of(IrProgram *p, const Substitution *s, IrAxis *axis) {
    return axis ? substitute(p, ir_pos(p, axis), s) : ir_lit(p, 0);
}

/* An atom that a guard cannot say any more: outside of it the summand is 0. */
static IrExpr *restricted(IrProgram *p, const Substitution *s, IrOp op, IrAtom atom, IrExpr *body) {
    if (op == IR_AMAX) {
        const char *name = atom.a ? atom.a->name : "an axis";
        fprintf(stderr, "ctx: internal fault: the last position of %s in the guard of a maximum\n", name);
        exit(70);
    }
    IrExpr *right = ir_op2(p, IR_ADD, position_of(p, s, atom.b), ir_lit(p, (double)atom.bound));
    IrExpr *holds = ir_op2(p, atom.relation == GUARD_EQ ? IR_EQ : IR_LE, position_of(p, s, atom.a), right);
    return ir_select(p, holds, body, ir_lit(p, 0));
}

static IrExpr *substitute_reduction(IrProgram *p, IrExpr *e, const Substitution *s) {
    IrAxis **fresh = ARENA_ARRAY(p->arena, IrAxis *, e->bound_count);
    IrIndex *to = ARENA_ARRAY(p->arena, IrIndex, e->bound_count);
    for (int i = 0; i < e->bound_count; i++) {
        fresh[i] = ir_axis_copy(p, e->bound[i]);
        to[i] = ir_index(fresh[i]);
    }
    Substitution inner = {s, e->bound_count, e->bound, to};
    IrExpr *body = substitute(p, e->arg[0], &inner);
    IrGuard guard = {0, ARENA_ARRAY(p->arena, IrAtom, e->guard.count)};
    for (int i = 0; i < e->guard.count; i++) {
        IrAtom was = e->guard.atom[i], atom = was;
        bool a = image_position(&inner, &atom.a, 1, &atom.bound), b = image_position(&inner, &atom.b, -1, &atom.bound);
        if (a && b) guard.atom[guard.count++] = atom;
        else if (!holds_at_last(&inner, was)) body = restricted(p, &inner, e->op, was, body);
    }
    IrExpr *made = ir_reduce(p, e->op, e->bound_count, fresh, guard, body);
    made->span = e->span;
    return made;
}

/* A condition on positions that have become numbers decides here, so that the other branch, which may stand at a
 * position that does not exist, is gone. */
static IrExpr *substitute_select(IrProgram *p, IrExpr *e, const Substitution *s) {
    IrExpr *arg[3] = {substitute(p, e->arg[0], s), NULL, NULL};
    const IrExpr *test = arg[0];
    if (test->argc == 2 && test->arg[0]->op == IR_LIT && test->arg[1]->op == IR_LIT) {
        double a = test->arg[0]->value, b = test->arg[1]->value;
        if (test->op == IR_LE) return substitute(p, e->arg[a <= b ? 1 : 2], s);
        if (test->op == IR_LT) return substitute(p, e->arg[a < b ? 1 : 2], s);
        if (test->op == IR_EQ) return substitute(p, e->arg[a == b ? 1 : 2], s);
    }
    for (int i = 1; i < 3; i++) arg[i] = substitute(p, e->arg[i], s);
    return with_args(p, e, arg);
}

static IrExpr *substitute(IrProgram *p, IrExpr *e, const Substitution *s) {
    if (e->op == IR_SELECT) return substitute_select(p, e, s);
    if (e->op == IR_SUM || e->op == IR_AMAX) return substitute_reduction(p, e, s);
    if (e->op == IR_REF || e->op == IR_PREV) {
        IrExpr *copy = arena_copy(p->arena, e, sizeof *e);
        copy->index = ARENA_ARRAY(p->arena, IrIndex, e->var->axis_count);
        for (int i = 0; i < e->var->axis_count; i++) copy->index[i] = image_index(s, e->index[i]);
        return copy;
    }
    if (e->op == IR_POS) {
        IrIndex to = image(s, e->axis);
        if (to.kind == IX_CONST) return ir_lit(p, (double)to.offset);
        if (to.kind == IX_LAST) return ir_op2(p, IR_SUB, ir_size(p, e->axis), ir_lit(p, 1 - (double)to.offset));
        return ir_op2(p, IR_ADD, ir_pos(p, to.axis), ir_lit(p, (double)to.offset));
    }
    if (e->argc == 0) return e;
    IrExpr *arg[3];
    for (int i = 0; i < e->argc; i++) arg[i] = substitute(p, e->arg[i], s);
    return with_args(p, e, arg);
}

IrExpr *ir_substitute(IrProgram *p, IrExpr *e, int count, IrAxis *const *from, const IrIndex *to) {
    Substitution s = {NULL, count, from, to};
    return substitute(p, e, &s);
}

IrExpr *ir_inline(IrProgram *p, const IrExpr *ref) {
    return ir_substitute(p, ref->var->def, ref->var->axis_count, ref->var->axes, ref->index);
}
