/* The loss, the weights that learn, and how: from the file's statements, or from --loss. */
#include <string.h>

#include "driver/training.h"
#include "learn/history.h"

/* ---- the loss ---------------------------------------------------------------------------------------------------------------- */
typedef struct Number { /* without axes: may be a loss */
    const char *name;
    IrVar *var;
} Number;
typedef VEC(Number) Numbers;

static Numbers numbers_of(const Training *t) {
    const IrProgram *p = t->c->core;
    Numbers list = {0};
    for (int i = 0; i < p->losses.count; i++) vec_push(t->c->arena, &list, ((Number){p->losses.at[i].name, p->losses.at[i].var}));
    for (int i = 0; i < p->outputs.count; i++)
        if (p->outputs.at[i].var->axis_count == 0) vec_push(t->c->arena, &list, ((Number){p->outputs.at[i].name, p->outputs.at[i].var}));
    return list;
}

static int no_loss(const Numbers *numbers, const char *asked) {
    const char *names[numbers->count + 1];
    for (int i = 0; i < numbers->count; i++) names[i] = numbers->at[i].name;
    const char *near = asked ? diag_closest(asked, names, numbers->count) : NULL;
    if (asked) fprintf(stderr, "ctx train: --loss: there is no loss, and no output without axes, '%s'%s%s%s\n", asked, near ? "; did you mean '" : "",
                       near ? near : "", near ? "'?" : "");
    else fprintf(stderr, "ctx train: the file has no learn statement for a training: write `loss E = ...; learn W by gradient with adam(0.001);`\n"
                         "help: or --loss NAME with an output without axes: all weights learn by its gradient\n");
    return EXIT_WRONG;
}

/* All that the file lets learn does so while the circuit runs. */
static int only_online(const CirLearn *learn) {
    fprintf(stderr, "ctx train: '%s' learns online, while the circuit runs: that is ctx run\n"
                    "help: `output w = %s[%s = last];` is what it has become; --loss NAME trains the weight that it begins with\n", learn->weight->path,
            learn->weight->path, learn->online->axes.at[0]->name);
    return EXIT_WRONG;
}

static const Number *find_number(const Numbers *numbers, const char *name) {
    for (int i = 0; i < numbers->count; i++)
        if (strcmp(numbers->at[i].name, name) == 0) return &numbers->at[i];
    return NULL;
}

/* ---- what learns ------------------------------------------------------------------------------------------------------------- */
static double parameter(const IrLearn *learn, const char *name, double otherwise) {
    int at = ir_optimiser_parameter(learn->optimiser, name);
    return at < 0 ? otherwise : learn->parameter[at];
}

static void take_statement(Training *t, const IrLearn *learn) {
    RtOptimiser o = rt_optimiser((RtOptimiserKind)learn->optimiser); /* both enumerate optimisers.def */
    o.rate = parameter(learn, "rate", o.rate);
    o.momentum = parameter(learn, "momentum", o.momentum);
    o.beta1 = parameter(learn, "beta1", o.beta1);
    o.beta2 = parameter(learn, "beta2", o.beta2);
    o.epsilon = parameter(learn, "epsilon", o.epsilon);
    o.decay = parameter(learn, "decay", o.decay);
    TrainedWeight w = {.weight = learn->weight->name, .loss = learn->rule ? NULL : learn->loss->name, .rule = learn->rule ? learn->rule->name : NULL,
                       .stated = true, .span = learn->span, .how = {.rule = learn->rule, .optimiser = o, .clip = parameter(learn, "clip", 0)}};
    vec_push(t->c->arena, &t->weights, w);
}

void training_statements(Training *t) {
    for (int i = 0; i < t->c->core->learns.count; i++) take_statement(t, &t->c->core->learns.at[i]);
}

/* Which pairs a sparse projection has is not learned, nor what the source writes as a constant. */
static bool may_learn(const IrVar *v) {
    return v->kind == VAR_WEIGHT && !v->literal;
}

static void take_all(Training *t) {
    for (int i = 0; i < t->c->core->vars.count; i++) {
        const IrVar *v = t->c->core->vars.at[i];
        if (may_learn(v)) vec_push(t->c->arena, &t->weights, ((TrainedWeight){.weight = v->name, .loss = t->loss, .how.optimiser = rt_optimiser(RT_OPTIMISER_ADAM)}));
    }
}

/* ---- what the command line changes --------------------------------------------------------------------------------------------- */
/* "block.0" freezes block.0.W_Q and its like. */
static bool is_frozen(const char *weight, const char *name) {
    size_t length = strlen(name);
    return strncmp(weight, name, length) == 0 && (weight[length] == '\0' || weight[length] == '.');
}

/* block[0].W, as the language has it, is stored as block.0.W. */
static const char *stored_name(const Training *t, const char *name) {
    char *stored = arena_strdup(t->c->arena, name), *to = stored;
    for (const char *from = name; *from; from++)
        if (*from != ']') *to++ = *from == '[' ? '.' : *from;
    *to = '\0';
    return stored;
}

static int freeze(Training *t, const char *asked) {
    const char *name = stored_name(t, asked);
    const char *names[t->weights.count + 1];
    int kept = 0, before = t->weights.count;
    for (int i = 0; i < before; i++) {
        names[i] = t->weights.at[i].weight;
        if (!is_frozen(t->weights.at[i].weight, name)) t->weights.at[kept++] = t->weights.at[i];
    }
    t->weights.count = kept;
    if (kept < before) return EXIT_DONE;
    const char *near = diag_closest(name, names, before);
    fprintf(stderr, "ctx train: --freeze: no weight '%s' learns%s%s%s\n", asked, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    return EXIT_WRONG;
}

static bool is_idle(const Options *o, OptionId id, const char *name, bool used, const char *why) {
    if (!option_given(o, id) || used) return false;
    fprintf(stderr, "ctx train: %s would change nothing: %s\n", name, why);
    return true;
}

/* An option that no weight heeds is a mistake. */
static bool some_idle(const Training *t) {
    static const char by_rules[] = "all weights learn by rules, and a rule says itself what is added";
    const Options *o = t->c->options;
    bool gradients = t->weights.count == 0, momentum = gradients;
    for (int i = 0; i < t->weights.count; i++) {
        gradients |= !t->weights.at[i].rule;
        momentum |= t->weights.at[i].how.optimiser.kind == RT_OPTIMISER_MOMENTUM;
    }
    return is_idle(o, OPTION_OPTIMISER, "--optimiser", gradients, by_rules) || is_idle(o, OPTION_DECAY, "--decay", gradients, by_rules) ||
           is_idle(o, OPTION_CLIP, "--clip", gradients, by_rules) ||
           is_idle(o, OPTION_MOMENTUM, "--momentum", momentum, "no weight learns by the optimiser momentum (--optimiser momentum)");
}

/* --optimiser is for gradients; a rule says itself what is added, so of it only the rate may be another. */
static int override(Training *t) {
    const Options *o = t->c->options;
    const char *name = option_value(o, OPTION_OPTIMISER, NULL);
    RtOptimiserKind kind = RT_OPTIMISER_ADAM;
    RtError error = {0};
    if (name && rt_optimiser_find(name, &kind, &error) != RT_OK) {
        int status = training_failed(&error);
        rt_error_clear(&error);
        return status;
    }
    for (int i = 0; i < t->weights.count; i++) {
        RtOptimiser *p = &t->weights.at[i].how.optimiser;
        bool rule = t->weights.at[i].rule;
        if (name && !rule) *p = rt_optimiser(kind);
        if (!option_number(o, OPTION_RATE, 0, &p->rate) || !option_number(o, OPTION_MOMENTUM, 0, &p->momentum)) return EXIT_WRONG;
        if (!rule && !option_number(o, OPTION_DECAY, 0, &p->decay)) return EXIT_WRONG;
    }
    return some_idle(t) ? EXIT_WRONG : EXIT_DONE;
}

/* ---- all of it ------------------------------------------------------------------------------------------------------------------ */
static void take_metrics(Training *t, const Numbers *numbers) {
    for (int i = 0; i < numbers->count; i++) {
        if (numbers->at[i].var->name == t->loss) continue;
        vec_push(t->c->arena, &t->metrics, numbers->at[i].var->name);
        const char *name = numbers->at[i].name; /* in a log and in JSON, beside those of the run itself */
        vec_push(t->c->arena, &t->metric_names, name_printf(t->c->names, rt_history_has(name) ? "valid.%s" : "%s", name));
    }
}

int training_choose(Training *t) {
    const IrProgram *p = t->c->core;
    const char *asked = option_value(t->c->options, OPTION_LOSS, NULL);
    Numbers numbers = numbers_of(t);
    const Number *loss = asked ? find_number(&numbers, asked) : NULL;
    const Circuit *circuit = t->c->circuit;
    if (!asked && p->learns.count == 0 && circuit->learns.count) return only_online(&circuit->learns.at[0]);
    if (asked ? !loss : p->learns.count == 0) return no_loss(&numbers, asked);
    if (!asked) training_statements(t);
    for (int i = 0; !loss && i < t->weights.count; i++)
        for (int k = 0; !loss && k < numbers.count; k++)
            if (numbers.at[k].var->name == t->weights.at[i].loss) loss = &numbers.at[k];
    if (!loss && numbers.count) loss = &numbers.at[0];
    if (!loss) {
        fprintf(stderr, "ctx train: there is nothing to report: write a loss, or an output without axes\n");
        return EXIT_WRONG;
    }
    if (!asked && p->losses.count == 0 && !option_given(t->c->options, OPTION_QUIET))
        fprintf(stderr, "ctx train: the file has no loss: the output '%s' is reported in its place, and best where it is least\n", loss->name);
    t->loss = loss->var->name;
    t->shown = name_of(t->c->names, loss->name);
    if (asked) take_all(t);
    const Strings *frozen = &t->c->options->value[OPTION_FREEZE];
    for (int i = 0; i < frozen->count; i++)
        if (freeze(t, frozen->at[i]) != EXIT_DONE) return EXIT_WRONG;
    take_metrics(t, &numbers);
    return override(t);
}
