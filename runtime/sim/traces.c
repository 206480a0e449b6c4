#define _GNU_SOURCE
#include "sim/traces.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_shared(const RtSignal *s) { return !s->path; }

RtStatus rt_traces_check(const RtRecorder *r, RtError *error) {
    int64_t columns = 1, part = -1;
    if (!rt_recorder_is_csv(r)) return RT_OK;
    for (int i = 0; i < r->count; i++) {
        if (!is_shared(&r->signal[i])) continue;
        columns += r->signal[i].kept.count;
        if (part >= 0 && part != r->signal[i].part)
            return rt_fail(error, RT_USER, "%s: the populations recorded run one after the other, and .csv has one column of times; use .safetensors",
                           r->traces);
        part = r->signal[i].part;
    }
    if (columns > RT_TRACES_COLUMNS)
        return rt_fail(error, RT_USER, "%s: %lld columns are too many for .csv (at most %d); use .safetensors, or record fewer units, as in "
                       "--record NAME[0:4]", r->traces, (long long)columns, RT_TRACES_COLUMNS);
    return RT_OK;
}

/* ---- .safetensors ----------------------------------------------------------------------------------------------------------- */
typedef struct Layout { /* the tensors of the file, in order */
    int count;
    char **names; /* owned */
    RtTensor *tensors; /* without data */
    const RtSignal **first; /* "time": a signal sampled at these times; else NULL */
    RtSignal **signal;      /* else NULL */
    char **metadata;        /* owned: keys and values in turn, NULL at the end */
    int words;
    bool broken;            /* no memory for some of it */
} Layout;

static void layout_free(Layout *l) {
    for (int i = 0; l->names && i < l->count; i++) free(l->names[i]);
    for (int i = 0; l->metadata && i < l->words; i++) free(l->metadata[i]);
    free(l->names);
    free(l->tensors);
    free(l->first);
    free(l->signal);
    free(l->metadata);
}

static void say(Layout *l, char *key, char *value) { /* takes both */
    if (!key || !value) {
        free(key);
        free(value);
        l->broken = true;
        return;
    }
    l->metadata[l->words++] = key;
    l->metadata[l->words++] = value;
}

static void add_time(Layout *l, const RtSignal *s, int64_t samples) {
    l->names[l->count] = l->count == 0 ? strdup("time") : rt_format("time.%d", s->part);
    l->tensors[l->count] = (RtTensor){.type = RT_F64, .rank = 1, .shape = {samples}};
    l->first[l->count++] = s;
}

static void add_signal(Layout *l, const RtRecorder *r, RtSignal *s, const char *time) {
    const RtBuffer *b = &r->plan->d.buffer[s->buffer];
    RtTensor *t = &l->tensors[l->count];
    *t = (RtTensor){.type = r->plan->d.type, .rank = s->kept.rank + 1, .shape = {s->samples}};
    memcpy(t->shape + 1, s->kept.shape, (size_t)s->kept.rank * sizeof *t->shape);
    l->names[l->count] = strdup(b->name);
    l->signal[l->count++] = s;
    if (b->unit) say(l, rt_format("%s.unit", b->name), strdup(b->unit));
    say(l, rt_format("%s.axes", b->name), rt_select_axes(&s->kept));
    if (*s->kept.text) say(l, rt_format("%s.units", b->name), strdup(s->kept.text));
    if (strcmp(time, "time")) say(l, rt_format("%s.time", b->name), strdup(time));
}

static void describe(Layout *l, const RtRecorder *r, const RtClock *clock) {
    const RtDescriptor *d = &r->plan->d;
    say(l, strdup("circuit"), strdup(d->name));
    say(l, strdup("compiler"), strdup(d->compiler));
    say(l, strdup("time.unit"), strdup(clock->dt > 0 ? "s" : "step"));
    say(l, strdup("interval"), rt_format("%.17g", (clock->dt > 0 ? clock->dt : 1) * (double)r->interval));
    if (clock->dt > 0) say(l, strdup("dt"), rt_format("%.17g", clock->dt));
    for (int i = 0; i < r->count; i++) {
        const CtxPart *part = &r->plan->program->part[r->signal[i].part];
        if (!is_shared(&r->signal[i])) continue;
        say(l, strdup("cycle"), rt_format("%.17g", (clock->dt > 0 ? clock->dt : 1) * (double)part->steps));
        return;
    }
}

/* Times first; the signals of each part behind them. */
static RtStatus lay_out(Layout *l, const RtRecorder *r, const RtClock *clock, RtError *error) {
    size_t most = 2 * (size_t)r->count + 1;
    *l = (Layout){.names = calloc(most, sizeof *l->names), .tensors = calloc(most, sizeof *l->tensors), .first = calloc(most, sizeof *l->first),
                  .signal = calloc(most, sizeof *l->signal), .metadata = calloc(8 * most + 16, sizeof *l->metadata)};
    if (!l->names || !l->tensors || !l->first || !l->signal || !l->metadata) return rt_no_memory(error, (double)most * 64, r->traces);
    describe(l, r, clock);
    int times[64]; /* number of the tensor of times, by part */
    for (int part = 0; part < (int)r->plan->program->parts && part < 64; part++) {
        times[part] = -1;
        for (int i = 0; i < r->count && times[part] < 0; i++) {
            if (r->signal[i].part != part || !is_shared(&r->signal[i])) continue;
            times[part] = l->count;
            add_time(l, &r->signal[i], r->signal[i].samples);
        }
    }
    for (int i = 0; i < r->count; i++) {
        RtSignal *s = &r->signal[i];
        if (!is_shared(s)) continue;
        if (s->part >= 64) return rt_fail(error, RT_FAULT, "%s: too many parts", r->traces);
        const char *time = l->names[times[s->part]];
        add_signal(l, r, s, time ? time : "time");
    }
    for (int i = 0; i < l->count; i++) l->broken |= !l->names[i];
    return l->broken ? rt_no_memory(error, 64, r->traces) : RT_OK;
}

static RtStatus write_times(RtRecorder *r, const RtClock *clock, const RtSignal *s, int64_t offset, RtError *error) {
    RtClock then = *clock;
    RtColumn times;
    rt_clock_seek(&then, s->part, 0);
    if (rt_column_in_file(&times, &r->draft, offset, sizeof(double), error) == RT_OK) {
        for (int64_t n = 1; n <= s->samples && error->status == RT_OK; n++) {
            double time = rt_clock_time(&then, n * r->interval);
            rt_column_append(&times, &time, 1, error);
        }
        rt_column_flush(&times, error);
    }
    rt_column_free(&times);
    return error->status;
}

static RtStatus open_tensors(RtRecorder *r, const RtClock *clock, const Layout *l, RtDraftKind kind, RtError *error) {
    size_t length;
    char *header = rt_store_header(l->count, (const char *const *)l->names, l->tensors, (const char *const *)l->metadata, &length);
    if (!header) return rt_no_memory(error, (double)l->count * 256, r->traces);
    int64_t at = (int64_t)length;
    for (int i = 0; i < l->count; i++) at += rt_shape_count(l->tensors[i].rank, l->tensors[i].shape) * (int64_t)rt_type_size(l->tensors[i].type);
    rt_draft_header(&r->draft, kind, header, length, at, error);
    free(header);
    at = (int64_t)length;
    for (int i = 0; i < l->count && error->status == RT_OK; i++) {
        int64_t element = (int64_t)rt_type_size(l->tensors[i].type);
        if (l->first[i]) write_times(r, clock, l->first[i], at, error);
        else rt_column_in_file(&l->signal[i]->column, &r->draft, at, l->signal[i]->kept.count * element, error);
        at += rt_shape_count(l->tensors[i].rank, l->tensors[i].shape) * element;
    }
    return error->status;
}

/* ---- .csv ------------------------------------------------------------------------------------------------------------------- */
/* "time","V.value[0, 3] mV": the positions are those in the population. */
static RtStatus write_titles(RtRecorder *r, const RtClock *clock, RtError *error) {
    char *text = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&text, &length);
    if (!to) return rt_no_memory(error, 4096, r->traces);
    errno = 0; /* a stream in memory that cannot grow tells only by it */
    fprintf(to, "time %s", clock->dt > 0 ? "s" : "step");
    for (int i = 0; i < r->count; i++) {
        const RtSignal *s = &r->signal[i];
        const RtBuffer *b = &r->plan->d.buffer[s->buffer];
        int64_t sizes[RT_MAX_RANK];
        if (!is_shared(s)) continue;
        for (int k = 0; k < b->rank; k++) sizes[k] = rt_buffer_size(&r->plan->d, r->plan->size, b, k);
        for (int64_t k = 0; k < s->kept.count; k++) {
            char index[RT_SHAPE_TEXT];
            rt_index_text(index, b->rank, sizes, s->kept.unit ? s->kept.unit[k] : k);
            fprintf(to, ",\"%s%s%s%s\"", b->name, b->rank ? index : "", b->unit ? " " : "", b->unit ? b->unit : "");
        }
    }
    fputc('\n', to);
    bool failed = errno == ENOMEM;
    if (fclose(to) != 0 || failed || !text) rt_no_memory(error, 4096, r->traces);
    else rt_column_append(&r->lines, text, (int64_t)length, error);
    free(text);
    return error->status;
}

static RtStatus open_lines(RtRecorder *r, const RtClock *clock, RtDraftKind kind, RtError *error) {
    for (int i = 0; i < r->count && error->status == RT_OK; i++) {
        RtSignal *s = &r->signal[i];
        if (is_shared(s)) rt_column_in_memory(&s->column, s->kept.count * (int64_t)rt_type_size(r->plan->d.type), 1, error);
    }
    if (error->status == RT_OK) rt_column_in_file(&r->lines, &r->draft, 0, 1, error);
    return error->status == RT_OK && kind != RT_DRAFT_RESUMED ? write_titles(r, clock, error) : error->status;
}

RtStatus rt_traces_line(RtRecorder *r, const RtClock *clock, int64_t step, RtError *error) {
    char number[40];
    int digits = r->plan->d.type == RT_F64 ? 17 : 9; /* enough to read the same value back */
    int length = snprintf(number, sizeof number, "%.12g", rt_clock_time(clock, step));
    bool any = false;
    for (int i = 0; i < r->count; i++) any |= is_shared(&r->signal[i]) && r->signal[i].part == clock->part;
    if (!any || rt_column_append(&r->lines, number, length, error) != RT_OK) return error->status;
    for (int i = 0; i < r->count; i++) {
        const RtSignal *s = &r->signal[i];
        if (!is_shared(s)) continue;
        for (int64_t k = 0; k < s->kept.count; k++) {
            length = snprintf(number, sizeof number, ",%.*g", digits, rt_element(r->plan->d.type, s->column.rows, k));
            if (rt_column_append(&r->lines, number, length, error) != RT_OK) return error->status;
        }
    }
    return rt_column_append(&r->lines, "\n", 1, error);
}

RtStatus rt_traces_open(RtRecorder *r, const RtClock *clock, RtDraftKind kind, RtError *error) {
    Layout l = {0};
    if (rt_draft_open(&r->draft, r->traces, kind, error) != RT_OK) return error->status;
    if (rt_recorder_is_csv(r)) return open_lines(r, clock, kind, error);
    if (!rt_draft_seeks(&r->draft)) return rt_fail(error, RT_USER, "%s: traces in .safetensors need a regular file", r->traces);
    if (lay_out(&l, r, clock, error) == RT_OK) open_tensors(r, clock, &l, kind, error);
    layout_free(&l);
    return error->status;
}
