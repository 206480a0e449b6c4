/* ir/dynamic*.c: system-level programs written as text: the core programs that they become, how those are integrated, and messages. */
#include "ir/dynamic.h"

#include <CUnit/Basic.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ir/settle.h"
#include "reference/interpret.h"

void suite_dynamic(void);

#define HEAD \
    "axis token : bounded(8)\naxis u : const(3)\naxis now : cycle(token)\naxis u.1 : copy(u)\n" \
    "stimulus x[token, u]\nweight W[u, u.1]\n"

typedef struct Lowered {
    Arena *arena;
    IrProgram *core;
    char *text, *messages;
    DynamicReport report;
} Lowered;

static char *printed(const IrProgram *p) {
    char *text;
    size_t length;
    FILE *to = open_memstream(&text, &length);
    ir_print(p, to);
    fclose(to);
    return text;
}

static Lowered lowered(const char *items, double dt, double cycle, const char *method) {
    Lowered l = {.arena = arena_new()};
    Names *names = names_new(l.arena);
    char *error = NULL, *source = arena_printf(l.arena, "program p system\n%s%s", HEAD, items);
    IrProgram *system = ir_parse(l.arena, names, source, &error);
    if (!system) printf("%s\n%s", error, source);
    CU_ASSERT_PTR_NOT_NULL_FATAL(system);
    char *before = printed(system);
    DynamicOptions options = {.dt = dt, .cycle = cycle, .method = method ? name_of(names, method) : NULL};
    Diagnostics *diagnostics = diag_new(l.arena);
    l.core = ir_dynamic(system, &options, diagnostics, &l.report);
    size_t length;
    FILE *to = open_memstream(&l.messages, &length);
    diag_render(diagnostics, to, false);
    fclose(to);
    l.text = printed(l.core);
    char *after = printed(system);
    CU_ASSERT_STRING_EQUAL(before, after); /* the system is left as it was */
    free(before);
    free(after);
    if (*l.messages) return l;
    char *wrong = ir_verify(l.core);
    if (wrong) printf("%s\n%s", wrong, l.text);
    CU_ASSERT_PTR_NULL(wrong);
    return l;
}

static void done(Lowered *l) {
    free(l->text);
    free(l->messages);
    arena_free(l->arena);
}

/* The items of the core program are `wanted`. */
static void becomes(const char *items, const char *wanted) {
    Lowered l = lowered(items, 0.001, 0.003, NULL);
    const char *from = strstr(l.text, "\nweight W");
    const char *body = from ? strchr(from + 1, '\n') + 1 : "";
    if (*l.messages || strcmp(body, wanted) != 0) printf("%swanted:\n%s\ngot:\n%s\n", l.messages, wanted, body);
    CU_ASSERT_STRING_EQUAL(body, wanted);
    done(&l);
}

static void refuses(const char *items, double dt, const char *method, const char *code, const char *words) {
    Lowered l = lowered(items, dt, 0.003, method);
    bool right = strstr(l.messages, code) && strstr(l.messages, words);
    if (!right) printf("'%s' should say %s and '%s'\n", l.messages, code, words);
    CU_ASSERT_TRUE(right);
    done(&l);
}

/* ---- text ---------------------------------------------------------------------------------------------------------- */
static void a_cell_becomes_a_state_over_steps(void) {
    becomes("ode r[now, u] of population \"r\" rate 0.01 = -r[now, u] + r.in[now, u]\n"
            "alg r.in[now, u] of compartment \"r.in\" = x[now, u]\noutput y = r\n",
            "alg r.in[now, u] of compartment \"r.in\" = x[now, u]\nscan now.step {\n"
            "  alg r[now, now.step, u] along now.step of population \"r\" init 0 = exp(-1 / 0.01 * 0.001) * prev(r[now, now.step, u]) + "
            "(1 - exp(-1 / 0.01 * 0.001)) * r.in[now, u]\n"
            "  alg r.end[now, u] of population \"r\" = r[now, last, u]\n}\noutput y = r.end\n");
}

static void what_previous_hears_is_kept(void) {
    becomes("ode r[now, u] along now of population \"r\" init 0 rate 0.01 = -r[now, u] + 0.5 * prev(r[now, u]) + x[now, u]\noutput y = r\n",
            "scan now.step {\n"
            "  alg r[now, now.step, u] along now.step of population \"r\" init 0 = exp(-1 / 0.01 * 0.001) * prev(r[now, now.step, u]) + "
            "(1 - exp(-1 / 0.01 * 0.001)) * (0.5 * prev(r.kept[now, u]) + x[now, u])\n"
            "  alg r.end[now, u] of population \"r\" = r[now, last, u]\n"
            "  alg r.kept[now, u] along now of population \"r\" init 0 = r[now, last, u]\n}\noutput y = r.end\n");
}

static void delays_are_lags(void) {
    becomes("ode r[u] of population \"r\" rate 0.01 = -r[u] + delay(r[u], 0.002)\noutput y = r\n",
            "scan step {\n"
            "  alg r[step, u] along step of population \"r\" init 0 = exp(-1 / 0.01 * 0.001) * prev(r[step, u]) + "
            "(1 - exp(-1 / 0.01 * 0.001)) * prev(r[step, u], 3)\n}\n"
            "alg r.end[u] of population \"r\" = r[last, u]\noutput y = r.end\n");
}

/* ---- values -------------------------------------------------------------------------------------------------------- */
/* The first output after integration, in double precision; x and W are the same smooth numbers every time. */
static void integrate(const char *items, double dt, double cycle, const char *method, int tokens, double *value) {
    Lowered l = lowered(items, dt, cycle, method);
    if (*l.messages) printf("%s", l.messages);
    CU_ASSERT_STRING_EQUAL_FATAL(l.messages, "");
    int64_t *size = ARENA_ARRAY(l.arena, int64_t, l.core->axes.count + 1);
    for (int i = 0; i < l.core->axes.count; i++) size[i] = l.core->axes.at[i]->root->kind == AXIS_BOUNDED ? tokens : 0;
    IrVar *keep[] = {l.core->outputs.at[0].var};
    Reference *r = ref_new(l.core, size, ref_float64(), keep, 1);
    double x[8 * 3], w[9];
    for (int i = 0; i < 24; i++) x[i] = sin(1 + i);
    for (int i = 0; i < 9; i++) w[i] = 0.4 * cos(2 * i);
    ref_bind(r, ir_find_var(l.core, "x"), x);
    ref_bind(r, ir_find_var(l.core, "W"), w);
    CU_ASSERT_PTR_NULL_FATAL(ref_run(r));
    RefTensor t = ref_tensor(r, keep[0]);
    memcpy(value, t.value, sizeof *value * (size_t)t.count);
    ref_free(r);
    done(&l);
}

static double apart(const double *a, const double *b, int count) {
    double most = 0;
    for (int i = 0; i < count; i++) most = fmax(most, fabs(a[i] - b[i]));
    return most;
}

/* log2 of how the error falls when the step is halved, against rk4 in steps 16 times as short. */
static double order_of(const char *items, const char *method, double dt, double cycle) {
    double coarse[3], fine[3], truth[3];
    integrate(items, dt, cycle, method, 2, coarse);
    integrate(items, dt / 2, cycle, method, 2, fine);
    integrate(items, dt / 16, cycle, "rk4", 2, truth);
    return log2(apart(coarse, truth, 3) / apart(fine, truth, 3));
}

static const char coupled[] =
    "ode r[u] of population \"r\" rate 0.01 = -r[u] + tanh(r.in[u])\n"
    "alg r.in[u] of compartment \"r.in\" = x[0, u] + sum(u.1) W[u, u.1] * h[u.1]\n"
    "ode h[u] of population \"h\" rate 0.02 = -h[u] + r[u]^2 - 0.3 * h[u]^3\noutput y = r\n";
static const char delayed[] =
    "ode r[u] of population \"r\" rate 0.01 = -r[u] + tanh(r.in[u])\n"
    "alg r.in[u] of compartment \"r.in\" = 3 * x[0, u] + sum(u.1) 4 * W[u, u.1] * delay(r[u.1], 0.008)\noutput y = r\n";

static void methods_have_their_orders(void) {
    CU_ASSERT_DOUBLE_EQUAL(order_of(coupled, "euler", 0.001, 0.016), 1, 0.15);
    CU_ASSERT_DOUBLE_EQUAL(order_of(coupled, "heun", 0.002, 0.016), 2, 0.15);
    CU_ASSERT_DOUBLE_EQUAL(order_of(coupled, "rk4", 0.002, 0.016), 4, 0.2);
    CU_ASSERT_DOUBLE_EQUAL(order_of(delayed, "euler", 0.001, 0.032), 1, 0.15);
    CU_ASSERT_DOUBLE_EQUAL(order_of(delayed, "heun", 0.002, 0.032), 2, 0.15);
    CU_ASSERT_DOUBLE_EQUAL(order_of(delayed, "rk4", 0.002, 0.032), 4, 0.2);
    CU_ASSERT_DOUBLE_EQUAL(order_of(delayed, "exponential", 0.001, 0.032), 1, 0.15);
}

/* tau r' = -r + x from 0: x (1 - e^(-t / tau)), whatever the step; five Euler steps: 1 - 0.95^5 of it. */
static void a_linear_cell_is_exact(void) {
    static const char cell[] = "ode r[u] of population \"r\" rate 0.01 = -r[u] + x[0, u]\noutput y = r\n";
    static const char slow[] = "ode r[u] of population \"r\" rate 0.002 = -r[u] + x[0, u]\noutput y = r\n";
    double y[3];
    for (int n = 1; n <= 16; n *= 4) {
        integrate(cell, 0.016 / n, 0.016, NULL, 1, y);
        for (int u = 0; u < 3; u++) CU_ASSERT_DOUBLE_EQUAL(y[u], sin(1 + u) * (1 - exp(-1.6)), 1e-13);
    }
    integrate(slow, 0.0001, 0.0005, "euler", 1, y);
    CU_ASSERT_DOUBLE_EQUAL(y[0] / sin(1), 1 - pow(0.95, 5), 1e-13);
}

static void a_prospective_cell_does_not_lag(void) {
    static const char cell[] = "ode v[u] of variable \"r.v\" rate 0.02 = -v[u] + x[0, u]\n"
                               "alg r[u] of population \"r\" = v[u] + 0.02 * derivative(v[u])\noutput y = r\n";
    double y[3];
    for (int steps = 1; steps <= 7; steps += 3) {
        integrate(cell, 0.001, 0.001 * steps, "euler", 1, y);
        for (int u = 0; u < 3; u++) CU_ASSERT_DOUBLE_EQUAL(y[u], sin(1 + u), 1e-13);
    }
}

/* With silent stimuli e^0 = 1 in each cell, and the pool hears three of them. */
static void a_run_begins_at_rest(void) {
    static const char cells[] = "ode s[u] of population \"s\" rate 1000 = -s[u] + exp(x[0, u])\n"
                                "ode pool of population \"pool\" rate 1000 = -pool + in\nalg in of compartment \"pool.in\" = sum(u.1) s[u.1]\n"
                                "alg y[u] of population \"y\" = s[u] / pool\noutput y = y\n";
    double y[3];
    integrate(cells, 0.001, 0.001, NULL, 1, y); /* nothing has had time to move */
    for (int u = 0; u < 3; u++) CU_ASSERT_DOUBLE_EQUAL(y[u], 1.0 / 3, 1e-5);
}

/* The second cycle begins when the first has ended: it hears what that has come to, and time has gone on. */
static void cycles_follow_one_another(void) {
    static const char two[] =
        "axis then : cycle(token)\n"
        "ode a[now, u] of population \"a\" rate 0.001 = -a[now, u] + x[now, u]\n"
        "ode b[then, u] of population \"b\" rate 0.001 = -b[then, u] + c[then, u]\n"
        "alg c[then, u] of compartment \"b.in\" = (sum(now.1) a[now.1, u]) + time()\naxis now.1 : copy(token)\n"
        "output y = b\n";
    double y[24];
    integrate(two, 0.0001, 0.05, NULL, 2, y); /* 50 time constants a cycle */
    for (int u = 0; u < 3; u++) {
        double sum = sin(1 + u) + sin(4 + u), lag = 0.001; /* what follows a ramp is behind by its time constant */
        CU_ASSERT_DOUBLE_EQUAL(y[u], sum + 0.15 - lag, 2e-4);
        CU_ASSERT_DOUBLE_EQUAL(y[3 + u], sum + 0.2 - lag, 2e-4);
    }
}

/* Delays by position: each cell has its own. A cell that follows its stimulus within a step is heard so much later. */
static void delays_by_position(void) {
    static const char cells[] = "ode s[u] of population \"s\" rate 1e-9 = -s[u] + x[0, 0]\n"
                                "alg y[u] of population \"y\" = sum(u.1) delay(s[u.1], 0.001 + 0.002 * position(u))\noutput y = y\n";
    for (int steps = 1; steps <= 6; steps++) {
        double y[3];
        integrate(cells, 0.001, 0.001 * steps, "exponential", 1, y);
        for (int u = 0; u < 3; u++) CU_ASSERT_DOUBLE_EQUAL(y[u], steps > 1 + 2 * u ? 3 * sin(1) : 0, 1e-12);
    }
}

/* ---- settle() beside ----------------------------------------------------------------------------------------------- */
static void settle_stands_beside(void) {
    Arena *arena = arena_new();
    char *error = NULL;
    IrProgram *system = ir_parse(arena, names_new(arena),
                                 "program p system\n" HEAD "ode r[u] of population \"r\" rate 0.01 = -r[u] + x[0, u]\n"
                                 "alg l[u] of spec \"l\" = settle(r[u], 0.02)\nalg m[u] of spec \"m\" = settle(r[u], 0.01) + r[u]\n"
                                 "output l = l\noutput m = m\n", &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(system);
    DynamicOptions options = {.dt = 0.001};
    IrProgram *core = ir_settle(system, &options, diag_new(arena));
    CU_ASSERT_PTR_NULL_FATAL(ir_verify(core));
    int64_t *size = ARENA_ARRAY(arena, int64_t, core->axes.count + 1);
    for (int i = 0; i < core->axes.count; i++) size[i] = core->axes.at[i]->root->kind == AXIS_BOUNDED ? 1 : 0;
    Reference *r = ref_new(core, size, ref_float64(), NULL, 0);
    double x[3] = {1, 2, 3}, w[9] = {0};
    ref_bind(r, ir_find_var(core, "x"), x);
    ref_bind(r, ir_find_var(core, "W"), w);
    CU_ASSERT_PTR_NULL_FATAL(ref_run(r));
    for (int u = 0; u < 3; u++) {
        CU_ASSERT_DOUBLE_EQUAL(ref_tensor(r, ir_find_var(core, "l")).value[u], x[u] * (1 - exp(-2)), 1e-13);
        CU_ASSERT_DOUBLE_EQUAL(ref_tensor(r, ir_find_var(core, "m")).value[u], x[u] * (2 - exp(-1)), 1e-13);
    }
    ref_free(r);
    arena_free(arena);
}

static void messages(void) {
    refuses("ode r[u] of population \"r\" rate 0.01 = -r[u] + delay(r[u], 0.0015)\n", 0.001, NULL, "E0821", "no whole number of steps");
    refuses("ode r[u] of population \"r\" rate 0.01 = -r[u]\n", 0.0007, NULL, "E0820", "no whole number of steps");
    refuses("ode r[u] of population \"r\" rate 0.0004 = -r[u]\n", 0.001, "euler", "E0825", "0.8 ms");
    refuses("ode r[u] of population \"r\" rate 0.01 = -r[u]^3\n", 0.001, "exponential", "E0823", "nonlinearity");
    refuses("alg a[u] of population \"a\" = tanh(b[u]) + time()\nalg b[u] of population \"b\" = a[u]\noutput y = a\n", 0.001, NULL, "E0822",
            "without delay");
}

void suite_dynamic(void) {
    CU_pSuite suite = CU_add_suite("dynamic", NULL, NULL);
    CU_add_test(suite, "a cell becomes a state over steps", a_cell_becomes_a_state_over_steps);
    CU_add_test(suite, "what previous hears is kept", what_previous_hears_is_kept);
    CU_add_test(suite, "delays are lags", delays_are_lags);
    CU_add_test(suite, "methods have their orders", methods_have_their_orders);
    CU_add_test(suite, "a linear cell is exact", a_linear_cell_is_exact);
    CU_add_test(suite, "a prospective cell does not lag", a_prospective_cell_does_not_lag);
    CU_add_test(suite, "a run begins at rest", a_run_begins_at_rest);
    CU_add_test(suite, "cycles follow one another", cycles_follow_one_another);
    CU_add_test(suite, "delays by position", delays_by_position);
    CU_add_test(suite, "settle stands beside", settle_stands_beside);
    CU_add_test(suite, "messages", messages);
}
