/* The exact check: is left == right an identity of real functions of all inputs and weights, at given shapes?
 *
 * Both sides are evaluated at random points of random prime fields (README.md derives the probability of error). Agreement at all
 * points proves the identity up to that probability. A disagreement proves nothing about real numbers by itself: the caller looks
 * for a witness in real arithmetic (reference/check.h) and says "differs" only with one. */
#ifndef CTX_EXACT_EXACT_H
#define CTX_EXACT_EXACT_H
#include "ir/ir.h"

typedef enum ExactVerdict {
    EXACT_EQUAL,
    EXACT_UNEQUAL,  /* the sides differ as field values: a witness is needed before anybody says that they differ */
    EXACT_UNDECIDED /* `why` and `where` name the construct */
} ExactVerdict;

typedef struct ExactShape { /* one choice of sizes for the bounded axes */
    char *sizes;            /* "token 3, source 5" */
    int batches, primes, points; /* independent repetitions; random primes and points of each */
    int exponents;          /* independent arguments of exp */
    int cuts;               /* matched cut points that were proved on the way */
    double error_bits;      /* the probability that a difference was missed is below 2^-error_bits */
    uint64_t seed;
} ExactShape;

typedef struct ExactFactor { /* the rational number n / d, d > 0; d 0: none */
    int64_t n, d;
} ExactFactor;

typedef struct ExactHint {
    char *text; /* a sentence without its stop */
    Span where; /* what it is about; may be none */
} ExactHint;

typedef struct ExactTaken { /* gradients of one loss that the sides of a check read */
    Name loss;
    int count;
    Name *by;              /* inputs */
    ExactVerdict verdict;  /* are they the derivatives of the loss? */
    bool agreed;           /* EXACT_UNDECIDED: they were at all points tried, which is no proof at degrees so high */
    double error_bits;     /* EXACT_EQUAL */
} ExactTaken;

typedef struct ExactResult {
    ExactVerdict verdict;
    ExactFactor factor;    /* EXACT_EQUAL, of a check that leaves a factor open: what it is */
    double error_bits;     /* EXACT_EQUAL: the probability that this is wrong is below 2^-error_bits */
    char *shapes;          /* "token 1, 2, 3, 5 (declared: up to 512)"; empty where no axis is bounded */
    char *cases;           /* of labels that are compared with positions: "label 0 to 9, and none of these"; or empty */
    int shape_count;
    ExactShape *shape;
    bool agreed;           /* EXACT_UNDECIDED: the sides were the same at all points, which is no proof at degrees so high */
    bool signs;            /* a sign, maximum of two or comparison was met */
    bool relations;        /* linear relations between exponents were looked for (basis.h, full) */
    int assumption_count;
    char **assumption;     /* in words */
    int taken_count;
    ExactTaken *taken;     /* by exact_confirm */
    int hint_count;
    ExactHint *hint;       /* EXACT_UNEQUAL: what would make the sides equal (repair.h) */
    const char *why;       /* EXACT_UNDECIDED; EXACT_UNEQUAL: where in the tensor */
    Span where;
    double operations;     /* elements of fields that were computed */
} ExactResult;

/* Version of what IR programs mean and of how they are decided: part of every certificate. */
enum { EXACT_SEMANTICS = 4 };

enum { EXACT_MOST_STEPS = 16 }; /* of a cycle in time, in what is decided; more are left to values */

typedef struct ExactOptions {
    uint64_t seed;
    double budget; /* operations for one trial; 0: a default of some seconds. Beyond it, larger shapes are left out, and the
                    * search for linear relations between many exponents. */
    bool one_shape; /* a small one */
    bool brief;     /* sides that are not equal at first sight are not looked at in further ways (signs, every linear relation between
                     * exponents): EXACT_UNEQUAL then needs a witness all the more */
    int threads;   /* 0: one */
} ExactOptions;

/* `core` as settled, before any pass. The result lives in `arena`; it depends on program, check and seed alone. */
ExactResult exact_check(Arena *arena, const IrProgram *core, const IrCheck *check, const ExactOptions *options);

/* gradient[i], with the axes of of[i], is to be the derivative of the loss (summed over its axes) by that. Inputs together; a quantity that
 * the loss is made of, alone: it counts as an input then. */
typedef struct ExactGradient {
    IrVar *loss;
    const IrVar *const *of;
    IrVar *const *gradient;
    int count;
} ExactGradient;

/* The same of a gradient: is the sum of its components times a random direction the derivative of the loss in that direction, which the
 * engine computes by itself (tangent.c)? EXACT_UNEQUAL: `why` names an input. */
ExactResult exact_gradient(Arena *arena, const IrProgram *core, const ExactGradient *gradient, const ExactOptions *options);

/* Of a check that is EXACT_EQUAL: decides by exact_gradient that the gradients its sides read, which the compiler derived, are the
 * derivatives of their losses. What is not decided becomes an assumption, and with one that is not, the check is undecided. */
void exact_confirm(Arena *arena, const IrProgram *core, const IrCheck *check, const ExactOptions *options, ExactResult *result);
#endif
