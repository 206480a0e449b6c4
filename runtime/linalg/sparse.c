#include "linalg/sparse.h"

#include <stdlib.h>

#include "core/pool.h"

/* Plain loops on purpose: on the processors at hand (Zen 4) the gathers of AVX2 and AVX-512 take longer than single loads, which
 * four sums keep busy; 16-bit indices are a sixth faster than 32-bit ones, sums without values nearly twice. */
enum { TASK_SYNAPSES = 32768 };
static const int64_t PARALLEL_SYNAPSES = 250000; /* below, starting threads costs more than it saves */

void rt_sparse_free(RtSparse *sparse) {
    if (!sparse) return;
    free(sparse->start);
    free(sparse->index);
    free(sparse->value);
    free(sparse);
}

/* ---- rows ------------------------------------------------------------------------------------------------------------------ */
/* Written once for both widths of an index, with values and without; `narrow` and `values` are constants where it is inlined. */
#define INLINED static inline __attribute__((always_inline))

INLINED int64_t source(const RtSparse *s, bool narrow, int64_t k) {
    return narrow ? ((const uint16_t *)s->index)[k] : ((const uint32_t *)s->index)[k];
}

INLINED float term_f32(const RtSparse *s, bool narrow, bool values, const float *x, int64_t k) {
    float heard = x[source(s, narrow, k)];
    return values ? ((const float *)s->value)[k] * heard : heard;
}

INLINED double term_f64(const RtSparse *s, bool narrow, bool values, const double *x, int64_t k) {
    double heard = x[source(s, narrow, k)];
    return values ? ((const double *)s->value)[k] * heard : heard;
}

INLINED void rows_f32(const RtSparse *s, bool narrow, bool values, int64_t first, int64_t last, const float *x, float *y, int64_t stride) {
    float scale = (float)s->scale;
    for (int64_t r = first; r < last; r++) {
        float a = 0, b = 0, c = 0, d = 0;
        int64_t k = s->start[r], end = s->start[r + 1];
        for (; k + 4 <= end; k += 4) {
            a += term_f32(s, narrow, values, x, k);
            b += term_f32(s, narrow, values, x, k + 1);
            c += term_f32(s, narrow, values, x, k + 2);
            d += term_f32(s, narrow, values, x, k + 3);
        }
        for (; k < end; k++) a += term_f32(s, narrow, values, x, k);
        y[r * stride] = scale * ((a + b) + (c + d));
    }
}

INLINED void rows_f64(const RtSparse *s, bool narrow, bool values, int64_t first, int64_t last, const double *x, double *y, int64_t stride) {
    for (int64_t r = first; r < last; r++) {
        double a = 0, b = 0, c = 0, d = 0;
        int64_t k = s->start[r], end = s->start[r + 1];
        for (; k + 4 <= end; k += 4) {
            a += term_f64(s, narrow, values, x, k);
            b += term_f64(s, narrow, values, x, k + 1);
            c += term_f64(s, narrow, values, x, k + 2);
            d += term_f64(s, narrow, values, x, k + 3);
        }
        for (; k < end; k++) a += term_f64(s, narrow, values, x, k);
        y[r * stride] = s->scale * ((a + b) + (c + d));
    }
}

static void some_f32(const RtSparse *s, int64_t first, int64_t last, const float *x, float *y, int64_t stride) {
    if (s->narrow && s->value) rows_f32(s, true, true, first, last, x, y, stride);
    else if (s->narrow) rows_f32(s, true, false, first, last, x, y, stride);
    else if (s->value) rows_f32(s, false, true, first, last, x, y, stride);
    else rows_f32(s, false, false, first, last, x, y, stride);
}

static void some_f64(const RtSparse *s, int64_t first, int64_t last, const double *x, double *y, int64_t stride) {
    if (s->narrow && s->value) rows_f64(s, true, true, first, last, x, y, stride);
    else if (s->narrow) rows_f64(s, true, false, first, last, x, y, stride);
    else if (s->value) rows_f64(s, false, true, first, last, x, y, stride);
    else rows_f64(s, false, false, first, last, x, y, stride);
}

/* ---- tasks ------------------------------------------------------------------------------------------------------------------ */
/* rt_parallel hands its frame to the tasks, so the arguments ride behind it. */
typedef struct Job {
    CtxFrame frame;
    const RtSparse *sparse;
    int64_t rows, stride; /* rows of one task */
    bool f64;
    const void *x;
    void *y;
} Job;

static void row_block(const CtxFrame *frame, int64_t first, int64_t last, int64_t thread) {
    (void)thread;
    const Job *job = (const Job *)frame;
    int64_t from = first * job->rows, to = last * job->rows;
    if (to > job->sparse->rows) to = job->sparse->rows;
    if (job->f64) some_f64(job->sparse, from, to, job->x, job->y, job->stride);
    else some_f32(job->sparse, from, to, job->x, job->y, job->stride);
}

static void run(const CtxFrame *frame, const RtSparse *s, bool f64, const void *x, void *y, int64_t stride) {
    int64_t rows = s->synapses ? s->rows * TASK_SYNAPSES / s->synapses + 1 : s->rows;
    bool split = frame && s->synapses >= PARALLEL_SYNAPSES;
    Job job = {.sparse = s, .rows = split ? rows : s->rows, .stride = stride, .f64 = f64, .x = x, .y = y};
    if (split) job.frame = *frame;
    if (split) rt_parallel(&job.frame, row_block, (s->rows + rows - 1) / rows);
    else row_block(&job.frame, 0, 1, 0);
}

void rt_sparse_f32(const CtxFrame *frame, const RtSparse *s, const float *x, float *y, int64_t y_stride) {
    run(frame, s, false, x, y, y_stride);
}

void rt_sparse_f64(const CtxFrame *frame, const RtSparse *s, const double *x, double *y, int64_t y_stride) {
    run(frame, s, true, x, y, y_stride);
}
