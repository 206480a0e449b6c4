/* Hoisting. In, out: any core program. An equation in the body of a scan or fixpoint that reads nothing of that body moves
 * before it: it is then one batched computation, and contraction order sees it together with what it is made of. */
#include "opt/pass.h"

static bool hoist_item(Opt *o, IrItem *item, Place *place, void *data) {
    (void)data;
    const IrVar *v = item->var;
    if (!place->owner || v->init || opt_fact(o, v)->through_prev || opt_dependent(v->def, place)) return false;
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
