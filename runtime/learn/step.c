/* One step: gradients of a batch, their norms, the moves of all weights. Sums are made in an order that the number of threads does
 * not change: piece by piece, then the pieces one after the other. */
#define _GNU_SOURCE
#include <math.h>
#include <stdlib.h>

#include "learn/learn_internal.h"

int64_t rt_learn_batches(const RtLearnConfig *c) { return (c->train->items + c->batch - 1) / c->batch; }

/* ---- what is not finite ------------------------------------------------------------------------------------------------------ */
RtStatus rt_learn_diverged(const RtLearning *l, const char *what, RtError *error) {
    char *kept = l->kept >= 0 ? rt_format("%s holds the state after step %lld", l->c->checkpoint, (long long)l->kept) : NULL;
    rt_fail(error, RT_USER, "step %lld (epoch %lld): %s; a lower rate or --clip may help; %s", (long long)l->at.step + 1,
            (long long)l->at.epoch + 1, what, kept ? kept : "no weights were saved");
    free(kept);
    return error->status;
}

/* " (loss 0.5 before)"; nothing in the first step of a run */
static char *before(const RtLearning *l) { return l->at.step > l->first ? rt_format(" (loss %.6g before)", l->last_loss) : rt_format("%s", ""); }

static RtStatus diverged_in(const RtLearning *l, const RtLearner *w, const void *data, const char *of, RtError *error) {
    int64_t shape[RT_MAX_RANK], at = rt_first_not_finite(l->type, data, w->count);
    char text[RT_SHAPE_TEXT];
    int rank = rt_plan_shape(rt_crew_plan(l->step), w->buffer, shape);
    char *then = before(l), *what = rt_format("%s %s is not finite at %s%s", of, w->is->name, rt_index_text(text, rank, shape, at < 0 ? 0 : at), then ? then : "");
    rt_learn_diverged(l, what ? what : "values are not finite", error);
    free(then);
    free(what);
    return error->status;
}

/* The tensor to blame: the first gradient that is not finite; else the loss. */
static RtStatus diverged(const RtLearning *l, RtError *error) {
    for (int i = 0; i < l->c->count; i++) {
        const RtLearner *w = &l->learner[i];
        const void *gradient = rt_crew_sum(l->step, w->output);
        if (rt_first_not_finite(l->type, gradient, w->count) >= 0) return diverged_in(l, w, gradient, w->is->rule ? "the rule of" : "the gradient of", error);
    }
    char *then = before(l), *what = rt_format("%s is not finite%s", l->c->loss, then ? then : "");
    rt_learn_diverged(l, what ? what : "the loss is not finite", error);
    free(then);
    free(what);
    return error->status;
}

RtStatus rt_learn_finite(const RtLearning *l, RtError *error) {
    for (int i = 0; i < l->c->count; i++)
        if (rt_first_not_finite(l->type, l->learner[i].value, l->learner[i].count) >= 0) return diverged_in(l, &l->learner[i], l->learner[i].value, "weight", error);
    return RT_OK;
}

/* ---- norms ------------------------------------------------------------------------------------------------------------------- */
static void square_parts(const CtxFrame *frame, int64_t first, int64_t end, int64_t thread) {
    const RtLearning *l = (const RtLearning *)frame;
    (void)thread;
    for (int64_t p = first; p < end; p++) {
        RtPart *part = &l->part[p];
        const void *gradient = rt_crew_sum(l->step, l->learner[part->learner].output);
        double sum[4] = {0};
        for (int64_t i = 0; i < part->count; i++) {
            double g = rt_element(l->type, gradient, part->first + i);
            sum[i & 3] += g * g;
        }
        part->squares = (sum[0] + sum[1]) + (sum[2] + sum[3]);
    }
}

static double clipped(double scale, double norm, double most) { return most > 0 && norm > most ? scale * most / norm : scale; }

/* The factor of every weight's summed gradient; false if a gradient is not finite. The norm of all is that of those already clipped. */
static bool scale_gradients(RtLearning *l, int64_t items) {
    double mean = 1 / (double)items, all = 0, own[l->c->count];
    rt_parallel(&l->frame, square_parts, l->parts);
    for (int i = 0; i < l->c->count; i++) own[i] = 0;
    for (int p = 0; p < l->parts; p++) own[l->part[p].learner] += l->part[p].squares;
    for (int i = 0; i < l->c->count; i++) {
        RtLearner *w = &l->learner[i];
        if (!isfinite(own[i])) return false;
        w->scale = clipped(mean, mean * sqrt(own[i]), w->is->clip);
        if (!w->is->rule) all += own[i] * (w->scale / mean) * (w->scale / mean);
    }
    for (int i = 0; i < l->c->count; i++) {
        RtLearner *w = &l->learner[i];
        w->scale = w->is->rule ? -w->scale : clipped(w->scale, mean * sqrt(all), l->c->clip);
    }
    return true;
}

/* ---- moves ------------------------------------------------------------------------------------------------------------------- */
static void *element(RtType type, void *data, int64_t i) { return data ? (char *)data + (size_t)i * rt_type_size(type) : NULL; }

static void move_parts(const CtxFrame *frame, int64_t first, int64_t end, int64_t thread) {
    const RtLearning *l = (const RtLearning *)frame;
    (void)thread;
    for (int64_t p = first; p < end; p++) {
        const RtPart *part = &l->part[p];
        RtLearner *w = &l->learner[part->learner];
        RtUpdate u = {.type = l->type, .count = part->count, .weight = element(l->type, w->value, part->first),
                      .gradient = element(l->type, rt_crew_sum(l->step, w->output), part->first), .scale = w->scale,
                      .rate = w->is->optimiser.rate * l->rate, .step = l->at.step + 1};
        for (int i = 0; i < RT_MOMENTS; i++) u.moment[i] = element(l->type, w->moment[i], part->first);
        rt_optimiser_update(&w->is->optimiser, &u);
    }
}

static int64_t batch_items(const RtLearning *l) {
    int64_t rest = l->c->train->items - l->at.batch * l->c->batch;
    return rest < l->c->batch ? rest : l->c->batch;
}

RtStatus rt_learn_step(RtLearning *l, RtError *error) {
    int64_t items = batch_items(l);
    if (rt_crew_run(l->step, l->c->train, l->order + l->at.batch * l->c->batch, items, l->at.step, error) != RT_OK) return error->status;
    double loss = rt_crew_number(l->step, l->loss);
    l->rate = rt_schedule_factor(&l->c->schedule, l->at.step, l->c->epochs * rt_learn_batches(l->c), l->at.epoch);
    if (!isfinite(loss) || !scale_gradients(l, items)) return diverged(l, error);
    rt_parallel(&l->frame, move_parts, l->parts);
    for (int i = 0; i < l->c->count; i++) rt_crew_weight(l->step, l->learner[i].is->name, l->learner[i].value);
    l->at.loss += loss;
    l->last_loss = loss / (double)items;
    l->at.step++;
    l->at.batch++;
    return RT_OK;
}
