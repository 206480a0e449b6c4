/* String builder: a growing piece of text in an arena. `Text t = text_new(arena); text_add(&t, "%d", 3); t.at` */
#ifndef CTX_BASE_TEXT_H
#define CTX_BASE_TEXT_H
#include "base/arena.h"

typedef struct Text {
    Arena *arena;
    char *at; /* always NUL-terminated */
    size_t length, capacity;
} Text;

Text text_new(Arena *arena);
void text_add(Text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_put(Text *text, const char *bytes, size_t length);
void text_repeat(Text *text, char c, int times);
/* 12 or 3.46 M, for a unit to follow. */
char *text_with_prefix(Arena *arena, double n);
#endif
