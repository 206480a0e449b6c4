#include "opt/density.h"

/* Above this share of ones a dense row in vectors is as fast as its ones gathered. */
static const double MOST_ONES = 0.3;
/* Of a list that was not there at compile time. */
static const double SOME = 0.1;

double opt_density(const IrVar *v) {
    if (v->kind != VAR_WEIGHT) return 1;
    if (v->draw == INIT_LIST) return v->draw_a > 0 ? v->draw_a : SOME;
    if (v->tensor) return 1;
    if (v->draw == INIT_BERNOULLI) return v->draw_a;
    return v->draw == INIT_CHOOSE && v->draw_b > 0 ? v->draw_a / v->draw_b : 1;
}

double opt_sparsity(const IrVar *v) {
    double density = opt_density(v);
    return density <= MOST_ONES ? density : 1;
}
