#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "circuit/build.h"
#include "driver/commands.h"
#include "core/shared.h"
#include "driver/files.h"
#include "driver/link.h"
#include "driver/native.h"
#include "driver/phases.h"
#include "front/front.h"
#include "opt/schedule.h"
#include "sim/timer.h"

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
static void print_schedule(Compilation *c, FILE *to) { schedule_print(c->optimised, schedule_make(c->optimised), to); }

static const Stage stages[] = {
    {"tokens", PHASE_READ, print_tokens},
    {"ast", PHASE_PARSE, print_ast},
    {"circuit", PHASE_CHECK, print_circuit},
    {"system", PHASE_BUILD, print_system},
    {"ir", PHASE_SETTLE, print_core},
    {"opt", PHASE_OPTIMISE, print_optimised},
    {"schedule", PHASE_OPTIMISE, print_schedule},
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

/* ---- native stages ------------------------------------------------------------------------------------------------------- */
static char *default_output(Compilation *c, const char *suffix) {
    return arena_printf(c->arena, "%s%s", c->name, suffix);
}

static const char *output_path(Compilation *c, const char *suffix) {
    return option_value(c->options, OPTION_OUTPUT, default_output(c, suffix));
}

static int fault(const char *message) {
    fprintf(stderr, "ctx: %s\n", message);
    return EXIT_FAULT;
}

static int emit_llvm(Compilation *c, CgModule *module) {
    char *text = cg_llvm_text(module);
    int status = files_write(c->arena, option_value(c->options, OPTION_OUTPUT, "-"), text, strlen(text));
    free(text);
    return status;
}

static int emit_code(Compilation *c, CgModule *module, bool assembly) {
    char *error = NULL;
    size_t length;
    void *bytes = cg_object(module, assembly, &length, &error);
    if (!bytes) return fault(error);
    const char *path = assembly ? option_value(c->options, OPTION_OUTPUT, "-") : output_path(c, ".o");
    int status = files_write(c->arena, path, bytes, length);
    free(bytes);
    return status;
}

static int emit_assembly(Compilation *c, CgModule *module) { return emit_code(c, module, true); }
static int emit_object(Compilation *c, CgModule *module) { return emit_code(c, module, false); }

static int emit_linked(Compilation *c, CgModule *module, const char *path, const char *wrappers) {
    char *error = NULL;
    LinkJob job = {.output = path, .shared = wrappers != NULL, .source = wrappers};
    void *bytes = cg_object(module, false, &job.object_length, &error);
    if (!bytes) return fault(error);
    job.object = bytes;
    double start = rt_timer();
    int status = link_program(c->arena, &job);
    if (option_given(c->options, OPTION_TIME)) fprintf(stderr, "%-10s %8.2f ms\n", "link", (rt_timer() - start) * 1e3);
    free(bytes);
    return status;
}

static int emit_executable(Compilation *c, CgModule *module) {
    return emit_linked(c, module, output_path(c, ""), NULL);
}

static int write_header(Compilation *c, CgModule *module, const char *path) {
    RtError error = {0};
    char *text = rt_shared_header(cg_descriptor_text(module), c->name, &error);
    if (!text) return fault(rt_error_message(&error));
    int status = files_write(c->arena, path, text, strlen(text));
    free(text);
    return status;
}

static int emit_header(Compilation *c, CgModule *module) {
    return write_header(c, module, option_value(c->options, OPTION_OUTPUT, "-"));
}

/* lib.so and, beside it, lib.h */
static int emit_shared(Compilation *c, CgModule *module) {
    const char *path = output_path(c, ".so");
    const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
    int stem = dot && dot > path && (!slash || dot > slash + 1) ? (int)(dot - path) : (int)strlen(path);
    RtError error = {0};
    char *wrappers = rt_shared_source(cg_descriptor_text(module), c->name, &error);
    if (!wrappers) return fault(rt_error_message(&error));
    int status = emit_linked(c, module, path, wrappers);
    free(wrappers);
    return status == EXIT_DONE ? write_header(c, module, arena_printf(c->arena, "%.*s.h", stem, path)) : status;
}

static const struct {
    const char *name;
    int (*emit)(Compilation *c, CgModule *module);
} native_stages[] = {
    {"executable", emit_executable}, {"llvm", emit_llvm}, {"asm", emit_assembly},
    {"obj", emit_object},            {"shared", emit_shared}, {"header", emit_header},
};

static int emit_native(Compilation *c, int (*stage)(Compilation *, CgModule *)) {
    CgModule *module = NULL;
    c->drop_checks = true;
    int status = phases_reach(c, PHASE_OPTIMISE);
    if (status == EXIT_DONE) status = native_compile(c, &module);
    if (status == EXIT_DONE) status = stage(c, module);
    cg_free(module);
    return status;
}

static int unknown_stage(const char *stage) {
    const char *names[32];
    int count = 0;
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++) names[count++] = stages[i].name;
    for (size_t i = 0; i < sizeof native_stages / sizeof *native_stages; i++) names[count++] = native_stages[i].name;
    const char *near = diag_closest(stage, names, count);
    fprintf(stderr, "ctx build: there is no stage '%s'%s%s%s\nhelp: --emit takes", stage, near ? "; did you mean '" : "",
            near ? near : "", near ? "'?" : "");
    for (int i = 0; i < count; i++) fprintf(stderr, "%s %s", i ? "," : "", names[i]);
    fprintf(stderr, "\n");
    return EXIT_WRONG;
}

static int emit(Compilation *c, const char *stage) {
    for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
        if (strcmp(stages[i].name, stage) == 0) return emit_text(c, &stages[i]);
    for (size_t i = 0; i < sizeof native_stages / sizeof *native_stages; i++)
        if (strcmp(native_stages[i].name, stage) == 0) return emit_native(c, native_stages[i].emit);
    return unknown_stage(stage);
}

/* An executable has a name of its own, which is the source's where that has no suffix. */
static int keep_source(Compilation *c, const char *stage) {
    const Options *o = c->options;
    bool unnamed = !option_given(o, OPTION_OUTPUT) && strcmp(stage, "executable") == 0;
    return files_keep_source(o->file, unnamed ? output_path(c, "") : option_value(o, OPTION_OUTPUT, NULL), unnamed ? "the executable, without -o," : "-o");
}

int command_build(Options *options) {
    const char *stage = option_value(options, OPTION_EMIT, "executable");
    Compilation *c = phases_begin(options);
    int status = keep_source(c, stage);
    if (status == EXIT_DONE) status = emit(c, stage);
    phases_end(c);
    return status;
}
