/* What the files of the dynamic reading share.
 *
 * A *group* is what one clock drives: the steps of one cycle axis, or of one cycle without an axis. An *environment* is a moment at
 * which the circuit's algebra is wanted: the stages of a step, its end, the end of a cycle. The *instance* of a variable in an
 * environment is the equation that gives its value there; instances are made when they are asked for, each once, so the items of a
 * group come out in dependence order. */
#ifndef CTX_IR_DYNAMIC_INTERNAL_H
#define CTX_IR_DYNAMIC_INTERNAL_H
#include "ir/dynamic.h"

typedef VEC(IrItem *) DynItems;
typedef struct DynGroup DynGroup;
typedef struct Dynamic Dynamic;

typedef enum DynMoment {
    AT_STAGE,  /* of a step, at its beginning plus `fraction` of it */
    AT_WITHIN, /* of the step that was just done, at `fraction` of it: what delayed readers at later stages hear later */
    AT_STEP,   /* the end of a step, for records */
    AT_CYCLE,  /* the end of a cycle */
    AT_END,    /* the end of the last cycle, seen from outside: no axes of time */
} DynMoment;

typedef struct DynEnv {
    DynMoment moment;
    DynGroup *group;
    int stage;           /* AT_WITHIN: the first one at that fraction */
    double fraction;     /* of a step, 0 to 1 */
    DynItems *items;     /* where its equations go */
    IrVar **instance;    /* by id of the variable in the system program */
    IrExpr **slope;      /* by id: derivative, once asked for */
    bool *open, *made;   /* by id: being made, made */
    IrExpr *white;       /* what stands for white noise, over a normal number; NULL: 1 / sqrt(dt) */
    VEC(const IrVar *) path; /* those being made */
} DynEnv;

enum { DYN_STAGES = 7 }; /* at most */

typedef struct DynRatio { /* a weight: of whole numbers, or a decimal over 1 */
    double over, under;   /* over 0: the slope is not used */
} DynRatio;

typedef struct DynMethod {
    const char *name;
    int stages;
    const double *c;        /* fraction of the step of each stage */
    const DynRatio (*a)[DYN_STAGES]; /* weights of earlier slopes */
    const DynRatio *b;      /* weights of the slopes in the update */
    DynRatio (*within)(int slope, double fraction); /* in the continuous extension, at fractions of stages; NULL: has none */
    const DynRatio *error;  /* b less the weights of the embedded method; NULL: has none */
    bool exponential;
    double stable;          /* largest dt / tau for tau v' = -v; 0: any */
} DynMethod;

struct DynGroup {
    IrAxis *cycle, *step; /* cycle NULL: one cycle */
    int rank;             /* groups of a lower rank have ended before this one begins */
    bool *member;         /* by id */
    const DynMethod *method; /* of all with several stages */
    IrVar **state;        /* by id: of an ode, over the steps */
    IrVar **kept;         /* by id: what previous() hears, over the cycle */
    IrVar **within[DYN_STAGES]; /* by stage and id: of an ode, at that stage's fraction of the steps before */
    IrVar **error;        /* by id: largest local error of an ode so far, where the method has an estimate */
    DynItems begin, steps, end;
    DynEnv *stage[DYN_STAGES], *at_within[DYN_STAGES], *at_step, *at_cycle, *at_end;
    IrExpr *began;        /* seconds since the run began; NULL: 0 */
};

typedef struct DynPending { /* an instance to be made, or, where `kept` is set, what previous() or later stages hear of var */
    DynEnv *env;
    IrVar *var, *kept;
} DynPending;

struct Dynamic {
    IrProgram *p;
    const DynamicOptions *options;
    Diagnostics *diagnostics;
    DynamicReport *report;
    int count;        /* variables of the system program */
    bool *moving;     /* by id: changes within a cycle */
    bool *circuit;    /* by id: a quantity of a cell or synapse, not of a formula */
    int *rank;        /* by id, of what moves without a cycle */
    IrAxis **cycle;   /* by id: of what moves, or NULL */
    VEC(DynGroup *) groups; /* in order of time */
    IrVar **noise;    /* by id: over the steps, or NULL before it is asked for */
    VEC(DynPending) pending;
    DynItems outside; /* equations behind the scans */
    IrVar **rest;     /* by id: at rest, or NULL */
    IrExpr **rest_number; /* by id: the number that it is at rest, or NULL */
    Name *named;      /* by id: the name in the system program */
    bool estimates;     /* local errors are wanted, where the method gives them */
    const char *prefix; /* of what is made, where the settled reading stands beside */
};

#define DYN_MOST_STEPS 2147483647.0 /* of a cycle, or of a delay: they are an axis */
#define DYN_WHOLE 1e-6 /* how far a cycle or a delay may be from a whole number of steps */

/* A time in ms, in as few digits as are within a tenth of the relative error `off` when they are given back. */
const char *dyn_ms(Arena *arena, double seconds, double off);
const char *dyn_label(const IrVar *v);
int64_t dyn_steps(const Dynamic *d);

/* dynamic_group.c: what moves, in which groups. False after an error. */
bool dyn_groups(Dynamic *d);
/* The group in which a variable without a cycle was last, or that of its cycle. */
DynGroup *dyn_last_group(const Dynamic *d, const IrVar *v);
/* A reading at this point of the cycle, not of the completed one. */
bool dyn_reads_here(const IrExpr *ref, const IrAxis *cycle);

/* dynamic_instance.c */
DynEnv *dyn_env(Dynamic *d, DynGroup *g, DynMoment moment, int stage, double fraction);
/* e as it stands in the environment; NULL after an error. */
IrExpr *dyn_expr(Dynamic *d, DynEnv *env, const IrVar *of, IrExpr *e);
IrVar *dyn_instance(Dynamic *d, DynEnv *env, IrVar *v);
/* v' in the environment, in units of v a second. */
IrExpr *dyn_slope(Dynamic *d, DynEnv *env, IrVar *v);
/* An equation of this name over time and v's axes, as the environment has them. */
IrVar *dyn_equation(Dynamic *d, const DynEnv *env, const IrVar *v, Name name, IrExpr *def);
/* Reads a variable over the steps where the environment stands; lag 0: this step's value. */
IrExpr *dyn_read(Dynamic *d, const DynEnv *env, const IrVar *v, IrVar *over_steps, const IrIndex *index, int64_t lag);
/* v at the end of each cycle (of the last, where it has none), over its axes in the system program. */
IrVar *dyn_end(Dynamic *d, IrVar *v);
/* v after every step. */
IrVar *dyn_trace(Dynamic *d, IrVar *v);
/* States over the steps, without equations yet. */
void dyn_declare_states(Dynamic *d, DynGroup *g);
/* Appends v's equation. */
void dyn_place(Dynamic *d, DynItems *items, IrVar *v);
/* Makes what was asked for and put off. */
void dyn_finish(Dynamic *d);

/* dynamic_delay.c */
typedef struct DynLags { /* the values that a delay takes, in steps, ascending */
    int count;
    int64_t *steps;
} DynLags;
bool dyn_lags(Dynamic *d, const IrVar *of, const IrExpr *late, DynLags *lags); /* late: the delay(); false after an error */
/* Of the values, one for each lag, that of the delay at this point. */
IrExpr *dyn_by_lag(Dynamic *d, const IrExpr *delay, const DynLags *lags, IrExpr *const *value);

/* dynamic_rest.c: v before the run begins, over its axes but the cycle. */
IrExpr *dyn_rest(Dynamic *d, IrVar *v);

/* dynamic_table.c; NULL: no such method */
const DynMethod *dyn_method(const char *name);

/* dynamic_method.c */
void dyn_choose_methods(Dynamic *d, DynGroup *g);
/* What an ode is taken for at a later stage of a step, and what it was at a fraction of the step that was just done. */
IrExpr *dyn_stage_state(Dynamic *d, DynEnv *env, IrVar *v);
IrExpr *dyn_within_value(Dynamic *d, const DynEnv *env, IrVar *v);
/* The update of every ode of the group, and where the method has an estimate, the largest local error so far. */
void dyn_updates(Dynamic *d, DynGroup *g);
#endif
