/* Changes of one expression that make another function of nearly every program. */
#ifndef CTX_TESTS_MUTATIONS_H
#define CTX_TESTS_MUTATIONS_H
#include "ir/ir.h"

typedef struct Mutant {
    IrProgram *p;
    IrVar *var; /* whose equation is changed */
} Mutant;

typedef struct Mutation {
    const char *name, *what;
    IrExpr *(*apply)(const Mutant *m, const IrExpr *e); /* NULL: does not apply */
} Mutation;
extern const Mutation mutations[];
extern const int mutation_count;

/* Changes the `site`th place at or below *slot where the mutation applies; *site counts down. False: there are not so many.
 * before, after: the place as text. */
bool mutation_at(const Mutant *m, const Mutation *o, IrExpr **slot, int *site, char **before, char **after);
#endif
