/* When two values count as equal, and the probability that they were not (README.md). */
#include <math.h>

#include "exact/characters.h"
#include "exact/decide_internal.h"

enum { LEAST_JUDGED = 2 }; /* points that have to be judged in a trial */
static const double LOG2_P = 60;

/* Points of a prime at which a difference counts; `squares_only`: it fails elsewhere. */
static int judged_points(const Points *m, int prime, const Value *squares_only) {
    int count = 0;
    for (int i = prime * m->each; i < (prime + 1) * m->each; i++)
        count += !m->dead[i] && !(squares_only && value_leaves_squares(m, squares_only, i));
    return count;
}

/* Bits by which a difference of this degree, not zero as a function, would have shown in the trial (README.md). It is zero for all
 * but a part 2^-signs of all combinations of signs. `fitted` points of a prime say nothing: as many factors were chosen to fit them. */
static double certainty(const Trial *t, const Points *m, Degree d, double signs, int fitted, const Value *squares_only) {
    double degree = log2(d.numerator + d.denominator + 1) + d.roots;
    double height = log2((d.bits + d.denominator_bits) / LOG2_P + 1) + d.roots;
    double by_prime = trial_prime_bits(t) - height, all = 0;
    double miss = exp2(degree - LOG2_P) + (signs > 0 ? 1 - exp2(-signs) : 0);
    double by_point = miss < 1 ? -log2(miss) : 0;
    if (signs > 0) by_prime = fmin(by_prime, -log2(1 - exp2(-signs))); /* a constant's sign is random by prime */
    for (int k = 0; k < m->primes; k++) {
        double bits = fmin(by_prime, (judged_points(m, k, squares_only) - fitted) * by_point);
        if (bits > 0) all += bits - (bits > 2 ? 1 : 0); /* the sum of two probabilities is at most twice the larger */
    }
    return all;
}

/* The same of a difference, by its degree and its characters. */
static double certainty_of(const Trial *t, Points *m, const Value *difference, const Value *squares_only) {
    Degree d = degree_of(m->degrees, difference->degree);
    Combinations c = characters_of(m, difference->degree);
    m->assumed |= c.assumed, m->uneven |= c.signs > 0;
    if (c.wanted > m->wanted) m->wanted = c.wanted;
    d.numerator += c.degree;
    return certainty(t, m, d, c.signs, 0, squares_only);
}

/* Compares a difference with zero, at all points or, where it fails only where its roots left the squares, at the others. */
static Outcome compare(const Points *m, const Value *difference, const Value **squares_only) {
    int live = 0, square = 0, wrong = 0, wrong_square = 0;
    for (int i = 0; i < m->count; i++) {
        if (m->dead[i]) continue;
        bool zero = !difference->re[i] && !(difference->im && difference->im[i]);
        bool left = !zero && value_leaves_squares(m, difference, i);
        live++, wrong += !zero, wrong_square += !zero && !left;
    }
    *squares_only = wrong ? difference : NULL;
    for (int k = 0; wrong && k < m->primes; k++) square += judged_points(m, k, difference);
    if (wrong_square) return DISAGREE;
    return live < LEAST_JUDGED || (wrong && square < LEAST_JUDGED) ? MORE_POINTS : AGREE;
}

Outcome equal_values(Run *r, const Value *a, const Value *b) {
    if (!a || !b) return STOPPED;
    Points *m = trial_points(r->t);
    const Value *difference = value_sub(m, a, b);
    const Value *squares_only;
    Outcome outcome = compare(m, difference, &squares_only);
    if (outcome == AGREE) r->bits = fmin(r->bits, certainty_of(r->t, m, difference, squares_only));
    return outcome;
}

/* The difference was not zero and missed, or some pair that was taken for equal was not. */
double trial_certainty(const Run *r) {
    const Points *m = trial_points(r->t);
    if (!m->any_identified) return r->bits;
    int fitted = r->task->method.exponents.full ? trial_basis(r->t) : 0; /* factors of a linear relation */
    return fmin(r->bits, certainty(r->t, m, m->identified, m->identified.signs, fitted, NULL) - log2(m->comparisons + 1)) - 1;
}
