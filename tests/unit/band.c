/* linalg/band: sums under a guard against plain loops, at all shapes of the band and both ways to store each operand; what lies outside
 * of the band is never read into a result. */
#include <CUnit/Basic.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "linalg/band.h"

void suite_band(void);

enum { FAR = 1 << 20 };

typedef struct Case {
    int64_t rows, columns, k, low, high;
} Case;

static double draw(int64_t i) { return sin(12.9898 * (double)i) * 2; }

static bool inside(const Case *c, int32_t flags, int64_t row, int64_t column, int64_t k) {
    int64_t off = k - (flags & PRODUCT_BAND_OF_COLUMNS ? column : row);
    return c->low <= off && off <= c->high;
}

/* Largest distance from plain loops, in double. */
static double distance(const Case *c, int32_t flags) {
    bool ta = flags & PRODUCT_A_TRANSPOSED, tb = flags & PRODUCT_B_TRANSPOSED, of_columns = flags & PRODUCT_BAND_OF_COLUMNS;
    int64_t as = (ta ? c->rows : c->k) + 3, bs = (tb ? c->k : c->columns) + 5, cs = c->columns + 1;
    double *a = malloc(sizeof *a * (size_t)((ta ? c->k : c->rows) * as)), *b = malloc(sizeof *b * (size_t)((tb ? c->columns : c->k) * bs));
    double *to = malloc(sizeof *to * (size_t)(c->rows * cs)), most = 0;
    for (int64_t k = 0; k < c->k; k++) {
        for (int64_t i = 0; i < c->rows; i++) a[ta ? k * as + i : i * as + k] = of_columns || inside(c, flags, i, 0, k) ? draw(i * c->k + k) : NAN;
        for (int64_t j = 0; j < c->columns; j++) b[tb ? j * bs + k : k * bs + j] = !of_columns || inside(c, flags, 0, j, k) ? draw(j * c->k + k + 7) : NAN;
    }
    for (int64_t i = 0; i < c->rows * cs; i++) to[i] = NAN;
    rt_band_f64(NULL, flags, c->rows, c->columns, c->k, a, as, b, bs, to, cs, c->low, c->high);
    for (int64_t i = 0; i < c->rows; i++)
        for (int64_t j = 0; j < c->columns; j++) {
            double sum = 0;
            for (int64_t k = 0; k < c->k; k++)
                if (inside(c, flags, i, j, k)) sum += draw(i * c->k + k) * draw(j * c->k + k + 7);
            double off = fabs(to[i * cs + j] - sum);
            most = isnan(off) ? INFINITY : fmax(most, off);
        }
    free(a), free(b), free(to);
    return most;
}

static void bands_are_sums_under_a_guard(void) {
    static const Case cases[] = {
        {300, 33, 300, -FAR, 0}, {300, 33, 300, 0, FAR}, {300, 33, 300, -FAR, -1}, {300, 33, 300, 1, FAR}, {300, 5, 300, -100, 0},
        {300, 5, 300, -7, 7},    {129, 1, 70, -FAR, 0},  {70, 4, 400, 5, 260},     {400, 4, 70, -FAR, 0},  {400, 4, 70, 0, FAR},
        {33, 300, 300, -FAR, 0}, {33, 300, 257, 0, FAR}, {5, 300, 300, -150, 3},   {1, 1, 1, 0, 0},        {10, 10, 10, 50, 60},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int32_t flags = 0; flags < 16; flags++) {
            if (flags & PRODUCT_SYMMETRIC) continue;
            double off = distance(&cases[i], flags);
            if (off > 1e-11) printf("\n    case %d, flags %d: off by %g", (int)i, (int)flags, off);
            CU_ASSERT(off <= 1e-11);
        }
}

void suite_band(void) {
    CU_pSuite suite = CU_add_suite("band", NULL, NULL);
    CU_add_test(suite, "bands are sums under a guard", bands_are_sums_under_a_guard);
}
