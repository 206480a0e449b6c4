#define _GNU_SOURCE
#include "sim/stream.h"

#include <stdlib.h>
#include <string.h>

enum { ALIGNED_ROWS = 16, WINDOW_BYTES = 1 << 16 };

int64_t rt_stream_rows(int64_t bytes) {
    int64_t rows = WINDOW_BYTES / (bytes > 0 ? bytes : 1) / ALIGNED_ROWS * ALIGNED_ROWS;
    return rows > ALIGNED_ROWS ? rows : ALIGNED_ROWS;
}

int rt_stream_part(const CtxProgram *program, const RtBuffer *b) {
    int part = b->part >= 0 ? b->part : rt_clock_only_part(program);
    if (!b->stream || part < 0 || part >= (int)program->parts || !program->part[part].advance || b->rank == 0) return -1;
    return program->part[part].cycle == b->axis[0] ? part : -1;
}

RtStatus rt_streams_begin(RtStreams *s, RtPlan *plan, RtError *error) {
    *s = (RtStreams){.plan = plan, .part = -1, .first = -1};
    s->stream = calloc((size_t)plan->d.buffers + 1, sizeof *s->stream);
    return s->stream ? RT_OK : rt_no_memory(error, (double)plan->d.buffers * sizeof *s->stream, "streams");
}

void rt_streams_end(RtStreams *s) {
    for (int i = 0; s->stream && i < s->count; i++) {
        rt_draft_discard(&s->stream[i].draft);
        rt_column_free(&s->stream[i].column);
        free(s->stream[i].path);
    }
    free(s->stream);
    *s = (RtStreams){.part = -1, .first = -1};
}

static RtStream *add(RtStreams *s, int buffer, RtError *error) {
    const RtBuffer *b = &s->plan->d.buffer[buffer];
    int part = rt_stream_part(s->plan->program, b);
    int64_t rows = s->plan->window[buffer];
    if (part < 0 || !rows || rows % ALIGNED_ROWS || (s->count && (part != s->part || rows != s->rows))) {
        rt_fail(error, RT_FAULT, "%s cannot be streamed", b->name);
        return NULL;
    }
    s->part = part;
    s->rows = rows;
    RtStream *stream = &s->stream[s->count++];
    *stream = (RtStream){.buffer = buffer, .row = s->plan->bytes[buffer] / rows / (int64_t)rt_type_size(s->plan->d.type)};
    return stream;
}

RtStatus rt_streams_file(RtStreams *s, int buffer, RtNpyFile *file, RtError *error) {
    RtStream *stream = add(s, buffer, error);
    if (stream) stream->file = file;
    return error->status;
}

RtStatus rt_streams_drawn(RtStreams *s, int buffer, const RtDraw *draw, uint64_t seed, RtError *error) {
    RtStream *stream = add(s, buffer, error);
    if (!stream) return error->status;
    stream->draw = *draw;
    stream->seed = seed;
    return RT_OK;
}

RtStatus rt_streams_output(RtStreams *s, int buffer, const char *path, RtError *error) {
    RtStream *stream = add(s, buffer, error);
    if (!stream) return error->status;
    stream->path = strdup(path);
    return stream->path ? RT_OK : rt_no_memory(error, (double)strlen(path), path);
}

static int64_t cycles(const RtStreams *s) { return s->plan->size[s->plan->program->part[s->part].cycle]; }
static int64_t row_bytes(const RtStreams *s, const RtStream *stream) { return stream->row * (int64_t)rt_type_size(s->plan->d.type); }
static bool is_output(const RtStreams *s, const RtStream *stream) { return s->plan->d.buffer[stream->buffer].role == RT_OUTPUT; }

double rt_streams_bytes(const RtStreams *s, const RtStream *stream) { return (double)row_bytes(s, stream) * (double)cycles(s); }

static RtStatus open_output(RtStreams *s, RtStream *stream, RtDraftKind kind, RtError *error) {
    const RtBuffer *b = &s->plan->d.buffer[stream->buffer];
    int64_t shape[RT_MAX_RANK];
    for (int i = 0; i < b->rank; i++) shape[i] = rt_buffer_size(&s->plan->d, s->plan->size, b, i);
    return rt_column_npy(&stream->column, &stream->draft, stream->path, kind, s->plan->d.type, b->rank, shape, error);
}

RtStatus rt_streams_open(RtStreams *s, RtDraftKind kind, RtError *error) {
    for (int i = 0; i < s->count && error->status == RT_OK; i++)
        if (is_output(s, &s->stream[i])) open_output(s, &s->stream[i], kind, error);
    return error->status;
}

/* ---- windows ---------------------------------------------------------------------------------------------------------------- */
int64_t rt_streams_limit(const RtStreams *s, const RtClock *clock) {
    if (s->part != clock->part || s->first < 0) return INT64_MAX;
    return (s->first + s->rows) * clock->program->part[s->part].steps;
}

/* Shows the window from row `first` on, and fills it where it is a stimulus. */
static RtStatus show(RtStreams *s, RtStream *stream, int64_t first, RtError *error) {
    RtPlan *plan = s->plan;
    int64_t left = cycles(s) - first, rows = left < s->rows ? left : s->rows;
    void *home = plan->home[stream->buffer];
    plan->buffer[stream->buffer] = (void *)((uintptr_t)home - (uintptr_t)(first * row_bytes(s, stream)));
    if (is_output(s, stream)) return RT_OK;
    if (stream->file) return rt_npy_rows(stream->file, first, rows, plan->d.type, home, error);
    rt_draw_from(&stream->draw, stream->seed, plan->d.buffer[stream->buffer].name, first * stream->row, rows * stream->row, plan->d.type, home);
    return RT_OK;
}

static RtStatus write_window(RtStreams *s, RtStream *stream, int64_t end, RtError *error) {
    void *home = s->plan->home[stream->buffer];
    int64_t rows = end - s->first;
    if (rt_column_append(&stream->column, home, rows, error) != RT_OK) return error->status;
    memset(home, 0, (size_t)s->plan->bytes[stream->buffer]); /* what a cycle does not write must not be an older cycle's */
    return RT_OK;
}

static int64_t window_of(const RtStreams *s, const RtClock *clock) {
    int64_t cycle = clock->step / clock->program->part[s->part].steps;
    return cycle / s->rows * s->rows;
}

RtStatus rt_streams_move(RtStreams *s, const RtClock *clock, bool *moved, RtError *error) {
    *moved = false;
    if (s->part != clock->part) return RT_OK;
    bool done = clock->step == rt_clock_steps(clock, clock->part);
    int64_t first = window_of(s, clock), end = done ? cycles(s) : first;
    if (!done && first == s->first) return RT_OK;
    *moved = true;
    for (int i = 0; i < s->count && error->status == RT_OK; i++)
        if (is_output(s, &s->stream[i]) && s->first >= 0) write_window(s, &s->stream[i], end, error);
    if (error->status != RT_OK || done) return error->status;
    return rt_streams_seek(s, clock, error);
}

RtStatus rt_streams_seek(RtStreams *s, const RtClock *clock, RtError *error) {
    if (s->part != clock->part || clock->step == rt_clock_steps(clock, clock->part)) return RT_OK;
    s->first = window_of(s, clock);
    for (int i = 0; i < s->count && error->status == RT_OK; i++) show(s, &s->stream[i], s->first, error);
    return error->status;
}

/* ---- files ------------------------------------------------------------------------------------------------------------------ */
RtStatus rt_streams_sync(RtStreams *s, RtError *error) {
    for (int i = 0; i < s->count; i++) {
        RtStream *stream = &s->stream[i];
        if (!stream->draft.open) continue;
        if (rt_column_flush(&stream->column, error) != RT_OK || rt_draft_sync(&stream->draft, error) != RT_OK) return error->status;
    }
    return RT_OK;
}

RtStatus rt_streams_commit(RtStreams *s, RtError *error) {
    for (int i = 0; i < s->count && error->status == RT_OK; i++) {
        if (!s->stream[i].draft.open) continue;
        rt_column_flush(&s->stream[i].column, error);
        if (error->status == RT_OK) rt_draft_commit(&s->stream[i].draft, error);
    }
    return error->status;
}

void rt_streams_leave(RtStreams *s) {
    for (int i = 0; i < s->count; i++) rt_draft_leave(&s->stream[i].draft);
}
