/* Scans, over steps of time or tokens, that are carried out again in segments (opt/schedule_again.c). Going forth, the last points of all states
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

static void copy_states(Fn *f, const IrItem *scan, Value number, Value steps, bool back) {
    CgModule *m = f->m;
    Value cycles = LLVMBuildSDiv(m->builder, steps, cg_size(f, scan->axis), "");
    for (int i = 0; i < scan->body_count; i++) {
        const IrVar *v = scan->body[i]->var;
        if (m->again_of[v->id] >= 0) copy_state(f, v, number, ir_has_axis(v, scan->axis) ? steps : cycles, back);
    }
}

static void keep_if(Fn *f, const IrItem *scan, Value condition, Value number, Value steps) {
    LLVMBasicBlockRef then = cg_block(f, "keep"), on = cg_block(f, "on");
    LLVMBuildCondBr(f->m->builder, condition, then, on);
    LLVMPositionBuilderAtEnd(f->m->builder, then);
    copy_states(f, scan, number, steps, false);
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
    vec_push(m->arena, &m->again, ((Again){scan->item, advance}));
    LLVMTypeRef arguments[] = {m->pointer, m->i64, m->i64};
    Fn *f = cg_fn_begin(m, arena_printf(m->arena, "segments%d", m->again.count), LLVMFunctionType(m->nothing, arguments, 3, 0));
    Value first = LLVMGetParam(f->function, 1), end = LLVMGetParam(f->function, 2), length = cg_int(m, g->length);
    Loop loop = cg_loop_begin(f, LLVMBuildSDiv(m->builder, first, length, ""), segments_in(f, g, end), 1);
    Value begin = cg_mul(f, loop.i, length), from = cg_max(f, first, begin);
    keep_if(f, scan->item, LLVMBuildICmp(m->builder, LLVMIntEQ, from, begin, ""), loop.i, begin);
    call_steps(f, advance, from, cg_min(f, end, cg_add(f, begin, length)));
    cg_loop_end(f, &loop);
    Value all = cg_all_steps(f, g->axis);
    keep_if(f, scan->item, LLVMBuildICmp(m->builder, LLVMIntEQ, end, all, ""), cg_int(m, g->most), all);
    cg_fn_end(f);
    return f->function;
}

static LLVMValueRef again(const CgModule *m, const IrItem *scan) {
    for (int i = 0; i < m->again.count; i++)
        if (m->again.at[i].scan == scan) return m->again.at[i].advance;
    return NULL;
}

/* States of all scans that `back` needs again, and, unless they are put back alone, the steps of the segment. */
static void again_all(Fn *f, const Step *back, Value number, Value begin, Value end) {
    CgModule *m = f->m;
    for (int i = 0; i < back->segments->scan_count; i++) {
        const IrItem *scan = back->segments->scans[i];
        if (!schedule_reads_again(m->schedule, back->item, scan)) continue;
        copy_states(f, scan, number, begin, true);
        if (end) call_steps(f, again(m, scan), begin, end);
    }
}

void cg_back_again(Fn *f, const Step *back, LLVMValueRef advance) {
    CgModule *m = f->m;
    const Segments *g = back->segments;
    Value all = cg_all_steps(f, g->axis), length = cg_int(m, g->length), count = segments_in(f, g, all);
    Loop loop = cg_loop_begin(f, cg_int(m, 0), count, 1);
    Value number = cg_sub(f, cg_sub(f, count, cg_int(m, 1)), loop.i), begin = cg_mul(f, number, length);
    Value end = cg_min(f, all, cg_add(f, begin, length));
    again_all(f, back, number, begin, end);
    call_steps(f, advance, cg_sub(f, all, end), cg_sub(f, all, begin));
    cg_loop_end(f, &loop);
    again_all(f, back, cg_int(m, g->most), all, NULL);
}
