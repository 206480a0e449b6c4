/* See basis.h. */
#include "exact/basis.h"

#include <string.h>

/* Points beyond the basis that a linear relation must hold at; a false one survives with (D / p)^MARGIN. */
enum { MARGIN = 40, LARGEST_FACTOR = 1 << 24 };
static const int64_t MOST_UNITS = INT64_C(1) << 36, LARGEST_DENOMINATOR = INT64_C(1) << 32;
static const char no_fraction[] = "exponents in a ratio that is no fraction of small numbers";
const char *const basis_wants_points = "more independent exponentials than points";

typedef struct Atom { /* an independent argument g: e^(g n / denominator) = base^(n / unit) */
    const Value *value;
    uint64_t hash;     /* of its direction: the same for all multiples */
    const Value *base; /* a random symbol; of a logarithm, what it is the logarithm of */
    int64_t unit;      /* 1; the denominator for a logarithm */
    const Value *whole, *inverse; /* e^g and e^-g once they were asked for */
} Atom;

typedef struct Row { /* an echelon row: combination of the atoms up to its own */
    uint64_t *at;          /* by coordinate: real parts of all points, then imaginary ones; at[pivot] = 1, 0 at earlier pivots */
    uint64_t *combination; /* by atom: the row is sum combination[k] atom[k] */
    int pivot;
} Row;

typedef struct Known { /* an exponential that was computed, for logarithms */
    const Value *value, *argument;
    uint64_t value_hash, argument_hash;
} Known;

struct Basis {
    Points *m;
    uint64_t *seed;
    bool full, zeros, met_zeros;
    int64_t denominator, wanted; /* of exponents: what they have to divide, and what would do for all that were met */
    VEC(Atom) atoms;
    VEC(Row) rows; /* full: one for each atom */
    VEC(Known) known;
};

int basis_count(const Basis *b) {
    return b->atoms.count;
}

bool basis_met_zeros(const Basis *b) {
    return b->met_zeros;
}

int64_t basis_wanted(const Basis *b) {
    return b->wanted;
}

static int64_t divisor_of_both(int64_t a, int64_t b) {
    while (b) {
        int64_t rest = a % b;
        a = b, b = rest;
    }
    return a < 0 ? -a : a;
}

/* Fractions with this denominator were met. */
static void want(Basis *b, int64_t denominator) {
    int64_t more = denominator / divisor_of_both(b->wanted, denominator);
    if (more > 1 && b->wanted <= LARGEST_DENOMINATOR / more) b->wanted *= more;
}

/* n / d in units of 1 / denominator; false: it is no multiple of the unit, and a larger denominator is wanted. */
static bool in_units(Basis *b, int64_t n, int64_t d, int64_t *units) {
    want(b, d);
    if (b->denominator % d) return false;
    *units = n * (b->denominator / d);
    return *units <= MOST_UNITS && *units >= -MOST_UNITS;
}

/* ---- atoms ---------------------------------------------------------------------------------------------------------- */
/* Hash of a / (its first element that is not 0), field by field. */
static uint64_t direction(const Points *m, const Value *a) {
    uint64_t h = 1;
    for (int k = 0; k < m->primes; k++) {
        const Field *f = &m->field[k];
        uint64_t scale = 0;
        for (int i = k * m->each; i < (k + 1) * m->each; i++) {
            uint64_t re = a->re[i], im = a->im ? a->im[i] : 0;
            if (!scale && (re || im)) scale = field_inverse(f, re ? re : im);
            h = (h ^ field_mul(f, re, scale)) * 0xff51afd7ed558ccdu;
            h = (h ^ (h >> 29) ^ field_mul(f, im, scale)) * 0xc4ceb9fe1a85ec53u;
        }
    }
    return h ^ (h >> 32);
}

static int atom_of(const Basis *b, const Value *g) {
    for (int i = 0; i < b->atoms.count; i++)
        if (b->atoms.at[i].value == g) return i;
    return -1;
}

bool basis_holds(const Basis *b, const Value *g) {
    return atom_of(b, g) >= 0;
}

static bool find_atom(Basis *b, const Value *g, Exponent *found, int *atom) {
    found->n = b->denominator;
    *atom = atom_of(b, g);
    if (*atom >= 0) return true;
    uint64_t hash = direction(b->m, g);
    int last = b->atoms.count && b->atoms.at[0].hash == hash ? 1 : b->atoms.count; /* rational numbers are multiples of 1 */
    for (int i = 0; i < last; i++) {
        if (b->atoms.at[i].hash != hash) continue;
        int64_t n, d;
        if (!value_ratio(b->m, b->atoms.at[i].value, g, LARGEST_FACTOR, &n, &d) || !in_units(b, n, d, &found->n)) continue;
        *atom = i;
        return true;
    }
    return false;
}

bool basis_knows(Basis *b, const Value *g) {
    Exponent e;
    int atom;
    return value_vanishes(b->m, g) || find_atom(b, g, &e, &atom);
}

static bool zero_somewhere(const Points *m, const Value *g) {
    for (int i = 0; i < m->count; i++)
        if (!m->dead[i] && !g->re[i] && !(g->im && g->im[i])) return true;
    return false;
}

/* A random symbol for e^g; if the trial looks at zeros, 1 at the points where g is zero, as min(x, 0) is for half of all signs of
 * x. Then the symbol is a function of the signs. */
static const Value *draw_symbol(Basis *b, const Value *g) {
    Value *symbol = (Value *)value_draw(b->m, b->seed);
    Degree d = degree_of(b->m->degrees, g->degree);
    if (d.symbols == 0 && d.roots == 0) return symbol;
    if (!b->zeros) b->met_zeros |= zero_somewhere(b->m, g);
    if (!b->zeros) return symbol;
    symbol->degree = degree_symbol(b->m->degrees, g->degree);
    EACH_POINT (b->m, i, f)
        if (!g->re[i] && !(g->im && g->im[i])) symbol->re[i] = f->one;
    return symbol;
}

static int add_atom(Basis *b, const Value *g, const Value *base, int64_t unit) {
    vec_push(b->m->arena, &b->atoms, ((Atom){g, direction(b->m, g), base, unit, NULL, NULL}));
    return b->atoms.count - 1;
}

/* ---- the echelon basis ---------------------------------------------------------------------------------------------- */
/* a - factor b over n elements */
static void eliminate(const Field *f, uint64_t *a, const uint64_t *b, uint64_t factor, int n) {
    for (int i = 0; i < n; i++) a[i] = field_sub(f, a[i], field_mul(f, factor, b[i]));
}

typedef struct Rest { /* what is left of an argument, and what was taken as factors of the atoms */
    uint64_t *at, *combination;
    int pivot; /* -1: nothing is left */
} Rest;

static Rest reduce(Basis *b, const Value *g) {
    const Field *f = &b->m->field[0];
    int count = b->m->count;
    Rest r = {ARENA_ARRAY(b->m->arena, uint64_t, 2 * count), ARENA_ARRAY(b->m->arena, uint64_t, b->rows.count + 1), -1};
    memcpy(r.at, g->re, sizeof *r.at * (size_t)count);
    if (g->im) memcpy(r.at + count, g->im, sizeof *r.at * (size_t)count);
    for (int k = 0; k < b->rows.count; k++) {
        const Row *row = &b->rows.at[k];
        uint64_t factor = r.at[row->pivot];
        if (!factor) continue;
        eliminate(f, r.at, row->at, factor, 2 * count);
        eliminate(f, r.combination, row->combination, field_negative(f, factor), k + 1);
    }
    for (int i = 0; i < 2 * count && r.pivot < 0; i++)
        if (r.at[i] && !b->m->dead[i % count]) r.pivot = i;
    return r;
}

static void add_row(Basis *b, Rest r) {
    const Field *f = &b->m->field[0];
    int own = b->rows.count;
    uint64_t scale = field_inverse(f, r.at[r.pivot]);
    for (int k = 0; k < own; k++) r.combination[k] = field_mul(f, field_negative(f, r.combination[k]), scale);
    r.combination[own] = scale;
    for (int i = 0; i < 2 * b->m->count; i++) r.at[i] = field_mul(f, r.at[i], scale);
    vec_push(b->m->arena, &b->rows, ((Row){r.at, r.combination, r.pivot}));
}

/* ---- expressing an argument by atoms -------------------------------------------------------------------------------- */
typedef struct Parts { /* by atom, in units of 1 / denominator */
    int64_t *n;
    int count;
} Parts;

static bool add_part(Basis *b, Parts *parts, int atom, int64_t of_argument, int64_t of_atom, const char **why) {
    __int128 product = (__int128)of_argument * of_atom;
    __int128 n = product / b->denominator;
    if (product % b->denominator == 0 && n <= MOST_UNITS && n >= -MOST_UNITS) {
        parts->n[atom] += (int64_t)n;
        return true;
    }
    int64_t left = b->denominator / divisor_of_both(b->denominator, of_argument), more = left / divisor_of_both(left, of_atom);
    if (more > 1 && more <= LARGEST_DENOMINATOR / b->denominator) want(b, b->denominator * more);
    *why = no_fraction;
    return false;
}

/* The argument is that combination of the atoms. */
static void note_relation(Basis *b, const Value *g, const Rest *r) {
    DegreeId degree = g->degree;
    for (int k = 0; k < b->rows.count; k++)
        if (r->combination[k]) degree = degree_sum(b->m->degrees, degree, b->atoms.at[k].value->degree);
    b->m->comparisons++;
    value_identified(b->m, degree);
}

static bool express_full(Basis *b, const Value *g, const Value *base, int64_t unit, int64_t n, Parts *parts, const char **why) {
    const Field *f = &b->m->field[0];
    if (b->atoms.count + 1 + MARGIN > b->m->count) {
        *why = basis_wants_points;
        return false;
    }
    Rest r = reduce(b, g);
    if (r.pivot >= 0) {
        add_row(b, r);
        return add_part(b, parts, add_atom(b, g, base ? base : draw_symbol(b, g), unit), n, b->denominator, why);
    }
    note_relation(b, g, &r);
    for (int k = 0; k < b->rows.count; k++) {
        int64_t factor, numerator, divisor;
        if (!r.combination[k]) continue;
        if (!field_fraction(f, r.combination[k], LARGEST_FACTOR, &numerator, &divisor) || !in_units(b, numerator, divisor, &factor)) {
            *why = no_fraction;
            return false;
        }
        if (!add_part(b, parts, k, n, factor, why)) return false;
    }
    return true;
}

static bool express(Basis *b, const Value *g, int64_t n, Parts *parts, const char **why) {
    Exponent found;
    int atom;
    if (value_vanishes(b->m, g)) return true;
    if (find_atom(b, g, &found, &atom)) return add_part(b, parts, atom, n, found.n, why);
    if (b->full) return express_full(b, g, NULL, 1, n, parts, why);
    return add_part(b, parts, add_atom(b, g, draw_symbol(b, g), 1), n, b->denominator, why);
}

/* ---- powers of the symbols ------------------------------------------------------------------------------------------ */
/* e^(g |n| / denominator) */
static const Value *power_of(Basis *b, Atom *atom, int64_t n, const char **why) {
    uint64_t times = (uint64_t)(n < 0 ? -n : n);
    if (times == (uint64_t)b->denominator && atom->whole) return atom->whole;
    const Value *base = atom->base, *power = NULL;
    if (atom->unit == 1) power = value_power(b->m, base, times);
    else if (times % (uint64_t)atom->unit == 0) power = value_power(b->m, base, times / (uint64_t)atom->unit);
    else if (2 * times % (uint64_t)atom->unit == 0 && (base = value_root(b->m, base)))
        power = value_power(b->m, base, 2 * times / (uint64_t)atom->unit);
    if (!power) *why = "the exponential of a fraction of a logarithm, other than a half";
    if (times == (uint64_t)b->denominator) atom->whole = power;
    return power;
}

static const Value *factor_of(Basis *b, Atom *atom, int64_t n, const char **why) {
    const Value *power = power_of(b, atom, n, why);
    if (!power || n > 0) return power;
    if (n != -b->denominator) return value_inverse(b->m, power);
    if (!atom->inverse) atom->inverse = value_inverse(b->m, power);
    return atom->inverse;
}

static const Value *product(Basis *b, const Parts *parts, const char **why) {
    const Value *all = NULL;
    for (int k = 0; k < parts->count && k < b->atoms.count; k++) {
        if (!parts->n[k]) continue;
        const Value *factor = factor_of(b, &b->atoms.at[k], parts->n[k], why);
        if (!factor) return NULL;
        all = all ? value_mul(b->m, all, factor) : factor;
    }
    return all ? all : value_integer(b->m, 1);
}

static const Value *argument_of(Basis *b, const Exponent *term, int count) {
    const Value *g = NULL;
    for (int i = 0; i < count; i++) {
        const Value *part = term[i].n == b->denominator ? term[i].value
            : value_mul(b->m, term[i].value, value_rational(b->m, term[i].n, b->denominator));
        g = g ? value_add(b->m, g, part) : part;
    }
    return g ? g : value_integer(b->m, 0);
}

static void remember(Basis *b, const Value *value, const Value *argument) {
    Known known = {value, argument, value_hash(b->m, value), value_hash(b->m, argument)};
    vec_push(b->m->arena, &b->known, known);
}

const Value *basis_find(Basis *b, const Value *g) {
    uint64_t hash = value_hash(b->m, g);
    for (int i = 0; i < b->known.count; i++)
        if (b->known.at[i].argument_hash == hash && value_equal(b->m, b->known.at[i].argument, g)) return b->known.at[i].value;
    return NULL;
}

const Value *basis_exp(Basis *b, const Exponent *term, int count, const char **why) {
    int most = b->atoms.count + count;
    Parts parts = {ARENA_ARRAY(b->m->arena, int64_t, most), most};
    for (int i = 0; i < count; i++)
        if (!express(b, term[i].value, term[i].n, &parts, why)) return NULL;
    const Value *value = product(b, &parts, why), *argument = argument_of(b, term, count);
    if (!value) return NULL;
    remember(b, value, argument);
    return value;
}

const Value *basis_log(Basis *b, const Value *u, const char **why) {
    uint64_t hash = value_hash(b->m, u);
    for (int i = 0; i < b->known.count; i++)
        if (b->known.at[i].value_hash == hash && value_equal(b->m, b->known.at[i].value, u)) return b->known.at[i].argument;
    const Value *symbol = value_draw(b->m, b->seed);
    Parts parts = {ARENA_ARRAY(b->m->arena, int64_t, b->atoms.count + 1), b->atoms.count + 1};
    if (b->full && !express_full(b, symbol, u, b->denominator, b->denominator, &parts, why)) return NULL;
    if (!b->full) add_atom(b, symbol, u, b->denominator);
    remember(b, u, symbol);
    return symbol;
}

Basis *basis_new(Points *m, uint64_t *seed, const BasisMethod *how) {
    Basis *b = ARENA_NEW(m->arena, Basis);
    *b = (Basis){.m = m, .seed = seed, .full = how->full, .zeros = how->zeros, .denominator = how->denominator,
                 .wanted = how->denominator};
    const char *why;
    Exponent one = {value_integer(m, 1), b->denominator};
    basis_exp(b, &one, 1, &why);
    return b;
}
