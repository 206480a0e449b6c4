#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "driver/commands.h"
#include "driver/files.h"
#include "front/front.h"

/* One file; nothing is written unless all of it was understood. */
static int format_file(const Options *options, const char *path) {
    Arena *arena = arena_new();
    size_t length;
    const char *error;
    char *text = files_read(arena, path, &length, &error);
    int status = EXIT_WRONG;
    if (!text) {
        fprintf(stderr, "ctx: cannot read %s: %s\nhelp: the operand is the path of a .ctx file\n", path, error);
    } else {
        Diagnostics *diagnostics = diag_new(arena);
        int file = diag_add_source(diagnostics, path, text, length);
        AstFile *ast = front_parse(arena, names_new(arena), diagnostics, file);
        diag_render(diagnostics, stderr, isatty(STDERR_FILENO));
        if (diag_error_count(diagnostics) == 0) {
            char *formatted = front_format(arena, ast, diag_source(diagnostics, file));
            bool same = strlen(formatted) == length && memcmp(formatted, text, length) == 0;
            if (option_given(options, OPTION_FMT_CHECK)) {
                status = same ? EXIT_DONE : EXIT_REFUTED;
                if (!same) fprintf(stderr, "ctx: %s is not in canonical form\nhelp: ctx fmt --write %s\n", path, path);
            } else if (option_given(options, OPTION_WRITE)) {
                status = same ? EXIT_DONE : files_write(arena, path, formatted, strlen(formatted));
            } else {
                status = files_write(arena, "-", formatted, strlen(formatted));
            }
        }
    }
    arena_free(arena);
    return status;
}

int command_fmt(Options *options) {
    int worst = EXIT_DONE;
    for (int i = 0; i < options->operands.count; i++) {
        int status = format_file(options, options->operands.at[i]);
        if (status > worst) worst = status;
    }
    return worst;
}
