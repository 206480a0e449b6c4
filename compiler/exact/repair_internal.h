/* What the files of the repair share. Private to exact/. */
#ifndef CTX_EXACT_REPAIR_INTERNAL_H
#define CTX_EXACT_REPAIR_INTERNAL_H
#include "exact/repair.h"

typedef VEC(IrExpr *) Exprs;

typedef struct Vocabulary { /* what the equations of one side are made of */
    Exprs constants;            /* largest parts that are computed from numbers and sizes alone, each once */
    bool function[IR_OP_COUNT]; /* functions of one argument */
} Vocabulary;

typedef struct Slope {
    IrVar *rate;   /* of a population */
    IrExpr *slope; /* of its equation, by what that reads; over the rate's axes */
} Slope;
typedef VEC(Slope) Slopes;

typedef struct Site { /* a part of an equation, and what a move says of it */
    IrProgram *p;
    const IrVar *var;
    IrExpr *node;
    const IrExpr *parent;     /* NULL: the whole equation */
    const Vocabulary *other;  /* of the other side */
    int variant;
    bool rule;                /* the equation is part of a learning rule */
    const Slopes *slopes;     /* of the cells */
    const bool *foreign;      /* by variable: what the other side alone reads */
    /* for the words; NULL: as the expressions print */
    const char *what, *before, *after;
} Site;

/* What could stand in the node's place, the variant-th; the node itself: this variant does not apply; NULL: there are no more. */
typedef IrExpr *(*Move)(Site *site);
#define REPAIR(move, from, words) IrExpr *move(Site *site);
#include "exact/repairs.def"
#undef REPAIR

/* moves.c; those of rules, which have hundreds of variants: moves_rule.c */
const char *function_name(IrOp op);
bool is_constant(const IrExpr *e); /* computed from numbers and sizes alone */
/* axis -> select(position = 0, element order[0], ...): a tensor with the points of one axis in another order. */
IrExpr *permuted(IrProgram *p, const IrExpr *ref, int axis, const int *order, int count);
/* e with each node replaced as the function says: it returns NULL for what stays. */
IrExpr *replaced(IrProgram *p, IrExpr *e, IrExpr *(*instead)(void *data, IrExpr *e), void *data);

/* slopes.c: none where the program has no rules. */
Slopes slopes_find(IrProgram *p);

/* words.c: texts as a reader of the source would write them. */
char *place_words(Arena *arena, const IrVar *v);
char *cell_words(Arena *arena, const IrVar *v); /* whose part v is: 'V.store' */
char *expr_words(IrProgram *p, const IrVar *v, IrExpr *e);
char *guard_words(IrProgram *p, const IrVar *v, const IrExpr *reduction);
char *atom_words(IrProgram *p, const IrVar *v, const IrExpr *reduction, IrAtom atom);
char *var_words(IrProgram *p, const IrVar *v); /* with its axes */
/* {place} and the like filled in. */
char *fill_words(Arena *arena, const char *words, const Site *site, IrExpr *after);
#endif
