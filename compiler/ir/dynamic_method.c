/* Methods of integration: which one a population gets, and the update that it makes of its equation. Every formula is IR, so that a
 * step is interpreted, compiled, proved and differentiated as everything else is.
 *
 * With c v' = s v + r (s, r free of v), a = s / c and E = exp(a dt):
 *   exponential   v(t + dt) = E v + (E - 1) / s * r            exact while s and r hold; else exponential Euler, order 1
 *   euler         v(t + dt) = (1 + dt a) v + dt / c r          order 1
 * and with f = v' for any equation
 *   heun, rk4, dopri     v(t + dt) = v + dt sum_i b_i k_i,  k_i = f(t + c_i dt, v + dt sum_j a_ij k_j)      orders 2, 4 and 5
 * with the tables of dynamic_table.c. Of dopri, an estimate of the local error stands beside: |dt sum_i (b_i - b*_i) k_i| / (1 + |v|), where
 * b* is a method of order 4, so that it shrinks with dt^5. */
#include "ir/dynamic_internal.h"
#include "ir/settle_internal.h"

/* ---- which method ------------------------------------------------------------------------------------------------ */
typedef struct Form {
    SettleForm equation; /* c v' = slope v + rest */
    double tau;          /* -c / slope where these are numbers, else 0 */
} Form;

static Form form_of(Dynamic *d, IrVar *v) {
    Settle s = {d->p, d->diagnostics};
    Form form = {settle_form(&s, v), 0};
    double slope, coefficient = 1;
    bool numbers = form.equation.slope && ir_number(form.equation.slope, &slope) && (!v->coefficient || ir_number(v->coefficient, &coefficient));
    if (numbers && slope != 0) form.tau = -coefficient / slope;
    return form;
}

static bool solvable(const Form *form) {
    return form->equation.slope && !form->equation.bent;
}

static const DynMethod *by_form(const Form *form, const char **why) {
    if (form->equation.bent) return *why = "nonlinear in its own rate", dyn_method("rk4");
    if (!form->equation.slope) return *why = "its rate of change does not depend on itself", dyn_method("euler");
    *why = form->tau ? "linear: exact while its input holds" : "linear in its own rate while the others hold";
    return dyn_method("exponential");
}

static const DynMethod *asked_for(const Dynamic *d, const IrVar *v) {
    Name name = d->options->method ? d->options->method : v->method;
    return name ? dyn_method(name) : NULL;
}

static void note_choice(Dynamic *d, const IrVar *v, const DynMethod *method, const char *why, double tau) {
    for (int i = 0; i < d->report->choices.count; i++)
        if (d->report->choices.at[i].population == dyn_label(v)) return;
    vec_push(d->p->arena, &d->report->choices, ((DynamicChoice){dyn_label(v), method->name, why, tau}));
}

/* It may be meant: others can hold such a cell. */
static void warn_of_growth(Dynamic *d, const IrVar *v, double tau) {
    Diagnostic *x = diag_warning(d->diagnostics, E_UNSTABLE, v->span, "by itself, `%s` goes away from its equilibrium: its time constant is %g ms",
                                 dyn_label(v), tau * 1e3);
    diag_help(x, "a time constant above 0, or `-r` on the right side of its equation");
}

static void check_step(Dynamic *d, const IrVar *v, const DynMethod *method, double tau) {
    double dt = d->options->dt, limit = method->stable * tau;
    if (tau < 0) warn_of_growth(d, v, tau);
    if (method->stable == 0 || tau <= 0 || dt < limit * (1 - 1e-9)) return;
    Diagnostic *x = diag_error(d->diagnostics, E_UNSTABLE, v->span, "`%s` would %s: steps of %g ms with a time constant of %g ms", dyn_label(v),
                               dt > limit * (1 + 1e-9) ? "grow without bound" : "never come to rest", dt * 1e3, tau * 1e3);
    diag_note(x, "%s is stable for steps shorter than %.4g ms here", method->name, limit * 1e3);
    diag_help(x, "choose a smaller --dt, or the method exponential, which has no such limit");
}

static void clash(Dynamic *d, const IrVar *v, const DynMethod *method, const DynMethod *other) {
    Diagnostic *x = diag_error(d->diagnostics, E_METHOD_FIT, v->span, "`%s` asks for the method %s beside cells of the same clock with %s", dyn_label(v),
                               method->name, other->name);
    diag_note(x, "the stages of a step are common to all cells that may hear each other");
    diag_help(x, "give all of them one method, or name one for the run: --method %s", other->name);
}

/* A method with several stages is that of the whole group. */
void dyn_choose_methods(Dynamic *d, DynGroup *g) {
    const char *why;
    for (int pass = 0; pass < 2; pass++) { /* what is asked for goes before what a form would like */
        for (int i = 0; i < d->count && !g->method; i++) {
            IrVar *v = d->p->vars.at[i];
            if (!g->state[i]) continue;
            Form form = form_of(d, v);
            const DynMethod *method = pass ? by_form(&form, &why) : asked_for(d, v);
            if (pass && asked_for(d, v)) continue;
            if (method && method->stages > 1) g->method = method;
        }
    }
    for (int i = 0; i < d->count; i++) {
        const IrVar *v = d->p->vars.at[i];
        const DynMethod *asked = g->state[i] ? asked_for(d, v) : NULL;
        if (asked && g->method && asked != g->method) clash(d, v, asked, g->method);
    }
}

/* ---- formulas ---------------------------------------------------------------------------------------------------- */
static IrExpr *op(Dynamic *d, IrOp kind, IrExpr *a, IrExpr *b) {
    return ir_op2(d->p, kind, a, b);
}

static IrExpr *number(Dynamic *d, double value) {
    return ir_lit(d->p, value);
}

static IrExpr *whole(Dynamic *d, double value) {
    return ir_lit_text(d->p, name_printf(d->p->names, "%.0f", value));
}

/* A sixth is no decimal: written as the quotient that it is. */
static IrExpr *weight(Dynamic *d, DynRatio w) {
    int64_t under = (int64_t)w.under;
    while (under % 2 == 0) under /= 2;
    while (under % 5 == 0) under /= 5;
    return under == 1 ? number(d, w.over / w.under) : op(d, IR_DIV, whole(d, w.over), whole(d, w.under));
}

/* sum_j w_j k_j over the slopes of the first `count` stages. */
static IrExpr *slopes(Dynamic *d, DynGroup *g, IrVar *v, const DynRatio *w, int count) {
    IrExpr *sum = NULL;
    for (int j = 0; j < count; j++) {
        if (w[j].over == 0) continue;
        DynEnv *stage = dyn_env(d, g, AT_STAGE, j, g->method->c[j]);
        IrExpr *term = op(d, IR_MUL, weight(d, w[j]), dyn_slope(d, stage, v));
        sum = sum ? op(d, IR_ADD, sum, term) : term;
    }
    return sum;
}

/* v + dt sum_j w_j k_j */
static IrExpr *combination(Dynamic *d, DynGroup *g, IrVar *v, const DynEnv *env, const DynRatio *w, int count) {
    IrExpr *old = dyn_read(d, env, v, g->state[v->id], NULL, 1);
    return op(d, IR_ADD, old, op(d, IR_MUL, number(d, d->options->dt), slopes(d, g, v, w, count)));
}

IrExpr *dyn_stage_state(Dynamic *d, DynEnv *env, IrVar *v) {
    return combination(d, env->group, v, env, env->group->method->a[env->stage], env->stage);
}

/* Where no stage stands inside of a step, nobody asks. */
IrExpr *dyn_within_value(Dynamic *d, const DynEnv *env, IrVar *v) {
    const DynMethod *method = env->group->method;
    DynRatio w[DYN_STAGES];
    for (int j = 0; j < method->stages; j++) w[j] = method->within(j, env->fraction);
    return combination(d, env->group, v, env, w, method->stages);
}

static IrExpr *coefficient(Dynamic *d, DynEnv *env, IrVar *v) {
    return v->coefficient ? dyn_expr(d, env, v, v->coefficient) : number(d, 1);
}

/* 1 / sqrt(dt) makes the variance of a step right to the order of dt; for the exponential method the factor that makes it exact is
 * sqrt(a (E + 1) / (2 (E - 1))): then var v(t + dt) = (E^2 - 1) / (2 a) times the square of what noise is multiplied by (Gillespie 1996,
 * Phys. Rev. E 54, 2084). */
static IrExpr *exact_noise(Dynamic *d, IrExpr *a, IrExpr *decay) {
    IrExpr *above = op(d, IR_MUL, a, op(d, IR_ADD, decay, number(d, 1)));
    IrExpr *below = op(d, IR_MUL, number(d, 2), op(d, IR_SUB, decay, number(d, 1)));
    return ir_op1(d->p, IR_SQRT, op(d, IR_DIV, above, below));
}

static IrExpr *exponential(Dynamic *d, DynEnv *env, IrVar *v, const Form *form) {
    IrExpr *slope = dyn_expr(d, env, v, form->equation.slope), *old = dyn_read(d, env, v, env->group->state[v->id], NULL, 1);
    IrExpr *a = op(d, IR_DIV, slope, coefficient(d, env, v));
    IrExpr *decay = ir_op1(d->p, IR_EXP, op(d, IR_MUL, a, number(d, d->options->dt)));
    IrExpr *kept = op(d, IR_MUL, decay, old);
    if (!form->equation.rest) return kept;
    env->white = exact_noise(d, a, decay);
    IrExpr *rest = dyn_expr(d, env, v, form->equation.rest);
    env->white = NULL;
    bool unit = slope->op == IR_LIT && slope->value == -1; /* by far the most frequent: tau r' = -r + ... */
    IrExpr *gain = unit ? op(d, IR_SUB, number(d, 1), decay) : op(d, IR_DIV, op(d, IR_SUB, decay, number(d, 1)), slope);
    return op(d, IR_ADD, kept, op(d, IR_MUL, gain, rest));
}

static IrExpr *euler(Dynamic *d, DynEnv *env, IrVar *v, const Form *form) {
    IrExpr *old = dyn_read(d, env, v, env->group->state[v->id], NULL, 1), *dt = number(d, d->options->dt);
    IrExpr *step = op(d, IR_DIV, dt, coefficient(d, env, v));
    if (!solvable(form)) return op(d, IR_ADD, old, op(d, IR_MUL, step, dyn_expr(d, env, v, v->def)));
    IrExpr *kept = op(d, IR_MUL, op(d, IR_ADD, number(d, 1), op(d, IR_MUL, step, dyn_expr(d, env, v, form->equation.slope))), old);
    if (!form->equation.rest) return kept;
    return op(d, IR_ADD, kept, op(d, IR_MUL, step, dyn_expr(d, env, v, form->equation.rest)));
}

static void find_noise(void *found, IrExpr *ref) {
    *(bool *)found |= ref->var->kind == VAR_NOISE;
}

/* What the error is estimated from is a smooth solution; and another step would draw other noise. */
static bool check_smooth(Dynamic *d, IrVar *v, const DynMethod *method) {
    bool noisy = false;
    if (method->error) ir_each_ref(v->def, find_noise, &noisy);
    if (!noisy) return true;
    Diagnostic *x = diag_error(d->diagnostics, E_METHOD_FIT, v->span, "the method %s does not fit `%s`: it has noise", method->name, dyn_label(v));
    diag_note(x, "a step is judged by how smooth the solution is in it, and with noise it is nowhere smooth");
    diag_help(x, "choose exponential, euler, heun or rk4");
    return false;
}

static void not_exponential(Dynamic *d, const IrVar *v) {
    Diagnostic *x = diag_error(d->diagnostics, E_METHOD_FIT, v->span, "the method exponential does not fit `%s`: its rate stands inside a nonlinearity",
                               dyn_label(v));
    diag_help(x, "choose euler, heun, rk4 or dopri");
}

static IrExpr *update(Dynamic *d, DynGroup *g, IrVar *v) {
    const char *why = "asked for";
    Form form = form_of(d, v);
    const DynMethod *method = asked_for(d, v);
    if (!method) method = by_form(&form, &why);
    if (g->method && method != g->method && !asked_for(d, v)) method = g->method, why = "that of the other cells of its clock";
    note_choice(d, v, method, why, form.tau);
    check_step(d, v, method, form.tau);
    if (!check_smooth(d, v, method)) return number(d, 0);
    DynEnv *env = dyn_env(d, g, AT_STAGE, 0, 0);
    if (method->exponential && !solvable(&form)) return not_exponential(d, v), number(d, 0);
    if (method->exponential) return exponential(d, env, v, &form);
    if (method->stages == 1) return euler(d, env, v, &form);
    return combination(d, g, v, env, method->b, method->stages);
}

/* A state beside each ode: the largest local error of its steps so far. By cell, so that steps need no sum over cells. */
static IrVar *error_state(Dynamic *d, DynGroup *g, IrVar *v) {
    const DynEnv *env = dyn_env(d, g, AT_STAGE, 0, 0);
    const IrVar *state = g->state[v->id];
    IrVar *error = ir_var_new(d->p, VAR_STATE, name_printf(d->p->names, "%s.error", state->name), state->axis_count, state->axes);
    IrExpr *off = op(d, IR_MUL, number(d, d->options->dt), slopes(d, g, v, g->method->error, g->method->stages));
    IrExpr *scale = op(d, IR_ADD, number(d, 1), ir_op1(d->p, IR_ABS, dyn_read(d, env, v, g->state[v->id], NULL, 1)));
    IrExpr *now = op(d, IR_DIV, ir_op1(d->p, IR_ABS, off), scale);
    error->def = op(d, IR_MAX, now, dyn_read(d, env, v, error, NULL, 1)); /* in this order a NaN does not replace what is known */
    error->init = number(d, 0);
    error->scan_axis = g->step;
    error->span = v->span;
    return error;
}

/* All updates are made before the first stands among the items: each reads the states as they were. */
void dyn_updates(Dynamic *d, DynGroup *g) {
    bool estimates = d->estimates && g->method && g->method->error;
    for (int i = 0; i < d->count; i++)
        if (g->state[i]) g->state[i]->def = update(d, g, d->p->vars.at[i]);
    if (diag_error_count(d->diagnostics)) return;
    for (int i = 0; i < d->count; i++)
        if (g->state[i] && estimates) dyn_place(d, &g->steps, g->error[i] = error_state(d, g, d->p->vars.at[i]));
    for (int i = 0; i < d->count; i++)
        if (g->state[i]) dyn_place(d, &g->steps, g->state[i]);
}
