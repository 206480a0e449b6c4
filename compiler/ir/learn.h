/* The learning reading: what a program says about its weights. Both levels hold the same lists (IrProgram.losses, rules, learns);
 * compiler/gradient turns `gradient(loss, v[...])` into equations, `ctx train` reads the rest. */
#ifndef CTX_IR_LEARN_H
#define CTX_IR_LEARN_H
#include "diag/diag.h"

struct IrVar;

typedef enum IrOptimiser {
#define OPTIMISER(name, spelling, moments, parameters, help) OPTIMISER_##name,
#include "optimisers.def"
#undef OPTIMISER
    OPTIMISER_COUNT
} IrOptimiser;

enum { OPTIMISER_PARAMETERS = 8 }; /* at most */
typedef struct IrOptimiserForm {
    const char *name;
    struct {
        const char *name; /* NULL behind the last */
        double value;     /* where nothing is written; NAN: something must be */
    } parameter[OPTIMISER_PARAMETERS];
} IrOptimiserForm;
extern const IrOptimiserForm ir_optimisers[OPTIMISER_COUNT];
int ir_optimiser_parameters(IrOptimiser optimiser);                        /* how many */
int ir_optimiser_parameter(IrOptimiser optimiser, const char *name);       /* its place, -1: it has none of that name */

typedef struct IrLoss { /* a number, without axes; of each item of a batch where there is one */
    const char *name;
    struct IrVar *var;
    Span span;
} IrLoss;

typedef struct IrRule { /* how much is added to the weight: var has the weight's axes, in its order */
    const char *name;
    struct IrVar *var, *weight;
    bool local; /* declared to need only what is at the synapse */
    Span span;
} IrRule;

typedef struct IrLearn { /* one weight, at most once in a program */
    struct IrVar *weight;
    struct IrVar *rule; /* the change it proposes, of the weight's axes (that of an IrRule); NULL: minus the gradient of `loss` */
    struct IrVar *loss; /* NULL where there is a rule */
    IrOptimiser optimiser; /* `rate r` is sgd(r) */
    double parameter[OPTIMISER_PARAMETERS]; /* in the order of optimisers.def, all filled in */
    Span span;
} IrLearn;
#endif
