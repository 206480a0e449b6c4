/* "Did you mean": edit distance in which swapping neighbours counts one (optimal string alignment). */
#include <string.h>

#include "diag/diag.h"

enum { LONGEST = 64 }; /* longer names get no suggestion */

static int least(int a, int b) {
    return a < b ? a : b;
}

static int distance(const char *a, int m, const char *b, int n) {
    int rows[3][LONGEST + 1];
    int *before = rows[0], *above = rows[1], *row = rows[2];
    for (int j = 0; j <= n; j++) above[j] = j;
    for (int i = 1; i <= m; i++) {
        row[0] = i;
        for (int j = 1; j <= n; j++) {
            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = least(row[j], before[j - 2] + 1);
        }
        int *free_row = before;
        before = above;
        above = row;
        row = free_row;
    }
    return above[n];
}

const char *diag_closest(const char *wrong, const char *const *candidates, int count) {
    int length = (int)strnlen(wrong, LONGEST + 1), best = length / 3 + 1;
    const char *closest = NULL;
    if (length > LONGEST) return NULL;
    for (int i = 0; i < count; i++) {
        int other = (int)strnlen(candidates[i], LONGEST + 1);
        if (other > LONGEST || strcmp(candidates[i], wrong) == 0) continue;
        int d = distance(wrong, length, candidates[i], other);
        if (d < best || (d == best && !closest && length > 2)) {
            best = d;
            closest = candidates[i];
        }
    }
    return closest;
}
