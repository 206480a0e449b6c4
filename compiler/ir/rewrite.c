/* Expressions compared, searched and rewritten. */
#include <string.h>

#include "ir/ir.h"

/* ---- questions ---------------------------------------------------------------------------------------------------- */
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
    if (a.kind == IX_LAST) return true;
    return a.offset == b.offset && (a.kind == IX_CONST || same_axis(names, a.axis, b.axis));
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
        if (a->var != b->var) return false;
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

bool ir_uses_axis(const IrExpr *e, const IrAxis *axis) {
    if (e->op == IR_POS && e->axis == axis) return true;
    if (e->op == IR_REF || e->op == IR_PREV)
        for (int i = 0; i < e->var->axis_count; i++)
            if (e->index[i].kind == IX_AXIS && e->index[i].axis == axis) return true;
    for (int i = 0; i < e->bound_count; i++)
        if (e->bound[i] == axis) return false;
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

/* ---- rewriting ---------------------------------------------------------------------------------------------------- */
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
    if (to.kind != IX_LAST) to.offset += index.offset;
    return to;
}

/* position(axis) moves to the other side as a number when the axis became a position. `sign` is +1 for a, -1 for b. */
static IrAxis *image_atom(const Substitution *s, IrAxis *axis, int sign, int64_t *bound) {
    if (!axis) return NULL;
    IrIndex to = image(s, axis);
    if (to.kind == IX_AXIS || to.kind == IX_CONST) *bound -= sign * to.offset;
    return to.kind == IX_AXIS ? to.axis : NULL;
}

static IrExpr *substitute(IrProgram *p, IrExpr *e, const Substitution *s);

static IrExpr *substitute_reduction(IrProgram *p, IrExpr *e, const Substitution *s) {
    IrAxis **fresh = ARENA_ARRAY(p->arena, IrAxis *, e->bound_count);
    IrIndex *to = ARENA_ARRAY(p->arena, IrIndex, e->bound_count);
    for (int i = 0; i < e->bound_count; i++) {
        fresh[i] = ir_axis_copy(p, e->bound[i]);
        to[i] = ir_index(fresh[i]);
    }
    Substitution inner = {s, e->bound_count, e->bound, to};
    IrGuard guard = {e->guard.count, arena_copy(p->arena, e->guard.atom, sizeof(IrAtom) * (size_t)e->guard.count)};
    for (int i = 0; i < guard.count; i++) {
        IrAtom *atom = &guard.atom[i];
        atom->a = image_atom(&inner, atom->a, 1, &atom->bound);
        atom->b = image_atom(&inner, atom->b, -1, &atom->bound);
    }
    IrExpr *body = substitute(p, e->arg[0], &inner);
    IrExpr *made = ir_reduce(p, e->op, e->bound_count, fresh, guard, body);
    made->span = e->span;
    return made;
}

static IrExpr *substitute(IrProgram *p, IrExpr *e, const Substitution *s) {
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
        if (to.kind == IX_LAST) return ir_op2(p, IR_SUB, ir_size(p, e->axis), ir_lit(p, 1));
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
