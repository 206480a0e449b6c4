/* Runs of the program of sim.h in which one allocation fails, each in turn: every one of them is either done right or refused with
 * a message, and leaves no file behind. */
#define _GNU_SOURCE
#include <CUnit/Basic.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/cli.h"
#include "io/hash.h"
#include "sim.h"

void suite_sim_memory(void);

/* Sanitizers have an allocator of their own, which is left alone. */
#ifndef __SANITIZE_ADDRESS__
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *at, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);

static long left = -1; /* allocations until the one that fails; -1: none does */

static int fails(void) {
    if (left < 0 || left-- > 0) return 0;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t bytes) { return fails() ? NULL : __libc_malloc(bytes); }
void *calloc(size_t count, size_t bytes) { return fails() ? NULL : __libc_calloc(count, bytes); }
void *realloc(void *at, size_t bytes) { return fails() ? NULL : __libc_realloc(at, bytes); }
int posix_memalign(void **at, size_t alignment, size_t bytes) {
    *at = fails() ? NULL : __libc_memalign(alignment, bytes);
    return *at ? 0 : ENOMEM;
}

typedef struct Files { /* where a run writes */
    SimFolder folder;
    char y[80], t[80], svg[80], check[80];
} Files;

static int run(Files *f, long fail_at, int resume) {
    char *argv[] = {"leaky", "--x", "random", "--size", "token=40", "--threads", "1", "--y", f->y, "--record", "V.r[0:2],U.s", "--traces", f->t, "--plot",
                    f->svg, "--checkpoint", f->check, "--every", "100ms", "--resume", f->check, NULL};
    int argc = resume ? 21 : 19;
    argv[argc] = NULL;
    left = fail_at;
    int status = rt_main(&sim_program, "leaky", argc, argv);
    return status;
}

static uint64_t sum_of(const char *path) {
    unsigned char *bytes;
    size_t length;
    RtError error = {0};
    if (rt_file_read(path, &bytes, &length, &error) != RT_OK) {
        rt_error_clear(&error);
        return 0;
    }
    uint64_t sum = rt_hash_of(bytes, length);
    free(bytes);
    return sum;
}

static uint64_t results(const Files *f) { return sum_of(f->y) ^ sum_of(f->t) * 3 ^ sum_of(f->svg) * 5; }

/* Files whose names end in what a run gives to unfinished ones; those that a checkpoint counts on are left on purpose. */
static int unfinished(const Files *f, int partial_too) {
    int count = 0;
    DIR *folder = opendir(f->folder.name);
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        count += strstr(entry->d_name, ".part-") != NULL || (partial_too && strstr(entry->d_name, ".partial") != NULL);
    closedir(folder);
    return count;
}

static void remove_results(const Files *f) {
    char partial[100];
    const char *const paths[] = {f->y, f->t, f->svg};
    for (int i = 0; i < 3; i++) {
        unlink(paths[i]);
        snprintf(partial, sizeof partial, "%s.partial", paths[i]);
        unlink(partial);
    }
}

static void each_allocation_fails(int resume) {
    Files f;
    int kept[2], quiet = open("/dev/null", O_WRONLY), wrong = 0, refused = 0;
    sim_folder_in_memory(&f.folder);
    strcpy(f.y, sim_path(&f.folder, "y.npy"));
    strcpy(f.t, sim_path(&f.folder, "t.safetensors"));
    strcpy(f.svg, sim_path(&f.folder, "t.svg"));
    strcpy(f.check, sim_path(&f.folder, "run.ck"));
    fflush(stdout);
    for (int i = 0; i < 2; i++) kept[i] = dup(i + 1), dup2(quiet, i + 1);
    int status = run(&f, -1, 0);
    uint64_t expected = results(&f);
    long n = 0;
    for (int reached = 1; reached && status == 0; n++) {
        remove_results(&f);
        if (resume) run(&f, -1, 0); /* a checkpoint, and files that are complete */
        else unlink(f.check);
        int came = run(&f, n, resume);
        reached = left < 0;
        left = -1;
        refused += came == RT_MACHINE;
        int bad = came == 0 ? results(&f) != expected : came != RT_MACHINE;
        bad |= unfinished(&f, came == 0) != 0;
        if (bad && wrong++ < 5) dprintf(kept[0], "\n  allocation %ld%s: status %d\n", n, resume ? " of a resumed run" : "", came);
        if (access(f.check, F_OK) == 0 && came != 0) { /* what a checkpoint holds can be resumed, and gives the same */
            if ((run(&f, -1, 1) != 0 || results(&f) != expected) && wrong++ < 5)
                dprintf(kept[0], "\n  allocation %ld%s: cannot be resumed\n", n, resume ? " of a resumed run" : "");
        }
    }
    for (int i = 0; i < 2; i++) dup2(kept[i], i + 1), close(kept[i]);
    close(quiet);
    CU_ASSERT_EQUAL(status, 0);
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_TRUE(n > 100 && refused > 100);
    remove_results(&f);
    sim_folder_end(&f.folder, (const char *const[]){"run.ck", NULL});
}

static void allocations_of_a_run(void) { each_allocation_fails(0); }
static void allocations_of_a_resumed_run(void) { each_allocation_fails(1); }
#endif

void suite_sim_memory(void) {
    CU_pSuite suite = CU_add_suite("sim_memory", NULL, NULL);
#ifndef __SANITIZE_ADDRESS__
    CU_add_test(suite, "allocations of a run", allocations_of_a_run);
    CU_add_test(suite, "allocations of a resumed run", allocations_of_a_resumed_run);
#else
    (void)suite;
#endif
}
