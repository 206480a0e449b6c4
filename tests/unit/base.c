/* base/: arenas, names, text */
#include <CUnit/Basic.h>
#include <string.h>

#include "base/arena.h"
#include "base/names.h"
#include "base/text.h"

void suite_base(void);

static void names_are_interned(void) {
    Arena *arena = arena_new();
    Names *names = names_new(arena);
    Name first = name_of(names, "token");
    for (int i = 0; i < 5000; i++) name_printf(names, "n%d", i);
    CU_ASSERT_PTR_EQUAL(first, name_of(names, "token"));
    CU_ASSERT_PTR_EQUAL(name_of(names, "n77"), name_printf(names, "n%d", 77));
    CU_ASSERT_PTR_NOT_EQUAL(first, name_of(names, "tokens"));
    arena_free(arena);
}

static void vectors_grow(void) {
    Arena *arena = arena_new();
    VEC(int) v = {0};
    for (int i = 0; i < 1000; i++) vec_push(arena, &v, i);
    CU_ASSERT_EQUAL(v.count, 1000);
    int wrong = 0;
    for (int i = 0; i < v.count; i++) wrong += v.at[i] != i;
    CU_ASSERT_EQUAL(wrong, 0);
    arena_free(arena);
}

static void text_builds(void) {
    Arena *arena = arena_new();
    Text text = text_new(arena);
    for (int i = 0; i < 100; i++) text_add(&text, "%d,", i % 10);
    CU_ASSERT_EQUAL(text.length, 200);
    CU_ASSERT_EQUAL(strncmp(text.at, "0,1,2,", 6), 0);
    arena_free(arena);
}

void suite_base(void) {
    CU_pSuite suite = CU_add_suite("base", NULL, NULL);
    CU_add_test(suite, "names are interned", names_are_interned);
    CU_add_test(suite, "vectors grow", vectors_grow);
    CU_add_test(suite, "text builds", text_builds);
}
