/* Building a Circuit: entities, axes and expressions. sema/ is the only caller. */
#ifndef CTX_CIRCUIT_BUILD_H
#define CTX_CIRCUIT_BUILD_H
#include <stdio.h>

#include "circuit/circuit.h"

Circuit *cir_new(Arena *arena, Names *names, Name name);

CirExpr *cir_number(Circuit *c, const char *text, double value, Span at); /* text: exact decimal in base units */
CirExpr *cir_integer(Circuit *c, int64_t value, Span at);
CirExpr *cir_real(Circuit *c, double value, Span at); /* as the shortest decimal that gives it */
CirExpr *cir_op(Circuit *c, CirOp op, Span at, int argc, CirExpr *const *arg);
CirExpr *cir_op1(Circuit *c, CirOp op, Span at, CirExpr *a);
CirExpr *cir_op2(Circuit *c, CirOp op, Span at, CirExpr *a, CirExpr *b);
CirExpr *cir_of_axis(Circuit *c, CirOp op, Span at, CirAxis *axis); /* CIR_SIZE, CIR_POSITION */
/* CIR_REF or CIR_PREVIOUS; index NULL: the entity's own axes. */
CirExpr *cir_ref(Circuit *c, CirOp op, Span at, CirEntity *entity, const CirIndex *index);

/* One axis renamed to another inside an expression or a guard (all at once, so that swaps are right). */
typedef struct CirRename {
    CirAxis *from, *to;
} CirRename;
typedef VEC(CirRename) CirRenames;
CirAxis *cir_renamed(const CirRenames *map, CirAxis *axis);
CirExpr *cir_rename(Circuit *c, CirExpr *e, const CirRenames *map);

bool cir_axes_have(const CirAxes *axes, const CirAxis *axis);
bool cir_axes_same_set(const CirAxes *a, const CirAxes *b);
/* "[head, token, a]" */
/* The share of the pairs that the table of a sparse projection keeps; 1: all, or not known. */
double cir_share(const CirEntity *table);
const char *cir_axes_text(Arena *arena, const CirAxes *axes);
/* One line, fully bracketed where precedence asks for it; for messages and the text dump. */
const char *cir_expr_text(Arena *arena, const CirExpr *e);
/* NULL when the circuit is well formed, else what is wrong. A fault of sema, never of the user. */
char *cir_verify(const Circuit *circuit);
/* The listing that --emit=circuit prints. */
void cir_print(const Circuit *circuit, FILE *to);
#endif
