/* Buffers and the descriptor: what the program tells the runtime about itself (runtime/include/ctx_abi.h). */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/cg.h"
#include "io/hash.h"

/* ---- buffers --------------------------------------------------------------------------------------------------------------------- */
static int add_buffer(CgModule *m, Buffer buffer) {
    vec_push(m->arena, &m->buffers, buffer);
    return m->buffers.count - 1;
}

static void number_roots(CgModule *m) {
    m->root_number = ARENA_ARRAY(m->arena, int, m->p->axes.count + 1);
    for (int i = 0; i < m->p->axes.count; i++) {
        const IrAxis *axis = m->p->axes.at[i];
        if (axis->root != axis) continue;
        m->root_number[i] = m->roots.count;
        vec_push(m->arena, &m->roots, axis);
    }
}

/* Outputs come first in order of declaration; a variable that is two outputs has its values copied by the runtime. */
static void output_buffers(CgModule *m) {
    for (int i = 0; i < m->p->outputs.count; i++) {
        const IrOutput *output = &m->p->outputs.at[i];
        const IrVar *v = output->var;
        if (schedule_is_trace(output)) continue;
        int *place = m->schedule->storage[v->id].mirrored ? &m->mirror_of[v->id] : &m->buffer_of[v->id];
        if (*place >= 0) continue;
        *place = add_buffer(m, (Buffer){.var = v, .name = output->name, .role = "output", .recorded = output->recorded,
                                        .mirror = m->schedule->storage[v->id].mirrored});
    }
}

/* Segments of the scan whose state this is. */
static int64_t segments_of(const CgModule *m, const IrVar *v) {
    for (int i = 0; i < m->schedule->back_count; i++)
        for (int k = 0; k < m->schedule->back[i].scan_count; k++)
            if (ir_in_body(m->schedule->back[i].scans[k], v)) return m->schedule->back[i].most;
    return 0;
}

static void variable_buffers(CgModule *m, const IrVar *v) {
    const Storage *s = &m->schedule->storage[v->id];
    if (s->kind == STORE_SCRATCH || s->kind == STORE_NONE) return;
    const char *role = v->kind == VAR_STIMULUS ? "stimulus" : v->kind == VAR_WEIGHT ? "weight" : m->schedule->plan[v->id] ? "plan" : "temp";
    if (m->buffer_of[v->id] < 0) m->buffer_of[v->id] = add_buffer(m, (Buffer){.var = v, .name = v->name, .role = role});
    m->buffers.at[m->buffer_of[v->id]].slots = s->slots;
    if (s->again) m->again_of[v->id] = add_buffer(m, (Buffer){.var = v, .name = v->name, .role = "temp", .slots = s->again * (int)(segments_of(m, v) + 1)});
    if (s->iterated) m->second_of[v->id] = add_buffer(m, (Buffer){.var = v, .name = v->name, .role = "temp"});
    if (s->parts > 1) m->second_of[v->id] = add_buffer(m, (Buffer){.var = v, .name = v->name, .role = "temp", .slots = s->parts});
    if (s->mirrored && m->mirror_of[v->id] < 0)
        m->mirror_of[v->id] = add_buffer(m, (Buffer){.var = v, .name = v->name, .role = "temp", .mirror = true});
}

/* What is recorded at every step lies in the places that the steps use. */
static void trace_buffers(CgModule *m) {
    for (int i = 0; i < m->p->outputs.count; i++) {
        const IrOutput *output = &m->p->outputs.at[i];
        if (!schedule_is_trace(output)) continue;
        Buffer *b = &m->buffers.at[m->buffer_of[output->var->id]];
        b->name = output->name, b->role = output->gauge ? "temp" : "trace", b->recorded = output->recorded, b->gauge = output->gauge;
    }
}

void cg_lay_out(CgModule *m) {
    int count = m->p->vars.count + 1;
    m->buffer_of = ARENA_ARRAY(m->arena, int, count);
    m->second_of = ARENA_ARRAY(m->arena, int, count);
    m->mirror_of = ARENA_ARRAY(m->arena, int, count);
    m->again_of = ARENA_ARRAY(m->arena, int, count);
    for (int i = 0; i < count; i++) m->buffer_of[i] = m->second_of[i] = m->mirror_of[i] = m->again_of[i] = -1;
    number_roots(m);
    for (int i = 0; i < m->p->vars.count; i++) {
        const IrVar *v = m->p->vars.at[i];
        if (v->kind == VAR_STIMULUS || v->kind == VAR_WEIGHT) variable_buffers(m, v);
    }
    output_buffers(m);
    for (int i = 0; i < m->p->vars.count; i++) {
        const IrVar *v = m->p->vars.at[i];
        if (v->kind != VAR_STIMULUS && v->kind != VAR_WEIGHT) variable_buffers(m, v);
    }
    trace_buffers(m);
    cg_lay_out_sparse(m);
    for (int i = 0; i < m->schedule->step_count; i++)
        if (m->schedule->steps[i].kind == STEP_BLOCK) vec_push(m->arena, &m->blocks, &m->schedule->steps[i]);
}

/* ---- JSON ------------------------------------------------------------------------------------------------------------------------ */
static json_t *buffer_axes(const CgModule *m, const Buffer *b) {
    const Storage *s = &m->schedule->storage[b->var->id];
    json_t *list = json_array();
    for (int i = 0; i < b->var->axis_count; i++)
        if (b->mirror || s->kept[i]) json_array_append_new(list, json_integer(m->root_number[b->var->axes[i]->root->id]));
    return list;
}

static json_t *axis_names(const CgModule *m, const Buffer *b) {
    const Storage *s = &m->schedule->storage[b->var->id];
    json_t *list = json_array();
    for (int i = 0; i < b->var->axis_count; i++)
        if (b->mirror || s->kept[i]) json_array_append_new(list, json_string(b->var->axes[i]->name));
    return list;
}

/* The part whose steps compute or read it; -1: none, or a program without parts. */
static int part_of(const CgModule *m, const IrVar *v) {
    for (int i = 0; i < m->parts.count; i++) {
        const IrItem *scan = m->parts.at[i].scan;
        for (int k = 0; scan && k < scan->body_count; k++)
            if (scan->body[k]->var == v || ir_uses_var(scan->body[k]->var->def, v)) return i;
    }
    return -1;
}

/* What a clock has to know of a buffer. */
static void add_time(const CgModule *m, const Buffer *b, json_t *o) {
    bool trace = strcmp(b->role, "trace") == 0, kept = strcmp(b->role, "stimulus") == 0 || strcmp(b->role, "output") == 0;
    bool streams = kept && cg_streams(m, b->var);
    if (streams) json_object_set_new(o, "stream", json_true());
    if (streams || trace) json_object_set_new(o, "part", json_integer(part_of(m, b->var)));
}

static json_t *draw(const IrVar *v) {
    return json_pack("{s:s, s:f, s:f}", "kind", ir_draw_name[v->draw], "a", v->draw_a, "b", v->draw_b);
}

static json_t *sparse_json(const Buffer *b) {
    return json_pack("{s:s, s:s, s:[], s:o}", "name", b->name, "role", b->role, "axes", "sparse", json_loads(b->form, 0, NULL));
}

static json_t *buffer_json(const CgModule *m, const Buffer *b) {
    if (b->form) return sparse_json(b);
    json_t *o = json_pack("{s:s, s:s, s:o}", "name", b->name, "role", b->role, "axes", buffer_axes(m, b));
    bool external = b->gauge || (strcmp(b->role, "temp") != 0 && strcmp(b->role, "plan") != 0);
    if (external) json_object_set_new(o, "axis_names", axis_names(m, b));
    if (external && b->var->unit) json_object_set_new(o, "unit", json_string(b->var->unit));
    if (b->var->tensor) json_object_set_new(o, "tensor", json_string(b->var->tensor));
    if (b->var->kind == VAR_WEIGHT && b->var->draw != INIT_UNBOUND) json_object_set_new(o, "draw", draw(b->var));
    if (m->schedule->storage[b->var->id].kind == STORE_PACKED) json_object_set_new(o, "packed", json_true());
    if (b->recorded) json_object_set_new(o, "recorded", json_true());
    if (b->gauge) json_object_set_new(o, "gauge", json_true()), json_object_set_new(o, "state", json_false());
    if (m->options.dt > 0) add_time(m, b, o);
    const Steps *live = &m->live[b->var->id];
    if (live->first >= 0 && strcmp(b->role, "temp") == 0) json_object_set_new(o, "live", json_pack("[i, i]", live->first, live->last));
    if (b->slots > 1) json_object_set_new(o, "slots", json_integer(b->slots));
    return o;
}

/* The pairs of a sparse table as many as it is expected to have; its weights are those of the same synapses. */
static double synapse_count(const CgModule *m) {
    double count = 0;
    for (int i = 0; i < m->p->vars.count; i++) {
        const IrVar *v = m->p->vars.at[i];
        double density = ir_density(v), points = v->kind == VAR_WEIGHT ? density : 0;
        if (density == 1 && points > 0 && schedule_is_factor(m->schedule, v)) continue;
        for (int j = 0; j < v->axis_count; j++) points *= (double)v->axes[j]->root->size;
        count += points;
    }
    return count;
}

/* A checkpoint of another program must not be taken for one of this. */
static const char *program_hash(const CgModule *m) {
    char *text;
    size_t length;
    FILE *to = open_memstream(&text, &length);
    if (!to) return "";
    ir_print(m->p, to);
    fclose(to);
    char sum[RT_HASH_TEXT];
    rt_hash_text(sum, rt_hash_of(text, length));
    free(text);
    return arena_strdup(m->arena, sum);
}

char *cg_descriptor(CgModule *m) {
    json_t *axes = json_array(), *buffers = json_array();
    const int64_t *least = ir_least_sizes(m->arena, m->p);
    for (int i = 0; i < m->roots.count; i++) {
        const IrAxis *axis = m->roots.at[i];
        const char *kind = axis->kind == AXIS_BOUNDED ? "bounded" : "const";
        json_t *one = json_pack("{s:s, s:s, s:I}", "name", axis->name, "kind", kind, "size", (json_int_t)axis->size);
        if (least[axis->id] > 1) json_object_set_new(one, "least", json_integer((json_int_t)least[axis->id]));
        json_array_append_new(axes, one);
    }
    for (int i = 0; i < m->buffers.count; i++) json_array_append_new(buffers, buffer_json(m, &m->buffers.at[i]));
    json_t *summary = json_pack("{s:I, s:I, s:I, s:I}", "areas", (json_int_t)m->options.areas, "columns",
                                (json_int_t)m->options.columns, "populations", (json_int_t)m->options.populations, "synapses", (json_int_t)synapse_count(m));
    json_t *all = json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "name", m->p->name, "precision", m->options.f64 ? "f64" : "f32", "compiler",
                            "ctx " CTX_VERSION, "axes", axes, "buffers", buffers, "summary", summary);
    if (m->options.dt > 0) {
        json_t *time = json_pack("{s:f, s:f, s:s}", "dt", m->options.dt, "cycle", m->options.cycle, "unit", "s");
        json_object_set_new(all, "dynamic", time);
        json_object_set_new(all, "hash", json_string(program_hash(m)));
    }
    char *text = json_dumps(all, JSON_COMPACT), *copy = arena_strdup(m->arena, text ? text : "{}");
    free(text);
    json_decref(all);
    return copy;
}

const char *cg_descriptor_text(const CgModule *m) {
    return cg_descriptor((CgModule *)m);
}
