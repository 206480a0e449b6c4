#include "driver/commands.h"
int command_fmt(Options *options) { (void)options; return EXIT_FAULT; }
