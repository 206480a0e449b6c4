/* See integration.h. */
#include "report/integration.h"

#include <string.h>

static int widest(const DynamicReport *r) {
    int width = (int)strlen("population");
    for (int i = 0; i < r->choices.count; i++) {
        int length = (int)strlen(r->choices.at[i].population);
        if (length > width) width = length;
    }
    return width;
}

void integration_text(FILE *to, const DynamicReport *r) {
    int width = widest(r);
    fprintf(to, "\nIntegration\n  steps of %g ms, %lld in a cycle of %g ms; a run begins at rest\n\n", r->dt * 1e3, (long long)r->steps, r->cycle * 1e3);
    fprintf(to, "  %-*s  %9s  %-11s  %s\n", width, "population", "tau", "method", "why");
    for (int i = 0; i < r->choices.count; i++) {
        const DynamicChoice *c = &r->choices.at[i];
        char tau[32] = "-";
        if (c->tau > 0) snprintf(tau, sizeof tau, "%g ms", c->tau * 1e3);
        fprintf(to, "  %-*s  %9s  %-11s  %s\n", width, c->population, tau, c->method, c->why);
    }
    if (r->adaptive)
        fputs("\n  The local error of each step of dopri is estimated: dt * |sum of (b - b*) k| / (1 + |value|). Where it is beyond --tolerance (1e-6), ctx run\n"
              "  begins anew with steps of dt / n, as long as that takes; an executable says which step would do.\n", to);
    if (r->choices.count == 0) fputs("  no differential equation: every cell answers at once\n", to);
}

json_t *integration_json(const DynamicReport *r) {
    json_t *list = json_array();
    for (int i = 0; i < r->choices.count; i++) {
        const DynamicChoice *c = &r->choices.at[i];
        json_t *one = json_pack("{s:s, s:s, s:s}", "population", c->population, "method", c->method, "why", c->why);
        if (c->tau > 0) json_object_set_new(one, "tau", json_real(c->tau));
        json_array_append_new(list, one);
    }
    return json_pack("{s:f, s:f, s:I, s:b, s:o}", "dt", r->dt, "cycle", r->cycle, "steps", (json_int_t)r->steps, "adaptive", r->adaptive, "populations",
                     list);
}
