/* What is said during a run and at its end. */
#define _GNU_SOURCE
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learn/learn_internal.h"

static const double *last_row(const RtLearning *l) { return l->history.rows ? l->history.value + (l->history.rows - 1) * l->history.columns : NULL; }

/* "epoch 3 of 20, loss 0.1234, valid_loss 0.2, 12 s left" */
static void say(FILE *to, const RtProgress *p, int64_t done, const void *data) {
    const RtLearning *l = data;
    char left[RT_DURATION_TEXT];
    const double *row = last_row(l);
    int64_t epoch = l->at.epoch < l->c->epochs ? l->at.epoch + (l->at.batch > 0) : l->c->epochs;
    fprintf(to, "epoch %lld of %lld, loss %.4g", (long long)epoch, (long long)l->c->epochs, l->at.batch || !row ? l->last_loss : row[RT_HISTORY_LOSS]);
    for (int i = RT_HISTORY_VALID; row && i < l->history.columns; i++) fprintf(to, ", %s %.4g", l->history.name[i], row[i]);
    fprintf(to, ", %s left", rt_progress_left(p, done, left));
}

void rt_learn_show(RtLearning *l) { rt_progress_update(&l->progress, l->at.step, say, l); }

static int ascending(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* The median; 0: not measured. */
static double step_seconds(const RtLearning *l) {
    int64_t count = l->at.step - l->first;
    if (!l->seconds || count < 1) return 0;
    qsort(l->seconds, (size_t)count, sizeof *l->seconds, ascending);
    return l->seconds[count / 2];
}

/* JSON has no number for what is not finite. */
static json_t *number(double value) { return isfinite(value) ? json_real(value) : json_null(); }

static void print_json(const RtLearning *l) {
    const double *row = last_row(l);
    json_t *o = json_object();
    for (int i = 0; row && i < l->history.columns; i++)
        json_object_set_new(o, l->history.name[i], i <= RT_HISTORY_STEP ? json_integer((json_int_t)row[i]) : number(row[i]));
    if (l->at.best_epoch) json_object_set_new(o, "best_epoch", json_integer((json_int_t)l->at.best_epoch));
    if (l->at.best_epoch) json_object_set_new(o, "best_valid_loss", json_real(l->at.best));
    if (l->seconds) json_object_set_new(o, "seconds_per_step", json_real(step_seconds(l)));
    json_dumpf(o, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(o);
}

void rt_learn_results(const RtLearning *l) {
    const double *row = last_row(l);
    if (l->c->json) {
        print_json(l);
        return;
    }
    if (!row) return;
    printf("epoch %.0f, step %.0f: loss %.6g", row[RT_HISTORY_EPOCH], row[RT_HISTORY_STEP], row[RT_HISTORY_LOSS]);
    for (int i = RT_HISTORY_VALID; i < l->history.columns; i++) printf(", %s %.6g", l->history.name[i], row[i]);
    putchar('\n');
    if (l->seconds) printf("median of the steps: %.4g ms\n", step_seconds(l) * 1e3);
    if (l->at.best_epoch) printf("best valid_loss %.6g in epoch %lld\n", l->at.best, (long long)l->at.best_epoch);
}
