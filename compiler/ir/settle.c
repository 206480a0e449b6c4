#include "ir/settle.h"

#include "ir/settle_internal.h"

IrProgram *ir_settle(const IrProgram *system, Diagnostics *diagnostics) {
    Settle s = {ir_clone(system), diagnostics};
    settle_equilibria(&s);
    if (diag_error_count(diagnostics) == 0) settle_order(&s);
    s.p->level = LEVEL_CORE;
    return s.p;
}
