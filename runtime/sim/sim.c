#define _GNU_SOURCE
#include "sim/sim.h"

#include <stdlib.h>
#include <string.h>

#include "sim/sim_internal.h"
#include "sim/timer.h"

enum { FIRST_PIECE = 16 };                /* steps, until it is known how long one takes */
static const double PIECE_SECONDS = 0.05; /* an interrupt waits for so long */
static const double LOOK_BYTES = 1 << 16; /* outputs of this size are looked at in every cycle */

/* ---- making ----------------------------------------------------------------------------------------------------------------- */
RtSim *rt_sim_new(RtPlan *plan) {
    RtSim *s = calloc(1, sizeof *s);
    if (!s) return NULL;
    s->plan = plan;
    s->clock = rt_clock_new(plan->program, &plan->frame, plan->d.dt);
    s->piece = FIRST_PIECE;
    s->progress = rt_progress_new(NULL, false);
    s->inputs = calloc((size_t)plan->d.buffers + 1, sizeof *s->inputs);
    if (!s->inputs) rt_no_memory(&s->error, (double)plan->d.buffers * 8, "a run");
    s->gauge = rt_gauge_new(plan);
    if (plan->program->parts == 0) rt_fail(&s->error, RT_FAULT, "this program has no steps to run");
    if (s->error.status == RT_OK) rt_recorder_begin(&s->recorder, plan, &s->error);
    if (s->error.status == RT_OK) rt_streams_begin(&s->streams, plan, &s->error);
    return s;
}

void rt_sim_free(RtSim *s) {
    if (!s) return;
    /* what a checkpoint counts on stays */
    if (s->checkpoints || s->resumed) rt_recorder_leave(&s->recorder);
    if (s->checkpoints || s->resumed) rt_streams_leave(&s->streams);
    rt_recorder_end(&s->recorder);
    rt_streams_end(&s->streams);
    rt_watch_end(&s->watch);
    rt_checkpoint_close(s);
    free(s->checkpoint);
    free(s->resume);
    free(s->inputs);
    rt_error_clear(&s->error);
    free(s);
}

RtStatus rt_sim_status(const RtSim *s) { return s->error.status; }
const char *rt_sim_message(const RtSim *s) { return rt_error_message(&s->error); }
RtRecorder *rt_sim_recorder(RtSim *s) { return &s->recorder; }
const RtClock *rt_sim_clock(const RtSim *s) { return &s->clock; }
bool rt_sim_stopped(const RtSim *s) { return s->stopped; }
int rt_sim_checkpoints(const RtSim *s) { return s->checkpoints; }
double rt_sim_seconds(const RtSim *s) { return s->seconds; }
const RtGauge *rt_sim_gauge(const RtSim *s) { return &s->gauge; }

/* ---- what is asked ---------------------------------------------------------------------------------------------------------- */
RtStatus rt_sim_record(RtSim *s, const char *list) {
    if (s->error.status != RT_OK) return s->error.status;
    return list ? rt_recorder_add(&s->recorder, list, &s->error) : rt_recorder_add_all(&s->recorder, &s->error);
}

RtStatus rt_sim_traces(RtSim *s, const char *path) {
    return s->error.status != RT_OK ? s->error.status : rt_recorder_traces(&s->recorder, path, &s->error);
}

RtStatus rt_sim_interval(RtSim *s, int64_t steps) {
    s->recorder.interval = steps;
    return s->error.status;
}

RtStatus rt_sim_stream_file(RtSim *s, int buffer, RtNpyFile *file) {
    return s->error.status != RT_OK ? s->error.status : rt_streams_file(&s->streams, buffer, file, &s->error);
}

RtStatus rt_sim_stream_drawn(RtSim *s, int buffer, const RtDraw *draw, uint64_t seed) {
    return s->error.status != RT_OK ? s->error.status : rt_streams_drawn(&s->streams, buffer, draw, seed, &s->error);
}

RtStatus rt_sim_stream_output(RtSim *s, int buffer, const char *path) {
    return s->error.status != RT_OK ? s->error.status : rt_streams_output(&s->streams, buffer, path, &s->error);
}

static RtStatus set_path(RtSim *s, char **to, const char *path) {
    if (s->error.status != RT_OK) return s->error.status;
    *to = strdup(path);
    return *to ? RT_OK : rt_no_memory(&s->error, (double)strlen(path), path);
}

RtStatus rt_sim_checkpoint(RtSim *s, const char *path, int64_t steps) {
    s->every = steps;
    return set_path(s, &s->checkpoint, path);
}

RtStatus rt_sim_resume(RtSim *s, const char *path) { return set_path(s, &s->resume, path); }

RtStatus rt_sim_inputs(RtSim *s, const uint64_t *sums) {
    if (s->error.status == RT_OK) memcpy(s->inputs, sums, (size_t)s->plan->d.buffers * sizeof *sums);
    return s->error.status;
}

void rt_sim_cells_only(RtSim *s) { s->cells_only = true; }
void rt_sim_most_error(RtSim *s, double most) { s->gauge.most = most; }

void rt_sim_progress(RtSim *s, RtProgress progress) { s->progress = progress; }

void rt_sim_stop_when(RtSim *s, bool (*stop)(void *data), void *data) {
    s->stop = stop;
    s->stop_data = data;
}

void rt_sim_longest_piece(RtSim *s, int64_t steps) { s->longest = steps; }

/* ---- before the run --------------------------------------------------------------------------------------------------------- */
static RtStatus measure(RtSim *s) {
    RtRoom room = {0};
    bool looks = s->recorder.count || s->streams.count || s->checkpoint || s->resume;
    if (s->plan->batch.items > 1 && looks)
        return rt_fail(&s->error, RT_USER, "the stimuli are a batch of %lld; recording, checkpoints and --resume take one sequence at a time",
                       (long long)s->plan->batch.items);
    if (rt_recorder_measure(&s->recorder, &s->clock, &room, &s->error) != RT_OK) return s->error.status;
    for (int i = 0; i < s->streams.count; i++)
        if (s->streams.stream[i].path) rt_room_file(&room, s->streams.stream[i].path, rt_streams_bytes(&s->streams, &s->streams.stream[i]));
    return rt_room_check(&room, &s->error);
}

RtStatus rt_sim_open(RtSim *s) {
    RtDraftKind kind = s->resume ? RT_DRAFT_RESUMED : s->checkpoint ? RT_DRAFT_PARTIAL : RT_DRAFT_OWN;
    if (s->error.status != RT_OK || measure(s) != RT_OK) return s->error.status;
    if (s->checkpoint && rt_checkpoint_may_replace(s->checkpoint, &s->error) != RT_OK) return s->error.status;
    if (s->checkpoint || s->resume) s->weights = rt_weights_sum(s->plan);
    if (s->resume && rt_checkpoint_open(s) != RT_OK) return s->error.status;
    s->resumed = s->resume != NULL;
    if (rt_watch_begin(&s->watch, s->plan, &s->error) != RT_OK) return s->error.status;
    if (rt_recorder_open(&s->recorder, &s->clock, kind, &s->error) != RT_OK) return s->error.status;
    return rt_streams_open(&s->streams, kind, &s->error);
}

/* ---- the run ---------------------------------------------------------------------------------------------------------------- */
static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

static int64_t cycle_steps(const RtSim *s) { return s->plan->program->part[s->clock.part].steps; }

/* Where the next piece ends: whatever looks first, the end of a cycle, or the length that an interrupt may wait for. */
static int64_t piece_end(const RtSim *s) {
    const RtClock *c = &s->clock;
    int64_t end = (c->step / cycle_steps(s) + 1) * cycle_steps(s);
    end = least(end, c->step + (s->longest ? s->longest : s->piece));
    end = least(end, rt_recorder_limit(&s->recorder, c));
    end = least(end, rt_streams_limit(&s->streams, c));
    if (s->checkpoint) end = least(end, ((c->before + c->step) / s->every + 1) * s->every - c->before);
    return end;
}

/* Pieces grow until one takes its time. */
static void fit_piece(RtSim *s, int64_t steps, double seconds) {
    if (seconds > PIECE_SECONDS && s->piece > 1) s->piece = steps > 1 ? steps / 2 : 1;
    else if (steps == s->piece && seconds < PIECE_SECONDS / 4) s->piece *= 2;
}

static bool small_outputs(const RtSim *s) {
    double bytes = 0;
    for (int i = 0; i < s->plan->d.buffers; i++)
        if (s->plan->d.buffer[i].role == RT_OUTPUT) bytes += (double)s->plan->bytes[i];
    return bytes <= LOOK_BYTES;
}

/* Looks at what there is: first at local errors, which may be why something is not finite. A copy is kept now and then, and whenever
 * the windows move. */
static RtStatus look(RtSim *s, bool keep, bool outputs) {
    rt_gauge_look(&s->gauge, s->plan);
    s->stopped |= s->gauge.largest > s->gauge.most;
    if (s->stopped || !(keep || rt_watch_look_due(&s->watch))) return RT_OK;
    if (rt_watch_look(&s->watch, &s->clock, (keep || outputs) && !s->cells_only, &s->error) != RT_OK) return s->error.status;
    if (keep) rt_watch_keep(&s->watch, &s->clock);
    return RT_OK;
}

/* After a piece: first is it finite, then is it kept. */
static RtStatus after_piece(RtSim *s, int64_t from) {
    bool cycle_ends = s->clock.step % cycle_steps(s) == 0, moved = false;
    bool sampled = s->clock.step / s->recorder.interval != from / s->recorder.interval && s->recorder.count;
    bool windows = cycle_ends && s->clock.step == rt_streams_limit(&s->streams, &s->clock);
    bool last = s->clock.step == rt_clock_steps(&s->clock, s->clock.part);
    bool due = windows || last || rt_watch_due(&s->watch, &s->clock);
    if ((cycle_ends || sampled || due) && look(s, due, cycle_ends && small_outputs(s)) != RT_OK) return s->error.status;
    if (s->stopped) return RT_OK;
    if (rt_recorder_take(&s->recorder, &s->clock, from, &s->error) != RT_OK) return s->error.status;
    if (rt_streams_move(&s->streams, &s->clock, &moved, &s->error) != RT_OK) return s->error.status;
    if (moved) rt_watch_keep(&s->watch, &s->clock);
    if (s->checkpoint && (s->clock.before + s->clock.step) % s->every == 0) return rt_checkpoint_write(s);
    return RT_OK;
}

/* Shall the run stop here? Asking is cheap, but not for every step of a small circuit. */
static bool stops(RtSim *s, double now) {
    if (!s->stop || (!s->longest && now - s->asked < PIECE_SECONDS / 5)) return false;
    s->asked = now;
    s->stopped = s->stop(s->stop_data);
    return s->stopped;
}

static void put_time(const RtClock *clock, char text[RT_CLOCK_TEXT], int64_t steps) {
    if (clock->dt > 0) rt_duration_short(text, (double)steps * clock->dt);
    else snprintf(text, RT_CLOCK_TEXT, "%lld", (long long)steps);
}

/* "42 %  8.4 s of 20 s, 3.2 s simulated per s, 3.6 s left" */
static void say_progress(FILE *to, const RtProgress *p, int64_t done, const void *data) {
    const RtClock *clock = data;
    char now[RT_CLOCK_TEXT], all[RT_CLOCK_TEXT], left[RT_DURATION_TEXT];
    double elapsed = rt_progress_seconds(p), scale = clock->dt > 0 ? clock->dt : 1;
    double speed = elapsed > 0 ? (double)(done - p->first) * scale / elapsed : 0;
    put_time(clock, now, done);
    put_time(clock, all, p->total);
    fprintf(to, "%3d %%  %s of %s, %.3g %s per s, %s left", (int)(100 * done / p->total), now, all, speed, clock->dt > 0 ? "s simulated" : "steps",
            rt_progress_left(p, done, left));
}

static RtStatus run_steps(RtSim *s) {
    while (s->clock.step < rt_clock_steps(&s->clock, s->clock.part)) {
        int64_t from = s->clock.step, end = piece_end(s);
        double start = rt_timer();
        if (stops(s, start)) return s->checkpoint ? rt_checkpoint_write(s) : RT_OK;
        rt_clock_advance(&s->clock, end);
        fit_piece(s, end - from, rt_timer() - start);
        if (after_piece(s, from) != RT_OK || s->stopped) return s->error.status;
        rt_progress_update(&s->progress, s->clock.before + s->clock.step, say_progress, &s->clock);
    }
    return RT_OK;
}

/* From where the clock stands; a part that was begun already is not begun again. */
static RtStatus run_parts(RtSim *s, bool begun) {
    do {
        bool steps = rt_clock_steps(&s->clock, s->clock.part) > 0, moved;
        if (!begun && rt_streams_move(&s->streams, &s->clock, &moved, &s->error) != RT_OK) return s->error.status;
        if (!begun) rt_clock_call(&s->clock);
        if (look(s, steps, !steps) != RT_OK || run_steps(s) != RT_OK || s->stopped) return s->error.status;
        begun = false;
    } while (rt_clock_next(&s->clock));
    return RT_OK;
}

/* What nothing was written to must be the same in every run. */
static void clear(RtSim *s) {
    for (int i = 0; i < s->plan->d.buffers; i++)
        if (rt_buffer_changes(s->plan, i)) memset(rt_buffer_data(s->plan, i), 0, (size_t)s->plan->bytes[i]);
    rt_clock_seek(&s->clock, 0, 0);
}

static RtStatus run_item(RtSim *s) {
    clear(s);
    if (s->resume && rt_checkpoint_restore(s) != RT_OK) return s->error.status;
    rt_progress_begin(&s->progress, s->clock.before + s->clock.step, rt_clock_total(&s->clock));
    run_parts(s, s->resume != NULL);
    rt_progress_end(&s->progress);
    return s->error.status;
}

RtStatus rt_sim_run(RtSim *s, const void *const *stimuli, void *const *outputs) {
    double start = rt_timer();
    for (int64_t item = 0; item < s->plan->batch.items && s->error.status == RT_OK && !s->stopped; item++) {
        if (rt_plan_show(s->plan, stimuli, outputs, item) != RT_OK)
            return rt_fail(&s->error, s->plan->error.status, "%s", rt_error_message(&s->plan->error));
        if (run_item(s) == RT_OK) rt_plan_fetch(s->plan, outputs, item);
    }
    s->seconds = rt_timer() - start;
    return s->error.status;
}

RtStatus rt_sim_commit(RtSim *s) {
    if (s->error.status != RT_OK || rt_streams_commit(&s->streams, &s->error) != RT_OK) return s->error.status;
    return rt_recorder_commit(&s->recorder, &s->error);
}
