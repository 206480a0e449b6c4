/* opt/schedule_nest.c and codegen/nest.c: which steps of a scan become nests; that nests compute the program, whatever their sizes,
 * and the same bits on any number of threads. */
#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codegen.h"
#include "opt/opt.h"
#include "opt/schedule.h"
#include "ir_text.h"

void suite_nests(void);

#define CIRCUIT(T, H, A, C, S) \
    "program circuit core\naxis token : const(" #T ")\naxis head : const(" #H ")\naxis a : const(" #A ")\naxis c : const(" #C ")\n" \
    "axis now : cycle(token)\naxis step : step(" #S ", now)\naxis a.1 : copy(a)\naxis t.1 : copy(token)\n" \
    "stimulus k[token, head, a]\nstimulus q[token, head, a]\nstimulus v[token, head, c]\n" \
    "scan step {\n" \
    "  alg gain[now, step, head, token] = sum(a.1) prev(m[now, step, head, token, a.1])\n" \
    "  alg m[now, step, head, token, a] along step init 0 = 0.9 * prev(m[now, step, head, token, a]) + 0.1 * q[now, head, a] * k[token, head, a]\n" \
    "  alg g[now, step, head, token, c] along step init 0.5 = 0.8 * prev(g[now, step, head, token, c]) + 0.2 * v[token, head, c] * gain[now, step, head, token]\n" \
    "  alg end[now, head, c] = sum(t.1) g[now, last, head, t.1, c]\n}\noutput y = end\n"

#define STAGES(U, S) \
    "program stages core\naxis u : const(" #U ")\naxis step : step(" #S ")\nstimulus x[u]\n" \
    "scan step {\n" \
    "  alg one[u, step] = x[u] - tanh(prev(r[u, step]))\n" \
    "  alg two[u, step] = x[u] - tanh(prev(r[u, step]) + 0.1 * one[u, step])\n" \
    "  alg r[u, step] along step init 0.25 = prev(r[u, step]) + 0.05 * (one[u, step] + two[u, step])\n}\n" \
    "alg y[u] = r[u, last]\noutput y = y\n"

#define DENSE(U, S) \
    "program dense core\naxis u : const(" #U ")\naxis step : step(" #S ")\naxis u.1 : copy(u)\nstimulus x[u]\nweight W[u, u.1]\n" \
    "axis u.2 : copy(u)\n" \
    "scan step {\n" \
    "  alg i[u, step] = sum(u.2) W[u, u.2] * prev(r[u.2, step])\n" \
    "  alg r[u, step] along step init 0.25 = 0.9 * prev(r[u, step]) + 0.001 * (x[u] + i[u, step])\n}\n" \
    "alg y[u] = r[u, last]\noutput y = y\n"

/* m has one place only, so that its sums over everything and over a row must be done before it changes. */
static const char levels[] =
    "program levels core\naxis h : const(3)\naxis t : const(5)\naxis a : const(19)\naxis step : step(4)\n"
    "axis t.1 : copy(t)\naxis a.1 : copy(a)\naxis a.2 : copy(a)\nstimulus x[h, t, a]\n"
    "scan step {\n"
    "  alg all[step, h] = sum(t.1, a.1) prev(m[step, h, t.1, a.1])\n"
    "  alg row[step, h, t] = all[step, h] * (sum(a.2) prev(m[step, h, t, a.2]))\n"
    "  alg m[step, h, t, a] along step init 1 = 0.5 * prev(m[step, h, t, a]) + 0.001 * row[step, h, t] + x[h, t, a]\n}\n"
    "alg y[h, t, a] = m[last, h, t, a]\noutput y = y\n";

/* `gain` may move past `all` to the equations that it feeds, which must not move before `all`. */
static const char moved[] =
    "program moved core\naxis h : const(3)\naxis a : const(19)\naxis step : step(4)\naxis h.1 : copy(h)\naxis a.1 : copy(a)\naxis a.2 : copy(a)\n"
    "stimulus x[h, a]\n"
    "scan step {\n"
    "  alg gain[step, h] = sum(a.1) prev(m[step, h, a.1])\n"
    "  alg all[step] = sum(h.1, a.2) prev(n[step, h.1, a.2])\n"
    "  alg m[step, h, a] along step init 1 = 0.5 * prev(m[step, h, a]) + 0.01 * gain[step, h] + x[h, a]\n"
    "  alg n[step, h, a] along step init 1 = 0.5 * prev(n[step, h, a]) + 0.01 * all[step] + m[step, h, a]\n}\n"
    "alg y[h, a] = m[last, h, a] + n[last, h, a]\noutput y = y\n";

/* p reads q at other points h before q changes in place: no nest may run over h. */
static const char crossed[] =
    "program crossed core\naxis h : const(3)\naxis u : const(21)\naxis step : step(6)\naxis g : copy(h)\naxis g.1 : copy(h)\n"
    "stimulus x[h, u]\nweight W[h, g]\n"
    "scan step {\n"
    "  alg p[step, h, u] along step init 0 = 0.5 * prev(p[step, h, u]) + (sum(g.1) W[h, g.1] * prev(q[step, g.1, u]))\n"
    "  alg q[step, h, u] along step init 1 = 0.5 * prev(q[step, h, u]) + 0.5 * x[h, u]\n}\n"
    "alg y[h, u] = p[last, h, u] + q[last, h, u]\noutput y = y\n";

/* Heads hear nothing of one another, units of a head do; a record of all steps and a delay besides. */
static const char heads[] =
    "program heads core\naxis h : const(3)\naxis u : const(18)\naxis step : step(9)\naxis u.1 : copy(u)\naxis u.2 : copy(u)\n"
    "stimulus x[h, u]\nweight W[h, u, u.1]\n"
    "scan step {\n"
    "  alg i[h, u, step] = sum(u.2) W[h, u, u.2] * prev(r[h, u.2, step], 3)\n"
    "  alg r[h, u, step] along step init 0.5 = 0.5 * prev(r[h, u, step]) + 0.1 * tanh(x[h, u] + i[h, u, step])\n"
    "  alg s[h, step, u] along step init 0 = 0.5 * prev(s[h, step, u]) + r[h, u, step] * position(step)\n}\n"
    "alg y[h, u] = r[h, u, last] + s[h, last, u]\noutput y = y\n";

static const char noisy[] =
    "program noisy core\naxis u : const(21)\naxis step : step(6)\nstimulus x[u]\nnoise xi[step, u]\n"
    "scan step {\n"
    "  alg d[step, u] = x[u] - prev(r[step, u]) + xi[step, u]\n"
    "  alg r[step, u] along step init 0 = prev(r[step, u]) + 0.5 * d[step, u] * d[step, u]\n}\n"
    "alg y[u] = r[last, u]\noutput y = y\n";

/* A scan over cycles, a sum that is guarded over two axes, and maxima. */
static const char memory[] =
    "program memory core\naxis token : bounded(70)\naxis now : cycle(token)\naxis a : const(35)\naxis c : const(3)\n"
    "axis a.1 : copy(a)\naxis c.1 : copy(c)\naxis a.2 : copy(a)\naxis c.2 : copy(c)\nstimulus k[token, a]\nstimulus v[token, c]\n"
    "scan now {\n"
    "  alg most[now, c] = amax(a.1) prev(m[now, c, a.1])\n"
    "  alg m[now, c, a] along now init 0.5 = 0.9 * prev(m[now, c, a]) + k[now, a] * (v[now, c] - most[now, c])\n"
    "  alg o[now] = sum(c.2, a.2 where a.2 - c.2 <= 20, c.2 <= a.2) m[now, c.2, a.2] * k[now, a.2]\n}\n"
    "output o = o\noutput m = m\n";

/* ---- the schedule ------------------------------------------------------------------------------------------------------- */
static void expect_schedule(const char *text, const char *wanted) {
    Arena *arena = arena_new();
    char *got = scheduled(arena, text);
    if (strncmp(got, wanted, strlen(wanted)) != 0) printf("%s", got);
    CU_ASSERT_NSTRING_EQUAL(got, wanted, strlen(wanted));
    arena_free(arena);
}

static void which_nests(void) {
    expect_schedule(CIRCUIT(2, 3, 16, 64, 4), "scan along step\n  nest each(head, token), the scan inside\n    gain: loops\n    m: loops\n    g: loops\n  end: loops\n");
    expect_schedule(STAGES(21, 4), "scan along step\n  nest each(u) in lanes of 2 vectors, the scan inside\n    one: loops\n    two: loops\n    r: loops\n");
    expect_schedule(DENSE(64, 4), "scan along step\n  i: loops\n  r: loops\n");
    expect_schedule(levels, "scan along step\n  nest each(h), the scan inside\n    all: loops\n    nest each(t)\n      row: loops\n      m: loops\n");
    expect_schedule(moved, "scan along step\n  all: loops\n  nest each(h)\n    gain: loops\n    nest each(a) in lanes\n      m: loops\n      n: loops\n");
    expect_schedule(crossed, "scan along step\n  p: loops\n  q: loops\n");
    expect_schedule(noisy, "scan along step\n  nest each(u) in lanes\n    d: loops\n    r: loops\n");
}

static void right(const char *text) {
    static const char *const cpus[] = {"host", "x86-64-v3", "x86-64"};
    static const int64_t sizes[] = {1, 2, 17, 70, 0};
    for (int i = 0; i < 6; i++) {
        CodegenCase c = {.text = text, .sizes = strstr(text, "bounded") ? sizes : (int64_t[]){1, 0}, .cpu = cpus[i / 2], .f64 = i & 1, .threads = 2};
        CU_ASSERT_EQUAL(codegen_wrong(&c), 0);
        c.in_order = true;
        CU_ASSERT_EQUAL(codegen_wrong(&c), 0);
    }
}

/* Equations without a common value stay apart, unless all of their axes are the same. */
static void strangers(void) {
    expect_schedule("program apart core\naxis h : const(3)\naxis u : const(20)\naxis step : step(4)\nstimulus x[h, u]\nstimulus z[h]\n"
                    "scan step {\n  alg r[step, h, u] along step init 0 = 0.5 * prev(r[step, h, u]) + x[h, u]\n"
                    "  alg s[step, h] along step init 0 = 0.5 * prev(s[step, h]) + z[h]\n"
                    "  alg t[step, h, u] along step init 0 = 0.25 * prev(t[step, h, u]) + x[h, u]\n}\n"
                    "alg y[h, u] = r[last, h, u] + t[last, h, u] + s[last, h]\noutput y = y\n",
                    "scan along step\n  s: loops\n  nest each(h, u) in lanes\n    r: loops\n    t: loops\n");
}

/* sum(k) x[i, k] * W[j, k]: by the library, unless there are only a few rows; a past value is an operand like any other. */
static void products(void) {
#define MATRICES(I, J, K) \
    "program matrices core\naxis i : const(" #I ")\naxis j : const(" #J ")\naxis k : const(" #K ")\naxis step : step(3)\naxis k.1 : copy(k)\n" \
    "stimulus x[i, k]\nweight W[j, k]\n" \
    "scan step {\n  alg p[step, i, j] = sum(k.1) prev(r[step, i, k.1]) * W[j, k.1]\n" \
    "  alg r[step, i, k] along step init 1 = 0.5 * prev(r[step, i, k]) + x[i, k]\n}\n" \
    "alg y[i, j] = p[last, i, j]\noutput y = y\n"
    expect_schedule(MATRICES(12, 40, 70), "scan along step\n  p: matrix product m(i) n(j) k(k.1)\n");
    expect_schedule(MATRICES(3, 40, 70), "scan along step\n  nest each(i), the scan inside\n    p: loops\n");
    right(MATRICES(12, 40, 70));
    right(MATRICES(3, 40, 70));
}

/* A weight with the summed axis outside gets a copy, which all stages share. */
static void weights_by_rows(void) {
    static const char text[] =
        "program across core\naxis h : const(3)\naxis u : const(37)\naxis u.1 : copy(u)\naxis u.2 : copy(u)\naxis u.3 : copy(u)\naxis step : step(4)\n"
        "stimulus x[h, u]\nweight W[u, h, u.1]\n"
        "scan step {\n  alg p[step, h, u] = sum(u.2) W[u.2, h, u] * prev(r[step, h, u.2])\n"
        "  alg q[step, h, u] = p[step, h, u] + (x[h, u])\n"
        "  alg s[step, h, u] = sum(u.3) W[u.3, h, u] * q[step, h, u.3]\n"
        "  alg r[step, h, u] along step init 1 = 0.1 * s[step, h, u]\n}\n"
        "alg y[h, u] = r[last, h, u]\noutput y = y\n";
    Arena *arena = arena_new();
    char *error = NULL;
    OptReport report;
    OptOptions options = {0};
    IrProgram *p = opt_run(ir_parse(arena, names_new(arena), text, &error), &options, &report);
    int copies = 0, readers = 0;
    for (int i = 0; i < p->items.count; i++) {
        copies += p->items.at[i]->var && strcmp(p->items.at[i]->var->name, "W.rows") == 0;
        for (int k = 0; k < p->items.at[i]->body_count; k++) readers += ir_uses_var(p->items.at[i]->body[k]->var->def, ir_find_var(p, "W.rows"));
    }
    CU_ASSERT_EQUAL(copies, 1);
    CU_ASSERT_EQUAL(readers, 2);
    arena_free(arena);
    right(text);
}

static void which_tasks(void) {
    expect_schedule(DENSE(1000, 4), "scan along step\n  i: loops\n  r: loops\n");
    expect_schedule(DENSE(2000, 4), "scan along step\n  nest each(u), a task for 126 of u\n    i: loops\n  r: loops\n");
    expect_schedule(STAGES(5000, 100), "scan along step\n  nest each(u) in lanes of 2 vectors, the scan inside, a task for 320 of u\n");
}

/* ---- the code ------------------------------------------------------------------------------------------------------------ */
static void computed(void) {
    right(CIRCUIT(3, 2, 5, 17, 7));
    right(CIRCUIT(2, 1, 16, 64, 3));
    right(CIRCUIT(1, 3, 33, 130, 2));
    right(DENSE(67, 5));
    right(levels);
    right(moved);
    right(crossed);
    right(heads);
    right(noisy);
    right(memory);
}

static void tails(void) {
    right(STAGES(1, 3));
    right(STAGES(15, 3));
    right(STAGES(16, 3));
    right(STAGES(37, 3));
    right(STAGES(130, 3));
}

static void threads(void) {
    static const char *const programs[] = {CIRCUIT(16, 8, 16, 64, 400), STAGES(5003, 100), DENSE(2003, 4)};
    static const int64_t once[] = {1, 0};
    for (int i = 0; i < 6; i++) {
        CodegenCase c = {.text = programs[i / 2], .sizes = once, .cpu = "host", .f64 = i & 1, .threads = 1};
        Arena *arena = arena_new();
        CU_ASSERT_PTR_NOT_NULL(strstr(scheduled(arena, c.text), "a task for")); /* else there is nothing to compare */
        arena_free(arena);
        uint64_t alone = codegen_hash(&c);
        CU_ASSERT_NOT_EQUAL(alone, 0);
        for (c.threads = 2; c.threads <= 4; c.threads += 2) CU_ASSERT_EQUAL(codegen_hash(&c), alone);
    }
}

/* Pieces end within cycles, at their ends, and after every step. */
static void pieces(void) {
    static const char *const programs[] = {CIRCUIT(3, 2, 5, 17, 7), STAGES(37, 7), heads, noisy, moved};
    static const int64_t once[] = {1, 0};
    for (int i = 0; i < 5; i++) {
        CodegenCase c = {.text = programs[i], .sizes = once, .cpu = "host", .threads = 1};
        uint64_t whole = codegen_hash(&c);
        CU_ASSERT_NOT_EQUAL(whole, 0);
        for (c.piece = 1; c.piece <= 8; c.piece++) CU_ASSERT_EQUAL(codegen_hash(&c), whole);
    }
}

void suite_nests(void) {
    CU_pSuite suite = CU_add_suite("nests", NULL, NULL);
    CU_add_test(suite, "which steps are nests", which_nests);
    CU_add_test(suite, "which nests are tasks", which_tasks);
    CU_add_test(suite, "equations that have nothing to do with one another", strangers);
    CU_add_test(suite, "matrix products in a scan", products);
    CU_add_test(suite, "weights that are read across their rows", weights_by_rows);
    CU_add_test(suite, "native code against the interpreter", computed);
    CU_add_test(suite, "sizes that no register divides", tails);
    CU_add_test(suite, "the same bits in pieces of any length", pieces);
    CU_add_test(suite, "the same bits on 1, 2 and 4 threads", threads);
}
