/* Random programs (random_ir.h), and what must hold for each: verified, text and clone the same, inlining well
 * formed. */
#include "random_ir.h"

#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

void suite_random_ir(void);

enum { DEEPEST = 3, PROGRAMS = 300 };

typedef struct Random {
    IrProgram *p;
    uint64_t state;
    IrAxis *token, *now, *feature[3];
    VEC(IrVar *) readable;
    VEC(IrAxis *) visible; /* at the place of the expression being made */
    IrAxis *scan;          /* of the body being made, else NULL */
    bool reversed;
    VEC(IrVar *) body;     /* its variables so far, and its states */
    int made;
} Random;

/* splitmix64 (Steele, Lea & Flood 2014) */
static uint64_t next(Random *r) {
    uint64_t z = r->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static int below(Random *r, int n) {
    return (int)(next(r) % (uint64_t)n);
}

static bool chance(Random *r, int percent) {
    return below(r, 100) < percent;
}

static Name fresh_name(Random *r, const char *stem) {
    return name_printf(r->p->names, "%s%d", stem, ++r->made);
}

static bool member(const Random *r, const IrVar *v) {
    for (int i = 0; i < r->body.count; i++)
        if (r->body.at[i] == v) return true;
    return false;
}

/* ---- expressions ------------------------------------------------------------------------------------------------- */
static IrExpr *number(Random *r) {
    static const double values[] = {0.5, -0.25, 1.5, 2, 0.1, -1};
    return ir_lit(r->p, values[below(r, 6)]);
}

static IrExpr *expression(Random *r, int depth);

/* A visible axis to read `axis` along, or NULL. */
static IrAxis *visible_for(Random *r, const IrAxis *axis) {
    int from = r->visible.count ? below(r, r->visible.count) : 0;
    for (int i = 0; i < r->visible.count; i++) {
        IrAxis *candidate = r->visible.at[(from + i) % r->visible.count];
        if (candidate->root == axis->root) return candidate;
    }
    return NULL;
}

typedef VEC(IrAtom) Atoms;

/* Every bound position j of the token axis may be limited by a visible one: j <= now, a window, or now <= j. Position
 * now holds always. */
static void limit(Random *r, IrAxis *bound, IrAxis *by, Atoms *atoms) {
    if (!by || by->root != r->token || !chance(r, 60)) return;
    IrAtom causal = {bound, by, 0, GUARD_LE}, window = {by, bound, 1 + below(r, 3), GUARD_LE}, later = {by, bound, 0, GUARD_LE};
    if (chance(r, 25)) {
        vec_push(r->p->arena, atoms, later);
        return;
    }
    vec_push(r->p->arena, atoms, causal);
    if (chance(r, 30)) vec_push(r->p->arena, atoms, window);
}

/* v read at visible axes; the others are bound (their list is *bound). Inside of a scan its variables stand at its
 * point. */
static IrExpr *reading(Random *r, IrOp op, IrVar *v, int *bound_count, IrAxis **bound) {
    IrIndex index[4] = {{0}};
    for (int i = 0; i < v->axis_count; i++) {
        IrAxis *axis = v->axes[i], *at = axis == r->scan && member(r, v) ? axis : visible_for(r, axis);
        if (!at && axis->kind == AXIS_CYCLE && chance(r, 50)) {
            index[i] = (IrIndex){IX_LAST, NULL, 0};
            continue;
        }
        if (!at && chance(r, 10)) {
            index[i] = (IrIndex){IX_CONST, NULL, 0};
            continue;
        }
        bool again = axis->root != r->token && *bound_count < 3 && chance(r, 25) && !(member(r, v) && axis == r->scan);
        if (!at || again) at = bound[(*bound_count)++] = ir_axis_copy(r->p, axis);
        index[i] = ir_index(at);
    }
    return (op == IR_PREV ? ir_prev : ir_ref)(r->p, v, index);
}

/* The reading under a sum or maximum over what it binds; a factor may depend on the bound axes too. */
static IrExpr *contraction(Random *r, IrOp op, IrVar *v, int depth) {
    IrAxis *bound[8];
    int bound_count = 0, shown = r->visible.count;
    IrExpr *body = reading(r, op, v, &bound_count, bound);
    if (bound_count == 0) return body;
    Atoms atoms = {0};
    for (int i = 0; i < bound_count; i++) {
        if (bound[i]->root == r->token) limit(r, bound[i], visible_for(r, bound[i]), &atoms);
        vec_push(r->p->arena, &r->visible, bound[i]);
    }
    if (depth > 0 && chance(r, 60)) body = ir_op2(r->p, IR_MUL, expression(r, depth - 1), body);
    r->visible.count = shown;
    IrGuard guard = {atoms.count, atoms.at};
    IrExpr *whole = ir_reduce(r->p, chance(r, 90) ? IR_SUM : IR_AMAX, bound_count, bound, guard, body);
    return chance(r, 50) ? ir_op2(r->p, IR_MUL, ir_lit(r->p, 0.5), whole) : whole;
}

static IrExpr *variable(Random *r, int depth) {
    int inside = r->body.count && chance(r, 40) ? r->body.count : 0;
    IrVar *v = inside ? r->body.at[below(r, inside)] : r->readable.at[below(r, r->readable.count)];
    bool later = inside && !v->def; /* a state that is defined further down */
    return contraction(r, inside && v->init && (later || chance(r, 50)) ? IR_PREV : IR_REF, v, depth);
}

/* A value that does not grow, of what may have grown. */
static IrExpr *bounded_map(Random *r, IrExpr *e) {
    IrProgram *p = r->p;
    switch (below(r, 7)) {
    case 0: return ir_op1(p, IR_SIN, e);
    case 1: return ir_op1(p, IR_EXP, ir_op1(p, IR_TANH, e));
    case 2: return ir_op1(p, IR_SIGMOID, e);
    case 3: return ir_op2(p, IR_DIV, e, ir_op2(p, IR_ADD, ir_lit(p, 1), ir_op2(p, IR_POW, e, ir_lit(p, 2))));
    case 4: return ir_op2(p, IR_MAX, ir_lit(p, -1), ir_op2(p, IR_MIN, ir_lit(p, 1), e));
    default: return ir_op1(p, IR_TANH, e);
    }
}

/* Positions decide, never values: which branch is taken must not hang on a rounding. */
static IrExpr *choice(Random *r, int depth) {
    IrAxis *axis = r->visible.at[below(r, r->visible.count)];
    IrOp compare = chance(r, 50) ? IR_LE : IR_EQ;
    IrExpr *test = ir_op2(r->p, compare, ir_pos(r->p, axis), ir_lit(r->p, below(r, 3)));
    return ir_select(r->p, test, expression(r, depth - 1), expression(r, depth - 1));
}

/* v at the point before, as a stateless previous() leaves it. */
static IrExpr *shifted(Random *r) {
    for (int i = 0; i < r->readable.count; i++) {
        IrVar *v = r->readable.at[i];
        IrAxis *at = v->axis_count == 1 && v->axes[0]->root == r->token ? visible_for(r, r->token) : NULL;
        if (!at) continue;
        IrIndex index = {IX_AXIS, at, -1};
        IrExpr *first = ir_op2(r->p, IR_LE, ir_pos(r->p, at), ir_lit(r->p, 0));
        return ir_select(r->p, first, ir_lit(r->p, 0), ir_ref(r->p, v, &index));
    }
    return number(r);
}

static IrExpr *expression(Random *r, int depth) {
    IrProgram *p = r->p;
    int kind = below(r, depth > 0 ? 100 : 60);
    if (kind < 50) return variable(r, depth);
    if (kind < 56) return number(r);
    if (kind < 58 && r->visible.count) return ir_op2(p, IR_MUL, ir_lit(p, 0.125), ir_pos(p, r->visible.at[0]));
    if (kind < 60) return ir_op2(p, IR_DIV, ir_lit(p, 1), ir_size(p, r->feature[0]));
    if (kind < 68) return ir_op2(p, IR_ADD, expression(r, depth - 1), expression(r, depth - 1));
    if (kind < 74) return ir_op2(p, IR_SUB, expression(r, depth - 1), expression(r, depth - 1));
    if (kind < 84) return ir_op2(p, IR_MUL, expression(r, depth - 1), expression(r, depth - 1));
    if (kind < 86) return ir_op1(p, IR_NEG, expression(r, depth - 1));
    if (kind < 90 && r->visible.count) return choice(r, depth);
    if (kind < 92) return shifted(r);
    return variable(r, depth);
}

/* Fresh bound axes for an expression that a builder used twice (bounded_map reads its operand twice). */
static IrExpr *definition(Random *r, int depth) {
    IrExpr *e = expression(r, depth);
    if (chance(r, 60)) e = bounded_map(r, e);
    else e = ir_op2(r->p, IR_MUL, ir_lit(r->p, 0.5), e);
    return ir_substitute(r->p, e, 0, NULL, NULL);
}

/* ---- items ------------------------------------------------------------------------------------------------------- */
/* Up to three axes, the first given (or none). */
static int some_axes(Random *r, IrAxis *first, IrAxis **axes) {
    IrAxis *all[] = {r->token, r->now, r->feature[0], r->feature[1], r->feature[2]};
    int count = 0;
    if (first) axes[count++] = first;
    for (int i = 0; i < 5; i++)
        if (all[i] != first && count < 3 && chance(r, 35)) axes[count++] = all[i];
    return count;
}

static void show(Random *r, const IrVar *v) {
    r->visible.count = 0;
    for (int i = 0; i < v->axis_count; i++) vec_push(r->p->arena, &r->visible, v->axes[i]);
}

static void equation(Random *r) {
    IrAxis *axes[3];
    int count = some_axes(r, NULL, axes);
    IrVar *v = ir_alg(r->p, fresh_name(r, "v"), count, axes, NULL);
    show(r, v);
    v->def = definition(r, DEEPEST);
    vec_push(r->p->arena, &r->readable, v);
}

static IrVar *body_variable(Random *r, bool state) {
    IrAxis *axes[3];
    int count = some_axes(r, r->scan, axes);
    IrVar *v = ir_var_new(r->p, state ? VAR_STATE : VAR_ALG, fresh_name(r, state ? "m" : "b"), count, axes);
    if (!state) return v;
    v->scan_axis = r->scan;
    v->reversed = r->reversed;
    v->init = ir_lit(r->p, below(r, 2));
    return v;
}

static IrItem *body_item(Random *r, IrVar *v) {
    IrItem *item = ir_item_new(r->p, ITEM_ALG);
    item->var = v;
    show(r, v);
    IrExpr *own = definition(r, DEEPEST - 1);
    if (v->init) own = ir_op2(r->p, IR_ADD, ir_op2(r->p, IR_MUL, ir_lit(r->p, 0.5), ir_prev(r->p, v, NULL)), own);
    v->def = own;
    return item;
}

/* Equations and one or two states along `now`; each reads what stands above it, and any state one point earlier. */
static void scan(Random *r) {
    int count = 1 + below(r, 3), states = 1 + (count > 1 && chance(r, 40));
    IrItem *item = ir_item_new(r->p, ITEM_SCAN);
    item->axis = r->scan = r->now;
    item->reversed = r->reversed = chance(r, 25);
    item->body = ARENA_ARRAY(r->p->arena, IrItem *, count);
    IrVar *made[3];
    for (int i = 0; i < count; i++) made[i] = body_variable(r, i >= count - states);
    for (int i = count - states; i < count; i++) vec_push(r->p->arena, &r->body, made[i]);
    for (int i = 0; i < count; i++) {
        item->body[item->body_count++] = body_item(r, made[i]);
        if (!made[i]->init) vec_push(r->p->arena, &r->body, made[i]);
    }
    for (int i = 0; i < count; i++) vec_push(r->p->arena, &r->readable, made[i]);
    vec_push(r->p->arena, &r->p->items, item);
    r->body.count = 0;
    r->scan = NULL;
}

/* r[f] = tanh(0.15 * sum(g) tanh(w) * prev(r[g]) + drive): a contraction for axes of up to 4 points */
static void fixpoint(Random *r) {
    IrProgram *p = r->p;
    IrAxis *axis = r->feature[below(r, 3)], *other = ir_axis_copy(p, axis);
    IrVar *v = ir_var_new(p, VAR_STATE, fresh_name(r, "r"), 1, &axis);
    IrVar *drive = ir_alg(p, fresh_name(r, "drive"), 1, &axis, NULL);
    show(r, drive);
    drive->def = definition(r, 1);
    IrAxis *pair[] = {axis, other};
    IrVar *w = ir_var_new(p, VAR_WEIGHT, fresh_name(r, "R"), 2, pair);
    w->draw = INIT_UNIFORM, w->draw_a = -1, w->draw_b = 1;
    IrIndex at = ir_index(other);
    IrExpr *product = ir_op2(p, IR_MUL, ir_op1(p, IR_TANH, ir_ref(p, w, NULL)), ir_prev(p, v, &at));
    IrExpr *heard = ir_op2(p, IR_MUL, ir_lit(p, 0.15), ir_reduce(p, IR_SUM, 1, &other, (IrGuard){0, NULL}, product));
    v->init = ir_lit(p, 0);
    v->def = ir_op1(p, IR_TANH, ir_op2(p, IR_ADD, heard, ir_ref(p, drive, NULL)));
    IrItem *body = ir_item_new(p, ITEM_ALG), *item = ir_item_new(p, ITEM_FIX);
    body->var = v;
    item->count = 100, item->tolerance = 1e-9;
    item->body = arena_copy(p->arena, &body, sizeof body);
    item->body_count = 1;
    vec_push(p->arena, &p->items, item);
    vec_push(p->arena, &r->readable, v);
}

/* ---- programs ---------------------------------------------------------------------------------------------------- */
static void inputs(Random *r) {
    IrProgram *p = r->p;
    r->token = ir_axis_new(p, name_of(p->names, "token"), AXIS_BOUNDED, 7, NULL);
    r->now = ir_axis_new(p, name_of(p->names, "now"), AXIS_CYCLE, 0, r->token);
    for (int i = 0; i < 3; i++)
        r->feature[i] = ir_axis_new(p, name_printf(p->names, "f%d", i), AXIS_CONST, 2 + below(r, 3), NULL);
    IrAxis *x_axes[] = {r->token, r->feature[0]}, *w_axes[] = {r->feature[0], r->feature[1]};
    IrVar *inputs[] = {ir_var_new(p, VAR_STIMULUS, name_of(p->names, "x"), 2, x_axes),
                       ir_var_new(p, VAR_STIMULUS, name_of(p->names, "t"), 1, &r->token),
                       ir_var_new(p, VAR_WEIGHT, name_of(p->names, "W"), 2, w_axes),
                       ir_var_new(p, VAR_WEIGHT, name_of(p->names, "b"), 1, &r->feature[2])};
    for (int i = 0; i < 4; i++) {
        if (i > 1) inputs[i]->draw = INIT_UNIFORM, inputs[i]->draw_a = -1, inputs[i]->draw_b = 1;
        vec_push(p->arena, &r->readable, inputs[i]);
    }
}

static void end(Random *r, const char *name, IrVar *v, bool recorded) {
    IrOutput output = {.name = name_of(r->p->names, name), .var = v, .recorded = recorded, .span = span_none()};
    vec_push(r->p->arena, &r->p->outputs, output);
}

static void ends(Random *r) {
    IrProgram *p = r->p;
    IrVar *y = r->readable.at[r->readable.count - 1], *z = r->readable.at[r->readable.count - 2];
    end(r, "y", y, false);
    if (z->def) end(r, "z", z, false);
    for (int i = 4; i < r->readable.count; i++) {
        IrVar *v = r->readable.at[i];
        if (v->init || i % 3) continue;
        bool in_scan = true;
        for (int k = 0; k < p->items.count; k++) in_scan &= p->items.at[k]->var != v;
        if (in_scan) continue;
        IrVar *copy = ir_alg(p, fresh_name(r, "copy"), v->axis_count, v->axes, ir_inline(p, ir_ref(p, v, NULL)));
        IrCheck check = {.name = name_of(p->names, "check 1"), .left = v, .right = copy, .span = span_none()};
        vec_push(p->arena, &p->checks, check);
        if (v != y && v != z) end(r, "part", v, true);
        return;
    }
}

IrProgram *random_ir(Arena *arena, Names *names, uint64_t seed, int size) {
    Random *r = ARENA_NEW(arena, Random);
    r->p = ir_program_new(arena, names, LEVEL_CORE);
    r->p->name = name_printf(names, "random%llu", (unsigned long long)seed);
    r->state = seed;
    inputs(r);
    for (int i = 0; i < size; i++) {
        int kind = below(r, 100);
        if (kind < 20) scan(r);
        else if (kind < 28) fixpoint(r);
        else equation(r);
    }
    ends(r);
    return r->p;
}

/* ---- tests ------------------------------------------------------------------------------------------------------- */
static char *printed(const IrProgram *p) {
    char *text;
    size_t length;
    FILE *to = open_memstream(&text, &length);
    ir_print(p, to);
    fclose(to);
    return text;
}

static bool expect_same(const char *what, uint64_t seed, char *a, char *b) {
    bool same = strcmp(a, b) == 0;
    if (!same) printf("seed %llu, %s:\n%s\nand\n%s\n", (unsigned long long)seed, what, a, b);
    free(a);
    free(b);
    return same;
}

static bool sound(const char *what, uint64_t seed, const IrProgram *p) {
    char *wrong = ir_verify(p);
    if (wrong) printf("seed %llu, %s: %s\n%s\n", (unsigned long long)seed, what, wrong, printed(p));
    return !wrong;
}

static void each_is_sound_and_round_trips(void) {
    for (uint64_t seed = 1; seed <= PROGRAMS; seed++) {
        Arena *arena = arena_new();
        Names *names = names_new(arena);
        IrProgram *p = random_ir(arena, names, seed, 1 + (int)(seed % 12)), *clone = ir_clone(p);
        char *error = "", *text = printed(p);
        IrProgram *read = ir_parse(arena, names, text, &error);
        if (!read) printf("seed %llu: %s\n%s\n", (unsigned long long)seed, error, text);
        CU_ASSERT_PTR_NOT_NULL_FATAL(read);
        CU_ASSERT(sound("made", seed, p) && sound("read", seed, read) && sound("cloned", seed, clone));
        CU_ASSERT(expect_same("text", seed, printed(read), text));
        CU_ASSERT(expect_same("clone", seed, printed(p), printed(clone)));
        arena_free(arena);
    }
}

static bool top_level(const IrProgram *p, const IrVar *v) {
    for (int i = 0; i < p->items.count; i++)
        if (p->items.at[i]->var == v) return true;
    return false;
}

typedef struct Inline {
    IrProgram *p;
    bool done;
} Inline;

static IrExpr *inline_first(void *data, IrExpr *e) {
    Inline *to = data;
    if (e->op != IR_REF || to->done || !top_level(to->p, e->var)) return e; /* what a scan makes stays in it */
    to->done = true;
    return ir_inline(to->p, e);
}

/* What is inlined may stand wherever it was read: the program stays sound. */
static void inlining_keeps_programs_sound(void) {
    int inlined = 0;
    for (uint64_t seed = 1; seed <= PROGRAMS; seed++) {
        Arena *arena = arena_new();
        IrProgram *p = random_ir(arena, names_new(arena), seed, 8);
        for (int i = 0; i < p->vars.count; i++) {
            IrVar *v = p->vars.at[i];
            Inline to = {p, false};
            if (v->def) v->def = ir_map(p, v->def, inline_first, &to);
            inlined += to.done;
        }
        CU_ASSERT(sound("inlined", seed, p));
        arena_free(arena);
    }
    CU_ASSERT(inlined > PROGRAMS);
}

/* The family holds what it promises: every operator and item, else tests built on it test less than they say. */
static void all_kinds_occur(void) {
    static const char *const wanted[] = {"scan now {", "scan now reversed {", "fix 100", "prev(",  "amax(",     "select(", " where ", "last",
                                         "now-1",      "check",   "record", "position(", "size(",   "tanh(",   " / ", "^2"};
    int found[sizeof wanted / sizeof *wanted] = {0};
    for (uint64_t seed = 1; seed <= PROGRAMS; seed++) {
        Arena *arena = arena_new();
        char *text = printed(random_ir(arena, names_new(arena), seed, 10));
        for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) found[i] += strstr(text, wanted[i]) != NULL;
        free(text);
        arena_free(arena);
    }
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        if (found[i] < 3) printf("%s occurs in %d programs only\n", wanted[i], found[i]);
        CU_ASSERT(found[i] >= 3);
    }
}

void suite_random_ir(void) {
    CU_pSuite suite = CU_add_suite("random_ir", NULL, NULL);
    CU_add_test(suite, "each is sound and round-trips", each_is_sound_and_round_trips);
    CU_add_test(suite, "inlining keeps programs sound", inlining_keeps_programs_sound);
    CU_add_test(suite, "all kinds occur", all_kinds_occur);
}
