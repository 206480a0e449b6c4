/* Insides of the command line: what was asked (cli_options.c), how it is run (cli.c), what is printed (cli_print.c). */
#ifndef CTX_RUNTIME_CLI_INTERNAL_H
#define CTX_RUNTIME_CLI_INTERNAL_H
#include "core/plan.h"

typedef struct Cli {
    const char *name; /* of the command, as called */
    RtConfig *config;
    const RtDescriptor *d; /* the configuration's */
    RtError error;
    /* asked, for each buffer: */
    const char **source; /* stimulus, weight: a file, or for stimuli "random" or "normal" */
    const char **target; /* output: a file */
    const char **expected; /* output: a file to compare it with */
    double tolerance;
    const char *archive; /* --out without a name: .safetensors of all outputs */
    const char *weights;
    uint64_t seed;
    int64_t repeat; /* 0: not asked */
    bool time, json, quiet, verbose, help, version, describe;
    bool refuted; /* an output is not what was expected: exit status 1 */
    /* running: */
    RtTensor *tensor; /* for each buffer: stimuli and outputs as a whole */
    RtPlan *plan;
    double median_ms, best_ms;
} Cli;

/* Reads the arguments. A wrong one is recorded in cli->error. */
RtStatus cli_read_options(Cli *cli, int argc, char **argv);
void cli_print_help(const Cli *cli);
void cli_print_version(const Cli *cli);
/* Compares the outputs that --expect names, a line each. */
RtStatus cli_compare(Cli *cli);
void cli_print_description(const Cli *cli);
/* Results on standard output, as text or JSON. */
RtStatus cli_print_results(Cli *cli);
#endif
