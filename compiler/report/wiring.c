/* Wiring table (wiring.h). */
#include "report/wiring.h"

#include <string.h>

#include "base/text.h"
#include "circuit/build.h"

typedef struct Row {
    const char *from, *weight, *to, *summed, *shared, *diverging;
    double synapses; /* pairs of units, cycles not counted; of sparse ones as many as are expected */
} Row;

static const char *list(Arena *arena, const CirAxes *axes) {
    Text t = text_new(arena);
    for (int i = 0; i < axes->count; i++) text_add(&t, "%s%s", i ? ", " : "", axes->at[i]->name);
    return axes->count ? t.at : "-";
}

static bool source_has(const CirExpr *source, const CirAxis *axis) {
    if (!source || !source->entity) return false;
    for (int i = 0; i < source->entity->axes.count; i++)
        if (source->index[i].kind == CIR_IX_AXIS && source->index[i].axis == axis) return true;
    return false;
}

static const char *guard_text(Arena *arena, const CirGuard *guard) {
    Text t = text_new(arena);
    for (int i = 0; i < guard->count; i++) {
        const CirAtom *a = &guard->at[i];
        text_add(&t, "%s%s", i ? ", " : " where ", a->a ? a->a->name : "0");
        if (a->b && a->bound) text_add(&t, " - %s", a->b->name);
        text_add(&t, a->equal ? " == " : " <= ");
        if (a->b && !a->bound) text_add(&t, "%s", a->b->name);
        else text_add(&t, "%lld", (long long)a->bound);
    }
    return t.at;
}

/* The share of the pairs that tables of a sparse projection keep in its weight. */
static double kept(const CirExpr *e) {
    if (e && e->op == CIR_MUL) return kept(e->arg[0]) * kept(e->arg[1]);
    return e && e->op == CIR_REF ? cir_share(e->entity) : 1;
}

static Row row_of(Arena *arena, const CirProjection *p) {
    CirAxes shared = {0}, diverging = {0};
    double synapses = 1;
    for (int i = 0; i < p->target->axes.count; i++) {
        CirAxis *axis = p->target->axes.at[i];
        if (axis->kind != CIR_AXIS_CYCLE) synapses *= (double)axis->size;
        if (source_has(p->source, axis)) vec_push(arena, &shared, axis);
        else vec_push(arena, &diverging, axis);
    }
    for (int i = 0; i < p->convergent.count; i++) synapses *= (double)p->convergent.at[i]->size;
    const char *summed = arena_printf(arena, "%s%s", list(arena, &p->convergent), guard_text(arena, &p->guard));
    return (Row){.from = p->source ? cir_expr_text(arena, p->source) : "(bias)",
                 .weight = p->weight ? cir_expr_text(arena, p->weight) : "1",
                 .to = p->target->path, .summed = summed, .shared = list(arena, &shared),
                 .diverging = list(arena, &diverging), .synapses = p->source ? synapses * kept(p->weight) : 0};
}

static int wider(int width, const char *text) {
    int n = (int)strlen(text);
    return n > width ? n : width;
}

void wiring_text(FILE *to, const Circuit *circuit) {
    int n = circuit->projections.count, from = 4, weight = 6, target = 2, summed = 6, shared = 6;
    Row rows[n + 1];
    for (int i = 0; i < n; i++) {
        Row r = rows[i] = row_of(circuit->arena, circuit->projections.at[i]);
        from = wider(from, r.from), weight = wider(weight, r.weight), target = wider(target, r.to);
        summed = wider(summed, r.summed), shared = wider(shared, r.shared);
    }
    fputs("Wiring\n", to);
    fprintf(to, "  %-*s  %-*s  %-*s  %-*s  %-*s  %s\n", from, "from", weight, "weight", target, "to", summed,
            "summed", shared, "shared", "diverges over");
    for (int i = 0; i < n; i++) {
        const Row *r = &rows[i];
        fprintf(to, "  %-*s  %-*s  %-*s  %-*s  %-*s  %s\n", from, r->from, weight, r->weight, target, r->to, summed,
                r->summed, shared, r->shared, r->diverging);
    }
}

json_t *wiring_json(const Circuit *circuit) {
    json_t *all = json_array();
    for (int i = 0; i < circuit->projections.count; i++) {
        Row r = row_of(circuit->arena, circuit->projections.at[i]);
        json_array_append_new(all, json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:f}", "from", r.from, "weight", r.weight, "to", r.to,
                                             "summed", r.summed, "shared", r.shared, "diverging", r.diverging, "synapses",
                                             r.synapses));
    }
    return all;
}
