/* Labels that equations compare with positions (ir/label.c): a comparison says something at single values only, where no random number
 * falls. So each label is, in turn, none of these numbers and each of them; the sides are equal if they are in all cases. Of very many some
 * are drawn. */
#include "exact/evaluate.h"

int64_t label_cases(const IrLabels *labels) {
    int64_t cases = 1;
    for (int i = 0; labels && i < labels->count; i++)
        for (int64_t k = 0; k < labels->at[i].elements; k++)
            if (__builtin_mul_overflow(cases, (int64_t)labels->at[i].values.count + 1, &cases)) return INT64_MAX;
    return cases;
}

/* The mth of the numbers of a drawn case. */
static uint64_t drawn(int64_t which, int64_t m) {
    uint64_t h = (uint64_t)which * 0x9e3779b97f4a7c15u + (uint64_t)m * 0xd1342543de82ef95u;
    h = (h ^ (h >> 29)) * 0xbf58476d1ce4e5b9u;
    return (h ^ (h >> 32)) >> 1;
}

bool label_value(const IrLabels *labels, int64_t which, const IrVar *v, int64_t element, int64_t *value) {
    int64_t m = 0;
    for (int i = 0; labels && i < labels->count; i++) {
        const IrLabel *label = &labels->at[i];
        int64_t choices = label->values.count + 1;
        for (int64_t k = 0; k < label->elements; k++, m++) {
            int64_t own = which < 0 ? (int64_t)(drawn(which, m) % (uint64_t)choices) : which % choices;
            if (label->v == v && k == element) return own ? *value = label->values.at[own - 1], true : false;
            if (which > 0) which /= choices;
        }
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
