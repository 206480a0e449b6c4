/* The message for an unexpected token: what came, what could stand there, and the usual reasons. */
#include <string.h>

#include "base/text.h"
#include "front/internal.h"
#include "front/parser.h"

void front_stop(Front *front, Span at, const char *what, int most) {
    if (front->stopped) return;
    front->stopped = true;
    Diagnostic *d = diag_error(front->diagnostics, E_NESTING, at, "%s", what);
    diag_note(d, "at most %d levels are allowed; the rest of the file was not read", most);
}

static bool among(const char *word, const char *const *list, int count) {
    for (int i = 0; i < count; i++)
        if (strcmp(list[i], word) == 0) return true;
    return false;
}

static bool is_word(const char *token) {
    return token[0] >= 'a' && token[0] <= 'z' && !strchr(token, ' ');
}

/* The tokens that could follow, in groups: nobody wants to read forty of them. */
static const char *expected_text(Front *front, const char *const *expected, int count) {
    static const char *const operators[] = {"+", "-", "*", "/", "^", "<", ">", "<=", ">=", "==", "!=", "and"};
    static const char *const units[] = {"a unit", "a power of a unit", "* in a unit", "/ in a unit"};
    static const char *const soft[] = {"over", "in", "some", "state", "rate", "method", "on", "spike", "local", "rule", "learn",
                                       "online", "by", "gradient", "loss", "sum", "mean", "max", "min"};
    static const char *const continuations[] = {".", "[", "("};
    enum { OPERATORS = sizeof operators / sizeof *operators, SOFT = sizeof soft / sizeof *soft };
    bool statement = among("population", expected, count) && among("axis", expected, count);
    bool part = !statement && among("compartment", expected, count);
    bool value = among("a number", expected, count), name = among("a name", expected, count);
    bool operator = !value && among("*", expected, count) && among("/", expected, count);
    /* behind a name, what may continue it goes without saying */
    bool tail = operator || among("->", expected, count);
    VEC(const char *) list = {0};
    if (statement) ast_push(front, &list, "a statement");
    else if (part) ast_push(front, &list, "an equation or a declaration");
    else if (value) ast_push(front, &list, "an expression");
    else if (name) ast_push(front, &list, "a name");
    for (int i = 0; i < count; i++) {
        const char *t = expected[i];
        if (among(t, units, 4) || strcmp(t, "'") == 0 || (name && among(t, soft, SOFT)) || strcmp(t, "a name") == 0) continue;
        if (value && (strcmp(t, "a number") == 0 || strcmp(t, "(") == 0 || strcmp(t, "-") == 0 || strchr(t, ' '))) continue;
        if (operator && among(t, operators, OPERATORS)) continue;
        if (tail && among(t, continuations, 3)) continue;
        if ((statement || part) && is_word(t)) continue;
        if (strcmp(t, "; and signals") == 0) t = ";";
        ast_push(front, &list, strchr(t, ' ') ? t : arena_printf(front->arena, "`%s`", t));
    }
    if (operator) ast_push(front, &list, "an operator");
    Text text = text_new(front->arena);
    for (int i = 0; i < list.count; i++)
        text_add(&text, "%s%s", i == 0 ? "" : i == list.count - 1 ? " or " : ", ", list.at[i]);
    return text.at;
}

/* A missing `;`: the unexpected token begins a later line, where the statement could have ended. */
static bool missing_end(Front *front, Span at, const char *const *expected, int count) {
    if (!among(";", expected, count) || !front->before.file) return false;
    const char *text = front->source->text;
    bool later = false;
    for (uint32_t i = front->before.end; i < at.begin; i++) later |= text[i] == '\n';
    if (!later) return false;
    Span end = {front->file, front->before.end, front->before.end};
    Diagnostic *d = diag_error(front->diagnostics, E_SYNTAX, end, "expected `;` at the end of the statement");
    diag_mark(d, at, "this was read as its continuation");
    return true;
}

/* A name followed by a name, at the beginning of a statement: a misspelt keyword. */
static const char *misspelt(Front *front, Span *at) {
    if (front->before_kind != NAME || !front->first) return NULL;
    *at = front->before;
    const char *words[128];
    int count = 0;
    for (; count < 128 && keyword_text(count); count++) words[count] = keyword_text(count);
    const char *written = arena_strndup(front->arena, front->source->text + at->begin, at->end - at->begin);
    return diag_closest(written, words, count);
}

void front_unexpected(Front *front, Span at, const char *const *expected, int count, const char *found) {
    if (front->stopped || front->quiet || missing_end(front, at, expected, count)) return;
    const char *written = arena_strndup(front->arena, front->source->text + at.begin,
                                        at.end - at.begin > 40 ? 40 : at.end - at.begin);
    bool end = strcmp(found, "the end of the file") == 0;
    bool open = end && front->braces > 0 && front->braces <= MOST_BRACES;
    const char *wanted = expected_text(front, expected, count);
    const char *message = end ? (open ? "the file ends within braces" : "the file ends within a statement")
                              : arena_printf(front->arena, "unexpected `%s`", written);
    Diagnostic *d = diag_error(front->diagnostics, E_SYNTAX, at, "%s", message);
    if (*wanted) diag_label(d, "expected %s", wanted);
    if (!end && is_word(found) && among("a name", expected, count))
        diag_note(d, "`%s` is a word of the language and cannot be a name", written);
    if (strcmp(found, "dense") == 0 && strcmp(wanted, "an expression") == 0)
        diag_help(d, "`dense W[...]` stands alone: signs go into its values, `~ uniform(-1, 0)`, or declare the weight and write `-W`");
    Span word;
    const char *keyword = misspelt(front, &word);
    if (keyword) {
        diag_mark(d, word, "not a word of the language");
        diag_help(d, "did you mean `%s`?", keyword);
    }
    if (open) diag_mark(d, front->opened[front->braces - 1], "this is not closed");
}

void front_count_errors(Front *front) {
    if (diag_error_count(front->diagnostics) >= MOST_ERRORS) front->stopped = true;
}

void front_stray(Front *front, Span at) {
    const unsigned char *text = (const unsigned char *)front->source->text + at.begin;
    uint32_t length = at.end - at.begin, shown = length;
    for (uint32_t i = 24; i < length && shown == length; i++) /* a long one is cut, not within a character */
        if ((text[i] & 0xC0) != 0x80) shown = i;
    bool control = false, foreign = false;
    for (uint32_t i = 0; i < length; i++) {
        control |= text[i] < 0x20 || text[i] == 0x7F;
        foreign |= text[i] >= 0x80;
    }
    if (control) {
        diag_error(front->diagnostics, E_CHARACTER, at, "control character 0x%02X", text[0]);
        return;
    }
    Diagnostic *d =
        diag_error(front->diagnostics, E_CHARACTER, at, "`%.*s` is not a name or sign of the language", (int)shown, text);
    if (foreign) diag_help(d, "names are made of the letters a-z, A-Z, digits and `_`");
}
