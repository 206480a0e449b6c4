/* How far a long run is: a bar on a terminal, elsewhere a line every tenth of the run. Nothing for runs that end within a second. What
 * there is to say beside the bar, whoever runs says. */
#ifndef CTX_RUNTIME_PROGRESS_H
#define CTX_RUNTIME_PROGRESS_H
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "sim/duration.h"

typedef struct RtProgress {
    FILE *to;        /* NULL: silent */
    bool bar;
    double patience; /* seconds before the first word */
    double started, shown; /* when; the bar is drawn ten times a second */
    int64_t first, total;  /* steps done before this run, steps in all */
    int tenths;            /* said */
    bool drawn;            /* the bar stands in the terminal's last line */
} RtProgress;

typedef void RtProgressSay(FILE *to, const RtProgress *progress, int64_t done, const void *data);

RtProgress rt_progress_new(FILE *to, bool bar);
void rt_progress_begin(RtProgress *progress, int64_t first, int64_t total);
void rt_progress_update(RtProgress *progress, int64_t done, RtProgressSay *say, const void *data);
void rt_progress_end(RtProgress *progress); /* clears the bar's line */
double rt_progress_seconds(const RtProgress *progress); /* since the run began */
/* The time that is left, at the pace so far. */
const char *rt_progress_left(const RtProgress *progress, int64_t done, char text[RT_DURATION_TEXT]);
#endif
