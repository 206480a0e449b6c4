/* core/pool: every task once, results independent of the threads */
#include <CUnit/Basic.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/pool.h"

void suite_pool(void);

enum { TASKS = 5000 };

static void square(const CtxFrame *frame, int64_t first, int64_t last, int64_t thread) {
    double *out = frame->buffer[0];
    atomic_int *visits = frame->buffer[1];
    atomic_int *bad_thread = frame->buffer[2];
    if (thread < 0 || thread >= rt_pool_threads(frame->pool)) atomic_fetch_add(bad_thread, 1);
    for (int64_t i = first; i < last; i++) {
        out[i] += (double)i * (double)i;
        atomic_fetch_add(&visits[i], 1);
    }
}

static void every_task_runs_once(void) {
    for (int threads = 1; threads <= 5; threads++) {
        RtPool *pool = rt_pool_new(threads);
        CU_ASSERT_PTR_NOT_NULL_FATAL(pool);
        CU_ASSERT_EQUAL(rt_pool_threads(pool), threads);
        for (int64_t tasks = 0; tasks < TASKS; tasks = tasks * 3 + 1) {
            double *out = calloc(TASKS, sizeof *out);
            atomic_int *visits = calloc(TASKS, sizeof *visits);
            atomic_int bad_thread = 0;
            void *buffer[3] = {out, visits, &bad_thread};
            CtxFrame frame = {.buffer = buffer, .pool = pool};
            rt_parallel(&frame, square, tasks);
            int wrong = 0;
            for (int64_t i = 0; i < TASKS; i++) {
                wrong += visits[i] != (i < tasks);
                wrong += out[i] != (i < tasks ? (double)i * (double)i : 0);
            }
            CU_ASSERT_EQUAL(wrong, 0);
            CU_ASSERT_EQUAL(bad_thread, 0);
            free(out);
            free(visits);
        }
        rt_pool_free(pool);
    }
}

static void count(const CtxFrame *frame, int64_t first, int64_t last, int64_t thread) {
    (void)thread;
    atomic_fetch_add((atomic_int *)frame->buffer[0], (int)(last - first));
}

static void loops_follow_each_other(void) {
    RtPool *pool = rt_pool_new(3);
    CU_ASSERT_PTR_NOT_NULL_FATAL(pool);
    atomic_int total = 0;
    void *buffer[1] = {&total};
    CtxFrame frame = {.buffer = buffer, .pool = pool};
    for (int i = 0; i < 2000; i++) rt_parallel(&frame, count, 7);
    CU_ASSERT_EQUAL(total, 14000);
    frame.pool = NULL;
    rt_parallel(&frame, count, 7);
    CU_ASSERT_EQUAL(total, 14007);
    rt_pool_free(pool);
    rt_pool_free(NULL);
}

void suite_pool(void) {
    CU_pSuite suite = CU_add_suite("pool", NULL, NULL);
    CU_add_test(suite, "every task runs once", every_task_runs_once);
    CU_add_test(suite, "loops follow each other", loops_follow_each_other);
}
