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
    RT_DRAW_LIST, RT_DRAW_COUNT
} RtDrawKind;

/* normal: mean a, deviation b. uniform: from a to b. xavier: uniform within +-sqrt(6 / (a + b)), a and b the numbers of inputs
 * and outputs. constant: a. bernoulli: 1 with probability a, else 0. choose: a ones in each run of b elements, else 0.
 * list: not drawn, but from a file of pairs (pairs.h), b sources for each target. */
typedef struct RtDraw {
    RtDrawKind kind;
    double a, b;
} RtDraw;

/* Fills `count` elements of the given type: computed in double, then rounded. */
void rt_draw(const RtDraw *draw, uint64_t seed, const char *name, int64_t count, RtType type, void *out);
/* Elements `first` to first + count - 1 of the same tensor. */
void rt_draw_from(const RtDraw *draw, uint64_t seed, const char *name, int64_t first, int64_t count, RtType type, void *out);
/* The share of ones in a table that is drawn as such; of a list the share that the compiler saw, 0 if it did not. Else 1. */
double rt_draw_share(const RtDraw *draw);
/* The stream of a name, as rt_draw has it. */
uint64_t rt_stream(const char *name);
/* White noise: `count` standard normal numbers of one time step, computed in double, then rounded. Number i of step t depends on seed,
 * stream, t and i only. */
void rt_normals(uint64_t seed, uint64_t stream, int64_t step, int64_t count, RtType type, void *out);
/* The same for generated code, with the seed of the frame. */
struct CtxFrame;
void rt_noise_f32(const struct CtxFrame *frame, int64_t stream, int64_t step, int64_t count, float *out);
void rt_noise_f64(const struct CtxFrame *frame, int64_t stream, int64_t step, int64_t count, double *out);
/* One block of the generator: four words from a counter of four and a key of two. */
void rt_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);
#endif
