/* See validate.h. */
#include "exact/validate.h"

Validation exact_validate(const IrProgram *before, const IrProgram *after, uint64_t seed) {
    IrProgram *both = ir_join(before, after);
    ExactOptions how = {.seed = seed, .one_shape = true};
    Validation worst = {.verdict = EXACT_EQUAL};
    for (int i = 0; i < both->checks.count; i++) {
        ExactResult r = exact_check(both->arena, both, &both->checks.at[i], &how);
        bool worse = r.verdict != EXACT_EQUAL && worst.verdict != EXACT_UNEQUAL;
        if (worse) worst = (Validation){r.verdict, both->checks.at[i].name, r.why};
    }
    return worst;
}
