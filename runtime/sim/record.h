/* The recorder: what populations do, sampled while the clock runs.
 *
 * A signal is a trace buffer, or some of its units (select.h), sampled every `interval` steps: sample n is the value after
 * (n + 1) * interval steps of its part, at that time. Samples go
 *   - to one file of all: .safetensors, a tensor [samples, units...] for each signal and "time" [samples] in seconds ("time.N" for
 *     the signals of a later part N, which run later), with names, units and dt as metadata; or .csv, a line for each sample;
 *   - to a .npy file of its own: [samples, units...];
 *   - else into memory.
 * Files are written while the run goes on, in constant memory, and take their names at the end (io/draft.h). */
#ifndef CTX_RUNTIME_RECORD_H
#define CTX_RUNTIME_RECORD_H
#include "core/plan_internal.h"
#include "io/column.h"
#include "sim/clock.h"
#include "sim/room.h"
#include "sim/select.h"

typedef struct RtSignal {
    int buffer, part;
    int64_t samples; /* in all */
    RtSelection kept;
    char *path;      /* .npy of its own, or NULL */
    RtDraft draft;   /* of that */
    RtColumn column; /* a row: the kept units of one sample */
} RtSignal;

typedef struct RtRecorder {
    RtPlan *plan; /* borrowed */
    int64_t interval; /* steps */
    bool read_back;   /* samples in files, too, are wanted in memory */
    char *traces;     /* file of all, or NULL */
    RtDraft draft;    /* of that */
    RtColumn lines;   /* text, if it is .csv */
    int count;
    RtSignal *signal;
} RtRecorder;

RtStatus rt_recorder_begin(RtRecorder *recorder, RtPlan *plan, RtError *error);
void rt_recorder_end(RtRecorder *recorder); /* what is not committed is removed */
/* Adds the signals of a list such as "V.value[0:4],V.mask=mask.npy". */
RtStatus rt_recorder_add(RtRecorder *recorder, const char *list, RtError *error);
RtStatus rt_recorder_add_all(RtRecorder *recorder, RtError *error); /* every trace */
/* .safetensors or .csv for the signals that have no file of their own. */
RtStatus rt_recorder_traces(RtRecorder *recorder, const char *path, RtError *error);
bool rt_recorder_is_csv(const RtRecorder *recorder);
/* Samples in files are read back after the run, for a picture: they count as memory too. */
void rt_recorder_read_back(RtRecorder *recorder);
bool rt_recorder_in_lines(const RtRecorder *recorder, const RtSignal *signal); /* its samples are text in the .csv */

/* Counts samples and adds what they take to `room`. */
RtStatus rt_recorder_measure(RtRecorder *recorder, const RtClock *clock, RtRoom *room, RtError *error);
/* A line on what will be recorded; to be freed; NULL if nothing. */
char *rt_recorder_text(const RtRecorder *recorder, const RtClock *clock);
RtStatus rt_recorder_open(RtRecorder *recorder, const RtClock *clock, RtDraftKind kind, RtError *error);
/* The step up to which the clock may go in one piece, so that no sample is overwritten; INT64_MAX if there is none ahead. */
int64_t rt_recorder_limit(const RtRecorder *recorder, const RtClock *clock);
/* Takes the samples of the steps after `from`, up to the clock's. */
RtStatus rt_recorder_take(RtRecorder *recorder, const RtClock *clock, int64_t from, RtError *error);
RtStatus rt_recorder_sync(RtRecorder *recorder, RtError *error);   /* all samples on the disk */
RtStatus rt_recorder_commit(RtRecorder *recorder, RtError *error); /* files take their names */
void rt_recorder_leave(RtRecorder *recorder);                      /* files are left to a later run */
/* All samples of a signal, read back from its file if need be, before the commit; released by rt_tensor_free. */
RtStatus rt_recorder_tensor(RtRecorder *recorder, int signal, RtTensor *tensor, RtError *error);
#endif
