/* Gradients through the steps of the dynamic reading: against central differences in float64, before and after the passes of opt/, by every
 * method; exactly, by dual numbers; in native code, with all steps kept and with segments of them done again. */
#include <CUnit/Basic.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codegen.h"
#include "driver/files.h"
#include "exact/evaluate.h"
#include "gradient/gradient.h"
#include "gradient_numeric.h"
#include "gradient_source.h"
#include "ir/dynamic.h"
#include "ir_text.h"

void suite_gradient_time(void);

#define HEAD \
    "axis token : bounded(8)\naxis u : const(3)\naxis now : cycle(token)\naxis u.1 : copy(u)\naxis token.1 : copy(token)\n" \
    "stimulus x[token, u]\nstimulus z[u]\nweight W[u, u.1]\nweight b[u]\nweight tau[u] draw uniform(0.004, 0.006)\nnoise xi[now, u]\nnoise eta[u]\n"
#define LAG "0.007"

static const char *const methods[] = {"euler", "heun", "rk4", "exponential", "dopri"};
enum { METHODS = sizeof methods / sizeof *methods };

/* `not_by`: a method that is refused there. */
static const struct {
    const char *what, *items, *not_by;
} circuits[] = {
    {"a cell that hears itself and others",
     "alg r.in[now, u] of compartment \"r.in\" = x[now, u] + (sum(u.1) W[u, u.1] * r[now, u.1])\node r[now, u] rate 0.005 = -r[now, u] + tanh(r.in[now, u])\noutput y = r\n", NULL},
    {"trained time constants and rest",
     "ode r[now, u] of population \"r\" rate tau[u] = -r[now, u] + b[u] + x[now, u]\nalg s[now, u] of population \"s\" = tanh(r[now, u]) * b[u]\noutput y = s\n", NULL},
    {"delays within a cycle and over cycles",
     "alg r.in[now, u] of compartment \"r.in\" = x[now, u] + (sum(u.1) W[u, u.1] * (delay(r[now, u.1], 0.002) + delay(r[now, u.1], " LAG ")))\n"
     "ode r[now, u] of population \"r\" rate 0.005 = -r[now, u] + tanh(r.in[now, u])\noutput y = r\n", NULL},
    {"a delay of what rests elsewhere than at 0",
     "alg r.in[now, u] of compartment \"r.in\" = x[now, u] + b[u]\node r[now, u] rate 0.005 = -r[now, u] + r.in[now, u]\n"
     "ode s[now, u] of population \"s\" rate 0.004 = -s[now, u] + (sum(u.1) W[u, u.1] * delay(r[now, u.1], " LAG "))\noutput y = s\n", NULL},
    {"a delay of its own for each pair",
     "alg r.in[now, u] of compartment \"r.in\" = x[now, u] + (sum(u.1) W[u, u.1] * delay(r[now, u.1], 0.001 * (1 + position(u) + position(u.1))))\n"
     "ode r[now, u] of population \"r\" rate 0.005 = -r[now, u] + tanh(r.in[now, u])\noutput y = r\n", NULL},
    {"the completed cycle is heard",
     "alg r.in[now, u] of compartment \"r.in\" = x[now, u] + (sum(u.1) W[u, u.1] * prev(r[now, u.1]))\n"
     "ode r[now, u] along now of population \"r\" init 0 rate 0.005 = -r[now, u] + tanh(r.in[now, u])\noutput y = r\n", NULL},
    {"a state over cycles",
     "ode r[now, u] of population \"r\" rate 0.005 = -r[now, u] + tanh(x[now, u] * b[u])\n"
     "state m[now, u] along now of state \"m\" init b[u] = 0.9 * prev(m[now, u]) + (sum(u.1) W[u, u.1] * r[now, u.1])\noutput y = m\n", NULL},
    {"noise that a weight scales",
     "ode r[now, u] of population \"r\" rate 0.005 = -r[now, u] + tanh(x[now, u]) + 0.1 * b[u] * xi[now, u]\noutput y = r\n", "dopri"},
    {"no cycle",
     "ode r[u] of population \"r\" rate 0.005 = -r[u] + tanh(z[u] + (sum(u.1) W[u, u.1] * delay(r[u.1], 0.002)) + 0.1 * b[u] * eta[u])\nalg y[u] = b[u] * r[u]\noutput y = y\n", "dopri"},
    {"a drive that changes with time",
     "ode r[now, u] of population \"r\" rate 0.005 = -r[now, u] + sin(300 * b[u] * time()) * x[now, u]\noutput y = r\n", NULL},
    {"all tokens are heard",
     "ode r[now, u] of population \"r\" rate 0.005 = -r[now, u] + (sum(token.1) tanh(b[u] * x[token.1, u]) * x[now, u]) + x[last, u]\noutput y = r\n", NULL},
    {"the slope is heard",
     "ode r[now, u] of population \"r\" rate 0.005 = -r[now, u] + x[now, u] * b[u]\nalg s[now, u] of population \"s\" = r[now, u] + 0.005 * derivative(r[now, u])\n"
     "ode q[now, u] of population \"q\" rate 0.004 = -q[now, u] + s[now, u]\noutput y = q\n", NULL},
    {"every step counts",
     "ode r[now, u] of population \"r\" rate 0.005 = -r[now, u] + tanh(x[now, u] * b[u])\nrecord y = r\n", NULL},
    {"one cell lives on in the next scan",
     "ode p[u] of population \"p\" rate 0.02 = -p[u] + (sum(u.1) W[u, u.1] * p[u.1]) + b[u]\n"
     "ode r[now, u] of population \"r\" rate 0.005 = -r[now, u] + x[now, u] * p[u]\noutput y = r\n", "exponential"},
};
enum { CIRCUITS = sizeof circuits / sizeof *circuits };

static IrProgram *in_time(Arena *arena, const char *items, const char *method, int steps) {
    Names *names = names_new(arena);
    char *error = NULL;
    IrProgram *system = ir_parse(arena, names, arena_printf(arena, "program p system\n%s%s", HEAD, items), &error);
    if (!system) printf("%s\n%s", error, items);
    CU_ASSERT_PTR_NOT_NULL_FATAL(system);
    DynamicOptions options = {.dt = 0.001, .cycle = 0.001 * steps, .method = name_of(names, method)};
    DynamicReport report = {0};
    Diagnostics *diagnostics = diag_new(arena);
    IrProgram *core = ir_dynamic(system, &options, diagnostics, &report);
    if (diag_error_count(diagnostics)) diag_render(diagnostics, stdout, false);
    CU_ASSERT_EQUAL_FATAL(diag_error_count(diagnostics), 0);
    return core;
}

static bool fits(int circuit, int method) {
    return !circuits[circuit].not_by || strcmp(circuits[circuit].not_by, methods[method]);
}

static void differences(void) {
    NumericTotals totals = {0};
    for (int i = 0; i < CIRCUITS; i++) {
        for (int m = 0; m < METHODS; m++) {
            if (!fits(i, m)) continue;
            Arena *arena = arena_new();
            IrProgram *p = in_time(arena, circuits[i].items, methods[m], 3);
            numeric_compare(arena_printf(arena, "%s, %s", circuits[i].what, methods[m]), p, p->outputs.at[0].var, 3, m, &totals);
            arena_free(arena);
        }
    }
    numeric_report(&totals);
    CU_ASSERT_TRUE(totals.worst < 1e-8);
}

/* ---- exactly ---------------------------------------------------------------------------------------------------------- */
/* The next point of v's axes, the last the fastest; false behind the last. */
static bool next(const Trial *t, const IrVar *v, int64_t *position) {
    for (int i = v->axis_count - 1; i >= 0; i--) {
        if (++position[i] < trial_size(t, v->axes[i])) return true;
        position[i] = 0;
    }
    return false;
}

/* `times` the sum of the gradient times the direction in which the inputs move: is it the loss's own derivative in it? */
static bool is_derivative(const Gradients *g, Trial *t, int64_t times) {
    Points *m = trial_points(t);
    const Value *sum = value_integer(m, 0), *tangent = trial_tangent(t, ir_find_var(g->p, "loss"), NULL);
    for (int i = 0; tangent && i < g->count; i++) {
        int64_t position[8] = {0};
        do {
            const Value *slope = trial_value(t, g->gradient[i], position), *moved = trial_tangent(t, g->of[i], position);
            if (!slope || !moved) tangent = NULL;
            else sum = value_add(m, sum, value_mul(m, slope, moved));
        } while (tangent && next(t, g->of[i], position));
    }
    if (!tangent) printf("\n    undecided: %s", trial_why(t));
    const Value *difference = tangent ? value_sub(m, tangent, value_mul(m, value_integer(m, times), sum)) : NULL;
    for (int i = 0; difference && i < m->count; i++)
        if (!m->dead[i] && (difference->re[i] || (difference->im && difference->im[i]))) return false;
    return difference;
}

static bool agrees(const Gradients *g, int64_t cycles) {
    int64_t *size = ARENA_ARRAY(g->p->arena, int64_t, g->p->axes.count);
    for (int i = 0; i < g->p->axes.count; i++) {
        const IrAxis *root = g->p->axes.at[i]->root;
        size[i] = root->kind == AXIS_BOUNDED ? cycles : root->kind == AXIS_STEP ? root->size : 2;
    }
    TrialShape shape = {.size = size, .primes = 2, .each = 4, .exponents = {.denominator = BASIS_DENOMINATOR}, .seed = 7};
    Trial *t = trial_new(g->p, &shape);
    trial_differentiate(t, g->of, g->count);
    bool same = is_derivative(g, t, 1), twice = is_derivative(g, t, 2);
    trial_free(t);
    return same && !twice;
}

/* A few steps, as functions of all inputs, weights and noises. */
static void exactly(void) {
    static const char *const by[] = {"euler", "heun"};
    for (int i = 0; i < 2 * CIRCUITS; i++) {
        Arena *arena = arena_new();
        Gradients g = numeric_gradients(arena, in_time(arena, circuits[i / 2].items, by[i % 2], 2));
        bool same = agrees(&g, i % 2 ? 2 : 4);
        if (!same) printf("\n    %s, %s: another derivative", circuits[i / 2].what, by[i % 2]);
        CU_ASSERT_TRUE(same);
        arena_free(arena);
    }
}

/* Two steps in each cycle of every example; gradients that the example itself asks for are not taken. */
static void examples(void) {
    static const SourceSize small[] = {{"token", "3"}, {"source", "3"}, {"target", "3"}, {"head", "2"}, {"d", "3"}, {"a", "2"}, {"c", "2"}, {"f", "3"},
                                       {"unit", "3"}, {"row", "3"}, {"pixel", "3"}, {"class", "3"}, {NULL, NULL}};
    DynamicOptions options = {.dt = 1e-4, .cycle = 2e-4};
    Arena *paths = arena_new();
    char *readme = files_installed(paths, "examples/README.md");
    CU_ASSERT_PTR_NOT_NULL_FATAL(readme);
    glob_t found;
    CU_ASSERT_EQUAL_FATAL(glob(arena_printf(paths, "%.*s*.ctx", (int)(strlen(readme) - strlen("README.md")), readme), 0, NULL, &found), 0);
    NumericTotals totals = {0};
    for (size_t i = 0; i < found.gl_pathc; i++) {
        Arena *arena = arena_new();
        size_t length;
        const char *error, *name = strrchr(found.gl_pathv[i], '/') + 1;
        char *text = files_read(arena, found.gl_pathv[i], &length, &error);
        CU_ASSERT_PTR_NOT_NULL_FATAL(text);
        IrProgram *p = source_in_time(arena, text, small, &options);
        numeric_compare(name, p, p->outputs.at[0].var, 3, (int64_t)i, &totals);
        arena_free(arena);
    }
    CU_ASSERT_TRUE(totals.programs > 20);
    globfree(&found);
    arena_free(paths);
    numeric_report(&totals);
}

/* What comes out is ordinary: a gradient has a gradient. */
static void twice(void) {
    NumericTotals totals = {0};
    for (int i = 0; i < CIRCUITS; i++) {
        Arena *arena = arena_new();
        Gradients g = numeric_gradients(arena, in_time(arena, circuits[i].items, "heun", 2));
        int by = 0;
        while (by < g.count && strcmp(g.of[by]->name, i % 2 ? "b" : "W")) by++;
        numeric_compare(arena_printf(arena, "%s, twice", circuits[i].what), g.p, g.gradient[by], 2, i, &totals);
        arena_free(arena);
    }
    numeric_report(&totals);
}

/* ---- native code ------------------------------------------------------------------------------------------------------ */
enum { KEEP_NONE = 1 };
static const double KEEP_ALL = 1e18;

/* All at once, and in pieces that end within a cycle; with every step kept, and with segments of them done again: the same bits. */
static void native_code(void) {
    static const int64_t sizes[] = {1, 4, 0}, pieces[] = {0, 2};
    for (int i = 0; i < 2 * CIRCUITS; i++) {
        int circuit = i / 2, method = (circuit + i % 2) % METHODS;
        if (!fits(circuit, method)) continue;
        Arena *arena = arena_new();
        CodegenCase c = {.text = numeric_gradients_text(arena, in_time(arena, circuits[circuit].items, methods[method], 11), true), .sizes = sizes, .f64 = i % 2 || method == METHODS - 1, .threads = 2,
                         .piece = pieces[i % 2]};
        c.kept = KEEP_ALL;
        uint64_t whole = codegen_hash(&c);
        c.kept = KEEP_NONE;
        CU_ASSERT_EQUAL(codegen_hash(&c), whole);
        int64_t wrong = codegen_wrong(&c);
        if (wrong) printf("%s, %s: %d wrong\n%s", circuits[circuit].what, methods[method], (int)wrong, getenv("CTX_TEST_PRINT") ? c.text : "");
        CU_ASSERT_EQUAL(wrong, 0);
        arena_free(arena);
    }
}

/* A gradient of a gradient goes forth over what goes back. */
static void twice_in_native_code(void) {
    static const int64_t sizes[] = {1, 4, 0};
    for (int i = 0; i < CIRCUITS; i++) {
        Arena *arena = arena_new();
        Gradients g = numeric_gradients(arena, in_time(arena, circuits[i].items, "euler", 7));
        int by = 0;
        while (by < g.count && strcmp(g.of[by]->name, i % 2 ? "b" : "W")) by++;
        g.p->outputs.count = 0;
        vec_push(g.p->arena, &g.p->outputs, ((IrOutput){.name = g.gradient[by]->name, .var = g.gradient[by]}));
        CodegenCase c = {.text = numeric_gradients_text(arena, g.p, true), .sizes = sizes, .f64 = true, .threads = 1, .kept = KEEP_ALL};
        uint64_t whole = codegen_hash(&c);
        c.kept = KEEP_NONE;
        CU_ASSERT_EQUAL(codegen_hash(&c), whole);
        int64_t wrong = codegen_wrong(&c);
        if (wrong) printf("%s, twice: %d wrong\n", circuits[i].what, (int)wrong);
        CU_ASSERT_EQUAL(wrong, 0);
        arena_free(arena);
    }
}

/* 10,000 steps, in one cycle, in eight, with what previous() hears, and without a cycle: about as many points as the root of that are
 * kept, for each of those that a step hears of. */
static void ten_thousand_steps(void) {
    static const struct { int circuit, steps, cycles; double share; } runs[] = {{0, 10000, 1, 0.05}, {0, 1250, 8, 0.05}, {5, 1250, 8, 0.05}, {8, 10000, 1, 0.1}};
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        int64_t sizes[] = {runs[i].cycles, 0}, whole = 0, kept = 0;
        Arena *arena = arena_new();
        CodegenCase c = {.text = numeric_gradients_text(arena, in_time(arena, circuits[runs[i].circuit].items, "heun", runs[i].steps), true), .sizes = sizes, .f64 = true,
                         .threads = 1, .kept = KEEP_ALL};
        uint64_t hash = codegen_hash_bytes(&c, &whole);
        c.kept = KEEP_NONE;
        CU_ASSERT_EQUAL(codegen_hash_bytes(&c, &kept), hash);
        if ((double)kept > runs[i].share * (double)whole) printf("%s: %lld bytes of %lld\n", circuits[runs[i].circuit].what, (long long)kept, (long long)whole);
        CU_ASSERT_TRUE((double)kept <= runs[i].share * (double)whole);
        arena_free(arena);
    }
}

void suite_gradient_time(void) {
    CU_pSuite suite = CU_add_suite("gradient_time", NULL, NULL);
    CU_add_test(suite, "differences", differences);
    CU_add_test(suite, "exactly", exactly);
    CU_add_test(suite, "examples", examples);
    CU_add_test(suite, "twice", twice);
    CU_add_test(suite, "native code", native_code);
    CU_add_test(suite, "twice in native code", twice_in_native_code);
    CU_add_test(suite, "ten thousand steps", ten_thousand_steps);
}
