/* Sums over sparse tables. The plan packs the pairs of a table into a buffer of role "sparse", whose form the descriptor tells
 * (runtime/include/ctx_abi.h); the step calls the runtime's kernel with it. Steps that read one table and one layout of their source,
 * the stages of a method for example, share a buffer. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/cg.h"

/* ---- the form, as the descriptor has it ---------------------------------------------------------------------------------------- */
/* Number of an axis among rows and columns, -1: it is neither. */
static int number_of(const Sparse *s, const IrAxis *axis) {
    for (int i = 0; i < s->row_count; i++)
        if (s->rows[i] == axis) return i;
    for (int i = 0; i < s->column_count; i++)
        if (s->columns[i] == axis) return s->row_count + i;
    return -1;
}

static json_t *root_list(const CgModule *m, IrAxis *const *axes, int count) {
    json_t *list = json_array();
    for (int i = 0; i < count; i++) json_array_append_new(list, json_integer(m->root_number[axes[i]->root->id]));
    return list;
}

static json_t *operand_json(const CgModule *m, const Sparse *s, const IrExpr *ref) {
    json_t *list = json_array();
    for (int i = 0; i < ref->var->axis_count; i++) json_array_append_new(list, json_integer(number_of(s, ref->index[i].axis)));
    return json_pack("{s:i, s:o}", "buffer", m->buffer_of[ref->var->id], "of", list);
}

/* The stored dimensions of the source, as the step sees it: root, and which row or column runs along it. */
static json_t *source_json(const CgModule *m, const Sparse *s, const IrItem *group) {
    const IrVar *v = s->x->var;
    const Storage *storage = &m->schedule->storage[v->id];
    bool whole = storage->mirrored && !ir_in_body(group, v);
    json_t *list = json_array();
    for (int i = 0; i < v->axis_count; i++) {
        if (!whole && !storage->kept[i]) continue;
        int number = s->x->index[i].kind == IX_AXIS ? number_of(s, s->x->index[i].axis) : -1;
        json_array_append_new(list, json_pack("[i, i]", m->root_number[v->axes[i]->root->id], number));
    }
    return list;
}

static json_t *form_json(const CgModule *m, const Sparse *s, const IrItem *group) {
    json_t *factors = json_array();
    for (int i = 0; i < s->factor_count; i++) json_array_append_new(factors, operand_json(m, s, s->factors[i]));
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:f}", "rows", root_list(m, s->rows, s->row_count), "columns",
                     root_list(m, s->columns, s->column_count), "table", operand_json(m, s, s->table), "factors", factors, "source",
                     source_json(m, s, group), "scale", s->scale);
}

/* ---- buffers ---------------------------------------------------------------------------------------------------------------------- */
static int buffer_with(const CgModule *m, const char *form) {
    for (int i = 0; i < m->packed.count; i++)
        if (strcmp(m->buffers.at[m->packed.at[i].buffer].form, form) == 0) return m->packed.at[i].buffer;
    return -1;
}

static void lay_out(CgModule *m, const Step *step, const IrItem *group) {
    if (step->kind == STEP_SCAN || step->kind == STEP_FIX) group = step->item;
    for (int i = 0; i < step->step_count; i++) lay_out(m, &step->steps[i], group);
    if (step->kind != STEP_EQUATION || step->kernel != KERNEL_SPARSE) return;
    json_t *json = form_json(m, step->sparse, group);
    char *text = json_dumps(json, JSON_COMPACT), *form = arena_strdup(m->arena, text ? text : "{}");
    free(text);
    json_decref(json);
    int buffer = buffer_with(m, form);
    if (buffer < 0) {
        buffer = m->buffers.count;
        vec_push(m->arena, &m->buffers, ((Buffer){.var = step->item->var, .name = step->item->var->name, .role = "sparse", .form = form}));
    }
    vec_push(m->arena, &m->packed, ((Packed){step->sparse, buffer}));
}

void cg_lay_out_sparse(CgModule *m) {
    for (int i = 0; i < m->schedule->step_count; i++) lay_out(m, &m->schedule->steps[i], NULL);
}

/* ---- the step --------------------------------------------------------------------------------------------------------------------- */
static Value packed_of(Fn *f, const Sparse *s) {
    int buffer = 0;
    for (int i = 0; i < f->m->packed.count; i++)
        if (f->m->packed.at[i].sparse == s) buffer = f->m->packed.at[i].buffer;
    return cg_buffer(f, buffer);
}

static void set_all(Fn *f, IrAxis *const *axes, int count, Value at) {
    for (int i = 0; i < count; i++) f->env[axes[i]->id] = at;
}

static void sum_rows(Fn *f, const Step *step) {
    CgModule *m = f->m;
    const Sparse *s = step->sparse;
    const IrVar *v = step->item->var;
    set_all(f, s->rows, s->row_count, cg_int(m, 0));
    set_all(f, s->columns, s->column_count, cg_int(m, 0));
    Value stride = s->row_count ? cg_stride(f, v, schedule_place(v, s->rows[s->row_count - 1])) : cg_int(m, 1);
    Value frame = f->parallel ? f->frame : LLVMConstNull(m->pointer);
    Value args[] = {frame, packed_of(f, s), cg_reference(f, s->x), cg_address(f, v, NULL, ACCESS_WRITE), stride};
    cg_call_runtime(f, m->options.f64 ? RUNTIME_rt_sparse_f64 : RUNTIME_rt_sparse_f32, args, 5);
    set_all(f, s->rows, s->row_count, NULL);
    set_all(f, s->columns, s->column_count, NULL);
}

static void each_batch(Fn *f, const Step *step, int depth) {
    const Sparse *s = step->sparse;
    if (depth == s->batch_count) {
        sum_rows(f, step);
        return;
    }
    Loop loop = cg_loop_begin(f, cg_int(f->m, 0), cg_size(f, s->batch[depth]), 1);
    f->env[s->batch[depth]->id] = loop.i;
    each_batch(f, step, depth + 1);
    f->env[s->batch[depth]->id] = NULL;
    cg_loop_end(f, &loop);
}

void cg_sparse(Fn *f, const Step *step) {
    each_batch(f, step, 0);
}
