/* How far weights are from the least-squares solution: regression X.npy Y.npy FACTOR W.safetensors
 * X [n, k], Y [n]; the file holds W [k] and b []; columns of X are multiplied by FACTOR, and b stands for a column of ones. Prints the
 * largest distance of a weight, relative to the largest weight, and the mean of half the squared errors of the solution. Solved by
 * Gaussian elimination with pivoting on the normal equations. Linked with libctxrt.a, which reads the files. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "io/tensor.h"

enum { MOST = 64 };

static void solve(int n, double a[MOST][MOST + 1]) {
    for (int c = 0; c < n; c++) {
        int pivot = c;
        for (int r = c + 1; r < n; r++)
            if (fabs(a[r][c]) > fabs(a[pivot][c])) pivot = r;
        for (int k = 0; k <= n; k++) {
            double kept = a[c][k];
            a[c][k] = a[pivot][k];
            a[pivot][k] = kept;
        }
        for (int r = 0; r < n; r++) {
            double factor = a[r][c] / a[c][c];
            for (int k = c; r != c && k <= n; k++) a[r][k] -= factor * a[c][k];
        }
    }
    for (int r = 0; r < n; r++) a[r][n] /= a[r][r];
}

static RtStatus read_weight(const RtStore *store, const char *name, RtTensor *out, RtError *error) {
    int at = rt_store_find(store, name);
    return at < 0 ? rt_fail(error, RT_USER, "there is no %s", name) : rt_store_read(store, at, RT_F64, out, error);
}

int main(int argc, char **argv) {
    RtTensor x, y, w, b;
    RtError error = {0};
    if (argc != 5) return 2;
    RtStore *store = rt_store_open(argv[4], &error);
    if (!store || rt_npy_read(argv[1], RT_F64, &x, &error) || rt_npy_read(argv[2], RT_F64, &y, &error) || read_weight(store, "W", &w, &error) ||
        read_weight(store, "b", &b, &error)) {
        fprintf(stderr, "%s\n", rt_error_message(&error));
        return 2;
    }
    static double a[MOST][MOST + 1];
    double factor = atof(argv[3]), largest = 0, off = 0, loss = 0;
    int k = (int)x.shape[1], n = k + 1;
    if (n > MOST) return 2;
    for (int64_t i = 0; i < x.shape[0]; i++) {
        double row[MOST + 1];
        for (int c = 0; c < k; c++) row[c] = factor * ((double *)x.data)[i * k + c];
        row[k] = 1;
        row[n] = ((double *)y.data)[i];
        for (int r = 0; r < n; r++)
            for (int c = 0; c <= n; c++) a[r][c] += row[r] * row[c];
    }
    solve(n, a);
    for (int r = 0; r < n; r++) {
        double found = r < k ? ((double *)w.data)[r] : ((double *)b.data)[0];
        largest = fmax(largest, fabs(a[r][n]));
        off = fmax(off, fabs(found - a[r][n]));
    }
    for (int64_t i = 0; i < x.shape[0]; i++) {
        double e = ((double *)y.data)[i] - a[k][n];
        for (int c = 0; c < k; c++) e -= factor * ((double *)x.data)[i * k + c] * a[c][n];
        loss += 0.5 * e * e / (double)x.shape[0];
    }
    printf("%.3e %.12g\n", off / largest, loss);
    rt_tensor_free(&x), rt_tensor_free(&y), rt_tensor_free(&w), rt_tensor_free(&b);
    rt_store_close(store);
    return 0;
}
