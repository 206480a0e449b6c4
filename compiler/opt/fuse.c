/* Fusion of maps. In: normal form. Out: the same with fewer maps: an elementwise equation is written into the elementwise
 * or maximum equation that reads it when it has no other reader and the same points, or when it only scales one reference.
 * Contractions keep their two operands. */
#include "opt/pass.h"

typedef struct Fuse {
    Opt *o;
    const IrVar *reader;
    int points;  /* axes of the reader's innermost expression */
    IrItem *owner;
} Fuse;

static bool has_reduction(const IrExpr *e) {
    if (e->op == IR_SUM || e->op == IR_AMAX) return true;
    for (int i = 0; i < e->argc; i++)
        if (has_reduction(e->arg[i])) return true;
    return false;
}

static bool has_sum(const IrExpr *e) {
    if (e->op == IR_SUM) return true;
    for (int i = 0; i < e->argc; i++)
        if (has_sum(e->arg[i])) return true;
    return false;
}

static bool scales_one(const IrExpr *e) {
    if (e->op == IR_NEG) return e->arg[0]->op == IR_REF;
    if (e->op == IR_DIV) return e->arg[0]->op == IR_REF && opt_scalar(e->arg[1]);
    if (e->op != IR_MUL) return false;
    return (opt_scalar(e->arg[0]) && e->arg[1]->op == IR_REF) || (opt_scalar(e->arg[1]) && e->arg[0]->op == IR_REF);
}

static bool fusible(const Fuse *f, const IrExpr *ref) {
    const IrVar *v = ref->var;
    const OptFact *fact = opt_fact(f->o, v);
    if (v->kind != VAR_ALG || !v->def || v->init || fact->kept || fact->through_prev || !fact->item) return false;
    if (fact->owner != f->owner || has_reduction(v->def)) return false;
    if (scales_one(v->def)) return true;
    return fact->uses == 1 && v->axis_count == f->points;
}

static IrExpr *fuse_ref(void *data, IrExpr *e) {
    const Fuse *f = data;
    return e->op == IR_REF && fusible(f, e) ? ir_inline(f->o->p, e) : e;
}

static bool fuse_item(Opt *o, IrItem *item, Place *place, void *data) {
    (void)data;
    IrVar *v = item->var;
    if (has_sum(v->def)) return false;
    int bound = v->def->op == IR_AMAX ? v->def->bound_count : 0;
    Fuse f = {o, v, v->axis_count + bound, place->owner};
    v->def = ir_map(o->p, v->def, fuse_ref, &f);
    return false;
}

void pass_fuse(Opt *o) {
    opt_facts(o);
    opt_each_equation(o, fuse_item, NULL);
    pass_dead(o);
}
