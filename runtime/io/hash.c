#include "io/hash.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static uint64_t mix(uint64_t state, uint64_t word) {
    uint64_t x = (state ^ word * 0x9E3779B97F4A7C15u) * 0xC2B2AE3D27D4EB4Fu;
    return x << 29 | x >> 35;
}

static uint64_t load(const unsigned char *from) {
    uint64_t word;
    memcpy(&word, from, sizeof word);
    return word;
}

void rt_hash_add(RtHash *hash, const void *bytes, size_t length) {
    const unsigned char *at = bytes;
    size_t held = hash->length % 8;
    hash->length += length;
    for (; length && held; length--) {
        hash->word[held] = *at++;
        held = (held + 1) % 8;
        if (!held) hash->state = mix(hash->state, load(hash->word));
    }
    for (; length >= 8; length -= 8, at += 8) hash->state = mix(hash->state, load(at));
    if (length) memcpy(hash->word, at, length);
}

/* The length tells "a" from "a\0"; the final steps spread every bit (Murmur 3's finaliser). */
uint64_t rt_hash_sum(const RtHash *hash) {
    unsigned char last[8] = {0};
    memcpy(last, hash->word, hash->length % 8);
    uint64_t x = mix(mix(hash->state, load(last)), hash->length);
    x = (x ^ x >> 33) * 0xFF51AFD7ED558CCDu;
    x = (x ^ x >> 33) * 0xC4CEB9FE1A85EC53u;
    return x ^ x >> 33;
}

uint64_t rt_hash_of(const void *bytes, size_t length) {
    RtHash hash = {0};
    rt_hash_add(&hash, bytes, length);
    return rt_hash_sum(&hash);
}

const char *rt_hash_text(char text[RT_HASH_TEXT], uint64_t sum) {
    snprintf(text, RT_HASH_TEXT, "%016" PRIx64, sum);
    return text;
}
