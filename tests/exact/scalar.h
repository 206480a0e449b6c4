/* A check as scalar programs: what the equations say at one shape, element by element, in a form that an independent judge reads. */
#ifndef CTX_TESTS_SCALAR_H
#define CTX_TESTS_SCALAR_H
#include <stdio.h>

#include "ir/ir.h"

/* Writes for each element of the check a line `left-expression == right-expression`, fully parenthesised, operator first:
 * (+ (* x_0_1 0.5) (exp x_0_0)). Sums are unrolled, scans followed back to their first values, positions and sizes are numbers.
 * False: too large (more than `most` operations), and nothing was written. */
bool scalar_print(const IrProgram *p, const IrCheck *check, const int64_t *size, int most, FILE *to);
#endif
