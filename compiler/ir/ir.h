/* The intermediate representation: index notation in two levels of one textual form (IR.md specifies both).
 *
 * System level: what the circuit says (algebra, states over cycles, differential equations). Core level: what a
 * reading computes (algebra, scan, fix). A program is a list of items in dependence order, single assignment, no
 * names but its own. This header depends on base/ and diag/ only: interpreter, passes and code generation see it and
 * never the circuit.
 *
 * Index variables ARE axes. A variable declared `v[token, d]` may be read as `v[j, d]` when j and token have the
 * same root (a copy, a cycle over it, or itself). An expression may use the axes of the equation it stands in and
 * those bound by an enclosing reduction; an axis is bound once in an equation and is none of its own (ir_axis_copy
 * makes a fresh one). Expressions are immutable once built and may be shared. */
#ifndef CTX_IR_IR_H
#define CTX_IR_IR_H
#include "base/names.h"
#include "diag/diag.h"
#include "ir/learn.h"

typedef struct IrAxis IrAxis;
typedef struct IrVar IrVar;
typedef struct IrExpr IrExpr;
typedef struct IrItem IrItem;
typedef struct IrProgram IrProgram;

/* ---- axes -------------------------------------------------------------------------------------------------------- */
typedef enum IrAxisKind { AXIS_CONST, AXIS_BOUNDED, AXIS_COPY, AXIS_CYCLE, AXIS_STEP, AXIS_ITERATION } IrAxisKind;
struct IrAxis {
    Name name;     /* unique in the program */
    IrAxisKind kind;
    int64_t size;  /* AXIS_CONST: size; AXIS_BOUNDED: the bound; else that of the root */
    IrAxis *base;  /* AXIS_COPY, AXIS_CYCLE: what it runs over; AXIS_STEP: the cycle that these are the steps of, or NULL */
    IrAxis *root;  /* the axis that owns the size: itself, or base's root */
    int id;        /* position in IrProgram.axes */
};

/* ---- expressions ------------------------------------------------------------------------------------------------- */
#define IR_PI "3.14159265358979323846" /* to more digits than any element type holds: in derivatives of erf and gelu */

typedef enum IrOp {
#define IR_OP(name, spelling, arity) IR_##name,
#include "ir/ir_ops.def"
#undef IR_OP
    IR_OP_COUNT
} IrOp;

typedef enum IrIndexKind { IX_AXIS, IX_LAST, IX_CONST } IrIndexKind;
typedef struct IrIndex {
    IrIndexKind kind;
    IrAxis *axis;   /* IX_AXIS: the index variable */
    int64_t offset; /* IX_CONST: the position; else added to the position (0 nearly always; in range by construction) */
} IrIndex;

/* One atom of a guard: position(a) - position(b) <= bound (or == bound). a or b may be NULL: position 0.
 * `token <= now` is {token, now, 0, LE}; `now - token < 8` is {now, token, 7, LE}; `h == 3` is {h, NULL, 3, EQ}. */
typedef enum IrRelation { GUARD_LE, GUARD_EQ } IrRelation;
typedef struct IrAtom {
    IrAxis *a, *b;
    int64_t bound;
    IrRelation relation;
} IrAtom;
typedef struct IrGuard { /* a conjunction; empty (count 0) is true */
    int count;
    IrAtom *atom;
} IrGuard;

struct IrExpr {
    IrOp op;
    int argc;
    IrExpr **arg;
    double value;     /* IR_LIT */
    Name text;        /* IR_LIT: exact decimal spelling ("0.1", "1e-12", "3"), for printing and exact arithmetic */
    Name parameter;   /* IR_LIT: of the neuron type, whose value this is, for reports ("leak"); NULL: none */
    IrAxis *axis;     /* IR_SIZE, IR_POS */
    IrVar *var;       /* IR_REF, IR_PREV */
    IrIndex *index;   /* IR_REF, IR_PREV: one per axis of var, in its declared order */
    int64_t lag;      /* IR_PREV: so many points earlier, at least 1 */
    int bound_count;  /* IR_SUM, IR_AMAX */
    IrAxis **bound;
    IrGuard guard;    /* IR_SUM, IR_AMAX */
    Span span;        /* where in the source it came from; may be none */
};

/* ---- variables and items ----------------------------------------------------------------------------------------- */
typedef enum IrVarKind {
    VAR_STIMULUS, /* data, one per run */
    VAR_WEIGHT,   /* universally quantified in an exact check, bound at load */
    VAR_NOISE,    /* independent normal numbers, one at each point: a function of seed, name and point, never stored */
    VAR_ALG,      /* v[I] = def */
    VAR_STATE,    /* v[I] = def over a cycle axis; def may read prev(v); starts at init */
    VAR_ODE,      /* system level: coefficient * v' = def; starts at init */
} IrVarKind;

typedef enum IrInitKind {
    INIT_UNBOUND, INIT_NORMAL, INIT_UNIFORM, INIT_XAVIER, INIT_CONSTANT,
    INIT_BERNOULLI, INIT_CHOOSE, INIT_LIST, /* 1 or 0: which pairs a sparse projection has */
    INIT_KIND_COUNT
} IrInitKind;

struct IrVar {
    Name name;       /* unique; dotted path of the population and its part: "V.mask", "V.mask.apical", "block.0.out" */
    IrVarKind kind;
    int axis_count;
    IrAxis **axes;   /* layout order (semantics.md rule 5) */
    IrExpr *def;     /* VAR_ALG, VAR_STATE, VAR_ODE */
    IrExpr *init;    /* VAR_STATE, VAR_ODE: value before the first point; may use the variable's other axes */
    IrExpr *coefficient; /* VAR_ODE */
    Name method;     /* VAR_ODE: how to integrate it (base/methods.def), NULL: by the form of its equation */
    int64_t iterate_count;    /* system level: its population says `iterate count until tolerance`; 0: it does not */
    double iterate_tolerance;
    IrAxis *scan_axis;   /* VAR_STATE, and any variable read through prev: the cycle axis it advances along */
    bool reversed;       /* VAR_STATE of a reversed scan: it advances from the last point of scan_axis to the first */
    Name unit;       /* inputs, outputs: printed unit, or NULL */
    Name origin;     /* population, spec variable or weight this is, for reports ("V.mask"); NULL: the compiler made it */
    Name origin_kind; /* "population", "compartment", "spec", "weight", "stimulus", ... */
    Span span;       /* its declaration */
    /* VAR_WEIGHT: */
    Name tensor;     /* name in the weight file, NULL: drawn */
    IrInitKind draw;
    double draw_a, draw_b; /* normal(a = mean, b = deviation), uniform(a, b), xavier (fan-in/out in a, b), constant a,
                            * bernoulli (1 with probability a, else 0), choose (a ones in each run of b elements), list (not drawn:
                            * `tensor` is a file of pairs; share a of ones or 0, b sources) */
    bool literal;    /* const in the source: program text, not quantified */
    int id;          /* position in IrProgram.vars */
};

typedef enum IrItemKind {
    ITEM_ALG,  /* one equation: var */
    /* The body in order for each point of `axis`, first to last (last to first if reversed); states are the body's variables with an init. Where `axis` are
     * the steps of a cycle, all of that is done for each point of the cycle (last to first if reversed), states going on from the step
     * that was done last; equations over the cycle but not its steps stand before those of the steps, and are done before them, or behind. */
    ITEM_SCAN,
    ITEM_FIX,  /* body repeated until no component of `vars with an init` moves more than tolerance, at most `count` times */
    ITEM_STATE, ITEM_ODE, /* system level only: one equation */
} IrItemKind;
struct IrItem {
    IrItemKind kind;
    IrVar *var;        /* ITEM_ALG, ITEM_STATE, ITEM_ODE */
    IrAxis *axis;      /* ITEM_SCAN; every body variable has it, or the cycle that it are the steps of, among its axes */
    bool reversed;     /* ITEM_SCAN: from the last point to the first */
    int body_count;    /* ITEM_SCAN, ITEM_FIX: algebraic items (ITEM_ALG; a variable with an init is a state) */
    IrItem **body;
    int64_t count;     /* ITEM_FIX: at most this many iterations */
    double tolerance;  /* ITEM_FIX */
};

typedef struct IrOutput { /* `output y`, and `record p` (recorded): materialised under this name */
    Name name;
    IrVar *var;
    bool recorded;
    bool gauge; /* no result: what the clock looks at, the largest local error so far of what has this name */
    Span span;
} IrOutput;

typedef struct IrCheck { /* for all points of the axes (equal, in order) left == right */
    Name name;      /* "check 1" where the source gives none */
    IrVar *left, *right;
    double within;  /* > 0: tolerance written in the source; 0: exact */
    Name factor;    /* not NULL: left == c * right (or c * left == right) for some rational number c other than 0 */
    int factor_on;  /* the side that c is a factor of: 0 left, 1 right */
    Span span;
} IrCheck;

typedef struct IrAssumption { Name text; } IrAssumption; /* "tau of pyramidal is not 0", ... for explain and reports */

typedef struct IrTaken { /* gradient() of a loss, as the equations of adjoints have it: gradient, with the axes of the input `of` */
    IrVar *loss, *of, *gradient;
} IrTaken;

typedef enum IrLevel { LEVEL_SYSTEM, LEVEL_CORE } IrLevel;
struct IrProgram {
    Arena *arena;
    Names *names;
    IrLevel level;
    Name name; /* of the source, without directory and suffix */
    VEC(IrAxis *) axes;
    VEC(IrVar *) vars;    /* inputs first in declaration order, then equations in item order */
    VEC(IrItem *) items;
    VEC(IrOutput) outputs;
    VEC(IrCheck) checks;
    VEC(IrLoss) losses; /* these three: learn.h; what runs has none of them (ir_forget_learning) */
    VEC(IrRule) rules;
    VEC(IrLearn) learns;
    VEC(IrAssumption) assumptions;
    VEC(IrTaken) taken; /* until the program is rewritten (opt/) */
};

/* ---- building (build.c of this folder and every pass) ------------------------------------------------------------ */
IrProgram *ir_program_new(Arena *arena, Names *names, IrLevel level);
IrAxis *ir_axis_new(IrProgram *p, Name name, IrAxisKind kind, int64_t size, IrAxis *base);
IrAxis *ir_axis_copy(IrProgram *p, IrAxis *of);           /* fresh copy, named after its root: token.1, token.2 ... */
/* Appends to vars; the caller adds the item. The name is made unique by a suffix if it is taken. */
IrVar *ir_var_new(IrProgram *p, IrVarKind kind, Name name, int axis_count, IrAxis *const *axes);
IrItem *ir_item_new(IrProgram *p, IrItemKind kind);       /* not appended */
/* The axis that a variable of the scan's body advances along: the scan's own, or the cycle that it are the steps of. */
IrAxis *ir_scan_axis(const IrItem *scan, const IrVar *v);
IrVar *ir_alg(IrProgram *p, Name name, int axis_count, IrAxis *const *axes, IrExpr *def); /* variable + appended item */

/* Expression builders fold the trivial cases (0 + e, 1 * e, -(-e), literal arithmetic that is exact). */
IrExpr *ir_lit(IrProgram *p, double value);               /* text is the shortest decimal that gives value */
IrExpr *ir_lit_text(IrProgram *p, Name text);
IrExpr *ir_size(IrProgram *p, IrAxis *axis);
IrExpr *ir_pos(IrProgram *p, IrAxis *axis);
IrExpr *ir_ref(IrProgram *p, IrVar *var, const IrIndex *index); /* index NULL: the variable's own axes */
IrExpr *ir_prev(IrProgram *p, IrVar *var, const IrIndex *index); /* lag 1 */
IrExpr *ir_prev_by(IrProgram *p, IrVar *var, const IrIndex *index, int64_t lag);
IrExpr *ir_node(IrProgram *p, IrOp op, int argc, IrExpr *const *arg); /* as it is, nothing folded: the parser's builder */
IrExpr *ir_op1(IrProgram *p, IrOp op, IrExpr *a);
IrExpr *ir_op2(IrProgram *p, IrOp op, IrExpr *a, IrExpr *b);
IrExpr *ir_select(IrProgram *p, IrExpr *condition, IrExpr *a, IrExpr *b);
IrExpr *ir_reduce(IrProgram *p, IrOp op, int bound_count, IrAxis *const *bound, IrGuard guard, IrExpr *body);
static inline IrIndex ir_index(IrAxis *axis) { return (IrIndex){IX_AXIS, axis, 0}; }

static inline bool ir_is_input(const IrVar *v) { return v->kind == VAR_STIMULUS || v->kind == VAR_WEIGHT || v->kind == VAR_NOISE; }
/* The cycle whose steps a scan's axis are, or NULL. */
static inline IrAxis *ir_cycle_of(const IrAxis *axis) { return axis && axis->kind == AXIS_STEP ? axis->base : NULL; }
/* The index is the current point of this axis. */
static inline bool ir_is_here(IrIndex index, const IrAxis *axis) { return index.kind == IX_AXIS && index.axis == axis && index.offset == 0; }

/* ---- looking ----------------------------------------------------------------------------------------------------- */
IrVar *ir_find_var(const IrProgram *p, const char *name); /* NULL if none */
IrAxis *ir_find_axis(const IrProgram *p, const char *name);
bool ir_expr_equal(const IrExpr *a, const IrExpr *b);     /* same structure; bound axes up to renaming */
bool ir_uses_axis(const IrExpr *e, const IrAxis *axis);   /* free occurrence */
bool ir_uses_var(const IrExpr *e, const IrVar *var);
/* Calls visit for every REF and PREV node of e; of all that v's equation reads, its initial value included; of all that an item's do. */
void ir_each_ref(IrExpr *e, void (*visit)(void *data, IrExpr *ref), void *data);
void ir_each_read(const IrVar *v, void (*visit)(void *data, IrExpr *ref), void *data);
void ir_each_read_of(const IrItem *item, void (*visit)(void *data, IrExpr *ref), void *data);
bool ir_binds(const IrExpr *e, const IrAxis *axis);       /* a reduction over this axis, and maybe others */
/* The share of ones in a table that says which pairs a sparse projection has, as drawn, or a guess where a file lists them that is not
 * there yet; 1 for everything else. */
double ir_density(const IrVar *v);

bool ir_has_axis(const IrVar *v, const IrAxis *axis);
bool ir_in_body(const IrItem *group, const IrVar *v); /* of a scan or fixpoint; NULL: of none */
/* The axis are steps of time, or the cycle whose steps v has: along it v moves, and one point of it is there at a time. */
bool ir_is_time(const IrVar *v, const IrAxis *axis);
/* Marks v, and all that it depends on by way of definitions and initial values, by variable id; what is marked is not followed. */
void ir_reach(bool *reached, const IrVar *v);
/* The value of an elementwise operator at numbers, in float64; false for other operators. */
bool ir_apply(IrOp op, const double *operand, double *value);
/* The value of an expression of literals, sizes of fixed axes and elementwise operators alone. */
bool ir_number(const IrExpr *e, double *value);
/* Literals, sizes, positions and elementwise operators of them: known without data. */
bool ir_is_known(const IrExpr *e);
/* Of `label == e`, either way round, e known without data and the label a stimulus of one number: the label; else NULL. */
const IrVar *ir_label_of(const IrExpr *e, const IrExpr **with);
typedef struct IrLabel {
    const IrVar *v;
    int64_t elements;    /* of v, each of which is one of these, or none: */
    VEC(int64_t) values; /* the whole numbers that it is compared with, in the order of the equations */
} IrLabel;
typedef VEC(IrLabel) IrLabels;
char *ir_label_text(Arena *arena, const IrLabel *label); /* what it is compared with: "0 to 9", "2, 5" */
/* The labels of the marked variables, at these sizes of the axes (by the id of the root). */
IrLabels ir_labels(Arena *arena, const IrProgram *p, const bool *reached, const int64_t *size);
/* Points that the program needs an axis to have, by its id: 5 where position 4 of it is read, or last - 4, whatever its size. Of a root. */
int64_t *ir_least_sizes(Arena *arena, const IrProgram *p);
/* Names of the ways to draw, as the textual form and the descriptor spell them; of INIT_UNBOUND NULL. */
extern const char *const ir_draw_name[INIT_KIND_COUNT];

/* The index, on the axis that a scan goes along, of the point that it does last: `last`, or 0 if it is reversed. */
static inline IrIndex ir_end(bool reversed) { return (IrIndex){reversed ? IX_CONST : IX_LAST, NULL, 0}; }
static inline bool ir_is_end(bool reversed, IrIndex index) { return index.kind == ir_end(reversed).kind && index.offset == 0; }
/* Does the index, on the axis v advances along (or, if these are steps, on their cycle), say that of v's scan? */
bool ir_is_final(const IrVar *v, IrIndex index);
/* Is a state read, by IR_REF, at the last point of its scan? */
bool ir_reads_end(const IrExpr *ref);

/* Moves a position of v `lag` points back along its scan axis, from the first step of a cycle to the last of the one before;
 * size gives the number of points of an axis. A reversed scan's point before is the one after. False: before the first point;
 * the scan's positions are then 0. */
bool ir_step_back(const IrVar *v, int64_t lag, int64_t *position, int64_t (*size)(const void *data, const IrAxis *axis), const void *data);

/* ---- rewriting --------------------------------------------------------------------------------------------------- */
/* e with each free axis from[i] replaced by the index to[i] (an axis or a position); bound axes are refreshed, so the
 * result may stand beside e in one program. */
IrExpr *ir_substitute(IrProgram *p, IrExpr *e, int count, IrAxis *const *from, const IrIndex *to);
/* The definition of ref->var read at ref's indices: inlining. ref is an IR_REF of a VAR_ALG. */
IrExpr *ir_inline(IrProgram *p, const IrExpr *ref);
/* e rebuilt bottom-up: `rewrite` sees each node after its arguments were rewritten and returns its replacement. */
IrExpr *ir_map(IrProgram *p, IrExpr *e, IrExpr *(*rewrite)(void *data, IrExpr *e), void *data);
/* A program of its own in the same arena: new axes, variables, expressions and items, same ids; passes edit the
 * copy. */
IrProgram *ir_clone(const IrProgram *p);
/* Takes losses, rules and learn statements off a program that is to be run, compared or rewritten: nothing keeps what they read. */
void ir_forget_learning(IrProgram *p);
const char *ir_learns_by(const IrProgram *p, const IrLearn *learn); /* the rule or the loss, by the name that it has in the source */

/* join.c: both programs as one, over the inputs of the first; a check for each output of the same name in both: left is a's, right
 * is b's. The result is read by evaluation; its items are in dependence order, but b's literals and copies are not shared. */
IrProgram *ir_join(const IrProgram *a, const IrProgram *b);

/* ---- text (IR.md) ------------------------------------------------------------------------------------------------ */
void ir_print(const IrProgram *p, FILE *to);
char *ir_expr_text(Arena *arena, const IrExpr *e);
/* Parses what ir_print writes. On error returns NULL and *error holds "line N: message". */
IrProgram *ir_parse(Arena *arena, Names *names, const char *text, char **error);

/* ---- invariants -------------------------------------------------------------------------------------------------- */
/* NULL when p is well formed at its level, else what is wrong (names, axes, single assignment, order, bound once). */
char *ir_verify(const IrProgram *p);
#endif
