/* Weights that learn online: states over a cycle, which begin at the weight as stored. A rule adds up what a synapse meets in all
 * cycles; here it is taken apart, W = previous(W) + rate * (what it adds in this cycle). A rule's own equations over cycles (traces)
 * are copied along the cycle. Losses, checks, outputs and the rule itself are formulas: there a weight is what is stored. */
#include "ir/build_internal.h"

typedef struct Along { /* a formula's equation, copied with the cycle in the place of one of its axes */
    const IrVar *of;
    int place;
    IrVar *copy;
} Along;

typedef struct Online {
    Build *b;
    const CirLearn *from;
    IrVar *weight, *state;
    IrAxis *cycle;
    VEC(Along) along;
    Diagnostics *diagnostics;
    bool refused; /* once is enough */
} Online;

static bool is_formula(const Build *b, const IrVar *v) {
    return !ir_is_input(v) && (!v->origin || v->origin_kind == name_of(b->p->names, "spec"));
}

static IrExpr *refuse(Online *o, IrExpr *e, const char *why, const char *help) {
    if (o->refused) return e;
    o->refused = true;
    Diagnostic *d = diag_error(o->diagnostics, E_ONLINE, o->from->span, "`%s` cannot learn online: %s", o->from->weight->path, why);
    if (e && e->span.file) diag_mark(d, e->span, "this");
    diag_help(d, "%s", help);
    return e;
}

/* ---- what a rule adds in one cycle ------------------------------------------------------------------------------------------- */
static IrExpr *localise(Online *o, IrExpr *e);

static IrVar *along_cycle(Online *o, const IrVar *of, int place) {
    IrProgram *p = o->b->p;
    for (int i = 0; i < o->along.count; i++)
        if (o->along.at[i].of == of && o->along.at[i].place == place) return o->along.at[i].copy;
    IrAxis *axes[of->axis_count];
    for (int i = 0; i < of->axis_count; i++) axes[i] = i == place ? o->cycle : of->axes[i];
    IrVar *v = ir_var_new(p, VAR_ALG, name_printf(p->names, "%s.%s", o->state->name, of->name), of->axis_count, axes);
    v->origin = of->origin;
    v->origin_kind = o->state->origin_kind;
    v->span = of->span;
    vec_push(p->arena, &o->along, ((Along){of, place, v}));
    IrIndex here = ir_index(o->cycle);
    if (of->init) v->init = ir_substitute(p, of->init, 0, NULL, NULL);
    if (of->init) v->scan_axis = o->cycle;
    v->def = localise(o, ir_substitute(p, of->def, 1, &of->axes[place], &here));
    IrItem *item = ir_item_new(p, ITEM_ALG);
    item->var = v;
    vec_push(p->arena, &p->items, item);
    return v;
}

static IrExpr *of_formula(Online *o, IrExpr *ref) {
    int place = 0;
    while (place < ref->var->axis_count && !ir_is_here(ref->index[place], o->cycle)) place++;
    bool here = place < ref->var->axis_count, plain = ref->op == IR_REF && !ref->var->init;
    if (!here && plain) return localise(o, ir_inline(o->b->p, ref)); /* the same in all cycles, or else what it reads is refused */
    if (!here || (ref->var->init && ref->var->scan_axis != ref->var->axes[place]))
        return refuse(o, ref, "its rule reads a trace of other cycles", "let the trace run along the cycle over which the weight learns");
    IrVar *copy = along_cycle(o, ref->var, place);
    return ref->op == IR_REF ? ir_ref(o->b->p, copy, ref->index) : ir_prev_by(o->b->p, copy, ref->index, ref->lag);
}

/* Of a cycle only this point is known; of others what they have left. */
static bool is_known(const Online *o, const IrExpr *ref) {
    for (int i = 0; i < ref->var->axis_count; i++) {
        const IrAxis *axis = ref->var->axes[i];
        bool known = axis == o->cycle ? ir_is_here(ref->index[i], axis) : ref->index[i].kind == IX_LAST;
        if (axis->kind == AXIS_CYCLE && !known) return false;
    }
    return true;
}

static IrExpr *unknown(Online *o, IrExpr *ref) {
    Arena *arena = o->b->p->arena;
    if (!ir_has_axis(ref->var, o->cycle))
        return refuse(o, ref, arena_printf(arena, "its rule reads `%s`, which goes along another cycle", ref->var->origin),
                      "a rule reads what is there in the cycle over which the weight learns");
    return refuse(o, ref, arena_printf(arena, "its rule reads `%s` beyond this cycle", ref->var->origin),
                  "what came before can be kept in a trace: `trace[now, e] = 0.9 * previous(trace[now, e]) + V.p[now, e];`");
}

static IrExpr *localise_node(void *data, IrExpr *e) {
    Online *o = data;
    if (e->op == IR_GRADIENT)
        return refuse(o, e, "its rule reads a gradient, which is known behind the last cycle",
                      "write the rule with what a synapse meets in a cycle");
    if (e->op != IR_REF && e->op != IR_PREV) return e;
    if (is_formula(o->b, e->var)) return of_formula(o, e);
    return is_known(o, e) ? e : unknown(o, e);
}

static IrExpr *localise(Online *o, IrExpr *e) {
    return o->refused ? e : ir_map(o->b->p, e, localise_node, o);
}

typedef struct Search {
    const Online *o;
    const IrAxis *axis; /* NULL: any */
    bool *seen;         /* formulas, by id */
    bool found;
} Search;

/* Something of the circuit is read along this axis as the cycle. */
static void search(void *data, IrExpr *ref) {
    Search *s = data;
    for (int i = 0; i < ref->var->axis_count && !s->found; i++) {
        bool here = !s->axis || (ref->index[i].kind == IX_AXIS && ref->index[i].axis == s->axis);
        if (here && ref->var->axes[i]->kind == AXIS_CYCLE) s->found |= !s->axis || ref->var->axes[i] == s->o->cycle;
        if (!here || s->found || !is_formula(s->o->b, ref->var) || s->seen[ref->var->id]) continue;
        Search inner = {s->o, s->axis ? ref->var->axes[i] : NULL, s->seen, false};
        s->seen[ref->var->id] = true;
        ir_each_ref(ref->var->def, search, &inner);
        s->found |= inner.found;
    }
}

static bool runs_along(const Online *o, IrExpr *e, const IrAxis *axis) {
    Search s = {o, axis, ARENA_ARRAY(o->b->p->arena, bool, o->b->p->vars.count), false};
    ir_each_ref(e, search, &s);
    return s.found;
}

static IrExpr *step(Online *o, IrExpr *e);

static IrAxis *moved(const Online *o, IrAxis *axis, const IrAxis *from) { return axis == from ? o->cycle : axis; }

/* The term of this cycle of a sum over cycles, and maybe over more. */
static IrExpr *term(Online *o, IrExpr *sum, int cycle) {
    IrProgram *p = o->b->p;
    IrAxis *from = sum->bound[cycle], *rest[sum->bound_count];
    IrIndex here = ir_index(o->cycle);
    IrGuard guard = {sum->guard.count, arena_copy(p->arena, sum->guard.atom, sizeof *sum->guard.atom * (size_t)sum->guard.count)};
    int count = 0;
    for (int i = 0; i < sum->bound_count; i++)
        if (i != cycle) rest[count++] = sum->bound[i];
    for (int i = 0; i < guard.count; i++) {
        guard.atom[i].a = moved(o, guard.atom[i].a, from);
        guard.atom[i].b = moved(o, guard.atom[i].b, from);
    }
    IrExpr *value = localise(o, ir_substitute(p, sum->arg[0], 1, &from, &here));
    return count ? ir_reduce(p, IR_SUM, count, rest, guard, value) : build_where(o->b, guard, value);
}

static IrExpr *step_of_sum(Online *o, IrExpr *e) {
    for (int i = 0; i < e->bound_count; i++)
        if (e->bound[i]->root == o->cycle->root && runs_along(o, e->arg[0], e->bound[i])) return term(o, e, i);
    return ir_reduce(o->b->p, IR_SUM, e->bound_count, e->bound, e->guard, step(o, e->arg[0]));
}

static IrExpr *no_sum(Online *o, IrExpr *e) {
    char *why = arena_printf(o->b->p->arena, "its rule is no sum over `%s` of what cells do then", o->cycle->name);
    char *help = arena_printf(o->b->p->arena, "each term is `sum(%s) ...`, times what is the same in all cycles", o->cycle->name);
    return refuse(o, e, why, help);
}

static IrExpr *scaled(Online *o, IrExpr *e) {
    IrExpr *a = e->arg[0], *b = e->arg[1];
    bool left = runs_along(o, a, NULL), right = runs_along(o, b, NULL);
    if (left && !right) return ir_op2(o->b->p, e->op, step(o, a), localise(o, b));
    if (e->op == IR_MUL && right && !left) return ir_op2(o->b->p, IR_MUL, localise(o, a), step(o, b));
    return no_sum(o, e);
}

static IrExpr *step(Online *o, IrExpr *e) {
    if (o->refused) return e;
    switch (e->op) {
    case IR_NEG: return ir_op1(o->b->p, IR_NEG, step(o, e->arg[0]));
    case IR_ADD:
    case IR_SUB: return ir_op2(o->b->p, e->op, step(o, e->arg[0]), step(o, e->arg[1]));
    case IR_MUL:
    case IR_DIV: return scaled(o, e);
    case IR_SUM: return step_of_sum(o, e);
    case IR_REF: return is_formula(o->b, e->var) && !e->var->init ? step(o, ir_inline(o->b->p, e)) : no_sum(o, e);
    case IR_GRADIENT: return localise_node(o, e);
    default: return no_sum(o, e);
    }
}

/* ---- the state that a weight is ---------------------------------------------------------------------------------------------- */
static bool is_plain_rate(const IrLearn *how) {
    bool plain = how->optimiser == OPTIMISER_SGD;
    for (int i = 1; plain && i < ir_optimiser_parameters(how->optimiser); i++) plain = how->parameter[i] == 0;
    return plain;
}

static bool is_possible(Online *o, const IrLearn *how) {
    if (!how->rule) {
        refuse(o, NULL, "a gradient is known behind the last cycle",
               "write a rule of what a synapse meets in a cycle: `learn W online over now by rule dW rate 0.01;`");
        return false;
    }
    if (is_plain_rate(how)) return true;
    char *why = arena_printf(o->b->p->arena, "`%s`, as it is written here, does more than to add the rate times the rule",
                             ir_optimisers[how->optimiser].name);
    refuse(o, NULL, why, "write `rate 0.01`; what more there is (a decay, a mean) can be said by the rule and its traces");
    return false;
}

void build_online_step(Build *b, const CirLearn *from, const IrLearn *how, Diagnostics *diagnostics) {
    IrVar *state = from->online->lowered;
    Online o = {.b = b, .from = from, .weight = how->weight, .state = state, .cycle = state->axes[0], .diagnostics = diagnostics};
    if (!is_possible(&o, how)) return;
    IrIndex index[state->axis_count];
    for (int i = 0; i < state->axis_count; i++) index[i] = ir_index(state->axes[i]);
    IrExpr *added = step(&o, ir_inline(b->p, ir_ref(b->p, how->rule, index + 1)));
    state->init = ir_ref(b->p, how->weight, index + 1);
    state->scan_axis = o.cycle;
    state->def = ir_op2(b->p, IR_ADD, ir_prev(b->p, state, NULL), ir_op2(b->p, IR_MUL, ir_lit(b->p, how->parameter[0]), added));
    IrItem *item = ir_item_new(b->p, ITEM_STATE);
    item->var = state;
    vec_push(b->p->arena, &b->p->items, item);
}

/* ---- who reads it ------------------------------------------------------------------------------------------------------------ */
typedef struct Reader {
    Build *b;
    const CirLearn *from;
    const IrVar *weight, *by;
    Diagnostics *diagnostics;
    bool refused;
} Reader;

static void outside(Reader *r, const IrExpr *e) {
    if (r->refused) return;
    r->refused = true;
    const char *cycle = r->from->online->axes.at[0]->name;
    Diagnostic *d = diag_error(r->diagnostics, E_ONLINE, r->from->span,
                               "`%s` cannot learn online: `%s` reads it and does not go along the cycle `%s`", r->from->weight->path, r->by->origin, cycle);
    if (e->span.file) diag_mark(d, e->span, "here");
    diag_help(d, "let it hear what comes in cycle by cycle: `x[token as %s]`; or learn without `online`, by ctx train", cycle);
}

static IrExpr *read_state(void *data, IrExpr *e) {
    Reader *r = data;
    if (e->op != IR_REF || e->var != r->weight) return e;
    IrVar *state = r->from->online->lowered;
    IrIndex index[state->axis_count];
    index[0] = ir_index(state->axes[0]);
    for (int i = 1; i < state->axis_count; i++) index[i] = e->index[i - 1];
    if (ir_has_axis(r->by, state->axes[0])) return ir_prev(r->b->p, state, index);
    outside(r, e);
    return e;
}

void build_online_readers(Build *b, const Circuit *c, Diagnostics *diagnostics) {
    for (int i = 0; i < c->learns.count; i++) {
        if (!c->learns.at[i].online) continue;
        Reader r = {b, &c->learns.at[i], build_variable(c->learns.at[i].weight), NULL, diagnostics, false};
        for (int k = 0; k < b->p->items.count; k++) {
            IrVar *v = b->p->items.at[k]->var;
            r.by = v;
            if (is_formula(b, v)) continue;
            v->def = ir_map(b->p, v->def, read_state, &r);
            if (v->coefficient) v->coefficient = ir_map(b->p, v->coefficient, read_state, &r);
        }
    }
}
