/* What a compiled circuit prints: help from its own names, results as text or JSON. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cli_internal.h"
#include "sim/duration.h"

enum { SHOWN = 6, SHOWN_WHOLE = 16 }; /* values of an output that are printed: of a large one, of a small one */

static void print_tensor_line(const Cli *cli, const RtBuffer *b, const char *value) {
    char left[128], *axes = rt_axes_text(cli->d, b);
    snprintf(left, sizeof left, "--%s %s", b->name, value);
    printf("  %-30s %s%s%s", left, axes ? axes : "", b->unit ? " " : "", b->unit ? b->unit : "");
    if (b->tensor) printf(b->draw.kind == RT_DRAW_LIST ? "  pairs \"%s\"" : "  tensor \"%s\"", b->tensor);
    puts("");
    free(axes);
}

static void print_tensors(const Cli *cli, RtRole role, bool recorded, const char *title, const char *value) {
    int count = 0;
    for (int i = 0; i < cli->d->buffers; i++) {
        const RtBuffer *b = &cli->d->buffer[i];
        if (b->role != role || b->recorded != recorded) continue;
        if (count++ == 0) printf("\n%s\n", title);
        print_tensor_line(cli, b, value);
    }
}

/* "settled reading", or the times of the dynamic one. */
static void print_reading(const Cli *cli) {
    char dt[RT_DURATION_TEXT], cycle[RT_DURATION_TEXT];
    if (!cli_is_dynamic(cli)) puts("settled reading.");
    else if (!(cli->d->dt > 0)) puts("dynamic reading.");
    else if (!(cli->d->cycle > 0)) printf("dynamic reading: steps of %s.\n", rt_duration_text(dt, cli->d->dt));
    else printf("dynamic reading: steps of %s, cycles of %s.\n", rt_duration_text(dt, cli->d->dt), rt_duration_text(cycle, cli->d->cycle));
}

static void print_traces(const Cli *cli) {
    int count = 0;
    for (int i = 0; i < cli->d->buffers; i++) {
        const RtBuffer *b = &cli->d->buffer[i];
        if (b->role != RT_TRACE) continue;
        if (count++ == 0) puts("\nrecorded while the clock runs (--record):");
        char *axes = rt_axes_text(cli->d, b);
        printf("  %-30s %s%s%s\n", b->name, axes ? axes : "", b->unit ? " " : "", b->unit ? b->unit : "");
        free(axes);
    }
}

/* Help of two lines is that of either reading. */
static void print_options(const Cli *cli) {
    static const struct {
        const char *name, *value, *help;
        CliReading reading;
    } rows[] = {
#define CLI_OPTION(id, name, value, reading, help) {name, value, help, CLI_##reading},
#include "core/cli_options.def"
#undef CLI_OPTION
    };
    puts("\noptions:");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char left[64];
        const char *second = strchr(rows[i].help, '\n'), *help = second && cli_is_dynamic(cli) ? second + 1 : rows[i].help;
        if (!(rows[i].reading & cli_reading(cli))) continue;
        snprintf(left, sizeof left, "%s%s%s", rows[i].name, rows[i].value ? " " : "", rows[i].value ? rows[i].value : "");
        printf("  %-24s %.*s\n", left, (int)strcspn(help, "\n"), help);
    }
    if (cli_is_dynamic(cli)) puts("\nTimes have a unit: 20ms, 0.1 ms, 1s, 10min (ns, us, ms, s, min, h).");
}

void cli_print_help(const Cli *cli) {
    printf("usage: %s [OPTIONS]\n\nRuns the circuit %s (%s, %s), ", cli->name, cli->d->name, cli->d->compiler,
           cli->d->type == RT_F64 ? "float64" : "float32");
    print_reading(cli);
    print_tensors(cli, RT_STIMULUS, false, "stimuli: a .npy file; or `random` (uniform, -1 to 1) or `normal`, drawn from --seed", "FILE");
    print_tensors(cli, RT_WEIGHT, false, "weights, one by one from .npy files (--weights takes them together):", "FILE");
    print_tensors(cli, RT_OUTPUT, false, "outputs:", "FILE");
    print_tensors(cli, RT_OUTPUT, true, "recorded:", "FILE");
    print_traces(cli);
    print_options(cli);
    puts("\nA leading extra dimension of the data is a batch; x.npy[0:100] is the first 100 items of a file, or rows of a sequence. Exit status:\n"
         "0 done, 1 an output is not what --expect says, 2 the call or the data is wrong, 3 the machine failed (memory, disk), 70 a fault\n"
         "of ctx itself.");
}

void cli_print_version(const Cli *cli) {
    printf("%s (%s, %s)\n", cli->d->name, cli->d->compiler, cli->d->type == RT_F64 ? "float64" : "float32");
}

typedef struct Summary {
    double least, most, mean;
} Summary;

static Summary summarise(const RtTensor *t, int64_t count) {
    Summary s = {INFINITY, -INFINITY, 0};
    for (int64_t i = 0; i < count; i++) {
        double value = rt_element(t->type, t->data, i);
        if (!(value >= s.least)) s.least = value;
        if (!(value <= s.most)) s.most = value;
        s.mean += value;
    }
    s.mean /= (double)count;
    return s;
}

static int64_t shown_of(int64_t count) { return count <= SHOWN_WHOLE ? count : SHOWN; }

static void print_text(const RtBuffer *b, const RtTensor *t) {
    char shape[RT_SHAPE_TEXT];
    int64_t count = rt_shape_count(t->rank, t->shape);
    Summary s = summarise(t, count);
    printf("%s %s%s%s", b->name, rt_shape_text(shape, t->rank, t->shape), b->unit ? " " : "", b->unit ? b->unit : "");
    if (count > SHOWN_WHOLE) printf("  min %.6g  max %.6g  mean %.6g", s.least, s.most, s.mean);
    printf("\n ");
    for (int64_t i = 0; i < shown_of(count); i++) printf(" %.7g", rt_element(t->type, t->data, i));
    puts(count > SHOWN_WHOLE ? " ..." : "");
}

/* JSON has no NaN or infinity: null stands for them. */
static json_t *number(double value) { return isfinite(value) ? json_real(value) : json_null(); }

static json_t *output_json(const RtBuffer *b, const RtTensor *t, const char *file) {
    int64_t count = t->data ? rt_shape_count(t->rank, t->shape) : 0;
    Summary s = summarise(t, count);
    json_t *shape = json_array(), *first = json_array();
    for (int i = 0; i < t->rank; i++) json_array_append_new(shape, json_integer(t->shape[i]));
    for (int64_t i = 0; i < shown_of(count); i++) json_array_append_new(first, number(rt_element(t->type, t->data, i)));
    return json_pack("{s:s, s:b, s:o, s:s?, s:o, s:o, s:o, s:o, s:s?}", "name", b->name, "recorded", b->recorded, "shape", shape, "unit",
                     b->unit, "min", number(s.least), "max", number(s.most), "mean", number(s.mean), "first", first, "file", file);
}

/* What the run of the dynamic reading was: steps, simulated and real seconds, and what it recorded in memory. */
static void add_run(json_t *all, const Cli *cli) {
    const RtClock *clock = rt_sim_clock(cli->run);
    json_object_set_new(all, "steps", json_integer(rt_clock_total(clock)));
    if (clock->dt > 0) json_object_set_new(all, "simulated_s", json_real((double)rt_clock_total(clock) * clock->dt));
    if (rt_sim_gauge(cli->run)->present) json_object_set_new(all, "local_error", number(rt_sim_gauge(cli->run)->largest));
    json_object_set_new(all, "run_s", json_real(rt_sim_seconds(cli->run)));
    json_object_set_new(all, "samples", json_integer(rt_sim_recorder(cli->run)->count ? rt_sim_recorder(cli->run)->signal[0].samples : 0));
}

static void print_json(const Cli *cli) {
    json_t *axes = json_object(), *outputs = json_array();
    for (int i = 0; i < cli->d->axes; i++) json_object_set_new(axes, cli->d->axis[i].name, json_integer(rt_plan_size(cli->plan, i)));
    for (int i = 0; i < cli->d->buffers; i++)
        if (cli->d->buffer[i].role == RT_OUTPUT)
            json_array_append_new(outputs, output_json(&cli->d->buffer[i], &cli->tensor[i], cli->target[i]));
    json_t *all = json_pack("{s:s, s:s, s:s, s:o, s:i, s:I, s:I, s:o}", "circuit", cli->d->name, "compiler", cli->d->compiler, "precision",
                            cli->d->type == RT_F64 ? "f64" : "f32", "axes", axes, "threads", rt_plan_threads(cli->plan), "memory_bytes",
                            (json_int_t)rt_plan_bytes(cli->plan), "seed", (json_int_t)cli->seed, "outputs", outputs);
    if (cli->run) add_run(all, cli);
    if (cli->repeat) {
        json_object_set_new(all, "ms_per_call", json_real(cli->median_ms));
        json_object_set_new(all, "best_ms", json_real(cli->best_ms));
        json_object_set_new(all, "calls", json_integer(cli->repeat));
    }
    json_dumpf(all, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(9));
    puts("");
    json_decref(all);
}

/* Numbers of the circuit, as the compiler counted them. */
void cli_print_description(const Cli *cli) {
    json_t *summary = json_object_get(cli->d->json, "summary");
    static const char *const names[] = {"areas", "columns", "populations", "synapses"};
    printf("%s:", cli->d->name);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        printf("%s %lld %s", i ? "," : "", (long long)json_integer_value(json_object_get(summary, names[i])), names[i]);
    printf(";");
    for (int i = 0; i < cli->d->axes; i++)
        printf("%s %s %s %lld", i ? "," : "", cli->d->axis[i].name, cli->d->axis[i].bounded ? "<=" : "=", (long long)cli->d->axis[i].size);
    puts("");
}

/* ---- comparison with a file ----------------------------------------------------------------------------------------------- */
static RtStatus compare(Cli *cli, int at) {
    const RtTensor *ours = &cli->tensor[at];
    const char *path = cli->expected[at], *name = cli->d->buffer[at].name;
    char had[RT_SHAPE_TEXT], wanted[RT_SHAPE_TEXT], place[RT_SHAPE_TEXT];
    RtTensor theirs = {0};
    if (rt_npy_read(path, cli->d->type, &theirs, &cli->error) != RT_OK) return cli->error.status;
    bool same = theirs.rank == ours->rank && !memcmp(theirs.shape, ours->shape, sizeof *ours->shape * (size_t)ours->rank);
    if (!same) {
        rt_fail(&cli->error, RT_USER, "%s has shape %s, but output %s has shape %s", path, rt_shape_text(had, theirs.rank, theirs.shape), name,
                rt_shape_text(wanted, ours->rank, ours->shape));
    } else {
        int64_t count = rt_shape_count(ours->rank, ours->shape), worst = 0;
        double most = 0;
        for (int64_t i = 0; i < count; i++) {
            double error = fabs(rt_element(ours->type, ours->data, i) - rt_element(theirs.type, theirs.data, i));
            if (!(error <= most)) most = error, worst = i;
        }
        bool holds = most <= cli->tolerance;
        cli->refuted |= !holds;
        printf("%s: max |error| %.3g against %s%s (at %s; tolerance %.3g)\n", name, most, path, holds ? "" : ": TOO LARGE",
               rt_index_text(place, ours->rank, ours->shape, worst), cli->tolerance);
    }
    rt_tensor_free(&theirs);
    return cli->error.status;
}

RtStatus cli_compare(Cli *cli) {
    for (int i = 0; i < cli->d->buffers && cli->error.status == RT_OK; i++)
        if (cli->expected[i]) compare(cli, i);
    return cli->error.status;
}

/* Samples in memory are shown as outputs are; those in files are there. */
static RtStatus print_samples(Cli *cli) {
    RtRecorder *r = rt_sim_recorder(cli->run);
    for (int i = 0; i < r->count && cli->error.status == RT_OK; i++) {
        RtTensor t;
        if (r->signal[i].column.draft || r->traces || rt_recorder_tensor(r, i, &t, &cli->error) != RT_OK) continue;
        print_text(&cli->d->buffer[r->signal[i].buffer], &t);
        rt_tensor_free(&t);
    }
    return cli->error.status;
}

static void print_run(Cli *cli) {
    const RtClock *clock = rt_sim_clock(cli->run);
    char simulated[RT_CLOCK_TEXT], took[RT_DURATION_TEXT];
    print_samples(cli);
    if (!cli->time) return;
    rt_clock_text(clock, simulated, rt_clock_total(clock) - clock->before);
    printf("%s in %s\n", simulated, rt_duration_short(took, rt_sim_seconds(cli->run)));
}

RtStatus cli_print_results(Cli *cli) {
    if (cli->quiet) return RT_OK;
    if (cli->json) print_json(cli);
    for (int i = 0; !cli->json && i < cli->d->buffers; i++)
        if (cli->d->buffer[i].role == RT_OUTPUT && !cli->target[i] && !cli->expected[i] && !cli->archive) print_text(&cli->d->buffer[i], &cli->tensor[i]);
    if (cli->run && !cli->json) print_run(cli);
    if (cli->repeat && !cli->json)
        printf("%.4g ms per call (median of %lld; best %.4g)\n", cli->median_ms, (long long)cli->repeat, cli->best_ms);
    return RT_OK;
}
