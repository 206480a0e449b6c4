/* Steps: scans and fixpoints as loops. */
#include "codegen/cg.h"

/* ---- scans -------------------------------------------------------------------------------------------------------------------------- */
/* Before the first point, all places of a state hold its initial value: prev() may look back by any lag. */
void cg_start_states(Fn *f, const IrItem *group) {
    for (int i = 0; i < group->body_count; i++) {
        const IrVar *v = group->body[i]->var;
        int slots = f->m->schedule->storage[v->id].slots;
        if (!v->init) continue;
        Loop loop = cg_loop_begin(f, cg_int(f->m, 0), cg_int(f->m, slots), 1); /* a delay may need hundreds */
        f->first_slot = &loop.i;
        cg_fill_init(f, v, ACCESS_PREV);
        f->first_slot = NULL;
        cg_loop_end(f, &loop);
    }
}

void cg_at_point(Fn *f, const Points *points, Value i) {
    Value last = points->reversed ? cg_sub(f, cg_size(f, points->axis), cg_int(f->m, 1)) : NULL;
    f->env[points->axis->id] = last ? cg_sub(f, last, i) : i;
    f->time = cg_add(f, points->base, i);
}

void cg_points(Fn *f, const Step *steps, int count, const Points *points) {
    if (count == 1 && steps->kind == STEP_NEST && steps->inside) {
        cg_nest(f, steps, points);
        return;
    }
    Loop loop = cg_loop_begin(f, points->first, points->end, 1);
    cg_at_point(f, points, loop.i);
    cg_steps(f, steps, count);
    cg_loop_end(f, &loop);
}

static void scan(Fn *f, const Step *step) {
    CgModule *m = f->m;
    const IrItem *item = step->item;
    f->group = item;
    f->time = cg_int(m, 0);
    f->env[item->axis->id] = cg_int(m, 0);
    cg_start_states(f, item);
    Points all = {item->axis, cg_int(m, 0), cg_size(f, item->axis), cg_int(m, 0), item->reversed};
    cg_points(f, step->steps, step->step_count, &all);
    f->env[item->axis->id] = NULL;
    f->group = NULL;
}

/* ---- fixpoints ------------------------------------------------------------------------------------------------------------------------ */
/* One state: old = new, and the largest change so far goes to `change`. */
static void settle_state(Fn *f, const IrVar *v, int depth, Value change) {
    CgModule *m = f->m;
    if (depth == v->axis_count) {
        Value next_at = cg_address(f, v, NULL, ACCESS_READ), old_at = cg_address(f, v, NULL, ACCESS_PREV);
        Value next = LLVMBuildLoad2(m->builder, m->real, next_at, ""), old = LLVMBuildLoad2(m->builder, m->real, old_at, "");
        Value difference = cg_intrinsic(f, "llvm.fabs", (Value[]){LLVMBuildFSub(m->builder, next, old, "")}, 1);
        Value most = LLVMBuildLoad2(m->builder, m->real, change, "");
        Value more = LLVMBuildFCmp(m->builder, LLVMRealUGT, difference, most, ""); /* NaN counts as a change */
        LLVMBuildStore(m->builder, LLVMBuildSelect(m->builder, more, difference, most, ""), change);
        LLVMBuildStore(m->builder, next, old_at);
        return;
    }
    Loop loop = cg_loop_begin(f, cg_int(m, 0), cg_size(f, v->axes[depth]), 1);
    f->env[v->axes[depth]->id] = loop.i;
    settle_state(f, v, depth + 1, change);
    f->env[v->axes[depth]->id] = NULL;
    cg_loop_end(f, &loop);
}

static void fix(Fn *f, const Step *step) {
    CgModule *m = f->m;
    const IrItem *item = step->item;
    f->group = item;
    cg_start_states(f, item);
    Value change = cg_alloca(f, m->real);
    LLVMBuildStore(m->builder, cg_real(m, __builtin_inf()), change);
    LLVMBasicBlockRef go_on = cg_block(f, "iterate"), stop = cg_block(f, "settled");
    Loop loop = cg_loop_begin(f, cg_int(m, 0), cg_int(m, item->count), 1);
    Value moved = LLVMBuildFCmp(m->builder, LLVMRealUGT, LLVMBuildLoad2(m->builder, m->real, change, ""), cg_real(m, item->tolerance), "");
    LLVMBuildCondBr(m->builder, moved, go_on, stop);
    LLVMPositionBuilderAtEnd(m->builder, go_on);
    cg_steps(f, step->steps, step->step_count);
    LLVMBuildStore(m->builder, cg_real(m, 0), change);
    for (int i = 0; i < item->body_count; i++)
        if (item->body[i]->var->init) settle_state(f, item->body[i]->var, 0, change);
    cg_loop_end(f, &loop);
    LLVMBuildBr(m->builder, stop);
    LLVMPositionBuilderAtEnd(m->builder, stop);
    f->group = NULL;
}

void cg_steps(Fn *f, const Step *steps, int count) {
    for (int i = 0; i < count; i++) {
        switch (steps[i].kind) {
        case STEP_EQUATION: cg_equation(f, &steps[i]); break;
        case STEP_BLOCK: cg_block_step(f, &steps[i]); break;
        case STEP_NEST: cg_nest(f, &steps[i], NULL); break;
        case STEP_SCAN: steps[i].segments || steps[i].item->axis->kind == AXIS_STEP ? cg_pieces(f, &steps[i]) : scan(f, &steps[i]); break;
        case STEP_FIX: fix(f, &steps[i]); break;
        }
    }
}
