/* codegen/: the harness of codegen.h; its own suite tests only that it can fail. */
#include <CUnit/Basic.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codegen.h"
#include "codegen/codegen.h"
#include "core/plan.h"
#include "opt/opt.h"
#include "reference/interpret.h"

void suite_codegen_run(void);

enum { MOST = 64 };

typedef struct Native {
    const IrProgram *source;
    IrProgram *p;
    Arena *arena;
    const CodegenCase *c;
    int64_t size;            /* of every bounded axis, in this run */
    CgModule *module;
    const CtxProgram *program;
    CtxProgram in_pieces;    /* the same, with another call() */
    RtPlan *plan;
    double *input[MOST];     /* by variable id of source */
    int64_t input_count[MOST];
    void *output[MOST];      /* in the order of the descriptor */
    int64_t output_count[MOST];
    const char *output_name[MOST];
    int outputs;
} Native;

static double drawn(unsigned *seed, bool f64) {
    *seed = *seed * 1664525u + 1013904223u;
    double x = (*seed >> 8) / 8388608.0 - 1;
    return f64 ? x : (double)(float)x;
}

static int64_t run_size(const Native *n, const IrAxis *axis) {
    return axis->root->kind == AXIS_BOUNDED ? (n->size < axis->root->size ? n->size : axis->root->size) : axis->root->size;
}

static bool is_table(const IrVar *v) {
    return v->draw == INIT_BERNOULLI || v->draw == INIT_CHOOSE;
}

/* Of a table that is given, every fourth row is empty and every fourth full. */
static double table_element(const IrVar *v, int64_t k, double drawn) {
    int64_t row = k / v->axes[v->axis_count - 1]->root->size;
    return row % 4 == 2 ? 0 : row % 4 == 3 || drawn > 0.8;
}

/* What the runtime draws with seed 1. */
static void draw_as_runtime(const Native *n, const IrVar *v, double *to, int64_t count) {
    static const RtDrawKind kinds[] = {[INIT_NORMAL] = RT_DRAW_NORMAL, [INIT_UNIFORM] = RT_DRAW_UNIFORM, [INIT_CONSTANT] = RT_DRAW_CONSTANT,
                                       [INIT_BERNOULLI] = RT_DRAW_BERNOULLI, [INIT_CHOOSE] = RT_DRAW_CHOOSE};
    RtDraw draw = {kinds[v->draw], v->draw_a, v->draw_b};
    RtType type = n->c->f64 ? RT_F64 : RT_F32;
    void *drawn = malloc((size_t)count * rt_type_size(type));
    rt_draw(&draw, 1, v->name, count, type, drawn);
    for (int64_t k = 0; k < count; k++) to[k] = rt_element(type, drawn, k);
    free(drawn);
}

static void draw_inputs(Native *n) {
    unsigned seed = 7;
    for (int i = 0; i < n->source->vars.count && i < MOST; i++) {
        const IrVar *v = n->source->vars.at[i];
        if (v->def || v->kind == VAR_NOISE) continue;
        int64_t count = 1;
        for (int k = 0; k < v->axis_count; k++) count *= v->kind == VAR_WEIGHT ? v->axes[k]->root->size : run_size(n, v->axes[k]);
        n->input[i] = malloc(sizeof(double) * (size_t)count);
        n->input_count[i] = count;
        for (int64_t k = 0; k < count; k++) n->input[i][k] = drawn(&seed, n->c->f64);
        for (int64_t k = 0; is_table(v) && k < count; k++) n->input[i][k] = table_element(v, k, n->input[i][k]);
        if (n->c->drawn && v->draw != INIT_UNBOUND) draw_as_runtime(n, v, n->input[i], count);
    }
}

static void *converted(const Native *n, const double *from, int64_t count) {
    size_t bytes = n->c->f64 ? 8 : 4;
    void *to = aligned_alloc(64, (size_t)(count * (int64_t)bytes + 63) / 64 * 64);
    for (int64_t k = 0; k < count; k++) {
        if (n->c->f64) ((double *)to)[k] = from[k];
        else ((float *)to)[k] = (float)from[k];
    }
    return to;
}

static int input_id(const Native *n, const char *name) {
    const IrVar *v = ir_find_var(n->source, name);
    return v ? v->id : -1;
}

/* NULL, or what went wrong */
static const char *make_plan(Native *n, const CtxProgram *program) {
    RtConfig *config = rt_config_new(program);
    const RtDescriptor *d = rt_config_descriptor(config);
    if (!d) return rt_config_message(config);
    rt_config_threads(config, n->c->threads ? n->c->threads : 1);
    for (int i = 0; i < d->axes; i++)
        if (d->axis[i].bounded) rt_config_axis(config, d->axis[i].name, n->size < d->axis[i].size ? n->size : d->axis[i].size);
    for (int i = 0; i < d->buffers; i++) {
        int id = d->buffer[i].role == RT_WEIGHT ? input_id(n, d->buffer[i].name) : -1;
        if (id < 0 || ((n->c->drawn || n->c->set) && d->buffer[i].draw.kind != RT_DRAW_NONE)) continue;
        void *data = converted(n, n->input[id], n->input_count[id]);
        if (n->c->set) memset(data, 0, (size_t)n->input_count[id] * (n->c->f64 ? 8 : 4));
        rt_config_weight(config, d->buffer[i].name, data, n->input_count[id]);
        free(data);
    }
    if (n->c->set) rt_config_keep_weights(config);
    n->plan = rt_plan_new(config);
    static char message[500];
    snprintf(message, sizeof message, "%s", rt_config_message(config));
    rt_config_free(config);
    return n->plan ? NULL : message;
}

static void set_weights(Native *n) {
    const RtDescriptor *d = rt_plan_descriptor(n->plan);
    for (int i = 0; i < d->buffers; i++) {
        int id = d->buffer[i].role == RT_WEIGHT ? input_id(n, d->buffer[i].name) : -1;
        if (id < 0) continue;
        void *data = converted(n, n->input[id], n->input_count[id]);
        rt_plan_set_weight(n->plan, d->buffer[i].name, data);
        free(data);
    }
}

static const char *call_plan(Native *n) {
    const RtDescriptor *d = rt_plan_descriptor(n->plan);
    void *stimulus[MOST] = {0};
    int stimuli = 0;
    for (int i = 0; i < d->buffers; i++) {
        if (d->buffer[i].role == RT_STIMULUS) {
            int id = input_id(n, d->buffer[i].name);
            stimulus[stimuli++] = converted(n, n->input[id], n->input_count[id]);
        }
        if (d->buffer[i].role != RT_OUTPUT) continue;
        int64_t shape[RT_MAX_RANK], count = 1;
        int rank = rt_plan_shape(n->plan, i, shape);
        for (int k = 0; k < rank; k++) count *= shape[k];
        size_t bytes = (size_t)count * (n->c->f64 ? 8 : 4);
        n->output_name[n->outputs] = arena_strdup(n->arena, d->buffer[i].name);
        n->output_count[n->outputs] = count;
        n->output[n->outputs] = aligned_alloc(64, (bytes + 63) / 64 * 64);
        memset(n->output[n->outputs++], 0xff, bytes);
    }
    for (int round = 0; round < 2; round++) { /* the second call must not see what the first left */
        if (round == 1 && n->c->set) set_weights(n);
        if (rt_plan_call(n->plan, (const void *const *)stimulus, n->output) != RT_OK) return rt_plan_message(n->plan);
    }
    for (int i = 0; i < stimuli; i++) free(stimulus[i]);
    return NULL;
}

static const Native *cut; /* whose parts are called in pieces: call() has no other argument than the frame */

static void call_pieces(const CtxFrame *frame) {
    for (unsigned i = 0; i < cut->program->parts; i++) {
        const CtxPart *part = &cut->program->part[i];
        int64_t total = part->steps * (part->cycle < 0 ? 1 : frame->size[part->cycle]), piece = cut->c->piece;
        part->call(frame);
        for (int64_t at = 0; part->advance && at < total; at += piece) part->advance(frame, at, at + piece < total ? at + piece : total);
    }
}

/* NULL, or what went wrong */
static const char *compile(Native *n) {
    OptReport report;
    OptOptions options = {.no_reassociate = n->c->in_order, .most_kept = n->c->most_kept};
    n->p = opt_run(n->source, &options, &report);
    char *error = NULL;
    Schedule *schedule = n->c->kept ? schedule_make_with(n->p, n->c->kept) : schedule_make(n->p);
    if (getenv("CTX_TEST_PRINT")) ir_print(n->p, stderr), schedule_print(n->p, schedule, stderr);
    CgOptions how = {.f64 = n->c->f64, .cpu = n->c->cpu};
    n->module = cg_compile(n->p, schedule, &how, &error);
    if (!n->module) return error;
    n->program = cg_load(n->module, &error);
    if (!n->program) return error;
    n->in_pieces = *n->program;
    n->in_pieces.call = call_pieces;
    cut = n;
    return n->c->piece && !n->program->parts ? "a program without parts in pieces" : NULL;
}

static void end_run(Native *n) {
    for (int i = 0; i < MOST; i++) {
        free(n->input[i]), free(n->output[i]);
        n->input[i] = n->output[i] = NULL;
    }
    if (n->plan) rt_plan_free(n->plan);
    n->plan = NULL;
    n->outputs = 0;
}

static void finish(Native *n) {
    end_run(n);
    if (n->module) cg_free(n->module);
    arena_free(n->arena);
}

static bool say(const Native *n, const char *wrong) {
    if (wrong) fprintf(stderr, "%s: %s\n", n->source ? n->source->name : "text", wrong);
    return !wrong;
}

static bool start(Native *n, const CodegenCase *c) {
    *n = (Native){.arena = arena_new(), .c = c};
    char *error = NULL;
    n->source = ir_parse(n->arena, names_new(n->arena), c->text, &error);
    if (n->source) error = ir_verify(n->source);
    if (error) return say(n, error);
    return say(n, compile(n));
}

static bool run(Native *n, int64_t size) {
    end_run(n);
    n->size = size;
    draw_inputs(n);
    const char *wrong = make_plan(n, n->c->piece ? &n->in_pieces : n->program);
    return say(n, wrong ? wrong : call_plan(n));
}

static Reference *reference(const Native *n, const IrProgram *p, RefArithmetic how) {
    int64_t *size = ARENA_ARRAY(n->arena, int64_t, p->axes.count + 1);
    for (int i = 0; i < p->axes.count; i++) size[i] = run_size(n, p->axes.at[i]);
    Reference *r = ref_new(p, size, how, NULL, 0);
    for (int i = 0; i < p->vars.count; i++) {
        const IrVar *v = p->vars.at[i];
        int id = v->def ? -1 : input_id(n, v->name);
        if (id >= 0) ref_bind(r, v, n->input[id]);
    }
    const char *error = ref_run(r);
    if (error) fprintf(stderr, "reference: %s\n", error);
    return r;
}

static const IrVar *output_var(const IrProgram *p, const char *name) {
    for (int i = 0; i < p->outputs.count; i++)
        if (strcmp(p->outputs.at[i].name, name) == 0) return p->outputs.at[i].var;
    return NULL;
}

static int64_t compare(const Native *n) {
    RefArithmetic how = n->c->f64 ? ref_float64() : ref_float32();
    Reference *exact = reference(n, n->source, ref_float64()), *scheduled = reference(n, n->p, how);
    int64_t wrong = 0, points = 0;
    for (int i = 0; i < n->outputs; i++) {
        RefTensor want = ref_tensor(exact, output_var(n->source, n->output_name[i]));
        RefTensor bound = ref_tensor(scheduled, output_var(n->p, n->output_name[i]));
        for (int64_t k = 0; k < n->output_count[i]; k++, points++) {
            double got = n->c->f64 ? ((double *)n->output[i])[k] : ((float *)n->output[i])[k];
            double most = want.bound[k] + bound.bound[k];
            if (fabs(got - want.value[k]) <= most) continue;
            if (!wrong++)
                fprintf(stderr, "%s[%lld] of %s: %.9g instead of %.9g within %.2g (size %lld, %s, f%d%s)\n", n->output_name[i], (long long)k,
                        n->source->name, got, want.value[k], most, (long long)n->size, n->c->cpu, n->c->f64 ? 64 : 32,
                        n->c->in_order ? ", source order" : "");
        }
    }
    ref_free(exact);
    ref_free(scheduled);
    return points ? wrong : -1;
}

int64_t codegen_wrong(const CodegenCase *c) {
    Native n;
    int64_t wrong = 0;
    if (!start(&n, c)) wrong = -1;
    for (const int64_t *size = c->sizes; *size && wrong == 0; size++) wrong = run(&n, *size) ? compare(&n) : -1;
    finish(&n);
    return wrong;
}

uint64_t codegen_hash(const CodegenCase *c) {
    int64_t bytes;
    return codegen_hash_bytes(c, &bytes);
}

void codegen_same_on_threads(CodegenCase c) {
    c.threads = 1;
    uint64_t one = codegen_hash(&c);
    CU_ASSERT_NOT_EQUAL(one, 0);
    for (c.threads = 2; c.threads < 5; c.threads++) CU_ASSERT_EQUAL(codegen_hash(&c), one);
}

uint64_t codegen_hash_bytes(const CodegenCase *c, int64_t *bytes) {
    Native n;
    uint64_t h = 14695981039346656037u;
    bool good = start(&n, c);
    for (const int64_t *size = c->sizes; good && *size; size++) {
        good = run(&n, *size);
        if (good) *bytes = rt_plan_bytes(n.plan);
        for (int i = 0; good && i < n.outputs; i++)
            for (int64_t k = 0; k < n.output_count[i] * (c->f64 ? 8 : 4); k++) h = (h ^ ((unsigned char *)n.output[i])[k]) * 1099511628211u;
    }
    finish(&n);
    return good ? h : 0;
}

static void bad_text_is_noticed(void) {
    CodegenCase c = {.text = "program p core\nalg y = \n", .sizes = (int64_t[]){1, 0}, .cpu = "x86-64"};
    fprintf(stderr, "(a message about line 2 belongs here) ");
    CU_ASSERT_EQUAL(codegen_wrong(&c), -1);
}

void suite_codegen_run(void) {
    CU_pSuite suite = CU_add_suite("codegen_run", NULL, NULL);
    CU_add_test(suite, "a text that does not parse is noticed", bad_text_is_noticed);
}
