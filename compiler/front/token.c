/* Between scanner and grammar: limits of nesting, the two meanings of `;`, blocks to be skipped; and the entry point. */
#include <string.h>

#include "front/internal.h"
#include "front/parser.h"

/* lexer.c; its header would bring macros along */
int lexer_lex(PARSER_STYPE *value, PARSER_LTYPE *at, void *scanner);
int lexer_lex_init_extra(Front *front, void **scanner);
void *lexer__scan_bytes(const char *bytes, int length, void *scanner);
int lexer_lex_destroy(void *scanner);

/* A `;` inside of brackets parts parameters from signals if the bracket that is open closes before the next `;` or brace.
 * Otherwise the bracket was forgotten, and the statement ends here. */
static bool separates(const Front *front) {
    int open = 0;
    for (const char *at = front->source->text + front->offset; *at; at++) {
        if (*at == '#') {
            while (at[1] && at[1] != '\n') at++;
        } else if (*at == '(' || *at == '[') open++;
        else if (*at == ')' || *at == ']') {
            if (open-- == 0) return true;
        } else if (*at == ';' || *at == '{' || *at == '}') return false;
    }
    return false;
}

static int scan(PARSER_STYPE *value, PARSER_LTYPE *at, Front *front) {
    if (front->stopped) {
        *at = (Span){front->file, front->offset, front->offset};
        return END_OF_FILE;
    }
    int kind = lexer_lex(value, at, front->scanner);
    if (kind == END_OF_FILE) *at = (Span){front->file, front->offset, front->offset};
    return kind;
}

/* Up to the brace that closes the block, which is returned as the next token. */
static int skip_block(PARSER_STYPE *value, PARSER_LTYPE *at, Front *front) {
    front->skip_block = false;
    for (int open = 0;;) {
        int kind = scan(value, at, front);
        if (kind == '{') open++;
        if (kind == END_OF_FILE || (kind == '}' && open-- == 0)) return kind;
    }
}

static void count_brackets(int kind, Span at, Front *front) {
    switch (kind) {
    case '{':
        front->brackets = 0;
        if (front->braces <= MOST_BRACES) front->opened[front->braces] = at;
        if (++front->braces > MOST_BRACES) front_stop(front, at, "braces are nested too deeply", MOST_BRACES);
        break;
    case '}':
        front->brackets = 0;
        if (front->braces) front->braces--;
        break;
    case '(': case '[':
        if (++front->brackets > MOST_BRACKETS) front_stop(front, at, "brackets are nested too deeply", MOST_BRACKETS);
        break;
    case ')': case ']':
        if (front->brackets) front->brackets--;
        break;
    case ';': front->brackets = 0; break;
    default: break;
    }
}

static bool ends_statement(int kind) {
    return kind == ';' || kind == '{' || kind == '}';
}

int parser_lex(PARSER_STYPE *value, PARSER_LTYPE *at, Front *front) {
    if (ends_statement(front->last_kind)) front->quiet = false;
    front->first = ends_statement(front->before_kind) || !front->before.file;
    front_count_errors(front);
    int kind = front->skip_block ? skip_block(value, at, front) : scan(value, at, front);
    if (kind == ';' && front->brackets && separates(front)) kind = SEPARATOR;
    count_brackets(kind, *at, front);
    front->before = front->last;
    front->before_kind = front->last_kind;
    front->last = *at;
    front->last_kind = kind;
    return kind;
}

static Front front_new(Arena *arena, Names *names, Diagnostics *diagnostics, int file) {
    Front front = {.arena = arena, .names = names, .diagnostics = diagnostics, .file = file};
    front.source = diag_source(diagnostics, file);
    front.ast = ARENA_NEW(arena, AstFile);
    front.ast->file = file;
    return front;
}

static bool open_scanner(Front *front) {
    if (!text_check(front)) return false;
    if (lexer_lex_init_extra(front, &front->scanner)) return false;
    lexer__scan_bytes(front->source->text, (int)front->source->length, front->scanner);
    return true;
}

AstFile *front_parse(Arena *arena, Names *names, Diagnostics *diagnostics, int file) {
    Front front = front_new(arena, names, diagnostics, file);
    int errors = diag_error_count(diagnostics);
    if (!open_scanner(&front)) return front.ast;
    parser_parse(&front);
    lexer_lex_destroy(front.scanner);
    if (front.ast->body.count == 0 && diag_error_count(diagnostics) == errors) {
        Diagnostic *d = diag_error(diagnostics, E_EMPTY, (Span){file, 0, 0}, "`%s` holds no statement", front.source->path);
        diag_help(d, "a circuit has at least a stimulus, a population and an output; see examples/01-microcolumn.ctx");
    }
    return front.ast;
}

void front_print_tokens(Names *names, Diagnostics *diagnostics, int file, FILE *to) {
    Arena *arena = arena_new();
    Front front = front_new(arena, names, diagnostics, file);
    if (open_scanner(&front)) {
        PARSER_STYPE value;
        Span at;
        int line = 1, column = 1;
        uint32_t counted = 0;
        for (int kind; (kind = parser_lex(&value, &at, &front)) != END_OF_FILE;) {
            for (; counted < at.begin; counted++) {
                if (front.source->text[counted] == '\n') line++, column = 0;
                column += ((unsigned char)front.source->text[counted] & 0xC0) != 0x80;
                if (front.source->text[counted] == '\n') column = 1;
            }
            fprintf(to, "%d:%d %s %.*s\n", line, column, token_group(kind), (int)(at.end - at.begin),
                    front.source->text + at.begin);
        }
        lexer_lex_destroy(front.scanner);
    }
    arena_free(arena);
}
