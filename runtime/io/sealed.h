/* Sealed files: state that a later run takes up again, or refuses. Little-endian:
 *     8 bytes  what it is
 *     u32      version of its layout
 *     u32      length of the header
 *     u64      length of the file
 *     header   text
 *     data
 *     u64      checksum of all before
 * They are replaced by rename once they are on the disk, so one that is there is complete; one that is not is noticed. */
#ifndef CTX_RUNTIME_SEALED_H
#define CTX_RUNTIME_SEALED_H
#include "io/tensor.h"

typedef struct RtSealed { /* a file, read */
    const char *path;     /* borrowed */
    unsigned char *bytes; /* owned */
    const char *header;   /* within bytes, not ended by NUL */
    size_t header_length;
    const unsigned char *data;
    size_t data_length, taken; /* of the data, by rt_sealed_take */
} RtSealed;

RtStatus rt_sealed_write(const char *path, const char magic[8], uint32_t version, const char *header, int count, const RtPiece *data, RtError *error);
/* RT_USER: not such a file ("not a CHECKPOINT", `what`), of another version, truncated, damaged. */
RtStatus rt_sealed_read(const char *path, const char magic[8], uint32_t version, const char *what, RtSealed *sealed, RtError *error);
/* The next `length` bytes of the data. */
RtStatus rt_sealed_take(RtSealed *sealed, void *to, size_t length, RtError *error);
void rt_sealed_close(RtSealed *sealed);
/* Headers that are JSON. The one of a file, owned by the caller; NULL without memory: its checksum has shown that it is whole. */
struct json_t *rt_sealed_header(const RtSealed *sealed, RtError *error);
/* A checksum as a header has it. */
struct json_t *rt_sealed_sum(uint64_t sum);
/* Refuses a path where something else lies. */
RtStatus rt_sealed_may_replace(const char *path, const char magic[8], const char *what, RtError *error);
#endif
