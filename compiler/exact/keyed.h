/* Functions that are known only as functions: equal arguments give equal values, and nothing else is assumed. The value at an
 * argument is a random element, kept under the argument at all points. A set of arguments is a key too (maximum over many). */
#ifndef CTX_EXACT_KEYED_H
#define CTX_EXACT_KEYED_H
#include "exact/value.h"
#include "ir/ir.h"

typedef struct Keyed Keyed;
Keyed *keyed_new(Points *m, uint64_t *seed);
/* The random function `op` at u. */
const Value *keyed_value(Keyed *k, IrOp op, const Value *u);
/* The same for a function with f(-u) = parity f(u), parity 1 or -1. */
const Value *keyed_parity(Keyed *k, IrOp op, int parity, const Value *u);
/* The random symmetric function `op` of a set: order and repetition do not matter, and one of such functions is one of all their
 * arguments. */
const Value *keyed_set(Keyed *k, IrOp op, const Value *const *argument, int count);
/* The derivative of that function, where u moves by `moved`: a function of the set of pairs. */
const Value *keyed_set_tangent(Keyed *k, IrOp op, const Value *const *u, const Value *const *moved, int count);
#endif
