/* From source to core IR, settled or in time, for the tests of gradient/. */
#ifndef CTX_TESTS_GRADIENT_SOURCE_H
#define CTX_TESTS_GRADIENT_SOURCE_H
#include "ir/dynamic.h"

typedef struct SourceSize { const char *axis, *size; } SourceSize;

/* `text`, with the standard library; axes of its own that `sizes` lists (up to one without a name) get these sizes. */
IrProgram *source_settled(Arena *arena, const char *text, const SourceSize *sizes);
/* In time, without its checks. */
IrProgram *source_in_time(Arena *arena, const char *text, const SourceSize *sizes, const DynamicOptions *options);
/* Settled, its gradients taken. */
IrProgram *source_core(Arena *arena, const char *text, const SourceSize *sizes);
#endif
