/* Where the source of a module is: `use std.neurons` is stdlib/neurons.ctx, `use parts.loop` is parts/loop.ctx beside the
 * file that says so. A module is parsed once. */
#ifndef CTX_DRIVER_MODULES_H
#define CTX_DRIVER_MODULES_H
#include "driver/phases.h"

typedef struct Modules Modules;
Modules *modules_new(Compilation *c);
/* A SemaLoader; data is the Modules. */
AstFile *modules_load(void *data, const AstFile *user, const AstNames *path);
/* A SemaOffer. */
const char *modules_offer(void *data, const char *name);
#endif
