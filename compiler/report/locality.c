#include "report/locality.h"

#include <jansson.h>
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

static void put_synapses(FILE *to, Circuit *c, const CirRule *rule, const CirLocality *l) {
    fprintf(to, "%s on %s", rule->name, rule->weight->path);
    if (l->projection) fprintf(to, ": synapses from %s to %s", l->projection->source->entity->path, l->target->path);
    else if (l->target) fprintf(to, ": tonic input of %s", l->target->path);
    fprintf(to, "%s\n", l->local ? ", local" : "");
    put_part(to, c, l, true);
    put_part(to, c, l, false);
}

void locality_text(FILE *to, Circuit *circuit) {
    if (!circuit->rules.count) fprintf(to, "no rules: `rule dW on V.W = ...;` says how the synapses of V.W change\n");
    for (int i = 0; i < circuit->rules.count; i++) {
        CirLocalities all = cir_locality(circuit, &circuit->rules.at[i]);
        for (int k = 0; k < all.count; k++) {
            if (i || k) fputc('\n', to);
            put_synapses(to, circuit, &circuit->rules.at[i], &all.at[k]);
        }
    }
}

/* ---- JSON ----------------------------------------------------------------------------------------------------------- */
static json_t *text_or_null(const char *text) { return text ? json_string(text) : json_null(); }

static json_t *quantities(Circuit *c, const CirLocality *l) {
    json_t *list = json_array();
    for (int i = 0; i < l->quantities.count; i++) {
        const CirQuantity *q = &l->quantities.at[i];
        json_array_append_new(list, json_pack("{s:s, s:s, s:b, s:s}", "quantity", q->text, "place", cir_place_key(q->place), "there",
                                              q->place <= PLACE_LOCAL_END, "text", cir_place_text(c, l, q)));
    }
    return list;
}

static json_t *rule_json(Circuit *c, const CirRule *rule) {
    CirLocalities all = cir_locality(c, rule);
    json_t *synapses = json_array();
    bool local = true;
    for (int i = 0; i < all.count; i++) {
        const CirLocality *l = &all.at[i];
        local &= l->local;
        json_array_append_new(synapses, json_pack("{s:o, s:o, s:b, s:o}", "from",
                                                  text_or_null(l->projection ? l->projection->source->entity->path : NULL), "to",
                                                  text_or_null(l->target ? l->target->path : NULL), "local", l->local, "reads",
                                                  quantities(c, l)));
    }
    return json_pack("{s:s, s:s, s:b, s:b, s:o}", "rule", rule->name, "weight", rule->weight->path, "declared", rule->local, "local", local,
                     "synapses", synapses);
}

void locality_json(FILE *to, Circuit *circuit) {
    json_t *rules = json_array();
    for (int i = 0; i < circuit->rules.count; i++) json_array_append_new(rules, rule_json(circuit, &circuit->rules.at[i]));
    json_t *o = json_pack("{s:s, s:i, s:o}", "format", "ctx locality", "version", 1, "rules", rules);
    json_dumpf(o, to, JSON_INDENT(2));
    fputc('\n', to);
    json_decref(o);
}
