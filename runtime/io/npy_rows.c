/* .npy files a few rows at a time, straight to where their elements are wanted. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/npy_header.h"

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
    RtNpyHeader h = {0};
    int64_t count;
    unsigned char *start = malloc(LONGEST_START);
    if (!start) return rt_no_memory(error, LONGEST_START, f->label);
    ssize_t n = read_at(f->file, start, LONGEST_START, 0);
    if (n < 0) rt_fail(error, RT_MACHINE, "%s: cannot be read: %s", f->label, strerror(errno));
    else if (rt_npy_read_header(f->label, start, (size_t)n, &h, error) == RT_OK &&
             rt_npy_check_length(f->label, &h, (size_t)size, &count, error) == RT_OK && h.rank > 0 && count > 0 && (!h.fortran || h.rank == 1)) {
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
