/* Rows of one size, appended to a place in a file or kept in memory: what grows step by step in a run.
 *
 * Rows are collected and written together. A column knows the checksum of all its rows, so that a later run can tell whether
 * what lies in the file is what a checkpoint counts on. */
#ifndef CTX_RUNTIME_COLUMN_H
#define CTX_RUNTIME_COLUMN_H
#include "io/draft.h"
#include "io/hash.h"
#include "io/tensor.h"

typedef struct RtColumn {
    RtDraft *draft;      /* borrowed; NULL: in memory */
    int64_t offset;      /* byte of the file where row 0 lies */
    int64_t row;         /* bytes of a row */
    int64_t written, held; /* rows in the file, rows waiting; in memory all are held */
    int64_t capacity;    /* rows that memory has place for */
    unsigned char *rows; /* owned */
    RtHash hash;
} RtColumn;

/* In a file. `row` may be 1: a text of any length. */
RtStatus rt_column_in_file(RtColumn *column, RtDraft *draft, int64_t offset, int64_t row, RtError *error);
/* In a .npy file of its own, which is opened: rows along the first dimension of `shape`. */
RtStatus rt_column_npy(RtColumn *column, RtDraft *draft, const char *path, RtDraftKind kind, RtType type, int rank, const int64_t *shape,
                       RtError *error);
/* In memory: at most `most` rows. */
RtStatus rt_column_in_memory(RtColumn *column, int64_t row, int64_t most, RtError *error);
void rt_column_free(RtColumn *column);
int64_t rt_column_rows(const RtColumn *column);
/* Place for one more row, to be filled before any other call. NULL: see error. */
void *rt_column_next(RtColumn *column, RtError *error);
RtStatus rt_column_append(RtColumn *column, const void *rows, int64_t count, RtError *error);
RtStatus rt_column_flush(RtColumn *column, RtError *error); /* rows waiting go to the file */
uint64_t rt_column_sum(const RtColumn *column);             /* of all rows */
/* Continues behind `rows` rows that the file holds already; RT_USER unless they are there with this sum. */
RtStatus rt_column_resume(RtColumn *column, int64_t rows, uint64_t sum, RtError *error);
#endif
