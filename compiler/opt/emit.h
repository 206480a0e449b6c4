/* Equations for a chosen contraction order. */
#ifndef CTX_OPT_EMIT_H
#define CTX_OPT_EMIT_H
#include "opt/order.h"

/* Places the intermediates of `order` and gives item->var its new definition. True when the item itself was placed (inside
 * the scan of a running sum); report gets the steps. */
bool emit_order(Opt *o, const Order *order, IrItem *item, Place *place, OptContraction *report);
#endif
