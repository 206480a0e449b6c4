/* maxdiff A.npy B.npy [LIMIT]: prints the largest |A - B| of two float32 .npy files of one shape.
 *
 * Exit 0 if it is at most LIMIT (default 0), 1 if it is larger or not a number, 2 if a file cannot be read or the shapes
 * differ. */
#include <math.h>

#include "npy.h"

static void fail(const char *path, const char *what) {
    fprintf(stderr, "maxdiff: %s: %s\n", path, what);
    exit(2);
}

static Array read_single(const char *path) {
    Array a = read_npy(path);
    if (a.bytes != 4) fail(path, "expected float32 in C order");
    return a;
}

int main(int argc, char **argv) {
    if (argc < 3) fail("usage", "maxdiff A.npy B.npy [LIMIT]");
    Array a = read_single(argv[1]), b = read_single(argv[2]);
    double limit = argc > 3 ? strtod(argv[3], NULL) : 0, largest = 0;
    if (strcmp(a.shape, b.shape)) {
        fprintf(stderr, "maxdiff: shapes differ: %s and %s\n", a.shape, b.shape);
        return 2;
    }
    for (size_t i = 0; i < a.count; i++) {
        double d = fabs(a.at[i] - b.at[i]);
        if (!(d <= largest)) largest = d;
        if (isnan(d)) break;
    }
    printf("%.3g\n", largest);
    free(a.at);
    free(b.at);
    return largest <= limit ? 0 : 1;
}
