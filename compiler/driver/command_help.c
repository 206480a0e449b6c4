#include <ctype.h>
#include <string.h>

#include "diag/diag.h"
#include "driver/commands.h"

static bool looks_like_code(const char *text) {
    return (text[0] == 'E' || text[0] == 'e') && isdigit((unsigned char)text[1]);
}

int command_help(Options *options) {
    const char *topic = options->file;
    if (!topic || options_is_command(topic)) {
        options_help(stdout, topic);
        return EXIT_DONE;
    }
    const char *title, *text = diag_explain(topic, &title);
    if (text) {
        printf("%s: %s\n\n%s", topic, title, text);
        return EXIT_DONE;
    }
    fprintf(stderr, "ctx help: %s '%s'\n", looks_like_code(topic) ? "there is no error code" : "there is no command or code", topic);
    fprintf(stderr, "help: codes are printed with each error, as in error[E0301]; ctx --help lists the commands\n");
    return EXIT_WRONG;
}
