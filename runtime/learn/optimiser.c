#include "learn/optimiser.h"

#include <math.h>
#include <string.h>

#include "learn/moves.h"

static const struct {
    const char *name;
    int moments;
    RtOptimiser usual;
} rows[RT_OPTIMISER_COUNT] = {
#define RATE(value) .rate = value,
#define PARAMETER(field, value) .field = value,
#define OPTIMISER(id, name, moments, parameters, help) {name, moments, {parameters .kind = RT_OPTIMISER_##id}},
#include "optimisers.def"
#undef OPTIMISER
#undef PARAMETER
#undef RATE
};

RtOptimiser rt_optimiser(RtOptimiserKind kind) { return rows[kind].usual; }

RtStatus rt_optimiser_find(const char *name, RtOptimiserKind *kind, RtError *error) {
    const char *names[RT_OPTIMISER_COUNT];
    for (int i = 0; i < RT_OPTIMISER_COUNT; i++) {
        names[i] = rows[i].name;
        if (strcmp(name, names[i])) continue;
        *kind = (RtOptimiserKind)i;
        return RT_OK;
    }
    const char *near = rt_closest(name, names, RT_OPTIMISER_COUNT);
    return rt_fail(error, RT_USER, "there is no optimiser '%s'; there are sgd, momentum, adam and adamw%s%s%s", name, near ? "; did you mean '" : "",
                   near ? near : "", near ? "'?" : "");
}

const char *rt_optimiser_name(RtOptimiserKind kind) { return rows[kind].name; }
int rt_optimiser_moments(RtOptimiserKind kind) { return rows[kind].moments; }

/* Adam as its authors write it: m and v are averages of g and g g, each divided by what an average from 0 lacks after t steps,
 *     w -= rate * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon).
 * adamw shrinks the weight by rate * decay first. */
static void move_adam(const RtOptimiser *o, const RtUpdate *u) {
    double lack1 = 1 - pow(o->beta1, (double)u->step), lack2 = 1 - pow(o->beta2, (double)u->step);
    bool apart = o->kind == RT_OPTIMISER_ADAMW;
    RtAdamMove move = {.scale = u->scale, .decay = apart ? 0 : o->decay, .keep = apart ? 1 - u->rate * o->decay : 1, .beta1 = o->beta1,
                       .beta2 = o->beta2, .epsilon = o->epsilon, .rate = u->rate / lack1, .root = 1 / sqrt(lack2)};
    if (u->type == RT_F64) rt_move_adam_f64(&move, u->count, u->weight, u->gradient, u->moment[0], u->moment[1]);
    else rt_move_adam_f32(&move, u->count, u->weight, u->gradient, u->moment[0], u->moment[1]);
}

static void move_plain(const RtOptimiser *o, const RtUpdate *u) {
    RtPlainMove move = {.scale = u->scale, .decay = o->decay, .momentum = o->momentum, .rate = u->rate};
    void *velocity = o->kind == RT_OPTIMISER_MOMENTUM ? u->moment[0] : NULL;
    if (u->type == RT_F64) rt_move_plain_f64(&move, u->count, u->weight, u->gradient, velocity);
    else rt_move_plain_f32(&move, u->count, u->weight, u->gradient, velocity);
}

void rt_optimiser_update(const RtOptimiser *o, const RtUpdate *u) {
    if (o->kind == RT_OPTIMISER_ADAM || o->kind == RT_OPTIMISER_ADAMW) move_adam(o, u);
    else move_plain(o, u);
}
