/* The three-factor rules of multihead linear attention, written as formulas of the language, are the gradient: Granier & Senn 2025
 * (arXiv 2504.06354), normalised and not, with a sine and with elu(x) + 1 as feature map; and their form local in time with the
 * memory of a causal head. The exact engine decides. A rule with a factor or a term missing is not the gradient. */
#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "exact/exact.h"
#include "gradient/gradient.h"
#include "gradient_numeric.h"
#include "gradient_source.h"

void suite_gradient_rules(void);

/* s_ij = phi(q_i) . phi(k_j), w = s / Z, r = w v, e = (y - W_O r) / 2, E = |e|^2, u_i = W_O^T e_i; the updates are -dE/dW. */
#define ARGUMENTS "(x[t, d], y[t, d], W_Q[h, a, d], W_K[h, a, d], W_V[h, c, d], W_O[d, h, c])"
#define GIVEN "(x, target, W_Q, W_K, W_V, W_O)"
#define HEAD \
    "  q[h, t, a] = sum(d) W_Q[h, a, d] * x[t, d];\n  k[h, t, a] = sum(d) W_K[h, a, d] * x[t, d];\n" \
    "  v[h, t, c] = sum(d) W_V[h, c, d] * x[t, d];\n  s[h, i, j] = sum(a) phi(q[h, i, a]) * phi(k[h, j, a]);\n" \
    "  z[h, i] = sum(j) s[h, i, j];\n  w[h, i, j] = s[h, i, j] / Z;\n  r[h, i, c] = (sum(j) s[h, i, j] * v[h, j, c]) / Z;\n" \
    "  e[t, d] = 0.5 * (y[t, d] - (sum(h, c) W_O[d, h, c] * r[h, t, c]));\n"
#define BACK "  u[h, i, c] = sum(d) W_O[d, h, c] * e[i, d];\n"
#define THIRD BACK "  g[h, i, j] = (sum(c) u[h, i, c] * (v[h, j, c] - N * r[h, i, c])) / Z;\n"

/* PHI DPHI Z and N (1: the term that the normaliser brings, 0: none) are replaced. */
static const char circuit[] =
    "axis token = 3;\naxis head = 2;\naxis d = 2;\naxis a = 2;\naxis c = 2;\n"
    "stimulus x[token, d], target[token, d];\n"
    "weight W_Q[head, a, d], W_K[head, a, d], W_V[head, c, d], W_O[d, head, c];\n"
    "spec phi(x) -> y { y = PHI; }\nspec dphi(x) -> y { y = DPHI; }\n"
    "spec energy" ARGUMENTS " -> o {\n" HEAD "  o = sum(t, d) e[t, d] ^ 2;\n}\n"
    "spec rule_O" ARGUMENTS " -> o[d, h, c] {\n" HEAD "  o[d, h, c] = sum(t) e[t, d] * r[h, t, c];\n}\n"
    "spec rule_V" ARGUMENTS " -> o[h, c, d] {\n" HEAD BACK "  o[h, c, d] = sum(i, j) w[h, i, j] * u[h, i, c] * x[j, d];\n}\n"
    "spec rule_Q" ARGUMENTS " -> o[h, a, d] {\n" HEAD THIRD
    "  o[h, a, d] = sum(i, j) g[h, i, j] * dphi(q[h, i, a]) * phi(k[h, j, a]) * x[i, d];\n}\n"
    "spec rule_K" ARGUMENTS " -> o[h, a, d] {\n" HEAD THIRD
    "  o[h, a, d] = sum(i, j) g[h, i, j] * phi(q[h, i, a]) * dphi(k[h, j, a]) * x[j, d];\n}\n"
    "output E = energy" GIVEN ";\noutput dW_O = rule_O" GIVEN ";\noutput dW_V = rule_V" GIVEN ";\n"
    "output dW_Q = rule_Q" GIVEN ";\noutput dW_K = rule_K" GIVEN ";\n";

typedef struct Map { const char *phi, *dphi; } Map;
static const Map maps[] = {
    {"sin(x)", "cos(x)"},
    {"relu(x) + exp(min(x, 0))", "select(0 < x, 1, exp(min(x, 0)))"}, /* elu(x) + 1 */
};

static IrVar *output(const IrProgram *p, const char *name) {
    for (int i = 0; i < p->outputs.count; i++)
        if (strcmp(p->outputs.at[i].name, name) == 0) return p->outputs.at[i].var;
    CU_FAIL_FATAL("no such output");
    return NULL;
}

/* Is the output dW the gradient of -E with respect to W? */
static ExactVerdict is_gradient(Arena *arena, const IrProgram *source, const char *weight) {
    IrProgram *p = ir_clone(source);
    IrVar *down = ir_alg(p, name_of(p->names, "down"), 0, NULL, ir_op1(p, IR_NEG, ir_ref(p, output(p, "E"), NULL))), *gradient;
    const IrVar *of = ir_find_var(p, weight);
    GradientFault fault;
    IrProgram *g = gradient_of(p, down, &of, 1, &gradient, &fault);
    CU_ASSERT_PTR_NOT_NULL_FATAL(g);
    CU_ASSERT_PTR_NULL_FATAL(ir_verify(g));
    IrCheck check = {.name = weight, .left = gradient, .right = output(g, arena_printf(arena, "d%s", weight))};
    ExactOptions how = {.seed = 1};
    ExactResult result = exact_check(arena, g, &check, &how);
    if (result.verdict == EXACT_EQUAL) CU_ASSERT_TRUE(result.error_bits > 100);
    if (result.verdict == EXACT_UNDECIDED) printf("\n    %s: %s", weight, result.why);
    return result.verdict;
}

static const char *const weights[] = {"W_O", "W_V", "W_Q", "W_K"};

/* Each whole word of `text` that `word` lists becomes its replacement. */
static char *replaced(Arena *arena, const char *text, const char *const word[4], const char *const by[4]) {
    Text out = text_new(arena);
    while (*text) {
        size_t length = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"), copied = length ? length : 1;
        const char *put = text;
        size_t put_length = copied;
        for (int i = 0; i < 4; i++)
            if (length == strlen(word[i]) && strncmp(text, word[i], length) == 0) put = by[i], put_length = strlen(by[i]);
        text_put(&out, put, put_length);
        text += copied;
    }
    return out.at;
}

static IrProgram *compiled(Arena *arena, const Map *map, bool normalised, bool term) {
    static const char *const word[] = {"PHI", "DPHI", "Z", "N"};
    const char *by[] = {map->phi, map->dphi, normalised ? "z[h, i]" : "1", term ? "1" : "0"};
    return source_core(arena, replaced(arena, circuit, word, by), NULL);
}

static void rules_are_the_gradient(void) {
    for (int i = 0; i < 8; i++) {
        Arena *arena = arena_new();
        bool normalised = i & 1;
        IrProgram *p = compiled(arena, &maps[i >> 1 & 1], normalised, normalised);
        for (int k = i >> 2; k < 4; k += 2) {
            ExactVerdict found = is_gradient(arena, p, weights[k]);
            if (found != EXACT_EQUAL) printf("\n    map %d, normalised %d, %s: verdict %d", i >> 1 & 1, normalised, weights[k], found);
            CU_ASSERT_EQUAL(found, EXACT_EQUAL);
        }
        arena_free(arena);
    }
}

/* The term of the normaliser left out, and one too many: two of the four rules hold still. */
static void a_missing_term_is_seen(void) {
    for (int normalised = 0; normalised < 2; normalised++) {
        Arena *arena = arena_new();
        IrProgram *p = compiled(arena, &maps[0], normalised, !normalised);
        for (int k = 0; k < 4; k++) CU_ASSERT_EQUAL(is_gradient(arena, p, weights[k]), k < 2 ? EXACT_EQUAL : EXACT_UNEQUAL);
        arena_free(arena);
    }
}

/* And the wrong slope: the rules of queries and keys, which have it. */
static void a_missing_factor_is_seen(void) {
    Arena *arena = arena_new();
    IrProgram *p = compiled(arena, &(Map){"sin(x)", "1"}, true, true);
    for (int k = 0; k < 4; k++) CU_ASSERT_EQUAL(is_gradient(arena, p, weights[k]), k < 2 ? EXACT_EQUAL : EXACT_UNEQUAL);
    arena_free(arena);
}

static void differences_agree(void) {
    NumericTotals totals = {0};
    for (int i = 0; i < 4; i++) {
        Arena *arena = arena_new();
        IrProgram *p = compiled(arena, &maps[i >> 1], i & 1, i & 1);
        numeric_compare("rules", p, output(p, "E"), 4, i, &totals);
        arena_free(arena);
    }
    numeric_report(&totals);
}

/* ---- local in time ---------------------------------------------------------------------------------------------------- */
/* A causal head with memory M_t, keys and values given. The rules of W_Q and W_O read what is there at t; that of a weight whose
 * input the memory has kept (here W_K) is not local: the adjoint of the memory runs back in time. */
static const char memory[] =
    "program memory core\naxis t : bounded(16)\naxis now : cycle(t)\naxis d : const(2)\naxis a : const(2)\naxis c : const(2)\n"
    "axis d.1 : copy(d)\naxis d.2 : copy(d)\naxis a.1 : copy(a)\naxis c.1 : copy(c)\naxis j : copy(t)\n"
    "stimulus x[t, d]\nstimulus target[t, d]\nweight W_Q[a, d]\nweight W_K[a, d]\nweight W_V[c, d]\nweight W_O[d, c]\n"
    "alg q[now, a] = sum(d.1) W_Q[a, d.1] * x[now, d.1]\nalg k[now, a] = sum(d.1) W_K[a, d.1] * x[now, d.1]\n"
    "alg v[now, c] = sum(d.1) W_V[c, d.1] * x[now, d.1]\n"
    "scan now {\n  alg M[now, c, a] init 0 = prev(M[now, c, a]) + v[now, c] * sin(k[now, a])\n}\n"
    "alg r[now, c] = sum(a) M[now, c, a] * sin(q[now, a])\n"
    "alg e[now, d] = 0.5 * (target[now, d] - (sum(c) W_O[d, c] * r[now, c]))\nalg E = sum(now, d) e[now, d] ^ 2\n"
    "alg u[now, c] = sum(d) W_O[d, c] * e[now, d]\n"
    "alg dW_O[d, c] = sum(now) e[now, d] * r[now, c]\n"
    "alg dW_Q[a, d] = sum(now, c) cos(q[now, a]) * M[now, c, a] * u[now, c] * x[now, d]\n"
    "%soutput E = E\noutput dW_O = dW_O\noutput dW_Q = dW_Q\noutput dW_K = dW_K\n";

static void updates_local_in_time(void) {
    static const struct { const char *line; ExactVerdict verdict; } key_rule[] = {
        {"alg dW_K[a, d] = sum(now, j, c where j <= now) cos(k[j, a]) * v[j, c] * sin(q[now, a]) * u[now, c] * x[j, d]\n", EXACT_EQUAL},
        {"alg dW_K[a, d] = sum(now, c) cos(k[now, a]) * v[now, c] * sin(q[now, a]) * u[now, c] * x[now, d]\n", EXACT_UNEQUAL},
    };
    for (int i = 0; i < 2; i++) {
        Arena *arena = arena_new();
        char *error = NULL;
        IrProgram *p = ir_parse(arena, names_new(arena), arena_printf(arena, memory, key_rule[i].line), &error);
        if (!p) printf("%s\n", error);
        CU_ASSERT_PTR_NOT_NULL_FATAL(p);
        CU_ASSERT_PTR_NULL_FATAL(ir_verify(p));
        CU_ASSERT_EQUAL(is_gradient(arena, p, "W_O"), EXACT_EQUAL);
        CU_ASSERT_EQUAL(is_gradient(arena, p, "W_Q"), EXACT_EQUAL);
        CU_ASSERT_EQUAL(is_gradient(arena, p, "W_K"), key_rule[i].verdict);
        arena_free(arena);
    }
}

void suite_gradient_rules(void) {
    CU_pSuite suite = CU_add_suite("gradient_rules", NULL, NULL);
    CU_add_test(suite, "three-factor rules are the gradient", rules_are_the_gradient);
    CU_add_test(suite, "a missing term is seen", a_missing_term_is_seen);
    CU_add_test(suite, "a missing factor is seen", a_missing_factor_is_seen);
    CU_add_test(suite, "differences agree", differences_agree);
    CU_add_test(suite, "updates local in time", updates_local_in_time);
}
