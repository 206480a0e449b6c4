/* Repairs: where two sides are not equal, what would make them so? That is the difference in words: a constant factor, a permutation
 * of one axis, a weight that has taken up a factor; or one change of one equation: a constant, a guard, a missing residual, a wrong
 * weight. Each candidate is decided by the engine like any check, at small sizes; nothing is guessed from the look of equations. */
#ifndef CTX_EXACT_REPAIR_H
#define CTX_EXACT_REPAIR_H
#include "exact/exact.h"

/* Adds up to three hints to a result that is EXACT_UNEQUAL; the verdict stays. Tries only as many candidates as fit in the options'
 * budget of operations (0: about two seconds). `core` stays as it is. */
void exact_repair(Arena *arena, const IrProgram *core, const IrCheck *check, const ExactOptions *options, ExactResult *result);
#endif
