/* The gradients that a program asks for, taken. */
#ifndef CTX_GRADIENT_RESOLVE_H
#define CTX_GRADIENT_RESOLVE_H
#include "gradient/gradient.h"

bool gradient_asked(const IrProgram *p); /* there is a gradient() in it */

/* core, or a copy in the same arena with a reading of v.bar in the place of each `gradient(loss, v[...])` that an output, a check, a
 * loss or a rule needs, and the equations of the adjoints. One reverse sweep a loss, for all of its gradients; a gradient of a
 * gradient is one sweep more. NULL: *fault says what has no derivative, and where. */
IrProgram *gradient_resolve(const IrProgram *core, GradientFault *fault);
#endif
