/* Tidying. In, out: any core program. Axes that nothing uses any more go, and copies are numbered anew, so that the printed
 * program does not depend on how many orders were tried. */
#include <string.h>

#include "opt/pass.h"

static void use(bool *used, const IrAxis *axis) {
    for (; axis; axis = axis->base) used[axis->id] = true;
}

static void use_expr(bool *used, const IrExpr *e) {
    if (!e) return;
    use(used, e->axis);
    if (e->op == IR_REF || e->op == IR_PREV)
        for (int i = 0; i < e->var->axis_count; i++)
            if (e->index[i].kind == IX_AXIS) use(used, e->index[i].axis);
    for (int i = 0; i < e->bound_count; i++) use(used, e->bound[i]);
    for (int i = 0; i < e->guard.count; i++) use(used, e->guard.atom[i].a), use(used, e->guard.atom[i].b);
    for (int i = 0; i < e->argc; i++) use_expr(used, e->arg[i]);
}

static bool taken(const IrProgram *p, Name name, int count) {
    for (int i = 0; i < count; i++)
        if (p->axes.at[i]->name == name) return true;
    return false;
}

void pass_tidy(Opt *o) {
    IrProgram *p = o->p;
    bool *used = ARENA_ARRAY(p->arena, bool, p->axes.count + 1);
    opt_facts(o);
    for (int i = 0; i < p->axes.count; i++)
        if (p->axes.at[i]->kind != AXIS_COPY) use(used, p->axes.at[i]);
    for (int i = 0; i < p->vars.count; i++) {
        const IrVar *v = p->vars.at[i];
        for (int k = 0; k < v->axis_count; k++) use(used, v->axes[k]);
        use_expr(used, v->def);
        use_expr(used, v->init);
    }
    int n = 0;
    for (int i = 0; i < p->axes.count; i++) {
        if (!used[i]) continue;
        if (n < o->size_count) o->size[n] = i < o->size_count ? o->size[i] : 0;
        p->axes.at[n++] = p->axes.at[i];
    }
    p->axes.count = n;
    for (int i = 0; i < n; i++) {
        IrAxis *axis = p->axes.at[i];
        axis->id = i;
        int number = 1;
        if (axis->kind != AXIS_COPY || !strchr(axis->name, '.')) continue;
        size_t stem = strlen(axis->root->name);
        if (strncmp(axis->name, axis->root->name, stem) != 0 || axis->name[stem] != '.') continue;
        Name name = name_printf(p->names, "%s.%d", axis->root->name, number);
        while (taken(p, name, i)) name = name_printf(p->names, "%s.%d", axis->root->name, ++number);
        axis->name = name;
    }
}
