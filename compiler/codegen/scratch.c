/* Scratch: where the square tensors of a block stand in a thread's own memory. Blocks follow one another, so they share it. */
#include "codegen/cg.h"

enum { CACHE_LINE = 64 };

/* Bytes of one tensor, rounded up to whole cache lines. */
static Value tensor_bytes(Fn *f, const IrVar *v) {
    CgModule *m = f->m;
    const Storage *s = &m->schedule->storage[v->id];
    Value bytes = cg_int(m, m->real_bytes);
    for (int i = 0; i < v->axis_count; i++)
        if (s->kept[i]) bytes = cg_mul(f, bytes, s->tile == v->axes[i] ? cg_int(m, s->block) : cg_size(f, v->axes[i]));
    bytes = cg_add(f, bytes, cg_int(m, CACHE_LINE - 1));
    return LLVMBuildAnd(m->builder, bytes, cg_int(m, -CACHE_LINE), "");
}

static bool has_place(const CgModule *m, const IrVar *v) {
    const Storage *s = &m->schedule->storage[v->id];
    return s->kind == STORE_SCRATCH && !s->shares;
}

static Value bytes_before(Fn *f, const Step *block, const IrVar *v) {
    Value offset = cg_int(f->m, 0);
    for (int i = 0; i < block->step_count; i++) {
        const IrVar *other = block->steps[i].item->var;
        if (other == v) break;
        if (has_place(f->m, other)) offset = cg_add(f, offset, tensor_bytes(f, other));
    }
    return offset;
}

Value cg_scratch_offset(Fn *f, const IrVar *v) {
    while (f->m->schedule->storage[v->id].shares) v = f->m->schedule->storage[v->id].shares;
    return bytes_before(f, f->block, v);
}

void cg_scratch_function(CgModule *m, LLVMValueRef *function) {
    Fn *f = cg_fn_begin(m, "scratch_bytes", LLVMFunctionType(m->i64, &m->pointer, 1, 0));
    f->sizes = f->frame; /* its argument is the list of sizes itself */
    Value most = cg_int(m, 0);
    for (int i = 0; i < m->blocks.count; i++) most = cg_max(f, most, bytes_before(f, m->blocks.at[i], NULL));
    LLVMBuildRet(m->builder, most);
    LLVMBuildBr(f->at_entry, f->body);
    LLVMDisposeBuilder(f->at_entry);
    *function = f->function;
}
