/* Matrix products by the runtime: operands, ranges, flags. In a block, those of some rows, of the columns that they touch. */
#include "codegen/cg.h"

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

/* Does the summed axis run over a square tensor's columns? Then only those that the block touches count. */
static bool is_column(const Fn *f, const Product *p, const IrAxis *axis) {
    const IrExpr *refs[] = {p->a, p->b};
    for (int i = 0; i < 2 && f->block; i++) {
        int place = place_of(refs[i], axis);
        const Storage *s = &f->m->schedule->storage[refs[i]->var->id];
        if (place >= 0 && s->column && refs[i]->var->axes[place] == s->column) return true;
    }
    return false;
}

static void summed_range(Fn *f, const Step *step, const IrAxis *axis, Value *first, Value *end) {
    bool column = is_column(f, &step->product, axis), row = step->adds && axis == step->axis;
    *first = column ? f->column_first : row ? f->tile_first : cg_int(f->m, 0);
    *end = column ? f->column_end : row ? f->tile_end : cg_size(f, axis);
}

static void multiply(Fn *f, const Step *step) {
    CgModule *m = f->m;
    const Product *p = &step->product;
    const IrVar *v = step->item->var;
    Value k = cg_int(m, 1), rows = extent_of(f, v, p->m, p->m_count), columns = extent_of(f, v, p->n, p->n_count);
    set_first(f, v, p->m, p->m_count);
    set_first(f, v, p->n, p->n_count);
    for (int i = 0; i < p->k_count; i++) {
        Value first, end;
        summed_range(f, step, p->k[i], &first, &end);
        f->env[p->k[i]->id] = first;
        k = cg_mul(f, k, cg_sub(f, end, first));
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
    Value flags = LLVMConstInt(m->i32, (unsigned)(a.transposed | b.transposed << 1 | (step->kernel == KERNEL_SYMMETRIC) << 2 | of_columns << 3 | step->adds << 4), 0);
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

void cg_product(Fn *f, const Step *step) {
    each_batch(f, step, 0);
    cg_clear_outside(f, step->item->var);
}
