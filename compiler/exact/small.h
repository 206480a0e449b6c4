/* Few points of each axis: what holds there is decided fast, and mostly says what holds at all sizes. */
#ifndef CTX_EXACT_SMALL_H
#define CTX_EXACT_SMALL_H
#include "ir/ir.h"

/* By axis: `least` points or one more, or as many as the program names, but no more than there are. */
int64_t *small_sizes(Arena *arena, const IrProgram *p, int64_t least);
#endif
