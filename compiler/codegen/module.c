/* The module: context, types, runtime declarations, small wrappers; cg_compile. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <llvm-c/Analysis.h>

#include "codegen/cg.h"

/* ---- wrappers -------------------------------------------------------------------------------------------------------------- */
Value cg_int(CgModule *m, int64_t value) {
    return LLVMConstInt(m->i64, (unsigned long long)value, 1);
}

Value cg_real(CgModule *m, double value) {
    return LLVMConstReal(m->real, value);
}

LLVMTypeRef cg_vector(CgModule *m, LLVMTypeRef element, int lanes) {
    (void)m;
    return LLVMVectorType(element, (unsigned)lanes);
}

Value cg_call_runtime(Fn *f, RuntimeFunction function, Value *args, int count) {
    CgModule *m = f->m;
    return LLVMBuildCall2(m->builder, m->runtime_type[function], m->runtime[function], args, (unsigned)count, "");
}

Value cg_intrinsic(Fn *f, const char *name, Value *args, int count) {
    CgModule *m = f->m;
    LLVMTypeRef type = LLVMTypeOf(args[0]);
    unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
    LLVMValueRef function = LLVMGetIntrinsicDeclaration(m->module, id, &type, 1);
    return LLVMBuildCall2(m->builder, LLVMIntrinsicGetType(m->context, id, &type, 1), function, args, (unsigned)count, "");
}

Value cg_min(Fn *f, Value a, Value b) {
    return cg_intrinsic(f, "llvm.smin", (Value[]){a, b}, 2);
}

Value cg_max(Fn *f, Value a, Value b) {
    return cg_intrinsic(f, "llvm.smax", (Value[]){a, b}, 2);
}

Value cg_add(Fn *f, Value a, Value b) {
    return LLVMBuildNSWAdd(f->m->builder, a, b, "");
}

Value cg_sub(Fn *f, Value a, Value b) {
    return LLVMBuildNSWSub(f->m->builder, a, b, "");
}

Value cg_mul(Fn *f, Value a, Value b) {
    return LLVMBuildNSWMul(f->m->builder, a, b, "");
}

Value cg_alloca(Fn *f, LLVMTypeRef type) {
    return LLVMBuildAlloca(f->at_entry, type, "");
}

/* ---- functions ----------------------------------------------------------------------------------------------------------------- */
Fn *cg_fn_begin(CgModule *m, const char *name, LLVMTypeRef type) {
    Fn *f = ARENA_NEW(m->arena, Fn);
    f->m = m;
    f->function = LLVMAddFunction(m->module, name, type);
    LLVMSetLinkage(f->function, LLVMInternalLinkage);
    f->frame = LLVMGetParam(f->function, 0);
    f->entry = LLVMAppendBasicBlockInContext(m->context, f->function, "entry");
    f->body = LLVMAppendBasicBlockInContext(m->context, f->function, "body");
    f->at_entry = LLVMCreateBuilderInContext(m->context);
    LLVMPositionBuilderAtEnd(f->at_entry, f->entry);
    LLVMPositionBuilderAtEnd(m->builder, f->body);
    f->size = ARENA_ARRAY(m->arena, Value, m->p->axes.count + 1);
    f->env = ARENA_ARRAY(m->arena, Value, m->p->axes.count + 1);
    f->buffer = ARENA_ARRAY(m->arena, Value, m->buffers.count + 1);
    f->parallel = true;
    return f;
}

void cg_fn_end(Fn *f) {
    LLVMBuildRetVoid(f->m->builder);
    LLVMBuildBr(f->at_entry, f->body);
    LLVMDisposeBuilder(f->at_entry);
}

/* ---- the module ------------------------------------------------------------------------------------------------------------------ */
static LLVMTypeRef abi_type(CgModule *m, const char *name) {
    if (strcmp(name, "void") == 0) return m->nothing;
    if (strcmp(name, "ptr") == 0) return m->pointer;
    if (strcmp(name, "i32") == 0) return m->i32;
    if (strcmp(name, "i64") == 0) return m->i64;
    if (strcmp(name, "f32") == 0) return LLVMFloatTypeInContext(m->context);
    return LLVMDoubleTypeInContext(m->context);
}

/* "void, ptr, i64": the result and the arguments of one line of runtime_abi.def */
static void declare_runtime(CgModule *m, RuntimeFunction id, const char *name, const char *types) {
    char copy[256], *state = NULL;
    LLVMTypeRef list[24];
    int count = 0;
    snprintf(copy, sizeof copy, "%s", types);
    for (char *word = strtok_r(copy, ", ", &state); word; word = strtok_r(NULL, ", ", &state)) list[count++] = abi_type(m, word);
    m->runtime_type[id] = LLVMFunctionType(list[0], list + 1, (unsigned)count - 1, 0);
    m->runtime[id] = LLVMAddFunction(m->module, name, m->runtime_type[id]);
}

static void declare_all(CgModule *m) {
#define RT_FUNCTION(name, ...) declare_runtime(m, RUNTIME_##name, #name, #__VA_ARGS__);
#include "runtime_abi.def"
#undef RT_FUNCTION
}

static void make_types(CgModule *m) {
    LLVMContextRef c = m->context;
    m->i1 = LLVMInt1TypeInContext(c);
    m->i32 = LLVMInt32TypeInContext(c);
    m->i64 = LLVMInt64TypeInContext(c);
    m->pointer = LLVMPointerTypeInContext(c, 0);
    m->nothing = LLVMVoidTypeInContext(c);
    m->real = m->options.f64 ? LLVMDoubleTypeInContext(c) : LLVMFloatTypeInContext(c);
    m->integer = m->options.f64 ? m->i64 : m->i32;
    m->real_bytes = m->options.f64 ? 8 : 4;
    m->frame = LLVMStructTypeInContext(c, (LLVMTypeRef[]){m->pointer, m->pointer, m->pointer, m->i64, m->pointer, m->i64}, 6, 0);
}

/* All parts one after the other, each to its end. */
static void call_parts(Fn *f) {
    CgModule *m = f->m;
    for (int i = 0; i < m->parts.count; i++) {
        const Part *part = &m->parts.at[i];
        LLVMBuildCall2(m->builder, LLVMGlobalGetValueType(part->call), part->call, &f->frame, 1, "");
        if (!part->advance) continue;
        Value arguments[] = {f->frame, cg_int(m, 0), cg_all_steps(f, part->scan->axis)};
        LLVMBuildCall2(m->builder, LLVMGlobalGetValueType(part->advance), part->advance, arguments, 3, "");
    }
}

static LLVMValueRef entry_point(CgModule *m, const char *name, bool plan) {
    Fn *f = cg_fn_begin(m, name, LLVMFunctionType(m->nothing, &m->pointer, 1, 0));
    bool parts = !plan && m->parts.count;
    if (parts) call_parts(f);
    for (int i = 0; !parts && i < m->schedule->step_count; i++) {
        if (m->schedule->steps[i].plan != plan) continue;
        cg_begin_step(f, i);
        cg_steps(f, &m->schedule->steps[i], 1);
    }
    cg_fn_end(f);
    return f->function;
}

/* The table of CtxPart. */
static LLVMValueRef part_table(CgModule *m) {
    LLVMTypeRef type = LLVMStructTypeInContext(m->context, (LLVMTypeRef[]){m->pointer, m->pointer, m->i64, m->i32, m->i32}, 5, 0);
    Value list[m->parts.count + 1];
    for (int i = 0; i < m->parts.count; i++) {
        const Part *part = &m->parts.at[i];
        const IrAxis *axis = part->advance ? part->scan->axis : NULL, *cycle = ir_cycle_of(axis);
        unsigned root = cycle ? (unsigned)m->root_number[cycle->root->id] : (unsigned)-1;
        Value advance = part->advance ? part->advance : LLVMConstNull(m->pointer);
        list[i] = LLVMConstStructInContext(m->context, (Value[]){part->call, advance, cg_int(m, axis ? axis->size : 0),
                                           LLVMConstInt(m->i32, root, 1), LLVMConstInt(m->i32, 0, 0)}, 5, 0);
    }
    Value table = LLVMConstArray2(type, list, (uint64_t)m->parts.count);
    LLVMValueRef global = LLVMAddGlobal(m->module, LLVMTypeOf(table), "parts");
    LLVMSetInitializer(global, table);
    LLVMSetGlobalConstant(global, 1);
    LLVMSetLinkage(global, LLVMPrivateLinkage);
    return global;
}

/* The exported CtxProgram. */
static void export_program(CgModule *m, LLVMValueRef scratch, LLVMValueRef plan, LLVMValueRef call) {
    char *text = cg_descriptor(m);
    LLVMValueRef bytes = LLVMConstStringInContext(m->context, text, (unsigned)strlen(text), 0);
    LLVMValueRef descriptor = LLVMAddGlobal(m->module, LLVMTypeOf(bytes), "descriptor");
    LLVMSetInitializer(descriptor, bytes);
    LLVMSetGlobalConstant(descriptor, 1);
    LLVMSetLinkage(descriptor, LLVMPrivateLinkage);
    LLVMValueRef fields[] = {LLVMConstInt(m->i32, CTX_ABI_VERSION, 0), LLVMConstInt(m->i32, (unsigned)m->parts.count, 0), descriptor,
                             scratch, plan, call, part_table(m)};
    LLVMValueRef program = LLVMConstStructInContext(m->context, fields, 7, 0);
    LLVMValueRef global = LLVMAddGlobal(m->module, LLVMTypeOf(program), "ctx_program");
    LLVMSetInitializer(global, program);
    LLVMSetGlobalConstant(global, 1);
}

static bool verified(CgModule *m, char **error) {
    char *message = NULL;
    bool bad = LLVMVerifyModule(m->module, LLVMReturnStatusAction, &message);
    if (bad) *error = arena_printf(m->arena, "the generated module is not valid: %s", message);
    LLVMDisposeMessage(message);
    return !bad;
}

CgModule *cg_compile(const IrProgram *p, const Schedule *schedule, const CgOptions *options, char **error) {
    CgModule *m = ARENA_NEW(p->arena, CgModule);
    m->arena = p->arena;
    m->p = p;
    m->schedule = schedule;
    m->options = *options;
    m->context = LLVMContextCreate();
    m->module = LLVMModuleCreateWithNameInContext(p->name, m->context);
    m->builder = LLVMCreateBuilderInContext(m->context);
    make_types(m);
    if (!cg_target(m, error)) {
        cg_free(m);
        return NULL;
    }
    declare_all(m);
    cg_lay_out(m);
    cg_parts(m);
    cg_live(m);
    LLVMValueRef plan = entry_point(m, "plan", true), call = entry_point(m, "call", false), scratch;
    cg_scratch_function(m, &scratch);
    export_program(m, scratch, plan, call);
    if (m->broken) *error = m->error;
    if (m->broken || !verified(m, error) || !cg_optimise(m, error)) {
        cg_free(m);
        return NULL;
    }
    return m;
}
