/* The optimisers that `learn` may name. */
#include "ir/learn.h"

#include <math.h>
#include <string.h>

const IrOptimiserForm ir_optimisers[OPTIMISER_COUNT] = {
#define RATE(value) {"rate", NAN},
#define PARAMETER(field, value) {#field, value},
#define OPTIMISER(name, spelling, moments, parameters, help) [OPTIMISER_##name] = {spelling, {parameters {"clip", 0}}},
#include "optimisers.def"
#undef OPTIMISER
#undef PARAMETER
#undef RATE
};

int ir_optimiser_parameters(IrOptimiser optimiser) {
    int count = 0;
    while (count < OPTIMISER_PARAMETERS && ir_optimisers[optimiser].parameter[count].name) count++;
    return count;
}

int ir_optimiser_parameter(IrOptimiser optimiser, const char *name) {
    for (int i = 0; i < ir_optimiser_parameters(optimiser); i++)
        if (strcmp(ir_optimisers[optimiser].parameter[i].name, name) == 0) return i;
    return -1;
}
