/* The wiring table of `ctx explain`: one row for each projection, with the axes it sums, shares and spreads over. */
#ifndef CTX_REPORT_WIRING_H
#define CTX_REPORT_WIRING_H
#include <jansson.h>

#include "circuit/circuit.h"

void wiring_text(FILE *to, const Circuit *circuit);
/* [{from, weight, to, summed, shared, diverging, synapses}]; the caller owns the reference. */
json_t *wiring_json(const Circuit *circuit);
#endif
