/* The plan of an evaluation: nodes, equations, steps. Private to reference/.
 *
 * An equation is evaluated over runs of points along one axis of its variable (the run axis), for every position of the
 * others. Each node gives the values over the current run. A sum goes through its bound axes either keeping the run of
 * the expression around it (each lane has its own sum) or, for one lane at a time, along one of its own axes (a dot
 * product), whichever reads memory in order. Guards narrow these loops and runs; what lies outside is not visited. A
 * sum that does not depend on every axis around it becomes an equation of its own, evaluated first (hoisting). */
#ifndef CTX_REFERENCE_PLAN_H
#define CTX_REFERENCE_PLAN_H
#include "reference/kernels.h"

enum { MOST_AXES = 16 };

typedef struct Tensor {
    const IrVar *var; /* NULL: a hoisted sum */
    int rank;
    IrAxis **axes;
    int64_t *size, *stride;
    int64_t count;
    double *value, *bound;
    double *before, *before_bound; /* fix: the iterate before */
    struct Tensor *init;           /* states: the value before the first point, over the other axes; NULL: 0 */
    bool fixing;                   /* prev reads `before` */
    /* In a scan over steps that nobody outside looks into: only the last `slots` points are kept, one place after the other in
     * `ring`; value and bound are those of the current step. 0: all points are kept. */
    int64_t slots;
    double *ring;
    bool needed, kept, bound_by_caller;
    bool exact;                    /* its values are given out without error */
    int last_use;                  /* step after which it may go; -1: never */
} Tensor;

/* How one index of a read moves: position(axis) + offset, or `offset` alone when axis is NULL. */
typedef struct Place {
    const IrAxis *axis;
    int64_t offset, stride, size;
} Place;

typedef struct Level { /* one loop of a reduction */
    IrAxis *axis;
    int atom_count;
    IrAtom *atom; /* those that are decided here: all their other axes are fixed further out */
} Level;

typedef struct Node Node;
struct Node {
    IrOp op;
    int argc;
    Node *arg[3];
    bool uniform;      /* the same value for the whole run */
    double *v, *b;     /* results of a run */
    double constant, constant_bound;
    const IrAxis *axis; /* IR_POS: its axis; reductions: the run around them */
    /* reads: */
    Tensor *tensor;
    int place_count;
    Place *place;
    int64_t run_stride; /* elements between two lanes */
    bool careful;       /* may leave the tensor, or reads before the first point */
    bool whole_before;  /* prev in fix */
    int64_t lag;        /* prev in a scan: so many points earlier; 0: not */
    bool reversed;      /* the scan runs from the last point to the first */
    int back_along, back_outer; /* prev in a scan: the places of the scan's axis, and of the cycle whose steps it are (-1: none) */
    /* reductions: */
    Node *factor;       /* body is arg[0] * factor, or arg[0] */
    int level_count;    /* loops, the run last */
    Level *level;
    Level outside;      /* atoms that no loop of this reduction decides */
    bool along;         /* the run is an axis of the reduction: a dot product */
    double terms;       /* at most so many terms */
    double *a;          /* magnitudes (v, b hold values and errors meanwhile) */
};

typedef struct Equation {
    Tensor *to;
    Node *root;
    IrAxis *run;    /* NULL: no axis left, one point */
    int run_dim;
    IrAxis *fixed[2]; /* the scan's axis and the cycle whose steps it are, as far as the variable has them; or NULL */
    double cost;
} Equation;
typedef VEC(Equation *) Equations;

typedef struct Step {
    const IrItem *item;
    Equations first; /* once, before: hoisted sums, initial values */
    Equations body;  /* once; each point of a scan; each iteration of a fix */
    Equations begin, end; /* scan over the steps of a cycle: once a cycle, before and after its steps */
} Step;

static inline bool is_fixed(const Equation *q, const IrAxis *axis) {
    return axis && (axis == q->fixed[0] || axis == q->fixed[1]);
}

struct Reference {
    Arena *arena;
    const IrProgram *p;
    RefArithmetic how;
    int64_t *size;     /* by axis id */
    int64_t *position; /* by axis id */
    Tensor *tensor;    /* by variable id */
    VEC(Tensor *) hoisted;
    VEC(Step *) steps;
    Step *step;        /* the one being planned */
    Equations *list;   /* of it, where equations go */
    Equation *equation;
    bool *in_body;     /* by variable id: belongs to the scan or fix being planned */
    uint64_t seed;     /* of noise */
    int64_t time;      /* steps done since the scan over steps being run began */
    double cost, bytes;
    double largest_bound;
    char *error;
};

void plan_program(Reference *r);
/* Evaluates one equation at the current position of its fixed axis. */
void evaluate_equation(Reference *r, const Equation *equation);
static inline int64_t run_size(const Reference *r, const IrAxis *axis) { return r->size[axis->root->id]; }
#endif
