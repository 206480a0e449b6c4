#include "sim/duration.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* From small to large. Written and read alike; "µs" in UTF-8 is read too. */
static const struct {
    const char *name;
    double seconds;
} units[] = {{"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1}, {"min", 60}, {"h", 3600}};
enum { UNITS = sizeof units / sizeof *units };

static const double LONGEST = 1e9; /* s: some thirty years */

static int unit_of(const char *text, size_t length) {
    if (length == 3 && !memcmp(text, "\xC2\xB5s", 3)) return 1;
    for (int i = 0; i < UNITS; i++)
        if (strlen(units[i].name) == length && !memcmp(units[i].name, text, length)) return i;
    return -1;
}

bool rt_duration_in(double number, const char *unit, size_t length, double *seconds) {
    int i = unit_of(unit, length);
    if (i < 0) return false;
    /* 1e-3 is not exact, a thousand is: 20 ms is the double nearest to 0.02 */
    *seconds = units[i].seconds < 1 ? number / round(1 / units[i].seconds) : number * units[i].seconds;
    return true;
}

RtStatus rt_duration_read(const char *option, const char *text, double *seconds, RtError *error) {
    char *end;
    double number = strtod(text, &end);
    bool digits = end != text && (isdigit((unsigned char)*text) || *text == '.' || *text == '-' || *text == '+');
    if (!digits || !isfinite(number)) return rt_fail(error, RT_USER, "%s takes a time such as 20ms, 0.1 ms or 1s, not '%s'", option, text);
    while (*end == ' ') end++;
    size_t length = strlen(end);
    while (length && end[length - 1] == ' ') length--;
    if (!length) return rt_fail(error, RT_USER, "%s %s: which unit? Write %sms or %ss", option, text, text, text);
    if (!rt_duration_in(number, end, length, seconds))
        return rt_fail(error, RT_USER, "%s %s: '%s' is no unit of time; there are ns, us, ms, s, min and h", option, text, end);
    if (!(*seconds > 0)) return rt_fail(error, RT_USER, "%s %s: the time must be greater than zero", option, text);
    return *seconds <= LONGEST ? RT_OK : rt_fail(error, RT_USER, "%s %s: longer than any run", option, text);
}

/* Milliseconds reach down to a hundredth: 0.1 ms is what a step is called. */
static int unit_for(double seconds) {
    int unit = UNITS - 1;
    if (seconds == 0) return 3;
    while (unit > 0 && fabs(seconds) < units[unit].seconds * (unit == 2 ? 0.01 : 1) * (1 - 1e-9)) unit--;
    return unit;
}

static const char *put(char text[RT_DURATION_TEXT], double seconds, int digits) {
    int unit = unit_for(seconds);
    double number = units[unit].seconds < 1 ? seconds * round(1 / units[unit].seconds) : seconds / units[unit].seconds;
    snprintf(text, RT_DURATION_TEXT, "%.*g %s", digits, number, units[unit].name);
    return text;
}

const char *rt_duration_text(char text[RT_DURATION_TEXT], double seconds) { return put(text, seconds, 9); }
const char *rt_duration_short(char text[RT_DURATION_TEXT], double seconds) { return put(text, seconds, 4); }

RtStatus rt_duration_steps(const char *option, double seconds, double dt, int64_t *steps, RtError *error) {
    char asked[RT_DURATION_TEXT], step[RT_DURATION_TEXT], below[RT_DURATION_TEXT], above[RT_DURATION_TEXT];
    double ratio = seconds / dt, whole = round(ratio);
    if (whole >= 1 && whole < 0x1p62 && fabs(ratio - whole) <= 1e-6 * whole) {
        *steps = (int64_t)whole;
        return RT_OK;
    }
    rt_duration_text(asked, seconds);
    rt_duration_text(step, dt);
    if (ratio < 1) return rt_fail(error, RT_USER, "%s %s is shorter than a step of %s", option, asked, step);
    return rt_fail(error, RT_USER, "%s %s is not a whole number of steps of %s; %s and %s are", option, asked, step,
                   rt_duration_text(below, floor(ratio) * dt), rt_duration_text(above, ceil(ratio) * dt));
}
