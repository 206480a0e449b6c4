#include "report/again.h"

#include "base/text.h"
#include "opt/schedule.h"

static int64_t steps_of(const Segments *g) {
    const IrAxis *step = g->axis, *cycle = ir_cycle_of(step);
    return step->root->size * (cycle ? cycle->root->size : 1);
}

static void print_scan(FILE *to, Arena *arena, const Segments *g, int bytes) {
    const char *whole = text_with_prefix(arena, bytes * g->whole), *kept = text_with_prefix(arena, bytes * g->kept);
    fprintf(to, "%s: %lld steps, ", g->axis->name, (long long)steps_of(g));
    if (g->length) fprintf(to, "done again in %lld segments of %lld: %sB are kept, of %sB\n", (long long)g->most, (long long)g->length, kept, whole);
    else fprintf(to, "%sB are kept\n", kept);
}

void again_text(FILE *to, const IrProgram *p) {
    const Schedule *s = schedule_make(p);
    if (s->back_count)
        fprintf(to, "\nSteps and cycles that a gradient goes back over (values that it reads of them, float32; more than %sB are not kept, but computed again)\n",
                text_with_prefix(p->arena, 4 * schedule_most_kept));
    for (int i = 0; i < s->back_count; i++) {
        fputs("  ", to);
        print_scan(to, p->arena, &s->back[i], 4);
    }
}

void again_note(FILE *to, const IrProgram *p, int bytes) {
    const Schedule *s = schedule_make(p);
    for (int i = 0; i < s->back_count; i++)
        if (s->back[i].length) print_scan(to, p->arena, &s->back[i], bytes);
}

json_t *again_json(const IrProgram *p) {
    const Schedule *s = schedule_make(p);
    json_t *list = json_array();
    for (int i = 0; i < s->back_count; i++) {
        const Segments *g = &s->back[i];
        json_t *one = json_pack("{s:s, s:I, s:I, s:f, s:f}", "axis", g->axis->name, "steps", (json_int_t)steps_of(g), "segment", (json_int_t)g->length,
                                "whole", 4 * g->whole, "kept", 4 * g->kept);
        json_array_append_new(list, one);
    }
    return list;
}
