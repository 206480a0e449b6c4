#include "report/locality.h"

#include <string.h>

#include "circuit/locality.h"

static int widest(const CirLocality *l) {
    int width = 0;
    for (int i = 0; i < l->quantities.count; i++)
        if ((int)strlen(l->quantities.at[i].text) > width) width = (int)strlen(l->quantities.at[i].text);
    return width;
}

static void put_place(FILE *to, Circuit *c, const CirLocality *l, const CirQuantity *q, int width) {
    fprintf(to, "    %-*s  %s\n", width, q->text, cir_place_text(c, l, q));
}

static void put_part(FILE *to, Circuit *c, const CirLocality *l, bool local) {
    bool any = false;
    for (int i = 0; i < l->quantities.count; i++) {
        const CirQuantity *q = &l->quantities.at[i];
        if ((q->place <= PLACE_LOCAL_END) != local) continue;
        if (!any) fprintf(to, local ? "  at the synapse\n" : "  not there\n");
        any = true;
        put_place(to, c, l, q, widest(l));
    }
}

static void put_rule(FILE *to, Circuit *c, const CirRule *rule) {
    CirLocality l = cir_locality(c, rule);
    fprintf(to, "%s on %s", rule->name, rule->weight->path);
    if (l.projection) fprintf(to, ": synapses from %s to %s", l.projection->source->entity->path, l.target->path);
    else if (l.target) fprintf(to, ": tonic input of %s", l.target->path);
    fprintf(to, "%s\n", l.local ? ", local" : "");
    put_part(to, c, &l, true);
    put_part(to, c, &l, false);
}

void locality_text(FILE *to, Circuit *circuit) {
    if (!circuit->rules.count) fprintf(to, "no rules: `rule dW on V.W = ...;` says how the synapses of V.W change\n");
    for (int i = 0; i < circuit->rules.count; i++) {
        if (i) fputc('\n', to);
        put_rule(to, circuit, &circuit->rules.at[i]);
    }
}
