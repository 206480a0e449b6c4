/* A small pool of worker threads for parallel loops.
 *
 * A pool belongs to whoever called rt_pool_new, and serves one loop at a time: calls on one pool never overlap, and a task
 * never starts a loop itself. Which thread runs which tasks is decided at run time, so a task's result must depend on its
 * index only: then results are the same bits for any number of threads. A pool of one thread runs everything inline. */
#ifndef CTX_RUNTIME_POOL_H
#define CTX_RUNTIME_POOL_H
#include "ctx_abi.h"

enum { RT_THREADS_MOST = 1024 };

/* Threads including the caller's; 0 or less: one for each processor this process may use. NULL: no memory or no threads. */
RtPool *rt_pool_new(int threads);
void rt_pool_free(RtPool *pool); /* NULL is allowed */
int rt_pool_threads(const RtPool *pool);
int rt_processors(void); /* processors this process may run on, at least 1 */

/* Runs task(frame, first, last, thread) on pieces that together cover 0 <= i < tasks exactly once, on frame->pool (NULL:
 * inline). Returns when all are done. */
void rt_parallel(const CtxFrame *frame, CtxTask task, int64_t tasks);
#endif
