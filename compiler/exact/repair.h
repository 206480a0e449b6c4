/* Repairs: where two sides are not equal, which single change of an equation would make them so? That is the difference in words:
 * a constant, a guard, a factor, a missing residual, an exchanged weight. Each candidate is decided by the engine like any check, at
 * one small shape; nothing is guessed from the look of the equations. */
#ifndef CTX_EXACT_REPAIR_H
#define CTX_EXACT_REPAIR_H
#include "exact/exact.h"

/* Adds hints to a result that is EXACT_UNEQUAL: a constant factor between the sides, and up to three repairs, simplest first. Tries
 * only as many as fit in the options' budget of operations. */
void exact_repair(Arena *arena, const IrProgram *core, const IrCheck *check, const ExactOptions *options, ExactResult *result);
#endif
