/* Circuit -> system-level IR: what the circuit says, reading by reading undecided. */
#ifndef CTX_IR_BUILD_H
#define CTX_IR_BUILD_H
#include "circuit/circuit.h"
#include "ir/ir.h"

/* One variable per entity; a compartment is the sum of its projections (semantics.md rules 2 and 8), a cell's
 * equations are items, specs and the sides of checks are algebra. Items are in no particular order: each reading
 * sorts its own. Errors (a compartment that nothing targets and that has no value of its own) go to the diagnostics. */
IrProgram *ir_build(Arena *arena, Names *names, Diagnostics *diagnostics, const Circuit *circuit);
#endif
