/* gradient/ against central differences in float64, before and after the passes of opt/: random programs and the settled programs of
 * all examples. The loss is the sum of the squares of the first output. CTX_LONG=1 takes 2,000 random programs. */
#include <CUnit/Basic.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gradient/gradient.h"
#include "gradient_numeric.h"
#include "gradient_source.h"
#include "ir_text.h"
#include "opt/opt.h"
#include "random_ir.h"
#include "reference/interpret.h"

void suite_gradient_numeric(void);

enum { FEW = 600, MANY = 2000, TWICE = 100, ITEMS = 7, ELEMENTS = 4 };

/* A number for each element of an input, by its name: stimuli in [-1, 1], weights as they are drawn. */
static double datum(const IrVar *v, int64_t i) {
    uint64_t h = 1469598103934665603u + (uint64_t)i;
    for (const char *c = v->name; *c; c++) h = (h ^ (uint64_t)*c) * 1099511628211u;
    h ^= h >> 29;
    double u = (double)(int64_t)(h * 0x9e3779b97f4a7c15u) / 9223372036854775808.0;
    switch (v->draw) {
    case INIT_XAVIER: return u * sqrt(6 / (v->draw_a + v->draw_b));
    case INIT_NORMAL: return v->draw_a + v->draw_b * sqrt(3) * u;
    case INIT_UNIFORM: return (v->draw_a + v->draw_b) / 2 + (v->draw_b - v->draw_a) / 2 * u;
    case INIT_CONSTANT: return v->literal ? v->draw_a : v->draw_a + 0.3 * u;
    default: return u;
    }
}

/* ---- evaluation ------------------------------------------------------------------------------------------------------- */
typedef struct Nudge { /* one element of one input, moved */
    const char *input;
    int64_t element;
    double by;
} Nudge;

static void bind_all(Reference *r, const IrProgram *p, const Nudge *nudge) {
    for (int i = 0; i < p->vars.count; i++) {
        const IrVar *v = p->vars.at[i];
        if (!ir_is_input(v)) continue;
        int64_t count = ref_input_count(r, v);
        double *data = malloc(sizeof *data * (size_t)(count + 1));
        for (int64_t k = 0; k < count; k++) data[k] = datum(v, k);
        if (nudge && strcmp(v->name, nudge->input) == 0) data[nudge->element] += nudge->by;
        ref_bind(r, v, data);
        free(data);
    }
}

static Reference *evaluated(const IrProgram *p, int64_t bounded, IrVar *const *keep, int keep_count, const Nudge *nudge) {
    int64_t *size = calloc((size_t)p->axes.count + 1, sizeof *size);
    for (int i = 0; i < p->axes.count; i++) size[i] = p->axes.at[i]->root->kind == AXIS_BOUNDED ? bounded : 0;
    Reference *r = ref_new(p, size, ref_float64(), keep, keep_count);
    bind_all(r, p, nudge);
    const char *wrong = ref_run(r);
    if (wrong) printf("%s\n", wrong);
    CU_ASSERT_PTR_NULL_FATAL(wrong);
    free(size);
    return r;
}

static double loss_at(const Numeric *n, const char *input, int64_t element, double by) {
    IrVar *keep = ir_find_var(n->p, n->loss->name);
    Nudge nudge = {input, element, by};
    Reference *r = evaluated(n->p, n->bounded, &keep, 1, &nudge);
    double value = ref_tensor(r, keep).value[0];
    ref_free(r);
    n->totals->evaluations++;
    return value;
}

/* ---- differences ------------------------------------------------------------------------------------------------------ */
/* Central difference extrapolated from steps h and h / 2: error of order h^4. */
static double difference(const Numeric *n, const char *input, int64_t k, double h) {
    double wide = (loss_at(n, input, k, h) - loss_at(n, input, k, -h)) / (2 * h);
    double narrow = (loss_at(n, input, k, h / 2) - loss_at(n, input, k, -h / 2)) / h;
    return (4 * narrow - wide) / 3;
}

/* The slopes to the left and to the right differ by as much at a tenth of the step: there is a corner at the point itself. */
static bool at_kink(const Numeric *n, const char *input, int64_t k, double scale) {
    double jump[2];
    for (int i = 0; i < 2; i++) {
        double h = i ? 1e-6 : 1e-5, here = loss_at(n, input, k, 0);
        jump[i] = fabs(loss_at(n, input, k, h) - 2 * here + loss_at(n, input, k, -h)) / h;
    }
    return jump[1] > 1e-4 * scale && jump[1] > 0.5 * jump[0];
}

/* A corner between the points of a wide step is not between those of a narrow one. */
static double relative_error(const Numeric *n, const char *input, int64_t k, double found, double scale) {
    double least = INFINITY;
    for (double h = 2e-3; h > 1e-6 && !(least < 1e-9); h /= 8) {
        double expected = difference(n, input, k, h), size = fmax(fmax(fabs(expected), fabs(found)), scale);
        least = fmin(least, fabs(found - expected) / size);
    }
    return least;
}

static void compare_element(const Numeric *n, const char *input, int64_t k, double found, double scale) {
    NumericTotals *t = n->totals;
    double error = isfinite(found) ? relative_error(n, input, k, found, scale) : INFINITY;
    t->elements++;
    if (!(error < NUMERIC_TOLERANCE) && isfinite(found) && at_kink(n, input, k, scale)) {
        t->kinks++;
        return;
    }
    if (error > t->worst) t->worst = error;
    if (error < NUMERIC_TOLERANCE) return;
    if (t->wrong++ < 5) {
        printf("\n    %s: d loss / d %s[%d] is %.12g, differences say %.12g", n->name, input, (int)k, found,
               difference(n, input, k, 2e-3));
        if (getenv("CTX_TEST_PRINT")) ir_print(n->p, stdout), ir_print(n->gradient_program, stdout);
    }
}

static double largest(const RefTensor *t) {
    double most = 0;
    for (int64_t i = 0; i < t->count; i++) most = fmax(most, fabs(t->value[i]));
    return most;
}

/* A sample of the elements, spread over the tensor. Weights along a bounded axis are stored at the bound. */
static void compare_input(const Numeric *n, const Reference *r, const IrVar *input, const IrVar *gradient, double least) {
    RefTensor t = ref_tensor(r, gradient);
    if (t.count != ref_input_count(r, input)) return;
    double scale = fmax(1e-3 * largest(&t), least);
    int64_t step = t.count <= ELEMENTS ? 1 : t.count / ELEMENTS;
    for (int64_t k = (n->salt % step); k < t.count; k += step) compare_element(n, input->name, k, t.value[k], scale);
}

/* ---- after the passes ------------------------------------------------------------------------------------------------- */
static void compare_optimised(const Numeric *n, const Reference *r, IrVar *const *gradient, int count) {
    IrProgram *p = ir_clone(n->gradient_program), *optimised;
    p->outputs.count = p->checks.count = 0;
    for (int i = 0; i < count; i++) {
        IrOutput output = {.name = gradient[i]->name, .var = p->vars.at[gradient[i]->id]};
        vec_push(p->arena, &p->outputs, output);
    }
    OptOptions options = {.drop_checks = true, .most_kept = (double)(n->salt % 2)};
    OptReport report;
    optimised = opt_run(p, &options, &report);
    char *wrong = ir_verify(optimised);
    if (wrong) printf("\n    %s after the passes: %s\n", n->name, wrong), ir_print(n->gradient_program, stdout), ir_print(optimised, stdout);
    CU_ASSERT_PTR_NULL_FATAL(wrong);
    IrVar *keep[count + 1];
    for (int i = 0; i < count; i++) keep[i] = optimised->outputs.at[i].var;
    Reference *after = evaluated(optimised, n->bounded, keep, count, NULL);
    for (int i = 0; i < count; i++) {
        RefTensor s = ref_tensor(r, gradient[i]), t = ref_tensor(after, keep[i]);
        double scale = 1e-9 * largest(&s) + 1e-12;
        CU_ASSERT_EQUAL(s.count, t.count);
        for (int64_t k = 0; k < s.count; k++) {
            if (fabs(s.value[k] - t.value[k]) <= scale || n->totals->changed++ > 2) continue;
            printf("\n    %s: %s[%d] was %.12g and is %.12g after the passes", n->name, gradient[i]->name, (int)k, s.value[k], t.value[k]);
            if (getenv("CTX_TEST_PRINT")) ir_print(p, stdout), ir_print(optimised, stdout);
        }
    }
    ref_free(after);
}

/* ---- one program ------------------------------------------------------------------------------------------------------ */
IrVar *numeric_sum_of_squares(IrProgram *p, IrVar *v) {
    IrAxis *bound[v->axis_count + 1];
    IrIndex index[v->axis_count + 1];
    for (int i = 0; i < v->axis_count; i++) bound[i] = ir_axis_copy(p, v->axes[i]), index[i] = ir_index(bound[i]);
    IrExpr *square = ir_op2(p, IR_POW, ir_ref(p, v, index), ir_lit(p, 2));
    return ir_alg(p, name_of(p->names, "loss"), 0, NULL, ir_reduce(p, IR_SUM, v->axis_count, bound, (IrGuard){0, NULL}, square));
}

/* Differences see the digits below a tolerance of iteration: all loops run to the end. */
static void settle_fully(IrProgram *p) {
    for (int i = 0; i < p->items.count; i++) p->items.at[i]->tolerance = 0;
}

void numeric_compare(const char *name, IrProgram *p, IrVar *of_what, int64_t bounded, int64_t salt, NumericTotals *totals) {
    Numeric n = {.name = name, .p = p, .bounded = bounded, .salt = salt, .totals = totals};
    settle_fully(p);
    n.loss = numeric_sum_of_squares(p, of_what);
    const IrVar *of[p->vars.count + 1];
    IrVar *gradient[p->vars.count + 1];
    int count = 0;
    for (int i = 0; i < p->vars.count; i++)
        if (ir_is_input(p->vars.at[i]) && p->vars.at[i]->kind != VAR_NOISE) of[count++] = p->vars.at[i];
    GradientFault fault = {0};
    n.gradient_program = gradient_of(p, n.loss, of, count, gradient, &fault);
    if (!n.gradient_program) printf("\n    %s: %s\n", name, fault.what);
    CU_ASSERT_PTR_NOT_NULL_FATAL(n.gradient_program);
    char *wrong = ir_verify(n.gradient_program);
    if (wrong) printf("\n    %s: %s\n", name, wrong), ir_print(n.gradient_program, stdout);
    CU_ASSERT_PTR_NULL_FATAL(wrong);
    IrVar *keep[count + 1];
    for (int i = 0; i < count; i++) keep[i] = gradient[i];
    keep[count] = ir_find_var(n.gradient_program, "loss");
    Reference *r = evaluated(n.gradient_program, bounded, keep, count + 1, NULL);
    double least = 1e-5 * (1 + fabs(ref_tensor(r, keep[count]).value[0]));
    for (int i = 0; i < count; i++) compare_input(&n, r, ir_find_var(n.gradient_program, of[i]->name), gradient[i], least);
    compare_optimised(&n, r, gradient, count);
    ref_free(r);
    totals->programs++;
}

void numeric_report(const NumericTotals *t) {
    printf("\n    %d programs, %d elements, worst relative error %.2g, %d at kinks, %d wrong, %d changed by passes\n", t->programs,
           t->elements, t->worst, t->kinks, t->wrong, t->changed);
    CU_ASSERT_EQUAL(t->wrong, 0);
    CU_ASSERT_EQUAL(t->changed, 0);
    CU_ASSERT_TRUE(20 * t->kinks <= t->elements);
    CU_ASSERT_TRUE(t->elements > 2 * t->programs);
}

/* ---- all gradients ---------------------------------------------------------------------------------------------------- */
Gradients numeric_gradients(Arena *arena, IrProgram *p) {
    Gradients g = {.of = ARENA_ARRAY(arena, const IrVar *, p->vars.count), .gradient = ARENA_ARRAY(arena, IrVar *, p->vars.count)};
    GradientFault fault = {0};
    IrVar *loss = numeric_sum_of_squares(p, p->outputs.at[0].var);
    for (int i = 0; i < p->vars.count; i++)
        if (p->vars.at[i]->kind == VAR_WEIGHT || p->vars.at[i]->kind == VAR_STIMULUS) g.of[g.count++] = p->vars.at[i];
    g.p = gradient_of(p, loss, g.of, g.count, g.gradient, &fault);
    CU_ASSERT_PTR_NOT_NULL_FATAL(g.p);
    for (int i = 0; i < g.count; i++) g.of[i] = ir_find_var(g.p, g.of[i]->name);
    return g;
}

char *numeric_gradients_text(Arena *arena, IrProgram *p, bool of_stimuli) {
    Gradients g = numeric_gradients(arena, p);
    g.p->outputs.count = 0;
    for (int i = 0; i < g.count; i++)
        if (of_stimuli || g.of[i]->kind == VAR_WEIGHT) vec_push(g.p->arena, &g.p->outputs, ((IrOutput){.name = g.gradient[i]->name, .var = g.gradient[i]}));
    return printed_in(arena, g.p);
}

static void random_programs(void) {
    const char *more = getenv("CTX_LONG");
    int programs = more && *more ? MANY : FEW;
    NumericTotals totals = {0};
    for (int seed = 1; seed <= programs; seed++) {
        Arena *arena = arena_new();
        IrProgram *p = random_ir(arena, names_new(arena), (uint64_t)seed, ITEMS);
        char name[32];
        snprintf(name, sizeof name, "seed %d", seed);
        numeric_compare(name, p, p->outputs.at[0].var, 1 + seed % 4, seed, &totals);
        arena_free(arena);
    }
    numeric_report(&totals);
}

/* What comes out is ordinary: a gradient has a gradient. */
static void gradients_of_gradients(void) {
    NumericTotals totals = {0};
    for (int seed = 1; seed <= TWICE; seed++) {
        Arena *arena = arena_new();
        IrProgram *p = random_ir(arena, names_new(arena), (uint64_t)seed, ITEMS - 2), *g;
        const IrVar *of = ir_find_var(p, seed % 2 ? "W" : "x");
        IrVar *gradient;
        GradientFault fault;
        settle_fully(p);
        g = gradient_of(p, p->outputs.at[0].var, &of, 1, &gradient, &fault);
        CU_ASSERT_PTR_NOT_NULL_FATAL(g);
        g->outputs.count = g->checks.count = 0;
        numeric_compare(arena_printf(arena, "seed %d, twice", seed), g, gradient, 1 + seed % 4, seed, &totals);
        arena_free(arena);
    }
    numeric_report(&totals);
}

/* Half of the data are negative: what stands under a condition has no value there, directly or through other variables, and must
 * not be multiplied by 0. */
static void what_is_not_evaluated_has_no_part(void) {
    static const char head[] = "program lazy core\naxis t : bounded(8)\naxis j : copy(t)\naxis d : const(3)\nstimulus x[t]\nstimulus z[t]\n"
                               "weight W[d]\nweight c\n";
    static const char *const body[] = {
        "alg y[t] = select(x[t] <= 0, c, z[t] * log(x[t]))\n",
        "alg r[t] = log(x[t])\nalg y[t] = select(x[t] <= 0, 0, r[t] * c)\n",
        "alg r[t] = sqrt(x[t])\nalg s[t] = z[t] * r[t]\nalg u[t, d] = s[t] * W[d]\nalg y[t] = select(x[t] < 0, z[t], sum(d) u[t, d])\n",
        "alg y[t] = select(x[t] <= 0, z[t], sum(d) W[d] * x[t] ^ 0.3)\n",
        "alg y[t] = select(x[t] <= 0, 0, (sum(j where j <= t) z[j] * c) / sqrt(x[t])) + exp(x[t])\n",
        "alg s[t, j] = z[j] / (position(t) - position(j))\nalg y[t] = sum(j where j - t <= -1) s[t, j]\n",
        "alg s[t, j] = z[j] / (position(t) - position(j))\nalg y[t] = select(position(t) <= 0, c, s[t, 0])\n",
    };
    NumericTotals totals = {0};
    for (size_t i = 0; i < sizeof body / sizeof *body; i++) {
        Arena *arena = arena_new();
        char *error = NULL;
        IrProgram *p = ir_parse(arena, names_new(arena), arena_printf(arena, "%s%soutput y = y\n", head, body[i]), &error);
        if (!p) printf("%s\n", error);
        CU_ASSERT_PTR_NOT_NULL_FATAL(p);
        for (int64_t bounded = 1; bounded <= 5; bounded += 2) {
            IrProgram *own = ir_clone(p);
            numeric_compare(body[i], own, own->outputs.at[0].var, bounded, 0, &totals);
        }
        arena_free(arena);
    }
    numeric_report(&totals);
}

/* ---- examples and standard library ------------------------------------------------------------------------------------ */
static void compare_source(void *totals, const char *name, const char *text) {
    bool more = true;
    for (int k = 0; more; k++) {
        Arena *arena = arena_new();
        IrVar *v;
        IrProgram *p = source_result(arena, text, source_small, k, &v);
        if (p && v) numeric_compare(arena_printf(arena, "%s, %s", name, v->name), p, v, 3 + k % 2, k, totals);
        more = p;
        arena_free(arena);
    }
}

static void examples(void) {
    NumericTotals totals = {0};
    int files = source_examples(compare_source, &totals);
    CU_ASSERT_TRUE(totals.programs > files);
    numeric_report(&totals);
}

static void standard_library(void) {
    NumericTotals totals = {0};
    int sources = source_library(compare_source, &totals);
    CU_ASSERT_TRUE(totals.programs >= sources);
    numeric_report(&totals);
}

void suite_gradient_numeric(void) {
    CU_pSuite suite = CU_add_suite("gradient_numeric", NULL, NULL);
    CU_add_test(suite, "random programs", random_programs);
    CU_add_test(suite, "gradients of gradients", gradients_of_gradients);
    CU_add_test(suite, "what is not evaluated has no part", what_is_not_evaluated_has_no_part);
    CU_add_test(suite, "examples", examples);
    CU_add_test(suite, "standard library", standard_library);
}
