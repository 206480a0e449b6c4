/* Where values live: sizes of axes, strides, addresses. */
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

static Value buffer_address(Fn *f, int number) {
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

bool cg_unit_stride(const CgModule *m, const IrVar *v, int place) {
    const Storage *s = &m->schedule->storage[v->id];
    if (!s->kept[place]) return false;
    for (int i = place + 1; i < v->axis_count; i++)
        if (s->kept[i]) return false;
    return true;
}

/* ---- addresses ------------------------------------------------------------------------------------------------------------------- */
static bool in_group(const Fn *f, const IrVar *v) {
    for (int i = 0; f->group && i < f->group->body_count; i++)
        if (f->group->body[i]->var == v) return true;
    return false;
}

/* Address of a variable with two slots: `parity` 0 or 1 chooses. */
static Value slot(Fn *f, const IrVar *v, Value parity) {
    CgModule *m = f->m;
    Value first = buffer_address(f, m->buffer_of[v->id]), second = buffer_address(f, m->second_of[v->id]);
    Value odd = LLVMBuildICmp(m->builder, LLVMIntNE, parity, cg_int(m, 0), "");
    return LLVMBuildSelect(m->builder, odd, second, first, "");
}

static Value opposite(Fn *f, Value parity) {
    return cg_sub(f, cg_int(f->m, 1), parity);
}

static Value base_address(Fn *f, const IrVar *v, Access access, bool *whole) {
    CgModule *m = f->m;
    const Storage *s = &m->schedule->storage[v->id];
    if (s->kind == STORE_SCRATCH) return LLVMBuildGEP2(m->builder, LLVMInt8TypeInContext(m->context), f->scratch,
                                                       (Value[]){cg_scratch_offset(f, v)}, 1, "");
    bool inside = in_group(f, v);
    *whole = access == ACCESS_MIRROR || (s->mirrored && !inside);
    if (*whole) return buffer_address(f, m->mirror_of[v->id]);
    if (s->slots == 1) return buffer_address(f, m->buffer_of[v->id]);
    if (inside && f->group->kind == ITEM_FIX)
        return buffer_address(f, access == ACCESS_PREV ? m->buffer_of[v->id] : m->second_of[v->id]);
    if (inside) return slot(f, v, access == ACCESS_PREV ? opposite(f, f->parity) : f->parity);
    if (!v->scan_axis || schedule_place(v, v->scan_axis) < 0) return buffer_address(f, m->buffer_of[v->id]);
    Value last = cg_sub(f, cg_size(f, v->scan_axis), cg_int(m, 1)); /* only its last value is read from outside */
    bool scanned = !s->kept[schedule_place(v, v->scan_axis)];
    if (!scanned) return buffer_address(f, m->buffer_of[v->id]);
    return slot(f, v, LLVMBuildAnd(m->builder, last, cg_int(m, 1), ""));
}

static Value position(Fn *f, const IrVar *v, int place, const IrIndex *index) {
    IrIndex at = index ? index[place] : ir_index(v->axes[place]);
    if (at.kind == IX_CONST) return cg_int(f->m, at.offset);
    if (at.kind == IX_LAST) return cg_add(f, cg_size(f, v->axes[place]), cg_int(f->m, at.offset - 1));
    return at.offset ? cg_add(f, f->env[at.axis->id], cg_int(f->m, at.offset)) : f->env[at.axis->id];
}

Value cg_element(Fn *f, Value base, Value offset) {
    return LLVMBuildGEP2(f->m->builder, f->m->real, base, &offset, 1, "");
}

Value cg_address(Fn *f, const IrVar *v, const IrIndex *index, Access access) {
    const Storage *s = &f->m->schedule->storage[v->id];
    bool whole = false;
    Value base = base_address(f, v, access, &whole), offset = cg_int(f->m, 0);
    for (int i = 0; i < v->axis_count; i++) {
        if (!whole && !s->kept[i]) continue;
        Value at = position(f, v, i, index);
        if (!whole && s->tile == v->axes[i]) at = cg_sub(f, at, f->tile_first);
        offset = cg_add(f, offset, cg_mul(f, at, stride(f, v, i, whole)));
    }
    return cg_element(f, base, offset);
}
