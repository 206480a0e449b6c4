/* Checks that leave a factor open, left == c * right for some c: what the exact engine finds, and that the numeric one agrees. */
#include <CUnit/Basic.h>

#include "report/verdict.h"

typedef struct Pair {
    Verdict expected;
    int64_t n, d; /* the factor; 0: none is found */
    const char *left, *right, *why;
} Pair;

/* x y are data over t, W over d, j k copies of t */
static const Pair pairs[] = {
    {VERDICT_EQUAL, 1, 1, "x[t] + y[t]", "y[t] + x[t]", "equal as they are"},
    {VERDICT_EQUAL, 1, 4, "sum(d) W[d] * x[t] / 4", "x[t] * (sum(d) W[d])", "a fraction"},
    {VERDICT_EQUAL, -21, 10, "-2.1 * x[t]", "x[t]", "a negative decimal"},
    {VERDICT_EQUAL, 99, 100, "0.99 * exp(x[t]) / exp(y[t])", "exp(x[t] - y[t])", "outside of exponentials"},
    {VERDICT_EQUAL, 2, 1, "relu(2 * x[t])", "relu(x[t])", "through a sign"},
    {VERDICT_EQUAL, 2, 1, "sqrt(4 * x[t] ^ 2)", "abs(x[t])", "through a root"},
    {VERDICT_EQUAL, 3, 1, "3 * sqrt(x[t]) * sqrt(y[t])", "sqrt(x[t] * y[t])", "where all roots exist"},
    {VERDICT_EQUAL, 7, 1, "7 * exp(x[t] * (y[t] + x[t]))", "exp(x[t] * y[t]) * exp(x[t] ^ 2)", "a relation that only the values show"},
    {VERDICT_EQUAL, 5, 3, "select(position(t) <= 0, 0, 5 * x[t])", "select(position(t) <= 0, 0, 3 * x[t])", "both sides begin with 0"},
    {VERDICT_EQUAL, 1, 1, "x[t] - x[t]", "y[t] - y[t]", "0 is any multiple of 0"},
    {VERDICT_DIFFERS, 0, 0, "0 * x[t]", "y[t]", "0 is no factor"},
    {VERDICT_DIFFERS, 0, 0, "x[t]", "0 * y[t]", "a multiple of 0"},
    {VERDICT_DIFFERS, 0, 0, "x[t]", "y[t]", "a ratio of data"},
    {VERDICT_DIFFERS, 0, 0, "sum(d) W[d] * x[t]", "x[t]", "a weight is no number"},
    {VERDICT_DIFFERS, 0, 0, "x[t] + 1", "x[t]", "a difference is no factor"},
    {VERDICT_DIFFERS, 0, 0, "sum(j) x[j] / size(t)", "sum(j) x[j]", "another factor at every length"},
    {VERDICT_DIFFERS, 0, 0, "x[t] * (1 + position(t))", "x[t]", "another factor at every position"},
    {VERDICT_DIFFERS, 0, 0, "2 * relu(x[t])", "x[t] + 0 * abs(x[t])", "a factor for positive inputs only"},
    {VERDICT_UNDECIDED, 0, 0, "exp(x[t] + 1)", "exp(x[t])", "e is no fraction"},
    {VERDICT_UNDECIDED, 0, 0, "sqrt(2) * x[t]", "x[t]", "nor is a root"},
};
enum { PAIRS = sizeof pairs / sizeof *pairs };

/* The factor on the right; `turned`: the sides exchanged, so that it stands on the left. */
static IrProgram *program(Arena *arena, const Pair *pair, bool turned) {
    const char *check = turned ? "c * r == l" : "l == c * r";
    char *error, *text = arena_printf(arena,
        "program factor core\naxis t : bounded(32)\naxis d : const(3)\naxis j : copy(t)\nstimulus x[t]\nstimulus y[t]\nweight W[d]\n"
        "alg l[t] = %s\nalg r[t] = %s\ncheck \"pair\" : %s for some c\n", pair->left, pair->right, check);
    IrProgram *p = ir_parse(arena, names_new(arena), text, &error);
    if (!p) printf("\n    %s == %s: %s\n", pair->left, pair->right, error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(p);
    return p;
}

static CheckReport *numeric(Arena *arena, const IrProgram *p, const double *factor) {
    CheckInput in = {.source = p, .scheduled = p, .seed = 1, .arithmetic = ref_float64(), .factor = factor};
    return check_run(arena, &in);
}

static void one_pair(Arena *arena, const Pair *pair, bool turned) {
    IrProgram *p = program(arena, pair, turned);
    ExactOptions how = {.seed = 1};
    ExactResult exact = exact_check(arena, p, &p->checks.at[0], &how);
    double known = exact.factor.d ? (double)exact.factor.n / (double)exact.factor.d : 0;
    CheckReport *told = numeric(arena, p, &known), *alone = numeric(arena, p, NULL);
    CheckFacts facts = {.check = &p->checks.at[0], .exact = &exact, .numeric = &told->result[0], .text = ""};
    bool right = verdict_of(&facts) == pair->expected && exact.factor.n == pair->n && exact.factor.d == pair->d;
    bool holds = pair->expected != VERDICT_DIFFERS; /* without being told, too */
    if (!right || (alone->result[0].verdict == CHECK_HOLDS) != holds)
        printf("\n    %s == c * %s (%s): verdict %d, factor %lld/%lld, numeric alone %d", pair->left, pair->right, pair->why,
               verdict_of(&facts), (long long)exact.factor.n, (long long)exact.factor.d, alone->result[0].verdict);
    CU_ASSERT(right);
    CU_ASSERT_EQUAL(alone->result[0].verdict == CHECK_HOLDS, holds);
}

static void factors_are_found(void) {
    for (int i = 0; i < PAIRS; i++)
        for (int turned = 0; turned < 2; turned++) {
            Arena *arena = arena_new();
            one_pair(arena, &pairs[i], turned);
            arena_free(arena);
        }
}

/* A number that does not fit is refused whoever says it. */
static void wrong_factor_is_refused(void) {
    Arena *arena = arena_new();
    double wrong = 0.2500001;
    CheckReport *r = numeric(arena, program(arena, &pairs[1], false), &wrong);
    CU_ASSERT_EQUAL(r->result[0].verdict, CHECK_DIFFERS);
    arena_free(arena);
}

void suite_exact_factor(void);
void suite_exact_factor(void) {
    CU_pSuite suite = CU_add_suite("exact_factor", NULL, NULL);
    CU_add_test(suite, "a rational factor is found where there is one", factors_are_found);
    CU_add_test(suite, "another number is refused", wrong_factor_is_refused);
}
