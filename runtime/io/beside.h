/* A file that will replace another: written in the same folder, it takes the other's name in one step when it is complete.
 *
 * Until then it has no name, where the file system allows that (O_TMPFILE), but for the moment between getting one and taking the
 * other's; elsewhere it is called PATH.part-PROCESS-NUMBER. A file of that name that a killed process left is removed by the next that
 * takes the place of PATH: who writes one holds a lock on it (flock). Failures are told by errno. */
#ifndef CTX_RUNTIME_BESIDE_H
#define CTX_RUNTIME_BESIDE_H
#include <stdbool.h>

typedef struct RtBeside {
    int file; /* open for both */
    char *name; /* NULL: none yet */
} RtBeside;

bool rt_beside_open(RtBeside *beside, const char *path);
/* Gives it the name that it has until it is complete, which may fail where opening it does not. */
bool rt_beside_name(RtBeside *beside, const char *path);
/* Closes it and lets it take the place of `path`; on failure nothing remains of it. */
bool rt_beside_replace(RtBeside *beside, const char *path);
void rt_beside_discard(RtBeside *beside);
#endif
