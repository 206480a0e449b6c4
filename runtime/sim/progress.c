#include "sim/progress.h"

#include "sim/timer.h"

enum { WIDTH = 30 }; /* of the bar */

RtProgress rt_progress_new(FILE *to, bool bar) { return (RtProgress){.to = to, .bar = bar, .patience = 1}; }

void rt_progress_begin(RtProgress *p, int64_t first, int64_t total) {
    p->started = rt_timer();
    p->first = first;
    p->total = total;
    p->tenths = total ? (int)(10 * first / total) : 0;
}

double rt_progress_seconds(const RtProgress *p) { return rt_timer() - p->started; }

const char *rt_progress_left(const RtProgress *p, int64_t done, char text[RT_DURATION_TEXT]) {
    int64_t carried = done - p->first;
    double rest = carried > 0 ? rt_progress_seconds(p) * (double)(p->total - done) / (double)carried : 0;
    return rt_duration_short(text, rest < 1 ? rest : (double)(int64_t)(rest + 0.5));
}

static void draw_bar(RtProgress *p, int64_t done, RtProgressSay *say, const void *data) {
    char bar[WIDTH + 1];
    int full = (int)(WIDTH * done / p->total);
    for (int i = 0; i < WIDTH; i++) bar[i] = i < full ? '#' : '.';
    bar[WIDTH] = '\0';
    fprintf(p->to, "\r[%s] ", bar);
    say(p->to, p, done, data);
    fputs("\033[K", p->to);
    fflush(p->to);
    p->drawn = true;
    p->shown = rt_timer();
}

void rt_progress_update(RtProgress *p, int64_t done, RtProgressSay *say, const void *data) {
    if (!p->to || p->total == 0) return;
    int tenths = (int)(10 * done / p->total);
    if (rt_progress_seconds(p) < p->patience) {
        p->tenths = tenths;
        return;
    }
    if (p->bar && rt_timer() - p->shown >= 0.1) draw_bar(p, done, say, data);
    if (p->bar || tenths <= p->tenths) return;
    p->tenths = tenths;
    say(p->to, p, done, data);
    fputc('\n', p->to);
}

void rt_progress_end(RtProgress *p) {
    if (p->drawn) fputs("\r\033[K", p->to);
    p->drawn = false;
}
