/* The first intermediate value that differs between the two sides of a failed check.
 *
 * Both sides are taken apart into named values: the variables, and every sum, product, quotient and function inside
 * their equations. A value of one side that equals a value of the other (over axes of the same sizes, used in the same
 * way) is right, and so is everything it was computed from: whatever a check that holds was computed from is right too.
 * What remains is suspect, and the first suspect population in order of dependence is where the sides part.
 *
 * "Used in the same way" (roles): an axis of a value may be read at a free index of the check (bit k), or at an index
 * that is summed over, stepped through or fixed (SUMMED), or both. Without it a transposed score would count as right,
 * since queries and keys have the same shape. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reference/check_internal.h"

enum { MOST_VALUES = 3000, SUMMED = 1 << 30, SHORT = 5 };
static const double MOST_POINTS = 2e6;

typedef struct Value {
    IrVar *var;       /* of the clone: a variable of the program, or one made for a part of an equation */
    IrVar *owner;     /* the variable whose equation it is part of */
    int rank;
    unsigned role[2][16]; /* by side: how each axis is used; 0: the side does not read it */
    bool on[2];
    bool summand;         /* a part that something is added to */
} Value;

typedef struct Finder {
    Checker *c;
    IrProgram *p; /* clone of the source with the parts as variables */
    const Case *k;
    VEC(Value *) values;
    Value **of_var;    /* by id of the clone's variables */
    int variables;     /* of the program, before the parts */
    bool *right;       /* by variable id */
    bool *passed;      /* acquit went through it */
    bool *barred;      /* the sides of the failed check and what they merely repeat: known not to be right as a whole */
    Reference *r;
} Finder;

/* ---- roles ------------------------------------------------------------------------------------------------------- */
typedef struct Scope {
    IrAxis *axis[64];
    unsigned role[64];
    int count;
} Scope;

static unsigned role_of(const Scope *scope, const IrIndex *index) {
    if (index->kind == IX_AXIS)
        for (int i = scope->count - 1; i >= 0; i--)
            if (scope->axis[i] == index->axis) return scope->role[i];
    return SUMMED;
}

/* Gives what `e` reads its roles on `side`; true when something changed. */
static bool spread(Finder *f, int side, const IrExpr *e, const Scope *scope) {
    bool changed = false;
    Scope inner = *scope;
    if (e->op == IR_REF || e->op == IR_PREV) {
        Value *v = f->of_var[e->var->id];
        changed = !v->on[side];
        v->on[side] = true;
        for (int i = 0; i < v->rank; i++) {
            unsigned role = role_of(scope, &e->index[i]);
            if (e->op == IR_PREV && e->var->axes[i] == e->var->scan_axis) role |= SUMMED;
            changed |= (v->role[side][i] | role) != v->role[side][i];
            v->role[side][i] |= role;
        }
        return changed;
    }
    for (int i = 0; i < e->bound_count && inner.count < 64; i++) {
        inner.axis[inner.count] = e->bound[i];
        inner.role[inner.count++] = SUMMED;
    }
    for (int i = 0; i < e->argc; i++) changed |= spread(f, side, e->arg[i], &inner);
    return changed;
}

/* A state gathers what it reads over the axis it advances along: its last point is but one of those that count. */
static Scope scope_of(const Value *v, int side) {
    Scope scope = {.count = v->rank};
    for (int i = 0; i < v->rank; i++) {
        bool gathered = v->var->init && v->var->axes[i] == v->var->scan_axis;
        scope.axis[i] = v->var->axes[i];
        scope.role[i] = gathered ? SUMMED : v->role[side][i];
    }
    return scope;
}

static void find_roles(Finder *f, int side, const IrVar *top) {
    Value *start = f->of_var[top->id];
    start->on[side] = true;
    for (int i = 0; i < start->rank; i++) start->role[side][i] = 1u << i;
    bool changed = true;
    for (int round = 0; changed && round < 20; round++) { /* later variables first; states need more rounds */
        changed = false;
        for (int i = f->p->vars.count - 1; i >= 0; i--) {
            const IrVar *v = f->p->vars.at[i];
            const Value *value = f->of_var[i];
            if (!value->on[side] || !v->def) continue;
            Scope scope = scope_of(value, side);
            changed |= spread(f, side, v->def, &scope);
        }
    }
}

/* ---- parts ------------------------------------------------------------------------------------------------------- */
static Value *add_value(Finder *f, IrVar *var, IrVar *owner) {
    Value *v = ARENA_NEW(f->p->arena, Value);
    *v = (Value){.var = var, .owner = owner, .rank = var->axis_count};
    vec_push(f->p->arena, &f->values, v);
    return v;
}

static double points_of(const Finder *f, int count, IrAxis *const *axes) {
    double points = 1;
    for (int i = 0; i < count; i++) points *= (double)case_size(f->k, axes[i]);
    return points;
}

/* An expression of `owner` as a value of its own, over the axes of the scope that it uses. */
static Value *add_part(Finder *f, const Value *owner, IrExpr *e, const Scope *scopes) {
    IrAxis *axes[16];
    int from[16], rank = 0;
    for (int i = 0; i < scopes[0].count; i++) {
        if (!ir_uses_axis(e, scopes[0].axis[i])) continue;
        if (rank == 16) return NULL;
        from[rank] = i;
        axes[rank++] = scopes[0].axis[i];
    }
    if (f->values.count >= MOST_VALUES || points_of(f, rank, axes) > MOST_POINTS) return NULL;
    IrVar *var = ir_var_new(f->p, VAR_ALG, name_printf(f->p->names, "part.%d", f->p->vars.count), rank, axes);
    var->def = e;
    Value *v = add_value(f, var, owner->var);
    for (int side = 0; side < 2; side++) {
        v->on[side] = owner->on[side];
        for (int i = 0; i < rank; i++) v->role[side][i] = scopes[side].role[from[i]];
    }
    return v;
}

static bool no_bound_axis(const IrExpr *e, const IrExpr *sum) {
    for (int i = 0; i < sum->bound_count; i++)
        if (ir_uses_axis(e, sum->bound[i])) return false;
    return true;
}

/* (sum of b) op other, where the bracket could be moved into the sum: b op other is what a circuit with the factor in
 * each cell computes. */
static void add_moved_factor(Finder *f, const Value *owner, IrExpr *e, const Scope *scopes) {
    for (int i = 0; i < 2; i++) {
        IrExpr *sum = e->arg[i], *other = e->arg[1 - i];
        if (sum->op != IR_SUM || (e->op == IR_DIV && i == 1) || !no_bound_axis(other, sum)) continue;
        Scope inner[2] = {scopes[0], scopes[1]};
        for (int k = 0; k < sum->bound_count; k++) {
            for (int side = 0; side < 2; side++) {
                inner[side].axis[inner[side].count] = sum->bound[k];
                inner[side].role[inner[side].count++] = SUMMED;
            }
        }
        add_part(f, owner, ir_op2(f->p, e->op, sum->arg[0], other), inner);
    }
}

static void take_apart(Finder *f, const Value *owner, IrExpr *e, const Scope *scopes, const IrExpr *around) {
    Value *part = around && (e->argc > 0 || e->op == IR_PREV) ? add_part(f, owner, e, scopes) : NULL;
    if (part) part->summand = around->op == IR_ADD || around->op == IR_SUB;
    if (e->op == IR_MUL || e->op == IR_DIV) add_moved_factor(f, owner, e, scopes);
    Scope inner[2] = {scopes[0], scopes[1]};
    for (int i = 0; i < e->bound_count && inner[0].count < 64; i++) {
        for (int side = 0; side < 2; side++) {
            inner[side].axis[inner[side].count] = e->bound[i];
            inner[side].role[inner[side].count++] = SUMMED;
        }
    }
    for (int i = 0; i < e->argc; i++) take_apart(f, owner, e->arg[i], inner, e);
}

/* Parts of all equations on exactly one side; what both sides read is right anyway. */
static void add_parts(Finder *f) {
    for (int i = 0; i < f->variables; i++) {
        Value *v = f->of_var[i];
        if (!v->var->def || v->on[0] == v->on[1]) continue;
        Scope scopes[2] = {scope_of(v, 0), scope_of(v, 1)};
        take_apart(f, v, v->var->def, scopes, NULL);
    }
    for (int i = f->variables; i < f->p->vars.count; i++) {
        IrItem *item = ir_item_new(f->p, ITEM_ALG);
        item->var = f->p->vars.at[i];
        vec_push(f->p->arena, &f->p->items, item);
    }
}

static bool is_circuit(const IrVar *v) {
    return v->origin && v->origin_kind && strcmp(v->origin_kind, "spec") != 0 && strcmp(v->origin_kind, "weight") != 0 &&
           strcmp(v->origin_kind, "stimulus") != 0 && strcmp(v->origin_kind, "const") != 0;
}

static bool is_population(const IrVar *v) {
    return is_circuit(v) && strcmp(v->origin_kind, "population") == 0;
}

/* ---- matching ---------------------------------------------------------------------------------------------------- */
/* The values of a tensor without the axes along which nothing changes: a circuit's compartment has the axes of its
 * cell, and a formula only those that matter. */
typedef struct View {
    const Value *of;
    RefTensor t;
    int rank;
    int dim[16];         /* of the tensor */
    int64_t size[16], stride[16];
    int64_t count;
    double most;         /* largest magnitude */
} View;

static bool constant_along(RefTensor t, int64_t stride, int64_t size) {
    for (int64_t i = 0; i < t.count; i++) {
        int64_t position = i / stride % size;
        if (t.value[i] != t.value[i - position * stride]) return false;
    }
    return true;
}

static View view_of(const Finder *f, const Value *v) {
    View view = {.of = v, .t = ref_tensor(f->r, v->var), .count = 1};
    if (!view.t.value) return view;
    int64_t stride = view.t.count;
    for (int i = 0; i < v->rank; i++) {
        stride /= view.t.size[i];
        if (view.t.size[i] > 1 && constant_along(view.t, stride, view.t.size[i])) continue;
        view.dim[view.rank] = i;
        view.size[view.rank] = view.t.size[i];
        view.stride[view.rank++] = stride;
        view.count *= view.t.size[i];
    }
    for (int64_t i = 0; i < view.t.count; i++)
        if (!(fabs(view.t.value[i]) <= view.most)) view.most = fabs(view.t.value[i]);
    return view;
}

/* Equal within the bounds; a bound that is no use on the scale of the tensor does not count. */
static bool near_enough(const View *a, int64_t i, const View *b, int64_t k) {
    double far = fabs(a->t.value[i] - b->t.value[k]), bound = a->t.bound[i] + b->t.bound[k];
    if (!(bound <= 1e-6 * a->most)) bound = 1e-6 * a->most;
    return far <= bound + 1e-12 * fabs(a->t.value[i]) && isfinite(far);
}

/* Does b, its axes in the order `to`, equal a? */
static bool equal_in_order(const View *a, const View *b, const int *to) {
    int64_t at[16] = {0}, i = 0, k = 0;
    for (int64_t n = 0; n < a->count; n++) {
        if (!near_enough(a, i, b, k)) return false;
        for (int d = a->rank - 1; d >= 0; d--) {
            i += a->stride[d];
            k += b->stride[to[d]];
            if (++at[d] < a->size[d]) break;
            i -= a->stride[d] * at[d];
            k -= b->stride[to[d]] * at[d];
            at[d] = 0;
        }
    }
    return true;
}

static bool may_pair(const View *a, const View *b, int i, int k) {
    int one = a->dim[i], two = b->dim[k];
    return a->of->var->axes[one]->root == b->of->var->axes[two]->root && (a->of->role[0][one] & b->of->role[1][two]);
}

/* All ways to pair the axes of a (left) with those of b (right). */
static bool equal_somehow(const View *a, const View *b, int depth, int *to, unsigned used) {
    if (depth == a->rank) return equal_in_order(a, b, to);
    for (int k = 0; k < b->rank; k++) {
        if (used >> k & 1 || !may_pair(a, b, depth, k)) continue;
        to[depth] = k;
        if (equal_somehow(a, b, depth + 1, to, used | 1u << k)) return true;
    }
    return false;
}

static bool reads_input(const IrExpr *e) {
    if (e->op == IR_REF || e->op == IR_PREV) return true;
    for (int i = 0; i < e->argc; i++)
        if (reads_input(e->arg[i])) return true;
    return false;
}

/* Values that any program contains say nothing. */
static bool telling(const View *view) {
    if (!view->t.value || (view->of->var->def && !reads_input(view->of->var->def))) return false;
    for (int64_t i = 0; i < view->t.count; i++)
        if (view->t.value[i] != 0 && view->t.value[i] != 1 && isfinite(view->t.value[i])) return true;
    return false;
}

static bool values_equal(const View *a, const View *b) {
    int to[16];
    return a->rank == b->rank && a->count == b->count && equal_somehow(a, b, 0, to, 0);
}

static void acquit(Finder *f, const IrVar *v);

static void acquit_reads(void *data, IrExpr *ref) {
    acquit(data, ref->var);
}

/* v is right, and with it all that it was computed from. */
static void acquit(Finder *f, const IrVar *v) {
    if (f->passed[v->id]) return;
    f->passed[v->id] = true;
    f->right[v->id] = !f->barred[v->id];
    ir_each_read(v, acquit_reads, f);
}

/* A population that equals one summand of the other side may lack the other summands: only what it was computed from is
 * right. So it is with a side of the check that equals a part of the other side. */
static void acquit_match(Finder *f, const Value *v, const Value *other) {
    const IrVar *var = v->var;
    bool whole = var->id >= f->variables || (!f->barred[var->id] && !(other->summand && is_population(var)));
    if (whole) acquit(f, var);
    else if (var->def && var->def->op != IR_REF) ir_each_ref(var->def, acquit_reads, f);
    else if (var->def && !f->barred[var->def->var->id]) acquit(f, var->def->var);
}

/* A side of the check, and what it repeats. */
static void bar(Finder *f, const IrVar *v) {
    f->barred[v->id] = true;
    if (v->def && v->def->op == IR_REF) bar(f, v->def->var);
}

static void match_all(Finder *f) {
    View *left = ARENA_ARRAY(f->p->arena, View, f->values.count), *right = ARENA_ARRAY(f->p->arena, View, f->values.count);
    int lefts = 0, rights = 0;
    for (int i = 0; i < f->values.count; i++) {
        const Value *v = f->values.at[i];
        if (v->on[0] && v->on[1] && v->var->id < f->variables && !f->barred[v->var->id]) acquit(f, v->var);
        View view = view_of(f, v);
        if (!telling(&view)) continue;
        if (v->on[0]) left[lefts++] = view;
        if (v->on[1]) right[rights++] = view;
    }
    for (int i = 0; i < lefts; i++) {
        for (int k = 0; k < rights; k++) {
            if (left[i].of == right[k].of || !values_equal(&left[i], &right[k])) continue;
            acquit_match(f, left[i].of, right[k].of);
            acquit_match(f, right[k].of, left[i].of);
        }
    }
}

/* What one side alone of a check that holds was computed from is right; what both were computed from it does not tell. */
typedef struct Unshared {
    Finder *f;
    const bool *shared; /* by variable id; NULL: nothing */
} Unshared;

static void acquit_unshared(void *data, IrExpr *ref) {
    Unshared *u = data;
    const IrVar *v = ref->var;
    if (!v->def || u->f->right[v->id] || (u->shared && u->shared[v->id])) return;
    u->f->right[v->id] = true;
    ir_each_ref(v->def, acquit_unshared, u);
}

static void acquit_check(Finder *f, const IrCheck *check, const bool *shared) {
    Unshared u = {f, shared};
    if (check->left->def) ir_each_ref(check->left->def, acquit_unshared, &u);
    if (check->right->def) ir_each_ref(check->right->def, acquit_unshared, &u);
}

/* ---- the report -------------------------------------------------------------------------------------------------- */
/* The population that a compartment, a state or a synapse belongs to: the longest path that begins its own. */
static const IrVar *population_of(const Finder *f, const IrVar *v) {
    const IrVar *best = v;
    size_t longest = 0;
    for (int i = 0; i < f->variables; i++) {
        const IrVar *other = f->p->vars.at[i];
        if (!is_population(other)) continue;
        size_t length = strlen(other->origin);
        bool begins = strncmp(other->origin, v->origin, length) == 0 &&
            (v->origin[length] == '.' || v->origin[length] == '\0');
        if (!begins || length < longest) continue;
        best = other;
        longest = length;
    }
    return best;
}

/* First variable of one side that is not right: a circuit's, or (if `circuit` is false) any named one. */
static const IrVar *first_suspect(const Finder *f, int side, bool circuit) {
    for (int i = 0; i < f->variables; i++) {
        const IrVar *v = f->p->vars.at[i];
        if (!v->def || !v->origin || f->right[i] || !f->of_var[i]->on[side]) continue;
        if (circuit ? is_circuit(v) : true) return v;
    }
    return NULL;
}

static void name_suspects(Finder *f, const IrCheck *check, CheckFailure *failure) {
    const IrVar *suspect[2];
    Text text = text_new(f->c->arena), detail = text_new(f->c->arena);
    bool found = false;
    for (int circuit = 1; circuit >= 0 && !found; circuit--) {
        for (int side = 0; side < 2; side++) {
            suspect[side] = first_suspect(f, side, circuit);
            if (!suspect[side] || suspect[side] == (side ? check->right : check->left)) {
                if (!suspect[side] || !is_circuit(suspect[side])) continue;
            }
            if (side == 1 && suspect[0] == suspect[1]) continue;
            const IrVar *population = is_circuit(suspect[side]) ? population_of(f, suspect[side]) : suspect[side];
            text_add(&text, "%s%s", found ? " and " : "", population->origin);
            if (population != suspect[side]) text_add(&detail, "%s%s", detail.length ? ", " : "at ", suspect[side]->origin);
            found = true;
        }
    }
    if (found) failure->first = text.at;
    if (detail.length) failure->first_detail = detail.at;
}

/* Weights that only one side reads: the check asks for equality whatever they are. */
static void name_lone_weights(Finder *f, CheckFailure *failure) {
    Text text = text_new(f->c->arena);
    for (int i = 0; i < f->variables; i++) {
        const Value *v = f->of_var[i];
        if (v->var->kind != VAR_WEIGHT || v->var->literal || v->on[0] == v->on[1]) continue;
        text_add(&text, "%s%s (%s)", text.length ? ", " : "", v->var->name, v->on[0] ? "left" : "right");
    }
    if (text.length) failure->reason = arena_printf(f->c->arena, "weights that one side alone depends on: %s", text.at);
}

/* The case that is looked at: of the same family and seed, at lengths at which nothing coincides by accident. */
static Case *telling_case(Checker *c, const Case *k, int check) {
    const IrProgram *p = c->in->source;
    int64_t *size = calloc((size_t)p->axes.count + 1, sizeof *size);
    int bounded = 0;
    for (int i = 0; i < p->axes.count; i++) {
        const IrAxis *axis = p->axes.at[i];
        size[i] = axis->root->size;
        if (axis->root != axis || axis->kind != AXIS_BOUNDED) continue;
        int64_t length = SHORT - bounded++ % 3;
        size[i] = length < axis->size ? length : axis->size;
    }
    Case *made = case_new(c, FAMILY_NORMAL, k->seed, size, 1);
    free(size);
    if (still_fails(c, made, check, false)) return made;
    case_free(made);
    return case_copy(k);
}

static void begin(Finder *f, const IrCheck *check) {
    f->variables = f->p->vars.count;
    f->of_var = ARENA_ARRAY(f->p->arena, Value *, f->variables);
    for (int i = 0; i < f->variables; i++) f->of_var[i] = add_value(f, f->p->vars.at[i], f->p->vars.at[i]);
    find_roles(f, 0, check->left);
    find_roles(f, 1, check->right);
    add_parts(f);
    f->right = ARENA_ARRAY(f->p->arena, bool, f->p->vars.count);
    f->passed = ARENA_ARRAY(f->p->arena, bool, f->p->vars.count);
    f->barred = ARENA_ARRAY(f->p->arena, bool, f->p->vars.count);
    bar(f, check->left);
    bar(f, check->right);
}

void find_first(Checker *c, const Case *k, int check, const bool *holds, CheckFailure *failure) {
    Case *chosen = telling_case(c, k, check);
    Finder f = {.c = c, .p = ir_clone(c->in->source), .k = chosen};
    const IrCheck *failed = &f.p->checks.at[check];
    begin(&f, failed);
    name_lone_weights(&f, failure);
    IrVar **keep = ARENA_ARRAY(f.p->arena, IrVar *, f.values.count);
    int kept = 0;
    for (int i = 0; i < f.values.count; i++)
        if (f.values.at[i]->on[0] || f.values.at[i]->on[1]) keep[kept++] = f.values.at[i]->var;
    f.r = ref_new(f.p, chosen->size, ref_float64(), keep, kept);
    bind_case(c, f.r, f.p, chosen);
    for (int i = 0; c->exact[check] && i < f.variables; i++)
        if (c->exact[check][i]) ref_take_as_exact(f.r, f.p->vars.at[i]);
    if (ref_bytes(f.r) < 4e9 && !ref_run(f.r)) {
        for (int i = 0; i < f.p->checks.count; i++) {
            if (!holds[i]) continue;
            acquit_check(&f, &f.p->checks.at[i], c->shared[i]);
        }
        match_all(&f);
        name_suspects(&f, failed, failure);
    }
    ref_free(f.r);
    case_free(chosen);
}
