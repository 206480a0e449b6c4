/* See value.h. */
#include "exact/value.h"

#include <math.h>
#include <string.h>

#include "exact/characters.h"

Value *value_new(Points *m, bool complex, DegreeId degree) {
    Value *v = arena_alloc(m->arena, sizeof *v + sizeof(uint64_t) * (size_t)m->count * (complex ? 2 : 1));
    uint64_t *part = (uint64_t *)(v + 1);
    *v = (Value){part, complex ? part + m->count : NULL, degree};
    m->operations += m->count;
    return v;
}

static double size_bits(int64_t n) {
    return n ? log2(fabs((double)n)) : 0;
}

const Value *value_integer(Points *m, int64_t n) {
    return value_rational(m, n, 1);
}

const Value *value_rational(Points *m, int64_t numerator, int64_t denominator) {
    Value *v = value_new(m, false, degree_rational(m->degrees, size_bits(numerator), size_bits(denominator)));
    for (int k = 0; k < m->primes; k++) {
        const Field *f = &m->field[k];
        uint64_t a = field_integer(f, numerator);
        if (denominator != 1) a = field_mul(f, a, field_inverse(f, field_integer(f, denominator)));
        for (int i = 0; i < m->each; i++) v->re[k * m->each + i] = a;
    }
    return v;
}

const Value *value_draw(Points *m, uint64_t *state) {
    Value *v = value_new(m, false, degree_polynomial(m->degrees, 1, 0));
    EACH_POINT (m, i, f) v->re[i] = field_draw(f, state);
    return v;
}

/* ---- sums ---------------------------------------------------------------------------------------------------------- */
const Value *value_add(Points *m, const Value *a, const Value *b) {
    Value *v = value_new(m, a->im || b->im, degree_sum(m->degrees, a->degree, b->degree));
    EACH_POINT (m, i, f) v->re[i] = field_add(f, a->re[i], b->re[i]);
    if (v->im) EACH_POINT (m, i, f) v->im[i] = field_add(f, a->im ? a->im[i] : 0, b->im ? b->im[i] : 0);
    return v;
}

const Value *value_negative(Points *m, const Value *a) {
    Value *v = value_new(m, a->im, a->degree);
    EACH_POINT (m, i, f) v->re[i] = field_negative(f, a->re[i]);
    if (v->im) EACH_POINT (m, i, f) v->im[i] = field_negative(f, a->im[i]);
    return v;
}

const Value *value_sub(Points *m, const Value *a, const Value *b) {
    return value_add(m, a, value_negative(m, b));
}

/* Products of two elements have 122 bits: 32 of them fit before a reduction. */
enum { LAZY = 32 };

struct Sum {
    Points *m;
    Wide *re, *im;    /* by point; products not yet reduced; im NULL: none is complex */
    const Value *rest; /* values that were added as they are */
    Value *reduced;   /* products that were reduced */
    DegreeId degree;  /* of one product: the largest */
    DegreeId a, b, product; /* the last degrees multiplied: mostly the same again */
    int pending, terms;
};

Sum *sum_new(Points *m) {
    Sum *s = ARENA_NEW(m->arena, Sum);
    *s = (Sum){.m = m};
    return s;
}

void sum_add(Sum *s, const Value *a) {
    s->rest = s->rest ? value_add(s->m, s->rest, a) : a;
}

/* below 2^127: the high half brings it below 2^123 */
static uint64_t reduced(const Field *f, Wide pending) {
    return field_add(f, field_reduce(f, (uint64_t)pending), field_mul(f, (uint64_t)(pending >> 64), f->one));
}

static void flush(Sum *s) {
    Points *m = s->m;
    if (!s->pending) return;
    Value *old = s->reduced, *v = old && (old->im || !s->im) ? old : value_new(m, s->im, 0);
    EACH_POINT (m, i, f) {
        v->re[i] = field_add(f, old ? old->re[i] : 0, reduced(f, s->re[i]));
        s->re[i] = 0;
        if (!v->im) continue;
        v->im[i] = field_add(f, old && old->im ? old->im[i] : 0, s->im ? reduced(f, s->im[i]) : 0);
        if (s->im) s->im[i] = 0;
    }
    s->pending = 0;
    s->reduced = v;
}

static void note_degree(Sum *s, const Value *a, const Value *b) {
    bool again = s->terms++ && s->a == a->degree && s->b == b->degree;
    if (again) return;
    s->a = a->degree, s->b = b->degree;
    s->product = degree_product(s->m->degrees, a->degree, b->degree);
    s->degree = s->terms > 1 ? degree_join(s->m->degrees, s->degree, s->product) : s->product;
}

/* (a + i a')(b + i b') = a b - a' b' + i (a b' + a' b) */
static void add_complex(Sum *s, const Value *a, const Value *b) {
    Points *m = s->m;
    if (!s->im) s->im = ARENA_ARRAY(m->arena, Wide, m->count);
    EACH_POINT (m, i, f) {
        Wide re = (Wide)a->re[i] * b->re[i], im = 0;
        if (a->im && b->im) re += (Wide)field_negative(f, a->im[i]) * b->im[i];
        if (b->im) im += (Wide)a->re[i] * b->im[i];
        if (a->im) im += (Wide)a->im[i] * b->re[i];
        s->re[i] += re, s->im[i] += im;
    }
    s->pending += 2;
}

void sum_add_product(Sum *s, const Value *a, const Value *b) {
    Points *m = s->m;
    note_degree(s, a, b);
    m->operations += m->count;
    if (!s->re) s->re = ARENA_ARRAY(m->arena, Wide, m->count);
    if (a->im || b->im) {
        add_complex(s, a, b);
    } else {
        for (int i = 0; i < m->count; i++) s->re[i] += (Wide)a->re[i] * b->re[i];
        s->pending++;
    }
    if (s->pending >= LAZY - 1) flush(s);
}

const Value *sum_close(Sum *s) {
    flush(s);
    if (s->reduced) {
        s->reduced->degree = degree_terms(s->m->degrees, s->degree, s->terms);
        sum_add(s, s->reduced);
    }
    return s->rest ? s->rest : value_integer(s->m, 0);
}

/* ---- products ------------------------------------------------------------------------------------------------------ */
const Value *value_mul(Points *m, const Value *a, const Value *b) {
    Value *v = value_new(m, a->im || b->im, degree_product(m->degrees, a->degree, b->degree));
    EACH_POINT (m, i, f) v->re[i] = field_mul(f, a->re[i], b->re[i]);
    if (!v->im) return v;
    EACH_POINT (m, i, f) {
        uint64_t ai = a->im ? a->im[i] : 0, bi = b->im ? b->im[i] : 0;
        v->re[i] = field_sub(f, v->re[i], field_mul(f, ai, bi));
        v->im[i] = field_add(f, field_mul(f, a->re[i], bi), field_mul(f, ai, b->re[i]));
    }
    return v;
}

const Value *value_power(Points *m, const Value *a, uint64_t n) {
    DegreeId degree = degree_power(m->degrees, a->degree, n);
    Value *v = value_new(m, a->im, degree);
    if (!a->im) {
        EACH_POINT (m, i, f) v->re[i] = field_power(f, a->re[i], n);
        return v;
    }
    EACH_POINT (m, i, f) v->re[i] = f->one, v->im[i] = 0;
    for (uint64_t bit = (uint64_t)1 << 63; bit; bit >>= 1) {
        const Value *square = value_mul(m, v, v);
        v = (Value *)(n & bit ? value_mul(m, square, a) : square);
        if (bit > n) EACH_POINT (m, i, f) v->re[i] = f->one, v->im[i] = 0;
    }
    v->degree = degree;
    return v;
}

/* One inversion for the points of a field: prefix products, inverted, taken apart from behind (Montgomery 1987). */
static void invert_all(const Field *f, uint64_t *a, uint64_t *before, int count) {
    uint64_t product = f->one;
    for (int i = 0; i < count; i++) {
        before[i] = product;
        if (a[i]) product = field_mul(f, product, a[i]);
    }
    uint64_t inverse = field_inverse(f, product);
    for (int i = count; i-- > 0;) {
        if (!a[i]) continue;
        uint64_t own = field_mul(f, inverse, before[i]);
        inverse = field_mul(f, inverse, a[i]);
        a[i] = own;
    }
}

/* 1 / (x + i y) = (x - i y) / (x^2 + y^2); -1 is no square, so that is zero only for zero. */
const Value *value_inverse(Points *m, const Value *a) {
    if (value_is_zero(m, a)) return NULL;
    Value *v = value_new(m, a->im, degree_inverse(m->degrees, a->degree, value_hash(m, a)));
    uint64_t *before = ARENA_ARRAY(m->arena, uint64_t, m->each);
    EACH_POINT (m, i, f) {
        v->re[i] = a->im ? field_add(f, field_mul(f, a->re[i], a->re[i]), field_mul(f, a->im[i], a->im[i])) : a->re[i];
        m->dead[i] |= v->re[i] == 0;
    }
    for (int k = 0; k < m->primes; k++) invert_all(&m->field[k], v->re + k * m->each, before, m->each);
    if (!v->im) return v;
    EACH_POINT (m, i, f) {
        v->im[i] = field_negative(f, field_mul(f, a->im[i], v->re[i]));
        v->re[i] = field_mul(f, a->re[i], v->re[i]);
    }
    return v;
}

/* Of a value outside of F_p: an element that depends on nothing but it, the same for both sides. Where that makes the sides agree,
 * they agree whatever the root is. */
static uint64_t free_root(const Field *f, uint64_t re, uint64_t im) {
    uint64_t state = re * 0x9e3779b97f4a7c15u ^ im;
    return field_draw(f, &state);
}

const Value *value_root(Points *m, const Value *a) {
    bool complex = false;
    int number = degree_root_number(m->degrees, value_hash(m, a));
    Value *v = value_new(m, true, degree_root(m->degrees, a->degree, number));
    characters_note(m, CHARACTER_ROOT, number, a);
    if (number == m->left_squares.count) vec_push(m->arena, &m->left_squares, ARENA_ARRAY(m->arena, bool, m->count));
    EACH_POINT (m, i, f) {
        bool outside = a->im && a->im[i], square = !outside && field_sign(f, a->re[i]) >= 0;
        uint64_t root = outside ? free_root(f, a->re[i], a->im[i]) : field_root(f, square ? a->re[i] : field_negative(f, a->re[i]));
        v->re[i] = square || outside ? root : 0;
        v->im[i] = square || outside ? 0 : root;
        m->left_squares.at[number][i] = !square;
        complex |= v->im[i] != 0;
    }
    if (!complex) v->im = NULL;
    return v;
}

/* Outside of F_p, that of the real part, or else of the imaginary one: odd, as a sign is, and nothing more. */
static int sign_at(const Field *f, const Value *a, int i) {
    if (!a->im || !a->im[i]) return field_sign(f, a->re[i]);
    return field_sign(f, a->re[i] ? a->re[i] : a->im[i]);
}

/* The sign of a and that of -a are one symbol. */
static DegreeId sign_degree(Points *m, const Value *a, double bits) {
    uint64_t key = value_hash(m, a), minus = value_hash(m, value_negative(m, a));
    int number = degree_sign_number(m->degrees, key < minus ? key : minus);
    characters_note(m, CHARACTER_SIGN, number, a);
    return degree_sign(m->degrees, a->degree, number, bits);
}

const Value *value_sign(Points *m, const Value *a) {
    Value *v = value_new(m, false, sign_degree(m, a, 0));
    EACH_POINT (m, i, f) {
        int sign = sign_at(f, a, i);
        v->re[i] = sign > 0 ? f->one : sign < 0 ? f->p - f->one : 0;
    }
    return v;
}

const Value *value_step(Points *m, const Value *a, int at_zero) {
    Value *v = value_new(m, false, sign_degree(m, a, 1));
    EACH_POINT (m, i, f) {
        int sign = sign_at(f, a, i);
        v->re[i] = sign > 0 || (sign == 0 && at_zero) ? f->one : 0;
    }
    return v;
}

/* Zero for some signs, not for others: a symbol of the signs that a depends on. */
const Value *value_zero(Points *m, const Value *a) {
    Value *v = value_new(m, false, degree_symbol(m->degrees, a->degree));
    EACH_POINT (m, i, f) v->re[i] = a->re[i] || (a->im && a->im[i]) ? 0 : f->one;
    return v;
}

/* ---- looking ------------------------------------------------------------------------------------------------------- */
bool value_leaves_squares(const Points *m, const Value *a, int point) {
    const int *number;
    int count = degree_roots(m->degrees, a->degree, &number);
    for (int i = 0; i < count; i++)
        if (m->left_squares.at[number[i]][point]) return true;
    return false;
}

bool value_is_zero(const Points *m, const Value *a) {
    for (int i = 0; i < m->count; i++)
        if (!m->dead[i] && (a->re[i] || (a->im && a->im[i]))) return false;
    return true;
}

static double larger(double a, double b) {
    return a > b ? a : b;
}

/* Keeps the degrees of all pairs together, with what the characters of each say about its signs. */
void value_identified(Points *m, DegreeId difference) {
    Degree d = degree_of(m->degrees, difference), *most = &m->identified;
    Combinations c = characters_of(m, difference);
    m->assumed |= c.assumed;
    if (c.wanted > m->wanted) m->wanted = c.wanted;
    *most = (Degree){larger(most->numerator, d.numerator + c.degree), larger(most->bits, d.bits), larger(most->signs, c.signs),
                     larger(most->denominator, d.denominator), larger(most->denominator_bits, d.denominator_bits),
                     larger(most->roots, d.roots), 0};
    m->any_identified = true;
}

bool value_vanishes(Points *m, const Value *a) {
    m->comparisons++;
    if (!value_is_zero(m, a)) return false;
    if (degree_of(m->degrees, a->degree).numerator > 0) value_identified(m, a->degree);
    return true;
}

bool value_equal(Points *m, const Value *a, const Value *b) {
    m->comparisons++;
    if (a == b) return true;
    for (int i = 0; i < m->count; i++)
        if (!m->dead[i] && (a->re[i] != b->re[i] || (a->im ? a->im[i] : 0) != (b->im ? b->im[i] : 0))) return false;
    value_identified(m, degree_sum(m->degrees, a->degree, b->degree));
    return true;
}

/* Dead points count as well: a value keeps its hash, and one that is computed on both sides is dead on both. */
uint64_t value_hash(const Points *m, const Value *a) {
    uint64_t h = 0x9e3779b97f4a7c15u;
    for (int i = 0; i < m->count; i++) {
        h = (h ^ a->re[i]) * 0xff51afd7ed558ccdu;
        h = (h ^ (h >> 29) ^ (a->im ? a->im[i] : 0)) * 0xc4ceb9fe1a85ec53u;
    }
    return h ^ (h >> 32);
}

bool value_ratio(Points *m, const Value *a, const Value *b, int64_t most, int64_t *n, int64_t *d) {
    bool known = false;
    m->comparisons++;
    for (int k = 0; k < m->primes; k++) {
        const Field *f = &m->field[k];
        uint64_t ratio = 0;
        bool here = false;
        for (int i = k * m->each; i < (k + 1) * m->each; i++) {
            if (m->dead[i]) continue;
            for (int part = 0; part < 2; part++) {
                uint64_t x = part ? (a->im ? a->im[i] : 0) : a->re[i], y = part ? (b->im ? b->im[i] : 0) : b->re[i];
                if (!here && x) {
                    ratio = field_mul(f, y, field_inverse(f, x));
                    if (!known && !field_fraction(f, ratio, most, n, d)) return false;
                    if (field_mul(f, ratio, field_integer(f, *d)) != field_integer(f, *n)) return false;
                    known = here = true;
                }
                if (field_mul(f, ratio, x) != y) return false;
            }
        }
    }
    if (known && a != b) value_identified(m, degree_sum(m->degrees, a->degree, b->degree));
    return known;
}
