/* ctx: the command. */
#include "driver/commands.h"

static int (*const commands[COMMAND_COUNT])(Options *) = {
#define COMMAND(id, name, operands, help) command_##name,
#include "driver/commands.def"
#undef COMMAND
};

/* Results that did not reach standard output (a full disk, a closed pipe) are a failure, whatever the command said. */
static int flushed(int status) {
    if (fflush(stdout) == 0 && !ferror(stdout)) return status;
    fprintf(stderr, "ctx: cannot write standard output\n");
    return status == EXIT_DONE ? EXIT_MACHINE : status;
}

int main(int argc, char **argv) {
    Arena *arena = arena_new();
    Options options = {0};
    int status = options_read(arena, argc, argv, &options);
    if (status < 0) status = commands[options.command](&options);
    arena_free(arena);
    return flushed(status);
}
