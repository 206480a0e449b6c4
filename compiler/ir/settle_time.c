/* What becomes of time where everything has settled: a delayed signal is the signal, nothing changes any more, and noise is at its
 * mean, 0. What is a function of time has no settled value. settle(e, t) asks the dynamic reading, which is integrated beside. */
#include "ir/dynamic.h"
#include "ir/settle_internal.h"

static const char *label(const IrVar *v) {
    return v->origin ? v->origin : v->name;
}

typedef struct Timeless {
    Settle *s;
    const IrVar *of;
    bool refused;
} Timeless;

static void assume_mean(Settle *s, const IrVar *noise) {
    Name text = name_printf(s->p->names, "%s: noise at its mean, 0", label(noise));
    for (int i = 0; i < s->p->assumptions.count; i++)
        if (s->p->assumptions.at[i].text == text) return;
    vec_push(s->p->arena, &s->p->assumptions, ((IrAssumption){text}));
}

static void no_settled_value(Timeless *t) {
    if (t->refused) return;
    t->refused = true;
    Diagnostic *d = diag_error(t->s->diagnostics, E_TIME_SETTLED, t->of->span, "`%s` is a function of time: it does not settle", label(t->of));
    diag_help(d, "the dynamic reading has it: ctx run FILE --mode dynamic");
}

static IrExpr *timeless(void *data, IrExpr *e) {
    Timeless *t = data;
    IrProgram *p = t->s->p;
    if (e->op == IR_DELAY) return e->arg[0];
    if (e->op == IR_DERIVATIVE) return ir_lit(p, 0);
    if (e->op == IR_TIME) return no_settled_value(t), ir_lit(p, 0);
    if (e->op != IR_REF || e->var->kind != VAR_NOISE) return e;
    assume_mean(t->s, e->var);
    return ir_lit(p, 0);
}

static void drop_noise(IrProgram *p) {
    int count = 0;
    for (int i = 0; i < p->vars.count; i++)
        if (p->vars.at[i]->kind != VAR_NOISE || p->vars.at[i]->scan_axis) p->vars.at[count++] = p->vars.at[i];
    p->vars.count = count;
    for (int i = 0; i < count; i++) p->vars.at[i]->id = i;
}

static void make_timeless(Settle *s, IrItem *item) {
    Timeless t = {s, item->var, false};
    item->var->def = ir_map(s->p, item->var->def, timeless, &t);
}

/* The scans of the dynamic reading beside keep their noise. */
void settle_time(Settle *s, const DynamicOptions *options) {
    dynamic_beside(s, options);
    for (int i = 0; i < s->p->items.count; i++)
        if (s->p->items.at[i]->var) make_timeless(s, s->p->items.at[i]);
    drop_noise(s->p);
}
