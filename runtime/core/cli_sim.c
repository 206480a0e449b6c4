/* The command line's run of the dynamic reading: what is streamed, what is recorded, what an interrupt leaves. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/cli_internal.h"
#include "io/hash.h"
#include "io/range.h"
#include "sim/duration.h"
#include "sim/interrupt.h"
#include "sim/plot.h"
#include "sim/stream.h"

static const double CHECKPOINT_SECONDS = 1; /* simulated, between checkpoints, unless --every says otherwise */

static RtStatus take_run_error(Cli *cli) { return rt_fail(&cli->error, rt_sim_status(cli->run), "%s", rt_sim_message(cli->run)); }

/* ---- streams ---------------------------------------------------------------------------------------------------------------- */
/* Some rows of a file are read at once. */
static bool is_part(const char *source) {
    RtRange range = rt_range_of(source);
    free(range.path);
    return range.end != -1;
}

RtStatus cli_open_rows(Cli *cli, int at, bool *opened) {
    const RtBuffer *b = &cli->d->buffer[at];
    RtNpyFile *file = &cli->rows[at];
    *opened = false;
    if (rt_stream_part(cli->program, b) < 0 || is_part(cli->source[at])) return RT_OK;
    if (rt_npy_open(cli->source[at], file, opened, &cli->error) != RT_OK) return cli->error.status;
    if (*opened && file->rank != b->rank) { /* a batch, or a mistake that the configuration names */
        rt_npy_close(file);
        *opened = false;
    }
    if (!*opened) return RT_OK;
    if (rt_config_stimulus(cli->config, b->name, file->rank, file->shape) == RT_OK) return RT_OK;
    return rt_fail(&cli->error, rt_config_status(cli->config), "%s: %s", cli->source[at], rt_config_message(cli->config));
}

/* Could it be streamed, as far as the command line goes? Outputs that are printed or compared are needed as a whole. */
static bool may_stream(const Cli *cli, int at) {
    const RtBuffer *b = &cli->d->buffer[at];
    if (rt_stream_part(cli->program, b) < 0) return false;
    if (b->role == RT_STIMULUS) return cli_is_drawn(cli->source[at]) || cli->rows[at].file >= 0;
    return b->role == RT_OUTPUT && cli->target[at] && !cli->expected[at] && !cli->archive;
}

/* Bytes of one row, along the first axis. */
static int64_t row_bytes(const Cli *cli, const RtBuffer *b) {
    int64_t shape[RT_MAX_RANK];
    for (int i = 1; i < b->rank; i++) shape[i - 1] = rt_config_size(cli->config, b->axis[i]);
    return rt_shape_count(b->rank - 1, shape) * (int64_t)rt_type_size(cli->d->type);
}

/* Reads a stimulus through: its values are good, and its checksum is known before the run. */
static RtStatus read_through(Cli *cli, int at, int64_t rows) {
    RtNpyFile *file = &cli->rows[at];
    size_t row = (size_t)file->row * rt_type_size(cli->d->type);
    void *window = malloc((size_t)rows * row);
    RtHash hash = {0};
    if (!window) return rt_no_memory(&cli->error, (double)rows * (double)row, cli->d->buffer[at].name);
    for (int64_t first = 0; first < file->shape[0] && cli->error.status == RT_OK; first += rows) {
        int64_t count = file->shape[0] - first < rows ? file->shape[0] - first : rows;
        if (rt_npy_rows(file, first, count, cli->d->type, window, &cli->error) == RT_OK) rt_hash_add(&hash, window, (size_t)count * row);
    }
    free(window);
    cli->sums[at] = rt_hash_sum(&hash);
    return cli->error.status;
}

/* A batch runs item by item and needs everything; a sequence no longer than a window would gain nothing. */
RtStatus cli_choose_streams(Cli *cli) {
    int64_t largest = 0, cycles = 0;
    int part = -1;
    for (int i = 0; i < cli->d->buffers; i++) {
        const RtBuffer *b = &cli->d->buffer[i];
        if (!may_stream(cli, i)) continue;
        if (part < 0) part = rt_stream_part(cli->program, b);
        cycles = rt_config_size(cli->config, b->axis[0]);
        if (row_bytes(cli, b) > largest) largest = row_bytes(cli, b);
    }
    int64_t rows = rt_stream_rows(largest);
    bool stream = part >= 0 && cycles > rows && rt_config_batch_items(cli->config) == 1;
    for (int i = 0; i < cli->d->buffers && cli->error.status == RT_OK; i++) {
        bool taken = stream && may_stream(cli, i) && rt_stream_part(cli->program, &cli->d->buffer[i]) == part;
        if (!taken) {
            rt_npy_close(&cli->rows[i]);
            continue;
        }
        if (rt_config_window(cli->config, cli->d->buffer[i].name, rows) != RT_OK) return cli_take_config_error(cli);
        if (cli->rows[i].file >= 0) read_through(cli, i, rows);
    }
    return cli->error.status;
}

static RtStatus add_streams(Cli *cli) {
    for (int i = 0; i < cli->d->buffers && rt_sim_status(cli->run) == RT_OK; i++) {
        if (!rt_config_window_of(cli->config, i)) continue;
        if (cli->d->buffer[i].role == RT_OUTPUT) {
            rt_sim_stream_output(cli->run, i, cli->target[i]);
        } else if (cli->rows[i].file >= 0) {
            rt_sim_stream_file(cli->run, i, &cli->rows[i]);
        } else {
            RtDraw draw = cli_draw(cli->source[i]);
            rt_sim_stream_drawn(cli->run, i, &draw, cli->seed);
        }
    }
    return rt_sim_status(cli->run);
}

/* ---- what is asked ---------------------------------------------------------------------------------------------------------- */
static RtStatus steps_of(Cli *cli, const char *option, double seconds, int64_t *steps) {
    double dt = cli->d->dt;
    if (!(dt > 0)) return rt_fail(&cli->error, RT_USER, "%s: this program does not say how long its step is", option);
    return rt_duration_steps(option, seconds, dt, steps, &cli->error);
}

static RtStatus ask_record(Cli *cli) {
    int64_t steps = cli->attempt ? cli->attempt->now.parts : 1;
    bool all = !cli->sim.records && (cli->sim.traces || cli->sim.plot);
    for (int i = 0; i < cli->sim.records; i++) rt_sim_record(cli->run, cli->sim.record[i]);
    if (all) rt_sim_record(cli->run, NULL);
    if (rt_sim_status(cli->run) != RT_OK) return take_run_error(cli);
    if ((all || cli->sim.interval > 0) && !rt_sim_recorder(cli->run)->count)
        return rt_fail(&cli->error, RT_USER, all ? "nothing is recorded in this program\nhelp: add `record NAME;` to the circuit, or compile it with "
                                                   "--record NAME"
                                                 : "--interval: nothing is recorded (--record)");
    if (cli->sim.interval > 0 && steps_of(cli, "--interval", cli->sim.interval, &steps) != RT_OK) return cli->error.status;
    rt_sim_interval(cli->run, steps);
    if (cli->sim.traces) rt_sim_traces(cli->run, cli->sim.traces);
    return rt_sim_status(cli->run) == RT_OK ? RT_OK : take_run_error(cli);
}

static RtStatus ask_checkpoint(Cli *cli) {
    int64_t steps;
    for (int i = 0; i < cli->d->buffers; i++) {
        const RtTensor *t = &cli->tensor[i];
        if (cli->d->buffer[i].role != RT_STIMULUS || cli->rows[i].file >= 0) continue;
        cli->sums[i] = t->data ? rt_hash_of(t->data, (size_t)rt_shape_count(t->rank, t->shape) * rt_type_size(t->type))
                               : rt_hash_of(cli->source[i], strlen(cli->source[i]));
    }
    rt_sim_inputs(cli->run, cli->sums);
    if (cli->sim.every > 0 && !cli->sim.checkpoint) return rt_fail(&cli->error, RT_USER, "--every: give --checkpoint FILE too");
    if (cli->sim.checkpoint) {
        double every = cli->sim.every > 0 ? cli->sim.every : CHECKPOINT_SECONDS;
        if (cli->sim.every > 0) {
            if (steps_of(cli, "--every", every, &steps) != RT_OK) return cli->error.status;
        } else steps = cli->d->dt > 0 && every > cli->d->dt ? (int64_t)(every / cli->d->dt + 0.5) : 1000;
        rt_sim_checkpoint(cli->run, cli->sim.checkpoint, steps);
    }
    if (cli->sim.resume) rt_sim_resume(cli->run, cli->sim.resume);
    return rt_sim_status(cli->run) == RT_OK ? RT_OK : take_run_error(cli);
}

static RtStatus ask(Cli *cli) {
    cli->run = rt_sim_new(cli->plan);
    if (!cli->run) return rt_no_memory(&cli->error, 1024, "a run");
    if (rt_sim_status(cli->run) != RT_OK || add_streams(cli) != RT_OK) return take_run_error(cli);
    if (ask_record(cli) != RT_OK || ask_checkpoint(cli) != RT_OK || cli_ask_tolerance(cli) != RT_OK) return cli->error.status;
    if (cli->sim.plot && rt_recorder_is_csv(rt_sim_recorder(cli->run)))
        return rt_fail(&cli->error, RT_USER, "--plot: text is not read back; let --traces be .safetensors");
    if (cli->sim.plot) rt_recorder_read_back(rt_sim_recorder(cli->run));
    if (!cli->quiet) rt_sim_progress(cli->run, rt_progress_new(stderr, isatty(STDERR_FILENO)));
    return rt_sim_open(cli->run) == RT_OK ? RT_OK : take_run_error(cli);
}

/* ---- the run ---------------------------------------------------------------------------------------------------------------- */
static void say_what_is_recorded(const Cli *cli) {
    char *text = rt_recorder_text(rt_sim_recorder(cli->run), rt_sim_clock(cli->run));
    if (text && !cli->quiet && !cli_is_again(cli)) fprintf(stderr, "%s\n", text);
    free(text);
}

static void say_interrupted(Cli *cli) {
    char at[RT_CLOCK_TEXT];
    const RtClock *clock = rt_sim_clock(cli->run);
    rt_clock_text(clock, at, clock->step);
    const char *from = cli->sim.checkpoint ? cli->sim.checkpoint : cli->sim.resume;
    if (from)
        fprintf(stderr, "%s: interrupted at %s; continue with --resume %s and the same options\n", cli->name, at, from);
    else fprintf(stderr, "%s: interrupted at %s; nothing was written\n", cli->name, at);
}

static bool stop(void *data) {
    (void)data;
    return rt_interrupted() != 0;
}

RtStatus cli_run_sim(Cli *cli, const void *const *stimuli, void *const *outputs) {
    RtInterrupt interrupt;
    if (ask(cli) != RT_OK) return cli->error.status;
    say_what_is_recorded(cli);
    rt_sim_stop_when(cli->run, stop, NULL);
    rt_interrupt_catch(&interrupt);
    RtStatus status = rt_sim_run(cli->run, stimuli, outputs);
    rt_interrupt_release(&interrupt);
    bool stopped = rt_sim_stopped(cli->run) && rt_interrupted();
    if (!stopped && cli_judge_steps(cli) != RT_OK) return cli->error.status;
    if (cli_is_rejected(cli)) return RT_OK;
    if (status != RT_OK) return take_run_error(cli);
    if (stopped) {
        cli->interrupted = rt_interrupted();
        say_interrupted(cli);
    }
    return RT_OK;
}

/* ---- the picture ------------------------------------------------------------------------------------------------------------ */
static double *times_of(Cli *cli, const RtSignal *signal) {
    RtClock clock = *rt_sim_clock(cli->run);
    double *times = malloc((size_t)signal->samples * sizeof *times);
    rt_clock_seek(&clock, signal->part, 0);
    for (int64_t n = 0; times && n < signal->samples; n++) times[n] = rt_clock_time(&clock, (n + 1) * rt_sim_recorder(cli->run)->interval);
    if (!times) rt_no_memory(&cli->error, (double)signal->samples * sizeof *times, "a picture");
    return times;
}

static RtStatus fill_panel(Cli *cli, int signal, RtPanel *panel) {
    RtRecorder *r = rt_sim_recorder(cli->run);
    const RtSignal *s = &r->signal[signal];
    const RtBuffer *b = &cli->d->buffer[s->buffer];
    *panel = (RtPanel){.name = b->name, .unit = b->unit, .axes = rt_select_axes(&s->kept), .time = times_of(cli, s)};
    if (!panel->axes) rt_no_memory(&cli->error, 64, "a picture");
    if (cli->error.status == RT_OK) rt_recorder_tensor(r, signal, &panel->samples, &cli->error);
    return cli->error.status;
}

/* The picture as text, from samples that are read back before their files take their names. */
static char *draw(Cli *cli, size_t *length) {
    RtRecorder *r = rt_sim_recorder(cli->run);
    RtPanel *panels = calloc((size_t)r->count + 1, sizeof *panels);
    const CtxPart *part = &cli->program->part[r->signal[0].part];
    const RtClock *clock = rt_sim_clock(cli->run);
    char *text = NULL;
    if (!panels) rt_no_memory(&cli->error, (double)r->count * sizeof *panels, "a picture");
    for (int i = 0; i < r->count && cli->error.status == RT_OK; i++) fill_panel(cli, i, &panels[i]);
    RtPlot plot = {.title = cli->d->name, .steps = !(clock->dt > 0), .cycle = (double)part->steps * (clock->dt > 0 ? clock->dt : 1), .count = r->count,
                   .panel = panels};
    if (cli->error.status == RT_OK) text = rt_plot_svg(&plot, length, &cli->error);
    for (int i = 0; panels && i < r->count; i++) {
        rt_tensor_free(&panels[i].samples);
        free((void *)(uintptr_t)panels[i].time);
        free((void *)(uintptr_t)panels[i].axes);
    }
    free(panels);
    return text;
}

RtStatus cli_finish_sim(Cli *cli) {
    size_t length = 0;
    char *picture = cli->sim.plot ? draw(cli, &length) : NULL;
    if (cli->error.status == RT_OK && rt_sim_commit(cli->run) != RT_OK) take_run_error(cli);
    if (cli->error.status == RT_OK && picture) rt_file_write(cli->sim.plot, &(RtPiece){picture, length}, 1, &cli->error);
    free(picture);
    return cli->error.status;
}
