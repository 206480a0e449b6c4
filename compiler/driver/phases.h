/* A compilation: one source carried through the phases, in the order that phases.c lists. */
#ifndef CTX_DRIVER_PHASES_H
#define CTX_DRIVER_PHASES_H
#include "circuit/circuit.h"
#include "driver/options.h"
#include "front/ast.h"
#include "ir/dynamic.h"
#include "ir/ir.h"
#include "opt/opt.h"

typedef enum Phase {
    PHASE_READ,    /* bytes of the file                 */
    PHASE_PARSE,   /* ast                               */
    PHASE_CHECK,   /* circuit                           */
    PHASE_BUILD,   /* system: IR, what the circuit says */
    PHASE_SETTLE,  /* core: the settled or dynamic reading, gradients taken */
    PHASE_OPTIMISE /* optimised: core, rearranged       */
} Phase;

typedef struct Compilation {
    Arena *arena;
    Names *names;
    Diagnostics *diagnostics;
    const Options *options;
    bool drop_checks;  /* executables do not compute the sides of checks */
    bool watch_populations; /* every population is an output, or in the dynamic reading a trace */
    bool expose_checks; /* the sides of checks are outputs */
    bool again;         /* warnings were shown before */
    bool keep_learning; /* losses, rules and what learns by them are wanted, with the gradients in them */
    Name name;         /* the file's name without folder and suffix */
    int file;          /* source id */
    AstFile *ast;
    Circuit *circuit;
    IrProgram *system, *core, *optimised;
    OptReport report;
    DynamicReport integration; /* of the dynamic reading */
} Compilation;

/* Starts a compilation of options->file. Everything lives until phases_end. */
Compilation *phases_begin(const Options *options);
/* Carries it to the end of `last`. EXIT_DONE, or the exit status after the messages were printed. */
int phases_reach(Compilation *c, Phase last);
void phases_end(Compilation *c);
#endif
