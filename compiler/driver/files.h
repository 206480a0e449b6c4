/* Files the compiler reads and writes, and where its own parts are installed. */
#ifndef CTX_DRIVER_FILES_H
#define CTX_DRIVER_FILES_H
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

/* The whole file, NUL-terminated, with its length; on failure NULL and *error says what came ("is a directory"). */
char *files_read(Arena *arena, const char *path, size_t *length, const char **error);

/* Replaces `path` by these bytes: written beside it under a temporary name, then renamed. "-" is standard output. Returns an
 * exit status (EXIT_DONE, EXIT_WRONG when the place cannot be written, EXIT_MACHINE when the disk is full) after a message. */
int files_write(Arena *arena, const char *path, const void *bytes, size_t length);

/* Refuses a `path` (NULL, "-": fine) that is the source itself: an exit status, after a message. `what`: the option that names it. */
int files_keep_source(const char *source, const char *path, const char *what);

/* A part of ctx itself ("stdlib/neurons.ctx", "libctxrt.a"), found beside the executable in a build tree or under
 * PREFIX/lib/ctx when installed; NULL when it is in neither place. */
char *files_installed(Arena *arena, const char *part);

/* Name for a temporary file beside `path`, removed if the process is interrupted; files_settled forgets it. */
char *files_temporary(Arena *arena, const char *path);
void files_settled(void);
#endif
