/* io/beside: a file that replaces another is nowhere to be seen before, and nothing is left of one that was given up, whether the file
 * system has files without a name or not. */
#include <CUnit/Basic.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "io/beside.h"

void suite_beside(void);

static char folder[] = "/tmp/ctx-beside-XXXXXX", target[64];

static int files(void) {
    int count = 0;
    DIR *d = opendir(folder);
    for (struct dirent *entry; d && (entry = readdir(d));) count += entry->d_name[0] != '.';
    if (d) closedir(d);
    return count;
}

static void holds(const char *text) {
    char there[16] = "";
    FILE *f = fopen(target, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT_PTR_NOT_NULL(fgets(there, sizeof there, f));
    fclose(f);
    CU_ASSERT_STRING_EQUAL(there, text);
}

static void write_text(const RtBeside *beside, const char *text) {
    CU_ASSERT_EQUAL(write(beside->file, text, strlen(text)), (ssize_t)strlen(text));
}

static void replaces_in_one_step(void) {
    const char *const texts[] = {"first", "second"};
    RtBeside beside;
    for (int i = 0; i < 2; i++) {
        CU_ASSERT_TRUE_FATAL(rt_beside_open(&beside, target));
        write_text(&beside, texts[i]);
        CU_ASSERT_EQUAL(files(), i + (beside.name != NULL));
        if (i) holds(texts[0]);
        CU_ASSERT_TRUE(rt_beside_replace(&beside, target));
        CU_ASSERT_EQUAL(files(), 1);
        holds(texts[i]);
    }
}

static void leaves_nothing(void) {
    RtBeside beside;
    CU_ASSERT_TRUE_FATAL(rt_beside_open(&beside, target));
    write_text(&beside, "third");
    rt_beside_discard(&beside);
    CU_ASSERT_EQUAL(files(), 1);
    holds("second");
    CU_ASSERT_TRUE_FATAL(rt_beside_open(&beside, target));
    CU_ASSERT_FALSE(rt_beside_replace(&beside, folder)); /* a folder is not replaced by a file */
    CU_ASSERT_EQUAL(files(), 1);
}

/* A name that somebody holds is passed over and stays; one that a killed process left goes. */
static void names_are_never_taken_twice(void) {
    char left[128];
    RtBeside beside;
    snprintf(left, sizeof left, "%s.part-%ld-0", target, (long)getpid());
    for (int held = 1; held >= 0; held--) {
        int file = open(left, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        CU_ASSERT_FATAL(file >= 0);
        if (held) CU_ASSERT_EQUAL(flock(file, LOCK_EX | LOCK_NB), 0);
        CU_ASSERT_TRUE_FATAL(rt_beside_open(&beside, target));
        CU_ASSERT_TRUE(rt_beside_replace(&beside, target));
        CU_ASSERT_EQUAL(access(left, F_OK) == 0, held);
        CU_ASSERT_EQUAL(files(), 1 + held);
        close(file);
    }
    unlink(target);
}

static int make_folder(void) {
    if (!mkdtemp(folder)) return -1;
    snprintf(target, sizeof target, "%s/t.npy", folder);
    return 0;
}

static int remove_folder(void) {
    unlink(target);
    return rmdir(folder);
}

void suite_beside(void) {
    CU_pSuite suite = CU_add_suite("beside", make_folder, remove_folder);
    CU_add_test(suite, "another name of the same process is passed over", names_are_never_taken_twice);
    CU_add_test(suite, "a file is replaced in one step", replaces_in_one_step);
    CU_add_test(suite, "nothing is left of what was given up", leaves_nothing);
}
