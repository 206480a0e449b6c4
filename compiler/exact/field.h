/* Arithmetic modulo a random prime of 61 bits in which the Legendre symbol behaves as the sign of real numbers.
 *
 * p = 7 (mod 8), and every small prime is a square modulo p: so chi(-1) = -1, chi(c) = 1 for every positive rational c whose
 * prime factors are among them, and chi(xy) = chi(x) chi(y). Elements are kept in Montgomery form (a stands for a 2^64 mod p);
 * since 2^64 is a square, chi of the form is chi of the element.
 * Source: Montgomery, "Modular multiplication without trial division", Math. Comp. 44 (1985). */
#ifndef CTX_EXACT_FIELD_H
#define CTX_EXACT_FIELD_H
#include <stdbool.h>
#include <stdint.h>

typedef unsigned __int128 Wide;

typedef struct Field {
    uint64_t p;
    uint64_t negative_inverse; /* -1/p mod 2^64 */
    uint64_t one, square_of_r; /* 2^64, 2^128 mod p */
} Field;

/* The largest prime that every field has as a square. */
enum { FIELD_SQUARES_TO = 47 };

/* A stream of random 64-bit words; the state is the seed. (SplitMix64: Steele, Lea, Flood, OOPSLA 2014.) */
uint64_t field_random(uint64_t *state);
/* A random field; all primes in extra[0..count) are squares too (those that can be: not p itself). */
Field field_new(uint64_t *state, const uint64_t *extra, int count);

/* x < 2^123 -> x / 2^64 mod p, below p */
static inline uint64_t field_reduce(const Field *f, Wide x) {
    uint64_t q = (uint64_t)x * f->negative_inverse;
    uint64_t r = (uint64_t)((x + (Wide)q * f->p) >> 64);
    return r >= f->p ? r - f->p : r;
}

static inline uint64_t field_mul(const Field *f, uint64_t a, uint64_t b) {
    return field_reduce(f, (Wide)a * b);
}

static inline uint64_t field_add(const Field *f, uint64_t a, uint64_t b) {
    uint64_t c = a + b;
    return c >= f->p ? c - f->p : c;
}

static inline uint64_t field_sub(const Field *f, uint64_t a, uint64_t b) {
    return a >= b ? a - b : a + f->p - b;
}

static inline uint64_t field_negative(const Field *f, uint64_t a) {
    return a ? f->p - a : 0;
}

uint64_t field_integer(const Field *f, int64_t n);
uint64_t field_power(const Field *f, uint64_t a, uint64_t n);
uint64_t field_inverse(const Field *f, uint64_t a); /* of 0: 0 */
/* 1 for a square, -1 for another, 0 for 0. */
int field_sign(const Field *f, uint64_t a);
/* The root of a square that is itself a square: the "positive" one. */
uint64_t field_root(const Field *f, uint64_t a);
/* A uniform element. */
uint64_t field_draw(const Field *f, uint64_t *state);
/* a = n / d with |n|, d <= most, which is below 2^29; false if there is no such fraction. */
bool field_fraction(const Field *f, uint64_t a, int64_t most, int64_t *n, int64_t *d);
#endif
