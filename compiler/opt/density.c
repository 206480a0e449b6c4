#include "opt/density.h"

/* Above this share of ones a dense row in vectors is as fast as its ones gathered. */
static const double MOST_ONES = 0.3;

double opt_sparsity(const IrVar *v) {
    double density = ir_density(v);
    return density <= MOST_ONES ? density : 1;
}
