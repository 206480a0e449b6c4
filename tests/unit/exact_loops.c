/* Loops that settle: which are the same, and which only look so. A pair that cannot be decided is listed as undecided, above all
 * those that have a fixed point in common and may settle to another. */
#include <CUnit/Basic.h>

#include "exact/exact.h"

void suite_exact_loops(void);

typedef struct Pair {
    ExactVerdict expected;
    const char *left, *right, *why; /* items that define l[d] and r[d] */
} Pair;

#define LEFT "alg drive[d] = x[d] * x[d] + b[d]\nfix 100 until 1e-9 {\n  alg l[d] init 0 = tanh(sum(e) W[d, e] * prev(l[e]) + drive[d])\n}\n"
#define RIGHT(init, body) "fix 100 until 1e-9 {\n  alg r[d] init " init " = " body "\n}\n"

static const Pair pairs[] = {
    {EXACT_EQUAL, LEFT, RIGHT("0", "tanh(b[d] + sum(e) prev(r[e]) * W[d, e] + x[d]^2)"), "the same written in another way"},
    {EXACT_EQUAL, LEFT, RIGHT("x[d] - x[d]", "2 * sigmoid(2 * (b[d] + sum(e) prev(r[e]) * W[d, e] + x[d]^2)) - 1"), "by an identity"},
    {EXACT_UNDECIDED, LEFT, RIGHT("1", "tanh(b[d] + sum(e) prev(r[e]) * W[d, e] + x[d]^2)"), "another start: another fixed point, maybe"},
    {EXACT_UNDECIDED, LEFT, RIGHT("0", "tanh(b[d] + sum(e) prev(r[e]) * W[e, d] + x[d]^2)"), "a transposed weight"},
    {EXACT_UNDECIDED, LEFT, RIGHT("0", "tanh(b[d] + sum(e) prev(r[e]) * W[d, e] + x[d])"), "another drive"},
    {EXACT_UNDECIDED, LEFT,
     "fix 100 until 1e-9 {\n  alg h[d] = tanh(b[d] + sum(e) prev(r[e]) * W[d, e] + x[d]^2)\n"
     "  alg r[d] init 0 = tanh(b[d] + sum(e) h[e] * W[d, e] + x[d]^2)\n}\n", "two steps at once"},
    {EXACT_UNDECIDED, LEFT, RIGHT("0", "prev(r[d]) + 5 * (tanh(b[d] + sum(e) prev(r[e]) * W[d, e] + x[d]^2) - prev(r[d]))"),
     "the same fixed points, other steps"},
    {EXACT_EQUAL,
     "fix 100 until 1e-9 {\n  alg m[d, t] init 0 = tanh(prev(n[t]) * b[d])\n  alg n[t] init 1 = sin(sum(d) m[d, t] * W[d, 0])\n}\n"
     "alg l[d] = sum(t) m[d, t]\n",
     "fix 100 until 1e-9 {\n  alg mt[t, d] init 0 = -tanh(-b[d] * prev(o[t]))\n  alg o[t] init 1 = sin(sum(d) W[d, 0] * mt[t, d])\n}\n"
     "alg r[d] = sum(t) mt[t, d]\n", "two states, the axes of one transposed"},
    {EXACT_UNDECIDED,
     "fix 100 until 1e-9 {\n  alg m[d, t] init 0 = tanh(prev(n[t]) * b[d])\n  alg n[t] init 1 = sin(sum(d) m[d, t] * W[d, 0])\n}\n"
     "alg l[d] = sum(t) m[d, t]\n",
     "fix 100 until 1e-9 {\n  alg o[t] init 1 = sin(sum(d) W[d, 0] * prev(mt[t, d]))\n  alg mt[t, d] init 0 = tanh(b[d] * o[t])\n}\n"
     "alg r[d] = sum(t) mt[t, d]\n", "the states in the other order: other steps"},
    {EXACT_EQUAL,
     "fix 100 until 1e-9 {\n  alg u[d] init 0 = tanh(prev(u[d]) * b[d] + x[d])\n}\n"
     "fix 100 until 1e-9 {\n  alg l[d] init 0 = tanh(sum(e) W[d, e] * prev(l[e]) + u[d])\n}\n",
     "fix 100 until 1e-9 {\n  alg w[d] init 0 = tanh(x[d] + prev(w[d]) * b[d])\n}\n"
     "fix 100 until 1e-9 {\n  alg r[d] init 0 = tanh(w[d] + sum(e) W[d, e] * prev(r[e]))\n}\n", "a loop behind a loop"},
    {EXACT_EQUAL, "fix 100 until 1e-9 {\n  alg l[d] init 0 = 0.5 * prev(l[d]) + x[d]\n}\n", "alg r[d] = 2 * x[d]\n", "an affine step, solved"},
    {EXACT_EQUAL, "fix 100 until 1e-9 {\n  alg l[d] init 0 = x[d] - (sum(e) W[d, e] * prev(l[e])) / b[d]\n}\n",
     "fix 100 until 1e-9 {\n  alg h[d] = x[d] * b[d] - (sum(e) W[d, e] * prev(r[e]))\n"
     "  alg r[d] init 1 = x[d] - (sum(e) W[d, e] * h[e] / b[e]) / b[d]\n}\n", "affine steps, two at once"},
    {EXACT_UNDECIDED, "fix 100 until 1e-9 {\n  alg l[d] init 0 = 0.5 * prev(l[d]) + x[d]\n}\n", "alg r[d] = 3 * x[d]\n", "another solution"},
    {EXACT_UNDECIDED, "fix 100 until 1e-9 {\n  alg l[d] init x[d] = 0.5 * prev(l[d])\n}\n", RIGHT("x[d]", "prev(r[d])^2"),
     "a fixed point in common, from the same start: the other one may settle to another"},
    {EXACT_EQUAL,
     "fix 100 until 1e-9 {\n  alg u[d] init 0 = tanh(prev(u[d]) * b[d] + x[d])\n}\nalg l[d] = tanh(x[d] + b[d] * u[d])\n",
     "alg r[d] = u[d]\n", "what is settled is its own right side"},
};

static ExactResult check(Arena *arena, const Pair *pair, bool exchanged) {
    static const char head[] = "program loops core\naxis d : const(3)\naxis e : copy(d)\naxis t : bounded(4)\nstimulus x[d]\nweight b[d]\n"
                               "weight W[d, e]\n";
    static const char end[] = "alg left[d] = l[d]\nalg right[d] = r[d]\noutput y = left\n";
    char *error, *text = arena_printf(arena, "%s%s%s%scheck \"loops\" : %s\n", head, pair->left, pair->right, end,
                                      exchanged ? "right == left" : "left == right");
    IrProgram *p = ir_parse(arena, names_new(arena), text, &error);
    if (!p) printf("\n    %s: %s\n", pair->why, error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(p);
    ExactOptions how = {.seed = 1};
    return exact_check(arena, p, &p->checks.at[0], &how);
}

static void loops_are_compared_by_their_steps(void) {
    for (int i = 0; i < (int)(sizeof pairs / sizeof *pairs); i++) {
        for (int exchanged = 0; exchanged < 2; exchanged++) {
            Arena *arena = arena_new();
            ExactResult r = check(arena, &pairs[i], exchanged);
            if (r.verdict != pairs[i].expected)
                printf("\n    %s: verdict %d, expected %d (%s)", pairs[i].why, r.verdict, pairs[i].expected, r.why ? r.why : "");
            CU_ASSERT_EQUAL(r.verdict, pairs[i].expected);
            CU_ASSERT_TRUE(r.verdict != EXACT_EQUAL || r.assumption_count > 0);
            arena_free(arena);
        }
    }
}

void suite_exact_loops(void) {
    CU_pSuite suite = CU_add_suite("exact_loops", NULL, NULL);
    CU_add_test(suite, "loops are compared by their steps", loops_are_compared_by_their_steps);
}
