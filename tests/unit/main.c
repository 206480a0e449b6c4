/* Runs every suite (one per file of this folder; see the Makefile), or those named on the command line. */
#include <CUnit/Basic.h>
#include <string.h>

#define SUITE(name) void suite_##name(void);
#include "suites.def"
#undef SUITE

static int wanted(const char *name, int argc, char **argv) {
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], name) == 0) return 1;
    return argc < 2;
}

int main(int argc, char **argv) {
    if (CU_initialize_registry() != CUE_SUCCESS) return (int)CU_get_error();
#define SUITE(name) \
    if (wanted(#name, argc, argv)) suite_##name();
#include "suites.def"
#undef SUITE
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed ? 1 : 0;
}
