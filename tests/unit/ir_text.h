/* Programs, messages and their texts, for tests that compare what is printed. */
#ifndef CTX_TESTS_IR_TEXT_H
#define CTX_TESTS_IR_TEXT_H
#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>

#include "diag/diag.h"
#include "ir/ir.h"
#include "opt/schedule.h"

/* The textual form; to be freed. */
static inline char *printed(const IrProgram *p) {
    char *text;
    size_t length;
    FILE *to = open_memstream(&text, &length);
    ir_print(p, to);
    fclose(to);
    return text;
}

/* The same in an arena. */
static inline char *printed_in(Arena *arena, const IrProgram *p) {
    char *text = printed(p), *copy = arena_strdup(arena, text);
    free(text);
    return copy;
}

/* The messages, without colours; to be freed. */
static inline char *rendered(const Diagnostics *diagnostics) {
    char *text;
    size_t length;
    FILE *to = open_memstream(&text, &length);
    diag_render(diagnostics, to, false);
    fclose(to);
    return text;
}

/* A program from its text; a text that is none ends the test. */
static inline IrProgram *parsed(Arena *arena, const char *text) {
    char *error = NULL;
    IrProgram *p = ir_parse(arena, names_new(arena), text, &error);
    if (!p) printf("%s in\n%s", error, text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(p);
    return p;
}

/* The schedule of a program's text, in the arena. */
static inline char *scheduled(Arena *arena, const char *text) {
    char *schedule;
    size_t length;
    IrProgram *p = parsed(arena, text);
    CU_ASSERT_PTR_NULL(ir_verify(p));
    FILE *to = open_memstream(&schedule, &length);
    schedule_print(p, schedule_make(p), to);
    fclose(to);
    char *copy = arena_strdup(arena, schedule);
    free(schedule);
    return copy;
}
#endif
