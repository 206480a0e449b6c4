/* Drawn weights: a counter-based generator (Philox 4x32 with 10 rounds; Salmon, Moraes, Dror, Shaw, "Parallel random numbers:
 * as easy as 1, 2, 3", SC 2011). Element i of tensor `name` depends on seed, name and i only, so a seed gives the same numbers
 * on every machine, in any order and for any number of threads. Logarithm and cosine are our own, because those of C libraries
 * differ in the last bits. */
#ifndef CTX_RUNTIME_DRAW_H
#define CTX_RUNTIME_DRAW_H
#include <stdint.h>

#include "io/tensor.h"

typedef enum RtDrawKind {
    RT_DRAW_NONE, RT_DRAW_NORMAL, RT_DRAW_UNIFORM, RT_DRAW_XAVIER, RT_DRAW_CONSTANT, RT_DRAW_BERNOULLI, RT_DRAW_CHOOSE,
    RT_DRAW_COUNT
} RtDrawKind;

/* normal: mean a, deviation b. uniform: from a to b. xavier: uniform within +-sqrt(6 / (a + b)), a and b the numbers of inputs
 * and outputs. constant: a. bernoulli: 1 with probability a, else 0. choose: a ones in each run of b elements, else 0. */
typedef struct RtDraw {
    RtDrawKind kind;
    double a, b;
} RtDraw;

/* Fills `count` elements of the given type: computed in double, then rounded. */
void rt_draw(const RtDraw *draw, uint64_t seed, const char *name, int64_t count, RtType type, void *out);
/* One block of the generator: four words from a counter of four and a key of two. */
void rt_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);
#endif
