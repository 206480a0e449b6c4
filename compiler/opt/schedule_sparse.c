/* Which equations are sums over a sparse table: v[I] = sum(K) T * W * x with a drawn table T of few ones among what is known in the
 * plan. The plan packs the pairs that exist, by target, and the step goes over them alone. A factor that the plan would compute,
 * P = T * W, is taken apart into what it is made of: then neither P nor T nor W has to be stored. */
#include "opt/density.h"
#include "opt/schedule_internal.h"

enum { MOST_FACTORS = 16 };
static const double MOST_ONES_IN_PRODUCT = 0.05; /* above, a matrix product is as fast */
static const double LEAST_PAIRS = 1024;

/* ---- factors ------------------------------------------------------------------------------------------------------------ */
typedef struct Factors {
    const Scheduler *s;
    Sparse *to;
    const IrVar *apart[MOST_FACTORS]; /* variables of the plan that were taken apart */
    int apart_count;
} Factors;

static bool plain(const IrExpr *ref) {
    for (int i = 0; i < ref->var->axis_count; i++)
        if (ref->index[i].kind != IX_AXIS || ref->index[i].offset) return false;
    return true;
}

static bool is_table(const IrExpr *ref) {
    return ref->op == IR_REF && opt_sparsity(ref->var) < 1;
}

/* The reference to a table by which e is multiplied, or NULL. */
static const IrExpr *table_in(const IrExpr *e) {
    const IrExpr *found = NULL;
    if (is_table(e)) return e;
    if (e->op == IR_NEG || e->op == IR_DIV) return table_in(e->arg[0]);
    for (int i = 0; e->op == IR_MUL && i < 2 && !found; i++) found = table_in(e->arg[i]);
    return found;
}

static bool collect(Factors *f, const IrExpr *e);

static bool push(Factors *f, const IrExpr *ref) {
    if (!plain(ref) || f->to->factor_count == MOST_FACTORS) return false;
    f->to->factors[f->to->factor_count++] = ref;
    if (!f->to->table && is_table(ref)) f->to->table = ref;
    return true;
}

/* A variable of the plan: as the factors that it is made of, or as it is. */
static bool planned(Factors *f, const IrExpr *ref) {
    Sparse before = *f->to;
    IrExpr *made = ir_inline((IrProgram *)f->s->p, ref); /* new expressions in its arena; the program stays as it is */
    int apart = f->apart_count;
    if (apart < MOST_FACTORS) {
        f->apart[f->apart_count++] = ref->var;
        if (collect(f, made)) return true;
    }
    *f->to = before;
    f->apart_count = apart;
    const IrExpr *table = f->to->table ? NULL : table_in(made);
    if (table && plain(table)) f->to->table = table;
    return push(f, ref);
}

static bool reference(Factors *f, const IrExpr *ref) {
    if (f->s->schedule->plan[ref->var->id] && ref->op == IR_REF)
        return ref->var->kind == VAR_WEIGHT ? push(f, ref) : planned(f, ref);
    if (f->to->x) return false;
    f->to->x = ref;
    return true;
}

static bool collect(Factors *f, const IrExpr *e) {
    switch (e->op) {
    case IR_LIT: f->to->scale *= e->value; return true;
    case IR_NEG: f->to->scale = -f->to->scale; return collect(f, e->arg[0]);
    case IR_STOP: return collect(f, e->arg[0]);
    case IR_MUL: return collect(f, e->arg[0]) && collect(f, e->arg[1]);
    case IR_DIV:
        if (e->arg[1]->op != IR_LIT || e->arg[1]->value == 0) return false;
        f->to->scale /= e->arg[1]->value;
        return collect(f, e->arg[0]);
    case IR_REF:
    case IR_PREV: return reference(f, e);
    default: return false;
    }
}

/* ---- axes ----------------------------------------------------------------------------------------------------------------- */
static int place_in(const IrExpr *ref, const IrAxis *axis) {
    for (int i = 0; i < ref->var->axis_count; i++)
        if (ref->index[i].kind == IX_AXIS && ref->index[i].axis == axis) return i;
    return -1;
}

static bool in_factors(const Sparse *to, const IrAxis *axis) {
    for (int i = 0; i < to->factor_count; i++)
        if (place_in(to->factors[i], axis) >= 0) return true;
    return place_in(to->table, axis) >= 0;
}

/* Sorts v's axes into rows and the rest, and the bound ones as the table has them. */
static bool sort_axes(const Scheduler *s, const IrVar *v, Sparse *to) {
    const IrExpr *sum = v->def;
    for (int i = 0; i < v->axis_count; i++) {
        if (in_factors(to, v->axes[i])) to->rows[to->row_count++] = v->axes[i];
        else if (!schedule_is_fixed(s, v->axes[i])) to->batch[to->batch_count++] = v->axes[i];
    }
    for (int i = 0; i < to->row_count; i++)
        if (schedule_is_fixed(s, to->rows[i])) return false;
    for (int i = 0; i < to->table->var->axis_count; i++) {
        IrAxis *axis = to->table->index[i].axis;
        if (ir_binds(sum, axis)) to->columns[to->column_count++] = axis;
        else if (to->column_count) return false;
    }
    return to->column_count == sum->bound_count;
}

/* Rows and columns, each once, are all the axes of every factor. */
static bool factors_fit(const Sparse *to) {
    for (int i = -1; i < to->factor_count; i++) {
        const IrExpr *ref = i < 0 ? to->table : to->factors[i];
        for (int k = 0; k < ref->var->axis_count; k++) {
            const IrAxis *axis = ref->index[k].axis;
            if (place_in(ref, axis) != k) return false;
            if (!schedule_lists(to->rows, to->row_count, axis) && !schedule_lists(to->columns, to->column_count, axis)) return false;
        }
    }
    return true;
}

static bool source_fits(const Sparse *to) {
    for (int i = 0; i < to->x->var->axis_count; i++) {
        const IrIndex *at = &to->x->index[i];
        if (at->kind != IX_AXIS || !at->offset) continue;
        if (schedule_lists(to->rows, to->row_count, at->axis) || schedule_lists(to->columns, to->column_count, at->axis)) return false;
    }
    return true;
}

/* Rows are one dimension of v as it is stored. */
static bool rows_join(const Scheduler *s, const IrVar *v, const Sparse *to) {
    const bool *kept = s->schedule->storage[v->id].kept;
    int last = -1;
    for (int i = 0; i < v->axis_count; i++) {
        if (!kept[i] && schedule_lists(to->rows, to->row_count, v->axes[i])) return false;
        if (!kept[i] || !schedule_lists(to->rows, to->row_count, v->axes[i])) continue;
        for (int k = last + 1; last >= 0 && k < i; k++)
            if (kept[k]) return false;
        last = i;
    }
    return true;
}

/* ---- worth it? ------------------------------------------------------------------------------------------------------------ */
static double points(IrAxis *const *axes, int count) {
    double n = 1;
    for (int i = 0; i < count; i++) n *= (double)axes[i]->root->size;
    return n;
}

double schedule_pairs(const Sparse *s) { return points(s->rows, s->row_count) * points(s->columns, s->column_count); }
double schedule_synapses(const Sparse *s) { return schedule_pairs(s) * ir_density(s->table->var); }

static bool worth_it(const Scheduler *s, const Sparse *to) {
    bool product = !s->small_loops && points(to->batch, to->batch_count) >= 16;
    return (!product || ir_density(to->table->var) <= MOST_ONES_IN_PRODUCT) && schedule_pairs(to) >= LEAST_PAIRS;
}

Sparse *schedule_sparse(const Scheduler *s, const IrVar *v) {
    const IrExpr *sum = v->def;
    if (v->init || !sum || sum->op != IR_SUM || sum->guard.count || s->schedule->storage[v->id].kind != STORE_BUFFER) return NULL;
    Arena *arena = s->p->arena;
    Sparse *to = ARENA_NEW(arena, Sparse);
    to->factors = ARENA_ARRAY(arena, const IrExpr *, MOST_FACTORS);
    to->scale = 1;
    Factors f = {.s = s, .to = to};
    if (!collect(&f, sum->arg[0]) || !to->table || !to->x) return NULL;
    int room = v->axis_count + sum->bound_count + to->table->var->axis_count + 1;
    to->batch = ARENA_ARRAY(arena, IrAxis *, room);
    to->rows = ARENA_ARRAY(arena, IrAxis *, room);
    to->columns = ARENA_ARRAY(arena, IrAxis *, room);
    if (!sort_axes(s, v, to) || !factors_fit(to) || !source_fits(to) || !rows_join(s, v, to) || !worth_it(s, to)) return NULL;
    for (int i = 0; i < f.apart_count; i++) s->packed[f.apart[i]->id] = true;
    for (int i = 0; i < to->factor_count; i++)
        if (to->factors[i]->var->kind == VAR_WEIGHT) s->packed[to->factors[i]->var->id] = true;
    s->packed[to->table->var->id] = true;
    return to;
}

/* ---- what need not be stored ---------------------------------------------------------------------------------------------- */
static void mark(void *data, IrExpr *ref) {
    ((bool *)data)[ref->var->id] = true;
}

static void mark_step(const Step *step, bool *used) {
    for (int i = 0; i < step->step_count; i++) mark_step(&step->steps[i], used);
    if (step->kind != STEP_EQUATION) return;
    if (step->kernel != KERNEL_SPARSE) {
        ir_each_read(step->item->var, mark, used);
        return;
    }
    used[step->sparse->x->var->id] = true;
    for (int i = 0; i < step->sparse->factor_count; i++)
        if (step->sparse->factors[i]->var->kind != VAR_WEIGHT) used[step->sparse->factors[i]->var->id] = true;
}

int schedule_drop_packed(const Scheduler *s, Step *steps, int count) {
    bool *used = ARENA_ARRAY(s->p->arena, bool, s->p->vars.count + 1), *drop = ARENA_ARRAY(s->p->arena, bool, count + 1);
    Storage *storage = s->schedule->storage;
    int left = 0;
    for (int i = count - 1; i >= 0; i--) { /* readers stand behind what they read */
        const IrVar *v = steps[i].kind == STEP_EQUATION ? steps[i].item->var : NULL;
        drop[i] = v && steps[i].plan && s->packed[v->id] && !used[v->id];
        if (drop[i]) storage[v->id].kind = STORE_NONE;
        else mark_step(&steps[i], used);
    }
    for (int i = 0; i < s->p->vars.count; i++) {
        const IrVar *v = s->p->vars.at[i];
        if (v->kind == VAR_WEIGHT && s->packed[i] && !used[i]) storage[i].kind = STORE_PACKED;
    }
    for (int i = 0; i < count; i++)
        if (!drop[i]) steps[left++] = steps[i];
    return left;
}

/* ---- what is stored instead ------------------------------------------------------------------------------------------------ */
/* One table with the same factors: steps like that share what is packed, unless their sources are stored in different ways. */
static bool alike(const Sparse *a, const Sparse *b) {
    if (a->table->var != b->table->var || a->factor_count != b->factor_count || a->scale != b->scale) return false;
    for (int i = 0; i < a->factor_count; i++)
        if (a->factors[i]->var != b->factors[i]->var) return false;
    return true;
}

static const Sparse *first_alike(const Step *steps, int count, const Sparse *like) {
    const Sparse *found = NULL;
    for (int i = 0; i < count && !found; i++) {
        if (steps[i].sparse && alike(steps[i].sparse, like)) found = steps[i].sparse;
        else found = first_alike(steps[i].steps, steps[i].step_count, like);
    }
    return found;
}

/* As runtime/core/pack.c packs it: where each row begins, an index of 16 or 32 bits for each pair, a value unless all are 1. */
static double packed_bytes(const Sparse *to) {
    double sources = 1;
    for (int i = 0; i < to->x->var->axis_count; i++) {
        const IrAxis *axis = to->x->index[i].axis;
        bool runs = to->x->index[i].kind == IX_AXIS && (schedule_lists(to->rows, to->row_count, axis) || schedule_lists(to->columns, to->column_count, axis));
        if (runs) sources *= (double)axis->root->size;
    }
    bool values = to->factor_count > 1 || to->factors[0]->var != to->table->var;
    return schedule_synapses(to) * ((sources > 65536 ? 4 : 2) + (values ? 4 : 0)) + 8 * (points(to->rows, to->row_count) + 1);
}

static double bytes_of_steps(const Schedule *s, const Step *steps, int count) {
    double bytes = 0;
    for (int i = 0; i < count; i++) {
        bytes += bytes_of_steps(s, steps[i].steps, steps[i].step_count);
        if (steps[i].sparse && first_alike(s->steps, s->step_count, steps[i].sparse) == steps[i].sparse) bytes += packed_bytes(steps[i].sparse);
    }
    return bytes;
}

double schedule_packed_bytes(const Schedule *s) { return bytes_of_steps(s, s->steps, s->step_count); }

static bool has_factor(const Step *step, const IrVar *weight) {
    for (int i = 0; i < step->step_count; i++)
        if (has_factor(&step->steps[i], weight)) return true;
    bool found = false;
    for (int i = 0; step->sparse && i < step->sparse->factor_count; i++) found |= step->sparse->factors[i]->var == weight;
    return found;
}

bool schedule_is_factor(const Schedule *s, const IrVar *weight) {
    for (int i = 0; i < s->step_count; i++)
        if (has_factor(&s->steps[i], weight)) return true;
    return false;
}
