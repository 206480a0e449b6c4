/* How the dynamic reading integrates a circuit: a section of `ctx explain --mode dynamic`. */
#ifndef CTX_REPORT_INTEGRATION_H
#define CTX_REPORT_INTEGRATION_H
#include <jansson.h>
#include <stdio.h>

#include "ir/dynamic.h"

/* Step, cycle, and a table: population, time constant, method, why. */
void integration_text(FILE *to, const DynamicReport *report);
/* The same as a new object: {"dt", "cycle", "steps", "populations": [{"population", "method", "why", "tau"}]}, seconds. */
json_t *integration_json(const DynamicReport *report);
#endif
