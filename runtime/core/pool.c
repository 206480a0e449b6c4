#define _GNU_SOURCE /* sched_getaffinity */
#include "core/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

/* Loops follow each other within microseconds, so a thread looks this often before it sleeps. */
enum { SPINS = 2000, PIECES_PER_THREAD = 8 };

typedef struct Worker {
    RtPool *pool;
    pthread_t handle;
    int index; /* 1 .. threads - 1; the caller of rt_parallel is 0 */
} Worker;

struct RtPool {
    int threads;
    Worker *worker;
    pthread_mutex_t lock;
    pthread_cond_t wake, done;
    atomic_uint generation; /* counts loops; a change starts the workers */
    atomic_int running; /* workers that have not finished the current loop */
    atomic_bool stop;
    atomic_llong next; /* first task nobody took yet */
    const CtxFrame *frame;
    CtxTask task;
    int64_t tasks, piece;
};

int rt_processors(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    int count = CPU_COUNT(&set);
    return count < 1 ? 1 : count;
}

static void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

static void take_tasks(RtPool *pool, int thread) {
    for (;;) {
        int64_t first = atomic_fetch_add_explicit(&pool->next, pool->piece, memory_order_relaxed);
        if (first >= pool->tasks) return;
        int64_t last = pool->tasks - first < pool->piece ? pool->tasks : first + pool->piece;
        pool->task(pool->frame, first, last, thread);
    }
}

static void wait_for_work(RtPool *pool, unsigned seen) {
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load(&pool->generation) != seen) return;
        relax();
    }
    pthread_mutex_lock(&pool->lock);
    while (atomic_load(&pool->generation) == seen) pthread_cond_wait(&pool->wake, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
}

static void *work(void *data) {
    Worker *self = data;
    RtPool *pool = self->pool;
    for (unsigned seen = 0;; seen++) {
        wait_for_work(pool, seen);
        if (atomic_load(&pool->stop)) return NULL;
        take_tasks(pool, self->index);
        if (atomic_fetch_sub(&pool->running, 1) == 1) {
            pthread_mutex_lock(&pool->lock);
            pthread_cond_signal(&pool->done);
            pthread_mutex_unlock(&pool->lock);
        }
    }
}

static void start_workers(RtPool *pool) {
    pthread_mutex_lock(&pool->lock);
    atomic_fetch_add(&pool->generation, 1);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
}

static void wait_for_workers(RtPool *pool) {
    for (int i = 0; i < SPINS; i++) {
        if (atomic_load(&pool->running) == 0) return;
        relax();
    }
    pthread_mutex_lock(&pool->lock);
    while (atomic_load(&pool->running) != 0) pthread_cond_wait(&pool->done, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
}

RtPool *rt_pool_new(int threads) {
    if (threads <= 0) threads = rt_processors();
    RtPool *pool = calloc(1, sizeof *pool);
    if (!pool) return NULL;
    pool->threads = 1;
    pool->worker = calloc((size_t)threads, sizeof *pool->worker);
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pthread_cond_init(&pool->done, NULL);
    if (!pool->worker) threads = 0;
    for (; pool->threads < threads; pool->threads++) {
        Worker *worker = &pool->worker[pool->threads];
        *worker = (Worker){.pool = pool, .index = pool->threads};
        if (pthread_create(&worker->handle, NULL, work, worker) != 0) break;
    }
    if (pool->threads == threads) return pool;
    rt_pool_free(pool);
    return NULL;
}

void rt_pool_free(RtPool *pool) {
    if (!pool) return;
    atomic_store(&pool->stop, true);
    start_workers(pool);
    for (int i = 1; i < pool->threads; i++) pthread_join(pool->worker[i].handle, NULL);
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->lock);
    free(pool->worker);
    free(pool);
}

int rt_pool_threads(const RtPool *pool) { return pool ? pool->threads : 1; }

void rt_parallel(const CtxFrame *frame, CtxTask task, int64_t tasks) {
    RtPool *pool = frame->pool;
    if (tasks <= 0) return;
    if (!pool || pool->threads == 1 || tasks == 1) {
        task(frame, 0, tasks, 0);
        return;
    }
    int64_t pieces = (int64_t)pool->threads * PIECES_PER_THREAD;
    pool->frame = frame;
    pool->task = task;
    pool->tasks = tasks;
    pool->piece = (tasks + pieces - 1) / pieces;
    atomic_store(&pool->next, 0);
    atomic_store(&pool->running, pool->threads - 1);
    start_workers(pool);
    take_tasks(pool, 0);
    wait_for_workers(pool);
}
