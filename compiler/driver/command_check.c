#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/plan.h"
#include "core/pool.h"
#include "driver/certificate.h"
#include "driver/commands.h"
#include "driver/files.h"
#include "driver/runner.h"
#include "exact/repair.h"
#include "report/verdict.h"
#include "sim/timer.h"

typedef VEC(CheckWeight) Weights;

/* A tolerance is a statement about sizes, which those of the weights decide. */
static bool any_tolerance(const IrProgram *core) {
    for (int i = 0; i < core->checks.count; i++)
        if (core->checks.at[i].within > 0) return true;
    return false;
}

/* The weights that the circuit has, as a plan of the program binds them: of the file, else drawn. */
static int own_weights(Compilation *c, const CtxProgram *program, int64_t seed, Weights *weights) {
    const char *path = option_value(c->options, OPTION_WEIGHTS, NULL);
    if (!path && !any_tolerance(c->core)) return EXIT_DONE;
    RtConfig *config = rt_config_new(program);
    const RtDescriptor *d = rt_config_descriptor(config);
    for (int i = 0; d && i < d->axes; i++) rt_config_axis(config, d->axis[i].name, d->axis[i].size);
    if (path) rt_config_weights_file(config, path);
    rt_config_seed(config, (uint64_t)seed);
    rt_config_keep_weights(config);
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

static const double SOON = 5e8; /* steps of the reference: a quarter of a second */

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

static int run_native(Compilation *c, int64_t seed, const double *factor, CheckReport **report) {
    NativeRunner runner;
    Weights weights = {0};
    int status = runner_open(c, &runner);
    if (status == EXIT_DONE) status = own_weights(c, runner_program(&runner), seed, &weights);
    if (status == EXIT_DONE) {
        bool twice = option_double(c->options);
        CheckInput input = {.source = c->core, .scheduled = c->optimised, .native = &runner, .seed = (uint64_t)seed,
                            .arithmetic = twice ? ref_float64() : ref_float32(), .factor = factor, .weight_count = weights.count, .weight = weights.at};
        *report = check_run(c->arena, &input);
    }
    runner_close(&runner);
    return status;
}

/* Through so many steps that it can only be compared by values. Few steps of the dynamic reading are decided like anything else. */
static bool is_integrated(const Compilation *c, const IrCheck *check) {
    if (c->integration.steps && c->integration.steps <= EXACT_MOST_STEPS) return false;
    return check_integrated(c->core, check->left) || check_integrated(c->core, check->right);
}

/* The checks of the dynamic reading, or the others, as a program of their own: what takes many steps is not run with every input of
 * the others. NULL: there is none. */
static Compilation *part_of(Compilation *c, bool integrated) {
    Compilation *part = arena_copy(c->arena, c, sizeof *part);
    part->core = ir_clone(c->core);
    IrProgram *p = part->core;
    int checks = 0, outputs = 0;
    for (int i = 0; i < p->checks.count; i++)
        if (is_integrated(c, &c->core->checks.at[i]) == integrated) p->checks.at[checks++] = p->checks.at[i];
    p->checks.count = checks;
    for (int i = 0; i < p->outputs.count; i++) {
        const IrVar *v = p->outputs.at[i].var;
        bool side = false;
        for (int k = 0; k < checks; k++) side |= p->checks.at[k].left == v || p->checks.at[k].right == v;
        if (side || (!integrated && !check_integrated(p, v))) p->outputs.at[outputs++] = p->outputs.at[i];
    }
    p->outputs.count = outputs;
    OptOptions options = {.no_reassociate = option_given(c->options, OPTION_NO_REASSOCIATE)};
    if (checks) part->optimised = opt_run(p, &options, &part->report);
    return checks ? part : NULL;
}

static void add_report(Compilation *c, CheckReport *all, const CheckReport *part, bool integrated) {
    int next = 0;
    for (int i = 0; i < all->count; i++)
        if (is_integrated(c, &c->core->checks.at[i]) == integrated) all->result[i] = part->result[next++];
    for (int i = 0; i < part->notes.count; i++) vec_push(c->arena, &all->notes, part->notes.at[i]);
    if (part->verdict > all->verdict) all->verdict = part->verdict;
    if (part->error) all->error = part->error;
}

/* The factors of one kind of checks, in order. */
static const double *part_of_factors(const Compilation *c, const double *all, bool integrated) {
    double *part = ARENA_ARRAY(c->arena, double, c->core->checks.count + 1);
    int count = 0;
    for (int i = 0; i < c->core->checks.count; i++)
        if (is_integrated(c, &c->core->checks.at[i]) == integrated) part[count++] = all[i];
    return part;
}

static bool any_integrated(const Compilation *c) {
    for (int i = 0; i < c->core->checks.count; i++)
        if (is_integrated(c, &c->core->checks.at[i])) return true;
    return false;
}

static bool any_output_integrated(const Compilation *c) {
    if (c->integration.steps) return false; /* all of it is */
    for (int i = 0; i < c->core->outputs.count; i++)
        if (check_integrated(c->core, c->core->outputs.at[i].var)) return true;
    return false;
}

/* `ordinary`: checks of the settled reading, too; those of the dynamic one can only be compared by values. */
static int run_numeric(Compilation *c, int64_t seed, const ExactResult *exact, bool ordinary, CheckReport **report) {
    const double *factor = factors(c, exact);
    bool whole = ordinary && !any_integrated(c) && !any_output_integrated(c);
    if (whole) return run_native(c, seed, factor, report); /* as it is optimised already */
    CheckReport *all = ARENA_NEW(c->arena, CheckReport);
    int status = EXIT_DONE;
    *report = all;
    all->count = c->core->checks.count;
    all->result = ARENA_ARRAY(c->arena, CheckResult, all->count + 1);
    for (int integrated = !ordinary; integrated < 2 && status == EXIT_DONE; integrated++) {
        CheckReport *found = NULL;
        Compilation *part = part_of(c, integrated);
        if (part) status = run_native(part, seed, part_of_factors(c, factor, integrated), &found);
        if (found) add_report(c, all, found, integrated);
    }
    return status;
}

static void take_integrated(const Compilation *c, CheckReport *to, const CheckReport *from) {
    for (int i = 0; i < to->count; i++)
        if (is_integrated(c, &c->core->checks.at[i])) to->result[i] = from->result[i];
}

/* Without native code, of the settled reading: is there an input at which the sides differ? */
static CheckReport *find_witness(Compilation *c, int64_t seed, double budget) {
    CheckInput input = {.source = c->core, .scheduled = c->core, .seed = (uint64_t)seed, .arithmetic = ref_float64(), .budget = budget, .settled_only = !c->integration.steps};
    return check_run(c->arena, &input);
}

/* A check that looks false gets the long search for an identity only where no witness is found soon. */
static ExactResult decide(Compilation *c, int check, ExactOptions how, CheckReport **witness) {
    how.brief = true;
    ExactResult result = exact_check(c->arena, c->core, &c->core->checks.at[check], &how);
    if (result.verdict != EXACT_UNEQUAL) return result;
    if (!*witness) *witness = find_witness(c, (int64_t)how.seed, SOON);
    how.brief = false;
    return (*witness)->result[check].verdict == CHECK_DIFFERS ? result : exact_check(c->arena, c->core, &c->core->checks.at[check], &how);
}

static ExactResult *run_exact(Compilation *c, int64_t seed, int64_t threads, bool *unequal) {
    ExactResult *result = ARENA_ARRAY(c->arena, ExactResult, c->core->checks.count);
    ExactOptions how = {.seed = (uint64_t)seed, .threads = (int)threads};
    CheckReport *witness = NULL;
    for (int i = 0; i < c->core->checks.count; i++) {
        if (is_integrated(c, &c->core->checks.at[i])) continue;
        result[i] = decide(c, i, how, &witness);
        exact_confirm(c->arena, c->core, &c->core->checks.at[i], &how, &result[i]);
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

/* `ordinary`: the numeric report is about the checks of the settled reading, too. */
static CheckFacts *all_facts(Compilation *c, const ExactResult *exact, const CheckReport *numeric, bool ordinary) {
    CheckFacts *facts = ARENA_ARRAY(c->arena, CheckFacts, c->core->checks.count);
    for (int i = 0; i < c->core->checks.count; i++) {
        const IrCheck *check = &c->core->checks.at[i];
        facts[i] = (CheckFacts){.check = check, .line = line_of(c, check->span), .text = text_of(c, check->span)};
        bool integrated = is_integrated(c, check);
        if (numeric && !numeric->error && (ordinary || integrated)) facts[i].numeric = &numeric->result[i];
        if (!exact || integrated) continue;
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
    if (!option_integer(c->options, OPTION_SEED, 0, INT64_MAX, &seed)) return EXIT_WRONG;
    if (!option_integer(c->options, OPTION_THREADS, 1, RT_THREADS_MOST, &threads)) return EXIT_WRONG;
    ExactResult *result = exact ? run_exact(c, seed, threads, &unequal) : NULL;
    CheckReport *report = NULL;
    int status = numeric || any_integrated(c) ? run_numeric(c, seed, result, numeric, &report) : EXIT_DONE;
    if (status != EXIT_DONE) return status;
    if (!numeric && unequal) {
        const CheckReport *steps = report;
        report = find_witness(c, seed, 0);
        if (steps) take_integrated(c, report, steps);
    }
    VerdictReport all = {c->name, c->core->checks.count, all_facts(c, result, report, numeric || unequal), report, rt_timer() - start};
    if (option_given(c->options, OPTION_JSON)) verdict_json(&all, stdout);
    else if (!exact) check_print(report, stdout);
    else verdict_print(&all, stdout);
    const char *path = option_value(c->options, OPTION_CERTIFICATE, NULL);
    if (path && exact) status = certificate_write(c, path, (uint64_t)seed, (int)threads);
    return status == EXIT_DONE ? exit_status(verdict_of_all(&all)) : status;
}

int command_check(Options *options) {
    double start = rt_timer();
    Compilation *c = phases_begin(options);
    if (option_given(options, OPTION_CERTIFICATE) && option_given(options, OPTION_NUMERIC) && !option_given(options, OPTION_EXACT)) {
        fprintf(stderr, "ctx: a certificate is of exact verdicts, and --numeric leaves them out\nhelp: leave out --numeric\n");
        phases_end(c);
        return EXIT_WRONG;
    }
    if (option_given(options, OPTION_CERTIFICATE) && strcmp(option_value(options, OPTION_MODE, "settled"), "settled") != 0) {
        fprintf(stderr, "ctx: a certificate is of the settled reading, and --mode %s came\nhelp: leave out --mode\n", option_value(options, OPTION_MODE, ""));
        phases_end(c);
        return EXIT_WRONG;
    }
    c->expose_checks = true;
    int status = files_keep_source(options->file, option_value(options, OPTION_CERTIFICATE, NULL), "--certificate");
    if (status == EXIT_DONE) status = phases_reach(c, PHASE_OPTIMISE);
    if (status == EXIT_DONE) status = check(c, start);
    phases_end(c);
    return status;
}
