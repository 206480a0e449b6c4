/* Arenas: memory with the lifetime of a compilation, of one pass, or of the diagnostics.
 *
 * Everything the compiler builds lives in an arena that is passed explicitly; nothing is freed one by one. An arena
 * belongs to whoever called arena_new; arena_free releases all that was allocated from it.
 * With CTX_ARENA_DEBUG defined every object is its own malloc, so that sanitizers see overruns.
 * Memory exhaustion ends the process with exit status 3 (design.md section 5): a compiler has nothing to save. */
#ifndef CTX_BASE_ARENA_H
#define CTX_BASE_ARENA_H
#include <stdarg.h>
#include <stddef.h>

typedef struct Arena Arena;

Arena *arena_new(void);
void arena_free(Arena *arena);
/* Zeroed memory, aligned for any object. Never NULL; a size of 0 gives a valid pointer. */
void *arena_alloc(Arena *arena, size_t bytes);
void *arena_copy(Arena *arena, const void *from, size_t bytes);
char *arena_strndup(Arena *arena, const char *text, size_t length);
char *arena_strdup(Arena *arena, const char *text);
char *arena_printf(Arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(Arena *arena, const char *format, va_list args);

#define ARENA_NEW(arena, Type) ((Type *)arena_alloc((arena), sizeof(Type)))
#define ARENA_ARRAY(arena, Type, count) ((Type *)arena_alloc((arena), sizeof(Type) * (size_t)(count)))

/* Growable array in an arena: `VEC(Type) v = {0}; vec_push(arena, &v, item); v.at[i], v.count`. Growth copies; the old
 * block stays in the arena until it dies, which bounds the waste by a factor of two. */
#define VEC(Type) \
    struct { \
        Type *at; \
        int count, capacity; \
    }
#define vec_push(arena, v, item) \
    (vec_reserve((arena), (void **)&(v)->at, (v)->count, &(v)->capacity, sizeof *(v)->at), (v)->at[(v)->count++] = (item))
void vec_reserve(Arena *arena, void **at, int count, int *capacity, size_t item_size);
#endif
