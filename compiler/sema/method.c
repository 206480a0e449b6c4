/* `method rk4;` of neuron types: is it one of methods.def, and is there something to integrate? */
#include <string.h>

#include "sema/internal.h"

static const struct {
    const char *name, *help;
} methods[] = {
#define METHOD(name, spelling, help) {spelling, help},
#include "base/methods.def"
#undef METHOD
};
enum { METHOD_COUNT = sizeof methods / sizeof *methods };

static void unknown(const CirPopulation *p, Diagnostics *diagnostics) {
    const char *names[METHOD_COUNT];
    Diagnostic *d = diag_error(diagnostics, E_METHOD, p->method_span, "`%s` is not a method of integration", p->method);
    for (int i = 0; i < METHOD_COUNT; i++) {
        names[i] = methods[i].name;
        diag_note(d, "%s: %s", methods[i].name, methods[i].help);
    }
    const char *closest = diag_closest(p->method, names, METHOD_COUNT);
    if (closest) diag_help(d, "did you mean `%s`?", closest);
}

void method_check(Sema *s, const Population *population) {
    const CirPopulation *p = population->cir;
    bool known = !p->method, flows = !p->method;
    for (int k = 0; k < METHOD_COUNT && !known; k++) known = strcmp(p->method, methods[k].name) == 0;
    for (int k = 0; k < p->equations.count; k++) flows |= p->equations.at[k].derivative;
    if (!known) unknown(p, s->diag);
    if (flows) return;
    Diagnostic *d = diag_error(s->diag, E_METHOD, p->method_span, "`%s` has no differential equation to integrate", p->type);
    diag_help(d, "leave the method out, or write one: `tau * r' = -r + ...;`");
}
