/* The printed probability: what it rests on is measured, and the shapes for which it suffices are those that are wanted. */
#include <CUnit/Basic.h>
#include <math.h>
#include <string.h>

#include "exact/characters.h"
#include "exact/evaluate.h"
#include "exact/exact.h"
#include "ir_text.h"

void suite_exact_bound(void);

/* ---- combinations of signs ------------------------------------------------------------------------------------------ */
enum { PRIMES = 64, EACH = 8 };

typedef struct Case {
    const char *function; /* not zero, of x, y, z */
    double signs;         /* at least 2^-signs of all points show it */
} Case;

/* The last is a point of the cube of three signs, as a sum of the characters of all products. */
#define S(u) "(abs(" u ") / (" u "))"
static const Case cases[] = {
    {"x + y", 0},
    {"relu(x)", 1},
    {"relu(x) * relu(y)", 2},
    {"relu(x) + relu(y) + relu(z)", 1},
    {"relu(x) * relu(y) * relu(z)", 3},
    {"relu(relu(x) - y)", 2},
    {"max(max(x, y), z) - z", 2},
    {S("x") " + " S("y") " + " S("x * y") " + 1", 3},
    {"sqrt(x) + sqrt(y)", 0},
    {"sqrt(8) * x - sqrt(2) * y", 0},
    {"sqrt(x * x) - x", 1},
    {"sqrt(x) * sqrt(y) - sqrt(x * y)", 3},
    {"1 + " S("x") " + " S("y") " + " S("z") " + " S("x * y") " + " S("x * z") " + " S("y * z") " + " S("x * y * z"), 7},
};

static Trial *trial_of(Arena *arena, const char *function, const IrVar **v) {
    static const char text[] = "program p core\nstimulus x\nstimulus y\nstimulus z\nalg f = %s\noutput f = f\n";
    char *error;
    IrProgram *p = ir_parse(arena, names_new(arena), arena_printf(arena, text, function), &error);
    if (!p) printf("\n    %s: %s\n", function, error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(p);
    *v = ir_find_var(p, "f");
    int64_t *size = ARENA_ARRAY(arena, int64_t, 1);
    TrialShape shape = {.size = size, .primes = PRIMES, .each = EACH, .exponents = {.denominator = BASIS_DENOMINATOR}, .seed = 5};
    return trial_new(p, &shape);
}

/* That many points of all show it, in fact. */
static double shown(const Points *m, const Value *v) {
    int count = 0, live = 0;
    for (int i = 0; i < m->count; i++) {
        if (m->dead[i]) continue;
        live++, count += v->re[i] || (v->im && v->im[i]);
    }
    return (double)count / live;
}

static void signs_are_counted(void) {
    for (int i = 0; i < (int)(sizeof cases / sizeof *cases); i++) {
        Arena *arena = arena_new();
        const IrVar *f;
        Trial *t = trial_of(arena, cases[i].function, &f);
        const Value *v = trial_value(t, f, NULL);
        CU_ASSERT_PTR_NOT_NULL_FATAL(v);
        Combinations c = characters_of(trial_points(t), v->degree);
        double part = shown(trial_points(t), v), deviation = sqrt(part * (1 - part) / (PRIMES * EACH));
        if (c.signs != cases[i].signs || part + 5 * deviation < exp2(-c.signs))
            printf("\n    %s: 2^-%g, expected 2^-%g, shown by %g\n", cases[i].function, c.signs, cases[i].signs, part);
        CU_ASSERT_EQUAL(c.signs, cases[i].signs);
        CU_ASSERT_TRUE(part + 5 * deviation >= exp2(-c.signs));
        trial_free(t);
        arena_free(arena);
    }
}

/* ---- shapes --------------------------------------------------------------------------------------------------------- */
/* A running maximum, and a sum that is rescaled when it grows, by %s; the plain softmax beside it. */
static const char online[] =
    "program online core\naxis t : bounded(32)\naxis j : cycle(t)\naxis k : copy(t)\naxis a : const(2)\n"
    "stimulus q[t, a]\nstimulus k_[t, a]\nstimulus v[t]\nalg s[j, t] = sum(a) q[t, a] * k_[j, a]\n"
    "scan j {\n  alg m[j, t] along j init 0 = max(prev(m[j, t]), s[j, t])\n"
    "  alg l[j, t] along j init 0 = prev(l[j, t]) * %s + exp(s[j, t] - m[j, t])\n"
    "  alg u[j, t] along j init 0 = prev(u[j, t]) * %s + exp(s[j, t] - m[j, t]) * v[j]\n}\n"
    "alg left[t] = u[t, t] / l[t, t]\n"
    "alg right[t] = (sum(k where k <= t) exp(s[k, t]) * v[k]) / (sum(k where k <= t) exp(s[k, t]))\n"
    "output y = left\ncheck \"online\" : left == right\n";

static ExactResult check_online(Arena *arena, const char *scale_l, const char *scale_u) {
    char *error;
    IrProgram *p = ir_parse(arena, names_new(arena), arena_printf(arena, online, scale_l, scale_u), &error);
    if (!p) printf("\n    %s\n", error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(p);
    ExactOptions how = {.seed = 3};
    return exact_check(arena, p, &p->checks.at[0], &how);
}

static void running_maxima_cancel(void) {
    static const char rescaled[] = "exp(prev(m[j, t]) - m[j, t])";
    Arena *arena = arena_new();
    ExactResult r = check_online(arena, rescaled, rescaled);
    CU_ASSERT_EQUAL(r.verdict, EXACT_EQUAL);
    CU_ASSERT_STRING_EQUAL(r.shapes, "t 1, 2, 3, 5, 8, 17 (declared: up to 32)");
    CU_ASSERT_TRUE(r.error_bits >= 100);
    CU_ASSERT_EQUAL(check_online(arena, rescaled, "1").verdict, EXACT_UNEQUAL);
    CU_ASSERT_EQUAL(check_online(arena, "1", rescaled).verdict, EXACT_UNEQUAL);
    CU_ASSERT_EQUAL(check_online(arena, "exp(m[j, t] - prev(m[j, t]))", rescaled).verdict, EXACT_UNEQUAL);
    arena_free(arena);
}

/* Twelve positive pools; what the cells of a row hear of their pool is that pool, also where quantities of both sides are cut. */
static const char pools[] =
    "program p core\naxis n : const(12)\naxis c : const(2)\naxis c.1 : copy(c)\naxis n.1 : copy(n)\nstimulus u[n, c]\nstimulus x[n, c]\n"
    "alg pool[n] = sum(c.1) relu(u[n, c.1]) + exp(min(u[n, c.1], 0))\nalg hears[n, c] = pool[n]\n"
    "alg left[c] = sum(n.1) x[n.1, c] / pool[n.1] / hears[n.1, c]\n"
    "alg right[c] = sum(n.1) x[n.1, c] / %s / hears[n.1, c]^2 * pool[n.1]\n"
    "output y = left\ncheck \"pools\" : left == right\n";

static void readings_are_no_cuts(void) {
    Arena *arena = arena_new();
    ExactOptions how = {.seed = 3};
    IrProgram *p = parsed(arena, arena_printf(arena, pools, "pool[n.1]"));
    ExactResult r = exact_check(arena, p, &p->checks.at[0], &how);
    CU_ASSERT_EQUAL(r.verdict, EXACT_EQUAL);
    p = parsed(arena, arena_printf(arena, pools, "pool[n.1] * 2"));
    CU_ASSERT_EQUAL(exact_check(arena, p, &p->checks.at[0], &how).verdict, EXACT_UNEQUAL);
    arena_free(arena);
}

void suite_exact_bound(void) {
    CU_pSuite suite = CU_add_suite("exact_bound", NULL, NULL);
    CU_add_test(suite, "as many points show a difference as is claimed", signs_are_counted);
    CU_add_test(suite, "a running maximum cancels at every shape", running_maxima_cancel);
    CU_add_test(suite, "what only reads a pool is that pool", readings_are_no_cuts);
}
