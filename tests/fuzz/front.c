/* libFuzzer driver of the front end (make fuzz): parse, render the messages, format twice. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "front/front.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The canonical form in `arena`, or NULL if there were errors. */
static char *formatted(Arena *arena, const char *text, size_t length) {
    Diagnostics *diagnostics = diag_new(arena);
    int id = diag_add_source(diagnostics, "fuzz.ctx", text, length);
    AstFile *file = front_parse(arena, names_new(arena), diagnostics, id);
    char *out = NULL;
    size_t out_length;
    FILE *to = open_memstream(&out, &out_length);
    if (!to) abort();
    diag_render(diagnostics, to, false);
    fclose(to);
    free(out);
    return diag_error_count(diagnostics) ? NULL : front_format(arena, file, diag_source(diagnostics, id));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Arena *arena = arena_new();
    char *text = arena_strndup(arena, (const char *)data, size);
    memcpy(text, data, size);
    char *once = formatted(arena, text, size);
    if (once) {
        char *twice = formatted(arena, once, strlen(once));
        if (!twice || strcmp(once, twice) != 0) abort();
    }
    arena_free(arena);
    return 0;
}
