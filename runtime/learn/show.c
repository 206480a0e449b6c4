/* What is said during a run and at its end. */
#define _GNU_SOURCE
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "learn/learn_internal.h"
#include "sim/duration.h"
#include "sim/timer.h"

enum { WIDTH = 30 };
static const double PATIENCE = 1, BEAT = 0.1; /* seconds before the first word; between two pictures of the bar */

static const double *last_row(const RtLearning *l) { return l->history.rows ? l->history.value + (l->history.rows - 1) * l->history.columns : NULL; }

/* "epoch 3 of 20, loss 0.1234, valid_loss 0.2, 12 s left" */
static void put(const RtLearning *l, double now) {
    FILE *to = l->c->progress;
    char left[RT_DURATION_TEXT];
    int64_t all = l->c->epochs * rt_learn_batches(l->c), done = l->at.step - l->first;
    double rest = done > 0 ? (now - l->began) * (double)(all - l->at.step) / (double)done : 0;
    const double *row = last_row(l);
    int64_t epoch = l->at.epoch < l->c->epochs ? l->at.epoch + (l->at.batch > 0) : l->c->epochs;
    fprintf(to, "epoch %lld of %lld, loss %.4g", (long long)epoch, (long long)l->c->epochs, l->at.batch || !row ? l->last_loss : row[RT_HISTORY_LOSS]);
    for (int i = RT_HISTORY_VALID; row && i < l->history.columns; i++) fprintf(to, ", %s %.4g", l->history.name[i], row[i]);
    fprintf(to, ", %s left", rt_duration_short(left, rest < 1 ? rest : (double)(int64_t)(rest + 0.5)));
}

static void draw_bar(RtLearning *l, double now, double part) {
    char bar[WIDTH + 1];
    for (int i = 0; i < WIDTH; i++) bar[i] = i < (int)(WIDTH * part) ? '#' : '.';
    bar[WIDTH] = '\0';
    fprintf(l->c->progress, "\r[%s] ", bar);
    put(l, now);
    fputs("\033[K", l->c->progress);
    fflush(l->c->progress);
    l->drawn = true;
    l->shown = now;
}

void rt_learn_show(RtLearning *l) {
    if (!l->c->progress) return;
    double now = rt_timer(), part = (double)l->at.step / (double)(l->c->epochs * rt_learn_batches(l->c));
    int tenths = (int)(10 * part);
    if (now - l->began < PATIENCE) l->said = tenths;
    else if (l->c->bar && now - l->shown >= BEAT) draw_bar(l, now, part);
    else if (!l->c->bar && tenths > l->said) {
        l->said = tenths;
        put(l, now);
        fputc('\n', l->c->progress);
    }
}

void rt_learn_hide(RtLearning *l) {
    if (l->drawn) fputs("\r\033[K", l->c->progress);
    l->drawn = false;
}

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

static void print_json(const RtLearning *l) {
    const double *row = last_row(l);
    json_t *o = json_object();
    for (int i = 0; row && i < l->history.columns; i++)
        json_object_set_new(o, l->history.name[i], i <= RT_HISTORY_STEP ? json_integer((json_int_t)row[i]) : json_real(row[i]));
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
