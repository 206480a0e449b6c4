#include "report/learning.h"

#include <math.h>
#include <string.h>

#include "base/text.h"
#include "opt/schedule.h"
#include "report/again.h"
#include "report/explain.h"

static const char *by_text(const IrProgram *p, const IrLearn *learn) {
    return arena_printf(p->arena, learn->rule ? "rule %s" : "gradient of %s", ir_learns_by(p, learn));
}

/* "adamw(rate = 0.002, decay = 0.1)": what has to be written, and what is not as it is where nothing is written. */
static const char *how_text(Arena *arena, const IrLearn *learn) {
    const IrOptimiserForm *form = &ir_optimisers[learn->optimiser];
    Text text = text_new(arena);
    int said = 0;
    text_add(&text, "%s", form->name);
    for (int i = 0; i < OPTIMISER_PARAMETERS && form->parameter[i].name; i++) {
        double value = form->parameter[i].value;
        if (!isnan(value) && value == learn->parameter[i]) continue;
        text_add(&text, "%s%s = %g", said++ ? ", " : "(", form->parameter[i].name, learn->parameter[i]);
    }
    text_add(&text, "%s", said ? ")" : "");
    return text.at;
}

void learning_text(FILE *to, const LearningPlan *plan) {
    const IrProgram *p = plan->core;
    Arena *arena = p->arena;
    Memory m = explain_memory(plan->step);
    int weight = 0, by = 0;
    for (int i = 0; i < p->learns.count; i++) {
        int length = (int)strlen(p->learns.at[i].weight->name), other = (int)strlen(by_text(p, &p->learns.at[i]));
        if (length > weight) weight = length;
        if (other > by) by = other;
    }
    fputs("\nLearning (a step of ctx train; its schedule: ctx train --emit schedule)\n", to);
    for (int i = 0; i < p->learns.count; i++) {
        const IrLearn *learn = &p->learns.at[i];
        fprintf(to, "  %-*s  %-*s  %s\n", weight, learn->weight->name, by, by_text(p, learn), how_text(arena, learn));
    }
    fprintf(to, "  for each item: %s operations, values at most %sB", text_with_prefix(arena, plan->report.chosen.call + plan->report.chosen.plan),
            text_with_prefix(arena, m.call));
    if (m.rows > 0) fprintf(to, ", of blocks of rows %sB a thread", text_with_prefix(arena, m.rows));
    fputc('\n', to);
    again_text(to, plan->step);
}

json_t *learning_json(const LearningPlan *plan) {
    const IrProgram *p = plan->core;
    Memory m = explain_memory(plan->step);
    json_t *weights = json_array();
    for (int i = 0; i < p->learns.count; i++) {
        const IrLearn *learn = &p->learns.at[i];
        json_t *parameters = json_object();
        const IrOptimiserForm *form = &ir_optimisers[learn->optimiser];
        for (int k = 0; k < OPTIMISER_PARAMETERS && form->parameter[k].name; k++)
            json_object_set_new(parameters, form->parameter[k].name, json_real(learn->parameter[k]));
        json_array_append_new(weights, json_pack("{s:s, s:s, s:s, s:o}", "weight", learn->weight->name, "by", by_text(p, learn), "optimiser", form->name,
                                                 "parameters", parameters));
    }
    return json_pack("{s:o, s:f, s:f, s:f, s:o}", "weights", weights, "operations", plan->report.chosen.call + plan->report.chosen.plan, "call", m.call,
                     "rows", m.rows, "gone_back_over", again_json(plan->step));
}
