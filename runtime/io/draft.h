/* A file that grows while a run goes on, and takes its place only when it is complete.
 *
 * It is written in the target's folder (io/beside.h), and takes its name by rt_draft_commit; rt_draft_discard removes it. A draft
 * that a checkpoint counts on has a name that a later run finds again: TARGET.partial. Devices and pipes are written directly.
 * Errors are RT_USER for what the user may change (folder, permission), RT_MACHINE for a full disk. */
#ifndef CTX_RUNTIME_DRAFT_H
#define CTX_RUNTIME_DRAFT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/status.h"
#include "io/beside.h"

typedef enum RtDraftKind {
    RT_DRAFT_OWN,     /* found by nobody */
    RT_DRAFT_PARTIAL, /* TARGET.partial, begun anew; refused while another run writes it */
    RT_DRAFT_RESUMED  /* TARGET.partial as an earlier run left it; else a copy of TARGET, which that run completed */
} RtDraftKind;

typedef struct RtDraft { /* zeroed: none */
    char *target;
    char *name;      /* of a partial one, else NULL */
    RtBeside beside; /* of one that nobody finds */
    int file;
    bool open, regular; /* not regular: the target itself, a device or a pipe */
} RtDraft;

/* Can a file of that name be written? For calls that write it at their end, hours later; nothing is left. */
RtStatus rt_draft_may(const char *path, RtError *error);
RtStatus rt_draft_open(RtDraft *draft, const char *path, RtDraftKind kind, RtError *error);
/* Can places be written in any order? Not in a pipe. */
bool rt_draft_seeks(const RtDraft *draft);
/* `offset` counts for files with places only; others take the bytes in the order of the calls. */
RtStatus rt_draft_write(RtDraft *draft, int64_t offset, const void *bytes, size_t length, RtError *error);
RtStatus rt_draft_read(RtDraft *draft, int64_t offset, void *bytes, size_t length, RtError *error);
/* What a file begins with: written, and room taken for `length` bytes in all (0: unknown); in a resumed file it must be there. */
RtStatus rt_draft_header(RtDraft *draft, RtDraftKind kind, const void *header, size_t bytes, int64_t length, RtError *error);
/* Sets the length, and takes the room on disk where the file system can. */
RtStatus rt_draft_reserve(RtDraft *draft, int64_t length, RtError *error);
RtStatus rt_draft_truncate(RtDraft *draft, int64_t length, RtError *error);
RtStatus rt_draft_sync(RtDraft *draft, RtError *error); /* on the disk, not in a cache of it */
RtStatus rt_draft_commit(RtDraft *draft, RtError *error);
void rt_draft_discard(RtDraft *draft); /* closes and removes; nothing if committed or never opened */
void rt_draft_leave(RtDraft *draft);   /* closes, and leaves it to a later run */
/* Bytes free where `path` would be written, and the number of its file system; false when that cannot be told. */
bool rt_draft_room(const char *path, uint64_t *device, double *bytes);
#endif
