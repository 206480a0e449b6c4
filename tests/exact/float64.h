/* The two sides of a check beside each other in float64: a second opinion on verdicts of the exact engine, without any code of it. */
#ifndef CTX_TESTS_EXACT_FLOAT64_H
#define CTX_TESTS_EXACT_FLOAT64_H
#include "ir/ir.h"

/* The size of each axis by its id; a bounded axis has three positions at most. In the program's arena. */
int64_t *float64_sizes(const IrProgram *p);
/* splitmix64 (Steele, Lea & Flood 2014) */
uint64_t float64_next(uint64_t *state);
/* Whether some input in [-1, 1] of a few shows a difference that no rounding explains. A check `a == c * b` is compared as if c were 1. */
bool float64_differs(const IrProgram *p, const IrCheck *c, uint64_t seed);
#endif
