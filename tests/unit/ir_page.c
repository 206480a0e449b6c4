/* compiler/ir/IR.md: every block marked ir is a sound program, in the form that is printed; and the settled example
 * is what the system-level one settles to. Runs where the tests run, in the top folder. */
#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ir/settle.h"
#include "ir_text.h"

void suite_ir_page(void);

static char *page(Arena *arena) {
    FILE *from = fopen("compiler/ir/IR.md", "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(from);
    Text text = text_new(arena);
    char buffer[4096];
    for (size_t n; (n = fread(buffer, 1, sizeof buffer, from)) > 0;) text_put(&text, buffer, n);
    fclose(from);
    return text.at;
}

/* The block that starts at or behind *at, which moves behind it; NULL when there is none. */
static char *next_block(Arena *arena, const char **at) {
    const char *fence = "\n```ir\n", *start = strstr(*at, fence);
    if (!start) return NULL;
    start += strlen(fence);
    const char *end = strstr(start, "\n```");
    CU_ASSERT_PTR_NOT_NULL_FATAL(end);
    *at = end;
    return arena_strndup(arena, start, (size_t)(end + 1 - start));
}

static void blocks_are_sound_and_canonical(void) {
    Arena *arena = arena_new();
    const char *at = page(arena);
    int count = 0, system = 0;
    for (char *block; (block = next_block(arena, &at)); count++) {
        IrProgram *p = parsed(arena, block);
        char *wrong = ir_verify(p), *text = printed_in(arena, p);
        if (wrong) printf("%s in\n%s", wrong, block);
        if (strcmp(text, block) != 0) printf("the page has\n%s\nand it is printed\n%s\n", block, text);
        CU_ASSERT_PTR_NULL(wrong);
        CU_ASSERT_STRING_EQUAL(text, block);
        system += p->level == LEVEL_SYSTEM;
    }
    CU_ASSERT_EQUAL(count, 5);
    CU_ASSERT_EQUAL(system, 1);
    arena_free(arena);
}

/* Attributes that the page leaves out of the settled program. */
static void strip(IrProgram *p) {
    for (int i = 0; i < p->vars.count; i++) {
        IrVar *v = p->vars.at[i];
        v->origin = v->origin_kind = v->unit = NULL;
        v->draw = INIT_UNBOUND;
    }
}

static void the_settled_example_is_what_settles(void) {
    Arena *arena = arena_new();
    const char *at = page(arena);
    next_block(arena, &at);
    IrProgram *system = parsed(arena, next_block(arena, &at));
    char *wanted = next_block(arena, &at);
    Diagnostics *diagnostics = diag_new(arena);
    IrProgram *core = ir_settle(system, NULL, diagnostics);
    CU_ASSERT_EQUAL(diag_error_count(diagnostics), 0);
    strip(core);
    char *text = printed_in(arena, core);
    if (strcmp(text, wanted) != 0) printf("the page has\n%s\nand it settles to\n%s\n", wanted, text);
    CU_ASSERT_STRING_EQUAL(text, wanted);
    arena_free(arena);
}

void suite_ir_page(void) {
    CU_pSuite suite = CU_add_suite("ir_page", NULL, NULL);
    CU_add_test(suite, "blocks are sound and canonical", blocks_are_sound_and_canonical);
    CU_add_test(suite, "the settled example is what settles", the_settled_example_is_what_settles);
}
