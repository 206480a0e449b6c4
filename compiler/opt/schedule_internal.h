/* What the files of the scheduler share. */
#ifndef CTX_OPT_SCHEDULE_INTERNAL_H
#define CTX_OPT_SCHEDULE_INTERNAL_H
#include "opt/schedule.h"

typedef struct Scheduler {
    const IrProgram *p;
    Schedule *schedule;
    bool *packed;     /* by variable id: some sparse sum reads what it is made of */
    int *group;       /* by item: number of the block that it is a member of (the last, if it is made again), 0: none */
    int groups;
    const IrAxis *tile; /* of which a block's rows are some points, as its member being looked at calls it, or NULL */
    bool small_loops; /* inside a scan: matrix products need two dimensions */
    int fixed_count; /* axes of which enclosing steps hold one point */
    const IrAxis *fixed[32];
    double most_kept;
    const Segments **segments; /* by id of the axis, or NULL */
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

/* schedule_again.c: finds the scans that are carried out again in segments; those that a scan is one of, or carries out again, or NULL;
 * where a variable of such a scan is stored. */
void schedule_find_segments(Scheduler *s);
const Segments *schedule_segments(const Scheduler *s, const IrItem *scan);
void schedule_store_again(const Segments *g, const IrVar *v, Storage *storage);

/* schedule_block.c: the blocks that square tensors starting with items[first] are made in, 0: none. Fills block[0] and following, in the
 * order in which they are carried out, and sets `group` and the storage of members. */
enum { SCHEDULE_MOST_BLOCKS = 8 };
int schedule_blocks(Scheduler *s, int first, Step *block);

/* schedule_order.c: steps take their turn when all that they read is there. */
typedef struct Order Order;
Order *schedule_order(const Scheduler *s);
void schedule_put(Order *o, const Step *step); /* as soon as it can, behind those that can and were put before */
Step *schedule_ordered(Order *o, int *count);  /* all */
#endif
