/* gradient/: every operator and every way to read, against derivatives written by hand; the exact engine decides whether they are
 * equal as functions. Values are compared in gradient_numeric.c. */
#include "gradient/gradient.h"

#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

#include "exact/exact.h"

void suite_gradient(void);

/* x y z are data over t, W V weights over d, M over d and f, c e weights without axes; j k l are copies of t, now a cycle over it,
 * f and f.1 copies of d. */
static const char prelude[] =
    "program g core\naxis t : bounded(16)\naxis d : const(3)\naxis j : copy(t)\naxis k : copy(t)\naxis l : copy(t)\naxis now : cycle(t)\n"
    "axis f : copy(d)\naxis f.1 : copy(d)\nstimulus x[t]\nstimulus y[t]\nstimulus z[t]\nweight W[d]\nweight V[d]\nweight M[d, f]\n"
    "weight c\nweight e\n";

typedef struct Case {
    const char *before; /* further lines */
    const char *loss, *of, *gradient;
} Case;

static IrProgram *parsed(Arena *arena, const char *text) {
    char *error = NULL;
    IrProgram *p = ir_parse(arena, names_new(arena), text, &error);
    if (!p) printf("\n    %s\n%s", error, text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(p);
    char *wrong = ir_verify(p);
    if (wrong) printf("\n    %s\n%s", wrong, text);
    CU_ASSERT_PTR_NULL_FATAL(wrong);
    return p;
}

static IrProgram *program(Arena *arena, const Case *k) {
    IrProgram *bare = parsed(arena, prelude);
    const IrVar *of = ir_find_var(bare, k->of);
    char *axes = of->axis_count == 0 ? "" : of->axis_count == 1 ? arena_printf(arena, "[%s]", of->axes[0]->name) : "[d, f]";
    return parsed(arena, arena_printf(arena, "%s%salg loss = %s\nalg wanted%s = %s\n", prelude, k->before, k->loss, axes, k->gradient));
}

static ExactVerdict verdict(Arena *arena, const Case *k, const char **why) {
    IrProgram *p = program(arena, k), *g;
    const IrVar *of = ir_find_var(p, k->of);
    IrVar *gradient;
    GradientFault fault = {"", {0}};
    g = gradient_of(p, ir_find_var(p, "loss"), &of, 1, &gradient, &fault);
    if (!g) printf("\n    %s\n", fault.what);
    CU_ASSERT_PTR_NOT_NULL_FATAL(g);
    char *wrong = ir_verify(g);
    if (wrong) printf("\n    %s\n", wrong), ir_print(g, stdout);
    CU_ASSERT_PTR_NULL_FATAL(wrong);
    if (getenv("CTX_TEST_PRINT")) ir_print(g, stdout);
    IrCheck check = {.name = "by hand", .left = gradient, .right = ir_find_var(g, "wanted")};
    ExactOptions how = {.seed = 1};
    ExactResult result = exact_check(arena, g, &check, &how);
    *why = result.why ? result.why : "";
    return result.verdict;
}

static void expect(const Case *cases, size_t count, ExactVerdict wanted) {
    for (size_t i = 0; i < count; i++) {
        Arena *arena = arena_new();
        const char *why;
        ExactVerdict found = verdict(arena, &cases[i], &why);
        if (found != wanted) printf("\n    %s%s by %s is not %s: verdict %d %s", cases[i].before, cases[i].loss, cases[i].of, cases[i].gradient, found, why);
        CU_ASSERT_EQUAL(found, wanted);
        arena_free(arena);
    }
}

static void operators(void) {
    static const Case cases[] = {
        {"", "sum(j) y[j] * -x[j]", "x", "-y[t]"},
        {"", "sum(j) y[j] * (x[j] + z[j])", "x", "y[t]"},
        {"", "sum(j) y[j] * (z[j] - x[j])", "x", "-y[t]"},
        {"", "sum(j) y[j] * x[j] * z[j]", "x", "y[t] * z[t]"},
        {"", "sum(j) x[j] * x[j] * x[j]", "x", "3 * x[t] ^ 2"},
        {"", "sum(j) x[j] / y[j]", "x", "1 / y[t]"},
        {"", "sum(j) y[j] / x[j]", "x", "-y[t] / x[t] ^ 2"},
        {"", "sum(j) x[j] ^ 2", "x", "2 * x[t]"},
        {"", "sum(j) y[j] * x[j] ^ 5", "x", "5 * y[t] * x[t] ^ 4"},
        {"", "sum(j) x[j] ^ -1.5", "x", "-1.5 * x[t] ^ -2.5"},
        {"", "sum(j) x[j] ^ 0", "x", "0 * x[t]"},
        {"", "sum(j) y[j] * x[j] ^ position(j)", "x", "y[t] * position(t) * x[t] ^ position(t) / x[t]"},
        {"", "sum(j) y[j] * exp(3 * x[j])", "x", "3 * y[t] * exp(x[t]) ^ 3"},
        {"", "sum(j) y[j] * log(x[j])", "x", "y[t] / x[t]"},
        {"", "sum(j) y[j] * sqrt(x[j])", "x", "y[t] * x[t] ^ -0.5 / 2"},
        {"", "sum(j) y[j] * sin(2 * x[j])", "x", "2 * y[t] * cos(2 * x[t])"},
        {"", "sum(j) y[j] * cos(x[j])", "x", "-(y[t] * sin(x[t]))"},
        {"", "sum(j) y[j] * tanh(x[j])", "x", "4 * y[t] / (exp(x[t]) + exp(-x[t])) ^ 2"},
        {"", "sum(j) y[j] * sigmoid(x[j])", "x", "y[t] * exp(-x[t]) / (1 + exp(-x[t])) ^ 2"},
        {"", "sum(j) y[j] * relu(x[j])", "x", "select(0 < x[t], y[t], 0)"},
        {"", "sum(j) y[j] * gelu(x[j])", "x",
         "y[t] * (0.5 * (1 + erf(x[t] / sqrt(2))) + x[t] * exp(-x[t] ^ 2 / 2) / sqrt(2 * 3.14159265358979323846))"},
        {"", "sum(j) y[j] * erf(x[j])", "x", "y[t] * 2 / sqrt(3.14159265358979323846) * exp(-x[t] ^ 2)"},
        {"", "sum(j) y[j] * abs(x[j])", "x", "y[t] * x[t] / abs(x[t])"},
        {"", "sum(j) y[j] * max(x[j], z[j])", "x", "select(x[t] < z[t], 0, y[t])"},
        {"", "sum(j) y[j] * max(z[j], x[j])", "x", "select(z[t] < x[t], y[t], 0)"},
        {"", "sum(j) y[j] * min(x[j], z[j])", "x", "select(z[t] < x[t], 0, y[t])"},
        {"", "sum(j) y[j] * min(z[j], x[j])", "x", "select(x[t] < z[t], y[t], 0)"},
        {"", "sum(j) x[j] * (x[j] < y[j])", "x", "1 * (x[t] < y[t])"},
        {"", "sum(j) (x[j] * (x[j] <= y[j]) + x[j] * (x[j] == y[j]))", "x", "(x[t] <= y[t]) + (x[t] == y[t])"},
        {"", "sum(j) select(z[j] < 0, x[j] * y[j], x[j] ^ 2)", "x", "select(z[t] < 0, y[t], 2 * x[t])"},
        {"", "sum(j) select(x[j] < 0, 3 * x[j], x[j])", "x", "select(x[t] < 0, 3, 1)"},
        {"", "sum(j) x[j] * stop_gradient(x[j])", "x", "x[t]"},
        {"", "stop_gradient(c) * c + size(t)", "c", "c"},
    };

    expect(cases, sizeof cases / sizeof *cases, EXACT_EQUAL);
}

/* ---- ways to read ----------------------------------------------------------------------------------------------------- */
static void readings(void) {
    static const Case cases[] = {
        {"", "sum(j) c * x[j]", "c", "sum(j) x[j]"},
        {"", "sum(j) c * c * c", "c", "3 * size(t) * c ^ 2"},
        {"", "(sum(j) x[j]) * (sum(k) x[k] * y[k])", "x", "(sum(k) x[k] * y[k]) + (sum(j) x[j]) * y[t]"},
        {"", "sum(d, f) M[d, f] * W[d] * V[f]", "M", "W[d] * V[f]"},
        {"", "sum(d, f) M[d, f] * W[d] * V[f]", "W", "sum(f) M[d, f] * V[f]"},
        {"", "sum(d, f) M[f, d] * W[d] * V[f]", "W", "sum(f) M[f, d] * V[f]"},
        {"alg u[t, d] = sum(f) M[d, f] * x[t] * W[f]\n", "sum(j, d) u[j, d] * y[j] * V[d]", "W", "sum(f, j) M[f, d] * x[j] * y[j] * V[f]"},
        /* guards stay domains */
        {"", "sum(j) y[j] * (sum(k where k <= j) x[k])", "x", "sum(j where t <= j) y[j]"},
        {"", "sum(j) y[j] * (sum(k where k <= j, j - k <= 1) x[k])", "x", "sum(j where t <= j, j - t <= 1) y[j]"},
        {"", "sum(j where j <= 2) x[j] * y[j]", "x", "select(position(t) <= 2, y[t], 0)"},
        {"", "sum(j where 0 - j <= -1) x[j] * y[j]", "x", "select(position(t) < 1, 0, y[t])"},
        {"", "sum(j, k where j == k) x[j] * y[k]", "x", "y[t]"},
        {"", "sum(j, k where j <= k) c * x[j]", "c", "sum(j) x[j] * (size(t) - position(j))"},
        {"alg s[t, j] = 1 / (position(t) - position(j)) * x[j]\n", "sum(k, l where l - k <= -1) s[k, l] * y[k]", "x",
         "sum(k where t - k <= -1) y[k] / (position(k) - position(t))"},
        {"alg s[t, j] = x[j] * y[t]\nalg p = sum(k, l where l - k <= -1) c * s[k, l]\nalg q = sum(k, l where l <= k) s[k, l]\n", "p + q", "x",
         "(sum(k where t - k <= -1) c * y[k]) + (sum(l where t <= l) y[l])"},
        {"alg s[t, j] = x[j] * y[t]\nalg p = sum(k, l where l <= k) c * s[k, l]\nalg q = sum(k, l where l - k <= -1) s[k, l]\n", "p + q", "x",
         "(sum(k where t <= k) c * y[k]) + (sum(l where t - l <= -1) y[l])"},
        /* positions */
        {"", "c * x[last]", "x", "select(position(t) == size(t) - 1, c, 0)"},
        {"", "c * x[0]", "x", "select(position(t) == 0, c, 0)"},
        {"", "sum(j) select(position(j) <= 0, z[j], x[j-1]) * y[j]", "x", "select(position(t) == size(t) - 1, 0, y[t+1])"},
        {"", "sum(j) select(position(j) <= size(t) - 3, x[j+2], 0) * y[j]", "x", "select(position(t) <= 1, 0, y[t-2])"},
        {"", "sum(j) select(position(j) <= 0, 0, x[j-1] * x[j]) * y[j]", "x",
         "select(position(t) == size(t) - 1, 0, y[t+1] * x[t+1]) + select(position(t) <= 0, 0, y[t] * x[t-1])"},
        {"", "sum(d) M[d, d] * W[d]", "M", "select(position(d) == position(f), W[d], 0)"},
        {"", "sum(d) (M[d, 1] * W[d] + M[0, d] * V[d])", "M",
         "select(position(f) == 1, W[d], 0) + select(position(d) == 0, V[f], 0)"},
        {"", "c * M[0, 2] + e * M[last, 0]", "M",
         "select(position(d) == 0, select(position(f) == 2, c, 0), 0) + select(position(d) == 2, select(position(f) == 0, e, 0), 0)"},
        {"alg h[t] = x[t] * y[t]\n", "c * h[last] * h[last]", "x", "select(position(t) == size(t) - 1, 2 * c * x[t] * y[t] ^ 2, 0)"},
        {"alg u[d] = W[d] ^ 2\n", "c * u[1]", "W", "select(position(d) == 1, 2 * c * W[d], 0)"},
        /* sums inside */
        {"", "sum(j) y[j] * exp(x[j] * (sum(d) W[d] * V[d]))", "W", "V[d] * (sum(j) y[j] * x[j] * exp(x[j] * (sum(f) W[f] * V[f])))"},
        {"", "sum(j) y[j] * log(sum(k where k <= j) x[k])", "x", "sum(j where t <= j) y[j] / (sum(k where k <= j) x[k])"},
        {"", "sum(j) select(position(j) <= 0, 0, y[j] * log(sum(k where k - j <= -1) x[k]))", "x",
         "sum(j where t - j <= -1) y[j] / (sum(k where k - j <= -1) x[k])"},
        {"", "sum(j) select(z[j] < 0, 0, y[j] * (sum(d) W[d] / x[j]))", "W", "sum(j) select(z[j] < 0, 0, y[j] / x[j])"},
        {"", "sum(j, k where j - k <= -1) x[j] * (sum(l) z[l] / position(k))", "z", "sum(j, k where j - k <= -1) x[j] / position(k)"},
        {"", "sum(j) select(position(j) <= size(t) - 2, y[j] * (sum(k) x[k] / (size(t) - 1 - position(j))), 0)", "x",
         "sum(j) select(position(j) <= size(t) - 2, y[j] / (size(t) - 1 - position(j)), 0)"},
        /* maxima: a shift cancels; a maximum goes to the points that reach it */
        {"alg m = amax(k) x[k]\n", "(sum(j) exp(x[j] - m) * y[j]) / (sum(l) exp(x[l] - m))", "x",
         "exp(x[t]) / (sum(l) exp(x[l])) * (y[t] - (sum(j) exp(x[j]) * y[j]) / (sum(k) exp(x[k])))"},
        {"", "(sum(j) exp(x[j] - amax(k) x[k]) * y[j]) / (sum(l) exp(x[l]))", "y",
         "exp(x[t] - amax(k) x[k]) / (sum(l) exp(x[l]))"},
        {"alg m = amax(k) x[k]\n", "c * m", "x", "select(x[t] < m, 0, c / (sum(j) select(x[j] < m, 0, 1)))"},
    };
    expect(cases, sizeof cases / sizeof *cases, EXACT_EQUAL);
}

static void scans(void) {
    static const Case cases[] = {
        {"scan now {\nalg m[now] init 0 = 0.5 * prev(m[now]) + x[now]\n}\n", "sum(now) y[now] * m[now]", "x",
         "sum(j where t <= j) y[j] * 0.5 ^ (position(j) - position(t))"},
        {"scan now {\nalg m[now] init c = 0.5 * prev(m[now]) + x[now]\n}\n", "sum(now) y[now] * m[now]", "c",
         "sum(j) y[j] * 0.5 ^ (position(j) + 1)"},
        {"scan now {\nalg m[now] init c = prev(m[now], 2) + x[now]\n}\n", "sum(now) y[now] * m[now]", "c", "sum(j) y[j]"},
        {"scan now {\nalg m[now] init 0 = prev(m[now], 2) + x[now]\n}\n", "m[last]", "x",
         "0.5 + (-1) ^ (size(t) - 1 - position(t)) / 2"},
        {"scan now {\nalg m[now] init 1 = prev(m[now]) * x[now]\n}\n", "m[last]", "x", "m[last] / x[t]"},
        {"scan now {\nalg m[now] init 0 = prev(m[now]) + x[now]\n}\n", "c * m[last] * m[0]", "x",
         "c * m[0] + select(position(t) == 0, c * m[last], 0)"},
        {"scan now {\nalg h[now] = prev(m[now]) * y[now]\nalg m[now] init 0 = prev(m[now]) + x[now]\n}\n", "sum(now) h[now]", "x",
         "sum(j where t - j <= -1) y[j]"},
        {"scan now {\nalg p[now] init 0 = prev(q[now]) + x[now]\nalg q[now] init 0 = prev(p[now]) + y[now]\n}\n", "sum(now) z[now] * p[now]", "y",
         "sum(j where t - j <= -1) z[j] * (0.5 - (-1) ^ (position(j) - position(t)) / 2)"},
        {"scan now {\nalg m[now, d] init W[d] = (sum(f) M[d, f] * prev(m[now, f])) + x[now] * V[d]\n}\n", "sum(d) m[0, d] * V[d]", "M",
         "V[d] * W[f]"},
        {"scan now {\nalg m[now] init c = (1 + position(now)) * prev(m[now])\n}\n", "m[last]", "c", "m[last] / c"},
        {"scan now reversed {\nalg m[now] init c = 0.5 * prev(m[now]) + x[now]\n}\n", "sum(now) y[now] * m[now]", "x",
         "sum(j where j <= t) y[j] * 0.5 ^ (position(t) - position(j))"},
        {"scan now reversed {\nalg m[now] init c = 0.5 * prev(m[now]) + x[now]\n}\n", "sum(now) y[now] * m[now]", "c",
         "sum(j) y[j] * 0.5 ^ (size(t) - position(j))"},
        {"scan now reversed {\nalg m[now] init c = prev(m[now], 3) * y[now]\n}\n", "m[0]", "c", "m[0] / c"},
    };
    expect(cases, sizeof cases / sizeof *cases, EXACT_EQUAL);
}

/* The engine would see it if a rule were wrong. */
static void wrong_derivatives_are_seen(void) {
    static const Case cases[] = {
        {"", "sum(j) y[j] * tanh(x[j])", "x", "y[t] * (1 - tanh(x[t]))"},
        {"", "sum(j) y[j] / x[j]", "x", "y[t] / x[t] ^ 2"},
        {"", "sum(j) y[j] * (sum(k where k <= j) x[k])", "x", "sum(j where j <= t) y[j]"},
        {"", "sum(j) x[j] * stop_gradient(x[j])", "x", "2 * x[t]"},
        {"scan now {\nalg m[now] init 0 = 0.5 * prev(m[now]) + x[now]\n}\n", "sum(now) y[now] * m[now]", "x", "y[t]"},
    };
    expect(cases, sizeof cases / sizeof *cases, EXACT_UNEQUAL);
}

/* ---- the program that comes out --------------------------------------------------------------------------------------- */
static void the_source_stays_and_all_gradients_come(void) {
    Arena *arena = arena_new();
    IrProgram *p = parsed(arena, arena_printf(arena, "%salg h[t] = W[0] * x[t]\nalg loss[t] = h[t] * c\noutput loss = loss\n", prelude));
    const IrVar *of[] = {ir_find_var(p, "c"), ir_find_var(p, "h"), ir_find_var(p, "x"), ir_find_var(p, "e"), ir_find_var(p, "W")};
    IrVar *gradient[5];
    GradientFault fault;
    int items = p->items.count;
    IrProgram *g = gradient_of(p, ir_find_var(p, "loss"), of, 5, gradient, &fault);
    CU_ASSERT_PTR_NOT_NULL_FATAL(g);
    CU_ASSERT_PTR_NULL(ir_verify(g));
    CU_ASSERT_EQUAL(p->items.count, items);
    CU_ASSERT_EQUAL(g->outputs.count, 1);
    CU_ASSERT_EQUAL(strncmp(ir_expr_text(arena, gradient[0]->def), "sum(t.", 6), 0); /* a loss with axes is summed */
    CU_ASSERT_STRING_EQUAL(ir_expr_text(arena, gradient[1]->def), "c");
    CU_ASSERT_STRING_EQUAL(ir_expr_text(arena, gradient[2]->def), "h.bar[t] * W[0]");
    CU_ASSERT_STRING_EQUAL(ir_expr_text(arena, gradient[3]->def), "0"); /* nothing depends on it */
    for (int i = 0; i < 5; i++) CU_ASSERT_EQUAL(gradient[i]->axis_count, of[i]->axis_count);
    arena_free(arena);
}

/* A causal head: the adjoint of the scores is needed where the scores are, and no select stands in the way of reordering. */
static void guards_stay_domains(void) {
    Arena *arena = arena_new();
    IrProgram *p = parsed(arena, "program head core\naxis t : bounded(64)\naxis j : copy(t)\naxis a : const(4)\naxis b : const(4)\n"
                                 "stimulus q[t, a]\nstimulus k[t, a]\nstimulus v[t, b]\n"
                                 "alg s[t, j] = sum(a) q[t, a] * k[j, a]\nalg o[t, b] = sum(j where j <= t) s[t, j] * v[j, b]\n");
    const IrVar *of[] = {ir_find_var(p, "k"), ir_find_var(p, "v")};
    IrVar *gradient[2];
    GradientFault fault;
    IrProgram *g = gradient_of(p, ir_find_var(p, "o"), of, 2, gradient, &fault);
    CU_ASSERT_PTR_NOT_NULL_FATAL(g);
    for (int i = 0; i < g->items.count; i++) CU_ASSERT_PTR_NULL(strstr(ir_expr_text(arena, g->items.at[i]->var->def), "select"));
    for (int i = 0; i < 2; i++) CU_ASSERT_PTR_NOT_NULL(strstr(ir_expr_text(arena, gradient[i]->def), " where t <= "));
    arena_free(arena);
}

/* What is compared with a maximum is what the maximum was taken of, not the same expression computed, and rounded, again. */
static void maxima_are_compared_with_what_they_are_of(void) {
    Arena *arena = arena_new();
    IrProgram *p = parsed(arena, arena_printf(arena, "%salg m = amax(k) x[k] * y[k]\n", prelude));
    const IrVar *of = ir_find_var(p, "x");
    IrVar *gradient;
    GradientFault fault;
    IrProgram *g = gradient_of(p, ir_find_var(p, "m"), &of, 1, &gradient, &fault);
    CU_ASSERT_PTR_NOT_NULL_FATAL(g);
    const IrVar *m = ir_find_var(g, "m"), *ties = ir_find_var(g, "m.ties");
    CU_ASSERT_PTR_NOT_NULL_FATAL(ties);
    const IrExpr *test = ties->def->arg[0]->arg[0];
    CU_ASSERT_EQUAL(test->op, IR_LT);
    CU_ASSERT_PTR_NOT_NULL(m->def->arg[0]->var);
    CU_ASSERT_PTR_EQUAL(test->arg[0]->var, m->def->arg[0]->var);
    CU_ASSERT_PTR_EQUAL(test->arg[1]->var, m);
    arena_free(arena);
}

static void refusals(void) {
    static const struct { const char *level, *text, *what; } cases[] = {
        {"system", "alg y = c\n", "a program of the system level"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Arena *arena = arena_new();
        IrProgram *p = parsed(arena, arena_printf(arena, "program p %s\naxis t : const(3)\naxis n : cycle(t)\nweight c\n%s", cases[i].level, cases[i].text));
        const IrVar *of = ir_find_var(p, "c");
        IrVar *gradient;
        GradientFault fault = {0};
        CU_ASSERT_PTR_NULL(gradient_of(p, ir_find_var(p, "y"), &of, 1, &gradient, &fault));
        CU_ASSERT_PTR_NOT_NULL_FATAL(fault.what);
        CU_ASSERT_PTR_NOT_NULL(strstr(fault.what, cases[i].what));
        IrProgram *other = parsed(arena, "program p core\nweight c\nalg y = c\n");
        const IrVar *foreign = ir_find_var(other, "c");
        CU_ASSERT_PTR_NULL(gradient_of(other, ir_find_var(p, "c"), &foreign, 1, &gradient, &fault));
        CU_ASSERT_PTR_NULL(gradient_of(other, ir_find_var(other, "y"), &of, 1, &gradient, &fault));
        arena_free(arena);
    }
}

void suite_gradient(void) {
    CU_pSuite suite = CU_add_suite("gradient", NULL, NULL);
    CU_add_test(suite, "operators", operators);
    CU_add_test(suite, "readings", readings);
    CU_add_test(suite, "scans", scans);
    CU_add_test(suite, "wrong derivatives are seen", wrong_derivatives_are_seen);
    CU_add_test(suite, "the source stays and all gradients come", the_source_stays_and_all_gradients_come);
    CU_add_test(suite, "guards stay domains", guards_stay_domains);
    CU_add_test(suite, "maxima are compared with what they are of", maxima_are_compared_with_what_they_are_of);
    CU_add_test(suite, "refusals", refusals);
}
