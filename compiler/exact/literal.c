/* See literal.h. */
#include "exact/literal.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_EXPONENT = 400, MOST_PRIMES = 8 };

/* digits * 10^exponent */
typedef struct Decimal {
    bool negative;
    char digits[64];
    int exponent;
} Decimal;

static bool parse(const char *text, Decimal *d) {
    int count = 0;
    bool point = false;
    *d = (Decimal){.negative = *text == '-'};
    for (text += *text == '-'; isdigit((unsigned char)*text) || (*text == '.' && !point); text++) {
        if (*text == '.') {
            point = true;
            continue;
        }
        if (count == (int)sizeof d->digits - 1) return false;
        d->digits[count++] = *text;
        d->exponent -= point;
    }
    if (count == 0) return false;
    if (*text == 'e' || *text == 'E') {
        char *end;
        long exponent = strtol(text + 1, &end, 10);
        if (end == text + 1 || labs(exponent) > LONGEST_EXPONENT) return false;
        d->exponent += (int)exponent;
        text = end;
    }
    return *text == 0;
}

static uint64_t element_of(const Field *f, const Decimal *d) {
    uint64_t ten = field_integer(f, 10), a = 0;
    for (const char *c = d->digits; *c; c++) a = field_add(f, field_mul(f, a, ten), field_integer(f, *c - '0'));
    uint64_t scale = field_power(f, ten, (uint64_t)abs(d->exponent));
    a = field_mul(f, a, d->exponent < 0 ? field_inverse(f, scale) : scale);
    return d->negative ? field_negative(f, a) : a;
}

const Value *literal_value(Points *m, const char *text) {
    Decimal d;
    if (!parse(text, &d)) return NULL;
    double bits = 0, more = abs(d.exponent) * log2(10);
    for (const char *c = d.digits; *c; c++) bits += bits > 0 || *c != '0' ? log2(10) : 0;
    Value *v = value_new(m, false, degree_rational(m->degrees, bits + (d.exponent > 0 ? more : 0), d.exponent < 0 ? more : 0));
    for (int k = 0; k < m->primes; k++) {
        uint64_t a = element_of(&m->field[k], &d);
        for (int i = 0; i < m->each; i++) v->re[k * m->each + i] = a;
    }
    return v;
}

/* ---- primes --------------------------------------------------------------------------------------------------------- */
typedef struct Primes {
    uint64_t at[MOST_PRIMES]; /* more would leave too few fields to draw from */
    int count;
} Primes;

static void add_factors(Primes *primes, uint64_t n) {
    for (uint64_t q = 2; n > 1 && q < 65536; q++) {
        if (q * q > n) q = n;
        if (n % q) continue;
        bool known = q <= FIELD_SQUARES_TO;
        for (int i = 0; i < primes->count; i++) known |= primes->at[i] == q;
        if (!known && primes->count < MOST_PRIMES && q <= UINT32_MAX) primes->at[primes->count++] = q;
        while (n % q == 0) n /= q;
    }
}

static void search(Primes *primes, const IrExpr *e) {
    Decimal d;
    if (!e) return;
    if (e->op == IR_LIT && parse(e->text, &d)) {
        unsigned long long digits = strtoull(d.digits, NULL, 10);
        if (digits < UINT32_MAX) add_factors(primes, digits);
    }
    for (int i = 0; i < e->argc; i++) search(primes, e->arg[i]);
}

int literal_primes(Arena *arena, const IrProgram *p, uint64_t **prime) {
    Primes primes = {0};
    for (int i = 0; i < p->vars.count; i++) search(&primes, p->vars.at[i]->def), search(&primes, p->vars.at[i]->init);
    *prime = ARENA_ARRAY(arena, uint64_t, MOST_PRIMES);
    memcpy(*prime, primes.at, sizeof primes.at);
    return primes.count;
}
