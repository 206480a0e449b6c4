/* Sees that a run stays within the representable range, and finds where it left it.
 *
 * Looked at: traces, states (role "temp" unless the descriptor says "state": false) and outputs. A copy of all that a run changes
 * is kept from time to time; when something is not finite, the steps since are carried out again one by one, so that the message
 * names the first step, whatever the pieces. */
#ifndef CTX_RUNTIME_WATCH_H
#define CTX_RUNTIME_WATCH_H
#include "core/plan_internal.h"
#include "sim/clock.h"

typedef struct RtWatch {
    RtPlan *plan;
    unsigned char *copy; /* of every buffer that a run changes, one after the other */
    int64_t bytes;
    int part;            /* the clock of the copy; -1: there is none */
    int64_t step;
    double took, taken;  /* seconds that copying takes; when it was done */
    double looking, looked; /* seconds that looking takes; when it was done */
} RtWatch;

/* Where the values of a buffer are: its window where there is one. */
void *rt_buffer_data(const RtPlan *plan, int buffer);
/* "V.value [head = 0, c = 3]": the unit that an element of a buffer is of; to be freed. */
char *rt_unit_text(const RtPlan *plan, int buffer, int64_t element);
/* Does a run change it? Temporaries, traces and outputs. */
bool rt_buffer_changes(const RtPlan *plan, int buffer);

RtStatus rt_watch_begin(RtWatch *watch, RtPlan *plan, RtError *error);
void rt_watch_end(RtWatch *watch);
/* Looks; `outputs`: at outputs too. RT_USER with population, unit, time and the last finite value. */
RtStatus rt_watch_look(RtWatch *watch, RtClock *clock, bool outputs, RtError *error);
/* Is it time to look again? Looking takes a twentieth of a run at most: what is found late is found by the steps since the copy. */
bool rt_watch_look_due(const RtWatch *watch);
/* Is it time for a copy? Copying takes a twentieth of a run at most. */
bool rt_watch_due(const RtWatch *watch, const RtClock *clock);
/* Keeps a copy of what was just looked at, outputs included. */
void rt_watch_keep(RtWatch *watch, const RtClock *clock);
#endif
