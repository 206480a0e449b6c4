/* Expressions: scalar, or over the lanes of a vector along f->lane. What does not differ by lane stays scalar. */
#include "codegen/cg.h"

/* ---- leaves ---------------------------------------------------------------------------------------------------------------------- */
static Value load(Fn *f, const IrExpr *e) {
    CgModule *m = f->m;
    bool differs = f->lane && ir_uses_axis(e, f->lane);
    LLVMTypeRef type = differs ? cg_vector(m, m->real, m->lanes) : m->real;
    Value at = cg_reference(f, e);
    Value value = LLVMBuildLoad2(m->builder, type, at, "");
    LLVMSetAlignment(value, (unsigned)m->real_bytes);
    return cg_of(f, e->var, value);
}

static Value position_value(Fn *f, const IrAxis *axis) {
    CgModule *m = f->m;
    Value value = LLVMBuildSIToFP(m->builder, f->env[axis->id], m->real, "");
    if (axis != f->lane) return value;
    Value lane[64];
    for (int i = 0; i < m->lanes; i++) lane[i] = cg_real(m, i);
    return LLVMBuildFAdd(m->builder, cg_widen(f, value, m->lanes), LLVMConstVector(lane, (unsigned)m->lanes), "");
}

/* ---- reductions --------------------------------------------------------------------------------------------------------------------- */
enum { MOST_SUMS = 8 };

typedef struct Reduction {
    Fn *f;
    const IrExpr *e;
    Value sum;       /* address of the accumulator */
    Value lanes[MOST_SUMS]; /* of accumulators in vectors, `sums` of them */
    int sums;        /* 0: no bound axis runs over lanes; else it is the last in order */
    int *order;      /* of the bound axes, outermost first */
    bool *bound_yet; /* which of the bound axes have a position */
} Reduction;

static bool is_unbound(const Reduction *r, const IrAxis *axis) {
    for (int i = 0; i < r->e->bound_count; i++)
        if (r->e->bound[i] == axis) return !r->bound_yet[i];
    return false;
}

/* Range of bound axis number i, narrowed by every atom whose other side has a position by now. */
static void guarded_range(const Reduction *r, int i, Value *first, Value *end) {
    Fn *f = r->f;
    const IrAxis *axis = r->e->bound[i];
    bool rows = f->adding && f->adding->axis == axis; /* those of the block */
    *first = rows ? f->tile_first : cg_int(f->m, 0);
    *end = rows ? f->tile_end : cg_size(f, axis);
    for (int k = 0; k < r->e->guard.count; k++) {
        const IrAtom *atom = &r->e->guard.atom[k];
        const IrAxis *other = atom->a == axis ? atom->b : atom->a;
        if ((atom->a != axis && atom->b != axis) || (other && is_unbound(r, other) && other != axis)) continue;
        Value at = other ? f->env[other->id] : cg_int(f->m, 0), bound = cg_int(f->m, atom->bound);
        bool equal = atom->relation == GUARD_EQ, upper = atom->a == axis;
        if (upper || equal) {
            Value most = upper ? cg_add(f, at, bound) : cg_sub(f, at, bound);
            *end = cg_min(f, *end, cg_add(f, most, cg_int(f->m, 1)));
        }
        if (!upper || equal) *first = cg_max(f, *first, upper ? cg_add(f, at, bound) : cg_sub(f, at, bound));
    }
}

/* Atoms that mention no bound axis decide whether there is anything to sum at all: they shrink the outermost range to nothing. */
static void outer_atoms(const Reduction *r, Value *end) {
    Fn *f = r->f;
    LLVMBuilderRef b = f->m->builder;
    for (int k = 0; k < r->e->guard.count; k++) {
        const IrAtom *atom = &r->e->guard.atom[k];
        bool inner = false;
        for (int i = 0; i < r->e->bound_count; i++) inner |= atom->a == r->e->bound[i] || atom->b == r->e->bound[i];
        if (inner) continue;
        Value zero = cg_int(f->m, 0), a = atom->a ? f->env[atom->a->id] : zero, c = atom->b ? f->env[atom->b->id] : zero;
        LLVMIntPredicate predicate = atom->relation == GUARD_EQ ? LLVMIntEQ : LLVMIntSLE;
        Value holds = LLVMBuildICmp(b, predicate, cg_sub(f, a, c), cg_int(f->m, atom->bound), "");
        *end = LLVMBuildSelect(b, holds, *end, zero, "");
    }
}

static Value combine(Fn *f, IrOp op, Value a, Value b) {
    LLVMBuilderRef builder = f->m->builder;
    if (op == IR_SUM) return LLVMBuildFAdd(builder, a, b, "");
    Value first = LLVMBuildFCmp(builder, LLVMRealUGT, a, b, ""); /* a NaN wins */
    return LLVMBuildSelect(builder, first, a, b, "");
}

/* acc = combine(acc, body); a product is fused into the sum */
static void accumulate(Reduction *r) {
    Fn *f = r->f;
    LLVMBuilderRef b = f->m->builder;
    const IrExpr *body = r->e->arg[0];
    LLVMTypeRef type = LLVMGetAllocatedType(r->sum);
    bool vector = LLVMGetTypeKind(type) == LLVMVectorTypeKind;
    Value sum = LLVMBuildLoad2(b, type, r->sum, "");
    if (r->e->op == IR_SUM && body->op == IR_MUL) {
        Value x = cg_expr(f, body->arg[0]), y = cg_expr(f, body->arg[1]);
        if (vector) x = cg_widen(f, x, f->m->lanes), y = cg_widen(f, y, f->m->lanes);
        sum = cg_intrinsic(f, "llvm.fma", (Value[]){x, y, sum}, 3);
    } else {
        Value x = cg_expr(f, body);
        if (vector) x = cg_widen(f, x, f->m->lanes);
        sum = combine(f, r->e->op, sum, x);
    }
    LLVMBuildStore(b, sum, r->sum);
}

/* Along one bound axis memory is read in order: its points are the lanes of vectors, in several sums, since each addition waits for
 * the one before; then the rest, one by one. */
static void lanes_loops(Reduction *r, const IrAxis *axis, Value first, Value end) {
    Fn *f = r->f;
    CgModule *m = f->m;
    Value sum = r->sum, count = cg_max(f, cg_sub(f, end, first), cg_int(m, 0));
    f->lane = axis;
    for (int width = r->sums; width >= 1; width = width > 1 ? 1 : 0) {
        int64_t step = (int64_t)width * m->lanes;
        Value whole = LLVMBuildSub(m->builder, count, LLVMBuildURem(m->builder, count, cg_int(m, step), ""), "");
        Value middle = cg_add(f, first, whole);
        Loop loop = cg_loop_begin(f, first, middle, step);
        for (int i = 0; i < width; i++) {
            f->env[axis->id] = cg_add(f, loop.i, cg_int(m, (int64_t)i * m->lanes));
            r->sum = r->lanes[i];
            accumulate(r);
        }
        cg_loop_end(f, &loop);
        first = middle;
        count = cg_sub(f, count, whole);
    }
    f->lane = NULL;
    r->sum = sum;
    Loop rest = cg_loop_begin(f, first, end, 1);
    f->env[axis->id] = rest.i;
    accumulate(r);
    cg_loop_end(f, &rest);
}

static void bound_loops(Reduction *r, int i) {
    Fn *f = r->f;
    if (i == r->e->bound_count) {
        accumulate(r);
        return;
    }
    int number = r->order[i];
    const IrAxis *axis = r->e->bound[number];
    Value first, end;
    guarded_range(r, number, &first, &end);
    if (i == 0) outer_atoms(r, &end);
    if (r->sums && i == r->e->bound_count - 1) {
        lanes_loops(r, axis, first, end);
    } else {
        Loop loop = cg_loop_begin(f, first, end, 1);
        f->env[axis->id] = loop.i;
        r->bound_yet[number] = true;
        bound_loops(r, i + 1);
        r->bound_yet[number] = false;
        cg_loop_end(f, &loop);
    }
    f->env[axis->id] = NULL;
}

static Value neutral(CgModule *m, IrOp op) {
    return op == IR_SUM ? cg_real(m, 0) : cg_real(m, -__builtin_inf());
}

/* The lanes of a vector combined pairwise, in an order that depends on their number only. */
static Value across_lanes(Fn *f, IrOp op, Value v) {
    CgModule *m = f->m;
    for (int half = m->lanes / 2; half >= 1; half /= 2) {
        Value mask[64];
        for (int i = 0; i < m->lanes; i++) mask[i] = LLVMConstInt(m->i32, (unsigned)(i < half ? i + half : i), 0);
        Value other = LLVMBuildShuffleVector(m->builder, v, v, LLVMConstVector(mask, (unsigned)m->lanes), "");
        v = combine(f, op, v, other);
    }
    return LLVMBuildExtractElement(m->builder, v, cg_int(m, 0), "");
}

/* The bound axis that may run over lanes, or -1. An atom of the axis against itself cannot be narrowed by lanes. */
static int lane_number(const CgModule *m, const IrExpr *e) {
    for (int i = 0; i < e->guard.count; i++)
        if (e->guard.atom[i].a == e->guard.atom[i].b) return -1;
    for (int i = e->bound_count - 1; i >= 0; i--) {
        bool enough = e->bound[i]->root->kind == AXIS_BOUNDED || e->bound[i]->root->size >= m->lanes;
        if (enough && schedule_lanes_fit(m->schedule, e->arg[0], e->bound[i])) return i;
    }
    return -1;
}

/* As many sums as the axis has use for. */
static int sums_of(const CgModule *m, const IrAxis *axis) {
    int64_t vectors = axis->root->size / m->lanes;
    return vectors >= MOST_SUMS ? MOST_SUMS : vectors > 1 ? (int)vectors : 1;
}

static Value start_of(Fn *f, IrOp op, LLVMTypeRef type) {
    Value place = cg_alloca(f, type), start = neutral(f->m, op);
    LLVMBuildStore(f->m->builder, type == f->m->real ? start : cg_widen(f, start, f->m->lanes), place);
    return place;
}

static Value reduction(Fn *f, const IrExpr *e) {
    CgModule *m = f->m;
    bool differs = f->lane && ir_uses_axis(e, f->lane);
    LLVMTypeRef vector = cg_vector(m, m->real, m->lanes), type = differs ? vector : m->real;
    const IrAxis *outer = f->lane;
    if (!differs) f->lane = NULL;
    Reduction r = {.f = f, .e = e, .sum = start_of(f, e->op, type), .bound_yet = ARENA_ARRAY(m->arena, bool, e->bound_count),
                   .order = ARENA_ARRAY(m->arena, int, e->bound_count)};
    int last = differs ? -1 : lane_number(m, e), count = 0;
    for (int i = 0; i < e->bound_count; i++)
        if (i != last) r.order[count++] = i;
    if (last >= 0) r.order[count] = last, r.sums = sums_of(m, e->bound[last]);
    for (int i = 0; i < r.sums; i++) r.lanes[i] = start_of(f, e->op, vector);
    bound_loops(&r, 0);
    Value value = LLVMBuildLoad2(m->builder, type, r.sum, "");
    for (int width = r.sums; width > 1; width = (width + 1) / 2) /* pairwise */
        for (int i = 0; i < width / 2; i++) {
            Value a = LLVMBuildLoad2(m->builder, vector, r.lanes[i], ""), b = LLVMBuildLoad2(m->builder, vector, r.lanes[width - 1 - i], "");
            LLVMBuildStore(m->builder, combine(f, e->op, a, b), r.lanes[i]);
        }
    if (r.sums) value = combine(f, e->op, across_lanes(f, e->op, LLVMBuildLoad2(m->builder, vector, r.lanes[0], "")), value);
    f->lane = outer;
    return value;
}

/* ---- the rest -------------------------------------------------------------------------------------------------------------------------- */
/* Scalar: only the chosen branch is evaluated. */
static Value branch(Fn *f, const IrExpr *e) {
    CgModule *m = f->m;
    Value condition = LLVMBuildFCmp(m->builder, LLVMRealUNE, cg_expr(f, e->arg[0]), cg_real(m, 0), "");
    Value place = cg_alloca(f, m->real);
    LLVMBasicBlockRef side[2] = {cg_block(f, "then"), cg_block(f, "else")}, after = cg_block(f, "chosen");
    LLVMBuildCondBr(m->builder, condition, side[0], side[1]);
    for (int i = 0; i < 2; i++) {
        LLVMPositionBuilderAtEnd(m->builder, side[i]);
        LLVMBuildStore(m->builder, cg_expr(f, e->arg[i + 1]), place);
        LLVMBuildBr(m->builder, after);
    }
    LLVMPositionBuilderAtEnd(m->builder, after);
    return LLVMBuildLoad2(m->builder, m->real, place, "");
}

static Value select_lanes(Fn *f, const IrExpr *e) {
    CgModule *m = f->m;
    Value arg[3];
    for (int i = 0; i < 3; i++) arg[i] = cg_widen(f, cg_expr(f, e->arg[i]), m->lanes);
    Value zero = cg_widen(f, cg_real(m, 0), m->lanes);
    return LLVMBuildSelect(m->builder, LLVMBuildFCmp(m->builder, LLVMRealUNE, arg[0], zero, ""), arg[1], arg[2], "");
}

static Value select_value(Fn *f, const IrExpr *e) {
    if (f->lane && ir_uses_axis(e, f->lane)) return select_lanes(f, e);
    const IrAxis *lane = f->lane;
    f->lane = NULL;
    Value value = branch(f, e);
    f->lane = lane;
    return value;
}

static Value operation(Fn *f, const IrExpr *e) {
    Value arg[3];
    bool vector = false;
    for (int i = 0; i < e->argc; i++) {
        arg[i] = cg_expr(f, e->arg[i]);
        vector |= cg_is_vector(arg[i]);
    }
    for (int i = 0; i < e->argc && vector; i++) arg[i] = cg_widen(f, arg[i], f->m->lanes);
    return cg_math(f, e, arg);
}

Value cg_expr(Fn *f, const IrExpr *e) {
    switch (e->op) {
    case IR_LIT: return cg_real(f->m, e->value);
    case IR_SIZE: return LLVMBuildSIToFP(f->m->builder, cg_size(f, e->axis), f->m->real, "");
    case IR_POS: return position_value(f, e->axis);
    case IR_REF:
    case IR_PREV: return load(f, e);
    case IR_SUM:
    case IR_AMAX: return reduction(f, e);
    case IR_SELECT: return select_value(f, e);
    default: return operation(f, e);
    }
}
