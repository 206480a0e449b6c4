/* Tables of zeros and ones that say which pairs a sparse projection has. */
#ifndef CTX_OPT_DENSITY_H
#define CTX_OPT_DENSITY_H
#include "ir/ir.h"

/* The share of ones in a table that is drawn as such, or a guess at it where a file that is not there yet lists them; 1 for everything
 * else. */
double opt_density(const IrVar *v);
/* The same where sums go over the ones alone; 1 where a dense sum is as fast. */
double opt_sparsity(const IrVar *v);
#endif
