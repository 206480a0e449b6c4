/* Interned names: one pointer per spelling, so that names compare with ==. */
#ifndef CTX_BASE_NAMES_H
#define CTX_BASE_NAMES_H
#include "base/arena.h"

typedef const char *Name; /* NUL-terminated; equal spellings from one table are the same pointer */
typedef struct Names Names;

/* The table and its names live as long as the arena. */
Names *names_new(Arena *arena);
Name name_intern(Names *names, const char *text, size_t length);
Name name_of(Names *names, const char *text);
Name name_printf(Names *names, const char *format, ...) __attribute__((format(printf, 2, 3)));
#endif
