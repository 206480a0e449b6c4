#define _GNU_SOURCE
#include "sim/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/traces.h"

/* ---- what is recorded ------------------------------------------------------------------------------------------------------- */
RtStatus rt_recorder_begin(RtRecorder *r, RtPlan *plan, RtError *error) {
    *r = (RtRecorder){.plan = plan, .interval = 1};
    r->signal = calloc((size_t)plan->d.buffers + 1, sizeof *r->signal);
    return r->signal ? RT_OK : rt_no_memory(error, (double)plan->d.buffers * sizeof *r->signal, "a recorder");
}

void rt_recorder_end(RtRecorder *r) {
    for (int i = 0; i < r->count; i++) {
        rt_draft_discard(&r->signal[i].draft);
        rt_column_free(&r->signal[i].column);
        rt_select_free(&r->signal[i].kept);
        free(r->signal[i].path);
    }
    rt_draft_discard(&r->draft);
    rt_column_free(&r->lines);
    free(r->signal);
    free(r->traces);
    *r = (RtRecorder){0};
}

static RtStatus unknown(const RtDescriptor *d, const char *name, RtError *error) {
    const char **names = calloc((size_t)d->buffers + 1, sizeof *names);
    int count = 0;
    for (int i = 0; names && i < d->buffers; i++)
        if (d->buffer[i].role == RT_TRACE) names[count++] = d->buffer[i].name;
    const char *near = names ? rt_closest(name, names, count) : NULL;
    rt_fail(error, RT_USER, "'%s' is not recorded in this program%s%s%s\nhelp: add `record %s;` to the circuit, or compile it with --record %s", name,
            near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "", name, name);
    free(names);
    return error->status;
}

/* The part whose steps write a trace. */
static RtStatus find_part(const RtRecorder *r, int buffer, int *part, RtError *error) {
    int said = r->plan->d.buffer[buffer].part;
    *part = said >= 0 ? said : rt_clock_only_part(r->plan->program);
    bool steps = *part >= 0 && *part < (int)r->plan->program->parts && r->plan->program->part[*part].advance;
    return steps ? RT_OK : rt_fail(error, RT_FAULT, "this program does not say when %s is written", r->plan->d.buffer[buffer].name);
}

static RtStatus add(RtRecorder *r, int buffer, const char *selection, size_t length, const char *path, RtError *error) {
    const RtBuffer *b = &r->plan->d.buffer[buffer];
    int64_t sizes[RT_MAX_RANK];
    for (int i = 0; i < r->count; i++)
        if (r->signal[i].buffer == buffer)
            return rt_fail(error, RT_USER, "%s is recorded twice; one range may hold all the units that are wanted", b->name);
    for (int i = 0; i < b->rank; i++) sizes[i] = rt_buffer_size(&r->plan->d, r->plan->size, b, i);
    RtSignal *s = &r->signal[r->count];
    *s = (RtSignal){.buffer = buffer};
    if (find_part(r, buffer, &s->part, error) != RT_OK) return error->status;
    if (rt_select(&s->kept, b, sizes, selection, length, error) != RT_OK) {
        rt_select_free(&s->kept);
        return error->status;
    }
    r->count++;
    s->path = path ? strdup(path) : NULL;
    return path && !s->path ? rt_no_memory(error, (double)strlen(path), path) : RT_OK;
}

/* One entry: NAME, NAME[...], either with =FILE. */
static RtStatus add_entry(RtRecorder *r, const char *entry, RtError *error) {
    size_t length = strlen(entry), name_length = rt_select_name(entry, length), end = rt_select_end(entry);
    char *name = strndup(entry, name_length);
    if (!name) return rt_no_memory(error, (double)length, "a name");
    const char *path = entry[end] == '=' ? entry + end + 1 : NULL;
    int buffer = rt_find_buffer(&r->plan->d, RT_TRACE, name);
    if (buffer < 0) unknown(&r->plan->d, name, error);
    else if (entry[end] && !path) rt_fail(error, RT_USER, "--record %s: expected NAME, NAME[UNITS] or NAME=FILE.npy", entry);
    else add(r, buffer, entry + name_length, end - name_length, path, error);
    free(name);
    return error->status;
}

RtStatus rt_recorder_add(RtRecorder *r, const char *list, RtError *error) {
    while (error->status == RT_OK) {
        size_t length = rt_select_length(list);
        char *entry = strndup(list, length);
        if (!entry) return rt_no_memory(error, (double)length, "a name");
        add_entry(r, entry, error);
        free(entry);
        if (!list[length]) break;
        list += length + 1;
    }
    return error->status;
}

RtStatus rt_recorder_add_all(RtRecorder *r, RtError *error) {
    for (int i = 0; i < r->plan->d.buffers && error->status == RT_OK; i++)
        if (r->plan->d.buffer[i].role == RT_TRACE) add(r, i, "", 0, NULL, error);
    return error->status;
}

RtStatus rt_recorder_traces(RtRecorder *r, const char *path, RtError *error) {
    if (!rt_ends_with(path, ".safetensors") && !rt_ends_with(path, ".csv"))
        return rt_fail(error, RT_USER, "%s: traces are written as .safetensors or .csv", path);
    r->traces = strdup(path);
    return r->traces ? RT_OK : rt_no_memory(error, (double)strlen(path), path);
}

bool rt_recorder_is_csv(const RtRecorder *r) { return r->traces && rt_ends_with(r->traces, ".csv"); }
void rt_recorder_read_back(RtRecorder *r) { r->read_back = true; }
bool rt_recorder_in_lines(const RtRecorder *r, const RtSignal *s) { return rt_recorder_is_csv(r) && !s->path; }

/* ---- before the run --------------------------------------------------------------------------------------------------------- */
static double row_bytes(const RtRecorder *r, const RtSignal *s) { return (double)s->kept.count * (double)rt_type_size(r->plan->d.type); }

RtStatus rt_recorder_measure(RtRecorder *r, const RtClock *clock, RtRoom *room, RtError *error) {
    double traces = 0;
    for (int i = 0; i < r->count; i++) {
        RtSignal *s = &r->signal[i];
        s->samples = rt_clock_steps(clock, s->part) / r->interval;
        if (s->samples == 0) return rt_fail(error, RT_USER, "--interval is longer than the run: nothing would be recorded");
        double bytes = row_bytes(r, s) * (double)s->samples;
        if (bytes >= 0x1p47) return rt_fail(error, RT_USER, "what is recorded of %s is too large for any disk", r->plan->d.buffer[s->buffer].name);
        if (s->path) rt_room_file(room, s->path, bytes);
        if (!s->path && r->traces) traces += rt_recorder_is_csv(r) ? bytes / (double)rt_type_size(r->plan->d.type) * RT_TRACES_NUMBER : bytes;
        if (r->read_back || !(s->path || r->traces)) room->memory += bytes;
    }
    if (r->traces) rt_room_file(room, r->traces, traces);
    return r->traces ? rt_traces_check(r, error) : RT_OK;
}

/* "recording V.value and 2 more, 200 samples every 0.1 ms: 1.6 MB into traces.safetensors" */
char *rt_recorder_text(const RtRecorder *r, const RtClock *clock) {
    char size[32], every[RT_DURATION_TEXT], more[32] = "";
    double bytes = 0;
    const char *into = r->traces;
    if (r->count == 0) return NULL;
    for (int i = 0; i < r->count; i++) bytes += row_bytes(r, &r->signal[i]) * (double)r->signal[i].samples;
    if (!into) into = r->count == 1 && r->signal[0].path ? r->signal[0].path : r->signal[0].path ? "files" : "memory";
    if (r->count > 1) snprintf(more, sizeof more, " and %d more", r->count - 1);
    if (clock->dt > 0) rt_duration_text(every, (double)r->interval * clock->dt);
    else snprintf(every, sizeof every, "%lld steps", (long long)r->interval);
    return rt_format("recording %s%s%s, %lld samples every %s: %s into %s", r->plan->d.buffer[r->signal[0].buffer].name, r->signal[0].kept.text, more,
                     (long long)r->signal[0].samples, every, rt_bytes_text(size, bytes), into);
}

static RtStatus open_own(RtRecorder *r, RtSignal *s, RtDraftKind kind, RtError *error) {
    int64_t shape[RT_MAX_RANK + 1] = {s->samples};
    memcpy(shape + 1, s->kept.shape, (size_t)s->kept.rank * sizeof *shape);
    return rt_column_npy(&s->column, &s->draft, s->path, kind, r->plan->d.type, s->kept.rank + 1, shape, error);
}

RtStatus rt_recorder_open(RtRecorder *r, const RtClock *clock, RtDraftKind kind, RtError *error) {
    bool shared = false;
    for (int i = 0; i < r->count && error->status == RT_OK; i++) {
        RtSignal *s = &r->signal[i];
        if (s->path) open_own(r, s, kind, error);
        else if (r->traces) shared = true;
        else rt_column_in_memory(&s->column, (int64_t)row_bytes(r, s), s->samples, error);
    }
    if (error->status == RT_OK && r->traces && !shared)
        rt_fail(error, RT_USER, "%s: nothing is left for it, everything recorded has a file of its own", r->traces);
    return error->status == RT_OK && r->traces ? rt_traces_open(r, clock, kind, error) : error->status;
}

/* ---- during the run --------------------------------------------------------------------------------------------------------- */
int64_t rt_recorder_limit(const RtRecorder *r, const RtClock *clock) {
    int64_t next = (clock->step / r->interval + 1) * r->interval, slots = INT64_MAX;
    for (int i = 0; i < r->count; i++)
        if (r->signal[i].part == clock->part && r->plan->d.buffer[r->signal[i].buffer].slots < slots)
            slots = r->plan->d.buffer[r->signal[i].buffer].slots;
    return slots == INT64_MAX ? INT64_MAX : next + slots - 1;
}

/* The kept units of the place that holds the value after step `step`, one after the other. */
static void gather(const RtRecorder *r, const RtSignal *s, int64_t step, void *row) {
    const RtBuffer *b = &r->plan->d.buffer[s->buffer];
    int64_t place = r->plan->bytes[s->buffer] / b->slots;
    const char *from = (const char *)r->plan->buffer[s->buffer] + step % b->slots * place;
    if (!s->kept.unit) memcpy(row, from, (size_t)place);
    else if (r->plan->d.type == RT_F64)
        for (int64_t i = 0; i < s->kept.count; i++) ((double *)row)[i] = ((const double *)from)[s->kept.unit[i]];
    else
        for (int64_t i = 0; i < s->kept.count; i++) ((float *)row)[i] = ((const float *)from)[s->kept.unit[i]];
}

static RtStatus take_signals(RtRecorder *r, const RtClock *clock, int64_t step, RtError *error) {
    for (int i = 0; i < r->count; i++) {
        RtSignal *s = &r->signal[i];
        if (s->part != clock->part) continue;
        if (rt_recorder_in_lines(r, s)) s->column.held = 0; /* the last sample only */
        void *row = rt_column_next(&s->column, error);
        if (!row) return error->status;
        gather(r, s, step - 1, row);
    }
    return rt_recorder_is_csv(r) ? rt_traces_line(r, clock, step, error) : RT_OK;
}

RtStatus rt_recorder_take(RtRecorder *r, const RtClock *clock, int64_t from, RtError *error) {
    bool any = false;
    for (int i = 0; i < r->count; i++) any |= r->signal[i].part == clock->part;
    for (int64_t step = (from / r->interval + 1) * r->interval; any && step <= clock->step; step += r->interval)
        if (take_signals(r, clock, step, error) != RT_OK) return error->status;
    return RT_OK;
}

/* ---- the end ---------------------------------------------------------------------------------------------------------------- */
RtStatus rt_recorder_sync(RtRecorder *r, RtError *error) {
    for (int i = 0; i < r->count; i++) {
        RtSignal *s = &r->signal[i];
        if (s->column.draft && rt_column_flush(&s->column, error) != RT_OK) return error->status;
        if (s->draft.open && rt_draft_sync(&s->draft, error) != RT_OK) return error->status;
    }
    if (rt_recorder_is_csv(r) && rt_column_flush(&r->lines, error) != RT_OK) return error->status;
    return r->draft.open ? rt_draft_sync(&r->draft, error) : RT_OK;
}

RtStatus rt_recorder_commit(RtRecorder *r, RtError *error) {
    for (int i = 0; i < r->count && error->status == RT_OK; i++)
        if (r->signal[i].column.draft) rt_column_flush(&r->signal[i].column, error);
    if (error->status == RT_OK && rt_recorder_is_csv(r)) rt_column_flush(&r->lines, error);
    for (int i = 0; i < r->count && error->status == RT_OK; i++) rt_draft_commit(&r->signal[i].draft, error);
    return error->status == RT_OK ? rt_draft_commit(&r->draft, error) : error->status;
}

void rt_recorder_leave(RtRecorder *r) {
    for (int i = 0; i < r->count; i++) rt_draft_leave(&r->signal[i].draft);
    rt_draft_leave(&r->draft);
}

RtStatus rt_recorder_tensor(RtRecorder *r, int signal, RtTensor *t, RtError *error) {
    RtSignal *s = &r->signal[signal];
    int64_t shape[RT_MAX_RANK + 1] = {s->samples};
    memcpy(shape + 1, s->kept.shape, (size_t)s->kept.rank * sizeof *shape);
    if (s->kept.rank == RT_MAX_RANK) return rt_fail(error, RT_USER, "%s has too many axes", r->plan->d.buffer[s->buffer].name);
    if (rt_recorder_in_lines(r, s)) return rt_fail(error, RT_USER, "%s: text is not read back", r->traces);
    if (rt_tensor_new(t, r->plan->d.type, s->kept.rank + 1, shape, error) != RT_OK) return error->status;
    size_t bytes = (size_t)(s->samples * s->column.row);
    if (!s->column.draft) {
        memcpy(t->data, s->column.rows, bytes);
        return RT_OK;
    }
    if (rt_column_flush(&s->column, error) != RT_OK || rt_draft_read(s->column.draft, s->column.offset, t->data, bytes, error) != RT_OK)
        rt_tensor_free(t);
    return error->status;
}
