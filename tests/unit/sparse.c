/* Sums over sparse tables: opt/schedule_sparse.c, codegen/sparse.c, runtime/core/pack.c and linalg/sparse.c against the reference, which
 * adds all pairs, zeros included; with tables that are drawn while they are packed, and with given ones that have empty and full rows. */
#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codegen.h"
#include "codegen/codegen.h"
#include "core/plan.h"
#include "opt/opt.h"
#include "opt/schedule.h"
#include "ir_text.h"

void suite_sparse(void);

static const int64_t ONCE[] = {1, 0}, LENGTHS[] = {1, 2, 17, 64, 130, 0};

static void everywhere(const char *text, const int64_t *sizes) {
    for (int which = 0; which < 8; which++) {
        CodegenCase c = {.text = text, .sizes = sizes, .cpu = "host", .f64 = which & 1, .drawn = which & 2, .in_order = which & 4};
        CU_ASSERT_EQUAL(codegen_wrong(&c), 0);
    }
    for (int f64 = 0; f64 < 2; f64++) {
        CodegenCase c = {.text = text, .sizes = sizes, .cpu = "host", .f64 = f64, .set = true};
        CU_ASSERT_EQUAL(codegen_wrong(&c), 0);
    }
}

/* ---- what is recognised ------------------------------------------------------------------------------------------------------ */
static void expect(const char *text, const char *wanted) {
    Arena *arena = arena_new();
    CU_ASSERT_STRING_EQUAL(scheduled(arena, text), wanted);
    arena_free(arena);
}

#define TABLE(draw, plan, sum) \
    "program p core\naxis u : const(50)\naxis p : const(40)\naxis p.1 : copy(p)\naxis p.2 : copy(p)\nstimulus x[p]\nweight W[u, p]\n" \
    "const T[u, p] draw " draw "\n" plan "alg y[u] = " sum "\noutput y = y\n"
#define PAIRED "alg P[u, p.1] = T[u, p.1] * W[u, p.1]\n"
#define SPARSE "y: sparse product rows(u) columns(p.2), about 200 synapses of 2000 pairs\n"

static void recognised(void) {
    expect(TABLE("bernoulli(0.1, 0)", "", "sum(p.2) T[u, p.2] * x[p.2]"), SPARSE);
    expect(TABLE("choose(4, 40)", "", "sum(p.2) -2 * (T[u, p.2] * (W[u, p.2] * x[p.2]) / 3)"), SPARSE);
    expect(TABLE("bernoulli(0.1, 0)", PAIRED, "sum(p.2) P[u, p.2] * x[p.2]"), SPARSE); /* P is not made */
    expect(TABLE("bernoulli(0.1, 0)", "alg P[u, p.1] = T[u, p.1] * exp(W[u, p.1])\n", "sum(p.2) P[u, p.2] * x[p.2]"), "P: loops (plan)\n" SPARSE);
    expect(TABLE("bernoulli(0.1, 0)", PAIRED "alg q[u] = sum(p.1) P[u, p.1]\noutput q = q\n", "sum(p.2) P[u, p.2] * x[p.2]"),
           "P: loops (plan)\nq: loops\n" SPARSE);
}

static void not_recognised(void) {
    expect(TABLE("bernoulli(0.4, 0)", "", "sum(p.2) T[u, p.2] * x[p.2]"), "y: loops\n");
    expect(TABLE("uniform(0, 1)", "", "sum(p.2) T[u, p.2] * x[p.2]"), "y: loops\n");
    expect(TABLE("bernoulli(0.1, 0)", "", "sum(p.2 where p.2 <= u) T[u, p.2] * x[p.2]"), "y: loops\n");
    expect(TABLE("bernoulli(0.1, 0)", "", "sum(p.2) T[u, p.2] * x[p.2] * x[p.2]"), "y: loops\n");
    expect(TABLE("bernoulli(0.1, 0)", "", "sum(p.2) T[u, p.2] * (x[39] + x[p.2])"), "y: loops\n");
    expect(TABLE("bernoulli(0.1, 0)", "", "sum(p.2) x[p.2] / T[u, p.2]"), "y: loops\n");
}

/* ---- that it computes the sum ------------------------------------------------------------------------------------------------- */
#define PLAIN(draw, U, P) \
    "program plain core\naxis u : const(" #U ")\naxis p : const(" #P ")\naxis p.1 : copy(p)\naxis p.2 : copy(p)\nstimulus x[p]\n" \
    "weight W[u, p] draw normal(0, 0.5)\nconst T[u, p] draw " draw "\nconst S[u, p] draw " draw "\n" \
    "alg y[u] = sum(p.1) T[u, p.1] * W[u, p.1] * x[p.1]\nalg z[u] = -0.3 * (sum(p.2) S[u, p.2] * x[p.2])\noutput y = y\noutput z = z\n"

static void shapes(void) {
    everywhere(PLAIN("bernoulli(0.1, 0)", 50, 41), ONCE);
    everywhere(PLAIN("bernoulli(0.001, 0)", 64, 64), ONCE); /* most rows are empty */
    everywhere(PLAIN("choose(1, 1033)", 2, 1033), ONCE);
    everywhere(PLAIN("choose(7, 33)", 37, 33), ONCE);
    everywhere(PLAIN("bernoulli(0.25, 0)", 1, 1500), ONCE);
    everywhere(PLAIN("bernoulli(0.25, 0)", 1500, 1), ONCE);
    everywhere(PLAIN("bernoulli(0.002, 0)", 3, 70000), ONCE); /* indices of 32 bits */
}

static void single_target(void) {
    everywhere("program single core\naxis p : const(1100)\naxis p.1 : copy(p)\nstimulus x[p]\nconst T[p] draw bernoulli(0.1, 0)\n"
               "alg y = sum(p.1) T[p.1] * x[p.1]\noutput y = y\n", ONCE);
}

/* Rows and columns of several axes, stored in another order at the source; a factor along some of them. */
static void several_axes(void) {
    everywhere("program several core\naxis h : const(3)\naxis w : const(5)\naxis a : const(7)\naxis b : const(11)\naxis a.1 : copy(a)\naxis b.1 : copy(b)\n"
               "stimulus x[b, a]\nweight W[h, a, b] draw uniform(-1, 1)\nweight s[b]\nconst T[h, w, a, b] draw choose(9, 77)\n"
               "alg y[w, h] = sum(b.1, a.1) T[h, w, a.1, b.1] * W[h, a.1, b.1] * s[b.1] * x[b.1, a.1]\noutput y = y\n", ONCE);
}

/* Heads of their own in table and source; one table for all tokens, whose rows lie side by side or apart. */
static void rows_of_the_source(void) {
    everywhere("program own core\naxis h : const(4)\naxis u : const(19)\naxis p : const(23)\naxis p.1 : copy(p)\nstimulus x[p, h]\n"
               "const T[h, u, p] draw bernoulli(0.1, 0)\nalg y[h, u] = sum(p.1) T[h, u, p.1] * x[p.1, h]\noutput y = y\n", ONCE);
}

static void tokens(void) {
    everywhere("program tokens core\naxis token : bounded(130)\naxis u : const(45)\naxis p : const(60)\naxis p.1 : copy(p)\naxis p.2 : copy(p)\n"
               "stimulus x[token, p]\nweight W[u, p] draw normal(0, 1)\nconst T[u, p] draw choose(2, 60)\n"
               "alg y[token, u] = sum(p.1) T[u, p.1] * W[u, p.1] * x[token, p.1]\n"
               "alg z[u, token] = sum(p.2) T[u, p.2] * x[token, p.2]\noutput y = y\noutput z = z\n", LENGTHS);
}

/* The table is stored at the bound. */
static void bounded_pairs(void) {
    everywhere("program pairs core\naxis token : bounded(130)\naxis t.1 : copy(token)\naxis t.2 : copy(token)\naxis now : cycle(token)\naxis a : const(3)\n"
               "stimulus x[token, a]\nconst T[token, t.1] draw bernoulli(0.2, 0)\n"
               "alg y[token, a] = sum(t.2) T[token, t.2] * x[t.2, a]\noutput y = y\n", LENGTHS);
}

#define RECURRENT(U, K, S) \
    "program recurrent core\naxis token : bounded(3)\naxis u : const(" #U ")\naxis now : cycle(token)\naxis step : step(" #S ", now)\n" \
    "axis u.1 : copy(u)\naxis u.2 : copy(u)\naxis u.3 : copy(u)\naxis u.4 : copy(u)\nstimulus x[token, u]\n" \
    "weight W[u, u.1] draw normal(0, 0.1)\nconst T[u, u.1] draw choose(" #K ", " #U ")\nconst D[u, u.1] draw bernoulli(0.05, 0)\n" \
    "scan step {\n" \
    "  alg i[now, step, u] = sum(u.2) T[u, u.2] * W[u, u.2] * prev(r[now, step, u.2])\n" \
    "  alg late[u, now, step] = sum(u.3) D[u, u.3] * prev(r[now, step, u.3], 3)\n" \
    "  alg r[now, step, u] along step init 0.25 = 0.9 * prev(r[now, step, u]) + 0.1 * tanh(x[now, u] + i[now, step, u] - 0.2 * late[u, now, step])\n" \
    "  alg said[now, step, u] = sum(u.4) D[u, u.4] * r[now, step, u.4]\n" \
    "  alg s[now, step, u] along step init 0 = 0.5 * prev(s[now, step, u]) + said[now, step, u]\n" \
    "  alg end[now, u] = r[now, last, u] + s[now, last, u]\n}\noutput y = end\n"

static void recurrent(void) {
    static const int64_t cycles[] = {1, 3, 0};
    everywhere(RECURRENT(34, 4, 9), cycles);
    for (int64_t piece = 1; piece <= 4; piece += 3) {
        CodegenCase c = {.text = RECURRENT(40, 4, 7), .sizes = cycles, .cpu = "host", .drawn = true, .piece = piece};
        CU_ASSERT_EQUAL(codegen_wrong(&c), 0);
    }
}

/* A state of a scan over tokens that is read outside, where it is stored whole. */
static void read_outside(void) {
    everywhere("program outside core\naxis token : bounded(130)\naxis now : cycle(token)\naxis u : const(40)\naxis u.1 : copy(u)\naxis u.2 : copy(u)\n"
               "axis u.3 : copy(u)\nstimulus x[token, u]\nconst T[u, u.1] draw choose(1, 40)\n"
               "scan now {\n"
               "  alg i[now, u] = sum(u.2) T[u, u.2] * prev(m[now, u.2])\n"
               "  alg m[now, u] along now init 0.5 = 0.5 * prev(m[now, u]) + 0.1 * i[now, u] + x[now, u]\n}\n"
               "alg y[token, u] = sum(u.3) T[u, u.3] * m[token, u.3]\noutput y = y\noutput m = m\n", LENGTHS);
}

static void fixpoint(void) {
    everywhere("program fixed core\naxis u : const(40)\naxis u.1 : copy(u)\naxis u.2 : copy(u)\nstimulus x[u]\n"
               "weight W[u, u.1] draw normal(0, 0.2)\nconst T[u, u.1] draw bernoulli(0.1, 0)\n"
               "fix 200 until 1e-06 {\n  alg t[u] = sum(u.2) T[u, u.2] * W[u, u.2] * prev(r[u.2])\n"
               "  alg r[u] init 0 = tanh(x[u] + 0.01 * t[u])\n}\noutput y = r\n", ONCE);
}

/* A factor that the plan computes, and one that something else reads besides. */
static void factors_that_stay(void) {
    everywhere("program stay core\naxis u : const(50)\naxis p : const(40)\naxis p.1 : copy(p)\naxis p.2 : copy(p)\naxis p.3 : copy(p)\nstimulus x[p]\n"
               "weight W[u, p] draw normal(0, 0.5)\nweight V[u, p] draw normal(0, 0.5)\nconst T[u, p] draw bernoulli(0.1, 0)\n"
               "alg y[u] = sum(p.1) T[u, p.1] * exp(W[u, p.1]) * x[p.1]\nalg z[u] = sum(p.2) T[u, p.2] * V[u, p.2] * x[p.2]\n"
               "alg all[u] = sum(p.3) V[u, p.3]\noutput y = y\noutput z = z\noutput all = all\n", ONCE);
}

/* ---- threads -------------------------------------------------------------------------------------------------------------------- */
static void same_bits(void) {
    for (int f64 = 0; f64 < 2; f64++) {
        CodegenCase c = {.text = PLAIN("bernoulli(0.2, 0)", 1300, 1201), .sizes = ONCE, .cpu = "host", .f64 = f64, .drawn = true, .threads = 1};
        uint64_t one = codegen_hash(&c);
        CU_ASSERT_NOT_EQUAL(one, 0);
        for (c.threads = 2; c.threads <= 4; c.threads += 2) CU_ASSERT_EQUAL(codegen_hash(&c), one);
        CU_ASSERT_EQUAL(codegen_wrong(&c), 0);
    }
}

/* ---- drawing from the middle ------------------------------------------------------------------------------------------------------ */
static void drawn_from_the_middle(void) {
    static const RtDraw draws[] = {{RT_DRAW_CHOOSE, 3, 7}, {RT_DRAW_CHOOSE, 7, 7}, {RT_DRAW_BERNOULLI, 0.3, 0}, {RT_DRAW_NORMAL, 0, 1}};
    float all[64], some[64];
    for (int i = 0; i < 4; i++) {
        rt_draw(&draws[i], 5, "table", 64, RT_F32, all);
        for (int64_t first = 0; first < 30; first++)
            for (int64_t count = 0; count < 30; count++) {
                rt_draw_from(&draws[i], 5, "table", first, count, RT_F32, some);
                CU_ASSERT_EQUAL(memcmp(some, all + first, (size_t)count * sizeof *all), 0);
            }
    }
}

/* ---- weights that are set ----------------------------------------------------------------------------------------------------------- */
/* What a sum was packed from is gone: that must be said. */
static void set_but_not_kept(void) {
    Arena *arena = arena_new();
    char *error = NULL;
    OptReport report;
    CgOptions how = {.cpu = "host"};
    IrProgram *p = opt_run(ir_parse(arena, names_new(arena), PLAIN("bernoulli(0.1, 0)", 50, 41), &error), &(OptOptions){0}, &report);
    CgModule *module = cg_compile(p, schedule_make(p), &how, &error);
    RtConfig *config = rt_config_new(cg_load(module, &error));
    RtPlan *plan = rt_plan_new(config);
    float W[50 * 41] = {0}, x[41] = {0};
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    CU_ASSERT_PTR_NULL(rt_plan_weight(plan, rt_find_buffer(rt_plan_descriptor(plan), RT_WEIGHT, "W")));
    CU_ASSERT_EQUAL(rt_plan_set_weight(plan, "V", W), RT_USER); /* there is none */
    CU_ASSERT_EQUAL(rt_plan_call(plan, (const void *[]){x}, (void *[]){NULL, NULL}), RT_OK);
    CU_ASSERT_EQUAL(rt_plan_set_weight(plan, "W", W), RT_USER);
    CU_ASSERT_STRING_EQUAL(rt_plan_message(plan), "weight W cannot be set: plain was planned without keeping what its sparse projections are made of");
    CU_ASSERT_EQUAL(rt_plan_call(plan, (const void *[]){x}, (void *[]){NULL, NULL}), RT_USER);
    rt_plan_free(plan);
    rt_config_free(config);
    cg_free(module);
    arena_free(arena);
}

void suite_sparse(void) {
    CU_pSuite suite = CU_add_suite("sparse", NULL, NULL);
    CU_ADD_TEST(suite, recognised);
    CU_ADD_TEST(suite, not_recognised);
    CU_ADD_TEST(suite, shapes);
    CU_ADD_TEST(suite, single_target);
    CU_ADD_TEST(suite, several_axes);
    CU_ADD_TEST(suite, rows_of_the_source);
    CU_ADD_TEST(suite, tokens);
    CU_ADD_TEST(suite, bounded_pairs);
    CU_ADD_TEST(suite, recurrent);
    CU_ADD_TEST(suite, read_outside);
    CU_ADD_TEST(suite, fixpoint);
    CU_ADD_TEST(suite, factors_that_stay);
    CU_ADD_TEST(suite, same_bits);
    CU_ADD_TEST(suite, set_but_not_kept);
    CU_ADD_TEST(suite, drawn_from_the_middle);
}
