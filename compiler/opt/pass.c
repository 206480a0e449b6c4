/* What the passes share (pass.h). */
#include "opt/pass.h"

#include <stdarg.h>
#include <string.h>

static bool body_has(const IrItem *owner, const IrVar *v) {
    for (int i = 0; i < owner->body_count; i++)
        if (owner->body[i]->var == v) return true;
    return false;
}

static bool list_has(const ItemList *list, const IrVar *v) {
    for (int i = 0; i < list->count; i++)
        if (list->at[i]->var == v) return true;
    return false;
}

typedef struct Search {
    const IrItem *owner;
    const ItemList *inner; /* what was placed in the body since, or NULL */
    bool found;
} Search;

static void search_ref(void *data, IrExpr *ref) {
    Search *s = data;
    if (ref->var->kind == VAR_NOISE || body_has(s->owner, ref->var) || (s->inner && list_has(s->inner, ref->var))) s->found = true;
}

/* What changes with every step of time is made at each step, and not for all of them before. */
bool opt_dependent(const IrExpr *e, const Place *place) {
    if (!place->owner) return false;
    if (place->owner->kind == ITEM_SCAN && place->owner->axis->kind == AXIS_STEP && ir_uses_axis(e, place->owner->axis)) return true;
    Search s = {place->owner, place->inner, false};
    ir_each_ref((IrExpr *)e, search_ref, &s);
    return s.found;
}

/* ---- facts -------------------------------------------------------------------------------------------------------- */
typedef struct Reading {
    Opt *o;
    bool call;
} Reading;

static void count_ref(void *data, IrExpr *ref) {
    Reading *r = data;
    OptFact *f = &r->o->fact[ref->var->id];
    f->uses++;
    if (ref->op == IR_PREV) f->through_prev = true;
    if (f->call) r->call = true;
}

static bool read_var(Opt *o, const IrVar *v) {
    Reading r = {o, false};
    ir_each_read(v, count_ref, &r);
    return r.call;
}

static void add_var(IrProgram *p, IrVar *v) {
    v->id = p->vars.count;
    vec_push(p->arena, &p->vars, v);
}

static void renumber(Opt *o) {
    IrProgram *p = o->p;
    IrVar **old = p->vars.at;
    int count = p->vars.count;
    memset(&p->vars, 0, sizeof p->vars);
    for (int i = 0; i < count; i++)
        if (ir_is_input(old[i])) add_var(p, old[i]);
    for (int i = 0; i < p->items.count; i++) {
        IrItem *item = p->items.at[i];
        if (item->var) add_var(p, item->var);
        for (int k = 0; k < item->body_count; k++) add_var(p, item->body[k]->var);
    }
}

static void item_facts(Opt *o, IrItem *item, IrItem *owner) {
    OptFact *f = &o->fact[item->var->id];
    f->item = item;
    f->owner = owner;
    if (read_var(o, item->var)) f->call = true;
}

static void body_facts(Opt *o, IrItem *item) {
    bool call = false;
    for (int k = 0; k < item->body_count; k++) item_facts(o, item->body[k], item);
    for (int k = 0; k < item->body_count; k++) call |= o->fact[item->body[k]->var->id].call;
    for (int k = 0; k < item->body_count; k++) o->fact[item->body[k]->var->id].call = call;
}

void opt_facts(Opt *o) {
    IrProgram *p = o->p;
    renumber(o);
    o->fact_count = p->vars.count;
    o->fact = ARENA_ARRAY(p->arena, OptFact, p->vars.count + 1);
    for (int i = 0; i < p->vars.count; i++) o->fact[i].call = p->vars.at[i]->kind == VAR_STIMULUS || p->vars.at[i]->kind == VAR_NOISE;
    for (int i = 0; i < p->outputs.count; i++) o->fact[p->outputs.at[i].var->id].kept = true;
    for (int i = 0; i < p->checks.count; i++) {
        o->fact[p->checks.at[i].left->id].kept = true;
        o->fact[p->checks.at[i].right->id].kept = true;
    }
    for (int i = 0; i < p->items.count; i++) {
        if (p->items.at[i]->var) item_facts(o, p->items.at[i], NULL);
        else body_facts(o, p->items.at[i]);
    }
}

const OptFact *opt_fact(const Opt *o, const IrVar *v) {
    static const OptFact none = {.call = true};
    bool known = v->id >= 0 && v->id < o->fact_count && o->p->vars.at[v->id] == v;
    return known ? &o->fact[v->id] : &none;
}

double opt_size(const Opt *o, const IrAxis *axis) {
    const IrAxis *root = axis->root ? axis->root : axis;
    if (root->id < o->size_count && o->size[root->id] > 0) return (double)o->size[root->id];
    return root->size > 0 ? (double)root->size : 1;
}

double opt_elements(const Opt *o, const IrVar *v) {
    double n = 1;
    for (int i = 0; i < v->axis_count; i++) n *= opt_size(o, v->axes[i]);
    return n;
}

/* ---- axes --------------------------------------------------------------------------------------------------------- */
bool opt_has_axis(const AxisList *list, const IrAxis *axis) {
    for (int i = 0; i < list->count; i++)
        if (list->at[i] == axis) return true;
    return false;
}

static void add_axis(const Opt *o, AxisList *list, IrAxis *axis) {
    if (axis && !opt_has_axis(list, axis)) vec_push(o->p->arena, list, axis);
}

static void used_axes(const Opt *o, const IrExpr *e, AxisList *used, AxisList *bound) {
    if (e->op == IR_POS) add_axis(o, used, e->axis);
    if (e->op == IR_REF || e->op == IR_PREV)
        for (int i = 0; i < e->var->axis_count; i++)
            if (e->index[i].kind == IX_AXIS) add_axis(o, used, e->index[i].axis);
    for (int i = 0; i < e->argc; i++) used_axes(o, e->arg[i], used, bound);
    for (int i = 0; i < e->bound_count; i++) add_axis(o, bound, e->bound[i]);
    for (int i = 0; i < e->guard.count; i++) {
        add_axis(o, used, e->guard.atom[i].a);
        add_axis(o, used, e->guard.atom[i].b);
    }
}

void opt_free_axes(const Opt *o, const IrExpr *e, AxisList *list) {
    AxisList used = {0}, bound = {0};
    used_axes(o, e, &used, &bound);
    for (int i = 0; i < used.count; i++)
        if (!opt_has_axis(&bound, used.at[i])) add_axis(o, list, used.at[i]);
}

void opt_own_axes(Opt *o, const AxisList *free, const IrAxis *fixed, AxisList *own) {
    for (int i = 0; i < free->count; i++) {
        IrAxis *axis = free->at[i];
        if (axis->kind == AXIS_COPY && axis != fixed) {
            IrAxis *root = axis->root;
            bool taken = opt_has_axis(free, root) || opt_has_axis(own, root);
            axis = taken ? ir_axis_copy(o->p, root) : root;
        }
        vec_push(o->p->arena, own, axis);
    }
}

/* ---- equations and places ------------------------------------------------------------------------------------------ */
typedef struct Steps {
    const IrItem *scan;
    const ItemList *inner;
    bool found;
} Steps;

static void read_step(void *data, IrExpr *ref) {
    Steps *s = data;
    if (ir_has_axis(ref->var, s->scan->axis) && (body_has(s->scan, ref->var) || list_has(s->inner, ref->var))) s->found = true;
}

/* Where it stands in a body: last of what is there; what is of a cycle and reads none of its steps before these. */
static int place_in(const Place *place, const IrItem *item) {
    const ItemList *list = place->inner;
    Steps s = {place->owner, list, false};
    if (!place->owner || !ir_cycle_of(place->owner->axis) || ir_has_axis(item->var, place->owner->axis)) return list->count;
    ir_each_read(item->var, read_step, &s);
    int at = 0;
    while (at < list->count && (s.found || !ir_has_axis(list->at[at]->var, place->owner->axis))) at++;
    return at;
}

void opt_place(Opt *o, Place *place, IrItem *item, bool outside) {
    ItemList *list = outside && place->owner ? place->outer : place->inner;
    int at = list == place->inner ? place_in(place, item) : list->count;
    vec_push(o->p->arena, list, item);
    for (int i = list->count - 1; i > at; i--) list->at[i] = list->at[i - 1];
    list->at[at] = item;
}

bool opt_is_position(const Opt *o, const IrAxis *axis) {
    if (axis->root->kind == AXIS_BOUNDED) return true;
    for (int i = 0; i < o->p->axes.count; i++)
        if (o->p->axes.at[i]->kind == AXIS_CYCLE && o->p->axes.at[i]->root == axis->root) return true;
    return false;
}

/* 0: items, 1: the leading position (a cycle, if there is one), 2: other axes, 3: further positions (a row of token x token). */
static int layout_rank(const Opt *o, const AxisList *axes, int at) {
    const char *items = o->options->items;
    if (items && strcmp(axes->at[at]->root->name, items) == 0) return 0;
    if (!opt_is_position(o, axes->at[at])) return 2;
    bool cycle = axes->at[at]->kind == AXIS_CYCLE;
    for (int i = 0; i < axes->count; i++) {
        if (i == at || !opt_is_position(o, axes->at[i])) continue;
        bool other = axes->at[i]->kind == AXIS_CYCLE;
        if (other > cycle || (other == cycle && i < at)) return 3;
    }
    return 1;
}

void opt_layout(Opt *o, AxisList *axes) {
    int n = axes->count, k = 0;
    IrAxis *sorted[n + 1];
    for (int rank = 0; rank < 4; rank++)
        for (int i = 0; i < n; i++)
            if (layout_rank(o, axes, i) == rank) sorted[k++] = axes->at[i];
    for (int i = 0; i < n; i++) axes->at[i] = sorted[i];
}

/* Names of parts: "V.value" and "V.value.t.3" both give "V.value.t" and a number. */
static Name part_name(Opt *o, Name base) {
    size_t n = strlen(base);
    while (n > 0 && base[n - 1] >= '0' && base[n - 1] <= '9') n--;
    if (n > 0 && n < strlen(base) && base[n - 1] == '.') n--;
    if (n < 2 || strncmp(base + n - 2, ".t", 2) != 0) return name_printf(o->p->names, "%s.t", base);
    return name_intern(o->p->names, base, n);
}

IrItem *opt_new_equation(Opt *o, Name base, IrExpr *e, const IrAxis *fixed, IrExpr **ref) {
    AxisList free = {0}, own = {0};
    opt_free_axes(o, e, &free);
    opt_layout(o, &free);
    opt_own_axes(o, &free, fixed, &own);
    IrIndex to[free.count + 1], back[free.count + 1];
    for (int i = 0; i < free.count; i++) to[i] = ir_index(own.at[i]), back[i] = ir_index(free.at[i]);
    IrVar *v = ir_var_new(o->p, VAR_ALG, part_name(o, base), own.count, own.at);
    v->def = ir_substitute(o->p, e, free.count, free.at, to);
    v->span = e->span;
    IrItem *item = ir_item_new(o->p, ITEM_ALG);
    item->var = v;
    *ref = ir_ref(o->p, v, back);
    return item;
}

IrExpr *opt_name_expr(Opt *o, Place *place, Name base, IrExpr *e) {
    bool outside = !opt_dependent(e, place);
    IrExpr *ref;
    /* in a scan the scan's own axis stays, so that the equation can stand there */
    const IrAxis *fixed = !outside && place->owner ? place->owner->axis : NULL;
    opt_place(o, place, opt_new_equation(o, base, e, fixed, &ref), outside);
    return ref;
}

static void change_body(Opt *o, IrItem *owner, ItemList *outer, OptChange change, void *data) {
    ItemList body = {0};
    Place place = {owner, &body, outer};
    for (int k = 0; k < owner->body_count; k++)
        if (!change(o, owner->body[k], &place, data)) vec_push(o->p->arena, &body, owner->body[k]);
    owner->body = body.at;
    owner->body_count = body.count;
}

void opt_each_equation(Opt *o, OptChange change, void *data) {
    ItemList items = {0};
    for (int i = 0; i < o->p->items.count; i++) {
        IrItem *item = o->p->items.at[i];
        Place place = {NULL, &items, &items};
        if (!item->var) change_body(o, item, &items, change, data);
        if (!item->var || !change(o, item, &place, data)) vec_push(o->p->arena, &items, item);
    }
    memcpy(&o->p->items, &items, sizeof items);
}

/* ---- small questions ----------------------------------------------------------------------------------------------- */
bool opt_has_guard(const IrExpr *e) {
    if (e->guard.count) return true;
    for (int i = 0; i < e->argc; i++)
        if (opt_has_guard(e->arg[i])) return true;
    return false;
}

bool opt_scalar(const IrExpr *e) {
    if (e->op == IR_LIT || e->op == IR_SIZE) return true;
    if (e->argc == 0 || e->bound_count) return false;
    for (int i = 0; i < e->argc; i++)
        if (!opt_scalar(e->arg[i])) return false;
    return true;
}

static bool bound_here(const IrAxis *axis, IrAxis *const *bound, int count) {
    for (int i = 0; i < count; i++)
        if (bound[i] == axis) return true;
    return false;
}

/* With j at the position of its partner i (or at 0 when it has none) the atom holds. */
static bool atom_met(const IrAtom *t, bool a_bound, bool b_bound) {
    if (a_bound && b_bound) return false;
    if (!a_bound && !b_bound) return false;
    if (t->a && t->b && t->a->root != t->b->root) return false;
    if ((a_bound && !t->b) || (b_bound && !t->a)) return t->relation == GUARD_LE && t->bound >= 0;
    return t->relation == GUARD_LE ? t->bound >= 0 : t->bound == 0;
}

bool opt_guard_never_empty(const IrGuard *guard, IrAxis *const *bound, int bound_count) {
    const IrAxis *partner[bound_count + 1];
    bool seen[bound_count + 1];
    memset(seen, 0, sizeof seen);
    for (int i = 0; i < guard->count; i++) {
        const IrAtom *t = &guard->atom[i];
        bool a = bound_here(t->a, bound, bound_count), b = bound_here(t->b, bound, bound_count);
        if (!atom_met(t, a, b)) return false;
        const IrAxis *j = a ? t->a : t->b, *with = a ? t->b : t->a;
        for (int k = 0; k < bound_count; k++) {
            if (bound[k] != j) continue;
            if (seen[k] && partner[k] != with) return false;
            seen[k] = true;
            partner[k] = with;
        }
    }
    return true;
}

void opt_notice(Opt *o, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *text = arena_vprintf(o->p->arena, format, args);
    va_end(args);
    vec_push(o->p->arena, &o->report->notices, text);
}
