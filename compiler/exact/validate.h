/* Validation of a pass: does a program compute the same functions before and after? */
#ifndef CTX_EXACT_VALIDATE_H
#define CTX_EXACT_VALIDATE_H
#include "exact/exact.h"

typedef struct Validation {
    ExactVerdict verdict; /* the worst of all outputs */
    Name output;          /* of that verdict; NULL: all are equal */
    const char *why;
} Validation;

/* Outputs of the same name, at one small shape. `before` and `after` have the same arena and names. */
Validation exact_validate(const IrProgram *before, const IrProgram *after, uint64_t seed);
#endif
