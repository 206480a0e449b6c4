#include "driver/attempts.h"
#include "driver/commands.h"

int command_run(Options *options) {
    return attempts_run(options);
}
