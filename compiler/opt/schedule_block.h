/* Blocks of rows: what their files share. A family is all blocks that square tensors of one origin take part in: where readers stand
 * too far apart to be one block, each block makes the square tensors that it reads again. */
#ifndef CTX_OPT_SCHEDULE_BLOCK_H
#define CTX_OPT_SCHEDULE_BLOCK_H
#include "opt/schedule_internal.h"

enum { MOST_BATCH = 8, MOST_MEMBERS = 256, MOST_SEEDS = 16, MOST_LATE = 64 };

typedef struct Member {
    IrItem *item;
    bool square;
    bool adds;                                 /* a sum over the block's axis: each block of rows adds its part, nothing else in the block reads it */
    IrAxis *tile, *column, *batch[MOST_BATCH]; /* its own names of the block's axes, of a sum the bound one; NULL: it has not got it */
    bool mixed[MOST_BATCH];                    /* it reads members under different names of that axis */
} Member;

typedef struct Family Family;
typedef struct Blocker { /* one block */
    Scheduler *s;
    const Family *family;
    int first;                  /* no item before is in the block */
    int count, batch_count, seed_count, late_count;
    Member member[MOST_MEMBERS]; /* in the order of the program */
    Member seed[MOST_SEEDS];    /* square tensors that do not follow from others of the block: where it began, and what members read besides */
    IrItem *late[MOST_LATE];    /* they read a square tensor, but also what follows from the block when it is done */
    bool *outside;              /* by variable: follows from the block, and is not in it */
    bool *group_outside;        /* by number of a group */
    bool moved;                 /* a group has turned out to be outside */
    bool bad, no_band, band_set;
    Band band;
    Member *now;                /* being examined */
    bool refused, mixes;        /* it cannot be named alike; it gives up an axis of the batch */
    bool squares_alone;         /* what it reads of square tensors alone is looked at */
} Blocker;

struct Family {
    int count;
    Blocker *block[SCHEDULE_MOST_BLOCKS];
};

int schedule_item_of(const IrProgram *p, const IrVar *v);   /* its number among the items, or -1 */
IrAxis *schedule_twin(const IrVar *v, const IrAxis *axis);  /* another axis of v along the same root, or NULL */
bool schedule_is_square(const Scheduler *s, const IrVar *v);
Member *schedule_member_of(Blocker *b, const IrVar *v);
bool schedule_is_again(const Family *f, int block, const IrVar *v); /* a block of the family before that number makes it */
/* Does e read a square tensor of the block? */
bool schedule_reads_square(Blocker *b, IrExpr *e);

/* schedule_grow.c: the block that begins with the seed; sets `bad` if its square tensors would be needed whole. */
void schedule_grow(Blocker *b, const Member *seed);
void schedule_drop_batch(Blocker *b, int at); /* what is along that axis of the batch stays inside the block */
/* schedule_band.c: the domain that all reductions over square tensors agree on. */
void schedule_find_band(Blocker *b);
/* schedule_place.c: fills block[0] and following, and the storage of their square tensors. */
void schedule_place_family(const Family *f, Step *block);
#endif
