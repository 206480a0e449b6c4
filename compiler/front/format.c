/* `ctx fmt`: the canonical form. One statement a line, two blanks of indentation, at most one empty line between statements
 * (where there was one), lines of at most WIDTH characters with continuation lines four blanks further in, comments at the end
 * of adjacent lines aligned. A comment that stood inside of a statement moves before it. */
#include <string.h>

#include "front/format.h"
#include "front/front.h"

enum { WIDTH = 125, INDENT = 2, CONTINUE = 4 };

typedef struct Line {
    int indent;
    const char *text;    /* with BREAKs; "" for an empty line */
    const char *comment; /* at its end, or NULL */
} Line;

typedef struct Format {
    Arena *arena;
    const AstFile *file;
    const Source *source;
    int comment; /* the next one to be placed */
    VEC(Line) lines;
    uint32_t end; /* of what was placed last */
} Format;

static void add_line(Format *f, int indent, const char *text) {
    Line line = {indent, text, NULL};
    vec_push(f->arena, &f->lines, line);
}

static const char *comment_text(const Format *f, const AstComment *comment) {
    return arena_strndup(f->arena, f->source->text + comment->span.begin, comment->span.end - comment->span.begin);
}

/* Keeps one empty line if there was any between what was placed last and `begin`; none after an opening brace. */
static void gap(Format *f, uint32_t begin) {
    int newlines = 0;
    for (uint32_t i = f->end; i < begin; i++) newlines += f->source->text[i] == '\n';
    if (newlines < 2 || !f->lines.count) return;
    const char *last = f->lines.at[f->lines.count - 1].text;
    size_t length = strlen(last);
    if (length && last[length - 1] != '{') add_line(f, 0, "");
}

/* Places the comments that begin before `limit`. */
static void comments_before(Format *f, uint32_t limit, int indent) {
    for (; f->comment < f->file->comments.count; f->comment++) {
        const AstComment *comment = &f->file->comments.at[f->comment];
        if (comment->span.begin >= limit) return;
        Line *last = f->lines.count ? &f->lines.at[f->lines.count - 1] : NULL;
        if (!comment->own_line && last && *last->text && !last->comment && last->text[0] != '#') {
            last->comment = comment_text(f, comment);
        } else {
            gap(f, comment->span.begin);
            add_line(f, indent, comment_text(f, comment));
        }
        if (comment->span.end > f->end) f->end = comment->span.end;
    }
}

/* Those inside of the statement's head: lines of their own before it. */
static void comments_inside(Format *f, uint32_t limit, int indent) {
    for (; f->comment < f->file->comments.count && f->file->comments.at[f->comment].span.begin < limit; f->comment++)
        add_line(f, indent, comment_text(f, &f->file->comments.at[f->comment]));
}

static void format_body(Format *f, const AstStmts *body, int indent);

static void format_stmt(Format *f, const AstStmt *stmt, int indent) {
    bool braces = stmt->braces.file != 0;
    comments_before(f, stmt->span.begin, indent);
    gap(f, stmt->span.begin);
    comments_inside(f, braces ? stmt->braces.begin : stmt->span.end, indent);
    Text text = text_new(f->arena);
    write_head(&text, stmt);
    if (!braces) {
        text_add(&text, ";");
        add_line(f, indent, text.at);
        f->end = stmt->span.end;
        return;
    }
    text_add(&text, " {");
    add_line(f, indent, text.at);
    f->end = stmt->braces.begin + 1;
    format_body(f, &stmt->body, indent + INDENT);
    comments_before(f, stmt->braces.end, indent + INDENT);
    add_line(f, indent, "}");
    f->end = stmt->span.end;
}

static void format_body(Format *f, const AstStmts *body, int indent) {
    for (int i = 0; i < body->count; i++) format_stmt(f, body->at[i], indent);
}

/* ---- layout ------------------------------------------------------------------------------------------------------ */
static int width_of(const char *text, const char *end) {
    int width = 0;
    for (; text < end; text++) width += ((unsigned char)*text & 0xC0) != 0x80;
    return width;
}

static bool is_break(char c) {
    return c == BREAK[0] || c == WEAK[0];
}

/* Where to break: in the last two fifths of the line the place in the fewest brackets, the last of these. NULL: nowhere. */
static const char *break_of(const char *text, int room) {
    const char *best = NULL;
    int depth = 0, best_cost = 0, column = 0;
    bool best_late = false;
    for (const char *at = text; *at && (column <= room || !best); at++) {
        if (*at == '(' || *at == '[') depth++;
        if (*at == ')' || *at == ']') depth--;
        if (is_break(*at)) {
            bool late = column * 5 >= room * 3 && column <= room;
            int cost = 2 * depth + (*at == WEAK[0]);
            if (!best || (late && !best_late) || (late == best_late && (!late || cost <= best_cost))) {
                best = at;
                best_cost = cost;
                best_late = late;
            }
        }
        column += ((unsigned char)*at & 0xC0) != 0x80;
    }
    return best;
}

/* One line of the format as lines of the page, all but the last without comment. */
static void break_line(Format *f, const Line *line, Format *page) {
    const char *text = line->text;
    int indent = line->indent;
    while (width_of(text, text + strlen(text)) + indent > WIDTH && text[0] != '#') {
        const char *at = break_of(text, WIDTH - indent);
        if (!at) break;
        add_line(page, indent, arena_strndup(f->arena, text, (size_t)(at - text)));
        text = at + 1;
        indent = line->indent + CONTINUE;
    }
    add_line(page, indent, text);
    page->lines.at[page->lines.count - 1].comment = line->comment;
}

static void put_line(Text *out, const Line *line, int column) {
    if (*line->text) text_repeat(out, ' ', line->indent);
    for (const char *at = line->text; *at; at++) text_put(out, is_break(*at) ? " " : at, 1);
    if (line->comment) {
        text_repeat(out, ' ', column - line->indent - width_of(line->text, line->text + strlen(line->text)));
        text_add(out, "%s", line->comment);
    }
    text_add(out, "\n");
}

/* Comments at the ends of adjacent lines begin in one column. */
static char *put_page(Format *page) {
    Text out = text_new(page->arena);
    for (int i = 0, end; i < page->lines.count; i = end) {
        int column = 0;
        for (end = i; end < page->lines.count && page->lines.at[end].comment; end++) {
            const Line *line = &page->lines.at[end];
            int width = line->indent + width_of(line->text, line->text + strlen(line->text)) + 1;
            if (width > column) column = width;
        }
        if (end == i) end++;
        for (int k = i; k < end; k++) put_line(&out, &page->lines.at[k], column);
    }
    return out.at;
}

char *front_format(Arena *arena, const AstFile *file, const Source *source) {
    Format f = {.arena = arena, .file = file, .source = source}, page = {.arena = arena};
    format_body(&f, &file->body, 0);
    comments_before(&f, (uint32_t)source->length + 1, 0);
    for (int i = 0; i < f.lines.count; i++) break_line(&f, &f.lines.at[i], &page);
    return put_page(&page);
}
