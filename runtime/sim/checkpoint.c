/* Checkpoints: sealed files (io/sealed.h).
 *     header   JSON: what the run was, where it stood
 *     data     every buffer that a run changes, in order; then the samples of signals kept in memory
 * Files that grow during the run are not copied: the header has their number of rows and the checksum of these. */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/sealed.h"
#include "linalg/sparse.h"
#include "sim/duration.h"
#include "sim/sim_internal.h"

enum { VERSION = 1 };
static const char magic[8] = {'C', 'T', 'X', 'C', 'H', 'E', 'C', 'K'};
static const char kind[] = "a checkpoint";

/* ---- the header ------------------------------------------------------------------------------------------------------------- */
static json_t *inputs_json(const RtSim *s) {
    json_t *o = json_object();
    for (int i = 0; i < s->plan->d.buffers; i++)
        if (s->plan->d.buffer[i].role == RT_STIMULUS) json_object_set_new(o, s->plan->d.buffer[i].name, rt_sealed_sum(s->inputs[i]));
    return o;
}

static json_t *sizes_json(const RtPlan *plan) {
    json_t *o = json_object();
    for (int i = 0; i < plan->d.axes; i++) json_object_set_new(o, plan->d.axis[i].name, json_integer(plan->size[i]));
    return o;
}

/* How much of a column there is. A column that has not been opened yet is only named. */
static json_t *column_json(const char *name, const char *kept, bool in_file, const RtColumn *column) {
    return json_pack("{s:s, s:s, s:b, s:I, s:o}", "name", name, "units", kept, "file", in_file, "rows", (json_int_t)rt_column_rows(column), "sum",
                     rt_sealed_sum(rt_column_sum(column)));
}

static json_t *columns_json(const RtSim *s) {
    json_t *list = json_array();
    const RtRecorder *r = &s->recorder;
    RtColumn none = {0};
    for (int i = 0; i < r->count; i++) {
        const RtSignal *signal = &r->signal[i];
        json_array_append_new(list, column_json(r->plan->d.buffer[signal->buffer].name, signal->kept.text, signal->path || r->traces,
                                                rt_recorder_in_lines(r, signal) ? &none : &signal->column));
    }
    if (rt_recorder_is_csv(r)) json_array_append_new(list, column_json(".csv", "", true, &r->lines));
    for (int i = 0; i < s->streams.count; i++)
        if (s->streams.stream[i].path)
            json_array_append_new(list, column_json(s->plan->d.buffer[s->streams.stream[i].buffer].name, "", true, &s->streams.stream[i].column));
    return list;
}

static json_t *header_json(const RtSim *s) {
    const RtPlan *plan = s->plan;
    char seed[24];
    errno = 0; /* building JSON leaves out what there is no memory for; only errno says so */
    snprintf(seed, sizeof seed, "%" PRIu64, plan->frame.seed);
    json_t *o = json_pack("{s:s, s:f, s:o, s:o, s:s, s:o, s:o, s:I, s:o, s:I, s:i, s:I}", "circuit", plan->d.name, "dt", plan->d.dt, "program",
                  rt_sealed_sum(rt_hash_of(plan->program->descriptor, strlen(plan->program->descriptor))), "sizes", sizes_json(plan), "seed", seed, "weights",
                  rt_sealed_sum(s->weights), "stimuli", inputs_json(s), "interval", (json_int_t)s->recorder.interval, "columns", columns_json(s),
                  "window", (json_int_t)s->streams.rows, "part", s->clock.part, "step", (json_int_t)s->clock.step);
    if (errno != ENOMEM) return o;
    json_decref(o);
    return NULL;
}

/* ---- writing ---------------------------------------------------------------------------------------------------------------- */
typedef struct Pieces { /* of the file, borrowed */
    int count;
    RtPiece *piece;
} Pieces;

static void put_piece(Pieces *p, const void *bytes, size_t length) { p->piece[p->count++] = (RtPiece){bytes, length}; }

static void put_data(const RtSim *s, Pieces *p) {
    for (int i = 0; i < s->plan->d.buffers; i++)
        if (rt_buffer_changes(s->plan, i)) put_piece(p, rt_buffer_data(s->plan, i), (size_t)s->plan->bytes[i]);
    for (int i = 0; i < s->recorder.count; i++) {
        const RtColumn *c = &s->recorder.signal[i].column;
        if (!c->draft && !rt_recorder_in_lines(&s->recorder, &s->recorder.signal[i])) put_piece(p, c->rows, (size_t)(c->held * c->row));
    }
}

RtStatus rt_checkpoint_write(RtSim *s) {
    if (rt_recorder_sync(&s->recorder, &s->error) != RT_OK || rt_streams_sync(&s->streams, &s->error) != RT_OK) return s->error.status;
    json_t *json = header_json(s);
    char *header = json ? json_dumps(json, JSON_COMPACT) : NULL; /* NULL too when memory ends */
    Pieces p = {.piece = calloc((size_t)s->plan->d.buffers + (size_t)s->recorder.count + 1, sizeof *p.piece)};
    json_decref(json);
    if (header && p.piece) {
        put_data(s, &p);
        if (rt_sealed_write(s->checkpoint, magic, VERSION, header, p.count, p.piece, &s->error) == RT_OK) s->checkpoints++;
    } else rt_no_memory(&s->error, 4096, s->checkpoint);
    free(header);
    free(p.piece);
    return s->error.status;
}

RtStatus rt_checkpoint_may_replace(const char *path, RtError *error) { return rt_sealed_may_replace(path, magic, kind, error); }

/* ---- reading ---------------------------------------------------------------------------------------------------------------- */
struct RtSaved {
    RtSealed file;
    json_t *header;
};
typedef struct RtSaved Saved;

static RtStatus open_saved(RtSim *s, Saved *f) {
    if (rt_sealed_read(s->resume, magic, VERSION, kind, &f->file, &s->error) != RT_OK) return s->error.status;
    f->header = rt_sealed_header(&f->file, &s->error);
    return s->error.status;
}

static bool is_same(const Saved *f, const json_t *now, const char *key) { return json_equal(json_object_get(f->header, key), json_object_get(now, key)); }

static RtStatus differs(RtSim *s, const Saved *f, const char *what) {
    return rt_fail(&s->error, RT_USER, "%s: cannot be resumed: %s", f->file.path, what);
}

static RtStatus other_dt(RtSim *s, const Saved *f) {
    char then[RT_DURATION_TEXT], now[RT_DURATION_TEXT];
    double dt = json_real_value(json_object_get(f->header, "dt"));
    return rt_fail(&s->error, RT_USER, "%s: cannot be resumed: its step was %s, this program's is %s", f->file.path, rt_duration_text(then, dt),
                   rt_duration_text(now, s->plan->d.dt));
}

static RtStatus other_name(RtSim *s, const Saved *f, const char *list, const json_t *now, const char *what) {
    const char *name;
    json_t *value, *then = json_object_get(f->header, list);
    json_object_foreach(json_object_get(now, list), name, value)
        if (!json_equal(value, json_object_get(then, name)))
            return rt_fail(&s->error, RT_USER, "%s: cannot be resumed: %s %s is not what it was", f->file.path, what, name);
    return differs(s, f, "other stimuli");
}

static RtStatus other_columns(RtSim *s, const Saved *f) {
    char *list = strdup("");
    size_t i;
    json_t *c;
    json_array_foreach(json_object_get(f->header, "columns"), i, c) {
        char *longer = rt_format("%s%s%s%s%s", list ? list : "", i ? ", " : "", json_string_value(json_object_get(c, "name")),
                                 json_string_value(json_object_get(c, "units")), json_is_true(json_object_get(c, "file")) ? " (in a file)" : "");
        free(list);
        list = longer;
    }
    rt_fail(&s->error, RT_USER, "%s: cannot be resumed: it recorded %s every %lld steps; ask for the same", f->file.path, list && *list ? list : "nothing",
            (long long)json_integer_value(json_object_get(f->header, "interval")));
    free(list);
    return s->error.status;
}

/* Same columns, whatever their rows? */
static bool same_columns(const json_t *then, const json_t *now) {
    if (json_array_size(then) != json_array_size(now)) return false;
    for (size_t i = 0; i < json_array_size(now); i++) {
        static const char *const keys[] = {"name", "units", "file"};
        for (int k = 0; k < 3; k++)
            if (!json_equal(json_object_get(json_array_get(then, i), keys[k]), json_object_get(json_array_get(now, i), keys[k]))) return false;
    }
    return true;
}

/* The most telling difference first. */
static RtStatus compare(RtSim *s, const Saved *f, const json_t *now) {
    if (!is_same(f, now, "circuit"))
        return rt_fail(&s->error, RT_USER, "%s: cannot be resumed: it is of circuit %s, this is %s", f->file.path,
                       json_string_value(json_object_get(f->header, "circuit")), s->plan->d.name);
    if (!is_same(f, now, "dt")) return other_dt(s, f);
    if (!is_same(f, now, "program")) return differs(s, f, "it is of another program: the circuit, its sizes or how it was compiled have changed");
    if (!is_same(f, now, "sizes")) return other_name(s, f, "sizes", now, "the size of axis");
    if (!is_same(f, now, "seed")) return differs(s, f, "its seed was another one (--seed)");
    if (!is_same(f, now, "weights")) return differs(s, f, "the weights are not those it was written with");
    if (!is_same(f, now, "stimuli")) return other_name(s, f, "stimuli", now, "stimulus");
    if (!is_same(f, now, "interval") || !same_columns(json_object_get(f->header, "columns"), json_object_get(now, "columns"))) return other_columns(s, f);
    return is_same(f, now, "window") ? RT_OK : differs(s, f, "its sequences were read in other windows");
}

static RtStatus take_column(RtSim *s, Saved *f, const json_t *saved, RtColumn *column, int64_t most) {
    int64_t rows = json_integer_value(json_object_get(saved, "rows"));
    uint64_t sum = strtoull(json_string_value(json_object_get(saved, "sum")), NULL, 16);
    if (rows < 0 || rows > most) return rt_fail(&s->error, RT_USER, "%s: damaged: a number of rows", f->file.path);
    if (column->draft) return rt_column_resume(column, rows, sum, &s->error);
    column->held = rows;
    return rt_sealed_take(&f->file, column->rows, (size_t)(rows * column->row), &s->error);
}

static RtStatus take_columns(RtSim *s, Saved *f) {
    const json_t *list = json_object_get(f->header, "columns");
    size_t next = 0;
    RtRecorder *r = &s->recorder;
    for (int i = 0; i < r->count && s->error.status == RT_OK; i++, next++)
        if (!rt_recorder_in_lines(r, &r->signal[i])) take_column(s, f, json_array_get(list, next), &r->signal[i].column, r->signal[i].samples);
    if (s->error.status == RT_OK && rt_recorder_is_csv(r)) {
        take_column(s, f, json_array_get(list, next++), &r->lines, INT64_MAX);
        if (s->error.status == RT_OK) rt_draft_truncate(&r->draft, r->lines.written, &s->error);
    }
    for (int i = 0; i < s->streams.count && s->error.status == RT_OK; i++)
        if (s->streams.stream[i].path) take_column(s, f, json_array_get(list, next++), &s->streams.stream[i].column, INT64_MAX);
    if (s->error.status == RT_OK && f->file.taken != f->file.data_length) rt_fail(&s->error, RT_USER, "%s: damaged: too much data", f->file.path);
    return s->error.status;
}

static RtStatus take_clock(RtSim *s, const Saved *f) {
    json_int_t part = json_integer_value(json_object_get(f->header, "part")), step = json_integer_value(json_object_get(f->header, "step"));
    if (part < 0 || part >= (json_int_t)s->plan->program->parts || step < 0 || step > rt_clock_steps(&s->clock, (int)part))
        return rt_fail(&s->error, RT_USER, "%s: damaged: a step that is none", f->file.path);
    rt_clock_seek(&s->clock, (int)part, step);
    return RT_OK;
}

/* The streams' windows first, for showing them does not touch the outputs' rows; then what they held. */
static RtStatus restore(RtSim *s, Saved *f) {
    if (take_clock(s, f) != RT_OK || rt_streams_seek(&s->streams, &s->clock, &s->error) != RT_OK) return s->error.status;
    for (int i = 0; i < s->plan->d.buffers && s->error.status == RT_OK; i++)
        if (rt_buffer_changes(s->plan, i)) rt_sealed_take(&f->file, rt_buffer_data(s->plan, i), (size_t)s->plan->bytes[i], &s->error);
    return s->error.status == RT_OK ? take_columns(s, f) : s->error.status;
}

static void add_packed(RtHash *hash, const RtPlan *plan, const RtSparse *s) {
    size_t index = s->narrow ? sizeof(uint16_t) : sizeof(uint32_t);
    rt_hash_add(hash, s->start, (size_t)(s->rows + 1) * sizeof *s->start);
    rt_hash_add(hash, s->index, (size_t)s->synapses * index);
    if (s->value) rt_hash_add(hash, s->value, (size_t)s->synapses * rt_type_size(plan->d.type));
}

uint64_t rt_weights_sum(const RtPlan *plan) {
    RtHash hash = {0};
    for (int i = 0; i < plan->d.buffers; i++)
        if (plan->d.buffer[i].role == RT_SPARSE) add_packed(&hash, plan, plan->home[i]);
    for (int i = 0; i < plan->d.buffers; i++)
        if (plan->d.buffer[i].role == RT_WEIGHT && plan->home[i]) rt_hash_add(&hash, plan->home[i], (size_t)plan->bytes[i]);
    return rt_hash_sum(&hash);
}

RtStatus rt_checkpoint_open(RtSim *s) {
    json_t *now = header_json(s);
    s->saved = calloc(1, sizeof *s->saved);
    if (!now || !s->saved) rt_no_memory(&s->error, 4096, s->resume);
    else if (open_saved(s, s->saved) == RT_OK) compare(s, s->saved, now);
    json_decref(now);
    return s->error.status;
}

RtStatus rt_checkpoint_restore(RtSim *s) {
    RtStatus status = restore(s, s->saved);
    rt_checkpoint_close(s);
    return status;
}

void rt_checkpoint_close(RtSim *s) {
    if (!s->saved) return;
    json_decref(s->saved->header);
    rt_sealed_close(&s->saved->file);
    free(s->saved);
    s->saved = NULL;
}
