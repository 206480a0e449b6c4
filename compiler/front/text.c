/* What is known about the text before there is a grammar: UTF-8, keywords, symbols of units. */
#include <string.h>

#include "front/internal.h"
#include "front/parser.h"

/* Bytes of the UTF-8 character at `at`; 0 if it is none (overlong, surrogate, too large, cut off). */
static int utf8_length(const unsigned char *at, size_t left) {
    if (at[0] < 0x80) return 1;
    int more = at[0] >= 0xF0 ? 3 : at[0] >= 0xE0 ? 2 : 1;
    if (at[0] < 0xC2 || at[0] > 0xF4 || (size_t)more >= left) return 0;
    for (int i = 1; i <= more; i++)
        if ((at[i] & 0xC0) != 0x80) return 0;
    if ((at[0] == 0xE0 && at[1] < 0xA0) || (at[0] == 0xED && at[1] > 0x9F)) return 0;
    if ((at[0] == 0xF0 && at[1] < 0x90) || (at[0] == 0xF4 && at[1] > 0x8F)) return 0;
    return more + 1;
}

bool text_check(Front *front) {
    const unsigned char *text = (const unsigned char *)front->source->text;
    size_t length = front->source->length;
    for (size_t i = 0; i < length;) {
        int bytes = utf8_length(text + i, length - i);
        if (bytes && text[i]) {
            i += (size_t)bytes;
            continue;
        }
        Span at = {front->file, (uint32_t)i, (uint32_t)i + 1};
        if (text[i]) {
            Diagnostic *d = diag_error(front->diagnostics, E_ENCODING, at, "byte 0x%02X at offset %zu is not UTF-8", text[i], i);
            diag_help(d, "save the file as UTF-8");
        } else {
            Diagnostic *d =
                diag_error(front->diagnostics, E_ENCODING, at, "byte 0 at offset %zu: this is not a text file", i);
            diag_help(d, "give the name of a .ctx source file");
        }
        return false;
    }
    return true;
}

static const struct {
    const char *text;
    int kind;
} keywords[] = {
#define KEYWORD(word, token) {#word, token},
#include "front/keywords.def"
#undef KEYWORD
};
enum { KEYWORDS = sizeof keywords / sizeof *keywords };

int keyword_kind(const char *text, size_t length) {
    for (int i = 0; i < KEYWORDS; i++) {
        const char *word = keywords[i].text;
        if (word[0] == text[0] && strlen(word) == length && memcmp(word, text, length) == 0) return keywords[i].kind;
    }
    return 0;
}

const char *keyword_text(int i) {
    return i < KEYWORDS ? keywords[i].text : NULL;
}

static bool is_symbol(const char *name, size_t length) {
    static const char *const symbols[] = {"s", "m",   "g",   "A", "K", "mol", "Hz", "V", "S", "F",
                                          "C", "Ohm", "ohm", "W", "J", "N",   "M",  "l", "Pa"};
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++)
        if (strlen(symbols[i]) == length && memcmp(symbols[i], name, length) == 0) return true;
    return false;
}

bool unit_known(const char *name, size_t length) {
    return is_symbol(name, length) || (length > 1 && strchr("fpnumckMG", name[0]) && is_symbol(name + 1, length - 1));
}

const char *token_group(int kind) {
    for (int i = 0; i < KEYWORDS; i++)
        if (keywords[i].kind == kind) return "word";
    switch (kind) {
    case NAME: return "name";
    case NUMBER: return "number";
    case STRING: return "text";
    case UNIT_NAME: case UNIT_POWER: case UNIT_TIMES: case UNIT_OVER: return "unit";
    default: return "sign";
    }
}
