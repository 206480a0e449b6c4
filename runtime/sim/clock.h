/* Where a run of the dynamic reading stands: the part of the program (CtxPart), and the steps of it that are done.
 *
 * The clock carries out parts in order and a part's steps in pieces. How the steps are cut into pieces never changes a result. */
#ifndef CTX_RUNTIME_CLOCK_H
#define CTX_RUNTIME_CLOCK_H
#include <stdbool.h>
#include <stdint.h>

#include "ctx_abi.h"

typedef struct RtClock {
    const CtxProgram *program;
    const CtxFrame *frame;
    double dt;      /* s of a step; 0: the program does not say, and times are numbers of steps */
    int part;       /* the current one */
    int64_t step;   /* steps of it that are done */
    int64_t before; /* steps of all the parts before */
} RtClock;

RtClock rt_clock_new(const CtxProgram *program, const CtxFrame *frame, double dt);
int64_t rt_clock_cycles(const RtClock *clock, int part); /* 0 for a part without steps */
int64_t rt_clock_steps(const RtClock *clock, int part);  /* of all its cycles */
int64_t rt_clock_total(const RtClock *clock);            /* of all parts */
/* Number of the only part that has steps; -1: none or several. */
int rt_clock_only_part(const CtxProgram *program);
void rt_clock_call(RtClock *clock);                /* what stands before the steps of the current part */
void rt_clock_advance(RtClock *clock, int64_t end); /* steps up to number `end` of the current part */
bool rt_clock_next(RtClock *clock);                /* to the next part; false: there is none */
void rt_clock_seek(RtClock *clock, int part, int64_t step); /* without carrying out anything */
/* Seconds after `step` steps of the current part since the run began; without dt, steps. */
double rt_clock_time(const RtClock *clock, int64_t step);
/* The same for messages: "12.3 ms", "step 123". */
enum { RT_CLOCK_TEXT = 32 };
const char *rt_clock_text(const RtClock *clock, char text[RT_CLOCK_TEXT], int64_t step);
#endif
