/* Pairs built to fool a weak checker, each with the verdict that is right: the exact engine says whether the sides are equal, and
 * "differs" needs an input in real numbers at which they are apart. A pair that is equal in fact and cannot be decided is listed
 * as undecided: that is a loss, never a wrong verdict. */
#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

#include "report/verdict.h"

typedef struct Attack {
    Verdict expected;
    const char *left, *right, *why;
} Attack;

#define EQUAL VERDICT_EQUAL
#define DIFFERS VERDICT_DIFFERS
#define UNDECIDED VERDICT_UNDECIDED

/* x y z are data over t, W V over d, c e weights without axes; j k are copies of t, f a copy of d. */
static const Attack attacks[] = {
    /* exponents */
    {EQUAL, "exp(x[t] + y[t])", "exp(x[t]) * exp(y[t])", "exp of a sum"},
    {EQUAL, "exp(x[t] - y[t])", "exp(x[t]) / exp(y[t])", "exp of a difference"},
    {EQUAL, "exp(3 * x[t])", "exp(x[t]) ^ 3", "a multiple"},
    {EQUAL, "exp(x[t] / 2) ^ 2", "exp(x[t])", "half of an exponent"},
    {EQUAL, "exp(x[t] / 3) * exp(x[t] / 6)", "exp(x[t] / 2)", "fractions of an exponent"},
    {EQUAL, "exp(x[t] * (y[t] + z[t]))", "exp(x[t] * y[t]) * exp(x[t] * z[t])", "a relation that only the values show"},
    {EQUAL, "exp((x[t] + y[t]) ^ 2)", "exp(x[t] ^ 2) * exp(2 * x[t] * y[t]) * exp(y[t] ^ 2)", "a relation between three products"},
    {EQUAL, "exp(exp(x[t]) + exp(y[t]))", "exp(exp(x[t])) * exp(exp(y[t]))", "nested exponentials"},
    {EQUAL, "exp(exp(exp(x[t])))", "exp(exp(exp(x[t] + y[t] - y[t])))", "depth three"},
    {EQUAL, "exp(0.5 * x[t])", "sqrt(1) * exp(x[t] / 4) * exp(x[t] / 4)", "decimals are rationals"},
    {EQUAL, "exp(x[t]) * exp(1)", "exp(x[t] + 1)", "e is a number"},
    {DIFFERS, "exp(exp(x[t]))", "exp(x[t]) ^ 2", "nested is no square"},
    {DIFFERS, "exp(exp(x[t]))", "exp(x[t])", "nested once too often"},
    {DIFFERS, "exp(x[t] + y[t])", "exp(x[t]) + exp(y[t])", "exp of a sum is no sum"},
    {DIFFERS, "exp(x[t]) ^ 166", "exp(x[t])", "exponents that agree modulo 83 and 165, a fixed small field"},
    {DIFFERS, "exp(83 * x[t])", "1 + 0 * x[t]", "an exponent that is a multiple of a small q"},
    {DIFFERS, "exp(x[t] * 1.000000001)", "exp(x[t])", "an exponent off by 1e-9"},
    {DIFFERS, "exp(x[t]) * 2.718281828459045", "exp(x[t] + 1.0001)", "e is not its decimal"},
    {DIFFERS, "exp(x[t] * y[t])", "exp(x[t]) ^ 2", "a product of data is no constant"},
    {DIFFERS, "exp(2 * x[t])", "1 + 2 * x[t] + 2 * x[t] ^ 2", "a truncated series"},
    {DIFFERS, "exp(x[t] ^ 2)", "exp(x[t]) ^ 2", "square of the argument"},
    /* rational functions */
    {EQUAL, "(x[t] ^ 2 - y[t] ^ 2) / (x[t] - y[t])", "x[t] + y[t]", "a removable singularity"},
    {EQUAL, "1 / (1 / x[t])", "x[t]", "twice inverted"},
    {EQUAL, "x[t] / y[t] + z[t] / y[t]", "(x[t] + z[t]) / y[t]", "a common denominator"},
    {UNDECIDED, "x[t] / (y[t] - y[t])", "x[t] / (z[t] - z[t])", "0 / 0 everywhere"},
    {UNDECIDED, "(x[t] - x[t]) / (y[t] - y[t])", "1 + 0 * x[t]", "0 / 0 against a number"},
    {DIFFERS, "x[t] * 1.000000001", "x[t]", "a constant off by 1e-9"},
    {DIFFERS, "0.1 * x[t] + 0.2 * x[t]", "0.30000000001 * x[t]", "decimals are what they say"},
    {EQUAL, "0.1 * x[t] + 0.2 * x[t]", "0.3 * x[t]", "and add up"},
    {DIFFERS, "x[t] ^ 3 / 3", "x[t] ^ 2 / 2", "degrees"},
    {DIFFERS, "x[t] * y[t] - y[t] * z[t]", "x[t] * y[t] - x[t] * z[t]", "one factor of four"},
    /* constants and fixed primes */
    {DIFFERS, "x[t] * 2305843009213693951", "0 * x[t]", "a multiple of the Mersenne prime 2^61 - 1"},
    {DIFFERS, "x[t] * 167", "0 * x[t]", "a multiple of a small prime"},
    {DIFFERS, "x[t] ^ 167", "x[t]", "Fermat's little theorem modulo 167"},
    {DIFFERS, "x[t] ^ 83", "x[t]", "and modulo 83"},
    {DIFFERS, "x[t] * 1000000007 * 998244353", "0 * x[t]", "a product of well-known primes"},
    /* shapes */
    {DIFFERS, "sum(j where j <= 3) x[j]", "sum(j) x[j]", "equal for at most four tokens"},
    {DIFFERS, "sum(j where j - t <= 4) x[j]", "sum(j) x[j]", "a term that vanishes for at most five tokens"},
    {DIFFERS, "sum(j) x[j] / size(t)", "x[t]", "equal for one token only"},
    {DIFFERS, "sum(j) x[j]", "sum(j) x[t]", "equal for one token only"},
    {DIFFERS, "sum(j where j <= t) x[j]", "sum(j where t - j <= 1) x[j] - sum(j where t - j <= -1) x[j]", "equal for two tokens"},
    {EQUAL, "sum(j) x[t]", "size(t) * x[t]", "the number of tokens"},
    {EQUAL, "sum(j where j <= t) x[j]", "sum(j) x[j] - sum(j where t - j <= -1) x[j]", "a sum split in two"},
    {DIFFERS, "sum(j where j <= t) x[j]", "sum(j) x[j] - sum(j where t - j <= 0) x[j]", "split one off"},
    {DIFFERS, "sum(d) sum(f) W[d] * W[f]", "sum(d) W[d] * W[d]", "axis summed twice against once"},
    {EQUAL, "sum(d) sum(f) W[d] * V[f]", "(sum(d) W[d]) * (sum(d) V[d])", "a product of sums"},
    {DIFFERS, "select(position(t) <= 16, x[t], y[t])", "x[t]", "another branch at the eighteenth token alone"},
    {EQUAL, "select(position(t) < 1, x[t], x[t])", "x[t]", "both branches the same"},
    /* roots */
    {EQUAL, "sqrt(x[t]) ^ 2", "x[t]", "a root squared, where the root exists"},
    {EQUAL, "1 / sqrt(2)", "sqrt(2) / 2", "a number's root"},
    {EQUAL, "sqrt(32) * x[t]", "4 * sqrt(2) * x[t]", "roots of numbers"},
    {EQUAL, "sqrt(x[t] ^ 2)", "abs(x[t])", "the root is not negative"},
    {EQUAL, "sqrt(x[t]) * sqrt(y[t])", "sqrt(x[t] * y[t])", "where all roots exist"},
    {DIFFERS, "sqrt(x[t] ^ 2)", "x[t]", "equal only for positive inputs"},
    {DIFFERS, "sqrt(x[t] ^ 2 + y[t] ^ 2)", "x[t] + y[t]", "the root of a sum"},
    {DIFFERS, "sqrt(2) * x[t]", "1.4142135623 * x[t]", "a root is not its decimal"},
    {DIFFERS, "sqrt(x[t] ^ 2 + 1)", "abs(x[t]) + 1", "the root of a sum"},
    {DIFFERS, "sqrt(4 * x[t] ^ 2)", "4 * abs(x[t])", "a factor under the root"},
    /* signs */
    {EQUAL, "relu(x[t]) - relu(-x[t])", "x[t]", "both halves"},
    {EQUAL, "relu(1.5 * x[t])", "1.5 * relu(x[t])", "a positive factor"},
    {EQUAL, "max(x[t], y[t]) + min(x[t], y[t])", "x[t] + y[t]", "the two of them"},
    {EQUAL, "abs(x[t] * y[t])", "abs(x[t]) * abs(y[t])", "a product of signs"},
    {EQUAL, "relu(relu(x[t]))", "relu(x[t])", "once is enough"},
    {EQUAL, "relu(x[t]) * relu(-x[t])", "0 * x[t]", "never both"},
    {EQUAL, "relu(53 * x[t])", "53 * relu(x[t])", "a factor that is no small prime"},
    {DIFFERS, "relu(53 * x[t]) * relu(x[t])", "0 * x[t]", "zero where 53 is no square"},
    {DIFFERS, "relu(x[t])", "x[t]", "equal for positive inputs"},
    {DIFFERS, "relu(-2 * x[t])", "-2 * relu(x[t])", "a negative factor"},
    {DIFFERS, "abs(x[t] + y[t])", "abs(x[t]) + abs(y[t])", "a sum of signs"},
    {EQUAL, "abs(x[t] - x[t]) + abs(y[t])", "abs(y[t] - y[t]) + abs(-y[t])", "signs of what is zero everywhere"},
    {EQUAL, "max(x[t], x[t]) + max(y[t], 0)", "x[t] + relu(y[t])", "and a maximum of one and the same"},
    {DIFFERS, "relu(x[t] - x[t]) + abs(y[t])", "relu(y[t] - y[t]) + y[t]", "one of several signs is always zero"},
    {DIFFERS, "relu(x[t]) * relu(y[t]) * relu(z[t])", "0 * x[t]", "one of eight sign patterns"},
    {DIFFERS, "relu(x[t]) * relu(y[t])", "relu(x[t] * y[t])", "differs where both are negative"},
    {DIFFERS, "relu(x[t] - 0.000001)", "relu(x[t])", "a small threshold"},
    {DIFFERS, "max(x[t], y[t])", "x[t]", "the first of two"},
    {UNDECIDED, "relu(x[t] ^ 2 + y[t] ^ 2)", "x[t] ^ 2 + y[t] ^ 2", "a sum of squares is positive: no notion of a field"},
    {EQUAL, "exp(min(x[t], 0)) + relu(x[t])", "select(x[t] <= 0, exp(x[t] * (x[t] <= 0)), x[t] + 1)", "an exponent that is zero half the time"},
    /* maxima */
    {EQUAL, "(sum(j) exp(x[j] - amax(k) x[k]) * y[j]) / (sum(j) exp(x[j] - amax(k) x[k]))",
     "(sum(j) exp(x[j]) * y[j]) / (sum(j) exp(x[j]))", "a maximum that cancels"},
    {DIFFERS, "sum(j) exp(x[j] - amax(k) x[k])", "sum(j) exp(x[j])", "a maximum that does not"},
    {EQUAL, "amax(j) x[j]", "amax(k) x[k]", "the same set"},
    {DIFFERS, "amax(j) x[j]", "amax(j) y[j]", "another set"},
    {DIFFERS, "amax(j) x[j]", "sum(j) x[j]", "a maximum is no sum"},
    {UNDECIDED, "amax(j) (x[j] + y[t])", "amax(j) x[j] + y[t]", "a maximum is opaque"},
    /* logarithms */
    {EQUAL, "log(exp(x[t]))", "x[t]", "inverse"},
    {EQUAL, "exp(3 * log(x[t]))", "x[t] ^ 3", "a power, where the logarithm exists"},
    {EQUAL, "exp(log(x[t]) / 2)", "sqrt(x[t])", "half a logarithm"},
    {EQUAL, "exp(log(x[t]) + log(y[t]))", "x[t] * y[t]", "a product of logarithms"},
    {DIFFERS, "log(x[t] ^ 2)", "log(x[t] ^ 2) * 1.001", "a factor of a logarithm"},
    {DIFFERS, "log(1 + exp(x[t]))", "x[t]", "softplus is no identity"},
    {DIFFERS, "exp(log(x[t] ^ 2) / 2)", "x[t]", "the logarithm of a negative number"},
    /* functions that are known by name only */
    {EQUAL, "erf(-x[t])", "-erf(x[t])", "odd"},
    {EQUAL, "cos(x[t] - y[t])", "cos(y[t] - x[t])", "even"},
    {EQUAL, "gelu(x[t]) - gelu(-x[t])", "x[t]", "gelu's two halves"},
    {UNDECIDED, "sin(x[t]) ^ 2 + cos(x[t]) ^ 2", "1 + 0 * x[t]", "no identities of sine and cosine"},
    {DIFFERS, "erf(x[t])", "tanh(x[t])", "one sigmoid for another"},
    {DIFFERS, "gelu(x[t])", "x[t] * sigmoid(1.702 * x[t])", "an approximation"},
    {DIFFERS, "gelu(x[t])", "0.5 * x[t] * (1 + tanh(0.7978845608 * (x[t] + 0.044715 * x[t] ^ 3)))", "another approximation"},
    {EQUAL, "tanh(x[t])", "2 * sigmoid(2 * x[t]) - 1", "tanh by the logistic function"},
    {EQUAL, "tanh(x[t] + y[t])", "(tanh(x[t]) + tanh(y[t])) / (1 + tanh(x[t]) * tanh(y[t]))", "the addition theorem"},
    {EQUAL, "sigmoid(x[t]) + sigmoid(-x[t])", "1 + 0 * x[t]", "symmetry"},
    {DIFFERS, "sigmoid(x[t])", "0.5 + x[t] / 4", "the tangent"},
    {DIFFERS, "c * x[t]", "e * x[t]", "another weight"},
};

static const char *const prelude =
    "program attack core\naxis t : bounded(32)\naxis d : const(3)\naxis j : copy(t)\naxis k : copy(t)\naxis f : copy(d)\n"
    "stimulus x[t]\nstimulus y[t]\nstimulus z[t]\nweight W[d]\nweight V[d]\nweight c\nweight e\n";

static Verdict verdict(Arena *arena, const Attack *a) {
    char *error, *text = arena_printf(arena, "%salg l[t] = %s\nalg r[t] = %s\noutput l = l\noutput r = r\ncheck \"pair\" : l == r\n",
                                      prelude, a->left, a->right);
    IrProgram *p = ir_parse(arena, names_new(arena), text, &error);
    if (!p) printf("\n    %s == %s: %s\n", a->left, a->right, error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(p);
    ExactOptions how = {.seed = 1};
    ExactResult exact = exact_check(arena, p, &p->checks.at[0], &how);
    CheckInput in = {.source = p, .scheduled = p, .seed = 1, .arithmetic = ref_float64()};
    CheckReport *numeric = check_run(arena, &in);
    CheckFacts facts = {.check = &p->checks.at[0], .exact = &exact, .numeric = &numeric->result[0], .text = ""};
    return verdict_of(&facts);
}

static void every_attack_fails(void) {
    int count = (int)(sizeof attacks / sizeof *attacks), wrong = 0;
    CU_ASSERT_TRUE(count >= 60);
    for (int i = 0; i < count; i++) {
        Arena *arena = arena_new();
        Verdict found = verdict(arena, &attacks[i]);
        if (found != attacks[i].expected)
            printf("\n    %s == %s (%s): verdict %d, expected %d", attacks[i].left, attacks[i].right, attacks[i].why, found,
                   attacks[i].expected);
        wrong += found != attacks[i].expected;
        arena_free(arena);
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

void suite_exact_attacks(void);
void suite_exact_attacks(void) {
    CU_pSuite suite = CU_add_suite("exact_attacks", NULL, NULL);
    CU_add_test(suite, "pairs built to fool a weak checker get the right verdict", every_attack_fails);
}
