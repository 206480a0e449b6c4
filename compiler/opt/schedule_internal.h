/* What the files of the scheduler share. */
#ifndef CTX_OPT_SCHEDULE_INTERNAL_H
#define CTX_OPT_SCHEDULE_INTERNAL_H
#include "opt/schedule.h"

typedef struct Scheduler {
    const IrProgram *p;
    Schedule *schedule;
    bool *packed;     /* by variable id: some sparse sum reads what it is made of */
    const bool *done; /* by item: already a member of a block */
    bool small_loops; /* inside a scan: matrix products need two dimensions */
    int fixed_count; /* axes of which enclosing steps hold one point */
    const IrAxis *fixed[32];
    double most_kept;
    const Segments **segments; /* by id of the steps' axis, or NULL */
} Scheduler;

bool schedule_lists(IrAxis *const *axes, int count, const IrAxis *axis); /* the axis is one of these */
bool schedule_is_fixed(const Scheduler *s, const IrAxis *axis);
/* The kernel for v's equation; for products *p is filled. A guard is admitted
 * where the operand is zero outside of it, or as a band of all rows (p->tied). */
Kernel schedule_product(const Scheduler *s, const IrVar *v, bool guard_is_zero, Product *p);

/* schedule_sparse.c: is v's equation a sum over a sparse table that is worth packing? Then its form, in the program's arena; else NULL. */
Sparse *schedule_sparse(const Scheduler *s, const IrVar *v);
/* What is read by nothing but such sums is not stored. Leaves out the plan's equations of that kind; the number of steps left. */
int schedule_drop_packed(const Scheduler *s, Step *steps, int count);

/* schedule_nest.c: joins what a scan does at one point into nests, in place; the number of steps that are left. The scan may go
 * inside if it has points_of_scan > 0. */
int schedule_nests(const Scheduler *s, Step *steps, int count, double points_of_scan);

/* schedule_again.c: finds the scans that are carried out again in segments; where a variable of such a scan is stored. */
void schedule_find_segments(Scheduler *s);
void schedule_store_again(const Segments *g, const IrVar *v, Storage *storage);

/* schedule_block.c: the longest block that can start at items[first]; 0: none. Fills *block and the storage of its members. */
int schedule_block(Scheduler *s, int first, Step *block);
#endif
