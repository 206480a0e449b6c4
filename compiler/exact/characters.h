/* Of which signs and roots a value is made, and whether they take all combinations of values: what the certainty of agreement at
 * random points rests on where functions are given piece by piece (README.md, signs).
 *
 * The character of an argument u at a point is chi(u): the sign is the character itself, and a root is of a square or of none. The
 * characters of several arguments take all combinations equally often unless some product of the arguments is a square times a
 * constant; then that product's character is the same at all points, which linear algebra over two elements sees. */
#ifndef CTX_EXACT_CHARACTERS_H
#define CTX_EXACT_CHARACTERS_H
#include "exact/value.h"

typedef enum CharacterKind { CHARACTER_SIGN, CHARACTER_ROOT } CharacterKind;

/* The next sign or root (degree.h numbers them) is that of `argument`. */
void characters_note(Points *m, CharacterKind kind, int number, const Value *argument);

typedef struct Combinations {
    double signs;  /* a function that is not zero is not zero for at least 2^-signs of all combinations */
    double degree; /* of all arguments together: at a zero of one, a point says nothing */
    bool assumed;  /* as far as arguments that depend on signs or roots themselves, or too many, are independent of each other */
    int wanted;    /* points that would decide it; 0: there are enough, or no number would do */
} Combinations;

/* Of a value of this degree. */
Combinations characters_of(Points *m, DegreeId degree);
#endif
