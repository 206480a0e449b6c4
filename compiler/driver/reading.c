#include "driver/reading.h"

#include <stdlib.h>
#include <string.h>

static const double DEFAULT_DT = 1e-4, DEFAULT_CYCLE = 0.1; /* seconds */

bool reading_duration(const char *text, double *seconds) {
    static const struct {
        const char *unit;
        double seconds;
        bool divides; /* the number of units in a second: 0.1 ms is 0.1 / 1000, the nearest double to 1e-4 */
    } units[] = {{"us", 1e6, true}, {"ms", 1e3, true}, {"s", 1, false}, {"min", 60, false}, {"h", 3600, false}};
    char *end;
    double number = strtod(text, &end);
    if (end == text || !(number == number)) return false;
    while (*end == ' ') end++;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(end, units[i].unit) != 0) continue;
        *seconds = units[i].divides ? number / units[i].seconds : number * units[i].seconds;
        return true;
    }
    return false;
}

static bool duration(const Compilation *c, OptionId id, const char *name, double *seconds) {
    const char *text = option_value(c->options, id, NULL);
    if (!text) return true;
    if (reading_duration(text, seconds)) return true;
    fprintf(stderr, "ctx: %s expects a time with its unit, but '%s' came\nhelp: for example %s 0.1ms; the units are us, ms, s, min and h\n", name, text,
            name);
    return false;
}

static bool method(Compilation *c, DynamicOptions *options) {
    static const char *const names[] = {
#define METHOD(id, spelling, help) spelling,
#include "ir/methods.def"
#undef METHOD
    };
    const char *text = option_value(c->options, OPTION_METHOD, NULL);
    if (!text) return true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(text, names[i]) == 0) options->method = name_of(c->names, names[i]);
    if (options->method) return true;
    const char *near = diag_closest(text, names, sizeof names / sizeof *names);
    fprintf(stderr, "ctx: --method expects exponential, euler, heun, rk4 or dopri, but '%s' came%s%s%s\n", text, near ? "; did you mean '" : "",
            near ? near : "", near ? "'?" : "");
    return false;
}

bool reading_options(Compilation *c, bool *dynamic, DynamicOptions *options) {
    const char *mode = option_value(c->options, OPTION_MODE, "settled");
    *options = (DynamicOptions){.dt = DEFAULT_DT, .cycle = DEFAULT_CYCLE};
    *dynamic = strcmp(mode, "dynamic") == 0;
    if (!*dynamic && strcmp(mode, "settled") != 0) {
        fprintf(stderr, "ctx: --mode expects settled or dynamic, but '%s' came\n", mode);
        return false;
    }
    return duration(c, OPTION_DT, "--dt", &options->dt) && duration(c, OPTION_CYCLE, "--cycle", &options->cycle) && method(c, options);
}
