/* io/npy: what is written reads back; everything else is refused with a message that says why */
#include <CUnit/Basic.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/tensor.h"

void suite_npy(void);

/* A .npy file in memory of exactly its size, so that a sanitizer sees every byte read beyond it. */
typedef struct File {
    unsigned char *bytes;
    size_t length;
} File;

static File make_file(int version, const char *dictionary, const void *data, size_t data_length) {
    size_t text = strlen(dictionary), start = version == 1 ? 10 : 12;
    File f = {malloc(start + text + data_length + 1), start + text + data_length};
    memcpy(f.bytes, "\x93NUMPY", 6);
    f.bytes[6] = (unsigned char)version;
    f.bytes[7] = 0;
    for (size_t i = 8; i < start; i++) f.bytes[i] = (unsigned char)(text >> 8 * (i - 8) & 255);
    memcpy(f.bytes + start, dictionary, text);
    if (data_length) memcpy(f.bytes + start + text, data, data_length);
    return f;
}

/* Parses the first `length` bytes from memory of that size. */
static RtStatus parse_part(File f, size_t length, RtType type, RtTensor *t, RtError *error) {
    unsigned char *part = malloc(length ? length : 1);
    memcpy(part, f.bytes, length);
    RtStatus status = rt_npy_parse("file", part, length, type, t, error);
    free(part);
    return status;
}

/* The dictionary and data are refused as a user's error whose message holds `what`. */
static void refuses(const char *dictionary, const void *data, size_t length, const char *what) {
    RtTensor t;
    RtError error = {0};
    File f = make_file(1, dictionary, data, length);
    CU_ASSERT_EQUAL(parse_part(f, f.length, RT_F32, &t, &error), RT_USER);
    CU_ASSERT_PTR_NULL(t.data);
    if (!strstr(rt_error_message(&error), what)) {
        printf("\n  expected \"%s\", came \"%s\"", what, rt_error_message(&error));
        CU_FAIL("another message");
    }
    rt_error_clear(&error);
    free(f.bytes);
}

static void every_version_reads(void) {
    const float data[6] = {0, 1, 2, 3, 4, -5.5f};
    for (int version = 1; version <= 3; version++) {
        File f = make_file(version, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }   \n", data, sizeof data);
        RtTensor t;
        RtError error = {0};
        CU_ASSERT_EQUAL(parse_part(f, f.length, RT_F64, &t, &error), RT_OK);
        CU_ASSERT_EQUAL(t.rank, 2);
        CU_ASSERT_EQUAL(t.shape[1], 3);
        for (int i = 0; i < 6; i++) CU_ASSERT_EQUAL(rt_element(RT_F64, t.data, i), (double)data[i]);
        rt_tensor_free(&t);
        free(f.bytes);
    }
}

static void fortran_order_is_transposed(void) {
    double data[24];
    for (int i = 0; i < 24; i++) data[i] = i;
    File f = make_file(1, "{\"shape\": (2,3,4), \"fortran_order\": True, \"descr\": \"<f8\"}\n", data, sizeof data);
    RtTensor t;
    RtError error = {0};
    CU_ASSERT_EQUAL_FATAL(parse_part(f, f.length, RT_F32, &t, &error), RT_OK);
    int wrong = 0;
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 3; j++)
            for (int k = 0; k < 4; k++) wrong += rt_element(RT_F32, t.data, (i * 3 + j) * 4 + k) != data[i + 2 * j + 6 * k];
    CU_ASSERT_EQUAL(wrong, 0);
    rt_tensor_free(&t);
    free(f.bytes);
}

static void integers_must_be_exact(void) {
    const int32_t small[2] = {-7, 1 << 24}, big[2] = {0, (1 << 24) + 1};
    const int64_t wide[2] = {(int64_t)1 << 40, INT64_MIN}, odd[2] = {1, ((int64_t)1 << 53) + 1}, most[1] = {INT64_MAX};
    RtTensor t;
    RtError error = {0};
    File f = make_file(1, "{'descr': '<i4', 'fortran_order': False, 'shape': (2,)}\n", small, sizeof small);
    CU_ASSERT_EQUAL_FATAL(parse_part(f, f.length, RT_F32, &t, &error), RT_OK);
    CU_ASSERT_EQUAL(rt_element(RT_F32, t.data, 1), 16777216);
    rt_tensor_free(&t);
    free(f.bytes);
    f = make_file(1, "{'descr': '<i8', 'fortran_order': False, 'shape': (2,)}\n", wide, sizeof wide);
    CU_ASSERT_EQUAL_FATAL(parse_part(f, f.length, RT_F32, &t, &error), RT_OK);
    CU_ASSERT_EQUAL(rt_element(RT_F32, t.data, 0), 0x1p40);
    CU_ASSERT_EQUAL(rt_element(RT_F32, t.data, 1), -0x1p63);
    rt_tensor_free(&t);
    free(f.bytes);
    refuses("{'descr': '<i4', 'fortran_order': False, 'shape': (2,)}\n", big, sizeof big, "[1] is an integer that float32");
    refuses("{'descr': '<i8', 'fortran_order': False, 'shape': (1,)}\n", most, sizeof most, "integer");
    f = make_file(1, "{'descr': '<i8', 'fortran_order': False, 'shape': (2,)}\n", odd, sizeof odd);
    CU_ASSERT_EQUAL(parse_part(f, f.length, RT_F64, &t, &error), RT_USER);
    CU_ASSERT_PTR_NOT_NULL(strstr(rt_error_message(&error), "float64"));
    rt_error_clear(&error);
    free(f.bytes);
}

static void truncation_is_seen_at_every_byte(void) {
    const float data[6] = {0, 1, 2, 3, 4, 5};
    for (int version = 1; version <= 3; version++) {
        File f = make_file(version, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }   \n", data, sizeof data);
        for (size_t length = 0; length < f.length; length++) {
            RtTensor t;
            RtError error = {0};
            CU_ASSERT_EQUAL(parse_part(f, length, RT_F32, &t, &error), RT_USER);
            CU_ASSERT_PTR_NOT_NULL(strstr(rt_error_message(&error), length ? "truncated" : "empty"));
            rt_error_clear(&error);
        }
        free(f.bytes);
    }
}

/* Every single byte changed to a few others must read or be refused, never crash. */
static void changed_headers_are_survived(void) {
    const float data[6] = {0, 1, 2, 3, 4, 5};
    static const unsigned char values[] = {0, 1, '9', '(', ')', ',', '\'', '{', '}', ' ', 127, 255};
    File f = make_file(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }\n", data, sizeof data);
    for (size_t at = 0; at < f.length - sizeof data; at++) {
        unsigned char before = f.bytes[at];
        for (size_t v = 0; v < sizeof values; v++) {
            RtTensor t;
            RtError error = {0};
            f.bytes[at] = values[v];
            RtStatus status = parse_part(f, f.length, RT_F32, &t, &error);
            CU_ASSERT(status == RT_OK || status == RT_USER);
            rt_tensor_free(&t);
            rt_error_clear(&error);
        }
        f.bytes[at] = before;
    }
    free(f.bytes);
}

static void lies_are_refused(void) {
    const float one[1] = {1}, nan[2] = {1, 0.0f / 0.0f}, inf[4] = {1, 2, 3, 1 / 0.0f};
    const double large[1] = {1e300};
    refuses("{'descr': '>f4', 'fortran_order': False, 'shape': (1,)}\n", one, 4, "big-endian");
    refuses("{'descr': '<f2', 'fortran_order': False, 'shape': (2,)}\n", one, 4, "'<f2'");
    refuses("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}\n", one, 4, "expected float32");
    refuses("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}\n", one, 4, "structured");
    refuses("{'descr': '<f4', 'fortran_order': Maybe, 'shape': (1,)}\n", one, 4, "fortran_order");
    refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}\n", one, 4, "truncated: shape [2] needs 8 bytes");
    refuses("{'descr': '<f4', 'fortran_order': False, 'shape': ()}\n", inf, 8, "4 bytes follow");
    refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (1)}\n", one, 4, "tuple");
    refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}\n", one, 4, "tuple of sizes");
    refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}\n", one, 4, "too large");
    refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 4294967296)}\n", one, 4,
            "too large");
    refuses("{'descr': '<f4', 'fortran_order': False}\n", one, 4, "missing");
    refuses("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}\n", one, 4, "twice");
    refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}\n", one, 4, "unknown key");
    refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x\n", one, 4, "newline");
    refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", one, 4, "newline");
    refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}\n", nan, sizeof nan, "[1] is NaN");
    refuses("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)}\n", inf, sizeof inf, "[1, 1] is infinite");
    refuses("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2)}\n", inf, sizeof inf, "[1, 1] is infinite");
    refuses("{'descr': '<f8', 'fortran_order': False, 'shape': ()}\n", large, sizeof large, "[] is too large for float32");
    refuses("", NULL, 0, "dictionary");
}

static void fortran_index_is_logical(void) {
    const float data[6] = {0, 1, 2, 0.0f / 0.0f, 4, 5}; /* column-major position 3 of (2, 3) is [1, 1] */
    refuses("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3)}\n", data, sizeof data, "[1, 1] is NaN");
}

/* A folder of our own under $TMPDIR. */
static char *folder(char *buffer) {
    const char *base = getenv("TMPDIR");
    sprintf(buffer, "%.200s/ctx-npy-XXXXXX", base && *base ? base : "/tmp");
    return mkdtemp(buffer);
}

static void what_is_written_reads_back(void) {
    char name[256], path[512];
    CU_ASSERT_PTR_NOT_NULL_FATAL(folder(name));
    sprintf(path, "%s/t.npy", name);
    for (int rank = 0; rank <= 4; rank++) {
        for (RtType type = RT_F32; type <= RT_F64; type++) {
            RtTensor t, back;
            RtError error = {0};
            CU_ASSERT_EQUAL_FATAL(rt_tensor_new(&t, type, rank, (const int64_t[]){2, 3, 1, 5}, &error), RT_OK);
            int64_t count = rt_shape_count(t.rank, t.shape);
            for (int64_t i = 0; i < count; i++) {
                if (type == RT_F64) ((double *)t.data)[i] = 0.1 * (double)i;
                else ((float *)t.data)[i] = 0.1f * (float)i;
            }
            CU_ASSERT_EQUAL(rt_npy_write(path, &t, &error), RT_OK);
            CU_ASSERT_EQUAL_FATAL(rt_npy_read(path, type, &back, &error), RT_OK);
            CU_ASSERT_EQUAL(back.rank, rank);
            CU_ASSERT_EQUAL(memcmp(back.data, t.data, (size_t)count * rt_type_size(type)), 0);
            rt_tensor_free(&t);
            rt_tensor_free(&back);
        }
    }
    struct stat info;
    CU_ASSERT_EQUAL(stat(path, &info), 0);
    CU_ASSERT_EQUAL(info.st_size % 8, 0);
    unlink(path);
    CU_ASSERT_EQUAL(rmdir(name), 0); /* no temporary file stayed behind */
}

/* Writing to `path` fails with that status and a message. */
static void cannot_write(const char *path, RtStatus status, const char *what) {
    float data[2] = {1, 2};
    RtTensor t = {.type = RT_F32, .rank = 1, .shape = {2}, .data = data};
    RtError error = {0};
    CU_ASSERT_EQUAL(rt_npy_write(path, &t, &error), status);
    CU_ASSERT_PTR_NOT_NULL(strstr(rt_error_message(&error), what));
    rt_error_clear(&error);
}

static void places_that_cannot_be_used(void) {
    char name[256], path[512];
    RtTensor t;
    RtError error = {0};
    CU_ASSERT_PTR_NOT_NULL_FATAL(folder(name));
    sprintf(path, "%s/none/t.npy", name);
    cannot_write(path, RT_USER, "No such file");
    cannot_write(name, RT_USER, "is a directory");
    cannot_write("/dev/full", RT_MACHINE, "No space left");
    cannot_write("", RT_USER, "empty");
    CU_ASSERT_EQUAL(rt_npy_read(name, RT_F32, &t, &error), RT_USER);
    CU_ASSERT_PTR_NOT_NULL(strstr(rt_error_message(&error), "directory"));
    rt_error_clear(&error);
    CU_ASSERT_EQUAL(rt_npy_read(path, RT_F32, &t, &error), RT_USER);
    rt_error_clear(&error);
    CU_ASSERT_EQUAL(rt_npy_read("/dev/zero", RT_F32, &t, &error), RT_USER);
    rt_error_clear(&error);
    CU_ASSERT_EQUAL(rmdir(name), 0);
}

/* Writes the same large file again and again until a signal ends it. */
static void write_forever(const char *path) {
    RtTensor t;
    RtError error = {0};
    signal(SIGINT, SIG_DFL);
    if (rt_tensor_new(&t, RT_F32, 1, (const int64_t[]){1 << 23}, &error) != RT_OK) _exit(1);
    memset(t.data, 0, sizeof(float) << 23);
    while (rt_npy_write(path, &t, &error) == RT_OK) continue;
    _exit(1);
}

/* Files of the folder besides t.npy. */
static int leftovers(const char *name) {
    int count = 0;
    DIR *entries = opendir(name);
    for (struct dirent *entry; entries && (entry = readdir(entries));)
        if (entry->d_name[0] != '.' && strcmp(entry->d_name, "t.npy")) count++;
    if (entries) closedir(entries);
    return count;
}

static void an_interrupt_leaves_nothing_half_written(void) {
    char name[256], path[512];
    CU_ASSERT_PTR_NOT_NULL_FATAL(folder(name));
    sprintf(path, "%s/t.npy", name);
    for (int i = 0; i < 4; i++) {
        fflush(NULL);
        pid_t child = fork();
        CU_ASSERT_FATAL(child >= 0);
        if (child == 0) write_forever(path);
        usleep((useconds_t)(40000 + 11000 * i));
        kill(child, SIGINT);
        int status = 0;
        CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
        CU_ASSERT(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
        CU_ASSERT_EQUAL(leftovers(name), 0);
        struct stat info;
        if (stat(path, &info) == 0) CU_ASSERT_EQUAL(info.st_size, 128 + ((off_t)sizeof(float) << 23));
    }
    unlink(path);
    CU_ASSERT_EQUAL(rmdir(name), 0);
}

void suite_npy(void) {
    CU_pSuite suite = CU_add_suite("npy", NULL, NULL);
    CU_add_test(suite, "every version reads", every_version_reads);
    CU_add_test(suite, "fortran order is transposed", fortran_order_is_transposed);
    CU_add_test(suite, "integers must be exact", integers_must_be_exact);
    CU_add_test(suite, "truncation is seen at every byte", truncation_is_seen_at_every_byte);
    CU_add_test(suite, "changed headers are survived", changed_headers_are_survived);
    CU_add_test(suite, "lies are refused", lies_are_refused);
    CU_add_test(suite, "index of a fault in Fortran order", fortran_index_is_logical);
    CU_add_test(suite, "what is written reads back", what_is_written_reads_back);
    CU_add_test(suite, "places that cannot be used", places_that_cannot_be_used);
    CU_add_test(suite, "an interrupt leaves nothing half written", an_interrupt_leaves_nothing_half_written);
}
