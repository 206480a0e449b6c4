/* Where the quantities live that a learning rule reads, seen from a synapse of the weight that it changes. */
#ifndef CTX_CIRCUIT_LOCALITY_H
#define CTX_CIRCUIT_LOCALITY_H
#include "circuit/circuit.h"

typedef enum CirPlace {
    PLACE_BEFORE,    /* of the cell that the synapse hears */
    PLACE_BEHIND,    /* of the cell that it is on */
    PLACE_OWN,       /* the weight itself */
    PLACE_BROADCAST, /* one for all cells along an axis of the cell behind: a nucleus, an interneuron */
    PLACE_LOCAL_END = PLACE_BROADCAST, /* what follows is not at the synapse */
    PLACE_OTHERS,    /* of other cells of the population before or behind */
    PLACE_THEN,      /* of these cells, but of another cycle (or column) than what it is multiplied by: a trace would keep it */
    PLACE_ELSEWHERE, /* of cells of other populations, or a stimulus */
    PLACE_WEIGHT,    /* of other synapses */
    PLACE_GRADIENT,  /* an adjoint of the circuit */
} CirPlace;

typedef struct CirQuantity {
    const CirExpr *ref; /* as the rule reads it, its own equations put in */
    const char *text;
    CirPlace place;
} CirQuantity;

typedef struct CirLocality {
    const CirProjection *projection; /* the synapses; NULL: no projection has the weight (a bias: only cells behind it) */
    const CirEntity *target;         /* compartment that they are on, or NULL */
    VEC(CirQuantity) quantities;     /* each once, in the order of the rule */
    bool local;                      /* all of them are at the synapse */
} CirLocality;

typedef VEC(CirLocality) CirLocalities;

/* One for each projection that has the weight, or a single one without synapses. */
CirLocalities cir_locality(Circuit *c, const CirRule *rule);
const char *cir_place_key(CirPlace place); /* for programs: "before", "behind" ... */
/* Where a quantity is, and what would bring it: "rate of V.query, other cells; ..." */
const char *cir_place_text(const Circuit *c, const CirLocality *l, const CirQuantity *q);
#endif
