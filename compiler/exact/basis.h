/* Exponentials: e^g for arguments g that are values.
 *
 * Arguments that are linearly independent over the rationals have algebraically independent exponentials as far as identities
 * between real analytic functions go (Ax 1971; the derivation is in README.md), so each independent argument gets a random symbol
 * t_b = s_b^L, and e^(sum c_b g_b) = prod t_b^c_b for rational c_b whose denominator divides L. To take dependent arguments
 * for independent ones never makes different things equal, it only fails to see some equalities. There are two ways to look:
 *   quick   an argument is a rational multiple of an earlier one, or new; any number of points will do
 *   full    an echelon basis over one F_p finds every linear relation; it needs more points than there are arguments
 * The basis starts with the constant 1, whose symbol is the number e. */
#ifndef CTX_EXACT_BASIS_H
#define CTX_EXACT_BASIS_H
#include "exact/value.h"

enum { BASIS_DENOMINATOR = 5040 }; /* unless another is wanted */

typedef struct Exponent { /* value * n / denominator of the basis */
    const Value *value;
    int64_t n;
} Exponent;

typedef struct Basis Basis;
typedef struct BasisMethod {
    bool full;           /* with one prime only */
    bool zeros;          /* e^g is 1 at points where g, which depends on signs, is zero; else a symbol there too, which is sound but
                          * sees fewer equalities */
    int64_t denominator;
} BasisMethod;
Basis *basis_new(Points *m, uint64_t *seed, const BasisMethod *how);
/* An exponent was zero at some points where that would have mattered. */
bool basis_met_zeros(const Basis *b);
/* e^(sum of the terms). NULL: undecided, *why says what (a factor that is no fraction of small numbers, too many independent
 * arguments for the number of points). */
const Value *basis_exp(Basis *b, const Exponent *term, int count, const char **why);
/* log u: g where u is a known e^g; else a symbol l with e^l = u. */
const Value *basis_log(Basis *b, const Value *u, const char **why);
/* e^g where it was computed before for this very argument; else NULL. */
const Value *basis_find(Basis *b, const Value *g);
/* Whether this very value is an argument already: nothing needs to be compared. */
bool basis_holds(const Basis *b, const Value *g);
/* Whether some rational multiple of g is an argument already. */
bool basis_knows(Basis *b, const Value *g);
/* The denominator for which all ratios of arguments that were met would be whole numbers of units: then more equalities are seen. */
int64_t basis_wanted(const Basis *b);
/* Number of independent arguments. */
int basis_count(const Basis *b);
/* What basis_exp says when twice the points may help. */
extern const char *const basis_wants_points;
#endif
