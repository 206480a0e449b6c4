#include "base/text.h"

#include <stdio.h>
#include <string.h>

Text text_new(Arena *arena) {
    Text text = {.arena = arena, .at = arena_alloc(arena, 64), .capacity = 64};
    return text;
}

static void reserve(Text *text, size_t more) {
    if (text->length + more + 1 <= text->capacity) return;
    size_t capacity = text->capacity * 2;
    while (capacity < text->length + more + 1) capacity *= 2;
    char *moved = arena_alloc(text->arena, capacity);
    memcpy(moved, text->at, text->length + 1);
    text->at = moved;
    text->capacity = capacity;
}

void text_put(Text *text, const char *bytes, size_t length) {
    reserve(text, length);
    memcpy(text->at + text->length, bytes, length);
    text->length += length;
    text->at[text->length] = '\0';
}

void text_add(Text *text, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    reserve(text, (size_t)length);
    vsnprintf(text->at + text->length, (size_t)length + 1, format, again);
    va_end(again);
    text->length += (size_t)length;
}

void text_repeat(Text *text, char c, int times) {
    for (int i = 0; i < times; i++) text_put(text, &c, 1);
}

char *text_with_prefix(Arena *arena, double n) {
    static const char *const prefix[] = {"", " k", " M", " G", " T", " P"};
    int i = 0;
    while (n >= 1000 && i < 5) n /= 1000, i++;
    return arena_printf(arena, i ? "%.3g%s" : "%.0f%s", n, prefix[i]);
}
