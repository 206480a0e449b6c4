/* See characters.h. */
#include "exact/characters.h"

#include <math.h>

/* Points beyond the number of characters: independent ones look dependent with a probability of 2^-MARGIN, which costs a proof and
 * never makes one. */
enum { MARGIN = 10, MOST_CHARACTERS = 500, HOPELESS = 1024 };

static bool all_constant(const Points *m, CharacterKind kind, const int *number, int count) {
    for (int i = 0; i < count; i++)
        if (!m->characters[kind].at[number[i]].constant) return false;
    return true;
}

/* Roots of positive numbers whose prime factors are squares in all fields are what they are in real numbers, up to an automorphism:
 * nothing hangs on a combination. */
static void classify(const Points *m, DegreeId degree, Character *c) {
    const int *sign, *root;
    int signs = degree_signs(m->degrees, degree, &sign), roots = degree_roots(m->degrees, degree, &root);
    Degree d = degree_of(m->degrees, degree);
    c->on_signs = isinf(d.symbols) || !all_constant(m, CHARACTER_SIGN, sign, signs);
    c->nested = c->on_signs || !all_constant(m, CHARACTER_ROOT, root, roots);
    c->degree = d.numerator + d.denominator;
    c->constant = !c->nested && d.numerator == 0;
    for (int i = 0; i < m->count; i++) c->constant &= c->at[i] == 1;
}

/* The argument is zero, as in relu(x - x): so is its sign, everywhere. */
static bool is_zero(const Points *m, const Value *argument) {
    for (int i = 0; i < m->count; i++)
        if (!m->dead[i] && (argument->re[i] || (argument->im && argument->im[i]))) return false;
    return true;
}

void characters_note(Points *m, CharacterKind kind, int number, const Value *argument) {
    Characters *all = &m->characters[kind];
    if (number < all->count) return;
    Character c = {.at = ARENA_ARRAY(m->arena, int8_t, m->count)};
    EACH_POINT (m, i, f) {
        bool outside = argument->im && argument->im[i];
        c.at[i] = (int8_t)(outside ? 0 : field_sign(f, argument->re[i]));
    }
    classify(m, argument->degree, &c);
    c.constant |= is_zero(m, argument);
    vec_push(m->arena, all, c);
}

/* Rows of bits: one for each character, and one of ones, for the constants. */
typedef struct Matrix {
    uint64_t *row;
    int rows, words;
} Matrix;

typedef struct Family {
    const Character **member;
    int count;
    bool nested;
    int roots_on_signs;
    double degree;
} Family;

static void add_members(const Points *m, CharacterKind kind, const int *number, int count, Family *f) {
    for (int i = 0; i < count; i++) {
        const Character *c = &m->characters[kind].at[number[i]];
        if (c->constant) continue;
        f->member[f->count++] = c;
        f->nested |= c->nested;
        f->degree += c->degree;
        f->roots_on_signs += kind == CHARACTER_ROOT && c->on_signs;
    }
}

/* At the points at which all characters are known. */
static int usable(const Points *m, const Family *f, int *point) {
    int count = 0;
    for (int i = 0; i < m->count; i++) {
        bool known = !m->dead[i];
        for (int k = 0; k < f->count && known; k++) known = f->member[k]->at[i] != 0;
        if (known) point[count++] = i;
    }
    return count;
}

static Matrix matrix(const Points *m, const Family *f, const int *point, int count) {
    Matrix a = {.rows = f->count + 1, .words = (count + 63) / 64};
    a.row = ARENA_ARRAY(m->arena, uint64_t, a.rows * a.words);
    for (int k = 0; k < a.rows; k++)
        for (int i = 0; i < count; i++)
            if (k == f->count || f->member[k]->at[point[i]] < 0) a.row[k * a.words + i / 64] |= (uint64_t)1 << (i % 64);
    return a;
}

static int first_bit(const uint64_t *row, int words) {
    for (int w = 0; w < words; w++)
        if (row[w]) return 64 * w + __builtin_ctzll(row[w]);
    return -1;
}

/* No sum of rows is zero. */
static bool independent(Matrix a) {
    for (int k = 0; k < a.rows; k++) {
        const uint64_t *own = a.row + k * a.words;
        int pivot = first_bit(own, a.words);
        if (pivot < 0) return false;
        for (int j = k + 1; j < a.rows; j++) {
            uint64_t *other = a.row + j * a.words;
            if (other[pivot / 64] >> (pivot % 64) & 1)
                for (int w = 0; w < a.words; w++) other[w] ^= own[w];
        }
    }
    return true;
}

/* The norm over roots of what depends on signs has 2^roots times their degree. */
static double degree_in_signs(Degree d, const Family *f) {
    double signs = d.signs * exp2(f->roots_on_signs);
    return signs < d.symbols ? signs : d.symbols;
}

static Combinations judge(Points *m, DegreeId degree) {
    Degree d = degree_of(m->degrees, degree);
    const int *sign, *root;
    int signs = degree_signs(m->degrees, degree, &sign), roots = degree_roots(m->degrees, degree, &root);
    Family f = {.member = ARENA_ARRAY(m->arena, const Character *, signs + roots + 1)};
    add_members(m, CHARACTER_SIGN, sign, signs, &f);
    add_members(m, CHARACTER_ROOT, root, roots, &f);
    Combinations c = {.signs = degree_in_signs(d, &f), .degree = f.degree};
    if (f.count == 0 || (d.signs >= d.symbols && roots == 0)) return c; /* all combinations of them: nothing to assume */
    c.assumed = f.nested || isinf(d.symbols) || f.count > MOST_CHARACTERS;
    if (c.assumed) return c;
    int *point = ARENA_ARRAY(m->arena, int, m->count), count = usable(m, &f, point);
    if (count == 0 && m->count >= HOPELESS) { /* one is outside of F_p wherever it was seen: more points would not help */
        c.assumed = true;
    } else if (count < f.count + MARGIN) {
        c.assumed = true;
        c.wanted = f.count + MARGIN + (m->count - count);
    } else if (!independent(matrix(m, &f, point, count))) {
        c.signs = d.symbols + d.roots;
    }
    return c;
}

Combinations characters_of(Points *m, DegreeId degree) {
    while ((DegreeId)m->judged.count <= degree) vec_push(m->arena, &m->judged, ((Judged){0}));
    Judged *known = &m->judged.at[degree];
    if (!known->done) {
        Combinations c = judge(m, degree);
        m->judged.at[degree] = (Judged){true, c.assumed, c.wanted, c.signs, c.degree};
    }
    known = &m->judged.at[degree];
    return (Combinations){known->signs, known->degree, known->assumed, known->wanted};
}
