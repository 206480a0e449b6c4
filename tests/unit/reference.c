/* reference/: known values; bounds hold for a plain float32 evaluation; guards, scans, fixed points, hoisting */
#include <CUnit/Basic.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "reference/interpret.h"

void suite_reference(void);

static Arena *arena;

static IrProgram *program(const char *text) {
    char *error = NULL;
    IrProgram *p = ir_parse(arena, names_new(arena), text, &error);
    if (!p) printf("%s\n", error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(p);
    return p;
}

static double drawn(unsigned *seed) {
    *seed = *seed * 1664525u + 1013904223u;
    return (double)(float)((*seed >> 8) / 8388608.0 - 1);
}

/* Binds every input with numbers from -1 to 1 that are float32 numbers. */
static void bind_all(Reference *r, const IrProgram *p) {
    unsigned seed = 7;
    for (int i = 0; i < p->vars.count; i++) {
        const IrVar *v = p->vars.at[i];
        if (v->def) continue;
        int64_t count = ref_input_count(r, v);
        double *data = malloc(sizeof *data * (size_t)count);
        for (int64_t k = 0; k < count; k++) data[k] = drawn(&seed);
        ref_bind(r, v, data);
        free(data);
    }
}

static Reference *run(const IrProgram *p, RefArithmetic how) {
    Reference *r = ref_new(p, NULL, how, NULL, 0);
    bind_all(r, p);
    const char *error = ref_run(r);
    if (error) printf("%s\n", error);
    CU_ASSERT_PTR_NULL_FATAL(error);
    return r;
}

static RefTensor value(const Reference *r, const char *name, const IrProgram *p) {
    return ref_tensor(r, ir_find_var(p, name));
}

static const char *const HEAD =
    "program head core\n"
    "axis token : bounded(9)\naxis d : const(7)\naxis a : const(3)\naxis c : const(5)\naxis now : cycle(token)\n"
    "axis d.1 : copy(d)\naxis d.2 : copy(d)\naxis j : copy(token)\naxis j.1 : copy(token)\n"
    "axis a.1 : copy(a)\naxis d.3 : copy(d)\n"
    "stimulus x[token, d]\nweight K[a, d]\nweight Q[a, d]\nweight V[c, d]\n"
    "alg mask[token, a, now] = (sum(d) K[a, d] * x[token, d]) * (sum(d.1) Q[a, d.1] * x[now, d.1])\n"
    "alg s[token, now] = sum(a.1) mask[token, a.1, now]\n"
    "alg z[now] = sum(j where j <= now, now - j <= 3) exp(s[j, now])\n"
    "alg top[now] = amax(j.1 where j.1 <= now) s[j.1, now]\n"
    "alg v[token, c] = sum(d.3) V[c, d.3] * x[token, d.3]\n"
    "axis j.2 : copy(token)\n"
    "alg o[now, c] = (sum(j.2 where j.2 <= now, now - j.2 <= 3) exp(s[j.2, now]) * v[j.2, c]) / z[now]\n"
    "output y = o\n";

/* The same head in plain C, in float32 or float64. */
#define PLAIN_HEAD(Real, name, exponential) \
    static void name(int T, const double *x, const double *K, const double *Q, const double *V, Real *o, Real *top) { \
        for (int now = 0; now < T; now++) { \
            Real s[16], z = 0; \
            top[now] = -1000; \
            for (int j = 0; j <= now; j++) { \
                s[j] = 0; \
                for (int a = 0; a < 3; a++) { \
                    Real k = 0, q = 0; \
                    for (int d = 0; d < 7; d++) k += (Real)K[a * 7 + d] * (Real)x[j * 7 + d]; \
                    for (int d = 0; d < 7; d++) q += (Real)Q[a * 7 + d] * (Real)x[now * 7 + d]; \
                    s[j] += k * q; \
                } \
                if (s[j] > top[now]) top[now] = s[j]; \
                if (now - j <= 3) z += exponential(s[j]); \
            } \
            for (int c = 0; c < 5; c++) { \
                Real sum = 0; \
                for (int j = now > 3 ? now - 3 : 0; j <= now; j++) { \
                    Real v = 0; \
                    for (int d = 0; d < 7; d++) v += (Real)V[c * 7 + d] * (Real)x[j * 7 + d]; \
                    sum += exponential(s[j]) * v; \
                } \
                o[now * 5 + c] = sum / z; \
            } \
        } \
    }
PLAIN_HEAD(double, plain_double, exp)
PLAIN_HEAD(float, plain_float, expf)

static void a_head_is_what_it_says(void) {
    arena = arena_new();
    const IrProgram *p = program(HEAD);
    double o[45], top[9];
    float of[45], topf[9];
    Reference *r = run(p, ref_float64()), *single = run(p, ref_float32());
    const double *in[4];
    const char *names[] = {"x", "K", "Q", "V"};
    for (int i = 0; i < 4; i++) in[i] = value(r, names[i], p).value;
    plain_double(9, in[0], in[1], in[2], in[3], o, top);
    plain_float(9, in[0], in[1], in[2], in[3], of, topf);
    RefTensor y = value(r, "o", p), ys = value(single, "o", p), t = value(r, "top", p);
    int out = 0, out_single = 0, loose = 0, empty = 0;
    for (int i = 0; i < 45; i++) {
        out += !(fabs(y.value[i] - o[i]) <= 2 * y.bound[i]);
        out_single += !(fabs(of[i] - o[i]) <= ys.bound[i]);
        loose += !(ys.bound[i] < 1e-4);
        empty += !(y.bound[i] > 0);
    }
    for (int i = 0; i < 9; i++) out += !(fabs(t.value[i] - top[i]) <= 2 * t.bound[i]);
    CU_ASSERT_EQUAL(out, 0);
    CU_ASSERT_EQUAL(out_single, 0);
    CU_ASSERT_EQUAL(loose, 0);
    CU_ASSERT_EQUAL(empty, 0);
    ref_free(r);
    ref_free(single);
    arena_free(arena);
}

static void sizes_are_the_runs(void) {
    arena = arena_new();
    const IrProgram *p = program("program w core\naxis t : bounded(5)\naxis d : const(2)\nweight w[t, d]\nstimulus x[t]\n"
                                 "alg y[d] = sum(t) w[t, d] * x[t]\n");
    int64_t size[] = {3, 0};
    double w[10], x[3] = {1, 10, 100};
    for (int i = 0; i < 10; i++) w[i] = i;
    Reference *r = ref_new(p, size, ref_float64(), NULL, 0);
    CU_ASSERT_EQUAL(ref_input_count(r, ir_find_var(p, "w")), 10);
    CU_ASSERT_EQUAL(ref_input_count(r, ir_find_var(p, "x")), 3);
    CU_ASSERT_PTR_NOT_NULL(ref_run(r)); /* nothing bound */
    ref_free(r);
    r = ref_new(p, size, ref_float64(), NULL, 0);
    ref_bind(r, ir_find_var(p, "w"), w);
    ref_bind(r, ir_find_var(p, "x"), x);
    CU_ASSERT_PTR_NULL(ref_run(r));
    CU_ASSERT_EQUAL(value(r, "y", p).value[0], 420);
    CU_ASSERT_EQUAL(value(r, "y", p).value[1], 531);
    ref_free(r);
    arena_free(arena);
}

static void scans_start_at_their_initial_value(void) {
    arena = arena_new();
    const IrProgram *p = program(
        "program m core\naxis t : const(4)\naxis c : const(2)\nstimulus x[t, c]\nstimulus start[c]\n"
        "scan t {\n"
        "  alg echo[t, c] = 2 * prev(m[t, c])\n"
        "  alg m[t, c] init start[c] + 1 = 0.5 * echo[t, c] + x[t, c]\n"
        "}\n"
        "alg z[c] = m[last, c]\nalg first[c] = m[0, c]\n");
    Reference *r = ref_new(p, NULL, ref_float64(), NULL, 0);
    double x[8] = {1, 2, 3, 4, 5, 6, 7, 8}, start[2] = {10, 20};
    ref_bind(r, ir_find_var(p, "x"), x);
    ref_bind(r, ir_find_var(p, "start"), start);
    CU_ASSERT_PTR_NULL(ref_run(r));
    CU_ASSERT_EQUAL(value(r, "first", p).value[1], 23);
    CU_ASSERT_EQUAL(value(r, "z", p).value[0], 11 + 1 + 3 + 5 + 7);
    CU_ASSERT_EQUAL(value(r, "z", p).value[1], 21 + 2 + 4 + 6 + 8);
    CU_ASSERT_EQUAL(value(r, "echo", p).value[2], 24);
    ref_free(r);
    arena_free(arena);
}

/* In a sum over two axes, whose rows lie one behind the other in the tensor but not in its initial value: 1, 2, 3, ... by row. */
static void initial_values_are_of_their_row(void) {
    arena = arena_new();
    const IrProgram *p = program(
        "program m core\naxis t : step(1)\naxis d : const(12)\naxis e : const(3)\naxis d.1 : copy(d)\naxis e.1 : copy(e)\naxis o : const(2)\nstimulus x[o, e]\n"
        "scan t {\n"
        "  alg y[t, o] = sum(e.1, d.1) x[o, e.1] * prev(s[t, e.1, d.1])\n"
        "  alg s[t, e, d] along t init position(e) + 1 = prev(s[t, e, d]) + 1\n"
        "}\nalg z[o] = y[last, o]\noutput z = z\n");
    IrVar *keep = ir_find_var(p, "z"); /* of s only the last points are there */
    Reference *r = ref_new(p, NULL, ref_float64(), &keep, 1);
    double ones[6];
    for (int i = 0; i < 6; i++) ones[i] = 1;
    ref_bind(r, ir_find_var(p, "x"), ones);
    CU_ASSERT_PTR_NULL(ref_run(r));
    CU_ASSERT_EQUAL(value(r, "z", p).value[1], 12 * (1 + 2 + 3));
    ref_free(r);
    arena_free(arena);
}

static void fixed_points_settle(void) {
    arena = arena_new();
    const IrProgram *p = program("program f core\naxis u : const(3)\nstimulus b[u]\n"
                                 "fix 200 until 1e-09 {\n  alg r[u] init 0 = 0.5 * cos(prev(r[u])) + b[u]\n}\n");
    Reference *r = run(p, ref_float64());
    RefTensor y = value(r, "r", p), b = value(r, "b", p);
    for (int i = 0; i < 3; i++) {
        double at = 0;
        for (int k = 0; k < 300; k++) at = 0.5 * cos(at) + b.value[i];
        CU_ASSERT_TRUE(fabs(y.value[i] - at) <= y.bound[i]);
        CU_ASSERT_TRUE(y.bound[i] < 1e-7);
    }
    ref_free(r);
    arena_free(arena);
}

/* A float32 sum of many terms of one sign stays within its bound, and the bound within a factor of the terms. */
static void long_sums_are_bounded(void) {
    arena = arena_new();
    const IrProgram *p = program("program s core\naxis n : const(100000)\nstimulus x[n]\nalg y = sum(n) x[n] * x[n]\n");
    Reference *r = run(p, ref_float32());
    RefTensor x = value(r, "x", p), y = value(r, "y", p);
    float sum = 0;
    for (int i = 0; i < 100000; i++) sum += (float)x.value[i] * (float)x.value[i];
    CU_ASSERT_TRUE(fabs(sum - y.value[0]) <= y.bound[0]);
    CU_ASSERT_TRUE(fabs(sum - y.value[0]) > 1e-4 * y.bound[0]);
    ref_free(r);
    arena_free(arena);
}

#define FUNCTIONS(F) \
    F(exp, expf(x)) F(sqrt, sqrtf(x)) F(log, logf(x)) F(sin, sinf(x)) F(cos, cosf(x)) F(tanh, tanhf(x)) F(erf, erff(x)) \
    F(sigmoid, 1 / (1 + expf(-x))) F(gelu, 0.5f * x * (1 + erff(x * 0.70710678f))) F(relu, x > 0 ? x : 0) F(abs, fabsf(x))

/* Every function of two float32 roundings of an argument, against its bound: the argument is not a float32 number. */
static void functions_are_bounded(void) {
    arena = arena_new();
    int out = 0;
#define TRY(name, expression) \
    { \
        const IrProgram *p = program("program f core\naxis n : const(400)\nstimulus u[n]\nstimulus w[n]\n" \
                                     "alg y[n] = " #name "(u[n] * w[n])\n"); \
        Reference *r = ref_new(p, NULL, ref_float32(), NULL, 0); \
        double u[400], w[400]; \
        unsigned seed = 3; \
        for (int i = 0; i < 400; i++) u[i] = 5 * fabs(drawn(&seed)) + 1e-4, w[i] = (i % 2 ? 1.7 : 0.3); \
        ref_bind(r, ir_find_var(p, "u"), u); \
        ref_bind(r, ir_find_var(p, "w"), w); \
        CU_ASSERT_PTR_NULL(ref_run(r)); \
        RefTensor y = value(r, "y", p); \
        for (int i = 0; i < 400; i++) { \
            float x = (float)u[i] * (float)w[i]; \
            if (!(fabs((double)(expression) - y.value[i]) <= y.bound[i])) out++; \
        } \
        ref_free(r); \
    }
    FUNCTIONS(TRY)
#undef TRY
    CU_ASSERT_EQUAL(out, 0);
    arena_free(arena);
}

static void near_choices_are_in_doubt(void) {
    arena = arena_new();
    const IrProgram *p = program("program c core\naxis n : const(2)\nstimulus x[n]\nstimulus w\n"
                                 "alg y[n] = select(x[n] * w < 0.03, 1, 5)\nalg q[n] = 1 / (x[n] * w - 0.03)\n");
    double x[2] = {0.1, 0.2}, w = 0.3;
    Reference *r = ref_new(p, NULL, ref_float32(), NULL, 0);
    ref_bind(r, ir_find_var(p, "x"), x);
    ref_bind(r, ir_find_var(p, "w"), &w);
    CU_ASSERT_PTR_NULL(ref_run(r));
    CU_ASSERT_TRUE(value(r, "y", p).bound[0] >= 4);
    CU_ASSERT_EQUAL(value(r, "y", p).bound[1], 0);
    CU_ASSERT_EQUAL(value(r, "y", p).value[1], 5);
    CU_ASSERT_TRUE(isinf(value(r, "q", p).bound[0]));
    CU_ASSERT_TRUE(value(r, "q", p).bound[1] < 1e-3);
    ref_free(r);
    arena_free(arena);
}

static void integers_are_counted(void) {
    arena = arena_new();
    const IrProgram *p = program("program i core\naxis n : const(3)\nstimulus x[n]\nstimulus y[n]\n"
                                 "alg s = 2 * (sum(n) x[n] * y[n]) - 7\nalg f = exp(s)\n");
    double x[3] = {1, -2, 3}, y[3] = {4, 5, -6};
    CU_ASSERT_PTR_NULL(ref_is_multilinear(p, ir_find_var(p, "s")));
    CU_ASSERT_STRING_EQUAL(ref_is_multilinear(p, ir_find_var(p, "f")), "exp");
    IrVar *keep = ir_find_var(p, "s");
    Reference *r = ref_new(p, NULL, ref_integers(), &keep, 1);
    ref_bind(r, ir_find_var(p, "x"), x);
    ref_bind(r, ir_find_var(p, "y"), y);
    CU_ASSERT_PTR_NULL(ref_run(r));
    CU_ASSERT_EQUAL(value(r, "s", p).value[0], -55);
    CU_ASSERT_EQUAL(value(r, "s", p).bound[0], 71);
    CU_ASSERT_PTR_NULL(value(r, "f", p).value); /* not kept, not computed */
    ref_free(r);
    arena_free(arena);
}

void suite_reference(void) {
    CU_pSuite suite = CU_add_suite("reference", NULL, NULL);
    CU_add_test(suite, "a head is what it says", a_head_is_what_it_says);
    CU_add_test(suite, "sizes are the run's", sizes_are_the_runs);
    CU_add_test(suite, "scans start at their initial value", scans_start_at_their_initial_value);
    CU_add_test(suite, "initial values are of their row", initial_values_are_of_their_row);
    CU_add_test(suite, "fixed points settle", fixed_points_settle);
    CU_add_test(suite, "long sums are bounded", long_sums_are_bounded);
    CU_add_test(suite, "functions are bounded", functions_are_bounded);
    CU_add_test(suite, "near choices are in doubt", near_choices_are_in_doubt);
    CU_add_test(suite, "integers are counted", integers_are_counted);
}
