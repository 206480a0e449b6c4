/* Gradients through scans along tokens: memories in the settled reading. Against central differences, as they are and with what comes too
 * late to sink in scans that go back; in native code, with all points kept and with segments of them done again. */
#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codegen.h"
#include "gradient/gradient.h"
#include "gradient_numeric.h"
#include "ir_text.h"
#include "opt/schedule.h"

void suite_gradient_tokens(void);

#define HEAD \
    "axis token : bounded(40)\naxis now : cycle(token)\naxis h : const(2)\naxis a : const(5)\naxis c : const(9)\naxis a.1 : copy(a)\naxis a.2 : copy(a)\n" \
    "axis c.1 : copy(c)\nstimulus k[token, h, a]\nstimulus v[token, h, c]\nstimulus g[token, h]\nweight W[h, a, a.1]\nweight U[h, c, a]\nweight b[h]\n" \
    "alg q[now, h, a] = sum(a.1) W[h, a, a.1] * k[now, h, a.1]\n"

static const struct {
    const char *what, *items;
} memories[] = {
    {"a sum",
     "scan now {\n  alg m[now, h, c, a] along now init 0 = prev(m[now, h, c, a]) + v[now, h, c] * k[now, h, a]\n"
     "  alg y[now, h, c] = sum(a.2) m[now, h, c, a.2] * q[now, h, a.2]\n}\noutput y = y\n"},
    {"a leak",
     "scan now {\n  alg m[now, h, c, a] along now init 0 = 0.9 * prev(m[now, h, c, a]) + v[now, h, c] * q[now, h, a]\n"
     "  alg y[now, h, c] = sum(a.2) m[now, h, c, a.2] * q[now, h, a.2]\n}\noutput y = y\n"},
    {"what it starts from learns",
     "scan now {\n  alg m[now, h, c, a] along now init U[h, c, a] = 0.9 * prev(m[now, h, c, a]) + v[now, h, c] * k[now, h, a]\n"
     "  alg y[now, h, c] = sum(a.2) m[now, h, c, a.2] * q[now, h, a.2]\n}\noutput y = y\n"},
    {"a gate for each token",
     "scan now {\n  alg m[now, h, c, a] along now init 0 = sigmoid(g[now, h] * b[h]) * prev(m[now, h, c, a]) + v[now, h, c] * k[now, h, a]\n"
     "  alg y[now, h, c] = sum(a.2) m[now, h, c, a.2] * q[now, h, a.2]\n}\noutput y = y\n"},
    {"an error-correcting memory",
     "scan now {\n  alg e[now, h, c] = v[now, h, c] - (sum(a.1) prev(m[now, h, c, a.1]) * k[now, h, a.1])\n"
     "  alg m[now, h, c, a] along now init 0 = prev(m[now, h, c, a]) + 0.3 * e[now, h, c] * k[now, h, a]\n"
     "  alg y[now, h, c] = sum(a.2) m[now, h, c, a.2] * q[now, h, a.2]\n}\noutput y = y\n"},
    {"a sum divided by another",
     "alg f[now, h, a] = exp(k[now, h, a])\n"
     "scan now {\n  alg m[now, h, c, a] along now init 0 = 0.8 * prev(m[now, h, c, a]) + v[now, h, c] * f[now, h, a]\n"
     "  alg z[now, h, a] along now init 0.1 = 0.8 * prev(z[now, h, a]) + f[now, h, a]\n"
     "  alg y[now, h, c] = (sum(a.2) m[now, h, c, a.2] * exp(q[now, h, a.2])) / (sum(a.1) z[now, h, a.1] * exp(q[now, h, a.1]))\n}\noutput y = y\n"},
    {"two memories, one of which hears the other",
     "scan now {\n  alg m[now, h, c, a] along now init 0 = 0.7 * prev(m[now, h, c, a]) + v[now, h, c] * k[now, h, a]\n"
     "  alg r[now, h, c] = tanh(sum(a.2) m[now, h, c, a.2] * q[now, h, a.2])\n}\n"
     "scan now {\n  alg n[now, h, a, c] along now init 0 = sigmoid(b[h]) * prev(n[now, h, a, c]) + r[now, h, c] * q[now, h, a]\n"
     "  alg y[now, h, a] = tanh(sum(c.1) n[now, h, a, c.1] * r[now, h, c.1])\n}\noutput y = y\n"},
    {"a recurrent cell that looks back three cycles",
     "scan now {\n  alg m[now, h, c, a] along now init U[h, c, a] = tanh(b[h] * prev(m[now, h, c, a]) + 0.3 * prev(m[now, h, c, a], 3) + v[now, h, c] * k[now, h, a])\n"
     "  alg y[now, h, c] = sum(a.2) m[now, h, c, a.2] * q[now, h, a.2]\n}\noutput y = y\n"},
    {"read at its end, too",
     "scan now {\n  alg m[now, h, c, a] along now init 0 = tanh(0.5 * prev(m[now, h, c, a]) + v[now, h, c] * k[now, h, a])\n"
     "  alg r[now, h, c] = sum(a.2) m[now, h, c, a.2] * q[now, h, a.2]\n}\nalg y[now, h, c] = r[now, h, c] * (sum(a.1) m[last, h, c, a.1] * U[h, c, a.1])\noutput y = y\n"},
    {"another hears its end all the time",
     "scan now {\n  alg m[now, h, c, a] along now init 0 = tanh(0.5 * prev(m[now, h, c, a]) + v[now, h, c] * k[now, h, a])\n"
     "  alg r[now, h, c] = sum(a.2) m[now, h, c, a.2] * q[now, h, a.2]\n}\n"
     "scan now {\n  alg n[now, h, c, a] along now init 0 = tanh(b[h] * prev(n[now, h, c, a]) * m[last, h, c, a] + r[now, h, c] * k[now, h, a])\n"
     "  alg y[now, h, c] = sum(a.1) n[now, h, c, a.1] * q[now, h, a.1]\n}\noutput y = y\n"},
    {"a state that is recorded",
     "scan now {\n  alg m[now, h, c, a] along now init 0 = 0.9 * prev(m[now, h, c, a]) + v[now, h, c] * k[now, h, a]\n"
     "  alg y[now, h, c] = sum(a.2) m[now, h, c, a.2] * q[now, h, a.2]\n}\noutput y = y\nrecord m = m\n"},
};
enum { MEMORIES = sizeof memories / sizeof *memories, KEEP_NONE = 1 };
static const double KEEP_ALL = 1e18;

static IrProgram *memory(Arena *arena, int number) {
    char *error = NULL;
    IrProgram *p = ir_parse(arena, names_new(arena), arena_printf(arena, "program p core\n%s%s", HEAD, memories[number].items), &error);
    if (!p) printf("%s\n%s", error, memories[number].items);
    CU_ASSERT_PTR_NOT_NULL_FATAL(p);
    return p;
}

static void differences(void) {
    NumericTotals totals = {0};
    for (int i = 0; i < MEMORIES; i++) {
        Arena *arena = arena_new();
        IrProgram *p = memory(arena, i);
        numeric_compare(memories[i].what, p, p->outputs.at[0].var, 4, i, &totals);
        arena_free(arena);
    }
    numeric_report(&totals);
    CU_ASSERT_TRUE(totals.worst < 1e-8);
}

/* The values of the reference, and the same bits, whatever is kept. */
static void same_whatever_is_kept(const char *what, CodegenCase c) {
    c.most_kept = KEEP_NONE;
    c.kept = KEEP_ALL;
    uint64_t whole = codegen_hash(&c);
    c.kept = KEEP_NONE;
    CU_ASSERT_EQUAL(codegen_hash(&c), whole);
    int64_t wrong = codegen_wrong(&c);
    if (wrong) printf("%s: %d wrong\n%s", what, (int)wrong, getenv("CTX_TEST_PRINT") ? c.text : "");
    CU_ASSERT_EQUAL(wrong, 0);
}

/* A gradient of a gradient goes forth over what goes back. */
static void twice(void) {
    static const int64_t sizes[] = {1, 7, 0};
    for (int i = 0; i < MEMORIES; i++) {
        Arena *arena = arena_new();
        Gradients g = numeric_gradients(arena, memory(arena, i));
        int by = 0;
        while (by + 1 < g.count && strcmp(g.of[by]->name, i % 2 ? "W" : "k")) by++;
        g.p->outputs.count = 0;
        vec_push(g.p->arena, &g.p->outputs, ((IrOutput){.name = g.gradient[by]->name, .var = g.gradient[by]}));
        char *text = numeric_gradients_text(arena, g.p, true);
        same_whatever_is_kept(memories[i].what, (CodegenCase){.text = text, .sizes = sizes, .f64 = true, .threads = 2});
        arena_free(arena);
    }
}

static void native_code(void) {
    static const int64_t sizes[] = {1, 2, 7, 40, 0};
    for (int i = 0; i < 4 * MEMORIES; i++) {
        Arena *arena = arena_new();
        char *text = numeric_gradients_text(arena, memory(arena, i / 4), i / 2 % 2);
        same_whatever_is_kept(memories[i / 4].what, (CodegenCase){.text = text, .sizes = sizes, .f64 = i % 2, .threads = 2});
        arena_free(arena);
    }
}

/* Of 4000 tokens, states of 90 values each are kept at about as many points as the root of that; all of them where they are recorded. */
static void long_sequences(void) {
    int fewer = 0;
    for (int i = 0; i < MEMORIES; i++) {
        static const int64_t sizes[] = {4000, 0};
        enum { STATES = 4000 * 90 * 8 };
        bool recorded = strstr(memories[i].items, "record");
        int64_t whole = 0, kept = 0;
        Arena *arena = arena_new();
        char *text = numeric_gradients_text(arena, memory(arena, i), recorded), *bound = strstr(text, "bounded(40)");
        CU_ASSERT_PTR_NOT_NULL_FATAL(bound);
        *bound = 0;
        CodegenCase c = {.text = arena_printf(arena, "%sbounded(4000)%s", text, bound + strlen("bounded(40)")), .sizes = sizes, .f64 = true, .threads = 1, .kept = KEEP_ALL};
        codegen_hash_bytes(&c, &whole);
        c.most_kept = c.kept = KEEP_NONE;
        codegen_hash_bytes(&c, &kept);
        bool wrong = kept > (recorded ? whole : 2 * STATES);
        if (wrong) printf("%s: %lld bytes of %lld\n", memories[i].what, (long long)kept, (long long)whole);
        CU_ASSERT_FALSE(wrong);
        fewer += kept < whole - STATES * 9 / 10;
        arena_free(arena);
    }
    CU_ASSERT_TRUE(fewer >= MEMORIES - 3); /* three that only add are not stored as they are */
}

void suite_gradient_tokens(void) {
    CU_pSuite suite = CU_add_suite("gradient_tokens", NULL, NULL);
    CU_add_test(suite, "differences", differences);
    CU_add_test(suite, "native code", native_code);
    CU_add_test(suite, "twice", twice);
    CU_add_test(suite, "long sequences", long_sequences);
}
