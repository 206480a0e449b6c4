/* What stands before the elements of a .npy file: "\x93NUMPY", version, length, a Python dictionary. */
#ifndef CTX_RUNTIME_NPY_HEADER_H
#define CTX_RUNTIME_NPY_HEADER_H
#include "io/tensor.h"

typedef struct RtNpyHeader {
    RtStored stored;
    bool fortran;
    int rank;
    int64_t shape[RT_MAX_RANK];
    size_t data; /* offset of the elements */
    bool have_descr, have_order, have_shape;
} RtNpyHeader;

/* Magic, version and length; then the dictionary. `label` is the file in messages. */
RtStatus rt_npy_read_header(const char *label, const unsigned char *bytes, size_t length, RtNpyHeader *h, RtError *error);
/* The elements of a file of `length` bytes must be exactly what the shape promises: *count. */
RtStatus rt_npy_check_length(const char *label, const RtNpyHeader *h, size_t length, int64_t *count, RtError *error);
#endif
