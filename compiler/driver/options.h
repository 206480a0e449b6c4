/* The command line, read: which command, on what, with which options. The tables are commands.def and options.def. */
#ifndef CTX_DRIVER_OPTIONS_H
#define CTX_DRIVER_OPTIONS_H
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"

/* Exit status of every command and executable (design.md section 5). */
enum { EXIT_DONE = 0, EXIT_REFUTED = 1, EXIT_WRONG = 2, EXIT_MACHINE = 3, EXIT_FAULT = 70 };

typedef enum Command {
#define COMMAND(id, name, operands, help) COMMAND_##id,
#include "driver/commands.def"
#undef COMMAND
    COMMAND_COUNT
} Command;

typedef enum OptionId {
#define OPTION(id, name, value, commands, help) OPTION_##id,
#include "driver/options.def"
#undef OPTION
    OPTION_COUNT
} OptionId;

typedef VEC(const char *) Strings;

typedef struct Options {
    Command command;
    const char *file;      /* first operand, or NULL */
    Strings operands;      /* all operands */
    Strings value[OPTION_COUNT]; /* every value given, in order; for a flag, its name */
    Strings rest;          /* `run`, `train`: arguments that are about the circuit's own names */
} Options;

/* Reads argv. Returns -1 when there is a command to carry out, else the exit status (help, version or a mistake was printed). */
int options_read(Arena *arena, int argc, char **argv, Options *options);
/* As if it were given last. */
void option_add(Arena *arena, Options *options, OptionId id, const char *value);
bool option_given(const Options *options, OptionId id);
const char *option_value(const Options *options, OptionId id, const char *otherwise); /* the last one given */
/* A whole number from `least` to `most` (INT64_MAX: any); prints a message and returns false when the value is something else. */
bool option_integer(const Options *options, OptionId id, int64_t least, int64_t most, int64_t *number);
bool option_number(const Options *options, OptionId id, double least, double *number); /* the same for a finite number */
bool option_double(const Options *options); /* --precision f64 */
void options_help(FILE *to, const char *command); /* NULL: the overview. Unknown commands print the overview */
bool options_is_command(const char *name);
#endif
