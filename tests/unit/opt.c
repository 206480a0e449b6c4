/* opt/: structure and cost of optimised programs, written as IR text. That values stay the same is tested in opt_values.c. */
#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

#include "ir_text.h"
#include "opt/opt.h"

void suite_opt(void);

typedef struct Run {
    Arena *arena;
    IrProgram *source, *p;
    OptReport report;
} Run;

static Run optimise(const char *text, bool no_reassociate) {
    Run r = {.arena = arena_new()};
    char *error = NULL;
    r.source = ir_parse(r.arena, names_new(r.arena), text, &error);
    if (!r.source) {
        fprintf(stderr, "%s\n", error);
        CU_FAIL_FATAL("the test program does not parse");
    }
    OptOptions options = {.no_reassociate = no_reassociate};
    r.p = opt_run(r.source, &options, &r.report);
    if (getenv("CTX_TEST_PRINT")) ir_print(r.p, stderr); /* debug builds verify after every pass */
    return r;
}

static int item_count(const Run *r, IrItemKind kind) {
    int n = 0;
    for (int i = 0; i < r->p->items.count; i++) n += r->p->items.at[i]->kind == kind;
    return n;
}

static double largest(const Run *r) {
    double n = 0;
    for (int i = 0; i < r->report.chosen_equations.count; i++)
        if (r->report.chosen_equations.at[i].elements > n) n = r->report.chosen_equations.at[i].elements;
    return n;
}

static const char linear_block[] =
    "program block core\n"
    "axis token : const(1024)\naxis head : const(8)\naxis d : const(512)\naxis a : const(64)\naxis c : const(64)\n"
    "axis now : cycle(token)\naxis token.1 : copy(token)\naxis d.1 : copy(d)\naxis d.2 : copy(d)\naxis d.3 : copy(d)\n"
    "stimulus x[token, d]\n"
    "weight W_Q[head, a, d]\nweight W_K[head, a, d]\nweight W_V[head, c, d]\nweight W_O[d, head, c]\n"
    "alg core[token, d] = x[token, d]\n"
    "alg V.mask.apical[head, token, a] = sum(d.1) W_K[head, a, d.1] * core[token, d.1]\n"
    "alg V.mask.basal[now, head, a] = sum(d.2) W_Q[head, a, d.2] * x[now, d.2]\n"
    "alg V.mask[now, head, token, a] = V.mask.apical[head, token, a] * V.mask.basal[now, head, a]\n"
    "alg V.value.basal[head, token, c] = sum(d.3) W_V[head, c, d.3] * core[token, d.3]\n"
    "alg V.value.apical[now, head, token] = sum(a) V.mask[now, head, token, a]\n"
    "alg V.value[now, head, token, c] = V.value.apical[now, head, token] * V.value.basal[head, token, c]\n"
    "alg higher[now, d] = (sum(head, token.1, c%s) W_O[d, head, c] * V.value[now, head, token.1, c]) + x[now, d]\n"
    "output y = higher\n";

static void linear_block_is_one_matrix(void) {
    char text[4000];
    snprintf(text, sizeof text, linear_block, "");
    Run r = optimise(text, false);
    double T = 1024, d = 512, dh = 64, naive = 8 * T * d * d + 4 * T * d * dh;
    CU_ASSERT(r.report.chosen.call <= 0.7 * naive);
    CU_ASSERT(r.report.chosen.call > 3 * T * d * d);
    CU_ASSERT(r.report.source.call > naive);
    CU_ASSERT(largest(&r) <= T * d + 1); /* nothing of token x token */
    arena_free(r.arena);
}

static void causal_block_is_a_scan(void) {
    char text[4000];
    snprintf(text, sizeof text, linear_block, " where token.1 <= now");
    Run r = optimise(text, false);
    double T = 1024, d = 512, dh = 64;
    CU_ASSERT_EQUAL(item_count(&r, ITEM_SCAN), 1);
    CU_ASSERT(r.report.chosen.call <= 1.1 * (8 * T * d * d + 4 * T * d * dh));
    CU_ASSERT(r.report.notices.count >= 1);
    arena_free(r.arena);
}

static void source_order_is_kept_on_request(void) {
    char text[4000];
    snprintf(text, sizeof text, linear_block, " where token.1 <= now");
    Run r = optimise(text, true);
    CU_ASSERT_EQUAL(item_count(&r, ITEM_SCAN), 0);
    CU_ASSERT(largest(&r) >= 1024.0 * 1024);
    CU_ASSERT_EQUAL(r.report.contractions.count, 0);
    arena_free(r.arena);
}

static void strict_guard_reads_the_previous_state(void) {
    Run r = optimise("program strict core\n"
                     "axis token : bounded(4096)\naxis now : cycle(token)\naxis a : const(16)\naxis c : const(16)\n"
                     "stimulus k[token, a]\nstimulus q[token, a]\nstimulus v[token, c]\n"
                     "alg o[now, c] = sum(token, a where token - now <= -1) k[token, a] * q[now, a] * v[token, c]\n"
                     "output o = o\n", false);
    CU_ASSERT_EQUAL(item_count(&r, ITEM_SCAN), 1);
    CU_ASSERT(r.report.chosen.call <= 5.0 * 4096 * 16 * 16);
    for (int i = 0; i < r.p->items.count; i++) {
        const IrItem *item = r.p->items.at[i];
        if (item->kind != ITEM_SCAN) continue;
        char *last = ir_expr_text(r.arena, item->body[item->body_count - 1]->var->def);
        CU_ASSERT_PTR_NOT_NULL(strstr(last, "prev("));
    }
    arena_free(r.arena);
}

/* What comes later is summed by a scan from the last point. */
static void a_sum_of_what_follows_is_a_reversed_scan(void) {
    static const char *const guard[] = {"now <= token", "now - token <= -1"};
    for (int strict = 0; strict < 2; strict++) {
        char text[2000];
        snprintf(text, sizeof text, "program later core\n"
                 "axis token : bounded(4096)\naxis now : cycle(token)\naxis a : const(16)\naxis c : const(16)\n"
                 "stimulus k[token, a]\nstimulus q[token, a]\nstimulus v[token, c]\n"
                 "alg o[now, c] = sum(token, a where %s) k[token, a] * q[now, a] * v[token, c]\noutput o = o\n", guard[strict]);
        Run r = optimise(text, false);
        CU_ASSERT_EQUAL(item_count(&r, ITEM_SCAN), 1);
        CU_ASSERT(r.report.chosen.call <= 5.0 * 4096 * 16 * 16);
        for (int i = 0; i < r.p->items.count; i++) {
            const IrItem *item = r.p->items.at[i];
            if (item->kind != ITEM_SCAN) continue;
            char *last = ir_expr_text(r.arena, item->body[item->body_count - 1]->var->def);
            CU_ASSERT_TRUE(item->reversed);
            CU_ASSERT_EQUAL(strstr(last, "prev(") != NULL, strict);
        }
        arena_free(r.arena);
    }
}

static void a_window_stays_a_guarded_sum(void) {
    Run r = optimise("program window core\n"
                     "axis token : const(1024)\naxis now : cycle(token)\naxis a : const(16)\naxis c : const(16)\n"
                     "stimulus k[token, a]\nstimulus q[token, a]\nstimulus v[token, c]\n"
                     "alg o[now, c] = sum(token, a where token <= now, now - token <= 7) k[token, a] * q[now, a] * v[token, c]\n"
                     "output o = o\n", false);
    CU_ASSERT_EQUAL(item_count(&r, ITEM_SCAN), 0);
    CU_ASSERT(r.report.chosen.call < 1024.0 * 8 * 4 * 40);
    arena_free(r.arena);
}

/* Items stand outside of everything, as in the data: a product with a weight then has items and positions as one dimension. */
static void items_are_outermost(void) {
    static const char text[] = "program many core\naxis item : const(4)\naxis t : bounded(64)\naxis d : const(8)\naxis e : copy(d)\naxis f : copy(d)\n"
                               "stimulus x[item, t, d]\nweight w[d, e]\nweight u[d, e]\n"
                               "alg h[t, d, item] = tanh(sum(f) x[item, t, f] * w[d, f])\n"
                               "alg y[item, t, d] = sum(f) h[t, f, item] * u[d, f]\noutput y = y\n";
    static const char *const items[] = {NULL, "item"};
    for (int i = 0; i < 2; i++) {
        Arena *arena = arena_new();
        OptReport report;
        OptOptions options = {.items = items[i], .weights_change = true};
        IrProgram *p = opt_run(parsed(arena, text), &options, &report);
        for (int k = 0; k < p->items.count; k++) {
            const IrVar *v = p->items.at[k]->var;
            if (strcmp(v->name, "y") != 0) CU_ASSERT_STRING_EQUAL(v->axes[0]->root->name, i ? "item" : "t");
        }
        arena_free(arena);
    }
}

/* ---- sums tied by a guard ------------------------------------------------------------------------------------------- */
static const char tied[] = "program tied core\naxis t : const(256)\naxis i : copy(t)\naxis j : copy(t)\naxis a : const(32)\naxis b : const(32)\n"
                           "stimulus s[t, t]\nstimulus p[t, t]\nstimulus v[t, a]\nstimulus w[t, b]\nstimulus u[t]\n"
                           "alg y%s = sum(i, j where %s) %s\noutput y = y\n";

static Run tied_run(const char *axes, const char *guard, const char *product) {
    char text[1000];
    snprintf(text, sizeof text, tied, axes, guard, product);
    return optimise(text, false);
}

static double tied_cost(const char *axes, const char *guard, const char *product) {
    Run r = tied_run(axes, guard, product);
    double cost = r.report.chosen.call;
    arena_free(r.arena);
    return cost;
}

/* Half of 256 x 256 points; a product of two and its sum are two operations a point. */
static void tied_sums_are_taken_apart(void) {
    double pairs = 256 * 257 / 2, rest = 256 * 32 * 32 * 2;
    static const char *const same[] = {"s[i, j] * v[j, a] * w[i, b]", "w[i, b] * s[i, j] * v[j, a]", "v[j, a] * (w[i, b] * s[i, j])"};
    for (int i = 0; i < 3; i++) CU_ASSERT(tied_cost("[a, b]", "j <= i", same[i]) <= 1.05 * (pairs * 32 * 2 + rest));
    CU_ASSERT(tied_cost("[a, b]", "j <= i", "s[i, j] * v[i, a] * w[j, b]") <= 1.05 * (pairs * 32 * 2 + rest));
    CU_ASSERT(tied_cost("[a, b]", "j <= i, i - j <= 7", "s[i, j] * v[j, a] * w[i, b]") <= 1.05 * (8 * 256 * 32 * 2 + rest));
    /* u first, since then 32 x 32 products for every pair remain to no one */
    CU_ASSERT(tied_cost("[a, b]", "j <= i", "u[i] * s[i, j] * v[j, a] * w[j, b]") <= 1.05 * (pairs * 2 + 256 * 32 + rest));
}

/* Nothing is won, or some i has no j. */
static void tied_sums_stay(void) {
    static const char *const kept[][3] = {
        {"", "j <= i", "s[i, j] * p[i, j]"},
        {"", "j <= i", "u[i] * s[i, j] * u[j]"},
        {"[a, b]", "j - i <= -1", "s[i, j] * v[j, a] * w[i, b]"},
    };
    for (size_t k = 0; k < sizeof kept / sizeof *kept; k++) {
        Run r = tied_run(kept[k][0], kept[k][1], kept[k][2]);
        CU_ASSERT_EQUAL(r.p->items.count, 1);
        if (r.p->items.count != 1) printf("\n    taken apart: sum(i, j where %s) %s", kept[k][1], kept[k][2]);
        arena_free(r.arena);
    }
}

static const char softmax[] =
    "program head core\n"
    "axis token : bounded(512)\naxis now : cycle(token)\naxis token.1 : copy(token)\naxis token.2 : copy(token)\n"
    "axis a : const(32)\naxis c : const(32)\n"
    "stimulus k[token, a]\nstimulus q[token, a]\nstimulus v[token, c]\n"
    "alg score[now, token] = exp(1 / sqrt(size(a)) * (sum(a) k[token, a] * q[now, a]))\n"
    "alg pool[now] = sum(token.1%s) score[now, token.1]\n"
    "alg value[now, token, c] = score[now, token] * v[token, c] / pool[now]\n"
    "alg o[now, c] = sum(token.2%s) value[now, token.2, c]\n"
    "output o = o\n%s";

static void quotients_of_exponentials_are_shifted(void) {
    char text[3000];
    for (int no_order = 0; no_order < 2; no_order++) {
        snprintf(text, sizeof text, softmax, " where token.1 <= now", " where token.2 <= now", "");
        Run r = optimise(text, no_order);
        CU_ASSERT_EQUAL(r.report.notices.count, 1);
        CU_ASSERT_PTR_NULL(ir_find_var(r.p, "score"));
        CU_ASSERT_PTR_NULL(ir_find_var(r.p, "pool"));
        CU_ASSERT_PTR_NOT_NULL(ir_find_var(r.p, "pool.max"));
        arena_free(r.arena);
    }
}

static void the_division_leaves_the_sum(void) {
    char text[3000];
    snprintf(text, sizeof text, softmax, "", "", "");
    Run r = optimise(text, false);
    int wide = 0; /* values over token, now and c */
    for (int i = 0; i < r.report.chosen_equations.count; i++) wide += r.report.chosen_equations.at[i].elements >= 512.0 * 512 * 32;
    CU_ASSERT_EQUAL(wide, 0);
    arena_free(r.arena);
}

static void an_empty_domain_is_not_shifted(void) {
    char text[3000];
    snprintf(text, sizeof text, softmax, " where token.1 - now <= -1", " where token.2 - now <= -1", "");
    Run r = optimise(text, false);
    CU_ASSERT_EQUAL(r.report.notices.count, 0);
    CU_ASSERT_PTR_NULL(ir_find_var(r.p, "pool.max"));
    arena_free(r.arena);
}

static void recorded_values_stay(void) {
    char text[3000];
    snprintf(text, sizeof text, softmax, "", "", "record att = score\n");
    Run r = optimise(text, false);
    CU_ASSERT_PTR_NOT_NULL(ir_find_var(r.p, "score"));
    CU_ASSERT_EQUAL(r.p->outputs.count, 2);
    arena_free(r.arena);
}

static void weights_are_contracted_ahead(void) {
    Run r = optimise("program two core\naxis t : bounded(4096)\naxis d : const(64)\naxis e : const(64)\naxis f : const(64)\n"
                     "stimulus x[t, d]\nweight A[e, d]\nweight B[f, e]\n"
                     "alg h[t, e] = sum(d) A[e, d] * x[t, d]\nalg y[t, f] = sum(e) B[f, e] * h[t, e]\noutput y = y\n", false);
    CU_ASSERT_DOUBLE_EQUAL(r.report.chosen.call, 2.0 * 4096 * 64 * 64, 1);
    CU_ASSERT_DOUBLE_EQUAL(r.report.chosen.plan, 2.0 * 64 * 64 * 64, 1);
    CU_ASSERT_DOUBLE_EQUAL(r.report.source.call, 4.0 * 4096 * 64 * 64, 1);
    arena_free(r.arena);
}

static void nothing_passes_a_nonlinearity(void) {
    Run r = optimise("program two core\naxis t : bounded(4096)\naxis d : const(64)\naxis e : const(64)\naxis f : const(64)\n"
                     "stimulus x[t, d]\nweight A[e, d]\nweight B[f, e]\n"
                     "alg h[t, e] = tanh(sum(d) A[e, d] * x[t, d])\nalg y[t, f] = sum(e) B[f, e] * h[t, e]\noutput y = y\n", false);
    CU_ASSERT(r.report.chosen.call >= 4.0 * 4096 * 64 * 64);
    arena_free(r.arena);
}

static void equal_equations_are_shared(void) {
    Run r = optimise("program same core\naxis t : bounded(64)\naxis now : cycle(t)\naxis d : const(8)\naxis e : const(8)\n"
                     "stimulus x[t, d]\nweight A[e, d]\n"
                     "alg p[t, e] = tanh(sum(d) A[e, d] * x[t, d])\nalg q[now, e] = tanh(sum(d) A[e, d] * x[now, d])\n"
                     "alg y[t, now] = sum(e) p[t, e] * q[now, e]\noutput y = y\n", false);
    int tanhs = 0;
    for (int i = 0; i < r.p->items.count; i++) {
        const IrItem *item = r.p->items.at[i];
        tanhs += item->var && strstr(ir_expr_text(r.arena, item->var->def), "tanh") != NULL;
    }
    CU_ASSERT_EQUAL(tanhs, 1);
    arena_free(r.arena);
}

static void memory_is_read_inside_its_scan(void) {
    Run r = optimise("program memory core\naxis token : const(256)\naxis now : cycle(token)\naxis a : const(32)\naxis c : const(32)\n"
                     "stimulus k[token, a]\nstimulus q[token, a]\nstimulus v[token, c]\n"
                     "scan now {\n  alg m[now, c, a] init 0 = 0.9 * prev(m[now, c, a]) + k[now, a] * v[now, c]\n}\n"
                     "alg deep[now, c, a] = m[now, c, a] * q[now, a]\nalg y[now, c] = sum(a) deep[now, c, a]\noutput y = y\n", false);
    CU_ASSERT_EQUAL(item_count(&r, ITEM_SCAN), 1);
    CU_ASSERT_EQUAL(item_count(&r, ITEM_ALG), 0);
    CU_ASSERT_PTR_NULL(ir_find_var(r.p, "deep"));
    arena_free(r.arena);
}

static void the_end_of_a_sum_is_no_scan(void) {
    Run r = optimise("program memory core\naxis token : const(256)\naxis hear : cycle(token)\naxis now : cycle(token)\n"
                     "axis a : const(32)\naxis c : const(32)\nstimulus k[token, a]\nstimulus q[token, a]\nstimulus v[token, c]\n"
                     "scan hear {\n  alg m[hear, c, a] init 0 = prev(m[hear, c, a]) + k[hear, a] * v[hear, c]\n}\n"
                     "alg y[now, c] = sum(a) m[last, c, a] * q[now, a]\noutput y = y\n", false);
    CU_ASSERT_EQUAL(item_count(&r, ITEM_SCAN), 0);
    CU_ASSERT(r.report.chosen.call <= 4.0 * 256 * 32 * 32);
    arena_free(r.arena);
}

static void sizes_decide(void) {
    char text[4000];
    snprintf(text, sizeof text, linear_block, "");
    Run r = optimise(text, false);
    int64_t sizes[64] = {0};
    sizes[ir_find_axis(r.source, "token")->id] = 4; /* four tokens: no matrix of d x d pays */
    OptOptions options = {.sizes = sizes, .size_count = 64};
    OptReport report;
    opt_run(r.source, &options, &report);
    CU_ASSERT(report.chosen.call <= 1.05 * (8 * 4.0 * 512 * 512 + 4 * 4.0 * 512 * 64));
    arena_free(r.arena);
}

void suite_opt(void) {
    CU_pSuite suite = CU_add_suite("opt", NULL, NULL);
    CU_add_test(suite, "linear block is one matrix", linear_block_is_one_matrix);
    CU_add_test(suite, "causal block is a scan", causal_block_is_a_scan);
    CU_add_test(suite, "source order is kept on request", source_order_is_kept_on_request);
    CU_add_test(suite, "strict guard reads the previous state", strict_guard_reads_the_previous_state);
    CU_add_test(suite, "a sum of what follows is a reversed scan", a_sum_of_what_follows_is_a_reversed_scan);
    CU_add_test(suite, "a window stays a guarded sum", a_window_stays_a_guarded_sum);
    CU_add_test(suite, "items are outermost", items_are_outermost);
    CU_add_test(suite, "sums tied by a guard are taken apart", tied_sums_are_taken_apart);
    CU_add_test(suite, "tied sums stay where nothing is won", tied_sums_stay);
    CU_add_test(suite, "quotients of exponentials are shifted", quotients_of_exponentials_are_shifted);
    CU_add_test(suite, "the division leaves the sum", the_division_leaves_the_sum);
    CU_add_test(suite, "an empty domain is not shifted", an_empty_domain_is_not_shifted);
    CU_add_test(suite, "recorded values stay", recorded_values_stay);
    CU_add_test(suite, "weights are contracted ahead", weights_are_contracted_ahead);
    CU_add_test(suite, "nothing passes a nonlinearity", nothing_passes_a_nonlinearity);
    CU_add_test(suite, "equal equations are shared", equal_equations_are_shared);
    CU_add_test(suite, "memory is read inside its scan", memory_is_read_inside_its_scan);
    CU_add_test(suite, "the end of a sum is no scan", the_end_of_a_sum_is_no_scan);
    CU_add_test(suite, "sizes decide", sizes_decide);
}
