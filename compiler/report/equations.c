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

/* Of the axes that are kept, at one place. */
static double kept_bytes(const IrVar *v, const Storage *storage) {
    double n = 4;
    for (int i = 0; i < v->axis_count; i++)
        if (storage->kept[i]) n *= (double)v->axes[i]->root->size;
    return n;
}

/* The last points of a state, at the beginning of each segment and behind the last. */
static double again_bytes(const Schedule *s, const IrVar *v) {
    const Storage *storage = &s->storage[v->id];
    double count = 0;
    for (int i = 0; i < s->back_count && storage->again; i++)
        for (int k = 0; k < s->back[i].scan_count; k++)
            if (ir_in_body(s->back[i].scans[k], v)) count = (double)(storage->again * (s->back[i].most + 1));
    return count * kept_bytes(v, storage);
}

/* As code generation lays it out: in a scan some of its points, perhaps a whole copy for who reads it afterwards, parts of sums. */
static double stored(const Schedule *s, const IrVar *v) {
    const Storage *storage = &s->storage[v->id];
    if (storage->kind == STORE_NONE || storage->kind == STORE_SCRATCH) return 0;
    double n = kept_bytes(v, storage) * (storage->slots > 1 ? storage->slots : 1);
    if (storage->parts > 1) n *= 1 + storage->parts;
    return n + (storage->mirrored ? bytes(v) : 0) + again_bytes(s, v);
}

Memory explain_memory(const IrProgram *p) {
    const Schedule *s = schedule_make(p);
    Memory m = {.sparse = schedule_packed_bytes(s), .rows = schedule_rows_bytes(s)};
    for (int i = 0; i < p->vars.count; i++) {
        const IrVar *v = p->vars.at[i];
        if (v->kind == VAR_WEIGHT && s->storage[i].kind != STORE_PACKED) m.weights += bytes(v);
        if (v->kind == VAR_STIMULUS) m.stimuli += bytes(v);
        if (v->def) *(s->plan[i] ? &m.plan : &m.call) += stored(s, v);
    }
    for (int i = 0; i < p->outputs.count; i++) m.outputs += bytes(p->outputs.at[i].var);
    return m;
}
