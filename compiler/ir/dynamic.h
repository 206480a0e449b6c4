/* The dynamic reading: system-level IR -> core IR. Every differential equation is integrated in steps of dt, cycle after cycle; what
 * the settled reading says at the end of a cycle, this one says of the last step.
 *
 * A cycle axis and the populations that live in it become one scan over the steps of its cycles (AXIS_STEP). Cells without a cycle
 * axis live along with whoever hears them, or, where nobody does, for one cycle of their own. Whoever reads a completed cycle starts
 * when that has ended. IR.md, section "The dynamic reading", gives the rules; methods.def the formulas. */
#ifndef CTX_IR_DYNAMIC_H
#define CTX_IR_DYNAMIC_H
#include "ir/ir.h"

typedef struct DynamicOptions {
    double dt, cycle; /* seconds; a cycle is a whole number of steps */
    Name method;      /* for every population, or NULL: its own, or by the form of its equation */
} DynamicOptions;

typedef struct DynamicChoice { /* how a population is integrated, for explain */
    const char *population, *method, *why;
    double tau; /* seconds, 0: not a number */
} DynamicChoice;
typedef struct DynamicReport {
    double dt, cycle; /* seconds */
    int64_t steps;    /* of a cycle; 0: not integrated */
    bool adaptive;    /* local errors are estimated: a tolerance decides on the step */
    VEC(DynamicChoice) choices;
} DynamicReport;

/* The core program, in dependence order; `system` is left as it was. Outputs are as the settled reading has them, of the last step;
 * records of what moves are over all steps. After an error the result is not complete. */
IrProgram *ir_dynamic(const IrProgram *system, const DynamicOptions *options, Diagnostics *diagnostics, DynamicReport *report);
#endif
