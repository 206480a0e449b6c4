/* Panels from a file of traces, and the picture into a file. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "sim/plot.h"

typedef struct Source { /* an open file, and what was read of it */
    RtStore *store;
    const char *path;
    int count, tensors; /* panels; tensors of the file */
    RtPanel *panel;
    RtTensor *time, *settled; /* of each panel */
    RtError *error;
} Source;

static void close_source(Source *s) {
    for (int i = 0; s->panel && i < s->count; i++) {
        rt_tensor_free(&s->panel[i].samples);
        rt_tensor_free(&s->time[i]);
        rt_tensor_free(&s->settled[i]);
    }
    free(s->panel);
    free(s->time);
    free(s->settled);
    rt_store_close(s->store);
}

/* Metadata "NAME.key", or NULL. */
static const char *said(const Source *s, const char *name, const char *key) {
    char *full = rt_format("%s.%s", name, key);
    const char *value = full ? rt_store_metadata(s->store, full) : NULL;
    if (!full) rt_no_memory(s->error, 64, s->path);
    free(full);
    return value;
}

/* Times, and settled values, are drawn with their population. */
static bool is_population(const Source *s, int tensor) {
    const char *name = rt_store_name(s->store, tensor);
    if (!strcmp(name, "time") || (!strncmp(name, "time.", 5) && strspn(name + 5, "0123456789") == strlen(name + 5))) return false;
    return !rt_ends_with(name, ".settled");
}

static RtStatus read_time(Source *s, RtPanel *p, RtTensor *time) {
    const char *name = said(s, p->name, "time");
    int tensor = rt_store_find(s->store, name ? name : "time");
    if (tensor < 0) return rt_fail(s->error, RT_USER, "%s: there is no tensor \"%s\": not a file of traces", s->path, name ? name : "time");
    if (rt_store_read(s->store, tensor, RT_F64, time, s->error) != RT_OK) return s->error->status;
    if (time->rank != 1 || p->samples.rank < 1 || time->shape[0] != p->samples.shape[0])
        return rt_fail(s->error, RT_USER, "%s: tensor \"%s\" does not have one sample for each time", s->path, p->name);
    p->time = time->data;
    return RT_OK;
}

static RtStatus read_panel(Source *s, int tensor) {
    int i = s->count++;
    RtPanel *p = &s->panel[i];
    p->name = rt_store_name(s->store, tensor);
    p->unit = said(s, p->name, "unit");
    p->axes = said(s, p->name, "axes");
    if (rt_store_read(s->store, tensor, RT_F64, &p->samples, s->error) != RT_OK || read_time(s, p, &s->time[i]) != RT_OK) return s->error->status;
    char *settled = rt_format("%s.settled", p->name);
    int found = settled ? rt_store_find(s->store, settled) : -1;
    if (!settled) rt_no_memory(s->error, 64, s->path);
    free(settled);
    if (found < 0) return s->error->status;
    p->settled = &s->settled[i];
    if (rt_store_read(s->store, found, RT_F64, &s->settled[i], s->error) != RT_OK) return s->error->status;
    int64_t units = rt_shape_count(p->samples.rank - 1, p->samples.shape + 1), values = rt_shape_count(p->settled->rank, p->settled->shape);
    if (units > 0 && values > 0 && values % units == 0) return RT_OK;
    return rt_fail(s->error, RT_USER, "%s: tensor \"%s.settled\" has %lld values, which is no multiple of the %lld units of \"%s\"", s->path, p->name,
                   (long long)values, (long long)units, p->name);
}

static RtStatus read_panels(Source *s) {
    size_t most = (size_t)rt_store_count(s->store) + 1;
    s->panel = calloc(most, sizeof *s->panel);
    s->time = calloc(most, sizeof *s->time);
    s->settled = calloc(most, sizeof *s->settled);
    if (!s->panel || !s->time || !s->settled) return rt_no_memory(s->error, (double)most * sizeof *s->panel, s->path);
    for (int i = 0; i < rt_store_count(s->store) && s->error->status == RT_OK; i++)
        if (is_population(s, i)) read_panel(s, i);
    return s->error->status == RT_OK && s->count == 0 ? rt_fail(s->error, RT_USER, "%s: no population is recorded in it", s->path) : s->error->status;
}

static RtStatus draw(Source *s, const char *svg) {
    const char *cycle = rt_store_metadata(s->store, "cycle"), *unit = rt_store_metadata(s->store, "time.unit"),
               *title = rt_store_metadata(s->store, "circuit");
    RtPlot plot = {.title = title ? title : s->path, .steps = unit && !strcmp(unit, "step"), .cycle = cycle ? atof(cycle) : 0, .count = s->count,
                   .panel = s->panel};
    size_t length;
    char *text = rt_plot_svg(&plot, &length, s->error);
    if (!text) return s->error->status;
    RtStatus status = rt_file_write(svg, &(RtPiece){text, length}, 1, s->error);
    free(text);
    return status;
}

RtStatus rt_plot_file(const char *traces, const char *svg, RtError *error) {
    Source s = {.path = traces, .error = error};
    s.store = rt_store_open(traces, error);
    if (s.store && read_panels(&s) == RT_OK) draw(&s, svg);
    close_source(&s);
    return error->status;
}
