#include "driver/link.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "driver/files.h"
#include "driver/options.h"

extern char **environ;

enum { MOST_WORDS = 32 };

typedef struct Words { /* an argument vector for cc */
    const char *at[MOST_WORDS];
    int count;
} Words;

static void add(Words *words, const char *word) {
    if (word && words->count < MOST_WORDS - 1) words->at[words->count++] = word;
}

/* Runs the words and waits. EXIT_DONE or EXIT_MACHINE with a message. */
static int run(const Words *words) {
    pid_t child;
    int status, error = posix_spawnp(&child, words->at[0], NULL, NULL, (char *const *)words->at, environ);
    if (error) {
        fprintf(stderr, "ctx: cannot run %s: %s\nhelp: ctx build links with the system's C compiler (apt install gcc); ctx run needs none\n",
                words->at[0], strerror(error));
        return EXIT_MACHINE;
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return EXIT_DONE;
    fprintf(stderr, "ctx: linking failed (%s)\n", words->at[0]);
    return EXIT_MACHINE;
}

/* A folder of our own for the object, so that nothing of the user's is touched. */
static char *work_folder(Arena *arena) {
    const char *base = getenv("TMPDIR");
    char *name = arena_printf(arena, "%s/ctx-XXXXXX", base && *base ? base : "/tmp");
    return mkdtemp(name);
}

static int cannot_write(const char *path, int error) {
    fprintf(stderr, "ctx: cannot write %s: %s\n", path, strerror(error));
    return error == ENOSPC || error == EDQUOT || error == EIO ? EXIT_MACHINE : EXIT_WRONG;
}

/* Says what is wrong with the place of the result before any work is spent on it. */
static int check_output(const char *path) {
    struct stat status;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode)) return cannot_write(path, EISDIR);
    char folder[4096];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash) slash[slash == folder] = '\0';
    if (access(slash ? folder : ".", W_OK) != 0) return cannot_write(path, errno);
    return EXIT_DONE;
}

static int link_in(Arena *arena, const LinkJob *job, const char *folder, const char *made) {
    char *runtime = files_installed(arena, "libctxrt.a");
    if (!runtime) {
        fprintf(stderr, "ctx: the runtime library libctxrt.a is not beside ctx nor under ../lib/ctx\n");
        return EXIT_FAULT;
    }
    char *object = arena_printf(arena, "%s/circuit.o", folder), *source = arena_printf(arena, "%s/wrappers.c", folder);
    int status = files_write(arena, object, job->object, job->object_length);
    if (status == EXIT_DONE && job->source) status = files_write(arena, source, job->source, strlen(job->source));
    if (status != EXIT_DONE) return status;
    files_temporary(arena, job->output); /* from here on an interrupt removes what cc has begun */
    const char *compiler = getenv("CC");
    Words words = {0};
    add(&words, compiler && *compiler ? compiler : "cc");
    if (job->shared) add(&words, "-shared"), add(&words, "-fPIC"), add(&words, "-O2");
    add(&words, "-o");
    add(&words, made);
    add(&words, object);
    if (job->source) add(&words, source);
    add(&words, runtime);
    for (const char *const *library = (const char *const[]){"-lopenblas", "-ljansson", "-lpthread", "-lmvec", "-lm", NULL}; *library; library++)
        add(&words, *library);
    if (job->shared) add(&words, "-Wl,-Bsymbolic"), add(&words, "-Wl,--exclude-libs,ALL");
#ifdef CTX_LINK_EXTRA /* sanitizer builds: the runtime library was compiled with them */
    add(&words, CTX_LINK_EXTRA);
#endif
    return run(&words);
}

static void remove_folder(Arena *arena, const char *folder) {
    unlink(arena_printf(arena, "%s/circuit.o", folder));
    unlink(arena_printf(arena, "%s/wrappers.c", folder));
    rmdir(folder);
}

int link_program(Arena *arena, const LinkJob *job) {
    int status = check_output(job->output);
    if (status != EXIT_DONE) return status;
    char *folder = work_folder(arena);
    if (!folder) return cannot_write("a temporary folder", errno);
    char *made = files_temporary(arena, job->output);
    status = link_in(arena, job, folder, made);
    if (status == EXIT_DONE && rename(made, job->output) != 0) status = cannot_write(job->output, errno);
    if (status != EXIT_DONE) unlink(made);
    files_settled();
    remove_folder(arena, folder);
    return status;
}
