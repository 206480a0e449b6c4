/* The settled reading: system-level IR -> core IR.
 *
 * Differential equations become their equilibrium, states over cycles become scans, declared iterations become
 * fixpoints (semantics.md rules 11 and 13). What depends on itself within one cycle is an error that prints the
 * loop. */
#ifndef CTX_IR_SETTLE_H
#define CTX_IR_SETTLE_H
#include "ir/dynamic.h"

/* The core program, in dependence order; `system` is left as it was. After an error the result is not complete. `options`: dt and method
 * of what settle(e, t) integrates; NULL: steps of 0.1 ms. */
IrProgram *ir_settle(const IrProgram *system, const DynamicOptions *options, Diagnostics *diagnostics);
#endif
