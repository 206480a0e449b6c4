/* Where buffers lie that are needed at some steps of a call only: largest first, each at the lowest place where it meets none of those
 * placed before it that are needed at the same time ("greedy by size": Pisarchyk & Lee 2020, arXiv 2001.03288, section 5). */
#include <stdlib.h>

#include "core/plan_internal.h"

enum { LINE = 64 }; /* bytes; buffers begin at multiples of it */

bool rt_is_shared(const RtPlan *plan, int buffer) { return plan->d.buffer[buffer].live[0] >= 0; }

static bool meet(const RtPlan *plan, int a, int b) {
    const int *p = plan->d.buffer[a].live, *q = plan->d.buffer[b].live;
    return p[0] <= q[1] && q[0] <= p[1];
}

/* The lowest place for buffer `at` beside the placed ones, which are in order of their offsets. */
static int64_t lowest(const RtPlan *plan, const int *placed, int count, int at) {
    int64_t place = 0;
    for (int i = 0; i < count; i++) {
        int64_t from = plan->offset[placed[i]], end = from + plan->bytes[placed[i]];
        if (!meet(plan, placed[i], at)) continue;
        if (plan->bytes[at] <= from - place) break;
        if (end > place) place = (end + LINE - 1) / LINE * LINE;
    }
    return place;
}

/* The largest that is not placed yet, -1: none is left. */
static int largest(const RtPlan *plan, const bool *done) {
    int found = -1;
    for (int i = 0; i < plan->d.buffers; i++)
        if (rt_is_shared(plan, i) && !done[i] && (found < 0 || plan->bytes[i] > plan->bytes[found])) found = i;
    return found;
}

static void insert(const RtPlan *plan, int *placed, int count, int at) {
    int i = count;
    for (; i > 0 && plan->offset[placed[i - 1]] > plan->offset[at]; i--) placed[i] = placed[i - 1];
    placed[i] = at;
}

static RtStatus place_all(RtPlan *plan, int *placed, bool *done) {
    int count = 0;
    for (int at; (at = largest(plan, done)) >= 0;) {
        int64_t end;
        plan->offset[at] = lowest(plan, placed, count, at);
        insert(plan, placed, count++, at);
        done[at] = true;
        if (__builtin_add_overflow(plan->offset[at], plan->bytes[at], &end))
            return rt_fail(&plan->error, RT_USER, "the working memory of %s is too large for any machine", plan->d.name);
        if (end > plan->shared_bytes) plan->shared_bytes = end;
    }
    return RT_OK;
}

RtStatus rt_layout(RtPlan *plan) {
    size_t count = (size_t)plan->d.buffers + 1;
    int *placed = calloc(count, sizeof *placed);
    bool *done = calloc(count, sizeof *done);
    if (placed && done) place_all(plan, placed, done);
    else rt_no_memory(&plan->error, (double)(count * sizeof *placed), "a plan");
    free(placed);
    free(done);
    return plan->error.status;
}
