/* Derivatives of the exact engine: the derivative of a function in a random direction is the sum of its gradient, written out by
 * hand as other equations, times that direction, at all points; and no other gradient does as well. */
#include <CUnit/Basic.h>
#include <string.h>

#include "exact/evaluate.h"

void suite_exact_dual(void);

typedef struct Case {
    const char *f;          /* of x[t], y[t], a, b; t has three points, j runs over them too */
    const char *x, *y, *a, *b; /* its gradient; NULL: zero */
    const char *items;      /* equations before, or NULL */
} Case;

static const char scan[] = "scan t {\n  alg m[t] along t init b = a * prev(m[t]) + x[t]\n}\n";
static const char gated[] = "scan t {\n  alg m[t] along t init 0 = sigmoid(y[t]) * prev(m[t]) + x[t]\n}\n";
static const char back[] = "scan t {\n  alg m[t] along t init 1 = a * prev(m[t], 2) + x[t]\n}\n";
static const char online[] = "scan t {\n  alg m[t] along t init 0 = max(prev(m[t]), x[t])\n"
                             "  alg l[t] along t init 0 = prev(l[t]) * exp(prev(m[t]) - m[t]) + exp(x[t] - m[t])\n"
                             "  alg u[t] along t init 0 = prev(u[t]) * exp(prev(m[t]) - m[t]) + exp(x[t] - m[t]) * y[t]\n}\n";
static const char loop[] = "fix 50 until 1e-9 {\n  alg r[t] init 0 = tanh(a * prev(r[t]) + sum(j) x[j] * prev(r[j]) + y[t])\n}\n"
                           "alg again[t] = 2 * sigmoid(2 * (y[t] + (sum(j) r[j] * x[j]) + a * r[t])) - 1\n";
static const char loops[] = "fix 50 until 1e-9 {\n  alg r[t] init 0 = tanh(a * prev(r[t]) + y[t])\n}\n"
                            "fix 50 until 1e-9 {\n  alg s[t] init 0 = 2 * sigmoid(2 * (y[t] + prev(s[t]) * a)) - 1\n}\n";

#define P "(exp(x[t]) / (sum(j) exp(x[j])))"
#define MEAN "((sum(j) exp(x[j]) * y[j]) / (sum(j) exp(x[j])))"
#define NORM "sqrt(sum(j) x[j] * x[j])"

static const Case cases[] = {
    /* polynomials and quotients */
    {.f = "a", .a = "1"},
    {.f = "a^7 * b^3 - 5 * a + 2", .a = "7 * a^6 * b^3 - 5", .b = "3 * a^7 * b^2"},
    {.f = "-(a - b)^2", .a = "-2 * a + 2 * b", .b = "2 * a - 2 * b"},
    {.f = "(a + 1) / (b - 2)", .a = "1 / (b - 2)", .b = "-(a + 1) / (b - 2)^2"},
    {.f = "1 / (1 / a)", .a = "1"},
    {.f = "a / (a + b) + b / (a + b)"},
    {.f = "a^-3", .a = "-3 / a^4"},
    {.f = "a^0 + b^1", .b = "1"},
    {.f = "0.1 * a + a / 3", .a = "13 / 30"},
    {.f = "sum(t) x[t] * y[t]", .x = "y[t]", .y = "x[t]"},
    {.f = "sum(t, j where j <= t) x[j] * y[t]", .x = "sum(j where t <= j) y[j]", .y = "sum(j where j <= t) x[j]"},
    {.f = "sum(t where t <= 1) x[t]^2 * y[0]", .x = "select(position(t) <= 1, 2 * x[t] * y[0], 0)",
     .y = "select(position(t) == 0, sum(j where j <= 1) x[j] * x[j], 0)"},
    /* exponentials, logarithms, roots */
    {.f = "exp(a * b)", .a = "b * exp(a * b)", .b = "a * exp(a * b)"},
    {.f = "exp(exp(a) + b)", .a = "exp(a) * exp(exp(a) + b)", .b = "exp(b) * exp(exp(a))"},
    {.f = "exp(a / 3)^3", .a = "exp(a)"},
    {.f = "log(a)", .a = "1 / a"},
    {.f = "log(1 + exp(a))", .a = "sigmoid(a)"},
    {.f = "exp(3 * log(a))", .a = "3 * a^2"},
    {.f = "sqrt(a^2 + b^2)", .a = "a / sqrt(a^2 + b^2)", .b = "b / sqrt(a^2 + b^2)"},
    {.f = "a^1.5", .a = "1.5 * sqrt(a)"},
    {.f = "a^-0.5", .a = "-1 / (2 * a * sqrt(a))"},
    {.f = "sqrt(2) * sqrt(a)", .a = "1 / sqrt(2 * a)"},
    {.f = "sum(t) y[t] * x[t] / " NORM, .x = "y[t] / " NORM " - x[t] * (sum(j) x[j] * y[j]) / " NORM "^3", .y = "x[t] / " NORM},
    /* saturating functions, softmax */
    {.f = "sigmoid(a * b)", .a = "b * sigmoid(a * b) * sigmoid(-a * b)", .b = "a * (sigmoid(a * b) - sigmoid(a * b)^2)"},
    {.f = "tanh(a)", .a = "4 / (exp(a) + exp(-a))^2"},
    {.f = "a * sigmoid(a)", .a = "sigmoid(a) * (1 + a * sigmoid(-a))"},
    {.f = MEAN, .x = P " * (y[t] - " MEAN ")", .y = P},
    {.f = "(sum(t) exp(x[t] - amax(j) x[j]) * y[t]) / (sum(t) exp(x[t] - amax(j) x[j]))", .x = P " * (y[t] - " MEAN ")", .y = P},
    {.f = "amax(j) x[j] + log(sum(t) exp(x[t] - amax(j) x[j]))", .x = P},
    /* signs and maxima */
    {.f = "relu(a * b)", .a = "b * (0 < a * b)", .b = "select(0 < a * b, a, 0)"},
    {.f = "abs(a) * b", .a = "b * abs(a) / a", .b = "abs(a)"},
    {.f = "relu(a) - relu(-a)", .a = "1"},
    {.f = "max(a, b)", .a = "(b < a)", .b = "1 - (b < a)"},
    {.f = "min(a, 2 * b)", .a = "1 - (2 * b < a)", .b = "2 * (2 * b < a)"},
    {.f = "select(a < b, a^2, b^2)", .a = "2 * a * (a < b)", .b = "select(a < b, 0, 2 * b)"},
    {.f = "amax(t) (x[t] * y[t]) - amax(j) (y[j] * x[j])"},
    /* functions that are known by name, and their derivatives */
    {.f = "sin(a * b)", .a = "b * cos(a * b)", .b = "a * cos(-a * b)"},
    {.f = "cos(a)^2", .a = "-2 * cos(a) * sin(a)"},
    {.f = "erf(a) * exp(a^2) - erf(3 * a) * exp(9 * a^2) / 3", .a = "2 * a * erf(a) * exp(a^2) - 6 * a * erf(3 * a) * exp(9 * a^2)"},
    {.f = "gelu(a) - 0.5 * a * (1 + erf(a / sqrt(2)))"},
    {.f = "gelu(a) - gelu(-a)", .a = "1"},
    /* scans */
    {.f = "m[last]", .items = scan, .x = "select(position(t) == 2, 1, select(position(t) == 1, a, a * a))",
     .a = "x[1] + 2 * a * x[0] + 3 * a^2 * b", .b = "a^3"},
    {.f = "sum(t) m[t]", .items = gated, 
     .x = "1 + select(position(t) == 2, 0, select(position(t) == 1, sigmoid(y[2]), sigmoid(y[1]) * (1 + sigmoid(y[2]))))",
     .y = "select(position(t) == 0, 0, sigmoid(y[t]) * sigmoid(-y[t]) * "
          "select(position(t) == 1, x[0] * (1 + sigmoid(y[2])), x[1] + sigmoid(y[1]) * x[0]))"},
    {.f = "m[last]", .items = back, .x = "select(position(t) == 1, 0, select(position(t) == 0, a, 1))", .a = "x[0] + 2 * a"},
    {.f = "u[last] / l[last]", .items = online, .x = P " * (y[t] - " MEAN ")", .y = P},
    /* loops that settle: what follows from the equation */
    {.f = "sum(t) y[t] * (r[t] - again[t])", .items = loop},
    {.f = "sum(t) (r[t] - s[t])", .items = loops},
};

enum { INPUTS = 4 };
static const char *const inputs[INPUTS] = {"x", "y", "a", "b"};

static const char *gradient(const Case *c, int i) {
    const char *const all[INPUTS] = {c->x, c->y, c->a, c->b};
    return all[i] ? all[i] : "0";
}

typedef struct Run {
    Arena *arena;
    IrProgram *p;
    Trial *t;
} Run;

static Run start(const Case *c, const char *twist, int twisted, bool maxima) {
    Run r = {.arena = arena_new()};
    char *error, *text = arena_printf(r.arena, "program dual core\naxis t : const(3)\naxis j : copy(t)\nstimulus x[t]\nstimulus y[t]\n"
                                      "weight a\nweight b\n%salg f = %s\n", c->items ? c->items : "", c->f);
    for (int i = 0; i < INPUTS; i++)
        text = arena_printf(r.arena, "%salg d%s%s = (%s)%s\n", text, inputs[i], i < 2 ? "[t]" : "", gradient(c, i),
                            i == twisted ? twist : "");
    r.p = ir_parse(r.arena, names_new(r.arena), arena_printf(r.arena, "%soutput f = f\n", text), &error);
    if (!r.p) printf("\n    %s: %s\n", c->f, error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(r.p);
    int64_t *size = ARENA_ARRAY(r.arena, int64_t, r.p->axes.count);
    for (int i = 0; i < r.p->axes.count; i++) size[i] = 3;
    TrialShape shape = {.size = size, .primes = 16, .each = 4, .exponents = {.denominator = BASIS_DENOMINATOR}, .maxima = maxima,
                        .seed = 7};
    r.t = trial_new(r.p, &shape);
    return r;
}

static void end(Run *r) {
    trial_free(r->t);
    arena_free(r->arena);
}

/* sum of the gradient times the direction */
static const Value *directional(Run *r) {
    Points *m = trial_points(r->t);
    const Value *sum = value_integer(m, 0);
    for (int i = 0; i < INPUTS; i++) {
        const IrVar *v = ir_find_var(r->p, inputs[i]), *d = ir_find_var(r->p, arena_printf(r->arena, "d%s", inputs[i]));
        for (int64_t at = 0; at < (v->axis_count ? 3 : 1); at++) {
            const Value *slope = trial_value(r->t, d, &at), *moved = trial_tangent(r->t, v, &at);
            if (!slope || !moved) return NULL;
            sum = value_add(m, sum, value_mul(m, slope, moved));
        }
    }
    return sum;
}

static void move(Run *r, int from, int to) {
    const IrVar *moving[INPUTS];
    for (int i = from; i < to; i++) moving[i - from] = ir_find_var(r->p, inputs[i]);
    trial_differentiate(r->t, moving, to - from);
}

static bool agrees(Run *r, const char *f) {
    const Value *tangent = trial_tangent(r->t, ir_find_var(r->p, "f"), NULL), *expected = directional(r);
    if (!tangent || !expected) printf("\n    %s: undecided, %s", f, trial_why(r->t));
    CU_ASSERT_PTR_NOT_NULL_FATAL(tangent);
    CU_ASSERT_PTR_NOT_NULL_FATAL(expected);
    const Value *difference = value_sub(trial_points(r->t), tangent, expected);
    for (int i = 0; i < trial_points(r->t)->count; i++) {
        bool zero = !difference->re[i] && !(difference->im && difference->im[i]);
        if (!trial_points(r->t)->dead[i] && !zero && !value_leaves_squares(trial_points(r->t), difference, i)) return false;
    }
    return true;
}

static bool opaque_maxima(const Case *c) {
    return c->items == online;
}

static void gradients_agree(void) {
    for (int i = 0; i < (int)(sizeof cases / sizeof *cases); i++) {
        Run r = start(&cases[i], NULL, -1, opaque_maxima(&cases[i]));
        move(&r, 0, INPUTS);
        bool all = agrees(&r, cases[i].f);
        move(&r, 0, 2); /* data alone, then weights alone: other directions of the same trial */
        bool data = agrees(&r, cases[i].f);
        move(&r, 2, INPUTS);
        bool weights = agrees(&r, cases[i].f);
        if (!all || !data || !weights) printf("\n    %s: another derivative (%d %d %d)", cases[i].f, all, data, weights);
        CU_ASSERT_TRUE(all && data && weights);
        end(&r);
    }
}

/* Each part of each gradient, changed a little. */
static void other_gradients_do_not(void) {
    static const char *const twists[] = {" * 1.000001", " + 0.000000001", " * (1 + a)", " + x[0] * y[1]"};
    int tried = 0;
    for (int i = 0; i < (int)(sizeof cases / sizeof *cases); i++) {
        for (int k = 0; k < INPUTS * 4; k++) {
            const char *twist = twists[k / INPUTS];
            if (strcmp(gradient(&cases[i], k % INPUTS), "0") == 0 && twist[1] == '*') continue; /* zero all the same */
            Run r = start(&cases[i], twist, k % INPUTS, opaque_maxima(&cases[i]));
            move(&r, 0, INPUTS);
            bool same = agrees(&r, cases[i].f);
            if (same) printf("\n    %s: derivative by %s%s is accepted", cases[i].f, inputs[k % INPUTS], twist);
            CU_ASSERT_FALSE(same);
            tried++;
            end(&r);
        }
    }
    CU_ASSERT_TRUE(tried > 400);
}

/* Signs are kept: near-gradients that agree for some signs only. */
static void pieces_are_told_apart(void) {
    static const Case wrong[] = {
        {.f = "relu(a)", .a = "1"}, {.f = "abs(a)", .a = "1"}, {.f = "max(a, b)", .a = "(a < b)", .b = "1 - (a < b)"},
        {.f = "relu(a) * relu(b)", .a = "relu(b)", .b = "relu(a) * (0 < b)"}, {.f = "select(a < b, a^2, b)", .a = "2 * a", .b = "1 - (a < b)"},
        {.f = "sqrt(a^2)", .a = "1"}, {.f = "log(a^2)", .a = "1 / a"}, {.f = "sin(a)", .a = "-cos(a)"}, {.f = "cos(a)", .a = "sin(a)"},
        {.f = "tanh(a)", .a = "1 - tanh(a)"}, {.f = "exp(a^2)", .a = "exp(a^2)"}, {.f = "m[last]", .items = scan, .x = "1"},
        {.f = "amax(t) x[t]", .x = "1"},
    };
    for (int i = 0; i < (int)(sizeof wrong / sizeof *wrong); i++) {
        Run r = start(&wrong[i], NULL, -1, false);
        move(&r, 0, INPUTS);
        bool same = agrees(&r, wrong[i].f);
        if (same) printf("\n    %s: a wrong derivative is accepted", wrong[i].f);
        CU_ASSERT_FALSE(same);
        end(&r);
    }
}

/* Degrees bound what they stand for: of a polynomial's derivative they are exact. */
static void degrees_are_kept(void) {
    static const struct { const char *f; double numerator, denominator, bits; } known[] = {
        {"a^7 * b^3", 10, 0, 3}, {"a + b", 1, 0, 1}, {"1 / a", 1, 2, 0}, {"a * exp(b)", BASIS_DENOMINATOR + 2, 0, 1},
        {"sum(t) x[t]^2 * y[t]", 3, 0, 3},
    };
    for (int i = 0; i < (int)(sizeof known / sizeof *known); i++) {
        Run r = start(&(Case){.f = known[i].f}, NULL, -1, false);
        move(&r, 0, INPUTS);
        const Value *v = trial_tangent(r.t, ir_find_var(r.p, "f"), NULL);
        CU_ASSERT_PTR_NOT_NULL_FATAL(v);
        Degree d = degree_of(trial_points(r.t)->degrees, v->degree);
        if (d.numerator < known[i].numerator || d.numerator > known[i].numerator + 1 || d.denominator < known[i].denominator)
            printf("\n    %s: degree %g / %g", known[i].f, d.numerator, d.denominator);
        CU_ASSERT_TRUE(d.numerator >= known[i].numerator && d.numerator <= known[i].numerator + 1);
        CU_ASSERT_TRUE(d.denominator >= known[i].denominator && d.denominator <= known[i].denominator + 1);
        CU_ASSERT_TRUE(d.bits >= known[i].bits);
        end(&r);
    }
}

/* Behind a cut, derivatives are free, and what does not move stays at rest. */
static void cuts_move_freely(void) {
    Run r = start(&(Case){.f = "h^2 * b", .items = "alg h = a * a\nalg k = a^2\nalg g = k * (k * b)\nalg rest = b + 1\n"}, NULL, -1, false);
    const IrVar *h = ir_find_var(r.p, "h"), *k = ir_find_var(r.p, "k"), *a = ir_find_var(r.p, "a");
    const IrVar *g = ir_find_var(r.p, "g"), *rest = ir_find_var(r.p, "rest"), *f = ir_find_var(r.p, "f");
    Points *m = trial_points(r.t);
    move(&r, 2, 3);
    const Value *known = value_mul(m, value_mul(m, value_integer(m, 2), trial_value(r.t, a, NULL)), trial_tangent(r.t, a, NULL));
    CU_ASSERT_TRUE(value_equal(m, trial_tangent(r.t, h, NULL), known));
    trial_cut(r.t, h, h, NULL);
    trial_cut(r.t, k, h, NULL);
    CU_ASSERT_FALSE(value_equal(m, trial_tangent(r.t, h, NULL), known));
    CU_ASSERT_TRUE(value_equal(m, trial_tangent(r.t, h, NULL), trial_tangent(r.t, k, NULL)));
    CU_ASSERT_TRUE(value_equal(m, trial_tangent(r.t, f, NULL), trial_tangent(r.t, g, NULL)));
    CU_ASSERT_TRUE(value_is_zero(m, trial_tangent(r.t, rest, NULL)));
    CU_ASSERT_FALSE(value_is_zero(m, trial_tangent(r.t, f, NULL)));
    end(&r);
}

void suite_exact_dual(void) {
    CU_pSuite suite = CU_add_suite("exact_dual", NULL, NULL);
    CU_add_test(suite, "gradients written by hand agree", gradients_agree);
    CU_add_test(suite, "other gradients do not", other_gradients_do_not);
    CU_add_test(suite, "pieces are told apart", pieces_are_told_apart);
    CU_add_test(suite, "degrees are kept", degrees_are_kept);
    CU_add_test(suite, "cuts move freely", cuts_move_freely);
}
