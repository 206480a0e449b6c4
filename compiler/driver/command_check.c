#include <stdlib.h>
#include <string.h>

#include "core/plan.h"
#include "driver/commands.h"
#include "driver/runner.h"
#include "exact/exact.h"

static int exit_status(const CheckReport *report) {
    switch (report->verdict) {
    case CHECK_HOLDS: return EXIT_DONE;
    case CHECK_MACHINE: return EXIT_MACHINE;
    default: return EXIT_REFUTED;
    }
}

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

static int check(Compilation *c) {
    int64_t seed = 1;
    if (!option_integer(c->options, OPTION_SEED, 0, &seed)) return EXIT_WRONG;
    int64_t threads = 0;
    if (!option_integer(c->options, OPTION_THREADS, 1, &threads)) return EXIT_WRONG;
    NativeRunner runner;
    Weights weights = {0};
    int status = runner_open(c, &runner);
    if (status == EXIT_DONE) status = weights_of_file(c, runner_program(&runner), &weights);
    if (status == EXIT_DONE) {
        bool twice = strcmp(option_value(c->options, OPTION_PRECISION, "f32"), "f64") == 0;
        CheckInput input = {.source = c->core, .scheduled = c->optimised, .native = &runner, .seed = (uint64_t)seed,
                            .arithmetic = twice ? ref_float64() : ref_float32(), .weight_count = weights.count, .weight = weights.at};
        CheckReport *report = check_run(c->arena, &input);
        if (option_given(c->options, OPTION_JSON)) check_json(report, stdout);
        else check_print(report, stdout);
        status = exit_status(report);
    }
    runner_close(&runner);
    return status;
}

static const char *place(const Compilation *c, Span at) {
    int line, column;
    if (at.end <= at.begin) return "";
    diag_position(c->diagnostics, at, &line, &column);
    return arena_printf(c->arena, " (line %d)", line);
}

static void print_exact(const Compilation *c, const IrCheck *check, const ExactResult *r) {
    static const char *const verdict[] = {"equal as real functions", "not equal in the field", "undecided"};
    printf("%s%s: %s\n", check->name, place(c, check->span), verdict[r->verdict]);
    if (r->verdict == EXACT_EQUAL) printf("  error probability < 1e-%d\n", (int)(r->error_bits * 0.30103));
    if (*r->shapes) printf("  shapes: %s\n", r->shapes);
    if (r->why) printf("  %s%s\n", r->why, r->verdict == EXACT_UNDECIDED ? place(c, r->where) : "");
    for (int i = 0; i < r->assumption_count; i++) printf("  assumes: %s\n", r->assumption[i]);
    for (int i = 0; i < r->shape_count; i++) {
        const ExactShape *e = &r->shape[i];
        printf("  %s: %d x %d primes x %d points, exponents %d, cuts %d, 1e-%d\n", e->sizes, e->batches, e->primes, e->points,
               e->exponents, e->cuts, (int)(e->error_bits * 0.30103));
    }
    printf("  operations %.3g\n", r->operations);
}

static int check_exact(Compilation *c) {
    int64_t seed = 1;
    bool all = true;
    if (!option_integer(c->options, OPTION_SEED, 0, &seed)) return EXIT_WRONG;
    ExactOptions how = {.seed = (uint64_t)seed, .threads = 2};
    for (int i = 0; i < c->core->checks.count; i++) {
        ExactResult r = exact_check(c->arena, c->core, &c->core->checks.at[i], &how);
        print_exact(c, &c->core->checks.at[i], &r);
        all &= r.verdict == EXACT_EQUAL;
    }
    return all ? EXIT_DONE : EXIT_REFUTED;
}

int command_check(Options *options) {
    Compilation *c = phases_begin(options);
    if (option_given(options, OPTION_EXACT)) {
        int status = phases_reach(c, PHASE_SETTLE);
        if (status == EXIT_DONE) status = check_exact(c);
        phases_end(c);
        return status;
    }
    c->expose_checks = true;
    int status = phases_reach(c, PHASE_OPTIMISE);
    if (status == EXIT_DONE) status = check(c);
    phases_end(c);
    return status;
}
