/* Elements of files to float32 or float64. Files and machines are little-endian. */
#include <math.h>
#include <string.h>

#include "io/tensor.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tensor files are read as they lie in memory");

size_t rt_stored_size(RtStored stored) {
    switch (stored) {
    case RT_STORED_F16:
    case RT_STORED_BF16: return 2;
    case RT_STORED_F32:
    case RT_STORED_I32: return 4;
    case RT_STORED_F64:
    case RT_STORED_I64: return 8;
    }
    return 0;
}

/* IEEE binary16: 1 sign, 5 exponent, 10 fraction bits; exact in double. */
static double from_f16(uint16_t bits) {
    int exponent = bits >> 10 & 31, fraction = bits & 1023;
    double value = exponent == 31  ? (fraction ? (double)NAN : (double)INFINITY)
                   : exponent == 0 ? ldexp(fraction, -24)
                                   : ldexp(fraction + 1024, exponent - 25);
    return bits & 0x8000 ? -value : value;
}

/* bfloat16 is the upper half of a float32. */
static double from_bf16(uint16_t bits) {
    uint32_t wide = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &wide, sizeof value);
    return (double)value;
}

static double load(RtStored stored, const unsigned char *from) {
    union {
        uint16_t bits;
        float f32;
        double f64;
        int32_t i32;
    } u;
    memcpy(&u, from, rt_stored_size(stored));
    switch (stored) {
    case RT_STORED_F16: return from_f16(u.bits);
    case RT_STORED_BF16: return from_bf16(u.bits);
    case RT_STORED_F32: return (double)u.f32;
    case RT_STORED_F64: return u.f64;
    default: return u.i32;
    }
}

static void store(RtType to, void *out, int64_t i, double value) {
    if (to == RT_F64) ((double *)out)[i] = value;
    else ((float *)out)[i] = (float)value;
}

static int64_t convert_integers(RtStored stored, const unsigned char *from, int64_t count, RtType to, void *out,
                                const char **why) {
    const int64_t exact = (int64_t)1 << (to == RT_F64 ? 53 : 24); /* all integers up to this one; beyond, some */
    for (int64_t i = 0; i < count; i++) {
        int64_t value;
        if (stored == RT_STORED_I64) memcpy(&value, from + 8 * i, 8);
        else value = (int64_t)load(stored, from + 4 * i);
        double rounded = to == RT_F64 ? (double)value : (double)(float)value;
        bool same =
            (value >= -exact && value <= exact) || (rounded >= -0x1p63 && rounded < 0x1p63 && (int64_t)rounded == value);
        if (!same) {
            *why = to == RT_F64 ? "is an integer that float64 cannot hold exactly"
                                : "is an integer that float32 cannot hold exactly";
            return i;
        }
        store(to, out, i, rounded);
    }
    return -1;
}

int64_t rt_convert(RtStored stored, const unsigned char *from, int64_t count, RtType to, void *out, const char **why) {
    if (stored == RT_STORED_I32 || stored == RT_STORED_I64) return convert_integers(stored, from, count, to, out, why);
    size_t size = rt_stored_size(stored);
    bool as_wanted = stored == (to == RT_F64 ? RT_STORED_F64 : RT_STORED_F32);
    if (as_wanted && count > 0) memcpy(out, from, size * (size_t)count);
    if (as_wanted && rt_first_not_finite(to, out, count) < 0) return -1;
    for (int64_t i = 0; i < count; i++) {
        double value = load(stored, from + size * (size_t)i);
        if (!isfinite(value)) {
            *why = isnan(value) ? "is NaN" : "is infinite";
            return i;
        }
        if (to == RT_F32 && !isfinite((float)value)) {
            *why = "is too large for float32";
            return i;
        }
        store(to, out, i, value);
    }
    return -1;
}
