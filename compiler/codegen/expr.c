/* Expressions: scalar, or over the lanes of a vector along f->lane. What does not differ by lane stays scalar. */
#include "codegen/cg.h"

/* ---- may an axis run over lanes? ----------------------------------------------------------------------------------------------- */
static bool has_offset(const IrExpr *e) {
    if (e->op == IR_REF || e->op == IR_PREV)
        for (int i = 0; i < e->var->axis_count; i++)
            if (e->index[i].kind == IX_AXIS && e->index[i].offset) return true;
    for (int i = 0; i < e->argc; i++)
        if (has_offset(e->arg[i])) return true;
    return false;
}

static bool reference_fits(const CgModule *m, const IrExpr *e, const IrAxis *axis) {
    for (int i = 0; i < e->var->axis_count; i++) {
        if (e->index[i].kind != IX_AXIS || e->index[i].axis != axis) continue;
        for (int j = 0; j < i; j++)
            if (e->index[j].kind == IX_AXIS && e->index[j].axis == axis) return false;
        if (!cg_unit_stride(m, e->var, i)) return false;
    }
    return true;
}

bool cg_lanes_fit(const CgModule *m, const IrExpr *e, const IrAxis *axis) {
    if (e->op == IR_REF || e->op == IR_PREV) return reference_fits(m, e, axis);
    if (e->op == IR_SELECT && has_offset(e)) return false; /* both branches would be read, one of them out of range */
    if (e->op == IR_POW && ir_uses_axis(e, axis) && e->arg[1]->op != IR_LIT) return false;
    for (int i = 0; i < e->guard.count; i++)
        if (e->guard.atom[i].a == axis || e->guard.atom[i].b == axis) return false;
    for (int i = 0; i < e->argc; i++)
        if (!cg_lanes_fit(m, e->arg[i], axis)) return false;
    return true;
}

/* ---- leaves ---------------------------------------------------------------------------------------------------------------------- */
static Value load(Fn *f, const IrExpr *e) {
    CgModule *m = f->m;
    bool differs = f->lane && ir_uses_axis(e, f->lane);
    LLVMTypeRef type = differs ? cg_vector(m, m->real, m->lanes) : m->real;
    Value at = cg_reference(f, e);
    Value value = LLVMBuildLoad2(m->builder, type, at, "");
    LLVMSetAlignment(value, (unsigned)m->real_bytes);
    return value;
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
typedef struct Reduction {
    Fn *f;
    const IrExpr *e;
    Value sum;       /* address of the accumulator */
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
    *first = cg_int(f->m, 0);
    *end = cg_size(f, axis);
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

static void bound_loops(Reduction *r, int i) {
    Fn *f = r->f;
    if (i == r->e->bound_count) {
        accumulate(r);
        return;
    }
    const IrAxis *axis = r->e->bound[i];
    Value first, end;
    guarded_range(r, i, &first, &end);
    if (i == 0) outer_atoms(r, &end);
    Loop loop = cg_loop_begin(f, first, end, 1);
    f->env[axis->id] = loop.i;
    r->bound_yet[i] = true;
    bound_loops(r, i + 1);
    r->bound_yet[i] = false;
    f->env[axis->id] = NULL;
    cg_loop_end(f, &loop);
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

/* One bound axis along which memory is read in order: its points are the lanes, then a scalar rest. */
static Value lanes_reduction(Reduction *r) {
    Fn *f = r->f;
    CgModule *m = f->m;
    const IrAxis *axis = r->e->bound[0];
    LLVMTypeRef type = cg_vector(m, m->real, m->lanes);
    Value first, end;
    guarded_range(r, 0, &first, &end);
    outer_atoms(r, &end);
    Value sum = r->sum, lanes = r->sum = cg_alloca(f, type);
    LLVMBuildStore(m->builder, cg_widen(f, neutral(m, r->e->op), m->lanes), lanes);
    Value count = cg_max(f, cg_sub(f, end, first), cg_int(m, 0));
    Value whole = LLVMBuildAnd(m->builder, count, cg_int(m, -(int64_t)m->lanes), ""), middle = cg_add(f, first, whole);
    Loop loop = cg_loop_begin(f, first, middle, m->lanes);
    f->env[axis->id] = loop.i;
    f->lane = axis;
    accumulate(r);
    f->lane = NULL;
    cg_loop_end(f, &loop);
    LLVMBuildStore(m->builder, across_lanes(f, r->e->op, LLVMBuildLoad2(m->builder, type, lanes, "")), sum);
    r->sum = sum;
    Loop rest = cg_loop_begin(f, middle, end, 1);
    f->env[axis->id] = rest.i;
    accumulate(r);
    cg_loop_end(f, &rest);
    f->env[axis->id] = NULL;
    return LLVMBuildLoad2(m->builder, m->real, sum, "");
}

static Value reduction(Fn *f, const IrExpr *e) {
    CgModule *m = f->m;
    bool differs = f->lane && ir_uses_axis(e, f->lane);
    LLVMTypeRef type = differs ? cg_vector(m, m->real, m->lanes) : m->real;
    const IrAxis *outer = f->lane;
    if (!differs) f->lane = NULL;
    Reduction r = {f, e, cg_alloca(f, type), ARENA_ARRAY(m->arena, bool, e->bound_count)};
    Value start = neutral(m, e->op), value;
    LLVMBuildStore(m->builder, differs ? cg_widen(f, start, m->lanes) : start, r.sum);
    bool self = false; /* an atom of the axis against itself cannot be narrowed by lanes */
    for (int i = 0; i < e->guard.count; i++) self |= e->guard.atom[i].a == e->guard.atom[i].b;
    if (!differs && !self && e->bound_count == 1 && cg_lanes_fit(m, e->arg[0], e->bound[0])) {
        value = lanes_reduction(&r);
    } else {
        bound_loops(&r, 0);
        value = LLVMBuildLoad2(m->builder, type, r.sum, "");
    }
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
