/* core/layout: buffers that are needed at the same step lie apart; those that are not may lie in the same memory. */
#include <CUnit/Basic.h>
#include <stdlib.h>

#include "core/plan_internal.h"

void suite_layout(void);

enum { MOST = 24, STEPS = 12, ROUNDS = 500 };

typedef struct Fake {
    RtPlan plan;
    RtBuffer buffer[MOST];
    int64_t bytes[MOST], offset[MOST];
} Fake;

static Fake *fake(int count) {
    Fake *f = calloc(1, sizeof *f);
    f->plan.d.buffers = count;
    f->plan.d.buffer = f->buffer;
    f->plan.bytes = f->bytes;
    f->plan.offset = f->offset;
    return f;
}

static void need(Fake *f, int i, int first, int last, int64_t bytes) {
    f->buffer[i].live[0] = first;
    f->buffer[i].live[1] = last;
    f->bytes[i] = bytes;
}

static bool apart(const Fake *f, int a, int b) {
    bool together = f->buffer[a].live[0] <= f->buffer[b].live[1] && f->buffer[b].live[0] <= f->buffer[a].live[1];
    return !together || f->offset[a] + f->bytes[a] <= f->offset[b] || f->offset[b] + f->bytes[b] <= f->offset[a];
}

/* The most that is needed at one step: no layout is smaller. */
static int64_t least(const Fake *f) {
    int64_t most = 0;
    for (int step = 0; step < STEPS; step++) {
        int64_t held = 0;
        for (int i = 0; i < f->plan.d.buffers; i++)
            if (f->buffer[i].live[0] >= 0 && f->buffer[i].live[0] <= step && step <= f->buffer[i].live[1]) held += f->bytes[i];
        if (held > most) most = held;
    }
    return most;
}

static void any_lie_apart(void) {
    int64_t all = 0, best = 0;
    srand(1);
    for (int round = 0; round < ROUNDS; round++) {
        Fake *f = fake(1 + rand() % MOST);
        int wrong = 0;
        for (int i = 0; i < f->plan.d.buffers; i++) {
            int first = rand() % STEPS - 1; /* -1: not shared */
            need(f, i, first, first < 0 ? -1 : first + rand() % (STEPS - first), rand() % 5000);
        }
        CU_ASSERT_EQUAL(rt_layout(&f->plan), RT_OK);
        for (int a = 0; a < f->plan.d.buffers; a++) {
            if (f->buffer[a].live[0] < 0) continue;
            wrong += f->offset[a] % 64 != 0 || f->offset[a] < 0 || f->offset[a] + f->bytes[a] > f->plan.shared_bytes;
            for (int b = 0; b < a; b++) wrong += f->buffer[b].live[0] >= 0 && !apart(f, a, b);
        }
        CU_ASSERT_EQUAL(wrong, 0);
        all += f->plan.shared_bytes;
        best += least(f);
        free(f);
    }
    CU_ASSERT_TRUE(all >= best && all < best + best / 4);
}

/* a is read while b is written, b while c is: a and c take turns. */
static void a_chain_takes_two(void) {
    Fake *f = fake(5);
    for (int i = 0; i < 5; i++) need(f, i, i, i + 1, 4096);
    CU_ASSERT_EQUAL(rt_layout(&f->plan), RT_OK);
    CU_ASSERT_EQUAL(f->plan.shared_bytes, 2 * 4096);
    free(f);
}

static void too_large_is_said(void) {
    Fake *f = fake(2);
    f->plan.d.name = "huge";
    need(f, 0, 0, 1, INT64_MAX / 2 + 1);
    need(f, 1, 0, 1, INT64_MAX / 2 + 1);
    CU_ASSERT_EQUAL(rt_layout(&f->plan), RT_USER);
    rt_error_clear(&f->plan.error);
    free(f);
}

void suite_layout(void) {
    CU_pSuite suite = CU_add_suite("layout", NULL, NULL);
    CU_add_test(suite, "any lie apart", any_lie_apart);
    CU_add_test(suite, "a chain takes two", a_chain_takes_two);
    CU_add_test(suite, "too large is said", too_large_is_said);
}
