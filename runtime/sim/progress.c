#include "sim/progress.h"

#include <string.h>

#include "sim/duration.h"
#include "sim/timer.h"

enum { WIDTH = 30 }; /* of the bar */

RtProgress rt_progress_new(FILE *to, bool bar) { return (RtProgress){.to = to, .bar = bar, .patience = 1}; }

void rt_progress_begin(RtProgress *p, const RtClock *clock) {
    p->started = rt_timer();
    p->first = clock->before + clock->step;
    p->total = rt_clock_total(clock);
    p->tenths = p->total ? (int)(10 * p->first / p->total) : 0;
}

static void put_time(const RtClock *clock, char text[RT_CLOCK_TEXT], int64_t steps) {
    if (clock->dt > 0) rt_duration_short(text, (double)steps * clock->dt);
    else snprintf(text, RT_CLOCK_TEXT, "%lld", (long long)steps);
}

/* "42 %  8.4 s of 20 s, 3.2 s simulated per s, 3.6 s left" */
static void put(const RtProgress *p, const RtClock *clock, double now) {
    char done[RT_CLOCK_TEXT], all[RT_CLOCK_TEXT], left[RT_DURATION_TEXT];
    int64_t steps = clock->before + clock->step, carried = steps - p->first;
    double elapsed = now - p->started, scale = clock->dt > 0 ? clock->dt : 1;
    double speed = elapsed > 0 ? (double)carried * scale / elapsed : 0;
    double rest = carried > 0 ? elapsed * (double)(p->total - steps) / (double)carried : 0;
    put_time(clock, done, steps);
    put_time(clock, all, p->total);
    fprintf(p->to, "%3d %%  %s of %s, %.3g %s per s, %s left", (int)(100 * steps / p->total), done, all, speed, clock->dt > 0 ? "s simulated" : "steps",
            rt_duration_short(left, rest < 1 ? rest : (double)(int64_t)(rest + 0.5)));
}

static void draw_bar(RtProgress *p, const RtClock *clock, double now) {
    char bar[WIDTH + 1];
    int full = (int)(WIDTH * (clock->before + clock->step) / p->total);
    for (int i = 0; i < WIDTH; i++) bar[i] = i < full ? '#' : '.';
    bar[WIDTH] = '\0';
    fprintf(p->to, "\r[%s] ", bar);
    put(p, clock, now);
    fputs("\033[K", p->to);
    fflush(p->to);
    p->drawn = true;
    p->shown = now;
}

void rt_progress_update(RtProgress *p, const RtClock *clock) {
    if (!p->to || p->total == 0) return;
    double now = rt_timer();
    int tenths = (int)(10 * (clock->before + clock->step) / p->total);
    if (now - p->started < p->patience) {
        p->tenths = tenths;
        return;
    }
    if (p->bar && now - p->shown >= 0.1) draw_bar(p, clock, now);
    if (p->bar || tenths <= p->tenths) return;
    p->tenths = tenths;
    put(p, clock, now);
    fputc('\n', p->to);
}

void rt_progress_end(RtProgress *p) {
    if (p->drawn) fputs("\r\033[K", p->to);
    p->drawn = false;
}
