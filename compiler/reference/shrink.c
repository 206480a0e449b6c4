/* Shrinking: the length first (lengths were tried in ascending order, so the found one is nearly the shortest), then
 * numbers to 0 and the others to 1, in halves, quarters, ..., as long as the check still fails the same way. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reference/check_internal.h"

enum { MOST_TRIALS = 300, LISTED = 8 };
static const double MOST_STEPS = 3e8;

typedef struct Shrinker {
    Checker *c;
    Case *best;
    int check;
    bool native;
    int trials;
    double steps_at_start;
} Shrinker;

static bool out_of_time(const Shrinker *s) {
    return s->trials >= MOST_TRIALS || s->c->spent - s->steps_at_start > MOST_STEPS;
}

/* Keeps the candidate when it fails too; frees the loser. */
static bool try_case(Shrinker *s, Case *candidate) {
    s->trials++;
    bool fails = still_fails(s->c, candidate, s->check, s->native);
    if (fails) {
        case_free(s->best);
        s->best = candidate;
    } else {
        case_free(candidate);
    }
    return fails;
}

static bool set_range(Shrinker *s, int input, int64_t first, int64_t count, double to) {
    const double *old = s->best->input[input];
    bool change = false;
    for (int64_t i = first; i < first + count; i++) change |= old[i] != to && (to == 0 || old[i] != 0);
    if (!change) return true;
    Case *candidate = case_copy(s->best);
    for (int64_t i = first; i < first + count; i++)
        if (to == 0 || candidate->input[input][i] != 0) candidate->input[input][i] = to;
    return try_case(s, candidate);
}

/* As much of the range as possible becomes `to`. */
static void simplify_range(Shrinker *s, int input, int64_t first, int64_t count, double to) {
    if (count == 0 || out_of_time(s) || set_range(s, input, first, count, to) || count == 1) return;
    simplify_range(s, input, first, count / 2, to);
    simplify_range(s, input, first + count / 2, count - count / 2, to);
}

static void round_input(Shrinker *s, int input) {
    Case *candidate = case_copy(s->best);
    double *value = candidate->input[input];
    for (int64_t i = 0; i < candidate->count[input]; i++) value[i] = round(2 * value[i]) / 2;
    try_case(s, candidate);
}

static Case *fresh_at(const Checker *c, const Case *k, const int64_t *size) {
    return case_new(c, k->family, k->seed, size, k->density);
}

/* Every bounded axis as short as possible: 1, 2, 3, 4, then halves. */
static void shorten(Shrinker *s) {
    const IrProgram *p = s->c->in->source;
    if (s->best->family == FAMILY_OWN) return;
    for (int i = 0; i < p->axes.count; i++) {
        if (p->axes.at[i]->kind != AXIS_BOUNDED) continue;
        int64_t from = s->best->size[i];
        for (int64_t length = 1; length < from && length <= 4 && s->best->size[i] == from && !out_of_time(s); length++) {
            int64_t *size = calloc((size_t)p->axes.count + 1, sizeof *size);
            memcpy(size, s->best->size, sizeof *size * (size_t)s->best->axes);
            size[i] = length;
            try_case(s, fresh_at(s->c, s->best, size));
            free(size);
        }
    }
}

static bool may_change(const IrVar *v) {
    return !v->def && !v->literal;
}

Case *shrink(Checker *c, const Case *k, int check, bool native) {
    const IrProgram *p = c->in->source;
    Shrinker s = {c, case_copy(k), check, native, 0, c->spent};
    shorten(&s);
    for (int i = 0; i < p->vars.count; i++)
        if (may_change(p->vars.at[i]) && s.best->input[i] && !out_of_time(&s)) set_range(&s, i, 0, s.best->count[i], 1);
    for (int i = 0; i < p->vars.count; i++)
        if (may_change(p->vars.at[i]) && s.best->input[i]) simplify_range(&s, i, 0, s.best->count[i], 0);
    for (int i = 0; i < p->vars.count; i++)
        if (may_change(p->vars.at[i]) && s.best->input[i] && !out_of_time(&s)) round_input(&s, i);
    return s.best;
}

/* ---- saying it --------------------------------------------------------------------------------------------------- */
static void describe_element(Text *text, const Case *k, const IrVar *v, int64_t at) {
    int64_t below = k->count[v->id];
    for (int i = 0; i < v->axis_count; i++) {
        int64_t size = v->kind == VAR_WEIGHT ? v->axes[i]->root->size : case_size(k, v->axes[i]);
        below /= size;
        text_add(text, "%s%lld", i ? ", " : "", (long long)(at / below % size));
    }
}

static void describe_tensor(Text *text, const Case *k, const IrVar *v) {
    const double *value = k->input[v->id];
    int64_t count = k->count[v->id], other = 0, same = 0;
    for (int64_t i = 0; i < count; i++) {
        other += value[i] != 0;
        same += value[i] == value[0];
    }
    if (same == count) {
        text_add(text, "%s: %s%.9g\n", v->name, count > 1 ? "all " : "", value[0]);
        return;
    }
    if (other > LISTED) {
        text_add(text, "%s: %lld of %lld numbers are not 0 (first %.9g)\n", v->name, (long long)other, (long long)count,
                 value[0]);
        return;
    }
    text_add(text, "%s: 0 but for ", v->name);
    for (int64_t i = 0, shown = 0; i < count; i++) {
        if (value[i] == 0) continue;
        text_add(text, "%s[", shown++ ? ", " : "");
        describe_element(text, k, v, i);
        text_add(text, "] = %.9g", value[i]);
    }
    text_add(text, "\n");
}

char *describe_input(const Checker *c, const Case *k) {
    const IrProgram *p = c->in->source;
    Text text = text_new(c->arena);
    for (int i = 0; i < p->vars.count; i++)
        if (k->input[i] && k->count[i] > 0) describe_tensor(&text, k, p->vars.at[i]);
    return text.at;
}
