/* Blocks: equations over (i, j) with i and j along one axis are square tensors (scores, their exponentials) that must never
 * exist as a whole. They are tiled over i together with their readers; a square tensor is then `block` rows of scratch. */
#include "opt/schedule_internal.h"

enum { SMALL_SQUARE = 64, MOST_BATCH = 8, MOST_MEMBERS = 256, MOST_SEEDS = 16 };

typedef struct Member {
    IrItem *item;
    bool square;
    IrAxis *tile, *batch[MOST_BATCH]; /* its own names of the block's axes; NULL: it has not got it */
    bool mixed[MOST_BATCH];           /* it reads members under different names of that axis */
} Member;

typedef struct Blocker {
    Scheduler *s;
    int count, batch_count, seed_count;
    Member member[MOST_MEMBERS];
    Member seed[MOST_SEEDS]; /* further square tensors that members read beside those that follow from the first */
    bool bad, no_band, band_set;
    Band band;
    Member *now; /* being examined */
} Blocker;

static IrAxis *twin(const IrVar *v, const IrAxis *axis) {
    for (int i = 0; i < v->axis_count; i++)
        if (v->axes[i] != axis && v->axes[i]->root == axis->root) return v->axes[i];
    return NULL;
}

static bool is_square(const Scheduler *s, const IrVar *v) {
    if (v->init || schedule_is_kept(s->p, v) || s->schedule->plan[v->id]) return false;
    for (int i = 0; i < v->axis_count; i++) {
        const IrAxis *root = v->axes[i]->root;
        if (twin(v, v->axes[i]) && (root->kind == AXIS_BOUNDED || root->size >= SMALL_SQUARE)) return true;
    }
    return false;
}

static Member *member_of(Blocker *b, const IrVar *v) {
    for (int i = 0; i < b->count; i++)
        if (b->member[i].item->var == v) return &b->member[i];
    return NULL;
}

/* What the reader calls the axis of the member it reads: its own axis, or NULL (bound, constant). */
static IrAxis *readers_name(const IrVar *reader, const IrExpr *ref, const IrAxis *axis) {
    int place = schedule_place(ref->var, axis);
    if (place < 0 || ref->index[place].kind != IX_AXIS || ref->index[place].offset) return NULL;
    return schedule_place(reader, ref->index[place].axis) >= 0 ? ref->index[place].axis : NULL;
}

/* A reader takes over the names of the axes from the member it reads; a disagreement ends the block. */
static void take_names(void *data, IrExpr *ref) {
    Blocker *b = data;
    Member *from = member_of(b, ref->var);
    if (!from || from == b->now) return;
    IrVar *reader = b->now->item->var;
    IrAxis *tile = readers_name(reader, ref, from->tile);
    if (!tile || (b->now->tile && b->now->tile != tile)) b->bad = true;
    b->now->tile = tile;
    for (int i = 0; i < b->batch_count; i++) {
        IrAxis *name = from->batch[i] ? readers_name(reader, ref, from->batch[i]) : NULL;
        if (!name || (b->now->batch[i] && b->now->batch[i] != name)) b->now->mixed[i] = true;
        b->now->batch[i] = b->now->mixed[i] ? NULL : name;
    }
}

typedef struct Search {
    Blocker *b;
    bool member, square;
} Search;

static void search(void *data, IrExpr *ref) {
    Search *s = data;
    Member *m = member_of(s->b, ref->var);
    if (m) s->member = true;
    if (m && m->square) s->square = true;
}

static Search searched(Blocker *b, IrExpr *e) {
    Search s = {b, false, false};
    ir_each_ref(e, search, &s);
    return s;
}

/* ---- guards of the sums over square tensors ------------------------------------------------------------------------------ */
static bool band_of(const IrGuard *guard, const IrAxis *tile, const IrAxis *column, Band *band) {
    *band = (Band){0};
    for (int i = 0; i < guard->count; i++) {
        const IrAtom *atom = &guard->atom[i];
        bool ahead = atom->a == column && atom->b == tile, back = atom->a == tile && atom->b == column;
        if (!ahead && !back) return false;
        bool equal = atom->relation == GUARD_EQ;
        if (ahead || equal) band->above = true, band->ahead = ahead ? atom->bound : -atom->bound;
        if (back || equal) band->below = true, band->back = back ? atom->bound : -atom->bound;
    }
    return true;
}

static bool same_band(Band a, Band b) {
    return a.below == b.below && a.above == b.above && a.back == b.back && a.ahead == b.ahead;
}

/* A member that is stored whole (an output, a record, a side of a check) and reads a square tensor point by point wants all of
 * it, inside and outside of any guard. */
static bool reads_square_point(Blocker *b, IrExpr *e) {
    if (e->op == IR_SUM || e->op == IR_AMAX) return false;
    if (e->op == IR_REF || e->op == IR_PREV) return searched(b, e).square;
    bool found = false;
    for (int i = 0; i < e->argc && !found; i++) found = reads_square_point(b, e->arg[i]);
    return found;
}

/* Every reduction over a square tensor's column must run over the same band, else there is none. */
static void collect_band(Blocker *b, const Member *m, IrExpr *e) {
    bool reduction = e->op == IR_SUM || e->op == IR_AMAX;
    if (reduction && searched(b, e->arg[0]).square) {
        Band band;
        bool plain = e->bound_count == 1 && band_of(&e->guard, m->tile, e->bound[0], &band);
        if (!plain || (b->band_set && !same_band(band, b->band))) b->no_band = true;
        if (plain) b->band = band;
        b->band_set = true;
    }
    for (int i = 0; i < e->argc; i++) collect_band(b, m, e->arg[i]);
}

/* ---- members ------------------------------------------------------------------------------------------------------------------ */
static const Member *seed_of(const Blocker *b, const IrItem *item) {
    for (int i = 0; i < b->seed_count; i++)
        if (b->seed[i].item == item) return &b->seed[i];
    return NULL;
}

static void add_member(Blocker *b, IrItem *item) {
    if (b->count == MOST_MEMBERS) {
        b->bad = true;
        return;
    }
    const Member *seed = seed_of(b, item);
    b->now = &b->member[b->count];
    *b->now = seed ? *seed : (Member){.item = item, .square = is_square(b->s, item->var)};
    ir_each_ref(item->var->def, take_names, b);
    b->count++;
}

static void start(Blocker *b, IrItem *item, IrAxis *tile) {
    IrVar *v = item->var;
    b->count = b->batch_count = b->seed_count = 0;
    b->bad = b->no_band = b->band_set = false;
    b->member[0] = (Member){.item = item, .square = true, .tile = tile};
    for (int i = 0; i < v->axis_count && b->batch_count < MOST_BATCH; i++)
        if (v->axes[i]->root != tile->root) b->member[0].batch[b->batch_count++] = v->axes[i];
    b->count = 1;
}

/* All items from the first on that read a member, up to the last that reads a square one, and the seeds. An item of another
 * block ends this one. */
static void grow(Blocker *b, int first) {
    const IrProgram *p = b->s->p;
    int last = first;
    for (int round = 0; round < 2; round++) { /* the first finds the last reader of a square tensor */
        int end = round ? last : p->items.count - 1;
        b->count = 1;
        b->bad = false;
        for (int i = first + 1; i <= end; i++) {
            IrItem *item = p->items.at[i];
            if (item->kind != ITEM_ALG) {
                for (int j = 0; j < item->body_count; j++)
                    if (searched(b, item->body[j]->var->def).square) b->bad = true, last = i;
                continue;
            }
            Search reads = searched(b, item->var->def);
            if (!reads.member && !seed_of(b, item)) continue;
            if (b->s->done[i]) b->bad = true;
            if (reads.square) last = i;
            add_member(b, item);
        }
    }
}

static int item_of(const IrProgram *p, const IrVar *v) {
    for (int i = 0; i < p->items.count; i++)
        if (p->items.at[i]->var == v) return i;
    return -1;
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
    int first;
} Beside;

/* A member reads a square tensor that does not follow from the first (the sum of two scores, say): that belongs to the block
 * too, unless it was stored whole before. */
static void seed_beside(void *data, IrExpr *ref) {
    Beside *w = data;
    Blocker *b = w->b;
    if (member_of(b, ref->var) || !is_square(b->s, ref->var)) return;
    int at = item_of(b->s->p, ref->var);
    if (b->s->schedule->storage[ref->var->id].kind == STORE_SCRATCH) b->bad = true;
    if (at < w->first || b->bad || seed_of(b, b->s->p->items.at[at])) return;
    Member seed = {.item = b->s->p->items.at[at], .square = true, .tile = own_name(ref, w->reader->tile)};
    for (int i = 0; i < b->batch_count; i++) seed.batch[i] = own_name(ref, w->reader->batch[i]);
    if (!seed.tile || b->seed_count == MOST_SEEDS) b->bad = true;
    else b->seed[b->seed_count++] = seed;
}

/* The block from the first item, grown until its members read no square tensor outside of it. */
static void grow_closed(Blocker *b, int first) {
    int before;
    do {
        grow(b, first);
        before = b->seed_count;
        for (int i = 0; i < b->count && !b->bad; i++) {
            Beside w = {b, &b->member[i], first};
            ir_each_ref(b->member[i].item->var->def, seed_beside, &w);
        }
    } while (b->seed_count > before && !b->bad);
}

/* Axes that every member names are done point by point; the others stay inside the block. */
static void keep_common_batch(Blocker *b) {
    int kept = 0;
    for (int i = 0; i < b->batch_count; i++) {
        bool common = true;
        for (int j = 0; j < b->count; j++) common &= b->member[j].batch[i] != NULL;
        for (int j = 0; common && j < b->count; j++) b->member[j].batch[kept] = b->member[j].batch[i];
        kept += common;
    }
    b->batch_count = kept;
}

static bool try_tile(Blocker *b, int first, IrAxis *tile) {
    start(b, b->s->p->items.at[first], tile);
    grow_closed(b, first);
    for (int i = 0; i < b->count; i++) b->bad |= b->member[i].tile == NULL;
    if (b->bad || b->count < 2) return false;
    keep_common_batch(b);
    for (int i = 0; i < b->count; i++) {
        IrExpr *def = b->member[i].item->var->def;
        collect_band(b, &b->member[i], def);
        if (!b->member[i].square && reads_square_point(b, def)) b->no_band = true;
    }
    if (b->no_band) b->band = (Band){0};
    return true;
}

/* ---- storage ------------------------------------------------------------------------------------------------------------------- */
typedef struct InPlace {
    const IrVar *v, *of;
    bool elsewhere;
} InPlace;

static void same_point(void *data, IrExpr *ref) {
    InPlace *w = data;
    if (ref->var != w->of) return;
    for (int i = 0; i < w->v->axis_count; i++)
        if (ref->index[i].kind != IX_AXIS || ref->index[i].offset || ref->index[i].axis != w->v->axes[i]) w->elsewhere = true;
}

static bool has_reduction(const IrExpr *e) {
    bool found = e->op == IR_SUM || e->op == IR_AMAX;
    for (int i = 0; i < e->argc && !found; i++) found = has_reduction(e->arg[i]);
    return found;
}

/* A square tensor made point by point from one that nobody reads afterwards takes its place. */
static const IrVar *place_of(Blocker *b, int at) {
    IrVar *v = b->member[at].item->var;
    if (has_reduction(v->def)) return NULL;
    for (int i = at - 1; i >= 0; i--) {
        IrVar *of = b->member[i].item->var;
        if (!b->member[i].square || !ir_uses_var(v->def, of) || of->axis_count != v->axis_count) continue;
        InPlace w = {v, of, false};
        ir_each_ref(v->def, same_point, &w);
        for (int j = at + 1; j < b->count; j++) w.elsewhere |= ir_uses_var(b->member[j].item->var->def, of);
        if (!w.elsewhere) return of;
    }
    return NULL;
}

static void store(Blocker *b, int at, int64_t block) {
    Member *m = &b->member[at];
    const IrVar *v = m->item->var;
    Storage *storage = &b->s->schedule->storage[v->id];
    if (!m->square) return;
    *storage = (Storage){.kind = STORE_SCRATCH, .kept = storage->kept, .tile = m->tile, .block = block,
                         .shares = place_of(b, at), .slots = 1, .column = twin(v, m->tile)};
    for (int i = 0; i < v->axis_count; i++)
        for (int j = 0; j < b->batch_count; j++)
            if (v->axes[i] == m->batch[j]) storage->kept[i] = false;
}

/* 64 rows keep a block of 1024 columns in a quarter of a megabyte of cache. */
static int64_t rows(const IrAxis *axis) {
    return axis->root->size > 1024 ? 32 : 64;
}

static Step member_step(Blocker *b, Member *m) {
    Scheduler *s = b->s;
    Step step = {.kind = STEP_EQUATION, .item = m->item, .axis = m->tile, .batch_count = b->batch_count};
    step.batch = arena_copy(s->p->arena, m->batch, sizeof *m->batch * MOST_BATCH);
    int before = s->fixed_count;
    for (int i = 0; i < b->batch_count && s->fixed_count < 32; i++) s->fixed[s->fixed_count++] = m->batch[i];
    step.kernel = schedule_product(s, m->item->var, b->band_set && !b->no_band, &step.product);
    if (step.product.tied) step.kernel = KERNEL_LOOPS; /* a band is that of all rows, and here are some */
    s->fixed_count = before;
    return step;
}

int schedule_block(Scheduler *s, int first, Step *block) {
    IrItem *item = s->p->items.at[first];
    if (item->kind != ITEM_ALG || !is_square(s, item->var)) return 0;
    Blocker *b = ARENA_NEW(s->p->arena, Blocker);
    b->s = s;
    bool found = false;
    for (int i = 0; i < item->var->axis_count && !found; i++)
        found = twin(item->var, item->var->axes[i]) && try_tile(b, first, item->var->axes[i]);
    if (!found) return 0;
    *block = (Step){.kind = STEP_BLOCK, .batch_count = b->batch_count, .axis = b->member[0].tile, .band = b->band,
                    .block = rows(b->member[0].tile), .step_count = b->count};
    block->batch = arena_copy(s->p->arena, b->member[0].batch, sizeof *block->batch * MOST_BATCH);
    block->steps = ARENA_ARRAY(s->p->arena, Step, b->count);
    for (int i = 0; i < b->count; i++) store(b, i, block->block);
    for (int i = 0; i < b->count; i++) block->steps[i] = member_step(b, &b->member[i]);
    return b->count;
}
