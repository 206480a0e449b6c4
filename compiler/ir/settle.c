#include "ir/settle.h"

#include "ir/settle_internal.h"

IrProgram *ir_settle(const IrProgram *system, const DynamicOptions *options, Diagnostics *diagnostics) {
    static const DynamicOptions tenth = {.dt = 1e-4};
    Settle s = {ir_clone(system), diagnostics};
    settle_time(&s, options ? options : &tenth);
    if (diag_error_count(diagnostics) == 0) settle_equilibria(&s);
    if (diag_error_count(diagnostics) == 0) settle_order(&s);
    s.p->level = LEVEL_CORE;
    return s.p;
}
