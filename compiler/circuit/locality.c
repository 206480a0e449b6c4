/* See locality.h. The rule is walked with its own equations put in; every quantity of the circuit that it reads is placed by whose it is
 * and by where it is read. */
#include "circuit/locality.h"

#include <string.h>

#include "circuit/build.h"

/* A quantity of a cell at the synapse is read at a point `at` along an axis that the weight has not (the cycle, the column). */
typedef struct Point {
    const CirAxis *axis, *at;
    const CirExpr *ref;
} Point;
typedef VEC(Point) Points;

typedef struct Walk {
    Circuit *c;
    const CirRule *rule;
    const CirIndex *weight;  /* how the projection reads the weight */
    CirLocality *found;
    VEC(const CirEntity *) open; /* equations being put in: a trace reads itself */
} Walk;

/* ---- the synapses ---------------------------------------------------------------------------------------------------- */
static const CirExpr *reading_of(const CirExpr *e, const CirEntity *weight) {
    if (!e) return NULL;
    if (e->op == CIR_REF && (e->entity == weight || e->entity->tied == weight)) return e;
    for (int i = 0; i < e->argc; i++) {
        const CirExpr *found = reading_of(e->arg[i], weight);
        if (found) return found;
    }
    return NULL;
}

/* Those of the which-th projection that has the weight. False: there are not so many. */
static bool find_synapses(Walk *w, int which) {
    for (int i = 0; i < w->c->projections.count; i++) {
        const CirProjection *p = w->c->projections.at[i];
        const CirExpr *ref = reading_of(p->weight, w->rule->weight), *bias = reading_of(p->bias, w->rule->weight);
        if ((!ref && !bias) || which--) continue;
        w->found->projection = ref ? p : NULL;
        w->found->target = p->target;
        w->weight = (ref ? ref : bias)->index;
        return true;
    }
    return false;
}

/* ---- one quantity ---------------------------------------------------------------------------------------------------- */
/* The axis of the rule along which the projection's axis is read; NULL: the weight has not this axis. */
static const CirAxis *own_axis(const Walk *w, const CirAxis *axis) {
    const CirAxes *axes = &w->rule->weight->axes;
    for (int k = 0; w->weight && k < axes->count; k++)
        if (w->weight[k].kind == CIR_IX_AXIS && w->weight[k].axis == axis) return w->rule->entity->axes.at[k];
    return NULL;
}

/* Is the quantity, whose axes are those of the projection in `axes`, read at the synapse's own cells? */
static bool at_own_cells(Walk *w, const CirExpr *ref, const CirIndex *axes, Points *points) {
    for (int i = 0; i < ref->entity->axes.count; i++) {
        const CirAxis *axis = axes[i].kind == CIR_IX_AXIS ? axes[i].axis : NULL, *own = axis ? own_axis(w, axis) : NULL;
        if (ref->index[i].kind != CIR_IX_AXIS) return false;
        if (own && ref->index[i].axis != own) return false;
        if (!own && axis) vec_push(w->c->arena, points, ((Point){axis, ref->index[i].axis, ref}));
    }
    return true;
}

static bool is_before(const Walk *w, const CirEntity *e) {
    const CirExpr *source = w->found->projection ? w->found->projection->source : NULL;
    return source && source->entity && (e == source->entity || (e->population && e->population->rate == source->entity));
}

static CirPlace place_before(Walk *w, const CirExpr *ref, Points *points) {
    const CirExpr *source = w->found->projection->source;
    CirIndex axes[ref->entity->axes.count + 1];
    for (int i = 0; i < ref->entity->axes.count; i++) {
        axes[i] = (CirIndex){.kind = CIR_IX_LAST};
        for (int k = 0; k < source->entity->axes.count; k++)
            if (source->entity->axes.at[k] == ref->entity->axes.at[i]) axes[i] = source->index[k];
    }
    return at_own_cells(w, ref, axes, points) ? PLACE_BEFORE : PLACE_OTHERS;
}

static void own_axes(const CirEntity *e, CirIndex *axes) {
    for (int i = 0; i < e->axes.count; i++) axes[i] = (CirIndex){.kind = CIR_IX_AXIS, .axis = e->axes.at[i]};
}

/* A cycle's points are moments, and so are those of the sequence that it presents, for cells that do not have one for each of them. */
static bool is_moment(const CirAxes *behind, const CirAxis *axis) {
    bool presented = false;
    for (int i = 0; i < behind->count; i++) presented |= behind->at[i]->kind == CIR_AXIS_CYCLE && behind->at[i]->root == axis->root;
    return axis->kind == CIR_AXIS_CYCLE || (presented && !cir_axes_have(behind, axis));
}

/* All its axes are those of the cell behind, moments apart, and one at least of these it has not, or it has none. */
static bool is_broadcast(const Walk *w, const CirEntity *e) {
    const CirAxes *behind = &w->found->target->population->axes;
    bool fewer = true; /* what is one number is one for all, be it of one cell */
    for (int i = 0; i < e->axes.count; i++) fewer &= is_moment(behind, e->axes.at[i]);
    for (int i = 0; i < e->axes.count; i++)
        if (!is_moment(behind, e->axes.at[i]) && !cir_axes_have(behind, e->axes.at[i])) return false;
    for (int i = 0; i < behind->count; i++) fewer |= behind->at[i]->kind != CIR_AXIS_CYCLE && !cir_axes_have(&e->axes, behind->at[i]);
    return fewer;
}

static bool is_own(const Walk *w, const CirExpr *ref) {
    for (int i = 0; i < ref->entity->axes.count; i++)
        if (ref->index[i].kind != CIR_IX_AXIS || ref->index[i].axis != w->rule->entity->axes.at[i]) return false;
    return true;
}

/* What is not there has its moment, too. */
static CirPlace elsewhere(Walk *w, const CirExpr *ref, Points *points) {
    for (int i = 0; i < ref->entity->axes.count; i++) {
        const CirAxis *axis = ref->entity->axes.at[i];
        if (axis->kind == CIR_AXIS_CYCLE && ref->index[i].kind == CIR_IX_AXIS) vec_push(w->c->arena, points, ((Point){axis, ref->index[i].axis, ref}));
    }
    return PLACE_ELSEWHERE;
}

static CirPlace place_of(Walk *w, const CirExpr *ref, Points *points) {
    const CirEntity *e = ref->entity, *weight = e->tied ? e->tied : e;
    if (e->kind == ENTITY_WEIGHT) return weight == w->rule->weight && is_own(w, ref) ? PLACE_OWN : PLACE_WEIGHT;
    if (!w->found->target) return elsewhere(w, ref, points);
    if (is_before(w, e)) return place_before(w, ref, points);
    bool behind = e->population == w->found->target->population;
    if (!behind && (!(e->population || e->kind == ENTITY_STIMULUS) || !is_broadcast(w, e))) return elsewhere(w, ref, points);
    CirIndex axes[e->axes.count + 1];
    own_axes(e, axes);
    if (!at_own_cells(w, ref, axes, points)) return behind ? PLACE_OTHERS : PLACE_ELSEWHERE;
    return behind ? PLACE_BEHIND : PLACE_BROADCAST;
}

/* "V.key[head, token', a]": the quantity's own axes; what is read along another one than the rule's of that name is primed. */
static const char *text_of(const Walk *w, const CirExpr *ref) {
    Arena *arena = w->c->arena;
    const CirEntity *e = ref->entity;
    const CirAxes *own = &w->rule->entity->axes;
    const char *text = e->path, *names[e->axes.count + 1];
    for (int i = 0; i < e->axes.count; i++) {
        const CirAxis *at = ref->index[i].axis;
        names[i] = ref->index[i].kind == CIR_IX_LAST ? "last" : arena_printf(arena, "%lld", (long long)ref->index[i].position);
        if (ref->index[i].kind == CIR_IX_AXIS) {
            names[i] = cir_axes_have(own, at) ? at->name : e->axes.at[i]->name;
            for (int k = 0; k < own->count; k++)
                if (own->at[k] != at && strcmp(own->at[k]->name, names[i]) == 0) names[i] = arena_printf(arena, "%s'", names[i]);
        }
        for (int k = 0; k < i; k++)
            if (strcmp(names[k], names[i]) == 0 && ref->index[k].axis != at) names[i] = arena_printf(arena, "%s'", names[i]);
        text = arena_printf(arena, "%s%s%s", text, i ? ", " : "[", names[i]);
    }
    return e->axes.count ? arena_printf(arena, "%s]", text) : text;
}

static void add(Walk *w, const CirExpr *ref, CirPlace place) {
    const char *text = ref->entity ? text_of(w, ref) : cir_expr_text(w->c->arena, ref);
    for (int i = 0; i < w->found->quantities.count; i++) {
        CirQuantity *known = &w->found->quantities.at[i];
        if (strcmp(known->text, text) != 0) continue;
        if (place > known->place) known->place = place;
        return;
    }
    vec_push(w->c->arena, &w->found->quantities, ((CirQuantity){ref, text, place}));
}

/* ---- the rule ---------------------------------------------------------------------------------------------------------- */
static Points walk(Walk *w, CirExpr *e);

static Points put_in(Walk *w, CirExpr *ref) {
    CirEntity *e = ref->entity;
    CirRenames map = {0};
    for (int i = 0; i < w->open.count; i++)
        if (w->open.at[i] == e) return (Points){0};
    for (int i = 0; i < e->axes.count; i++)
        if (ref->index[i].kind == CIR_IX_AXIS) vec_push(w->c->arena, &map, ((CirRename){e->axes.at[i], ref->index[i].axis}));
    vec_push(w->c->arena, &w->open, e);
    Points points = walk(w, cir_rename(w->c, e->value, &map));
    w->open.count--;
    return points;
}

static Points walk_ref(Walk *w, CirExpr *e) {
    Points points = {0};
    if (e->entity->kind == ENTITY_CONST || (e->entity->kind == ENTITY_WEIGHT && e->entity->literal)) return points;
    if (e->entity->kind == ENTITY_SPEC && e->entity->value) return put_in(w, e);
    add(w, e, place_of(w, e, &points));
    return points;
}

/* What is multiplied has to be there at one moment. Terms of a sum, and what was summed before, may be of different ones. */
static void join(Walk *w, bool term, const Points *more, Points *all) {
    for (int i = 0; i < more->count; i++) {
        const Point *p = &more->at[i];
        for (int k = 0; k < all->count && !term; k++)
            if (all->at[k].axis == p->axis && all->at[k].at != p->at) add(w, p->ref, PLACE_THEN);
    }
    for (int i = 0; i < more->count; i++) vec_push(w->c->arena, all, more->at[i]);
}

static Points walk(Walk *w, CirExpr *e) {
    Points all = {0}, left = {0};
    if (e->op == CIR_REF || e->op == CIR_PREVIOUS) return walk_ref(w, e);
    if (e->op == CIR_GRADIENT) {
        add(w, e, PLACE_GRADIENT);
        return all;
    }
    for (int i = 0; i < e->argc; i++) {
        Points points = walk(w, e->arg[i]);
        join(w, e->op == CIR_ADD || e->op == CIR_SUB, &points, &all);
    }
    if (e->op != CIR_SUM && e->op != CIR_AMAX) return all;
    for (int i = 0; i < all.count; i++)
        if (!cir_axes_have(&e->bound, all.at[i].at)) vec_push(w->c->arena, &left, all.at[i]);
    return left;
}

CirLocalities cir_locality(Circuit *c, const CirRule *rule) {
    CirLocalities all = {0};
    for (bool more = true; more;) {
        CirLocality found = {.local = true};
        Walk w = {.c = c, .rule = rule, .found = &found};
        more = find_synapses(&w, all.count);
        if (!more && all.count) break;
        walk(&w, rule->entity->value);
        for (int i = 0; i < found.quantities.count; i++) found.local &= found.quantities.at[i].place <= PLACE_LOCAL_END;
        vec_push(c->arena, &all, found);
    }
    return all;
}

const char *cir_place_key(CirPlace place) {
    static const char *const key[] = {[PLACE_BEFORE] = "before", [PLACE_BEHIND] = "behind", [PLACE_OWN] = "own", [PLACE_BROADCAST] = "broadcast",
                                      [PLACE_OTHERS] = "others", [PLACE_THEN] = "then", [PLACE_ELSEWHERE] = "elsewhere",
                                      [PLACE_WEIGHT] = "weight", [PLACE_GRADIENT] = "gradient"};
    return key[place];
}

/* ---- in words ------------------------------------------------------------------------------------------------------------ */
static const char *kind_text(const CirEntity *e) {
    switch (e->kind) {
    case ENTITY_RATE: return "rate";
    case ENTITY_STATE: return "state";
    case ENTITY_COMPARTMENT: return "compartment";
    case ENTITY_STIMULUS: return "stimulus";
    case ENTITY_SYNAPSE: return "synapse";
    default: return "variable";
    }
}

static const char *owner(const CirEntity *e) { return e->population ? e->population->path : e->path; }

/* The cells that hear a stimulus one to one; NULL: none. */
static const CirEntity *driven(const Circuit *c, const CirEntity *stimulus) {
    for (int i = 0; i < c->projections.count; i++) {
        const CirProjection *p = c->projections.at[i];
        if (p->source && p->source->entity == stimulus && !p->weight && !p->convergent.count) return p->target->population->rate;
    }
    return NULL;
}

static const char *elsewhere_text(const Circuit *c, const CirLocality *l, const CirEntity *e) {
    const CirEntity *heard = e->kind == ENTITY_STIMULUS ? driven(c, e) : NULL;
    if (heard) return arena_printf(c->arena, "a stimulus; the cells that hear it are %s", heard->path);
    const char *what = arena_printf(c->arena, "%s of other cells", kind_text(e));
    if (!l->target || !e->population) return what;
    bool alike = true;
    for (int i = 0; i < e->axes.count; i++)
        alike &= e->axes.at[i]->kind == CIR_AXIS_CYCLE || cir_axes_have(&l->target->population->axes, e->axes.at[i]);
    return arena_printf(c->arena, "%s; a projection from %s to a compartment of %s%s would bring it", what, owner(e), owner(l->target),
                        alike ? "" : ", with weights of its own,");
}

static const char *weight_text(const Circuit *c, const CirQuantity *q, const CirLocality *l) {
    for (int i = 0; i < c->projections.count; i++) {
        const CirProjection *p = c->projections.at[i];
        if (p->source && reading_of(p->weight, q->ref->entity))
            return arena_printf(c->arena, "weights of other synapses, from %s to %s%s", p->source->entity->path, p->target->path,
                                l->projection == p ? " as these" : "");
    }
    return "weights of other synapses";
}

const char *cir_place_text(const Circuit *c, const CirLocality *l, const CirQuantity *q) {
    const CirEntity *e = q->ref->entity;
    switch (q->place) {
    case PLACE_BEFORE: return arena_printf(c->arena, "%s of the cell before it", kind_text(e));
    case PLACE_BEHIND: return arena_printf(c->arena, "%s of the cell behind it", kind_text(e));
    case PLACE_OWN: return "the weight itself";
    case PLACE_BROADCAST: return arena_printf(c->arena, "%s, broadcast to %s", kind_text(e), owner(l->target));
    case PLACE_OTHERS: return arena_printf(c->arena, "%s of other cells of %s", kind_text(e), owner(e));
    case PLACE_THEN: return arena_printf(c->arena, "%s at another moment than what it is multiplied by; a trace would keep it", kind_text(e));
    case PLACE_ELSEWHERE: return elsewhere_text(c, l, e);
    case PLACE_WEIGHT: return weight_text(c, q, l);
    case PLACE_GRADIENT: break;
    }
    return "a gradient of the whole circuit";
}
