/* `ctx explain`: what a circuit computes, in which order, and what that costs.
 *
 * source is the settled core program as the circuit says it, optimised and report come from opt_run on it. Nothing is
 * changed or kept; output goes to `to`. circuit gives the wiring table; NULL (a program read as IR text) leaves it out; so does
 * integration, of the dynamic reading, and learning, of a file where nothing learns in a training. */
#ifndef CTX_REPORT_EXPLAIN_H
#define CTX_REPORT_EXPLAIN_H
#include <stdio.h>

#include "circuit/circuit.h"
#include "ir/dynamic.h"
#include "opt/opt.h"
#include "report/learning.h"

/* Equations circuit by circuit (populations, states, specs, with their compartments substituted), the order of contraction
 * chosen and the one not chosen with their costs, memory, assumptions. */
void explain_text(FILE *to, const IrProgram *source, const IrProgram *optimised, const OptReport *report,
                  const Circuit *circuit, const DynamicReport *integration, const LearningPlan *learning);
/* The equations as a LaTeX document fragment (align environments; needs amsmath). */
void explain_latex(FILE *to, const IrProgram *source);
/* The same facts as JSON, one object: see README.md. */
void explain_json(FILE *to, const IrProgram *source, const IrProgram *optimised, const OptReport *report,
                  const Circuit *circuit, const DynamicReport *integration, const LearningPlan *learning);

/* ---- equations.c: shared by the three ---- */
typedef struct Equation {
    const IrVar *var;
    IrExpr *value;     /* its definition with compartments and unnamed parts substituted */
    const IrItem *in;  /* the scan or fixpoint it stands in, or NULL */
    Name group;        /* first part of its name ("V"), or "" */
} Equation;
typedef VEC(Equation) Equations;
/* In program order; a program of its own is cloned, nothing of source changes. */
Equations explain_equations(const IrProgram *source);

/* Bytes of float32 values. sparse: packed pairs of sparse projections, whose tables and weights are then not among the others; rows: what
 * each thread holds of values that are made in blocks of rows, and not counted as values of a call. */
typedef struct Memory { double weights, sparse, stimuli, outputs, plan, call, rows; } Memory;
Memory explain_memory(const IrProgram *optimised);
#endif
