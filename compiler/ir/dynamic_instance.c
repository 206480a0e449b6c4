/* Instances: the equations of the circuit as they stand at a moment of a step or of a cycle. */
#include <string.h>

#include "base/text.h"
#include "ir/dynamic_internal.h"

/* ---- moments ----------------------------------------------------------------------------------------------------- */
DynEnv *dyn_env(Dynamic *d, DynGroup *g, DynMoment moment, int stage, double fraction) {
    DynEnv **known = moment == AT_STAGE ? &g->stage[stage] : moment == AT_WITHIN ? &g->at_within[stage] : moment == AT_STEP ? &g->at_step
                   : moment == AT_CYCLE ? &g->at_cycle : &g->at_end;
    if (*known) return *known;
    Arena *arena = d->p->arena;
    DynEnv *env = *known = ARENA_NEW(arena, DynEnv);
    env->moment = moment;
    env->group = g;
    env->stage = stage;
    env->fraction = fraction;
    env->items = moment == AT_END ? &d->outside : moment == AT_CYCLE ? &g->end : &g->steps;
    env->instance = ARENA_ARRAY(arena, IrVar *, d->count + 1);
    env->slope = ARENA_ARRAY(arena, IrExpr *, d->count + 1);
    env->open = ARENA_ARRAY(arena, bool, d->count + 1);
    env->made = ARENA_ARRAY(arena, bool, d->count + 1);
    return env;
}

/* The end of a cycle; of a group without cycles, of its only one, seen from outside. */
static DynEnv *end_env(Dynamic *d, DynGroup *g) {
    return dyn_env(d, g, g->cycle ? AT_CYCLE : AT_END, 0, 1);
}

/* At a fraction of the step that was just done; there is one for all stages of that fraction. */
static DynEnv *within_env(Dynamic *d, DynGroup *g, double fraction) {
    int stage = 0;
    while (g->method->c[stage] != fraction) stage++;
    return dyn_env(d, g, AT_WITHIN, stage, fraction);
}

static bool over_steps(const DynEnv *env) {
    return env->moment == AT_STAGE || env->moment == AT_WITHIN || env->moment == AT_STEP;
}

/* ---- axes of time ------------------------------------------------------------------------------------------------ */
/* v's axes with those of time: the cycle, which v may have of its own, and behind it the steps. Axis k of v is at place[k]. */
static int time_axes(const DynGroup *g, bool cycle, bool step, const IrVar *v, IrAxis **axes, int *place) {
    int count = 0;
    bool own = g->cycle && ir_has_axis(v, g->cycle);
    if (!own && cycle && g->cycle) axes[count++] = g->cycle;
    if (!own && step) axes[count++] = g->step;
    for (int i = 0; i < v->axis_count; i++) {
        place[i] = count;
        axes[count++] = v->axes[i];
        if (own && step && v->axes[i] == g->cycle) axes[count++] = g->step;
    }
    return count;
}

static IrVar *declare(Dynamic *d, const DynEnv *env, const IrVar *v, Name name) {
    IrAxis *axes[v->axis_count + 2];
    int place[v->axis_count + 1];
    int count = time_axes(env->group, env->moment != AT_END, over_steps(env), v, axes, place);
    IrVar *made = ir_var_new(d->p, VAR_ALG, name, count, axes);
    made->span = v->span;
    made->unit = v->unit;
    made->origin = v->origin;
    made->origin_kind = v->origin_kind;
    return made;
}

void dyn_place(Dynamic *d, DynItems *items, IrVar *v) {
    IrItem *item = ir_item_new(d->p, ITEM_ALG);
    item->var = v;
    vec_push(d->p->arena, items, item);
}

IrVar *dyn_equation(Dynamic *d, const DynEnv *env, const IrVar *v, Name name, IrExpr *def) {
    IrVar *made = declare(d, env, v, name);
    made->def = def;
    dyn_place(d, env->items, made);
    return made;
}

IrExpr *dyn_read(Dynamic *d, const DynEnv *env, const IrVar *v, IrVar *var, const IrIndex *index, int64_t lag) {
    const DynGroup *g = env->group;
    IrAxis *axes[v->axis_count + 2];
    int place[v->axis_count + 1];
    IrIndex at[v->axis_count + 2];
    int count = time_axes(g, true, true, v, axes, place);
    for (int i = 0; i < count; i++) {
        bool last = (axes[i] == g->step && !over_steps(env)) || (axes[i] == g->cycle && env->moment == AT_END);
        at[i] = last ? (IrIndex){IX_LAST, NULL, 0} : ir_index(axes[i]);
    }
    for (int i = 0; i < v->axis_count; i++)
        if (v->axes[i] != g->cycle) at[place[i]] = index ? index[i] : ir_index(v->axes[i]);
    return lag ? ir_prev_by(d->p, var, at, lag) : ir_ref(d->p, var, at);
}

/* Reads an instance, which has the axes of its own moment. */
static IrExpr *read_instance(Dynamic *d, const DynEnv *env, const IrVar *v, IrVar *instance, const IrIndex *index, int64_t lag) {
    if (over_steps(env)) return dyn_read(d, env, v, instance, index, lag);
    IrAxis *axes[v->axis_count + 2];
    int place[v->axis_count + 1];
    IrIndex at[v->axis_count + 2];
    int count = time_axes(env->group, env->moment != AT_END, false, v, axes, place);
    for (int i = 0; i < count; i++) at[i] = ir_index(axes[i]);
    for (int i = 0; i < v->axis_count; i++)
        if (v->axes[i] != env->group->cycle) at[place[i]] = index ? index[i] : ir_index(v->axes[i]);
    return ir_ref(d->p, instance, at);
}

/* ---- instances --------------------------------------------------------------------------------------------------- */
static Name within_name(Dynamic *d, const DynEnv *env, const IrVar *v) {
    Names *names = d->p->names;
    if (env->fraction == 0.5) return name_printf(names, "%s%s.middle", d->prefix, d->named[v->id]);
    return name_printf(names, "%s%s.within%d", d->prefix, d->named[v->id], env->stage + 1);
}

static Name instance_name(Dynamic *d, const DynEnv *env, const IrVar *v) {
    Names *names = d->p->names;
    switch (env->moment) {
    case AT_STAGE: return env->stage ? name_printf(names, "%s%s.stage%d", d->prefix, d->named[v->id], env->stage + 1) : name_printf(names, "%s%s", d->prefix, d->named[v->id]);
    case AT_WITHIN: return within_name(d, env, v);
    case AT_STEP: return name_printf(names, "%s%s.step", d->prefix, d->named[v->id]);
    default: return name_printf(names, "%s%s.end", d->prefix, d->named[v->id]);
    }
}

/* The variable of an instance; its equation may come later, when only its past is asked for. */
static IrVar *instance_var(Dynamic *d, DynEnv *env, const IrVar *v) {
    IrVar **known = &env->instance[v->id];
    if (!*known) *known = declare(d, env, v, instance_name(d, env, v));
    return *known;
}

static void algebraic_loop(Dynamic *d, const DynEnv *env, const IrVar *v) {
    Text text = text_new(d->p->arena);
    int first = env->path.count - 2; /* the last one is v itself */
    while (first > 0 && env->path.at[first] != v) first--;
    const char *last = NULL;
    for (int i = env->path.count - 1; i > first; i--) {
        if (last && strcmp(last, dyn_label(env->path.at[i])) == 0) continue;
        last = dyn_label(env->path.at[i]);
        text_add(&text, "%s -> ", last);
    }
    text_add(&text, "%s", dyn_label(env->path.at[env->path.count - 1]));
    Diagnostic *x = diag_error(d->diagnostics, E_ALGEBRAIC_LOOP, v->span, "`%s` depends on itself without delay", dyn_label(v));
    diag_note(x, "the loop: %s; no cell on it has a time constant", text.at);
    diag_help(x, "give one of them a differential equation, `tau * r' = -r + ...`, or a projection of the loop a `delay`");
}

/* The value of an ode at that fraction of a step. It is asked for its past while the stages are being made, so its equation comes
 * later. */
static IrVar *within_var(Dynamic *d, DynEnv *env, IrVar *v) {
    DynGroup *g = env->group;
    if (!g->within[env->stage]) g->within[env->stage] = ARENA_ARRAY(d->p->arena, IrVar *, d->count + 1);
    IrVar **known = &g->within[env->stage][v->id];
    if (*known) return *known;
    IrVar *within = *known = declare(d, env, v, within_name(d, env, v));
    within->kind = VAR_STATE;
    within->scan_axis = g->step;
    within->init = g->state[v->id]->init;
    vec_push(d->p->arena, &d->pending, ((DynPending){env, v, within}));
    return within;
}

static void define_within(Dynamic *d, const DynEnv *env, IrVar *v, IrVar *within) {
    if (within->def) return;
    within->def = dyn_within_value(d, env, v);
    dyn_place(d, env->items, within);
}

/* The value of an ode in its own environment. */
static IrExpr *ode_value(Dynamic *d, DynEnv *env, IrVar *v, const IrIndex *index) {
    IrVar *state = env->group->state[v->id];
    if (env->moment == AT_STAGE && env->stage == 0) return dyn_read(d, env, v, state, index, 1);
    if (env->moment == AT_STAGE) return read_instance(d, env, v, dyn_instance(d, env, v), index, 0);
    if (env->moment == AT_WITHIN) {
        IrVar *within = within_var(d, env, v);
        define_within(d, env, v, within);
        return dyn_read(d, env, v, within, index, 0);
    }
    return dyn_read(d, env, v, state, index, 0);
}

/* The definition of an instance: the equation in its environment, or what the method says of an ode at a later stage. */
static IrExpr *instance_def(Dynamic *d, DynEnv *env, IrVar *v) {
    if (v->kind != VAR_ODE) return dyn_expr(d, env, v, v->def);
    if (env->moment == AT_STAGE) return dyn_stage_state(d, env, v);
    return ode_value(d, env, v, NULL);
}

IrVar *dyn_instance(Dynamic *d, DynEnv *env, IrVar *v) {
    IrVar *var = instance_var(d, env, v);
    if (env->made[v->id]) return var;
    vec_push(d->p->arena, &env->path, v);
    if (env->open[v->id]) {
        algebraic_loop(d, env, v);
        env->made[v->id] = true;
        var->def = ir_lit(d->p, 0);
    } else {
        env->open[v->id] = true;
        IrExpr *def = instance_def(d, env, v);
        if (!env->made[v->id]) {
            var->def = def;
            dyn_place(d, env->items, var);
        }
        env->made[v->id] = true;
        env->open[v->id] = false;
    }
    env->path.count--;
    return var;
}

IrExpr *dyn_slope(Dynamic *d, DynEnv *env, IrVar *v) {
    if (env->slope[v->id]) return env->slope[v->id];
    IrExpr *def = dyn_expr(d, env, v, v->def);
    if (v->coefficient) def = ir_op2(d->p, IR_DIV, def, dyn_expr(d, env, v, v->coefficient));
    Name name = name_printf(d->p->names, "%s.slope", instance_name(d, env, v));
    IrVar *made = dyn_equation(d, env, v, name, def);
    return env->slope[v->id] = read_instance(d, env, v, made, NULL, 0);
}

/* ---- the past ---------------------------------------------------------------------------------------------------- */
/* From now on prev() may ask for it: at rest before the first step. */
static void remember(Dynamic *d, const DynEnv *env, IrVar *v, IrVar *instance) {
    if (instance->init) return;
    instance->kind = VAR_STATE;
    instance->init = dyn_rest(d, v);
    instance->scan_axis = env->group->step;
}

static void later(Dynamic *d, DynEnv *env, IrVar *v) {
    vec_push(d->p->arena, &d->pending, ((DynPending){env, v, NULL}));
}

/* An algebraic quantity `lag` steps before this moment. */
static IrExpr *past_algebra(Dynamic *d, DynEnv *env, IrVar *v, const IrIndex *index, int64_t lag) {
    bool within = env->fraction > 0 && env->fraction < 1;
    DynEnv *then = within ? within_env(d, env->group, env->fraction) : dyn_env(d, env->group, AT_STAGE, 0, 0);
    if (env->fraction == 1) lag--;
    IrVar *instance = instance_var(d, then, v);
    if (lag == 0) return dyn_read(d, env, v, dyn_instance(d, then, v), index, 0);
    later(d, then, v);
    remember(d, then, v, instance);
    return dyn_read(d, env, v, instance, index, lag);
}

/* v, `lag` steps ago. A state over steps holds the value at the end of each; so the beginning is one step further back. */
static IrExpr *past(Dynamic *d, DynEnv *env, IrVar *v, const IrIndex *index, int64_t lag) {
    if (v->kind != VAR_ODE) return past_algebra(d, env, v, index, lag);
    if (env->fraction == 0) return dyn_read(d, env, v, env->group->state[v->id], index, lag + 1);
    if (env->fraction == 1) return dyn_read(d, env, v, env->group->state[v->id], index, lag);
    return dyn_read(d, env, v, within_var(d, within_env(d, env->group, env->fraction), v), index, lag);
}

/* At the end of a cycle prev() has no meaning: the steps note the delayed value. */
static IrExpr *past_at_end(Dynamic *d, DynEnv *env, IrVar *v, const IrIndex *index, int64_t lag) {
    DynEnv *step = dyn_env(d, env->group, AT_STEP, 0, 1);
    Name name = name_printf(d->p->names, "%s%s.delayed%lld", d->prefix, d->named[v->id], (long long)lag);
    IrVar *noted = ir_find_var(d->p, name);
    if (!noted) noted = dyn_equation(d, step, v, name, past(d, step, v, NULL, lag));
    return dyn_read(d, env, v, noted, index, 0);
}

/* What previous() hears: the value at the end of the cycle before. */
static IrVar *kept_var(Dynamic *d, DynGroup *g, IrVar *v) {
    if (g->kept[v->id]) return g->kept[v->id];
    DynEnv *env = dyn_env(d, g, AT_CYCLE, 0, 1);
    IrVar *kept = g->kept[v->id] = declare(d, env, v, name_printf(d->p->names, "%s%s.kept", d->prefix, d->named[v->id]));
    kept->kind = VAR_STATE;
    kept->init = v->init ? v->init : ir_lit(d->p, 0);
    kept->scan_axis = g->cycle;
    DynPending one = {env, v, kept};
    vec_push(d->p->arena, &d->pending, one);
    return kept;
}

/* ---- references -------------------------------------------------------------------------------------------------- */
static bool moves(const Dynamic *d, const IrVar *v) {
    return v->id < d->count && d->moving[v->id];
}

/* Read at this point of the cycle that the environment belongs to, not completed. */
static bool read_here(const Dynamic *d, const DynEnv *env, const IrExpr *ref) {
    const IrAxis *cycle = d->cycle[ref->var->id];
    if (!cycle) return env->group->member[ref->var->id];
    return cycle == env->group->cycle && dyn_reads_here(ref, cycle);
}

static IrExpr *present(Dynamic *d, DynEnv *env, const IrExpr *ref) {
    IrVar *v = ref->var;
    if (!moves(d, v)) return ir_ref(d->p, v, ref->index);
    if (!read_here(d, env, ref)) return ir_ref(d->p, dyn_end(d, v), ref->index);
    if (v->kind == VAR_ODE) return ode_value(d, env, v, ref->index);
    return read_instance(d, env, v, dyn_instance(d, env, v), ref->index, 0);
}

static IrExpr *delayed_by(Dynamic *d, DynEnv *env, const IrExpr *ref, int64_t steps) {
    if (steps == 0 || !moves(d, ref->var) || !read_here(d, env, ref)) return present(d, env, ref);
    if (env->moment == AT_CYCLE || env->moment == AT_END) return past_at_end(d, env, ref->var, ref->index, steps);
    return past(d, env, ref->var, ref->index, steps);
}

static IrExpr *delayed(Dynamic *d, DynEnv *env, const IrVar *of, const IrExpr *e) {
    DynLags lags;
    if (!dyn_lags(d, of, e, &lags)) return ir_lit(d->p, 0);
    IrExpr *value[lags.count];
    for (int i = 0; i < lags.count; i++) value[i] = delayed_by(d, env, e->arg[0], lags.steps[i]);
    return dyn_by_lag(d, e->arg[1], &lags, value);
}

static IrExpr *previous(Dynamic *d, DynEnv *env, const IrVar *of, IrExpr *ref) {
    if (!moves(d, ref->var)) return ref;
    if (read_here(d, env, ref) && d->cycle[ref->var->id]) return ir_prev(d->p, kept_var(d, env->group, ref->var), ref->index);
    Diagnostic *x = diag_error(d->diagnostics, E_ONE_CLOCK, of->span, "`%s` hears previous(%s) of another cycle", dyn_label(of), dyn_label(ref->var));
    diag_help(x, "in the dynamic reading previous() looks back along the cycle that the population itself lives in");
    return ir_lit(d->p, 0);
}

/* White noise of unit intensity over a step: a normal number over the square root of the step, or what the method makes of it. */
static IrExpr *noise(Dynamic *d, DynEnv *env, const IrExpr *ref) {
    IrVar *v = ref->var;
    if (env->moment != AT_STAGE) return ir_lit(d->p, 0);
    if (!d->noise[v->id]) {
        d->noise[v->id] = declare(d, env, v, name_printf(d->p->names, "%s%s.normal", d->prefix, d->named[v->id]));
        d->noise[v->id]->kind = VAR_NOISE;
    }
    IrExpr *normal = dyn_read(d, env, v, d->noise[v->id], ref->index, 0);
    if (env->white) return ir_op2(d->p, IR_MUL, env->white, normal);
    return ir_op2(d->p, IR_DIV, normal, ir_op1(d->p, IR_SQRT, ir_lit(d->p, d->options->dt)));
}

/* Seconds since the run began. */
static IrExpr *time_now(Dynamic *d, const DynEnv *env) {
    IrProgram *p = d->p;
    DynGroup *g = env->group;
    IrExpr *steps = ir_lit(p, (double)dyn_steps(d)), *cycles = NULL, *time;
    if (g->cycle) cycles = env->moment == AT_END ? ir_size(p, g->cycle) : ir_pos(p, g->cycle);
    if (env->moment == AT_CYCLE) cycles = ir_op2(p, IR_ADD, cycles, ir_lit(p, 1));
    if (over_steps(env)) {
        time = ir_op2(p, IR_ADD, ir_pos(p, g->step), ir_lit(p, env->fraction));
        if (cycles) time = ir_op2(p, IR_ADD, ir_op2(p, IR_MUL, cycles, steps), time);
    } else {
        time = cycles ? ir_op2(p, IR_MUL, cycles, steps) : steps;
    }
    time = ir_op2(p, IR_MUL, time, ir_lit(p, d->options->dt));
    return g->began ? ir_op2(p, IR_ADD, g->began, time) : time;
}

static IrExpr *with_arguments(Dynamic *d, const IrExpr *e, IrExpr **arg) {
    IrExpr *copy = arena_copy(d->p->arena, e, sizeof *e);
    copy->arg = arena_copy(d->p->arena, arg, sizeof *arg * (size_t)e->argc);
    return copy;
}

static IrExpr *in_env(Dynamic *d, DynEnv *env, const IrVar *of, IrExpr *e) {
    switch (e->op) {
    case IR_REF: return e->var->kind == VAR_NOISE ? noise(d, env, e) : present(d, env, e);
    case IR_PREV: return previous(d, env, of, e);
    case IR_DELAY: return delayed(d, env, of, e);
    case IR_DERIVATIVE: return moves(d, e->arg[0]->var) ? dyn_slope(d, env, e->arg[0]->var) : ir_lit(d->p, 0);
    case IR_TIME: return time_now(d, env);
    default: break;
    }
    IrExpr *arg[3];
    for (int i = 0; i < e->argc; i++) arg[i] = in_env(d, env, of, e->arg[i]);
    return e->argc ? with_arguments(d, e, arg) : e;
}

/* Bound axes are fresh: the same equation stands in several environments. */
IrExpr *dyn_expr(Dynamic *d, DynEnv *env, const IrVar *of, IrExpr *e) {
    return ir_substitute(d->p, in_env(d, env, of, e), 0, NULL, NULL);
}

/* ---- seen from outside ------------------------------------------------------------------------------------------- */
IrVar *dyn_end(Dynamic *d, IrVar *v) {
    DynGroup *g = dyn_last_group(d, v);
    return dyn_instance(d, d->cycle[v->id] ? end_env(d, g) : dyn_env(d, g, AT_END, 0, 1), v);
}

IrVar *dyn_trace(Dynamic *d, IrVar *v) {
    DynGroup *g = dyn_last_group(d, v);
    return v->kind == VAR_ODE ? g->state[v->id] : dyn_instance(d, dyn_env(d, g, AT_STEP, 0, 1), v);
}

/* Equations that were only asked for their past, and what the ends of cycles hand on. */
void dyn_finish(Dynamic *d) {
    for (int i = 0; i < d->pending.count; i++) {
        DynPending one = d->pending.at[i];
        if (!one.kept) dyn_instance(d, one.env, one.var);
        if (one.kept && one.env->moment == AT_WITHIN) define_within(d, one.env, one.var, one.kept);
        if (!one.kept || one.env->moment == AT_WITHIN) continue;
        IrVar *v = one.var;
        one.kept->def = v->kind == VAR_ODE ? ode_value(d, one.env, v, NULL)
                                           : read_instance(d, one.env, v, dyn_instance(d, one.env, v), NULL, 0);
        dyn_place(d, one.env->items, one.kept);
    }
    d->pending.count = 0;
}

void dyn_declare_states(Dynamic *d, DynGroup *g) {
    DynEnv *env = dyn_env(d, g, AT_STAGE, 0, 0);
    for (int i = 0; i < d->count; i++) {
        IrVar *v = d->p->vars.at[i];
        if (!g->member[i] || v->kind != VAR_ODE) continue;
        IrVar *state = g->state[i] = declare(d, env, v, name_printf(d->p->names, "%s%s", d->prefix, d->named[v->id]));
        state->kind = VAR_STATE;
        state->scan_axis = g->step;
        state->init = dyn_rest(d, v);
        for (int k = d->groups.count - 1; k >= 0; k--) { /* it goes on where it was */
            DynGroup *before = d->groups.at[k];
            if (before == g || !before->state[i]) continue;
            state->init = dyn_read(d, dyn_env(d, before, AT_END, 0, 1), v, before->state[i], NULL, 0);
            break;
        }
    }
}
