#define _GNU_SOURCE
#include <stdio.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/form.h"
#include "core/plan_internal.h"
#include "linalg/product.h"
#include "linalg/sparse.h"

enum { LINE = 64 }; /* bytes; buffers begin at multiples of it */

void rt_plan_note(RtPlan *plan, const char *format, ...) {
    va_list args;
    char *line = NULL;
    va_start(args, format);
    if (vasprintf(&line, format, args) < 0) line = NULL;
    va_end(args);
    char *all = line ? rt_format("%s%s\n", plan->notes ? plan->notes : "", line) : NULL;
    free(line);
    if (!all) return; /* a note is not worth a failure */
    free(plan->notes);
    plan->notes = all;
}

/* Every bounded axis must have a size by now. */
static RtStatus check_sizes(const RtConfig *c, RtError *error) {
    for (int i = 0; i < c->d.axes; i++)
        if (c->size[i] == 0)
            return rt_fail(error, RT_USER,
                           "axis %s has no size yet: give a stimulus along it, or --size %s=N (at most %lld)",
                           c->d.axis[i].name, c->d.axis[i].name, (long long)c->d.axis[i].size);
    return RT_OK;
}

static RtStatus too_large(RtPlan *plan, const RtBuffer *b) {
    char text[RT_SHAPE_TEXT];
    int64_t shape[RT_MAX_RANK];
    for (int i = 0; i < b->rank; i++) shape[i] = rt_buffer_size(&plan->d, plan->size, b, i);
    return rt_fail(&plan->error, RT_USER, "%s of shape %s is too large for any memory", b->name,
                   rt_shape_text(text, b->rank, shape));
}

/* Bytes of every buffer and of the scratch, and their total. */
static RtStatus measure(RtPlan *plan, int threads, int64_t *scratch) {
    for (int i = 0; i < plan->d.buffers; i++) {
        const RtBuffer *b = &plan->d.buffer[i];
        int64_t count = rt_buffer_count(&plan->d, plan->size, b);
        if (count < 0) return too_large(plan, b);
        if (plan->window[i]) count = count / plan->size[b->axis[0]] * plan->window[i];
        plan->bytes[i] = b->role == RT_SPARSE ? 0 : count * (int64_t)rt_type_size(plan->d.type) * b->slots;
        if (rt_plan_is_packed(plan, i) || rt_is_shared(plan, i)) continue;
        if (__builtin_add_overflow(plan->total, plan->bytes[i], &plan->total)) return too_large(plan, b);
    }
    if (rt_layout(plan) != RT_OK) return plan->error.status;
    int64_t each = plan->program->scratch_bytes ? plan->program->scratch_bytes(plan->size) : 0;
    plan->frame.scratch_stride = (each + LINE - 1) / LINE * LINE;
    if (each < 0 || __builtin_add_overflow(plan->total, plan->shared_bytes, &plan->total) ||
        __builtin_mul_overflow(plan->frame.scratch_stride, threads, scratch) ||
        __builtin_add_overflow(plan->total, *scratch, &plan->total))
        return rt_fail(&plan->error, RT_USER, "the working memory of %s is too large for any machine", plan->d.name);
    return RT_OK;
}

RtStatus rt_plan_afford(RtPlan *plan, double more) {
    double have = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE), need = (double)plan->total + more;
    if (have > 0 && need > have)
        return rt_fail(&plan->error, RT_MACHINE, "%s needs %.4g GB of memory at these sizes, this machine has %.4g GB",
                       plan->d.name, need / 1e9, have / 1e9);
    return RT_OK;
}

static double packed_bytes(RtPlan *plan) {
    double bytes = 0;
    for (int i = 0; i < plan->d.buffers; i++)
        if (plan->d.buffer[i].role == RT_SPARSE) bytes += rt_pack_bytes(plan, i);
    return bytes;
}

static RtStatus allocate(RtPlan *plan, int64_t scratch) {
    if (rt_plan_afford(plan, packed_bytes(plan)) != RT_OK) return plan->error.status;
    plan->shared = rt_aligned((size_t)plan->shared_bytes);
    if (!plan->shared) return rt_no_memory(&plan->error, (double)plan->shared_bytes, "values of a call");
    for (int i = 0; i < plan->d.buffers; i++) {
        if (plan->d.buffer[i].role == RT_SPARSE || rt_plan_is_packed(plan, i)) continue;
        plan->home[i] = plan->buffer[i] = rt_is_shared(plan, i) ? plan->shared + plan->offset[i] : rt_aligned((size_t)plan->bytes[i]);
        if (!plan->home[i]) return rt_no_memory(&plan->error, (double)plan->bytes[i], plan->d.buffer[i].name);
    }
    plan->scratch = rt_aligned((size_t)scratch);
    if (!plan->scratch) return rt_no_memory(&plan->error, (double)scratch, "working memory");
    return RT_OK;
}

/* The parts of a plan that do not depend on sizes. */
static RtStatus begin(RtPlan *plan, const RtConfig *c) {
    plan->program = c->program;
    if (rt_descriptor_read(c->program, &plan->d, &plan->error) != RT_OK) return plan->error.status;
    size_t axes = (size_t)plan->d.axes + 1, buffers = (size_t)plan->d.buffers + 1;
    plan->size = calloc(axes, sizeof *plan->size);
    plan->batched = calloc(buffers, sizeof *plan->batched);
    plan->bytes = calloc(buffers, sizeof *plan->bytes);
    plan->offset = calloc(buffers, sizeof *plan->offset);
    plan->window = calloc(buffers, sizeof *plan->window);
    plan->home = calloc(buffers, sizeof *plan->home);
    plan->buffer = calloc(buffers, sizeof *plan->buffer);
    plan->pairs = calloc(buffers, sizeof *plan->pairs);
    plan->changed = calloc(buffers, sizeof *plan->changed);
    if (!plan->size || !plan->batched || !plan->bytes || !plan->offset || !plan->window || !plan->home || !plan->buffer || !plan->pairs || !plan->changed)
        return rt_no_memory(&plan->error, (double)buffers * 32, "a plan");
    memcpy(plan->size, c->size, (size_t)plan->d.axes * sizeof *plan->size);
    memcpy(plan->batched, c->batched, (size_t)plan->d.buffers * sizeof *plan->batched);
    memcpy(plan->window, c->window, (size_t)plan->d.buffers * sizeof *plan->window);
    plan->keep_weights = c->keep_weights;
    plan->batch = c->batch;
    plan->batch.by = NULL;
    return RT_OK;
}

bool rt_plan_is_packed(const RtPlan *plan, int buffer) {
    return plan->d.buffer[buffer].packed && !plan->keep_weights;
}

static void free_pairs(RtPlan *plan) {
    for (int i = 0; plan->pairs && i < plan->d.buffers; i++) {
        rt_pairs_free(plan->pairs[i]);
        plan->pairs[i] = NULL;
    }
}

/* Weights that were read from a file have been in memory until here. */
static RtStatus pack_all(RtPlan *plan) {
    for (int i = 0; i < plan->d.buffers; i++)
        if (plan->d.buffer[i].role == RT_SPARSE && rt_pack(plan, i) != RT_OK) return plan->error.status;
    for (int i = 0; i < plan->d.buffers; i++) {
        if (!rt_plan_is_packed(plan, i) || !plan->home[i]) continue;
        free(plan->home[i]);
        plan->home[i] = plan->buffer[i] = NULL;
        plan->total -= plan->bytes[i];
    }
    free_pairs(plan);
    return RT_OK;
}

static RtStatus build(RtPlan *plan, const RtConfig *c) {
    int64_t scratch = 0;
    if (check_sizes(c, &plan->error) != RT_OK || begin(plan, c) != RT_OK) return plan->error.status;
    int threads = c->threads ? c->threads : rt_processors();
    if (measure(plan, threads, &scratch) != RT_OK || allocate(plan, scratch) != RT_OK) return plan->error.status;
    if (rt_bind_weights(plan, c) != RT_OK) return plan->error.status;
    RtPool *pool = rt_pool_new(threads);
    if (!pool) return rt_fail(&plan->error, RT_MACHINE, "%d threads cannot be started", threads);
    plan->frame.size = plan->size;
    plan->frame.buffer = plan->buffer;
    plan->frame.scratch = plan->scratch;
    plan->frame.pool = pool;
    plan->frame.seed = c->seed;
    if (plan->program->plan) plan->program->plan(&plan->frame);
    return pack_all(plan);
}

RtPlan *rt_plan_new(RtConfig *c) {
    if (c->error.status != RT_OK) return NULL;
    rt_linalg_start();
    RtPlan *plan = calloc(1, sizeof *plan);
    if (!plan) rt_no_memory(&c->error, sizeof *plan, "a plan");
    else if (build(plan, c) == RT_OK) return plan;
    else rt_fail(&c->error, plan->error.status, "%s", rt_error_message(&plan->error));
    rt_plan_free(plan);
    return NULL;
}

void rt_plan_free(RtPlan *plan) {
    if (!plan) return;
    rt_pool_free(plan->frame.pool);
    for (int i = 0; plan->home && i < plan->d.buffers; i++) {
        if (plan->d.buffer[i].role == RT_SPARSE) rt_sparse_free(plan->home[i]);
        else if (!rt_is_shared(plan, i)) free(plan->home[i]);
    }
    free_pairs(plan);
    free(plan->pairs);
    free(plan->changed);
    free(plan->scratch);
    free(plan->shared);
    free(plan->offset);
    free(plan->buffer);
    free(plan->home);
    free(plan->window);
    free(plan->bytes);
    free(plan->batched);
    free(plan->size);
    free(plan->notes);
    rt_error_clear(&plan->error);
    rt_descriptor_free(&plan->d);
    free(plan);
}

/* Shows the frame item `item` of the caller's memory, or its copy at home where alignment asks for one. */
static void show_stimulus(RtPlan *plan, int at, const void *data, int64_t item) {
    const char *from = (const char *)data + (plan->batched[at] ? item * plan->bytes[at] : 0);
    if ((uintptr_t)from % LINE == 0) {
        plan->buffer[at] = (void *)(uintptr_t)from;
        return;
    }
    plan->buffer[at] = plan->home[at];
    if (item == 0 || plan->batched[at]) memcpy(plan->home[at], from, (size_t)plan->bytes[at]);
}

static void show_output(RtPlan *plan, int at, void *data, int64_t item) {
    char *to = data ? (char *)data + item * plan->bytes[at] : NULL;
    plan->buffer[at] = to && (uintptr_t)to % LINE == 0 ? to : plan->home[at];
}

static void fetch_output(RtPlan *plan, int at, void *data, int64_t item) {
    char *to = data ? (char *)data + item * plan->bytes[at] : NULL;
    if (to && plan->buffer[at] != to) memcpy(to, plan->home[at], (size_t)plan->bytes[at]);
}

static bool is_changed(const RtPlan *plan, const RtOperand *operand) {
    return plan->changed[operand->buffer] || plan->d.buffer[operand->buffer].role == RT_PLANNED;
}

static bool reads_changed(const RtPlan *plan, const RtForm *form) {
    bool reads = is_changed(plan, &form->table);
    for (int i = 0; i < form->factors; i++) reads |= is_changed(plan, &form->factor[i]);
    return reads;
}

/* Makes again what is made of weights that were set: the planned buffers, which calls never change, and what is packed. */
static RtStatus refresh(RtPlan *plan) {
    if (!plan->stale) return RT_OK;
    if (plan->program->plan) plan->program->plan(&plan->frame);
    for (int i = 0; i < plan->d.buffers; i++) {
        const RtBuffer *b = &plan->d.buffer[i];
        if (b->role == RT_SPARSE && reads_changed(plan, b->form) && rt_pack(plan, i) != RT_OK) return plan->error.status;
    }
    memset(plan->changed, 0, (size_t)plan->d.buffers * sizeof *plan->changed);
    plan->stale = false;
    return RT_OK;
}

RtStatus rt_plan_show(RtPlan *plan, const void *const *stimuli, void *const *outputs, int64_t item) {
    if (refresh(plan) != RT_OK) return plan->error.status;
#ifdef CTX_VERIFY /* what a call reads before it writes it is no number */
    memset(plan->shared, 0xff, (size_t)plan->shared_bytes);
#endif
    for (int i = 0, s = 0, o = 0; i < plan->d.buffers; i++) {
        RtRole role = plan->d.buffer[i].role;
        const void *data = role == RT_STIMULUS ? stimuli[s++] : role == RT_OUTPUT ? outputs[o++] : NULL;
        if (plan->window[i]) continue;
        if (role == RT_STIMULUS && !data) return rt_fail(&plan->error, RT_USER, "stimulus %s is NULL", plan->d.buffer[i].name);
        if (role == RT_STIMULUS) show_stimulus(plan, i, data, item);
        if (role == RT_OUTPUT) show_output(plan, i, (void *)(uintptr_t)data, item);
    }
    return RT_OK;
}

void rt_plan_fetch(RtPlan *plan, void *const *outputs, int64_t item) {
    for (int i = 0, o = 0; i < plan->d.buffers; i++) {
        if (plan->d.buffer[i].role != RT_OUTPUT) continue;
        void *data = outputs[o++];
        if (!plan->window[i]) fetch_output(plan, i, data, item);
    }
}

/* What is not finite counts as infinite. */
static void note_local_error(RtPlan *plan) {
    for (int i = 0; i < plan->d.buffers; i++) {
        int64_t count = plan->d.buffer[i].gauge ? plan->bytes[i] / (int64_t)rt_type_size(plan->d.type) : 0;
        for (int64_t k = 0; k < count; k++) {
            double error = rt_element(plan->d.type, plan->home[i], k);
            if (!(error <= plan->local_error)) plan->local_error = isfinite(error) ? error : INFINITY;
        }
    }
}

RtStatus rt_plan_call(RtPlan *plan, const void *const *stimuli, void *const *outputs) {
    if (plan->error.status != RT_OK) return plan->error.status;
    plan->local_error = 0;
    for (int64_t item = 0; item < plan->batch.items; item++) {
        if (rt_plan_show(plan, stimuli, outputs, item) != RT_OK) return plan->error.status;
        plan->program->call(&plan->frame);
        note_local_error(plan);
        rt_plan_fetch(plan, outputs, item);
    }
    return RT_OK;
}

static bool is_sparse(const RtPlan *plan) {
    for (int i = 0; i < plan->d.buffers; i++)
        if (plan->d.buffer[i].role == RT_SPARSE) return true;
    return false;
}

void rt_plan_noise(RtPlan *plan, uint64_t seed) { plan->frame.seed = seed; }

RtStatus rt_plan_set_weight(RtPlan *plan, const char *name, const void *data) {
    int at = rt_find_buffer(&plan->d, RT_WEIGHT, name);
    if (at < 0) return RT_USER;
    if (is_sparse(plan) && !plan->keep_weights)
        return rt_fail(&plan->error, RT_USER, "weight %s cannot be set: %s was planned without keeping what its sparse projections are made of",
                       name, plan->d.name);
    memcpy(plan->home[at], data, (size_t)plan->bytes[at]);
    plan->changed[at] = plan->stale = true;
    return RT_OK;
}

double rt_plan_local_error(const RtPlan *plan) { return plan->local_error; }
const char *rt_plan_message(const RtPlan *plan) { return rt_error_message(&plan->error); }
const char *rt_plan_notes(const RtPlan *plan) { return plan->notes ? plan->notes : ""; }
const RtDescriptor *rt_plan_descriptor(const RtPlan *plan) { return &plan->d; }
int64_t rt_plan_size(const RtPlan *plan, int axis) { return plan->size[axis]; }
const void *rt_plan_weight(const RtPlan *plan, int buffer) { return plan->home[buffer]; }
int64_t rt_plan_bytes(const RtPlan *plan) { return plan->total; }
int rt_plan_threads(const RtPlan *plan) { return rt_pool_threads(plan->frame.pool); }

int rt_plan_shape(const RtPlan *plan, int buffer, int64_t shape[RT_MAX_RANK]) {
    const RtBuffer *b = &plan->d.buffer[buffer];
    bool batched = b->role == RT_OUTPUT ? plan->batch.rank > 0 : plan->batched[buffer];
    int extra = batched ? plan->batch.rank : 0;
    for (int i = 0; i < extra; i++) shape[i] = plan->batch.shape[i];
    for (int i = 0; i < b->rank; i++) shape[extra + i] = rt_buffer_size(&plan->d, plan->size, b, i);
    return extra + b->rank;
}
int rt_plan_unused(const RtPlan *plan) { return plan->unused; }

int64_t rt_plan_axis(const RtPlan *plan, const char *name) {
    int axis = rt_find_axis(&plan->d, name);
    return axis < 0 ? -1 : plan->size[axis];
}
