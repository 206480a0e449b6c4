/* Dead code. In: any core program. Out: the same without equations that no output, record or check side needs; a scan or fix
 * goes when no state of it is needed, and body equations that neither a state nor a reader needs go too. */
#include "opt/pass.h"

static void mark(Opt *o, bool *live, IrVar *v);

typedef struct Marking {
    Opt *o;
    bool *live;
} Marking;

static void mark_ref(void *data, IrExpr *ref) {
    Marking *m = data;
    mark(m->o, m->live, ref->var);
}

static void mark(Opt *o, bool *live, IrVar *v) {
    if (live[v->id]) return;
    live[v->id] = true;
    Marking m = {o, live};
    ir_each_read(v, mark_ref, &m);
}

static bool drop_dead(Opt *o, IrItem *item, Place *place, void *data) {
    (void)o, (void)place;
    const bool *live = data;
    return !live[item->var->id]; /* "placed": not appended */
}

static bool has_state(const IrItem *item) {
    for (int k = 0; k < item->body_count; k++)
        if (item->body[k]->var->init) return true;
    return false;
}

/* What is left of a scan or fix whose states went is ordinary equations, or nothing. */
static void free_stateless(Opt *o) {
    ItemList items = {0};
    for (int i = 0; i < o->p->items.count; i++) {
        IrItem *item = o->p->items.at[i];
        if (item->var || has_state(item)) {
            vec_push(o->p->arena, &items, item);
            continue;
        }
        for (int k = 0; k < item->body_count; k++) vec_push(o->p->arena, &items, item->body[k]);
    }
    o->p->items.at = items.at, o->p->items.count = items.count, o->p->items.capacity = items.capacity;
}

void pass_dead(Opt *o) {
    opt_facts(o);
    IrProgram *p = o->p;
    bool *live = ARENA_ARRAY(p->arena, bool, p->vars.count + 1);
    for (int i = 0; i < p->vars.count; i++)
        if (o->fact[i].kept) mark(o, live, p->vars.at[i]);
    opt_each_equation(o, drop_dead, live);
    free_stateless(o);
}
