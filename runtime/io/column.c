#include "io/column.h"

#include <stdlib.h>
#include <string.h>

enum { TOGETHER = 1 << 16 }; /* bytes that are written at once */

static RtStatus begin(RtColumn *column, int64_t row, int64_t capacity, RtError *error) {
    column->row = row;
    column->capacity = capacity > 0 ? capacity : 1;
    column->rows = malloc((size_t)(column->capacity * (row ? row : 1)));
    return column->rows ? RT_OK : rt_no_memory(error, (double)column->capacity * (double)row, "what is recorded");
}

RtStatus rt_column_in_file(RtColumn *column, RtDraft *draft, int64_t offset, int64_t row, RtError *error) {
    *column = (RtColumn){.draft = draft, .offset = offset};
    return begin(column, row, row > 0 ? TOGETHER / row : 1, error);
}

RtStatus rt_column_in_memory(RtColumn *column, int64_t row, int64_t most, RtError *error) {
    *column = (RtColumn){0};
    return begin(column, row, most, error);
}

void rt_column_free(RtColumn *column) {
    free(column->rows);
    *column = (RtColumn){0};
}

int64_t rt_column_rows(const RtColumn *column) { return column->written + column->held; }

/* Rows waiting are summed when they leave, for the sum of single rows would be slow. */
RtStatus rt_column_flush(RtColumn *column, RtError *error) {
    if (!column->draft || column->held == 0) return RT_OK;
    size_t bytes = (size_t)(column->held * column->row);
    if (rt_draft_write(column->draft, column->offset + column->written * column->row, column->rows, bytes, error) != RT_OK)
        return error->status;
    rt_hash_add(&column->hash, column->rows, bytes);
    column->written += column->held;
    column->held = 0;
    return RT_OK;
}

/* Room in memory for one more row at least. */
static RtStatus make_room(RtColumn *column, RtError *error) {
    if (column->held < column->capacity) return RT_OK;
    return column->draft ? rt_column_flush(column, error) : rt_fail(error, RT_FAULT, "more was recorded than was asked for");
}

void *rt_column_next(RtColumn *column, RtError *error) {
    if (make_room(column, error) != RT_OK) return NULL;
    return column->rows + column->held++ * column->row;
}

RtStatus rt_column_append(RtColumn *column, const void *rows, int64_t count, RtError *error) {
    const unsigned char *from = rows;
    while (count > 0) {
        if (make_room(column, error) != RT_OK) return error->status;
        int64_t free_rows = column->capacity - column->held, now = count < free_rows ? count : free_rows;
        memcpy(column->rows + column->held * column->row, from, (size_t)(now * column->row));
        column->held += now;
        count -= now;
        from += now * column->row;
    }
    return RT_OK;
}

uint64_t rt_column_sum(const RtColumn *column) {
    RtHash hash = column->hash;
    rt_hash_add(&hash, column->rows, (size_t)(column->held * column->row));
    return rt_hash_sum(&hash);
}

RtStatus rt_column_resume(RtColumn *column, int64_t rows, uint64_t sum, RtError *error) {
    const char *name = column->draft->name ? column->draft->name : column->draft->target;
    if (!column->draft->name) return rt_fail(error, RT_USER, "%s: a run that writes to a device or a pipe cannot be resumed", name);
    column->hash = (RtHash){0};
    column->held = 0;
    for (int64_t at = 0; at < rows;) {
        int64_t now = rows - at < column->capacity ? rows - at : column->capacity;
        if (rt_draft_read(column->draft, column->offset + at * column->row, column->rows, (size_t)(now * column->row), error) != RT_OK)
            return error->status;
        rt_hash_add(&column->hash, column->rows, (size_t)(now * column->row));
        at += now;
    }
    column->written = rows;
    if (rt_hash_sum(&column->hash) == sum) return RT_OK;
    return rt_fail(error, RT_USER, "%s: its first %lld rows are not those that the checkpoint counts on", name, (long long)rows);
}

RtStatus rt_column_npy(RtColumn *column, RtDraft *draft, const char *path, RtDraftKind kind, RtType type, int rank, const int64_t *shape,
                       RtError *error) {
    char header[RT_NPY_HEADER];
    size_t length = rt_npy_header(header, type, rank, shape);
    int64_t row = rt_shape_count(rank - 1, shape + 1) * (int64_t)rt_type_size(type);
    if (rt_draft_open(draft, path, kind, error) != RT_OK || rt_column_in_file(column, draft, (int64_t)length, row, error) != RT_OK) return error->status;
    return rt_draft_header(draft, kind, header, length, (int64_t)length + shape[0] * row, error);
}
