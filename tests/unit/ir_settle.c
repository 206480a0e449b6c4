/* ir/settle*.c: system-level programs written as text, and the core programs or the messages they give. */
#include "ir/settle.h"
#include "ir_text.h"

#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

void suite_ir_settle(void);

#define HEAD \
    "axis token : bounded(8)\naxis u : const(4)\naxis now : cycle(token)\naxis u.1 : copy(u)\n" \
    "stimulus x[token, u]\nweight W[u, u.1]\n"

typedef struct Settled {
    Arena *arena;
    IrProgram *core;
    char *text;     /* items and what follows of the core program */
    char *messages; /* rendered */
} Settled;

static Settled settled(const char *items) {
    Settled s = {.arena = arena_new()};
    char *error = NULL, *source = arena_printf(s.arena, "program p system\n%s%s", HEAD, items);
    IrProgram *system = ir_parse(s.arena, names_new(s.arena), source, &error);
    if (!system) printf("%s\n%s", error, source);
    CU_ASSERT_PTR_NOT_NULL_FATAL(system);
    char *before = printed(system), *wrong = ir_verify(system);
    if (wrong) printf("%s\n%s", wrong, source);
    CU_ASSERT_PTR_NULL(wrong);
    Diagnostics *diagnostics = diag_new(s.arena);
    s.core = ir_settle(system, NULL, diagnostics);
    s.messages = rendered(diagnostics);
    s.text = printed(s.core);
    char *after = printed(system);
    CU_ASSERT_STRING_EQUAL(before, after); /* the system is left as it was */
    free(before);
    free(after);
    return s;
}

static void done(Settled *s) {
    free(s->text);
    free(s->messages);
    arena_free(s->arena);
}

/* The core program is sound and is HEAD and `wanted`. */
static void becomes(const char *items, const char *wanted) {
    Settled s = settled(items);
    if (*s.messages) printf("%s", s.messages);
    CU_ASSERT_STRING_EQUAL_FATAL(s.messages, "");
    char *wrong = ir_verify(s.core), *whole = arena_printf(s.arena, "program p core\n%s%s", HEAD, wanted);
    if (wrong) printf("%s\n%s", wrong, s.text);
    if (strcmp(whole, s.text) != 0) printf("wanted:\n%s\ngot:\n%s\n", whole, s.text);
    CU_ASSERT_PTR_NULL(wrong);
    CU_ASSERT_STRING_EQUAL(s.text, whole);
    done(&s);
}

static void refuses(const char *items, const char *code, const char *first, const char *second) {
    Settled s = settled(items);
    bool right = strstr(s.messages, code) && strstr(s.messages, first) && strstr(s.messages, second);
    if (!right) printf("'%s' should say %s, '%s' and '%s'\n", s.messages, code, first, second);
    CU_ASSERT_TRUE(right);
    done(&s);
}

/* ---- equilibria -------------------------------------------------------------------------------------------------- */
static void relaxation_gives_its_target(void) {
    becomes("ode r[u] rate 0.01 = -r[u] + tanh(x[0, u])\noutput y = r\n", "alg r[u] = tanh(x[0, u])\noutput y = r\n");
    becomes("ode r[u] rate 0.01 = -r[u] + x[0, u] * x[1, u] / x[2, u]\n", "alg r[u] = x[0, u] * x[1, u] / x[2, u]\n");
    becomes("ode r[u] init 3 rate 1 = 2 * (x[0, u] - r[u])\n", "alg r[u] = x[0, u] * 2 / 2\n");
}

static void pivots_are_assumed(void) {
    becomes("ode r[u] rate 1 = x[0, u] - x[1, u] * r[u]\n",
            "alg r[u] = x[0, u] / x[1, u]\nassume \"r: x[1, u] is not 0\"\n");
}

static void coupled_rates_are_solved_in_turn(void) {
    becomes("ode r[u] of population \"r\" rate 1 = -r[u] + g[u] + x[0, u]\n"
            "ode g[u] of variable \"r.g\" rate 1 = -2 * g[u] + 0.5 * r[u]\n",
            "alg g[u] of variable \"r.g\" = x[0, u] * 0.5 / -(-2 + 0.5)\n"
            "alg r[u] of population \"r\" = g[u] + x[0, u]\n");
    becomes("alg r[u] of population \"r\" = relu(v[u])\node v[u] of variable \"r.v\" rate 1 = -v[u] + x[0, u]\n",
            "alg v[u] of variable \"r.v\" = x[0, u]\nalg r[u] of population \"r\" = relu(v[u])\n");
    becomes("alg h[u] of variable \"r.h\" = 0.5 * r[u]\node r[u] of population \"r\" rate 1 = -r[u] + h[u] + x[0, u]\n",
            "alg r[u] of population \"r\" = x[0, u] / -(-1 + 0.5)\nalg h[u] of variable \"r.h\" = 0.5 * r[u]\n");
}

static void what_cannot_be_solved_is_refused(void) {
    refuses("ode r[u] rate 1 = -r[u] + tanh(r[u] + x[0, u])\n", "E0510", "0 = -r[u] + tanh(r[u] + x[0, u])", "iterate 200");
    refuses("ode r[u] rate 1 = x[0, u] - r[u]^2\n", "E0510", "0 = x[0, u] - r[u]^2", "iterate 200");
    refuses("ode r[u] rate 1 = -r[u] + x[0, u] + r[u]\n", "E0510", "`r` cannot be solved", "tau * r'");
    refuses("ode r[u] rate 1 = 0.3 * r[u] - 0.1 * r[u] - 0.2 * r[u] + x[0, u]\n", "E0510",
            "`r` cannot be solved", "tau * r'");
    refuses("ode r[u] iterate 20 until 0.1 rate 1 = x[0, u] - r[u]^2\n", "E0510", "`r` cannot be solved", "tau * r'");
}

/* ---- cycles ------------------------------------------------------------------------------------------------------ */
static void a_state_becomes_a_scan(void) {
    becomes("alg y[u] = m[last, u]\nstate m[now, u] along now init 0 = 0.9 * prev(m[now, u]) + k[now, u]\n"
            "alg k[now, u] = x[now, u]\nalg z[now] = sum(u.1) k[now, u.1]\noutput y = y\n",
            "alg k[now, u] = x[now, u]\nscan now {\n"
            "  alg m[now, u] along now init 0 = 0.9 * prev(m[now, u]) + k[now, u]\n}\n"
            "alg y[u] = m[last, u]\nalg z[now] = sum(u.1) k[now, u.1]\noutput y = y\n");
}

/* Delta rule: what the state depends on within its cycle is part of the scan, in the order of dependence. */
static void equations_between_states_join_the_scan(void) {
    becomes("state m[now, u] along now init 0 = prev(m[now, u]) + error[now] * x[now, u]\n"
            "alg error[now] = 1 - recall[now]\nalg recall[now] = sum(u.1) prev(m[now, u.1]) * x[now, u.1]\n",
            "scan now {\n  alg recall[now] = sum(u.1) prev(m[now, u.1]) * x[now, u.1]\n  alg error[now] = 1 - recall[now]\n"
            "  alg m[now, u] along now init 0 = prev(m[now, u]) + error[now] * x[now, u]\n}\n");
}

static void a_rate_heard_a_cycle_later_is_a_state(void) {
    becomes("ode high[now, u] along now init 0 rate 1 = -high[now, u] + x[now, u] + low[now, u]\n"
            "ode low[now, u] rate 1 = -low[now, u] + 0.5 * prev(high[now, u])\n",
            "scan now {\n  alg low[now, u] = 0.5 * prev(high[now, u])\n"
            "  alg high[now, u] along now init 0 = x[now, u] + low[now, u]\n}\n");
}

static void looking_back_without_a_loop_is_a_shift(void) {
    becomes("alg late[now, u] = prev(p[now, u])\nalg p[now, u] along now init 2 = x[now, u]\n",
            "alg p[now, u] = x[now, u]\nalg late[now, u] = select(position(now) <= 0, 2, p[now-1, u])\n");
    becomes("alg one[u] = prev(p[last, u])\nalg none[u] = prev(p[0, u])\nalg two[u] = prev(p[2, u])\n"
            "alg p[now, u] along now init x[0, u] = x[now, u]\n",
            "alg p[now, u] = x[now, u]\nalg one[u] = select(size(now) - 1 <= 0, x[0, u], p[last-1, u])\n"
            "alg none[u] = x[0, u]\nalg two[u] = select(2 <= 0, x[0, u], p[1, u])\n");
}

static void two_cycles_are_two_scans(void) {
    becomes("state a[now] along now init 0 = prev(a[now]) + x[now, 0]\n"
            "state b[now] along now init 0 = prev(b[now]) + a[now]\n",
            "scan now {\n  alg a[now] along now init 0 = prev(a[now]) + x[now, 0]\n}\n"
            "scan now {\n  alg b[now] along now init 0 = prev(b[now]) + a[now]\n}\n");
}

/* ---- loops ------------------------------------------------------------------------------------------------------- */
static void iteration_becomes_a_fixpoint(void) {
    becomes("ode r[u] iterate 50 until 0.001 rate 1 = -r[u] + tanh(in[u])\n"
            "alg in[u] of compartment \"r.in\" = (sum(u.1) W[u, u.1] * r[u.1]) + x[0, u]\nalg y[u] = 2 * r[u]\n",
            "fix 50 until 0.001 {\n  alg in[u] of compartment \"r.in\" = sum(u.1) W[u, u.1] * prev(r[u.1]) + x[0, u]\n"
            "  alg r[u] init 0 = tanh(in[u])\n}\nalg y[u] = 2 * r[u]\n");
    becomes("ode r[u] iterate 50 until 0.001 rate 1 = -r[u] + tanh(r[u] + x[0, u])\n",
            "fix 50 until 0.001 {\n  alg r[u] init 0 = tanh(prev(r[u]) + x[0, u])\n}\n");
    becomes("ode r[u] iterate 50 until 0.001 rate 1 = -r[u] + x[0, u]\n", "alg r[u] = x[0, u]\n"); /* no loop, no fixpoint */
}

static void loops_are_printed(void) {
    refuses("alg p[u] of population \"p\" = 2 * q[u]\n"
            "alg q[u] of population \"q\" = p[u]\n", "E0511", "p -> q -> p", "previous(...)");
    refuses("alg p[u] of population \"p\" = 1 + p[u]\n", "E0511", "p -> p", "iterate");
    refuses("alg p[now, u] of population \"p\" = x[now, u] + q[u]\n"
            "alg q[u] of population \"q\" = sum(now) p[now, u]\n", "E0511",
            "`p` depends on itself", "`q` reads `p` when the cycle `now` has ended");
    refuses("alg p[now] along now of population \"p\" init 0 = q[now] + prev(p[now])\n"
            "alg q[now] of population \"q\" = p[now]\n",
            "E0511", "p -> q -> p", "within one cycle");
}

static void a_completed_cycle_does_not_feed_itself(void) {
    refuses("state m[now] along now init 0 = prev(m[now]) + total\nalg total = m[last]\n", "E0511",
            "`total` reads `m` when the cycle `now` has ended", "starts after it");
    refuses("state m[now] along now init 0 = prev(m[now]) + prev(n[now])\nalg n[now] along now init 0 = m[last]\n", "E0511",
            "reads it as a whole", "starts after it");
}

static void iteration_within_a_loop_over_cycles_is_refused(void) {
    refuses("ode r[now] along now of population \"r\" iterate 9 until 0.1 init 0 "
            "rate 1 = -r[now] + tanh(in[now] + prev(r[now]))\n"
            "alg in[now] of compartment \"r.in\" = 0.5 * r[now]\n", "E0512", "r -> r.in -> r", "leave out `iterate`");
}

void suite_ir_settle(void) {
    CU_pSuite suite = CU_add_suite("ir_settle", NULL, NULL);
    CU_add_test(suite, "relaxation gives its target", relaxation_gives_its_target);
    CU_add_test(suite, "pivots are assumed", pivots_are_assumed);
    CU_add_test(suite, "coupled rates are solved in turn", coupled_rates_are_solved_in_turn);
    CU_add_test(suite, "what cannot be solved is refused", what_cannot_be_solved_is_refused);
    CU_add_test(suite, "a state becomes a scan", a_state_becomes_a_scan);
    CU_add_test(suite, "equations between states join the scan", equations_between_states_join_the_scan);
    CU_add_test(suite, "a rate heard a cycle later is a state", a_rate_heard_a_cycle_later_is_a_state);
    CU_add_test(suite, "looking back without a loop is a shift", looking_back_without_a_loop_is_a_shift);
    CU_add_test(suite, "two cycles are two scans", two_cycles_are_two_scans);
    CU_add_test(suite, "iteration becomes a fixpoint", iteration_becomes_a_fixpoint);
    CU_add_test(suite, "loops are printed", loops_are_printed);
    CU_add_test(suite, "a completed cycle does not feed itself", a_completed_cycle_does_not_feed_itself);
    CU_add_test(suite, "iteration within a loop over cycles is refused", iteration_within_a_loop_over_cycles_is_refused);
}
