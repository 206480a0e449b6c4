/* Reverse-mode differentiation, from core IR to core IR: no tape, every adjoint is an equation.
 *
 * For y = loss, the adjoint of a variable v is the variable `v.bar` with v's axes, v.bar[I] = dy / dv[I] (y is summed over its axes
 * if it has any). It is the sum, over the places where v is read, of that reading turned round: README.md states the rules. */
#ifndef CTX_GRADIENT_GRADIENT_H
#define CTX_GRADIENT_GRADIENT_H
#include "ir/ir.h"

typedef struct GradientFault {
    const char *what; /* what has no derivative here, in words */
    Span where;       /* may be none */
} GradientFault;

/* A copy of `core` with the equations of the adjoints of `loss` with respect to each variable of `of` (inputs or equations) behind
 * its own; gradient[i], of the copy, is the one of of[i] and has its axes. NULL: *fault says why not. */
IrProgram *gradient_of(const IrProgram *core, const IrVar *loss, const IrVar *const *of, int count, IrVar **gradient,
                       GradientFault *fault);
#endif
