/* The embedded pair: its order, its estimate, delays under it, and the step that a tolerance asks for. */
#include <CUnit/Basic.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codegen.h"
#include "ir/dynamic.h"
#include "ir/ir.h"
#include "reference/interpret.h"
#include "sim/gauge.h"

void suite_adaptive(void);

/* u' = 1 - u^2 with u(0) = 0, in units of 10 ms: u = tanh(t). */
static const char logistic[] = "program logistic system\n"
                               "ode u of population \"u\" rate 0.01 = 1 - u ^ 2\n"
                               "output y = u\n";

/* The oscillator of van der Pol, driven: two variables of a cell, in three cells. */
static const char oscillator[] = "program oscillator system\naxis a : const(3)\nstimulus x[a]\n"
                                 "ode v[a] of population \"v\" rate 0.01 = w[a]\n"
                                 "ode w[a] of variable \"w\" rate 0.01 = 3 * (1 - v[a] ^ 2) * w[a] - v[a] + x[a]\n"
                                 "output y = v\n";

/* Two cells that hear each other late, one through a cell that answers at once. */
static const char late[] = "program late system\naxis a : const(2)\naxis a.1 : copy(a)\nstimulus x[a]\n"
                           "alg sent[a] of population \"sent\" = tanh(2 * p[a])\n"
                           "alg input[a] of compartment \"input\" = x[a] - 3 * (sum(a.1) delay(sent[a.1], 0.004)) + 0.3 * delay(p[a], 0.002)\n"
                           "ode p[a] of population \"p\" rate 0.01 = -p[a] + sin(input[a])\n"
                           "output y = p\n";

static const double drive[] = {1, 0.25, -0.5};

static IrProgram *integrated(Arena *arena, const char *text, double dt, double time, const char *method) {
    char *error = NULL;
    IrProgram *system = ir_parse(arena, names_new(arena), text, &error), *p;
    if (!system) printf("%s\n", error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(system);
    Diagnostics *diagnostics = diag_new(arena);
    DynamicOptions options = {.dt = dt, .cycle = time, .method = name_of(system->names, method)};
    DynamicReport report = {0};
    p = ir_dynamic(system, &options, diagnostics, &report);
    CU_ASSERT_EQUAL_FATAL(diag_error_count(diagnostics), 0);
    CU_ASSERT_EQUAL(report.adaptive, strcmp(method, "dopri") == 0);
    char *wrong = ir_verify(p);
    if (wrong) printf("%s\n", wrong);
    CU_ASSERT_PTR_NULL_FATAL(wrong);
    return p;
}

/* The output y, and the gauge of what has this name where it is not NULL; each has `count` values, after the last step. */
static void run(const char *text, double dt, double time, const char *method, const char *gauged, int count, double *y, double *error) {
    Arena *arena = arena_new();
    IrProgram *p = integrated(arena, text, dt, time, method);
    Reference *r = ref_new(p, NULL, ref_float64(), NULL, 0);
    if (ir_find_var(p, "x")) ref_bind(r, ir_find_var(p, "x"), drive);
    CU_ASSERT_PTR_NULL_FATAL(ref_run(r));
    for (int i = 0; i < p->outputs.count; i++) {
        const IrOutput *output = &p->outputs.at[i];
        RefTensor t = ref_tensor(r, output->var);
        double *to = !output->gauge ? y : gauged && strcmp(output->name, gauged) == 0 ? error : NULL;
        for (int k = 0; to && k < count; k++) to[k] = t.value[t.count - count + k];
    }
    ref_free(r);
    arena_free(arena);
}

/* Halving the step divides the error by 2^5, and so the estimate of an error of order 5; of smooth solutions nearly from the start. */
static void order(void) {
    double error[5], estimate[5], y;
    for (int i = 0; i < 5; i++) {
        run(logistic, 0.004 / (1 << i), 0.016, "dopri", "u", 1, &y, &estimate[i]);
        error[i] = fabs(y - tanh(1.6));
    }
    for (int i = 1; i < 4; i++) {
        CU_ASSERT_DOUBLE_EQUAL(log2(error[i] / error[i + 1]), 5, i == 1 ? 0.75 : 0.25);
        CU_ASSERT_DOUBLE_EQUAL(log2(estimate[i] / estimate[i + 1]), 5, 0.3);
    }
    CU_ASSERT_TRUE(error[4] < 1e-9 && error[4] > 1e-15);
}

static void order_of_an_oscillator(void) {
    double fine[3], y[3], error[3];
    run(oscillator, 0.00003125, 0.04, "dopri", NULL, 3, fine, NULL);
    for (int i = 0; i < 3; i++) {
        run(oscillator, 0.001 / (1 << i), 0.04, "dopri", NULL, 3, y, NULL);
        error[i] = 0;
        for (int k = 0; k < 3; k++) error[i] = fmax(error[i], fabs(y[k] - fine[k]));
    }
    /* at these steps the term of order 6 is still the larger: 64 rather than 32 */
    CU_ASSERT_TRUE(error[0] / error[1] > 32 && error[0] / error[1] < 80);
    CU_ASSERT_TRUE(error[1] / error[2] > 32 && error[1] / error[2] < error[0] / error[1]);
}

/* Delays are read at the fractions of the stages, from an extension that does not lower the order; rk4 comes to the same. */
static void order_with_delays(void) {
    double fine[2], y[2], error[4], other[2];
    run(late, 0.00003125, 0.04, "dopri", NULL, 2, fine, NULL);
    for (int i = 0; i < 4; i++) {
        run(late, 0.002 / (1 << i), 0.04, "dopri", NULL, 2, y, NULL);
        error[i] = fmax(fabs(y[0] - fine[0]), fabs(y[1] - fine[1]));
    }
    for (int i = 1; i < 3; i++) CU_ASSERT_DOUBLE_EQUAL(log2(error[i] / error[i + 1]), 5, 0.5);
    run(late, 0.00003125, 0.04, "rk4", NULL, 2, other, NULL);
    for (int k = 0; k < 2; k++) CU_ASSERT_DOUBLE_EQUAL(other[k], fine[k], 1e-9);
}

/* ---- by hand ----------------------------------------------------------------------------------------------------- */
static void slope(const double *s, double x, double *k) {
    k[0] = s[1] / 0.01;
    k[1] = (3 * (1 - s[0] * s[0]) * s[1] - s[0] + x) / 0.01;
}

/* A step as the paper has it, the embedded solution carried out beside; the larger of the two relative differences in off. */
static void step(double *s, double x, double h, double *off) {
    static const double a[7][6] = {{0},
                                   {1 / 5.},
                                   {3 / 40., 9 / 40.},
                                   {44 / 45., -56 / 15., 32 / 9.},
                                   {19372 / 6561., -25360 / 2187., 64448 / 6561., -212 / 729.},
                                   {9017 / 3168., -355 / 33., 46732 / 5247., 49 / 176., -5103 / 18656.},
                                   {35 / 384., 0, 500 / 1113., 125 / 192., -2187 / 6784., 11 / 84.}};
    static const double low[] = {5179 / 57600., 0, 7571 / 16695., 393 / 640., -92097 / 339200., 187 / 2100., 1 / 40.};
    double k[7][2], t[2];
    for (int i = 0; i < 7; i++) {
        for (int c = 0; c < 2; c++) {
            t[c] = s[c];
            for (int j = 0; j < i; j++) t[c] += h * a[i][j] * k[j][c];
        }
        slope(t, x, k[i]);
    }
    for (int c = 0; c < 2; c++) {
        double other = s[c];
        for (int j = 0; j < 7; j++) other += h * low[j] * k[j][c];
        off[c] = fmax(off[c], fabs(t[c] - other) / (1 + fabs(s[c])));
    }
    memcpy(s, t, sizeof t);
}

static void estimate_by_hand(void) {
    double y[3], v[3], w[3], unused[3];
    run(oscillator, 0.001, 0.04, "dopri", "v", 3, y, v);
    run(oscillator, 0.001, 0.04, "dopri", "w", 3, unused, w);
    for (int i = 0; i < 3; i++) {
        double s[2] = {0, 0}, off[2] = {0, 0};
        for (int n = 0; n < 40; n++) step(s, drive[i], 0.001, off);
        CU_ASSERT_DOUBLE_EQUAL(y[i], s[0], 1e-12);
        CU_ASSERT_DOUBLE_EQUAL(v[i], off[0], 1e-13);
        CU_ASSERT_DOUBLE_EQUAL(w[i], off[1], 1e-13);
        CU_ASSERT_TRUE(off[0] > 1e-9);
    }
}

/* ---- compiled ---------------------------------------------------------------------------------------------------- */
/* The core as text, gauges read as outputs of the last step. */
static char *as_outputs(Arena *arena, IrProgram *p) {
    int count = p->outputs.count;
    for (int i = 0; i < count; i++) {
        IrOutput *output = &p->outputs.at[i];
        if (!output->gauge) continue;
        IrVar *v = output->var;
        IrIndex at[4];
        for (int k = 0; k < v->axis_count; k++) at[k] = v->axes[k]->kind == AXIS_STEP ? (IrIndex){IX_LAST, NULL, 0} : ir_index(v->axes[k]);
        output->gauge = false;
        output->name = name_printf(p->names, "error %d", i);
        output->var = ir_alg(p, name_printf(p->names, "error.%d", i), v->axis_count - 1, v->axes + 1, ir_ref(p, v, at));
    }
    char *text, *copy;
    size_t length;
    FILE *to = open_memstream(&text, &length);
    ir_print(p, to);
    fclose(to);
    copy = arena_strdup(arena, text);
    free(text);
    return copy;
}

static void native(void) {
    static const int64_t sizes[] = {1, 0};
    static const char *const programs[] = {oscillator, late};
    for (int i = 0; i < 8; i++) {
        Arena *arena = arena_new();
        IrProgram *p = integrated(arena, programs[i & 1], 0.001, i & 1 ? 0.02 : 0.005, "dopri");
        CodegenCase c = {.text = as_outputs(arena, p), .sizes = sizes, .cpu = "host", .f64 = i >> 1 & 1, .threads = 2, .piece = i >> 2 ? 7 : 0};
        CU_ASSERT_PTR_NOT_NULL(strstr(c.text, "output \"error 1\""));
        CU_ASSERT_EQUAL(codegen_wrong(&c), 0);
        arena_free(arena);
    }
}

/* A gauge is written and read as the text of a program has it. */
static void text(void) {
    Arena *arena = arena_new();
    char *first, *second, *error = NULL;
    size_t length;
    FILE *to = open_memstream(&first, &length);
    ir_print(integrated(arena, logistic, 0.001, 0.01, "dopri"), to);
    fclose(to);
    CU_ASSERT_PTR_NOT_NULL(strstr(first, "\ngauge u = u.error\n"));
    to = open_memstream(&second, &length);
    IrProgram *p = ir_parse(arena, names_new(arena), first, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(p);
    ir_print(p, to);
    fclose(to);
    CU_ASSERT_STRING_EQUAL(first, second);
    free(first);
    free(second);
    arena_free(arena);
}

/* ---- the step that would do --------------------------------------------------------------------------------------- */
static void parts(void) {
    static const RtTry none = {0, 0};
    CU_ASSERT_EQUAL(rt_gauge_parts(&(RtTry){1, 32e-6}, &none, 1e-6), 3);      /* 2 by theory, and the margin */
    CU_ASSERT_EQUAL(rt_gauge_parts(&(RtTry){4, 243e-6}, &none, 1e-6), 14);    /* 12 by theory */
    CU_ASSERT_EQUAL(rt_gauge_parts(&(RtTry){7, 1.0001e-6}, &none, 1e-6), 8);  /* at least one more */
    CU_ASSERT_EQUAL(rt_gauge_parts(&(RtTry){3, 1e9}, &none, 1e-6), 30);       /* ten times at most */
    CU_ASSERT_EQUAL(rt_gauge_parts(&(RtTry){3, INFINITY}, &none, 1e-6), 30);
    CU_ASSERT_EQUAL(rt_gauge_parts(&(RtTry){2, 4e-6}, &(RtTry){1, 8e-6}, 1e-6), 9); /* first order: 8 would do */
    CU_ASSERT_EQUAL(rt_gauge_parts(&(RtTry){2, 8e-6}, &(RtTry){1, 4e-6}, 1e-6), 18); /* it grew: as if of first order */
    CU_ASSERT_EQUAL(rt_gauge_parts(&(RtTry){10, 32e-6}, &(RtTry){1, INFINITY}, 1e-6), 22);
}

void suite_adaptive(void) {
    CU_pSuite suite = CU_add_suite("adaptive", NULL, NULL);
    CU_add_test(suite, "order", order);
    CU_add_test(suite, "order of an oscillator", order_of_an_oscillator);
    CU_add_test(suite, "order with delays", order_with_delays);
    CU_add_test(suite, "the estimate by hand", estimate_by_hand);
    CU_add_test(suite, "compiled", native);
    CU_add_test(suite, "text", text);
    CU_add_test(suite, "the step that would do", parts);
}
