/* Dead code. In: any core program. Out: the same without equations that no output, record or check side needs; a scan or fix
 * goes when nothing of its body is needed, and body equations that neither a state nor a reader needs go too. */
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
    if (v->def) ir_each_ref(v->def, mark_ref, &m);
    if (v->init) ir_each_ref(v->init, mark_ref, &m);
}

static bool drop_dead(Opt *o, IrItem *item, Place *place, void *data) {
    (void)o, (void)place;
    const bool *live = data;
    return !live[item->var->id]; /* "placed": not appended */
}

void pass_dead(Opt *o) {
    opt_facts(o);
    IrProgram *p = o->p;
    bool *live = ARENA_ARRAY(p->arena, bool, p->vars.count + 1);
    for (int i = 0; i < p->vars.count; i++)
        if (o->fact[i].kept) mark(o, live, p->vars.at[i]);
    opt_each_equation(o, drop_dead, live);
    int kept = 0;
    for (int i = 0; i < p->items.count; i++)
        if (p->items.at[i]->var || p->items.at[i]->body_count) p->items.at[kept++] = p->items.at[i];
    p->items.count = kept;
}
