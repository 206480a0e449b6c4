/* Nests: steps of a scan that are done point by point together, by one thread or as tasks; the scan itself may be the inner loop. */
#include "codegen/cg.h"

static void parts(Fn *f, const Step *nest, const Points *points) {
    if (points) cg_points(f, nest->steps, nest->step_count, points);
    else cg_steps(f, nest->steps, nest->step_count);
}

/* From `first` on, whole groups of vectors; what is left begins where it says. */
static Value vector_loop(Fn *f, const Step *nest, const IrAxis *axis, int vectors, Value first, Value end, const Points *points) {
    CgModule *m = f->m;
    int64_t width = (int64_t)vectors * m->lanes;
    Value count = cg_sub(f, end, first), rest = LLVMBuildURem(m->builder, count, cg_int(m, width), "");
    Value middle = cg_add(f, first, cg_sub(f, count, rest));
    Loop loop = cg_loop_begin(f, first, middle, width);
    f->lane = axis;
    Loop through = {0};
    if (points) through = cg_loop_begin(f, points->first, points->end, 1);
    if (points) cg_at_point(f, points, through.i);
    for (int i = 0; i < vectors; i++) {
        f->env[axis->id] = cg_add(f, loop.i, cg_int(m, (int64_t)i * m->lanes));
        cg_steps(f, nest->steps, nest->step_count);
    }
    if (points) cg_loop_end(f, &through);
    f->lane = NULL;
    cg_loop_end(f, &loop);
    return middle;
}

static void axes_from(Fn *f, const Step *nest, int depth, Value first, Value end, const Points *points);

static void inner(Fn *f, const Step *nest, int depth, const Points *points) {
    if (depth == nest->batch_count) parts(f, nest, points);
    else axes_from(f, nest, depth, cg_int(f->m, 0), cg_size(f, nest->batch[depth]), points);
}

/* One axis, point by point. */
static void scalar_loop(Fn *f, const Step *nest, int depth, Value first, Value end, const Points *points) {
    Loop loop = cg_loop_begin(f, first, end, 1);
    f->env[nest->batch[depth]->id] = loop.i;
    inner(f, nest, depth + 1, points);
    f->env[nest->batch[depth]->id] = NULL;
    cg_loop_end(f, &loop);
}

/* From position `first` to `end` of the axis number `depth`, and all of the axes inside of it. */
static void axes_from(Fn *f, const Step *nest, int depth, Value first, Value end, const Points *points) {
    CgModule *m = f->m;
    IrAxis *axis = nest->batch[depth];
    int64_t most = axis->root->kind == AXIS_BOUNDED ? INT64_MAX : axis->root->size;
    int vectors = depth == nest->batch_count - 1 ? nest->vectors : 0;
    if (vectors > most / m->lanes) vectors = (int)(most / m->lanes);
    for (; vectors; vectors = vectors > 1 ? 1 : 0) first = vector_loop(f, nest, axis, vectors, first, end, points);
    scalar_loop(f, nest, depth, first, end, points);
}

/* ---- tasks ----------------------------------------------------------------------------------------------------------------- */
/* What a task has to know of the loops around it rides behind the frame that rt_parallel hands to it. */
enum { TIME, POSITION, CYCLE, FIRST, END, BASE, CARRIED };

static LLVMTypeRef carrier(CgModule *m) {
    return LLVMStructTypeInContext(m->context, (LLVMTypeRef[]){m->frame, LLVMArrayType2(m->i64, CARRIED)}, 2, 0);
}

static Value place(Fn *f, LLVMBuilderRef builder, Value carried, int number) {
    CgModule *m = f->m;
    Value at[] = {LLVMConstInt(m->i32, 0, 0), LLVMConstInt(m->i32, 1, 0), LLVMConstInt(m->i32, (unsigned)number, 0)};
    return LLVMBuildGEP2(builder, carrier(m), carried, at, 3, "");
}

static Value carried_frame(Fn *f, const Points *points) {
    CgModule *m = f->m;
    const IrAxis *axis = f->group->axis, *cycle = ir_cycle_of(axis);
    Value value[CARRIED] = {f->time, f->env[axis->id], cycle ? f->env[cycle->id] : NULL};
    if (points) value[FIRST] = points->first, value[END] = points->end, value[BASE] = points->base;
    Value made = cg_alloca(f, carrier(m));
    LLVMBuildStore(m->builder, LLVMBuildLoad2(m->builder, m->frame, f->frame, ""), made);
    for (int i = 0; i < CARRIED; i++)
        if (value[i]) LLVMBuildStore(m->builder, value[i], place(f, m->builder, made, i));
    return made;
}

static Value carried(Fn *f, int number) {
    return LLVMBuildLoad2(f->at_entry, f->m->i64, place(f, f->at_entry, f->frame, number), "");
}

static LLVMValueRef task_function(Fn *outer, const Step *nest, const Points *points) {
    CgModule *m = outer->m;
    LLVMBasicBlockRef back = LLVMGetInsertBlock(m->builder);
    LLVMTypeRef arguments[] = {m->pointer, m->i64, m->i64, m->i64};
    Fn *f = cg_fn_begin(m, arena_printf(m->arena, "nest%d", m->task_count++), LLVMFunctionType(m->nothing, arguments, 4, 0));
    const IrAxis *axis = outer->group->axis, *cycle = ir_cycle_of(axis);
    f->group = outer->group;
    f->parallel = false;
    if (outer->env[axis->id]) f->env[axis->id] = carried(f, POSITION);
    if (outer->time) f->time = carried(f, TIME);
    if (cycle) f->env[cycle->id] = carried(f, CYCLE);
    Points inside = {axis, NULL, NULL, NULL, points && points->reversed};
    if (points) inside.first = carried(f, FIRST), inside.end = carried(f, END), inside.base = carried(f, BASE);
    Value block = cg_int(m, nest->block), first = cg_mul(f, LLVMGetParam(f->function, 1), block);
    Value end = cg_min(f, cg_size(f, nest->batch[0]), cg_mul(f, LLVMGetParam(f->function, 2), block));
    axes_from(f, nest, 0, first, end, points ? &inside : NULL);
    cg_fn_end(f);
    LLVMPositionBuilderAtEnd(m->builder, back);
    return f->function;
}

void cg_nest(Fn *f, const Step *nest, const Points *points) {
    CgModule *m = f->m;
    if (!nest->block) {
        inner(f, nest, 0, points);
        return;
    }
    Value block = cg_int(m, nest->block), size = cg_size(f, nest->batch[0]);
    Value tasks = LLVMBuildSDiv(m->builder, cg_add(f, size, cg_int(m, nest->block - 1)), block, "");
    LLVMValueRef function = task_function(f, nest, points);
    cg_call_runtime(f, RUNTIME_rt_parallel, (Value[]){carried_frame(f, points), function, tasks}, 3);
}
