#include "core/cli.h"
#include "driver/commands.h"
#include "driver/native.h"

/* The executable's own command line, with the options that ctx did not take for itself. */
static int run(Compilation *c, const CtxProgram *program) {
    const Strings *rest = &c->options->rest;
    char *name = arena_printf(c->arena, "ctx run %s", c->options->file);
    char **argv = ARENA_ARRAY(c->arena, char *, rest->count + 2);
    argv[0] = name;
    for (int i = 0; i < rest->count; i++) argv[i + 1] = (char *)rest->at[i];
    return rt_main(program, name, rest->count + 1, argv);
}

int command_run(Options *options) {
    Compilation *c = phases_begin(options);
    c->drop_checks = true;
    CgModule *module = NULL;
    const CtxProgram *program;
    int status = phases_reach(c, PHASE_OPTIMISE);
    if (status == EXIT_DONE) status = native_load(c, &module, &program);
    if (status == EXIT_DONE) status = run(c, program);
    cg_free(module);
    phases_end(c);
    return status;
}
