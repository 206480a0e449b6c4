/* Random well-formed core programs for tests of whatever reads or rewrites the IR.
 *
 * A program of `size` items over a bounded axis `token` (at most 7), a cycle `now` over it and constant axes of 2 to
 * 4 points: contractions with causal, anticausal and window guards, maps, maxima, selects on positions, scans in both directions with one or two
 * states, fixpoints that contract, readings at `last` and at the point before. The same seed gives the same program.
 * Values stay moderate (below about 1e3) when data and weights are within [-1, 1], nothing divides by something near
 * 0 and no maximum is empty, so that two ways to compute the program may be compared numerically. Ends: the last
 * equations as outputs, one record, and a check of one variable against a copy of its definition. */
#ifndef CTX_TESTS_RANDOM_IR_H
#define CTX_TESTS_RANDOM_IR_H
#include "ir/ir.h"

IrProgram *random_ir(Arena *arena, Names *names, uint64_t seed, int size);
#endif
