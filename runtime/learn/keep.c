/* What a run leaves on the disk: weights, and checkpoints (io/sealed.h; the data are the state, the weights that learn with their
 * moments, and the history). */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "io/hash.h"
#include "io/sealed.h"
#include "learn/learn_internal.h"

enum { VERSION = 1 };
static const char magic[8] = {'C', 'T', 'X', 'L', 'E', 'A', 'R', 'N'};
static const char what[] = "a checkpoint of ctx train";

/* ---- weights ------------------------------------------------------------------------------------------------------------------ */
static const void *value_now(const RtLearning *l, int buffer) {
    for (int i = 0; i < l->c->count; i++)
        if (l->learner[i].buffer == buffer) return l->learner[i].value;
    return rt_plan_weight(rt_crew_plan(l->step), buffer);
}

RtStatus rt_learn_save(const RtLearning *l, const char *path, RtError *error) {
    const RtPlan *plan = rt_crew_plan(l->step);
    const RtDescriptor *d = rt_plan_descriptor(plan);
    const char **names = calloc((size_t)d->buffers + 1, sizeof *names);
    RtTensor *tensors = calloc((size_t)d->buffers + 1, sizeof *tensors);
    int count = 0;
    if (!names || !tensors) rt_no_memory(error, 4096, path);
    for (int i = 0; i < d->buffers && error->status == RT_OK; i++) {
        const RtBuffer *b = &d->buffer[i];
        if (b->role != RT_WEIGHT) continue;
        RtTensor *t = &tensors[count];
        t->type = d->type;
        t->rank = rt_plan_shape(plan, i, t->shape);
        t->data = (void *)(uintptr_t)value_now(l, i); /* borrowed */
        names[count++] = b->tensor ? b->tensor : b->name;
    }
    if (error->status == RT_OK) rt_store_write(path, count, names, tensors, error);
    free(names);
    free(tensors);
    return error->status;
}

/* ---- the header: what a run must have in common with the one it takes up -------------------------------------------------------- */
static uint64_t frozen_sum(const RtLearning *l) {
    const RtPlan *plan = rt_crew_plan(l->step);
    const RtDescriptor *d = rt_plan_descriptor(plan);
    RtHash hash = {0};
    for (int i = 0; i < d->buffers; i++) {
        int64_t shape[RT_MAX_RANK];
        const void *bound = rt_plan_weight(plan, i);
        if (d->buffer[i].role != RT_WEIGHT || value_now(l, i) != bound) continue;
        rt_hash_add(&hash, bound, (size_t)rt_shape_count(rt_plan_shape(plan, i, shape), shape) * rt_type_size(l->type));
    }
    return rt_hash_sum(&hash);
}

static json_t *learned_json(const RtLearning *l) {
    json_t *o = json_object();
    for (int i = 0; i < l->c->count; i++) {
        const RtLearned *w = &l->c->learned[i];
        const RtOptimiser *p = &w->optimiser;
        json_object_set_new(o, w->name, json_pack("{s:b, s:s, s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "rule", w->rule, "by", rt_optimiser_name(p->kind), "rate",
                                                  p->rate, "momentum", p->momentum, "beta1", p->beta1, "beta2", p->beta2, "epsilon", p->epsilon, "decay",
                                                  p->decay, "clip", w->clip));
    }
    return o;
}

/* The number of epochs counts only where the rate depends on it: else a run may be prolonged. */
static json_t *header_json(const RtLearning *l) {
    const RtLearnConfig *c = l->c;
    char seed[24], schedule[96];
    errno = 0; /* building JSON leaves out what there is no memory for; only errno says so */
    snprintf(seed, sizeof seed, "%" PRIu64, c->seed);
    snprintf(schedule, sizeof schedule, "%d %lld %lld %.17g %lld", (int)c->schedule.kind, (long long)c->schedule.warmup, (long long)c->schedule.every,
             c->schedule.factor, c->schedule.kind == RT_SCHEDULE_COSINE ? (long long)c->epochs : 0LL);
    json_t *o = json_pack("{s:s, s:o, s:o, s:o, s:o, s:s, s:I, s:I, s:s, s:f, s:o, s:i}", "circuit", rt_plan_descriptor(rt_crew_plan(l->step))->name, "program",
                          rt_sealed_sum(rt_hash_of(c->step->descriptor, strlen(c->step->descriptor))), "data", rt_sealed_sum(rt_data_sum(c->train)), "valid",
                          rt_sealed_sum(rt_data_sum(c->valid)), "frozen", rt_sealed_sum(frozen_sum(l)), "seed", seed, "batch", (json_int_t)c->batch, "together",
                          (json_int_t)c->together, "schedule", schedule, "clip", c->clip, "learned", learned_json(l), "columns", l->history.columns);
    if (errno != ENOMEM) return o;
    json_decref(o);
    return NULL;
}

static RtStatus compare(const RtLearning *l, const RtSealed *f, RtError *error) {
    static const struct {
        const char *key, *differs;
    } rows[] = {{"circuit", "it is of another circuit"},
                {"batch", "its batches had another size (--batch)"},
                {"together", "another number of items was computed together (--together)"},
                {"program", "the circuit, its sizes, what learns or how it was compiled have changed"}, /* and the items together */
                {"data", "the training data are not those it was written with"},
                {"valid", "the validation data are not those it was written with"},
                {"frozen", "the weights that do not learn are not those it was written with"},
                {"seed", "its seed was another one (--seed)"},
                {"schedule", "the rate went by another schedule (--schedule, --warmup, --epochs)"},
                {"clip", "gradients were clipped otherwise (--clip)"},
                {"learned", "the weights learned by other rules or optimisers"},
                {"columns", "other numbers were logged"}};
    json_t *then = rt_sealed_header(f, error), *now = header_json(l);
    if (!now) rt_no_memory(error, (double)f->header_length, f->path);
    for (size_t i = 0; i < sizeof rows / sizeof *rows && error->status == RT_OK; i++)
        if (!json_equal(json_object_get(then, rows[i].key), json_object_get(now, rows[i].key)))
            rt_fail(error, RT_USER, "%s: cannot be resumed: %s", f->path, rows[i].differs);
    json_decref(then);
    json_decref(now);
    return error->status;
}

/* ---- checkpoints ---------------------------------------------------------------------------------------------------------------- */
static size_t bytes_of(const RtLearning *l, const RtLearner *w) { return (size_t)w->count * rt_type_size(l->type); }

RtStatus rt_learn_may_keep(const RtLearning *l, RtError *error) {
    return l->c->checkpoint ? rt_sealed_may_replace(l->c->checkpoint, magic, what, error) : RT_OK;
}

RtStatus rt_learn_keep(RtLearning *l, RtError *error) {
    if (rt_learn_finite(l, error) != RT_OK) return error->status;
    json_t *json = header_json(l);
    char *header = json ? json_dumps(json, JSON_COMPACT) : NULL;
    RtPiece *piece = calloc((size_t)l->c->count * (1 + RT_MOMENTS) + 3, sizeof *piece);
    int count = 0;
    json_decref(json);
    if (!header || !piece) rt_no_memory(error, 4096, l->c->checkpoint);
    else {
        piece[count++] = (RtPiece){&l->at, sizeof l->at};
        for (int i = 0; i < l->c->count; i++) {
            const RtLearner *w = &l->learner[i];
            piece[count++] = (RtPiece){w->value, bytes_of(l, w)};
            for (int k = 0; k < RT_MOMENTS; k++)
                if (w->moment[k]) piece[count++] = (RtPiece){w->moment[k], bytes_of(l, w)};
        }
        piece[count++] = (RtPiece){&l->history.rows, sizeof l->history.rows};
        piece[count++] = (RtPiece){l->history.value, (size_t)(l->history.rows * l->history.columns) * sizeof *l->history.value};
        if (rt_sealed_write(l->c->checkpoint, magic, VERSION, header, count, piece, error) == RT_OK) l->kept = l->at.step;
    }
    free(header);
    free(piece);
    return error->status;
}

static RtStatus take_history(RtLearning *l, RtSealed *f, RtError *error) {
    int64_t rows = 0;
    rt_sealed_take(f, &rows, sizeof rows, error);
    for (int64_t n = 0; n < rows && error->status == RT_OK; n++)
        if (rt_sealed_take(f, l->row, (size_t)l->history.columns * sizeof *l->row, error) == RT_OK) rt_history_add(&l->history, l->row, error);
    return error->status;
}

static RtStatus take(RtLearning *l, RtSealed *f, RtError *error) {
    rt_sealed_take(f, &l->at, sizeof l->at, error);
    for (int i = 0; i < l->c->count && error->status == RT_OK; i++) {
        RtLearner *w = &l->learner[i];
        rt_sealed_take(f, w->value, bytes_of(l, w), error);
        for (int k = 0; k < RT_MOMENTS && error->status == RT_OK; k++)
            if (w->moment[k]) rt_sealed_take(f, w->moment[k], bytes_of(l, w), error);
    }
    if (error->status != RT_OK || take_history(l, f, error) != RT_OK) return error->status;
    bool odd = l->at.epoch < 0 || l->at.batch < 0 || l->at.batch > rt_learn_batches(l->c) || f->taken != f->data_length;
    return odd ? rt_fail(error, RT_USER, "%s: damaged: its state is none", f->path) : RT_OK;
}

RtStatus rt_learn_restore(RtLearning *l, RtError *error) {
    RtSealed f;
    if (rt_sealed_read(l->c->resume, magic, VERSION, what, &f, error) != RT_OK) return error->status;
    if (compare(l, &f, error) == RT_OK) take(l, &f, error);
    rt_sealed_close(&f);
    if (error->status == RT_OK && l->c->checkpoint && !strcmp(l->c->checkpoint, l->c->resume)) l->kept = l->at.step;
    return error->status;
}
