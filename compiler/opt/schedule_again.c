/* Checkpoints: a scan, over steps of time or over tokens, that others go back over, as its adjoint does. What they read of it would be
 * kept for every step. Where that is much, only what a step hears of the steps before is kept, at the beginning of each segment of steps;
 * going back, they carry out one segment of the scan again before they go through it, and the rest of its values are there for that
 * segment alone. Scans along the same axis have the same segments, since one that goes back may read several.
 *
 * T steps in segments of L keep T / L times the s values that a step hears of, and L times the w values that are read: least where
 * L = sqrt(T s / w). Values are computed by the same equations from the same numbers, so they are the same. */
#include <math.h>

#include "opt/schedule_internal.h"

#ifdef CTX_VERIFY /* in debug builds the small programs of the tests are carried out again too */
const double schedule_most_kept = 1;
#else
const double schedule_most_kept = 1 << 22;
#endif

typedef struct Readers {
    const IrItem *scan, *item; /* whose variable is read, and where */
    const IrVar *of, *reader;   /* reader NULL: of its initial value */
    bool back;       /* some scan that goes back over the steps reads it, */
    int64_t lag;     /* so many steps ago at most, */
    bool other;      /* or something else does, or such a scan in another way */
} Readers;

/* How many steps before the point where the reader stands; -1: that is not known. */
static int64_t steps_ago(const Readers *r, const IrExpr *ref) {
    const IrAxis *step = r->scan->axis, *cycle = ir_cycle_of(step);
    int64_t ahead = 0;
    for (int i = 0; i < ref->var->axis_count; i++) {
        const IrAxis *own = ref->var->axes[i];
        if (own != step && own != cycle) continue;
        if (ref->index[i].kind != IX_AXIS || ref->index[i].axis != own) return -1;
        ahead += ref->index[i].offset * (own == cycle ? step->root->size : 1);
    }
    return ahead <= 0 ? -ahead : -1;
}

/* States are there again, as the scan leaves them, for who reads the last point, unless that is while segments are done again: in a scan
 * that goes back, or in one that is done again with this one. */
static bool reads_end(const Readers *r, const IrExpr *ref) {
    return ir_reads_end(ref) && !(r->reader && r->item->axis == r->scan->axis);
}

static bool goes_back(const IrItem *scan, const IrItem *item) {
    return item->kind == ITEM_SCAN && item->axis == scan->axis && item->reversed && !scan->reversed;
}

static void look(void *data, IrExpr *ref) {
    Readers *r = data;
    if (ref->var != r->of || r->item == r->scan) return;
    bool back = r->reader && goes_back(r->scan, r->item) && ir_has_axis(r->reader, r->scan->axis);
    int64_t ago = back ? steps_ago(r, ref) : -1;
    if (ago >= 0 && (ago == 0 || r->of->init)) r->back = true;
    else if (!reads_end(r, ref)) r->other = true;
    if (ago > r->lag) r->lag = ago;
}

static void look_at(Readers *r, const IrVar *reader) {
    r->reader = reader;
    ir_each_ref(reader->def, look, r);
    r->reader = NULL; /* an initial value is of no step */
    if (reader->init) ir_each_ref(reader->init, look, r);
}

static Readers readers_of(const Scheduler *s, const IrItem *scan, const IrVar *v) {
    Readers r = {.scan = scan, .of = v, .other = schedule_is_kept(s->p, v)};
    for (int i = 0; i < s->p->items.count; i++) {
        r.item = s->p->items.at[i];
        if (r.item->var) look_at(&r, r.item->var);
        for (int k = 0; k < r.item->body_count; k++) look_at(&r, r.item->body[k]->var);
    }
    return r;
}

/* The longest look back of the scan itself. */
static void look_back(void *data, IrExpr *ref) {
    Readers *r = data;
    if (ref->var == r->of && ref->lag > r->lag) r->lag = ref->lag;
}

static double elements(const IrItem *scan, const IrVar *v) {
    double n = 1;
    for (int i = 0; i < v->axis_count; i++)
        if (v->axes[i] != scan->axis && v->axes[i] != ir_cycle_of(scan->axis)) n *= (double)v->axes[i]->root->size;
    return n;
}

static double steps_of(const IrAxis *axis) {
    const IrAxis *cycle = ir_cycle_of(axis);
    return (double)axis->root->size * (cycle ? (double)cycle->root->size : 1);
}

typedef struct Sums { /* elements at one step, */
    double heard; /* that it hears of the steps before, as many of them as it does */
    double read;  /* that are read going back */
    double before; /* of the latter, those heard */
} Sums;

/* What is small beside the rest is kept whole, so that who reads nothing else has nothing to do again. */
enum { SMALL = 16 };

static void leave_small(Scheduler *s, const IrItem *scan) {
    double most = 0;
    for (int i = 0; i < scan->body_count; i++)
        if (s->schedule->storage[scan->body[i]->var->id].windowed) most = fmax(most, elements(scan, scan->body[i]->var));
    for (int i = 0; i < scan->body_count; i++)
        if (SMALL * elements(scan, scan->body[i]->var) < most) s->schedule->storage[scan->body[i]->var->id].windowed = false;
}

static Sums measure(Scheduler *s, const IrItem *scan) {
    Sums sums = {0};
    for (int i = 0; i < scan->body_count; i++) {
        const IrVar *v = scan->body[i]->var;
        Storage *storage = &s->schedule->storage[v->id];
        bool step = ir_has_axis(v, scan->axis); /* what is of a cycle is kept for all of them */
        Readers r = step ? readers_of(s, scan, v) : (Readers){.of = v};
        for (int k = 0; v->init && k < scan->body_count; k++) ir_each_ref(scan->body[k]->var->def, look_back, &r);
        storage->again = v->init ? (int)(r.lag > 1 ? r.lag : 1) : 0;
        storage->windowed = r.back && !r.other;
        sums.heard += storage->again * elements(scan, v);
    }
    leave_small(s, scan);
    for (int i = 0; i < scan->body_count; i++) {
        const IrVar *v = scan->body[i]->var;
        const Storage *storage = &s->schedule->storage[v->id];
        if (storage->windowed) sums.read += elements(scan, v), sums.before += storage->again * elements(scan, v);
    }
    return sums;
}

/* ---- which scans --------------------------------------------------------------------------------------------------------- */
bool schedule_in_segments(const Segments *g, const IrItem *scan) {
    for (int i = 0; g && i < g->scan_count; i++)
        if (g->scans[i] == scan) return true;
    return false;
}

typedef struct Reading {
    const Schedule *s;
    const IrItem *scan;
    bool found;
} Reading;

static void look_windowed(void *data, IrExpr *ref) {
    Reading *r = data;
    r->found |= r->s->storage[ref->var->id].windowed && ir_in_body(r->scan, ref->var);
}

bool schedule_reads_again(const Schedule *s, const IrItem *back, const IrItem *scan) {
    Reading r = {s, scan, false};
    if (goes_back(scan, back)) ir_each_read_of(back, look_windowed, &r);
    return r.found;
}

static bool is_gone_back_over(const IrProgram *p, const IrItem *scan) {
    for (int i = 0; i < p->items.count; i++)
        if (goes_back(scan, p->items.at[i])) return true;
    return false;
}

static void forget(Scheduler *s, const IrItem *scan) {
    for (int i = 0; i < scan->body_count; i++) {
        Storage *storage = &s->schedule->storage[scan->body[i]->var->id];
        storage->again = 0, storage->windowed = false;
    }
}

/* The scans along an axis that are gone back over, and what one step of all of them together holds. */
static Sums collect(Scheduler *s, const IrAxis *axis, Segments *g) {
    const IrProgram *p = s->p;
    Sums all = {0};
    *g = (Segments){.axis = axis, .scans = ARENA_ARRAY(p->arena, const IrItem *, p->items.count + 1)};
    for (int i = 0; i < p->items.count; i++) {
        const IrItem *scan = p->items.at[i];
        if (scan->kind != ITEM_SCAN || scan->axis != axis || !is_gone_back_over(p, scan)) continue;
        Sums one = measure(s, scan);
        if (one.read == 0) forget(s, scan);
        if (one.read == 0) continue;
        g->scans[g->scan_count++] = scan;
        all.heard += one.heard, all.read += one.read, all.before += one.before;
    }
    return all;
}

static void divide(Scheduler *s, Segments *g, Sums sums) {
    double steps = steps_of(g->axis), length = ceil(sqrt(steps * sums.heard / sums.read)), most = ceil(steps / length);
    double kept = (most + 1) * sums.heard + length * sums.read + sums.before;
    g->whole = g->kept = steps * sums.read;
    if (g->whole > s->most_kept && 2 * kept <= g->whole) g->length = (int64_t)length, g->most = (int64_t)most, g->kept = kept;
    for (int i = 0; i < g->scan_count && !g->length; i++) forget(s, g->scans[i]);
}

void schedule_find_segments(Scheduler *s) {
    const IrProgram *p = s->p;
    s->segments = ARENA_ARRAY(p->arena, const Segments *, p->axes.count + 1);
    s->schedule->back = ARENA_ARRAY(p->arena, Segments, p->axes.count + 1);
    for (int i = 0; i < p->axes.count; i++) {
        Segments *g = &s->schedule->back[s->schedule->back_count];
        Sums sums = collect(s, p->axes.at[i], g);
        if (!g->scan_count) continue;
        divide(s, g, sums);
        s->schedule->back_count++;
        if (g->length) s->segments[p->axes.at[i]->id] = g;
    }
}

const Segments *schedule_segments(const Scheduler *s, const IrItem *scan) {
    const Segments *g = s->segments[scan->axis->id];
    bool part = schedule_in_segments(g, scan);
    for (int i = 0; g && i < g->scan_count; i++) part |= schedule_reads_again(s->schedule, scan, g->scans[i]);
    return part ? g : NULL;
}

void schedule_store_again(const Segments *g, const IrVar *v, Storage *storage) {
    if (!ir_has_axis(v, g->axis) && !v->init) { /* a segment may begin within a cycle */
        for (int i = 0; i < v->axis_count; i++) storage->kept[i] = true;
        storage->slots = 1;
        return;
    }
    if (!storage->windowed) return;
    for (int i = 0; i < v->axis_count; i++)
        if (v->axes[i] == g->axis || v->axes[i] == ir_cycle_of(g->axis)) storage->kept[i] = false;
    storage->slots = (int)g->length + storage->again;
    storage->mirrored = false;
}
