#include "sim/clock.h"

#include <stdio.h>

#include "sim/duration.h"

RtClock rt_clock_new(const CtxProgram *program, const CtxFrame *frame, double dt) {
    return (RtClock){.program = program, .frame = frame, .dt = dt};
}

int64_t rt_clock_cycles(const RtClock *clock, int part) {
    const CtxPart *p = &clock->program->part[part];
    if (!p->advance) return 0;
    return p->cycle < 0 ? 1 : clock->frame->size[p->cycle];
}

int64_t rt_clock_steps(const RtClock *clock, int part) { return rt_clock_cycles(clock, part) * clock->program->part[part].steps; }

int64_t rt_clock_total(const RtClock *clock) {
    int64_t total = 0;
    for (int i = 0; i < (int)clock->program->parts; i++) total += rt_clock_steps(clock, i);
    return total;
}

int rt_clock_only_part(const CtxProgram *program) {
    int found = -1;
    for (int i = 0; i < (int)program->parts; i++) {
        if (!program->part[i].advance) continue;
        if (found >= 0) return -1;
        found = i;
    }
    return found;
}

void rt_clock_call(RtClock *clock) { clock->program->part[clock->part].call(clock->frame); }

void rt_clock_advance(RtClock *clock, int64_t end) {
    clock->program->part[clock->part].advance(clock->frame, clock->step, end);
    clock->step = end;
}

bool rt_clock_next(RtClock *clock) {
    if (clock->part + 1 >= (int)clock->program->parts) return false;
    rt_clock_seek(clock, clock->part + 1, 0);
    return true;
}

void rt_clock_seek(RtClock *clock, int part, int64_t step) {
    clock->before = 0;
    for (int i = 0; i < part; i++) clock->before += rt_clock_steps(clock, i);
    clock->part = part;
    clock->step = step;
}

double rt_clock_time(const RtClock *clock, int64_t step) {
    double steps = (double)(clock->before + step);
    return clock->dt > 0 ? steps * clock->dt : steps;
}

const char *rt_clock_text(const RtClock *clock, char text[RT_CLOCK_TEXT], int64_t step) {
    if (clock->dt > 0) return rt_duration_text(text, rt_clock_time(clock, step));
    snprintf(text, RT_CLOCK_TEXT, "step %lld", (long long)(clock->before + step));
    return text;
}
