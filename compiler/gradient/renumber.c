/* The program put in order: variables as IR.md wants them numbered, and without the axes that were made on the way and are not
 * used. Axes of the source keep their numbers, since sizes go by them. */
#include "gradient/internal.h"

static void number_variables(IrProgram *p) {
    IrVar **old = p->vars.at;
    int count = p->vars.count;
    p->vars.at = NULL, p->vars.count = p->vars.capacity = 0;
    for (int i = 0; i < count; i++)
        if (ir_is_input(old[i])) vec_push(p->arena, &p->vars, old[i]);
    for (int i = 0; i < p->items.count; i++) {
        const IrItem *item = p->items.at[i];
        if (item->var) vec_push(p->arena, &p->vars, item->var);
        for (int k = 0; k < item->body_count; k++) vec_push(p->arena, &p->vars, item->body[k]->var);
    }
    for (int i = 0; i < p->vars.count; i++) p->vars.at[i]->id = i;
}

static void use(bool *used, const IrExpr *e) {
    if (!e) return;
    if (e->axis) used[e->axis->id] = true;
    for (int i = 0; e->var && i < e->var->axis_count; i++)
        if (e->index[i].kind == IX_AXIS) used[e->index[i].axis->id] = true;
    for (int i = 0; i < e->bound_count; i++) used[e->bound[i]->id] = true;
    for (int i = 0; i < e->argc; i++) use(used, e->arg[i]);
}

void gradient_renumber(IrProgram *p, int source_axes) {
    number_variables(p);
    bool *used = ARENA_ARRAY(p->arena, bool, p->axes.count + 1);
    for (int i = 0; i < p->vars.count; i++) {
        const IrVar *v = p->vars.at[i];
        for (int k = 0; k < v->axis_count; k++) used[v->axes[k]->id] = true;
        use(used, v->def);
        use(used, v->init);
    }
    int n = source_axes; /* the others are copies of roots, which are of the source */
    for (int i = source_axes; i < p->axes.count; i++)
        if (used[i]) p->axes.at[n++] = p->axes.at[i];
    p->axes.count = n;
    for (int i = source_axes; i < n; i++) p->axes.at[i]->id = i;
}
