/* How the rate of learning changes during a run, as a factor of the rate asked for. */
#ifndef CTX_RUNTIME_SCHEDULE_H
#define CTX_RUNTIME_SCHEDULE_H
#include <stdint.h>

#include "core/status.h"

typedef enum RtScheduleKind { RT_SCHEDULE_CONSTANT, RT_SCHEDULE_COSINE, RT_SCHEDULE_STEP, RT_SCHEDULE_COUNT } RtScheduleKind;

typedef struct RtSchedule {
    RtScheduleKind kind;
    int64_t warmup; /* steps in which the rate rises linearly */
    int64_t every;  /* step: epochs after which it is multiplied ... */
    double factor;  /* ... by this */
} RtSchedule;

/* "constant", "cosine", "step(10, 0.5)": every 10 epochs by 0.5. The warm-up is left as it is. */
RtStatus rt_schedule_read(const char *text, RtSchedule *schedule, RtError *error);
/* Factor of step `step` (from 0) of `steps`, in epoch `epoch` (from 0). cosine: (1 + cos(pi t)) / 2, from 1 at the end of the warm-up
 * down to 0 at the end (Loshchilov & Hutter 2017, without restarts). */
double rt_schedule_factor(const RtSchedule *schedule, int64_t step, int64_t steps, int64_t epoch);
#endif
