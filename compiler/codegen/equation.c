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

static const IrAxis *own_tile(const Fn *f, const IrVar *v) {
    for (int i = 0; f->block && i < f->block->step_count; i++)
        if (f->block->steps[i].item->var == v) return f->block->steps[i].axis;
    return NULL;
}

void cg_range(Fn *f, const IrVar *v, const IrAxis *axis, Value *first, Value *end) {
    const Storage *s = &f->m->schedule->storage[v->id];
    const IrAxis *tile = own_tile(f, v);
    *first = cg_int(f->m, 0);
    *end = cg_size(f, axis);
    if (axis == tile) {
        *first = f->tile_first;
        *end = f->tile_end;
    } else if (tile && axis == s->column && f->env[tile->id]) {
        *first = cg_band_first(f, &f->block->band, axis, f->env[tile->id]);
        *end = cg_max(f, *first, cg_band_end(f, &f->block->band, axis, f->env[tile->id]));
    } else if (tile && axis == s->column) {
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

static void write_point(const Nest *nest) {
    Value value = cg_expr(nest->f, nest->value);
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

/* ---- matrix products ------------------------------------------------------------------------------------------------------------------ */
typedef struct Matrix {
    Value at;      /* address of its first element */
    Value stride;  /* elements between two rows, or columns if transposed */
    bool transposed;
} Matrix;

static Value extent_of(Fn *f, const IrVar *v, IrAxis *const *axes, int count) {
    Value product = cg_int(f->m, 1);
    for (int i = 0; i < count; i++) {
        Value first, end;
        cg_range(f, v, axes[i], &first, &end);
        product = cg_mul(f, product, cg_sub(f, end, first));
    }
    return product;
}

static int place_of(const IrExpr *ref, const IrAxis *axis) {
    for (int i = 0; i < ref->var->axis_count; i++)
        if (ref->index[i].kind == IX_AXIS && ref->index[i].axis == axis) return i;
    return -1;
}

/* rows and columns are lists of axes of the reference; the stored innermost decides how the library is told to read it */
static Matrix operand(Fn *f, const IrExpr *ref, IrAxis *const *rows, int row_count, IrAxis *const *columns, int column_count) {
    Matrix matrix = {.at = cg_reference(f, ref)};
    int last_column = column_count ? place_of(ref, columns[column_count - 1]) : -1;
    int last_row = row_count ? place_of(ref, rows[row_count - 1]) : -1;
    bool by_row = last_column >= 0 && schedule_unit_stride(f->m->schedule, ref->var, last_column);
    matrix.transposed = !by_row;
    int outer = by_row ? last_row : last_column;
    matrix.stride = outer >= 0 ? cg_stride(f, ref->var, outer) : extent_of(f, ref->var, by_row ? columns : rows, by_row ? column_count : row_count);
    return matrix;
}

static void set_first(Fn *f, const IrVar *v, IrAxis *const *axes, int count) {
    for (int i = 0; i < count; i++) {
        Value first, end;
        cg_range(f, v, axes[i], &first, &end);
        f->env[axes[i]->id] = first;
    }
}

static void unset(Fn *f, IrAxis *const *axes, int count) {
    for (int i = 0; i < count; i++) f->env[axes[i]->id] = NULL;
}

/* Does the bound axis run over a square tensor's columns? Then only those that the block touches count. */
static bool is_column(const Fn *f, const Product *p, const IrAxis *axis) {
    const IrExpr *refs[] = {p->a, p->b};
    for (int i = 0; i < 2 && f->block; i++) {
        int place = place_of(refs[i], axis);
        const Storage *s = &f->m->schedule->storage[refs[i]->var->id];
        if (place >= 0 && s->column && refs[i]->var->axes[place] == s->column) return true;
    }
    return false;
}

static void multiply(Fn *f, const Step *step) {
    CgModule *m = f->m;
    const Product *p = &step->product;
    const IrVar *v = step->item->var;
    Value k = cg_int(m, 1), rows = extent_of(f, v, p->m, p->m_count), columns = extent_of(f, v, p->n, p->n_count);
    set_first(f, v, p->m, p->m_count);
    set_first(f, v, p->n, p->n_count);
    for (int i = 0; i < p->k_count; i++) {
        bool column = is_column(f, p, p->k[i]);
        f->env[p->k[i]->id] = column ? f->column_first : cg_int(m, 0);
        k = cg_mul(f, k, column ? cg_sub(f, f->column_end, f->column_first) : cg_size(f, p->k[i]));
    }
    Matrix a = operand(f, p->a, p->m, p->m_count, p->k, p->k_count), b = operand(f, p->b, p->k, p->k_count, p->n, p->n_count);
    Value c = cg_address(f, v, NULL, ACCESS_WRITE), step_c;
    IrAxis *const *outer = p->transposed ? p->n : p->m;
    int outer_count = p->transposed ? p->n_count : p->m_count;
    step_c = outer_count ? cg_stride(f, v, schedule_place(v, outer[outer_count - 1])) : (p->transposed ? rows : columns);
    if (p->transposed) { /* c' = b' a' */
        Matrix swap = a;
        Value count = rows;
        a = b, b = swap;
        a.transposed = !a.transposed, b.transposed = !b.transposed;
        rows = columns, columns = count;
    }
    bool of_columns = p->tied && (p->m_count == 1 && p->tied == p->m[0]) == p->transposed;
    Value flags = LLVMConstInt(m->i32, (unsigned)(a.transposed | b.transposed << 1 | (step->kernel == KERNEL_SYMMETRIC) << 2 | of_columns << 3), 0);
    Value pool = f->parallel ? f->frame : LLVMConstNull(m->pointer);
    /* the band goes by positions, and the product by what there is from the first row, column and k on */
    Value shift = p->tied ? cg_sub(f, f->env[p->tied->id], f->env[p->k[0]->id]) : cg_int(m, 0);
    Value args[] = {pool, flags, rows, columns, k, a.at, a.stride, b.at, b.stride, c, step_c, cg_add(f, shift, cg_int(m, p->low)), cg_add(f, shift, cg_int(m, p->high))};
    if (p->tied) cg_call_runtime(f, m->options.f64 ? RUNTIME_rt_band_f64 : RUNTIME_rt_band_f32, args, 13);
    else cg_call_runtime(f, m->options.f64 ? RUNTIME_rt_product_f64 : RUNTIME_rt_product_f32, args, 11);
    unset(f, p->m, p->m_count);
    unset(f, p->n, p->n_count);
    unset(f, p->k, p->k_count);
}

static void each_batch(Fn *f, const Step *step, int depth) {
    const Product *p = &step->product;
    if (depth == p->batch_count) {
        multiply(f, step);
        return;
    }
    Value first, end;
    cg_range(f, step->item->var, p->batch[depth], &first, &end);
    Loop loop = cg_loop_begin(f, first, end, 1);
    f->env[p->batch[depth]->id] = loop.i;
    each_batch(f, step, depth + 1);
    f->env[p->batch[depth]->id] = NULL;
    cg_loop_end(f, &loop);
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

static void clear_outside(Fn *f, const IrVar *v) {
    const Storage *s = &f->m->schedule->storage[v->id];
    if (!f->block || !s->column || !(f->block->band.above || f->block->band.below)) return;
    Nest nest = {.f = f, .v = v, .access = ACCESS_WRITE};
    order_axes(&nest);
    clear_rows(&nest, 0);
}

void cg_product(Fn *f, const Step *step) {
    each_batch(f, step, 0);
    clear_outside(f, step->item->var);
}

void cg_equation(Fn *f, const Step *step) {
    const IrVar *v = step->item->var;
    if (step->kernel == KERNEL_LOOPS) write_all(f, v, v->def, ACCESS_WRITE, f->m->schedule->storage[v->id].mirrored && f->group);
    else if (step->kernel == KERNEL_SPARSE) cg_sparse(f, step);
    else cg_product(f, step);
}
