#include "driver/options.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "diag/diag.h"

typedef struct OptionRow {
    const char *name, *value, *commands, *help;
} OptionRow;

static const OptionRow option_rows[OPTION_COUNT] = {
#define OPTION(id, name, value, commands, help) {name, value, commands, help},
#include "driver/options.def"
#undef OPTION
};

typedef struct CommandRow {
    const char *name, *operands, *help;
} CommandRow;

static const CommandRow command_rows[COMMAND_COUNT] = {
#define COMMAND(id, name, operands, help) {#name, operands, help},
#include "driver/commands.def"
#undef COMMAND
};

static int find_command(const char *name) {
    for (int i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(command_rows[i].name, name) == 0) return i;
    return -1;
}

bool options_is_command(const char *name) {
    return find_command(name) >= 0;
}

/* Is `command` one of the words of `list`? */
static bool takes(const char *list, const char *command) {
    size_t length = strlen(command);
    for (const char *at = strstr(list, command); at; at = strstr(at + 1, command))
        if ((at == list || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0')) return true;
    return false;
}

/* The option that `argument` spells ("--set" or "--set=..."), if the command takes it; -1 otherwise. */
static int find_option(const char *argument, const char *command) {
    size_t length = strcspn(argument, "=");
    for (int i = 0; i < OPTION_COUNT; i++) {
        const OptionRow *row = &option_rows[i];
        if (strlen(row->name) == length && strncmp(row->name, argument, length) == 0 && takes(row->commands, command))
            return i;
    }
    return -1;
}

static void help_on_options(FILE *to, const char *command) {
    fprintf(to, "\noptions:\n");
    for (int i = 0; i < OPTION_COUNT; i++) {
        const OptionRow *row = &option_rows[i];
        if (!takes(row->commands, command)) continue;
        char left[64];
        snprintf(left, sizeof left, "%s%s%s", row->name, row->value ? " " : "", row->value ? row->value : "");
        fprintf(to, "  %-24s %s\n", left, row->help);
    }
    fprintf(to, "  %-24s %s\n", "--help", "this text");
}

void options_help(FILE *to, const char *command) {
    int found = command ? find_command(command) : -1;
    if (found >= 0) {
        const CommandRow *row = &command_rows[found];
        fprintf(to, "usage: ctx %s %s\n\n%s\n", row->name, row->operands, row->help);
        help_on_options(to, row->name);
        return;
    }
    fprintf(to, "ctx %s: a language, compiler and runtime for cortico-thalamic circuits\n\nusage: ctx COMMAND ...\n\n", CTX_VERSION);
    for (int i = 0; i < COMMAND_COUNT; i++) fprintf(to, "  %-9s %s\n", command_rows[i].name, command_rows[i].help);
    fprintf(to, "\nctx COMMAND --help lists the options of a command; ctx --version prints the version.\n"
                "Exit status: 0 done and every check holds, 1 a check does not hold, 2 the call, the source or the data is\n"
                "wrong, 3 the machine failed (memory, disk), 70 a fault of ctx itself.\n");
}

static int unknown_command(const char *name) {
    const char *names[COMMAND_COUNT];
    for (int i = 0; i < COMMAND_COUNT; i++) names[i] = command_rows[i].name;
    const char *near = diag_closest(name, names, COMMAND_COUNT);
    fprintf(stderr, "ctx: there is no command '%s'%s%s%s\n", name, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    fprintf(stderr, "help: ctx --help lists the commands\n");
    return EXIT_WRONG;
}

static int unknown_option(const char *argument, const char *command) {
    const char *names[OPTION_COUNT];
    int count = 0;
    for (int i = 0; i < OPTION_COUNT; i++)
        if (takes(option_rows[i].commands, command)) names[count++] = option_rows[i].name;
    char name[128];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(argument, "="), argument);
    const char *near = diag_closest(name, names, count);
    fprintf(stderr, "ctx %s: unknown option '%s'%s%s%s\n", command, name, near ? "; did you mean '" : "", near ? near : "",
            near ? "'?" : "");
    fprintf(stderr, "help: ctx %s --help lists the options\n", command);
    return EXIT_WRONG;
}

/* One option at argv[i]; returns the index after it, or 0 when its value is missing (said). */
static int take_option(Arena *arena, Options *options, int id, int argc, char **argv, int i) {
    const OptionRow *row = &option_rows[id];
    const char *equals = strchr(argv[i], '=');
    if (!row->value) {
        vec_push(arena, &options->value[id], row->name);
        return i + 1;
    }
    if (equals && argv[i][1] == '-') {
        vec_push(arena, &options->value[id], equals + 1);
        return i + 1;
    }
    if (i + 1 >= argc) {
        fprintf(stderr, "ctx: %s needs a value: %s %s\n", row->name, row->name, row->value);
        return 0;
    }
    vec_push(arena, &options->value[id], argv[i + 1]);
    /* What a run records must be compiled in and written: the executable's command line sees it as well. */
    if (id == OPTION_RECORD && options->command == COMMAND_RUN) {
        vec_push(arena, &options->rest, argv[i]);
        vec_push(arena, &options->rest, argv[i + 1]);
    }
    return i + 2;
}

static int read_arguments(Arena *arena, Options *options, int argc, char **argv) {
    const char *command = command_rows[options->command].name;
    for (int i = 2; i < argc;) {
        const char *argument = argv[i];
        bool is_option = argument[0] == '-' && argument[1] != '\0';
        int id = is_option ? find_option(argument, command) : -1;
        bool passes_on = (options->command == COMMAND_RUN || options->command == COMMAND_TRAIN) && options->file;
        if (is_option && strcmp(argument, "--help") == 0 && !(passes_on && options->command == COMMAND_RUN)) {
            options_help(stdout, command);
            return EXIT_DONE;
        }
        if (id >= 0) {
            i = take_option(arena, options, id, argc, argv, i);
            if (i == 0) return EXIT_WRONG;
        } else if (passes_on) {
            vec_push(arena, &options->rest, argv[i++]);
        } else if (is_option) {
            return unknown_option(argument, command);
        } else {
            if (!options->file) options->file = argument;
            vec_push(arena, &options->operands, argv[i++]);
        }
    }
    return -1;
}

int options_read(Arena *arena, int argc, char **argv, Options *options) {
    if (argc < 2) {
        options_help(stderr, NULL);
        return EXIT_WRONG;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        options_help(stdout, NULL);
        return EXIT_DONE;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("ctx %s\n", CTX_VERSION);
        return EXIT_DONE;
    }
    int command = find_command(argv[1]);
    if (command < 0) return unknown_command(argv[1]);
    options->command = (Command)command;
    int status = read_arguments(arena, options, argc, argv);
    if (status >= 0) return status;
    const char *name = command_rows[command].name;
    bool needs_file = options->command != COMMAND_HELP && options->command != COMMAND_PLOT;
    if (!options->file && needs_file) {
        fprintf(stderr, "ctx %s: no file given\nusage: ctx %s %s\n", name, name, command_rows[command].operands);
        return EXIT_WRONG;
    }
    bool many = options->command == COMMAND_FMT || options->command == COMMAND_VERIFY;
    if (options->operands.count > 1 && !many) {
        fprintf(stderr, "ctx %s: one operand expected, but '%s' came after '%s'\n", name, options->operands.at[1],
                options->operands.at[0]);
        return EXIT_WRONG;
    }
    return -1;
}

/* The list may be shared with other options: it is copied. */
void option_add(Arena *arena, Options *options, OptionId id, const char *value) {
    const Strings given = options->value[id];
    options->value[id] = (Strings){0};
    for (int i = 0; i < given.count; i++) vec_push(arena, &options->value[id], given.at[i]);
    vec_push(arena, &options->value[id], value);
}

bool option_given(const Options *options, OptionId id) {
    return options->value[id].count > 0;
}

const char *option_value(const Options *options, OptionId id, const char *otherwise) {
    int count = options->value[id].count;
    return count ? options->value[id].at[count - 1] : otherwise;
}

bool option_double(const Options *options) {
    return strcmp(option_value(options, OPTION_PRECISION, "f32"), "f64") == 0;
}

bool option_integer(const Options *options, OptionId id, int64_t least, int64_t most, int64_t *number) {
    const char *text = option_value(options, id, NULL);
    if (!text) return true;
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || end == text || *end || value < least || value > most) {
        fprintf(stderr, "ctx: %s expects a whole number of at least %lld", option_rows[id].name, (long long)least);
        if (most < INT64_MAX) fprintf(stderr, " and at most %lld", (long long)most);
        fprintf(stderr, ", but '%s' came\n", text);
        return false;
    }
    *number = value;
    return true;
}

bool option_number(const Options *options, OptionId id, double least, double *number) {
    const char *text = option_value(options, id, NULL);
    if (!text) return true;
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || !isfinite(value) || value < least) {
        fprintf(stderr, "ctx: %s expects a number of at least %g, but '%s' came\n", option_rows[id].name, least, text);
        return false;
    }
    *number = value;
    return true;
}
