/* `ctx explain --locality`: for each rule, what it reads and where that is. */
#ifndef CTX_REPORT_LOCALITY_H
#define CTX_REPORT_LOCALITY_H
#include <stdio.h>

#include "circuit/circuit.h"

void locality_text(FILE *to, Circuit *circuit);
void locality_json(FILE *to, Circuit *circuit);
#endif
