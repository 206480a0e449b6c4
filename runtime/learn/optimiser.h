/* How a weight moves along a gradient: sgd, momentum, adam, adamw. Decay adds decay * w to the gradient (an L2 penalty), but in adamw
 * takes rate * decay * w from the weight. Formulas: optimiser.c; torch.optim's are the same. */
#ifndef CTX_RUNTIME_OPTIMISER_H
#define CTX_RUNTIME_OPTIMISER_H
#include "io/tensor.h"

typedef enum RtOptimiserKind {
#define OPTIMISER(id, name, moments, parameters, help) RT_OPTIMISER_##id,
#include "optimisers.def"
#undef OPTIMISER
    RT_OPTIMISER_COUNT
} RtOptimiserKind;

enum { RT_MOMENTS = 2 }; /* tensors that an optimiser keeps for a weight, at most */

typedef struct RtOptimiser {
    RtOptimiserKind kind;
    double rate;
    double momentum;              /* momentum */
    double beta1, beta2, epsilon; /* adam, adamw */
    double decay;
} RtOptimiser;

/* One tensor, or a piece of it. */
typedef struct RtUpdate {
    RtType type;
    int64_t count;
    void *weight;
    const void *gradient;
    void *moment[RT_MOMENTS]; /* zero before the first step */
    double scale;             /* of the gradient, before anything else */
    double rate;              /* of this step */
    int64_t step;             /* from 1 */
} RtUpdate;

/* The usual parameters: optimisers.def. */
RtOptimiser rt_optimiser(RtOptimiserKind kind);
/* RT_USER, with a suggestion, if there is none of that name. */
RtStatus rt_optimiser_find(const char *name, RtOptimiserKind *kind, RtError *error);
const char *rt_optimiser_name(RtOptimiserKind kind);
int rt_optimiser_moments(RtOptimiserKind kind);
void rt_optimiser_update(const RtOptimiser *optimiser, const RtUpdate *update);
#endif
