/* Readings turned round.
 *
 * Where an equation over J reads v[i(J)] with cotangent c, v's adjoint gets
 *     v.bar[I] += sum(J where i(J) == I) c
 * Each index that is an axis says what that axis is at I, and takes it out of the sum; what is left of i(J) == I are conditions on
 * I: the range of an axis read with an offset, two indices on one axis, a fixed position. The axes of the reading that no index
 * names are summed, under the guards they came with. Conditions on I alone become a select around the sum, except where v is read
 * nowhere else (its demand): nothing reads the adjoint there either. */
#include "gradient/internal.h"

typedef VEC(IrAxis *) Axes;
typedef VEC(IrExpr *) Tests;

typedef struct Pull {
    Gradient *g;
    const IrVar *v;
    const Reading *reading;
    Axes from;           /* axes of the reading that an index names, */
    VEC(IrIndex) to;     /* and what they are over v's axes */
    Axes rest;           /* the others */
    Atoms sum_atoms;     /* of the scope, that touch these */
    Atoms atoms;         /* conditions on v's axes */
    Tests tests;         /* further ones */
} Pull;

static const IrIndex *image(const Pull *p, const IrAxis *axis) {
    for (int i = 0; i < p->from.count; i++)
        if (p->from.at[i] == axis) return &p->to.at[i];
    return NULL;
}

static void require(Pull *p, IrAtom atom) {
    bool known = gradient_atom_is_true(&atom);
    for (int i = 0; i < p->atoms.count; i++) {
        const IrAtom *have = &p->atoms.at[i];
        known |= have->a == atom.a && have->b == atom.b && have->relation == atom.relation && have->bound == atom.bound;
    }
    if (!known) vec_push(p->g->p->arena, &p->atoms, atom);
}

/* position(own) <= size - 1 - short_by, or == */
static void require_from_end(Pull *p, IrAxis *own, int64_t short_by, IrRelation relation) {
    IrProgram *ir = p->g->p;
    if (own->root->kind != AXIS_BOUNDED) {
        require(p, (IrAtom){own, NULL, own->root->size - 1 - short_by, relation});
        return;
    }
    IrExpr *end = ir_op2(ir, IR_SUB, ir_size(ir, own), ir_lit(ir, (double)(1 + short_by)));
    vec_push(ir->arena, &p->tests, ir_op2(ir, relation == GUARD_EQ ? IR_EQ : IR_LE, ir_pos(ir, own), end));
}

/* v's axis number k was read at axis + offset: that axis is own - offset, which must be a point of it. */
static void name_axis(Pull *p, IrAxis *own, IrIndex index) {
    Arena *arena = p->g->p->arena;
    const IrIndex *known = image(p, index.axis);
    if (known) { /* own - offset == known */
        require(p, (IrAtom){own, known->axis, index.offset + known->offset, GUARD_EQ});
        return;
    }
    vec_push(arena, &p->from, index.axis);
    vec_push(arena, &p->to, ((IrIndex){IX_AXIS, own, -index.offset}));
    if (index.offset > 0) require(p, (IrAtom){NULL, own, -index.offset, GUARD_LE});
    if (index.offset < 0) require_from_end(p, own, -index.offset, GUARD_LE);
}

static void turn_indices(Pull *p) {
    for (int k = 0; k < p->v->axis_count; k++) {
        IrIndex index = p->reading->ref->index[k];
        IrAxis *own = p->v->axes[k];
        if (index.kind == IX_AXIS) name_axis(p, own, index);
        else if (index.kind == IX_LAST) require_from_end(p, own, -index.offset, GUARD_EQ);
        else require(p, (IrAtom){own, NULL, index.offset, GUARD_EQ});
    }
}

static void move_side(const Pull *p, IrAxis **axis, int sign, int64_t *bound) {
    if (!*axis) return;
    const IrIndex *to = image(p, *axis);
    *axis = to->axis;
    *bound -= sign * to->offset;
}

static void turn_atom(Pull *p, IrAtom atom) {
    if ((atom.a && !image(p, atom.a)) || (atom.b && !image(p, atom.b))) {
        vec_push(p->g->p->arena, &p->sum_atoms, atom);
        return;
    }
    move_side(p, &atom.a, 1, &atom.bound);
    move_side(p, &atom.b, -1, &atom.bound);
    require(p, atom);
}

static void turn_scope(Pull *p) {
    for (const Scope *s = p->reading->scope; s; s = s->outer)
        if (s->axis && !image(p, s->axis)) vec_push(p->g->p->arena, &p->rest, s->axis);
    for (const Scope *s = p->reading->scope; s; s = s->outer) {
        IrAtom atom;
        if (s->atom) turn_atom(p, *s->atom);
        else if (s->test && gradient_atom_of(s->test, s->holds, &atom)) turn_atom(p, atom);
    }
}

static Pull turned(Gradient *g, const IrVar *v, const Reading *reading) {
    Pull p = {.g = g, .v = v, .reading = reading};
    turn_indices(&p);
    turn_scope(&p);
    return p;
}

/* ---- demand ------------------------------------------------------------------------------------------------------------ */
static bool alike(const IrAtom *a, const IrAtom *b) {
    return a->a == b->a && a->b == b->b && a->relation == b->relation && (a->relation == GUARD_LE || a->bound == b->bound);
}

static const IrAtom *find(const Atoms *list, const IrAtom *atom) {
    for (int i = 0; i < list->count; i++)
        if (alike(&list->at[i], atom)) return &list->at[i];
    return NULL;
}

/* What every reading asks for; of two bounds on the same positions the weaker one. */
static void meet(Atoms *demand, const Atoms *here) {
    int n = 0;
    for (int i = 0; i < demand->count; i++) {
        IrAtom atom = demand->at[i];
        const IrAtom *other = find(here, &atom);
        if (!other) continue;
        if (other->bound > atom.bound) atom.bound = other->bound;
        demand->at[n++] = atom;
    }
    demand->count = n;
}

static void settle_demand(Gradient *g, const IrVar *v, Adjoint *a) {
    if (a->whole) return;
    for (int i = 0; i < a->readings.count; i++) {
        Pull p = turned(g, v, &a->readings.at[i]);
        if (i == 0) a->demand = p.atoms;
        else meet(&a->demand, &p.atoms);
    }
}

static bool in_demand(const Atoms *demand, const IrAtom *atom) {
    for (int i = 0; i < demand->count; i++)
        if (alike(&demand->at[i], atom) && demand->at[i].bound <= atom->bound) return true;
    return false;
}

/* ---- contributions ----------------------------------------------------------------------------------------------------- */
static IrExpr *where(IrProgram *p, IrExpr *test, bool holds, IrExpr *e) {
    IrExpr *zero = ir_lit(p, 0);
    return holds ? ir_select(p, test, e, zero) : ir_select(p, test, zero, e);
}

/* Conditions on values stay with the summand: they say where it may be evaluated. */
static IrExpr *summand(const Pull *p) {
    IrExpr *e = p->reading->cotangent;
    IrAtom atom;
    for (const Scope *s = p->reading->scope; s; s = s->outer)
        if (s->test && !gradient_atom_of(s->test, s->holds, &atom)) e = where(p->g->p, s->test, s->holds, e);
    return e;
}

static IrExpr *contribution(Pull *p, const Atoms *demand) {
    IrProgram *ir = p->g->p;
    IrExpr *e = summand(p);
    if (p->rest.count) e = ir_reduce(ir, IR_SUM, p->rest.count, p->rest.at, (IrGuard){p->sum_atoms.count, p->sum_atoms.at}, e);
    e = ir_substitute(ir, gradient_stored_here(p->g, e), p->from.count, p->from.at, p->to.at);
    for (int i = 0; i < p->tests.count; i++) e = where(ir, p->tests.at[i], true, e);
    for (int i = 0; i < p->atoms.count; i++)
        if (!demand || !in_demand(demand, &p->atoms.at[i])) e = where(ir, gradient_atom_test(ir, p->atoms.at[i]), true, e);
    return e;
}

static IrExpr *plus(IrProgram *p, IrExpr *a, IrExpr *b) {
    return a ? ir_op2(p, IR_ADD, a, b) : b;
}

IrExpr *gradient_turn(Gradient *g, const IrVar *v, const Reading *reading) {
    Pull p = turned(g, v, reading);
    return contribution(&p, NULL);
}

IrExpr *gradient_pull(Gradient *g, const IrVar *v) {
    Adjoint *a = gradient_adjoint(g, v);
    IrExpr *e = v == g->loss ? ir_lit(g->p, 1) : NULL;
    settle_demand(g, v, a);
    for (int i = 0; i < a->readings.count; i++) {
        Pull p = turned(g, v, &a->readings.at[i]);
        e = plus(g->p, e, contribution(&p, a->whole ? NULL : &a->demand));
    }
    return e;
}

IrExpr *gradient_pull_backs(Gradient *g, const IrVar *v, int64_t lag) {
    Adjoint *a = gradient_adjoint(g, v);
    IrExpr *e = NULL;
    for (int i = 0; i < a->backs.count; i++) {
        if (a->backs.at[i].ref->lag == lag) e = plus(g->p, e, gradient_turn(g, v, &a->backs.at[i]));
    }
    return e;
}
