/* Scans over the steps of cycles, through every engine: text, verifier, interpreter, exact engine, passes, native code. */
#include <CUnit/Basic.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codegen.h"
#include "exact/exact.h"
#include "ir/ir.h"
#include "reference/interpret.h"
#include "ir_text.h"

void suite_steps(void);

/* A cell that follows its input with a delay of 3 steps, a second that hears the first now, and a state over cycles. */
static const char delays[] =
    "program delays core\n"
    "axis token : bounded(9)\n"
    "axis u : const(5)\n"
    "axis now : cycle(token)\n"
    "axis step : step(4, now)\n"
    "axis u.1 : copy(u)\n"
    "stimulus x[token, u]\n"
    "weight W[u, u.1]\n"
    "alg start[u] = 0.5 * W[u, 0]\n"
    "scan step {\n"
    "  alg held[now, u] = 2 * x[now, u]\n"
    "  alg r[now, step, u] along step init start[u] = 0.75 * prev(r[now, step, u]) + 0.25 * (held[now, u] + (sum(u.1) W[u, u.1] * prev(r[now, step, u.1], 3)))\n"
    "  alg s[now, step, u] along step init 0 = 0.5 * prev(s[now, step, u]) + r[now, step, u] * prev(m[now, u])\n"
    "  alg m[now, u] along now init 1 = 0.5 * prev(m[now, u]) + r[now, last, u]\n"
    "  alg end[now, u] = s[now, last, u] + position(now)\n"
    "}\n"
    "alg final[u] = r[last, last, u]\n"
    "output end = end\n"
    "output final = final\n";

/* One cycle without an axis. */
static const char single[] =
    "program single core\n"
    "axis u : const(19)\n"
    "axis step : step(25)\n"
    "stimulus x[u]\n"
    "scan step {\n"
    "  alg r[step, u] along step init 0 = 0.9 * prev(r[step, u]) + 0.1 * x[u]\n"
    "  alg q[step, u] along step init 1 = 0.8 * prev(q[step, u], 2) + 0.1 * prev(r[step, u], 5) + position(step) / 100\n"
    "}\n"
    "alg y[u] = r[last, u] + q[last, u]\n"
    "output y = y\n";

/* Noise: an odd number of cells, heard by two equations. */
static const char noisy[] =
    "program noisy core\n"
    "axis token : bounded(9)\n"
    "axis u : const(5)\n"
    "axis now : cycle(token)\n"
    "axis step : step(3, now)\n"
    "stimulus x[token, u]\n"
    "noise r.xi[now, step, u]\n"
    "scan step {\n"
    "  alg r[now, step, u] along step init 0 = 0.75 * prev(r[now, step, u]) + x[now, u] + 0.5 * r.xi[now, step, u]\n"
    "  alg s[now, step, u] along step init 0 = 0.5 * prev(s[now, step, u]) + r.xi[now, step, u]\n"
    "  alg end[now, u] = r[now, last, u] + s[now, last, u]\n"
    "}\n"
    "output end = end\n";

static void text_and_invariants(void) {
    static const char *const programs[] = {delays, single, noisy};
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
        Arena *arena = arena_new();
        IrProgram *p = parsed(arena, programs[i]);
        CU_ASSERT_PTR_NULL(ir_verify(p));
        char *text = printed(ir_clone(p));
        CU_ASSERT_STRING_EQUAL(text, programs[i]);
        free(text);
        arena_free(arena);
    }
}

static void broken_order(void) {
    static const char *const bodies[] = {
        "  alg a[now, step] along step init 0 = prev(a[now, step]) + 1\n  alg b[now] = a[now, last]\n  alg c[now, step] = b[now]\n",
        "  alg b[now] = a[now, last]\n  alg a[now, step] along step init 0 = prev(a[now, step]) + 1\n",
        "  alg a[now, step] along step init 0 = prev(a[now, step]) + 1\n  alg c[now, step] = a[now, last]\n",
        "  alg a[step] along step init 0 = prev(a[step]) + 1\n",
        "  alg a[now, step] along step init 0 = prev(a[now, step], 0) + 1\n",
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        Arena *arena = arena_new();
        char *error = NULL, *text = arena_printf(arena, "program p core\naxis token : const(3)\naxis now : cycle(token)\n"
                                                        "axis step : step(4, now)\nscan step {\n%s}\n", bodies[i]);
        IrProgram *p = ir_parse(arena, names_new(arena), text, &error);
        CU_ASSERT_TRUE(!p || ir_verify(p) != NULL);
        arena_free(arena);
    }
}

/* The same by hand, in plain C. */
static void interpreter(void) {
    enum { T = 3, U = 5, STEPS = 4 };
    Arena *arena = arena_new();
    IrProgram *p = parsed(arena, delays);
    int64_t size[8] = {T};
    IrVar *keep[] = {ir_find_var(p, "end"), ir_find_var(p, "final")};
    double x[T * U], w[U * U], r[16][U] = {{0}}, s[U] = {0}, m[U], end[T][U];
    for (int i = 0; i < T * U; i++) x[i] = sin(i + 1);
    for (int i = 0; i < U * U; i++) w[i] = cos(3 * i);
    for (int u = 0; u < U; u++) m[u] = 1;
    for (int t = 0; t < T * STEPS; t++) {
        for (int u = 0; u < U; u++) {
            double sum = 0;
            for (int v = 0; v < U; v++) sum += w[u * U + v] * (t >= 3 ? r[t - 3][v] : 0.5 * w[v * U]);
            r[t][u] = 0.75 * (t ? r[t - 1][u] : 0.5 * w[u * U]) + 0.25 * (2 * x[t / STEPS * U + u] + sum);
            s[u] = 0.5 * s[u] + r[t][u] * m[u];
        }
        for (int u = 0; t % STEPS == STEPS - 1 && u < U; u++) m[u] = 0.5 * m[u] + r[t][u], end[t / STEPS][u] = s[u] + t / STEPS;
    }
    for (int whole = 0; whole < 2; whole++) { /* keeping everything, or rings */
        Reference *reference = ref_new(p, size, ref_float64(), whole ? NULL : keep, 2);
        ref_bind(reference, ir_find_var(p, "x"), x);
        ref_bind(reference, ir_find_var(p, "W"), w);
        CU_ASSERT_PTR_NULL_FATAL(ref_run(reference));
        RefTensor e = ref_tensor(reference, keep[0]), f = ref_tensor(reference, keep[1]);
        for (int i = 0; i < T * U; i++) CU_ASSERT_DOUBLE_EQUAL(e.value[i], end[i / U][i % U], 1e-12);
        for (int u = 0; u < U; u++) CU_ASSERT_DOUBLE_EQUAL(f.value[u], r[T * STEPS - 1][u], 1e-12);
        ref_free(reference);
    }
    arena_free(arena);
}

static void native(void) {
    static const int64_t sizes[] = {1, 2, 9, 0};
    static const char *const cpus[] = {"host", "x86-64"};
    static const char *const programs[] = {delays, single, noisy};
    for (int i = 0; i < 24; i++) {
        CodegenCase c = {.text = programs[i % 3], .sizes = sizes, .cpu = cpus[i & 1], .f64 = i >> 1 & 1, .in_order = i >> 2 & 1, .threads = 2};
        CU_ASSERT_EQUAL(codegen_wrong(&c), 0);
    }
}

/* Stationary: the variance of a leaky sum of independent normal numbers is that of theory. */
static void noise_is_normal(void) {
    enum { CELLS = 20001 };
    static const char text[] = "program ou core\naxis u : const(20001)\naxis step : step(40)\nnoise xi[step, u]\n"
                               "scan step {\n  alg r[step, u] along step init 0 = 0.6 * prev(r[step, u]) + 0.8 * xi[step, u]\n}\n"
                               "alg y[u] = r[last, u]\noutput y = y\n";
    Arena *arena = arena_new();
    IrProgram *p = parsed(arena, text);
    Reference *r = ref_new(p, NULL, ref_float64(), NULL, 0);
    CU_ASSERT_PTR_NULL_FATAL(ref_run(r));
    RefTensor y = ref_tensor(r, ir_find_var(p, "y"));
    double sum = 0, square = 0, next = 0;
    for (int i = 0; i < CELLS; i++) sum += y.value[i], square += y.value[i] * y.value[i];
    for (int i = 1; i < CELLS; i++) next += y.value[i] * y.value[i - 1];
    CU_ASSERT_DOUBLE_EQUAL(sum / CELLS, 0, 4 / sqrt(CELLS)); /* four standard errors */
    CU_ASSERT_DOUBLE_EQUAL(square / CELLS, 1, 4 * sqrt(2.0 / CELLS));
    CU_ASSERT_DOUBLE_EQUAL(next / CELLS, 0, 4 / sqrt(CELLS));
    ref_free(r);
    arena_free(arena);
}

/* An Euler step of a linear cell is a geometric sum, exactly; with another factor it is not. */
static void exact(void) {
    static const char text[] =
        "program geometric core\naxis u : const(2)\naxis step : step(4)\nstimulus x[u]\nweight c\n"
        "scan step {\n  alg r[step, u] along step init 0 = (1 - c) * prev(r[step, u]) + c * x[u]\n}\n"
        "alg l[u] = r[last, u]\n"
        "alg right[u] = (1 - (1 - c) ^ 4) * x[u]\n"
        "alg wrong[u] = (1 - (1 - c) ^ 3) * x[u]\n"
        "output l = l\ncheck \"a\" : l == right\ncheck \"b\" : l == wrong\n";
    Arena *arena = arena_new();
    IrProgram *p = parsed(arena, text);
    CU_ASSERT_PTR_NULL_FATAL(ir_verify(p));
    ExactOptions options = {.seed = 5};
    CU_ASSERT_EQUAL(exact_check(arena, p, &p->checks.at[0], &options).verdict, EXACT_EQUAL);
    CU_ASSERT_EQUAL(exact_check(arena, p, &p->checks.at[1], &options).verdict, EXACT_UNEQUAL);
    arena_free(arena);
}

void suite_steps(void) {
    CU_pSuite suite = CU_add_suite("steps", NULL, NULL);
    CU_add_test(suite, "text and invariants", text_and_invariants);
    CU_add_test(suite, "equations of a cycle keep to its ends", broken_order);
    CU_add_test(suite, "interpreter against plain C", interpreter);
    CU_add_test(suite, "native code against the interpreter", native);
    CU_add_test(suite, "noise is independent and normal", noise_is_normal);
    CU_add_test(suite, "exact", exact);
}
