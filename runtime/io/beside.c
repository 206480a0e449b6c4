#define _GNU_SOURCE
#include "io/beside.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/status.h"

enum { MOST_NAMES = 1000 }; /* of files that other processes of this number left */

/* The first name that `take` gets; it fails with EEXIST where there is such a file. */
static int take_name(RtBeside *beside, const char *path, int (*take)(const RtBeside *beside)) {
    for (int i = 0; i < MOST_NAMES; i++) {
        beside->name = rt_format("%s.part-%ld-%d", path, (long)getpid(), i);
        if (!beside->name) {
            errno = ENOMEM;
            return -1;
        }
        int taken = take(beside);
        if (taken >= 0) return taken;
        int why = errno;
        free(beside->name);
        beside->name = NULL;
        errno = why;
        if (why != EEXIST) return -1;
    }
    return -1;
}

/* Locked; one that was removed before that is none. */
static int create(const RtBeside *beside) {
    struct stat own, there;
    int file = open(beside->name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file < 0) return -1;
    (void)flock(file, LOCK_EX | LOCK_NB); /* some file systems have no locks: nothing is removed there */
    if (fstat(file, &own) == 0 && stat(beside->name, &there) == 0 && own.st_ino == there.st_ino) return file;
    close(file);
    errno = EEXIST;
    return -1;
}

/* By way of /proc: to link the descriptor itself takes a privilege. */
static int give_name(const RtBeside *beside) {
    char self[64];
    snprintf(self, sizeof self, "/proc/self/fd/%d", beside->file);
    return linkat(AT_FDCWD, self, AT_FDCWD, beside->name, AT_SYMLINK_FOLLOW);
}

static int open_nameless(const char *path) {
    char *folder = strdup(path), *slash = folder ? strrchr(folder, '/') : NULL;
    if (slash) slash[slash == folder] = '\0';
    int file = folder && access("/proc/self/fd", X_OK) == 0 ? open(slash ? folder : ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0666) : -1;
    if (file >= 0) (void)flock(file, LOCK_EX | LOCK_NB);
    free(folder);
    return file;
}

/* ---- what killed processes left -------------------------------------------------------------------------------------------- */
static void remove_left(int folder, const char *name) {
    int file = openat(folder, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (file < 0) return;
    if (flock(file, LOCK_EX | LOCK_NB) == 0) unlinkat(folder, name, 0);
    close(file);
}

/* Files beside `path` that somebody began in its place, and that nobody has a lock on. */
static void sweep(const char *path) {
    const char *slash = strrchr(path, '/');
    char *place = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup("."), *begin = rt_format("%s.part-", slash ? slash + 1 : path);
    DIR *folder = place && begin ? opendir(place) : NULL;
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        if (strncmp(entry->d_name, begin, strlen(begin)) == 0) remove_left(dirfd(folder), entry->d_name);
    if (folder) closedir(folder);
    free(place);
    free(begin);
}

bool rt_beside_open(RtBeside *beside, const char *path) {
    *beside = (RtBeside){.file = open_nameless(path)};
    if (beside->file < 0) beside->file = take_name(beside, path, create);
    return beside->file >= 0;
}

bool rt_beside_name(RtBeside *beside, const char *path) { return beside->name || take_name(beside, path, give_name) >= 0; }

bool rt_beside_replace(RtBeside *beside, const char *path) {
    int lock = dup(beside->file); /* which a name has to have until it is gone */
    bool good = rt_beside_name(beside, path);
    int why = errno;
    if (close(beside->file) != 0 && good) good = false, why = errno;
    if (good && rename(beside->name, path) != 0) good = false, why = errno;
    if (!good && beside->name) unlink(beside->name);
    if (lock >= 0) close(lock);
    if (good) sweep(path);
    free(beside->name);
    *beside = (RtBeside){.file = -1};
    errno = why;
    return good;
}

void rt_beside_discard(RtBeside *beside) {
    close(beside->file);
    if (beside->name) unlink(beside->name);
    free(beside->name);
    *beside = (RtBeside){.file = -1};
}
