/* See small.h. */
#include "exact/small.h"

static void need(int64_t *size, const IrAxis *axis, int64_t points) {
    if (axis && size[axis->root->id] < points) size[axis->root->id] = points;
}

static void need_of(int64_t *size, const IrExpr *e) {
    if (e->op == IR_POS) need(size, e->axis, e->axis->root->size);
    for (int i = 0; e->var && i < e->var->axis_count; i++)
        if (e->index[i].kind == IX_CONST) need(size, e->var->axes[i], e->index[i].offset + 1);
    for (int i = 0; i < e->guard.count; i++) {
        const IrAtom *atom = &e->guard.atom[i];
        int64_t points = (atom->bound < 0 ? -atom->bound : atom->bound) + 2;
        need(size, atom->a, points);
        need(size, atom->b, points);
    }
    for (int i = 0; i < e->argc; i++) need_of(size, e->arg[i]);
}

int64_t *small_sizes(Arena *arena, const IrProgram *p, int64_t least) {
    int64_t *size = ARENA_ARRAY(arena, int64_t, p->axes.count + 1);
    for (int i = 0; i < p->axes.count; i++) size[i] = least + i % 2;
    for (int i = 0; i < p->vars.count; i++) {
        if (p->vars.at[i]->def) need_of(size, p->vars.at[i]->def);
        if (p->vars.at[i]->init) need_of(size, p->vars.at[i]->init);
    }
    for (int i = 0; i < p->axes.count; i++)
        if (size[i] > p->axes.at[i]->root->size) size[i] = p->axes.at[i]->root->size;
    return size;
}
