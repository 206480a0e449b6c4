/* How exactly a run integrates: the local errors that a program estimates beside its steps (buffers with "gauge" in its descriptor),
 * each relative to 1 + |value|, and the step that a tolerance asks for. */
#ifndef CTX_RUNTIME_GAUGE_H
#define CTX_RUNTIME_GAUGE_H
#include "core/plan_internal.h"

typedef struct RtGauge {
    bool present;    /* the program estimates them */
    double largest;  /* so far, in all that this run did */
    double most;     /* beyond it the run need not go on */
    int buffer;      /* where the largest is; -1: nowhere yet */
    int64_t element;
} RtGauge;

RtGauge rt_gauge_new(const RtPlan *plan);
void rt_gauge_look(RtGauge *gauge, const RtPlan *plan);
/* "p [a = 2]", where the largest is; to be freed; NULL without memory or a place. */
char *rt_gauge_place(const RtGauge *gauge, const RtPlan *plan);

/* What is known of runs of one program in steps of different lengths: each step of a given length done in `parts` ones. */
typedef struct RtTry {
    int64_t parts;
    double error; /* the largest local error */
} RtTry;
/* In how many parts a step has to be done so that local errors stay within `tolerance`, after `last` was too coarse, and before it
 * `before` (parts 0: nothing). The local error of the pair shrinks with the fifth power of the step where the solution is smooth; where
 * it is not, as fast as the two runs say. At least one part more, at most ten times as many. */
int64_t rt_gauge_parts(const RtTry *last, const RtTry *before, double tolerance);
#endif
