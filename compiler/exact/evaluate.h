/* A core program evaluated at random points of finite fields: the values of chosen elements, computed on demand from the
 * equations as they stand. Scans unroll by themselves, since a state's element is asked for by the one after it. */
#ifndef CTX_EXACT_EVALUATE_H
#define CTX_EXACT_EVALUATE_H
#include "exact/basis.h"
#include "exact/keyed.h"
#include "ir/ir.h"

typedef struct Trial Trial;

typedef struct TrialShape {
    const int64_t *size; /* of each axis by id, all of them */
    int primes, each;    /* random fields, points of each */
    BasisMethod exponents;
    const IrLabels *labels; /* NULL: none */
    int64_t which;       /* of label_cases(labels); negative: one that is drawn, by this number */
    bool maxima;         /* maxima of two are symbols too, as those of many are, and no signs */
    bool shares;         /* derivatives of maxima of many are those of the arguments that are not less; else symbols */
    uint64_t seed;
} TrialShape;

/* Each label is none of the numbers that it is compared with (a random one), or the first, the second ...: as many cases as these make. */
int64_t label_cases(const IrLabels *labels); /* INT64_MAX: that many, or more */
/* The value of an element of a label in a case. False: random. */
bool label_value(const IrLabels *labels, int64_t which, const IrVar *v, int64_t element, int64_t *value);
char *label_text(Arena *arena, const IrLabels *labels); /* "label 0 to 9, and none of these" */

/* The trial belongs to its caller and refers to the program. */
Trial *trial_new(const IrProgram *p, const TrialShape *shape);
void trial_free(Trial *t);
/* v at a position on each of its axes. NULL: undecided (trial_why). */
const Value *trial_value(Trial *t, const IrVar *v, const int64_t *position);
/* The same by its definition, even if it is cut. */
const Value *trial_definition(Trial *t, const IrVar *v, const int64_t *position);
/* From now on the inputs move in a random direction, element by element, and nothing else; derivatives in an earlier direction are
 * forgotten, not the values. A literal constant may move too. */
void trial_differentiate(Trial *t, const IrVar *const *input, int count);
/* The derivative of an element in that direction; of an input, the direction itself, or zero. NULL: undecided. Where elements are
 * cut, derivatives are fresh too, of what depends on what moves. Equal values prove equal derivatives; values that differ prove nothing
 * where a loop settles (trial_settles) or a maximum is a symbol, whose derivatives are symbols too. */
const Value *trial_tangent(Trial *t, const IrVar *v, const int64_t *position);
/* From now on elements of v are fresh random ones: the element at position q of `like` where q[k] = position[order[k]]. What was
 * computed before stays. A cut of `like` itself comes first; `order` NULL: the axes correspond in order. */
void trial_cut(Trial *t, const IrVar *v, const IrVar *like, const int *order);
/* What the loss is made of and does not move is cut, each element as one of its own: what holds for all values of these holds for those
 * that they have. After trial_differentiate, before anything is evaluated. */
void trial_hold(Trial *t, const IrVar *loss);
/* The value by definition where it was computed already; else NULL. */
const Value *trial_peek(const Trial *t, const IrVar *v, const int64_t *position);
int64_t trial_size(const Trial *t, const IrAxis *axis);
/* The construct that could not be decided, and where it stands. */
const char *trial_why(const Trial *t);
Span trial_where(const Trial *t);
Points *trial_points(Trial *t);
int trial_basis(const Trial *t); /* independent exponents */
int64_t trial_wanted(const Trial *t); /* basis_wanted */
bool trial_uses_signs(const Trial *t);
bool trial_uses_maxima(const Trial *t); /* a maximum or minimum of two was met */
bool trial_uses_shares(const Trial *t); /* the derivative of a maximum of many was met */
bool trial_met_zeros(const Trial *t);   /* basis_met_zeros */
bool trial_settles(const Trial *t);    /* a loop's fixed point was met */
double trial_prime_bits(const Trial *t); /* log2 of the number of primes that the fields were drawn from */
/* Assumptions that were made, in words, each once. */
int trial_assumptions(const Trial *t, const char *const **text);
#endif
