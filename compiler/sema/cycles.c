/* Cycle axes: a population that hears a signal with a cycle axis has that axis too. Propagated over all arrows, drives and
 * previous() to the least fixpoint, before anything is wired. */
#include "sema/internal.h"

/* The references an arrow depends on: its source, without the previous() around it. */
static const AstRef *source_ref(const AstExpr *e) {
    if (!e) return NULL;
    if (e->kind == EXPR_REF) return &e->ref;
    if (e->kind == EXPR_CALL && e->args.count == 1 && e->args.at[0]->kind == EXPR_REF) return &e->args.at[0]->ref;
    return NULL;
}

static bool add_cycles(Sema *s, Population *p, const Reading *r, const CirRenames *map) {
    bool changed = false;
    for (int i = 0; i < r->order.count; i++) {
        CirAxis *axis = r->order.at[i];
        for (int k = 0; k < map->count; k++) /* through an instance's boundary, inwards */
            if (map->at[k].to == axis) axis = map->at[k].from;
        if (axis->kind != CIR_AXIS_CYCLE || cir_axes_have(&p->cycles, axis)) continue;
        vec_push(s->arena, &p->cycles, axis);
        changed = true;
    }
    if (changed) population_sync(s, p);
    return changed;
}

/* One sweep over all arrows, in order; errors are kept for the wiring, which meets them again. */
static bool sweep(Sema *s) {
    bool changed = false;
    for (int i = 0; i < s->arrows.count; i++) {
        Arrow *arrow = &s->arrows.at[i];
        const AstRef *ref = source_ref(arrow->source);
        if (arrow->bad || !ref) continue;
        ExprEnv env = {.scope = arrow->place->scope};
        Reading r = read_ref(s, &env, ref);
        if (!r.bad) changed |= add_cycles(s, arrow->population, &r, &arrow->map);
    }
    return changed;
}

static void two_cycles(Sema *s, Population *p) {
    int unwritten = 0;
    for (int i = 0; i < p->cycles.count; i++) unwritten += !cir_axes_have(&p->written, p->cycles.at[i]);
    if (p->cycles.count < 2 || !unwritten || p->bad) return;
    Diagnostic *d = diag_error(s->diag, E_TWO_CYCLES, p->cir->span, "`%s` hears two cycle axes, %s", p->cir->path,
                               cir_axes_text(s->arena, &p->cycles));
    for (int i = 0; i < s->arrows.count; i++) {
        const Arrow *arrow = &s->arrows.at[i];
        if (arrow->population == p && arrow->source) diag_mark(d, arrow->span, "it hears this");
    }
    diag_help(d, "end one of them with `[%s = last]` or collect it with `[%s as %s]`, or declare both: `%s[%s, %s]`",
              axis_local(p->cycles.at[0]), axis_local(p->cycles.at[0]), axis_local(p->cycles.at[0]->base),
              p->member->decl.name.name, axis_local(p->cycles.at[0]), axis_local(p->cycles.at[1]));
    p->bad = true;
}

void cycles_propagate(Sema *s) {
    for (int i = 0; i < s->arrows.count; i++) {
        Arrow *arrow = &s->arrows.at[i];
        arrow->bad |= !resolve_target(s, arrow);
        s->lost_arrows |= arrow->bad;
    }
    Diagnostics *kept = s->diag;
    Arena *scratch = arena_new();
    s->diag = diag_new(scratch);
    while (sweep(s)) {
    }
    s->diag = kept;
    arena_free(scratch);
    for (int i = 0; i < s->populations.count; i++) two_cycles(s, s->populations.at[i]);
}
