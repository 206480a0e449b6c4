/* Changes of one expression that keep the function: identities of algebra and of the elementary functions. */
#ifndef CTX_TESTS_IDENTITIES_H
#define CTX_TESTS_IDENTITIES_H
#include "ir/ir.h"

typedef struct Identity {
    const char *name, *what;
    IrExpr *(*apply)(IrProgram *p, const IrExpr *e); /* NULL: does not apply */
} Identity;
extern const Identity identities[];
extern const int identity_count;

/* Rewrites the `site`th place at or below *slot where the identity applies; *site counts down. False: there are not so many. */
bool identity_at(IrProgram *p, const Identity *o, IrExpr **slot, int *site);
/* The state s as 2 s: its equation doubled, every reading halved. */
void rescale_state(IrProgram *p, IrVar *state);
#endif
