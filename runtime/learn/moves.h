/* The loops of the optimisers, over `count` elements: g = scale * gradient + decay * w, then the move. All arithmetic is of the
 * element's type, element by element, so the pieces a tensor is cut into never change a bit. */
#ifndef CTX_RUNTIME_MOVES_H
#define CTX_RUNTIME_MOVES_H
#include <stdint.h>

typedef struct RtPlainMove {
    double scale, decay, momentum, rate;
} RtPlainMove;
typedef struct RtAdamMove {
    double scale, decay;
    double keep;        /* factor of the weight before the move */
    double beta1, beta2, epsilon;
    double rate, root;  /* of m / (sqrt(v) * root + epsilon) */
} RtAdamMove;

/* v = momentum v + g, w -= rate v; velocity NULL: w -= rate g. */
void rt_move_plain_f32(const RtPlainMove *move, int64_t count, float *weight, const float *gradient, float *velocity);
void rt_move_plain_f64(const RtPlainMove *move, int64_t count, double *weight, const double *gradient, double *velocity);
/* m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g g, w = keep w - rate m / (sqrt(v) root + epsilon). */
void rt_move_adam_f32(const RtAdamMove *move, int64_t count, float *weight, const float *gradient, float *mean, float *square);
void rt_move_adam_f64(const RtAdamMove *move, int64_t count, double *weight, const double *gradient, double *mean, double *square);
#endif
