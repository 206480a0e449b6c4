/* Sequences that are read and written cycle by cycle, so that memory does not grow with their length.
 *
 * A streamed stimulus or output (descriptor: "stream", see ctx_abi.h) has a window of rows in memory. While the clock is in cycle
 * c, the window holds rows first .. first + rows - 1 around it; `first` is a multiple of `rows`. Stimuli come from a .npy file or
 * are drawn (the same numbers as all at once), outputs go to a .npy file, header first. */
#ifndef CTX_RUNTIME_STREAM_H
#define CTX_RUNTIME_STREAM_H
#include "core/plan_internal.h"
#include "io/column.h"
#include "sim/clock.h"

typedef struct RtStream {
    int buffer;
    int64_t row;     /* elements */
    RtNpyFile *file; /* stimulus: borrowed, or NULL: drawn */
    RtDraw draw;
    uint64_t seed;
    char *path;      /* output */
    RtDraft draft;
    RtColumn column; /* rows that left the window */
} RtStream;

typedef struct RtStreams {
    RtPlan *plan; /* borrowed */
    int part;     /* the part whose cycles they go along; -1: there are no streams */
    int64_t rows; /* of every window */
    int64_t first; /* row of the window; -1: nothing yet */
    int count;
    RtStream *stream;
} RtStreams;

/* Rows of a window: at least 16, so that its address stays a multiple of 64, and about 64 kB for rows of `bytes`. */
int64_t rt_stream_rows(int64_t bytes);
/* The part along whose cycles a buffer may be streamed; -1: it may not. */
int rt_stream_part(const CtxProgram *program, const RtBuffer *buffer);

RtStatus rt_streams_begin(RtStreams *streams, RtPlan *plan, RtError *error);
void rt_streams_end(RtStreams *streams); /* what is not committed is removed */
/* The buffer must have a window in the plan, all of one part and of the same rows. */
RtStatus rt_streams_file(RtStreams *streams, int buffer, RtNpyFile *file, RtError *error);
RtStatus rt_streams_drawn(RtStreams *streams, int buffer, const RtDraw *draw, uint64_t seed, RtError *error);
RtStatus rt_streams_output(RtStreams *streams, int buffer, const char *path, RtError *error);
double rt_streams_bytes(const RtStreams *streams, const RtStream *stream); /* of an output's file */
RtStatus rt_streams_open(RtStreams *streams, RtDraftKind kind, RtError *error);
/* The step up to which the clock may go with these windows. */
int64_t rt_streams_limit(const RtStreams *streams, const RtClock *clock);
/* Moves the windows to the clock's cycle, if they are elsewhere; *moved says so. At the end of the part, writes the last rows. */
RtStatus rt_streams_move(RtStreams *streams, const RtClock *clock, bool *moved, RtError *error);
/* Shows the windows at the clock's cycle and reads the stimuli; the outputs' rows in them are the caller's matter (a checkpoint). */
RtStatus rt_streams_seek(RtStreams *streams, const RtClock *clock, RtError *error);
RtStatus rt_streams_sync(RtStreams *streams, RtError *error);
RtStatus rt_streams_commit(RtStreams *streams, RtError *error);
void rt_streams_leave(RtStreams *streams);
#endif
