/* See degree.h. */
#include "exact/degree.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* A divisor: the numerator of a value that something was divided by. */
typedef struct Divisor {
    uint64_t key;
    double degree, bits, signs;
} Divisor;

typedef struct Factor { /* a power of a divisor */
    int divisor;
    double power;
} Factor;

typedef struct Entry {
    Degree degree;
    int factors, roots, signs;
    const Factor *factor;    /* of D, by divisor */
    const int *root, *sign;  /* that the value depends on, ascending; no signs are kept where degree.symbols is INFINITY */
} Entry;

typedef enum Operation { SUM, JOIN, PRODUCT } Operation;
typedef struct Memo {
    uint64_t key; /* operation and operands; 0: free */
    DegreeId result;
} Memo;

struct Degrees {
    Arena *arena;
    VEC(Divisor) divisors;
    VEC(uint64_t) roots, signs; /* keys */
    VEC(Entry) entries;
    int *by_hash; /* entry + 1, open addressing */
    int slots;
    Memo *memo;
    int memo_slots, memo_count;
};

static double larger(double a, double b) {
    return a > b ? a : b;
}

static uint64_t mix(uint64_t h) {
    h = (h ^ (h >> 32)) * 0xd6e8feb86659fd93u;
    return h ^ (h >> 32);
}

static uint64_t bits_of(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static uint64_t hash_entry(const Entry *e) {
    uint64_t h = mix(bits_of(e->degree.numerator)) ^ mix(bits_of(e->degree.bits) + 1) ^ mix(bits_of(e->degree.signs) + 2);
    h = mix(h + bits_of(e->degree.denominator_bits) + bits_of(e->degree.symbols));
    for (int i = 0; i < e->factors; i++) h = mix(h + (uint64_t)e->factor[i].divisor * 0x9e3779b97f4a7c15u + bits_of(e->factor[i].power));
    for (int i = 0; i < e->roots; i++) h = mix(h + (uint64_t)e->root[i]);
    for (int i = 0; i < e->signs; i++) h = mix(h + 0x51u + (uint64_t)e->sign[i]);
    return h;
}

static bool same_numbers(const int *a, const int *b, int count) {
    return count == 0 || memcmp(a, b, sizeof *a * (size_t)count) == 0;
}

static bool same_entry(const Entry *a, const Entry *b) {
    if (memcmp(&a->degree, &b->degree, sizeof a->degree) != 0 || a->factors != b->factors) return false;
    if (a->roots != b->roots || !same_numbers(a->root, b->root, a->roots)) return false;
    if (a->signs != b->signs || !same_numbers(a->sign, b->sign, a->signs)) return false;
    for (int i = 0; i < a->factors; i++)
        if (a->factor[i].divisor != b->factor[i].divisor || a->factor[i].power != b->factor[i].power) return false;
    return true;
}

static void grow(Degrees *t) {
    t->slots = t->slots ? 2 * t->slots : 256;
    t->by_hash = ARENA_ARRAY(t->arena, int, t->slots);
    for (int i = 0; i < t->entries.count; i++) {
        uint64_t at = hash_entry(&t->entries.at[i]);
        while (t->by_hash[at & (uint64_t)(t->slots - 1)]) at++;
        t->by_hash[at & (uint64_t)(t->slots - 1)] = i + 1;
    }
}

static DegreeId intern(Degrees *t, Entry e) {
    if (2 * t->entries.count >= t->slots) grow(t);
    uint64_t at = hash_entry(&e);
    for (;; at++) {
        int *slot = &t->by_hash[at & (uint64_t)(t->slots - 1)];
        if (*slot && !same_entry(&t->entries.at[*slot - 1], &e)) continue;
        if (!*slot) {
            vec_push(t->arena, &t->entries, e);
            *slot = t->entries.count;
        }
        return (DegreeId)(*slot - 1);
    }
}

Degrees *degrees_new(Arena *arena) {
    Degrees *t = ARENA_NEW(arena, Degrees);
    *t = (Degrees){.arena = arena, .memo_slots = 1024, .memo = ARENA_ARRAY(arena, Memo, 1024)};
    return t;
}

Degree degree_of(const Degrees *t, DegreeId id) {
    return t->entries.at[id].degree;
}

DegreeId degree_polynomial(Degrees *t, double degree, double bits) {
    return intern(t, (Entry){.degree = {.numerator = degree, .bits = bits}});
}

DegreeId degree_rational(Degrees *t, double bits, double denominator_bits) {
    return intern(t, (Entry){.degree = {.bits = bits, .denominator_bits = denominator_bits}});
}

/* ---- denominators -------------------------------------------------------------------------------------------------- */
/* Powers of both taken together: the larger (least common multiple) or the sum (product). */
static void unite(Degrees *t, const Entry *a, const Entry *b, bool product, Entry *to) {
    Factor *factor = ARENA_ARRAY(t->arena, Factor, a->factors + b->factors);
    int i = 0, k = 0, n = 0;
    while (i < a->factors || k < b->factors) {
        int64_t x = i < a->factors ? a->factor[i].divisor : INT64_MAX, y = k < b->factors ? b->factor[k].divisor : INT64_MAX;
        double p = x <= y ? a->factor[i].power : 0, q = y <= x ? b->factor[k].power : 0;
        factor[n++] = (Factor){(int)(x < y ? x : y), product ? p + q : larger(p, q)};
        i += x <= y, k += y <= x;
    }
    to->factor = factor, to->factors = n;
    /* the numbers below: decimals */
    double integers = 0, own[2] = {a->degree.denominator_bits, b->degree.denominator_bits};
    for (int s = 0; s < 2; s++) {
        const Entry *e = s ? b : a;
        for (int f = 0; f < e->factors; f++) own[s] -= e->factor[f].power * t->divisors.at[e->factor[f].divisor].bits;
    }
    integers = a->factors == b->factors && n == a->factors && own[0] == own[1] && !product ? own[0] : own[0] + own[1];
    if (integers < 1e-6) integers = 0;
    to->degree.denominator = 0, to->degree.denominator_bits = integers;
    for (int f = 0; f < n; f++) {
        to->degree.denominator += factor[f].power * t->divisors.at[factor[f].divisor].degree;
        to->degree.denominator_bits += factor[f].power * t->divisors.at[factor[f].divisor].bits;
    }
}

/* The numbers in either of two ascending lists. */
static const int *united(Degrees *t, const int *a, int a_count, const int *b, int b_count, int *count) {
    *count = a_count > b_count ? a_count : b_count;
    if (b_count == 0 || (a_count == b_count && same_numbers(a, b, a_count))) return a;
    if (a_count == 0) return b;
    int *all = ARENA_ARRAY(t->arena, int, a_count + b_count), i = 0, k = 0, n = 0;
    while (i < a_count || k < b_count) {
        int64_t x = i < a_count ? a[i] : INT64_MAX, y = k < b_count ? b[k] : INT64_MAX;
        all[n++] = (int)(x < y ? x : y);
        i += x <= y, k += y <= x;
    }
    *count = n;
    return all;
}

/* Which roots and signs the result of an operation depends on; its degree in the signs is set before. No power of a sign is kept,
 * so the degree is at most their number. */
static void unite_symbols(Degrees *t, const Entry *a, const Entry *b, Entry *to) {
    to->root = united(t, a->root, a->roots, b->root, b->roots, &to->roots);
    to->degree.roots = to->roots;
    to->sign = united(t, a->sign, a->signs, b->sign, b->signs, &to->signs);
    to->degree.symbols = to->signs;
    if (isinf(a->degree.symbols) || isinf(b->degree.symbols) || to->signs >= DEGREE_MANY)
        to->degree.symbols = INFINITY, to->signs = 0, to->sign = NULL;
    if (to->degree.signs > to->degree.symbols) to->degree.signs = to->degree.symbols;
}

/* ---- operations ---------------------------------------------------------------------------------------------------- */
/* The degree of D in the signs. */
static double signs_below(const Degrees *t, const Entry *e) {
    double signs = 0;
    for (int i = 0; i < e->factors; i++) signs += e->factor[i].power * t->divisors.at[e->factor[i].divisor].signs;
    return signs;
}

static Entry joined(Degrees *t, const Entry *a, const Entry *b) {
    Entry e = {0};
    unite(t, a, b, false, &e);
    double up_a = e.degree.denominator - a->degree.denominator, up_b = e.degree.denominator - b->degree.denominator;
    double bits_a = larger(0, e.degree.denominator_bits - a->degree.denominator_bits);
    double bits_b = larger(0, e.degree.denominator_bits - b->degree.denominator_bits);
    e.degree.numerator = larger(a->degree.numerator + up_a, b->degree.numerator + up_b);
    e.degree.bits = larger(a->degree.bits + bits_a, b->degree.bits + bits_b);
    e.degree.signs = signs_below(t, &e);
    e.degree.signs += larger(a->degree.signs - signs_below(t, a), b->degree.signs - signs_below(t, b));
    unite_symbols(t, a, b, &e);
    return e;
}

static Entry multiplied(Degrees *t, const Entry *a, const Entry *b) {
    Entry e = {0};
    unite(t, a, b, true, &e);
    e.degree.numerator = a->degree.numerator + b->degree.numerator;
    e.degree.bits = a->degree.bits + b->degree.bits;
    e.degree.signs = a->degree.signs + b->degree.signs;
    unite_symbols(t, a, b, &e);
    return e;
}

static void more_memo(Degrees *t) {
    Memo *old = t->memo;
    int count = t->memo_slots;
    t->memo_slots *= 2;
    t->memo = ARENA_ARRAY(t->arena, Memo, t->memo_slots);
    for (int i = 0; i < count; i++) {
        if (!old[i].key) continue;
        uint64_t at = mix(old[i].key);
        while (t->memo[at & (uint64_t)(t->memo_slots - 1)].key) at++;
        t->memo[at & (uint64_t)(t->memo_slots - 1)] = old[i];
    }
}

static DegreeId operate(Degrees *t, Operation operation, DegreeId a, DegreeId b) {
    if (a > b) { /* all are commutative */
        DegreeId swap = a;
        a = b, b = swap;
    }
    if (operation == JOIN && a == b) return a;
    uint64_t key = ((uint64_t)operation + 1) << 60 | (uint64_t)a << 30 | b, at = mix(key);
    Memo *memo;
    for (; (memo = &t->memo[at & (uint64_t)(t->memo_slots - 1)])->key; at++)
        if (memo->key == key) return memo->result;
    const Entry x = t->entries.at[a], y = t->entries.at[b];
    Entry e = operation == PRODUCT ? multiplied(t, &x, &y) : joined(t, &x, &y);
    if (operation == SUM) e.degree.bits += 1;
    DegreeId result = intern(t, e);
    *memo = (Memo){key, result};
    if (2 * ++t->memo_count > t->memo_slots) more_memo(t);
    return result;
}

DegreeId degree_sum(Degrees *t, DegreeId a, DegreeId b) {
    return operate(t, SUM, a, b);
}

DegreeId degree_join(Degrees *t, DegreeId a, DegreeId b) {
    return operate(t, JOIN, a, b);
}

DegreeId degree_product(Degrees *t, DegreeId a, DegreeId b) {
    return operate(t, PRODUCT, a, b);
}

DegreeId degree_terms(Degrees *t, DegreeId a, double terms) {
    Entry e = t->entries.at[a];
    if (terms > 1) e.degree.bits += log2(terms);
    return intern(t, e);
}

DegreeId degree_power(Degrees *t, DegreeId a, uint64_t n) {
    Entry e = t->entries.at[a];
    Factor *factor = ARENA_ARRAY(t->arena, Factor, e.factors);
    double times = (double)n;
    for (int i = 0; i < e.factors; i++) factor[i] = (Factor){e.factor[i].divisor, e.factor[i].power * times};
    e.factor = factor;
    if (n == 0) e.factors = 0;
    double signs = e.degree.signs * times;
    e.degree = (Degree){e.degree.numerator * times, e.degree.bits * times, signs < e.degree.symbols ? signs : e.degree.symbols,
                        e.degree.denominator * times, e.degree.denominator_bits * times, e.degree.roots, e.degree.symbols};
    return intern(t, e);
}

static int divisor_of(Degrees *t, uint64_t key, Degree d) {
    for (int i = t->divisors.count; i-- > 0;) {
        const Divisor *known = &t->divisors.at[i];
        if (known->key == key && known->degree == d.numerator && known->bits == d.bits && known->signs == d.signs) return i;
    }
    vec_push(t->arena, &t->divisors, ((Divisor){key, d.numerator, d.bits, d.signs}));
    return t->divisors.count - 1;
}

DegreeId degree_inverse(Degrees *t, DegreeId a, uint64_t key) {
    Degree d = degree_of(t, a);
    const Entry *of = &t->entries.at[a];
    Entry e = {.degree = {.numerator = d.denominator, .bits = d.denominator_bits, .signs = signs_below(t, of)},
               .roots = of->roots, .root = of->root, .signs = of->signs, .sign = of->sign};
    e.degree.roots = d.roots, e.degree.symbols = d.symbols;
    if (d.numerator == 0 && d.signs == 0) {
        e.degree.denominator_bits = d.bits; /* a number */
        return intern(t, e);
    }
    Factor *factor = ARENA_ARRAY(t->arena, Factor, 1);
    *factor = (Factor){divisor_of(t, key, d), 1};
    e.factor = factor, e.factors = 1;
    e.degree.denominator = d.numerator, e.degree.denominator_bits = d.bits;
    return intern(t, e);
}

/* Of degree 1 in its own symbol, whatever signs its argument depends on: for each value of those the symbol is free. */
DegreeId degree_sign(Degrees *t, DegreeId a, int number, double bits) {
    int *own = ARENA_ARRAY(t->arena, int, 1);
    *own = number;
    Entry with = {.signs = 1, .sign = own}, e = {.degree = {.bits = bits, .signs = 1}};
    unite_symbols(t, &t->entries.at[a], &with, &e);
    return intern(t, e);
}

/* s [a is not 0] + [a is 0]: what the signs are decides, all of them together; a is zero at other points with its degree / p. */
DegreeId degree_symbol(Degrees *t, DegreeId a) {
    Entry of = t->entries.at[a], e = of;
    e.factors = 0;
    e.degree = (Degree){.numerator = 1 + of.degree.numerator, .bits = 1, .signs = of.degree.symbols, .roots = of.degree.roots,
                        .symbols = of.degree.symbols};
    return intern(t, e);
}

static int number_of(Degrees *t, bool root, uint64_t key) {
    const uint64_t *at = root ? t->roots.at : t->signs.at;
    int count = root ? t->roots.count : t->signs.count;
    for (int i = count; i-- > 0;)
        if (at[i] == key) return i;
    if (root) vec_push(t->arena, &t->roots, key);
    else vec_push(t->arena, &t->signs, key);
    return count;
}

int degree_sign_number(Degrees *t, uint64_t key) {
    return number_of(t, false, key);
}

int degree_root_number(Degrees *t, uint64_t key) {
    return number_of(t, true, key);
}

int degree_signs(const Degrees *t, DegreeId a, const int **number) {
    *number = t->entries.at[a].sign;
    return t->entries.at[a].signs;
}

int degree_roots(const Degrees *t, DegreeId a, const int **number) {
    *number = t->entries.at[a].root;
    return t->entries.at[a].roots;
}

/* sqrt(N / D) = sqrt(N D) / D */
DegreeId degree_root(Degrees *t, DegreeId a, int number) {
    Entry e = t->entries.at[a];
    int *own = ARENA_ARRAY(t->arena, int, 1);
    *own = number;
    Entry with = {.roots = 1, .root = own};
    unite_symbols(t, &t->entries.at[a], &with, &e);
    e.degree.numerator = (e.degree.numerator + e.degree.denominator) / 2;
    e.degree.bits = (e.degree.bits + e.degree.denominator_bits) / 2;
    e.degree.signs = (e.degree.signs + signs_below(t, &e)) / 2;
    return intern(t, e);
}
