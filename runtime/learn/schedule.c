#define _GNU_SOURCE /* M_PI */
#include "learn/schedule.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

RtStatus rt_schedule_read(const char *text, RtSchedule *s, RtError *error) {
    long long every;
    int end = 0;
    if (!strcmp(text, "constant")) s->kind = RT_SCHEDULE_CONSTANT;
    else if (!strcmp(text, "cosine")) s->kind = RT_SCHEDULE_COSINE;
    else if (sscanf(text, "step(%lld,%lf)%n", &every, &s->factor, &end) == 2 && end > 0 && !text[end] && every > 0 && s->factor > 0) {
        s->kind = RT_SCHEDULE_STEP;
        s->every = every;
    } else
        return rt_fail(error, RT_USER, "--schedule expects constant, cosine or step(EPOCHS, FACTOR), step(10, 0.5) for example, but '%s' came", text);
    return RT_OK;
}

double rt_schedule_factor(const RtSchedule *s, int64_t step, int64_t steps, int64_t epoch) {
    if (step < s->warmup) return (double)(step + 1) / (double)s->warmup;
    if (s->kind == RT_SCHEDULE_STEP) return pow(s->factor, (double)(epoch / s->every));
    if (s->kind != RT_SCHEDULE_COSINE || steps <= s->warmup) return 1;
    return 0.5 * (1 + cos(M_PI * (double)(step - s->warmup) / (double)(steps - s->warmup)));
}
