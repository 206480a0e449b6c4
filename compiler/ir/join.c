/* Two programs over the same inputs, as one: the variables of the second come after those of the first, under names of their own,
 * and read the inputs and axes of the first where name and root agree. Both stay as they are. */
#include <string.h>

#include "ir/ir.h"

typedef struct Join {
    IrProgram *to;
    const IrProgram *other; /* a clone, whose objects move over */
} Join;

static Name other_name(Join *j, Name name) {
    return name_printf(j->to->names, "other.%s", name);
}

/* Root axes that both have are one; all others come along. */
static IrAxis *axis_image(Join *j, IrAxis *axis) {
    bool root = axis && (axis->kind == AXIS_CONST || axis->kind == AXIS_BOUNDED);
    IrAxis *own = root ? ir_find_axis(j->to, axis->name) : NULL;
    return own ? own : axis;
}

static void move_axes(Join *j) {
    for (int i = 0; i < j->other->axes.count; i++) {
        IrAxis *axis = j->other->axes.at[i];
        axis->base = axis_image(j, axis->base);
        axis->root = axis_image(j, axis->root);
    }
    for (int i = 0; i < j->other->axes.count; i++) {
        IrAxis *axis = j->other->axes.at[i];
        if (axis_image(j, axis) != axis) continue;
        axis->name = other_name(j, axis->name);
        axis->id = j->to->axes.count;
        vec_push(j->to->arena, &j->to->axes, axis);
    }
}

static IrVar *var_image(Join *j, IrVar *v) {
    IrVar *own = v && !v->def ? ir_find_var(j->to, v->name) : NULL;
    return own && !own->def ? own : v;
}

static void move_expr(Join *j, IrExpr *e) {
    if (!e) return;
    e->axis = axis_image(j, e->axis);
    for (int i = 0; i < e->bound_count; i++) e->bound[i] = axis_image(j, e->bound[i]);
    for (int i = 0; i < e->guard.count; i++) {
        e->guard.atom[i].a = axis_image(j, e->guard.atom[i].a);
        e->guard.atom[i].b = axis_image(j, e->guard.atom[i].b);
    }
    for (int i = 0; e->var && i < e->var->axis_count; i++) e->index[i].axis = axis_image(j, e->index[i].axis);
    if (e->var) e->var = var_image(j, e->var);
    for (int i = 0; i < e->argc; i++) move_expr(j, e->arg[i]);
}

static void move_vars(Join *j) {
    for (int i = 0; i < j->other->vars.count; i++) {
        move_expr(j, j->other->vars.at[i]->def);
        move_expr(j, j->other->vars.at[i]->init);
    }
    for (int i = 0; i < j->other->vars.count; i++) {
        IrVar *v = j->other->vars.at[i];
        if (var_image(j, v) != v) continue;
        for (int k = 0; k < v->axis_count; k++) v->axes[k] = axis_image(j, v->axes[k]);
        v->scan_axis = axis_image(j, v->scan_axis);
        v->name = other_name(j, v->name);
        v->id = j->to->vars.count;
        vec_push(j->to->arena, &j->to->vars, v);
    }
}

static void move_item(Join *j, IrItem *item) {
    item->axis = axis_image(j, item->axis);
    for (int i = 0; i < item->body_count; i++) move_item(j, item->body[i]);
}

IrProgram *ir_join(const IrProgram *a, const IrProgram *b) {
    Join j = {ir_clone(a), ir_clone(b)};
    move_axes(&j);
    move_vars(&j);
    for (int i = 0; i < j.other->items.count; i++) {
        move_item(&j, j.other->items.at[i]);
        vec_push(j.to->arena, &j.to->items, j.other->items.at[i]);
    }
    j.to->outputs.count = j.to->checks.count = 0;
    ir_forget_learning(j.to);
    for (int i = 0; i < a->outputs.count; i++) {
        const IrOutput *left = &a->outputs.at[i];
        for (int k = 0; k < b->outputs.count; k++) {
            const IrOutput *right = &b->outputs.at[k];
            if (strcmp(left->name, right->name) != 0) continue;
            IrCheck check = {.name = left->name, .left = ir_find_var(j.to, left->var->name),
                             .right = j.other->outputs.at[k].var, .span = left->span};
            vec_push(j.to->arena, &j.to->checks, check);
        }
    }
    return j.to;
}
