/* Times as people write them: "20ms", "0.1 ms", "1s", "10 min"; and as whole numbers of steps. */
#ifndef CTX_RUNTIME_DURATION_H
#define CTX_RUNTIME_DURATION_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"

/* So many ns, us, ms, s, min or h in seconds; false: it is none of these. */
bool rt_duration_in(double number, const char *unit, size_t length, double *seconds);
/* Reads a time into seconds. `option` begins the message of a failure (RT_USER): no number, no unit, a unit that is none of time,
 * zero, negative or beyond all measure. */
RtStatus rt_duration_read(const char *option, const char *text, double *seconds, RtError *error);
/* "0.1 ms", "1.5 s", "10 min": the largest unit of which there is one at least (of milliseconds, a hundredth); nine digits. */
enum { RT_DURATION_TEXT = 32 };
const char *rt_duration_text(char text[RT_DURATION_TEXT], double seconds);
const char *rt_duration_short(char text[RT_DURATION_TEXT], double seconds); /* the same with four digits */
/* A time as steps of dt seconds. RT_USER: not a whole number of them (the message gives the nearest two that are). */
RtStatus rt_duration_steps(const char *option, double seconds, double dt, int64_t *steps, RtError *error);
#endif
