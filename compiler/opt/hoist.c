/* Hoisting. In, out: any core program. An equation in the body of a scan or fixpoint that reads nothing of that body moves
 * before it: it is then one batched computation, and contraction order sees it together with what it is made of. What is of a
 * step of the clock stays there, a function of time for instance: before the scan it would be as long as the run, and a record
 * takes each step's values where the steps leave them. */
#include "opt/pass.h"

static bool of_a_step(const IrItem *owner, const IrVar *v) {
    return owner->axis && owner->axis->kind == AXIS_STEP && ir_has_axis(v, owner->axis);
}

static bool hoist_item(Opt *o, IrItem *item, Place *place, void *data) {
    (void)data;
    const IrVar *v = item->var;
    if (!place->owner || v->init || of_a_step(place->owner, v) || opt_fact(o, v)->through_prev || opt_dependent(v->def, place)) return false;
    vec_push(o->p->arena, place->outer, item);
    return true;
}

/* opt_dependent looks at the body as it was, so a chain of invariant equations takes one round for each link. */
void pass_hoist(Opt *o) {
    for (int round = 0; round < 64; round++) {
        opt_facts(o);
        int before = o->p->items.count;
        opt_each_equation(o, hoist_item, NULL);
        if (o->p->items.count == before) break;
    }
    pass_dead(o);
}
