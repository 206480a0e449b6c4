/* codegen/: random programs, optimised, compiled and run, against the reference evaluation of the same program: within the
 * reference's bounds for the arithmetic, at several sizes of the bounded axis and on one and three threads. */
#include <CUnit/Basic.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/codegen.h"
#include "core/plan.h"
#include "gradient/gradient.h"
#include "opt/opt.h"
#include "random_ir.h"
#include "reference/interpret.h"

void suite_codegen_random(void);

enum { SEEDS = 60, ITEMS = 6, DOUBLE = 2 /* every second program has f64 elements */, GRADIENTS = 3 };

typedef struct Native {
    CgModule *module;
    const CtxProgram *program;
    bool f64;
} Native;

/* A float in [-1, 1] for each element of an input, by its name. */
static double datum(const char *name, int64_t i) {
    uint64_t h = 1469598103934665603u + (uint64_t)i;
    for (const char *c = name; *c; c++) h = (h ^ (uint64_t)*c) * 1099511628211u;
    h ^= h >> 29;
    return (double)(float)((double)(int64_t)(h * 0x9e3779b97f4a7c15u) / 9223372036854775808.0);
}

static Reference *evaluated(const IrProgram *p, int64_t token, bool f64) {
    int64_t *size = calloc((size_t)p->axes.count + 1, sizeof *size);
    for (int i = 0; i < p->axes.count; i++) size[i] = p->axes.at[i]->root->kind == AXIS_BOUNDED ? token : 0;
    IrVar **keep = calloc((size_t)p->outputs.count + 1, sizeof *keep);
    for (int i = 0; i < p->outputs.count; i++) keep[i] = p->outputs.at[i].var;
    Reference *r = ref_new(p, size, f64 ? ref_float64() : ref_float32(), keep, p->outputs.count);
    for (int i = 0; i < p->vars.count; i++) {
        const IrVar *v = p->vars.at[i];
        if (v->kind != VAR_STIMULUS && v->kind != VAR_WEIGHT) continue;
        int64_t count = ref_input_count(r, v);
        double *data = malloc(sizeof *data * (size_t)(count + 1));
        for (int64_t k = 0; k < count; k++) data[k] = datum(v->name, k);
        ref_bind(r, v, data);
        free(data);
    }
    CU_ASSERT_PTR_NULL_FATAL(ref_run(r));
    free(size);
    free(keep);
    return r;
}

static void *input_data(const RtDescriptor *d, const int64_t *size, const RtBuffer *buffer, int64_t *count) {
    *count = 1;
    for (int i = 0; i < buffer->rank; i++)
        *count *= buffer->role == RT_WEIGHT ? d->axis[buffer->axis[i]].size : size[buffer->axis[i]];
    void *data = rt_aligned((size_t)*count * rt_type_size(d->type) + 64);
    for (int64_t i = 0; i < *count; i++) {
        if (d->type == RT_F64) ((double *)data)[i] = datum(buffer->name, i);
        else ((float *)data)[i] = (float)datum(buffer->name, i);
    }
    return data;
}

typedef struct Call {
    RtConfig *config;
    RtPlan *plan;
    const RtDescriptor *d;
    int64_t size[64], count[64];
    void *data[64]; /* by buffer: inputs and outputs */
} Call;

static Call *run(const Native *native, int64_t token, int threads) {
    Call *call = calloc(1, sizeof *call);
    call->config = rt_config_new(native->program);
    const RtDescriptor *d = call->d = rt_config_descriptor(call->config);
    CU_ASSERT_PTR_NOT_NULL_FATAL(d);
    CU_ASSERT_FATAL(d->buffers <= 64 && d->axes <= 64);
    for (int i = 0; i < d->axes; i++) {
        call->size[i] = d->axis[i].bounded ? token : d->axis[i].size;
        if (d->axis[i].bounded) rt_config_axis(call->config, d->axis[i].name, token);
    }
    rt_config_threads(call->config, threads);
    const void *stimuli[64];
    void *outputs[64];
    int stimulus = 0, output = 0;
    for (int i = 0; i < d->buffers; i++) {
        RtRole role = d->buffer[i].role;
        if (role == RT_STIMULUS || role == RT_WEIGHT || role == RT_OUTPUT)
            call->data[i] = input_data(d, call->size, &d->buffer[i], &call->count[i]);
        if (role == RT_WEIGHT) rt_config_weight(call->config, d->buffer[i].name, call->data[i], call->count[i]);
        if (role == RT_STIMULUS) stimuli[stimulus++] = call->data[i];
        if (role == RT_OUTPUT) outputs[output++] = call->data[i];
    }
    call->plan = rt_plan_new(call->config);
    if (!call->plan) printf("%s\n", rt_config_message(call->config));
    CU_ASSERT_PTR_NOT_NULL_FATAL(call->plan);
    CU_ASSERT_EQUAL(rt_plan_call(call->plan, stimuli, outputs), RT_OK);
    return call;
}

static void end(Call *call) {
    for (int i = 0; i < call->d->buffers; i++) free(call->data[i]);
    rt_plan_free(call->plan);
    rt_config_free(call->config);
    free(call);
}

/* Where a comparison might have gone the other way there is no bound: the values are not near such a point. */
static double allowed(double value, double bound) {
    return isfinite(bound) ? 2 * bound + 1e-15 : 1e-4 * (1 + fabs(value));
}

static bool near(const Call *call, const char *name, RefTensor wanted) {
    for (int i = 0; i < call->d->buffers; i++) {
        if (call->d->buffer[i].role != RT_OUTPUT || strcmp(call->d->buffer[i].name, name) != 0) continue;
        if (call->count[i] != wanted.count) return false;
        for (int64_t k = 0; k < wanted.count; k++) {
            double got = rt_element(call->d->type, call->data[i], k);
            if (fabs(got - wanted.value[k]) <= allowed(wanted.value[k], wanted.bound[k])) continue;
            printf("%s element %d: native %.17g, reference %.17g, bound %g\n", name, (int)k, got, wanted.value[k], wanted.bound[k]);
            return false;
        }
        return true;
    }
    return false;
}

static bool compare(const IrProgram *p, const Native *native, int64_t token, int threads) {
    Reference *r = evaluated(p, token, native->f64);
    Call *call = run(native, token, threads);
    bool same = true;
    for (int i = 0; i < p->outputs.count; i++)
        same &= near(call, p->outputs.at[i].name, ref_tensor(r, p->outputs.at[i].var));
    end(call);
    ref_free(r);
    return same;
}

/* most_kept 0: the usual one */
static bool compile(const IrProgram *p, double most_kept, Native *native) {
    char *error = NULL;
    const Schedule *schedule = most_kept ? schedule_make_with(p, most_kept) : schedule_make(p);
    CgOptions options = {.f64 = native->f64, .cpu = "host"};
    native->module = cg_compile(p, schedule, &options, &error);
    native->program = native->module ? cg_load(native->module, &error) : NULL;
    if (!native->program) printf("%s\n", error);
    return native->program;
}

/* The program, and the gradient of its first output with respect to W: reversed scans, fixpoints of adjoints. */
static IrProgram *with_gradient(IrProgram *p) {
    const IrVar *of = ir_find_var(p, "W");
    IrVar *gradient;
    GradientFault fault;
    IrProgram *g = gradient_of(p, p->outputs.at[0].var, &of, 1, &gradient, &fault);
    CU_ASSERT_PTR_NOT_NULL_FATAL(g);
    vec_push(g->arena, &g->outputs, ((IrOutput){.name = name_of(g->names, "dW"), .var = gradient}));
    return g;
}

static void native_code_computes_the_program(void) {
    static const int64_t sizes[] = {1, 2, 5, 7};
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        Arena *arena = arena_new();
        IrProgram *source = random_ir(arena, names_new(arena), seed, ITEMS);
        if (seed % GRADIENTS == 0) source = with_gradient(source);
        OptOptions options = {.no_reassociate = seed % 5 == 0, .most_kept = (double)(seed % 2)};
        OptReport report;
        IrProgram *p = opt_run(source, &options, &report);
        Native native = {.f64 = seed % DOUBLE == 0};
        bool right = compile(p, options.most_kept, &native);
        for (size_t i = 0; right && i < sizeof sizes / sizeof *sizes; i++)
            right = compare(p, &native, sizes[i], i % 2 ? 3 : 1) || (printf("at token = %d\n", (int)sizes[i]), false);
        if (!right) printf("seed %d\n", (int)seed), ir_print(p, stdout), fflush(stdout);
        CU_ASSERT_TRUE(right);
        cg_free(native.module);
        arena_free(arena);
        if (!right) return;
    }
}

void suite_codegen_random(void) {
    CU_pSuite suite = CU_add_suite("codegen_random", NULL, NULL);
    CU_add_test(suite, "native code computes the program", native_code_computes_the_program);
}
