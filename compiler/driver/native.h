/* From the optimised program to native code, as the options say. */
#ifndef CTX_DRIVER_NATIVE_H
#define CTX_DRIVER_NATIVE_H
#include "codegen/codegen.h"
#include "driver/phases.h"

/* After PHASE_OPTIMISE. EXIT_DONE, or an exit status after a message; the module is the caller's (cg_free). */
int native_compile(Compilation *c, CgModule **module);
/* The same, loaded into this process. */
int native_load(Compilation *c, CgModule **module, const CtxProgram **program);
#endif
