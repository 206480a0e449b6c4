/* Counted loops. */
#include "codegen/cg.h"

LLVMBasicBlockRef cg_block(Fn *f, const char *name) {
    return LLVMAppendBasicBlockInContext(f->m->context, f->function, name);
}

Loop cg_loop_begin(Fn *f, Value first, Value end, int64_t step) {
    CgModule *m = f->m;
    Loop loop = {.header = cg_block(f, "loop"), .exit = cg_block(f, "done"), .step = cg_int(m, step)};
    LLVMBasicBlockRef from = LLVMGetInsertBlock(m->builder), body = cg_block(f, "each");
    LLVMBuildBr(m->builder, loop.header);
    LLVMPositionBuilderAtEnd(m->builder, loop.header);
    loop.i = LLVMBuildPhi(m->builder, m->i64, "i");
    LLVMAddIncoming(loop.i, &first, &from, 1);
    Value more = LLVMBuildICmp(m->builder, LLVMIntSLT, loop.i, end, "");
    LLVMBuildCondBr(m->builder, more, body, loop.exit);
    LLVMPositionBuilderAtEnd(m->builder, body);
    return loop;
}

void cg_loop_end(Fn *f, Loop *loop) {
    CgModule *m = f->m;
    Value next = cg_add(f, loop->i, loop->step);
    LLVMBasicBlockRef from = LLVMGetInsertBlock(m->builder);
    LLVMBuildBr(m->builder, loop->header);
    LLVMAddIncoming(loop->i, &next, &from, 1);
    LLVMPositionBuilderAtEnd(m->builder, loop->exit);
}
