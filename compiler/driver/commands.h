/* One function a command, command_<name>.c each; returns the exit status. The table is commands.def. */
#ifndef CTX_DRIVER_COMMANDS_H
#define CTX_DRIVER_COMMANDS_H
#include "driver/options.h"

#define COMMAND(id, name, operands, help) int command_##name(Options *options);
#include "driver/commands.def"
#undef COMMAND
#endif
