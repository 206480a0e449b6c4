/* Code generation: an optimised core program and its schedule -> native code, through the LLVM C API.
 *
 * The generated object exports `ctx_program` (runtime/include/ctx_abi.h). A CgModule belongs to its caller (cg_free). Errors are
 * messages for the user (an unknown processor) or faults of ctx; either way the result is NULL and *error is set. */
#ifndef CTX_CODEGEN_CODEGEN_H
#define CTX_CODEGEN_CODEGEN_H
#include "ctx_abi.h"
#include "opt/schedule.h"

typedef struct CgOptions {
    bool f64;        /* elements are double instead of float */
    const char *cpu; /* LLVM name, or "host" */
    int64_t areas, columns, populations; /* for the descriptor's summary */
    double dt, cycle; /* of the dynamic reading, seconds; dt 0: another reading */
} CgOptions;

typedef struct CgModule CgModule;

CgModule *cg_compile(const IrProgram *p, const Schedule *schedule, const CgOptions *options, char **error);
void cg_free(CgModule *module);

/* What was generated, after optimisation; the caller frees the bytes with free(). */
char *cg_llvm_text(CgModule *module);
void *cg_object(CgModule *module, bool assembly, size_t *length, char **error);

/* The JSON text that the program describes itself with; lives as long as the module. */
const char *cg_descriptor_text(const CgModule *module);

/* Loads the code into this process; valid until cg_free. */
const CtxProgram *cg_load(CgModule *module, char **error);
#endif
