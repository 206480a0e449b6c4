/* The inside of a trial, for the files that evaluate one: evaluate.c (elements), functions.c (expressions), reduce.c (sums and
 * maxima), exponents.c (arguments of exponentials), loops.c (loops that settle), tangent.c (derivatives). Its users include
 * evaluate.h. */
#ifndef CTX_EXACT_TRIAL_H
#define CTX_EXACT_TRIAL_H
#include "exact/evaluate.h"

/* Values of a sum or a maximum, by the positions of the axes it stands in: a subexpression that several elements share is
 * computed once. */
typedef struct Memo {
    const IrExpr *node;
    int axis_count;
    const IrAxis **axes;
    const Value **at;
} Memo;

typedef struct Memos { /* open addressing by node */
    Memo *at;
    int slots, count;
} Memos;

/* Where elements of a variable are kept: its own values, or the fresh ones of a cut, which several variables share. */
typedef struct Store {
    const Value **at;   /* row-major */
    const IrVar *like;  /* whose axes `at` goes by */
    const int *order;   /* by axis of `like`: the variable's axis; NULL: the same order */
} Store;

typedef struct Settled { /* a loop at its fixed point r = f(r): f(r) is the symbol r */
    const Value *value, *symbol;
    uint64_t hash;
} Settled;

typedef struct Loop { /* a fix */
    const IrItem *item;
    const IrVar **state;
    int states;
    bool begun, looked;  /* for an earlier loop that is the same */
    bool same;           /* there is one, whose symbols it has */
    bool solved;         /* its symbols are the solution of its step */
    bool moved;          /* the derivatives of its symbols were looked for */
    const Value ***step; /* by state and element: the step from the symbols; NULL: not yet computed */
} Loop;

struct Trial {
    Points m;
    const IrProgram *p;
    const int64_t *size;
    int64_t *position; /* by axis id: the point being evaluated */
    uint64_t seed;
    const IrLabels *labels; /* NULL: none */
    int64_t which;          /* case of theirs */
    Basis *basis;
    int64_t denominator; /* of exponents */
    Keyed *keyed;
    Store *own, *cut;      /* by variable id */
    Store *symbol;         /* of states of a loop that settles: what prev says */
    Loop **loop;           /* by variable id: the fix in whose body it stands; NULL: in none */
    const Loop *stepping;  /* whose body is looked at as a function of what prev says, not at the fixed point */
    VEC(Loop *) loops;
    const IrVar *current;
    Memos memos;
    VEC(Settled) settled;
    const Value *zero;     /* the derivative of what does not move, and of nothing else */
    bool *moves;           /* by variable id: depends on an input that moves; NULL: no direction was chosen */
    Store *tangent, *cut_tangent, *symbol_tangent; /* derivatives of what own, cut, symbol keep; the last two by `like` */
    Memos tangent_memos;
    VEC(Settled) settled_tangents;
    bool by_argument;      /* slopes of what a loop settles to, by its function's argument */
    const Value *pi;       /* a symbol: in derivatives alone, where IR_PI stands for it */
    VEC(const char *) assumptions;
    bool signs, full;
    bool maxima, met_maxima; /* those of two: as symbols; met */
    bool shares, met_shares; /* derivatives of those of many: by the arguments that reach them; met */
    double prime_bits;
    const char *why;
    Span where;
};

/* ---- evaluate.c ----------------------------------------------------------------------------------------------------- */
const Value *trial_undecided(Trial *t, const IrExpr *e, const char *why); /* NULL */
void trial_assume(Trial *t, const char *text);
/* `what` has a %s for the equation's name; assumed of values that depend on inputs or weights. */
void trial_assume_here(Trial *t, const Value *a, const char *what) __attribute__((format(printf, 3, 0)));
int64_t trial_elements(const Trial *t, const IrVar *v);
Store *trial_store(Trial *t, Store *stores, const IrVar *v);
/* Where an element is kept; -1: outside of an axis. */
int64_t trial_place(const Trial *t, const Store *store, const int64_t *position);
bool trial_advance(const Trial *t, const IrVar *v, int64_t *position); /* row-major; false after the last */
int64_t trial_index(const Trial *t, const IrExpr *ref, int i); /* the position that the ith index of a reference says */
/* Where a reference leads; false: before the first point, to the initial value. */
bool trial_position(const Trial *t, const IrExpr *ref, int64_t *position);
/* e, of v's definition or initial value, at a point: v's axes take their positions, and give them back. */
const Value *trial_at(Trial *t, const IrVar *v, const int64_t *position, const IrExpr *e,
                      const Value *(*what)(Trial *t, const IrExpr *e));
const Value *trial_read(Trial *t, const IrExpr *e);
/* Literals, sizes, positions and arithmetic on them: what is known without data. */
bool trial_concrete(const Trial *t, const IrExpr *e, double *x);

/* ---- functions.c ---------------------------------------------------------------------------------------------------- */
const Value *trial_eval(Trial *t, const IrExpr *e);
const Value *trial_inverse(Trial *t, const IrExpr *e, const Value *a);
const Value *trial_step(Trial *t, const Value *a, int at_zero); /* value_step, and signs were met */
const Value *trial_half(Trial *t, const Value *a);
const Value *trial_pi(Trial *t);

/* ---- exponents.c ---------------------------------------------------------------------------------------------------- */
const Value *trial_exponential(Trial *t, const IrExpr *e, int n); /* e^(n e), n = 1, -1, 2 ... */

/* ---- reduce.c ------------------------------------------------------------------------------------------------------- */
const Value *trial_reduce(Trial *t, const IrExpr *e);
/* Its derivative, by that of its body. */
const Value *trial_reduce_tangent(Trial *t, const IrExpr *e, const Value *(*tangent)(Trial *t, const IrExpr *e));

/* ---- loops.c -------------------------------------------------------------------------------------------------------- */
void trial_mark_loops(Trial *t);
/* What prev says of a state. */
const Value *trial_symbol(Trial *t, const IrVar *v, const int64_t *position);
/* A variable in a loop's body, by its definition. */
const Value *trial_settle(Trial *t, const IrVar *v, const int64_t *position);
/* What is known to be the right side of a loop at its fixed point is that loop's symbol. */
const Value *trial_settled(Trial *t, const Value *value);

/* ---- solve.c -------------------------------------------------------------------------------------------------------- */
enum { LOOP_MOST = 24 }; /* elements of the states of a loop that is solved; degrees may double with each */
int trial_unknowns(const Trial *t, const Loop *l); /* how many; 0: too many */
bool trial_is_affine(const Trial *t, const Loop *l);
/* All elements of all states after one step from what the symbols are; false: undecided. */
typedef bool (*LoopStep)(Trial *t, const Loop *l, const Value **to);
/* Gives the symbols in `stores` the values that an affine step leaves as they are. False: none were given. */
bool trial_solve(Trial *t, const Loop *l, Store *stores, LoopStep step);
#endif
