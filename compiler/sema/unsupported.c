/* What belongs to other readings is refused by name and place where the settled reading would have to run it. */
#include "sema/internal.h"

static bool refuse(Sema *s, ErrorCode code, Span at, const char *what, const char *reading) {
    Diagnostic *d = diag_error(s->diag, code, at, "the settled reading has no %s", what);
    diag_note(d, "`%s` belongs to the %s reading, which this version does not have", what, reading);
    diag_help(d, "remove it, or keep it in a neuron type or template that this program does not use");
    return true;
}

bool refuse_reading(Sema *s, const AstStmt *stmt) {
    switch (stmt->kind) {
    case STMT_ON_SPIKE: return refuse(s, E_ON_SPIKE, stmt->span, "on spike", "dynamic");
    default: return false;
    }
}
