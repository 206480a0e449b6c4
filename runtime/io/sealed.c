#define _GNU_SOURCE
#include "io/sealed.h"

#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/draft.h"
#include "io/hash.h"

enum { START = 24, SUM = 8 };

/* ---- writing ---------------------------------------------------------------------------------------------------------------- */
static void put_number(unsigned char *to, uint64_t number, int bytes) {
    for (int i = 0; i < bytes; i++) to[i] = (unsigned char)(number >> 8 * i & 255);
}

/* The new name must be on the disk as well; a file system that cannot do it has done what it can. */
static void sync_folder(const char *path) {
    char *copy = strdup(path);
    int folder = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (folder >= 0) {
        fsync(folder);
        close(folder);
    }
    free(copy);
}

static void write_piece(RtDraft *draft, RtHash *hash, int64_t *at, const void *bytes, size_t length, RtError *error) {
    if (error->status != RT_OK) return;
    rt_hash_add(hash, bytes, length);
    rt_draft_write(draft, *at, bytes, length, error);
    *at += (int64_t)length;
}

RtStatus rt_sealed_write(const char *path, const char magic[8], uint32_t version, const char *header, int count, const RtPiece *data, RtError *error) {
    unsigned char start[START], sum[SUM];
    uint64_t length = START + strlen(header) + SUM;
    for (int i = 0; i < count; i++) length += data[i].length;
    memcpy(start, magic, 8);
    put_number(start + 8, version, 4);
    put_number(start + 12, strlen(header), 4);
    put_number(start + 16, length, 8);
    RtDraft draft;
    RtHash hash = {0};
    int64_t at = 0;
    if (rt_draft_open(&draft, path, RT_DRAFT_OWN, error) != RT_OK) return error->status;
    write_piece(&draft, &hash, &at, start, START, error);
    write_piece(&draft, &hash, &at, header, strlen(header), error);
    for (int i = 0; i < count; i++) write_piece(&draft, &hash, &at, data[i].bytes, data[i].length, error);
    put_number(sum, rt_hash_sum(&hash), SUM);
    write_piece(&draft, &hash, &at, sum, SUM, error);
    if (error->status == RT_OK) rt_draft_sync(&draft, error);
    if (error->status == RT_OK) rt_draft_commit(&draft, error);
    else rt_draft_discard(&draft);
    if (error->status == RT_OK) sync_folder(path);
    return error->status;
}

RtStatus rt_sealed_may_replace(const char *path, const char magic[8], const char *what, RtError *error) {
    char start[8];
    struct stat info;
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size == 0) return RT_OK;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    bool ours = file >= 0 && read(file, start, sizeof start) == sizeof start && !memcmp(start, magic, sizeof start);
    if (file >= 0) close(file);
    return ours ? RT_OK : rt_fail(error, RT_USER, "%s: holds something, but not %s; it is not replaced by one", path, what);
}

/* ---- reading ---------------------------------------------------------------------------------------------------------------- */
static uint64_t get_number(const unsigned char *from, int bytes) {
    uint64_t number = 0;
    for (int i = bytes; i-- > 0;) number = number << 8 | from[i];
    return number;
}

static RtStatus check(const RtSealed *f, size_t have, const char magic[8], uint32_t version, const char *what, RtError *error) {
    if (have < 8 || memcmp(f->bytes, magic, 8)) return rt_fail(error, RT_USER, "%s: not %s", f->path, what);
    if (have < START) return rt_fail(error, RT_USER, "%s: truncated: it has %zu bytes only", f->path, have);
    uint64_t wrote = get_number(f->bytes + 8, 4), header = get_number(f->bytes + 12, 4), length = get_number(f->bytes + 16, 8);
    if (wrote != version) return rt_fail(error, RT_USER, "%s: %s of version %d; this program reads version %d", f->path, what, (int)wrote, (int)version);
    if (have < length) return rt_fail(error, RT_USER, "%s: truncated: it has %zu of %" PRIu64 " bytes", f->path, have, length);
    if (have > length || length < START + SUM || header > length - START - SUM ||
        get_number(f->bytes + length - SUM, SUM) != rt_hash_of(f->bytes, length - SUM))
        return rt_fail(error, RT_USER, "%s: damaged: its checksum does not fit", f->path);
    return RT_OK;
}

RtStatus rt_sealed_read(const char *path, const char magic[8], uint32_t version, const char *what, RtSealed *f, RtError *error) {
    size_t length;
    *f = (RtSealed){.path = path};
    if (rt_file_read(path, &f->bytes, &length, error) != RT_OK) return error->status;
    if (check(f, length, magic, version, what, error) != RT_OK) {
        rt_sealed_close(f);
        return error->status;
    }
    f->header = (const char *)f->bytes + START;
    f->header_length = get_number(f->bytes + 12, 4);
    f->data = f->bytes + START + f->header_length;
    f->data_length = length - START - SUM - f->header_length;
    return RT_OK;
}

RtStatus rt_sealed_take(RtSealed *f, void *to, size_t length, RtError *error) {
    if (length > f->data_length - f->taken) return rt_fail(error, RT_USER, "%s: damaged: data are missing", f->path);
    if (length) memcpy(to, f->data + f->taken, length);
    f->taken += length;
    return RT_OK;
}

void rt_sealed_close(RtSealed *f) {
    free(f->bytes);
    *f = (RtSealed){0};
}

/* ---- headers ---------------------------------------------------------------------------------------------------------------- */
/* It must be the same text when it is written again; else memory ended while it was read, of which the parser does not always tell. */
json_t *rt_sealed_header(const RtSealed *f, RtError *error) {
    json_t *header = json_loadb(f->header, f->header_length, 0, NULL);
    char *again = header ? json_dumps(header, JSON_COMPACT) : NULL;
    bool same = again && strlen(again) == f->header_length && !memcmp(again, f->header, f->header_length);
    free(again);
    if (same) return header;
    json_decref(header);
    rt_no_memory(error, (double)f->header_length, f->path);
    return NULL;
}

json_t *rt_sealed_sum(uint64_t sum) {
    char text[RT_HASH_TEXT];
    return json_string(rt_hash_text(text, sum));
}
