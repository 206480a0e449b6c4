/* The two programs: `step` gives sums over items of the loss and of gradients or rules, `look` sums of the losses alone. */
#include <string.h>

#include "driver/training.h"
#include "gradient/gradient.h"
#include "ir/items.h"
#include "opt/schedule.h"

typedef VEC(Name) NameList;

static bool is_shared(const void *data, const IrVar *stimulus) {
    const RtSeries *s = rt_data_find(data, stimulus->name);
    return s && s->shared;
}

/* ---- over items ---------------------------------------------------------------------------------------------------------------- */
/* A variable summed over the items that count, as an output of the same name. */
static void put_sum(IrProgram *p, IrAxis *item, IrVar *counted, Name name, IrVar *v) {
    if (item) {
        int own = v->axis_count && v->axes[0] == item ? 1 : 0;
        IrExpr *value = ir_op2(p, IR_MUL, ir_ref(p, counted, NULL), ir_ref(p, v, NULL));
        v = ir_alg(p, name_printf(p->names, "%s.sum", name), v->axis_count - own, v->axes + own, ir_reduce(p, IR_SUM, 1, &item, (IrGuard){0}, value));
    }
    vec_push(p->arena, &p->outputs, ((IrOutput){.name = name, .var = v, .span = v->span}));
}

/* What is summed, by the names of its variables: the reported loss, the losses of gradients, rules, and (look) the metrics. */
static NameList summed(const Training *t, bool step) {
    NameList list = {0};
    vec_push(t->c->arena, &list, t->loss);
    for (int i = 0; step && i < t->weights.count; i++) {
        Name name = t->weights.at[i].rule ? t->weights.at[i].rule : t->weights.at[i].loss;
        bool there = false;
        for (int k = 0; k < list.count; k++) there |= list.at[k] == name;
        if (!there) vec_push(t->c->arena, &list, name);
    }
    for (int i = 0; !step && i < t->metrics.count; i++) vec_push(t->c->arena, &list, t->metrics.at[i]);
    return list;
}

/* The core program over items, with these sums as its only outputs. */
static IrProgram *over_items(Training *t, const NameList *names) {
    IrProgram *core = ir_clone(t->c->core);
    IrAxis *item = NULL;
    IrVar *counted = NULL;
    ir_forget_learning(core);
    core->outputs.count = core->checks.count = 0;
    IrProgram *p = t->together > 1 ? ir_items(core, t->together, is_shared, &t->train, &item) : NULL;
    if (!p) p = core, t->together = 1, t->counted = NULL;
    t->items = item ? item->name : NULL;
    if (item) {
        counted = ir_add_stimulus(p, name_of(p->names, "item.counts"), 1, &item);
        t->counted = counted->name;
    }
    for (int i = 0; i < names->count; i++) put_sum(p, item, counted, names->at[i], ir_find_var(p, names->at[i]));
    return p;
}

static IrVar *output(const IrProgram *p, Name name) {
    for (int i = 0; i < p->outputs.count; i++)
        if (p->outputs.at[i].name == name) return p->outputs.at[i].var;
    return NULL;
}

static OptOptions opt_options(const Training *t, const char *until) {
    return (OptOptions){.no_reassociate = option_given(t->c->options, OPTION_NO_REASSOCIATE), .drop_checks = true, .weights_change = true, .items = t->items, .until = until};
}

/* ---- gradients ------------------------------------------------------------------------------------------------------------------ */
static Name gradient_name(const Training *t, Name weight) { return name_printf(t->c->names, "%s.gradient", weight); }

static int no_gradient(const Training *t, const GradientFault *fault) {
    fprintf(stderr, "ctx train: the loss '%s' has no gradient: %s\n", t->shown, fault->what);
    return EXIT_WRONG;
}

/* Gradients of one loss with respect to the weights that learn by it, as further outputs. A weight that the loss does not depend on is
 * left out, unless a statement says that it learns. */
static int add_gradients(Training *t, IrProgram **p, Name loss) {
    const IrVar *of[t->weights.count + 1];
    IrVar *gradient[t->weights.count + 1];
    int count = 0;
    bool *made_of = ARENA_ARRAY((*p)->arena, bool, (*p)->vars.count + 1);
    ir_reach(made_of, output(*p, loss));
    for (int i = 0; i < t->weights.count; i++) {
        const TrainedWeight *w = &t->weights.at[i];
        const IrVar *v = w->loss == loss ? ir_find_var(*p, w->weight) : NULL;
        if (v && made_of[v->id]) of[count++] = v;
        else if (w->loss == loss && w->stated) {
            fprintf(stderr, "ctx: weight %s does not learn: the loss does not depend on it\n", w->weight);
            return EXIT_WRONG;
        }
    }
    if (count == 0) return EXIT_DONE;
    GradientFault fault;
    IrProgram *with = gradient_of(*p, output(*p, loss), of, count, gradient, &fault);
    if (!with) return no_gradient(t, &fault);
    for (int i = 0; i < count; i++)
        vec_push(with->arena, &with->outputs, ((IrOutput){.name = gradient_name(t, of[i]->name), .var = gradient[i], .span = of[i]->span}));
    *p = with;
    return EXIT_DONE;
}

/* The passes up to the shifted exponentials come first: their derivatives must not overflow either. */
static int step_program(Training *t, IrProgram **result, OptReport *report) {
    NameList names = summed(t, true);
    IrProgram *p = over_items(t, &names);
    OptOptions options = opt_options(t, "stabilise");
    p = opt_run(p, &options, report);
    for (int i = 0; i < names.count; i++)
        if (add_gradients(t, &p, names.at[i]) != EXIT_DONE) return EXIT_WRONG;
    options.until = NULL;
    options.stabilised = true;
    *result = opt_run(p, &options, report);
    return EXIT_DONE;
}

bool training_plan(Training *t, LearningPlan *plan, int *status) {
    IrProgram *step;
    t->c->drop_checks = t->c->keep_learning = true;
    *status = phases_reach(t->c, PHASE_SETTLE);
    if (*status != EXIT_DONE || t->c->core->learns.count == 0) return false;
    training_statements(t);
    const TrainedWeight *first = &t->weights.at[0];
    t->loss = first->rule ? first->rule : first->loss;
    t->shown = t->loss;
    t->together = 1;
    *status = step_program(t, &step, &plan->report);
    plan->core = t->c->core, plan->step = step;
    return *status == EXIT_DONE;
}

/* ---- native ---------------------------------------------------------------------------------------------------------------------- */
static int compile(Training *t, IrProgram *p, int number, const CtxProgram **program) {
    t->c->optimised = p;
    return native_load(t->c, &t->modules[number], program);
}

/* Outputs that are one variable have one buffer, under the name of the first. */
static const char *buffer_name(const IrProgram *p, Name name) {
    const IrVar *v = output(p, name);
    for (int i = 0; v && i < p->outputs.count; i++)
        if (p->outputs.at[i].var == v) return p->outputs.at[i].name;
    return NULL;
}

/* A sum of choices has slope 0 wherever it has one: who trains by that waits for nothing. */
static bool is_zero(const IrProgram *p, const char *name) {
    const IrVar *v = output(p, name_of(p->names, name));
    return v && v->def && v->def->op == IR_LIT && v->def->value == 0;
}

static int no_slope(const TrainedWeight *w) {
    fprintf(stderr, "ctx train: weight %s does not learn: the gradient of '%s' by it is 0 everywhere\n"
                    "help: conditions (`select(x < 0, ...)`), whole classes and stop_gradient have no slope; a rule needs none\n", w->weight, w->loss);
    return EXIT_WRONG;
}

static int list_learned(Training *t, const IrProgram *p) {
    for (int i = 0; i < t->weights.count; i++) {
        TrainedWeight *w = &t->weights.at[i];
        const char *name = buffer_name(p, w->rule ? w->rule : gradient_name(t, w->weight));
        if (!name) continue;
        if (w->stated && !w->rule && is_zero(p, name)) return no_slope(w);
        w->how.name = w->weight;
        w->how.output = name;
        vec_push(t->c->arena, &t->learned, w->how);
    }
    if (t->learned.count) return EXIT_DONE;
    fprintf(stderr, "ctx train: no weight learns: '%s' depends on none that may\n", t->shown);
    return EXIT_WRONG;
}

int training_compile(Training *t) {
    IrProgram *p;
    OptReport report;
    int status = step_program(t, &p, &report);
    if (status == EXIT_DONE) t->stepped = p, status = list_learned(t, p);
    if (status == EXIT_DONE) status = compile(t, p, 0, &t->step);
    if (status != EXIT_DONE || t->valid.items == 0) return status;
    NameList names = summed(t, false);
    p = over_items(t, &names);
    OptOptions options = opt_options(t, NULL);
    p = opt_run(p, &options, &report);
    for (int i = 0; i < t->metrics.count; i++) t->metrics.at[i] = buffer_name(p, t->metrics.at[i]);
    return compile(t, p, 1, &t->look);
}

int training_emit(Training *t, const char *stage) {
    IrProgram *p;
    bool opt = strcmp(stage, "opt") == 0;
    if (!opt && strcmp(stage, "schedule") != 0) {
        fprintf(stderr, "ctx train: --emit expects opt or schedule, but '%s' came\n", stage);
        return EXIT_WRONG;
    }
    OptReport report;
    int status = step_program(t, &p, &report);
    if (status != EXIT_DONE) return status;
    if (opt) ir_print(p, stdout);
    else schedule_print(p, schedule_make(p), stdout);
    return EXIT_DONE;
}

void training_end(Training *t) {
    for (int i = 0; i < 2; i++) cg_free(t->modules[i]);
    rt_data_free(&t->train);
    rt_data_free(&t->valid);
}
