/* sim/plot: what a picture shows, counted in its text. */
#define _GNU_SOURCE
#include <CUnit/Basic.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim.h"
#include "sim/plot.h"

void suite_sim_plot(void);

static int count(const char *text, const char *what) {
    int n = 0;
    for (; (text = strstr(text, what)); text += strlen(what)) n++;
    return n;
}

/* A panel of `samples` samples 1 ms apart of `units` units: all zero. */
static RtPanel panel(const char *name, int64_t samples, int64_t units) {
    RtError error = {0};
    double *time = calloc((size_t)samples, sizeof *time);
    RtPanel p = {.name = name, .unit = "mV", .axes = "c", .time = time};
    CU_ASSERT_EQUAL_FATAL(rt_tensor_new(&p.samples, RT_F32, 2, (int64_t[]){samples, units}, &error), RT_OK);
    memset(p.samples.data, 0, (size_t)(samples * units) * sizeof(float));
    for (int64_t n = 0; time && n < samples; n++) time[n] = (double)(n + 1) * 1e-3;
    return p;
}

static void end(RtPanel *p) {
    rt_tensor_free(&p->samples);
    free((void *)(uintptr_t)p->time);
}

static char *svg(const RtPanel *p, double cycle) {
    size_t length;
    RtError error = {0};
    RtPlot plot = {.title = "a & b", .cycle = cycle, .count = 1, .panel = p};
    char *text = rt_plot_svg(&plot, &length, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    CU_ASSERT_EQUAL(strlen(text), length);
    return text;
}

static void shows_lines_and_names(void) {
    RtPanel p = panel("V.<value>", 100, 5);
    char *text = svg(&p, 0.02);
    CU_ASSERT_EQUAL(count(text, "stroke-linejoin"), 5);
    CU_ASSERT_EQUAL(count(text, "stroke-dasharray"), 0);
    CU_ASSERT_EQUAL(count(text, "v132M") + count(text, "v132\""), 5); /* cycles at 20, 40, ... 100 ms */
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "V.&lt;value&gt;") ? text : strstr(text, "V.&lt;value>"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "a &amp; b"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, ">c = 5<"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, ">[4]<"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, ">mV<"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "time (ms)"));
    CU_ASSERT_PTR_NULL(strstr(text, "nan"));
    free(text);
    end(&p);
}

static void settled_values_are_dashed(void) {
    RtPanel p = panel("V", 100, 3);
    RtTensor once = {.type = RT_F64, .rank = 1, .shape = {3}, .data = (double[]){1, 2, 3}}, cycles = {.type = RT_F64, .rank = 2, .shape = {5, 3}};
    double values[15];
    for (int i = 0; i < 15; i++) values[i] = i;
    cycles.data = values;
    p.settled = &once;
    char *text = svg(&p, 0.02);
    CU_ASSERT_EQUAL(count(text, "stroke-dasharray"), 3);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "dashed: settled"));
    free(text);
    p.settled = &cycles;
    text = svg(&p, 0.02);
    CU_ASSERT_EQUAL(count(text, "stroke-dasharray"), 3);
    const char *path = strstr(text, "stroke-dasharray");
    int lines = 0;
    for (path = strstr(path, " d=\""); *++path != '/';) lines += *path == 'H';
    CU_ASSERT_EQUAL(lines, 5); /* one a cycle */
    free(text);
    end(&p);
}

/* A single sample out of a million is seen, and the picture stays small. */
static void envelopes_keep_spikes(void) {
    RtPanel p = panel("V", 1000000, 1);
    for (int64_t n = 0; n < 1000000; n++) ((float *)p.samples.data)[n] = (float)(n % 7);
    ((float *)p.samples.data)[654321] = 100;
    char *text = svg(&p, 0);
    CU_ASSERT_TRUE(strlen(text) < 80000);
    const char *at = strstr(strstr(text, "stroke-linejoin"), "d=\"M") + 4;
    double x, y, highest = 1e9, where = 0;
    for (int used; sscanf(at, "%lf %lf%n", &x, &y, &used) == 2; at += used)
        if (y < highest) highest = y, where = x;
    CU_ASSERT_DOUBLE_EQUAL(highest, 58 + 132 * (1 - 1.06 / 1.12), 0.2); /* 6 % above and below what there is */
    CU_ASSERT_DOUBLE_EQUAL(where, 84 + 756 * 0.654322, 0.6);
    free(text);
    end(&p);
}

/* Points that a straight line passes are left out, and none that is not: the drawn line stays within the tolerance. */
static void lines_keep_their_shape(void) {
    enum { N = 400 };
    RtPanel p = panel("V", N, 1);
    float *v = p.samples.data;
    for (int n = 0; n < N; n++) v[n] = n < 200 ? (float)n : (float)(200 + 50 * sin(n * 0.1));
    char *text = svg(&p, 0);
    const char *at = strstr(strstr(text, "stroke-linejoin"), "d=\"M") + 4;
    double x[N], y[N], worst = 0;
    int points = 0;
    for (int used; points < N && sscanf(at, "%lf %lf%n", &x[points], &y[points], &used) == 2; at += used) points++;
    CU_ASSERT_TRUE(points > 20 && points < 200);
    double low = INFINITY, high = -INFINITY;
    for (int n = 0; n < N; n++) low = fmin(low, (double)v[n]), high = fmax(high, (double)v[n]);
    double room = 0.06 * (high - low), scale = 132 / (high - low + 2 * room);
    for (int n = 0, k = 0; n < N; n++) {
        double px = 84 + 756 * p.time[n] / p.time[N - 1], py = 58 + 132 - ((double)v[n] - low + room) * scale;
        while (k + 2 < points && x[k + 1] < px) k++;
        double line = y[k] + (y[k + 1] - y[k]) * (px - x[k]) / (x[k + 1] - x[k]);
        if (fabs(line - py) > worst) worst = fabs(line - py);
    }
    CU_ASSERT_TRUE(worst < 0.5);
    free(text);
    end(&p);
}

static void many_units_are_thinned(void) {
    RtPanel p = panel("V", 50, 1000);
    char *text = svg(&p, 0);
    CU_ASSERT_EQUAL(count(text, "stroke-linejoin"), 48);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "48 of 1000 units shown"));
    free(text);
    end(&p);
}

static void files_that_hold_no_traces(void) {
    SimFolder f;
    RtError error = {0};
    sim_folder_begin(&f);
    RtTensor t = {.type = RT_F64, .rank = 1, .shape = {3}, .data = (double[]){1, 2, 3}}, two = {.type = RT_F64, .rank = 1, .shape = {2}, .data = t.data};
    const char *path = sim_path(&f, "t.safetensors"), *out = sim_path(&f, "t.svg");
    rt_store_write(path, 1, (const char *const[]){"V"}, &t, &error);
    CU_ASSERT_EQUAL(rt_plot_file(path, out, &error), RT_USER);
    CU_ASSERT_PTR_NOT_NULL(strstr(rt_error_message(&error), "there is no tensor \"time\""));
    rt_error_clear(&error);
    rt_store_write(path, 1, (const char *const[]){"time"}, &t, &error);
    CU_ASSERT_EQUAL(rt_plot_file(path, out, &error), RT_USER);
    CU_ASSERT_PTR_NOT_NULL(strstr(rt_error_message(&error), "no population is recorded"));
    rt_error_clear(&error);
    rt_store_write(path, 2, (const char *const[]){"time", "V"}, (RtTensor[]){t, two}, &error);
    CU_ASSERT_EQUAL(rt_plot_file(path, out, &error), RT_USER);
    CU_ASSERT_PTR_NOT_NULL(strstr(rt_error_message(&error), "one sample for each time"));
    rt_error_clear(&error);
    rt_store_write(path, 3, (const char *const[]){"time", "V", "V.settled"},
                   (RtTensor[]){t, {.type = RT_F64, .rank = 2, .shape = {3, 2}, .data = (double[6]){0}}, {.type = RT_F64, .rank = 1, .shape = {3}, .data = t.data}},
                   &error);
    CU_ASSERT_EQUAL(rt_plot_file(path, out, &error), RT_USER);
    CU_ASSERT_PTR_NOT_NULL(strstr(rt_error_message(&error), "has 3 values, which is no multiple of the 2 units"));
    rt_error_clear(&error);
    CU_ASSERT_NOT_EQUAL(access(out, F_OK), 0);
    sim_folder_end(&f, (const char *const[]){"t.safetensors", NULL});
}

void suite_sim_plot(void) {
    CU_pSuite suite = CU_add_suite("sim_plot", NULL, NULL);
    CU_add_test(suite, "shows lines and names", shows_lines_and_names);
    CU_add_test(suite, "settled values are dashed", settled_values_are_dashed);
    CU_add_test(suite, "envelopes keep spikes", envelopes_keep_spikes);
    CU_add_test(suite, "lines keep their shape", lines_keep_their_shape);
    CU_add_test(suite, "many units are thinned", many_units_are_thinned);
    CU_add_test(suite, "files that hold no traces", files_that_hold_no_traces);
}
