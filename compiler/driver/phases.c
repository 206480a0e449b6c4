#include "driver/phases.h"

#include <string.h>
#include <unistd.h>

#include "driver/files.h"
#include "driver/modules.h"
#include "driver/reading.h"
#include "driver/record.h"
#include "exact/validate.h"
#include "front/front.h"
#include "io/tensor.h"
#include "gradient/resolve.h"
#include "ir/build.h"
#include "ir/settle.h"
#include "reference/check.h"
#include "sema/sema.h"
#include "sim/timer.h"

static int phase_read(Compilation *c) {
    size_t length;
    const char *error, *path = c->options->file;
    char *text = files_read(c->arena, path, &length, &error);
    if (!text) {
        fprintf(stderr, "ctx: cannot read %s: %s\nhelp: the operand is the path of a .ctx file\n", path, error);
        return EXIT_WRONG;
    }
    c->file = diag_add_source(c->diagnostics, path, text, length);
    return EXIT_DONE;
}

static int phase_parse(Compilation *c) {
    c->ast = front_parse(c->arena, c->names, c->diagnostics, c->file);
    return EXIT_DONE;
}

/* "token=512" of every --set, split */
static SemaOverride *overrides(Compilation *c, int *count) {
    const Strings *sets = &c->options->value[OPTION_SET];
    SemaOverride *list = ARENA_ARRAY(c->arena, SemaOverride, sets->count);
    for (int i = 0; i < sets->count; i++) {
        const char *equals = strchr(sets->at[i], '=');
        if (!equals) {
            fprintf(stderr, "ctx: --set expects AXIS=SIZE, but '%s' came\n", sets->at[i]);
            return NULL;
        }
        list[i].name = arena_strndup(c->arena, sets->at[i], (size_t)(equals - sets->at[i]));
        list[i].value = equals + 1;
    }
    *count = sets->count;
    return list;
}

/* 0: the list is not there yet, or not as it should be, which the runtime will say. */
static double pairs_listed(const char *path) {
    RtNpyFile file;
    RtError error = {0};
    bool in_rows;
    double pairs = 0;
    if (rt_npy_open(path, &file, &in_rows, &error) == RT_OK && in_rows) {
        if (file.rank == 2 && file.shape[1] == 2) pairs = (double)file.shape[0];
        rt_npy_close(&file);
    }
    rt_error_clear(&error);
    return pairs;
}

static int phase_check(Compilation *c) {
    SemaInput input = {.main = c->ast, .name = c->name, .pairs = pairs_listed, .places = option_given(c->options, OPTION_LOCALITY), .load = modules_load, .offer = modules_offer, .load_data = modules_new(c)};
    SemaOverride *list = overrides(c, &input.override_count);
    if (!list) return EXIT_WRONG;
    input.overrides = list;
    c->circuit = sema_check(c->arena, c->names, c->diagnostics, &input);
    return EXIT_DONE;
}

static int phase_build(Compilation *c) {
    c->system = ir_build(c->arena, c->names, c->diagnostics, c->circuit);
    return EXIT_DONE;
}

static bool has_settle(const IrExpr *e) {
    if (e->op == IR_SETTLE) return true;
    for (int i = 0; i < e->argc; i++)
        if (has_settle(e->arg[i])) return true;
    return false;
}

static bool reads_settle(const IrProgram *p, const IrVar *v) {
    bool *reached = ARENA_ARRAY(p->arena, bool, p->vars.count), found = false;
    ir_reach(reached, v);
    for (int i = 0; i < p->vars.count; i++) found |= reached[i] && p->vars.at[i]->def && has_settle(p->vars.at[i]->def);
    return found;
}

static IrExpr *settled_now(void *data, IrExpr *e) {
    (void)data;
    return e->op == IR_SETTLE ? e->arg[0] : e;
}

/* For `ctx settle`, whose steps and cycles are its own: without checks, and without outputs of other times. */
static IrProgram *of_populations(const Compilation *c) {
    IrProgram *p = ir_clone(c->system);
    p->checks.count = 0;
    ir_forget_learning(p);
    int count = 0;
    for (int i = 0; i < p->outputs.count; i++)
        if (!reads_settle(p, p->outputs.at[i].var)) p->outputs.at[count++] = p->outputs.at[i];
    p->outputs.count = count;
    for (int i = 0; i < p->vars.count; i++) /* nothing reads them any more */
        if (p->vars.at[i]->def) p->vars.at[i]->def = ir_map(p, p->vars.at[i]->def, settled_now, NULL);
    return p;
}

static void take_gradients(Compilation *c) {
    GradientFault fault;
    if (!gradient_asked(c->core)) return;
    IrProgram *resolved = gradient_resolve(c->core, &fault);
    if (resolved) c->core = resolved;
    else diag_error(c->diagnostics, E_GRADIENT, fault.where, "there is no gradient here: %s", fault.what);
}

static int phase_settle(Compilation *c) {
    bool dynamic;
    DynamicOptions options;
    if (!reading_options(c, &dynamic, &options)) return EXIT_WRONG;
    if (c->watch_populations) c->system = of_populations(c);
    if (dynamic && record_populations(c, c->system) != EXIT_DONE) return EXIT_WRONG;
    if (dynamic) c->core = ir_dynamic(c->system, &options, c->diagnostics, &c->integration);
    else c->core = ir_settle(c->system, &options, c->diagnostics);
    if (!diag_error_count(c->diagnostics)) take_gradients(c);
    if (diag_error_count(c->diagnostics)) return EXIT_DONE;
    if (c->expose_checks) check_expose(c->core);
    return dynamic ? EXIT_DONE : record_populations(c, c->core);
}

/* What --validate asks for. */
typedef struct Validator {
    int changed, undecided;
    const char *wrong; /* the pass that broke the program */
    Validation found;
} Validator;

static void validate_pass(void *data, const char *pass, const IrProgram *before, const IrProgram *after) {
    Validator *v = data;
    Validation found = exact_validate(before, after, 1);
    v->changed++;
    v->undecided += found.verdict == EXACT_UNDECIDED;
    if (found.verdict == EXACT_UNEQUAL && !v->wrong) v->wrong = pass, v->found = found;
}

static int phase_optimise(Compilation *c) {
    Validator v = {0};
    OptOptions options = {.no_reassociate = option_given(c->options, OPTION_NO_REASSOCIATE), .drop_checks = c->drop_checks};
    bool validate = option_given(c->options, OPTION_VALIDATE);
    if (validate) options.changed = validate_pass, options.changed_data = &v;
    c->optimised = opt_run(c->core, &options, &c->report);
    if (v.wrong) {
        fprintf(stderr, "ctx: internal fault: pass %s changed what '%s' is, at %s\n", v.wrong, v.found.output, v.found.why);
        return EXIT_FAULT;
    }
    if (validate) fprintf(stderr, "validated: %d changes by passes, %d of them undecided\n", v.changed, v.undecided);
    return EXIT_DONE;
}

/* The phases, in order; code generation follows in the commands that want it. */
static const struct {
    const char *name;
    int (*run)(Compilation *c);
} phases[] = {
    [PHASE_READ] = {"read", phase_read},       [PHASE_PARSE] = {"parse", phase_parse},
    [PHASE_CHECK] = {"check", phase_check},    [PHASE_BUILD] = {"build IR", phase_build},
    [PHASE_SETTLE] = {"settle", phase_settle}, [PHASE_OPTIMISE] = {"optimise", phase_optimise},
};

Compilation *phases_begin(const Options *options) {
    Arena *arena = arena_new();
    Compilation *c = ARENA_NEW(arena, Compilation);
    c->arena = arena;
    c->options = options;
    c->names = names_new(arena);
    c->diagnostics = diag_new(arena);
    const char *slash = strrchr(options->file, '/'), *base = slash ? slash + 1 : options->file;
    const char *dot = strrchr(base, '.');
    c->name = name_intern(c->names, base, dot && dot > base ? (size_t)(dot - base) : strlen(base));
    return c;
}

int phases_reach(Compilation *c, Phase last) {
    int shown = 0;
    for (int i = 0; i <= (int)last; i++) {
        double start = rt_timer();
        int status = phases[i].run(c);
        if (option_given(c->options, OPTION_TIME))
            fprintf(stderr, "%-10s %8.2f ms\n", phases[i].name, (rt_timer() - start) * 1e3);
        if (status != EXIT_DONE) return status;
        if (diag_error_count(c->diagnostics)) break;
    }
    shown = diag_error_count(c->diagnostics) + (c->again ? 0 : diag_warning_count(c->diagnostics));
    if (shown) diag_render(c->diagnostics, stderr, isatty(STDERR_FILENO));
    return diag_error_count(c->diagnostics) ? EXIT_WRONG : EXIT_DONE;
}

void phases_end(Compilation *c) {
    arena_free(c->arena);
}
