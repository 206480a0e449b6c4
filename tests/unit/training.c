/* runtime/learn: optimisers against their formulas as the papers write them, in long double; schedules, order of the items, data. */
#include <CUnit/Basic.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/sealed.h"
#include "learn/data.h"
#include "learn/optimiser.h"
#include "learn/schedule.h"
#include "learn/shuffle.h"

void suite_training(void);

enum { COUNT = 37, STEPS = 50 }; /* an odd number: lanes and what is left over */

/* ---- optimisers ------------------------------------------------------------------------------------------------------------- */
typedef struct Plain { /* one element */
    long double w, v, m, s; /* weight, velocity, first and second moment */
} Plain;

static void plain_step(const RtOptimiser *o, Plain *p, long double g, int t) {
    if (o->kind != RT_OPTIMISER_ADAMW) g += o->decay * p->w;
    if (o->kind == RT_OPTIMISER_SGD) p->w -= o->rate * g;
    if (o->kind == RT_OPTIMISER_MOMENTUM) {
        p->v = o->momentum * p->v + g;
        p->w -= o->rate * p->v;
    }
    if (o->kind != RT_OPTIMISER_ADAM && o->kind != RT_OPTIMISER_ADAMW) return;
    p->m = o->beta1 * p->m + (1 - (long double)o->beta1) * g;
    p->s = o->beta2 * p->s + (1 - (long double)o->beta2) * g * g;
    long double m = p->m / (1 - powl(o->beta1, t)), s = p->s / (1 - powl(o->beta2, t));
    if (o->kind == RT_OPTIMISER_ADAMW) p->w -= o->rate * o->decay * p->w;
    p->w -= o->rate * m / (sqrtl(s) + o->epsilon);
}

static double gradient_at(int i, int t) { return sin(1.7 * i + 0.3 * t) * exp(-0.1 * i) + (i == 5 ? 0 : 0.01); }

static void put(RtType type, void *data, int i, double value) {
    if (type == RT_F64) ((double *)data)[i] = value;
    else ((float *)data)[i] = (float)value;
}

/* Largest distance from the plain formulas after STEPS steps, of gradients summed over 4 items; in pieces of `piece` elements. */
static double distance(const RtOptimiser *o, RtType type, int piece, double *weights) {
    double memory[4][COUNT] = {{0}}, scale = 0.25, most = 0;
    Plain plain[COUNT] = {{0}};
    size_t size = rt_type_size(type);
    for (int i = 0; i < COUNT; i++) {
        plain[i].w = (float)cos(i);
        put(type, memory[0], i, (double)plain[i].w);
    }
    for (int t = 1; t <= STEPS; t++) {
        for (int i = 0; i < COUNT; i++) {
            put(type, memory[1], i, gradient_at(i, t) / scale);
            plain_step(o, &plain[i], rt_element(type, memory[1], i) * (long double)scale, t);
        }
        for (int first = 0; first < COUNT; first += piece) {
            size_t at = (size_t)first * size;
            RtUpdate u = {.type = type, .count = COUNT - first < piece ? COUNT - first : piece, .weight = (char *)memory[0] + at,
                          .gradient = (char *)memory[1] + at, .moment = {(char *)memory[2] + at, (char *)memory[3] + at}, .scale = scale, .rate = o->rate,
                          .step = t};
            rt_optimiser_update(o, &u);
        }
    }
    for (int i = 0; i < COUNT; i++) {
        weights[i] = rt_element(type, memory[0], i);
        most = fmax(most, (double)fabsl(weights[i] - plain[i].w));
    }
    return most;
}

static void follows_its_formula(RtOptimiserKind kind, double decay) {
    RtOptimiser o = rt_optimiser(kind);
    o.decay = decay;
    o.rate = 0.02;
    double whole[COUNT], cut[COUNT];
    CU_ASSERT_TRUE(distance(&o, RT_F64, COUNT, whole) < 1e-14);
    CU_ASSERT_TRUE(distance(&o, RT_F32, COUNT, whole) < 3e-5);
    CU_ASSERT_TRUE(distance(&o, RT_F32, 5, cut) < 3e-5);
    CU_ASSERT_EQUAL(memcmp(whole, cut, sizeof whole), 0); /* pieces never change a bit */
}

static void optimisers(void) {
    for (int kind = 0; kind < RT_OPTIMISER_COUNT; kind++) {
        follows_its_formula((RtOptimiserKind)kind, 0);
        follows_its_formula((RtOptimiserKind)kind, 0.3);
    }
}

/* The first step of adam is rate * sign(g) whatever the gradient's size (epsilon apart): by hand, no other formula. */
static void first_steps_by_hand(void) {
    RtOptimiser o = rt_optimiser(RT_OPTIMISER_ADAM);
    double w[2] = {1, 1}, g[2] = {1e-3, -200}, m[2] = {0}, s[2] = {0};
    RtUpdate u = {.type = RT_F64, .count = 2, .weight = w, .gradient = g, .moment = {m, s}, .scale = 1, .rate = 0.1, .step = 1};
    rt_optimiser_update(&o, &u);
    CU_ASSERT_DOUBLE_EQUAL(w[0], 0.9, 1e-5);
    CU_ASSERT_DOUBLE_EQUAL(w[1], 1.1, 1e-9);
    o = rt_optimiser(RT_OPTIMISER_ADAMW); /* decay beside the gradient: 1 - 0.1 * 0.5, then the same step */
    o.decay = 0.5;
    memset(m, 0, sizeof m), memset(s, 0, sizeof s);
    w[0] = w[1] = 1;
    rt_optimiser_update(&o, &u);
    CU_ASSERT_DOUBLE_EQUAL(w[1], 1.05, 1e-9);
}

static void names(void) {
    RtError error = {0};
    RtOptimiserKind kind;
    CU_ASSERT_EQUAL(rt_optimiser_find("adamw", &kind, &error), RT_OK);
    CU_ASSERT_EQUAL(kind, RT_OPTIMISER_ADAMW);
    CU_ASSERT_EQUAL(rt_optimiser_find("momentun", &kind, &error), RT_USER);
    CU_ASSERT_PTR_NOT_NULL(strstr(rt_error_message(&error), "did you mean 'momentum'"));
    rt_error_clear(&error);
}

/* ---- schedules -------------------------------------------------------------------------------------------------------------- */
static void schedules(void) {
    RtSchedule s = {.warmup = 4};
    RtError error = {0};
    CU_ASSERT_EQUAL(rt_schedule_read("cosine", &s, &error), RT_OK);
    CU_ASSERT_DOUBLE_EQUAL(rt_schedule_factor(&s, 0, 104, 0), 0.25, 1e-15);
    CU_ASSERT_DOUBLE_EQUAL(rt_schedule_factor(&s, 4, 104, 0), 1, 1e-15);
    CU_ASSERT_DOUBLE_EQUAL(rt_schedule_factor(&s, 54, 104, 0), 0.5, 1e-15);
    CU_ASSERT_TRUE(rt_schedule_factor(&s, 103, 104, 0) < 3e-4 && rt_schedule_factor(&s, 103, 104, 0) > 0);
    CU_ASSERT_EQUAL(rt_schedule_read("step(10, 0.5)", &s, &error), RT_OK);
    CU_ASSERT_DOUBLE_EQUAL(rt_schedule_factor(&s, 500, 1000, 9), 1, 1e-15);
    CU_ASSERT_DOUBLE_EQUAL(rt_schedule_factor(&s, 500, 1000, 25), 0.25, 1e-15);
    CU_ASSERT_EQUAL(rt_schedule_read("constant", &s, &error), RT_OK);
    CU_ASSERT_DOUBLE_EQUAL(rt_schedule_factor(&s, 500, 1000, 25), 1, 1e-15);
    static const char *const wrong[] = {"", "linear", "step", "step(0, 0.5)", "step(10, 0.5", "step(10, 0.5) x", "step(10, -1)"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CU_ASSERT_EQUAL(rt_schedule_read(wrong[i], &s, &error), RT_USER);
        rt_error_clear(&error);
    }
}

/* ---- order of the items ------------------------------------------------------------------------------------------------------ */
/* Over many epochs each item comes to each place about equally often; epochs and seeds differ. */
static void orders(void) {
    enum { ITEMS = 7, EPOCHS = 7000 };
    int64_t order[ITEMS], again[ITEMS], count[ITEMS][ITEMS] = {{0}}, wrong = 0, same = 0;
    for (uint64_t epoch = 0; epoch < EPOCHS; epoch++) {
        unsigned seen = 0;
        rt_shuffle(3, epoch, ITEMS, order);
        for (int i = 0; i < ITEMS; i++) {
            seen |= 1u << order[i];
            count[i][order[i]]++;
        }
        wrong += seen != (1u << ITEMS) - 1;
        rt_shuffle(3, epoch, ITEMS, again);
        wrong += memcmp(order, again, sizeof order) != 0;
        rt_shuffle(4, epoch, ITEMS, again);
        same += memcmp(order, again, sizeof order) == 0;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_TRUE(same < 10); /* 7000 / 7! = 1.4 expected */
    double most = 0;
    for (int i = 0; i < ITEMS; i++)
        for (int k = 0; k < ITEMS; k++) most = fmax(most, fabs((double)count[i][k] - EPOCHS / ITEMS));
    CU_ASSERT_TRUE(most < 5 * sqrt(EPOCHS / ITEMS)); /* five deviations */
}

/* ---- data ------------------------------------------------------------------------------------------------------------------------ */
static char *file_of(char path[64], int rank, const int64_t *shape) {
    RtTensor t;
    RtError error = {0};
    strcpy(path, "/tmp/ctx-learn-XXXXXX");
    close(mkstemp(path));
    CU_ASSERT_EQUAL_FATAL(rt_tensor_new(&t, RT_F64, rank, shape, &error), RT_OK);
    for (int64_t i = 0; i < rt_shape_count(rank, shape); i++) ((double *)t.data)[i] = (double)i;
    CU_ASSERT_EQUAL_FATAL(rt_npy_write(path, &t, &error), RT_OK);
    rt_tensor_free(&t);
    return path;
}

static void items_of_files(void) {
    char items[64], shared[64], range[96];
    RtData data = {0};
    RtError error = {0};
    file_of(items, 2, (int64_t[]){5, 3});
    file_of(shared, 1, (int64_t[]){3});
    snprintf(range, sizeof range, "%s[1:4]", items);
    CU_ASSERT_EQUAL(rt_data_read(&data, "x", range, 1, RT_F32, &error), RT_OK);
    CU_ASSERT_EQUAL(rt_data_read(&data, "s", shared, 1, RT_F32, &error), RT_OK);
    CU_ASSERT_EQUAL(data.items, 3);
    CU_ASSERT_TRUE(data.series[1].shared && !data.series[0].shared);
    float to[6];
    rt_data_gather(&data.series[0], (int64_t[]){2, 0}, 2, to);
    CU_ASSERT_EQUAL(to[0], 9); /* item 2 of the range is row 3 of the file */
    CU_ASSERT_EQUAL(to[5], 5);
    CU_ASSERT_EQUAL(rt_data_read(&data, "y", items, 1, RT_F32, &error), RT_USER); /* 5 items, not 3 */
    CU_ASSERT_PTR_NOT_NULL(strstr(rt_error_message(&error), "holds 5 items"));
    rt_error_clear(&error);
    snprintf(range, sizeof range, "%s[4:6]", items);
    CU_ASSERT_EQUAL(rt_data_read(&data, "z", range, 1, RT_F32, &error), RT_USER);
    CU_ASSERT_PTR_NOT_NULL(strstr(rt_error_message(&error), "the file has 5"));
    rt_error_clear(&error);
    rt_data_free(&data);
    unlink(items);
    unlink(shared);
}

/* ---- sealed files ---------------------------------------------------------------------------------------------------------------- */
/* Cut at every length, and with every byte changed, a file is refused. */
static void sealed_files(void) {
    static const char magic[8] = {'T', 'E', 'S', 'T', 'S', 'E', 'A', 'L'};
    char path[] = "/tmp/ctx-sealed-XXXXXX", taken[11];
    unsigned char *bytes;
    size_t length;
    RtError error = {0};
    RtSealed f;
    close(mkstemp(path));
    CU_ASSERT_EQUAL(rt_sealed_write(path, magic, 3, "header", 2, (RtPiece[]){{"some", 4}, {" state", 7}}, &error), RT_OK);
    CU_ASSERT_EQUAL(rt_sealed_read(path, magic, 3, "a test", &f, &error), RT_OK);
    CU_ASSERT_EQUAL(f.header_length, 6);
    CU_ASSERT_EQUAL(rt_sealed_take(&f, taken, 11, &error), RT_OK);
    CU_ASSERT_STRING_EQUAL(taken, "some state");
    CU_ASSERT_EQUAL(rt_sealed_take(&f, taken, 1, &error), RT_USER);
    rt_error_clear(&error);
    rt_sealed_close(&f);
    CU_ASSERT_EQUAL_FATAL(rt_file_read(path, &bytes, &length, &error), RT_OK);
    size_t accepted = 0;
    for (size_t i = 0; i < length; i++) {
        for (int change = 0; change < 2; change++) {
            bytes[i] ^= change ? 0x40 : 0;
            rt_file_write(path, &(RtPiece){bytes, change ? length : i}, 1, &error);
            bytes[i] ^= change ? 0x40 : 0;
            if (rt_sealed_read(path, magic, 3, "a test", &f, &error) == RT_OK) {
                accepted++;
                rt_sealed_close(&f);
            } else CU_ASSERT_EQUAL(error.status, RT_USER);
            rt_error_clear(&error);
        }
    }
    CU_ASSERT_EQUAL(accepted, 0);
    free(bytes);
    unlink(path);
}

void suite_training(void) {
    CU_pSuite suite = CU_add_suite("training", NULL, NULL);
    CU_add_test(suite, "optimisers follow their formulas", optimisers);
    CU_add_test(suite, "first steps by hand", first_steps_by_hand);
    CU_add_test(suite, "names", names);
    CU_add_test(suite, "schedules", schedules);
    CU_add_test(suite, "orders", orders);
    CU_add_test(suite, "items of files", items_of_files);
    CU_add_test(suite, "sealed files", sealed_files);
}
