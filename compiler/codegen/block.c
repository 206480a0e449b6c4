/* Blocks of rows: tasks for the pool. A task is one run of rows (a tile); where steps add to sums over all rows, it is several of them,
 * one after the other, and there is a sum for each task of a point of the batch. */
#include "codegen/cg.h"

/* Columns that some row of the tile needs. */
static void column_range(Fn *f, const Step *block) {
    const IrAxis *column = block->steps[0].column; /* of a square tensor: all follow from one */
    f->column_first = cg_band_first(f, &block->band, column, f->tile_first);
    f->column_end = cg_band_end(f, &block->band, column, cg_sub(f, f->tile_end, cg_int(f->m, 1)));
    f->column_end = cg_max(f, f->column_end, f->column_first);
}

static void set_batch(Fn *f, const Step *block, Value *point) {
    for (int i = 0; i < block->step_count; i++)
        for (int j = 0; j < block->batch_count; j++) f->env[block->steps[i].batch[j]->id] = point[j];
}

/* Number of a point of the batch -> the point, the last axis the fastest. */
static void at_batch(Fn *f, const Step *block, Value number) {
    CgModule *m = f->m;
    Value point[32];
    for (int i = block->batch_count - 1; i >= 0; i--) {
        Value extent = cg_size(f, block->batch[i]);
        point[i] = LLVMBuildURem(m->builder, number, extent, "");
        number = LLVMBuildUDiv(m->builder, number, extent, "");
    }
    set_batch(f, block, point);
}

static Value tile_count(Fn *f, const Step *block) {
    return LLVMBuildUDiv(f->m->builder, cg_add(f, cg_size(f, block->axis), cg_int(f->m, block->block - 1)), cg_int(f->m, block->block), "");
}

static Value tasks_of_point(Fn *f, const Step *block) {
    return block->parts ? cg_int(f->m, block->parts) : tile_count(f, block);
}

static void one_tile(Fn *f, const Step *block, Value tile) {
    Value rows = cg_int(f->m, block->block);
    f->tile_first = cg_mul(f, tile, rows);
    f->tile_end = cg_min(f, cg_size(f, block->axis), cg_add(f, f->tile_first, rows));
    column_range(f, block);
    for (int i = 0; i < block->step_count; i++) cg_equation(f, &block->steps[i]);
}

/* One task: a tile, or every parts-th one. */
static void task_body(Fn *f, const Step *block, Value task) {
    CgModule *m = f->m;
    Value count = tasks_of_point(f, block), number = LLVMBuildURem(m->builder, task, count, "");
    at_batch(f, block, LLVMBuildUDiv(m->builder, task, count, ""));
    f->block = block;
    if (block->parts) {
        f->part = number;
        for (int i = 0; i < block->step_count; i++)
            if (block->steps[i].adds) cg_clear(f, block->steps[i].item->var);
        Loop loop = cg_loop_begin(f, number, tile_count(f, block), block->parts);
        one_tile(f, block, loop.i);
        cg_loop_end(f, &loop);
    } else {
        one_tile(f, block, number);
    }
    f->block = NULL;
}

static LLVMValueRef task_function(CgModule *m, const Step *block) {
    LLVMBasicBlockRef back = LLVMGetInsertBlock(m->builder);
    LLVMTypeRef arguments[] = {m->pointer, m->i64, m->i64, m->i64};
    Fn *f = cg_fn_begin(m, arena_printf(m->arena, "block%d", m->task_count++), LLVMFunctionType(m->nothing, arguments, 4, 0));
    f->parallel = false;
    Value thread = LLVMGetParam(f->function, 3);
    Value base_at = LLVMBuildStructGEP2(f->at_entry, m->frame, f->frame, 2, ""), base = LLVMBuildLoad2(f->at_entry, m->pointer, base_at, "");
    Value stride_at = LLVMBuildStructGEP2(f->at_entry, m->frame, f->frame, 3, ""), stride = LLVMBuildLoad2(f->at_entry, m->i64, stride_at, "");
    Value offset = LLVMBuildMul(f->at_entry, thread, stride, "");
    f->scratch = LLVMBuildGEP2(f->at_entry, LLVMInt8TypeInContext(m->context), base, &offset, 1, "");
    Loop loop = cg_loop_begin(f, LLVMGetParam(f->function, 1), LLVMGetParam(f->function, 2), 1);
    task_body(f, block, loop.i);
    cg_loop_end(f, &loop);
    cg_fn_end(f);
    LLVMPositionBuilderAtEnd(m->builder, back);
    return f->function;
}

/* Elements from `first` on up to `end`, `width` of them at a time. */
static void add_elements(Fn *f, const IrVar *v, int parts, Value first, Value end, int width) {
    CgModule *m = f->m;
    LLVMTypeRef type = width > 1 ? cg_vector(m, m->real, width) : m->real;
    Value from = cg_buffer(f, m->second_of[v->id]), count = cg_elements(f, v), sum = NULL;
    Loop loop = cg_loop_begin(f, first, end, width);
    for (int i = 0; i < parts; i++) {
        Value part = LLVMBuildLoad2(m->builder, type, cg_element(f, from, cg_add(f, cg_mul(f, cg_int(m, i), count), loop.i)), "");
        LLVMSetAlignment(part, (unsigned)m->real_bytes);
        cg_of(f, v, part);
        sum = sum ? LLVMBuildFAdd(m->builder, sum, part, "") : part;
    }
    Value stored = LLVMBuildStore(m->builder, sum, cg_element(f, cg_base(f, v), loop.i));
    LLVMSetAlignment(stored, (unsigned)m->real_bytes);
    cg_of(f, v, stored);
    cg_loop_end(f, &loop);
}

/* The sums of all tasks, in their order. */
static void add_parts(Fn *f, const IrVar *v, int parts) {
    CgModule *m = f->m;
    Value count = cg_elements(f, v), middle = LLVMBuildAnd(m->builder, count, cg_int(m, -(int64_t)m->lanes), "");
    add_elements(f, v, parts, cg_int(m, 0), middle, m->lanes);
    add_elements(f, v, parts, middle, count, 1);
}

void cg_block_step(Fn *f, const Step *block) {
    LLVMValueRef function = task_function(f->m, block);
    Value tasks = tasks_of_point(f, block);
    for (int i = 0; i < block->batch_count; i++) tasks = cg_mul(f, tasks, cg_size(f, block->batch[i]));
    cg_call_runtime(f, RUNTIME_rt_parallel, (Value[]){f->frame, function, tasks}, 3);
    for (int i = 0; block->parts > 1 && i < block->step_count; i++)
        if (block->steps[i].adds) add_parts(f, block->steps[i].item->var, block->parts);
}
