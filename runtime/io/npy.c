/* The .npy format: "\x93NUMPY", version, header length, a Python dictionary, then the elements. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/tensor.h"

enum { MAGIC = 6, ALIGNMENT = 64 };

/* The header's dictionary. */
typedef struct NpyHeader {
    RtStored stored;
    bool fortran;
    int rank;
    int64_t shape[RT_MAX_RANK];
    size_t data; /* offset of the elements */
    bool have_descr, have_order, have_shape;
} NpyHeader;

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

static RtStatus read_descr(Reader *r, NpyHeader *h) {
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

static RtStatus read_order(Reader *r, NpyHeader *h) {
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

static RtStatus read_shape(Reader *r, NpyHeader *h) {
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

static RtStatus read_entry(Reader *r, NpyHeader *h) {
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

static RtStatus read_dictionary(Reader *r, NpyHeader *h) {
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

/* Magic, version and length; then the dictionary. */
static RtStatus read_header(const char *label, const unsigned char *bytes, size_t length, NpyHeader *h, RtError *error) {
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

/* The elements must be exactly what the shape promises. */
static RtStatus check_length(const char *label, const NpyHeader *h, size_t length, int64_t *count, RtError *error) {
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

/* Row-major position of the i-th element of a Fortran-ordered array. */
static int64_t from_fortran(const NpyHeader *h, int64_t i) {
    int64_t index[RT_MAX_RANK], at = 0;
    for (int axis = 0; axis < h->rank; axis++) {
        index[axis] = i % h->shape[axis];
        i /= h->shape[axis];
    }
    for (int axis = 0; axis < h->rank; axis++) at = at * h->shape[axis] + index[axis];
    return at;
}

static RtStatus to_row_major(const NpyHeader *h, int64_t count, RtTensor *tensor, RtError *error) {
    RtTensor ordered;
    if (rt_tensor_new(&ordered, tensor->type, h->rank, h->shape, error) != RT_OK) return error->status;
    size_t size = rt_type_size(tensor->type);
    for (int64_t i = 0; i < count; i++)
        memcpy((char *)ordered.data + size * (size_t)from_fortran(h, i), (char *)tensor->data + size * (size_t)i, size);
    rt_tensor_free(tensor);
    *tensor = ordered;
    return RT_OK;
}

static RtStatus read_elements(const char *label, const NpyHeader *h, const unsigned char *data, int64_t count, RtTensor *out,
                              RtError *error) {
    const char *why = NULL;
    int64_t wrong = rt_convert(h->stored, data, count, out->type, out->data, &why);
    bool fortran = h->fortran && h->rank > 1;
    if (wrong >= 0) {
        char text[RT_SHAPE_TEXT];
        rt_index_text(text, h->rank, h->shape, fortran ? from_fortran(h, wrong) : wrong);
        return rt_fail(error, RT_USER, "%s: the element at %s %s", label, text, why);
    }
    return fortran ? to_row_major(h, count, out, error) : RT_OK;
}

RtStatus rt_npy_parse(const char *label, const unsigned char *bytes, size_t length, RtType type, RtTensor *out,
                      RtError *error) {
    NpyHeader h = {0};
    int64_t count;
    *out = (RtTensor){0};
    if (read_header(label, bytes, length, &h, error) != RT_OK) return error->status;
    if (check_length(label, &h, length, &count, error) != RT_OK) return error->status;
    if (rt_tensor_new(out, type, h.rank, h.shape, error) != RT_OK) return error->status;
    if (read_elements(label, &h, bytes + h.data, count, out, error) == RT_OK) return RT_OK;
    rt_tensor_free(out);
    return error->status;
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

RtStatus rt_npy_write(const char *path, const RtTensor *tensor, RtError *error) {
    char header[RT_NPY_HEADER];
    size_t length = rt_npy_header(header, tensor->type, tensor->rank, tensor->shape);
    size_t bytes = (size_t)rt_shape_count(tensor->rank, tensor->shape) * rt_type_size(tensor->type);
    RtPiece pieces[2] = {{header, length}, {tensor->data, bytes}};
    return rt_file_write(path, pieces, 2, error);
}

/* ---- row by row ------------------------------------------------------------------------------------------------------------ */
enum {
    LONGEST_START = 1 << 16, /* a header that is read here; longer ones are read with the whole file */
    PIECE = 1 << 18,         /* bytes that are read at a time: they stay in a core's cache until they are converted */
};

static ssize_t read_at(int file, unsigned char *to, size_t length, int64_t offset) {
    size_t done = 0;
    while (done < length) {
        ssize_t n = pread(file, to + done, length - done, offset + (int64_t)done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -1;
        if (n == 0) break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

/* The header of an open file of `size` bytes. *in_rows stays false where it does not lie in the first bytes. */
static RtStatus open_header(RtNpyFile *f, int64_t size, bool *in_rows, RtError *error) {
    NpyHeader h = {0};
    int64_t count;
    unsigned char *start = malloc(LONGEST_START);
    if (!start) return rt_no_memory(error, LONGEST_START, f->label);
    ssize_t n = read_at(f->file, start, LONGEST_START, 0);
    if (n < 0) rt_fail(error, RT_MACHINE, "%s: cannot be read: %s", f->label, strerror(errno));
    else if (read_header(f->label, start, (size_t)n, &h, error) == RT_OK &&
             check_length(f->label, &h, (size_t)size, &count, error) == RT_OK && h.rank > 0 && count > 0 && (!h.fortran || h.rank == 1)) {
        f->stored = h.stored;
        f->rank = h.rank;
        memcpy(f->shape, h.shape, sizeof h.shape);
        f->data = (int64_t)h.data;
        f->row = count / h.shape[0];
        *in_rows = true;
    }
    free(start);
    return error->status;
}

RtStatus rt_npy_open(const char *path, RtNpyFile *f, bool *in_rows, RtError *error) {
    struct stat info;
    *in_rows = false;
    *f = (RtNpyFile){.file = -1};
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode)) return RT_OK; /* rt_npy_read says what is wrong */
    f->label = strdup(path);
    f->file = open(path, O_RDONLY | O_CLOEXEC);
    if (!f->label || f->file < 0) rt_npy_close(f);
    else if (open_header(f, info.st_size, in_rows, error) != RT_OK || !*in_rows) rt_npy_close(f);
    return error->status;
}

/* Elements first <= i < first + count, at most PIECE bytes of them; `out` holds the first. */
static RtStatus read_piece(RtNpyFile *f, int64_t first, int64_t count, RtType type, void *out, RtError *error) {
    size_t element = rt_stored_size(f->stored), bytes = (size_t)count * element;
    ssize_t n = read_at(f->file, f->piece, bytes, f->data + first * (int64_t)element);
    if (n != (ssize_t)bytes)
        return rt_fail(error, n < 0 ? RT_MACHINE : RT_USER, "%s: rows %lld to %lld cannot be read: %s", f->label, (long long)(first / f->row),
                       (long long)((first + count - 1) / f->row), n < 0 ? strerror(errno) : "the file has become shorter");
    const char *why = NULL;
    char text[RT_SHAPE_TEXT];
    int64_t wrong = rt_convert(f->stored, f->piece, count, type, out, &why);
    if (wrong < 0) return RT_OK;
    rt_index_text(text, f->rank, f->shape, first + wrong);
    return rt_fail(error, RT_USER, "%s: the element at %s %s", f->label, text, why);
}

RtStatus rt_npy_rows(RtNpyFile *f, int64_t first, int64_t count, RtType type, void *out, RtError *error) {
    const int64_t begin = first * f->row, end = begin + count * f->row, most = PIECE / (int64_t)rt_stored_size(f->stored);
    if (!f->piece && !(f->piece = malloc(PIECE))) return rt_no_memory(error, PIECE, f->label);
    for (int64_t at = begin; at < end && error->status == RT_OK; at += most)
        read_piece(f, at, end - at < most ? end - at : most, type, (char *)out + (size_t)(at - begin) * rt_type_size(type), error);
    return error->status;
}

void rt_npy_close(RtNpyFile *f) {
    if (f->file >= 0) close(f->file);
    free(f->label);
    free(f->piece);
    *f = (RtNpyFile){.file = -1};
}

/* ---- whole files ------------------------------------------------------------------------------------------------------------- */
static RtStatus read_rows(RtNpyFile *file, RtType type, RtTensor *out, RtError *error) {
    if (rt_tensor_new(out, type, file->rank, file->shape, error) != RT_OK) return error->status;
    if (rt_npy_rows(file, 0, file->shape[0], type, out->data, error) != RT_OK) rt_tensor_free(out);
    return error->status;
}

RtStatus rt_npy_read(const char *path, RtType type, RtTensor *out, RtError *error) {
    unsigned char *bytes;
    size_t length;
    bool in_rows;
    RtNpyFile file;
    *out = (RtTensor){0};
    if (rt_npy_open(path, &file, &in_rows, error) != RT_OK) return error->status;
    if (in_rows) {
        RtStatus status = read_rows(&file, type, out, error);
        rt_npy_close(&file);
        return status;
    }
    if (rt_file_read(path, &bytes, &length, error) != RT_OK) return error->status;
    RtStatus status = rt_npy_parse(path, bytes, length, type, out, error);
    free(bytes);
    return status;
}
