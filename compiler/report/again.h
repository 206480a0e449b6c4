/* What `ctx explain` says of scans over steps of time, or tokens, that a gradient goes back over: kept whole, or carried out again. */
#ifndef CTX_REPORT_AGAIN_H
#define CTX_REPORT_AGAIN_H
#include <jansson.h>
#include <stdio.h>

#include "ir/ir.h"

void again_text(FILE *to, const IrProgram *optimised); /* nothing where there are none */
/* A line for each of them that is done again in segments; a value takes so many bytes. */
void again_note(FILE *to, const IrProgram *optimised, int bytes);
json_t *again_json(const IrProgram *optimised);
#endif
