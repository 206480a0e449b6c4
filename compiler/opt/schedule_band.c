/* The band of a block: guards of its reductions over square tensors, if they are all the same. */
#include "opt/schedule_block.h"

static bool band_of(const IrGuard *guard, const IrAxis *tile, const IrAxis *column, Band *band) {
    *band = (Band){0};
    for (int i = 0; i < guard->count; i++) {
        const IrAtom *atom = &guard->atom[i];
        bool ahead = atom->a == column && atom->b == tile, back = atom->a == tile && atom->b == column;
        if (!ahead && !back) return false;
        bool equal = atom->relation == GUARD_EQ;
        if (ahead || equal) band->above = true, band->ahead = ahead ? atom->bound : -atom->bound;
        if (back || equal) band->below = true, band->back = back ? atom->bound : -atom->bound;
    }
    return true;
}

static bool same_band(Band a, Band b) {
    return a.below == b.below && a.above == b.above && a.back == b.back && a.ahead == b.ahead;
}

/* A member that is stored whole (an output, a record, a side of a check) and reads a square tensor point by point wants all of
 * it, inside and outside of any guard. */
static bool reads_square_point(Blocker *b, IrExpr *e) {
    if (e->op == IR_SUM || e->op == IR_AMAX) return false;
    if (e->op == IR_REF || e->op == IR_PREV) return schedule_reads_square(b, e);
    bool found = false;
    for (int i = 0; i < e->argc && !found; i++) found = reads_square_point(b, e->arg[i]);
    return found;
}

/* Every reduction over a square tensor's columns, or over its rows, must run over the same band, else there is none. */
static void collect(Blocker *b, const Member *m, IrExpr *e) {
    bool reduction = e->op == IR_SUM || e->op == IR_AMAX;
    if (reduction && schedule_reads_square(b, e->arg[0])) {
        Band band;
        bool rows = m->adds && e == m->item->var->def;
        bool plain = e->bound_count == 1 && (!rows || m->column) && band_of(&e->guard, m->tile, rows ? m->column : e->bound[0], &band);
        if (!plain || (b->band_set && !same_band(band, b->band))) b->no_band = true;
        if (plain) b->band = band;
        b->band_set = true;
    }
    for (int i = 0; i < e->argc; i++) collect(b, m, e->arg[i]);
}

void schedule_find_band(Blocker *b) {
    for (int i = 0; i < b->count; i++) {
        IrExpr *def = b->member[i].item->var->def;
        collect(b, &b->member[i], def);
        if (!b->member[i].square && reads_square_point(b, def)) b->no_band = true;
    }
    if (b->no_band) b->band = (Band){0};
}
