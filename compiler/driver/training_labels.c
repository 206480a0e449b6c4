/* Labels in the data: a number that equations compare with positions, as `label == class` does, may be none of these, and nothing would
 * ever say so: such an item has no class. That may be meant, so it is a note. */
#include "driver/training.h"

static bool is_compared(const IrLabel *label, double value) {
    for (int i = 0; i < label->values.count; i++)
        if (value == (double)label->values.at[i]) return true;
    return false;
}

/* What is a class less than half of the time is something else, that is compared with a number. */
static void note(const Training *t, const IrLabel *label, const RtData *data) {
    const RtSeries *s = rt_data_find(data, label->v->name);
    int64_t items = s ? (s->shared ? 1 : data->items) : 0, count = s ? items * s->each : 0, others = 0, first = 0;
    for (int64_t i = 0; i < count; i++) {
        if (is_compared(label, rt_element(s->tensor.type, s->tensor.data, i))) continue;
        if (!others++) first = i;
    }
    if (!others || 2 * others > count) return;
    fprintf(stderr, "ctx train: note: in %s, %lld of %lld labels are none of %s, which '%s' is compared with; the first, of item %lld, is %g\n", s->source,
            (long long)others, (long long)count, ir_label_text(t->c->arena, label), s->name, (long long)(first / s->each),
            rt_element(s->tensor.type, s->tensor.data, first));
}

void training_labels(const Training *t) {
    const IrProgram *p = t->c->core;
    bool *reached = ARENA_ARRAY(t->c->arena, bool, p->vars.count + 1);
    int64_t *size = ARENA_ARRAY(t->c->arena, int64_t, p->axes.count + 1);
    for (int i = 0; i < p->vars.count; i++) reached[i] = true;
    for (int i = 0; i < p->axes.count; i++) size[i] = p->axes.at[i]->root->size;
    IrLabels labels = ir_labels(t->c->arena, p, reached, size);
    for (int i = 0; i < labels.count; i++) {
        note(t, &labels.at[i], &t->train);
        note(t, &labels.at[i], &t->valid);
    }
}
