#include "linalg/product.h"

#include <cblas.h>

#include "core/pool.h"

enum { ROW_BLOCK = 128 };                       /* rows of one task */
static const double PARALLEL_OPERATIONS = 4e6;  /* below, starting threads costs more than it saves */

void rt_linalg_start(void) {
    openblas_set_num_threads(1);
}

typedef struct Shape {
    int32_t flags;
    int64_t rows, columns, k, a_stride, b_stride, c_stride;
} Shape;

static CBLAS_TRANSPOSE transpose(int32_t flags, int32_t which) {
    return flags & which ? CblasTrans : CblasNoTrans;
}

static int is_added(const Shape *s) {
    return (s->flags & PRODUCT_ADDED) != 0;
}

static int64_t at_least(int64_t value, int64_t least) {
    return value > least ? value : least;
}

/* The library wants strides that hold a whole row even where there is only one. */
static Shape padded(Shape s) {
    s.a_stride = at_least(s.a_stride, at_least(1, s.flags & PRODUCT_A_TRANSPOSED ? s.rows : s.k));
    s.b_stride = at_least(s.b_stride, at_least(1, s.flags & PRODUCT_B_TRANSPOSED ? s.k : s.columns));
    s.c_stride = at_least(s.c_stride, at_least(1, s.columns));
    return s;
}

static void multiply_f32(const Shape *s, const float *a, const float *b, float *c) {
    cblas_sgemm(CblasRowMajor, transpose(s->flags, PRODUCT_A_TRANSPOSED), transpose(s->flags, PRODUCT_B_TRANSPOSED), (int)s->rows,
                (int)s->columns, (int)s->k, 1, a, (int)s->a_stride, b, (int)s->b_stride, is_added(s), c, (int)s->c_stride);
}

static void multiply_f64(const Shape *s, const double *a, const double *b, double *c) {
    cblas_dgemm(CblasRowMajor, transpose(s->flags, PRODUCT_A_TRANSPOSED), transpose(s->flags, PRODUCT_B_TRANSPOSED), (int)s->rows,
                (int)s->columns, (int)s->k, 1, a, (int)s->a_stride, b, (int)s->b_stride, is_added(s), c, (int)s->c_stride);
}

static void symmetric_f32(const Shape *s, const float *a, float *c) {
    cblas_ssyrk(CblasRowMajor, CblasUpper, transpose(s->flags, PRODUCT_A_TRANSPOSED), (int)s->rows, (int)s->k, 1, a, (int)s->a_stride, 0, c,
                (int)s->c_stride);
    for (int64_t i = 1; i < s->rows; i++)
        for (int64_t j = 0; j < i; j++) c[i * s->c_stride + j] = c[j * s->c_stride + i];
}

static void symmetric_f64(const Shape *s, const double *a, double *c) {
    cblas_dsyrk(CblasRowMajor, CblasUpper, transpose(s->flags, PRODUCT_A_TRANSPOSED), (int)s->rows, (int)s->k, 1, a, (int)s->a_stride, 0, c,
                (int)s->c_stride);
    for (int64_t i = 1; i < s->rows; i++)
        for (int64_t j = 0; j < i; j++) c[i * s->c_stride + j] = c[j * s->c_stride + i];
}

/* A product as a parallel loop over row blocks. rt_parallel hands its frame to the tasks, so the arguments ride behind it. */
typedef struct Parallel {
    CtxFrame frame;
    Shape shape;
    int bytes; /* of an element */
    const char *a, *b;
    char *c;
} Parallel;

static void row_blocks(const CtxFrame *frame, int64_t first, int64_t last, int64_t thread) {
    (void)thread;
    const Parallel *job = (const Parallel *)frame;
    for (int64_t i = first; i < last; i++) {
        Shape s = job->shape;
        int64_t row = i * ROW_BLOCK, left = s.rows - row;
        int64_t a_step = s.flags & PRODUCT_A_TRANSPOSED ? 1 : s.a_stride;
        s.rows = left < ROW_BLOCK ? left : ROW_BLOCK;
        const char *a = job->a + row * a_step * job->bytes;
        char *c = job->c + row * s.c_stride * job->bytes;
        if (job->bytes == 4) multiply_f32(&s, (const float *)a, (const float *)job->b, (float *)c);
        else multiply_f64(&s, (const double *)a, (const double *)job->b, (double *)c);
    }
}

/* Splitting depends on the shape alone, never on the number of threads. */
static int split(const CtxFrame *frame, const Shape *s) {
    return frame && s->rows >= 2 * ROW_BLOCK && 2.0 * (double)s->rows * (double)s->columns * (double)s->k >= PARALLEL_OPERATIONS;
}

static void run_split(const CtxFrame *frame, const Shape *s, int bytes, const void *a, const void *b, void *c) {
    Parallel job = {*frame, *s, bytes, a, b, c};
    rt_parallel(&job.frame, row_blocks, (s->rows + ROW_BLOCK - 1) / ROW_BLOCK);
}

void rt_product_f32(const CtxFrame *frame, int32_t flags, int64_t rows, int64_t columns, int64_t k, const float *a, int64_t a_stride,
                    const float *b, int64_t b_stride, float *c, int64_t c_stride) {
    Shape s = padded((Shape){flags, rows, columns, k, a_stride, b_stride, c_stride});
    if (flags & PRODUCT_SYMMETRIC) symmetric_f32(&s, a, c);
    else if (split(frame, &s)) run_split(frame, &s, 4, a, b, c);
    else multiply_f32(&s, a, b, c);
}

void rt_product_f64(const CtxFrame *frame, int32_t flags, int64_t rows, int64_t columns, int64_t k, const double *a, int64_t a_stride,
                    const double *b, int64_t b_stride, double *c, int64_t c_stride) {
    Shape s = padded((Shape){flags, rows, columns, k, a_stride, b_stride, c_stride});
    if (flags & PRODUCT_SYMMETRIC) symmetric_f64(&s, a, c);
    else if (split(frame, &s)) run_split(frame, &s, 8, a, b, c);
    else multiply_f64(&s, a, b, c);
}
