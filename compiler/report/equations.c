/* The equations a reader wants to see: one for each population, state and spec variable, its compartments written out. */
#include <string.h>

#include "opt/schedule.h"
#include "report/explain.h"

/* A program read as IR text has no origins: every equation is shown. */
static bool has_origins(const IrProgram *p) {
    for (int i = 0; i < p->vars.count; i++)
        if (p->vars.at[i]->def && p->vars.at[i]->origin) return true;
    return false;
}

static bool is_inner(const IrProgram *p, const IrVar *v) {
    if (!has_origins(p)) return false;
    if (v->kind != VAR_ALG || v->init || !v->def) return false;
    for (int i = 0; i < p->outputs.count; i++)
        if (p->outputs.at[i].var == v) return false;
    for (int i = 0; i < p->checks.count; i++)
        if (p->checks.at[i].left == v || p->checks.at[i].right == v) return false;
    return !v->origin || (v->origin_kind && strcmp(v->origin_kind, "compartment") == 0);
}

typedef struct Substitution {
    IrProgram *p;
    int depth;
} Substitution;

static IrExpr *substitute(void *data, IrExpr *e) {
    Substitution *s = data;
    if (e->op != IR_REF || !is_inner(s->p, e->var) || s->depth > 20) return e;
    s->depth++;
    e = ir_map(s->p, ir_inline(s->p, e), substitute, s);
    s->depth--;
    return e;
}

static Name group_of(const IrProgram *p, const IrVar *v) {
    const char *dot = strchr(v->name, '.');
    return dot ? name_intern(p->names, v->name, (size_t)(dot - v->name)) : name_of(p->names, "");
}

static void add(Equations *list, IrProgram *p, const IrVar *v, const IrItem *in) {
    if (is_inner(p, v)) return;
    Substitution s = {p, 0};
    Equation e = {v, ir_map(p, v->def, substitute, &s), in, group_of(p, v)};
    vec_push(p->arena, list, e);
}

Equations explain_equations(const IrProgram *source) {
    IrProgram *p = ir_clone(source);
    Equations list = {0};
    for (int i = 0; i < p->items.count; i++) {
        const IrItem *item = p->items.at[i];
        if (item->var) add(&list, p, item->var, NULL);
        for (int k = 0; k < item->body_count; k++) add(&list, p, item->body[k]->var, item);
    }
    return list;
}

static double bytes(const IrVar *v) {
    double n = 4;
    for (int i = 0; i < v->axis_count; i++) /* of a trace, its present values */
        if (!ir_is_time(v, v->axes[i])) n *= (double)(v->axes[i]->size > 0 ? v->axes[i]->size : 1);
    return n;
}

/* How often it is stored: whole, or whole and in parts. */
static double stored(const IrProgram *p, const Schedule *s, const OptCost *c) {
    const IrVar *v = ir_find_var(p, c->name);
    const Storage *storage = v ? &s->storage[v->id] : NULL;
    if (storage && (storage->kind == STORE_NONE || storage->kind == STORE_SCRATCH)) return 0;
    return storage && storage->parts > 1 ? 1 + storage->parts : 1;
}

Memory explain_memory(const IrProgram *p, const OptReport *report) {
    const Schedule *s = schedule_make(p);
    Memory m = {.sparse = schedule_packed_bytes(s), .rows = schedule_rows_bytes(s)};
    for (int i = 0; i < p->vars.count; i++) {
        const IrVar *v = p->vars.at[i];
        if (v->kind == VAR_WEIGHT && s->storage[i].kind != STORE_PACKED) m.weights += bytes(v);
        if (v->kind == VAR_STIMULUS) m.stimuli += bytes(v);
    }
    for (int i = 0; i < p->outputs.count; i++) m.outputs += bytes(p->outputs.at[i].var);
    for (int i = 0; i < report->chosen_equations.count; i++) {
        const OptCost *c = &report->chosen_equations.at[i];
        *(c->plan ? &m.plan : &m.call) += stored(p, s, c) * 4 * c->elements;
    }
    return m;
}
