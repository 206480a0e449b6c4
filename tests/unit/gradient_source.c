/* The language's side of gradients: stop_gradient, from source to adjoint; and what compiles sources for the other tests. */
#include "gradient_source.h"

#include <CUnit/Basic.h>
#include <glob.h>
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

/* ---- examples and standard library ------------------------------------------------------------------------------------ */
const SourceSize source_small[] = {{"token", "4"}, {"source", "4"}, {"target", "4"}, {"head", "2"}, {"d", "4"}, {"a", "3"},
                                   {"c", "3"}, {"f", "6"}, {"unit", "4"}, {NULL, NULL}};

/* Is v integrated in steps? Gradients do not go through those. */
static bool in_steps(const IrProgram *p, const IrVar *v) {
    bool *reached = ARENA_ARRAY(p->arena, bool, p->vars.count), found = false;
    ir_reach(reached, v);
    for (int i = 0; i < p->vars.count; i++)
        for (int k = 0; k < p->vars.at[i]->axis_count; k++) found |= reached[i] && p->vars.at[i]->axes[k]->kind == AXIS_STEP;
    return found;
}

IrProgram *source_result(Arena *arena, const char *text, const SourceSize *sizes, int number, IrVar **v) {
    IrProgram *p = source_core(arena, text, sizes);
    if (number > 2 * p->checks.count) return NULL;
    const IrCheck *check = number ? &p->checks.at[(number - 1) / 2] : NULL;
    *v = !check ? p->outputs.at[0].var : number % 2 ? check->left : check->right;
    if (number % 2 && (*v == p->outputs.at[0].var || in_steps(p, *v))) *v = NULL;
    return p;
}

/* Every file of the folder beside examples/. */
static int each_file(const char *folder, SourceVisit visit, void *data) {
    Arena *arena = arena_new();
    char *readme = files_installed(arena, "examples/README.md");
    CU_ASSERT_PTR_NOT_NULL_FATAL(readme);
    char *pattern = arena_printf(arena, "%.*s%s/*.ctx", (int)(strlen(readme) - strlen("examples/README.md")), readme, folder);
    glob_t found;
    CU_ASSERT_EQUAL_FATAL(glob(pattern, 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        size_t length;
        const char *error;
        char *text = files_read(arena, found.gl_pathv[i], &length, &error);
        CU_ASSERT_PTR_NOT_NULL_FATAL(text);
        visit(data, strrchr(found.gl_pathv[i], '/') + 1, text);
    }
    int files = (int)found.gl_pathc;
    globfree(&found);
    arena_free(arena);
    return files;
}

int source_examples(SourceVisit visit, void *data) {
    return each_file("examples", visit, data);
}

static const char library_head[] =
    "use std.areas;\nuse std.columns;\nuse std.features;\nuse std.heads;\nuse std.memory;\nuse std.norm;\n"
    "use std.specs;\naxis token <= 8;\naxis source <= 8;\naxis head = 2;\naxis d = 4;\naxis a = 3;\n"
    "axis c = 3;\naxis f = 5;\nstimulus x[token, d], s[source, d], k[token, a], q[token, a], v[token, c];\n"
    "weight W_Q[head, a, d], W_K[head, a, d], W_V[head, c, d], W_O[d, head, c];\n"
    "weight b_Q[head, a], b_K[head, a], b_V[head, c], b_O[d], W_1[f, d], b_1[f], W_2[d, f], b_2[d];\n";
static const char *const library[] = {
    "cortex b = linear_block(token, head, a, c, d; x);\noutput y = b.out;\n",
    "cortex b = causal_linear_block(token, head, a, c, d; x);\noutput y = b.out;\n",
    "cortex b = memory_block(token, head, a, c, d, leak = 0.8; x);\noutput y = b.out;\n",
    "cortex b = normalised_memory_block(token, head, a, c, d, leak = 0.9; x);\noutput y = b.out;\n",
    "cortex b = softmax_block(token, head, a, d; x);\noutput y = b.out;\n",
    "cortex b = causal_softmax_block(token, head, a, d; x);\noutput y = b.out;\n",
    "cortex b = cross_block(source, token, head, a, d; s, x);\noutput y = b.out;\n",
    "cortex b = cross_memory_block(source, token, head, a, c, d; s, x);\noutput y = b.out;\n",
    "cortex b = encoder_block(token, head, a, d, f; x);\noutput y = b.out;\n",
    "cortex b = decoder_block(token, head, a, d, f; x);\noutput y = b.out;\n",
    "b = mask_head(token, a, c; k, q, v);\noutput y = b.out;\n",
    "b = causal_mask_head(token, a, c; k, q, v);\noutput y = b.out;\n",
    "b = memory_head(token, a, c, leak = 0.7, phi = elu1; k, q, v);\noutput y = b.out;\n",
    "output y = linear_attention(q, k, v);\n",
    "output y = causal_linear_attention(q, k, v);\n",
    "spec o(q[i, a], k[j, a], v[j, c]) -> o[i, c] {\n  p[i, a] = elu1(q[i, a]);\n  r[j, a] = elu1(k[j, a]);\n"
    "  u = normalised_linear_attention(p, r, v);\n  o[i, c] = u[i, c];\n}\noutput y = o(q, k, v);\n",
    "output y = softmax_attention(q, k, v);\n",
    "output y = causal_softmax_attention(q, k, v);\n",
    "output y = multihead_linear_attention(x, W_Q, W_K, W_V, W_O);\n",
    "output y = causal_multihead_linear_attention(x, W_Q, W_K, W_V, W_O);\n",
    "output y = multihead_retention(x, W_Q, W_K, W_V, W_O, 0.9);\n",
    "output y = causal_multihead_elu1_attention(x, W_Q, W_K, W_V, W_O);\n",
    "output y = multihead_attention(x, W_Q, b_Q, W_K, b_K, W_V, b_V, W_O, b_O);\n",
    "output y = causal_multihead_attention(x, W_Q, b_Q, W_K, b_K, W_V, b_V, W_O, b_O);\n",
    "output y = multihead_cross_attention(s, x, W_Q, W_K, W_V, W_O);\n",
    "output y = multihead_linear_cross_attention(s, x, W_Q, W_K, W_V, W_O);\n",
    "output y = layer_norm(x, b_O, b_2, 1e-12);\n",
    "output y = feed_forward(x, W_1, b_1, W_2, b_2);\n",
    "output y = hopfield_retrieval(s, x, 2);\n",
    "output y = delta_rule(q, k, v, 0.5);\n",
};

int source_library(SourceVisit visit, void *data) {
    int count = sizeof library / sizeof *library;
    for (int i = 0; i < count; i++) {
        Arena *arena = arena_new();
        visit(data, library[i], arena_printf(arena, "%s%s", library_head, library[i]));
        arena_free(arena);
    }
    return count + each_file("tests/numeric/library", visit, data);
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
