/* Variables that are evaluated under conditions on values only.
 *
 * r = log(x) read as select(x <= 0, 0, r) is asked for where x is positive. Elsewhere its adjoint is 0, but 0 times a derivative that
 * does not exist is no number. What such a variable leaves for others counts only where its adjoint is not 0. A variable that
 * anybody reads without a condition, be it in a condition, has a value everywhere, and needs no such care. */
#include "gradient/internal.h"

static bool reads(const IrExpr *e) {
    if (e->var) return true;
    for (int i = 0; i < e->argc; i++)
        if (reads(e->arg[i])) return true;
    return false;
}

typedef struct Eager {
    bool *of; /* by variable id: evaluated whatever the values */
    bool changed;
} Eager;

static void mark(Eager *m, const IrVar *v) {
    if (!m->of[v->id]) m->of[v->id] = m->changed = true;
}

static void mark_read(Eager *m, const IrExpr *e) {
    if (e->var) mark(m, e->var);
    bool choice = e->op == IR_SELECT && reads(e->arg[0]);
    for (int i = 0; i < (choice ? 1 : e->argc); i++) mark_read(m, e->arg[i]);
}

static void mark_equation(Eager *m, const IrVar *v) {
    if (!m->of[v->id]) return;
    mark_read(m, v->def);
    if (v->init) mark_read(m, v->init);
}

void gradient_mark_lazy(Gradient *g) {
    const IrProgram *p = g->p;
    Eager m = {.of = ARENA_ARRAY(p->arena, bool, p->vars.count + 1)};
    mark(&m, g->loss);
    for (int i = 0; i < g->of_count; i++) mark(&m, g->of[i]);
    for (int i = 0; i < p->outputs.count; i++) mark(&m, p->outputs.at[i].var);
    for (int i = p->items.count - 1; i >= 0; i--) {
        const IrItem *item = p->items.at[i];
        if (item->var) mark_equation(&m, item->var);
        for (m.changed = item->body_count > 0; m.changed;) {
            m.changed = false;
            for (int k = item->body_count - 1; k >= 0; k--) mark_equation(&m, item->body[k]->var);
        }
    }
    for (int i = 0; i < p->vars.count; i++) g->adjoints.at[i].lazy = !m.of[i];
}
