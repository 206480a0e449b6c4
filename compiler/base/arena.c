#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 64 * 1024, ALIGN = 16 };

typedef struct Block Block;
struct Block {
    Block *next;
    size_t used, size;
    _Alignas(16) unsigned char bytes[];
};

struct Arena {
    Block *blocks; /* the newest first; only it has free space */
};

static void out_of_memory(size_t bytes) {
    fprintf(stderr, "ctx: out of memory (%zu bytes asked for)\n", bytes);
    exit(3);
}

static Block *block_new(size_t size, Block *next) {
    Block *block = calloc(1, sizeof *block + size);
    if (!block) out_of_memory(size);
    block->size = size;
    block->next = next;
    return block;
}

Arena *arena_new(void) {
    Arena *arena = calloc(1, sizeof *arena);
    if (!arena) out_of_memory(sizeof *arena);
    return arena;
}

void arena_free(Arena *arena) {
    if (!arena) return;
    for (Block *block = arena->blocks, *next; block; block = next) {
        next = block->next;
        free(block);
    }
    free(arena);
}

void *arena_alloc(Arena *arena, size_t bytes) {
    if (bytes > SIZE_MAX / 2) out_of_memory(bytes);
#ifdef CTX_ARENA_DEBUG
    Block *own = block_new(bytes, arena->blocks);
    arena->blocks = own;
    return own->bytes;
#else
    bytes = (bytes + ALIGN - 1) / ALIGN * ALIGN;
    Block *block = arena->blocks;
    if (!block || block->size - block->used < bytes) {
        block = block_new(bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES, arena->blocks);
        arena->blocks = block;
    }
    void *object = block->bytes + block->used;
    block->used += bytes;
    return object;
#endif
}

void *arena_copy(Arena *arena, const void *from, size_t bytes) {
    void *to = arena_alloc(arena, bytes);
    if (bytes) memcpy(to, from, bytes);
    return to;
}

char *arena_strndup(Arena *arena, const char *text, size_t length) {
    char *copy = arena_alloc(arena, length + 1);
    memcpy(copy, text, length);
    return copy;
}

char *arena_strdup(Arena *arena, const char *text) {
    return arena_strndup(arena, text, strlen(text));
}

char *arena_vprintf(Arena *arena, const char *format, va_list args) {
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    char *text = arena_alloc(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

char *arena_printf(Arena *arena, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *text = arena_vprintf(arena, format, args);
    va_end(args);
    return text;
}

void vec_reserve(Arena *arena, void **at, int count, int *capacity, size_t item_size) {
    if (count < *capacity) return;
    int grown = *capacity ? *capacity * 2 : 8;
    void *moved = arena_alloc(arena, (size_t)grown * item_size);
    if (count) memcpy(moved, *at, (size_t)count * item_size);
    *at = moved;
    *capacity = grown;
}
