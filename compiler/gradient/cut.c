/* Sums and maxima inside other expressions get equations of their own, so that the derivative of what stands around them reads
 * their values instead of computing them again.
 *
 * Most are then variables like others, with an adjoint. One that stands under a select, or under a guard that also looks at axes it
 * does not have, is not evaluated everywhere: its adjoint would be 0 there, and 0 times a derivative that does not exist is no
 * number. It is `transparent`: its reader's cotangent is followed through it.
 *
 * What is computed once a cycle reads steps of time where the cycle ends. Their values there get equations over the cycle: the adjoint
 * reads them, and every step would have to be kept for it.
 *
 * What a maximum is taken of gets an equation too: the derivative asks which points reach the maximum, and an expression that is
 * computed twice may be rounded in two ways. */
#include "gradient/internal.h"

typedef struct Cut {
    Gradient *g;
    IrVar *of;           /* the equation */
    IrItem *group;       /* whose body it stands in, or NULL */
    Items *inner, *outer;
} Cut;

typedef VEC(IrAxis *) Axes;

static void add_axis(Arena *arena, Axes *list, IrAxis *axis) {
    for (int i = 0; i < list->count; i++)
        if (list->at[i] == axis) return;
    vec_push(arena, list, axis);
}

/* Axes that e uses and does not bind, in order of first use. */
static void free_axes(Arena *arena, const IrExpr *e, const Scope *bound, Axes *list) {
    for (int i = 0; i < e->bound_count; i++) {
        Scope *inner = ARENA_NEW(arena, Scope);
        *inner = (Scope){.outer = bound, .axis = e->bound[i]};
        bound = inner;
    }
    Axes used = {0};
    if (e->op == IR_POS) add_axis(arena, &used, e->axis);
    for (int i = 0; e->var && i < e->var->axis_count; i++)
        if (e->index[i].kind == IX_AXIS) add_axis(arena, &used, e->index[i].axis);
    for (int i = 0; i < e->guard.count; i++) {
        if (e->guard.atom[i].a) add_axis(arena, &used, e->guard.atom[i].a);
        if (e->guard.atom[i].b) add_axis(arena, &used, e->guard.atom[i].b);
    }
    for (int i = 0; i < used.count; i++) {
        const Scope *s = bound;
        while (s && s->axis != used.at[i]) s = s->outer;
        if (!s) add_axis(arena, list, used.at[i]);
    }
    for (int i = 0; i < e->argc; i++) free_axes(arena, e->arg[i], bound, list);
}

static bool has(const Axes *axes, const IrAxis *axis) {
    for (int i = 0; i < axes->count; i++)
        if (axes->at[i] == axis) return true;
    return false;
}

/* It is evaluated at points that atoms over its own axes do not tell. */
static bool hidden(const Scope *scope, const Axes *axes) {
    for (; scope; scope = scope->outer) {
        if (scope->test) return true;
        if (!scope->atom) continue;
        bool a = scope->atom->a && has(axes, scope->atom->a), b = scope->atom->b && has(axes, scope->atom->b);
        bool not_a = scope->atom->a && !a, not_b = scope->atom->b && !b;
        if ((a || b) && (not_a || not_b)) return true;
    }
    return false;
}

static bool in_group(const Cut *c, const IrVar *v) {
    for (int i = 0; i < c->group->body_count; i++)
        if (c->group->body[i]->var == v) return true;
    for (int i = 0; i < c->inner->count; i++)
        if (c->inner->at[i]->var == v) return true;
    return false;
}

static bool depends_on_group(const Cut *c, const IrExpr *e) {
    if (!c->group) return false;
    if (e->var && in_group(c, e->var)) return true;
    for (int i = 0; i < e->argc; i++)
        if (depends_on_group(c, e->arg[i])) return true;
    return false;
}

/* It stands where the equation does: at the scan's points, or once a cycle. */
static void add_time(Arena *arena, Axes *axes, const IrItem *scan, const IrVar *of) {
    if (ir_cycle_of(scan->axis)) add_axis(arena, axes, ir_cycle_of(scan->axis));
    if (ir_has_axis(of, scan->axis)) add_axis(arena, axes, scan->axis);
}

static IrExpr *named(Cut *c, IrExpr *e, const Scope *scope) {
    IrProgram *p = c->g->p;
    Axes axes = {0};
    bool inside = depends_on_group(c, e);
    if (inside && c->group->kind == ITEM_SCAN) add_time(p->arena, &axes, c->group, c->of);
    free_axes(p->arena, e, NULL, &axes);
    IrVar *v = ir_var_new(p, VAR_ALG, name_printf(p->names, "%s.part", c->of->name), axes.count, axes.at);
    v->def = e;
    v->span = e->span.end > e->span.begin ? e->span : c->of->span;
    IrItem *item = ir_item_new(p, ITEM_ALG);
    item->var = v;
    vec_push(p->arena, inside || !c->group ? c->inner : c->outer, item);
    Adjoint adjoint = {.transparent = hidden(scope, &axes)};
    vec_push(p->arena, &c->g->adjoints, adjoint);
    return ir_ref(p, v, NULL);
}

static Scope *inside(Cut *c, const Scope *outer) {
    Scope *s = ARENA_NEW(c->g->p->arena, Scope);
    s->outer = outer;
    return s;
}

static IrExpr *cut(Cut *c, IrExpr *e, const Scope *scope, bool root) {
    if (!e->argc) return e;
    IrProgram *p = c->g->p;
    const Scope *here = scope;
    for (int i = 0; i < e->guard.count; i++) {
        Scope *s = inside(c, here);
        s->atom = &e->guard.atom[i];
        here = s;
    }
    IrExpr *arg[3];
    for (int i = 0; i < e->argc; i++) {
        Scope *s = inside(c, here);
        if (e->op == IR_SELECT && i > 0) s->test = e->arg[0], s->holds = i == 1;
        arg[i] = cut(c, e->arg[i], s, false);
    }
    if (e->op == IR_AMAX && arg[0]->argc) arg[0] = named(c, arg[0], here);
    IrExpr *made = arena_copy(p->arena, e, sizeof *e);
    made->arg = arena_copy(p->arena, arg, sizeof *arg * (size_t)e->argc);
    bool reduction = e->op == IR_SUM || e->op == IR_AMAX;
    return reduction && !root ? named(c, made, scope) : made;
}

/* ---- the ends of cycles ------------------------------------------------------------------------------------------------ */
typedef struct Ends {
    Gradient *g;
    const IrItem *scan;
    Items *inner;
    VEC(IrVar *) of, end; /* a variable over steps, and over the cycle what it is at the last one */
} Ends;

static IrVar *end_of(Ends *s, IrVar *v) {
    IrProgram *p = s->g->p;
    for (int i = 0; i < s->of.count; i++)
        if (s->of.at[i] == v) return s->end.at[i];
    IrAxis *axes[v->axis_count];
    IrIndex index[v->axis_count];
    int count = 0;
    for (int i = 0; i < v->axis_count; i++) {
        index[i] = v->axes[i] == s->scan->axis ? ir_end(s->scan->reversed) : ir_index(v->axes[i]);
        if (v->axes[i] != s->scan->axis) axes[count++] = v->axes[i];
    }
    IrVar *end = ir_var_new(p, VAR_ALG, name_printf(p->names, "%s.last", v->name), count, axes);
    end->def = ir_ref(p, v, index);
    end->span = v->span;
    IrItem *item = ir_item_new(p, ITEM_ALG);
    item->var = end;
    vec_push(p->arena, s->inner, item);
    vec_push(p->arena, &s->g->adjoints, (Adjoint){0});
    vec_push(p->arena, &s->of, v);
    vec_push(p->arena, &s->end, end);
    return end;
}

static IrExpr *at_end(void *data, IrExpr *e) {
    Ends *s = data;
    if (e->op != IR_REF || !ir_in_body(s->scan, e->var) || !ir_has_axis(e->var, s->scan->axis)) return e;
    IrIndex index[e->var->axis_count];
    int count = 0;
    for (int i = 0; i < e->var->axis_count; i++)
        if (e->var->axes[i] != s->scan->axis) index[count++] = e->index[i];
    return ir_ref(s->g->p, end_of(s, e->var), index);
}

/* Of an equation of a cycle; one that is such a value by itself stays. */
static void name_ends(Ends *s, IrItem *item) {
    IrVar *v = item->var;
    if (ir_cycle_of(s->scan->axis) && !ir_has_axis(v, s->scan->axis) && v->def->op != IR_REF) v->def = ir_map(s->g->p, v->def, at_end, s);
}

/* ---- all --------------------------------------------------------------------------------------------------------------- */
static void cut_item(Gradient *g, IrItem *item, IrItem *group, Items *inner, Items *outer) {
    Cut c = {g, item->var, group, inner, outer};
    if (gradient_adjoint(g, item->var)->active) item->var->def = cut(&c, item->var->def, NULL, true);
    vec_push(g->p->arena, inner, item);
}

void gradient_cut(Gradient *g) {
    IrProgram *p = g->p;
    Items items = {0};
    for (int i = 0; i < p->items.count; i++) {
        IrItem *item = p->items.at[i];
        if (item->var) {
            cut_item(g, item, NULL, &items, NULL);
            continue;
        }
        Items body = {0};
        Ends ends = {.g = g, .scan = item, .inner = &body};
        for (int k = 0; k < item->body_count; k++) {
            if (item->kind == ITEM_SCAN) name_ends(&ends, item->body[k]);
            cut_item(g, item->body[k], item, &body, &items);
        }
        item->body = body.at;
        item->body_count = body.count;
        vec_push(p->arena, &items, item);
    }
    p->items.at = items.at, p->items.count = items.count, p->items.capacity = items.capacity;
}
