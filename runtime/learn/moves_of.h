/* The loops of moves.h for one type of element: REAL, its square root ROOT, and NAME(x) for a function's name with the type's ending. */
static void NAME(by_gradient)(const RtPlainMove *move, int64_t count, REAL *restrict weight, const REAL *restrict gradient) {
    REAL scale = (REAL)move->scale, decay = (REAL)move->decay, rate = (REAL)move->rate;
    for (int64_t i = 0; i < count; i++) weight[i] -= rate * (scale * gradient[i] + decay * weight[i]);
}

static void NAME(by_velocity)(const RtPlainMove *move, int64_t count, REAL *restrict weight, const REAL *restrict gradient, REAL *restrict velocity) {
    REAL scale = (REAL)move->scale, decay = (REAL)move->decay, momentum = (REAL)move->momentum, rate = (REAL)move->rate;
    for (int64_t i = 0; i < count; i++) {
        REAL v = momentum * velocity[i] + (scale * gradient[i] + decay * weight[i]);
        velocity[i] = v;
        weight[i] -= rate * v;
    }
}

void NAME(rt_move_plain)(const RtPlainMove *move, int64_t count, REAL *weight, const REAL *gradient, REAL *velocity) {
    if (velocity) NAME(by_velocity)(move, count, weight, gradient, velocity);
    else NAME(by_gradient)(move, count, weight, gradient);
}

void NAME(rt_move_adam)(const RtAdamMove *move, int64_t count, REAL *restrict weight, const REAL *restrict gradient, REAL *restrict mean,
                        REAL *restrict square) {
    REAL scale = (REAL)move->scale, decay = (REAL)move->decay, keep = (REAL)move->keep, rate = (REAL)move->rate, root = (REAL)move->root;
    REAL beta1 = (REAL)move->beta1, beta2 = (REAL)move->beta2, epsilon = (REAL)move->epsilon;
    REAL rest1 = (REAL)(1 - move->beta1), rest2 = (REAL)(1 - move->beta2);
    for (int64_t i = 0; i < count; i++) {
        REAL g = scale * gradient[i] + decay * weight[i];
        REAL m = beta1 * mean[i] + rest1 * g, v = beta2 * square[i] + rest2 * g * g;
        mean[i] = m;
        square[i] = v;
        weight[i] = keep * weight[i] - rate * m / (ROOT(v) * root + epsilon);
    }
}
