#include "learn/shuffle.h"

#include "core/draw.h"

/* The generator's counters: number of the draw, epoch, and a stream of its own, so that no weight shares its numbers. */
static uint64_t word(const uint32_t key[2], uint64_t stream, uint64_t epoch, uint64_t number) {
    uint32_t counter[4] = {(uint32_t)number, (uint32_t)epoch, (uint32_t)stream, (uint32_t)(stream >> 32)}, out[4];
    rt_philox(counter, key, out);
    return (uint64_t)out[1] << 32 | out[0];
}

/* A number below `bound`: the high half of a 128-bit product; its bias, bound / 2^64, is below 1e-9 for any data set. */
static uint64_t below(uint64_t bound, uint64_t random) { return (uint64_t)((unsigned __int128)random * bound >> 64); }

/* Fisher and Yates, from the end. */
void rt_shuffle(uint64_t seed, uint64_t epoch, int64_t count, int64_t *order) {
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    uint64_t stream = rt_stream("order of the items");
    for (int64_t i = 0; i < count; i++) order[i] = i;
    for (int64_t i = count - 1; i > 0; i--) {
        int64_t other = (int64_t)below((uint64_t)i + 1, word(key, stream, epoch, (uint64_t)i)), kept = order[i];
        order[i] = order[other];
        order[other] = kept;
    }
}
