#include "driver/files.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "driver/options.h"
#include "io/apart.h"

enum { SOURCE_LIMIT = 1 << 30 };

char *files_read(Arena *arena, const char *path, size_t *length, const char **error) {
    FILE *file = fopen(path, "rb");
    struct stat status;
    if (!file || fstat(fileno(file), &status) != 0) {
        *error = errno == ENOENT ? "there is no such file" : arena_strdup(arena, strerror(errno));
        if (file) fclose(file);
        return NULL;
    }
    if (S_ISDIR(status.st_mode)) {
        fclose(file);
        *error = "it is a directory";
        return NULL;
    }
    size_t capacity = 1 << 16, used = 0, got;
    char *bytes = malloc(capacity);
    while (bytes && (got = fread(bytes + used, 1, capacity - used, file)) > 0) {
        used += got;
        if (used < capacity) continue;
        if (capacity >= SOURCE_LIMIT) break;
        char *grown = realloc(bytes, capacity *= 2);
        if (!grown) free(bytes);
        bytes = grown;
    }
    bool failed = ferror(file) != 0;
    fclose(file);
    if (!bytes || failed || used >= SOURCE_LIMIT) {
        *error = !bytes ? "out of memory" : failed ? "it cannot be read" : "it is larger than 1 GB";
        free(bytes);
        return NULL;
    }
    char *text = arena_strndup(arena, bytes, used);
    free(bytes);
    *length = used;
    return text;
}

/* The temporary to remove on SIGINT or SIGTERM; a signal handler has no argument to pass it by. */
static volatile sig_atomic_t temporary_set;
static char temporary_path[4096];

static void remove_temporary(int number) {
    if (temporary_set) unlink(temporary_path);
    signal(number, SIG_DFL);
    raise(number);
}

char *files_temporary(Arena *arena, const char *path) {
    char *name = arena_printf(arena, "%s.%ld.tmp", path, (long)getpid());
    temporary_set = 0;
    if (strlen(name) < sizeof temporary_path) {
        strcpy(temporary_path, name);
        temporary_set = 1;
        signal(SIGINT, remove_temporary);
        signal(SIGTERM, remove_temporary);
    }
    return name;
}

void files_settled(void) {
    temporary_set = 0;
}

static int cannot_write(const char *path, int error) {
    fprintf(stderr, "ctx: cannot write %s: %s\n", path, strerror(error));
    return error == ENOSPC || error == EIO || error == EDQUOT ? EXIT_MACHINE : EXIT_WRONG;
}

static int write_standard_output(const void *bytes, size_t length) {
    errno = 0;
    if (fwrite(bytes, 1, length, stdout) != length || fflush(stdout) != 0)
        return cannot_write("standard output", errno ? errno : EIO);
    return EXIT_DONE;
}

/* Devices and pipes cannot be replaced by a rename: they are written directly. */
static bool is_special(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

int files_write(Arena *arena, const char *path, const void *bytes, size_t length) {
    if (strcmp(path, "-") == 0) return write_standard_output(bytes, length);
    bool special = is_special(path);
    const char *name = special ? path : files_temporary(arena, path);
    FILE *file = fopen(name, "wb");
    if (!file) {
        int error = errno;
        files_settled();
        return cannot_write(path, error);
    }
    errno = 0;
    bool good = fwrite(bytes, 1, length, file) == length;
    good = fclose(file) == 0 && good;
    if (good && !special) good = rename(name, path) == 0;
    int error = errno;
    if (!good && !special) unlink(name);
    files_settled();
    return good ? EXIT_DONE : cannot_write(path, error ? error : EIO);
}

int files_keep_source(const char *source, const char *path, const char *what) {
    RtError error = {0};
    if (!path || strcmp(path, "-") == 0) return EXIT_DONE;
    const RtUse use[] = {{path, what, true, NULL}, {source, "the circuit", false, NULL}};
    if (rt_apart(2, use, &error) == RT_OK) return EXIT_DONE;
    fprintf(stderr, "ctx: %s\n", rt_error_message(&error));
    rt_error_clear(&error);
    return EXIT_WRONG;
}

char *files_installed(Arena *arena, const char *part) {
    char self[4096];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length <= 0) return NULL;
    self[length] = '\0';
    char *slash = strrchr(self, '/');
    if (slash) *slash = '\0';
    const char *places[] = {"", "../..", "../lib/ctx"}; /* build/<config>, the source tree above it, PREFIX/bin */
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        char *path = arena_printf(arena, "%s/%s%s%s", self, places[i], *places[i] ? "/" : "", part);
        if (access(path, R_OK) == 0) return path;
    }
    return NULL;
}
