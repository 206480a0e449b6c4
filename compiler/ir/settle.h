/* The settled reading: system-level IR -> core IR.
 *
 * Differential equations become their equilibrium, states over cycles become scans, declared iterations become
 * fixpoints (semantics.md rules 11 and 13). What depends on itself within one cycle is an error that prints the
 * loop. */
#ifndef CTX_IR_SETTLE_H
#define CTX_IR_SETTLE_H
#include "ir/ir.h"

/* The core program, in dependence order; `system` is left as it was. After an error the result is not complete. */
IrProgram *ir_settle(const IrProgram *system, Diagnostics *diagnostics);
#endif
