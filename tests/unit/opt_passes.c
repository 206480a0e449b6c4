/* opt/: after every pass, random programs (random_ir.h) keep their values within the rounding bounds of the reference. */
#include <CUnit/Basic.h>
#include <math.h>
#include <stdlib.h>

#include "opt/opt.h"
#include "random_ir.h"
#include "reference/interpret.h"

void suite_opt_passes(void);

enum { PROGRAMS = 200, PASSES = 40 };

static double draw(uint64_t *seed) {
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(*seed >> 40) / 8388608.0 - 1;
}

static Reference *evaluated(const IrProgram *p, int64_t length) {
    int64_t size[4096] = {0};
    for (int i = 0; i < p->axes.count; i++)
        if (p->axes.at[i]->kind == AXIS_BOUNDED) size[i] = length;
    Reference *r = ref_new(p, size, ref_float64(), NULL, 0);
    for (int i = 0; i < p->vars.count; i++) {
        const IrVar *v = p->vars.at[i];
        if (v->kind != VAR_STIMULUS && v->kind != VAR_WEIGHT) continue;
        int64_t n = ref_input_count(r, v);
        double *data = malloc(sizeof *data * (size_t)(n + 1));
        uint64_t seed = 7;
        for (const char *c = v->name; *c; c++) seed = seed * 31 + (unsigned char)*c;
        for (int64_t k = 0; k < n; k++) data[k] = draw(&seed);
        ref_bind(r, v, data);
        free(data);
    }
    const char *wrong = ref_run(r);
    if (wrong) fprintf(stderr, "%s\n", wrong);
    CU_ASSERT_PTR_NULL(wrong);
    return r;
}

/* The worst error over bound of any output; 0 where nothing differs. */
static double worst_ratio(const IrProgram *a, const IrProgram *b, int64_t length) {
    Reference *x = evaluated(a, length), *y = evaluated(b, length);
    double worst = 0;
    for (int i = 0; i < a->outputs.count; i++) {
        RefTensor p = ref_tensor(x, a->outputs.at[i].var), q = ref_tensor(y, b->outputs.at[i].var);
        for (int64_t k = 0; k < p.count; k++) {
            double error = fabs(p.value[k] - q.value[k]), bound = p.bound[k] + q.bound[k];
            if (isnan(p.value[k]) && isnan(q.value[k])) continue;
            if (error > 0 || isnan(error)) worst = fmax(worst, isnan(error) ? INFINITY : error / bound);
        }
    }
    ref_free(x);
    ref_free(y);
    return worst;
}

static void report(const IrProgram *source, const IrProgram *p, uint64_t seed, int passes, double ratio) {
    fprintf(stderr, "seed %llu, after %d passes: error/bound %g\n", (unsigned long long)seed, passes, ratio);
    ir_print(source, stderr);
    ir_print(p, stderr);
}

/* False after the first difference, so that one fault gives one report. */
static bool holds(const IrProgram *source, uint64_t seed, OptOptions options) {
    OptReport costs;
    IrProgram *p = opt_run(source, &options, &costs);
    char *wrong = ir_verify(p);
    double ratio = wrong ? INFINITY : worst_ratio(source, p, 1 + (int64_t)(seed % 5));
    if (wrong) fprintf(stderr, "%s\n", wrong);
    CU_ASSERT(ratio <= 1);
    if (!(ratio <= 1)) report(source, p, seed, options.passes, ratio);
    return ratio <= 1;
}

static void every_pass_keeps_values(void) {
    for (uint64_t seed = 1; seed <= PROGRAMS; seed++) {
        Arena *arena = arena_new();
        IrProgram *source = random_ir(arena, names_new(arena), seed, 1 + (int)(seed % 12));
        bool fine = true;
        int first = seed % 5 ? PASSES : 1; /* most programs after all passes only, some after each */
        for (int passes = first; fine && passes <= PASSES; passes++)
            fine = holds(source, seed, (OptOptions){.passes = passes});
        if (fine) holds(source, seed, (OptOptions){.no_reassociate = true});
        arena_free(arena);
    }
}

static void at_other_sizes(void) {
    int64_t large[256];
    for (int i = 0; i < 256; i++) large[i] = 100000;
    for (uint64_t seed = 1000; seed < 1000 + PROGRAMS; seed++) {
        Arena *arena = arena_new();
        IrProgram *source = random_ir(arena, names_new(arena), seed, 6);
        holds(source, seed, (OptOptions){.sizes = large, .size_count = 256});
        arena_free(arena);
    }
}

void suite_opt_passes(void) {
    CU_pSuite suite = CU_add_suite("opt_passes", NULL, NULL);
    CU_add_test(suite, "every pass keeps values", every_pass_keeps_values);
    CU_add_test(suite, "at other sizes", at_other_sizes);
}
