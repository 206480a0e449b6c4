/* How far weights are from the first principal component: component X.npy W.safetensors, or W.npy
 * X [n, k] of means 0; the file holds W [k]. Prints the largest distance of a weight from the component of length 1, up to its sign,
 * which is found by power iteration. Linked with libctxrt.a, which reads the files. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "io/tensor.h"

enum { MOST = 64, ROUNDS = 500 };

/* to = X' X from, of length 1 */
static void turn(const RtTensor *x, const double *from, double *to) {
    int k = (int)x->shape[1];
    double length = 0;
    memset(to, 0, sizeof *to * (size_t)k);
    for (int64_t i = 0; i < x->shape[0]; i++) {
        const double *row = (double *)x->data + i * k;
        double y = 0;
        for (int c = 0; c < k; c++) y += row[c] * from[c];
        for (int c = 0; c < k; c++) to[c] += y * row[c];
    }
    for (int c = 0; c < k; c++) length += to[c] * to[c];
    for (int c = 0; c < k; c++) to[c] /= sqrt(length);
}

static RtStatus read_weights(const char *file, RtTensor *w, RtError *error) {
    size_t length = strlen(file);
    if (length > 4 && strcmp(file + length - 4, ".npy") == 0) return rt_npy_read(file, RT_F64, w, error);
    RtStore *store = rt_store_open(file, error);
    int at = store ? rt_store_find(store, "W") : -1;
    RtStatus status = at < 0 ? RT_USER : rt_store_read(store, at, RT_F64, w, error);
    rt_store_close(store);
    return status;
}

int main(int argc, char **argv) {
    RtTensor x, w;
    RtError error = {0};
    if (argc != 3) return 2;
    if (read_weights(argv[2], &w, &error) || rt_npy_read(argv[1], RT_F64, &x, &error) || x.shape[1] > MOST) {
        fprintf(stderr, "%s\n", error.status ? rt_error_message(&error) : "there is no W of that size");
        return 2;
    }
    int k = (int)x.shape[1];
    double v[MOST] = {1}, next[MOST], off[2] = {0};
    for (int i = 0; i < ROUNDS; i++) {
        turn(&x, v, next);
        memcpy(v, next, sizeof v);
    }
    for (int c = 0; c < k; c++) {
        off[0] = fmax(off[0], fabs(((double *)w.data)[c] - v[c]));
        off[1] = fmax(off[1], fabs(((double *)w.data)[c] + v[c]));
    }
    printf("%.3e\n", fmin(off[0], off[1]));
    rt_tensor_free(&x), rt_tensor_free(&w);
    return 0;
}
