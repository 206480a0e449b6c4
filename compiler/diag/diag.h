/* Diagnostics as data: what is wrong, where, and what to try.
 *
 * A phase reports with diag_error and adds secondary marks, notes and help to the returned object; the driver renders all
 * of them once, sorted by place (diag_render). Codes and their explanations are listed once, in errors.def; each code has a
 * golden test. A node that failed is poisoned by its phase and stays quiet, so that one mistake gives one message. */
#ifndef CTX_DIAG_DIAG_H
#define CTX_DIAG_DIAG_H
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"

/* Half-open range of bytes of one source. file 0 means "no place" (the command line, a whole program). Lines and columns
 * are computed when printing. */
typedef struct Span {
    int file;
    uint32_t begin, end;
} Span;

typedef struct Source {
    const char *path; /* as the user wrote it, or std/<module>.ctx */
    const char *text; /* NUL-terminated, length bytes */
    size_t length;
} Source;

typedef enum ErrorCode {
#define ERROR(code, name, title, explanation) name = code,
#include "diag/errors.def"
#undef ERROR
} ErrorCode;

typedef enum Severity { SEVERITY_ERROR, SEVERITY_WARNING } Severity;

typedef struct Diagnostics Diagnostics;
typedef struct Diagnostic Diagnostic;

Diagnostics *diag_new(Arena *arena);
/* Registers a source; its id (1, 2, ...) is what Span.file holds. Text is kept by reference. */
int diag_add_source(Diagnostics *all, const char *path, const char *text, size_t length);
const Source *diag_source(const Diagnostics *all, int file);
int diag_source_count(const Diagnostics *all);

/* Reports; the message is one line without a final full stop. Never NULL. */
Diagnostic *diag_error(Diagnostics *all, ErrorCode code, Span at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
Diagnostic *diag_warning(Diagnostics *all, ErrorCode code, Span at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* Text printed beside the primary mark (^^^). */
void diag_label(Diagnostic *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A second marked place (~~~) with its text: "declared here". */
void diag_mark(Diagnostic *d, Span at, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* "note: ..." lines, and "help: ..." lines that say what to try. */
void diag_note(Diagnostic *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
void diag_help(Diagnostic *d, const char *format, ...) __attribute__((format(printf, 2, 3)));

int diag_error_count(const Diagnostics *all);
int diag_warning_count(const Diagnostics *all);
/* Text form, sorted by file and place, duplicates at one place removed; at most 20 errors, then "and N more". */
void diag_render(const Diagnostics *all, FILE *to, bool colour);
/* 1-based line and column (in characters, tabs count one) of a byte of a source. */
void diag_position(const Diagnostics *all, Span at, int *line, int *column);

/* Explanation of a code for `ctx help E0123`; NULL if there is no such code. */
const char *diag_explain(const char *code, const char **title);

/* "did you mean": the candidate closest to `wrong` by edit distance (transpositions count one), or NULL when none is
 * near enough (more than a third of the length away). */
const char *diag_closest(const char *wrong, const char *const *candidates, int count);

static inline Span span_none(void) { return (Span){0, 0, 0}; }
static inline Span span_join(Span a, Span b) {
    if (!a.file) return b;
    if (!b.file || a.file != b.file) return a;
    return (Span){a.file, a.begin < b.begin ? a.begin : b.begin, a.end > b.end ? a.end : b.end};
}
#endif
