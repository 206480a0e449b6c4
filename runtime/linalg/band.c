/* The tied index goes in blocks. For one, the k that all its points have are a product as they are stand; what only some have, at both
 * ends, is copied with zeros outside of the band, and added. */
#include "linalg/band.h"

#include <cblas.h>
#include <stdbool.h>
#include <string.h>

#include "core/pool.h"

enum { BLOCK = 128 };
static const double PARALLEL_OPERATIONS = 4e6; /* below, starting threads costs more than it saves */

typedef struct Band {
    CtxFrame frame; /* first: tasks get its address */
    int32_t flags;
    int bytes;      /* of an element */
    int64_t rows, columns, k;
    const char *a, *b;
    char *c;
    int64_t a_stride, b_stride, c_stride, low, high;
} Band;

/* Points first to end - 1 of the tied index, and k from to to - 1. */
typedef struct Part {
    int64_t first, end, from, to;
} Part;

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

static bool of_columns(const Band *s) { return s->flags & PRODUCT_BAND_OF_COLUMNS; }
static bool transposed(const Band *s, int32_t which) { return s->flags & which; }

static void call(const Band *s, const Part *p, const void *a, int64_t a_stride, bool a_transposed, const void *b, int64_t b_stride, bool b_transposed,
                 bool add) {
    int64_t rows = of_columns(s) ? s->rows : p->end - p->first, columns = of_columns(s) ? p->end - p->first : s->columns;
    void *c = s->c + p->first * (of_columns(s) ? 1 : s->c_stride) * s->bytes;
    CBLAS_TRANSPOSE at = a_transposed ? CblasTrans : CblasNoTrans, bt = b_transposed ? CblasTrans : CblasNoTrans;
    int m = (int)rows, n = (int)columns, k = (int)(p->to - p->from), ls = (int)a_stride, rs = (int)b_stride, cs = (int)s->c_stride;
    if (s->bytes == 4) cblas_sgemm(CblasRowMajor, at, bt, m, n, k, 1, a, ls, b, rs, add, c, cs);
    else cblas_dgemm(CblasRowMajor, at, bt, m, n, k, 1, a, ls, b, rs, add, c, cs);
}

/* Address of the operand's element at this row and column. */
static const char *at(const Band *s, bool b, int64_t row, int64_t column) {
    bool turned = transposed(s, b ? PRODUCT_B_TRANSPOSED : PRODUCT_A_TRANSPOSED);
    int64_t stride = b ? s->b_stride : s->a_stride;
    return (b ? s->b : s->a) + (turned ? column * stride + row : row * stride + column) * s->bytes;
}

static const char *part_of_a(const Band *s, const Part *p) { return at(s, false, of_columns(s) ? 0 : p->first, p->from); }
static const char *part_of_b(const Band *s, const Part *p) { return at(s, true, p->from, of_columns(s) ? p->first : 0); }

static void multiply(const Band *s, const Part *p, bool add) {
    call(s, p, part_of_a(s, p), s->a_stride, transposed(s, PRODUCT_A_TRANSPOSED), part_of_b(s, p), s->b_stride, transposed(s, PRODUCT_B_TRANSPOSED), add);
}

/* The tied operand with zeros outside of the band, [tied][k]: the k of point i that it has are from + first[i] to from + end[i] - 1. */
static inline __attribute__((always_inline)) void copy_tied(const Band *s, const Part *p, char *restrict to, size_t bytes) {
    bool by_k = of_columns(s) == transposed(s, of_columns(s) ? PRODUCT_B_TRANSPOSED : PRODUCT_A_TRANSPOSED);
    size_t step = bytes * (size_t)(by_k ? 1 : of_columns(s) ? s->b_stride : s->a_stride), row = bytes * (size_t)(p->to - p->from);
    memset(to, 0, row * (size_t)(p->end - p->first));
    for (int64_t i = p->first; i < p->end; i++, to += row) {
        int64_t first = most(p->from, i + s->low), end = least(p->to, i + s->high + 1);
        if (first >= end) continue;
        const char *from = of_columns(s) ? at(s, true, first, i) : at(s, false, i, first);
        char *place = to + (size_t)(first - p->from) * bytes;
        for (size_t k = 0; k < (size_t)(end - first); k++) memcpy(place + k * bytes, from + k * step, bytes);
    }
}

/* Where some points have k that others have not. */
static bool multiply_edge(const Band *s, Part p, int64_t to, bool add) {
    double copy[BLOCK * BLOCK];
    for (; p.from < to; p.from = p.to, add = true) {
        p.to = least(to, p.from + BLOCK);
        if (s->bytes == 4) copy_tied(s, &p, (char *)copy, 4); /* a constant, so that an element is one load and one store */
        else copy_tied(s, &p, (char *)copy, 8);
        int64_t width = p.to - p.from;
        if (of_columns(s)) call(s, &p, part_of_a(s, &p), s->a_stride, transposed(s, PRODUCT_A_TRANSPOSED), copy, width, true, add);
        else call(s, &p, copy, width, false, part_of_b(s, &p), s->b_stride, transposed(s, PRODUCT_B_TRANSPOSED), add);
    }
    return add;
}

static void clear(const Band *s, const Part *p) {
    int64_t first = of_columns(s) ? 0 : p->first, end = of_columns(s) ? s->rows : p->end;
    int64_t left = of_columns(s) ? p->first : 0, count = of_columns(s) ? p->end - p->first : s->columns;
    for (int64_t i = first; i < end; i++) memset(s->c + (i * s->c_stride + left) * s->bytes, 0, (size_t)(count * s->bytes));
}

static void block(const Band *s, int64_t first, int64_t end) {
    int64_t from = most(0, first + s->low), to = least(s->k, end + s->high);          /* some have */
    int64_t all_from = most(from, end - 1 + s->low), all_to = least(to, first + s->high + 1); /* all have */
    Part p = {first, end, from, all_from};
    if (all_from >= all_to) all_from = all_to = to;
    bool add = multiply_edge(s, p, all_from, false);
    if (all_from < all_to) {
        multiply(s, &(Part){first, end, all_from, all_to}, add);
        add = true;
    }
    p.from = all_to;
    if (!multiply_edge(s, p, to, add)) clear(s, &p);
}

static void blocks(const CtxFrame *frame, int64_t first, int64_t end, int64_t thread) {
    const Band *s = (const Band *)frame;
    int64_t points = of_columns(s) ? s->columns : s->rows;
    (void)thread;
    for (int64_t i = first; i < end; i++) block(s, i * BLOCK, least(points, (i + 1) * BLOCK));
}

/* Blocks depend on the shape alone, never on the number of threads. The library wants strides that hold a whole row even where there
 * is only one. */
static void run(const CtxFrame *frame, Band s) {
    int64_t count = ((of_columns(&s) ? s.columns : s.rows) + BLOCK - 1) / BLOCK;
    s.a_stride = most(s.a_stride, most(1, transposed(&s, PRODUCT_A_TRANSPOSED) ? s.rows : s.k));
    s.b_stride = most(s.b_stride, most(1, transposed(&s, PRODUCT_B_TRANSPOSED) ? s.k : s.columns));
    s.c_stride = most(s.c_stride, most(1, s.columns));
    if (frame && count > 1 && (double)s.rows * (double)s.columns * (double)s.k >= PARALLEL_OPERATIONS) {
        s.frame = *frame;
        rt_parallel(&s.frame, blocks, count);
    } else blocks(&s.frame, 0, count, 0);
}

void rt_band_f32(const CtxFrame *frame, int32_t flags, int64_t rows, int64_t columns, int64_t k, const float *a, int64_t a_stride, const float *b,
                 int64_t b_stride, float *c, int64_t c_stride, int64_t low, int64_t high) {
    run(frame, (Band){.flags = flags, .bytes = 4, .rows = rows, .columns = columns, .k = k, .a = (const char *)a, .b = (const char *)b, .c = (char *)c,
                      .a_stride = a_stride, .b_stride = b_stride, .c_stride = c_stride, .low = low, .high = high});
}

void rt_band_f64(const CtxFrame *frame, int32_t flags, int64_t rows, int64_t columns, int64_t k, const double *a, int64_t a_stride, const double *b,
                 int64_t b_stride, double *c, int64_t c_stride, int64_t low, int64_t high) {
    run(frame, (Band){.flags = flags, .bytes = 8, .rows = rows, .columns = columns, .k = k, .a = (const char *)a, .b = (const char *)b, .c = (char *)c,
                      .a_stride = a_stride, .b_stride = b_stride, .c_stride = c_stride, .low = low, .high = high});
}
