/* Labels that equations compare with positions (ir/label.c): a comparison says something at single values only, where no random number
 * falls. So each label is, in turn, none of these numbers and each of them; the sides are equal if they are in all cases. */
#include "exact/evaluate.h"

int64_t label_cases(const IrLabels *labels) {
    int64_t cases = 1;
    for (int i = 0; labels && i < labels->count; i++)
        if (__builtin_mul_overflow(cases, (int64_t)labels->at[i].values.count + 1, &cases)) return INT64_MAX;
    return cases;
}

bool label_value(const IrLabels *labels, int64_t which, const IrVar *v, int64_t *value) {
    for (int i = 0; labels && i < labels->count; i++) {
        const IrLabel *label = &labels->at[i];
        int64_t own = which % (label->values.count + 1);
        if (label->v == v) return own ? *value = label->values.at[own - 1], true : false;
        which /= label->values.count + 1;
    }
    return false;
}

char *label_text(Arena *arena, const IrLabels *labels) {
    char *text = "";
    for (int i = 0; i < labels->count; i++) {
        const IrLabel *label = &labels->at[i];
        text = arena_printf(arena, "%s%s%s %s, and none of these", text, i ? "; " : "", label->v->name, ir_label_text(arena, label));
    }
    return text;
}
