#define _GNU_SOURCE
#include "io/draft.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "io/tensor.h"

static RtStatus cannot_write(const RtDraft *draft, RtError *error) { return rt_file_failed(error, draft->target, "written", errno); }

/* ---- opening ---------------------------------------------------------------------------------------------------------------- */
static RtStatus open_own(RtDraft *draft, RtError *error) {
    draft->regular = draft->open = rt_beside_open(&draft->beside, draft->target);
    draft->file = draft->beside.file;
    return draft->open ? RT_OK : cannot_write(draft, error);
}

static RtStatus copy_of_target(RtDraft *draft, RtError *error) {
    char block[1 << 16];
    ssize_t n = 0;
    int from = open(draft->target, O_RDONLY | O_CLOEXEC);
    if (from < 0)
        return rt_fail(error, RT_USER, "%s: what the interrupted run wrote is gone: neither %s nor %s is there", draft->target, draft->name,
                       draft->target);
    for (int64_t at = 0; error->status == RT_OK && (n = read(from, block, sizeof block)) > 0; at += n)
        rt_draft_write(draft, at, block, (size_t)n, error);
    if (n < 0) rt_file_failed(error, draft->target, "read", errno);
    close(from);
    return error->status;
}

static RtStatus open_partial(RtDraft *draft, bool resumed, RtError *error) {
    draft->name = rt_format("%s.partial", draft->target);
    if (!draft->name) return rt_no_memory(error, 64, draft->target);
    bool there = access(draft->name, F_OK) == 0;
    draft->file = open(draft->name, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (draft->file < 0) return cannot_write(draft, error);
    if (flock(draft->file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        close(draft->file);
        return rt_fail(error, RT_USER, "%s: another run is writing it", draft->name);
    }
    draft->regular = draft->open = true;
    if (resumed && !there) {
        if (copy_of_target(draft, error) != RT_OK) rt_draft_discard(draft);
        return error->status;
    }
    return resumed ? RT_OK : rt_draft_truncate(draft, 0, error);
}

/* Where a link points to is replaced, the link stays. */
static char *real_target(const char *path) {
    char *real = realpath(path, NULL);
    return real ? real : strdup(path);
}

RtStatus rt_draft_open(RtDraft *draft, const char *path, RtDraftKind kind, RtError *error) {
    struct stat info;
    *draft = (RtDraft){0};
    if (!*path) return rt_fail(error, RT_USER, "the name of the output file is empty");
    bool there = stat(path, &info) == 0;
    errno = 0;
    draft->target = there ? real_target(path) : strdup(path);
    if (!draft->target) return rt_no_memory(error, (double)strlen(path), path);
    if (there && S_ISDIR(info.st_mode)) rt_fail(error, RT_USER, "%s: is a directory, expected the name of a file to write", path);
    else if (there && !S_ISREG(info.st_mode)) {
        draft->file = open(path, O_RDWR | O_CLOEXEC);
        if (draft->file < 0) draft->file = open(path, O_WRONLY | O_CLOEXEC);
        draft->open = draft->file >= 0;
        if (!draft->open) cannot_write(draft, error);
    } else if (there && access(path, W_OK) != 0) cannot_write(draft, error);
    else if (kind == RT_DRAFT_OWN) open_own(draft, error);
    else open_partial(draft, kind == RT_DRAFT_RESUMED, error);
    if (error->status != RT_OK && !draft->open) rt_draft_leave(draft);
    return error->status;
}

RtStatus rt_draft_may(const char *path, RtError *error) {
    RtDraft draft;
    struct stat info;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) return RT_OK; /* the reader of a pipe would see its end */
    if (rt_draft_open(&draft, path, RT_DRAFT_OWN, error) != RT_OK) return error->status;
    if (draft.regular && !rt_beside_name(&draft.beside, draft.target)) cannot_write(&draft, error);
    rt_draft_discard(&draft);
    return error->status;
}

/* ---- contents --------------------------------------------------------------------------------------------------------------- */
bool rt_draft_seeks(const RtDraft *draft) { return draft->regular || lseek(draft->file, 0, SEEK_CUR) >= 0; }

RtStatus rt_draft_write(RtDraft *draft, int64_t offset, const void *bytes, size_t length, RtError *error) {
    for (size_t done = 0; done < length;) {
        const char *from = (const char *)bytes + done;
        ssize_t n = draft->regular ? pwrite(draft->file, from, length - done, offset + (int64_t)done) : write(draft->file, from, length - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return cannot_write(draft, error);
        done += (size_t)n;
    }
    return RT_OK;
}

RtStatus rt_draft_read(RtDraft *draft, int64_t offset, void *bytes, size_t length, RtError *error) {
    for (size_t done = 0; done < length;) {
        ssize_t n = pread(draft->file, (char *)bytes + done, length - done, offset + (int64_t)done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return rt_file_failed(error, draft->name ? draft->name : draft->target, "read", errno);
        if (n == 0)
            return rt_fail(error, RT_USER, "%s: truncated: it ends at byte %lld", draft->name ? draft->name : draft->target,
                           (long long)(offset + (int64_t)done));
        done += (size_t)n;
    }
    return RT_OK;
}

RtStatus rt_draft_truncate(RtDraft *draft, int64_t length, RtError *error) {
    if (draft->regular && ftruncate(draft->file, length) != 0) return cannot_write(draft, error);
    return RT_OK;
}

RtStatus rt_draft_reserve(RtDraft *draft, int64_t length, RtError *error) {
    if (draft->regular && length > 0 && fallocate(draft->file, 0, 0, length) != 0 && (errno == ENOSPC || errno == EDQUOT || errno == EFBIG))
        return cannot_write(draft, error);
    return rt_draft_truncate(draft, length, error);
}

RtStatus rt_draft_sync(RtDraft *draft, RtError *error) {
    if (draft->regular && fsync(draft->file) != 0) return cannot_write(draft, error);
    return RT_OK;
}

RtStatus rt_draft_header(RtDraft *draft, RtDraftKind kind, const void *header, size_t bytes, int64_t length, RtError *error) {
    if (kind != RT_DRAFT_RESUMED || !draft->regular) {
        if (length > 0 && rt_draft_reserve(draft, length, error) != RT_OK) return error->status;
        return rt_draft_write(draft, 0, header, bytes, error);
    }
    char *there = malloc(bytes + 1);
    if (!there) return rt_no_memory(error, (double)bytes, draft->target);
    if (rt_draft_read(draft, 0, there, bytes, error) == RT_OK && memcmp(there, header, bytes))
        rt_fail(error, RT_USER, "%s: is not what the interrupted run wrote", draft->name);
    free(there);
    return error->status;
}

/* ---- the end ---------------------------------------------------------------------------------------------------------------- */
static void forget(RtDraft *draft) {
    free(draft->target);
    free(draft->name);
    *draft = (RtDraft){0};
}

static bool take_place(RtDraft *draft) {
    if (draft->regular && !draft->name) return rt_beside_replace(&draft->beside, draft->target);
    return close(draft->file) == 0 && (!draft->name || rename(draft->name, draft->target) == 0);
}

RtStatus rt_draft_commit(RtDraft *draft, RtError *error) {
    if (!draft->open) return RT_OK;
    if (!take_place(draft)) {
        cannot_write(draft, error);
        if (draft->name) unlink(draft->name);
    }
    forget(draft);
    return error->status;
}

void rt_draft_discard(RtDraft *draft) {
    if (draft->open && draft->name) unlink(draft->name);
    rt_draft_leave(draft);
}

void rt_draft_leave(RtDraft *draft) {
    if (draft->open && draft->regular && !draft->name) rt_beside_discard(&draft->beside);
    else if (draft->open) close(draft->file);
    forget(draft);
}

bool rt_draft_room(const char *path, uint64_t *device, double *bytes) {
    struct statvfs room;
    struct stat info;
    bool there = stat(path, &info) == 0;
    if (there && !S_ISREG(info.st_mode)) return false;
    char *folder = there ? real_target(path) : strdup(path);
    char *slash = folder ? strrchr(folder, '/') : NULL;
    if (slash) slash[slash == folder] = '\0';
    bool known = folder && stat(slash ? folder : ".", &info) == 0 && statvfs(slash ? folder : ".", &room) == 0;
    free(folder);
    if (!known) return false;
    *device = info.st_dev;
    *bytes = (double)room.f_bavail * (double)room.f_frsize;
    return true;
}
