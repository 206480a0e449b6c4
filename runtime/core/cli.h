/* The command line of a compiled circuit, shared by executables and `ctx run`. */
#ifndef CTX_RUNTIME_CLI_H
#define CTX_RUNTIME_CLI_H
#include "ctx_abi.h"

/* Reads the options argv[1] .. argv[argc - 1], runs the program and returns the exit status (status.h). `name` is how the
 * user called it, for messages and --help ("./block", "ctx run block.ctx"). Results go to standard output, messages to
 * standard error. It may be called again: nothing is kept between calls. */
int rt_main(const CtxProgram *program, const char *name, int argc, char **argv);
#endif
