#define _GNU_SOURCE /* vasprintf */
#include "core/status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

RtStatus rt_fail(RtError *error, RtStatus status, const char *format, ...) {
    if (error->status != RT_OK) return error->status;
    error->status = status;
    va_list args;
    va_start(args, format);
    if (vasprintf(&error->message, format, args) < 0) error->message = NULL;
    va_end(args);
    return status;
}

RtStatus rt_no_memory(RtError *error, double bytes, const char *what) {
    return rt_fail(error, RT_MACHINE, "no memory for %s: %.4g MB are needed", what, bytes / 1e6);
}

const char *rt_error_message(const RtError *error) {
    if (error->status == RT_OK) return "";
    return error->message ? error->message : "out of memory";
}

void rt_error_clear(RtError *error) {
    free(error->message);
    *error = (RtError){0};
}

char *rt_format(const char *format, ...) {
    char *text;
    va_list args;
    va_start(args, format);
    if (vasprintf(&text, format, args) < 0) text = NULL;
    va_end(args);
    return text;
}

enum { LONGEST = 80 }; /* longer names get no suggestion */

/* Edits (insert, delete, replace) that turn a into b; both at most LONGEST characters. */
static int edits(const char *a, const char *b) {
    int row[LONGEST + 1], columns = (int)strlen(b);
    for (int j = 0; j <= columns; j++) row[j] = j;
    for (int i = 1; a[i - 1]; i++) {
        int diagonal = row[0];
        row[0] = i;
        for (int j = 1; j <= columns; j++) {
            int best = diagonal + (a[i - 1] != b[j - 1]);
            if (row[j] + 1 < best) best = row[j] + 1;
            if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[columns];
}

const char *rt_closest(const char *wrong, const char *const *names, int count) {
    size_t length = strlen(wrong);
    if (length == 0 || length > LONGEST) return NULL;
    int best = (int)length / 3 + 2;
    const char *nearest = NULL;
    for (int i = 0; i < count; i++) {
        if (strlen(names[i]) > LONGEST) continue;
        int distance = edits(wrong, names[i]);
        if (distance >= best || distance >= (int)strlen(names[i])) continue;
        best = distance;
        nearest = names[i];
    }
    return nearest;
}

bool rt_ends_with(const char *text, const char *tail) {
    size_t length = strlen(text), end = strlen(tail);
    return length > end && !strcmp(text + length - end, tail);
}
