/* See settling.h. Both readings are compiled with every population as an output or a trace. */
#include "driver/settling.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "driver/native.h"
#include "driver/reading.h"
#include "sim/sim.h"

static const double MOST_BYTES = 5e8; /* of all samples; beyond, fewer are taken */
static const double NEAR = 0.01;
enum { LENGTH = 5 /* of bounded axes */, ORDER_STEPS = 24 /* steps that the order is measured over */ };

/* ---- one reading, compiled and planned ----------------------------------------------------------------------------- */
typedef struct Program {
    Compilation *c;
    CgModule *module;
    RtPlan *plan;
    const RtDescriptor *d;
    void **stimulus, **output; /* as a call takes them */
} Program;

static Options *with(Arena *arena, const Options *options, const char *mode, const char *dt, const char *cycle) {
    Options *copy = arena_copy(arena, options, sizeof *options);
    option_add(arena, copy, OPTION_MODE, mode);
    option_add(arena, copy, OPTION_PRECISION, "f64");
    if (dt) option_add(arena, copy, OPTION_DT, dt);
    if (cycle) option_add(arena, copy, OPTION_CYCLE, cycle);
    return copy;
}

static int fail(const char *message) {
    fprintf(stderr, "ctx settle: %s\n", message);
    return EXIT_WRONG;
}

static int make_plan(Program *p, const CtxProgram *program, int64_t seed) {
    RtConfig *config = rt_config_new(program);
    const RtDescriptor *d = rt_config_descriptor(config);
    const char *weights = option_value(p->c->options, OPTION_WEIGHTS, NULL);
    rt_config_seed(config, (uint64_t)seed);
    for (int i = 0; d && i < d->axes; i++)
        if (d->axis[i].bounded) rt_config_axis(config, d->axis[i].name, d->axis[i].size < LENGTH ? d->axis[i].size : LENGTH);
    if (weights) rt_config_weights_file(config, weights);
    p->plan = rt_plan_new(config);
    int status = p->plan ? EXIT_DONE : (int)rt_config_status(config);
    if (!p->plan) fail(rt_config_message(config));
    else p->d = rt_plan_descriptor(p->plan);
    rt_config_free(config);
    return status;
}

/* Standard normal stimuli, the same for both readings since they go by the name; room for the outputs. */
static int make_data(Program *p, int64_t seed) {
    static const RtDraw normal = {RT_DRAW_NORMAL, 0, 1};
    int stimuli = 0, outputs = 0;
    p->stimulus = calloc((size_t)p->d->buffers + 1, sizeof *p->stimulus);
    p->output = calloc((size_t)p->d->buffers + 1, sizeof *p->output);
    for (int i = 0; i < p->d->buffers; i++) {
        RtRole role = p->d->buffer[i].role;
        int64_t shape[RT_MAX_RANK];
        if (role != RT_STIMULUS && role != RT_OUTPUT) continue;
        int64_t count = rt_shape_count(rt_plan_shape(p->plan, i, shape), shape);
        void *data = rt_aligned((size_t)count * rt_type_size(p->d->type));
        if (!data) return fail("not enough memory"), EXIT_MACHINE;
        if (role == RT_STIMULUS) {
            rt_draw(&normal, (uint64_t)seed, p->d->buffer[i].name, count, p->d->type, data);
            p->stimulus[stimuli++] = data;
        } else p->output[outputs++] = data;
    }
    return EXIT_DONE;
}

static int open_program(Program *p, const Options *options, int64_t seed) {
    const CtxProgram *program;
    p->c = phases_begin(options);
    p->c->drop_checks = p->c->watch_populations = true;
    int status = phases_reach(p->c, PHASE_OPTIMISE);
    if (status == EXIT_DONE) status = native_load(p->c, &p->module, &program);
    if (status == EXIT_DONE) status = make_plan(p, program, seed);
    return status == EXIT_DONE ? make_data(p, seed) : status;
}

static void close_program(Program *p) {
    for (int i = 0; p->stimulus && p->stimulus[i]; i++) free(p->stimulus[i]);
    for (int i = 0; p->output && p->output[i]; i++) free(p->output[i]);
    free(p->stimulus);
    free(p->output);
    rt_plan_free(p->plan);
    cg_free(p->module);
    if (p->c) phases_end(p->c);
    *p = (Program){0};
}

/* Data of an output by name; NULL: there is none. */
static const double *output_named(const Program *p, const char *name, int64_t *count) {
    for (int i = 0, o = 0; i < p->d->buffers; i++) {
        int64_t shape[RT_MAX_RANK];
        if (p->d->buffer[i].role != RT_OUTPUT) continue;
        *count = rt_shape_count(rt_plan_shape(p->plan, i, shape), shape);
        if (strcmp(p->d->buffer[i].name, name) == 0) return p->output[o];
        o++;
    }
    return NULL;
}

/* ---- how far, how soon --------------------------------------------------------------------------------------------- */
typedef struct Trace {
    const double *sample; /* [samples][units] */
    int64_t samples, units, a_cycle; /* samples of a cycle */
    const double *settled; /* [cycles][units], or [units] */
    bool by_cycle;
} Trace;

/* fmax would pass over what is not a number. */
static double worse(double a, double b) {
    return isnan(a) || b <= a ? a : b;
}

static double largest(const double *x, int64_t count) {
    double most = 0;
    for (int64_t i = 0; i < count; i++) most = worse(most, fabs(x[i]));
    return most;
}

static double distance(const Trace *t, int64_t sample) {
    const double *target = t->settled + (t->by_cycle ? sample / t->a_cycle * t->units : 0), *now = t->sample + sample * t->units;
    double most = 0;
    for (int64_t i = 0; i < t->units; i++) most = worse(most, fabs(now[i] - target[i]));
    return most;
}

/* The slowest cycle counts; of a population without cycles, the last. */
static void judge(const Trace *t, double scale, double seconds_a_sample, SettlingRow *row) {
    int64_t cycles = t->samples / t->a_cycle;
    for (int64_t n = t->by_cycle ? 0 : cycles - 1; n < cycles; n++) {
        int64_t first = n * t->a_cycle, last = first + t->a_cycle - 1, k = last;
        row->off = worse(row->off, distance(t, last) / scale);
        while (k >= first && distance(t, k) <= NEAR * scale) k--;
        double within = k == last ? -1 : (double)(k + 2 - first) * seconds_a_sample;
        if (row->within >= 0) row->within = within < 0 ? -1 : fmax(row->within, within);
    }
}

static double tau_of(const DynamicReport *r, const char *population) {
    for (int i = 0; i < r->choices.count; i++)
        if (strcmp(r->choices.at[i].population, population) == 0) return r->choices.at[i].tau;
    return 0;
}

static int take_row(Settling *s, const Program *settled, RtSim *sim, int signal, RtError *error) {
    RtRecorder *recorder = rt_sim_recorder(sim);
    const RtSignal *from = &recorder->signal[signal];
    const RtPlan *plan = recorder->plan;
    const char *name = rt_plan_descriptor(plan)->buffer[from->buffer].name;
    int64_t count;
    RtTensor tensor;
    const double *target = output_named(settled, name, &count);
    if (!target) return EXIT_DONE;
    if (rt_recorder_tensor(recorder, signal, &tensor, error) != RT_OK) return (int)error->status;
    Trace t = {.sample = tensor.data, .samples = tensor.shape[0], .settled = target, .a_cycle = s->integration.steps / s->interval};
    t.units = rt_shape_count(tensor.rank - 1, tensor.shape + 1);
    t.by_cycle = count == t.units * (t.samples / t.a_cycle) && t.samples > t.a_cycle;
    SettlingRow *row = &s->row[s->count++];
    *row = (SettlingRow){.population = name, .tau = tau_of(&s->integration, name)};
    double scale = largest(target, count);
    judge(&t, scale > 0 ? scale : 1, s->integration.dt * (double)s->interval, row);
    rt_tensor_free(&tensor);
    return EXIT_DONE;
}

/* Steps between looks: a divisor of the cycle, so that its end is seen. */
static int64_t interval_of(const Program *p, int64_t steps) {
    double bytes = 0;
    for (int i = 0; i < p->d->buffers; i++) {
        int64_t shape[RT_MAX_RANK];
        if (p->d->buffer[i].role != RT_TRACE) continue;
        bytes += 8.0 * (double)rt_shape_count(rt_plan_shape(p->plan, i, shape), shape) * (double)steps * LENGTH;
    }
    int64_t interval = 1;
    while (bytes / (double)interval > MOST_BYTES || steps % interval) interval++;
    return interval < steps ? interval : steps;
}

static int watch(Arena *arena, Settling *s, const Program *settled, Program *dynamic) {
    RtError error = {0};
    RtSim *sim = rt_sim_new(dynamic->plan);
    s->integration = dynamic->c->integration;
    s->interval = interval_of(dynamic, s->integration.steps);
    rt_sim_interval(sim, s->interval);
    rt_sim_record(sim, NULL);
    rt_sim_cells_only(sim);
    if (rt_sim_open(sim) == RT_OK) rt_sim_run(sim, (const void *const *)dynamic->stimulus, dynamic->output);
    int status = (int)rt_sim_status(sim);
    if (status != EXIT_DONE) fail(rt_sim_message(sim));
    int signals = rt_sim_recorder(sim)->count;
    s->row = ARENA_ARRAY(arena, SettlingRow, signals + 1);
    for (int i = 0; i < signals && status == EXIT_DONE; i++) status = take_row(s, settled, sim, i, &error);
    if (error.status != RT_OK) fail(rt_error_message(&error));
    for (int i = 0; i < s->count; i++) s->row[i].population = arena_strdup(arena, s->row[i].population);
    rt_error_clear(&error);
    rt_sim_free(sim);
    return status;
}

/* ---- order of the method ------------------------------------------------------------------------------------------- */
/* The first output after a few steps, for three step widths: log2 of how the differences shrink. */
static int measure_order(Arena *arena, const Options *options, int64_t seed, Settling *s) {
    double *value[3] = {NULL};
    int64_t count = 0;
    double dt = s->integration.dt, difference[2] = {0, 0};
    char *cycle = arena_printf(arena, "%.17gs", dt * ORDER_STEPS);
    int status = EXIT_DONE;
    for (int i = 0; i < 3 && status == EXIT_DONE; i++) {
        Program p = {0};
        status = open_program(&p, with(arena, options, "dynamic", arena_printf(arena, "%.17gs", dt / (1 << i)), cycle), seed);
        int first = 0;
        while (status == EXIT_DONE && first < p.d->buffers && (p.d->buffer[first].role != RT_OUTPUT || p.d->buffer[first].recorded)) first++;
        if (status == EXIT_DONE && first < p.d->buffers && rt_plan_call(p.plan, (const void *const *)p.stimulus, p.output) == RT_OK) {
            const double *data = output_named(&p, p.d->buffer[first].name, &count);
            s->measured = arena_strdup(arena, p.d->buffer[first].name);
            value[i] = arena_copy(arena, data, sizeof *data * (size_t)count);
        }
        close_program(&p);
    }
    for (int k = 0; k < 2 && value[2]; k++)
        for (int64_t i = 0; i < count; i++) difference[k] = fmax(difference[k], fabs(value[k][i] - value[k + 1][i]));
    double noise = value[2] ? 1e-14 * fmax(1e-30, largest(value[2], count)) : 0;
    if (!value[2]) s->measured = NULL;
    else s->order = difference[1] <= noise ? INFINITY : log2(difference[0] / difference[1]);
    return status;
}

/* ---- the whole ----------------------------------------------------------------------------------------------------- */
static char *sizes_text(Arena *arena, const Program *p) {
    char *text = "";
    for (int i = 0; i < p->d->axes; i++) {
        const RtAxis *axis = &p->d->axis[i];
        if (!axis->bounded) continue;
        text = arena_printf(arena, "%s%s%s = %lld", text, *text ? ", " : "", axis->name, (long long)rt_plan_size(p->plan, i));
    }
    return text;
}

int settling_measure(Arena *arena, const Options *options, Settling *s) {
    int64_t seed = 1;
    Program settled = {0}, dynamic = {0};
    *s = (Settling){.sizes = ""};
    if (!option_integer(options, OPTION_SEED, 0, INT64_MAX, &seed)) return EXIT_WRONG;
    int status = open_program(&settled, with(arena, options, "settled", NULL, NULL), seed);
    if (status == EXIT_DONE) status = open_program(&dynamic, with(arena, options, "dynamic", NULL, NULL), seed);
    if (status == EXIT_DONE && rt_plan_call(settled.plan, (const void *const *)settled.stimulus, settled.output) != RT_OK)
        status = fail(rt_plan_message(settled.plan));
    if (status == EXIT_DONE) s->sizes = sizes_text(arena, &settled);
    if (status == EXIT_DONE) status = watch(arena, s, &settled, &dynamic);
    close_program(&dynamic);
    close_program(&settled);
    memset(&s->integration.choices, 0, sizeof s->integration.choices); /* they went with the program */
    return status == EXIT_DONE ? measure_order(arena, options, seed, s) : status;
}
