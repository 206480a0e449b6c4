/* The order in which the items of an epoch come: a permutation that depends on seed and epoch only (counter-based, core/draw.h). */
#ifndef CTX_RUNTIME_SHUFFLE_H
#define CTX_RUNTIME_SHUFFLE_H
#include <stdint.h>

/* order[0 .. count - 1]: each number from 0 to count - 1 once. */
void rt_shuffle(uint64_t seed, uint64_t epoch, int64_t count, int64_t *order);
#endif
