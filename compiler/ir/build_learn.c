/* Losses, rules and what learns by them; the optimisers' parameters by optimisers.def. */
#include <math.h>
#include <string.h>

#include "ir/build_internal.h"

static char *parameters_text(Arena *arena, IrOptimiser optimiser) {
    char *text = "";
    for (int i = 0; i < ir_optimiser_parameters(optimiser); i++) {
        const char *name = ir_optimisers[optimiser].parameter[i].name;
        double value = ir_optimisers[optimiser].parameter[i].value;
        char *one = isnan(value) ? arena_printf(arena, "%s", name) : arena_printf(arena, "%s = %g", name, value);
        text = arena_printf(arena, "%s%s%s", text, i ? ", " : "", one);
    }
    return text;
}

static bool unknown_optimiser(Arena *arena, const CirLearn *from, Diagnostics *diagnostics) {
    const char *names[OPTIMISER_COUNT];
    Diagnostic *d = diag_error(diagnostics, E_OPTIMISER, from->optimiser_span, "`%s` is not an optimiser", from->optimiser);
    for (int i = 0; i < OPTIMISER_COUNT; i++) {
        names[i] = ir_optimisers[i].name;
        diag_note(d, "%s(%s)", names[i], parameters_text(arena, (IrOptimiser)i));
    }
    const char *closest = diag_closest(from->optimiser, names, OPTIMISER_COUNT);
    if (closest) diag_help(d, "did you mean `%s`?", closest);
    return false;
}

static bool optimiser_of(Arena *arena, const CirLearn *from, IrLearn *learn, Diagnostics *diagnostics) {
    for (int i = 0; i < OPTIMISER_COUNT; i++) {
        learn->optimiser = (IrOptimiser)i;
        if (strcmp(ir_optimisers[i].name, from->optimiser ? from->optimiser : "sgd") == 0) return true;
    }
    return unknown_optimiser(arena, from, diagnostics);
}

static bool parameter_error(Arena *arena, const IrLearn *learn, Span at, const char *what, Diagnostics *diagnostics) {
    const char *name = ir_optimisers[learn->optimiser].name;
    Diagnostic *d = diag_error(diagnostics, E_OPTIMISER, at, "%s %s", name, what);
    diag_note(d, "%s(%s)", name, parameters_text(arena, learn->optimiser));
    return false;
}

/* Arguments by position come in the order of the parameters, those by name anywhere. */
static bool set_parameter(Arena *arena, const CirArgument *argument, IrLearn *learn, int *position, bool *set, Diagnostics *diagnostics) {
    int place = argument->name ? ir_optimiser_parameter(learn->optimiser, argument->name) : (*position)++;
    if (place < 0) {
        char *what = arena_printf(arena, "has no parameter `%s`", argument->name);
        return parameter_error(arena, learn, argument->span, what, diagnostics);
    }
    if (place >= ir_optimiser_parameters(learn->optimiser)) return parameter_error(arena, learn, argument->span, "takes no more than these", diagnostics);
    if (set[place]) return parameter_error(arena, learn, argument->span, "has that parameter already", diagnostics);
    if (argument->value < 0 && place) return parameter_error(arena, learn, argument->span, "has only parameters of 0 or more, but for the rate", diagnostics);
    bool share = place == ir_optimiser_parameter(learn->optimiser, "beta1") || place == ir_optimiser_parameter(learn->optimiser, "beta2");
    if (share && argument->value >= 1) return parameter_error(arena, learn, argument->span, "averages with beta1 and beta2 below 1", diagnostics);
    set[place] = true;
    learn->parameter[place] = argument->value;
    return true;
}

static bool parameters_of(Arena *arena, const CirLearn *from, IrLearn *learn, Diagnostics *diagnostics) {
    bool set[OPTIMISER_PARAMETERS] = {false};
    int position = 0;
    for (int i = 0; i < OPTIMISER_PARAMETERS; i++) learn->parameter[i] = ir_optimisers[learn->optimiser].parameter[i].value;
    for (int i = 0; i < from->arguments.count; i++)
        if (!set_parameter(arena, &from->arguments.at[i], learn, &position, set, diagnostics)) return false;
    for (int i = 0; i < ir_optimiser_parameters(learn->optimiser); i++)
        if (isnan(learn->parameter[i])) {
            char *what = arena_printf(arena, "needs its %s", ir_optimisers[learn->optimiser].parameter[i].name);
            return parameter_error(arena, learn, from->optimiser_span, what, diagnostics);
        }
    return true;
}

static void learns(Build *b, const CirLearn *from, Diagnostics *diagnostics) {
    IrLearn learn = {.weight = build_variable(from->weight), .span = from->span};
    if (from->rule) learn.rule = build_variable(from->rule);
    else learn.loss = build_variable(from->loss);
    if (!optimiser_of(b->p->arena, from, &learn, diagnostics)) return;
    if (!parameters_of(b->p->arena, from, &learn, diagnostics)) return;
    if (from->online) build_online_step(b, from, &learn, diagnostics); /* equations of the circuit, nothing for a training */
    else vec_push(b->p->arena, &b->p->learns, learn);
}

void build_learning(Build *b, const Circuit *c, Diagnostics *diagnostics) {
    for (int i = 0; i < c->losses.count; i++) {
        IrLoss loss = {c->losses.at[i].name, build_variable(c->losses.at[i].entity), c->losses.at[i].span};
        vec_push(b->p->arena, &b->p->losses, loss);
    }
    for (int i = 0; i < c->rules.count; i++) {
        const CirRule *rule = &c->rules.at[i];
        IrRule made = {rule->name, build_variable(rule->entity), build_variable(rule->weight), rule->local, rule->span};
        vec_push(b->p->arena, &b->p->rules, made);
    }
    for (int i = 0; i < c->learns.count; i++) learns(b, &c->learns.at[i], diagnostics);
    build_online_readers(b, c, diagnostics);
}
