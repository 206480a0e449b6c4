/* numbers A.npy            prints the numbers of a float32 or float64 .npy file, one a line, in C order.
 * numbers A.npy B.npy      prints the largest |A - B| of two files of one size.
 * numbers -w A.npy 2,3     writes the numbers from standard input as a float64 .npy file of that shape.
 *
 * Exit 0; 2 if a file cannot be read or written, or the sizes do not fit. */
#include <math.h>

#include "npy.h"

static void fail(const char *path, const char *what) {
    fprintf(stderr, "numbers: %s: %s\n", path, what);
    exit(2);
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
    Array a = read_npy(argv[1]), b = argc > 2 ? read_npy(argv[2]) : (Array){.count = 0};
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
