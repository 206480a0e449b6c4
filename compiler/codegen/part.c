/* Parts of a dynamic program: what the runtime's clock drives. Each is a function for what stands before a scan over steps (initial
 * values of its states included) and one that carries out steps `first` to `end` of it, counted over all cycles; the equations of
 * the cycle are done with its first or behind its last step. A scan of any other kind is carried out where it stands, and so is one
 * that goes back over the steps, or one over tokens in segments: these have such a function too, and call it. */
#include "codegen/cg.h"
#include "core/draw.h"

static bool is_clocked(const Step *step) {
    return step->kind == STEP_SCAN && step->item->axis->kind == AXIS_STEP && !step->item->reversed;
}

/* Steps of the schedule from number `at` on that are, or are not, equations of the cycle; the first that is different. */
static int run_of(const Step *scan, int at, bool of_cycle) {
    while (at < scan->step_count && ir_has_axis(schedule_first(&scan->steps[at]), scan->item->axis) != of_cycle) at++;
    return at;
}

static void steps_if(Fn *f, const Step *scan, int from, int to, Value condition, const char *name) {
    if (from == to) return;
    LLVMBasicBlockRef then = cg_block(f, name), on = cg_block(f, "on");
    LLVMBuildCondBr(f->m->builder, condition, then, on);
    LLVMPositionBuilderAtEnd(f->m->builder, then);
    cg_steps(f, scan->steps + from, to - from);
    LLVMBuildBr(f->m->builder, on);
    LLVMPositionBuilderAtEnd(f->m->builder, on);
}

typedef struct Noises {
    Fn *f;
    VEC(const IrVar *) drawn;
    Value time;
} Noises;

/* The step's numbers of one noise, where the equations of the step read them. */
static void draw(void *data, IrExpr *ref) {
    Noises *n = data;
    Fn *f = n->f;
    CgModule *m = f->m;
    const IrVar *v = ref->var;
    if (v->kind != VAR_NOISE) return;
    for (int i = 0; i < n->drawn.count; i++)
        if (n->drawn.at[i] == v) return;
    vec_push(m->arena, &n->drawn, v);
    Value count = cg_int(m, 1);
    for (int i = 0; i < v->axis_count; i++)
        if (m->schedule->storage[v->id].kept[i]) count = cg_mul(f, count, cg_size(f, v->axes[i]));
    Value arguments[] = {f->frame, cg_int(m, (int64_t)rt_stream(v->name)), n->time, count, cg_base(f, v)};
    cg_call_runtime(f, m->options.f64 ? RUNTIME_rt_noise_f64 : RUNTIME_rt_noise_f32, arguments, 5);
}

static void draw_noise(Fn *f, const IrItem *scan, Value time) {
    Noises n = {.f = f, .time = time};
    for (int i = 0; i < scan->body_count; i++) ir_each_ref(scan->body[i]->var->def, draw, &n);
}

static void count_noise(void *data, IrExpr *ref) {
    if (ref->var->kind == VAR_NOISE) ++*(int *)data;
}

static bool has_noise(const IrItem *scan) {
    int count = 0;
    for (int i = 0; i < scan->body_count; i++) ir_each_ref(scan->body[i]->var->def, count_noise, &count);
    return count;
}

Value cg_all_steps(Fn *f, const IrAxis *axis) {
    const IrAxis *cycle = ir_cycle_of(axis);
    return cycle ? cg_mul(f, cg_size(f, axis), cg_size(f, cycle)) : cg_size(f, axis);
}

/* The number of the step among all, in the order of time. */
static Value in_time(Fn *f, const IrItem *scan, Value step) {
    return scan->reversed ? cg_sub(f, cg_sub(f, cg_all_steps(f, scan->axis), cg_int(f->m, 1)), step) : step;
}

/* Steps first <= step < end of one cycle, which begins with step number `base` of all, in the order of the scan. */
static void some_steps(Fn *f, const Step *scan, Value base, Value first, Value end) {
    CgModule *m = f->m;
    const IrAxis *axis = scan->item->axis;
    Points points = {axis, first, end, base, scan->item->reversed};
    int from = run_of(scan, 0, true), to = run_of(scan, from, false);
    cg_at_point(f, &points, first);
    steps_if(f, scan, 0, from, LLVMBuildICmp(m->builder, LLVMIntEQ, first, cg_int(m, 0), ""), "begin");
    if (has_noise(scan->item)) {
        Loop loop = cg_loop_begin(f, first, end, 1);
        cg_at_point(f, &points, loop.i);
        draw_noise(f, scan->item, in_time(f, scan->item, f->time));
        cg_steps(f, scan->steps + from, to - from);
        cg_loop_end(f, &loop);
    } else {
        cg_points(f, scan->steps + from, to - from, &points);
    }
    cg_at_point(f, &points, cg_sub(f, end, cg_int(m, 1)));
    steps_if(f, scan, to, scan->step_count, LLVMBuildICmp(m->builder, LLVMIntEQ, end, cg_size(f, axis), ""), "end");
}

static LLVMValueRef advance_function(CgModule *m, const Step *scan) {
    LLVMTypeRef arguments[] = {m->pointer, m->i64, m->i64};
    Fn *f = cg_fn_begin(m, arena_printf(m->arena, "advance%d", m->advance_count++), LLVMFunctionType(m->nothing, arguments, 3, 0));
    const IrAxis *cycle = ir_cycle_of(scan->item->axis);
    Value first = LLVMGetParam(f->function, 1), end = LLVMGetParam(f->function, 2), steps = cg_size(f, scan->item->axis), one = cg_int(m, 1);
    f->group = scan->item;
    Value from = LLVMBuildSDiv(m->builder, first, steps, ""), to = LLVMBuildSDiv(m->builder, cg_sub(f, cg_add(f, end, steps), one), steps, "");
    Loop loop = cg_loop_begin(f, from, to, 1);
    if (cycle) f->env[cycle->id] = scan->item->reversed ? cg_sub(f, cg_sub(f, cg_size(f, cycle), one), loop.i) : loop.i;
    Value base = cg_mul(f, loop.i, steps);
    some_steps(f, scan, base, cg_max(f, cg_sub(f, first, base), cg_int(m, 0)), cg_min(f, cg_sub(f, end, base), steps));
    cg_loop_end(f, &loop);
    cg_fn_end(f);
    return f->function;
}

static Fn *begin_part(CgModule *m) {
    return cg_fn_begin(m, arena_printf(m->arena, "part%d", m->parts.count), LLVMFunctionType(m->nothing, &m->pointer, 1, 0));
}

static void start(Fn *f, const Step *scan) {
    const IrAxis *axis = scan->item->axis;
    f->group = scan->item;
    f->time = f->env[axis->id] = cg_int(f->m, 0);
    if (ir_cycle_of(axis)) f->env[axis->base->id] = f->time;
    cg_start_states(f, scan->item);
    f->env[axis->id] = NULL;
    if (ir_cycle_of(axis)) f->env[axis->base->id] = NULL;
    f->group = NULL;
}

static void end_part(Fn *f, const Step *scan) {
    CgModule *m = f->m;
    Part part = {.call = f->function};
    if (scan) start(f, scan);
    cg_fn_end(f);
    if (scan) part.scan = scan->item, part.advance = cg_forth(m, scan, advance_function(m, scan));
    vec_push(m->arena, &m->parts, part);
}

void cg_pieces(Fn *f, const Step *scan) {
    CgModule *m = f->m;
    LLVMBasicBlockRef here = LLVMGetInsertBlock(m->builder);
    bool back = scan->segments && scan->item->reversed;
    LLVMValueRef advance = advance_function(m, scan);
    if (!back) advance = cg_forth(m, scan, advance);
    LLVMPositionBuilderAtEnd(m->builder, here);
    start(f, scan);
    if (back) {
        cg_back_again(f, scan, advance);
        return;
    }
    Value arguments[] = {f->frame, cg_int(m, 0), cg_all_steps(f, scan->item->axis)};
    LLVMBuildCall2(m->builder, LLVMGlobalGetValueType(advance), advance, arguments, 3, "");
}

void cg_parts(CgModule *m) {
    const Schedule *s = m->schedule;
    bool any = false;
    for (int i = 0; i < s->step_count; i++) any |= is_clocked(&s->steps[i]);
    if (!any) return;
    Fn *f = begin_part(m);
    for (int i = 0; i < s->step_count; i++) {
        if (s->steps[i].plan) continue;
        if (!is_clocked(&s->steps[i])) {
            cg_steps(f, &s->steps[i], 1);
            continue;
        }
        end_part(f, &s->steps[i]);
        f = begin_part(m);
    }
    end_part(f, NULL);
}
