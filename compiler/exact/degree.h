/* Degrees and heights of values, from which the printed probability is computed (README.md). They are shared by many values, so
 * each is kept once under a number, and operations on numbers are remembered. */
#ifndef CTX_EXACT_DEGREE_H
#define CTX_EXACT_DEGREE_H
#include <stdint.h>

#include "base/arena.h"

/* A value is a quotient N / D of polynomials with integer coefficients in inputs, symbols and roots (a root of u counts half of
 * u's degree), and N is a polynomial in the sign symbols. Degrees may exceed any integer; a double keeps their size. `bits` is the
 * logarithm to base 2 of a polynomial's norm, the sum of its coefficients' magnitudes: norms of products multiply, norms of sums
 * add. D is a product of powers of divisors, so that sums over a common denominator keep it. */
typedef struct Degree {
    double numerator, bits; /* of N */
    double signs;           /* degree of N in the sign symbols */
    double denominator, denominator_bits;
    double roots;           /* number of different roots that the value depends on */
    double symbols;         /* number of different signs that it depends on; DEGREE_MANY or more are not kept apart: INFINITY */
} Degree;

enum { DEGREE_MANY = 64 };

typedef uint32_t DegreeId;
typedef struct Degrees Degrees;

Degrees *degrees_new(Arena *arena);
Degree degree_of(const Degrees *t, DegreeId id);
/* A polynomial. */
DegreeId degree_polynomial(Degrees *t, double degree, double bits);
/* A rational number with these sizes above and below, in bits. */
DegreeId degree_rational(Degrees *t, double bits, double denominator_bits);
DegreeId degree_sum(Degrees *t, DegreeId a, DegreeId b);
/* The larger of two in every respect: of a sum's terms, to which degree_terms adds what their number does. */
DegreeId degree_join(Degrees *t, DegreeId a, DegreeId b);
DegreeId degree_terms(Degrees *t, DegreeId a, double terms);
DegreeId degree_product(Degrees *t, DegreeId a, DegreeId b);
DegreeId degree_power(Degrees *t, DegreeId a, uint64_t n);
/* 1 / a; `key` tells divisors apart: equal keys are equal values. */
DegreeId degree_inverse(Degrees *t, DegreeId a, uint64_t key);
/* The sign of a, or a step of it with a number of `bits` in its denominator: the sign of this number. */
DegreeId degree_sign(Degrees *t, DegreeId a, int number, double bits);
/* A symbol that is 1 where a, which depends on signs, is zero for these signs. */
DegreeId degree_symbol(Degrees *t, DegreeId a);
/* Number of the sign of what has this key: 0, 1, 2 ... in the order of first use. */
int degree_sign_number(Degrees *t, uint64_t key);
/* Number of the root of what has this key: 0, 1, 2 ... in the order of first use. */
int degree_root_number(Degrees *t, uint64_t key);
/* sqrt(a), the root of this number. */
DegreeId degree_root(Degrees *t, DegreeId a, int number);
/* The numbers of the roots that a value depends on, ascending; how many. */
int degree_roots(const Degrees *t, DegreeId a, const int **number);
/* The same of the signs, of fewer than DEGREE_MANY. */
int degree_signs(const Degrees *t, DegreeId a, const int **number);
#endif
