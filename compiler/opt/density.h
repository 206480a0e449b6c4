/* Tables of zeros and ones that say which pairs a sparse projection has. */
#ifndef CTX_OPT_DENSITY_H
#define CTX_OPT_DENSITY_H
#include "ir/ir.h"

/* ir_density(v) where sums go over the ones alone; 1 where a dense sum is as fast. */
double opt_sparsity(const IrVar *v);
#endif
