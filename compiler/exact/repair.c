/* See repair.h. */
#include "exact/repair.h"

#include <string.h>

enum { MOST_HINTS = 3, MOST_SITES = 12 };
static const double DEFAULT_BUDGET = 2e8; /* operations for all candidates: a few seconds */
static const double COPY = 4e4;           /* what a copy of one equation costs, in operations */

typedef struct Place { /* where a candidate stands */
    IrProgram *p;
    IrVar *var;
    int variant; /* of candidates that have several: which input, which axis */
} Place;

/* ---- candidates ----------------------------------------------------------------------------------------------------- */
static IrExpr *constant(const Place *at, const IrExpr *e, double value) {
    return e->op == IR_LIT && e->value != value && at->variant == 0 ? ir_lit(at->p, value) : NULL;
}

static IrExpr *constant_one(const Place *at, const IrExpr *e) {
    return constant(at, e, 1);
}

static IrExpr *constant_zero(const Place *at, const IrExpr *e) {
    return constant(at, e, 0);
}

static IrExpr *with_guard(const Place *at, const IrExpr *e, IrGuard guard) {
    return ir_reduce(at->p, e->op, e->bound_count, e->bound, guard, e->arg[0]);
}

/* The variant is the atom. */
static IrExpr *guard_moved(const Place *at, const IrExpr *e, int64_t by) {
    if (at->variant >= e->guard.count) return NULL;
    IrGuard guard = {e->guard.count, arena_copy(at->p->arena, e->guard.atom, sizeof *e->guard.atom * (size_t)e->guard.count)};
    guard.atom[at->variant].bound += by;
    return with_guard(at, e, guard);
}

static IrExpr *guard_closed(const Place *at, const IrExpr *e) {
    return guard_moved(at, e, 1);
}

static IrExpr *guard_open(const Place *at, const IrExpr *e) {
    return guard_moved(at, e, -1);
}

static IrExpr *guard_dropped(const Place *at, const IrExpr *e) {
    if (at->variant >= e->guard.count) return NULL;
    IrGuard guard = {e->guard.count - 1, ARENA_ARRAY(at->p->arena, IrAtom, e->guard.count)};
    for (int i = 0, k = 0; i < e->guard.count; i++)
        if (i != at->variant) guard.atom[k++] = e->guard.atom[i];
    return with_guard(at, e, guard);
}

/* token <= now, for a bound axis and an axis of the equation over the same root; the variant is the axis of the equation. */
static IrExpr *guard_causal(const Place *at, const IrExpr *e) {
    if (e->op != IR_SUM || e->guard.count || at->variant >= at->var->axis_count) return NULL;
    IrAxis *now = at->var->axes[at->variant];
    for (int i = 0; i < e->bound_count; i++) {
        if (e->bound[i]->root != now->root) continue;
        IrAtom *atom = ARENA_NEW(at->p->arena, IrAtom);
        *atom = (IrAtom){e->bound[i], now, 0, GUARD_LE};
        return with_guard(at, e, (IrGuard){1, atom});
    }
    return NULL;
}

static bool same_roots(const IrVar *a, const IrVar *b) {
    if (a->axis_count != b->axis_count) return false;
    for (int i = 0; i < a->axis_count; i++)
        if (a->axes[i]->root != b->axes[i]->root) return false;
    return true;
}

/* The variant-th input that has the same axes. */
static IrVar *input_like(const Place *at, const IrVar *v, IrVarKind kind) {
    int left = at->variant;
    for (int i = 0; i < at->p->vars.count; i++) {
        IrVar *input = at->p->vars.at[i];
        if (!input->def && input != v && input->kind == kind && same_roots(input, v) && left-- == 0) return input;
    }
    return NULL;
}

/* The whole equation and a stimulus of the same axes: a residual connection. */
static IrExpr *term_missing(const Place *at, const IrExpr *e) {
    const IrVar *v = at->var;
    IrVar *input = e == v->def ? input_like(at, v, VAR_STIMULUS) : NULL;
    if (!input) return NULL;
    IrIndex index[v->axis_count + 1];
    for (int i = 0; i < v->axis_count; i++) index[i] = ir_index(v->axes[i]);
    return ir_op2(at->p, IR_ADD, (IrExpr *)e, ir_ref(at->p, input, index));
}

static IrExpr *argument(const Place *at, const IrExpr *e, bool fits, int which) {
    return fits && at->variant == 0 ? e->arg[which] : NULL;
}

static IrExpr *first_term_extra(const Place *at, const IrExpr *e) {
    return argument(at, e, e->op == IR_ADD, 1);
}

static IrExpr *second_term_extra(const Place *at, const IrExpr *e) {
    return argument(at, e, e->op == IR_ADD || e->op == IR_SUB, 0);
}

static IrExpr *first_factor_extra(const Place *at, const IrExpr *e) {
    return argument(at, e, e->op == IR_MUL, 1);
}

static IrExpr *second_factor_extra(const Place *at, const IrExpr *e) {
    return argument(at, e, e->op == IR_MUL, 0);
}

static IrExpr *divisor_extra(const Place *at, const IrExpr *e) {
    return argument(at, e, e->op == IR_DIV, 0);
}

static IrExpr *sign_reversed(const Place *at, const IrExpr *e) {
    if (at->variant) return NULL;
    if (e->op == IR_NEG) return e->arg[0];
    bool sum = e->op == IR_ADD || e->op == IR_SUB;
    return sum ? ir_op2(at->p, e->op == IR_ADD ? IR_SUB : IR_ADD, e->arg[0], e->arg[1]) : NULL;
}

static IrExpr *function_extra(const Place *at, const IrExpr *e) {
    return argument(at, e, e->op >= IR_EXP && e->op <= IR_ABS, 0);
}

static IrExpr *other_input(const Place *at, const IrExpr *e) {
    IrVar *input = e->op == IR_REF && !e->var->def && !e->var->literal ? input_like(at, e->var, e->var->kind) : NULL;
    return input ? ir_ref(at->p, input, e->index) : NULL;
}

static IrExpr *state_before(const Place *at, const IrExpr *e) {
    bool own = e->var == at->var;
    return e->op == IR_PREV && !own && at->variant == 0 ? ir_ref(at->p, e->var, e->index) : NULL;
}

typedef struct Repair {
    const char *words;
    IrExpr *(*apply)(const Place *at, const IrExpr *e);
} Repair;
static const Repair repairs[] = {
#define REPAIR(function, words) {words, function},
#include "exact/repairs.def"
#undef REPAIR
};
enum { REPAIRS = sizeof repairs / sizeof *repairs, MOST_VARIANTS = 6 };

/* ---- places --------------------------------------------------------------------------------------------------------- */
/* Applies the repair at the `site`th place at or below *slot that admits it. */
static bool apply(const Place *at, const Repair *repair, IrExpr **slot, int *site, char **before, char **after) {
    IrExpr *e = *slot, *instead = repair->apply(at, e);
    if (instead && (*site)-- == 0) {
        *before = ir_expr_text(at->p->arena, e);
        *after = ir_expr_text(at->p->arena, instead);
        *slot = instead;
        return true;
    }
    for (int i = 0; i < e->argc; i++)
        if (apply(at, repair, &e->arg[i], site, before, after)) return true;
    return false;
}

static void reach(void *data, IrExpr *ref) {
    bool *reached = data;
    reached[ref->var->id] = true;
}

static bool *reached_from(Arena *arena, const IrProgram *p, const IrVar *v) {
    bool *reached = ARENA_ARRAY(arena, bool, p->vars.count);
    reached[v->id] = true;
    for (int round = 0; round < 2; round++) /* twice: states are read before they are made */
        for (int i = p->vars.count - 1; i >= 0; i--)
            if (reached[i] && p->vars.at[i]->def) ir_each_ref(p->vars.at[i]->def, reach, reached);
    return reached;
}

typedef struct Search {
    Arena *arena;
    const IrProgram *p;
    const IrCheck *check;
    const bool *own[2]; /* by variable: what the left, the right side depends on */
    bool *repaired;     /* by variable: a repair of its equation was found */
    ExactOptions how;
    double left; /* operations */
    ExactResult *result;
} Search;

static const char *name_of_var(const IrVar *v) {
    return v->origin ? v->origin : v->name;
}

static void add_hint(Search *s, char *text) {
    ExactResult *r = s->result;
    for (int i = 0; i < r->hint_count; i++)
        if (strcmp(r->hint[i], text) == 0) return;
    if (r->hint_count < MOST_HINTS) r->hint[r->hint_count++] = text;
}

/* One candidate. False: there are not so many places in this equation. */
static bool try_repair(Search *s, const Repair *repair, int var, int variant, int site) {
    Arena *scratch = arena_new();
    IrProgram *p = ir_clone(s->p);
    s->left -= COPY * p->vars.count;
    Place at = {p, p->vars.at[var], variant};
    char *before, *after;
    bool applied = apply(&at, repair, &at.var->def, &site, &before, &after);
    if (applied) at.var->def = ir_substitute(p, at.var->def, 0, NULL, NULL);
    if (applied && !ir_verify(p)) {
        ExactResult r = exact_check(scratch, p, &p->checks.at[s->check - s->p->checks.at], &s->how);
        s->left -= r.operations;
        s->repaired[var] |= r.verdict == EXACT_EQUAL;
        if (r.verdict == EXACT_EQUAL) add_hint(s, arena_printf(s->arena, repair->words, before, after, name_of_var(at.var)));
    }
    arena_free(scratch);
    return applied;
}

static bool enough(const Search *s) {
    return s->left <= 0 || s->result->hint_count == MOST_HINTS;
}

static void search_equation(Search *s, const Repair *repair, int var) {
    for (int variant = 0; variant < MOST_VARIANTS; variant++)
        for (int site = 0; site < MOST_SITES && !enough(s) && !s->repaired[var]; site++)
            if (!try_repair(s, repair, var, variant, site)) break;
}

/* Where the check itself could be changed instead, that is no news. */
static bool worth(const Search *s, const IrVar *v) {
    return v->def && (s->result->hint_count == 0 || (v != s->check->left && v != s->check->right));
}

/* What both sides read changes both: only what is one side's own can be wrong. */
static void search_side(Search *s, const Repair *repair, int side) {
    for (int i = 0; i < s->p->vars.count && !enough(s); i++)
        if (s->own[side][i] && !s->own[!side][i] && worth(s, s->p->vars.at[i])) search_equation(s, repair, i);
}

void exact_repair(Arena *arena, const IrProgram *core, const IrCheck *check, const ExactOptions *options, ExactResult *result) {
    Search s = {.arena = arena, .p = core, .check = check, .left = options->budget > 0 ? options->budget : DEFAULT_BUDGET};
    s.own[0] = reached_from(arena, core, check->left), s.own[1] = reached_from(arena, core, check->right);
    s.repaired = ARENA_ARRAY(arena, bool, core->vars.count);
    s.how = (ExactOptions){.seed = options->seed, .budget = 1, .one_shape = true};
    s.result = result;
    result->hint = ARENA_ARRAY(arena, char *, MOST_HINTS);
    for (int side = 0; side < 2 && result->hint_count == 0; side++)
        for (int i = 0; i < REPAIRS && !enough(&s); i++) search_side(&s, &repairs[i], side);
}
