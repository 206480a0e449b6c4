/* `ctx explain --json` (explain.h). */
#include <jansson.h>

#include "report/again.h"
#include "report/explain.h"
#include "report/integration.h"
#include "report/wiring.h"

static json_t *total(const OptTotal *t) { return json_pack("{s:f,s:f}", "plan", t->plan, "call", t->call); }

static json_t *equations(const OptCost *at, int count) {
    json_t *list = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(list, json_pack("{s:s,s:s,s:f,s:f,s:b}", "name", at[i].name, "equation", at[i].text,
                                              "operations", at[i].operations, "elements", at[i].elements, "plan",
                                              (int)at[i].plan));
    return list;
}

static json_t *contractions(const OptReport *r) {
    json_t *list = json_array();
    for (int i = 0; i < r->contractions.count; i++) {
        const OptContraction *c = &r->contractions.at[i];
        json_t *steps = json_array();
        for (int k = 0; k < c->steps.count; k++) json_array_append_new(steps, json_string(c->steps.at[k]));
        json_array_append_new(list, json_pack("{s:s,s:i,s:{s:f,s:f},s:{s:f,s:f},s:o}", "name", c->name, "factors",
                                              c->factors, "chosen", "plan", c->chosen_plan, "call", c->chosen_call,
                                              "source", "plan", c->source_plan, "call", c->source_call, "steps", steps));
    }
    return list;
}

static json_t *circuit_equations(const IrProgram *source) {
    json_t *list = json_array();
    Equations all = explain_equations(source);
    for (int i = 0; i < all.count; i++) {
        const Equation *e = &all.at[i];
        IrExpr *left = ir_ref((IrProgram *)source, (IrVar *)e->var, NULL);
        json_t *one = json_pack("{s:s,s:s,s:s}", "name", e->var->name, "left", ir_expr_text(source->arena, left), "right",
                                ir_expr_text(source->arena, e->value));
        if (e->var->origin_kind) json_object_set_new(one, "kind", json_string(e->var->origin_kind));
        if (e->var->init) json_object_set_new(one, "start", json_string(ir_expr_text(source->arena, e->var->init)));
        json_array_append_new(list, one);
    }
    return list;
}

static json_t *assumptions(const IrProgram *source, const OptReport *report) {
    json_t *list = json_array();
    for (int i = 0; i < source->assumptions.count; i++)
        json_array_append_new(list, json_string(source->assumptions.at[i].text));
    for (int i = 0; i < report->notices.count; i++) json_array_append_new(list, json_string(report->notices.at[i]));
    return list;
}

void explain_json(FILE *to, const IrProgram *source, const IrProgram *optimised, const OptReport *r,
                  const Circuit *circuit, const DynamicReport *integration, const LearningPlan *learning) {
    Memory m = explain_memory(optimised);
    json_t *all = json_pack(
        "{s:s,s:{s:o,s:o},s:o,s:o,s:o,s:o,s:{s:f,s:f,s:f,s:f,s:f,s:f,s:f},s:o}", "name", source->name ? source->name : "",
        "operations", "source", total(&r->source), "chosen", total(&r->chosen), "circuit", circuit_equations(source),
        "contractions", contractions(r), "equations", equations(r->chosen_equations.at, r->chosen_equations.count),
        "source_equations", equations(r->source_equations.at, r->source_equations.count), "memory", "weights",
        m.weights, "sparse", m.sparse, "stimuli", m.stimuli,
        "outputs", m.outputs, "plan", m.plan, "call", m.call, "rows", m.rows, "assumptions", assumptions(source, r));
    if (circuit) json_object_set_new(all, "wiring", wiring_json(circuit));
    if (integration && integration->steps) json_object_set_new(all, "integration", integration_json(integration));
    json_object_set_new(all, "gone_back_over", again_json(optimised));
    if (learning) json_object_set_new(all, "learning", learning_json(learning));
    json_dumpf(all, to, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
    fputc('\n', to);
    json_decref(all);
}
