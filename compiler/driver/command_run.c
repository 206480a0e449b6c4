#include "driver/commands.h"
int command_run(Options *options) { (void)options; return EXIT_FAULT; }
