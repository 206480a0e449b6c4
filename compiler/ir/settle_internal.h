/* What the files of the settled reading share. */
#ifndef CTX_IR_SETTLE_INTERNAL_H
#define CTX_IR_SETTLE_INTERNAL_H
#include "ir/dynamic.h"

typedef struct Settle {
    IrProgram *p; /* becomes the core program */
    Diagnostics *diagnostics;
} Settle;

/* c v' = slope v + rest, with v's own algebraic quantities written out. slope NULL: v does not occur linearly; rest NULL: 0; bent: v
 * stands in rest, inside a nonlinearity. v stays as it is. */
typedef struct SettleForm {
    IrExpr *slope, *rest;
    bool bent;
} SettleForm;
SettleForm settle_form(Settle *s, IrVar *v);

/* settle_time.c: delays, rates of change, noise and settle() in the settled reading. */
void settle_time(Settle *s, const DynamicOptions *options);
/* dynamic.c: integrates the circuit beside for each settle(e, t), which becomes e of that. */
void dynamic_beside(Settle *s, const DynamicOptions *options);
/* settle_ode.c: every ITEM_ODE becomes an ITEM_ALG, its equilibrium. */
void settle_equilibria(Settle *s);
/* settle_order.c: items into dependence order; states into scans, iterated loops into fixpoints. */
void settle_order(Settle *s);
#endif
