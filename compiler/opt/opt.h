/* Optimisation: passes from core IR to core IR.
 *
 * opt_run clones the program and applies the passes of passes.def in order; each pass has a file of its own whose docstring
 * says what goes in, what comes out and what changes. The rules of reassociation (semantics.md) bind all of them: sums of
 * products are reordered only inside regions of sums of products, never through a nonlinearity, a maximum, `fix`, an output
 * or a recorded tensor; the shift of a quotient of exponentials by their maximum is the one exception, and it is
 * reported. */
#ifndef CTX_OPT_OPT_H
#define CTX_OPT_OPT_H
#include "ir/ir.h"

typedef struct OptOptions {
    bool no_reassociate;  /* keep the order of the source: no contraction order, no scans made from guarded sums */
    bool weights_change;  /* from call to call (learning): what weights alone give costs as much as what stimuli give */
    bool stabilised;      /* exponents are shifted already: the program comes from a run up to `stabilise` */
    const char *items;    /* name of the axis of items, outermost in all that has it, as in the data; NULL: none */
    bool drop_checks;     /* the sides of checks are not needed (an executable): only outputs and records are kept */
    const int64_t *sizes; /* size to optimise for of axis id i (roots only); NULL or 0: the bound */
    int size_count;
    double most_kept;     /* elements of a scan that are kept for who goes back over it (schedule.h); 0: schedule_most_kept */
    int passes;           /* stop after so many (tests); 0: all */
    const char *until;    /* stop after the first pass of this name; NULL: none */
    /* Told of every pass that changed the program, with what it was; NULL: nobody asks. */
    void (*changed)(void *data, const char *pass, const IrProgram *before, const IrProgram *after);
    void *changed_data;
} OptOptions;

/* What one equation costs; a multiply-add counts two operations, an elementary function one. */
typedef struct OptCost {
    Name name;
    char *text;       /* the equation */
    double operations;
    double elements;  /* of its value */
    bool plan;        /* depends on weights only: done once, when they are bound */
} OptCost;

typedef struct OptTotal { double plan, call; } OptTotal;

/* One contraction whose order was chosen. */
typedef struct OptContraction {
    Name name;        /* the variable it computes */
    int factors;
    double chosen_plan, chosen_call;
    double source_plan, source_call; /* the same value in the order of the source */
    VEC(const IrVar *) vars;         /* the steps, as they were made */
    VEC(char *) steps;               /* their equations in the optimised program, in the chosen order */
} OptContraction;

typedef struct OptReport { /* lives in the program's arena */
    OptTotal source, chosen;
    VEC(OptCost) source_equations, chosen_equations;
    VEC(OptContraction) contractions;
    VEC(char *) notices;   /* rewrites that rest on a proof: shifted exponentials, sums turned into scans */
} OptReport;

/* The optimised program, a clone in the same arena; *report is filled. Never fails on a well-formed core program without
 * unresolved gradients. Of losses and rules nothing is left: who wants them run makes outputs of them before. */
IrProgram *opt_run(const IrProgram *source, const OptOptions *options, OptReport *report);
#endif
