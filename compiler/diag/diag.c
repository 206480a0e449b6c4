/* Collecting diagnostics, the list of codes, places in a source. Rendering is render.c. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "diag/internal.h"

enum { MOST_TEXT = 1000 };

Diagnostics *diag_new(Arena *arena) {
    Diagnostics *all = ARENA_NEW(arena, Diagnostics);
    all->arena = arena;
    return all;
}

int diag_add_source(Diagnostics *all, const char *path, const char *text, size_t length) {
    Source source = {path, text, length};
    vec_push(all->arena, &all->sources, source);
    return all->sources.count;
}

const Source *diag_source(const Diagnostics *all, int file) {
    return file >= 1 && file <= all->sources.count ? &all->sources.at[file - 1] : NULL;
}

int diag_source_count(const Diagnostics *all) {
    return all->sources.count;
}

/* Text of at most MOST_TEXT bytes: a name may be ten megabytes long. */
static char *format_text(Arena *arena, const char *format, va_list args) {
    char *text = arena_vprintf(arena, format, args);
    size_t end = strnlen(text, MOST_TEXT + 1);
    if (end <= MOST_TEXT) return text;
    while (end > MOST_TEXT - 3 || ((unsigned char)text[end] & 0xC0) == 0x80) end--;
    strcpy(text + end, "...");
    return text;
}

static Diagnostic *report(Diagnostics *all, Severity severity, ErrorCode code, Span at, const char *format, va_list args) {
    Diagnostic *d = ARENA_NEW(all->arena, Diagnostic);
    *d = (Diagnostic){.arena = all->arena, .severity = severity, .code = code, .at = at, .order = all->list.count};
    d->message = format_text(all->arena, format, args);
    vec_push(all->arena, &all->list, d);
    all->count[severity]++;
    return d;
}

Diagnostic *diag_error(Diagnostics *all, ErrorCode code, Span at, const char *format, ...) {
    va_list args;
    va_start(args, format);
    Diagnostic *d = report(all, SEVERITY_ERROR, code, at, format, args);
    va_end(args);
    return d;
}

Diagnostic *diag_warning(Diagnostics *all, ErrorCode code, Span at, const char *format, ...) {
    va_list args;
    va_start(args, format);
    Diagnostic *d = report(all, SEVERITY_WARNING, code, at, format, args);
    va_end(args);
    return d;
}

void diag_label(Diagnostic *d, const char *format, ...) {
    va_list args;
    va_start(args, format);
    d->label = format_text(d->arena, format, args);
    va_end(args);
}

void diag_mark(Diagnostic *d, Span at, const char *format, ...) {
    va_list args;
    va_start(args, format);
    Mark mark = {at, format_text(d->arena, format, args), false};
    va_end(args);
    vec_push(d->arena, &d->marks, mark);
}

static void remark(Diagnostic *d, const char *kind, const char *format, va_list args) {
    Remark r = {kind, format_text(d->arena, format, args)};
    vec_push(d->arena, &d->remarks, r);
}

void diag_note(Diagnostic *d, const char *format, ...) {
    va_list args;
    va_start(args, format);
    remark(d, "note", format, args);
    va_end(args);
}

void diag_help(Diagnostic *d, const char *format, ...) {
    va_list args;
    va_start(args, format);
    remark(d, "help", format, args);
    va_end(args);
}

int diag_error_count(const Diagnostics *all) {
    return all->count[SEVERITY_ERROR];
}

int diag_warning_count(const Diagnostics *all) {
    return all->count[SEVERITY_WARNING];
}

void diag_position(const Diagnostics *all, Span at, int *line, int *column) {
    const Source *source = diag_source(all, at.file);
    *line = *column = 1;
    if (!source) return;
    size_t end = at.begin < source->length ? at.begin : source->length, start = 0;
    for (size_t i = 0; i < end; i++)
        if (source->text[i] == '\n') {
            ++*line;
            start = i + 1;
        }
    for (size_t i = start; i < end; i++) *column += ((unsigned char)source->text[i] & 0xC0) != 0x80;
}

static const struct {
    int code;
    const char *title, *explanation;
} table[] = {
#define ERROR(code, name, title, explanation) {code, title, explanation},
#include "diag/errors.def"
#undef ERROR
};

const char *diag_explain(const char *code, const char **title) {
    if (*code == 'E' || *code == 'e') code++;
    char *end;
    long number = strtol(code, &end, 10);
    if (end == code || *end) return NULL;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].code == number) {
            if (title) *title = table[i].title;
            return table[i].explanation;
        }
    return NULL;
}
