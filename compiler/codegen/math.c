/* Elementwise functions. exp in single precision is computed here; vectors of the others go to glibc's libmvec where the target has
 * it (within 4 ulp, as the reference's bounds count), else to libm lane by lane. */
#include <math.h>
#include <string.h>

#include "codegen/cg.h"

bool cg_is_vector(Value v) {
    return LLVMGetTypeKind(LLVMTypeOf(v)) == LLVMVectorTypeKind;
}

Value cg_widen(Fn *f, Value v, int lanes) {
    CgModule *m = f->m;
    if (cg_is_vector(v)) return v;
    LLVMTypeRef type = cg_vector(m, LLVMTypeOf(v), lanes);
    Value one = LLVMBuildInsertElement(m->builder, LLVMGetPoison(type), v, cg_int(m, 0), "");
    return LLVMBuildShuffleVector(m->builder, one, LLVMGetPoison(type), LLVMConstNull(cg_vector(m, m->i32, lanes)), "");
}

/* The constant in the shape of `like`. */
static Value same(Fn *f, Value like, double value) {
    Value c = cg_real(f->m, value);
    return cg_is_vector(like) ? cg_widen(f, c, (int)LLVMGetVectorSize(LLVMTypeOf(like))) : c;
}

static Value integer_like(Fn *f, Value like, int64_t value) {
    Value c = LLVMConstInt(f->m->i32, (unsigned long long)value, 1);
    return cg_is_vector(like) ? cg_widen(f, c, (int)LLVMGetVectorSize(LLVMTypeOf(like))) : c;
}

static Value fma_(Fn *f, Value a, Value b, Value c) {
    return cg_intrinsic(f, "llvm.fma", (Value[]){a, b, c}, 3);
}

/* exp(x) = 2^n exp(r), n = round(x / ln 2), |r| <= ln 2 / 2, exp(r) by its Taylor polynomial of degree 7 (remainder below
 * 2^-28 there). 2^n is put together in two halves, so that results down to the denormals are right; at most 2 ulp in all. */
static Value exp_single(Fn *f, Value x) {
    LLVMBuilderRef b = f->m->builder;
    LLVMTypeRef type = LLVMTypeOf(x);
    LLVMTypeRef whole = cg_is_vector(x) ? cg_vector(f->m, f->m->i32, (int)LLVMGetVectorSize(type)) : f->m->i32;
    Value clamped = cg_intrinsic(f, "llvm.maxnum", (Value[]){x, same(f, x, -104.0)}, 2);
    clamped = cg_intrinsic(f, "llvm.minnum", (Value[]){clamped, same(f, x, 89.0)}, 2);
    Value n = cg_intrinsic(f, "llvm.rint", (Value[]){LLVMBuildFMul(b, clamped, same(f, x, 1.44269504088896340736), "")}, 1);
    Value r = fma_(f, n, same(f, x, -0x1.62e4p-1), clamped); /* ln 2 in two parts; the first times n is exact */
    r = fma_(f, n, same(f, x, -0x1.7f7d1cf79abcap-20), r);
    static const double taylor[] = {1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1, 1};
    Value p = same(f, x, taylor[0]);
    for (int i = 1; i < 8; i++) p = fma_(f, p, r, same(f, x, taylor[i]));
    Value k = LLVMBuildFPToSI(b, n, whole, ""), half = LLVMBuildAShr(b, k, integer_like(f, x, 1), "");
    for (int i = 0; i < 2; i++) {
        Value part = i ? LLVMBuildSub(b, k, half, "") : half;
        Value bits = LLVMBuildShl(b, LLVMBuildAdd(b, part, integer_like(f, x, 127), ""), integer_like(f, x, 23), "");
        p = LLVMBuildFMul(b, p, LLVMBuildBitCast(b, bits, type, ""), "");
    }
    Value nan = LLVMBuildFCmp(b, LLVMRealUNO, x, x, "");
    return LLVMBuildSelect(b, nan, x, p, "");
}

static void add_attribute(CgModule *m, LLVMValueRef function, const char *name) {
    unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
    LLVMAddAttributeAtIndex(function, LLVMAttributeFunctionIndex, LLVMCreateEnumAttribute(m->context, kind, 0));
}

/* f(x) or f(x, y), of numbers or vectors. errno is not looked at, so the function touches no memory. */
static Value call_function(Fn *f, const char *name, Value *arg, unsigned count) {
    CgModule *m = f->m;
    LLVMTypeRef argument = LLVMTypeOf(arg[0]), type = LLVMFunctionType(argument, (LLVMTypeRef[]){argument, argument}, count, 0);
    LLVMValueRef function = LLVMGetNamedFunction(m->module, name);
    if (!function) {
        function = LLVMAddFunction(m->module, name, type);
        add_attribute(m, function, "memory");
        add_attribute(m, function, "nounwind");
        add_attribute(m, function, "willreturn");
    }
    return LLVMBuildCall2(m->builder, type, function, arg, count, "");
}

/* A function of libm for each lane, or its vector form: _ZGVeN16v_tanhf, _ZGVdN4vv_pow. */
static Value by_lane(Fn *f, const char *name, Value *arg, unsigned count) {
    CgModule *m = f->m;
    if (!cg_is_vector(arg[0])) return call_function(f, name, arg, count);
    LLVMTypeRef type = LLVMTypeOf(arg[0]);
    if (m->vector_functions && (int)LLVMGetVectorSize(type) == m->lanes) {
        const char *arguments = count == 1 ? "v" : "vv";
        return call_function(f, arena_printf(m->arena, "_ZGV%cN%d%s_%s", m->vector_functions, m->lanes, arguments, name), arg, count);
    }
    Value result = LLVMGetPoison(type);
    for (unsigned i = 0; i < LLVMGetVectorSize(type); i++) {
        Value lane = cg_int(m, i), element[2];
        for (unsigned k = 0; k < count; k++) element[k] = LLVMBuildExtractElement(m->builder, arg[k], lane, "");
        result = LLVMBuildInsertElement(m->builder, result, call_function(f, name, element, count), lane, "");
    }
    return result;
}

static Value libm(Fn *f, const char *single, const char *twice, Value x) {
    return by_lane(f, f->m->options.f64 ? twice : single, &x, 1);
}

Value cg_exp(Fn *f, Value x) {
    return f->m->options.f64 ? libm(f, "expf", "exp", x) : exp_single(f, x);
}

static Value sigmoid(Fn *f, Value x) {
    LLVMBuilderRef b = f->m->builder;
    Value e = cg_exp(f, LLVMBuildFNeg(b, x, ""));
    return LLVMBuildFDiv(b, same(f, x, 1), LLVMBuildFAdd(b, same(f, x, 1), e, ""), "");
}

static Value gelu(Fn *f, Value x) {
    LLVMBuilderRef b = f->m->builder;
    Value e = libm(f, "erff", "erf", LLVMBuildFMul(b, x, same(f, x, M_SQRT1_2), ""));
    return LLVMBuildFMul(b, LLVMBuildFMul(b, same(f, x, 0.5), x, ""), LLVMBuildFAdd(b, same(f, x, 1), e, ""), "");
}

static Value relu(Fn *f, Value x) {
    LLVMBuilderRef b = f->m->builder;
    Value negative = LLVMBuildFCmp(b, LLVMRealOLT, x, same(f, x, 0), "");
    return LLVMBuildSelect(b, negative, same(f, x, 0), x, ""); /* NaN stays NaN */
}

static Value truth(Fn *f, LLVMRealPredicate predicate, Value a, Value b) {
    Value holds = LLVMBuildFCmp(f->m->builder, predicate, a, b, "");
    return LLVMBuildSelect(f->m->builder, holds, same(f, a, 1), same(f, a, 0), "");
}

static Value larger(Fn *f, LLVMRealPredicate predicate, Value a, Value b) {
    LLVMBuilderRef builder = f->m->builder;
    Value nan = LLVMBuildFCmp(builder, LLVMRealUNO, a, a, "");
    Value first = LLVMBuildOr(builder, nan, LLVMBuildFCmp(builder, predicate, a, b, ""), "");
    return LLVMBuildSelect(builder, first, a, b, "");
}

/* Small whole exponents are products: as exact as multiplication, and signs come out right. */
static Value power(Fn *f, const IrExpr *exponent, Value x, Value y) {
    LLVMBuilderRef b = f->m->builder;
    if (exponent->op == IR_LIT && exponent->value == 2) return LLVMBuildFMul(b, x, x, "");
    if (exponent->op == IR_LIT && exponent->value == 3) return LLVMBuildFMul(b, LLVMBuildFMul(b, x, x, ""), x, "");
    return by_lane(f, f->m->options.f64 ? "pow" : "powf", (Value[]){x, y}, 2);
}

/* The target may round a product and a sum once instead of twice. */
static Value fusible(Value operation) {
    if (LLVMIsAInstruction(operation)) LLVMSetFastMathFlags(operation, LLVMFastMathAllowContract);
    return operation;
}

Value cg_math(Fn *f, const IrExpr *e, Value *arg) {
    LLVMBuilderRef b = f->m->builder;
    switch (e->op) {
    case IR_NEG: return LLVMBuildFNeg(b, arg[0], "");
    case IR_ADD: return fusible(LLVMBuildFAdd(b, arg[0], arg[1], ""));
    case IR_SUB: return fusible(LLVMBuildFSub(b, arg[0], arg[1], ""));
    case IR_MUL: return fusible(LLVMBuildFMul(b, arg[0], arg[1], ""));
    case IR_DIV: return LLVMBuildFDiv(b, arg[0], arg[1], "");
    case IR_POW: return power(f, e->arg[1], arg[0], arg[1]);
    case IR_MIN: return larger(f, LLVMRealOLT, arg[0], arg[1]);
    case IR_MAX: return larger(f, LLVMRealOGT, arg[0], arg[1]);
    case IR_EXP: return cg_exp(f, arg[0]);
    case IR_LOG: return libm(f, "logf", "log", arg[0]);
    case IR_SQRT: return cg_intrinsic(f, "llvm.sqrt", arg, 1);
    case IR_SIN: return libm(f, "sinf", "sin", arg[0]);
    case IR_COS: return libm(f, "cosf", "cos", arg[0]);
    case IR_TANH: return libm(f, "tanhf", "tanh", arg[0]);
    case IR_SIGMOID: return sigmoid(f, arg[0]);
    case IR_RELU: return relu(f, arg[0]);
    case IR_GELU: return gelu(f, arg[0]);
    case IR_ERF: return libm(f, "erff", "erf", arg[0]);
    case IR_ABS: return cg_intrinsic(f, "llvm.fabs", arg, 1);
    case IR_STOP: return arg[0];
    case IR_LT: return truth(f, LLVMRealOLT, arg[0], arg[1]);
    case IR_LE: return truth(f, LLVMRealOLE, arg[0], arg[1]);
    case IR_EQ: return truth(f, LLVMRealOEQ, arg[0], arg[1]);
    default:
        f->m->broken = true;
        f->m->error = "an operator without code";
        return arg[0];
    }
}
