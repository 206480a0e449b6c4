/* gradient/ against the exact engine's own derivatives (exact/tangent.c), which know nothing of it: the sum of a gradient times a random
 * direction is the derivative in that direction, as functions of all inputs and of the direction (Freivalds' test, over polynomials).
 * Every example, every template and spec of the standard library, random programs; and gradients that are wrong in one place, which
 * must be seen. The loss is the sum of the elements of a result, each times an input of its own: all rows of the Jacobian matter.
 * CTX_LONG=1 takes 2,000 random programs. */
#include <CUnit/Basic.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "exact/exact.h"
#include "gradient/gradient.h"
#include "gradient_source.h"
#include "random_ir.h"
#include "../exact/float64.h"
#include "../exact/mutations.h"

void suite_gradient_exact(void);

enum { FEW = 200, MANY = 2000, ITEMS = 7 };
static const double BUDGET = 1e8, RANDOM_BUDGET = 4e6; /* elements of fields a trial */

/* ---- one gradient ----------------------------------------------------------------------------------------------------- */
typedef struct Case {
    IrProgram *both; /* the program as it was, for the loss, and the one with its gradient, whose names begin with "other." */
    ExactGradient claim;
} Case;

/* sum of v's elements, each times an element of `told` */
static IrVar *weighted_sum(IrProgram *p, IrVar *v) {
    IrVar *told = ir_var_new(p, VAR_STIMULUS, name_of(p->names, "told"), v->axis_count, v->axes);
    IrAxis *bound[v->axis_count + 1];
    IrIndex index[v->axis_count + 1];
    for (int i = 0; i < v->axis_count; i++) bound[i] = ir_axis_copy(p, v->axes[i]), index[i] = ir_index(bound[i]);
    IrExpr *each = ir_op2(p, IR_MUL, ir_ref(p, told, index), ir_ref(p, v, index));
    return ir_alg(p, name_of(p->names, "loss"), 0, NULL, ir_reduce(p, IR_SUM, v->axis_count, bound, (IrGuard){0, NULL}, each));
}

/* The claim about the variables of `both`. */
static ExactGradient claim_of(IrProgram *both, const IrVar *const *of, IrVar *const *gradient, int count) {
    const IrVar **own = ARENA_ARRAY(both->arena, const IrVar *, count);
    IrVar **slope = ARENA_ARRAY(both->arena, IrVar *, count);
    for (int i = 0; i < count; i++) {
        own[i] = ir_find_var(both, of[i]->name);
        slope[i] = ir_find_var(both, arena_printf(both->arena, "other.%s", gradient[i]->name));
        CU_ASSERT_PTR_NOT_NULL_FATAL(own[i]);
        CU_ASSERT_PTR_NOT_NULL_FATAL(slope[i]);
    }
    return (ExactGradient){.loss = ir_find_var(both, "loss"), .of = own, .gradient = slope, .count = count};
}

/* By all inputs at once. */
static Case case_of(const char *name, IrProgram *p, IrVar *v) {
    IrVar *loss = weighted_sum(p, v);
    const IrVar *of[p->vars.count];
    IrVar *gradient[p->vars.count];
    int count = 0;
    for (int i = 0; i < p->vars.count; i++)
        if (ir_is_input(p->vars.at[i]) && p->vars.at[i]->kind != VAR_NOISE) of[count++] = p->vars.at[i];
    GradientFault fault = {0};
    IrProgram *g = gradient_of(p, loss, of, count, gradient, &fault);
    if (!g) printf("\n    %s: %s\n", name, fault.what);
    CU_ASSERT_PTR_NOT_NULL_FATAL(g);
    Case c = {.both = ir_join(p, g)};
    c.claim = claim_of(c.both, of, gradient, count);
    return c;
}

static ExactResult decide(const Case *c, double budget) {
    ExactOptions how = {.seed = 1, .one_shape = true, .budget = budget};
    return exact_gradient(c->both->arena, c->both, &c->claim, &how);
}

/* ---- examples and standard library ------------------------------------------------------------------------------------ */
/* Where signs or roots are many, a useful bound on the probability of error needs fewer of them. */
static const SourceSize small[] = {
    {"token", "4"}, {"source", "4"}, {"target", "4"}, {"head", "2"}, {"d", "4"}, {"a", "3"}, {"c", "3"}, {"f", "6"}, {"unit", "4"}, {"row", "3"},
    {"pixel", "3"}, {"class", "3"}, {"level", "2"}, {"orientation", "2"}, {"place", "2"}, {NULL, NULL}};
static const SourceSize tiny[] = {
    {"token", "2"}, {"source", "2"}, {"target", "2"}, {"head", "1"}, {"d", "2"}, {"a", "1"}, {"c", "1"}, {"f", "2"}, {"unit", "2"}, {"row", "2"},
    {"pixel", "2"}, {"class", "3"}, {"level", "1"}, {"orientation", "1"}, {"place", "2"}, {NULL, NULL}};
static const SourceSize one_token[] = {{"token", "1"}, {"row", "1"}, {"pixel", "1"}, {"class", "2"}, {"head", "1"}, {"d", "2"},
                                       {"a", "1"}, {"c", "1"}, {NULL, NULL}};
static const SourceSize *const sizes[] = {small, tiny, one_token};

enum { SIZES = sizeof sizes / sizeof *sizes };

typedef struct Totals {
    int gradients, at_size[SIZES], unknown;
    double bits; /* the least certain */
} Totals;

/* False: no useful bound at this size. */
static bool compare_at(Totals *t, const char *source, IrProgram *p, IrVar *v, int size) {
    const char *name = arena_printf(p->arena, "%s, %s", source, v->name);
    Case c = case_of(name, p, v);
    ExactResult r = decide(&c, BUDGET);
    t->gradients += !r.agreed;
    if (r.verdict == EXACT_EQUAL) t->at_size[size]++, t->bits = fmin(t->bits, r.error_bits);
    else if (!r.agreed) t->unknown++, printf("\n    %s: verdict %d, %s", name, r.verdict, r.why);
    return !r.agreed;
}

/* False: the source has not so many results. At all sizes that are looked at nothing may differ. */
static bool compare_result(Totals *t, const char *source, const char *text, int number) {
    bool more = true, found = false;
    for (int size = 0; size < SIZES && more && !found; size++) {
        Arena *arena = arena_new();
        IrVar *v;
        IrProgram *p = source_result(arena, text, sizes[size], number, &v);
        more = p;
        found = !p || !v || compare_at(t, source, p, v, size);
        arena_free(arena);
    }
    if (!found) printf("\n    %s, result %d: degrees too high at all sizes", source, number);
    t->unknown += !found;
    return more;
}

static bool long_run(void) {
    const char *more = getenv("CTX_LONG");
    return more && *more;
}

/* The two sides of a check are equal: one of them will do, except in long runs. */
static void compare_source(Totals *t, const char *name, const char *text, int side) {
    for (int k = 0, more = true; more; k++)
        if (!k || k % 2 == side || long_run()) more = compare_result(t, name, text, k);
}

/* Of examples the formulas, as the first output is the circuit mostly; of the library what is said to be equal to them. */
static void compare_example(void *totals, const char *name, const char *text) {
    compare_source(totals, name, text, 0);
}

static void compare_library(void *totals, const char *name, const char *text) {
    compare_source(totals, name, text, 1);
}

static void report(const Totals *t) {
    printf("\n    %d gradients; equal: %d at small sizes, %d at tiny ones, %d of one token, each wrong with a probability below 2^-%.0f\n",
           t->gradients, t->at_size[0], t->at_size[1], t->at_size[2], t->bits);
    CU_ASSERT_EQUAL(t->unknown, 0);
    CU_ASSERT_TRUE(t->bits > 100);
}

static void examples(void) {
    Totals t = {.bits = INFINITY};
    int files = source_examples(compare_example, &t);
    report(&t);
    CU_ASSERT_TRUE(t.gradients > 2 * files);
}

static void standard_library(void) {
    Totals t = {.bits = INFINITY};
    int sources = source_library(compare_library, &t);
    report(&t);
    CU_ASSERT_TRUE(t.gradients >= sources);
}

/* ---- random programs -------------------------------------------------------------------------------------------------- */
typedef struct Found {
    int programs, equal, agreed, unknown;
    int mutants, caught, same; /* gradients changed in one place; refused; those that are the gradient all the same */
} Found;

static void count_verdict(Found *f, const ExactResult *r, int seed) {
    f->programs++;
    if (r->verdict == EXACT_EQUAL) f->equal++;
    else if (r->agreed) f->agreed++;
    else f->unknown++, printf("\n    seed %d: verdict %d, %s", seed, r->verdict, r->why);
}

/* An equation of the adjoints, and one of the operators of the mutation suite. */
static bool change(IrProgram *p, uint64_t *state, char **what) {
    VEC(IrVar *) adjoints = {0};
    for (int i = 0; i < p->vars.count; i++) {
        IrVar *v = p->vars.at[i];
        if (v->def && (strstr(v->name, ".bar") || strstr(v->name, ".carry"))) vec_push(p->arena, &adjoints, v);
    }
    if (!adjoints.count) return false;
    Mutant m = {p, adjoints.at[float64_next(state) % (uint64_t)adjoints.count]};
    const Mutation *o = &mutations[float64_next(state) % (uint64_t)mutation_count];
    int site = (int)(float64_next(state) % 3);
    char *before, *after;
    if (!mutation_at(&m, o, &m.var->def, &site, &before, &after)) return false;
    m.var->def = ir_substitute(p, m.var->def, 0, NULL, NULL);
    *what = arena_printf(p->arena, "%s in %s: %s -> %s", o->name, m.var->name, before, after);
    return ir_verify(p) == NULL;
}

/* Do the gradients of the two programs differ in float64? */
static bool gradients_differ(const IrProgram *right, const IrProgram *wrong, const ExactGradient *claim) {
    IrProgram *two[] = {ir_clone(right), ir_clone(wrong)};
    for (int i = 0; i < 2; i++) {
        two[i]->outputs.count = 0;
        for (int k = 0; k < claim->count; k++) {
            IrVar *v = two[i]->vars.at[claim->gradient[k]->id];
            vec_push(two[i]->arena, &two[i]->outputs, ((IrOutput){.name = v->name, .var = v}));
        }
    }
    IrProgram *both = ir_join(two[0], two[1]);
    for (int i = 0; i < both->checks.count; i++)
        if (float64_differs(both, &both->checks.at[i], 1)) return true;
    return false;
}

static void try_mutant(Found *f, const Case *c, int seed) {
    uint64_t state = (uint64_t)seed;
    Case wrong;
    char *what = NULL;
    bool changed = false;
    for (int i = 0; i < 20 && !changed; i++) {
        wrong = (Case){ir_clone(c->both), c->claim};
        changed = change(wrong.both, &state, &what);
    }
    if (!changed) return;
    const IrVar *of[c->claim.count];
    IrVar *gradient[c->claim.count];
    for (int i = 0; i < c->claim.count; i++) {
        of[i] = wrong.both->vars.at[c->claim.of[i]->id];
        gradient[i] = wrong.both->vars.at[c->claim.gradient[i]->id];
    }
    wrong.claim = (ExactGradient){wrong.both->vars.at[c->claim.loss->id], of, gradient, c->claim.count};
    ExactResult r = decide(&wrong, RANDOM_BUDGET);
    f->mutants++;
    if (r.verdict != EXACT_EQUAL && !r.agreed) {
        f->caught++;
        return;
    }
    f->same++;
    bool differs = gradients_differ(c->both, wrong.both, &wrong.claim);
    if (differs) printf("\n    seed %d: a wrong gradient is accepted, %s", seed, what);
    CU_ASSERT_FALSE(differs);
}

/* With as many tokens and features as a useful bound leaves room for. Features 0: as the program has them. */
static const struct {
    int64_t tokens, features;
    double budget;
} random_sizes[] = {{3, 0, RANDOM_BUDGET}, {2, 0, RANDOM_BUDGET}, {1, 0, 4 * RANDOM_BUDGET}, {2, 2, RANDOM_BUDGET}, {1, 2, 4 * RANDOM_BUDGET}, {1, 1, 4 * RANDOM_BUDGET}};
enum { RANDOM_SIZES = sizeof random_sizes / sizeof *random_sizes };

/* NULL: the program names a point that is not there then. */
static IrProgram *random_at(Arena *arena, int seed, int size) {
    IrProgram *p = random_ir(arena, names_new(arena), (uint64_t)seed, ITEMS);
    int64_t most = random_sizes[size].features;
    for (int i = 0; i < p->axes.count; i++)
        if (most && p->axes.at[i]->size > most) p->axes.at[i]->size = most;
    ir_find_axis(p, "token")->size = random_sizes[size].tokens;
    return ir_verify(p) ? NULL : p;
}

static void compare_random(Found *f, int seed) {
    ExactResult r = {0};
    for (int size = 0; size < RANDOM_SIZES && (!size || r.agreed); size++) {
        Arena *arena = arena_new();
        IrProgram *p = random_at(arena, seed, size);
        if (p) {
            Case c = case_of("a random program", p, p->outputs.at[0].var);
            r = decide(&c, random_sizes[size].budget);
            if (r.verdict == EXACT_EQUAL) try_mutant(f, &c, seed);
        }
        if (!r.agreed || size == RANDOM_SIZES - 1) count_verdict(f, &r, seed);
        arena_free(arena);
    }
}

static void random_programs(void) {
    int programs = long_run() ? MANY : FEW;
    Found f = {0};
    for (int seed = 1; seed <= programs; seed++) compare_random(&f, seed);
    printf("\n    %d programs: %d equal, %d agree at a degree too high for a useful bound; %d wrong gradients, %d seen, %d right all the same\n",
           f.programs, f.equal, f.agreed, f.mutants, f.caught, f.same);
    CU_ASSERT_EQUAL(f.programs, programs);
    CU_ASSERT_EQUAL(f.unknown, 0);
    CU_ASSERT_TRUE(20 * f.agreed < f.programs);
    CU_ASSERT_TRUE(2 * f.mutants > f.equal && 2 * f.caught > f.mutants);
}

void suite_gradient_exact(void) {
    CU_pSuite suite = CU_add_suite("gradient_exact", NULL, NULL);
    CU_add_test(suite, "examples", examples);
    CU_add_test(suite, "standard library", standard_library);
    CU_add_test(suite, "random programs", random_programs);
}
