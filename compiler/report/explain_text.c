/* `ctx explain` as text (explain.h). */
#include <string.h>

#include "base/text.h"
#include "opt/schedule.h"
#include "report/again.h"
#include "report/explain.h"
#include "report/integration.h"
#include "report/wiring.h"

static void print_equations(FILE *to, const IrProgram *source) {
    Equations list = explain_equations(source);
    Name group = NULL;
    fputs("Equations (compartments substituted)\n", to);
    for (int i = 0; i < list.count; i++) {
        const Equation *e = &list.at[i];
        if (e->group != group && *e->group) fprintf(to, "\n  %s\n", e->group);
        group = e->group;
        IrExpr *left = ir_ref((IrProgram *)source, (IrVar *)e->var, NULL);
        fprintf(to, "    %s = %s", ir_expr_text(source->arena, left), ir_expr_text(source->arena, e->value));
        if (e->var->init) fprintf(to, "    (starts at %s)", ir_expr_text(source->arena, e->var->init));
        if (e->in && e->in->reversed) fprintf(to, "    (goes back along %s: prev is the point behind)", e->in->axis->name);
        if (e->in && e->in->kind == ITEM_FIX)
            fprintf(to, "    (iterated, at most %lld times, until %g)", (long long)e->in->count, e->in->tolerance);
        fputc('\n', to);
    }
}

static void print_contraction(FILE *to, Arena *arena, const OptContraction *c) {
    fprintf(to, "\n  %s (%d factors): %s operations a call", c->name, c->factors, text_with_prefix(arena, c->chosen_call));
    if (c->chosen_plan > 0) fprintf(to, " and %s once for the weights", text_with_prefix(arena, c->chosen_plan));
    fprintf(to, "; source order %s\n", text_with_prefix(arena, c->source_call + c->source_plan));
    for (int i = 0; i < c->steps.count; i++) fprintf(to, "    %s\n", c->steps.at[i]);
}

static void print_costs(FILE *to, Arena *arena, const OptReport *r) {
    fputs("\nContraction order\n", to);
    for (int i = 0; i < r->contractions.count; i++)
        if (r->contractions.at[i].steps.count) print_contraction(to, arena, &r->contractions.at[i]);
    fputs("\nOperations (a multiply-add counts two; bounded axes at the size optimised for)\n", to);
    fprintf(to, "  chosen order: %s per call, %s per plan (once the weights are bound)\n", text_with_prefix(arena, r->chosen.call),
            text_with_prefix(arena, r->chosen.plan));
    fprintf(to, "  source order: %s per call, %s per plan\n", text_with_prefix(arena, r->source.call),
            text_with_prefix(arena, r->source.plan));
}

static void print_memory(FILE *to, Arena *arena, const IrProgram *optimised) {
    Memory m = explain_memory(optimised);
    if (m.rows > 0) {
        fputs("\nBlocks of rows (values that are made so many rows at a time, and never whole, with what reads them)\n", to);
        schedule_print_blocks(optimised, schedule_make(optimised), 2, to);
    }
    fputs("\nMemory (float32, bounded axes at their bound; values that code generation fuses away are not stored)\n", to);
    fprintf(to, "  weights %sB, ", text_with_prefix(arena, m.weights));
    if (m.sparse > 0) fprintf(to, "packed synapses %sB, ", text_with_prefix(arena, m.sparse));
    fprintf(to, "stimuli %sB, outputs %sB, plan %sB, values of a call at most %sB", text_with_prefix(arena, m.stimuli),
            text_with_prefix(arena, m.outputs), text_with_prefix(arena, m.plan), text_with_prefix(arena, m.call));
    if (m.rows > 0) fprintf(to, ", of blocks of rows %sB a thread", text_with_prefix(arena, m.rows));
    fputc('\n', to);
}

void explain_text(FILE *to, const IrProgram *source, const IrProgram *optimised, const OptReport *report,
                  const Circuit *circuit, const DynamicReport *integration, const LearningPlan *learning) {
    Arena *arena = source->arena;
    if (circuit) {
        wiring_text(to, circuit);
        fputc('\n', to);
    }
    print_equations(to, source);
    if (integration && integration->steps) integration_text(to, integration);
    print_costs(to, arena, report);
    print_memory(to, arena, optimised);
    again_text(to, optimised);
    if (learning) learning_text(to, learning);
    fputs("\nAssumptions\n", to);
    for (int i = 0; i < source->assumptions.count; i++) fprintf(to, "  %s\n", source->assumptions.at[i].text);
    for (int i = 0; i < report->notices.count; i++) fprintf(to, "  %s\n", report->notices.at[i]);
    if (!source->assumptions.count && !report->notices.count) fputs("  none\n", to);
}
