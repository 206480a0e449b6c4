/* What is to be recorded, as the user writes it: NAME, NAME[0:4], NAME[head=0], NAME[head=0, c=0:8]; several with commas.
 *
 * In brackets, one entry for each axis from the left, or by the axis's name: a position keeps one unit and drops the axis, a range
 * a:b keeps positions a to b - 1 (either may be left out). Axes without an entry are kept whole. */
#ifndef CTX_RUNTIME_SELECT_H
#define CTX_RUNTIME_SELECT_H
#include "core/descriptor.h"

typedef struct RtSelection {
    int rank;                   /* of what is kept */
    int64_t shape[RT_MAX_RANK];
    const char *axis[RT_MAX_RANK]; /* names, the descriptor's */
    int64_t count;              /* units kept */
    int64_t *unit;              /* owned: their elements in the buffer, in order; NULL: all */
    char *text;                 /* owned: "[0:4]", as written; "" for all */
} RtSelection;

/* Length of the first entry of a list with commas (those in brackets do not count). */
size_t rt_select_length(const char *list);
/* Length of the name in an entry of `length` characters: what stands before '=' or the brackets that select, not those of block[0].core. */
size_t rt_select_name(const char *entry, size_t length);
/* Length of name and brackets; nothing or "=FILE" is behind them. */
size_t rt_select_end(const char *entry);
/* Reads the brackets that follow the name: `text` has `length` characters, "" for all. `sizes`: of the buffer's axes. */
RtStatus rt_select(RtSelection *selection, const RtBuffer *buffer, const int64_t *sizes, const char *text, size_t length, RtError *error);
char *rt_select_axes(const RtSelection *selection); /* "head,c": names of the kept axes; to be freed; NULL without memory */
void rt_select_free(RtSelection *selection);
#endif
