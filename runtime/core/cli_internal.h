/* Insides of the command line: what was asked (cli_options.c), how it is run (cli.c), what is printed (cli_print.c). */
#ifndef CTX_RUNTIME_CLI_INTERNAL_H
#define CTX_RUNTIME_CLI_INTERNAL_H
#include <string.h>

#include "core/cli.h"
#include "core/plan.h"
#include "sim/sim.h"

typedef enum CliReading { CLI_SETTLED = 1, CLI_DYNAMIC = 2, CLI_ANY = 3 } CliReading; /* whose programs take an option */

typedef struct Cli {
    const char *name; /* of the command, as called */
    const CtxProgram *program;
    RtConfig *config;
    const RtDescriptor *d; /* the configuration's */
    RtError error;
    /* asked, for each buffer: */
    const char **source; /* stimulus, weight: a file, or for stimuli "random" or "normal" */
    const char **target; /* output: a file */
    const char **expected; /* output: a file to compare it with */
    int entries;
    char **entry; /* of --record lists, owned */
    double tolerance;
    const char *archive; /* --out without a name: .safetensors of all outputs */
    const char *weights;
    struct { /* of the dynamic reading; times in seconds, 0: not asked */
        int records;
        const char **record; /* entries, see sim/select.h */
        const char *traces, *plot, *checkpoint, *resume;
        double interval, every;
        double tolerance; /* of local errors */
    } sim;
    RtAttempt *attempt; /* or NULL: the steps are what they are */
    uint64_t seed;
    int64_t repeat; /* 0: not asked */
    bool time, json, quiet, verbose, help, version, describe;
    bool refuted; /* an output is not what was expected: exit status 1 */
    /* running: */
    RtTensor *tensor; /* for each buffer: stimuli and outputs as a whole; without data where they are streamed */
    RtNpyFile *rows;  /* for each buffer: the file of a streamed stimulus */
    uint64_t *sums;   /* for each buffer: checksum of a stimulus */
    RtSim *run;       /* dynamic reading */
    int interrupted;  /* the signal that ended it, or 0 */
    RtPlan *plan;
    double median_ms, best_ms;
} Cli;

static inline bool cli_is_dynamic(const Cli *cli) { return cli->program->parts > 0; }
static inline CliReading cli_reading(const Cli *cli) { return cli_is_dynamic(cli) ? CLI_DYNAMIC : CLI_SETTLED; }
static inline bool cli_is_drawn(const char *source) { return !strcmp(source, "random") || !strcmp(source, "normal"); }
/* How a stimulus that is `random` or `normal` is drawn. */
static inline RtDraw cli_draw(const char *source) {
    return !strcmp(source, "normal") ? (RtDraw){RT_DRAW_NORMAL, 0, 1} : (RtDraw){RT_DRAW_UNIFORM, -1, 1};
}

/* The configuration's failure becomes the command's. */
static inline RtStatus cli_take_config_error(Cli *cli) {
    return rt_fail(&cli->error, rt_config_status(cli->config), "%s", rt_config_message(cli->config));
}

/* Notes are said in the first attempt only. */
static inline bool cli_is_again(const Cli *cli) { return cli->attempt && cli->attempt->before.parts > 0; }
static inline bool cli_is_rejected(const Cli *cli) { return cli->attempt && cli->attempt->rejected; }

/* ---- local errors of the dynamic reading (cli_steps.c) ---- */
/* Before the run: is the tolerance one that this precision can keep? */
RtStatus cli_ask_tolerance(Cli *cli);
/* After the run. RT_USER: they are beyond the tolerance and the steps cannot be shorter. */
RtStatus cli_judge_steps(Cli *cli);

/* ---- the dynamic reading (cli_sim.c) ---- */
/* Opens a stimulus that may be streamed: its shape is known then, its data are not read. *opened false: it is read as a whole. */
RtStatus cli_open_rows(Cli *cli, int buffer, bool *opened);
/* Once all shapes are known: which stimuli and outputs are streamed. The files of those are read through once. */
RtStatus cli_choose_streams(Cli *cli);
RtStatus cli_run_sim(Cli *cli, const void *const *stimuli, void *const *outputs);
/* After the outputs are written: the picture, and the files of the run take their names. */
RtStatus cli_finish_sim(Cli *cli);

/* Reads the arguments. A wrong one is recorded in cli->error. */
RtStatus cli_read_options(Cli *cli, int argc, char **argv);
/* After that: may each file be written, and does it replace none of the others (cli_files.c)? */
RtStatus cli_look_at_files(Cli *cli);
void cli_print_help(const Cli *cli);
void cli_print_version(const Cli *cli);
/* Compares the outputs that --expect names, a line each. */
RtStatus cli_compare(Cli *cli);
void cli_print_description(const Cli *cli);
/* Results on standard output, as text or JSON. */
RtStatus cli_print_results(Cli *cli);
#endif
