#define _GNU_SOURCE /* vasprintf */
#include "base/names.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct Names {
    Arena *arena;
    Name *slots; /* open addressing, at most half full */
    size_t *lengths;
    size_t count, capacity;
};

static uint64_t hash(const char *text, size_t length) { /* FNV-1a, 64 bits */
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < length; i++) h = (h ^ (unsigned char)text[i]) * 1099511628211u;
    return h;
}

static void allocate(Names *names, size_t capacity) {
    names->capacity = capacity;
    names->slots = ARENA_ARRAY(names->arena, Name, capacity);
    names->lengths = ARENA_ARRAY(names->arena, size_t, capacity);
}

Names *names_new(Arena *arena) {
    Names *names = ARENA_NEW(arena, Names);
    names->arena = arena;
    allocate(names, 1024);
    return names;
}

static size_t find(const Names *names, const char *text, size_t length) {
    size_t i = hash(text, length) & (names->capacity - 1);
    while (names->slots[i] && (names->lengths[i] != length || memcmp(names->slots[i], text, length) != 0))
        i = (i + 1) & (names->capacity - 1);
    return i;
}

static void grow(Names *names) {
    Name *slots = names->slots;
    size_t *lengths = names->lengths, capacity = names->capacity;
    allocate(names, capacity * 2);
    for (size_t i = 0; i < capacity; i++) {
        if (!slots[i]) continue;
        size_t to = find(names, slots[i], lengths[i]);
        names->slots[to] = slots[i];
        names->lengths[to] = lengths[i];
    }
}

Name name_intern(Names *names, const char *text, size_t length) {
    size_t i = find(names, text, length);
    if (names->slots[i]) return names->slots[i];
    if (names->count * 2 >= names->capacity) {
        grow(names);
        i = find(names, text, length);
    }
    names->slots[i] = arena_strndup(names->arena, text, length);
    names->lengths[i] = length;
    names->count++;
    return names->slots[i];
}

Name name_of(Names *names, const char *text) {
    return name_intern(names, text, strlen(text));
}

Name name_printf(Names *names, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *text = NULL;
    int length = vasprintf(&text, format, args);
    va_end(args);
    if (length < 0) abort();
    Name name = name_intern(names, text, (size_t)length);
    free(text);
    return name;
}
