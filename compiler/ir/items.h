/* Many items of data at once: a program over one more axis. */
#ifndef CTX_IR_ITEMS_H
#define CTX_IR_ITEMS_H
#include "ir/ir.h"

/* A copy of a core program over `count` items: a new axis stands first in every stimulus that `shared` (NULL: none) does not hold, in
 * every noise, and in every variable that depends on one of these; the values at each point of it are those the program has for that
 * item's stimuli, and noise of its own. Checks are dropped. *axis is the new axis. NULL: the program iterates to a fixed point, and how
 * often depends on an item's own values. */
IrProgram *ir_items(const IrProgram *core, int64_t count, bool (*shared)(const void *data, const IrVar *stimulus), const void *data, IrAxis **axis);
/* Appends a stimulus, in its place behind the other inputs. */
IrVar *ir_add_stimulus(IrProgram *p, Name name, int axis_count, IrAxis *const *axes);
#endif
