/* The form of a sum over a sparse table, as the descriptor tells it (ctx_abi.h), and its packing. */
#ifndef CTX_RUNTIME_FORM_H
#define CTX_RUNTIME_FORM_H
#include <stdbool.h>
#include <stdint.h>

#include "io/tensor.h"

enum { RT_MAX_FACTORS = 16 };

typedef struct RtOperand {
    int buffer, rank;
    int of[RT_MAX_RANK]; /* by dimension of the buffer: which row or column runs along it */
} RtOperand;

typedef struct RtForm {
    int rows, columns;       /* numbers of axes */
    int axis[RT_MAX_RANK];   /* rows first */
    RtOperand table;
    int factors;
    RtOperand factor[RT_MAX_FACTORS];
    int source_rank;
    int source_axis[RT_MAX_RANK], source_of[RT_MAX_RANK]; /* -1: neither row nor column */
    double scale;
} RtForm;

struct json_t;
/* NULL: it does not read, or there is no memory. The caller frees it. */
RtForm *rt_form_read(const struct json_t *json, int axes, int buffers);

/* Packs what the plan's buffer `buffer`, of role RT_SPARSE, stands for, and releases what was packed there before; its place in the
 * frame then shows an RtSparse. */
struct RtPlan;
RtStatus rt_pack(struct RtPlan *plan, int buffer);
/* Bytes that it takes: exact once the table is in memory or its list is read, before as many as its draw makes expect. */
double rt_pack_bytes(struct RtPlan *plan, int buffer);
#endif
