/* What the passes share: the state of a run, facts about variables, lists of items, and their declarations. */
#ifndef CTX_OPT_PASS_H
#define CTX_OPT_PASS_H
#include "opt/opt.h"

typedef VEC(IrItem *) ItemList;
typedef VEC(IrAxis *) AxisList;

typedef struct OptFact {
    bool kept;      /* output, recorded or side of a check: materialised under its name */
    bool through_prev; /* some prev() reads it */
    bool call;      /* depends on a stimulus: computed in every call */
    int uses;       /* references in equations */
    IrItem *item;   /* NULL for an input */
    IrItem *owner;  /* the scan or fix whose body holds it, or NULL */
} OptFact;

typedef struct Opt {
    IrProgram *p;
    const OptOptions *options;
    OptReport *report;
    int64_t *size;  /* by axis id: asked for, or 0 */
    int size_count;
    double most_kept; /* elements of a scan that are left as they are (late.c, accumulate.c) */
    OptFact *fact;  /* by variable id, as of the last opt_facts */
    int fact_count;
} Opt;

/* Renumbers variables (inputs first, then item order; those without an item are dropped) and recomputes the facts. */
void opt_facts(Opt *o);
/* Facts as of the last opt_facts; a variable made since has none of them set. */
const OptFact *opt_fact(const Opt *o, const IrVar *v);
double opt_size(const Opt *o, const IrAxis *axis);
double opt_elements(const Opt *o, const IrVar *v);

/* Adds each axis used and not bound inside e to list, in order of first use. */
void opt_free_axes(const Opt *o, const IrExpr *e, AxisList *list);
bool opt_has_axis(const AxisList *list, const IrAxis *axis);
/* Gives e an equation of its own, over its free axes, in `into` (or before `owner` in `outer` when it does not depend on
 * it): the reference that stands for it. */
typedef struct Place {
    IrItem *owner;   /* NULL: top level */
    ItemList *inner, *outer;
} Place;
IrExpr *opt_name_expr(Opt *o, Place *place, Name base, IrExpr *e);
/* The same without placing it: the item; axis `fixed` (may be NULL) stays as it is. *ref is the reference. */
IrItem *opt_new_equation(Opt *o, Name base, IrExpr *e, const IrAxis *fixed, IrExpr **ref);
/* Axes for a variable read over `free`: copies become their root where that is not taken; `fixed` stays. */
void opt_own_axes(Opt *o, const AxisList *free, const IrAxis *fixed, AxisList *own);
/* Layout of a new variable: items, then a position (bounded axis, or one a cycle runs over), further positions last, so that rows
 * of token x token are contiguous for each head; else the order given. */
void opt_layout(Opt *o, AxisList *axes);
bool opt_dependent(const IrExpr *e, const Place *place); /* e reads a variable of the place's body */
void opt_place(Opt *o, Place *place, IrItem *item, bool outside);
/* Applies change to every equation, item by item; what change places comes before the item. change returns true when it has
 * placed the item itself (in a scan, say). */
typedef bool (*OptChange)(Opt *o, IrItem *item, Place *place, void *data);
void opt_each_equation(Opt *o, OptChange change, void *data);
bool opt_is_position(const Opt *o, const IrAxis *axis); /* bounded, or a cycle runs over it */
/* moving.c: an item reads a variable that is marked, by id; marks its own; those of an item and of all that depends on it. */
bool opt_item_reads(const IrItem *item, const bool *marked);
void opt_mark_item(const IrItem *item, bool *marked);
bool *opt_dependents(const Opt *o, int at);
/* Items behind those that they read, and else as they were. */
void opt_in_order(Opt *o);
/* The item becomes the first or the last equation of the scan's body; what it called `along` is the scan's axis. */
void opt_into_scan(Opt *o, IrItem *scan, IrItem *item, IrAxis *along, bool first);
bool opt_has_guard(const IrExpr *e); /* anywhere in e */
bool opt_scalar(const IrExpr *e); /* numbers and sizes only */
/* The guard holds at some point of the bound axes for every value of the others (by its atoms; false when unsure). */
bool opt_guard_never_empty(const IrGuard *guard, IrAxis *const *bound, int bound_count);
void opt_notice(Opt *o, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define PASS(name, when) void pass_##name(Opt *o); /* a pass listed twice is declared twice */
#include "opt/passes.def"
#undef PASS

/* demand.c: restrictions, over the variable's own axes, that every reading of it has; by variable id. */
typedef VEC(IrAtom) OptAtoms;
typedef struct OptDemand {
    bool read;
    OptAtoms atoms;
} OptDemand;
OptDemand *opt_demand(Opt *o);

/* cost.c: operations of every equation; a program's total. */
typedef VEC(OptCost) OptCosts;
double opt_expr_cost(const Opt *o, const IrExpr *e, const OptAtoms *demand); /* demand may be NULL */
char *opt_equation_text(const Opt *o, const IrVar *v);
OptTotal opt_program_cost(Opt *o, OptCosts *list);
/* Share of the points j < n, i < m with lo <= j - i <= hi. */
double opt_inside(double n, double m, double lo, double hi);
#endif
