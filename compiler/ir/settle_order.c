/* Dependence order: Tarjan's strongly connected components (SIAM J. Comput. 1, 1972), which come out in the order in
 * which they can be computed. A component that closes through prev is a scan, one that closes without it a fixpoint
 * if its population says `iterate`, else an error. */
#include "base/text.h"
#include "ir/settle_internal.h"

typedef VEC(IrVar *) Vars;
typedef VEC(IrItem *) Items;

typedef struct Node {
    IrItem *item;  /* defines the variable; NULL for an input */
    int order, low; /* of Tarjan's walk; 0: not met */
    bool open;     /* on the stack */
    int component; /* 1, 2, ... once closed */
    const IrItem *scan; /* the one whose body defines it, made before; its first variable stands for it */
    Vars now, past; /* what it reads in this cycle, and through prev */
} Node;

typedef struct Order {
    Settle *s;
    IrProgram *p;
    Node *node; /* by variable id */
    Vars stack;
    int met, components;
    Items items; /* in order, made here */
    Node *reader; /* for collect */
} Order;

/* ---- graph ------------------------------------------------------------------------------------------------------- */
static void collect(void *data, IrExpr *ref) {
    Order *o = data;
    Vars *list = ref->op == IR_PREV ? &o->reader->past : &o->reader->now;
    for (int i = 0; i < list->count; i++)
        if (list->at[i] == ref->var) return;
    vec_push(o->p->arena, list, ref->var);
}

/* What a scan reads from outside; prev of its own variables is its own affair, prev of others is a value that is complete. */
static void collect_outside(void *data, IrExpr *ref) {
    Order *o = data;
    if (o->node[ref->var->id].scan == o->reader->scan) return;
    IrOp op = ref->op;
    ref->op = IR_REF;
    collect(o, ref);
    ref->op = op;
}

/* A scan that was made before is one node: its first variable, which the others read. */
static void graph_scan(Order *o, IrItem *scan) {
    IrVar *first = scan->body[0]->var;
    for (int i = 0; i < scan->body_count; i++) o->node[scan->body[i]->var->id].scan = scan;
    for (int i = 0; i < scan->body_count; i++) {
        IrVar *v = scan->body[i]->var;
        o->reader = &o->node[first->id];
        ir_each_read(v, collect_outside, o);
        if (v != first) vec_push(o->p->arena, &o->node[v->id].now, first);
    }
    o->node[first->id].item = scan;
}

static void graph(Order *o) {
    for (int i = 0; i < o->p->vars.count; i++) o->p->vars.at[i]->id = i;
    o->node = ARENA_ARRAY(o->p->arena, Node, o->p->vars.count);
    for (int i = 0; i < o->p->items.count; i++) {
        IrItem *item = o->p->items.at[i];
        if (item->kind == ITEM_SCAN) {
            graph_scan(o, item);
            continue;
        }
        o->reader = &o->node[item->var->id];
        o->reader->item = item;
        ir_each_read(item->var, collect, o);
    }
}

/* ---- the body of a scan or a fixpoint in order ------------------------------------------------------------------- */
static bool in_component(const Order *o, const IrVar *v, int component) {
    return o->node[v->id].component == component;
}

/* Places v's item after those it reads in this cycle; false when that closes a loop. `mark` 1: being placed, 2:
 * placed. */
static bool place(Order *o, IrVar *v, int component, char *mark, Items *body, Vars *path) {
    if (mark[v->id] == 2) return true;
    vec_push(o->p->arena, path, v);
    if (mark[v->id] == 1) return false;
    mark[v->id] = 1;
    Node *node = &o->node[v->id];
    for (int i = 0; i < node->now.count; i++) {
        IrVar *read = node->now.at[i];
        if (in_component(o, read, component) && !place(o, read, component, mark, body, path)) return false;
    }
    path->count--;
    mark[v->id] = 2;
    vec_push(o->p->arena, body, node->item);
    return true;
}

static const char *label(const IrVar *v) {
    return v->origin ? v->origin : v->name;
}

static bool is_population(const Order *o, const IrVar *v) {
    return v->origin_kind == name_of(o->p->names, "population");
}

/* The loop that a path of readers ends with, as the signal runs: each member is read by the next, the last by the first. */
static Vars loop_of(Order *o, const Vars *path) {
    int first = 0, last = path->count - 1, start = 0;
    while (path->at[first] != path->at[last]) first++;
    Vars backwards = {0}, loop = {0};
    for (int i = last; i > first; i--) vec_push(o->p->arena, &backwards, path->at[i]);
    for (int i = 0; i < backwards.count; i++)
        if (is_population(o, backwards.at[i])) start = i;
    for (int i = 0; i < backwards.count; i++) vec_push(o->p->arena, &loop, backwards.at[(start + i) % backwards.count]);
    return loop;
}

static char *loop_text(Order *o, const Vars *loop) {
    Text text = text_new(o->p->arena);
    for (int i = 0; i < loop->count; i++)
        if (i == 0 || label(loop->at[i]) != label(loop->at[i - 1])) text_add(&text, "%s -> ", label(loop->at[i]));
    text_add(&text, "%s", label(loop->at[0]));
    return text.at;
}

typedef struct Whole {
    const IrVar *reader, *read;
    const IrAxis *cycle; /* along which it is not read where the reader stands; NULL: none */
} Whole;

static void reads_whole(void *data, IrExpr *ref) {
    Whole *w = data;
    for (int i = 0; ref->var == w->read && i < ref->var->axis_count; i++) {
        const IrAxis *axis = ref->var->axes[i];
        bool here = ref->index[i].kind == IX_AXIS && ref->index[i].axis == axis && ir_has_axis(w->reader, axis);
        if (axis->kind == AXIS_CYCLE && !here) w->cycle = axis;
    }
}

/* The first of the loop that reads another after its cycle has ended: then it is that which makes it a loop. */
static bool note_completed_cycle(Diagnostic *d, const Vars *loop) {
    for (int i = 0; i < loop->count; i++) {
        const IrVar *reader = loop->at[(i + 1) % loop->count];
        Whole w = {reader, loop->at[i], NULL};
        ir_each_ref(reader->def, reads_whole, &w);
        if (!w.cycle) continue;
        diag_note(d, "`%s` reads `%s` when the cycle `%s` has ended", label(reader), label(w.read), w.cycle->name);
        diag_help(d, "whoever reads a completed cycle starts after it: it cannot feed the same cycle");
        return true;
    }
    return false;
}

static void loop_error(Order *o, const Vars *path) {
    Vars loop = loop_of(o, path);
    IrVar *named = loop.at[0];
    Diagnostic *d =
        diag_error(o->s->diagnostics, E_LOOP, named->span, "`%s` depends on itself within one cycle", label(named));
    diag_note(d, "the loop: %s", loop_text(o, &loop));
    for (int i = 1; i < loop.count; i++)
        if (is_population(o, loop.at[i])) diag_mark(d, loop.at[i]->span, "`%s` is part of the loop", label(loop.at[i]));
    if (note_completed_cycle(d, &loop)) return;
    diag_help(d, "let it settle by iteration (`iterate 200 until 1e-6` after the population's type), or let it hear the "
                 "cycle before with previous(...)");
}

/* A loop that settles within each cycle and also looks back at the cycle before: a fixpoint inside a scan. */
static void iterated_cycle_error(Order *o, const IrVar *iterates, const Vars *path) {
    Diagnostic *d = diag_error(o->s->diagnostics, E_ITERATE_CYCLE, iterates->span,
                               "`%s` iterates within a cycle and depends on the cycle before", label(iterates));
    Vars loop = loop_of(o, path);
    diag_note(d, "the loop within one cycle: %s", loop_text(o, &loop));
    diag_help(d, "break one of the two: leave out `iterate` and hear the loop through previous(...), or keep what is "
                 "remembered in a population outside of the loop");
}

/* ---- components -------------------------------------------------------------------------------------------------- */
typedef struct Reads {
    Order *o;
    IrVar *wrong;
    const IrAxis *axis;
    int component;
} Reads;

/* Inside a scan the component is read where the scan stands, not at a later or at the last point. */
static void reads_elsewhere(void *data, IrExpr *ref) {
    Reads *r = data;
    if (!in_component(r->o, ref->var, r->component)) return;
    for (int i = 0; i < ref->var->axis_count; i++) {
        bool here = ir_is_here(ref->index[i], r->axis);
        if (ref->var->axes[i] == r->axis && !here) r->wrong = ref->var;
    }
}

/* The cycle axis of a component that closes through prev: the one its states look back along. */
static IrAxis *scan_axis(Order *o, const Vars *members, int component) {
    for (int i = 0; i < members->count; i++) {
        Node *node = &o->node[members->at[i]->id];
        for (int j = 0; j < node->past.count; j++)
            if (in_component(o, node->past.at[j], component)) return node->past.at[j]->scan_axis;
    }
    return NULL;
}

static bool fits_scan(Order *o, const Vars *members, IrAxis *axis, int component) {
    for (int i = 0; i < members->count; i++) {
        IrVar *v = members->at[i];
        Reads reads = {o, NULL, axis, component};
        ir_each_ref(v->def, reads_elsewhere, &reads);
        if (ir_has_axis(v, axis) && !reads.wrong) continue;
        Diagnostic *d = diag_error(o->s->diagnostics, E_LOOP, v->span,
                                   "`%s` is part of a loop over the cycle `%s` but reads it as a whole", label(v),
                                   axis->name);
        diag_help(d, "whoever reads a completed cycle starts after it: it cannot feed the same cycle");
        return false;
    }
    return true;
}

static void emit_scan(Order *o, const Vars *members, int component, Items *body) {
    IrAxis *axis = scan_axis(o, members, component);
    if (!fits_scan(o, members, axis, component)) return;
    IrItem *scan = ir_item_new(o->p, ITEM_SCAN);
    scan->axis = axis;
    scan->body = body->at;
    scan->body_count = body->count;
    for (int i = 0; i < body->count; i++) {
        body->at[i]->kind = ITEM_ALG;
        if (body->at[i]->var->init) body->at[i]->var->kind = VAR_STATE;
    }
    vec_push(o->p->arena, &o->items, scan);
}

typedef struct Delay {
    Order *o;
    int component;
} Delay;

/* In a fixpoint, the members that iterate are read as the iteration before left them. */
static IrExpr *delayed(void *data, IrExpr *e) {
    Delay *d = data;
    if (e->op != IR_REF || !e->var->iterate_count || !in_component(d->o, e->var, d->component)) return e;
    return ir_prev(d->o->p, e->var, e->index);
}

/* The most iterations and the smallest tolerance that a member asks for. */
static void fix_limits(IrItem *fix, const Vars *members) {
    for (int i = 0; i < members->count; i++) {
        const IrVar *v = members->at[i];
        if (!v->iterate_count) continue;
        if (fix->count == 0 || v->iterate_tolerance < fix->tolerance) fix->tolerance = v->iterate_tolerance;
        if (v->iterate_count > fix->count) fix->count = v->iterate_count;
    }
}

/* The members read each other anew, the iterating ones through prev. */
static void delay_loops(Order *o, const Vars *members, int component) {
    Delay delay = {o, component};
    for (int i = 0; i < members->count; i++) {
        IrVar *v = members->at[i];
        v->def = ir_map(o->p, v->def, delayed, &delay);
        if (v->iterate_count && !v->init) v->init = ir_lit(o->p, 0);
        Node *node = &o->node[v->id];
        node->now.count = node->past.count = 0;
        o->reader = node;
        ir_each_ref(v->def, collect, o);
    }
}

/* The members in an order in which each can be computed; false when a loop is left, which `path` ends with. */
static bool body_order(Order *o, const Vars *members, int component, Items *body, Vars *path) {
    char *mark = arena_alloc(o->p->arena, (size_t)o->p->vars.count);
    for (int i = 0; i < members->count; i++)
        if (!place(o, members->at[i], component, mark, body, path)) return false;
    return true;
}

static void emit_fix(Order *o, const Vars *members, int component) {
    IrItem *fix = ir_item_new(o->p, ITEM_FIX);
    Items body = {0};
    Vars path = {0};
    fix_limits(fix, members);
    delay_loops(o, members, component);
    if (!body_order(o, members, component, &body, &path)) {
        loop_error(o, &path);
        return;
    }
    fix->body = body.at;
    fix->body_count = body.count;
    for (int i = 0; i < body.count; i++)
        if (body.at[i]->var->init) body.at[i]->var->kind = VAR_STATE;
    vec_push(o->p->arena, &o->items, fix);
}

static const IrVar *iterating(const Vars *members) {
    for (int i = 0; i < members->count; i++)
        if (members->at[i]->iterate_count) return members->at[i];
    return NULL;
}

static void close_component(Order *o, const Vars *members, int component) {
    Node *first = &o->node[members->at[0]->id];
    bool loops = members->count > 1, through_past = false;
    for (int i = 0; i < members->count; i++) {
        Node *node = &o->node[members->at[i]->id];
        for (int j = 0; j < node->past.count; j++) through_past |= in_component(o, node->past.at[j], component);
        for (int j = 0; j < node->now.count; j++) loops |= node->now.at[j] == members->at[i];
    }
    if (!first->item) return; /* an input, or one of a scan made before that its first stands for */
    if (first->scan && members->count == 1) {
        vec_push(o->p->arena, &o->items, first->item);
        return;
    }
    if (!loops && !through_past) {
        first->item->kind = ITEM_ALG;
        first->item->var->kind = VAR_ALG;
        vec_push(o->p->arena, &o->items, first->item);
        return;
    }
    Items body = {0};
    Vars path = {0};
    if (body_order(o, members, component, &body, &path)) emit_scan(o, members, component, &body);
    else if (!iterating(members)) loop_error(o, &path);
    else if (through_past) iterated_cycle_error(o, iterating(members), &path);
    else emit_fix(o, members, component);
}

static void walk(Order *o, IrVar *v);

static void follow(Order *o, Node *node, const Vars *reads) {
    for (int i = 0; i < reads->count; i++) {
        Node *to = &o->node[reads->at[i]->id];
        if (!to->order) walk(o, reads->at[i]);
        else if (!to->open) continue;
        if (to->low < node->low) node->low = to->low;
    }
}

static void walk(Order *o, IrVar *v) {
    Node *node = &o->node[v->id];
    node->order = node->low = ++o->met;
    node->open = true;
    vec_push(o->p->arena, &o->stack, v);
    follow(o, node, &node->now);
    follow(o, node, &node->past);
    if (node->low != node->order) return;
    Vars members = {0};
    int component = ++o->components;
    IrVar *member;
    do {
        member = o->stack.at[--o->stack.count];
        o->node[member->id].open = false;
        o->node[member->id].component = component;
        vec_push(o->p->arena, &members, member);
    } while (member != v);
    close_component(o, &members, component);
}

/* ---- prev outside a scan: the value one point earlier of something complete -------------------------------------- */
typedef struct Earlier {
    Order *o;
    int component;
    const IrItem *scan; /* made before, or NULL */
} Earlier;

/* The index of the point before; *first is a condition that there is none. */
static IrIndex point_before(IrProgram *p, IrIndex index, IrAxis *axis, IrExpr **first) {
    IrExpr *position = index.kind == IX_AXIS   ? ir_pos(p, index.axis)
                       : index.kind == IX_LAST ? ir_op2(p, IR_SUB, ir_size(p, axis), ir_lit(p, 1))
                                               : ir_lit(p, 0);
    *first = ir_op2(p, IR_LE, ir_op2(p, IR_ADD, position, ir_lit(p, (double)index.offset)), ir_lit(p, 0));
    index.offset--;
    return index;
}

static IrExpr *earlier(void *data, IrExpr *e) {
    Earlier *w = data;
    IrProgram *p = w->o->p;
    if (e->op != IR_PREV || in_component(w->o, e->var, w->component)) return e;
    if (w->scan && w->o->node[e->var->id].scan == w->scan) return e;
    IrExpr *init = ir_substitute(p, e->var->init, e->var->axis_count, e->var->axes, e->index);
    IrIndex *index = arena_copy(p->arena, e->index, sizeof *index * (size_t)e->var->axis_count);
    for (int i = 0; i < e->var->axis_count; i++) {
        if (e->var->axes[i] != e->var->scan_axis) continue;
        IrExpr *first;
        bool none = index[i].kind == IX_CONST && index[i].offset == 0;
        index[i] = point_before(p, index[i], e->var->axes[i], &first);
        return none ? init : ir_select(p, first, init, ir_ref(p, e->var, index));
    }
    return init; /* without a cycle there is nothing earlier */
}

static void resolve_equation(Order *o, IrVar *v) {
    Earlier w = {o, o->node[v->id].component, o->node[v->id].scan};
    v->def = ir_map(o->p, v->def, earlier, &w);
}

static void resolve_earlier(Order *o) {
    for (int i = 0; i < o->p->items.count; i++) {
        const IrItem *item = o->p->items.at[i];
        if (item->var) resolve_equation(o, item->var);
        for (int k = 0; k < item->body_count; k++) resolve_equation(o, item->body[k]->var);
    }
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */
static void mark_looked_back(void *data, IrExpr *ref) {
    char *seen = data;
    if (ref->op == IR_PREV) seen[ref->var->id] = 1;
}

/* What no prev() reads is no state, and no equation of a core program iterates or looks back by itself. */
static void plain(IrVar *v, const char *looked_back) {
    v->iterate_count = 0;
    v->iterate_tolerance = 0;
    if (looked_back[v->id]) return;
    v->kind = VAR_ALG;
    v->init = NULL;
    v->scan_axis = NULL;
}

static void plain_equations(IrProgram *p, const Items *items) {
    char *looked_back = arena_alloc(p->arena, (size_t)p->vars.count);
    for (int i = 0; i < items->count; i++)
        for (int j = 0; j < items->at[i]->body_count; j++)
            ir_each_ref(items->at[i]->body[j]->var->def, mark_looked_back, looked_back);
    for (int i = 0; i < items->count; i++) {
        if (items->at[i]->var) plain(items->at[i]->var, looked_back);
        for (int j = 0; j < items->at[i]->body_count; j++) {
            IrVar *v = items->at[i]->body[j]->var;
            plain(v, looked_back);
            v->scan_axis = v->init && items->at[i]->kind == ITEM_SCAN ? ir_scan_axis(items->at[i], v) : NULL;
        }
    }
}

/* Variables: inputs first, then as the items define them. */
static void renumber(IrProgram *p, const Items *items) {
    int count = 0;
    for (int i = 0; i < p->vars.count; i++)
        if (ir_is_input(p->vars.at[i])) p->vars.at[count++] = p->vars.at[i];
    p->vars.count = count;
    p->items.count = 0;
    for (int i = 0; i < items->count; i++) {
        IrItem *item = items->at[i];
        vec_push(p->arena, &p->items, item);
        if (item->var) vec_push(p->arena, &p->vars, item->var);
        for (int j = 0; j < item->body_count; j++) vec_push(p->arena, &p->vars, item->body[j]->var);
    }
    for (int i = 0; i < p->vars.count; i++) p->vars.at[i]->id = i;
}

void settle_order(Settle *s) {
    Order *o = ARENA_NEW(s->p->arena, Order);
    o->s = s;
    o->p = s->p;
    graph(o);
    for (int i = 0; i < o->p->vars.count; i++)
        if (!o->node[i].order) walk(o, o->p->vars.at[i]);
    if (diag_error_count(s->diagnostics)) return;
    resolve_earlier(o);
    plain_equations(s->p, &o->items);
    renumber(s->p, &o->items);
}
