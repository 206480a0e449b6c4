/* Scans over steps of time that are carried out again in segments (opt/schedule_again.c). Going forth, the last points of all states
 * are copied at the beginning of each segment, and behind the last step; going back they are copied to where they were, the steps of the
 * segment are done again, and then those of the scan that goes back. At the end the states are as the scan left them. */
#include "codegen/cg.h"

/* The last points of a state that has done so many, to or from the places number `number` of its copies. */
static void copy_state(Fn *f, const IrVar *v, Value number, Value done, bool back) {
    CgModule *m = f->m;
    const Storage *s = &m->schedule->storage[v->id];
    Value elements = cg_elements(f, v), bytes = cg_mul(f, elements, cg_int(m, m->real_bytes));
    Loop loop = cg_loop_begin(f, cg_int(m, 0), cg_int(m, s->again), 1);
    Value point = cg_add(f, cg_add(f, done, loop.i), cg_int(m, s->slots - s->again)); /* slots more, so that none is negative */
    Value place = cg_add(f, cg_mul(f, number, cg_int(m, s->again)), loop.i);
    Value here = cg_slot(f, v, point), kept = cg_element(f, cg_buffer(f, m->again_of[v->id]), cg_mul(f, place, elements));
    unsigned align = (unsigned)m->real_bytes;
    LLVMBuildMemCpy(m->builder, back ? here : kept, align, back ? kept : here, align, bytes);
    cg_loop_end(f, &loop);
}

static void copy_states(Fn *f, const Segments *g, Value number, Value steps, bool back) {
    CgModule *m = f->m;
    Value cycles = LLVMBuildSDiv(m->builder, steps, cg_size(f, g->scan->axis), "");
    for (int i = 0; i < g->scan->body_count; i++) {
        const IrVar *v = g->scan->body[i]->var;
        if (m->again_of[v->id] >= 0) copy_state(f, v, number, ir_has_axis(v, g->scan->axis) ? steps : cycles, back);
    }
}

static void keep_if(Fn *f, const Segments *g, Value condition, Value number, Value steps) {
    LLVMBasicBlockRef then = cg_block(f, "keep"), on = cg_block(f, "on");
    LLVMBuildCondBr(f->m->builder, condition, then, on);
    LLVMPositionBuilderAtEnd(f->m->builder, then);
    copy_states(f, g, number, steps, false);
    LLVMBuildBr(f->m->builder, on);
    LLVMPositionBuilderAtEnd(f->m->builder, on);
}

static void call_steps(Fn *f, LLVMValueRef function, Value first, Value end) {
    LLVMBuildCall2(f->m->builder, LLVMGlobalGetValueType(function), function, (Value[]){f->frame, first, end}, 3, "");
}

/* So many segments hold these steps. */
static Value segments_in(Fn *f, const Segments *g, Value steps) {
    return LLVMBuildSDiv(f->m->builder, cg_add(f, steps, cg_int(f->m, g->length - 1)), cg_int(f->m, g->length), "");
}

LLVMValueRef cg_forth(CgModule *m, const Step *scan, LLVMValueRef advance) {
    const Segments *g = scan->segments;
    if (!g) return advance;
    vec_push(m->arena, &m->again, ((Again){g->scan, advance}));
    LLVMTypeRef arguments[] = {m->pointer, m->i64, m->i64};
    Fn *f = cg_fn_begin(m, arena_printf(m->arena, "segments%d", m->again.count), LLVMFunctionType(m->nothing, arguments, 3, 0));
    Value first = LLVMGetParam(f->function, 1), end = LLVMGetParam(f->function, 2), length = cg_int(m, g->length);
    Loop loop = cg_loop_begin(f, LLVMBuildSDiv(m->builder, first, length, ""), segments_in(f, g, end), 1);
    Value begin = cg_mul(f, loop.i, length), from = cg_max(f, first, begin);
    keep_if(f, g, LLVMBuildICmp(m->builder, LLVMIntEQ, from, begin, ""), loop.i, begin);
    call_steps(f, advance, from, cg_min(f, end, cg_add(f, begin, length)));
    cg_loop_end(f, &loop);
    Value all = cg_all_steps(f, g->scan->axis);
    keep_if(f, g, LLVMBuildICmp(m->builder, LLVMIntEQ, end, all, ""), cg_int(m, g->most), all);
    cg_fn_end(f);
    return f->function;
}

static LLVMValueRef again(const CgModule *m, const IrItem *scan) {
    for (int i = 0; i < m->again.count; i++)
        if (m->again.at[i].scan == scan) return m->again.at[i].advance;
    return NULL;
}

void cg_back_again(Fn *f, const Segments *g, LLVMValueRef back) {
    CgModule *m = f->m;
    Value all = cg_all_steps(f, g->scan->axis), length = cg_int(m, g->length), count = segments_in(f, g, all);
    Loop loop = cg_loop_begin(f, cg_int(m, 0), count, 1);
    Value number = cg_sub(f, cg_sub(f, count, cg_int(m, 1)), loop.i), begin = cg_mul(f, number, length);
    Value end = cg_min(f, all, cg_add(f, begin, length));
    copy_states(f, g, number, begin, true);
    call_steps(f, again(m, g->scan), begin, end);
    call_steps(f, back, cg_sub(f, all, end), cg_sub(f, all, begin));
    cg_loop_end(f, &loop);
    copy_states(f, g, cg_int(m, g->most), all, true);
}
