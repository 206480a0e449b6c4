/* The files of one call: none that is written is another that is read or written, else data would be lost without a word. */
#ifndef CTX_RUNTIME_APART_H
#define CTX_RUNTIME_APART_H
#include <stdbool.h>

#include "core/status.h"

typedef struct RtUse {
    const char *path; /* NULL: not used */
    const char *what; /* "stimulus x", "--save": as a message says it */
    bool written;
    const char *over; /* `what` of a file that it may replace, or NULL */
} RtUse;

/* By whatever names they go. Devices and pipes may be used many times. */
RtStatus rt_apart(int count, const RtUse *use, RtError *error);
/* The same, and each that is written can be: what takes hours is not to fail at its last line. */
RtStatus rt_look_at_files(int count, const RtUse *use, RtError *error);
#endif
