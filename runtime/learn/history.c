#define _GNU_SOURCE
#include "learn/history.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/plot.h"

bool rt_history_has(const char *name) {
    static const char *const names[] = {"epoch", "step", "rate", "loss", "valid_loss", "best_epoch", "best_valid_loss", "seconds_per_step"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(name, names[i])) return true;
    return false;
}

RtStatus rt_history_new(RtHistory *h, bool validated, int metrics, const char *const *metric, RtError *error) {
    static const char *const names[] = {"epoch", "step", "rate", "loss", "valid_loss"};
    *h = (RtHistory){.columns = validated ? RT_HISTORY_VALID + 1 + metrics : RT_HISTORY_VALID};
    h->name = calloc((size_t)h->columns, sizeof *h->name);
    if (!h->name) return rt_no_memory(error, 4096, "a log");
    for (int i = 0; i < h->columns; i++) h->name[i] = i <= RT_HISTORY_VALID ? names[i] : metric[i - RT_HISTORY_VALID - 1];
    return RT_OK;
}

void rt_history_free(RtHistory *h) {
    free(h->name);
    free(h->value);
    *h = (RtHistory){0};
}

RtStatus rt_history_add(RtHistory *h, const double *row, RtError *error) {
    size_t bytes = (size_t)h->columns * sizeof *row;
    double *longer = realloc(h->value, (size_t)(h->rows + 1) * bytes);
    if (!longer) return rt_no_memory(error, (double)bytes, "a log");
    h->value = longer;
    memcpy(longer + h->rows * h->columns, row, bytes);
    h->rows++;
    return RT_OK;
}

static void put_csv(FILE *to, const RtHistory *h) {
    for (int i = 0; i < h->columns; i++) fprintf(to, "%s%s", i ? "," : "", h->name[i]);
    fputc('\n', to);
    for (int64_t n = 0; n < h->rows; n++)
        for (int i = 0; i < h->columns; i++) fprintf(to, "%.17g%s", h->value[n * h->columns + i], i + 1 < h->columns ? "," : "\n");
}

RtStatus rt_history_csv(const RtHistory *h, const char *path, RtError *error) {
    char *text = NULL;
    size_t length;
    FILE *to = open_memstream(&text, &length);
    if (to) put_csv(to, h);
    if (!to || fclose(to) != 0) rt_no_memory(error, 4096, path);
    else rt_file_write(path, &(RtPiece){text, length}, 1, error);
    free(text);
    return error->status;
}

static void free_panel(RtPanel *p) {
    rt_tensor_free(&p->samples);
    free((void *)(uintptr_t)p->time);
    *p = (RtPanel){0};
}

static bool all_finite(const double *value, int count) {
    for (int i = 0; i < count; i++)
        if (!isfinite(value[i])) return false;
    return true;
}

/* Columns first to first + count - 1, as the units of one population; epochs in which they are no numbers have no point. */
static RtStatus panel(const RtHistory *h, int first, int count, const char *name, RtPanel *p, RtError *error) {
    double *time = malloc((size_t)h->rows * sizeof *time);
    int64_t rows = 0;
    *p = (RtPanel){.name = name, .time = time};
    if (!time) return rt_no_memory(error, 4096, "a picture");
    if (rt_tensor_new(&p->samples, RT_F64, 2, (int64_t[]){h->rows, count}, error) != RT_OK) return error->status;
    for (int64_t n = 0; n < h->rows; n++) {
        const double *row = h->value + n * h->columns;
        if (!all_finite(row + first, count)) continue;
        time[rows] = row[RT_HISTORY_EPOCH];
        memcpy((double *)p->samples.data + rows++ * count, row + first, (size_t)count * sizeof *row);
    }
    p->samples.shape[0] = rows;
    return RT_OK;
}

/* Those of a number that was never one are left out. */
static int panels_of(const RtHistory *h, RtPanel *panels, RtError *error) {
    bool validated = h->columns > RT_HISTORY_VALID;
    int count = 0;
    panel(h, RT_HISTORY_LOSS, validated ? 2 : 1, validated ? "loss ([0] training, [1] validation)" : "loss", &panels[count++], error);
    for (int i = RT_HISTORY_VALID + 1; i < h->columns && error->status == RT_OK; i++) {
        panel(h, i, 1, h->name[i], &panels[count], error);
        if (error->status == RT_OK && panels[count].samples.shape[0] == 0) free_panel(&panels[count]);
        else count++;
    }
    return count;
}

static RtStatus draw(const RtHistory *h, const char *title, const char *path, RtPanel *panels, RtError *error) {
    int count = panels_of(h, panels, error);
    if (error->status != RT_OK) return error->status;
    size_t length;
    char *text = rt_plot_svg(&(RtPlot){.title = title, .along = "epoch", .count = count, .panel = panels}, &length, error);
    if (text) rt_file_write(path, &(RtPiece){text, length}, 1, error);
    free(text);
    return error->status;
}

RtStatus rt_history_svg(const RtHistory *h, const char *title, const char *path, RtError *error) {
    if (h->rows == 0) return RT_OK; /* not one epoch was completed */
    RtPanel *panels = calloc((size_t)h->columns, sizeof *panels);
    if (panels) draw(h, title, path, panels, error);
    else rt_no_memory(error, 4096, path);
    for (int i = 0; panels && i < h->columns; i++) free_panel(&panels[i]);
    free(panels);
    return error->status;
}
