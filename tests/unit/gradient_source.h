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

/* Axes of examples and library sources. */
extern const SourceSize source_small[];
/* A source, its gradients taken, and one of its results: 0: the first output, 2n - 1 and 2n: left and right side of the nth check; *v
 * NULL: the left side is that output, or integrated in steps. NULL: there are not so many. */
IrProgram *source_result(Arena *arena, const char *text, const SourceSize *sizes, int number, IrVar **v);
typedef void (*SourceVisit)(void *data, const char *name, const char *text);
int source_examples(SourceVisit visit, void *data); /* all of examples/; how many */
int source_library(SourceVisit visit, void *data);  /* the templates and specs of stdlib/, and tests/numeric/library; how many sources */
#endif
