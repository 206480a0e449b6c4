#include "driver/native.h"

#include "driver/reading.h"
#include "sim/timer.h"

#include <string.h>

/* What the user may get wrong here is the processor's name and the precision. */
static int refused(const char *message, int status) {
    fprintf(stderr, "ctx: %s\n", message);
    if (status == EXIT_WRONG) fprintf(stderr, "help: names as `llc -mcpu=help` lists them, x86-64-v3 for example; `host` is this machine\n");
    return status;
}

static bool read_options(Compilation *c, CgOptions *options) {
    const char *precision = option_value(c->options, OPTION_PRECISION, "f32");
    if (strcmp(precision, "f32") != 0 && strcmp(precision, "f64") != 0) {
        fprintf(stderr, "ctx: --precision expects f32 or f64, but '%s' came\n", precision);
        return false;
    }
    *options = (CgOptions){.f64 = strcmp(precision, "f64") == 0, .cpu = option_value(c->options, OPTION_CPU, "host"),
                           .areas = c->circuit ? c->circuit->areas : 0, .columns = c->circuit ? c->circuit->columns : 0,
                           .populations = c->circuit ? c->circuit->populations.count : 0};
    bool dynamic;
    DynamicOptions steps;
    if (!reading_options(c, &dynamic, &steps)) return false;
    if (dynamic) options->dt = steps.dt, options->cycle = steps.cycle;
    return true;
}

int native_compile(Compilation *c, CgModule **module) {
    CgOptions options;
    char *error = NULL;
    if (!read_options(c, &options)) return EXIT_WRONG;
    double start = rt_timer();
    *module = cg_compile(c->optimised, schedule_make(c->optimised), &options, &error);
    if (option_given(c->options, OPTION_TIME)) fprintf(stderr, "%-10s %8.2f ms\n", "generate", (rt_timer() - start) * 1e3);
    if (*module) return EXIT_DONE;
    return refused(error, strstr(error, "processor") ? EXIT_WRONG : EXIT_FAULT);
}

int native_load(Compilation *c, CgModule **module, const CtxProgram **program) {
    int status = native_compile(c, module);
    if (status != EXIT_DONE) return status;
    char *error = NULL;
    double start = rt_timer();
    *program = cg_load(*module, &error);
    if (option_given(c->options, OPTION_TIME)) fprintf(stderr, "%-10s %8.2f ms\n", "load", (rt_timer() - start) * 1e3);
    return *program ? EXIT_DONE : refused(error, EXIT_FAULT);
}
