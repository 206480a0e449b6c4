/* Gradients against central differences, for the tests of gradient/. */
#ifndef CTX_TESTS_GRADIENT_NUMERIC_H
#define CTX_TESTS_GRADIENT_NUMERIC_H
#include "ir/ir.h"

#define NUMERIC_TOLERANCE 1e-6 /* relative to the element, or to a thousandth of the largest of its tensor */

typedef struct NumericTotals {
    int programs, elements, kinks, wrong, changed, evaluations;
    double worst; /* relative error */
} NumericTotals;

typedef struct Numeric {
    const char *name;
    const IrProgram *p, *gradient_program;
    const IrVar *loss;
    int64_t bounded, salt;
    NumericTotals *totals;
} Numeric;

/* The sum of the squares of v, as a new variable. */
IrVar *numeric_sum_of_squares(IrProgram *p, IrVar *v);
typedef struct Gradients { /* of the sum of squares of a program's first output */
    IrProgram *p;
    int count;
    const IrVar **of; /* its weights and stimuli */
    IrVar **gradient;
} Gradients;

Gradients numeric_gradients(Arena *arena, IrProgram *p);
char *numeric_gradients_text(Arena *arena, IrProgram *p, bool of_stimuli); /* as a program's outputs, those of weights alone if not */
/* Adds the loss to p, the sum of the squares of `of_what`; all inputs, some elements of each. Sizes of bounded axes: `bounded`. */
void numeric_compare(const char *name, IrProgram *p, IrVar *of_what, int64_t bounded, int64_t salt, NumericTotals *totals);
void numeric_report(const NumericTotals *totals);
#endif
