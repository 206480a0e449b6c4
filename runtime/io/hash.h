/* A checksum of bytes, to tell files and data apart and to notice damage; not against an adversary.
 *
 * Each 8-byte word is mixed by invertible steps (xor, multiplication by an odd number, rotation), so a change within one word
 * always changes the sum. The sum depends on the bytes only, not on the pieces in which they came. */
#ifndef CTX_RUNTIME_HASH_H
#define CTX_RUNTIME_HASH_H
#include <stddef.h>
#include <stdint.h>

typedef struct RtHash { /* zeroed: of no bytes yet */
    uint64_t state, length;
    unsigned char word[8]; /* the last length % 8 bytes */
} RtHash;

void rt_hash_add(RtHash *hash, const void *bytes, size_t length);
uint64_t rt_hash_sum(const RtHash *hash); /* of all bytes so far; more may follow */
uint64_t rt_hash_of(const void *bytes, size_t length);
/* A sum as headers have it, in 16 digits. */
enum { RT_HASH_TEXT = 17 };
const char *rt_hash_text(char text[RT_HASH_TEXT], uint64_t sum);
#endif
