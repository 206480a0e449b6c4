/* What lies between: a variable is active if the loss depends on it and it depends on something that the gradient is asked for. */
#include "gradient/internal.h"

void gradient_each_leaf(IrExpr *e, void (*visit)(void *data, IrExpr *ref), void *data) {
    switch (e->op) {
    case IR_LT: case IR_LE: case IR_EQ: case IR_STOP: return;
    case IR_REF: case IR_PREV: visit(data, e); return;
    default:
        for (int i = e->op == IR_SELECT; i < e->argc; i++) gradient_each_leaf(e->arg[i], visit, data);
    }
}

typedef struct Mark {
    const Gradient *g;
    bool *of;   /* by variable id */
    bool found, changed;
} Mark;

static void look_active(void *data, IrExpr *ref) {
    Mark *m = data;
    if (gradient_adjoint(m->g, ref->var)->active) m->found = true;
}

bool gradient_has_active(const Gradient *g, IrExpr *e) {
    Mark m = {.g = g};
    gradient_each_leaf(e, look_active, &m);
    return m.found;
}

static void look(void *data, IrExpr *ref) {
    Mark *m = data;
    if (m->of[ref->var->id]) m->found = true;
}

static void set(void *data, IrExpr *ref) {
    Mark *m = data;
    if (!m->of[ref->var->id]) m->of[ref->var->id] = m->changed = true;
}

/* v depends on what is marked. */
static void forth(Mark *m, const IrVar *v) {
    if (m->of[v->id]) return;
    m->found = false;
    gradient_each_leaf(v->def, look, m);
    if (v->init) gradient_each_leaf(v->init, look, m);
    if (m->found) m->of[v->id] = m->changed = true;
}

/* What v depends on is marked with it. */
static void back(Mark *m, const IrVar *v) {
    if (!m->of[v->id]) return;
    gradient_each_leaf(v->def, set, m);
    if (v->init) gradient_each_leaf(v->init, set, m);
}

/* A body is gone through until nothing changes: its variables depend on each other through prev. */
static void mark_item(Mark *m, const IrItem *item, void (*step)(Mark *m, const IrVar *v)) {
    if (item->var) step(m, item->var);
    do {
        m->changed = false;
        for (int i = 0; i < item->body_count; i++) step(m, item->body[i]->var);
    } while (m->changed && item->body_count);
}

void gradient_mark_active(Gradient *g) {
    IrProgram *p = g->p;
    Mark depends = {.of = ARENA_ARRAY(p->arena, bool, p->vars.count + 1)}, reaches = {.of = ARENA_ARRAY(p->arena, bool, p->vars.count + 1)};
    for (int i = 0; i < g->of_count; i++) depends.of[g->of[i]->id] = true;
    reaches.of[g->loss->id] = true;
    for (int i = 0; i < p->items.count; i++) mark_item(&depends, p->items.at[i], forth);
    for (int i = p->items.count - 1; i >= 0; i--) mark_item(&reaches, p->items.at[i], back);
    for (int i = 0; i < p->vars.count; i++) g->adjoints.at[i].active = depends.of[i] && reaches.of[i];
}
