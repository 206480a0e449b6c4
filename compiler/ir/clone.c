/* A program copied: new variables and items, the same axes and (immutable) expressions with their references moved. */
#include "ir/ir.h"

typedef struct Clone {
    IrProgram *to;
    IrVar **image; /* by id of the old variable */
} Clone;

static IrExpr *move_reference(void *data, IrExpr *e) {
    Clone *clone = data;
    if (e->op != IR_REF && e->op != IR_PREV) return e;
    IrExpr *copy = arena_copy(clone->to->arena, e, sizeof *e);
    copy->var = clone->image[e->var->id];
    return copy;
}

static IrExpr *moved(Clone *clone, IrExpr *e) {
    return e ? ir_map(clone->to, e, move_reference, clone) : NULL;
}

static IrItem *clone_item(Clone *clone, const IrItem *item) {
    IrItem *copy = arena_copy(clone->to->arena, item, sizeof *item);
    if (item->var) copy->var = clone->image[item->var->id];
    copy->body = ARENA_ARRAY(clone->to->arena, IrItem *, item->body_count);
    for (int i = 0; i < item->body_count; i++) copy->body[i] = clone_item(clone, item->body[i]);
    return copy;
}

IrProgram *ir_clone(const IrProgram *p) {
    IrProgram *to = ir_program_new(p->arena, p->names, p->level);
    to->name = p->name;
    Clone clone = {to, ARENA_ARRAY(p->arena, IrVar *, p->vars.count)};
    for (int i = 0; i < p->axes.count; i++) vec_push(p->arena, &to->axes, p->axes.at[i]);
    for (int i = 0; i < p->vars.count; i++) {
        IrVar *copy = arena_copy(p->arena, p->vars.at[i], sizeof *copy);
        clone.image[p->vars.at[i]->id] = copy;
        vec_push(p->arena, &to->vars, copy);
    }
    for (int i = 0; i < to->vars.count; i++) {
        IrVar *v = to->vars.at[i];
        v->def = moved(&clone, v->def);
        v->init = moved(&clone, v->init);
        v->coefficient = moved(&clone, v->coefficient);
    }
    for (int i = 0; i < p->items.count; i++) vec_push(p->arena, &to->items, clone_item(&clone, p->items.at[i]));
    for (int i = 0; i < p->outputs.count; i++) {
        IrOutput output = p->outputs.at[i];
        output.var = clone.image[output.var->id];
        vec_push(p->arena, &to->outputs, output);
    }
    for (int i = 0; i < p->checks.count; i++) {
        IrCheck check = p->checks.at[i];
        check.left = clone.image[check.left->id];
        check.right = clone.image[check.right->id];
        vec_push(p->arena, &to->checks, check);
    }
    for (int i = 0; i < p->assumptions.count; i++) vec_push(p->arena, &to->assumptions, p->assumptions.at[i]);
    return to;
}
