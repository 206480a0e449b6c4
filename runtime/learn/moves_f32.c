#include <math.h>

#include "learn/moves.h"

static void move_by_gradient(const RtPlainMove *move, int64_t count, float *restrict weight, const float *restrict gradient) {
    float scale = (float)move->scale, decay = (float)move->decay, rate = (float)move->rate;
    for (int64_t i = 0; i < count; i++) weight[i] -= rate * (scale * gradient[i] + decay * weight[i]);
}

static void move_by_velocity(const RtPlainMove *move, int64_t count, float *restrict weight, const float *restrict gradient,
                             float *restrict velocity) {
    float scale = (float)move->scale, decay = (float)move->decay, momentum = (float)move->momentum, rate = (float)move->rate;
    for (int64_t i = 0; i < count; i++) {
        float v = momentum * velocity[i] + (scale * gradient[i] + decay * weight[i]);
        velocity[i] = v;
        weight[i] -= rate * v;
    }
}

void rt_move_plain_f32(const RtPlainMove *move, int64_t count, float *weight, const float *gradient, float *velocity) {
    if (velocity) move_by_velocity(move, count, weight, gradient, velocity);
    else move_by_gradient(move, count, weight, gradient);
}

void rt_move_adam_f32(const RtAdamMove *move, int64_t count, float *restrict weight, const float *restrict gradient, float *restrict mean,
                      float *restrict square) {
    float scale = (float)move->scale, decay = (float)move->decay, keep = (float)move->keep, rate = (float)move->rate, root = (float)move->root;
    float beta1 = (float)move->beta1, beta2 = (float)move->beta2, epsilon = (float)move->epsilon;
    float rest1 = (float)(1 - move->beta1), rest2 = (float)(1 - move->beta2);
    for (int64_t i = 0; i < count; i++) {
        float g = scale * gradient[i] + decay * weight[i];
        float m = beta1 * mean[i] + rest1 * g, v = beta2 * square[i] + rest2 * g * g;
        mean[i] = m;
        square[i] = v;
        weight[i] = keep * weight[i] - rate * m / (sqrtf(v) * root + epsilon);
    }
}
