#include "core/draw.h"

#include <math.h>

#include "ctx_abi.h"

/* A product and a sum fused into one rounding would give other numbers on machines that have the instruction. */
#pragma GCC optimize("fp-contract=off")

void rt_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3], k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

/* Distinguishes the streams of differently named tensors (FNV-1a). */
uint64_t rt_stream(const char *name) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (; *name; name++) hash = (hash ^ (unsigned char)*name) * 0x100000001b3u;
    return hash;
}

/* Two numbers of [0, 1) with 53 bits each. */
static void uniform_pair(uint64_t seed, uint64_t stream, uint64_t block, double pair[2]) {
    uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), (uint32_t)stream, (uint32_t)(stream >> 32)};
    uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)}, out[4];
    rt_philox(counter, key, out);
    for (int i = 0; i < 2; i++) pair[i] = (double)(((uint64_t)out[2 * i] << 32 | out[2 * i + 1]) >> 11) * 0x1p-53;
}

/* Natural logarithm for 0 < x <= 1: x = m 2^e, log m = 2 artanh((m - 1) / (m + 1)) as its series; |s| <= 0.172. */
static double log_of(double x) {
    int e;
    double m = frexp(x, &e);
    if (m < 0x1.6a09e667f3bcdp-1) {
        m *= 2;
        e--;
    }
    double s = (m - 1) / (m + 1), square = s * s, sum = 0;
    for (int k = 23; k >= 1; k -= 2) sum = sum * square + 1.0 / k;
    return e * 0x1.62e42fefa39efp-1 + 2 * s * sum;
}

/* cos and sin of a quarter turn times t, 0 <= t < 1, by their series. */
static void quarter_turn(double t, double *c, double *s) {
    double angle = t * 0x1.921fb54442d18p+0, square = angle * angle;
    double cosine = 0, sine = 0;
    for (int k = 24; k >= 2; k -= 2) cosine = (1 + cosine) * (-square / ((double)k * (k - 1)));
    for (int k = 25; k >= 3; k -= 2) sine = (1 + sine) * (-square / ((double)k * (k - 1)));
    *c = 1 + cosine;
    *s = angle * (1 + sine);
}

/* Two independent standard normal numbers (Box and Muller 1958). */
static void normal_pair(const double uniform[2], double pair[2]) {
    double radius = sqrt(-2 * log_of(1 - uniform[0])), turn = 4 * uniform[1];
    int quadrant = (int)turn;
    double c, s;
    quarter_turn(turn - quadrant, &c, &s);
    double x = quadrant == 0 ? c : quadrant == 1 ? -s : quadrant == 2 ? -c : s;
    double y = quadrant == 0 ? s : quadrant == 1 ? c : quadrant == 2 ? -s : -c;
    pair[0] = radius * x;
    pair[1] = radius * y;
}

static void put(RtType type, void *out, int64_t i, double value) {
    if (type == RT_F64) ((double *)out)[i] = value;
    else ((float *)out)[i] = (float)value;
}

/* So many ones in each run of elements, every choice equally likely: element by element, each with the share of the ones that are
 * left among the elements that are left (Knuth, The Art of Computer Programming 2, 3.4.2, algorithm S). What is left at the first
 * element asked for, the elements of its run before it say. */
static void choose(const RtDraw *draw, uint64_t seed, uint64_t stream, int64_t first, int64_t count, RtType type, void *out) {
    int64_t run = (int64_t)draw->b, ones = (int64_t)draw->a, left = run, begin = first - first % run;
    double pair[2] = {0, 0};
    for (int64_t i = begin; i < first + count; i++) {
        if (i % 2 == 0 || i == begin) uniform_pair(seed, stream, (uint64_t)(i / 2), pair);
        bool one = pair[i % 2] * (double)left < (double)ones;
        ones -= one;
        if (i >= first) put(type, out, i - first, one);
        if (--left == 0) {
            ones = (int64_t)draw->a;
            left = run;
        }
    }
}

/* Elements 2 block and 2 block + 1. */
static void draw_pair(const RtDraw *draw, uint64_t seed, uint64_t stream, int64_t block, double pair[2]) {
    double low = draw->a, high = draw->b;
    if (draw->kind == RT_DRAW_XAVIER) {
        high = sqrt(6 / (draw->a + draw->b));
        low = -high;
    }
    pair[0] = pair[1] = draw->a;
    if (draw->kind != RT_DRAW_CONSTANT) uniform_pair(seed, stream, (uint64_t)block, pair);
    if (draw->kind == RT_DRAW_NORMAL) {
        normal_pair(pair, pair);
        for (int k = 0; k < 2; k++) pair[k] = draw->a + draw->b * pair[k];
    } else if (draw->kind == RT_DRAW_BERNOULLI) {
        for (int k = 0; k < 2; k++) pair[k] = pair[k] < draw->a;
    } else if (draw->kind != RT_DRAW_CONSTANT) {
        for (int k = 0; k < 2; k++) pair[k] = low + (high - low) * pair[k];
    }
}

void rt_draw_from(const RtDraw *draw, uint64_t seed, const char *name, int64_t first, int64_t count, RtType type, void *out) {
    uint64_t stream = rt_stream(name);
    if (draw->kind == RT_DRAW_CHOOSE) {
        choose(draw, seed, stream, first, count, type, out);
        return;
    }
    for (int64_t block = first / 2; 2 * block < first + count; block++) {
        double pair[2];
        draw_pair(draw, seed, stream, block, pair);
        for (int64_t k = 0; k < 2; k++) {
            int64_t i = 2 * block + k - first;
            if (i >= 0 && i < count) put(type, out, i, pair[k]);
        }
    }
}

double rt_draw_share(const RtDraw *draw) {
    if (draw->kind == RT_DRAW_BERNOULLI || draw->kind == RT_DRAW_LIST) return draw->a;
    return draw->kind == RT_DRAW_CHOOSE ? draw->a / draw->b : 1;
}

void rt_draw(const RtDraw *draw, uint64_t seed, const char *name, int64_t count, RtType type, void *out) {
    rt_draw_from(draw, seed, name, 0, count, type, out);
}

/* Steps begin with a block of their own, so that an odd count shifts nothing. */
void rt_normals(uint64_t seed, uint64_t stream, int64_t step, int64_t count, RtType type, void *out) {
    uint64_t first = (uint64_t)step * (uint64_t)((count + 1) / 2);
    for (int64_t i = 0; i < count; i += 2) {
        double pair[2];
        uniform_pair(seed, stream, first + (uint64_t)(i / 2), pair);
        normal_pair(pair, pair);
        put(type, out, i, pair[0]);
        if (i + 1 < count) put(type, out, i + 1, pair[1]);
    }
}

void rt_noise_f32(const CtxFrame *frame, int64_t stream, int64_t step, int64_t count, float *out) {
    rt_normals(frame->seed, (uint64_t)stream, step, count, RT_F32, out);
}

void rt_noise_f64(const CtxFrame *frame, int64_t stream, int64_t step, int64_t count, double *out) {
    rt_normals(frame->seed, (uint64_t)stream, step, count, RT_F64, out);
}
