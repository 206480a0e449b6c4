/* What the files that decide a check share: decide.c (shapes, trials, result), certainty.c (when two values count as equal, and what that
 * says), claims.c (what is compared). Private to exact/. */
#ifndef CTX_EXACT_DECIDE_INTERNAL_H
#define CTX_EXACT_DECIDE_INTERNAL_H
#include "exact/cuts.h"
#include "exact/exact.h"

typedef enum Outcome { AGREE, DISAGREE, MORE_POINTS, STOPPED } Outcome;

/* How trials are made. */
typedef struct Method {
    int primes, each;
    BasisMethod exponents; /* basis.h */
    bool maxima, shares;   /* evaluate.h */
    bool hold;             /* of a gradient: what does not move is cut (trial_hold) */
} Method;

typedef struct Decision { /* what all shapes share */
    Arena *arena;
    const IrProgram *p;
    const IrCheck *check;
    const ExactGradient *gradient; /* what is decided instead of the check, whose sides are the loss; else NULL */
    Method method;
    double budget;
    bool brief;
    Cuts cuts;
    ExactFactor factor; /* what the first look found, for a check that leaves one open */
    ExactResult result;
} Decision;

typedef struct Task { /* one shape; tasks run on threads of their own, so each has its arena */
    const Decision *d;
    Arena *arena;
    int64_t *size; /* by axis id */
    IrLabels labels;
    int64_t which; /* their case in the trials that are made */
    uint64_t seed;
    Method method;
    ExactFactor factor;
    ExactShape shape;
    Outcome outcome;
    double trial_bits; /* of the last trial: certainty, elements computed, points */
    double trial_operations, trial_points;
    int64_t trial_wanted; /* denominator of exponents */
    bool trial_signs, trial_maxima, trial_shares, trial_zeros; /* were met */
    bool trial_assumed;   /* the independence of signs and roots */
    int trial_characters; /* points that would show whether signs and roots are independent: characters.h */
    double operations; /* of all trials */
    bool signs;
    VEC(char *) assumptions;
    const char *why;
    Span where;
} Task;

typedef struct Run { /* a trial under way */
    Task *task;
    Trial *t;
    double bits; /* least certainty so far */
} Run;

/* ---- certainty.c ---------------------------------------------------------------------------------------------------- */
/* Takes note of how certain agreement is. NULL for either: STOPPED. */
Outcome equal_values(Run *r, const Value *a, const Value *b);
/* Bits of a trial in which everything agreed: with the pairs of values that were taken for equal on the way. */
double trial_certainty(const Run *r);

/* ---- claims.c ------------------------------------------------------------------------------------------------------- */
bool next_element(const Task *task, const IrVar *v, int64_t *position); /* row-major; false after the last */
Outcome compare_claim(Run *r); /* the two sides of the check, or a gradient and derivatives */
#endif
