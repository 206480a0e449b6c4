/* One equation: as loops over the variable's axes, the last in lanes where memory allows it, or as a matrix product. */
#include "codegen/cg.h"

/* ---- loops ------------------------------------------------------------------------------------------------------------------------ */
Value cg_band_first(Fn *f, const Band *band, const IrAxis *column, Value row) {
    (void)column;
    Value zero = cg_int(f->m, 0);
    return band->below ? cg_max(f, zero, cg_sub(f, row, cg_int(f->m, band->back))) : zero;
}

Value cg_band_end(Fn *f, const Band *band, const IrAxis *column, Value row) {
    Value size = cg_size(f, column);
    return band->above ? cg_min(f, size, cg_add(f, row, cg_int(f->m, band->ahead + 1))) : size;
}

const Step *cg_own_step(const Fn *f, const IrVar *v) {
    for (int i = 0; f->block && i < f->block->step_count; i++)
        if (f->block->steps[i].item->var == v) return &f->block->steps[i];
    return NULL;
}

void cg_range(Fn *f, const IrVar *v, const IrAxis *axis, Value *first, Value *end) {
    const Step *own = cg_own_step(f, v);
    *first = cg_int(f->m, 0);
    *end = cg_size(f, axis);
    if (!own) return;
    if (axis == own->axis) {
        *first = f->tile_first;
        *end = f->tile_end;
    } else if (axis == own->column && !own->adds && f->env[own->axis->id]) {
        *first = cg_band_first(f, &f->block->band, axis, f->env[own->axis->id]);
        *end = cg_max(f, *first, cg_band_end(f, &f->block->band, axis, f->env[own->axis->id]));
    } else if (axis == own->column && (!own->adds || f->adding)) {
        *first = f->column_first;
        *end = f->column_end;
    }
}

static void store(Fn *f, const IrVar *v, Value value, Access access) {
    CgModule *m = f->m;
    if (f->lane) value = cg_widen(f, value, m->lanes);
    Value stored = LLVMBuildStore(m->builder, value, cg_address(f, v, NULL, access));
    LLVMSetAlignment(stored, (unsigned)m->real_bytes);
    cg_of(f, v, stored);
}

typedef struct Nest {
    Fn *f;
    const IrVar *v;
    const IrExpr *value;
    Access access;
    bool mirror;
    IrAxis *order[64]; /* axes that are looped over, outermost first */
    int count;
} Nest;

/* What is there already. */
static Value sum_so_far(const Nest *nest) {
    Fn *f = nest->f;
    CgModule *m = f->m;
    Value at = cg_address(f, nest->v, NULL, nest->access);
    Value sum = LLVMBuildLoad2(m->builder, f->lane ? cg_vector(m, m->real, m->lanes) : m->real, at, "");
    LLVMSetAlignment(sum, (unsigned)m->real_bytes);
    return cg_of(f, nest->v, sum);
}

static void write_point(const Nest *nest) {
    Value value = cg_expr(nest->f, nest->value);
    if (nest->f->adding) {
        if (nest->f->lane) value = cg_widen(nest->f, value, nest->f->m->lanes);
        value = LLVMBuildFAdd(nest->f->m->builder, sum_so_far(nest), value, "");
    }
    store(nest->f, nest->v, value, nest->access);
    if (nest->mirror) store(nest->f, nest->v, value, ACCESS_MIRROR);
}

/* Lanes, then a scalar rest. */
static void last_axis(const Nest *nest, const IrAxis *axis, Value first, Value end) {
    Fn *f = nest->f;
    CgModule *m = f->m;
    Value count = cg_sub(f, end, first);
    Value middle = cg_add(f, first, LLVMBuildAnd(m->builder, count, cg_int(m, -(int64_t)m->lanes), ""));
    Loop loop = cg_loop_begin(f, first, middle, m->lanes);
    f->env[axis->id] = loop.i;
    f->lane = axis;
    write_point(nest);
    f->lane = NULL;
    cg_loop_end(f, &loop);
    Loop rest = cg_loop_begin(f, middle, end, 1);
    f->env[axis->id] = rest.i;
    write_point(nest);
    cg_loop_end(f, &rest);
}

static bool may_use_lanes(const Nest *nest, const IrAxis *axis) {
    const CgModule *m = nest->f->m;
    if (axis->root->kind != AXIS_BOUNDED && axis->root->size < m->lanes) return false;
    return schedule_lanes(m->schedule, nest->v, nest->value, nest->mirror, axis);
}

/* Points of a row that the band leaves out, between the columns that the block touches, are zero. */
static void zero_outside(const Nest *nest, const IrAxis *axis, Value first, Value end) {
    Fn *f = nest->f;
    const Storage *s = &f->m->schedule->storage[nest->v->id];
    if (!f->block || axis != s->column || !(f->block->band.above || f->block->band.below)) return;
    Value from[2] = {f->column_first, end}, to[2] = {first, f->column_end};
    for (int side = 0; side < 2; side++) {
        Loop loop = cg_loop_begin(f, from[side], to[side], 1);
        f->env[axis->id] = loop.i;
        store(f, nest->v, cg_real(f->m, 0), nest->access);
        cg_loop_end(f, &loop);
    }
    f->env[axis->id] = NULL;
}

static void nest_loops(const Nest *nest, int depth) {
    Fn *f = nest->f;
    if (depth == nest->count) {
        write_point(nest);
        return;
    }
    IrAxis *axis = nest->order[depth];
    Value first, end;
    cg_range(f, nest->v, axis, &first, &end);
    if (depth == nest->count - 1 && may_use_lanes(nest, axis)) {
        last_axis(nest, axis, first, end);
    } else {
        Loop loop = cg_loop_begin(f, first, end, 1);
        f->env[axis->id] = loop.i;
        nest_loops(nest, depth + 1);
        cg_loop_end(f, &loop);
    }
    if (depth == nest->count - 1) zero_outside(nest, axis, first, end);
    f->env[axis->id] = NULL;
}

/* Axes without a position yet; a square tensor's column comes last, so that its range can depend on the row. */
static void order_axes(Nest *nest) {
    const IrVar *v = nest->v;
    const IrAxis *column = nest->f->block ? nest->f->m->schedule->storage[v->id].column : NULL;
    IrAxis *last = NULL;
    for (int i = 0; i < v->axis_count; i++) {
        if (nest->f->env[v->axes[i]->id]) continue;
        if (v->axes[i] == column) last = v->axes[i];
        else nest->order[nest->count++] = v->axes[i];
    }
    if (last) nest->order[nest->count++] = last;
}

static void write_all(Fn *f, const IrVar *v, const IrExpr *value, Access access, bool mirror) {
    Nest nest = {.f = f, .v = v, .value = value, .access = access, .mirror = mirror};
    order_axes(&nest);
    nest_loops(&nest, 0);
}

void cg_fill_init(Fn *f, const IrVar *v, Access access) {
    write_all(f, v, v->init, access, false);
}

void cg_clear(Fn *f, const IrVar *v) {
    static const IrExpr zero = {.op = IR_LIT};
    write_all(f, v, &zero, ACCESS_WRITE, false);
}

/* The product fills whole rectangles: what lies outside of the band is set to zero afterwards, row by row. */
static void clear_rows(Nest *nest, int depth) {
    Fn *f = nest->f;
    const IrAxis *axis = nest->order[depth];
    Value first, end;
    cg_range(f, nest->v, axis, &first, &end);
    if (depth == nest->count - 1) {
        zero_outside(nest, axis, first, end);
        return;
    }
    Loop loop = cg_loop_begin(f, first, end, 1);
    f->env[axis->id] = loop.i;
    clear_rows(nest, depth + 1);
    f->env[axis->id] = NULL;
    cg_loop_end(f, &loop);
}

void cg_clear_outside(Fn *f, const IrVar *v) {
    const Storage *s = &f->m->schedule->storage[v->id];
    if (!f->block || !s->column || !(f->block->band.above || f->block->band.below)) return;
    Nest nest = {.f = f, .v = v, .access = ACCESS_WRITE};
    order_axes(&nest);
    clear_rows(&nest, 0);
}

void cg_equation(Fn *f, const Step *step) {
    const IrVar *v = step->item->var;
    f->adding = step->adds ? step : NULL;
    if (step->kernel == KERNEL_LOOPS) write_all(f, v, v->def, ACCESS_WRITE, f->m->schedule->storage[v->id].mirrored && f->group);
    else if (step->kernel == KERNEL_SPARSE) cg_sparse(f, step);
    else cg_product(f, step);
    f->adding = NULL;
}
