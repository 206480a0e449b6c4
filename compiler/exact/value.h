/* Values of the exact engine: one number of F_p, or of F_p[i] once a root left F_p, for each random point, with the degrees that
 * the printed error probability is computed from. The points lie in several random fields, the same number in each. Values are
 * immutable and live in the trial's arena. */
#ifndef CTX_EXACT_VALUE_H
#define CTX_EXACT_VALUE_H
#include "exact/degree.h"
#include "exact/field.h"

typedef struct Value {
    uint64_t *re, *im; /* im NULL: all of F_p */
    DegreeId degree;
} Value;

/* chi of what a sign or a root is taken of, by point (characters.h). */
typedef struct Character {
    int8_t *at;    /* 0: it is zero, or outside of F_p */
    bool constant; /* a number that is a square in all fields */
    bool nested;   /* the argument depends on signs or roots of variables */
    bool on_signs; /* on signs */
    double degree; /* of the argument */
} Character;
typedef VEC(Character) Characters;

typedef struct Judged { /* what characters_of found for a degree */
    bool done, assumed;
    int wanted;
    double signs, degree;
} Judged;

/* What operations on values share: the fields, the number of points, and where values live. */
typedef struct Points {
    const Field *field; /* by prime */
    int primes, each;   /* points of one field */
    int count;          /* all points: primes * each, those of one field beside each other */
    double operations;  /* done so far: elements of the fields that were computed */
    Arena *arena;
    Degrees *degrees;
    bool *dead;   /* by point: a division by zero happened there, so it says nothing */
    VEC(bool *) left_squares; /* by number of the root, by point: the root is of what is no square there */
    /* Of two values that were computed in different ways and taken for equal: the degrees of their differences, at most. */
    Degree identified;
    bool any_identified;
    Characters characters[2]; /* of signs, of roots: by number */
    VEC(Judged) judged;       /* by degree */
    bool assumed;             /* characters that cannot be judged were met where sides were compared */
    bool uneven;              /* agreement was judged with all but a part of the combinations in mind */
    int wanted;               /* points that would do to judge those that can be, at most */
    double comparisons; /* pairs that were compared */
} Points;

/* for each prime, for each of its points: `i` is the point, `f` the field */
#define EACH_POINT(m, i, f) \
    for (int prime_ = 0, i = 0; prime_ < (m)->primes; prime_++) \
        for (const Field *f = &(m)->field[prime_]; i < (prime_ + 1) * (m)->each; i++)

Value *value_new(Points *m, bool complex, DegreeId degree); /* not initialised */
const Value *value_integer(Points *m, int64_t n);
const Value *value_rational(Points *m, int64_t numerator, int64_t denominator);
const Value *value_draw(Points *m, uint64_t *state);
const Value *value_add(Points *m, const Value *a, const Value *b);
const Value *value_sub(Points *m, const Value *a, const Value *b);
const Value *value_negative(Points *m, const Value *a);
const Value *value_mul(Points *m, const Value *a, const Value *b);
const Value *value_power(Points *m, const Value *a, uint64_t n);
/* 1 / a; marks points where a is zero as dead. NULL: a is zero everywhere. */
const Value *value_inverse(Points *m, const Value *a);
/* The principal root. */
const Value *value_root(Points *m, const Value *a);
/* chi(a). */
const Value *value_sign(Points *m, const Value *a);
/* 1 where a is positive, 0 where it is negative, at_zero (0 or 1) where it is zero. */
const Value *value_step(Points *m, const Value *a, int at_zero);
/* 1 where a is zero, else 0. */
const Value *value_zero(Points *m, const Value *a);

/* A running sum of values and products; products are reduced once in a while. */
typedef struct Sum Sum;
Sum *sum_new(Points *m);
void sum_add(Sum *s, const Value *a);
void sum_add_product(Sum *s, const Value *a, const Value *b);
const Value *sum_close(Sum *s);

/* At a point: one of the roots that a value depends on is of no square. */
bool value_leaves_squares(const Points *m, const Value *a, int point);
bool value_is_zero(const Points *m, const Value *a); /* at every live point */
bool value_vanishes(Points *m, const Value *a);      /* the same, and a is taken for zero from now on */
void value_identified(Points *m, DegreeId difference); /* a difference of this degree was taken for zero */
bool value_equal(Points *m, const Value *a, const Value *b);
uint64_t value_hash(const Points *m, const Value *a);
/* b = r a for a rational number r = n / d with |n|, d <= most, the same in all fields; false: there is none. */
bool value_ratio(Points *m, const Value *a, const Value *b, int64_t most, int64_t *n, int64_t *d);
#endif
