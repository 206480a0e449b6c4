/* What the files of the settled reading share. */
#ifndef CTX_IR_SETTLE_INTERNAL_H
#define CTX_IR_SETTLE_INTERNAL_H
#include "ir/ir.h"

typedef struct Settle {
    IrProgram *p; /* becomes the core program */
    Diagnostics *diagnostics;
} Settle;

/* settle_ode.c: every ITEM_ODE becomes an ITEM_ALG, its equilibrium. */
void settle_equilibria(Settle *s);
/* settle_order.c: items into dependence order; states into scans, iterated loops into fixpoints. */
void settle_order(Settle *s);
#endif
