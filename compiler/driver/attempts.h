/* A run of the dynamic reading in steps that a tolerance asks for. */
#ifndef CTX_DRIVER_ATTEMPTS_H
#define CTX_DRIVER_ATTEMPTS_H
#include "driver/options.h"

/* Compiles and runs the circuit, with steps of --dt first. Where its method estimates local errors and they are beyond --tolerance,
 * nothing was written, and it is compiled and run again with steps of dt / n, until they are within, or n is beyond all measure.
 * Samples stay those of each dt. The exit status, after any message. */
int attempts_run(const Options *options);
#endif
