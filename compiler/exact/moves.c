/* Moves: what could stand in the place of a part of an equation. See repair_internal.h. */
#include "exact/repair_internal.h"

/* ---- rewriting ------------------------------------------------------------------------------------------------------ */
IrExpr *replaced(IrProgram *p, IrExpr *e, IrExpr *(*instead)(void *data, IrExpr *e), void *data) {
    IrExpr *other = instead(data, e);
    if (other) return other;
    IrExpr *copy = e;
    for (int i = 0; i < e->argc; i++) {
        IrExpr *arg = replaced(p, e->arg[i], instead, data);
        if (arg == e->arg[i]) continue;
        if (copy == e) {
            copy = arena_copy(p->arena, e, sizeof *e);
            copy->arg = arena_copy(p->arena, e->arg, sizeof *e->arg * (size_t)e->argc);
        }
        copy->arg[i] = arg;
    }
    return copy;
}

static IrExpr *at_point(IrProgram *p, const IrExpr *ref, int axis, int64_t position) {
    IrExpr *copy = ir_ref(p, ref->var, ref->index);
    copy->index[axis] = (IrIndex){IX_CONST, NULL, position};
    return copy;
}

IrExpr *permuted(IrProgram *p, const IrExpr *ref, int axis, const int *order, int count) {
    IrIndex index = ref->index[axis];
    if (index.kind == IX_CONST) return at_point(p, ref, axis, order[index.offset]);
    if (index.kind == IX_LAST || index.offset) return NULL;
    IrExpr *chain = at_point(p, ref, axis, order[count - 1]);
    for (int i = count - 1; i-- > 0;) {
        IrExpr *here = ir_op2(p, IR_EQ, ir_pos(p, index.axis), ir_lit(p, i));
        chain = ir_select(p, here, at_point(p, ref, axis, order[i]), chain);
    }
    return chain;
}

/* ---- constants ------------------------------------------------------------------------------------------------------ */
bool is_constant(const IrExpr *e) {
    if (e->op == IR_LIT || e->op == IR_SIZE) return true;
    for (int i = 0; i < e->argc; i++)
        if (!is_constant(e->arg[i])) return false;
    return e->argc > 0 && !e->bound_count;
}

/* A part that is computed from numbers and sizes alone, and no part of such a one. */
static bool whole_constant(const Site *s) {
    return is_constant(s->node) && !(s->parent && is_constant(s->parent));
}

/* 1, 0, and what the other side has; NULL: no more. */
static IrExpr *known_constant(const Site *s, int which) {
    if (which < 2) return ir_lit(s->p, 1 - which);
    return which - 2 < s->other->constants.count ? s->other->constants.at[which - 2] : NULL;
}

/* "the leak of 'V.store'", "the factor on W[a] in the input of 'V.key'" */
static const char *constant_words(const Site *s) {
    Arena *arena = s->p->arena;
    const char *place = place_words(arena, s->var);
    if (s->node->parameter) return arena_printf(arena, "the %s of %s", s->node->parameter, cell_words(arena, s->var));
    if (s->parent && s->parent->op == IR_MUL) {
        IrExpr *on = s->parent->arg[s->parent->arg[0] == s->node];
        return arena_printf(arena, "the factor on %s in %s", expr_words(s->p, s->var, on), place);
    }
    return arena_printf(arena, "a number in %s", place);
}

IrExpr *move_constant(Site *s) {
    if (!whole_constant(s)) return NULL;
    IrExpr *other = known_constant(s, s->variant);
    if (!other) return NULL;
    if (ir_expr_equal(other, s->node)) return s->node;
    s->what = constant_words(s);
    return other;
}

/* ---- guards --------------------------------------------------------------------------------------------------------- */
static IrExpr *with_guard(const Site *s, IrGuard guard) {
    const IrExpr *e = s->node;
    return ir_reduce(s->p, e->op, e->bound_count, e->bound, guard, e->arg[0]);
}

/* The variant is the atom. */
static IrExpr *guard_moved(Site *s, int by) {
    const IrExpr *e = s->node;
    if (s->variant >= e->guard.count) return NULL;
    IrGuard guard = {e->guard.count, arena_copy(s->p->arena, e->guard.atom, sizeof *e->guard.atom * (size_t)e->guard.count)};
    IrAtom *atom = &guard.atom[s->variant], edge = *atom;
    if (atom->relation == GUARD_EQ) return s->node;
    atom->bound += by;
    edge.relation = GUARD_EQ;
    edge.bound += by > 0;
    IrExpr *made = with_guard(s, guard);
    s->what = atom_words(s->p, s->var, e, edge);
    s->before = guard_words(s->p, s->var, e);
    s->after = guard_words(s->p, s->var, made);
    return made;
}

IrExpr *move_guard_closed(Site *s) {
    return guard_moved(s, 1);
}

IrExpr *move_guard_open(Site *s) {
    return guard_moved(s, -1);
}

/* token >= now for token <= now */
IrExpr *move_guard_turned(Site *s) {
    const IrExpr *e = s->node;
    if (s->variant >= e->guard.count) return NULL;
    IrGuard guard = {e->guard.count, arena_copy(s->p->arena, e->guard.atom, sizeof *e->guard.atom * (size_t)e->guard.count)};
    IrAtom *atom = &guard.atom[s->variant], was = *atom;
    if (!was.a || !was.b || was.relation == GUARD_EQ) return s->node;
    atom->a = was.b, atom->b = was.a;
    IrExpr *made = with_guard(s, guard);
    s->before = guard_words(s->p, s->var, e);
    s->after = guard_words(s->p, s->var, made);
    return made;
}

IrExpr *move_guard_dropped(Site *s) {
    const IrExpr *e = s->node;
    if (s->variant >= e->guard.count) return NULL;
    IrGuard guard = {e->guard.count - 1, ARENA_ARRAY(s->p->arena, IrAtom, e->guard.count)};
    for (int i = 0, k = 0; i < e->guard.count; i++)
        if (i != s->variant) guard.atom[k++] = e->guard.atom[i];
    s->before = atom_words(s->p, s->var, e, e->guard.atom[s->variant]);
    return with_guard(s, guard);
}

/* token <= now, for a bound axis and an axis of the equation over the same root; the variant is the axis of the equation. */
IrExpr *move_guard_causal(Site *s) {
    const IrExpr *e = s->node;
    if (e->op != IR_SUM || e->guard.count || s->variant >= s->var->axis_count) return NULL;
    IrAxis *now = s->var->axes[s->variant];
    for (int i = 0; i < e->bound_count; i++) {
        if (e->bound[i]->root != now->root) continue;
        IrAtom atom = {e->bound[i], now, 0, GUARD_LE};
        IrExpr *made = with_guard(s, (IrGuard){1, &atom});
        s->after = guard_words(s->p, s->var, made);
        return made;
    }
    return s->node;
}

/* ---- inputs --------------------------------------------------------------------------------------------------------- */
static bool same_roots(const IrVar *a, const IrVar *b) {
    if (a->axis_count != b->axis_count) return false;
    for (int i = 0; i < a->axis_count; i++)
        if (a->axes[i]->root != b->axes[i]->root) return false;
    return true;
}

/* The variant-th input that has the same axes. */
static IrVar *input_like(const Site *s, const IrVar *v, IrVarKind kind) {
    int left = s->variant;
    for (int i = 0; i < s->p->vars.count; i++) {
        IrVar *input = s->p->vars.at[i];
        if (!input->def && input != v && input->kind == kind && same_roots(input, v) && left-- == 0) return input;
    }
    return NULL;
}

/* The whole equation and a stimulus of the same axes: a residual connection. */
IrExpr *move_term_missing(Site *s) {
    IrVar *input = s->parent ? NULL : input_like(s, s->var, VAR_STIMULUS);
    if (!input) return NULL;
    IrIndex index[s->var->axis_count + 1];
    for (int i = 0; i < s->var->axis_count; i++) index[i] = ir_index(s->var->axes[i]);
    s->what = var_words(s->p, input);
    return ir_op2(s->p, IR_ADD, s->node, ir_ref(s->p, input, index));
}

IrExpr *move_other_input(Site *s) {
    const IrExpr *e = s->node;
    IrVar *input = e->op == IR_REF && !e->var->def && !e->var->literal ? input_like(s, e->var, e->var->kind) : NULL;
    return input ? ir_ref(s->p, input, e->index) : NULL;
}

/* Two axes of one root read the other way round; the variant numbers the pairs. */
IrExpr *move_transposed(Site *s) {
    const IrExpr *e = s->node;
    if (e->op != IR_REF) return NULL;
    int left = s->variant;
    for (int i = 0; i < e->var->axis_count; i++)
        for (int k = i + 1; k < e->var->axis_count; k++) {
            if (e->var->axes[i]->root != e->var->axes[k]->root || left-- != 0) continue;
            IrExpr *turned = ir_ref(s->p, e->var, e->index);
            turned->index[i] = e->index[k];
            turned->index[k] = e->index[i];
            return turned;
        }
    return NULL;
}

/* The last position for a fixed one, or the first for the last. */
IrExpr *move_position(Site *s) {
    const IrExpr *e = s->node;
    if (e->op != IR_REF || s->variant >= e->var->axis_count) return NULL;
    IrIndex index = e->index[s->variant];
    if (index.kind == IX_AXIS) return s->node;
    IrExpr *other = ir_ref(s->p, e->var, e->index);
    other->index[s->variant] = index.kind == IX_LAST ? (IrIndex){IX_CONST, NULL, 0} : (IrIndex){IX_LAST, NULL, 0};
    return other;
}

/* prev(m) inside of a scan; select(position <= 0, start, m[now-1]) outside (IR.md, settled reading). */
IrExpr *move_state_before(Site *s) {
    const IrExpr *e = s->node, *ref = e->op == IR_SELECT ? e->arg[2] : e;
    if (s->variant || e->op == IR_REF || (ref->op != IR_REF && ref->op != IR_PREV)) return NULL;
    if (ref->op == IR_PREV && ref->var == s->var) return NULL;
    IrExpr *now = ir_ref(s->p, ref->var, ref->index);
    bool late = ref->op == IR_PREV;
    for (int i = 0; i < now->var->axis_count; i++) {
        if (now->index[i].kind != IX_AXIS || now->index[i].offset != -1) continue;
        now->index[i].offset = 0;
        late = true;
    }
    s->what = place_words(s->p->arena, ref->var);
    return late ? now : NULL;
}

/* ---- terms, factors, functions -------------------------------------------------------------------------------------- */
/* The variant is the operand that goes. */
static IrExpr *without_operand(Site *s, bool fits) {
    if (!fits || s->variant > 1) return NULL;
    s->what = expr_words(s->p, s->var, s->node->arg[s->variant]);
    return s->node->arg[1 - s->variant];
}

IrExpr *move_term_extra(Site *s) {
    if (s->node->op == IR_SUB && s->variant == 0) return s->node;
    return without_operand(s, s->node->op == IR_ADD || s->node->op == IR_SUB);
}

IrExpr *move_factor_extra(Site *s) {
    return without_operand(s, s->node->op == IR_MUL);
}

IrExpr *move_divisor_extra(Site *s) {
    if (s->node->op == IR_DIV && s->variant == 0) return s->node;
    return without_operand(s, s->node->op == IR_DIV);
}

/* The whole equation times a constant of the other side, or divided by it. */
IrExpr *move_factor_missing(Site *s) {
    int which = s->variant / 2;
    if (s->parent || which >= s->other->constants.count) return NULL;
    IrExpr *c = s->other->constants.at[which];
    if (c->op == IR_LIT && (c->value == 0 || c->value == 1)) return s->node;
    const char *text = expr_words(s->p, s->var, c);
    s->what = s->variant % 2 ? arena_printf(s->p->arena, "/ (%s)", text) : arena_printf(s->p->arena, "* (%s)", text);
    if (c->argc < 2) s->what = arena_printf(s->p->arena, "%c %s", s->variant % 2 ? '/' : '*', text);
    return ir_op2(s->p, s->variant % 2 ? IR_DIV : IR_MUL, s->node, c);
}

IrExpr *move_sign_reversed(Site *s) {
    IrExpr *e = s->node;
    if (s->variant) return NULL;
    if (e->op == IR_NEG) return e->arg[0];
    bool sum = e->op == IR_ADD || e->op == IR_SUB;
    return sum ? ir_op2(s->p, e->op == IR_ADD ? IR_SUB : IR_ADD, e->arg[0], e->arg[1]) : NULL;
}

const char *function_name(IrOp op) {
    static const char *const spelling[IR_OP_COUNT] = {
#define IR_OP(name, text, arity) text,
#include "ir/ir_ops.def"
#undef IR_OP
    };
    return spelling[op];
}

static bool is_function(IrOp op) {
    return op >= IR_EXP && op <= IR_ABS;
}

IrExpr *move_function_extra(Site *s) {
    if (!is_function(s->node->op) || s->variant || is_constant(s->node)) return NULL;
    s->what = function_name(s->node->op);
    return s->node->arg[0];
}

/* The variant-th function that the other side has. */
IrExpr *move_function_other(Site *s) {
    if (!is_function(s->node->op) || is_constant(s->node)) return NULL;
    int left = s->variant;
    for (IrOp op = IR_EXP; op <= IR_ABS; op++) {
        if (!s->other->function[op] || op == s->node->op || left-- != 0) continue;
        s->what = function_name(s->node->op);
        s->after = function_name(op);
        return ir_op1(s->p, op, s->node->arg[0]);
    }
    return NULL;
}
