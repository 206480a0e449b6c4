/* Seconds of the machine's own clock, which only goes forward. */
#ifndef CTX_RUNTIME_TIMER_H
#define CTX_RUNTIME_TIMER_H
#include <time.h>

static inline double rt_timer(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}
#endif
