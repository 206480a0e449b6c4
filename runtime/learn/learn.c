/* The run: epochs of batches, validation, what is saved when. */
#define _GNU_SOURCE
#include "learn/learn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learn/learn_internal.h"
#include "learn/shuffle.h"
#include "sim/interrupt.h"
#include "sim/timer.h"

enum { PART = 1 << 14 }; /* elements of a weight that one task moves */

/* ---- building ------------------------------------------------------------------------------------------------------------------ */
static RtCrew *new_crew(const RtLearnConfig *c, const CtxProgram *program, const RtData *data, int64_t batch, RtError *error) {
    RtCrewConfig config = {.program = program, .counted = c->counted, .together = c->together, .batch = batch, .data = data, .threads = c->threads,
                           .seed = c->seed, .weights = c->weights, .weight_count = c->weight_count, .weight = c->weight};
    return rt_crew_new(&config, error);
}

/* Room for a weight, with what it begins as, and its moments. */
static RtStatus new_learner(RtLearning *l, int i, RtError *error) {
    RtLearner *w = &l->learner[i];
    const RtPlan *plan = rt_crew_plan(l->step);
    w->is = &l->c->learned[i];
    w->buffer = rt_find_buffer(rt_plan_descriptor(plan), RT_WEIGHT, w->is->name);
    w->output = rt_crew_output(l->step, w->is->output);
    if (w->buffer < 0 || w->output < 0) return rt_fail(error, RT_FAULT, "weight %s has no gradient", w->is->name);
    w->count = rt_crew_count(l->step, w->output);
    size_t bytes = (size_t)w->count * rt_type_size(l->type);
    w->value = rt_aligned(bytes);
    if (!w->value) return rt_no_memory(error, (double)bytes, w->is->name);
    memcpy(w->value, rt_plan_weight(plan, w->buffer), bytes);
    for (int k = 0; k < rt_optimiser_moments(w->is->optimiser.kind); k++) {
        w->moment[k] = rt_aligned(bytes);
        if (!w->moment[k]) return rt_no_memory(error, (double)bytes, w->is->name);
        memset(w->moment[k], 0, bytes);
    }
    return RT_OK;
}

static RtStatus new_parts(RtLearning *l, RtError *error) {
    int count = 0;
    for (int i = 0; i < l->c->count; i++) count += (int)((l->learner[i].count + PART - 1) / PART);
    l->part = calloc((size_t)count + 1, sizeof *l->part);
    if (!l->part) return rt_no_memory(error, (double)count * sizeof *l->part, "parts of weights");
    for (int i = 0; i < l->c->count; i++)
        for (int64_t first = 0, all = l->learner[i].count; first < all; first += PART)
            l->part[l->parts++] = (RtPart){.learner = i, .first = first, .count = all - first < PART ? all - first : PART};
    return RT_OK;
}

static bool validates(const RtLearnConfig *c) { return c->look && c->valid->items > 0; }

static RtStatus build(RtLearning *l, RtError *error) {
    const RtLearnConfig *c = l->c;
    l->step = new_crew(c, c->step, c->train, c->batch, error);
    if (l->step && validates(c)) l->look = new_crew(c, c->look, c->valid, c->valid->items, error);
    if (error->status != RT_OK) return error->status;
    l->type = rt_plan_descriptor(rt_crew_plan(l->step))->type;
    l->loss = rt_crew_output(l->step, c->loss);
    l->frame.pool = (RtPool *)(uintptr_t)rt_crew_pool(l->step);
    l->learner = calloc((size_t)c->count + 1, sizeof *l->learner);
    l->order = calloc((size_t)c->train->items + 1, sizeof *l->order);
    l->all = calloc((size_t)c->valid->items + 1, sizeof *l->all);
    l->row = calloc((size_t)c->metrics + RT_HISTORY_VALID + 1, sizeof *l->row);
    if (!l->learner || !l->order || !l->all || !l->row) return rt_no_memory(error, (double)c->train->items * 8, "the order of the items");
    for (int64_t i = 0; i < c->valid->items; i++) l->all[i] = i;
    for (int i = 0; i < c->count; i++)
        if (new_learner(l, i, error) != RT_OK) return error->status;
    l->at.best = INFINITY;
    if (new_parts(l, error) != RT_OK) return error->status;
    return rt_history_new(&l->history, l->look, c->metrics, c->metric_name, error);
}

static void end(RtLearning *l) {
    for (int i = 0; l->learner && i < l->c->count; i++) {
        free(l->learner[i].value);
        for (int k = 0; k < RT_MOMENTS; k++) free(l->learner[i].moment[k]);
    }
    rt_crew_free(l->look);
    rt_crew_free(l->step);
    rt_history_free(&l->history);
    free(l->learner);
    free(l->part);
    free(l->seconds);
    free(l->order);
    free(l->all);
    free(l->row);
}

/* ---- an epoch ------------------------------------------------------------------------------------------------------------------ */
static RtStatus validate(RtLearning *l, RtError *error) {
    const RtLearnConfig *c = l->c;
    double items = (double)c->valid->items;
    for (int i = 0; i < c->count; i++) rt_crew_weight(l->look, l->learner[i].is->name, l->learner[i].value);
    if (rt_crew_run(l->look, c->valid, l->all, c->valid->items, -1, error) != RT_OK) return error->status;
    l->row[RT_HISTORY_VALID] = rt_crew_number(l->look, rt_crew_output(l->look, c->loss)) / items;
    if (!isfinite(l->row[RT_HISTORY_VALID])) return rt_learn_diverged(l, "the validation loss is not finite", error);
    for (int i = 0; i < c->metrics; i++) l->row[RT_HISTORY_VALID + 1 + i] = rt_crew_number(l->look, rt_crew_output(l->look, c->metric[i])) / items;
    if (!(l->row[RT_HISTORY_VALID] < l->at.best)) return RT_OK;
    l->at.best = l->row[RT_HISTORY_VALID];
    l->at.best_epoch = l->at.epoch + 1;
    if (!c->best) return RT_OK;
    l->best_saved = true;
    return rt_learn_save(l, c->best, error);
}

static double rate_now(const RtLearning *l) { return l->c->count ? l->c->learned[0].optimiser.rate * l->rate : 0; }

/* The row of an epoch whose batches are all done; then the next one begins. */
static RtStatus close_epoch(RtLearning *l, RtError *error) {
    if (rt_learn_finite(l, error) != RT_OK) return error->status;
    l->row[RT_HISTORY_EPOCH] = (double)l->at.epoch + 1;
    l->row[RT_HISTORY_STEP] = (double)l->at.step;
    l->row[RT_HISTORY_RATE] = rate_now(l);
    l->row[RT_HISTORY_LOSS] = l->at.loss / (double)l->c->train->items;
    if (l->look && validate(l, error) != RT_OK) return error->status;
    if (rt_history_add(&l->history, l->row, error) != RT_OK) return error->status;
    l->at.epoch++;
    l->at.batch = 0;
    l->at.loss = 0;
    if (l->c->log && rt_history_csv(&l->history, l->c->log, error) != RT_OK) return error->status;
    bool due = l->c->checkpoint && !l->c->every_steps && l->at.epoch % l->c->every == 0;
    return due ? rt_learn_keep(l, error) : RT_OK;
}

static bool is_over(const RtLearning *l) {
    if (l->at.epoch >= l->c->epochs) return true;
    return l->look && l->c->patience > 0 && l->at.batch == 0 && l->at.epoch - l->at.best_epoch >= l->c->patience && l->at.epoch > 0;
}

static RtStatus run(RtLearning *l, RtError *error) {
    for (int64_t drawn = -1; !is_over(l) && !rt_interrupted();) {
        if (drawn != l->at.epoch) rt_shuffle(l->c->seed, (uint64_t)l->at.epoch, l->c->train->items, l->order);
        drawn = l->at.epoch;
        double started = rt_timer();
        if (rt_learn_step(l, error) != RT_OK) return error->status;
        if (l->seconds) l->seconds[l->at.step - l->first - 1] = rt_timer() - started;
        if (l->c->checkpoint && l->c->every_steps && l->at.step % l->c->every == 0 && rt_learn_keep(l, error) != RT_OK) return error->status;
        if (l->at.batch == rt_learn_batches(l->c) && close_epoch(l, error) != RT_OK) return error->status;
        rt_learn_show(l);
    }
    return RT_OK;
}

/* A checkpoint in the last step of an epoch was made before the epoch was closed. */
static RtStatus begin(RtLearning *l, RtError *error) {
    if (rt_learn_may_keep(l, error) != RT_OK) return error->status;
    if (l->c->resume && rt_learn_restore(l, error) != RT_OK) return error->status;
    for (int i = 0; i < l->c->count; i++) rt_crew_weight(l->step, l->learner[i].is->name, l->learner[i].value);
    l->first = l->at.step;
    l->progress = rt_progress_new(l->c->progress, l->c->bar);
    rt_progress_begin(&l->progress, l->first, l->c->epochs * rt_learn_batches(l->c));
    int64_t steps = l->c->epochs * rt_learn_batches(l->c) - l->first;
    if (l->c->time && !(l->seconds = calloc(steps > 0 ? (size_t)steps : 1, sizeof *l->seconds))) return rt_no_memory(error, (double)steps * 8, "times");
    l->rate = l->at.step > 0 ? rt_schedule_factor(&l->c->schedule, l->at.step - 1, l->c->epochs * rt_learn_batches(l->c), l->at.epoch) : 1;
    return l->at.batch == rt_learn_batches(l->c) ? close_epoch(l, error) : RT_OK;
}

/* ---- the end ------------------------------------------------------------------------------------------------------------------- */
static RtStatus finish(RtLearning *l, RtError *error) {
    const RtLearnConfig *c = l->c;
    if (rt_learn_finite(l, error) != RT_OK) return error->status;
    if (c->checkpoint && l->kept != l->at.step && rt_learn_keep(l, error) != RT_OK) return error->status;
    if (c->save && rt_learn_save(l, c->save, error) != RT_OK) return error->status;
    if (c->log && rt_history_csv(&l->history, c->log, error) != RT_OK) return error->status;
    return c->plot ? rt_history_svg(&l->history, rt_plan_descriptor(rt_crew_plan(l->step))->name, c->plot, error) : RT_OK;
}

/* A checkpoint does not hold the best weights, which were those of an earlier run. */
static void tell_of_best(const RtLearning *l) {
    const RtLearnConfig *c = l->c;
    if (c->best && l->at.best_epoch && !l->best_saved)
        fprintf(stderr, "%s: note: no epoch since --resume was better than epoch %lld: this run has not written %s\n", c->name, (long long)l->at.best_epoch, c->best);
}

static void tell_interrupted(const RtLearning *l) {
    const RtLearnConfig *c = l->c;
    fprintf(stderr, "%s: interrupted after step %lld (epoch %lld)", c->name, (long long)l->at.step, (long long)l->at.epoch + (l->at.batch > 0));
    if (c->save) fprintf(stderr, "; weights: %s", c->save);
    if (c->checkpoint) fprintf(stderr, "; go on with --resume %s", c->checkpoint);
    if (!c->save && !c->checkpoint) fputs("; nothing is saved, for neither --save nor --checkpoint was given", stderr);
    fputc('\n', stderr);
}

RtStatus rt_learn(const RtLearnConfig *config, int *interrupted, RtError *error) {
    RtInterrupt caught;
    RtLearning l = {.c = config, .kept = -1};
    *interrupted = 0;
    if (rt_learn_files(config, error) == RT_OK && build(&l, error) == RT_OK && begin(&l, error) == RT_OK) {
        rt_interrupt_catch(&caught);
        run(&l, error);
        rt_progress_end(&l.progress);
        int signal = rt_interrupted();
        rt_interrupt_release(&caught);
        if (error->status == RT_OK && finish(&l, error) == RT_OK) {
            if (signal && !is_over(&l)) {
                *interrupted = signal;
                tell_interrupted(&l);
            } else rt_learn_results(&l);
            tell_of_best(&l);
        }
    }
    end(&l);
    return error->status;
}
