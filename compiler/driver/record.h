/* `--record POPULATION`: further outputs, asked for on the command line. */
#ifndef CTX_DRIVER_RECORD_H
#define CTX_DRIVER_RECORD_H
#include "driver/phases.h"

/* Adds what every --record names (the part before "=") to the core program. EXIT_DONE, or EXIT_WRONG after a message. */
int record_populations(Compilation *c);
#endif
