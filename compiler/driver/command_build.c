#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "circuit/build.h"
#include "driver/commands.h"
#include "driver/files.h"
#include "driver/phases.h"
#include "front/front.h"

/* A phase's result as text; `build --emit=STAGE` prints it. */
typedef struct Stage {
    const char *name;
    Phase phase;
    void (*print)(Compilation *c, FILE *to);
} Stage;

static void print_tokens(Compilation *c, FILE *to) { front_print_tokens(c->names, c->diagnostics, c->file, to); }
static void print_ast(Compilation *c, FILE *to) { front_print_ast(c->ast, to); }
static void print_circuit(Compilation *c, FILE *to) { cir_print(c->circuit, to); }
static void print_system(Compilation *c, FILE *to) { ir_print(c->system, to); }
static void print_core(Compilation *c, FILE *to) { ir_print(c->core, to); }
static void print_optimised(Compilation *c, FILE *to) { ir_print(c->optimised, to); }

static const Stage stages[] = {
    {"tokens", PHASE_READ, print_tokens},
    {"ast", PHASE_PARSE, print_ast},
    {"circuit", PHASE_CHECK, print_circuit},
    {"system", PHASE_BUILD, print_system},
    {"ir", PHASE_SETTLE, print_core},
    {"opt", PHASE_OPTIMISE, print_optimised},
};

/* Text of a stage to -o, or to standard output. */
static int emit_text(Compilation *c, const Stage *stage) {
    int status = phases_reach(c, stage->phase);
    if (status != EXIT_DONE) return status;
    char *text;
    size_t length;
    FILE *to = open_memstream(&text, &length);
    if (!to) return EXIT_MACHINE;
    stage->print(c, to);
    fclose(to);
    if (diag_error_count(c->diagnostics)) { /* of the scanner */
        diag_render(c->diagnostics, stderr, isatty(STDERR_FILENO));
        free(text);
        return EXIT_WRONG;
    }
    status = files_write(c->arena, option_value(c->options, OPTION_OUTPUT, "-"), text, length);
    free(text);
    return status;
}

int command_build(Options *options) {
    const char *emit = option_value(options, OPTION_EMIT, NULL);
    Compilation *c = phases_begin(options);
    int status = EXIT_WRONG;
    for (size_t i = 0; emit && i < sizeof stages / sizeof *stages; i++)
        if (strcmp(stages[i].name, emit) == 0) status = emit_text(c, &stages[i]);
    phases_end(c);
    return status;
}
