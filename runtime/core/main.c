/* main of an executable made by `ctx build`: the circuit is linked beside it. */
#include "core/cli.h"

extern const CtxProgram ctx_program;

int main(int argc, char **argv) { return rt_main(&ctx_program, argc > 0 ? argv[0] : "circuit", argc, argv); }
