/* Checking: syntax -> circuit. Names, axes, units, templates, cells, wiring, specs and checks.
 *
 * The only reader of the syntax and the only writer of the circuit. Errors go to the diagnostics; a construct that failed is
 * poisoned and stays quiet, so that one mistake gives one message. */
#ifndef CTX_SEMA_SEMA_H
#define CTX_SEMA_SEMA_H
#include "base/names.h"
#include "circuit/circuit.h"
#include "diag/diag.h"
#include "front/ast.h"

typedef struct SemaOverride { /* --set token=512: an axis or a constant of the main file */
    const char *name;
    const char *value; /* as typed; sema reports what is not a number */
} SemaOverride;

/* The file a `use` names, parsed; the same AstFile for the same module, NULL when it is not found (and not reported).
 * `user` is the file that holds the statement. A file with syntax errors is returned as far as it was read. */
typedef AstFile *SemaLoader(void *data, const AstFile *user, const AstNames *path);

/* The module of the standard library that declares the name, as `use` says it; NULL: none. */
typedef const char *SemaOffer(void *data, const char *name);

typedef struct SemaInput {
    AstFile *main;
    const char *name; /* of the program: the file's name without folder and suffix */
    const SemaOverride *overrides;
    int override_count;
    SemaLoader *load;
    SemaOffer *offer; /* NULL: nothing is known */
    void *load_data;
    bool places;      /* where rules read is asked for: a local one that reads elsewhere is no error then */
    double (*pairs)(const char *path); /* that a file of a sparse projection lists; 0: not known. NULL: never known */
} SemaInput;

/* The circuit, or NULL if there were errors (all are in the diagnostics). It lives in the arena. */
Circuit *sema_check(Arena *arena, Names *names, Diagnostics *diagnostics, const SemaInput *input);
#endif
