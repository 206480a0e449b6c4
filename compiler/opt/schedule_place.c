/* The blocks of a family as steps: where square tensors live, which are made in place, how many tasks add up. */
#include "opt/schedule_block.h"

enum { ENOUGH_TASKS = 8 };

typedef struct InPlace {
    const IrVar *v, *of;
    bool elsewhere;
} InPlace;

static void same_point(void *data, IrExpr *ref) {
    InPlace *w = data;
    if (ref->var != w->of) return;
    for (int i = 0; i < w->v->axis_count; i++)
        if (!ir_is_here(ref->index[i], w->v->axes[i])) w->elsewhere = true;
}

static bool has_reduction(const IrExpr *e) {
    bool found = e->op == IR_SUM || e->op == IR_AMAX;
    for (int i = 0; i < e->argc && !found; i++) found = has_reduction(e->arg[i]);
    return found;
}

/* In a block, does a member behind v read `of`? */
static bool is_read_behind(const Blocker *b, const IrVar *v, const IrVar *of) {
    bool behind = false, found = false;
    for (int i = 0; i < b->count; i++) {
        found |= behind && ir_uses_var(b->member[i].item->var->def, of);
        behind |= b->member[i].item->var == v;
    }
    return found;
}

/* A square tensor made point by point from one that nobody reads afterwards takes its place. */
static const IrVar *place_of(const Family *f, const Blocker *b, int at) {
    IrVar *v = b->member[at].item->var;
    if (has_reduction(v->def)) return NULL;
    for (int i = at - 1; i >= 0; i--) {
        IrVar *of = b->member[i].item->var;
        if (!b->member[i].square || !ir_uses_var(v->def, of) || of->axis_count != v->axis_count) continue;
        InPlace w = {v, of, false};
        ir_each_ref(v->def, same_point, &w);
        for (int k = 0; k < f->count; k++) w.elsewhere |= is_read_behind(f->block[k], v, of);
        if (!w.elsewhere) return of;
    }
    return NULL;
}

/* 64 rows keep a block of 1024 columns in a quarter of a megabyte of cache. */
static int64_t rows(const IrAxis *axis) {
    return axis->root->size > 1024 ? 32 : 64;
}

/* Tasks for each point of the batch: enough for a few threads, whatever their number. */
static int parts(const Blocker *b) {
    double points = 1, tiles;
    bool adds = false;
    for (int i = 0; i < b->count; i++) adds |= b->member[i].adds;
    for (int i = 0; i < b->batch_count; i++) points *= (double)b->member[0].batch[i]->root->size;
    const IrAxis *tile = b->member[0].tile;
    tiles = (double)((tile->root->size + rows(tile) - 1) / rows(tile));
    if (!adds) return 0;
    return points >= ENOUGH_TASKS ? 1 : tiles < ENOUGH_TASKS ? (int)tiles : ENOUGH_TASKS;
}

static void store(const Family *f, const Blocker *b, int at) {
    const Member *m = &b->member[at];
    const IrVar *v = m->item->var;
    Storage *storage = &b->s->schedule->storage[v->id];
    if (m->adds) storage->parts = parts(b);
    if (!m->square) return;
    *storage = (Storage){.kind = STORE_SCRATCH, .kept = storage->kept, .tile = m->tile, .block = rows(m->tile),
                         .shares = place_of(f, b, at), .slots = 1, .column = m->column};
    for (int i = 0; i < v->axis_count; i++)
        if (schedule_lists(m->batch, b->batch_count, v->axes[i])) storage->kept[i] = false;
}

static Step member_step(Blocker *b, Member *m) {
    Scheduler *s = b->s;
    Step step = {.kind = STEP_EQUATION, .item = m->item, .axis = m->tile, .adds = m->adds, .column = m->column, .batch_count = b->batch_count};
    step.batch = arena_copy(s->p->arena, m->batch, sizeof *m->batch * MOST_BATCH);
    int before = s->fixed_count;
    for (int i = 0; i < b->batch_count && s->fixed_count < 32; i++) s->fixed[s->fixed_count++] = m->batch[i];
    s->tile = m->tile;
    step.kernel = schedule_product(s, m->item->var, b->band_set && !b->no_band, &step.product);
    if (step.product.tied) step.kernel = KERNEL_LOOPS; /* a band is that of all rows, and here are some */
    s->tile = NULL;
    s->fixed_count = before;
    return step;
}

static Step block_step(const Family *f, int number) {
    Blocker *b = f->block[number];
    Step step = {.kind = STEP_BLOCK, .batch_count = b->batch_count, .axis = b->member[0].tile, .band = b->band, .parts = parts(b),
                 .block = rows(b->member[0].tile), .step_count = b->count};
    step.batch = arena_copy(b->s->p->arena, b->member[0].batch, sizeof *step.batch * MOST_BATCH);
    step.steps = ARENA_ARRAY(b->s->p->arena, Step, b->count);
    for (int i = 0; i < b->count; i++) {
        step.steps[i] = member_step(b, &b->member[i]);
        step.steps[i].again = schedule_is_again(f, number, b->member[i].item->var);
    }
    return step;
}

void schedule_place_family(const Family *f, Step *block) {
    for (int i = 0; i < f->count; i++) {
        schedule_find_band(f->block[i]);
        for (int k = 0; k < f->block[i]->count; k++) store(f, f->block[i], k);
    }
    for (int i = 0; i < f->count; i++) block[i] = block_step(f, i);
}

static double stored_bytes(const Schedule *s, const IrVar *v) {
    const Storage *storage = &s->storage[v->id];
    double bytes = storage->kind == STORE_SCRATCH && !storage->shares ? 4 : 0;
    for (int i = 0; i < v->axis_count; i++)
        if (storage->kept[i]) bytes *= (double)(v->axes[i] == storage->tile ? storage->block : v->axes[i]->root->size);
    return bytes;
}

double schedule_rows_bytes(const Schedule *s) {
    double most = 0;
    for (int i = 0; i < s->step_count; i++) {
        double bytes = 0;
        for (int k = 0; s->steps[i].kind == STEP_BLOCK && k < s->steps[i].step_count; k++)
            bytes += stored_bytes(s, s->steps[i].steps[k].item->var);
        if (bytes > most) most = bytes;
    }
    return most;
}
