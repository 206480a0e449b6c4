/* From source to settled core IR, for the tests of gradient/. */
#ifndef CTX_TESTS_GRADIENT_SOURCE_H
#define CTX_TESTS_GRADIENT_SOURCE_H
#include "ir/ir.h"

typedef struct SourceSize { const char *axis, *size; } SourceSize;

/* `text`, with the standard library; axes of its own that `sizes` lists (up to one without a name) get these sizes. */
IrProgram *source_settled(Arena *arena, const char *text, const SourceSize *sizes);
/* The same, its gradients taken. */
IrProgram *source_core(Arena *arena, const char *text, const SourceSize *sizes);
#endif
