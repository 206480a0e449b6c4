/* A program copied: axes, variables, expressions and items of its own, in the same order and with the same ids, so
 * that a pass may rename, renumber and redefine in the copy. Literals, names and spans are shared. */
#include "ir/ir.h"

typedef struct Clone {
    IrProgram *to;
    IrAxis **axis; /* by id of the old axis */
    IrVar **var;   /* by id of the old variable */
} Clone;

static IrAxis *axis_image(const Clone *clone, const IrAxis *axis) {
    return axis ? clone->axis[axis->id] : NULL;
}

static IrAxis **axis_images(const Clone *clone, IrAxis *const *axes, int count) {
    IrAxis **images = ARENA_ARRAY(clone->to->arena, IrAxis *, count);
    for (int i = 0; i < count; i++) images[i] = axis_image(clone, axes[i]);
    return images;
}

static void clone_index(const Clone *clone, IrExpr *copy) {
    const IrIndex *from = copy->index;
    copy->index = ARENA_ARRAY(clone->to->arena, IrIndex, copy->var->axis_count);
    for (int i = 0; i < copy->var->axis_count; i++) {
        copy->index[i] = from[i];
        copy->index[i].axis = axis_image(clone, from[i].axis);
    }
    copy->var = clone->var[copy->var->id];
}

static void clone_guard(const Clone *clone, IrGuard *guard) {
    const IrAtom *from = guard->atom;
    guard->atom = ARENA_ARRAY(clone->to->arena, IrAtom, guard->count);
    for (int i = 0; i < guard->count; i++) {
        guard->atom[i] = from[i];
        guard->atom[i].a = axis_image(clone, from[i].a);
        guard->atom[i].b = axis_image(clone, from[i].b);
    }
}

static IrExpr *clone_expr(const Clone *clone, const IrExpr *e) {
    if (!e) return NULL;
    if (e->op == IR_LIT) return (IrExpr *)e;
    IrExpr *copy = arena_copy(clone->to->arena, e, sizeof *e);
    copy->arg = ARENA_ARRAY(clone->to->arena, IrExpr *, e->argc);
    for (int i = 0; i < e->argc; i++) copy->arg[i] = clone_expr(clone, e->arg[i]);
    copy->axis = axis_image(clone, e->axis);
    copy->bound = axis_images(clone, e->bound, e->bound_count);
    if (e->var) clone_index(clone, copy);
    if (e->guard.count) clone_guard(clone, &copy->guard);
    return copy;
}

static IrItem *clone_item(const Clone *clone, const IrItem *item) {
    IrItem *copy = arena_copy(clone->to->arena, item, sizeof *item);
    if (item->var) copy->var = clone->var[item->var->id];
    copy->axis = axis_image(clone, item->axis);
    copy->body = ARENA_ARRAY(clone->to->arena, IrItem *, item->body_count);
    for (int i = 0; i < item->body_count; i++) copy->body[i] = clone_item(clone, item->body[i]);
    return copy;
}

static void clone_axes(Clone *clone, const IrProgram *p) {
    clone->axis = ARENA_ARRAY(p->arena, IrAxis *, p->axes.count);
    for (int i = 0; i < p->axes.count; i++) {
        const IrAxis *axis = p->axes.at[i];
        clone->axis[axis->id] = arena_copy(p->arena, axis, sizeof *axis);
        vec_push(p->arena, &clone->to->axes, clone->axis[axis->id]);
    }
    for (int i = 0; i < p->axes.count; i++) {
        IrAxis *copy = clone->to->axes.at[i];
        copy->base = axis_image(clone, copy->base);
        copy->root = axis_image(clone, copy->root);
    }
}

static void clone_vars(Clone *clone, const IrProgram *p) {
    clone->var = ARENA_ARRAY(p->arena, IrVar *, p->vars.count);
    for (int i = 0; i < p->vars.count; i++) {
        const IrVar *v = p->vars.at[i];
        clone->var[v->id] = arena_copy(p->arena, v, sizeof *v);
        vec_push(p->arena, &clone->to->vars, clone->var[v->id]);
    }
    for (int i = 0; i < p->vars.count; i++) {
        IrVar *v = clone->to->vars.at[i];
        v->axes = axis_images(clone, v->axes, v->axis_count);
        v->scan_axis = axis_image(clone, v->scan_axis);
        v->def = clone_expr(clone, v->def);
        v->init = clone_expr(clone, v->init);
        v->coefficient = clone_expr(clone, v->coefficient);
    }
}

static IrVar *var_image(const Clone *clone, const IrVar *v) {
    return v ? clone->var[v->id] : NULL;
}

static void clone_learning(const Clone *clone, const IrProgram *p) {
    IrProgram *to = clone->to;
    for (int i = 0; i < p->losses.count; i++) {
        IrLoss loss = p->losses.at[i];
        loss.var = var_image(clone, loss.var);
        vec_push(p->arena, &to->losses, loss);
    }
    for (int i = 0; i < p->rules.count; i++) {
        IrRule rule = p->rules.at[i];
        rule.var = var_image(clone, rule.var);
        rule.weight = var_image(clone, rule.weight);
        vec_push(p->arena, &to->rules, rule);
    }
    for (int i = 0; i < p->learns.count; i++) {
        IrLearn learn = p->learns.at[i];
        learn.weight = var_image(clone, learn.weight);
        learn.rule = var_image(clone, learn.rule);
        learn.loss = var_image(clone, learn.loss);
        vec_push(p->arena, &to->learns, learn);
    }
}

static void clone_ends(const Clone *clone, const IrProgram *p) {
    IrProgram *to = clone->to;
    for (int i = 0; i < p->outputs.count; i++) {
        IrOutput output = p->outputs.at[i];
        output.var = clone->var[output.var->id];
        vec_push(p->arena, &to->outputs, output);
    }
    for (int i = 0; i < p->checks.count; i++) {
        IrCheck check = p->checks.at[i];
        check.left = clone->var[check.left->id];
        check.right = clone->var[check.right->id];
        vec_push(p->arena, &to->checks, check);
    }
    for (int i = 0; i < p->taken.count; i++) {
        IrTaken taken = p->taken.at[i];
        vec_push(p->arena, &to->taken, ((IrTaken){clone->var[taken.loss->id], clone->var[taken.of->id], clone->var[taken.gradient->id]}));
    }
    for (int i = 0; i < p->assumptions.count; i++) vec_push(p->arena, &to->assumptions, p->assumptions.at[i]);
}

IrProgram *ir_clone(const IrProgram *p) {
    Clone clone = {.to = ir_program_new(p->arena, p->names, p->level)};
    clone.to->name = p->name;
    clone_axes(&clone, p);
    clone_vars(&clone, p);
    for (int i = 0; i < p->items.count; i++) vec_push(p->arena, &clone.to->items, clone_item(&clone, p->items.at[i]));
    clone_ends(&clone, p);
    clone_learning(&clone, p);
    return clone.to;
}
