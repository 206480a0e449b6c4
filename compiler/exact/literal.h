/* Decimals of the source as the rational numbers they say: 0.1 is 1/10, not its rounding. */
#ifndef CTX_EXACT_LITERAL_H
#define CTX_EXACT_LITERAL_H
#include "exact/value.h"
#include "ir/ir.h"

/* NULL: the text is no decimal. */
const Value *literal_value(Points *m, const char *text);
/* The prime factors of all literals and sizes of the program (those below 2^32), so that the field can make squares of them; their
 * number. */
int literal_primes(Arena *arena, const IrProgram *p, uint64_t **prime);
#endif
