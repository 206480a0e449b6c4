/* Which equations are a block: those that follow from its square tensors row by row, up to the last that reads one, and sums over its
 * rows. What follows from the block in any other way is outside, and is done after it; so whatever reads that is not a member. */
#include "opt/schedule_block.h"

Member *schedule_member_of(Blocker *b, const IrVar *v) {
    for (int i = 0; i < b->count; i++)
        if (b->member[i].item->var == v) return &b->member[i];
    return NULL;
}

/* ---- what an item reads --------------------------------------------------------------------------------------------------- */
typedef struct Search {
    Blocker *b;
    bool member, square, outside;
} Search;

static void search(void *data, IrExpr *ref) {
    Search *s = data;
    Member *m = schedule_member_of(s->b, ref->var);
    s->outside |= s->b->outside[ref->var->id];
    if (!m || m->adds) return;
    s->member = true;
    s->square |= m->square;
}

bool schedule_reads_square(Blocker *b, IrExpr *e) {
    Search s = {.b = b};
    ir_each_ref(e, search, &s);
    return s.square;
}

/* ---- names ---------------------------------------------------------------------------------------------------------------- */
/* What the reader calls the axis of the member it reads: an axis of its own, or NULL (bound, constant). */
static IrAxis *readers_name(const IrVar *reader, const IrExpr *ref, const IrAxis *axis) {
    int place = axis ? schedule_place(ref->var, axis) : -1;
    if (place < 0 || ref->index[place].kind != IX_AXIS || ref->index[place].offset) return NULL;
    return schedule_place(reader, ref->index[place].axis) >= 0 ? ref->index[place].axis : NULL;
}

/* The axis that the reader sums over where the member has its own. */
static IrAxis *summed_name(const IrVar *reader, const IrExpr *ref, const IrAxis *axis) {
    int place = schedule_place(ref->var, axis);
    if (place < 0 || ref->index[place].kind != IX_AXIS || ref->index[place].offset) return NULL;
    return ir_binds(reader->def, ref->index[place].axis) ? ref->index[place].axis : NULL;
}

/* A reader takes over the names of the axes from the member it reads. */
static void take_names(void *data, IrExpr *ref) {
    Blocker *b = data;
    Member *from = schedule_member_of(b, ref->var), *now = b->now;
    if (!from || from->adds || from == now || (b->squares_alone && !from->square)) return;
    IrVar *reader = now->item->var;
    IrAxis *tile = now->adds ? summed_name(reader, ref, from->tile) : readers_name(reader, ref, from->tile);
    if (!tile || (now->tile && now->tile != tile)) b->refused = true;
    now->tile = tile;
    IrAxis *column = now->adds && from->square ? readers_name(reader, ref, from->column) : NULL;
    if (column) now->column = column;
    for (int i = 0; i < b->batch_count; i++) {
        IrAxis *name = readers_name(reader, ref, from->batch[i]);
        if (from->batch[i] && (!name || (now->batch[i] && now->batch[i] != name))) b->mixes = true;
        if (!name || (now->batch[i] && now->batch[i] != name)) now->mixed[i] = true;
        now->batch[i] = now->mixed[i] ? NULL : name;
    }
}

static bool name(Blocker *b, Member *m, IrItem *item, bool adds) {
    *m = (Member){.item = item, .adds = adds, .square = !adds && schedule_is_square(b->s, item->var)};
    b->now = m;
    b->refused = b->mixes = false;
    ir_each_ref(item->var->def, take_names, b);
    if (m->square && m->tile) m->column = schedule_twin(item->var, m->tile);
    return !b->refused && m->tile;
}

/* Row by row, or as a sum over rows. Only for square tensors' sake are axes given up, and sums taken in. */
static bool fits(Blocker *b, Member *m, IrItem *item, bool reads_square) {
    if (name(b, m, item, false)) return reads_square || !b->mixes;
    return reads_square && item->var->def->op == IR_SUM && name(b, m, item, true);
}

/* It would fit, if what it reads of other rows had a value before. */
static bool fits_later(Blocker *b, IrItem *item) {
    Member m;
    b->squares_alone = true;
    bool fitting = fits(b, &m, item, true);
    b->squares_alone = false;
    return fitting;
}

/* ---- growing -------------------------------------------------------------------------------------------------------------- */
static const Member *seed_of(const Blocker *b, const IrItem *item) {
    for (int i = 0; i < b->seed_count; i++)
        if (b->seed[i].item == item) return &b->seed[i];
    return NULL;
}

static bool is_outside(const Blocker *b, int at) {
    int group = b->s->group[at];
    return group && b->group_outside[group];
}

static void put_outside(Blocker *b, int at) {
    const IrItem *item = b->s->p->items.at[at];
    int group = b->s->group[at];
    if (item->var) b->outside[item->var->id] = true;
    for (int i = 0; i < item->body_count; i++) b->outside[item->body[i]->var->id] = true;
    if (!group || b->group_outside[group]) return;
    b->group_outside[group] = b->moved = true;
}

static void join(Blocker *b, const Member *m) {
    if (b->count == MOST_MEMBERS) b->bad = true;
    else b->member[b->count++] = *m;
}

static void consider(Blocker *b, int at, int *last, bool up_to_last) {
    IrItem *item = b->s->p->items.at[at];
    const Member *seed = seed_of(b, item);
    Member m;
    if (!seed && item->kind == ITEM_ALG && schedule_is_again(b->family, b->family->count, item->var)) return; /* is there before */
    Search reads = {.b = b, .outside = is_outside(b, at)};
    ir_each_read_of(item, search, &reads);
    bool free = item->kind == ITEM_ALG && !b->s->group[at];
    if (seed) {
        b->bad |= reads.outside;
        join(b, seed);
    } else if (free && reads.member && !reads.outside && (!up_to_last || at <= *last) && fits(b, &m, item, reads.square)) {
        join(b, &m);
        if (m.adds) b->outside[item->var->id] = true;
        if (reads.square && !up_to_last) *last = at;
    } else if (reads.member || reads.outside) {
        put_outside(b, at);
        if (!reads.square) return;
        if (free && (reads.outside || fits_later(b, item)) && b->late_count < MOST_LATE) b->late[b->late_count++] = item;
        else b->bad = true;
    }
}

/* The first round finds the last reader of a square tensor. */
static void grow(Blocker *b) {
    const IrProgram *p = b->s->p;
    int last = b->first;
    for (int round = 0; round < 2; round++) {
        b->count = b->late_count = 0;
        b->bad = false;
        for (int i = 0; i < p->vars.count; i++) b->outside[i] = false;
        for (int i = b->first; i < p->items.count; i++) consider(b, i, &last, round == 1);
    }
}

/* v's name for what the reader calls `axis`. */
static IrAxis *own_name(const IrExpr *ref, const IrAxis *axis) {
    for (int i = 0; axis && i < ref->var->axis_count; i++)
        if (ir_is_here(ref->index[i], axis)) return ref->var->axes[i];
    return NULL;
}

typedef struct Beside {
    Blocker *b;
    const Member *reader;
} Beside;

/* A member reads a square tensor that does not follow from the others (the sum of two scores, say), or that an earlier block made: it
 * belongs to the block too, unless it was stored whole before. */
static void seed_beside(void *data, IrExpr *ref) {
    Beside *w = data;
    Blocker *b = w->b;
    if (schedule_member_of(b, ref->var) || !schedule_is_square(b->s, ref->var)) return;
    int at = schedule_item_of(b->s->p, ref->var);
    if (b->s->schedule->storage[ref->var->id].kind == STORE_SCRATCH) b->bad = true;
    if (at < b->first || b->bad || seed_of(b, b->s->p->items.at[at])) return;
    Member seed = {.item = b->s->p->items.at[at], .square = true, .tile = own_name(ref, w->reader->tile)};
    for (int i = 0; i < b->batch_count; i++) seed.batch[i] = own_name(ref, w->reader->batch[i]);
    if (!seed.tile || b->seed_count == MOST_SEEDS || seed.item->kind != ITEM_ALG) {
        b->bad = true;
        return;
    }
    seed.column = schedule_twin(ref->var, seed.tile);
    b->seed[b->seed_count++] = seed;
}

static void find_seeds(Blocker *b) {
    for (int i = 0; i < b->count && !b->bad; i++) {
        Beside w = {b, &b->member[i]};
        ir_each_ref(b->member[i].item->var->def, seed_beside, &w);
    }
}

void schedule_drop_batch(Blocker *b, int at) {
    b->batch_count--;
    for (int i = 0; i < b->count; i++)
        for (int k = at; k < b->batch_count; k++) b->member[i].batch[k] = b->member[i].batch[k + 1];
}

/* Axes that every member names are done point by point; the others stay inside the block. */
static void keep_common_batch(Blocker *b) {
    for (int i = 0; i < b->batch_count; i++) {
        bool common = true;
        for (int j = 0; j < b->count; j++) common &= b->member[j].batch[i] != NULL;
        if (!common) schedule_drop_batch(b, i--);
    }
}

/* Grown until its members read no square tensor that is not a member, and no group has turned out to be outside. */
void schedule_grow(Blocker *b, const Member *seed) {
    int seeds;
    b->seed[0] = *seed;
    b->seed_count = 1;
    do {
        seeds = b->seed_count;
        b->moved = false;
        grow(b);
        find_seeds(b);
    } while ((b->seed_count > seeds || b->moved) && !b->bad);
    for (int i = 0; i < b->count; i++) b->bad |= !b->member[i].tile || (b->member[i].square && !b->member[i].column);
    b->bad |= b->count < 2;
    keep_common_batch(b);
}
