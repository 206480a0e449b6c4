/* Which reading of the circuit a command compiles, from --mode, --dt, --cycle and --method. */
#ifndef CTX_DRIVER_READING_H
#define CTX_DRIVER_READING_H
#include "driver/phases.h"
#include "ir/dynamic.h"

/* "20ms", "0.1 ms", "1s", "10min" in seconds; false when it is something else. */
bool reading_duration(const char *text, double *seconds);
/* False after a message. *dynamic: the dynamic reading was asked for. */
bool reading_options(Compilation *c, bool *dynamic, DynamicOptions *options);
#endif
