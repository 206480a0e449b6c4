/* The command line of a compiled circuit, shared by executables and `ctx run`. */
#ifndef CTX_RUNTIME_CLI_H
#define CTX_RUNTIME_CLI_H
#include <stdbool.h>

#include "ctx_abi.h"
#include "sim/gauge.h"

/* Reads the options argv[1] .. argv[argc - 1], runs the program and returns the exit status (status.h). `name` is how the
 * user called it, for messages and --help ("./block", "ctx run block.ctx"). Results go to standard output, messages to
 * standard error. It may be called again: nothing is kept between calls. */
int rt_main(const CtxProgram *program, const char *name, int argc, char **argv);

/* A run of a program that estimates local errors, by a caller who can compile it again for shorter steps. */
typedef struct RtAttempt {
    RtTry now, before;  /* in: `parts` of both, 1 and 0 at first; out: the error of this one */
    bool rejected;      /* out: the error is beyond the tolerance, and nothing was written */
    int64_t parts;      /* out, when rejected: in how many parts a step of the first attempt should be done */
    double tolerance;   /* out */
    char place[128];    /* out: where the error is, "p [a = 2]" */
} RtAttempt;
/* As rt_main. A rejected attempt is no failure; records of each step are kept once in attempt->now.parts steps. */
int rt_main_attempt(const CtxProgram *program, const char *name, int argc, char **argv, RtAttempt *attempt);
#endif
