/* See repair.h. The search works on one copy of the program: an equation gets another right side, the engine decides, and the old
 * right side comes back. Fixed axes are made small for it, since most candidates are wrong; a right one is looked at again at the
 * sizes of the source. */
#include "exact/repair_internal.h"
#include "exact/small.h"

#include <string.h>

#include "base/text.h"

enum { MOST_HINTS = 3, MOST_SITES = 60, MOST_VARIANTS = 12, MOST_SIGNALS = 400, MOST_ORDERED = 4, MOST_SWAPPED = 16, LONGEST_ORDER = 64 };
static const double DEFAULT_BUDGET = 8e7; /* operations for all candidates: two seconds at most */
static const double SETUP = 5e4;          /* what a candidate costs beside its operations, in operations */
static const double LOOK = 5e6;           /* for one trial of a look at all shapes */

typedef struct Search {
    Arena *arena;
    IrProgram *p;     /* the copy */
    IrCheck check;    /* of two variables that repeat the sides, so that a side can be read otherwise */
    bool *of_rule;    /* by variable: read by a learning rule and not by the circuit */
    bool *own[2];     /* by variable: of this side alone. What both sides read changes both: it cannot be what is wrong */
    Vocabulary words[2]; /* of own equations */
    Slopes slopes;
    bool *bounded;    /* by axis: of the roots, those that have a bound */
    int64_t *full, *small; /* by axis */
    int64_t *length;  /* by axis: of bounded ones, the length at which guards begin to matter */
    uint64_t seed;
    bool long_only;   /* the sides differ at that length and at no shorter one */
    bool by_factor;   /* a repair that was found is a factor: perhaps a weight can take it up */
    double left;      /* operations */
    ExactResult *result;
} Search;

/* ---- deciding ------------------------------------------------------------------------------------------------------- */
static bool enough(const Search *s) {
    return s->left <= 0 || s->result->hint_count == MOST_HINTS;
}

static bool decide(Search *s, const IrCheck *check, ExactOptions how, ExactFactor *factor) {
    Arena *scratch = arena_new();
    ExactResult r = exact_check(scratch, s->p, check, &how);
    s->left -= r.operations + SETUP;
    if (factor) *factor = r.factor;
    arena_free(scratch);
    return r.verdict == EXACT_EQUAL || r.agreed;
}

static void set_sizes(Search *s, const int64_t *size) {
    for (int i = 0; i < s->p->axes.count; i++) s->p->axes.at[i]->size = size[s->p->axes.at[i]->root->id];
}

/* How much more the sizes of the source cost, at most. */
static double growth(const Search *s) {
    double times = 1;
    for (int i = 0; i < s->p->axes.count; i++)
        if (s->p->axes.at[i]->root == s->p->axes.at[i]) times *= (double)s->full[i] / (double)s->small[i];
    return times;
}

/* Bounded axes get one length, or their bounds back. */
static void fix_lengths(Search *s, bool fixed) {
    for (int i = 0; i < s->p->axes.count; i++) {
        IrAxis *axis = s->p->axes.at[i];
        if (s->bounded[i]) axis->kind = fixed ? AXIS_CONST : AXIS_BOUNDED;
        if (s->bounded[axis->root->id]) axis->size = (fixed ? s->length : s->full)[axis->root->id];
    }
}

static bool equal_at_one_shape(Search *s, const IrCheck *check) {
    fix_lengths(s, s->long_only);
    bool equal = decide(s, check, (ExactOptions){.seed = s->seed, .budget = 1, .one_shape = true}, NULL);
    fix_lengths(s, false);
    return equal;
}

/* At a small shape, then at all shapes, then at the sizes of the source where those are not too large. */
static bool equal_now(Search *s, const IrCheck *check, ExactFactor *factor) {
    double before = s->left;
    if (!equal_at_one_shape(s, check)) return false;
    double cost = before - s->left;
    ExactOptions all = {.seed = s->seed + 1, .budget = LOOK};
    if (!decide(s, check, all, factor)) return false;
    if (growth(s) == 1 || growth(s) * cost > LOOK) return true;
    set_sizes(s, s->full);
    bool equal = decide(s, check, all, factor);
    set_sizes(s, s->small);
    return equal;
}

static void add_hint(Search *s, char *text, Span where) {
    s->result->hint[s->result->hint_count++] = (ExactHint){arena_strdup(s->arena, text), where};
}

/* ---- the copy ------------------------------------------------------------------------------------------------------- */
static bool *reached_from(const Search *s, const IrVar *v) {
    bool *reached = ARENA_ARRAY(s->arena, bool, s->p->vars.count);
    ir_reach(reached, v);
    return reached;
}

static void find_sizes(Search *s) {
    int count = s->p->axes.count;
    s->length = small_sizes(s->arena, s->p, 2);
    s->full = ARENA_ARRAY(s->arena, int64_t, count);
    s->small = ARENA_ARRAY(s->arena, int64_t, count);
    s->bounded = ARENA_ARRAY(s->arena, bool, count);
    for (int i = 0; i < count; i++) {
        const IrAxis *axis = s->p->axes.at[i];
        s->full[i] = axis->root->size;
        s->bounded[i] = axis->root == axis && axis->kind == AXIS_BOUNDED;
        s->small[i] = s->bounded[i] ? s->full[i] : s->length[i];
    }
}

/* size(a.2), of a copy, is size(a): as one reads it, and the same on both sides. */
static void sizes_of_roots(IrExpr *e) {
    if (e->op == IR_SIZE) e->axis = e->axis->root;
    for (int i = 0; i < e->argc; i++) sizes_of_roots(e->arg[i]);
}

static void list_constants(Search *s, Vocabulary *words, IrExpr *e) {
    if (e->op >= IR_EXP && e->op <= IR_ABS && !is_constant(e)) words->function[e->op] = true;
    if (!is_constant(e)) {
        for (int i = 0; i < e->argc; i++) list_constants(s, words, e->arg[i]);
        return;
    }
    for (int i = 0; i < words->constants.count; i++)
        if (ir_expr_equal(words->constants.at[i], e)) return;
    vec_push(s->arena, &words->constants, e);
}

static IrVar *repeated(Search *s, const IrVar *side, const char *name) {
    IrVar *v = s->p->vars.at[side->id];
    return ir_alg(s->p, name_of(s->p->names, name), v->axis_count, v->axes, ir_ref(s->p, v, NULL));
}

/* Where the sides are known to differ: at small sizes, at longer shapes, or at the sizes of the source only. */
static void find_difference(Search *s) {
    set_sizes(s, s->small);
    if (!equal_at_one_shape(s, &s->check)) return;
    s->long_only = true;
    if (!equal_at_one_shape(s, &s->check)) return;
    s->long_only = false;
    set_sizes(s, s->small = s->full);
    if (equal_at_one_shape(s, &s->check)) s->left = 0; /* then nobody could tell a repair from the sides as they are */
}

/* What a rule is made of: specs are no part of the circuit. */
static void find_rules(Search *s) {
    s->of_rule = ARENA_ARRAY(s->arena, bool, s->p->vars.count);
    for (int i = 0; i < s->p->rules.count; i++) {
        const bool *reached = reached_from(s, s->p->rules.at[i].var);
        for (int k = 0; k < s->p->vars.count; k++) {
            const IrVar *v = s->p->vars.at[k];
            s->of_rule[k] |= reached[k] && v->origin_kind && strcmp(v->origin_kind, "spec") == 0;
        }
    }
}

static void set_up(Search *s, const IrProgram *core, const IrCheck *check) {
    s->p = ir_clone(core);
    for (int i = 0; i < s->p->vars.count; i++)
        if (s->p->vars.at[i]->def) sizes_of_roots(s->p->vars.at[i]->def);
    s->check = *check;
    s->check.left = repeated(s, check->left, "repair.left");
    s->check.right = repeated(s, check->right, "repair.right");
    bool *reached[2] = {reached_from(s, s->check.left), reached_from(s, s->check.right)};
    for (int side = 0; side < 2; side++) {
        s->own[side] = ARENA_ARRAY(s->arena, bool, s->p->vars.count);
        for (int i = 0; i < s->p->vars.count; i++) {
            s->own[side][i] = s->p->vars.at[i]->def && reached[side][i] && !reached[!side][i];
            if (s->own[side][i]) list_constants(s, &s->words[side], s->p->vars.at[i]->def);
        }
    }
    find_rules(s);
    s->slopes = slopes_find(s->p);
    find_sizes(s);
    find_difference(s);
}

/* ---- one equation --------------------------------------------------------------------------------------------------- */
typedef struct Repair {
    const char *words;
    Move move;
    enum { FROM_START, FROM_END } from;
} Repair;
static const Repair repairs[] = {
#define REPAIR(move, from, words) {words, move, from},
#include "exact/repairs.def"
#undef REPAIR
};
enum { REPAIRS = sizeof repairs / sizeof *repairs, LAST = REPAIRS - 1 /* the transposed one */ };

typedef struct Part { /* of an equation */
    IrExpr *node;
    int parent; /* -1: the whole */
} Part;
typedef VEC(Part) Parts;

static void list_parts(const Search *s, Parts *parts, IrExpr *e, int parent) {
    for (int i = 0; i < parts->count; i++)
        if (parts->at[i].node == e) return;
    if (parts->count == MOST_SITES) return;
    int own = parts->count;
    vec_push(s->arena, parts, ((Part){e, parent}));
    for (int i = 0; i < e->argc; i++) list_parts(s, parts, e->arg[i], own);
}

/* The nearest place of the source: a population's is nearer than that of its neuron type. */
static Span place_of(const Parts *parts, int part, const IrVar *v) {
    for (; part >= 0; part = parts->at[part].parent)
        if (parts->at[part].node->span.file) return parts->at[part].node->span;
    return v->span;
}

typedef struct Exchange {
    const IrExpr *node;
    IrExpr *instead;
} Exchange;

static IrExpr *exchanged(void *data, IrExpr *e) {
    const Exchange *x = data;
    return e == x->node ? x->instead : NULL;
}

static bool try_move(Search *s, const Repair *repair, Site *site, IrExpr *instead, Span where) {
    IrVar *v = s->p->vars.at[site->var->id];
    IrExpr *was = v->def;
    v->def = replaced(s->p, was, exchanged, &(Exchange){site->node, instead});
    bool equal = !ir_verify(s->p) && equal_now(s, &s->check, NULL);
    v->def = was;
    if (!equal) return false;
    Move move = repair->move;
    s->by_factor |= move == move_constant || move == move_factor_extra || move == move_factor_missing || move == move_divisor_extra;
    add_hint(s, fill_words(s->arena, repair->words, site, instead), where);
    return true;
}

static bool search_equation(Search *s, const Repair *repair, const IrVar *v, int side) {
    Parts parts = {0};
    list_parts(s, &parts, v->def, -1);
    for (int i = 0; i < parts.count; i++) {
        const Part *part = &parts.at[i];
        for (int variant = 0; variant < (s->of_rule[v->id] ? MOST_SIGNALS : MOST_VARIANTS) && !enough(s); variant++) {
            Site site = {.p = s->p, .var = v, .node = part->node, .other = &s->words[!side], .variant = variant};
            site.parent = part->parent < 0 ? NULL : parts.at[part->parent].node;
            site.rule = s->of_rule[v->id];
            site.slopes = &s->slopes;
            site.foreign = s->own[!side];
            IrExpr *instead = repair->move(&site);
            if (!instead) break;
            if (instead != part->node && try_move(s, repair, &site, instead, place_of(&parts, i, v))) return true;
        }
    }
    return false;
}

/* A factor is missing in many places along a way; the last one is next to where it shows. */
static bool search_repair(Search *s, const Repair *repair, int side, bool at_end) {
    int count = s->p->vars.count;
    for (int k = 0; k < count && !enough(s); k++) {
        int i = repair->from == FROM_END ? count - 1 - k : k;
        const IrVar *v = s->p->vars.at[i];
        bool end = v->origin && strncmp(v->origin, "check.", 6) == 0;
        if (!s->own[side][i] || !v->origin || end != at_end) continue;
        if (search_equation(s, repair, v, side)) return true;
    }
    return false;
}

/* What the user wrote comes first: the sides themselves can always be changed. */
static bool search_side(Search *s, int side, int from, int to) {
    for (int round = 0; round < 2; round++)
        for (int k = from; k < to; k++)
            if (search_repair(s, &repairs[k], side, round == 1)) return true;
    return false;
}

/* ---- a whole side --------------------------------------------------------------------------------------------------- */
static const char *const SIDE[] = {"left", "right"};

/* Decides with every equation of the side rewritten. */
static bool equal_rewritten(Search *s, int side, IrExpr *(*instead)(void *data, IrExpr *e), void *data) {
    IrExpr **was = ARENA_ARRAY(s->arena, IrExpr *, s->p->vars.count);
    bool changed = false;
    for (int i = 0; i < s->p->vars.count; i++) {
        IrVar *v = s->p->vars.at[i];
        was[i] = v->def;
        if (!s->own[side][i]) continue;
        v->def = replaced(s->p, v->def, instead, data);
        changed |= v->def != was[i];
    }
    bool equal = changed && !ir_verify(s->p) && equal_now(s, &s->check, NULL);
    for (int i = 0; i < s->p->vars.count; i++) s->p->vars.at[i]->def = was[i];
    return equal;
}

static bool is_read(const Search *s, int side, const IrVar *input) {
    for (int i = 0; i < s->p->vars.count; i++)
        if (s->own[side][i] && ir_uses_var(s->p->vars.at[i]->def, input)) return true;
    return false;
}

static bool is_data(const IrVar *v) {
    return !v->def && !v->literal;
}

typedef struct Pair {
    IrProgram *p;
    IrVar *a, *b;
} Pair;

static IrExpr *swapped(void *data, IrExpr *e) {
    const Pair *pair = data;
    if (e->op != IR_REF || (e->var != pair->a && e->var != pair->b)) return NULL;
    return ir_ref(pair->p, e->var == pair->a ? pair->b : pair->a, e->index);
}

static bool alike(const IrVar *a, const IrVar *b) {
    if (!is_data(a) || !is_data(b) || a->kind != b->kind || a->axis_count != b->axis_count) return false;
    for (int i = 0; i < a->axis_count; i++)
        if (a->axes[i]->root != b->axes[i]->root) return false;
    return true;
}

static bool search_exchange(Search *s, int side) {
    for (int i = 0; i < s->p->vars.count; i++)
        for (int k = 0; k < i && !enough(s); k++) {
            IrVar *a = s->p->vars.at[k], *b = s->p->vars.at[i];
            if (!alike(a, b) || !is_read(s, side, a) || !is_read(s, side, b)) continue;
            if (!equal_rewritten(s, side, swapped, &(Pair){s->p, a, b})) continue;
            add_hint(s, arena_printf(s->arena, "equal if %s and %s were exchanged on the %s side", var_words(s->p, a),
                                     var_words(s->p, b), SIDE[side]), a->span);
            return true;
        }
    return false;
}

static IrExpr *without(void *op, IrExpr *e) {
    return e->op == *(const IrOp *)op ? e->arg[0] : NULL;
}

typedef struct Guards { /* a condition that stands in several guards */
    IrProgram *p;
    IrAtom atom;
    int by; /* its bound moves by this; 0: it goes */
} Guards;

static bool same_condition(IrAtom a, IrAtom b) {
    return !a.a == !b.a && !a.b == !b.b && a.bound == b.bound && a.relation == b.relation && (!a.a || a.a->root == b.a->root) &&
           (!a.b || a.b->root == b.b->root);
}

static IrExpr *guarded_otherwise(void *data, IrExpr *e) {
    const Guards *x = data;
    IrGuard guard = {0, ARENA_ARRAY(x->p->arena, IrAtom, e->guard.count)};
    bool changed = false;
    for (int i = 0; i < e->guard.count; i++) {
        IrAtom atom = e->guard.atom[i];
        bool here = same_condition(atom, x->atom);
        changed |= here;
        if (here) atom.bound += x->by;
        if (!here || x->by) guard.atom[guard.count++] = atom;
    }
    return changed ? ir_reduce(x->p, e->op, e->bound_count, e->bound, guard, e->arg[0]) : NULL;
}

static int times_guarded(const IrExpr *e, IrAtom atom) {
    int count = 0;
    for (int i = 0; i < e->guard.count; i++) count += same_condition(e->guard.atom[i], atom);
    for (int i = 0; i < e->argc; i++) count += times_guarded(e->arg[i], atom);
    return count;
}

static int times_on_side(const Search *s, int side, IrAtom atom) {
    int count = 0;
    for (int i = 0; i < s->p->vars.count; i++)
        if (s->own[side][i]) count += times_guarded(s->p->vars.at[i]->def, atom);
    return count;
}

static const IrExpr *guarded_part(const IrExpr *e) {
    if (e->guard.count) return e;
    for (int i = 0; i < e->argc; i++) {
        const IrExpr *found = guarded_part(e->arg[i]);
        if (found) return found;
    }
    return NULL;
}

/* Pool and read-out hear the same columns: their guards are wrong together. */
static bool search_guards(Search *s, int side) {
    static const int MOVES[] = {0, 1, -1};
    for (int i = 0; i < s->p->vars.count; i++) {
        IrVar *v = s->p->vars.at[i];
        const IrExpr *part = s->own[side][i] ? guarded_part(v->def) : NULL;
        for (int k = 0; part && k < 3 * part->guard.count && !enough(s); k++) {
            Guards x = {s->p, part->guard.atom[k / 3], MOVES[k % 3]};
            if (times_on_side(s, side, x.atom) < 2) continue; /* a single one is a matter of its equation */
            if (!equal_rewritten(s, side, guarded_otherwise, &x)) continue;
            IrAtom moved = x.atom;
            moved.bound += x.by;
            const char *before = atom_words(s->p, v, part, x.atom), *after = atom_words(s->p, v, part, moved);
            char *text = x.by ? arena_printf(s->arena, "equal with '%s' for '%s' in every guard of the %s side", after, before, SIDE[side])
                              : arena_printf(s->arena, "equal without '%s' in the guards of the %s side", before, SIDE[side]);
            add_hint(s, text, part->span);
            return true;
        }
    }
    return false;
}

/* A function that every cell of a kind has, keys and queries say. */
static bool search_functions(Search *s, int side) {
    for (IrOp op = IR_EXP; op <= IR_ABS && !enough(s); op++) {
        if (!s->words[side].function[op] || !equal_rewritten(s, side, without, &op)) continue;
        add_hint(s, arena_printf(s->arena, "equal without %s on the %s side", function_name(op), SIDE[side]), s->check.span);
        return true;
    }
    return false;
}

typedef struct Scaled {
    IrProgram *p;
    const IrVar *weight;
    IrOp op; /* IR_MUL, IR_DIV */
    IrExpr *by;
} Scaled;

static IrExpr *scaled(void *data, IrExpr *e) {
    const Scaled *x = data;
    return e->op == IR_REF && e->var == x->weight ? ir_op2(x->p, x->op, e, x->by) : NULL;
}

/* A weight that has taken up a constant of the other side. */
static bool search_folded(Search *s, int side) {
    const Exprs *constants = &s->words[!side].constants;
    for (int i = 0; i < s->p->vars.count; i++) {
        const IrVar *w = s->p->vars.at[i];
        if (!is_data(w) || w->kind != VAR_WEIGHT || !is_read(s, side, w)) continue;
        for (int k = 0; k < 2 * constants->count && !enough(s); k++) {
            IrExpr *by = constants->at[k / 2];
            if (by->op == IR_LIT && (by->value == 0 || by->value == 1)) continue;
            Scaled x = {s->p, w, k % 2 ? IR_DIV : IR_MUL, by};
            if (!equal_rewritten(s, side, scaled, &x)) continue;
            IrExpr *product = ir_node(s->p, x.op, 2, (IrExpr *[]){ir_ref(s->p, (IrVar *)w, NULL), by});
            add_hint(s, arena_printf(s->arena, "equal with a folded weight: %s for %s on the %s side", expr_words(s->p, w, product),
                                     var_words(s->p, w), SIDE[side]), w->span);
            return true;
        }
    }
    return false;
}

/* ---- orders of an axis ---------------------------------------------------------------------------------------------- */
static void swap(int *a, int *b) {
    int was = *a;
    *a = *b, *b = was;
}

/* The next order in lexicographic sequence; false after the last. */
static bool next_order(int *order, int count) {
    int i = count - 1, k = count - 1;
    while (i > 0 && order[i - 1] >= order[i]) i--;
    if (i <= 0) return false;
    while (order[k] <= order[i - 1]) k--;
    swap(&order[i - 1], &order[k]);
    for (k = count - 1; i < k; i++, k--) swap(&order[i], &order[k]);
    return true;
}

/* The which-th order that is tried: of few points every one; of many those that exchange two, the reverse, and turns by one. */
static bool nth_order(int *order, int count, int which) {
    for (int i = 0; i < count; i++) order[i] = i;
    if (count <= MOST_ORDERED) {
        for (int i = 0; i <= which; i++)
            if (!next_order(order, count)) return false;
        return true;
    }
    for (int turn = 0; which < 3 && turn < count; turn++)
        order[turn] = which == 0 ? count - 1 - turn : (turn + (which == 1 ? 1 : count - 1)) % count;
    if (which < 3) return true;
    which -= 3;
    for (int i = 0; i < count; i++)
        for (int k = i + 1; k < count; k++)
            if (which-- == 0) return swap(&order[i], &order[k]), true;
    return false;
}

typedef struct Permuted {
    IrProgram *p;
    const IrVar *var;
    int axis, count, order[LONGEST_ORDER];
} Permuted;

static IrExpr *reordered(void *data, IrExpr *e) {
    const Permuted *x = data;
    return e->op == IR_REF && e->var == x->var ? permuted(x->p, e, x->axis, x->order, x->count) : NULL;
}

/* Only an axis that the source takes apart, point by point, can be out of order: the others are not made small for nothing. */
static bool may_be_permuted(const Search *s, const IrAxis *axis) {
    int64_t size = s->small[axis->root->id];
    return axis->root->kind == AXIS_CONST && size == s->full[axis->root->id] && size > 1 && size <= MOST_SWAPPED;
}

/* "0, 1, 2 -> 1, 0, 2" */
static char *order_words(Arena *arena, const Permuted *x) {
    Text text = text_new(arena);
    for (int i = 0; i < x->count; i++) text_add(&text, "%s%d", i ? ", " : "", i);
    text_add(&text, " -> ");
    for (int i = 0; i < x->count; i++) text_add(&text, "%s%d", i ? ", " : "", x->order[i]);
    return text.at;
}

static bool search_order(Search *s, int side, const IrVar *v) {
    for (int k = 0; k < v->axis_count; k++) {
        if (!may_be_permuted(s, v->axes[k])) continue;
        Permuted x = {.p = s->p, .var = v, .axis = k, .count = (int)s->small[v->axes[k]->root->id]};
        for (int i = 0; !enough(s) && nth_order(x.order, x.count, i); i++) {
            if (!equal_rewritten(s, side, reordered, &x)) continue;
            char *what = v->def ? "" : arena_printf(s->arena, " in %s", var_words(s->p, v));
            add_hint(s, arena_printf(s->arena, "equal up to a permutation of %s%s on the %s side: %s", v->axes[k]->root->name, what,
                                     SIDE[side], order_words(s->arena, &x)), v->def ? s->check.span : v->span);
            return true;
        }
    }
    return false;
}

static bool search_orders(Search *s) {
    const IrVar *left = s->check.left->def->var;
    if (search_order(s, 0, left)) return true;
    for (int side = 0; side < 2; side++)
        for (int i = 0; i < s->p->vars.count && !enough(s); i++) {
            const IrVar *v = s->p->vars.at[i];
            if (is_data(v) && is_read(s, side, v) && search_order(s, side, v)) return true;
        }
    return false;
}

/* ---- both sides as they are ----------------------------------------------------------------------------------------- */
static void search_factor(Search *s) {
    IrCheck check = s->check;
    ExactFactor c;
    if (check.factor) return;
    check.factor = name_of(s->p->names, "c");
    check.factor_on = 1;
    if (!equal_now(s, &check, &c)) return;
    char *text = c.d == 1 ? arena_printf(s->arena, "%lld", (long long)c.n)
                          : arena_printf(s->arena, "%lld/%lld", (long long)c.n, (long long)c.d);
    add_hint(s, arena_printf(s->arena, "equal up to a constant factor: the left side is %s times the right side (`for some` in the "
                                       "check allows that)", text), s->check.span);
}

void exact_repair(Arena *arena, const IrProgram *core, const IrCheck *check, const ExactOptions *options, ExactResult *result) {
    Search s = {.arena = arena, .seed = options->seed, .left = options->budget > 0 ? options->budget : DEFAULT_BUDGET, .result = result};
    result->hint = ARENA_ARRAY(arena, ExactHint, MOST_HINTS);
    set_up(&s, core, check);
    search_factor(&s);
    bool found = search_guards(&s, 0) || search_guards(&s, 1) || search_side(&s, 0, 0, LAST) || search_side(&s, 1, 0, LAST);
    found = found || search_exchange(&s, 0) || search_exchange(&s, 1) || search_functions(&s, 0) || search_functions(&s, 1);
    if (!found && !search_side(&s, 0, LAST, REPAIRS)) search_side(&s, 1, LAST, REPAIRS);
    if ((!found || s.by_factor) && !search_folded(&s, 0)) search_folded(&s, 1);
    if (!found) search_orders(&s);
}
