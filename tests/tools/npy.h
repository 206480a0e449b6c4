/* A reader of version 1 .npy files for the tools, apart from the runtime's, so that a fault of that one cannot hide itself. */
#ifndef CTX_TOOLS_NPY_H
#define CTX_TOOLS_NPY_H
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Array {
    char shape[256]; /* "(173, 384)", as in the header */
    size_t count;
    int bytes;       /* of an element in the file: 4 or 8 */
    double *at;      /* in C order; to be freed */
} Array;

static void fail(const char *path, const char *what); /* the tool's: says so and ends it */

/* The product of the numbers in "2,3" or "(2, 3)"; 1 where there is none. */
static size_t product(const char *shape) {
    size_t count = 1;
    for (const char *p = shape; *p && *p != ')';) {
        char *end;
        unsigned long n = strtoul(p, &end, 10);
        if (end != p) count *= n;
        p = end == p ? p + 1 : end;
    }
    return count;
}

/* "'shape': (2, 3)" -> the text of the shape. */
static void read_shape(const char *path, const char *header, Array *a) {
    const char *from = strstr(header, "'shape'"), *open = from ? strchr(from, '(') : NULL;
    const char *close = open ? strchr(open, ')') : NULL;
    if (!close || (size_t)(close - open) >= sizeof a->shape - 1) fail(path, "no shape in the header");
    memcpy(a->shape, open, (size_t)(close - open) + 1);
    a->count = product(a->shape);
}

static Array read_npy(const char *path) {
    Array a = {.count = 0};
    FILE *f = fopen(path, "rb");
    unsigned char start[10];
    if (!f || fread(start, 1, 10, f) != 10 || memcmp(start, "\x93NUMPY\x01", 7)) fail(path, "not a version 1 .npy file");
    size_t length = start[8] | (size_t)start[9] << 8;
    char *header = calloc(1, length + 1);
    if (!header || fread(header, 1, length, f) != length) fail(path, "header is cut off");
    read_shape(path, header, &a);
    if (strstr(header, "'fortran_order': True")) fail(path, "expected C order");
    a.bytes = strstr(header, "<f8") ? 8 : strstr(header, "<f4") ? 4 : 0;
    if (!a.bytes) fail(path, "expected float32 or float64");
    a.at = malloc((a.count + 1) * sizeof *a.at);
    if (!a.at) fail(path, "not enough memory");
    for (size_t i = 0; i < a.count; i++) {
        float single;
        if (fread(a.bytes == 8 ? (void *)&a.at[i] : (void *)&single, (size_t)a.bytes, 1, f) != 1) fail(path, "data are cut off");
        if (a.bytes == 4) a.at[i] = single;
    }
    fclose(f);
    free(header);
    return a;
}
#endif
