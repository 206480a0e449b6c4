/* What a run of learning was like, epoch by epoch: kept, written as CSV, drawn. */
#ifndef CTX_RUNTIME_HISTORY_H
#define CTX_RUNTIME_HISTORY_H
#include <stdbool.h>
#include <stddef.h>

#include "io/tensor.h"

/* A row: epoch, step, rate, loss, then (with validation data) the validation loss and the further numbers. */
enum { RT_HISTORY_EPOCH, RT_HISTORY_STEP, RT_HISTORY_RATE, RT_HISTORY_LOSS, RT_HISTORY_VALID };

typedef struct RtHistory {
    int columns;
    const char **name; /* of each column, owned; the strings are borrowed */
    int64_t rows;
    double *value;     /* [rows, columns] */
} RtHistory;

/* loss: its name; metrics: further numbers, measured on validation data; validated: there are any. */
RtStatus rt_history_new(RtHistory *history, bool validated, int metrics, const char *const *metric, RtError *error);
bool rt_history_has(const char *name); /* a column, or another number of the results: a metric must be called otherwise */
void rt_history_free(RtHistory *history);
RtStatus rt_history_add(RtHistory *history, const double *row, RtError *error);
RtStatus rt_history_csv(const RtHistory *history, const char *path, RtError *error);
/* Loss, and validation loss beside it, over epochs; then a panel a further number. `title`: of the picture. */
RtStatus rt_history_svg(const RtHistory *history, const char *title, const char *path, RtError *error);
#endif
