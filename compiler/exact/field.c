/* See field.h. */
#include "exact/field.h"

enum { BITS = 61 };

uint64_t field_random(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* The Jacobi symbol (a/n), n odd. */
static int jacobi(uint64_t a, uint64_t n) {
    int sign = 1;
    for (a %= n; a; a %= n) {
        int twos = __builtin_ctzll(a);
        a >>= twos;
        if ((twos & 1) && (n % 8 == 3 || n % 8 == 5)) sign = -sign;
        if (a % 4 == 3 && n % 4 == 3) sign = -sign;
        uint64_t swap = a;
        a = n, n = swap;
    }
    return n == 1 ? sign : 0;
}

static uint64_t power_mod(uint64_t a, uint64_t n, uint64_t p) {
    uint64_t result = 1;
    for (; n; n >>= 1, a = (uint64_t)((Wide)a * a % p))
        if (n & 1) result = (uint64_t)((Wide)result * a % p);
    return result;
}

/* Miller and Rabin; the first twelve primes as bases decide every number of 64 bits (Sorenson, Webster 2015). */
static bool is_prime(uint64_t n) {
    static const int bases[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37};
    int twos = __builtin_ctzll(n - 1);
    for (int i = 0; i < 12; i++) {
        uint64_t x = power_mod((uint64_t)bases[i], (n - 1) >> twos, n);
        bool passes = x == 1 || x == n - 1;
        for (int k = 1; k < twos && !passes; k++) {
            x = (uint64_t)((Wide)x * x % n);
            passes = x == n - 1;
        }
        if (!passes) return false;
    }
    return true;
}

/* The odd primes that become squares by the choice of a residue of p, and those that are tried: all up to FIELD_SQUARES_TO. */
static const int CHOSEN[] = {3, 5, 7, 11, 13, 17, 19, 23, 29, 31}, TRIED[] = {37, 41, 43, 47};
enum { CHOSEN_COUNT = sizeof CHOSEN / sizeof *CHOSEN, TRIED_COUNT = sizeof TRIED / sizeof *TRIED };

static bool suits(uint64_t p, const uint64_t *extra, int count) {
    for (int i = 0; i < TRIED_COUNT; i++)
        if (jacobi((uint64_t)TRIED[i], p) != 1) return false;
    for (int i = 0; i < count; i++)
        if (extra[i] > FIELD_SQUARES_TO && jacobi(extra[i], p) != 1) return false;
    return is_prime(p);
}

/* A residue of p modulo q for which q is a square modulo p: by quadratic reciprocity, p = 3 (mod 4), (q/p) = (p/q) for
 * q = 1 (mod 4) and -(p/q) else. */
static uint64_t residue(uint64_t *state, uint64_t q) {
    uint64_t r;
    do r = field_random(state) % q;
    while (jacobi(r, q) != (q % 4 == 1 ? 1 : -1));
    return r;
}

/* Uniform among the suitable primes: residues by the Chinese remainder theorem, the multiple of their modulus at random. */
static uint64_t candidate(uint64_t *state) {
    uint64_t modulus = 8, p = 7;
    for (int i = 0; i < CHOSEN_COUNT; i++) {
        uint64_t q = (uint64_t)CHOSEN[i], want = residue(state, q);
        while (p % q != want) p += modulus;
        modulus *= q;
    }
    uint64_t multiples = ((uint64_t)1 << BITS) / modulus + 1;
    return p + modulus * (field_random(state) % multiples);
}

Field field_new(uint64_t *state, const uint64_t *extra, int count) {
    uint64_t p;
    do p = candidate(state);
    while (p >> (BITS - 1) != 1 || !suits(p, extra, count));
    uint64_t inverse = p; /* Newton: each step doubles the right bits, p p = 1 (mod 8) starts with three */
    for (int i = 0; i < 5; i++) inverse *= 2 - p * inverse;
    uint64_t one = (uint64_t)(((Wide)1 << 64) % p);
    return (Field){p, -inverse, one, (uint64_t)((Wide)one * one % p)};
}

uint64_t field_integer(const Field *f, int64_t n) {
    uint64_t size = n < 0 ? -(uint64_t)n : (uint64_t)n;
    uint64_t a = field_mul(f, size % f->p, f->square_of_r);
    return n < 0 ? field_negative(f, a) : a;
}

uint64_t field_power(const Field *f, uint64_t a, uint64_t n) {
    uint64_t result = f->one;
    for (; n; n >>= 1, a = field_mul(f, a, a))
        if (n & 1) result = field_mul(f, result, a);
    return result;
}

uint64_t field_inverse(const Field *f, uint64_t a) {
    return field_power(f, a, f->p - 2);
}

int field_sign(const Field *f, uint64_t a) {
    return a ? jacobi(a, f->p) : 0;
}

uint64_t field_root(const Field *f, uint64_t a) {
    return field_power(f, a, (f->p + 1) / 4);
}

uint64_t field_draw(const Field *f, uint64_t *state) {
    uint64_t a;
    do a = field_random(state) >> (64 - BITS);
    while (a >= f->p);
    return a;
}

/* The remainders of Euclid's algorithm on p and a are all a s mod p for cofactors s that grow as they shrink (Wang 1981). */
bool field_fraction(const Field *f, uint64_t a, int64_t most, int64_t *n, int64_t *d) {
    int64_t before = (int64_t)f->p, now = (int64_t)field_reduce(f, a), s_before = 0, s = 1;
    while (now > most) {
        int64_t quotient = before / now, rest = before % now, s_next = s_before - quotient * s;
        before = now, now = rest, s_before = s, s = s_next;
    }
    *n = s < 0 ? -now : now, *d = s < 0 ? -s : s;
    return *d <= most;
}
