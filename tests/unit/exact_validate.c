/* Every pass, on random programs: what it makes is proved to be the same function, and a pass that breaks a program is caught.
 * CTX_LONG=1 takes 2,000 programs. */
#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

#include "exact/validate.h"
#include "ir_text.h"
#include "opt/opt.h"
#include "random_ir.h"

void suite_exact_validate(void);

enum { FEW = 24, MANY = 2000, ITEMS = 6 };

typedef struct Count {
    int changes, undecided, wrong;
    uint64_t seed;
} Count;

static void validate(void *data, const char *pass, const IrProgram *before, const IrProgram *after) {
    Count *count = data;
    Validation v = exact_validate(before, after, 1);
    count->changes++;
    count->undecided += v.verdict == EXACT_UNDECIDED;
    count->wrong += v.verdict == EXACT_UNEQUAL;
    if (v.verdict != EXACT_EQUAL)
        printf("\n    seed %d: pass %s, output %s: %s: %s", (int)count->seed, pass, v.output, v.verdict == EXACT_UNEQUAL ? "changed at" : "undecided", v.why);
}

static void validate_untie(void *data, const char *pass, const IrProgram *before, const IrProgram *after) {
    if (strcmp(pass, "untie") == 0) validate(data, pass, before, after);
}

static void passes_keep_the_function(void) {
    Count count = {0};
    const char *more = getenv("CTX_LONG");
    int programs = more && *more ? MANY : FEW;
    for (int i = 1; i <= programs; i++) {
        Arena *arena = arena_new();
        count.seed = (uint64_t)i;
        IrProgram *p = random_ir(arena, names_new(arena), count.seed, ITEMS);
        OptReport report;
        OptOptions options = {.changed = validate, .changed_data = &count, .drop_checks = true, .most_kept = i % 2};
        opt_run(p, &options, &report);
        arena_free(arena);
    }
    printf("\n    %d programs, %d changes by passes, %d undecided, %d wrong\n", programs, count.changes, count.undecided, count.wrong);
    CU_ASSERT_TRUE(count.changes >= 3 * programs);
    CU_ASSERT_TRUE(200 * count.undecided <= count.changes);
    CU_ASSERT_EQUAL(count.wrong, 0);
}

/* A pass that random programs hardly meet: sums over two axes that a guard ties. */
static void untie_keeps_the_function(void) {
    static const char text[] = "program p core\naxis t : bounded(8)\naxis i : copy(t)\naxis j : copy(t)\naxis a : const(2)\naxis b : const(3)\n"
                               "stimulus s[t, t]\nstimulus v[t, a]\nstimulus w[t, b]\n"
                               "alg y[a, b] = sum(i, j where %s) w[i, b] * exp(s[i, j]) * v[j, a]\noutput y = y\n";
    static const char *const guards[] = {"j <= i", "i <= j", "j <= i, i - j <= 2", "i == j", "j - i <= 1, i <= j"};
    for (size_t i = 0; i < sizeof guards / sizeof *guards; i++) {
        Count count = {0};
        Arena *arena = arena_new();
        OptReport report;
        OptOptions options = {.changed = validate_untie, .changed_data = &count, .drop_checks = true};
        opt_run(parsed(arena, arena_printf(arena, text, guards[i])), &options, &report);
        if (count.changes != 1) printf("\n    where %s: %d changes by untie", guards[i], count.changes);
        CU_ASSERT_EQUAL(count.changes, 1);
        CU_ASSERT_EQUAL(count.undecided + count.wrong, 0);
        arena_free(arena);
    }
}

static void broken_programs_are_caught(void) {
    static const char before[] = "program p core\naxis t : bounded(8)\naxis d : const(3)\naxis j : copy(t)\nstimulus x[t, d]\n"
                                 "alg s[t, d] = sum(j where j <= t) x[j, d]\nalg y[t, d] = s[t, d] * x[t, d]\noutput y = y\n";
    static const char after[] = "program p core\naxis t : bounded(8)\naxis d : const(3)\naxis j : copy(t)\nstimulus x[t, d]\n"
                                "alg y[t, d] = x[t, d] * sum(j where j - t <= %d) x[j, d]\noutput y = y\n";
    for (int bound = -1; bound <= 1; bound++) {
        Arena *arena = arena_new();
        Names *names = names_new(arena);
        char *error;
        IrProgram *a = ir_parse(arena, names, before, &error), *b = ir_parse(arena, names, arena_printf(arena, after, bound), &error);
        CU_ASSERT_PTR_NOT_NULL_FATAL(a);
        CU_ASSERT_PTR_NOT_NULL_FATAL(b);
        CU_ASSERT_EQUAL(exact_validate(a, b, 1).verdict, bound == 0 ? EXACT_EQUAL : EXACT_UNEQUAL);
        arena_free(arena);
    }
}

void suite_exact_validate(void) {
    CU_pSuite suite = CU_add_suite("exact_validate", NULL, NULL);
    CU_add_test(suite, "passes keep what random programs compute", passes_keep_the_function);
    CU_add_test(suite, "sums that untie takes apart", untie_keeps_the_function);
    CU_add_test(suite, "a pass that breaks a program is caught", broken_programs_are_caught);
}
