/* Data sets: for each stimulus a .npy file whose first axis are the items, or one without that axis, which all items share. */
#ifndef CTX_RUNTIME_DATA_H
#define CTX_RUNTIME_DATA_H
#include "io/tensor.h"

typedef struct RtSeries {
    const char *name;  /* of the stimulus, borrowed */
    const char *source; /* as asked for, borrowed */
    char *path;        /* the file of that, owned */
    RtTensor tensor;   /* [items, ...], or shared: [...] */
    bool shared;
    int64_t each;      /* elements of an item */
} RtSeries;

typedef struct RtData {
    int count;
    RtSeries *series; /* owned, zeroed to begin with */
    int64_t items;    /* 0: no series has items yet */
    const char *by;   /* the file that said so */
} RtData;

/* Reads one: "FILE" or "FILE[first:end]", items first to end - 1. `rank`: dimensions of an item; a file of that many is shared. What
 * the dimensions must be is not looked at. */
RtStatus rt_data_read(RtData *data, const char *name, const char *source, int rank, RtType type, RtError *error);
const RtSeries *rt_data_find(const RtData *data, const char *name); /* NULL: none */
/* Copies item number index[i] of a series to place i of `to`. */
void rt_data_gather(const RtSeries *series, const int64_t *index, int64_t count, void *to);
uint64_t rt_data_sum(const RtData *data); /* checksum of names, shapes and elements */
void rt_data_free(RtData *data);
#endif
