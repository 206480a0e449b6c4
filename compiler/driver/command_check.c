#include "driver/commands.h"
int command_check(Options *options) { (void)options; return EXIT_FAULT; }
