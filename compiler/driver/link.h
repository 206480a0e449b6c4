/* The system's compiler driver (`cc`) as a linker: object + runtime library -> executable or shared library. */
#ifndef CTX_DRIVER_LINK_H
#define CTX_DRIVER_LINK_H
#include "base/arena.h"

typedef struct LinkJob {
    const void *object;   /* bytes of the object file */
    size_t object_length;
    const char *output;   /* path to be replaced when all went well */
    int shared;           /* a library instead of an executable */
    const char *source;   /* further C source to compile in (the wrappers of a shared library), or NULL */
} LinkJob;

/* An exit status; messages are printed. Nothing is left behind after a failure. */
int link_program(Arena *arena, const LinkJob *job);
#endif
