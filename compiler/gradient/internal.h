/* What the files of the gradient share. */
#ifndef CTX_GRADIENT_INTERNAL_H
#define CTX_GRADIENT_INTERNAL_H
#include "gradient/gradient.h"

/* Where an expression stands, innermost first: each link adds an axis, an atom of a guard, or a condition of a select. */
typedef struct Scope {
    const struct Scope *outer;
    IrAxis *axis;
    const IrAtom *atom;
    IrExpr *test; /* it is, or is not, 0 */
    bool holds;
} Scope;

/* One place where a variable is read, and the derivative of the loss with respect to what is read there. */
typedef struct Reading {
    const IrExpr *ref;
    const Scope *scope;
    IrExpr *cotangent; /* over the axes of the scope */
} Reading;

typedef VEC(Reading) Readings;
typedef VEC(IrAtom) Atoms;
typedef VEC(IrItem *) Items;

typedef struct Carry { /* what readers at a point of a scan (an iteration of a fix) leave for the point they looked back to */
    IrVar *var;     /* NULL: not needed, see `steady` */
    int64_t lag;
    IrExpr *steady; /* the same value, made of adjoints at that point and of nothing else there */
} Carry;

typedef struct Adjoint {
    bool active;      /* the loss depends on it, and it on something that the gradient is asked for */
    bool whole;       /* its adjoint holds at every point, not only where it is read */
    bool lazy;        /* evaluated under conditions on values only */
    bool transparent; /* cut out of its only reader, and followed there */
    Readings readings, backs; /* of REF, of PREV */
    Readings gathers;         /* of both, at the steps of the scan that is being followed: see gather.c */
    Atoms demand;     /* over its axes: where it is read; elsewhere its adjoint means nothing and is not read */
    VEC(Carry) carries;
    IrExpr *value;    /* the adjoint at the variable's own axes: a reference or a number; NULL: 0 */
    IrVar *ties;      /* of a maximum: how many points reach it */
} Adjoint;

typedef struct Before { /* what a state of a scan over steps was so many points ago, as an equation of the adjoint's scan */
    const IrVar *of;
    int64_t lag;
    IrVar *var;
} Before;

typedef struct Gradient {
    IrProgram *p;
    VEC(Adjoint) adjoints; /* by id of the variables that were there before the first adjoint */
    IrVar *loss;
    IrVar **of;
    int of_count;
    const IrItem *steps; /* the scan over steps of time whose steps are being followed, or NULL; */
    Items *at_steps;     /* and the equations of the adjoint's scan at its steps */
    VEC(Before) befores;
} Gradient;

static inline Adjoint *gradient_adjoint(const Gradient *g, const IrVar *v) { return &g->adjoints.at[v->id]; }

/* active.c */
/* Each reference of e with a derivative: none of comparisons, conditions, or under stop_gradient. */
void gradient_each_leaf(IrExpr *e, void (*visit)(void *data, IrExpr *ref), void *data);
bool gradient_has_active(const Gradient *g, IrExpr *e);
void gradient_mark_active(Gradient *g);

/* lazy.c: sets Adjoint.lazy. */
void gradient_mark_lazy(Gradient *g);

/* cut.c: every sum and maximum inside an active equation gets an equation of its own. */
void gradient_cut(Gradient *g);

/* rules.c: notes what the cotangent of e means for every variable that e reads. `self`: a reference that has e's value, or NULL. */
void gradient_follow(Gradient *g, IrExpr *e, const Scope *scope, IrExpr *cotangent, IrExpr *self);
/* The same for v's definition, once its adjoint is known. */
void gradient_follow_definition(Gradient *g, IrVar *v);
const Scope *gradient_scope_axis(Gradient *g, const Scope *outer, IrAxis *axis);

/* pull.c */
/* The sum of all readings of v, as an expression over v's axes; NULL: 0. Settles v's demand if it is not whole. */
IrExpr *gradient_pull(Gradient *g, const IrVar *v);
/* The same of v's looks back by `lag`, at the point that looks. */
IrExpr *gradient_pull_backs(Gradient *g, const IrVar *v, int64_t lag);
/* One reading of v, likewise. */
IrExpr *gradient_turn(Gradient *g, const IrVar *v, const Reading *reading);

/* stored.c */
/* e with every look back written as a value that is stored. */
IrExpr *gradient_stored(Gradient *g, IrExpr *e);
/* The same where the adjoint's scan stands: looks back over steps of time get equations of their own in it. */
IrExpr *gradient_stored_here(Gradient *g, IrExpr *e);

/* positions.c */
/* The condition as an atom of a guard, where it is one. */
bool gradient_atom_of(const IrExpr *test, bool holds, IrAtom *atom);
bool gradient_atom_is_true(const IrAtom *atom); /* at every point */
IrExpr *gradient_atom_test(IrProgram *p, IrAtom atom);

/* group.c: the adjoints of a scan or a fix. */
void gradient_group(Gradient *g, IrItem *item);

/* gather.c */
/* What the steps of a scan that was followed heard of what has no steps, added up in the adjoint's scan. */
void gradient_gather(Gradient *g, const IrItem *scan, Items *steps, Items *end);
/* The sum of e over the `lag` points that the scan of `over` does last, as a state of it that is named after v. */
IrExpr *gradient_gather_last(Gradient *g, const IrItem *scan, const IrVar *v, IrVar *over, int64_t lag, Items *steps);

/* renumber.c: axes from `source_axes` on are the gradient's. */
void gradient_renumber(IrProgram *p, int source_axes);

/* gradient.c */
/* v's adjoint is def: the equation `v.bar[I] = def`, added to `items`, where that is no number. */
void gradient_define(Gradient *g, const IrVar *v, IrExpr *def, Items *items);
#endif
