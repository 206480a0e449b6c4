/* Where values live: sizes of axes, strides, addresses. */
#include <string.h>

#include "codegen/cg.h"

static Value frame_field(Fn *f, unsigned field, LLVMTypeRef type) {
    Value at = LLVMBuildStructGEP2(f->at_entry, f->m->frame, f->frame, field, "");
    return LLVMBuildLoad2(f->at_entry, type, at, "");
}

Value cg_size(Fn *f, const IrAxis *axis) {
    CgModule *m = f->m;
    const IrAxis *root = axis->root;
    if (root->kind != AXIS_BOUNDED) return cg_int(m, root->size);
    if (f->size[root->id]) return f->size[root->id];
    if (!f->sizes) f->sizes = frame_field(f, 0, m->pointer);
    Value number = cg_int(m, m->root_number[root->id]);
    Value at = LLVMBuildGEP2(f->at_entry, m->i64, f->sizes, &number, 1, "");
    return f->size[root->id] = LLVMBuildLoad2(f->at_entry, m->i64, at, root->name);
}

Value cg_buffer(Fn *f, int number) {
    CgModule *m = f->m;
    if (f->buffer[number]) return f->buffer[number];
    Value list = frame_field(f, 1, m->pointer), index = cg_int(m, number);
    Value at = LLVMBuildGEP2(f->at_entry, m->pointer, list, &index, 1, "");
    return f->buffer[number] = LLVMBuildLoad2(f->at_entry, m->pointer, at, m->buffers.at[number].name);
}

/* ---- strides -------------------------------------------------------------------------------------------------------------------- */
/* Points stored along one axis. `whole`: in the copy that keeps every axis. */
static Value extent(Fn *f, const IrVar *v, int place, bool whole) {
    const Storage *s = &f->m->schedule->storage[v->id];
    if (!whole && !s->kept[place]) return cg_int(f->m, 1);
    if (!whole && s->tile == v->axes[place]) return cg_int(f->m, s->block);
    if (v->kind == VAR_WEIGHT) return cg_int(f->m, v->axes[place]->root->size);
    return cg_size(f, v->axes[place]);
}

static Value stride(Fn *f, const IrVar *v, int place, bool whole) {
    Value product = cg_int(f->m, 1);
    for (int i = place + 1; i < v->axis_count; i++) product = cg_mul(f, product, extent(f, v, i, whole));
    return product;
}

Value cg_stride(Fn *f, const IrVar *v, int place) {
    return stride(f, v, place, false);
}

/* ---- addresses ------------------------------------------------------------------------------------------------------------------- */
Value cg_element(Fn *f, Value base, Value offset) {
    return LLVMBuildGEP2(f->m->builder, f->m->real, base, &offset, 1, "");
}

Value cg_elements(Fn *f, const IrVar *v) {
    Value elements = cg_int(f->m, 1);
    for (int i = 0; i < v->axis_count; i++) elements = cg_mul(f, elements, extent(f, v, i, false));
    return elements;
}

/* Address of one of the places of a variable, 0 the first. */
static Value slot(Fn *f, const IrVar *v, Value number) {
    return cg_element(f, cg_buffer(f, f->m->buffer_of[v->id]), cg_mul(f, number, cg_elements(f, v)));
}

Value cg_slot(Fn *f, const IrVar *v, Value time) {
    return slot(f, v, LLVMBuildURem(f->m->builder, time, cg_int(f->m, f->m->schedule->storage[v->id].slots), ""));
}

/* The scan's point that a variable stands at: a step, or, for one that has no steps, the cycle. */
static Value point_of(Fn *f, const IrVar *v) {
    const IrAxis *cycle = ir_cycle_of(f->group->axis);
    return cycle && schedule_place(v, f->group->axis) < 0 ? f->env[cycle->id] : f->time;
}

static Value slot_inside(Fn *f, const IrVar *v, Access access, int64_t lag) {
    int slots = f->m->schedule->storage[v->id].slots;
    if (f->first_slot) return slot(f, v, *f->first_slot);
    Value point = point_of(f, v);
    return cg_slot(f, v, access == ACCESS_PREV ? cg_add(f, point, cg_int(f->m, slots - lag)) : point);
}

/* Where the last point of a scan is, seen from outside. */
static Value slot_at_end(Fn *f, const IrVar *v) {
    const IrAxis *cycle = ir_cycle_of(v->scan_axis);
    Value points = cg_size(f, v->scan_axis);
    if (cycle) points = cg_mul(f, points, cg_size(f, cycle));
    return cg_slot(f, v, cg_sub(f, points, cg_int(f->m, 1)));
}

static Value base_address(Fn *f, const IrVar *v, Access access, int64_t lag, bool *whole) {
    CgModule *m = f->m;
    const Storage *s = &m->schedule->storage[v->id];
    if (s->kind == STORE_SCRATCH) return LLVMBuildGEP2(m->builder, LLVMInt8TypeInContext(m->context), f->scratch,
                                                       (Value[]){cg_scratch_offset(f, v)}, 1, "");
    bool inside = ir_in_body(f->group, v);
    *whole = access == ACCESS_MIRROR || (s->mirrored && !inside);
    if (*whole) return cg_buffer(f, m->mirror_of[v->id]);
    if (s->iterated && inside && access != ACCESS_PREV) return cg_buffer(f, m->second_of[v->id]);
    if (s->parts > 1 && cg_own_step(f, v)) return cg_element(f, cg_buffer(f, m->second_of[v->id]), cg_mul(f, f->part, cg_elements(f, v)));
    if (s->slots == 1) return cg_buffer(f, m->buffer_of[v->id]);
    if (inside) return slot_inside(f, v, access, lag);
    bool scanned = v->scan_axis && schedule_place(v, v->scan_axis) >= 0 && !s->kept[schedule_place(v, v->scan_axis)];
    return scanned ? slot_at_end(f, v) : cg_buffer(f, m->buffer_of[v->id]);
}

static Value position(Fn *f, const IrVar *v, int place, const IrIndex *index) {
    IrIndex at = index ? index[place] : ir_index(v->axes[place]);
    if (at.kind == IX_CONST) return cg_int(f->m, at.offset);
    if (at.kind == IX_LAST) return cg_add(f, cg_size(f, v->axes[place]), cg_int(f->m, at.offset - 1));
    return at.offset ? cg_add(f, f->env[at.axis->id], cg_int(f->m, at.offset)) : f->env[at.axis->id];
}

/* The place of a step that an index names, where a segment of steps is there. */
static Value slot_named(Fn *f, const IrVar *v, const IrIndex *index) {
    const IrAxis *step = f->group->axis;
    int cycle = schedule_place(v, ir_cycle_of(step));
    Value point = position(f, v, schedule_place(v, step), index);
    if (cycle >= 0) point = cg_add(f, point, cg_mul(f, position(f, v, cycle, index), cg_size(f, step)));
    return cg_slot(f, v, point);
}

static Value address(Fn *f, const IrVar *v, const IrIndex *index, Access access, int64_t lag) {
    const Storage *s = &f->m->schedule->storage[v->id];
    bool whole = false, named = s->windowed && f->group && ir_has_axis(v, f->group->axis) && !ir_in_body(f->group, v);
    Value base = named ? slot_named(f, v, index) : base_address(f, v, access, lag, &whole), offset = cg_int(f->m, 0);
    for (int i = 0; i < v->axis_count; i++) {
        if (!whole && !s->kept[i]) continue;
        Value at = position(f, v, i, index);
        if (!whole && s->tile == v->axes[i]) at = cg_sub(f, at, f->tile_first);
        offset = cg_add(f, offset, cg_mul(f, at, stride(f, v, i, whole)));
    }
    return cg_element(f, base, offset);
}

Value cg_address(Fn *f, const IrVar *v, const IrIndex *index, Access access) {
    return address(f, v, index, access, 1);
}

Value cg_reference(Fn *f, const IrExpr *ref) {
    return address(f, ref->var, ref->index, ref->op == IR_PREV ? ACCESS_PREV : ACCESS_READ, ref->lag);
}

Value cg_base(Fn *f, const IrVar *v) {
    return cg_buffer(f, f->m->buffer_of[v->id]);
}

/* Variables are the types of type-based alias analysis. */
static Value memory_of(CgModule *m, const IrVar *v) {
    LLVMContextRef c = m->context;
    if (!m->memory) m->memory = ARENA_ARRAY(m->arena, LLVMValueRef, m->p->vars.count + 1);
    if (m->memory[v->id]) return m->memory[v->id];
    LLVMMetadataRef name = LLVMMDStringInContext2(c, "values", 6), root = LLVMMDNodeInContext2(c, &name, 1);
    LLVMMetadataRef zero = LLVMValueAsMetadata(cg_int(m, 0));
    LLVMMetadataRef type = LLVMMDNodeInContext2(c, (LLVMMetadataRef[]){LLVMMDStringInContext2(c, v->name, strlen(v->name)), root, zero}, 3);
    LLVMMetadataRef tag = LLVMMDNodeInContext2(c, (LLVMMetadataRef[]){type, type, zero}, 3);
    return m->memory[v->id] = LLVMMetadataAsValue(c, tag);
}

Value cg_of(Fn *f, const IrVar *v, Value access) {
    CgModule *m = f->m;
    while (m->schedule->storage[v->id].shares) v = m->schedule->storage[v->id].shares;
    LLVMSetMetadata(access, LLVMGetMDKindIDInContext(m->context, "tbaa", 4), memory_of(m, v));
    return access;
}
