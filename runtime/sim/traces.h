/* The file of all that is recorded: .safetensors or .csv (see record.h). */
#ifndef CTX_RUNTIME_TRACES_H
#define CTX_RUNTIME_TRACES_H
#include "sim/duration.h"
#include "sim/record.h"

enum {
    RT_TRACES_NUMBER = 14,   /* characters of a number in .csv, about */
    RT_TRACES_COLUMNS = 16384 /* of a .csv file; spreadsheets take no more */
};

/* What a format cannot hold is refused before the run (RT_USER). */
RtStatus rt_traces_check(const RtRecorder *recorder, RtError *error);
/* Opens the file, writes all but the samples, and gives the signals their columns. */
RtStatus rt_traces_open(RtRecorder *recorder, const RtClock *clock, RtDraftKind kind, RtError *error);
/* .csv: the line of the sample after `step` steps, whose values the signals' columns hold. */
RtStatus rt_traces_line(RtRecorder *recorder, const RtClock *clock, int64_t step, RtError *error);
#endif
