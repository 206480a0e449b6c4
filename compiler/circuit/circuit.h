/* The checked circuit model: names resolved, templates and repeats expanded, units scaled, axes known.
 *
 * sema/ builds it from the syntax; ir/ (build_*.c) is the only reader and turns it into the system-level IR. It is
 * flat: an instance's population is a population whose path starts with the instance's name. It depends on base/ and
 * diag/ only.
 *
 * CirExpr.index is never NULL for CIR_REF and CIR_PREVIOUS: one entry per axis of the entity. Expressions may be shared
 * and one with a reduction inside may stand in two places: the reader makes fresh bound axes for each place.
 * CirProjection.convergent are always fresh copies, used in this projection alone, already substituted in source,
 * weight and guard. */
#ifndef CTX_CIRCUIT_CIRCUIT_H
#define CTX_CIRCUIT_CIRCUIT_H
#include "base/names.h"
#include "diag/diag.h"

typedef struct CirAxis CirAxis;
typedef struct CirEntity CirEntity;
typedef struct CirExpr CirExpr;
typedef struct CirPopulation CirPopulation;
typedef VEC(CirAxis *) CirAxes;

typedef enum CirAxisKind { CIR_AXIS_CONST, CIR_AXIS_BOUNDED, CIR_AXIS_COPY, CIR_AXIS_CYCLE } CirAxisKind;
struct CirAxis {
    Name name; /* unique: a template's fresh axis is "instance.axis" */
    CirAxisKind kind;
    int64_t size; /* const: size; bounded: bound; copy and cycle: of the root */
    CirAxis *base, *root;
    Span span;
};

/* ---- expressions: over entities, all indices explicit ------------------------------------------------------------ */
typedef enum CirOp { /* the spelling of the language; build_expr.c maps them to IR operators */
    CIR_NUMBER, CIR_SIZE, CIR_POSITION, CIR_REF, CIR_PREVIOUS, CIR_NEG, CIR_ADD, CIR_SUB, CIR_MUL, CIR_DIV, CIR_POW,
    CIR_EXP, CIR_LOG, CIR_SQRT, CIR_SIN, CIR_COS, CIR_TANH, CIR_SIGMOID, CIR_RELU, CIR_GELU, CIR_ERF, CIR_ABS, CIR_STOP,
    CIR_MIN, CIR_MAX, CIR_LT, CIR_LE, CIR_EQ, CIR_SELECT, CIR_SUM, CIR_AMAX, CIR_TIME, CIR_DERIVATIVE, CIR_SETTLE,
    CIR_GRADIENT, /* of a loss (a reference) with respect to what the second reference reads */
} CirOp;

typedef enum CirIndexKind { CIR_IX_AXIS, CIR_IX_LAST, CIR_IX_CONST } CirIndexKind;
typedef struct CirIndex { /* one per axis of the entity, in its layout order */
    CirIndexKind kind;
    CirAxis *axis;    /* CIR_IX_AXIS: read along this axis (same root as the entity's) */
    int64_t position; /* CIR_IX_CONST */
} CirIndex;

typedef struct CirAtom { /* position(a) - position(b) <= bound, or == bound; a or b NULL: 0 */
    CirAxis *a, *b;
    int64_t bound;
    bool equal;
} CirAtom;
typedef VEC(CirAtom) CirGuard; /* conjunction; count 0: true */

struct CirExpr {
    CirOp op;
    Span span;
    int argc;
    CirExpr **arg;
    Name text;         /* CIR_NUMBER: exact decimal, already scaled to base units */
    double value;
    Name parameter;    /* CIR_NUMBER: of the neuron type, whose value this is; NULL: none */
    CirAxis *axis;     /* CIR_SIZE, CIR_POSITION */
    CirEntity *entity; /* CIR_REF, CIR_PREVIOUS */
    CirIndex *index;
    CirAxes bound;     /* CIR_SUM, CIR_AMAX: fresh copies, bound once (mean is sum / size) */
    CirGuard guard;
    double nodes;      /* of the tree, shared parts counted each time: what a reader that does not share would build */
};

/* ---- entities: whatever has axes and a value --------------------------------------------------------------------- */
typedef enum CirEntityKind {
    ENTITY_STIMULUS, ENTITY_WEIGHT, ENTITY_CONST,
    ENTITY_RATE,        /* the population's rate: what `V.mask` means in a reference      */
    ENTITY_STATE,       /* a state of a cell or of a synapse                               */
    ENTITY_COMPARTMENT, /* summed input                                                    */
    ENTITY_VARIABLE,    /* further first-order or algebraic quantity of a cell             */
    ENTITY_SPEC,        /* variable of an expanded spec, or one side of a check            */
    ENTITY_SYNAPSE,     /* transmitted signal of a synapse model, before convergence       */
    ENTITY_NOISE,       /* white noise of a cell, of unit intensity: <xi(t) xi(s)> = delta(t - s) */
} CirEntityKind;

typedef enum CirDraw { DRAW_NONE, DRAW_NORMAL, DRAW_UNIFORM, DRAW_XAVIER, DRAW_CONSTANT, DRAW_BERNOULLI, DRAW_CHOOSE, DRAW_LIST } CirDraw;
struct CirEntity {
    CirEntityKind kind;
    Name path;        /* "V.mask", "V.mask.apical", "V.W_Q", "block[0].out" */
    CirAxes axes;     /* layout order: cycle axes (live, as propagated), enclosing outside in, declared */
    Name unit;        /* printed unit or NULL */
    Span span;
    CirPopulation *population; /* rate, state, compartment, variable: whose */
    /* weights */
    Name tensor;      /* in the weight file, or NULL */
    CirDraw draw;
    double draw_a, draw_b;
    bool literal;     /* `const W` : program text, not quantified */
    CirEntity *tied;  /* same tensor as this one, or NULL; readers follow it (same axes sizes in order) */
    /* ENTITY_CONST, ENTITY_SPEC: */
    CirExpr *value;   /* over `axes` */
    void *lowered;    /* for the reader: its IR variable */
};

/* One equation of a cell, over the population's own axes (rates, compartments... referenced with index NULL = own axes).
 *   derivative: coefficient * variable' = value      (coefficient NULL: 1)
 *   otherwise:  variable = value                     (for a state: its value in this cycle; may hold CIR_PREVIOUS) */
typedef struct CirEquation {
    CirEntity *variable;
    bool derivative;
    CirExpr *coefficient, *value;
    Span span;
} CirEquation;

typedef struct CirState { /* initial value of a state or of a rate read through previous() (0) */
    CirEntity *variable;
    CirExpr *init;
} CirState;

typedef struct CirCompartment {
    CirEntity *entity;
    CirExpr *otherwise;  /* value when nothing targets it, or NULL (then sema has reported E) */
} CirCompartment;

struct CirPopulation {
    Name path, type, role, layer; /* "V.mask", "pyramidal", "population"|"nucleus"|"interneuron", "L23" or NULL */
    Name region;                  /* "V", "thalamus" ... outermost group, or NULL */
    CirAxes axes;                 /* as of its rate */
    CirEntity *rate;
    VEC(CirCompartment) compartments;
    VEC(CirState) states;
    VEC(CirEquation) equations;
    VEC(CirEntity *) noises;
    Name method;                  /* `method rk4`: one of methods.def, or NULL */
    Span method_span;
    bool iterates;                /* `iterate n until tol` */
    int64_t iterate_count;
    double iterate_tolerance;
    Span span;
};

/* source -> target: the compartment receives  sum over (axes of source and weight that the target has not) where guard of
 * weight * source. `source` is written over explicit indices; `convergent` are the axes summed, already fresh copies where
 * the target has the same axis under another role. A drive `<-` is a projection with nothing convergent. */
typedef struct CirProjection {
    CirExpr *source;       /* CIR_REF or CIR_PREVIOUS, or a synapse signal; NULL for a pure bias (tonic input) */
    CirExpr *weight;       /* NULL: 1 */
    CirExpr *delay;        /* seconds, of positions and constants; the source is heard so much later. NULL: none */
    CirAxes convergent;
    CirGuard guard;
    CirExpr *bias;         /* added once per target unit, outside sum and guard; or NULL */
    CirEntity *target;     /* ENTITY_COMPARTMENT */
    Span span;
} CirProjection;

/* Synapse with its own state (fast weights): axes of source and target. Equations as of a cell, over those axes. */
typedef struct CirSynapse {
    Name path;             /* "store.via.key" */
    CirEntity *signal;     /* what it transmits, ENTITY_SYNAPSE; the projection's source refers to it */
    VEC(CirState) states;
    VEC(CirEquation) equations;
    Span span;
} CirSynapse;

typedef struct CirOutput {
    Name name;
    CirEntity *entity;     /* for an expression: an ENTITY_SPEC with value */
    bool recorded;
    Span span;
} CirOutput;

typedef struct CirCheck {
    Name name;
    CirEntity *left, *right; /* ENTITY_SPEC, same axes in order */
    double within;           /* 0: none written */
    Name factor;             /* `for some c`: the sides, c left out, may differ by a number; NULL: none written */
    int factor_on;           /* the side it stands on: 0 left, 1 right */
    Span span;
} CirCheck;

typedef struct CirLoss { /* ENTITY_SPEC without axes */
    Name name;
    CirEntity *entity;
    Span span;
} CirLoss;

typedef struct CirRule { /* how much is added to the weight: an ENTITY_SPEC with its axes, in its order */
    Name name;
    CirEntity *entity, *weight;
    bool local;
    Span span;
} CirRule;

typedef struct CirArgument { /* of an optimiser, or the rate */
    Name name;             /* NULL: by position */
    double value;
    Span span;
} CirArgument;

typedef struct CirLearn {
    CirEntity *weight;     /* no tied one, and none that is frozen; in one of these only */
    CirEntity *rule;       /* of a CirRule on that weight, or NULL: by the gradient of */
    CirEntity *loss;       /* of a CirLoss */
    CirEntity *online;     /* an ENTITY_STATE [cycle, axes of the weight]: what it is after each cycle; NULL: it changes by training */
    Name optimiser;        /* as written (runtime/include/optimisers.def knows which there are), NULL: `rate` */
    Span optimiser_span;
    VEC(CirArgument) arguments;
    Span span;
} CirLearn;

typedef struct Circuit {
    Arena *arena;
    Names *names;
    Name name;
    CirAxes axes;
    VEC(CirEntity *) stimuli, weights, consts, specs; /* specs in dependence order */
    VEC(CirPopulation *) populations;
    VEC(CirSynapse *) synapses;
    VEC(CirProjection *) projections;
    VEC(CirOutput) outputs;
    VEC(CirCheck) checks;
    VEC(CirLoss) losses;
    VEC(CirRule) rules;
    VEC(CirLearn) learns;
    int instances, nuclei;
    int64_t areas, columns; /* for summaries; bounded axes at their bound */
} Circuit;
#endif
