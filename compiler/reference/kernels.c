/* See kernels.h. Bounds are first order in the rounding of the arithmetic, not in the errors of the operands: those
 * enter in full, since after a cancellation they may be larger than the values. */
#pragma GCC optimize("O3")
#pragma GCC diagnostic ignored "-Wpsabi" /* vectors are passed between inlined functions only */
#include "reference/kernels.h"

#include <math.h>

/* The loops below are written once with `xs`, `ys` and compiled for the steps that occur. */
#define INLINE static inline __attribute__((always_inline))

/* The hottest loops exist twice, for processors with and without AVX2; the loader picks. Sanitizers start after the
 * loader. */
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
#define CLONES __attribute__((target_clones("avx2", "default")))
#else
#define CLONES
#endif

INLINE void mul_steps(double u, double tiny, int64_t n, Lanes x, Lanes y, int xs, int ys, double *restrict v,
                      double *restrict b) {
    for (int64_t i = 0; i < n; i++) {
        double p = x.v[i * xs], q = y.v[i * ys], bp = x.b[i * xs], bq = y.b[i * ys];
        double product = p * q, error = fabs(p) * bq + (fabs(q) + bq) * bp;
        v[i] = product;
        b[i] = error + u * (fabs(product) + error) + tiny;
    }
}

INLINE void magnitudes(int64_t n, Lanes x, Lanes y, double *restrict v, double *restrict b) {
    for (int64_t i = 0; i < n; i++) {
        v[i] = x.v[i * x.step] * y.v[i * y.step];
        b[i] = x.b[i * x.step] * y.b[i * y.step];
    }
}

void kernel_mul(const RefArithmetic *how, int64_t n, Lanes x, Lanes y, double *v, double *b) {
    double u = how->unit, tiny = how->tiny;
    if (how->integers) magnitudes(n, x, y, v, b);
    else if (x.step && y.step) mul_steps(u, tiny, n, x, y, 1, 1, v, b);
    else if (y.step) mul_steps(u, tiny, n, x, y, 0, 1, v, b);
    else mul_steps(u, tiny, n, x, y, x.step, 0, v, b);
}

INLINE void add_steps(double u, double sign, int64_t n, Lanes x, Lanes y, int xs, int ys, double *restrict v,
                      double *restrict b) {
    for (int64_t i = 0; i < n; i++) {
        double sum = x.v[i * xs] + sign * y.v[i * ys], error = x.b[i * xs] + y.b[i * ys];
        v[i] = sum;
        b[i] = error + u * (fabs(sum) + error);
    }
}

void kernel_add(const RefArithmetic *how, int64_t n, Lanes x, Lanes y, double sign, double *v, double *b) {
    double u = how->unit;
    if (x.step && y.step) add_steps(u, sign, n, x, y, 1, 1, v, b);
    else if (y.step) add_steps(u, sign, n, x, y, 0, 1, v, b);
    else add_steps(u, sign, n, x, y, x.step, 0, v, b);
}

/* ---- sums -------------------------------------------------------------------------------------------------------- */
INLINE void accumulate_steps(int64_t n, Lanes x, Lanes y, int xs, int ys, double *restrict tv, double *restrict tb,
                             double *restrict ta) {
    for (int64_t i = 0; i < n; i++) {
        double p = x.v[i * xs], q = y.v[i * ys], bp = x.b[i * xs], bq = y.b[i * ys], product = p * q;
        tv[i] += product;
        ta[i] += fabs(product);
        tb[i] += fabs(p) * bq + (fabs(q) + bq) * bp;
    }
}

void kernel_accumulate(const RefArithmetic *how, int64_t n, Lanes x, const Lanes *y, Totals t) {
    if (!y) {
        for (int64_t i = 0; i < n; i++) {
            double p = x.v[i * x.step];
            t.v[i] += p;
            t.a[i] += fabs(p);
            t.b[i] += x.b[i * x.step];
        }
        return;
    }
    if (how->integers) {
        for (int64_t i = 0; i < n; i++) {
            t.v[i] += x.v[i * x.step] * y->v[i * y->step];
            t.b[i] += x.b[i * x.step] * y->b[i * y->step];
        }
        return;
    }
    kernel_accumulate_rows(1, n, x, 0, *y, 0, t);
}

INLINE void accumulate_rows(int64_t rows, int64_t n, Lanes x, int64_t xrow, Lanes y, int64_t yrow, int xs, int ys,
                            Totals t) {
    for (int64_t r = 0; r < rows; r++, x.v += xrow, x.b += xrow, y.v += yrow, y.b += yrow)
        accumulate_steps(n, x, y, xs, ys, t.v, t.b, t.a);
}

CLONES void kernel_accumulate_rows(int64_t rows, int64_t n, Lanes x, int64_t xrow, Lanes y, int64_t yrow, Totals t) {
    if (x.step && y.step) accumulate_rows(rows, n, x, xrow, y, yrow, 1, 1, t);
    else if (y.step) accumulate_rows(rows, n, x, xrow, y, yrow, 0, 1, t);
    else if (x.step) accumulate_rows(rows, n, x, xrow, y, yrow, 1, 0, t);
    else accumulate_rows(rows, n, x, xrow, y, yrow, 0, 0, t);
}

/* Four lanes at a time, in two sets of partial sums so that additions need not wait for one another: the bound does not
 * depend on the order. */
typedef double Four __attribute__((vector_size(32), aligned(8)));
typedef int64_t FourBits __attribute__((vector_size(32)));
typedef struct Sums {
    Four v, b, a;
} Sums;

INLINE Four four(const double *at, int step) {
    if (step) return *(const Four *)at;
    return (Four){*at, *at, *at, *at};
}

INLINE Four magnitude(Four x) {
    return (Four)((FourBits)x & (FourBits){INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX});
}

INLINE void join_four(Sums *s, const double *xv, const double *xb, const double *yv, const double *yb, int xs, int ys) {
    Four p = four(xv, xs), q = four(yv, ys), bp = four(xb, xs), bq = four(yb, ys), product = p * q;
    s->v += product;
    s->a += magnitude(product);
    s->b += magnitude(p) * bq + (magnitude(q) + bq) * bp;
}

INLINE double across(Four x, Four y) {
    Four sum = x + y;
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

INLINE void dot_steps(int64_t rows, int64_t n, Lanes x, int64_t xrow, Lanes y, int64_t yrow, int xs, int ys, Total *total) {
    Sums one = {{0}, {0}, {0}}, two = one;
    Total rest = {0};
    for (int64_t r = 0; r < rows; r++, x.v += xrow, x.b += xrow, y.v += yrow, y.b += yrow) {
        int64_t i = 0;
        for (; i + 8 <= n; i += 8) {
            join_four(&one, x.v + i * xs, x.b + i * xs, y.v + i * ys, y.b + i * ys, xs, ys);
            join_four(&two, x.v + (i + 4) * xs, x.b + (i + 4) * xs, y.v + (i + 4) * ys, y.b + (i + 4) * ys, xs, ys);
        }
        for (; i < n; i++) {
            double p = x.v[i * xs], q = y.v[i * ys], bp = x.b[i * xs], bq = y.b[i * ys], product = p * q;
            rest.v += product;
            rest.a += fabs(product);
            rest.b += fabs(p) * bq + (fabs(q) + bq) * bp;
        }
    }
    total->v += across(one.v, two.v) + rest.v;
    total->b += across(one.b, two.b) + rest.b;
    total->a += across(one.a, two.a) + rest.a;
}

CLONES void kernel_dot_rows(int64_t rows, int64_t n, Lanes x, int64_t xrow, Lanes y, int64_t yrow, Total *total) {
    if (x.step && y.step) dot_steps(rows, n, x, xrow, y, yrow, 1, 1, total);
    else if (y.step) dot_steps(rows, n, x, xrow, y, yrow, 0, 1, total);
    else if (x.step) dot_steps(rows, n, x, xrow, y, yrow, 1, 0, total);
    else dot_steps(rows, n, x, xrow, y, yrow, 0, 0, total);
}

void kernel_dot(const RefArithmetic *how, int64_t n, Lanes x, const Lanes *y, Total *total) {
    if (y && !how->integers) {
        kernel_dot_rows(1, n, x, 0, *y, 0, total);
        return;
    }
    for (int64_t i = 0; i < n; i++) {
        double p = x.v[i * x.step], bp = x.b[i * x.step];
        if (y) p *= y->v[i * y->step], bp *= y->b[i * y->step];
        total->v += p;
        total->a += fabs(p);
        total->b += bp;
    }
}

double kernel_close(const RefArithmetic *how, double terms, double b, double a) {
    if (how->integers) return b;
    double ku = terms * how->unit;
    if (ku >= 0.5) return INFINITY;
    double bound = b + ku / (1 - ku) * (a + b) + terms * how->tiny;
    return a + bound > how->largest ? INFINITY : bound;
}

/* ---- elementwise functions --------------------------------------------------------------------------------------- */
/* Largest slope of a function whose slope falls with |x|, over the interval x +- b, given the slope at a point. */
static double nearest_to_zero(double x, double b) {
    double away = fabs(x) - b;
    return away > 0 ? away : 0;
}

static double exp_bound(double value, double b, double rounding) {
    double grow = expm1(b);
    return value * (grow + rounding * (1 + grow));
}

static double sqrt_bound(double x, double b) {
    if (b == 0) return 0;
    double root = sqrt(x > 0 ? x : 0), low = sqrt(x > b ? x - b : 0), straight = b / (root + low);
    return straight < sqrt(b) ? straight : sqrt(b);
}

static double sigmoid(double x) {
    double t = exp(-fabs(x));
    return x < 0 ? t / (1 + t) : 1 / (1 + t);
}

/* Functions of one operand: the value, and the bound from the operand's. `r`: relative rounding of a function. */
static void apply_one(const RefArithmetic *how, IrOp op, double x, double bx, double *v, double *b) {
    double r = 2 * how->ulps * how->unit, flush = how->flush, s;
    switch (op) {
    case IR_NEG: *v = -x, *b = bx; return;
    case IR_STOP: *v = x, *b = bx; return;
    case IR_ABS: *v = fabs(x), *b = bx; return;
    case IR_RELU: *v = x > 0 || isnan(x) ? x : 0, *b = bx; return;
    case IR_EXP: *v = exp(x), *b = exp_bound(*v, bx, r) + flush; break;
    case IR_LOG: *v = log(x), *b = bx < x ? -log1p(-bx / x) + r * fabs(*v) + how->unit * bx / x : INFINITY; break;
    case IR_SQRT: *v = sqrt(x), *b = sqrt_bound(x, bx), *b += how->unit * (*v + *b); break;
    case IR_SIN: *v = sin(x), *b = fmin(bx, 2) + r; break;
    case IR_COS: *v = cos(x), *b = fmin(bx, 2) + r; break;
    case IR_TANH:
        *v = tanh(x), s = 1 / cosh(nearest_to_zero(x, bx));
        *b = fmin(bx * s * s, 2) + 2 * r * fabs(*v) + flush;
        break;
    case IR_SIGMOID:
        *v = sigmoid(x), s = nearest_to_zero(x, bx); /* slope sigmoid(s) sigmoid(-s): 1 - sigmoid(s) would cancel */
        *b = fmin(bx * sigmoid(s) * sigmoid(-s), 1) + 2 * r * *v + flush;
        break;
    case IR_ERF:
        s = nearest_to_zero(x, bx);
        *v = erf(x), *b = fmin(bx * M_2_SQRTPI * exp(-s * s), 2) + 2 * r * fabs(*v) + flush;
        break;
    case IR_GELU: /* for negative x the bracket 1 + erf cancels: the error is relative to x */
        *v = 0.5 * x * erfc(-x * M_SQRT1_2), *b = 1.13 * bx + 2 * r * (fabs(x) + bx) + flush;
        break;
    default: *v = NAN, *b = INFINITY; return;
    }
    if (fabs(*v) > how->largest) *b = INFINITY;
}

static double div_bound(const RefArithmetic *how, double q, double bx, double y, double by) {
    if (by >= fabs(y)) return INFINITY;
    double error = (bx + fabs(q) * by) / (fabs(y) - by);
    return error + how->unit * (fabs(q) + error) + how->tiny;
}

/* x ^ y. With an exact exponent the ends of x +- bx decide; otherwise through the slope of y log x. */
static double pow_bound(const RefArithmetic *how, double value, double x, double bx, double y, double by) {
    double low = fabs(x) - bx, size = fabs(value), error;
    if (by > 0 && low <= 0) return INFINITY;
    if (y < 0 && low <= 0) return INFINITY;
    double grow = low > 0 ? fabs(y) * bx / low : INFINITY; /* |y| times the relative error of x */
    if (by == 0 && grow < 0.1) {
        error = size * (grow + grow * grow);
    } else if (by == 0) {
        double far = pow(fabs(x) + bx, y), up = fabs(far - size), down = low > 0 ? fabs(pow(low, y) - size) : size + far;
        error = up > down ? up : down;
    } else {
        error = size * expm1(by * fabs(log(fabs(x))) + (fabs(y) + by) * -log1p(-bx / fabs(x)));
    }
    double steps = 2 * how->ulps + 2 * fabs(y) + (y == floor(y) ? 0 : 2 * fabs(y * log(fabs(x) + bx)));
    return error + steps * how->unit * (size + error) + how->flush;
}

static double compared(IrOp op, double x, double y) {
    return op == IR_LT ? x < y : op == IR_LE ? x <= y : x == y;
}

/* Comparisons: the error is 1 where the operands are too near each other to be told apart. */
static void apply_two(const RefArithmetic *how, IrOp op, double x, double bx, double y, double by, double *v, double *b) {
    switch (op) {
    case IR_DIV:
        *v = x / y, *b = div_bound(how, *v, bx, y, by);
        if (fabs(*v) > how->largest) *b = INFINITY;
        return;
    case IR_POW:
        *v = pow(x, y), *b = pow_bound(how, *v, x, bx, y, by);
        if (fabs(*v) > how->largest) *b = INFINITY;
        return;
    case IR_MIN: *v = x < y ? x : y, *b = bx > by ? bx : by; return;
    case IR_MAX: *v = x > y ? x : y, *b = bx > by ? bx : by; return;
    default:
        *v = compared(op, x, y);
        *b = bx + by > 0 && fabs(x - y) <= bx + by;
    }
}

static void apply_select(Lanes c, Lanes x, Lanes y, int64_t i, double *v, double *b) {
    bool first = c.v[i * c.step] != 0;
    const Lanes *is = first ? &x : &y, *other = first ? &y : &x;
    *v = is->v[i * is->step];
    *b = is->b[i * is->step];
    if (c.b[i * c.step] == 0) return;
    double far = fabs(*v - other->v[i * other->step]) + other->b[i * other->step];
    if (!(*b > far)) *b = far;
}

void kernel_apply(const RefArithmetic *how, IrOp op, int64_t n, const Lanes *x, double *v, double *b) {
    if (op == IR_SELECT) {
        for (int64_t i = 0; i < n; i++) apply_select(x[0], x[1], x[2], i, &v[i], &b[i]);
    } else if ((op >= IR_ADD && op <= IR_MAX) || op == IR_LT || op == IR_LE || op == IR_EQ) {
        for (int64_t i = 0; i < n; i++)
            apply_two(how, op, x[0].v[i * x[0].step], x[0].b[i * x[0].step], x[1].v[i * x[1].step],
                      x[1].b[i * x[1].step], &v[i], &b[i]);
    } else {
        for (int64_t i = 0; i < n; i++) apply_one(how, op, x[0].v[i * x[0].step], x[0].b[i * x[0].step], &v[i], &b[i]);
    }
}
