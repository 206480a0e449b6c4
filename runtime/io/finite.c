#include <math.h>
#include <string.h>

#include "io/tensor.h"

enum { BLOCK = 256 }; /* elements looked at together, in vectors */

/* An exponent of all ones carries into the sign's place when one is added. */
static bool block_is_finite_f32(const float *restrict data) {
    uint32_t carry = 0;
    for (int i = 0; i < BLOCK; i++) {
        uint32_t bits;
        memcpy(&bits, data + i, sizeof bits);
        carry |= (bits & 0x7F800000u) + 0x00800000u;
    }
    return !(carry >> 31);
}

static bool block_is_finite_f64(const double *restrict data) {
    uint64_t carry = 0;
    for (int i = 0; i < BLOCK; i++) {
        uint64_t bits;
        memcpy(&bits, data + i, sizeof bits);
        carry |= (bits & 0x7FF0000000000000u) + 0x0010000000000000u;
    }
    return !(carry >> 63);
}

int64_t rt_first_not_finite(RtType type, const void *data, int64_t count) {
    int64_t i = 0;
    if (type == RT_F64)
        while (i + BLOCK <= count && block_is_finite_f64((const double *)data + i)) i += BLOCK;
    else
        while (i + BLOCK <= count && block_is_finite_f32((const float *)data + i)) i += BLOCK;
    for (; i < count; i++)
        if (!isfinite(rt_element(type, data, i))) return i;
    return -1;
}
