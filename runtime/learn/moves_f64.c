#include <math.h>

#include "learn/moves.h"

static void move_by_gradient(const RtPlainMove *move, int64_t count, double *restrict weight, const double *restrict gradient) {
    double scale = move->scale, decay = move->decay, rate = move->rate;
    for (int64_t i = 0; i < count; i++) weight[i] -= rate * (scale * gradient[i] + decay * weight[i]);
}

static void move_by_velocity(const RtPlainMove *move, int64_t count, double *restrict weight, const double *restrict gradient,
                             double *restrict velocity) {
    double scale = move->scale, decay = move->decay, momentum = move->momentum, rate = move->rate;
    for (int64_t i = 0; i < count; i++) {
        double v = momentum * velocity[i] + (scale * gradient[i] + decay * weight[i]);
        velocity[i] = v;
        weight[i] -= rate * v;
    }
}

void rt_move_plain_f64(const RtPlainMove *move, int64_t count, double *weight, const double *gradient, double *velocity) {
    if (velocity) move_by_velocity(move, count, weight, gradient, velocity);
    else move_by_gradient(move, count, weight, gradient);
}

void rt_move_adam_f64(const RtAdamMove *move, int64_t count, double *restrict weight, const double *restrict gradient, double *restrict mean,
                      double *restrict square) {
    double scale = move->scale, decay = move->decay, keep = move->keep, rate = move->rate, root = move->root;
    double beta1 = move->beta1, beta2 = move->beta2, epsilon = move->epsilon;
    double rest1 = 1 - move->beta1, rest2 = 1 - move->beta2;
    for (int64_t i = 0; i < count; i++) {
        double g = scale * gradient[i] + decay * weight[i];
        double m = beta1 * mean[i] + rest1 * g, v = beta2 * square[i] + rest2 * g * g;
        mean[i] = m;
        square[i] = v;
        weight[i] = keep * weight[i] - rate * m / (sqrt(v) * root + epsilon);
    }
}
