/* During which steps of a call values are needed. Large buffers that are not needed at the same time may lie in the same memory, which
 * the runtime decides, since it knows the sizes (runtime/core/layout.c).
 *
 * What aliases what is told to LLVM by variable, so nothing may be moved over the step where a buffer takes another's memory: a fence
 * that costs no instruction stands before it. */
#include "codegen/cg.h"

#ifdef CTX_VERIFY /* in debug builds the small programs of the tests share memory too */
static const double LARGE = 1;
#else
static const double LARGE = 1 << 20; /* elements at the bounds of all axes */
#endif

typedef struct Use {
    CgModule *m;
    int step;
} Use;

static void use(const Use *u, const IrVar *v) {
    Steps *live = &u->m->live[v->id];
    if (live->first < 0) live->first = u->step;
    live->last = u->step;
}

static void use_ref(void *data, IrExpr *ref) {
    use(data, ref->var);
}

static void use_item(Use *u, const IrItem *item) {
    if (item->var) use(u, item->var);
    for (int i = 0; i < item->body_count; i++) use(u, item->body[i]->var);
    ir_each_read_of(item, use_ref, u);
}

static void use_step(Use *u, const Step *step) {
    if (step->item) use_item(u, step->item);
    for (int i = 0; step->segments && i < step->segments->scan_count; i++) { /* done again, of what they are made */
        const IrItem *scan = step->segments->scans[i];
        if (schedule_reads_again(u->m->schedule, step->item, scan)) use_item(u, scan);
    }
    for (int i = 0; i < step->step_count; i++) use_step(u, &step->steps[i]);
}

static bool is_large(const CgModule *m, const IrVar *v) {
    const Storage *s = &m->schedule->storage[v->id];
    double elements = s->slots > 1 ? s->slots : 1;
    for (int i = 0; i < v->axis_count; i++)
        if (s->kept[i]) elements *= (double)v->axes[i]->root->size;
    return elements >= LARGE;
}

/* Values of a call alone: those of a run in time outlive it. */
static bool may_share(const CgModule *m, const IrVar *v) {
    const Storage *s = &m->schedule->storage[v->id];
    bool temporary = v->def && s->kind == STORE_BUFFER && !m->schedule->plan[v->id] && !s->mirrored && !s->iterated;
    return temporary && !m->parts.count && m->options.dt == 0 && is_large(m, v);
}

void cg_live(CgModule *m) {
    m->live = ARENA_ARRAY(m->arena, Steps, m->p->vars.count + 1);
    m->fenced = ARENA_ARRAY(m->arena, bool, m->schedule->step_count + 1);
    for (int i = 0; i < m->p->vars.count; i++) m->live[i] = (Steps){-1, -1};
    for (int i = 0; i < m->schedule->step_count; i++) {
        Use u = {m, i};
        if (!m->schedule->steps[i].plan) use_step(&u, &m->schedule->steps[i]);
    }
    for (int i = 0; i < m->p->vars.count; i++) {
        if (!may_share(m, m->p->vars.at[i])) m->live[i] = (Steps){-1, -1};
        else if (m->live[i].first >= 0) m->fenced[m->live[i].first] = true;
    }
}

void cg_begin_step(Fn *f, int step) {
    if (f->m->fenced[step]) LLVMBuildFence(f->m->builder, LLVMAtomicOrderingSequentiallyConsistent, 1, "");
}
