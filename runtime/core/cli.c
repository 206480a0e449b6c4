#include "core/cli.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cli_internal.h"
#include "io/range.h"
#include "sim/interrupt.h"
#include "sim/timer.h"

enum { DEFAULT_REPEAT = 10 };

/* ---- stimuli -------------------------------------------------------------------------------------------------------------- */
static RtStatus missing_stimulus(Cli *cli, const RtBuffer *b) {
    char *axes = rt_axes_text(cli->d, b);
    rt_fail(&cli->error, RT_USER, "stimulus %s is missing: give --%s FILE.npy with shape %s (or --%s random, --%s normal)", b->name, b->name,
            axes ? axes : "", b->name, b->name);
    free(axes);
    return cli->error.status;
}

static RtStatus read_stimulus(Cli *cli, int at) {
    RtTensor *t = &cli->tensor[at];
    if (rt_range_read(cli->source[at], cli->d->buffer[at].name, cli->d->type, t, &cli->error) != RT_OK) return cli->error.status;
    RtStatus status = rt_config_stimulus(cli->config, cli->d->buffer[at].name, t->rank, t->shape);
    return status == RT_OK ? RT_OK
                           : rt_fail(&cli->error, status, "%s: %s", cli->source[at], rt_config_message(cli->config));
}

/* A drawn stimulus takes the sizes that files and options fixed, else the bounds. */
static RtStatus size_drawn(Cli *cli, int at) {
    const RtBuffer *b = &cli->d->buffer[at];
    RtTensor *t = &cli->tensor[at];
    t->type = cli->d->type;
    t->rank = b->rank;
    for (int i = 0; i < b->rank; i++) {
        int64_t known = rt_config_size(cli->config, b->axis[i]);
        t->shape[i] = known ? known : cli->d->axis[b->axis[i]].size;
    }
    return rt_config_stimulus(cli->config, b->name, b->rank, t->shape) == RT_OK ? RT_OK : cli_take_config_error(cli);
}

static RtStatus draw_stimulus(Cli *cli, int at) {
    RtTensor *t = &cli->tensor[at], sized = *t;
    RtDraw draw = cli_draw(cli->source[at]);
    if (rt_tensor_new(t, sized.type, sized.rank, sized.shape, &cli->error) != RT_OK) return cli->error.status;
    rt_draw(&draw, cli->seed, cli->d->buffer[at].name, rt_shape_count(t->rank, t->shape), t->type, t->data);
    return RT_OK;
}

/* The file of a stimulus: read, or in the dynamic reading perhaps only opened. */
static RtStatus load_stimulus(Cli *cli, int at) {
    bool opened = false;
    if (cli_is_dynamic(cli) && cli_open_rows(cli, at, &opened) != RT_OK) return cli->error.status;
    return opened ? RT_OK : read_stimulus(cli, at);
}

/* Files first: they fix the sizes. */
static RtStatus load_stimuli(Cli *cli) {
    for (int drawn = 0; drawn < 2; drawn++) {
        for (int i = 0; i < cli->d->buffers && cli->error.status == RT_OK; i++) {
            if (cli->d->buffer[i].role != RT_STIMULUS) continue;
            if (!cli->source[i]) return missing_stimulus(cli, &cli->d->buffer[i]);
            if (cli_is_drawn(cli->source[i]) != drawn) continue;
            if (drawn) size_drawn(cli, i);
            else load_stimulus(cli, i);
        }
    }
    if (cli->error.status == RT_OK && cli_is_dynamic(cli)) cli_choose_streams(cli);
    for (int i = 0; i < cli->d->buffers && cli->error.status == RT_OK; i++) {
        bool whole = cli->d->buffer[i].role == RT_STIMULUS && !rt_config_window_of(cli->config, i) && !cli->tensor[i].data;
        if (whole && cli_is_drawn(cli->source[i])) draw_stimulus(cli, i);
        else if (whole) read_stimulus(cli, i);
    }
    return cli->error.status;
}

/* ---- calls ---------------------------------------------------------------------------------------------------------------- */
static RtStatus make_outputs(Cli *cli) {
    for (int i = 0; i < cli->d->buffers; i++) {
        int64_t shape[RT_MAX_RANK];
        if (cli->d->buffer[i].role != RT_OUTPUT) continue;
        int rank = rt_plan_shape(cli->plan, i, shape);
        if (rt_config_window_of(cli->config, i)) {
            cli->tensor[i] = (RtTensor){.type = cli->d->type, .rank = rank};
            memcpy(cli->tensor[i].shape, shape, sizeof shape);
        } else if (rt_tensor_new(&cli->tensor[i], cli->d->type, rank, shape, &cli->error) != RT_OK) return cli->error.status;
    }
    return RT_OK;
}

static int ascending(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* One call, and when times are wanted `repeat` more. */
static RtStatus call_timed(Cli *cli, const void *const *stimuli, void *const *outputs) {
    if (rt_plan_call(cli->plan, stimuli, outputs) != RT_OK)
        return rt_fail(&cli->error, RT_USER, "%s", rt_plan_message(cli->plan));
    if (cli->time && !cli->repeat) cli->repeat = DEFAULT_REPEAT;
    if (!cli->repeat) return RT_OK;
    double *ms = calloc((size_t)cli->repeat, sizeof *ms);
    if (!ms) return rt_no_memory(&cli->error, (double)cli->repeat * sizeof *ms, "times");
    for (int64_t i = 0; i < cli->repeat; i++) {
        double start = rt_timer();
        rt_plan_call(cli->plan, stimuli, outputs);
        ms[i] = (rt_timer() - start) * 1e3;
    }
    qsort(ms, (size_t)cli->repeat, sizeof *ms, ascending);
    cli->median_ms = ms[cli->repeat / 2];
    cli->best_ms = ms[0];
    free(ms);
    return RT_OK;
}

static RtStatus call(Cli *cli) {
    size_t count = (size_t)cli->d->buffers + 1;
    const void **stimuli = calloc(count, sizeof *stimuli);
    void **outputs = calloc(count, sizeof *outputs);
    int s = 0, o = 0;
    RtStatus status = RT_OK;
    if (!stimuli || !outputs) status = rt_no_memory(&cli->error, (double)count * 16, "a call");
    for (int i = 0; status == RT_OK && i < cli->d->buffers; i++) {
        if (cli->d->buffer[i].role == RT_STIMULUS) stimuli[s++] = cli->tensor[i].data;
        if (cli->d->buffer[i].role == RT_OUTPUT) outputs[o++] = cli->tensor[i].data;
    }
    if (status == RT_OK) status = cli_is_dynamic(cli) ? cli_run_sim(cli, stimuli, outputs) : call_timed(cli, stimuli, outputs);
    free(stimuli);
    free(outputs);
    return status;
}

/* ---- results -------------------------------------------------------------------------------------------------------------- */
/* Says on standard error where an output is not a number: the user must not find out later. */
static void warn_of_nan(const Cli *cli) {
    for (int i = 0; i < cli->d->buffers; i++) {
        const RtTensor *t = &cli->tensor[i];
        if (cli->d->buffer[i].role != RT_OUTPUT || !t->data) continue;
        int64_t count = rt_shape_count(t->rank, t->shape);
        for (int64_t k = 0; k < count; k++) {
            double value = rt_element(t->type, t->data, k);
            char text[RT_SHAPE_TEXT];
            if (isfinite(value)) continue;
            fprintf(stderr, "%s: warning: %s%s is %s\n", cli->name, cli->d->buffer[i].name, rt_index_text(text, t->rank, t->shape, k),
                    isnan(value) ? "NaN" : "infinite");
            break;
        }
    }
}

static RtStatus write_archive(Cli *cli) {
    size_t most = (size_t)cli->d->buffers + 1;
    const char **names = calloc(most, sizeof *names);
    RtTensor *tensors = calloc(most, sizeof *tensors);
    int count = 0;
    RtStatus status;
    if (names && tensors) {
        for (int i = 0; i < cli->d->buffers; i++) {
            if (cli->d->buffer[i].role != RT_OUTPUT) continue;
            names[count] = cli->d->buffer[i].name;
            tensors[count++] = cli->tensor[i]; /* borrowed */
        }
        status = rt_store_write(cli->archive, count, names, tensors, &cli->error);
    } else status = rt_no_memory(&cli->error, (double)most * sizeof *tensors, cli->archive);
    free(names);
    free(tensors);
    return status;
}

static RtStatus write_outputs(Cli *cli) {
    for (int i = 0; i < cli->d->buffers; i++)
        if (cli->target[i] && cli->tensor[i].data && rt_npy_write(cli->target[i], &cli->tensor[i], &cli->error) != RT_OK) return cli->error.status;
    return cli->archive ? write_archive(cli) : RT_OK;
}

static void print_notes(const Cli *cli) {
    if (cli->quiet || cli_is_again(cli)) return;
    fputs(rt_plan_notes(cli->plan), stderr);
    if (!cli->verbose) return;
    if (rt_plan_unused(cli->plan)) fprintf(stderr, "%s: %d more tensors are not used\n", cli->weights, rt_plan_unused(cli->plan));
    for (int i = 0; i < cli->d->axes; i++)
        fprintf(stderr, "axis %s: %lld\n", cli->d->axis[i].name, (long long)rt_plan_size(cli->plan, i));
    fprintf(stderr, "memory: %.4g MB, threads: %d, seed: %llu\n", (double)rt_plan_bytes(cli->plan) / 1e6, rt_plan_threads(cli->plan),
            (unsigned long long)cli->seed);
}

/* ---- from start to end ---------------------------------------------------------------------------------------------------- */
static RtStatus run(Cli *cli, int argc, char **argv) {
    if (cli_read_options(cli, argc, argv) != RT_OK) return cli->error.status;
    if (cli->help || cli->version) {
        if (cli->help) cli_print_help(cli);
        else cli_print_version(cli);
        return RT_OK;
    }
    if (cli->describe) {
        cli_print_description(cli);
        return RT_OK;
    }
    if (cli_look_at_files(cli) != RT_OK || load_stimuli(cli) != RT_OK) return cli->error.status;
    cli->plan = rt_plan_new(cli->config);
    if (!cli->plan) return cli_take_config_error(cli);
    print_notes(cli);
    if (make_outputs(cli) != RT_OK || call(cli) != RT_OK || cli->interrupted || cli_is_rejected(cli)) return cli->error.status;
    warn_of_nan(cli);
    if (write_outputs(cli) != RT_OK || (cli->run && cli_finish_sim(cli) != RT_OK) || cli_print_results(cli) != RT_OK) return cli->error.status;
    return cli_compare(cli);
}

static RtStatus begin(Cli *cli, const CtxProgram *program) {
    cli->config = rt_config_new(program);
    if (!cli->config) return rt_no_memory(&cli->error, sizeof *cli, "a configuration");
    if (rt_config_status(cli->config) != RT_OK) return cli_take_config_error(cli);
    cli->program = program;
    cli->d = rt_config_descriptor(cli->config);
    size_t buffers = (size_t)cli->d->buffers + 1;
    cli->source = calloc(buffers, sizeof *cli->source);
    cli->target = calloc(buffers, sizeof *cli->target);
    cli->expected = calloc(buffers, sizeof *cli->expected);
    cli->tensor = calloc(buffers, sizeof *cli->tensor);
    cli->rows = calloc(buffers, sizeof *cli->rows);
    cli->sums = calloc(buffers, sizeof *cli->sums);
    for (size_t i = 0; cli->rows && i < buffers; i++) cli->rows[i].file = -1;
    if (!cli->rows || !cli->sums || !cli->source || !cli->target || !cli->expected || !cli->tensor) return rt_no_memory(&cli->error, (double)buffers * sizeof *cli->tensor, "tensors");
    return RT_OK;
}

static void end(Cli *cli) {
    rt_sim_free(cli->run);
    for (int i = 0; cli->tensor && i < cli->d->buffers; i++) rt_tensor_free(&cli->tensor[i]);
    for (int i = 0; cli->rows && i < cli->d->buffers; i++) rt_npy_close(&cli->rows[i]);
    free(cli->rows);
    free(cli->sums);
    free(cli->sim.record);
    for (int i = 0; i < cli->entries; i++) free(cli->entry[i]);
    free(cli->entry);
    free(cli->tensor);
    free(cli->expected);
    free(cli->target);
    free(cli->source);
    rt_plan_free(cli->plan);
    rt_config_free(cli->config);
    rt_error_clear(&cli->error);
}

int rt_main(const CtxProgram *program, const char *name, int argc, char **argv) {
    return rt_main_attempt(program, name, argc, argv, NULL);
}

int rt_main_attempt(const CtxProgram *program, const char *name, int argc, char **argv, RtAttempt *attempt) {
    Cli cli = {.name = name, .seed = 1, .tolerance = 1e-5, .sim.tolerance = 1e-6, .attempt = attempt};
    if (attempt) attempt->rejected = false;
    if (begin(&cli, program) == RT_OK) run(&cli, argc, argv);
    if (cli.error.status == RT_OK && (fflush(stdout) != 0 || ferror(stdout)))
        rt_fail(&cli.error, RT_MACHINE, "standard output cannot be written");
    int status = (int)cli.error.status;
    int interrupted = cli.interrupted;
    bool refuted = cli.refuted;
    if (status != RT_OK) fprintf(stderr, "%s: %s\n", name, rt_error_message(&cli.error));
    end(&cli);
    if (interrupted) rt_interrupt_again(interrupted);
    return status == RT_OK && refuted ? 1 : status;
}
