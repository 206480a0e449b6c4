/* opt/: random programs compute the same before and after the passes, at several sizes of the bounded axis. Both are evaluated
 * by the reference interpreter in float64; the difference is limited by the two forward-error bounds. */
#include <CUnit/Basic.h>
#include <math.h>
#include <stdlib.h>

#include "opt/opt.h"
#include "random_ir.h"
#include "reference/interpret.h"

void suite_opt_random(void);

enum { SEEDS = 600, ITEMS = 7 };

/* A number in [-1, 1] for each element of an input, by its name: the same for both programs. */
static double datum(const IrVar *v, int64_t i) {
    uint64_t h = 1469598103934665603u + (uint64_t)i;
    for (const char *c = v->name; *c; c++) h = (h ^ (uint64_t)*c) * 1099511628211u;
    h ^= h >> 29;
    return (double)(int64_t)(h * 0x9e3779b97f4a7c15u) / 9223372036854775808.0;
}

static Reference *evaluated(const IrProgram *p, int64_t token) {
    int64_t *size = calloc((size_t)p->axes.count + 1, sizeof *size);
    for (int i = 0; i < p->axes.count; i++) size[i] = p->axes.at[i]->root->kind == AXIS_BOUNDED ? token : 0;
    IrVar **keep = calloc((size_t)p->outputs.count + 1, sizeof *keep);
    for (int i = 0; i < p->outputs.count; i++) keep[i] = p->outputs.at[i].var;
    Reference *r = ref_new(p, size, ref_float64(), keep, p->outputs.count);
    for (int i = 0; i < p->vars.count; i++) {
        const IrVar *v = p->vars.at[i];
        if (v->kind != VAR_STIMULUS && v->kind != VAR_WEIGHT) continue;
        int64_t count = ref_input_count(r, v);
        double *data = malloc(sizeof *data * (size_t)(count + 1));
        for (int64_t k = 0; k < count; k++) data[k] = datum(v, k);
        ref_bind(r, v, data);
        free(data);
    }
    const char *wrong = ref_run(r);
    if (wrong) printf("%s\n", wrong);
    CU_ASSERT_PTR_NULL_FATAL(wrong);
    free(size);
    free(keep);
    return r;
}

static bool same_output(const Reference *a, const IrVar *x, const Reference *b, const IrVar *y) {
    RefTensor s = ref_tensor(a, x), t = ref_tensor(b, y);
    if (s.count != t.count) return false;
    for (int64_t i = 0; i < s.count; i++)
        if (!(fabs(s.value[i] - t.value[i]) <= 2 * (s.bound[i] + t.bound[i]) + 1e-13)) return false;
    return true;
}

static void compare(const IrProgram *source, const IrProgram *p, int64_t token) {
    Reference *before = evaluated(source, token), *after = evaluated(p, token);
    for (int i = 0; i < source->outputs.count; i++) {
        bool same = same_output(before, source->outputs.at[i].var, after, p->outputs.at[i].var);
        CU_ASSERT_TRUE(same);
        if (same) continue;
        printf("output %s differs at token = %d\n", source->outputs.at[i].name, (int)token);
        ir_print(source, stdout);
        ir_print(p, stdout);
    }
    ref_free(before);
    ref_free(after);
}

static void passes_keep_values(void) {
    static const int64_t sizes[] = {1, 2, 5, 7};
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        Arena *arena = arena_new();
        IrProgram *source = random_ir(arena, names_new(arena), seed, ITEMS);
        OptOptions options = {.no_reassociate = seed % 5 == 0, .most_kept = (double)(seed % 2)};
        OptReport report;
        IrProgram *p = opt_run(source, &options, &report);
        char *wrong = ir_verify(p);
        if (wrong) printf("seed %d: %s\n", (int)seed, wrong), ir_print(source, stdout), ir_print(p, stdout);
        CU_ASSERT_PTR_NULL(wrong);
        for (size_t i = 0; !wrong && i < sizeof sizes / sizeof *sizes; i++) compare(source, p, sizes[i]);
        arena_free(arena);
        if (CU_get_number_of_failures()) return;
    }
}

void suite_opt_random(void) {
    CU_pSuite suite = CU_add_suite("opt_random", NULL, NULL);
    CU_add_test(suite, "passes keep values", passes_keep_values);
}
