/* Labels that equations compare with positions: sides that differ at single values of a label only are not equal, and what holds at each
 * value and at none of them is, without an assumption. */
#include <CUnit/Basic.h>
#include <string.h>

#include "exact/exact.h"

void suite_exact_labels(void);

typedef struct Pair {
    ExactVerdict expected;
    const char *left, *right, *cases, *why; /* l, k: labels; x[d], d of four points; z[t], t of up to 5 */
} Pair;

static const Pair pairs[] = {
    {EXACT_UNEQUAL, "sum(d) (l == position(d)) * x[d]", "0", "", "a label that is a class"},
    {EXACT_UNEQUAL, "sum(d) (l == position(d)) * x[d]", "sum(d) (l == position(d) + 1) * x[d]", "", "another class"},
    {EXACT_UNEQUAL, "(l == 2) * x[0]", "(l == 1) * x[0]", "", "a number"},
    {EXACT_UNEQUAL, "(l == 2) * (k == 1) * x[0]", "0", "", "two labels"},
    {EXACT_UNEQUAL, "select(l == 3, x[0], x[1])", "x[1]", "", "one branch"},
    {EXACT_UNEQUAL, "sum(d) (l == position(d))", "1", "", "a label that is none"},
    {EXACT_UNEQUAL, "sum(t) (position(t) == l) * z[t]", "(l == 0) * z[0]", "", "a class that is there at longer shapes"},
    {EXACT_EQUAL, "sum(d) (l == position(d)) * x[d] * position(d)", "l * (sum(e) (position(e) == l) * x[e])", "l 0 to 3, and none of these",
     "a label is the class that it is"},
    {EXACT_EQUAL, "select(l == 2, x[2], x[0])", "x[0] + (2 == l) * (x[2] - x[0])", "l 2, and none of these", "a choice"},
    {EXACT_EQUAL, "(l == 5) * l * (k == -1) * k", "-5 * (l == 5) * (k == -1)", "l 5, and none of these; k -1, and none of these", "two labels"},
    {EXACT_EQUAL, "(sum(d) (l == position(d))) * l * (l - 1) * (l - 2) * (l - 3)", "0", "l 0 to 3, and none of these", "all classes"},
    {EXACT_EQUAL, "sum(t) (position(t) == l) * z[t]", "sum(t) z[t] * (l == position(t))", "l 0 to 4, and none of these", "a bounded axis"},
    {EXACT_EQUAL, "l + k", "k + l", "", "compared with nothing"},
    {EXACT_EQUAL, "(l == 0.5) * x[0]", "x[0] * (l == 0.5)", "", "no whole number: an assumption"},
    {EXACT_EQUAL, "sum(d, e) (l == 10 * position(d) + position(e)) * (k == position(e)) * x[d]",
     "sum(d, e) x[d] * (k == position(e)) * (l == 10 * position(d) + position(e))",
     "l 0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23, 30, 31, 32, 33, and none of these; k 0 to 3, and none of these", "too many cases: an assumption"},
    {EXACT_EQUAL, "sum(d, e) (z[0] == position(d)) * (z[0] == position(e)) * x[d] * x[e]", "sum(d) (z[0] == position(d)) * x[d] ^ 2",
     "z 0 to 3, and none of these", "a label of a list: an assumption"},
    {EXACT_UNEQUAL, "sum(t, d) (z[t] == position(d)) * x[d]", "sum(t) (z[t] == 1) * x[1]", "", "a label for each token"},
    {EXACT_EQUAL, "select(z[0] == 2, x[1], x[0] / (z[0] - 2))", "select(z[0] == 2, 0, 1) * x[0] / (z[0] - 2 + (z[0] == 2)) + (z[0] == 2) * x[1]",
     "z 2, and none of these", "what is divided by is zero in one case: an assumption"},
    {EXACT_UNEQUAL, "sum(d, e) (l == 10 * position(d) + position(e)) * (k == position(e)) * x[d]", "0", "", "too many cases, of which one counts"},
};

static ExactResult check(Arena *arena, const Pair *pair) {
    static const char head[] = "program labels core\naxis d : const(4)\naxis e : copy(d)\naxis t : bounded(5)\nstimulus x[d]\nstimulus z[t]\n"
                               "stimulus l\nstimulus k\n";
    char *error, *text = arena_printf(arena, "%salg left = %s\nalg right = %s\noutput y = left\ncheck \"labels\" : left == right\n", head,
                                      pair->left, pair->right);
    IrProgram *p = ir_parse(arena, names_new(arena), text, &error);
    if (!p) printf("\n    %s: %s\n", pair->why, error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(p);
    ExactOptions how = {.seed = 1};
    return exact_check(arena, p, &p->checks.at[0], &how);
}

static void each_value_is_a_case(void) {
    for (int i = 0; i < (int)(sizeof pairs / sizeof *pairs); i++) {
        Arena *arena = arena_new();
        ExactResult r = check(arena, &pairs[i]);
        bool compared = strstr(pairs[i].left, "==") != NULL, assumed = strstr(pairs[i].why, "assumption") != NULL;
        if (r.verdict != pairs[i].expected) printf("\n    %s: verdict %d (%s)", pairs[i].why, r.verdict, r.why ? r.why : "");
        CU_ASSERT_EQUAL(r.verdict, pairs[i].expected);
        if (r.verdict == EXACT_EQUAL) {
            CU_ASSERT_STRING_EQUAL(r.cases, pairs[i].cases);
            CU_ASSERT_EQUAL(r.assumption_count > 0, compared && assumed);
        }
        arena_free(arena);
    }
}

/* Where the sides differ, the label at which they do. */
static void the_value_is_named(void) {
    Arena *arena = arena_new();
    ExactResult r = check(arena, &(Pair){.left = "(l == 7) * x[1]", .right = "0"});
    CU_ASSERT_EQUAL_FATAL(r.verdict, EXACT_UNEQUAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.why, "l = 7"));
    arena_free(arena);
}

void suite_exact_labels(void) {
    CU_pSuite suite = CU_add_suite("exact_labels", NULL, NULL);
    CU_add_test(suite, "each value is a case", each_value_is_a_case);
    CU_add_test(suite, "the value is named", the_value_is_named);
}
