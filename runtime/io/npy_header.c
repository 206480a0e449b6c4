#include "io/npy_header.h"

#include <stdio.h>
#include <string.h>

enum { MAGIC = 6, ALIGNMENT = 64 };

/* Reads the dictionary's text between at and end; `label` is the file in messages. */
typedef struct Reader {
    const char *at, *end;
    const char *label;
    RtError *error;
} Reader;

static RtStatus bad(Reader *r, const char *what) {
    return rt_fail(r->error, RT_USER, "%s: malformed .npy header: %s", r->label, what);
}

static void skip_blanks(Reader *r) {
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t')) r->at++;
}

static bool take(Reader *r, char c) {
    skip_blanks(r);
    if (r->at >= r->end || *r->at != c) return false;
    r->at++;
    return true;
}

/* A quoted string without escapes, into text. */
static RtStatus take_string(Reader *r, char *text, size_t size) {
    skip_blanks(r);
    if (r->at >= r->end || (*r->at != '\'' && *r->at != '"')) return bad(r, "expected a quoted string");
    char quote = *r->at++;
    size_t length = 0;
    while (r->at < r->end && *r->at != quote) {
        if (length + 1 >= size || *r->at == '\\') return bad(r, "a string is too long");
        text[length++] = *r->at++;
    }
    if (r->at >= r->end) return bad(r, "a string does not end");
    r->at++;
    text[length] = '\0';
    return RT_OK;
}

static RtStatus read_descr(Reader *r, RtNpyHeader *h) {
    static const struct {
        const char *descr;
        RtStored stored;
    } known[] = {{"<f4", RT_STORED_F32}, {"<f8", RT_STORED_F64}, {"<i4", RT_STORED_I32}, {"<i8", RT_STORED_I64}};
    const char *expected = "expected float32 '<f4', float64 '<f8', or integers '<i4' or '<i8' that are exact";
    char descr[32];
    skip_blanks(r);
    if (r->at < r->end && *r->at == '[') return rt_fail(r->error, RT_USER, "%s: a structured dtype; %s", r->label, expected);
    if (take_string(r, descr, sizeof descr) != RT_OK) return r->error->status;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(descr, known[i].descr)) continue;
        h->stored = known[i].stored;
        return RT_OK;
    }
    return rt_fail(r->error, RT_USER, "%s: dtype '%s'%s; %s", r->label, descr, descr[0] == '>' ? " is big-endian" : "",
                   expected);
}

static RtStatus read_order(Reader *r, RtNpyHeader *h) {
    skip_blanks(r);
    size_t left = (size_t)(r->end - r->at);
    if (left >= 5 && !strncmp(r->at, "False", 5)) r->at += 5;
    else if (left >= 4 && !strncmp(r->at, "True", 4)) {
        r->at += 4;
        h->fortran = true;
    } else return bad(r, "fortran_order is neither True nor False");
    return RT_OK;
}

static RtStatus read_size(Reader *r, int64_t *size) {
    skip_blanks(r);
    const char *from = r->at;
    *size = 0;
    for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++)
        if (__builtin_mul_overflow(*size, 10, size) || __builtin_add_overflow(*size, *r->at - '0', size))
            return bad(r, "a size in the shape is too large");
    return r->at == from ? bad(r, "the shape is not a tuple of sizes") : RT_OK;
}

static RtStatus read_shape(Reader *r, RtNpyHeader *h) {
    if (!take(r, '(')) return bad(r, "the shape is not a tuple");
    while (!take(r, ')')) {
        if (h->rank == RT_MAX_RANK) return bad(r, "the shape has too many dimensions");
        if (read_size(r, &h->shape[h->rank++]) != RT_OK) return r->error->status;
        bool comma = take(r, ',');
        skip_blanks(r);
        bool closes = r->at < r->end && *r->at == ')';
        if (!comma && (!closes || h->rank == 1)) return bad(r, "the shape is not a tuple of sizes");
    }
    return RT_OK;
}

static RtStatus read_entry(Reader *r, RtNpyHeader *h) {
    char key[32];
    if (take_string(r, key, sizeof key) != RT_OK) return r->error->status;
    if (!take(r, ':')) return bad(r, "expected ':' after a key");
    bool *have = !strcmp(key, "descr")           ? &h->have_descr
                 : !strcmp(key, "fortran_order") ? &h->have_order
                 : !strcmp(key, "shape")         ? &h->have_shape
                                                 : NULL;
    if (!have) return bad(r, "an unknown key; expected descr, fortran_order, shape");
    if (*have) return bad(r, "a key appears twice");
    *have = true;
    return have == &h->have_descr ? read_descr(r, h) : have == &h->have_order ? read_order(r, h) : read_shape(r, h);
}

static RtStatus read_dictionary(Reader *r, RtNpyHeader *h) {
    if (!take(r, '{')) return bad(r, "expected a dictionary");
    while (!take(r, '}')) {
        if (read_entry(r, h) != RT_OK) return r->error->status;
        bool comma = take(r, ',');
        skip_blanks(r);
        if (!comma && (r->at >= r->end || *r->at != '}')) return bad(r, "expected ',' or '}'");
    }
    if (!h->have_descr || !h->have_order || !h->have_shape) return bad(r, "descr, fortran_order or shape is missing");
    skip_blanks(r);
    if (r->at + 1 != r->end || *r->at != '\n') return bad(r, "it does not end with blanks and a newline");
    return RT_OK;
}

RtStatus rt_npy_read_header(const char *label, const unsigned char *bytes, size_t length, RtNpyHeader *h, RtError *error) {
    static const unsigned char magic[MAGIC] = {0x93, 'N', 'U', 'M', 'P', 'Y'};
    if (length == 0) return rt_fail(error, RT_USER, "%s: the file is empty, expected a .npy file", label);
    if (memcmp(bytes, magic, length < MAGIC ? length : MAGIC))
        return rt_fail(error, RT_USER, "%s: not a .npy file: it does not start with \"\\x93NUMPY\"", label);
    if (length < MAGIC + 2)
        return rt_fail(error, RT_USER, "%s: truncated: the .npy header is cut off after %zu bytes", label, length);
    int version = bytes[MAGIC];
    if (version < 1 || version > 3 || bytes[MAGIC + 1] != 0)
        return rt_fail(error, RT_USER, "%s: .npy version %d.%d; expected 1.0, 2.0 or 3.0", label, version, bytes[MAGIC + 1]);
    size_t start = MAGIC + 2 + (version == 1 ? 2 : 4), size = 0;
    for (size_t i = start; length >= start && i-- > MAGIC + 2;) size = size << 8 | bytes[i];
    if (length < start || length - start < size)
        return rt_fail(error, RT_USER, "%s: truncated: the .npy header is cut off after %zu bytes", label, length);
    h->data = start + size;
    Reader reader = {(const char *)bytes + start, (const char *)bytes + h->data, label, error};
    return read_dictionary(&reader, h);
}

RtStatus rt_npy_check_length(const char *label, const RtNpyHeader *h, size_t length, int64_t *count, RtError *error) {
    char text[RT_SHAPE_TEXT];
    rt_shape_text(text, h->rank, h->shape);
    *count = rt_shape_count(h->rank, h->shape);
    if (*count < 0) return rt_fail(error, RT_USER, "%s: the header's shape %s is too large", label, text);
    size_t promised = (size_t)*count * rt_stored_size(h->stored), have = length - h->data;
    if (have < promised)
        return rt_fail(error, RT_USER, "%s: truncated: shape %s needs %zu bytes of data, the file holds %zu", label, text,
                       promised, have);
    if (have > promised)
        return rt_fail(error, RT_USER, "%s: %zu bytes follow the data of shape %s (%zu bytes)", label, have - promised, text,
                       promised);
    return RT_OK;
}

size_t rt_npy_header(char header[RT_NPY_HEADER], RtType type, int rank, const int64_t *shape) {
    size_t start = MAGIC + 4, at = start;
    memcpy(header, "\x93NUMPY\x01", start - 2);
    at += (size_t)sprintf(header + at, "{'descr': '%s', 'fortran_order': False, 'shape': (", type == RT_F64 ? "<f8" : "<f4");
    for (int i = 0; i < rank; i++) at += (size_t)sprintf(header + at, i ? ", %lld" : "%lld", (long long)shape[i]);
    at += (size_t)sprintf(header + at, rank == 1 ? ",), }" : "), }");
    while ((at + 1) % ALIGNMENT) header[at++] = ' ';
    header[at++] = '\n';
    header[start - 2] = (char)((at - start) & 255);
    header[start - 1] = (char)((at - start) >> 8);
    return at;
}
