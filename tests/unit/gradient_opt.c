/* gradient/ with opt/: what the passes make of adjoints. That they keep values is tested in gradient_numeric.c. */
#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

#include "gradient/gradient.h"
#include "gradient_numeric.h"
#include "gradient_source.h"
#include "opt/opt.h"

void suite_gradient_opt(void);

typedef struct Costs {
    double forward, gradient; /* operations of a call and its plan */
    int reversed;             /* scans */
    bool pairs;               /* a tensor of token x token is made */
} Costs;

static double operations(const OptReport *report) { return report->chosen.call + report->chosen.plan; }

static bool has_pair(const IrVar *v) {
    for (int i = 0; i < v->axis_count; i++)
        for (int j = 0; j < i; j++)
            if (v->axes[i]->root == v->axes[j]->root && strcmp(v->axes[i]->root->name, "token") == 0) return true;
    return false;
}

/* Of the program, the gradients with respect to all weights and nothing else are kept. */
static IrProgram *gradients(Arena *arena, const IrProgram *core) {
    const IrVar *of[core->vars.count + 1];
    IrVar *gradient[core->vars.count + 1];
    int count = 0;
    for (int i = 0; i < core->vars.count; i++)
        if (core->vars.at[i]->kind == VAR_WEIGHT) of[count++] = core->vars.at[i];
    GradientFault fault;
    IrProgram *g = gradient_of(core, core->outputs.at[0].var, of, count, gradient, &fault);
    CU_ASSERT_PTR_NOT_NULL_FATAL(g);
    g->outputs.count = g->checks.count = 0;
    for (int i = 0; i < count; i++) vec_push(arena, &g->outputs, ((IrOutput){.name = of[i]->name, .var = gradient[i]}));
    return g;
}

static Costs costs(Arena *arena, const char *source) {
    Costs c = {0};
    OptReport report;
    OptOptions options = {.drop_checks = true};
    IrProgram *core = source_core(arena, source, NULL);
    opt_run(core, &options, &report);
    c.forward = operations(&report);
    IrProgram *p = opt_run(gradients(arena, core), &options, &report);
    c.gradient = operations(&report);
    for (int i = 0; i < p->items.count; i++) c.reversed += p->items.at[i]->reversed;
    for (int i = 0; i < p->vars.count; i++) c.pairs |= has_pair(p->vars.at[i]);
    if (getenv("CTX_TEST_PRINT")) ir_print(p, stdout);
    return c;
}

#define HEAD \
    "use std.specs;\naxis token = 1024;\naxis head = 4;\naxis d = 128;\naxis a = 32;\naxis c = 32;\nstimulus x[token, d];\n" \
    "weight W_Q[head, a, d], W_K[head, a, d], W_V[head, c, d], W_O[d, head, c];\n" \
    "spec squares(o[t, d]) -> e { e = sum(t, d) o[t, d] ^ 2; }\n"

static const double T = 1024, D = 128, DH = 32;

/* Linear in the number of tokens, backwards as forwards; three times the operations, as two derivatives of each product. */
static void causal_linear_attention(void) {
    Arena *arena = arena_new();
    Costs c = costs(arena, HEAD "output E = squares(causal_multihead_linear_attention(x, W_Q, W_K, W_V, W_O));\n");
    CU_ASSERT_TRUE(c.gradient <= 3 * c.forward);
    CU_ASSERT_TRUE(c.reversed > 0);
    CU_ASSERT_FALSE(c.pairs);
    arena_free(arena);
}

/* The same circuit with its memory written as a state: the adjoint of a state that only adds up is a state that does. */
static void memory(void) {
    Arena *arena = arena_new();
    static const char *const leak[] = {"1", "0.9"};
    for (int i = 0; i < 2; i++) {
        Costs c = costs(arena, arena_printf(arena, "use std.areas;\naxis token = 1024;\naxis head = 4;\naxis d = 128;\naxis a = 32;\naxis c = 32;\n"
                                                   "stimulus x[token, d];\ncortex b = memory_block(token, head, a, c, d, leak = %s; x);\n"
                                                   "output y = b.out;\n", leak[i]));
        CU_ASSERT_TRUE(c.gradient <= 3 * c.forward);
        CU_ASSERT_TRUE(c.reversed > 0);
        CU_ASSERT_FALSE(c.pairs);
    }
    arena_free(arena);
}

/* The forward pass alone is one matrix (three times fewer operations than written); its gradient is no more than that of the formula. */
static void linear_attention(void) {
    Arena *arena = arena_new();
    Costs c = costs(arena, HEAD "output E = squares(multihead_linear_attention(x, W_Q, W_K, W_V, W_O));\n");
    CU_ASSERT_TRUE(c.gradient <= 3 * (8 * T * D * D + 4 * T * D * DH));
    CU_ASSERT_FALSE(c.pairs);
    arena_free(arena);
}

static void softmax_attention(void) {
    Arena *arena = arena_new();
    Costs c = costs(arena, HEAD "spec loss(x[t, d], Q[h, a, d], K[h, a, d], V[h, c, d]) -> e {\n  q[h, t, a] = sum(d) Q[h, a, d] * x[t, d];\n"
                                "  k[h, t, a] = sum(d) K[h, a, d] * x[t, d];\n  v[h, t, c] = sum(d) V[h, c, d] * x[t, d];\n"
                                "  s[h, i, j] = exp((sum(a) q[h, i, a] * k[h, j, a]) / sqrt(size(a)));\n"
                                "  o[h, i, c] = (sum(j where j <= i) s[h, i, j] * v[h, j, c]) / (sum(j where j <= i) s[h, i, j]);\n"
                                "  e = sum(h, t, c) o[h, t, c] ^ 2;\n}\noutput E = loss(x, W_Q, W_K, W_V);\n");
    CU_ASSERT_TRUE(c.gradient <= 3.5 * c.forward);
    arena_free(arena);
}

/* Scores of thousands: e^score is no number of any type. */
static void softmax_does_not_overflow(void) {
    static const char source[] =
        "use std.specs;\naxis token <= 8;\naxis a = 3;\naxis c = 2;\nstimulus x[token, a], v[token, c];\nweight W[a];\n"
        "spec head(x[t, a], v[t, c], W[a]) -> o[t, c] {\n  q[t, a] = 60 * W[a] * x[t, a];\n  k[t, a] = 60 * (x[t, a] + W[a]);\n"
        "  o = causal_softmax_attention(q, k, v);\n}\noutput y = head(x, v, W);\n";
    NumericTotals totals = {0};
    for (int bounded = 2; bounded < 7; bounded += 2) {
        Arena *arena = arena_new();
        OptReport report;
        IrProgram *p = opt_run(source_core(arena, source, NULL), &(OptOptions){.until = "stabilise"}, &report);
        CU_ASSERT_TRUE(report.notices.count > 0);
        numeric_compare("large scores", p, p->outputs.at[0].var, bounded, 0, &totals);
        arena_free(arena);
    }
    numeric_report(&totals);
}

void suite_gradient_opt(void) {
    CU_pSuite suite = CU_add_suite("gradient_opt", NULL, NULL);
    CU_add_test(suite, "causal linear attention", causal_linear_attention);
    CU_add_test(suite, "memory", memory);
    CU_add_test(suite, "linear attention", linear_attention);
    CU_add_test(suite, "softmax attention", softmax_attention);
    CU_add_test(suite, "softmax does not overflow", softmax_does_not_overflow);
}
