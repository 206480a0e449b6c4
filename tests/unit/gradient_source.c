/* The language's side of gradients: stop_gradient, from source to adjoint; and what compiles sources for the other tests. */
#include "gradient_source.h"

#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

#include "driver/files.h"
#include "front/front.h"
#include "gradient/resolve.h"
#include "ir/build.h"
#include "ir/settle.h"
#include "sema/sema.h"

void suite_gradient_source(void);

typedef struct Load {
    Arena *arena;
    Names *names;
    Diagnostics *diagnostics;
    const char *path[32];
    AstFile *ast[32];
    int count;
} Load;

/* std.x is stdlib/x.ctx, once. */
static AstFile *load(void *data, const AstFile *user, const AstNames *path) {
    (void)user;
    Load *l = data;
    char *place = files_installed(l->arena, arena_printf(l->arena, "stdlib/%s.ctx", path->at[path->count - 1].name));
    const char *error;
    size_t length;
    if (!place) return NULL;
    for (int i = 0; i < l->count; i++)
        if (strcmp(l->path[i], place) == 0) return l->ast[i];
    char *text = files_read(l->arena, place, &length, &error);
    if (!text || l->count == 32) return NULL;
    l->path[l->count] = place;
    return l->ast[l->count++] = front_parse(l->arena, l->names, l->diagnostics, diag_add_source(l->diagnostics, place, text, length));
}

static bool declares(const char *text, const char *axis) {
    for (const char *at = text; (at = strstr(at, "axis ")); at++) {
        size_t length = strlen(axis);
        bool begins = at == text || at[-1] == '\n';
        if (begins && strncmp(at + 5, axis, length) == 0 && at[5 + length] == ' ') return true;
    }
    return false;
}

static IrProgram *system_of(Arena *arena, const char *text, const SourceSize *sizes, Diagnostics **diagnostics) {
    Load l = {.arena = arena, .names = names_new(arena), .diagnostics = diag_new(arena)};
    int file = diag_add_source(l.diagnostics, "test.ctx", text, strlen(text));
    SemaOverride overrides[32];
    SemaInput input = {.main = front_parse(arena, l.names, l.diagnostics, file), .name = "test", .load = load, .load_data = &l,
                       .overrides = overrides};
    for (; sizes && sizes->axis; sizes++)
        if (declares(text, sizes->axis)) overrides[input.override_count++] = (SemaOverride){sizes->axis, sizes->size};
    Circuit *circuit = sema_check(arena, l.names, l.diagnostics, &input);
    if (!circuit) diag_render(l.diagnostics, stdout, false), printf("%s", text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(circuit);
    *diagnostics = l.diagnostics;
    return ir_build(arena, l.names, l.diagnostics, circuit);
}

static IrProgram *without_errors(IrProgram *core, Diagnostics *diagnostics) {
    if (diag_error_count(diagnostics)) diag_render(diagnostics, stdout, false);
    CU_ASSERT_EQUAL_FATAL(diag_error_count(diagnostics), 0);
    return core;
}

IrProgram *source_settled(Arena *arena, const char *text, const SourceSize *sizes) {
    Diagnostics *diagnostics;
    IrProgram *system = system_of(arena, text, sizes, &diagnostics);
    return without_errors(ir_settle(system, NULL, diagnostics), diagnostics);
}

IrProgram *source_in_time(Arena *arena, const char *text, const SourceSize *sizes, const DynamicOptions *options) {
    Diagnostics *diagnostics;
    DynamicReport report = {0};
    IrProgram *system = system_of(arena, text, sizes, &diagnostics);
    system->checks.count = 0;
    return without_errors(ir_dynamic(system, options, diagnostics, &report), diagnostics);
}

IrProgram *source_core(Arena *arena, const char *text, const SourceSize *sizes) {
    GradientFault fault;
    IrProgram *core = gradient_resolve(source_settled(arena, text, sizes), &fault);
    CU_ASSERT_PTR_NOT_NULL_FATAL(core);
    return core;
}

/* ---- stop_gradient ---------------------------------------------------------------------------------------------------- */
/* d y / d w of `y = ...` as text, every variable of the gradient but inputs and y written out. */
static IrExpr *write_out(void *data, IrExpr *e) {
    IrProgram *p = data;
    if (e->op != IR_REF || !e->var->def || strcmp(e->var->name, "y") == 0) return e;
    return ir_map(p, ir_inline(p, e), write_out, p);
}

static char *gradient_text(Arena *arena, const char *expression) {
    char *source = arena_printf(arena, "axis d = 3;\nstimulus x;\nweight w;\npopulation p : cell;\nx -> p;\noutput y = %s;\n"
                                "neuron cell { compartment input; rate r; r = input; }\n", expression);
    IrProgram *p = source_core(arena, source, NULL);
    const IrVar *of = ir_find_var(p, "w");
    IrVar *gradient;
    GradientFault fault;
    IrProgram *g = gradient_of(p, p->outputs.at[0].var, &of, 1, &gradient, &fault);
    CU_ASSERT_PTR_NOT_NULL_FATAL(g);
    CU_ASSERT_PTR_NULL(ir_verify(g));
    return ir_expr_text(arena, ir_map(g, gradient->def, write_out, g));
}

static void what_is_stopped_is_a_constant(void) {
    static const struct { const char *y, *gradient; } cases[] = {
        {"w * x", "x"},
        {"w * stop_gradient(w)", "stop_gradient(w)"},
        {"stop_gradient(w * x)", "0"},
        {"w * x + stop_gradient(w)", "x"},
        {"stop_gradient(p) * w", "stop_gradient(x)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Arena *arena = arena_new();
        char *text = gradient_text(arena, cases[i].y);
        if (strcmp(text, cases[i].gradient) != 0) printf("\n    d (%s) / dw = %s, not %s", cases[i].y, text, cases[i].gradient);
        CU_ASSERT_STRING_EQUAL(text, cases[i].gradient);
        arena_free(arena);
    }
}

/* It has its operand's unit: else the sum would not be one of volts. */
static void the_unit_stays(void) {
    Arena *arena = arena_new();
    IrProgram *p = source_core(arena, "stimulus x : mV;\noutput y = (stop_gradient(x) + x) / 1 mV;\n", NULL);
    CU_ASSERT_PTR_NOT_NULL(strstr(ir_expr_text(arena, p->outputs.at[0].var->def), "stop_gradient(0.001 * x) + 0.001 * x"));
    arena_free(arena);
}

void suite_gradient_source(void) {
    CU_pSuite suite = CU_add_suite("gradient_source", NULL, NULL);
    CU_add_test(suite, "what is stopped is a constant", what_is_stopped_is_a_constant);
    CU_add_test(suite, "the unit stays", the_unit_stays);
}
