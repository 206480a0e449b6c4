/* `gradient(loss, v[...])` replaced by a reading of v.bar, loss by loss: those first that no other gradient is part of. */
#include "gradient/resolve.h"

#include "gradient/internal.h"

typedef struct Resolve {
    IrProgram *p;
    IrVar *loss;        /* the one at hand */
    VEC(IrVar *) of;    /* what its gradients are asked for, each once */
    IrVar **gradient;   /* of them */
    const IrExpr *node; /* the first met, for a fault */
} Resolve;

/* ---- what is needed ---------------------------------------------------------------------------------------------------- */
static const IrExpr *find_gradient(const IrExpr *e) {
    if (e->op == IR_GRADIENT) return e;
    for (int i = 0; i < e->argc; i++) {
        const IrExpr *found = find_gradient(e->arg[i]);
        if (found) return found;
    }
    return NULL;
}

static const IrExpr *gradient_in(const IrItem *item) {
    const IrExpr *found = item->var && item->var->def ? find_gradient(item->var->def) : NULL;
    for (int i = 0; !found && i < item->body_count; i++) found = gradient_in(item->body[i]);
    return found;
}

bool gradient_asked(const IrProgram *p) {
    for (int i = 0; i < p->items.count; i++)
        if (gradient_in(p->items.at[i])) return true;
    return false;
}

typedef struct Marking {
    bool *of; /* by variable id */
    bool found;
} Marking;

static void mark(void *data, IrExpr *ref) { ((Marking *)data)->of[ref->var->id] = true; }
static void look(void *data, IrExpr *ref) { ((Marking *)data)->found |= ((Marking *)data)->of[ref->var->id]; }

static bool defines(const IrItem *item, const bool *of) {
    bool found = item->var && of[item->var->id];
    for (int i = 0; i < item->body_count; i++) found |= defines(item->body[i], of);
    return found;
}

/* By variable: a gradient that is still to be taken is part of it. */
static bool *unresolved(const IrProgram *p) {
    Marking m = {.of = ARENA_ARRAY(p->arena, bool, p->vars.count + 1)};
    for (int i = 0; i < p->items.count; i++) {
        const IrItem *item = p->items.at[i];
        m.found = gradient_in(item) != NULL;
        ir_each_read_of(item, look, &m);
        if (item->var) m.of[item->var->id] |= m.found;
        for (int k = 0; k < item->body_count; k++) m.of[item->body[k]->var->id] |= m.found;
    }
    return m.of;
}

static void mark_ends(const IrProgram *p, bool *of) {
    for (int i = 0; i < p->outputs.count; i++) of[p->outputs.at[i].var->id] = true;
    for (int i = 0; i < p->checks.count; i++) of[p->checks.at[i].left->id] = of[p->checks.at[i].right->id] = true;
    for (int i = 0; i < p->losses.count; i++) of[p->losses.at[i].var->id] = true;
    for (int i = 0; i < p->rules.count; i++) of[p->rules.at[i].var->id] = true;
}

/* A gradient that nobody reads is not taken: who drops the checks is not refused what only they ask. */
static void drop_unread(IrProgram *p) {
    Marking live = {.of = ARENA_ARRAY(p->arena, bool, p->vars.count + 1)};
    mark_ends(p, live.of);
    for (int i = p->items.count - 1; i >= 0; i--)
        if (defines(p->items.at[i], live.of)) ir_each_read_of(p->items.at[i], mark, &live);
    const bool *of_gradients = unresolved(p);
    int count = 0;
    for (int i = 0; i < p->items.count; i++) {
        IrItem *item = p->items.at[i];
        if (defines(item, live.of) || !defines(item, of_gradients)) p->items.at[count++] = item;
    }
    p->items.count = count;
    gradient_renumber(p, p->axes.count);
}

/* ---- one loss ---------------------------------------------------------------------------------------------------------- */
static int place_of(const Resolve *r, const IrVar *v) {
    for (int i = 0; i < r->of.count; i++)
        if (r->of.at[i] == v) return i;
    return -1;
}

static void collect(Resolve *r, const IrExpr *e) {
    if (e->op == IR_GRADIENT && e->arg[0]->var == r->loss) {
        if (!r->node) r->node = e;
        if (place_of(r, e->arg[1]->var) < 0) vec_push(r->p->arena, &r->of, e->arg[1]->var);
    }
    for (int i = 0; i < e->argc; i++) collect(r, e->arg[i]);
}

/* The first loss whose gradient is asked for and that has none in it. */
static bool choose(Resolve *r) {
    const bool *later = unresolved(r->p);
    for (int i = 0; i < r->p->items.count && !r->loss; i++) {
        const IrExpr *node = gradient_in(r->p->items.at[i]);
        if (node && !later[node->arg[0]->var->id]) r->loss = node->arg[0]->var;
    }
    for (int i = 0; r->loss && i < r->p->items.count; i++)
        if (r->p->items.at[i]->var) collect(r, r->p->items.at[i]->var->def);
    return r->loss;
}

static IrExpr *replaced(void *data, IrExpr *e) {
    const Resolve *r = data;
    if (e->op != IR_GRADIENT || e->arg[0]->var != r->loss) return e;
    IrExpr *read = ir_ref(r->p, r->gradient[place_of(r, e->arg[1]->var)], e->arg[1]->index);
    read->span = e->span;
    return read;
}

/* Equations that read a gradient stand behind it: they and all that read them go to the end, in their order. */
static void move_behind(IrProgram *p, int added) {
    Marking late = {.of = ARENA_ARRAY(p->arena, bool, p->vars.count + 1)};
    for (int i = added; i < p->items.count; i++)
        if (p->items.at[i]->var) late.of[p->items.at[i]->var->id] = true;
        else
            for (int k = 0; k < p->items.at[i]->body_count; k++) late.of[p->items.at[i]->body[k]->var->id] = true;
    Items first = {0}, last = {0};
    for (int i = 0; i < p->items.count; i++) {
        IrItem *item = p->items.at[i];
        late.found = false;
        if (i < added) ir_each_read_of(item, look, &late);
        if (late.found && item->var) late.of[item->var->id] = true;
        for (int k = 0; late.found && k < item->body_count; k++) late.of[item->body[k]->var->id] = true;
        if (late.found) vec_push(p->arena, &last, item);
        else vec_push(p->arena, &first, item);
    }
    for (int i = 0; i < last.count; i++) vec_push(p->arena, &first, last.at[i]);
    p->items.at = first.at, p->items.count = first.count, p->items.capacity = first.capacity;
}

/* The same variables of the copy: gradient_of numbers anew, but inputs and equations keep their names. */
static void find_again(Resolve *r, IrProgram *q) {
    r->loss = ir_find_var(q, r->loss->name);
    for (int i = 0; i < r->of.count; i++) r->of.at[i] = ir_find_var(q, r->of.at[i]->name);
    r->p = q;
}

static int last_of(const IrProgram *p, Name name) {
    for (int i = 0; i < p->items.count; i++) {
        const IrItem *item = p->items.at[i];
        if (item->var && item->var->name == name) return i;
        for (int k = 0; k < item->body_count; k++)
            if (item->body[k]->var->name == name) return i;
    }
    return -1;
}

static bool resolve_one(Resolve *r, GradientFault *fault) {
    IrProgram *p = r->p;
    const IrItem *end = p->items.at[p->items.count - 1];
    Name last = end->var ? end->var->name : end->body[0]->var->name;
    r->gradient = ARENA_ARRAY(p->arena, IrVar *, r->of.count);
    IrProgram *q = gradient_of(p, r->loss, (const IrVar *const *)r->of.at, r->of.count, r->gradient, fault);
    if (!q) {
        if (!fault->where.file) fault->where = r->node->span;
        return false;
    }
    find_again(r, q);
    int added = last_of(q, last) + 1;
    for (int i = 0; i < q->items.count; i++)
        if (q->items.at[i]->var) q->items.at[i]->var->def = ir_map(q, q->items.at[i]->var->def, replaced, r);
    for (int i = 0; i < r->of.count; i++) vec_push(q->arena, &q->taken, ((IrTaken){r->loss, r->of.at[i], r->gradient[i]}));
    move_behind(q, added);
    gradient_renumber(q, q->axes.count);
    return true;
}

IrProgram *gradient_resolve(const IrProgram *core, GradientFault *fault) {
    if (!gradient_asked(core)) return (IrProgram *)core;
    IrProgram *p = ir_clone(core);
    drop_unread(p);
    while (gradient_asked(p)) {
        Resolve r = {.p = p};
        if (!choose(&r)) {
            *fault = (GradientFault){"a loss that its own gradient is part of", (Span){0}};
            return NULL;
        }
        if (!resolve_one(&r, fault)) return NULL;
        p = r.p;
    }
    return p;
}
