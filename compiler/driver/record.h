/* `--record POPULATION`: further outputs, asked for on the command line. */
#ifndef CTX_DRIVER_RECORD_H
#define CTX_DRIVER_RECORD_H
#include "driver/phases.h"

/* Adds what every --record names (the part before "=" or "[") to the outputs of a program: of the core level in the settled reading,
 * of the system level in the dynamic one, which makes traces of them. EXIT_DONE, or EXIT_WRONG after a message. */
int record_populations(Compilation *c, IrProgram *p);
#endif
