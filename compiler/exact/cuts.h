/* Composition: quantities of the two sides that are equal become cut points. Each is proved from its own definition with the
 * earlier ones replaced by fresh random values, so that degrees start anew at every cut, and a stack of blocks costs the sum of
 * its blocks (TrainVerify, arXiv 2506.15961, is the precedent). */
#ifndef CTX_EXACT_CUTS_H
#define CTX_EXACT_CUTS_H
#include "exact/evaluate.h"

typedef struct Cut { /* variables that hold the same values */
    int count;
    const IrVar **var;
    const int **order; /* by member: the axis of the member that runs with each axis of var[0] */
    bool shared;       /* one variable that both sides read: nothing to prove */
} Cut;

typedef struct Cuts {
    Cut *at; /* in the order in which they can be proved */
    int count;
} Cuts;

/* What coincides in a trial that evaluated both sides. A coincidence is a guess, to be proved in other trials. */
Cuts cuts_find(Arena *arena, Trial *t, const IrProgram *p, const IrVar *left, const IrVar *right);
#endif
