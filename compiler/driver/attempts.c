#include "driver/attempts.h"

#include "core/cli.h"
#include "driver/native.h"

enum { MOST_TRIES = 12, MOST_PARTS = 10000 };

/* The executable's own command line, with the options that ctx did not take for itself. */
static int run_program(Compilation *c, const CtxProgram *program, RtAttempt *attempt) {
    const Strings *rest = &c->options->rest;
    char *name = arena_printf(c->arena, "ctx run %s", c->options->file);
    char **argv = ARENA_ARRAY(c->arena, char *, rest->count + 2);
    argv[0] = name;
    for (int i = 0; i < rest->count; i++) argv[i + 1] = (char *)rest->at[i];
    return rt_main_attempt(program, name, rest->count + 1, argv, attempt);
}

/* *dt: of the steps it was compiled for, 0 in the settled reading. */
static int compile_and_run(const Options *options, RtAttempt *attempt, double *dt) {
    Compilation *c = phases_begin(options);
    CgModule *module = NULL;
    const CtxProgram *program;
    c->drop_checks = true;
    c->again = attempt->before.parts > 0;
    int status = phases_reach(c, PHASE_OPTIMISE);
    if (status == EXIT_DONE) status = native_load(c, &module, &program);
    if (status == EXIT_DONE) status = run_program(c, program, attempt);
    *dt = c->integration.dt;
    cg_free(module);
    phases_end(c);
    return status;
}

static int give_up(const Options *options, const RtAttempt *a, double dt) {
    fprintf(stderr, "ctx run %s: in steps of %g ms the largest local error is still %.2g (%s), more than the tolerance of %g\n", options->file,
            dt * 1e3 / (double)a->now.parts, a->now.error, a->place, a->tolerance);
    fprintf(stderr, "help: give a larger --tolerance; where time constants differ much, the method exponential takes longer steps\n");
    return EXIT_WRONG;
}

int attempts_run(const Options *options) {
    RtAttempt attempt = {.now.parts = 1};
    Arena *arena = arena_new();
    double dt, first;
    int status = compile_and_run(options, &attempt, &first);
    for (int tries = 1; status == EXIT_DONE && attempt.rejected; tries++) {
        if (tries == MOST_TRIES || attempt.parts > MOST_PARTS) {
            status = give_up(options, &attempt, first);
            break;
        }
        Options *finer = arena_copy(arena, options, sizeof *options);
        attempt.before = attempt.now;
        attempt.now = (RtTry){.parts = attempt.parts};
        option_add(arena, finer, OPTION_DT, arena_printf(arena, "%.17gs", first / (double)attempt.parts));
        status = compile_and_run(finer, &attempt, &dt);
    }
    arena_free(arena);
    return status;
}
