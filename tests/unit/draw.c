/* core/draw: the generator against its published test vectors, distributions, streams */
#include <CUnit/Basic.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/draw.h"

void suite_draw(void);

/* Known answers of Philox 4x32-10, published with the generator by its authors. */
static void known_answers(void) {
    static const struct {
        uint32_t counter[4], key[2], expected[4];
    } rows[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint32_t out[4];
        rt_philox(rows[i].counter, rows[i].key, out);
        CU_ASSERT_EQUAL(memcmp(out, rows[i].expected, sizeof out), 0);
    }
}

enum { COUNT = 200001 }; /* odd: the last pair is half used */

typedef struct Moments {
    double mean, deviation, third, fourth, least, most;
} Moments;

static Moments moments(const double *x) {
    Moments m = {.least = x[0], .most = x[0]};
    for (int i = 0; i < COUNT; i++) {
        m.mean += x[i] / COUNT;
        m.least = fmin(m.least, x[i]);
        m.most = fmax(m.most, x[i]);
    }
    for (int i = 0; i < COUNT; i++) m.deviation += (x[i] - m.mean) * (x[i] - m.mean) / COUNT;
    m.deviation = sqrt(m.deviation);
    for (int i = 0; i < COUNT; i++) {
        double z = (x[i] - m.mean) / m.deviation;
        m.third += z * z * z / COUNT;
        m.fourth += z * z * z * z / COUNT;
    }
    return m;
}

/* Sampling errors of 200,000 draws: 0.0022 of the mean, 0.0055 of the third and 0.011 of the fourth moment. */
static void distributions(void) {
    double *x = malloc(COUNT * sizeof *x);
    rt_draw(&(RtDraw){RT_DRAW_NORMAL, 3, 2}, 7, "W", COUNT, RT_F64, x);
    Moments m = moments(x);
    CU_ASSERT_DOUBLE_EQUAL(m.mean, 3, 0.02);
    CU_ASSERT_DOUBLE_EQUAL(m.deviation, 2, 0.02);
    CU_ASSERT_DOUBLE_EQUAL(m.third, 0, 0.03);
    CU_ASSERT_DOUBLE_EQUAL(m.fourth, 3, 0.06);
    rt_draw(&(RtDraw){RT_DRAW_UNIFORM, -1, 4}, 7, "W", COUNT, RT_F64, x);
    m = moments(x);
    CU_ASSERT_DOUBLE_EQUAL(m.mean, 1.5, 0.02);
    CU_ASSERT_DOUBLE_EQUAL(m.deviation, 5 / sqrt(12), 0.02);
    CU_ASSERT(m.least >= -1 && m.least < -0.999 && m.most < 4 && m.most > 3.999);
    rt_draw(&(RtDraw){RT_DRAW_XAVIER, 10, 14}, 7, "W", COUNT, RT_F64, x);
    m = moments(x);
    CU_ASSERT(m.least >= -0.5 && m.least < -0.4999 && m.most < 0.5 && m.most > 0.4999);
    rt_draw(&(RtDraw){RT_DRAW_CONSTANT, 0.25, 0}, 7, "W", COUNT, RT_F64, x);
    CU_ASSERT_EQUAL(x[0], 0.25);
    CU_ASSERT_EQUAL(x[COUNT - 1], 0.25);
    rt_draw(&(RtDraw){RT_DRAW_BERNOULLI, 0.1, 0}, 7, "W", COUNT, RT_F64, x);
    m = moments(x);
    CU_ASSERT_DOUBLE_EQUAL(m.mean, 0.1, 0.003); /* deviation of the mean: 0.0007 */
    CU_ASSERT_DOUBLE_EQUAL(m.deviation, 0.3, 0.005);
    CU_ASSERT(m.least == 0 && m.most == 1);
    free(x);
}

/* Three ones in each run of seven; each of the 35 choices as often as any other: chi squared with 34 degrees of freedom is above
 * 74 once in 10,000 seeds. */
static void choices(void) {
    enum { RUN = 7, ONES = 3, RUNS = COUNT / RUN };
    double *x = malloc(RUNS * RUN * sizeof *x), chi = 0, expected = RUNS / 35.0;
    int seen[1 << RUN] = {0}, kinds = 0;
    rt_draw(&(RtDraw){RT_DRAW_CHOOSE, ONES, RUN}, 7, "W", RUNS * RUN, RT_F64, x);
    for (int i = 0; i < RUNS; i++) {
        int pattern = 0;
        for (int k = 0; k < RUN; k++) {
            CU_ASSERT(x[i * RUN + k] == 0 || x[i * RUN + k] == 1);
            pattern |= (x[i * RUN + k] == 1) << k;
        }
        seen[pattern]++;
    }
    for (int i = 0; i < 1 << RUN; i++) {
        if (!seen[i]) continue;
        CU_ASSERT_EQUAL(__builtin_popcount((unsigned)i), ONES);
        chi += (seen[i] - expected) * (seen[i] - expected) / expected;
        kinds++;
    }
    CU_ASSERT_EQUAL(kinds, 35);
    CU_ASSERT(chi < 74);
    free(x);
}

/* The formula once more with the C library's functions: agreement to a few units in the last place. */
static void normal_numbers_follow_box_and_muller(void) {
    double normal[1000], uniform[1000];
    rt_draw(&(RtDraw){RT_DRAW_NORMAL, 0, 1}, 11, "q", 1000, RT_F64, normal);
    rt_draw(&(RtDraw){RT_DRAW_UNIFORM, 0, 1}, 11, "q", 1000, RT_F64, uniform);
    int wrong = 0;
    for (int i = 0; i < 1000; i += 2) {
        double radius = sqrt(-2 * log(1 - uniform[i])), angle = 2 * 3.14159265358979323846 * uniform[i + 1];
        wrong += fabs(normal[i] - radius * cos(angle)) > 1e-14;
        wrong += fabs(normal[i + 1] - radius * sin(angle)) > 1e-14;
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static void streams_differ(void) {
    double a[64], b[64], shorter[7];
    float f[64];
    const RtDraw draw = {RT_DRAW_NORMAL, 0, 1};
    rt_draw(&draw, 1, "W_Q", 64, RT_F64, a);
    rt_draw(&draw, 1, "W_Q", 64, RT_F64, b);
    CU_ASSERT_EQUAL(memcmp(a, b, sizeof a), 0);
    rt_draw(&draw, 1, "W_Q", 7, RT_F64, shorter);
    CU_ASSERT_EQUAL(memcmp(a, shorter, sizeof shorter), 0);
    rt_draw(&draw, 1, "W_Q", 64, RT_F32, f);
    for (int i = 0; i < 64; i++) CU_ASSERT_EQUAL(f[i], (float)a[i]);
    rt_draw(&draw, 1, "W_K", 64, RT_F64, b);
    CU_ASSERT_NOT_EQUAL(memcmp(a, b, sizeof a), 0);
    rt_draw(&draw, 2, "W_Q", 64, RT_F64, b);
    CU_ASSERT_NOT_EQUAL(memcmp(a, b, sizeof a), 0);
}

void suite_draw(void) {
    CU_pSuite suite = CU_add_suite("draw", NULL, NULL);
    CU_add_test(suite, "known answers", known_answers);
    CU_add_test(suite, "distributions", distributions);
    CU_add_test(suite, "choices", choices);
    CU_add_test(suite, "normal numbers follow Box and Muller", normal_numbers_follow_box_and_muller);
    CU_add_test(suite, "streams differ", streams_differ);
}
