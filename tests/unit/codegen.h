/* Compiles IR text in memory, runs it on drawn inputs, and compares every output with the reference interpreter. Shared by the
 * suites of code generation. */
#ifndef CTX_TESTS_CODEGEN_H
#define CTX_TESTS_CODEGEN_H
#include <stdbool.h>
#include <stdint.h>

typedef struct CodegenCase {
    const char *text;     /* core IR */
    const int64_t *sizes; /* of every bounded axis, one run each, ended by 0 */
    const char *cpu;
    bool f64, in_order;   /* in_order: --no-reassociate */
    bool drawn;           /* weights that have a draw are drawn by the runtime; else they are given */
    bool set;             /* weights are other ones in a first call, and set to these before the second */
    int threads;
    double kept;          /* schedule_make_with; 0: schedule_make */
    double most_kept;     /* of opt_run */
    int64_t piece;        /* the dynamic reading in pieces of so many steps, as the clock calls it; 0: all at once */
} CodegenCase;

/* 0 if every output lies within the reference's bound, else the number of the points that do not; prints the first. */
int64_t codegen_wrong(const CodegenCase *c);
/* FNV-1a over the bytes of all outputs: for tests of bit identity. */
uint64_t codegen_hash(const CodegenCase *c);
/* The same, and the memory that the plan holds, in bytes. */
uint64_t codegen_hash_bytes(const CodegenCase *c, int64_t *bytes);
/* Asserts that 1 to 4 threads give the same bits. */
void codegen_same_on_threads(CodegenCase c);
#endif
