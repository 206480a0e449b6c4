#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/plan.h"
#include "driver/certificate.h"
#include "driver/commands.h"
#include "driver/runner.h"
#include "exact/repair.h"
#include "report/verdict.h"

typedef VEC(CheckWeight) Weights;

/* The weights of a file, as a plan of the program binds them. */
static int weights_of_file(Compilation *c, const CtxProgram *program, Weights *weights) {
    const char *path = option_value(c->options, OPTION_WEIGHTS, NULL);
    if (!path) return EXIT_DONE;
    RtConfig *config = rt_config_new(program);
    const RtDescriptor *d = rt_config_descriptor(config);
    for (int i = 0; d && i < d->axes; i++) rt_config_axis(config, d->axis[i].name, d->axis[i].size);
    rt_config_weights_file(config, path);
    RtPlan *plan = rt_plan_new(config);
    int status = plan ? EXIT_DONE : (int)rt_config_status(config);
    if (!plan) fprintf(stderr, "ctx: %s\n", rt_config_message(config));
    for (int i = 0; plan && i < d->buffers; i++) {
        if (d->buffer[i].role != RT_WEIGHT) continue;
        int64_t count = 1;
        for (int k = 0; k < d->buffer[i].rank; k++) count *= d->axis[d->buffer[i].axis[k]].size;
        double *value = ARENA_ARRAY(c->arena, double, count);
        for (int64_t k = 0; k < count; k++) value[k] = rt_element(d->type, rt_plan_weight(plan, i), k);
        vec_push(c->arena, weights, ((CheckWeight){name_of(c->names, d->buffer[i].name), value, count}));
    }
    rt_plan_free(plan);
    rt_config_free(config);
    return status;
}

/* ---- the engines ---------------------------------------------------------------------------------------------------- */
static bool asked_for(const Compilation *c, OptionId engine, OptionId other) {
    return option_given(c->options, engine) || !option_given(c->options, other);
}

/* The factors that the exact engine found, by check; 0: none. */
static const double *factors(const Compilation *c, const ExactResult *exact) {
    double *value = ARENA_ARRAY(c->arena, double, c->core->checks.count);
    for (int i = 0; exact && i < c->core->checks.count; i++)
        if (exact[i].factor.d) value[i] = (double)exact[i].factor.n / (double)exact[i].factor.d;
    return value;
}

static int run_numeric(Compilation *c, int64_t seed, const ExactResult *exact, CheckReport **report) {
    NativeRunner runner;
    Weights weights = {0};
    int status = runner_open(c, &runner);
    if (status == EXIT_DONE) status = weights_of_file(c, runner_program(&runner), &weights);
    if (status == EXIT_DONE) {
        bool twice = strcmp(option_value(c->options, OPTION_PRECISION, "f32"), "f64") == 0;
        CheckInput input = {.source = c->core, .scheduled = c->optimised, .native = &runner, .seed = (uint64_t)seed,
                            .arithmetic = twice ? ref_float64() : ref_float32(), .factor = factors(c, exact), .weight_count = weights.count, .weight = weights.at};
        *report = check_run(c->arena, &input);
    }
    runner_close(&runner);
    return status;
}

/* Without native code: is there an input at which the sides differ? */
static CheckReport *find_witness(Compilation *c, int64_t seed) {
    CheckInput input = {.source = c->core, .scheduled = c->core, .seed = (uint64_t)seed, .arithmetic = ref_float64()};
    return check_run(c->arena, &input);
}

static ExactResult *run_exact(Compilation *c, int64_t seed, int64_t threads, bool *unequal) {
    ExactResult *result = ARENA_ARRAY(c->arena, ExactResult, c->core->checks.count);
    ExactOptions how = {.seed = (uint64_t)seed, .threads = (int)threads};
    for (int i = 0; i < c->core->checks.count; i++) {
        result[i] = exact_check(c->arena, c->core, &c->core->checks.at[i], &how);
        *unequal |= result[i].verdict == EXACT_UNEQUAL;
        if (result[i].verdict == EXACT_UNEQUAL) exact_repair(c->arena, c->core, &c->core->checks.at[i], &how, &result[i]);
    }
    return result;
}

/* ---- the report ----------------------------------------------------------------------------------------------------- */
static int line_of(const Compilation *c, Span at) {
    int line, column;
    if (at.end <= at.begin || !at.file) return 0;
    diag_position(c->diagnostics, at, &line, &column);
    return line;
}

/* The source of a check on one line, without `check`, its name and the semicolon. */
static const char *text_of(const Compilation *c, Span at) {
    if (at.end <= at.begin || !at.file) return "";
    char *text = arena_strndup(c->arena, diag_source(c->diagnostics, at.file)->text + at.begin, at.end - at.begin), *to = text;
    for (const char *from = text; *from; from++)
        if (!isspace((unsigned char)*from)) *to++ = *from;
        else if (to > text && to[-1] != ' ') *to++ = ' ';
    while (to > text && (to[-1] == ' ' || to[-1] == ';')) to--;
    *to = 0;
    if (strncmp(text, "check ", 6) == 0) text += 6;
    const char *colon = strchr(text, ':');
    return colon ? colon + 1 + (colon[1] == ' ') : text;
}

/* "line 96", or "cells.ctx:96" in another file; NULL: nowhere. */
static const char *place_of(const Compilation *c, Span at) {
    int line = line_of(c, at);
    if (!line) return NULL;
    if (at.file == c->file) return arena_printf(c->arena, "line %d", line);
    return arena_printf(c->arena, "%s:%d", diag_source(c->diagnostics, at.file)->path, line);
}

static CheckFacts *all_facts(Compilation *c, const ExactResult *exact, const CheckReport *numeric) {
    CheckFacts *facts = ARENA_ARRAY(c->arena, CheckFacts, c->core->checks.count);
    for (int i = 0; i < c->core->checks.count; i++) {
        const IrCheck *check = &c->core->checks.at[i];
        facts[i] = (CheckFacts){.check = check, .line = line_of(c, check->span), .text = text_of(c, check->span)};
        if (numeric && !numeric->error) facts[i].numeric = &numeric->result[i];
        if (!exact) continue;
        facts[i].exact = &exact[i];
        if (exact[i].verdict == EXACT_UNDECIDED) facts[i].exact_place = place_of(c, exact[i].where);
        facts[i].hint_place = ARENA_ARRAY(c->arena, const char *, exact[i].hint_count);
        for (int k = 0; k < exact[i].hint_count; k++) facts[i].hint_place[k] = place_of(c, exact[i].hint[k].where);
    }
    return facts;
}

static int exit_status(Verdict verdict) {
    return verdict == VERDICT_EQUAL || verdict == VERDICT_HOLDS ? EXIT_DONE : verdict == VERDICT_MACHINE ? EXIT_MACHINE : EXIT_REFUTED;
}

static int check(Compilation *c, double start) {
    int64_t seed = 1, threads = sysconf(_SC_NPROCESSORS_ONLN);
    bool exact = asked_for(c, OPTION_EXACT, OPTION_NUMERIC), numeric = asked_for(c, OPTION_NUMERIC, OPTION_EXACT), unequal = false;
    if (!option_integer(c->options, OPTION_SEED, 0, &seed)) return EXIT_WRONG;
    if (!option_integer(c->options, OPTION_THREADS, 1, &threads)) return EXIT_WRONG;
    ExactResult *result = exact ? run_exact(c, seed, threads, &unequal) : NULL;
    CheckReport *report = NULL;
    int status = numeric ? run_numeric(c, seed, result, &report) : EXIT_DONE;
    if (status != EXIT_DONE) return status;
    if (!numeric && unequal) report = find_witness(c, seed);
    VerdictReport all = {c->name, c->core->checks.count, all_facts(c, result, report), report, phases_clock() - start};
    if (option_given(c->options, OPTION_JSON)) verdict_json(&all, stdout);
    else if (!exact) check_print(report, stdout);
    else verdict_print(&all, stdout);
    const char *path = option_value(c->options, OPTION_CERTIFICATE, NULL);
    if (path && exact) status = certificate_write(c, path, (uint64_t)seed, (int)threads);
    return status == EXIT_DONE ? exit_status(verdict_of_all(&all)) : status;
}

int command_check(Options *options) {
    double start = phases_clock();
    Compilation *c = phases_begin(options);
    if (option_given(options, OPTION_CERTIFICATE) && option_given(options, OPTION_NUMERIC) && !option_given(options, OPTION_EXACT)) {
        fprintf(stderr, "ctx: a certificate is of exact verdicts, and --numeric leaves them out\nhelp: leave out --numeric\n");
        phases_end(c);
        return EXIT_WRONG;
    }
    c->expose_checks = true;
    int status = phases_reach(c, PHASE_OPTIMISE);
    if (status == EXIT_DONE) status = check(c, start);
    phases_end(c);
    return status;
}
