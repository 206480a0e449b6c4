/* Whole files: read at once, written under a temporary name and renamed. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/beside.h"
#include "io/tensor.h"

RtStatus rt_file_failed(RtError *error, const char *path, const char *what, int code) {
    bool machine = code == ENOSPC || code == EIO || code == EDQUOT || code == EFBIG || code == ENOMEM;
    return rt_fail(error, machine ? RT_MACHINE : RT_USER, "%s: cannot be %s: %s", path, what, strerror(code));
}

static RtStatus cannot_read(RtError *error, const char *path, int code) { return rt_file_failed(error, path, "read", code); }
static RtStatus cannot_write(RtError *error, const char *path, int code) { return rt_file_failed(error, path, "written", code); }

/* Reads up to `length` bytes; returns how many there were, -1 on failure. */
static ssize_t read_all(int file, unsigned char *to, size_t length) {
    size_t done = 0;
    while (done < length) {
        ssize_t n = read(file, to + done, length - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -1;
        if (n == 0) break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

/* A pipe says nothing of its length: the buffer doubles. */
static RtStatus read_pipe(int file, const char *path, unsigned char **bytes, size_t *length, RtError *error) {
    size_t capacity = (size_t)1 << 16;
    for (;; capacity *= 2) {
        unsigned char *more = realloc(*bytes, capacity);
        if (!more) return rt_no_memory(error, (double)capacity, path);
        *bytes = more;
        ssize_t n = read_all(file, *bytes + *length, capacity - *length);
        if (n < 0) return cannot_read(error, path, errno);
        *length += (size_t)n;
        if (*length < capacity) return RT_OK;
    }
}

static RtStatus read_regular(int file, size_t size, const char *path, unsigned char **bytes, size_t *length,
                             RtError *error) {
    *bytes = malloc(size ? size : 1);
    if (!*bytes) return rt_no_memory(error, (double)size, path);
    ssize_t n = read_all(file, *bytes, size);
    if (n < 0) return cannot_read(error, path, errno);
    *length = (size_t)n;
    return RT_OK;
}

RtStatus rt_file_read(const char *path, unsigned char **bytes, size_t *length, RtError *error) {
    *bytes = NULL;
    *length = 0;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return cannot_read(error, path, errno);
    struct stat info;
    RtStatus status;
    if (fstat(file, &info) != 0) status = cannot_read(error, path, errno);
    else if (S_ISDIR(info.st_mode)) status = rt_fail(error, RT_USER, "%s: is a directory, expected a tensor file", path);
    else if (S_ISREG(info.st_mode)) status = read_regular(file, (size_t)info.st_size, path, bytes, length, error);
    else if (S_ISFIFO(info.st_mode)) status = read_pipe(file, path, bytes, length, error);
    else status = rt_fail(error, RT_USER, "%s: is a device, expected a tensor file", path);
    close(file);
    if (status == RT_OK) return RT_OK;
    free(*bytes);
    *bytes = NULL;
    return status;
}

/* Signals that would leave a temporary file behind. */
static const int deadly[] = {SIGINT, SIGTERM, SIGHUP};

/* Has one of them arrived that only we hold back? What the caller blocked already is the caller's. */
static bool interrupted(const sigset_t *before) {
    sigset_t pending;
    if (sigpending(&pending) != 0) return false;
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++)
        if (sigismember(&pending, deadly[i]) && !sigismember(before, deadly[i])) return true;
    return false;
}

/* 0, or an errno; EINTR when a signal waits. */
static int write_pieces(int file, const RtPiece *pieces, int count, const sigset_t *before) {
    const size_t most = (size_t)1 << 22; /* an interrupt waits for this much */
    for (int i = 0; i < count; i++) {
        for (size_t done = 0; done < pieces[i].length;) {
            if (before && interrupted(before)) return EINTR;
            size_t length = pieces[i].length - done < most ? pieces[i].length - done : most;
            ssize_t n = write(file, (const char *)pieces[i].bytes + done, length);
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return errno;
            done += (size_t)n;
        }
    }
    return 0;
}

static RtStatus write_directly(const char *path, const RtPiece *pieces, int count, RtError *error) {
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) return cannot_write(error, path, errno);
    int code = write_pieces(file, pieces, count, NULL);
    if (close(file) != 0 && !code) code = errno;
    return code ? cannot_write(error, path, code) : RT_OK;
}

/* The signals are blocked meanwhile and take effect afterwards. */
static RtStatus write_and_rename(const char *path, const RtPiece *pieces, int count, RtError *error) {
    sigset_t blocked, before;
    sigemptyset(&blocked);
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++) sigaddset(&blocked, deadly[i]);
    pthread_sigmask(SIG_BLOCK, &blocked, &before);
    RtBeside beside;
    int code = rt_beside_open(&beside, path) ? 0 : errno;
    if (!code) {
        code = write_pieces(beside.file, pieces, count, &before);
        if (code) rt_beside_discard(&beside);
        else if (!rt_beside_replace(&beside, path)) code = errno;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code ? cannot_write(error, path, code) : RT_OK;
}

RtStatus rt_file_write(const char *path, const RtPiece *pieces, int count, RtError *error) {
    struct stat info;
    if (!*path) return rt_fail(error, RT_USER, "the name of the output file is empty");
    if (stat(path, &info) != 0) return write_and_rename(path, pieces, count, error);
    if (S_ISDIR(info.st_mode))
        return rt_fail(error, RT_USER, "%s: is a directory, expected the name of a file to write", path);
    if (!S_ISREG(info.st_mode)) return write_directly(path, pieces, count, error);
    if (access(path, W_OK) != 0) return cannot_write(error, path, errno);
    char *target = realpath(path, NULL); /* a link stays, what it points to is replaced */
    RtStatus status = target ? write_and_rename(target, pieces, count, error) : cannot_write(error, path, errno);
    free(target);
    return status;
}
