/* maxdiff A.npy B.npy [LIMIT]: prints the largest |A - B| of two float32 .npy files of one shape.
 *
 * Exit 0 if it is at most LIMIT (default 0), 1 if it is larger or not a number, 2 if a file cannot be read or the shapes
 * differ. It reads the files on its own, so that a fault of the runtime's reader cannot hide itself. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Array {
    char shape[256]; /* "(173, 384)", as in the header */
    size_t count;
    float *at;
} Array;

static void fail(const char *path, const char *what) {
    fprintf(stderr, "maxdiff: %s: %s\n", path, what);
    exit(2);
}

/* "'shape': (2, 3)" -> shape text and number of elements. */
static void read_shape(const char *path, const char *header, Array *a) {
    const char *from = strstr(header, "'shape'"), *open = from ? strchr(from, '(') : NULL;
    const char *close = open ? strchr(open, ')') : NULL;
    if (!close || (size_t)(close - open) >= sizeof a->shape - 1) fail(path, "no shape in the header");
    memcpy(a->shape, open, (size_t)(close - open) + 1);
    a->count = 1;
    for (char *p = a->shape + 1; *p && *p != ')';) {
        char *end;
        unsigned long n = strtoul(p, &end, 10);
        if (end == p) p++;
        else {
            a->count *= n;
            p = end;
        }
    }
}

static Array read_npy(const char *path) {
    Array a = {0};
    FILE *f = fopen(path, "rb");
    unsigned char start[10];
    if (!f || fread(start, 1, 10, f) != 10 || memcmp(start, "\x93NUMPY\x01", 7)) fail(path, "not a version 1 .npy file");
    size_t length = start[8] | (size_t)start[9] << 8;
    char *header = calloc(1, length + 1);
    if (!header || fread(header, 1, length, f) != length) fail(path, "header is cut off");
    if (!strstr(header, "<f4") || strstr(header, "'fortran_order': True")) fail(path, "expected float32 in C order");
    read_shape(path, header, &a);
    a.at = malloc(a.count * sizeof *a.at + 1);
    if (!a.at || fread(a.at, sizeof *a.at, a.count, f) != a.count) fail(path, "data are cut off");
    fclose(f);
    free(header);
    return a;
}

int main(int argc, char **argv) {
    if (argc < 3) fail("usage", "maxdiff A.npy B.npy [LIMIT]");
    Array a = read_npy(argv[1]), b = read_npy(argv[2]);
    double limit = argc > 3 ? strtod(argv[3], NULL) : 0, largest = 0;
    if (strcmp(a.shape, b.shape)) {
        fprintf(stderr, "maxdiff: shapes differ: %s and %s\n", a.shape, b.shape);
        return 2;
    }
    for (size_t i = 0; i < a.count; i++) {
        double d = fabs((double)a.at[i] - b.at[i]);
        if (!(d <= largest)) largest = d;
        if (isnan(d)) break;
    }
    printf("%.3g\n", largest);
    free(a.at);
    free(b.at);
    return largest <= limit ? 0 : 1;
}
