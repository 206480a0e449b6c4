/* How far a long run is: a bar on a terminal, elsewhere a line every tenth of the run. Nothing for runs that end within a second. */
#ifndef CTX_RUNTIME_PROGRESS_H
#define CTX_RUNTIME_PROGRESS_H
#include <stdint.h>
#include <stdio.h>

#include "sim/clock.h"

typedef struct RtProgress {
    FILE *to;        /* NULL: silent */
    bool bar;
    double patience; /* seconds before the first word */
    double started, shown; /* when; the bar is drawn ten times a second */
    int64_t first, total;  /* steps done before this run, steps in all */
    int tenths;            /* said */
    bool drawn;            /* the bar stands in the terminal's last line */
} RtProgress;

RtProgress rt_progress_new(FILE *to, bool bar);
void rt_progress_begin(RtProgress *progress, const RtClock *clock);
void rt_progress_update(RtProgress *progress, const RtClock *clock);
void rt_progress_end(RtProgress *progress); /* clears the bar's line */
#endif
