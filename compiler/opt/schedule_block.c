/* Blocks: equations over (i, j) with i and j along one axis are square tensors (scores, their exponentials) that must never
 * exist as a whole. They are tiled over i together with their readers; a square tensor is then `block` rows of scratch.
 *
 * Readers that need what follows from a block as a whole (the loss stands between the exponentials and their adjoints) are a block of
 * their own, in which the square tensors that they read are made again. That costs operations, so it is done where square tensors are
 * large. */
#include "opt/schedule_block.h"

enum { SMALL_SQUARE = 64 };
/* Elements of the square tensors that are made again, from which on memory costs more than operations. */
static const double LARGE_SQUARE = 4e6;

IrAxis *schedule_twin(const IrVar *v, const IrAxis *axis) {
    for (int i = 0; i < v->axis_count; i++)
        if (v->axes[i] != axis && v->axes[i]->root == axis->root) return v->axes[i];
    return NULL;
}

bool schedule_is_square(const Scheduler *s, const IrVar *v) {
    if (v->init || ir_is_input(v) || schedule_is_kept(s->p, v) || s->schedule->plan[v->id]) return false;
    for (int i = 0; i < v->axis_count; i++) {
        const IrAxis *root = v->axes[i]->root;
        if (schedule_twin(v, v->axes[i]) && (root->kind == AXIS_BOUNDED || root->size >= SMALL_SQUARE)) return true;
    }
    return false;
}

int schedule_item_of(const IrProgram *p, const IrVar *v) {
    for (int i = 0; i < p->items.count; i++)
        if (p->items.at[i]->var == v) return i;
    return -1;
}

bool schedule_is_again(const Family *f, int block, const IrVar *v) {
    for (int i = 0; i < block; i++)
        if (schedule_member_of(f->block[i], v)) return true;
    return false;
}

/* ---- families ------------------------------------------------------------------------------------------------------------- */
static Blocker *new_block(Scheduler *s, const Family *f, int first, const Member *seed) {
    Blocker *b = ARENA_NEW(s->p->arena, Blocker);
    const IrVar *v = seed->item->var;
    *b = (Blocker){.s = s, .family = f, .first = first, .outside = ARENA_ARRAY(s->p->arena, bool, s->p->vars.count + 1),
                   .group_outside = ARENA_ARRAY(s->p->arena, bool, s->groups + 1)};
    Member named = *seed;
    for (int i = 0; i < v->axis_count && b->batch_count < MOST_BATCH; i++)
        if (v->axes[i]->root != seed->tile->root) named.batch[b->batch_count++] = v->axes[i];
    named.column = schedule_twin(v, seed->tile);
    schedule_grow(b, &named);
    return b;
}

/* What is made again stays where it is made first. */
static void set_group(const Blocker *b, int group) {
    for (int i = 0; i < b->count; i++) {
        int *of = &b->s->group[schedule_item_of(b->s->p, b->member[i].item->var)];
        if (!*of) *of = group;
    }
}

typedef struct Find {
    const Family *f;
    const Member *square;
} Find;

static void find_square(void *data, IrExpr *ref) {
    Find *find = data;
    for (int i = 0; i < find->f->count && !find->square; i++) {
        const Member *m = schedule_member_of(find->f->block[i], ref->var);
        if (m && m->square) find->square = m;
    }
}

/* The first item that came too late for all blocks so far. */
static const IrItem *late_of(const Family *f, const Scheduler *s) {
    int first = s->p->items.count;
    for (int i = 0; i < f->count; i++)
        for (int j = 0; j < f->block[i]->late_count; j++) {
            int at = schedule_item_of(s->p, f->block[i]->late[j]->var);
            if (at < first && !schedule_is_again(f, f->count, f->block[i]->late[j]->var)) first = at;
        }
    return first < s->p->items.count ? s->p->items.at[first] : NULL;
}

/* All blocks of a family are grown before anything is decided; false: some square tensor is needed whole. */
static bool grow_family(Family *f, Scheduler *s, int first, IrAxis *tile) {
    Member seed = {.item = s->p->items.at[first], .square = true, .tile = tile};
    for (const IrItem *late = NULL; f->count < SCHEDULE_MOST_BLOCKS;) {
        Blocker *b = new_block(s, f, first, &seed);
        if (b->bad) return false;
        f->block[f->count++] = b;
        set_group(b, ++s->groups);
        if (late && !schedule_is_again(f, f->count, late->var)) return false;
        if (!(late = late_of(f, s))) return true;
        Find find = {.f = f};
        ir_each_ref(late->var->def, find_square, &find);
        seed = (Member){.item = find.square->item, .square = true, .tile = find.square->tile};
    }
    return false;
}

/* ---- do they agree, and are they worth it? ------------------------------------------------------------------------------- */
static double elements(const IrVar *v) {
    double count = 1;
    for (int i = 0; i < v->axis_count; i++) count *= (double)v->axes[i]->root->size;
    return count;
}

static void largest(void *data, IrExpr *ref) {
    double *most = data, here = elements(ref->var);
    if (here > *most) *most = here;
}

/* A square tensor that is no larger than what it is made of (features by features, of many tokens) is better made at once. */
static bool is_larger_than_its_parts(const IrVar *v) {
    double most = 0;
    ir_each_ref(v->def, largest, &most);
    return elements(v) > most;
}

/* A square tensor that two blocks make lies in both the same way: along the same rows, and what one does not do point by point the
 * other does not either. */
static bool agree(Blocker *a, Blocker *b, bool *changed) {
    for (int i = 0; i < a->count; i++) {
        const Member *m = &a->member[i], *again = schedule_member_of(b, m->item->var);
        if (again && m->tile != again->tile) return false;
        for (int k = 0; again && k < a->batch_count; k++) {
            if (schedule_lists(again->batch, b->batch_count, m->batch[k])) continue;
            schedule_drop_batch(a, k--);
            *changed = true;
        }
    }
    return true;
}

static bool all_agree(const Family *f) {
    for (bool changed = true; changed;) {
        changed = false;
        for (int i = 0; i < f->count; i++)
            for (int k = 0; k < f->count; k++)
                if (!agree(f->block[i], f->block[k], &changed)) return false;
    }
    return true;
}

static bool is_worth_it(const Family *f) {
    double again = 0;
    for (int i = 1; i < f->count; i++)
        for (int k = 0; k < f->block[i]->count; k++) {
            const IrVar *v = f->block[i]->member[k].item->var;
            if (schedule_is_again(f, i, v)) again += elements(v);
        }
    return f->count == 1 || again >= LARGE_SQUARE;
}

static bool try_tile(Family *f, Scheduler *s, int first, IrAxis *tile) {
    int groups = s->groups;
    f->count = 0;
    if (grow_family(f, s, first, tile) && all_agree(f) && is_worth_it(f)) return true;
    for (int i = 0; i < s->p->items.count; i++)
        if (s->group[i] > groups) s->group[i] = 0;
    s->groups = groups;
    return false;
}

int schedule_blocks(Scheduler *s, int first, Step *block) {
    IrItem *item = s->p->items.at[first];
    if (item->kind != ITEM_ALG || !schedule_is_square(s, item->var) || !is_larger_than_its_parts(item->var)) return 0;
    Family *f = ARENA_NEW(s->p->arena, Family);
    bool found = false;
    for (int i = 0; i < item->var->axis_count && !found; i++)
        found = schedule_twin(item->var, item->var->axes[i]) && try_tile(f, s, first, item->var->axes[i]);
    if (!found) return 0;
    schedule_place_family(f, block);
    return f->count;
}
