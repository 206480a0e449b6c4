/* numbers A.npy            prints the numbers of a float32 or float64 .npy file, one a line, in C order.
 * numbers A.npy B.npy      prints the largest |A - B| of two files of one size.
 * numbers -w A.npy 2,3     writes the numbers from standard input as a float64 .npy file of that shape.
 *
 * Exit 0; 2 if a file cannot be read or written, or the sizes do not fit. It reads the files on its own, so that a fault of the
 * runtime's reader cannot hide itself. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Array {
    size_t count;
    double *at;
} Array;

static void fail(const char *path, const char *what) {
    fprintf(stderr, "numbers: %s: %s\n", path, what);
    exit(2);
}

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

static Array read_npy(const char *path) {
    FILE *f = fopen(path, "rb");
    unsigned char start[10];
    if (!f || fread(start, 1, 10, f) != 10 || memcmp(start, "\x93NUMPY\x01", 7)) fail(path, "not a version 1 .npy file");
    size_t length = start[8] | (size_t)start[9] << 8;
    char *header = calloc(1, length + 1);
    if (!header || fread(header, 1, length, f) != length) fail(path, "header is cut off");
    const char *name = strstr(header, "'shape'"), *open = name ? strchr(name, '(') : NULL;
    if (!open) fail(path, "no shape in the header");
    if (strstr(header, "'fortran_order': True")) fail(path, "expected C order");
    size_t size = strstr(header, "<f8") ? 8 : strstr(header, "<f4") ? 4 : 0;
    if (!size) fail(path, "expected float32 or float64");
    Array a = {product(open), NULL};
    a.at = malloc((a.count + 1) * sizeof *a.at);
    for (size_t i = 0; i < a.count; i++) {
        float single;
        if (fread(size == 8 ? (void *)&a.at[i] : (void *)&single, size, 1, f) != 1) fail(path, "data are cut off");
        if (size == 4) a.at[i] = single;
    }
    fclose(f);
    free(header);
    return a;
}

static void write_npy(const char *path, const char *shape) {
    size_t count = product(shape);
    FILE *f = fopen(path, "wb");
    char header[118];
    if (!f) fail(path, "cannot be written");
    int used = snprintf(header, sizeof header, "{'descr': '<f8', 'fortran_order': False, 'shape': (%s,), }", shape);
    if (used < 0 || used >= (int)sizeof header - 1) fail(path, "the shape is too long");
    memset(header + used, ' ', sizeof header - (size_t)used);
    header[sizeof header - 1] = '\n';
    fwrite("\x93NUMPY\x01\0\x76\0", 1, 10, f);
    fwrite(header, 1, sizeof header, f);
    for (size_t i = 0; i < count; i++) {
        double number;
        if (scanf("%lf", &number) != 1) fail(path, "there are fewer numbers than the shape says");
        fwrite(&number, sizeof number, 1, f);
    }
    if (fclose(f)) fail(path, "cannot be written");
}

int main(int argc, char **argv) {
    if (argc == 4 && strcmp(argv[1], "-w") == 0) return write_npy(argv[2], argv[3]), 0;
    if (argc < 2 || argc > 3) fail("usage", "numbers A.npy [B.npy], or numbers -w A.npy SHAPE");
    Array a = read_npy(argv[1]), b = argc > 2 ? read_npy(argv[2]) : (Array){0};
    double largest = 0;
    if (argc > 2 && a.count != b.count) fail(argv[2], "not as many numbers as in the other file");
    for (size_t i = 0; i < a.count; i++) {
        double d = argc > 2 ? fabs(a.at[i] - b.at[i]) : 0;
        if (argc == 2) printf("%.17g\n", a.at[i]);
        else if (!(d <= largest)) largest = d;
        if (isnan(d)) break;
    }
    if (argc > 2) printf("%.6g\n", largest);
    free(a.at);
    free(b.at);
    return 0;
}
