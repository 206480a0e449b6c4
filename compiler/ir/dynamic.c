/* See dynamic.h. */
#include <math.h>
#include <stdlib.h>

#include "ir/dynamic_internal.h"
#include "ir/settle_internal.h"

const char *dyn_label(const IrVar *v) {
    return v->origin ? v->origin : v->name;
}

int64_t dyn_steps(const Dynamic *d) {
    return (int64_t)(d->options->cycle / d->options->dt + 0.5);
}

/* ---- what was asked for ------------------------------------------------------------------------------------------ */
const char *dyn_ms(Arena *arena, double seconds, double off) {
    char *text = NULL;
    for (int digits = 6; digits <= 17; digits++) {
        text = arena_printf(arena, "%.*g", digits, seconds * 1e3);
        if (fabs(strtod(text, NULL) / 1e3 - seconds) <= 0.1 * off * seconds) break;
    }
    return text;
}

/* `at`: of a settle() in the file, whose time is the cycle's; else both are of the command line. */
static bool check_options(Arena *arena, const DynamicOptions *o, Span at, Diagnostics *diagnostics) {
    double steps = o->cycle / o->dt;
    if (!(o->dt > 0) || !(o->cycle > 0)) {
        diag_error(diagnostics, E_STEP, at, "steps and cycles are longer than nothing, but dt is %g ms and a cycle %g ms", o->dt * 1e3,
                   o->cycle * 1e3);
        return false;
    }
    if (!(steps <= DYN_MOST_STEPS)) {
        Diagnostic *x = diag_error(diagnostics, E_STEP, at, "a cycle of %g ms has %.3g steps of %g ms, more than 2^31", o->cycle * 1e3, steps, o->dt * 1e3);
        diag_help(x, "choose a longer --dt or a shorter --cycle");
        return false;
    }
    if (steps < 0.5 || fabs(steps - floor(steps + 0.5)) > DYN_WHOLE * steps) {
        Diagnostic *x = diag_error(diagnostics, E_STEP, at, "a cycle of %g ms is no whole number of steps of %g ms", o->cycle * 1e3, o->dt * 1e3);
        double whole = steps < 1 ? 1 : floor(steps + 0.5);
        const char *dt = dyn_ms(arena, o->cycle / whole, DYN_WHOLE), *cycle = dyn_ms(arena, o->dt * whole, DYN_WHOLE);
        if (at.file) diag_help(x, "choose --dt %sms, or write `settle(..., %s ms)`", dt, cycle);
        else diag_help(x, "choose --dt %sms or --cycle %sms", dt, cycle);
        return false;
    }
    return true;
}

/* ---- formulas about the circuit ---------------------------------------------------------------------------------- */
static IrExpr *at_end(void *data, IrExpr *e) {
    Dynamic *d = data;
    bool moves = (e->op == IR_REF || e->op == IR_PREV) && e->var->id < d->count && d->circuit[e->var->id];
    return moves ? ir_ref(d->p, dyn_end(d, e->var), e->index) : e;
}

static void formulas(Dynamic *d) {
    for (int i = 0; i < d->count; i++) {
        IrVar *v = d->p->vars.at[i];
        if (v->def && d->moving[i] && !d->circuit[i]) v->def = ir_map(d->p, v->def, at_end, d);
    }
}

static bool is_output(const IrProgram *p, const IrVar *v, int before) {
    for (int i = 0; i < before; i++)
        if (p->outputs.at[i].var == v) return true;
    return false;
}

/* Local errors, by the names of what they are of. */
static void gauges(Dynamic *d) {
    for (int i = 0; i < d->groups.count; i++) {
        const DynGroup *g = d->groups.at[i];
        for (int k = 0; k < d->count; k++) {
            if (!g->error[k]) continue;
            IrOutput gauge = {.name = d->named[k], .var = g->error[k], .gauge = true, .span = g->error[k]->span};
            vec_push(d->p->arena, &d->p->outputs, gauge);
            d->report->adaptive = true;
        }
    }
}

static void ends(Dynamic *d) {
    IrProgram *p = d->p;
    for (int i = 0; i < p->outputs.count; i++) {
        IrOutput *output = &p->outputs.at[i];
        if (output->var->id >= d->count || !d->circuit[output->var->id]) continue;
        output->var = output->recorded ? dyn_trace(d, output->var) : dyn_end(d, output->var);
        if (is_output(p, output->var, i)) { /* nothing is printed twice: a copy */
            const IrVar *v = output->var;
            IrVar *copy = ir_alg(p, name_printf(p->names, "%s.output", output->name), v->axis_count, v->axes, ir_ref(p, output->var, NULL));
            output->var = copy;
        }
    }
    for (int i = 0; i < p->checks.count; i++) {
        IrCheck *check = &p->checks.at[i];
        if (check->left->id < d->count && d->circuit[check->left->id]) check->left = dyn_end(d, check->left);
        if (check->right->id < d->count && d->circuit[check->right->id]) check->right = dyn_end(d, check->right);
    }
}

/* ---- items ------------------------------------------------------------------------------------------------------- */
static void append(Dynamic *d, DynItems *to, const DynItems *from) {
    for (int i = 0; i < from->count; i++) vec_push(d->p->arena, to, from->at[i]);
}

static void add_scan(Dynamic *d, DynGroup *g) {
    DynItems body = {0};
    append(d, &body, &g->begin);
    append(d, &body, &g->steps);
    append(d, &body, &g->end);
    if (body.count == 0) return;
    IrItem *scan = ir_item_new(d->p, ITEM_SCAN);
    scan->axis = g->step;
    scan->body = body.at;
    scan->body_count = body.count;
    vec_push(d->p->arena, &d->p->items, scan);
}

static void add_items(Dynamic *d) {
    for (int i = 0; i < d->groups.count; i++) add_scan(d, d->groups.at[i]);
    for (int i = 0; i < d->outside.count; i++) vec_push(d->p->arena, &d->p->items, d->outside.at[i]);
}

/* The circuit's own equations have been said by the scans. */
static void drop_circuit(Dynamic *d) {
    IrProgram *p = d->p;
    int count = 0;
    for (int i = 0; i < p->items.count; i++) {
        const IrVar *v = p->items.at[i]->var;
        if (!v || v->id >= d->count || !d->circuit[v->id]) p->items.at[count++] = p->items.at[i];
    }
    p->items.count = count;
}

/* Variables in the order of the program, without those that nothing defines any more. */
static void drop_variables(Dynamic *d) {
    IrProgram *p = d->p;
    int count = 0;
    for (int i = 0; i < p->vars.count; i++) {
        IrVar *v = p->vars.at[i];
        bool gone = i < d->count && (d->circuit[i] || v->kind == VAR_NOISE);
        if (!gone) p->vars.at[count++] = v;
    }
    p->vars.count = count;
    for (int i = 0; i < count; i++) p->vars.at[i]->id = i;
}

/* Names are free for what takes the place of the circuit's own variables. */
static void set_names_aside(Dynamic *d) {
    for (int i = 0; i < d->count; i++) {
        IrVar *v = d->p->vars.at[i];
        bool gone = d->circuit[i] || v->kind == VAR_NOISE;
        d->named[i] = v->name;
        if (gone) v->name = name_printf(d->p->names, "settled %s", v->name);
    }
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */
static Dynamic dynamic_new(IrProgram *p, const DynamicOptions *options, Diagnostics *diagnostics, DynamicReport *report) {
    int count = p->vars.count;
    Dynamic d = {.p = p, .options = options, .diagnostics = diagnostics, .report = report, .count = count, .prefix = ""};
    d.moving = ARENA_ARRAY(p->arena, bool, count + 1);
    d.circuit = ARENA_ARRAY(p->arena, bool, count + 1);
    d.rank = ARENA_ARRAY(p->arena, int, count + 1);
    d.cycle = ARENA_ARRAY(p->arena, IrAxis *, count + 1);
    d.noise = ARENA_ARRAY(p->arena, IrVar *, count + 1);
    d.rest = ARENA_ARRAY(p->arena, IrVar *, count + 1);
    d.rest_number = ARENA_ARRAY(p->arena, IrExpr *, count + 1);
    d.named = ARENA_ARRAY(p->arena, Name, count + 1);
    return d;
}

/* Seconds before a group begins: what groups of a lower rank took. */
static void set_beginnings(Dynamic *d) {
    for (int i = 0; i < d->groups.count; i++) {
        DynGroup *g = d->groups.at[i];
        for (int k = 0; k < i; k++) {
            const DynGroup *before = d->groups.at[k];
            if (before->rank == g->rank) continue;
            IrExpr *took = ir_lit(d->p, d->options->cycle);
            if (before->cycle) took = ir_op2(d->p, IR_MUL, ir_size(d->p, before->cycle), took);
            g->began = g->began ? ir_op2(d->p, IR_ADD, g->began, took) : took;
        }
    }
}

/* The equations of all steps; false after an error. */
static bool integrate(Dynamic *d) {
    set_beginnings(d);
    for (int i = 0; i < d->groups.count; i++) dyn_declare_states(d, d->groups.at[i]);
    for (int i = 0; i < d->groups.count; i++) {
        dyn_choose_methods(d, d->groups.at[i]);
        if (diag_error_count(d->diagnostics)) return false;
        dyn_updates(d, d->groups.at[i]);
    }
    return diag_error_count(d->diagnostics) == 0;
}

/* ---- settle() in a run ------------------------------------------------------------------------------------------- */
/* The first settle() in e of another time than a cycle lasts (0: of any time), or NULL. */
static const IrExpr *find_settle(const IrExpr *e, double cycle) {
    double time = 0;
    if (e->op == IR_SETTLE && !(ir_number(e->arg[1], &time) && fabs(time - cycle) <= 1e-9 * cycle)) return e;
    for (int i = 0; i < e->argc; i++) {
        const IrExpr *found = find_settle(e->arg[i], cycle);
        if (found) return found;
    }
    return NULL;
}

static IrExpr *at_its_end(void *data, IrExpr *e) {
    (void)data;
    return e->op == IR_SETTLE ? e->arg[0] : e;
}

/* All cycles of a run have one length: settle(e, t) is e where t is that length, else an error. Checks are not of a run. */
static bool settled_in_run(IrProgram *p, const DynamicOptions *options, Diagnostics *diagnostics) {
    for (int i = 0; i < p->outputs.count; i++) {
        bool *reached = ARENA_ARRAY(p->arena, bool, p->vars.count);
        const IrExpr *other = NULL;
        double time = 0;
        ir_reach(reached, p->outputs.at[i].var);
        for (int k = 0; k < p->vars.count && !other; k++)
            if (reached[k] && p->vars.at[k]->def) other = find_settle(p->vars.at[k]->def, options->cycle);
        if (!other) continue;
        ir_number(other->arg[1], &time);
        Diagnostic *x = diag_error(diagnostics, E_STEP, p->outputs.at[i].span, "`%s` is of cycles of %g ms, and in this run a cycle lasts %g ms",
                                   p->outputs.at[i].name, time * 1e3, options->cycle * 1e3);
        diag_help(x, "choose --cycle %gms, or run the settled reading, which integrates it beside", time * 1e3);
    }
    for (int i = 0; i < p->vars.count; i++) {
        IrVar *v = p->vars.at[i];
        if (v->def) v->def = ir_map(p, v->def, at_its_end, NULL);
    }
    return diag_error_count(diagnostics) == 0;
}

IrProgram *ir_dynamic(const IrProgram *system, const DynamicOptions *options, Diagnostics *diagnostics, DynamicReport *report) {
    Dynamic d = dynamic_new(ir_clone(system), options, diagnostics, report);
    if (!check_options(d.p->arena, options, (Span){0}, diagnostics) || !settled_in_run(d.p, options, diagnostics)) return d.p;
    report->dt = options->dt, report->cycle = options->cycle, report->steps = dyn_steps(&d);
    if (!dyn_groups(&d)) return d.p;
    set_names_aside(&d);
    d.estimates = true;
    if (!integrate(&d)) return d.p;
    formulas(&d);
    ends(&d);
    gauges(&d);
    dyn_finish(&d);
    if (diag_error_count(diagnostics)) return d.p;
    drop_circuit(&d);
    add_items(&d);
    drop_variables(&d);
    Settle s = {d.p, diagnostics};
    settle_order(&s);
    d.p->level = LEVEL_CORE;
    return d.p;
}

/* ---- beside the settled reading ---------------------------------------------------------------------------------- */
typedef struct Beside {
    Settle *s;
    const DynamicOptions *options;
    int count; /* variables of the system program */
    Dynamic *d; /* of the time that is being looked for */
    double time;
    const IrVar *of;
} Beside;

static IrExpr *settled_by_then(void *data, IrExpr *e) {
    Beside *b = data;
    double time;
    if (e->op != IR_SETTLE || !ir_number(e->arg[1], &time) || time != b->time) return e;
    return ir_map(b->s->p, e->arg[0], at_end, b->d);
}

/* Formulas read through settle() would be of the settled reading: they are written out first. */
static IrExpr *formula_inlined(void *data, IrExpr *e) {
    Dynamic *d = data;
    if (e->op != IR_REF || e->var->id >= d->count || !d->moving[e->var->id] || d->circuit[e->var->id]) return e;
    return ir_map(d->p, ir_inline(d->p, e), formula_inlined, d);
}

static IrExpr *formulas_inlined(void *data, IrExpr *e) {
    Beside *b = data;
    if (e->op != IR_SETTLE) return e;
    IrExpr *arg[] = {ir_map(b->s->p, e->arg[0], formula_inlined, b->d), e->arg[1]};
    return ir_node(b->s->p, IR_SETTLE, 2, arg);
}

static void settle_by(Beside *b, double time) {
    IrProgram *p = b->s->p;
    DynamicOptions options = {.dt = b->options->dt, .cycle = time, .method = b->options->method};
    DynamicReport report = {0};
    Dynamic d = dynamic_new(p, &options, b->s->diagnostics, &report);
    d.count = b->count;
    d.prefix = arena_printf(p->arena, "after_%gms.", time * 1e3);
    b->d = &d;
    b->time = time;
    if (!check_options(p->arena, &options, b->of->span, b->s->diagnostics) || !dyn_groups(&d)) return;
    for (int i = 0; i < d.count; i++) d.named[i] = p->vars.at[i]->name;
    if (!integrate(&d)) return;
    for (int i = 0; i < d.count; i++) {
        IrVar *v = p->vars.at[i];
        if (!v->def || !find_settle(v->def, 0)) continue;
        v->def = ir_map(p, v->def, formulas_inlined, b);
        v->def = ir_map(p, v->def, settled_by_then, b);
    }
    dyn_finish(&d);
    if (!diag_error_count(b->s->diagnostics)) add_items(&d);
}

void dynamic_beside(Settle *s, const DynamicOptions *options) {
    Beside b = {.s = s, .options = options, .count = s->p->vars.count};
    for (int i = 0; i < b.count; i++) {
        const IrExpr *call = s->p->vars.at[i]->def ? find_settle(s->p->vars.at[i]->def, 0) : NULL;
        double time;
        if (!call || diag_error_count(s->diagnostics)) continue;
        b.of = s->p->vars.at[i];
        if (ir_number(call->arg[1], &time)) settle_by(&b, time);
        i--; /* it may have another */
    }
}
