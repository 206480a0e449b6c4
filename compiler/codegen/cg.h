/* What the files of code generation share. One struct owns every LLVM handle and cached type (CgModule); one describes the
 * function being written (Fn). */
#ifndef CTX_CODEGEN_CG_H
#define CTX_CODEGEN_CG_H
#include <llvm-c/Core.h>
#include <llvm-c/TargetMachine.h>

#include "codegen/codegen.h"

typedef LLVMValueRef Value;

typedef enum RuntimeFunction {
#define RT_FUNCTION(name, ...) RUNTIME_##name,
#include "runtime_abi.def"
#undef RT_FUNCTION
    RUNTIME_COUNT
} RuntimeFunction;

typedef struct Buffer { /* of the descriptor */
    const IrVar *var;
    const char *name, *role;
    bool recorded, gauge;
    int slots;            /* places one after the other, 1 for most */
    bool mirror;          /* whole copy of what a scan keeps for itself */
    const char *form;     /* role "sparse": see sparse.c */
} Buffer;

typedef struct Packed { /* the buffer of a sparse step */
    const Sparse *sparse;
    int buffer;
} Packed;

typedef struct Part { /* CtxPart of ctx_abi.h */
    LLVMValueRef call, advance; /* advance NULL: none */
    const IrItem *scan;
} Part;

typedef struct Again { /* a scan that is carried out again in segments, by its steps' function */
    const IrItem *scan;
    LLVMValueRef advance;
} Again;

typedef struct Steps { /* of a call; -1: all of them */
    int first, last;
} Steps;

struct CgModule {
    Arena *arena;
    const IrProgram *p;
    const Schedule *schedule;
    CgOptions options;
    /* LLVM */
    LLVMContextRef context;
    LLVMModuleRef module;
    LLVMBuilderRef builder;
    LLVMTargetMachineRef machine;
    void *jit; /* LLVMOrcLLJITRef, once loaded */
    LLVMTypeRef i1, i32, i64, real, pointer, nothing, frame, integer; /* integer: as wide as real */
    LLVMTypeRef runtime_type[RUNTIME_COUNT];
    LLVMValueRef runtime[RUNTIME_COUNT];
    int lanes;         /* elements of a vector register */
    char vector_functions; /* the letter of libmvec's names for such registers, 0: there is no libmvec */
    int real_bytes;
    bool broken;       /* out of something; the message is in error */
    char *error;
    /* layout */
    VEC(Buffer) buffers;
    int *buffer_of;    /* by variable id: its buffer, or -1 */
    int *second_of;    /* the new iterate of a fix, or the parts of a sum over a block's rows, or -1 */
    int *mirror_of;    /* its whole copy, or -1 */
    int *again_of;     /* its last points at the beginnings of segments, or -1; see again.c */
    Steps *live;       /* by variable id: when its large buffer is needed; see live.c */
    bool *fenced;      /* by step: a buffer takes another's memory there */
    int *root_number;  /* by axis id of a root: its number in the descriptor */
    VEC(const IrAxis *) roots;
    LLVMValueRef *memory; /* by variable id: metadata for its loads and stores, once made */
    int task_count, advance_count; /* functions made for parallel loops, for steps of time */
    int64_t scratch_fixed; /* see scratch.c */
    VEC(const Step *) blocks;
    VEC(Packed) packed;
    VEC(Part) parts;   /* of the dynamic reading; none in others */
    VEC(Again) again;
};

typedef struct Fn { /* one LLVM function under construction */
    CgModule *m;
    LLVMValueRef function, frame, thread;
    LLVMBasicBlockRef entry, body; /* entry holds allocas, sizes and buffer addresses; it is closed last */
    LLVMBuilderRef at_entry;
    Value sizes;          /* address of the run-time sizes, once loaded */
    Value *size, *buffer; /* caches: by axis id, by buffer number */
    Value *env;           /* by axis id: position (of lane 0), or NULL */
    const IrAxis *lane;   /* runs over the lanes of a vector, or NULL */
    const IrItem *group;  /* the scan or fixpoint being carried out, or NULL */
    const Step *block;    /* the block being carried out, or NULL */
    const Step *adding;   /* its step that adds, while that is done, or NULL */
    Value part;           /* block whose steps add: number of the part that this task sums */
    Value tile_first, tile_end;  /* block: positions of its rows */
    Value column_first, column_end; /* block: columns that some row needs */
    Value scratch;        /* this thread's */
    Value time;           /* scan: points done before this one, i64 */
    const Value *first_slot; /* while initial values are written: the place to write, or NULL */
    bool parallel;        /* matrix products may use the pool (not inside a task) */
} Fn;

/* live.c: `live`, once buffers and parts are known; what stands before a step. */
void cg_live(CgModule *m);
void cg_begin_step(Fn *f, int step);
/* module.c: wrappers */
Value cg_int(CgModule *m, int64_t value);
Value cg_real(CgModule *m, double value);
LLVMTypeRef cg_vector(CgModule *m, LLVMTypeRef element, int lanes);
Value cg_call_runtime(Fn *f, RuntimeFunction function, Value *args, int count);
Value cg_intrinsic(Fn *f, const char *name, Value *args, int count); /* overloaded on the type of args[0] */
Value cg_min(Fn *f, Value a, Value b); /* of i64 */
Value cg_max(Fn *f, Value a, Value b);
Value cg_add(Fn *f, Value a, Value b);
Value cg_sub(Fn *f, Value a, Value b);
Value cg_mul(Fn *f, Value a, Value b);
Value cg_alloca(Fn *f, LLVMTypeRef type);
Fn *cg_fn_begin(CgModule *m, const char *name, LLVMTypeRef type);
void cg_fn_end(Fn *f);

/* loop.c: for (i = first; i < end; i += step) */
typedef struct Loop {
    LLVMBasicBlockRef header, exit;
    Value i, step;
    LLVMBasicBlockRef latch_from;
} Loop;
Loop cg_loop_begin(Fn *f, Value first, Value end, int64_t step);
void cg_loop_end(Fn *f, Loop *loop);
LLVMBasicBlockRef cg_block(Fn *f, const char *name);

/* storage.c: sizes and addresses */
Value cg_size(Fn *f, const IrAxis *axis);
Value cg_stride(Fn *f, const IrVar *v, int place); /* elements between neighbours along the axis at `place`, in its storage */
typedef enum Access { ACCESS_READ, ACCESS_WRITE, ACCESS_PREV, ACCESS_MIRROR } Access;
Value cg_address(Fn *f, const IrVar *v, const IrIndex *index, Access access); /* index NULL: its own axes */
Value cg_reference(Fn *f, const IrExpr *ref); /* of an IR_REF or IR_PREV */
Value cg_base(Fn *f, const IrVar *v); /* where its buffer begins */
Value cg_elements(Fn *f, const IrVar *v); /* as many are in it, or in one of its places */
Value cg_slot(Fn *f, const IrVar *v, Value point); /* the place of a point of the scan, by its number */
Value cg_buffer(Fn *f, int number); /* where a buffer of the descriptor begins */
Value cg_element(Fn *f, Value base, Value offset); /* base + offset elements */
/* Tells LLVM that a load or store is of v: no other variable's values are there. */
Value cg_of(Fn *f, const IrVar *v, Value access);

/* expr.c, math.c: values; vectors when f->lane is set and the value differs by lane */
Value cg_expr(Fn *f, const IrExpr *e);
Value cg_math(Fn *f, const IrExpr *e, Value *arg);
Value cg_exp(Fn *f, Value x);
bool cg_is_vector(Value v);
Value cg_widen(Fn *f, Value v, int lanes);

/* equation.c, product.c: one equation; block.c, step.c: everything else */
const Step *cg_own_step(const Fn *f, const IrVar *v); /* that makes v in the block being carried out, or NULL */
void cg_equation(Fn *f, const Step *step);
void cg_product(Fn *f, const Step *step);
void cg_sparse(Fn *f, const Step *step); /* sparse.c */
void cg_lay_out_sparse(CgModule *m);
void cg_steps(Fn *f, const Step *steps, int count);
/* part.c: a dynamic program in the pieces that its clock drives, nothing in others; a scan in pieces that no clock drives. */
void cg_parts(CgModule *m);
void cg_pieces(Fn *f, const Step *scan);
Value cg_all_steps(Fn *f, const IrAxis *axis); /* of all cycles */
/* again.c: the function that is called for a scan in segments, made of that for its steps; what goes back over it. */
LLVMValueRef cg_forth(CgModule *m, const Step *scan, LLVMValueRef advance);
void cg_back_again(Fn *f, const Step *back, LLVMValueRef advance);
void cg_start_states(Fn *f, const IrItem *group);
void cg_block_step(Fn *f, const Step *step);
/* nest.c. The scan's points first <= i < end, where the nest has the scan inside; NULL: that stands at one. Point i is number
 * base + i of all. */
typedef struct Points {
    const IrAxis *axis;
    Value first, end, base;
    bool reversed; /* point i is the i-th from the end */
} Points;
void cg_at_point(Fn *f, const Points *points, Value i);
void cg_nest(Fn *f, const Step *nest, const Points *points);
void cg_points(Fn *f, const Step *steps, int count, const Points *points); /* step.c: the steps at each of the points */
void cg_fill_init(Fn *f, const IrVar *v, Access access); /* writes init, or where a slot is chosen by access */
void cg_clear(Fn *f, const IrVar *v); /* zero at all points of axes that have no position */
void cg_clear_outside(Fn *f, const IrVar *v); /* of a square tensor's rows, what the band leaves out */
/* Bounds of the loop over axis (a row's columns in a band are narrower). */
void cg_range(Fn *f, const IrVar *v, const IrAxis *axis, Value *first, Value *end);
Value cg_band_first(Fn *f, const Band *band, const IrAxis *column, Value row);
Value cg_band_end(Fn *f, const Band *band, const IrAxis *column, Value row);

/* descriptor.c, scratch.c */
void cg_lay_out(CgModule *m);
char *cg_descriptor(CgModule *m);
Value cg_scratch_offset(Fn *f, const IrVar *v); /* bytes, inside a block's scratch */
void cg_scratch_function(CgModule *m, LLVMValueRef *function);

/* stream.c: is a stimulus read, or an output written, one point of its first axis in each cycle? */
bool cg_streams(const CgModule *m, const IrVar *v);

/* target.c */
bool cg_target(CgModule *m, char **error);
bool cg_processor_known(LLVMTargetRef target, const char *triple, const char *name); /* and does it run code of this target? */
bool cg_optimise(CgModule *m, char **error);
#endif
