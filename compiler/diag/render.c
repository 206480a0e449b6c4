/* Diagnostics as text:
 *
 *   error[E0301]: axes do not match
 *     --> head.ctx:12:13
 *      |
 *   12 |     core -> mask.apical : W_K;
 *      |             ^^^^^^^^^^^ label of the primary mark
 *      = note: ...
 *
 * One row of source for each marked line, in order; marks in another file follow behind `::: path:line:column`. A line longer
 * than WIDTH characters shows only the part around its mark. A mark over several lines is drawn on its first. */
#include <stdlib.h>
#include <string.h>

#include "diag/internal.h"

enum { MOST = 20, WIDTH = 120, BEFORE = 40 /* characters shown left of a mark in a long line */ };

typedef struct Place { /* where a mark is, in lines and characters */
    const Mark *mark;
    int line, first, last; /* 1-based line; 0-based characters [first, last) of that line */
    size_t start, end;     /* bytes of the line */
    int length;            /* characters of the line */
} Place;

typedef struct Page {
    const Diagnostics *all;
    FILE *to;
    bool colour;
    int gutter; /* digits of the largest line number */
} Page;

static const char *paint(const Page *page, const char *code) {
    return page->colour ? code : "";
}
#define RED "\033[1;31m"
#define YELLOW "\033[1;33m"
#define BLUE "\033[1;34m"
#define BOLD "\033[1m"
#define PLAIN "\033[0m"

static bool continues(char c) {
    return ((unsigned char)c & 0xC0) == 0x80;
}

static int characters(const char *text, size_t from, size_t to) {
    int n = 0;
    for (size_t i = from; i < to; i++) n += !continues(text[i]);
    return n;
}

static Place place_of(const Diagnostics *all, const Mark *mark) {
    const Source *source = diag_source(all, mark->at.file);
    Place p = {.mark = mark};
    int column;
    diag_position(all, mark->at, &p.line, &column);
    size_t begin = mark->at.begin < source->length ? mark->at.begin : source->length;
    size_t end = mark->at.end < source->length ? mark->at.end : source->length;
    for (p.start = begin; p.start > 0 && source->text[p.start - 1] != '\n'; p.start--) continue;
    for (p.end = begin; p.end < source->length && source->text[p.end] != '\n'; p.end++) continue;
    if (p.end > p.start && source->text[p.end - 1] == '\r') p.end--;
    p.first = column - 1;
    p.length = characters(source->text, p.start, p.end);
    p.last = p.first + (end > begin ? characters(source->text, begin, end < p.end ? end : p.end) : 0);
    if (p.last <= p.first) p.last = p.first + 1;
    return p;
}

static int by_place(const void *a, const void *b) {
    const Place *p = a, *q = b;
    if (p->line != q->line) return p->line < q->line ? -1 : 1;
    return p->first != q->first ? (p->first < q->first ? -1 : 1) : 0;
}

static void margin(const Page *page, int line) {
    fputs(paint(page, BLUE), page->to);
    if (line) fprintf(page->to, "%*d |", page->gutter, line);
    else fprintf(page->to, "%*s |", page->gutter, "");
    fputs(paint(page, PLAIN), page->to);
}

/* Bytes of one line as something a terminal shows in one column each: control characters become blanks, a byte that is not
 * UTF-8 a question mark. */
static void put_characters(const Page *page, const Source *source, const Place *p, int from, int to) {
    int at = -1;
    for (size_t i = p->start; i < p->end; i++) {
        unsigned char c = (unsigned char)source->text[i];
        at += !continues(source->text[i]);
        if (at < from) continue;
        if (at >= to) break;
        int more = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : c >= 0xC0 ? 1 : 0;
        bool whole = c < 0x80 || more;
        for (int k = 1; k <= more; k++) whole &= i + (size_t)k < p->end && continues(source->text[i + (size_t)k]);
        if (c < 0x20 || c == 0x7F) fputc(' ', page->to);
        else if (!whole) fputc('?', page->to);
        else fwrite(source->text + i, 1, (size_t)more + 1, page->to);
        if (whole) i += (size_t)more;
    }
}

static void put_mark(const Page *page, const Place *p, int from, int to, int indent) {
    margin(page, 0);
    int last = p->last < to ? p->last : to > p->first ? to : p->first + 1;
    fprintf(page->to, " %*s%s", p->first - from + indent, "", paint(page, p->mark->primary ? RED : BLUE));
    for (int i = p->first; i < last || i == p->first; i++) fputc(p->mark->primary ? '^' : '~', page->to);
    if (p->mark->text) fprintf(page->to, " %s", p->mark->text);
    fprintf(page->to, "%s\n", paint(page, PLAIN));
}

/* One line with all marks that fall into its window; gives the number of marks drawn (at least one). */
static int put_line(const Page *page, const Source *source, const Place *places, int count) {
    int from = 0, to = places[0].length;
    if (to > WIDTH) {
        from = places[0].first > BEFORE ? places[0].first - BEFORE : 0;
        to = from + WIDTH < to ? from + WIDTH : to;
    }
    margin(page, places[0].line);
    fputs(from ? " ..." : to ? " " : "", page->to);
    put_characters(page, source, &places[0], from, to);
    fputs(to < places[0].length ? "...\n" : "\n", page->to);
    int n = 0;
    while (n < count && places[n].line == places[0].line && (n == 0 || places[n].first < to || to == places[0].length)) {
        put_mark(page, &places[n], from, to, from ? 3 : 0);
        n++;
    }
    return n;
}

static void put_file(const Page *page, const Mark *marks, int count, int file, bool primary) {
    const Source *source = diag_source(page->all, file);
    Place places[64];
    int n = 0;
    for (int i = 0; i < count && n < 64; i++)
        if (marks[i].at.file == file) places[n++] = place_of(page->all, &marks[i]);
    const Place head = places[0];
    qsort(places, (size_t)n, sizeof *places, by_place);
    fprintf(page->to, "%*s%s%s%s %s:%d:%d\n", page->gutter, "", paint(page, BLUE), primary ? "-->" : ":::", paint(page, PLAIN),
            source->path, head.line, head.first + 1);
    margin(page, 0);
    fputc('\n', page->to);
    for (int i = 0; i < n;) {
        if (i > 0 && places[i].line > places[i - 1].line + 1) fprintf(page->to, "%*s...\n", page->gutter, "");
        i += put_line(page, source, places + i, n - i);
    }
}

static int digits(int n) {
    int d = 1;
    while (n >= 10) n /= 10, d++;
    return d;
}

static void put_diagnostic(Page *page, const Diagnostic *d) {
    bool error = d->severity == SEVERITY_ERROR;
    fprintf(page->to, "%s%s[E%04d]%s%s: %s%s\n", paint(page, error ? RED : YELLOW), error ? "error" : "warning", (int)d->code,
            paint(page, PLAIN), paint(page, BOLD), d->message, paint(page, PLAIN));
    Marks marks = {0};
    Mark first = {d->at, d->label, true};
    vec_push(d->arena, &marks, first);
    for (int i = 0; i < d->marks.count; i++) vec_push(d->arena, &marks, d->marks.at[i]);
    page->gutter = 2;
    for (int i = 0; i < marks.count; i++) {
        int line, column;
        diag_position(page->all, marks.at[i].at, &line, &column);
        if (digits(line) > page->gutter) page->gutter = digits(line);
    }
    for (int i = 0; i < marks.count; i++) {
        int file = marks.at[i].at.file;
        bool done = !diag_source(page->all, file);
        for (int k = 0; k < i; k++) done |= marks.at[k].at.file == file;
        if (!done) put_file(page, marks.at, marks.count, file, i == 0);
        else if (!diag_source(page->all, file) && !marks.at[i].primary)
            fprintf(page->to, "%*s = note: %s\n", page->gutter, "", marks.at[i].text);
    }
    for (int i = 0; i < d->remarks.count; i++)
        fprintf(page->to, "%*s %s= %s:%s %s\n", page->gutter, "", paint(page, BLUE), d->remarks.at[i].kind, paint(page, PLAIN),
                d->remarks.at[i].text);
}

static int by_source(const void *a, const void *b) {
    const Diagnostic *p = *(Diagnostic *const *)a, *q = *(Diagnostic *const *)b;
    if (p->at.file != q->at.file) return p->at.file < q->at.file ? -1 : 1;
    if (p->at.begin != q->at.begin) return p->at.begin < q->at.begin ? -1 : 1;
    return p->order < q->order ? -1 : p->order > q->order;
}

static bool same(const Diagnostic *a, const Diagnostic *b) {
    return a->at.file && a->at.file == b->at.file && a->at.begin == b->at.begin && a->code == b->code &&
           strcmp(a->message, b->message) == 0;
}

void diag_render(const Diagnostics *all, FILE *to, bool colour) {
    int count = all->list.count, shown = 0, more = 0;
    Diagnostic **sorted = arena_copy(all->arena, all->list.at, sizeof *sorted * (size_t)count);
    if (count) qsort(sorted, (size_t)count, sizeof *sorted, by_source);
    Page page = {all, to, colour, 0};
    for (int i = 0; i < count; i++) {
        if (i && same(sorted[i - 1], sorted[i])) continue;
        if (shown == MOST) {
            more++;
            continue;
        }
        if (shown++) fputc('\n', to);
        put_diagnostic(&page, sorted[i]);
    }
    if (more) fprintf(to, "\nand %d more\n", more);
}
