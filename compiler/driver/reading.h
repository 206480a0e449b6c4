/* Which reading of the circuit a command compiles, from --mode, --dt, --cycle and --method. */
#ifndef CTX_DRIVER_READING_H
#define CTX_DRIVER_READING_H
#include "driver/phases.h"
#include "ir/dynamic.h"

/* False after a message. *dynamic: the dynamic reading was asked for. */
bool reading_options(Compilation *c, bool *dynamic, DynamicOptions *options);
#endif
