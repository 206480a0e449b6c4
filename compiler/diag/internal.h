/* Bodies of the diagnostics' structures: for the files of diag/ only. */
#ifndef CTX_DIAG_INTERNAL_H
#define CTX_DIAG_INTERNAL_H
#include "diag/diag.h"

typedef struct Mark {
    Span at;
    const char *text; /* NULL: none */
    bool primary;
} Mark;
typedef VEC(Mark) Marks;

typedef struct Remark {
    const char *kind; /* "note" or "help" */
    const char *text;
} Remark;

struct Diagnostic {
    Arena *arena;
    Severity severity;
    ErrorCode code;
    Span at;
    const char *message, *label;
    Marks marks; /* secondary */
    VEC(Remark) remarks;
    int order; /* of reporting: ties of place keep it */
};

struct Diagnostics {
    Arena *arena;
    VEC(Source) sources;
    VEC(Diagnostic *) list;
    int count[2]; /* by Severity */
};
#endif
