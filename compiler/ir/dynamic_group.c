/* What moves within a cycle, and which clock drives it. */
#include <string.h>

#include "ir/dynamic_internal.h"

/* ---- what moves -------------------------------------------------------------------------------------------------- */
static bool reads_time(const IrExpr *e) {
    if (e->op == IR_TIME) return true;
    for (int i = 0; i < e->argc; i++)
        if (reads_time(e->arg[i])) return true;
    return false;
}

typedef struct Search {
    const bool *moving;
    bool found;
} Search;

static void find_moving(void *data, IrExpr *ref) {
    Search *s = data;
    s->found |= ref->var->kind == VAR_NOISE || s->moving[ref->var->id];
}

static bool reads_moving(const Dynamic *d, const IrVar *v) {
    Search s = {d->moving, v->kind == VAR_ODE || reads_time(v->def)};
    ir_each_ref(v->def, find_moving, &s);
    return s.found;
}

/* Quantities of cells and synapses; the others are formulas about them. */
static bool of_circuit(const IrVar *v) {
    if (v->kind == VAR_ODE) return true;
    static const char *const kinds[] = {"population", "compartment", "state", "variable", "synapse"};
    for (size_t i = 0; v->origin_kind && i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(v->origin_kind, kinds[i]) == 0) return true;
    return false;
}

static void set_moving(Dynamic *d, const IrVar *v) {
    d->moving[v->id] = true;
    d->circuit[v->id] = of_circuit(v);
}

/* What is heard late has a past, and so do those that hear it, even if it is held for whole cycles. */
static void late_ones_move(Dynamic *d, const IrExpr *e) {
    if (e->op == IR_DELAY) set_moving(d, e->arg[0]->var);
    for (int i = 0; i < e->argc; i++) late_ones_move(d, e->arg[i]);
}

/* A record has a value for every step, even of what holds for whole cycles. */
static void recorded_ones_move(Dynamic *d) {
    for (int i = 0; i < d->p->outputs.count; i++) {
        const IrOutput *output = &d->p->outputs.at[i];
        if (output->recorded && of_circuit(output->var)) set_moving(d, output->var);
    }
}

static void find_what_moves(Dynamic *d) {
    recorded_ones_move(d);
    for (int i = 0; i < d->count; i++)
        if (d->p->vars.at[i]->def) late_ones_move(d, d->p->vars.at[i]->def);
    for (bool changed = true; changed;) {
        changed = false;
        for (int i = 0; i < d->count; i++) {
            const IrVar *v = d->p->vars.at[i];
            if (!v->def || d->moving[i] || !reads_moving(d, v)) continue;
            set_moving(d, v);
            changed = true;
        }
    }
}

/* ---- cycles ------------------------------------------------------------------------------------------------------ */
static void two_cycles(Dynamic *d, const IrVar *v, const IrAxis *a, const IrAxis *b) {
    Diagnostic *x = diag_error(d->diagnostics, E_ONE_CLOCK, v->span, "`%s` has two cycles, `%s` and `%s`", dyn_label(v), a->name, b->name);
    diag_note(x, "in the dynamic reading one clock drives a population");
    diag_help(x, "let it hear one of them completed: `p[%s as token]`, or its last value: `p[%s = last]`", b->name, b->name);
}

static bool find_cycles(Dynamic *d) {
    for (int i = 0; i < d->count; i++) {
        const IrVar *v = d->p->vars.at[i];
        if (!d->moving[i] || !d->circuit[i]) continue;
        for (int k = 0; k < v->axis_count; k++) {
            if (v->axes[k]->kind != AXIS_CYCLE) continue;
            if (d->cycle[i]) two_cycles(d, v, d->cycle[i], v->axes[k]);
            d->cycle[i] = v->axes[k];
        }
    }
    return diag_error_count(d->diagnostics) == 0;
}

/* ---- ranks: what has to have ended before ------------------------------------------------------------------------ */
typedef struct Ranking {
    const Dynamic *d;
    const int *of_cycle; /* by axis id */
    const IrVar *reader;
    int least;           /* rank that the reader has at least */
} Ranking;

bool dyn_reads_here(const IrExpr *ref, const IrAxis *cycle) {
    for (int i = 0; i < ref->var->axis_count; i++)
        if (ref->var->axes[i] == cycle) return ir_is_here(ref->index[i], cycle);
    return false;
}

static void rank_ref(void *data, IrExpr *ref) {
    Ranking *r = data;
    const Dynamic *d = r->d;
    int id = ref->var->id;
    if (!d->moving[id] || !d->circuit[id]) return;
    const IrAxis *cycle = d->cycle[id];
    bool here = cycle && d->cycle[r->reader->id] == cycle && dyn_reads_here(ref, cycle);
    int rank = !cycle ? d->rank[id] : r->of_cycle[cycle->id] + !here;
    if (rank > r->least) r->least = rank;
}

static void loop_of_cycles(Dynamic *d, const IrVar *v) {
    Diagnostic *x = diag_error(d->diagnostics, E_LOOP, v->span, "`%s` depends on its own cycle completed", dyn_label(v));
    diag_help(x, "whoever reads a completed cycle starts after it: it cannot feed the same cycle");
}

static bool rank_all(Dynamic *d, int *of_cycle) {
    for (int round = 0; round <= d->count + 1; round++) {
        bool changed = false;
        for (int i = 0; i < d->count; i++) {
            const IrVar *v = d->p->vars.at[i];
            if (!d->moving[i] || !d->circuit[i]) continue;
            int *own = d->cycle[i] ? &of_cycle[d->cycle[i]->id] : &d->rank[i];
            Ranking r = {d, of_cycle, v, *own};
            ir_each_ref(v->def, rank_ref, &r);
            changed |= r.least > *own;
            *own = r.least;
            if (round > d->count) return loop_of_cycles(d, v), false;
        }
        if (!changed) return true;
    }
    return true;
}

/* ---- groups ------------------------------------------------------------------------------------------------------ */
static DynGroup *group_new(Dynamic *d, IrAxis *cycle, int rank) {
    IrProgram *p = d->p;
    DynGroup *g = ARENA_NEW(p->arena, DynGroup);
    g->cycle = cycle;
    g->rank = rank;
    Name name = name_of(p->names, cycle ? name_printf(p->names, "%s.step", cycle->name) : "step");
    for (int i = 2; ir_find_axis(p, name); i++) name = name_printf(p->names, "step.%d", i);
    g->step = ir_axis_new(p, name, AXIS_STEP, dyn_steps(d), cycle);
    g->member = ARENA_ARRAY(p->arena, bool, d->count + 1);
    g->state = ARENA_ARRAY(p->arena, IrVar *, d->count + 1);
    g->kept = ARENA_ARRAY(p->arena, IrVar *, d->count + 1);
    g->error = ARENA_ARRAY(p->arena, IrVar *, d->count + 1);
    vec_push(p->arena, &d->groups, g);
    return g;
}

typedef struct Joining {
    Dynamic *d;
    DynGroup *g;
} Joining;

static void join(Dynamic *d, DynGroup *g, const IrVar *v);

/* Who is heard lives along, unless it belongs to a cycle of its own. */
static void join_ref(void *data, IrExpr *ref) {
    Joining *j = data;
    int id = ref->var->id;
    if (j->d->moving[id] && j->d->circuit[id] && !j->d->cycle[id]) join(j->d, j->g, ref->var);
}

static void join(Dynamic *d, DynGroup *g, const IrVar *v) {
    if (g->member[v->id]) return;
    g->member[v->id] = true;
    Joining j = {d, g};
    ir_each_ref(v->def, join_ref, &j);
}

static void group_of_cycle(Dynamic *d, IrAxis *cycle, int rank) {
    DynGroup *g = NULL;
    for (int i = 0; i < d->count; i++) {
        if (!d->moving[i] || !d->circuit[i] || d->cycle[i] != cycle) continue;
        if (!g) g = group_new(d, cycle, rank);
        join(d, g, d->p->vars.at[i]);
    }
}

static void group_of_rest(Dynamic *d, int rank) {
    DynGroup *g = NULL;
    for (int i = 0; i < d->count; i++) {
        if (!d->moving[i] || !d->circuit[i] || d->cycle[i] || d->rank[i] != rank) continue;
        if (dyn_last_group(d, d->p->vars.at[i])) continue;
        if (!g) g = group_new(d, NULL, rank);
        join(d, g, d->p->vars.at[i]);
    }
}

DynGroup *dyn_last_group(const Dynamic *d, const IrVar *v) {
    for (int i = d->groups.count - 1; i >= 0; i--)
        if (d->groups.at[i]->member[v->id]) return d->groups.at[i];
    return NULL;
}

bool dyn_groups(Dynamic *d) {
    IrProgram *p = d->p;
    int axes = p->axes.count, most = 0;
    int *of_cycle = ARENA_ARRAY(p->arena, int, axes + 1);
    find_what_moves(d);
    if (!find_cycles(d) || !rank_all(d, of_cycle)) return false;
    for (int i = 0; i < axes; i++) most = of_cycle[i] > most ? of_cycle[i] : most;
    for (int i = 0; i < d->count; i++) most = d->rank[i] > most ? d->rank[i] : most;
    for (int rank = 0; rank <= most; rank++) {
        for (int i = 0; i < axes; i++)
            if (p->axes.at[i]->kind == AXIS_CYCLE && of_cycle[i] == rank) group_of_cycle(d, p->axes.at[i], rank);
        group_of_rest(d, rank);
    }
    return true;
}
