/* Some rows of a file: FILE[first:end], the first axis from `first` to end - 1, as the command line writes it. */
#ifndef CTX_RUNTIME_RANGE_H
#define CTX_RUNTIME_RANGE_H
#include <stdint.h>

#include "io/tensor.h"

typedef struct RtRange {
    char *path;         /* the file alone; NULL: no memory; to be freed */
    int64_t first, end; /* end -1: all rows */
} RtRange;

RtRange rt_range_of(const char *source);
/* Reads those rows of a .npy, for the stimulus of that name. */
RtStatus rt_range_read(const char *source, const char *stimulus, RtType type, RtTensor *tensor, RtError *error);
#endif
