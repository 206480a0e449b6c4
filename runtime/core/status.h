/* Result of every runtime call that can fail: a status, which is also the exit status, and a message kept in the object.
 *
 * An RtError starts zeroed, owns its message, and keeps the first failure: later ones are consequences. Messages say what was
 * expected and what came; they end without a full stop or newline. */
#ifndef CTX_RUNTIME_STATUS_H
#define CTX_RUNTIME_STATUS_H
#include <stdarg.h>
#include <stdbool.h>

typedef enum RtStatus {
    RT_OK = 0,
    RT_USER = 2,    /* the call or the data is wrong */
    RT_MACHINE = 3, /* memory, disk, threads */
    RT_FAULT = 70   /* ctx itself */
} RtStatus;

typedef struct RtError {
    RtStatus status;
    char *message; /* NULL while status is RT_OK, and when there was no memory left for it */
} RtError;

/* Records a failure unless one is recorded already; returns error->status. */
RtStatus rt_fail(RtError *error, RtStatus status, const char *format, ...) __attribute__((format(printf, 3, 4)));
RtStatus rt_no_memory(RtError *error, double bytes, const char *what);
const char *rt_error_message(const RtError *error); /* never NULL; "" while RT_OK */
void rt_error_clear(RtError *error);
/* printf into memory that the caller frees; NULL without memory. */
char *rt_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool rt_ends_with(const char *text, const char *tail); /* and something stands before it */
/* The nearest of `count` names to a wrong one, NULL when none is near. */
const char *rt_closest(const char *wrong, const char *const *names, int count);
#endif
