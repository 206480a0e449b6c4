/* The mutation suite: every operator of mutations.def on every check of the programs given as IR text, at up to SITES places of each
 * side. A mutant is caught when the exact engine does not call it equal. One that is called equal has to stand in the list of
 * truly equal ones (first argument) with its reason. Prints the table program x operator; exit 1 if a mutant is unexplained. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exact/exact.h"

enum { SITES = 2, BUDGET = 20000000 };

typedef struct Mutant {
    IrProgram *p;
    const IrVar *var; /* whose equation it is */
} Mutant;

/* ---- operators ------------------------------------------------------------------------------------------------------ */
static IrExpr *copy(const Mutant *m, const IrExpr *e) {
    IrExpr *c = arena_copy(m->p->arena, e, sizeof *e);
    c->arg = arena_copy(m->p->arena, e->arg, sizeof *e->arg * (size_t)e->argc);
    if (e->var) c->index = arena_copy(m->p->arena, e->index, sizeof *e->index * (size_t)e->var->axis_count);
    if (e->guard.count) c->guard.atom = arena_copy(m->p->arena, e->guard.atom, sizeof *e->guard.atom * (size_t)e->guard.count);
    return c;
}

static IrExpr *times(const Mutant *m, IrExpr *a, double x) {
    return ir_op2(m->p, IR_MUL, a, ir_lit(m->p, x));
}

static IrExpr *other_op(const Mutant *m, const IrExpr *e, IrOp from, IrOp to) {
    return e->op == from ? ir_op2(m->p, to, e->arg[0], e->arg[1]) : NULL;
}

static IrExpr *swap_indices(const Mutant *m, const IrExpr *e) {
    for (int i = 0; e->op == IR_REF && i < e->var->axis_count; i++)
        for (int k = 0; k < i; k++) {
            if (e->var->axes[i]->root != e->var->axes[k]->root || e->index[i].kind != IX_AXIS || e->index[k].kind != IX_AXIS) continue;
            IrExpr *c = copy(m, e);
            c->index[i] = e->index[k], c->index[k] = e->index[i];
            return e->index[i].axis == e->index[k].axis ? NULL : c;
        }
    return NULL;
}

static IrExpr *fixed(const Mutant *m, const IrExpr *e, IrIndexKind kind) {
    for (int i = 0; e->op == IR_REF && i < e->var->axis_count; i++) {
        if (e->index[i].kind != IX_AXIS || (e->var->scan_axis && e->var->axes[i] == e->var->scan_axis)) continue;
        IrExpr *c = copy(m, e);
        c->index[i] = (IrIndex){kind, NULL, 0};
        return c;
    }
    return NULL;
}

static IrExpr *first_position(const Mutant *m, const IrExpr *e) {
    return fixed(m, e, IX_CONST);
}

static IrExpr *last_for_first(const Mutant *m, const IrExpr *e) {
    return fixed(m, e, IX_LAST);
}

static bool same_shape(const IrVar *a, const IrVar *b) {
    if (a == b || a->kind != b->kind || a->axis_count != b->axis_count || a->literal || b->literal) return false;
    for (int i = 0; i < a->axis_count; i++)
        if (a->axes[i]->root != b->axes[i]->root) return false;
    return true;
}

static IrExpr *other_weight(const Mutant *m, const IrExpr *e) {
    if (e->op != IR_REF || e->var->def) return NULL;
    for (int i = 0; i < m->p->vars.count; i++) {
        if (!same_shape(e->var, m->p->vars.at[i])) continue;
        IrExpr *c = copy(m, e);
        c->var = m->p->vars.at[i];
        return c;
    }
    return NULL;
}

static IrExpr *squared(const Mutant *m, const IrExpr *e) {
    return e->op == IR_REF ? ir_op2(m->p, IR_MUL, (IrExpr *)e, (IrExpr *)e) : NULL;
}

static IrExpr *forget_state(const Mutant *m, const IrExpr *e) {
    return e->op == IR_PREV ? ir_lit(m->p, 0) : NULL;
}

static IrExpr *sum_twice(const Mutant *m, const IrExpr *e) {
    return e->op == IR_SUM ? ir_op2(m->p, IR_MUL, ir_size(m->p, e->bound[0]->root), (IrExpr *)e) : NULL;
}

static IrExpr *mean(const Mutant *m, const IrExpr *e) {
    return e->op == IR_SUM ? ir_op2(m->p, IR_DIV, (IrExpr *)e, ir_size(m->p, e->bound[0]->root)) : NULL;
}

static IrExpr *guard_moved(const Mutant *m, const IrExpr *e, int64_t by) {
    if (!e->guard.count || e->op == IR_AMAX) return NULL;
    IrExpr *c = copy(m, e);
    c->guard.atom[0].bound += by;
    return c;
}

static IrExpr *guard_tighter(const Mutant *m, const IrExpr *e) {
    return guard_moved(m, e, -1);
}

static IrExpr *guard_looser(const Mutant *m, const IrExpr *e) {
    return guard_moved(m, e, 1);
}

static IrExpr *guard_dropped(const Mutant *m, const IrExpr *e) {
    IrExpr *c = e->guard.count ? copy(m, e) : NULL;
    if (c) c->guard.count = 0;
    return c;
}

static IrExpr *guard_reversed(const Mutant *m, const IrExpr *e) {
    if (!e->guard.count || !e->guard.atom[0].a || !e->guard.atom[0].b) return NULL;
    IrExpr *c = copy(m, e);
    c->guard.atom[0].a = e->guard.atom[0].b, c->guard.atom[0].b = e->guard.atom[0].a;
    return c;
}

static IrExpr *no_maximum(const Mutant *m, const IrExpr *e) {
    return e->op == IR_AMAX ? ir_lit(m->p, 0) : NULL;
}

static IrExpr *larger_maximum(const Mutant *m, const IrExpr *e) {
    return e->op == IR_AMAX ? times(m, (IrExpr *)e, 2) : NULL;
}

static IrExpr *percent(const Mutant *m, const IrExpr *e) {
    return e->op == IR_LIT && e->value != 0 ? times(m, (IrExpr *)e, 1.01) : NULL;
}

static IrExpr *doubled(const Mutant *m, const IrExpr *e) {
    return e->op == IR_LIT && e->value != 0 ? times(m, (IrExpr *)e, 2) : NULL;
}

static IrExpr *size_one_more(const Mutant *m, const IrExpr *e) {
    return e->op == IR_SIZE ? ir_op2(m->p, IR_ADD, (IrExpr *)e, ir_lit(m->p, 1)) : NULL;
}

static IrExpr *add_to_sub(const Mutant *m, const IrExpr *e) {
    return other_op(m, e, IR_ADD, IR_SUB);
}

static IrExpr *sub_to_add(const Mutant *m, const IrExpr *e) {
    return other_op(m, e, IR_SUB, IR_ADD);
}

static IrExpr *mul_to_add(const Mutant *m, const IrExpr *e) {
    return other_op(m, e, IR_MUL, IR_ADD);
}

static IrExpr *first_term_dropped(const Mutant *m, const IrExpr *e) {
    (void)m;
    return e->op == IR_ADD ? e->arg[1] : NULL;
}

static IrExpr *second_term_dropped(const Mutant *m, const IrExpr *e) {
    (void)m;
    return e->op == IR_ADD || e->op == IR_SUB ? e->arg[0] : NULL;
}

static IrExpr *first_factor_dropped(const Mutant *m, const IrExpr *e) {
    (void)m;
    return e->op == IR_MUL ? e->arg[1] : NULL;
}

static IrExpr *second_factor_dropped(const Mutant *m, const IrExpr *e) {
    (void)m;
    return e->op == IR_MUL ? e->arg[0] : NULL;
}

static IrExpr *divisor_dropped(const Mutant *m, const IrExpr *e) {
    (void)m;
    return e->op == IR_DIV ? e->arg[0] : NULL;
}

static IrExpr *inverted(const Mutant *m, const IrExpr *e) {
    return e->op == IR_DIV ? ir_op2(m->p, IR_DIV, e->arg[1], e->arg[0]) : NULL;
}

static IrExpr *sign_dropped(const Mutant *m, const IrExpr *e) {
    (void)m;
    return e->op == IR_NEG ? e->arg[0] : NULL;
}

static IrExpr *power_of_two(const Mutant *m, const IrExpr *e) {
    return e->op == IR_EXP ? ir_op1(m->p, IR_EXP, times(m, e->arg[0], 0.6931471805599453)) : NULL;
}

static IrExpr *first_order(const Mutant *m, const IrExpr *e) {
    return e->op == IR_EXP ? ir_op2(m->p, IR_ADD, ir_lit(m->p, 1), e->arg[0]) : NULL;
}

static IrExpr *no_function(const Mutant *m, const IrExpr *e) {
    (void)m;
    return e->op >= IR_EXP && e->op <= IR_ABS ? e->arg[0] : NULL;
}

static IrExpr *other_function(const Mutant *m, const IrExpr *e) {
    static const struct { IrOp from, to; } pairs[] = {{IR_TANH, IR_SIGMOID}, {IR_SIGMOID, IR_TANH}, {IR_RELU, IR_ABS}, {IR_GELU, IR_RELU},
                                                      {IR_EXP, IR_TANH}, {IR_SQRT, IR_LOG}, {IR_LOG, IR_SQRT}, {IR_SIN, IR_COS}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (e->op == pairs[i].from) return ir_op1(m->p, pairs[i].to, e->arg[0]);
    return NULL;
}

static IrExpr *min_for_max(const Mutant *m, const IrExpr *e) {
    IrExpr *c = other_op(m, e, IR_MAX, IR_MIN);
    return c ? c : other_op(m, e, IR_MIN, IR_MAX);
}

static IrExpr *branches_swapped(const Mutant *m, const IrExpr *e) {
    return e->op == IR_SELECT ? ir_select(m->p, e->arg[0], e->arg[2], e->arg[1]) : NULL;
}

static IrExpr *bias_added(const Mutant *m, const IrExpr *e) {
    return e == m->var->def ? ir_op2(m->p, IR_ADD, (IrExpr *)e, ir_lit(m->p, 0.5)) : NULL;
}

typedef struct Operator {
    const char *name, *what;
    IrExpr *(*apply)(const Mutant *m, const IrExpr *e);
} Operator;
static const Operator operators[] = {
#define MUTATION(function, what) {#function, what, function},
#include "mutations.def"
#undef MUTATION
};
enum { OPERATORS = sizeof operators / sizeof *operators };

/* ---- sites ---------------------------------------------------------------------------------------------------------- */
/* The `site`th place at or below *slot where the operator applies, changed; *site counts down. */
static bool change(const Mutant *m, const Operator *o, IrExpr **slot, int *site, char **before, char **after) {
    IrExpr *e = *slot, *instead = o->apply(m, e);
    if (instead && (*site)-- == 0) {
        *before = ir_expr_text(m->p->arena, e);
        *after = ir_expr_text(m->p->arena, instead);
        *slot = instead;
        return true;
    }
    for (int i = 0; i < e->argc; i++)
        if (change(m, o, &e->arg[i], site, before, after)) return true;
    return false;
}

static void mark(void *data, IrExpr *ref) {
    bool *reached = data;
    reached[ref->var->id] = true;
}

/* Variables that the side depends on and the other does not: what both share can be changed without making a difference. */
static bool *only(const IrProgram *p, const IrVar *side, const IrVar *other) {
    bool *reached[2];
    for (int s = 0; s < 2; s++) {
        reached[s] = ARENA_ARRAY(p->arena, bool, p->vars.count);
        reached[s][s ? other->id : side->id] = true;
        for (int round = 0; round < 2; round++) /* twice: states are read before they are made */
            for (int i = p->vars.count - 1; i >= 0; i--) {
                if (!reached[s][i] || !p->vars.at[i]->def) continue;
                ir_each_ref(p->vars.at[i]->def, mark, reached[s]);
            }
    }
    for (int i = 0; i < p->vars.count; i++) reached[0][i] = reached[0][i] && !reached[1][i];
    return reached[0];
}

/* ---- the list of equal ones ----------------------------------------------------------------------------------------- */
/* Lines `program | check | operator | variable | how many | reason`; found counts those that were met. */
typedef struct Explanation {
    char *key;
    int count, found;
    bool tried; /* its program is among those that were run */
} Explanation;
static VEC(Explanation) explanations;

static bool read_explanations(Arena *arena, const char *path) {
    char line[1024], program[64], check[64], name[64], variable[128];
    int count;
    FILE *from = fopen(path, "r");
    while (from && fgets(line, sizeof line, from)) {
        if (line[0] == '#' || line[0] == '\n') continue;
        if (sscanf(line, "%63[^|]| %63[^|]| %63[^|]| %127[^|]| %d |", program, check, name, variable, &count) != 5)
            return fprintf(stderr, "%s: not understood: %s", path, line), false;
        char *key = arena_printf(arena, "%s| %s| %s| %s", program, check, name, variable);
        vec_push(arena, &explanations, ((Explanation){key, count, 0, false}));
    }
    if (from) fclose(from);
    return from != NULL;
}

static bool explained(Arena *arena, const IrProgram *p, const IrCheck *check, const Operator *o, const char *variable) {
    const char *key = arena_printf(arena, "%s | %s | %s | %s ", p->name, check->name, o->name, variable);
    for (int i = 0; i < explanations.count; i++)
        if (strcmp(explanations.at[i].key, key) == 0) return ++explanations.at[i].found <= explanations.at[i].count;
    return false;
}

static void tried(const IrProgram *p) {
    size_t n = strlen(p->name);
    for (int i = 0; i < explanations.count; i++)
        explanations.at[i].tried |= strncmp(explanations.at[i].key, p->name, n) == 0 && strncmp(explanations.at[i].key + n, " |", 2) == 0;
}

/* Explanations of mutants that are not equal (any more), or are not made. */
static int stale(void) {
    int count = 0;
    for (int i = 0; i < explanations.count; i++) {
        const Explanation *e = &explanations.at[i];
        if (!e->tried || e->found == e->count) continue;
        printf("stale: %s: %d in the list, %d found\n", e->key, e->count, e->found);
        count++;
    }
    return count;
}

/* ---- running -------------------------------------------------------------------------------------------------------- */
typedef struct Tally {
    int made[OPERATORS], caught[OPERATORS], equal, undecided, unexplained;
} Tally;

static void judge(const Mutant *m, const IrCheck *check, int operator, const char *before, const char *after, Tally *tally) {
    ExactOptions how = {.seed = 1, .budget = BUDGET};
    ExactResult r = exact_check(m->p->arena, m->p, check, &how);
    tally->made[operator]++;
    tally->undecided += r.verdict == EXACT_UNDECIDED;
    if (r.verdict != EXACT_EQUAL) {
        tally->caught[operator]++;
        return;
    }
    tally->equal++;
    const Operator *o = &operators[operator];
    if (explained(m->p->arena, m->p, check, o, m->var->name)) return;
    tally->unexplained++;
    printf("unexplained: %s | %s | %s | %s | %s -> %s\n", m->p->name, check->name, o->name, m->var->name, before, after);
}

/* False: there are not so many places. */
static bool try_mutant(const IrProgram *p, int check, int operator, int side, int site, Tally *tally) {
    Mutant m = {.p = ir_clone(p)};
    const IrCheck *c = &m.p->checks.at[check];
    bool *own = only(m.p, side ? c->right : c->left, side ? c->left : c->right), applied = false;
    char *before, *after;
    for (int i = 0; i < m.p->vars.count && !applied; i++) {
        if (!own[i] || !m.p->vars.at[i]->def) continue;
        m.var = m.p->vars.at[i];
        applied = change(&m, &operators[operator], &m.p->vars.at[i]->def, &site, &before, &after);
    }
    if (applied && !ir_verify(m.p)) judge(&m, c, operator, before, after, tally);
    return applied;
}

static void mutate(const IrProgram *p, Tally *tally) {
    for (int check = 0; check < p->checks.count; check++) {
        ExactOptions how = {.seed = 1, .budget = BUDGET};
        ExactResult r = exact_check(p->arena, p, &p->checks.at[check], &how);
        if (r.verdict != EXACT_EQUAL) continue; /* no known-equal pair */
        for (int o = 0; o < OPERATORS; o++)
            for (int side = 0; side < 2; side++)
                for (int site = 0; site < SITES && try_mutant(p, check, o, side, site, tally);) site++;
    }
}

/* ---- the table ------------------------------------------------------------------------------------------------------ */
static void print_head(void) {
    printf("caught of made, by operator:");
    for (int o = 0; o < OPERATORS; o++) printf("%s%3d %-22s", o % 5 ? "" : "\n ", o + 1, operators[o].name);
    printf("\n\n%-24s", "program");
    for (int o = 0; o < OPERATORS; o++) printf(" %5d", o + 1);
    printf("\n");
}

static void print_row(const char *name, const Tally *tally) {
    printf("%-24.24s", name);
    for (int o = 0; o < OPERATORS; o++) {
        if (tally->made[o]) printf(" %2d/%-2d", tally->caught[o], tally->made[o]);
        else printf("     .");
    }
    printf("\n");
    fflush(stdout);
}

static void add(Tally *all, const Tally *one) {
    for (int o = 0; o < OPERATORS; o++) all->made[o] += one->made[o], all->caught[o] += one->caught[o];
    all->equal += one->equal, all->undecided += one->undecided, all->unexplained += one->unexplained;
}

static int print_sum(const Tally *all) {
    int made = 0, used = 0, old = stale();
    for (int o = 0; o < OPERATORS; o++) made += all->made[o], used += all->made[o] > 0;
    printf("%d operators, %d mutants: %d not equal, %d undecided, %d truly equal, %d unexplained\n", used, made,
           made - all->equal - all->undecided, all->undecided, all->equal - all->unexplained, all->unexplained);
    return all->unexplained || old ? 1 : 0;
}

static IrProgram *read_program(Arena *arena, const char *path) {
    FILE *from = fopen(path, "r");
    char *text, *error = "cannot be read";
    size_t length;
    FILE *to = open_memstream(&text, &length);
    for (int c; from && (c = fgetc(from)) != EOF;) fputc(c, to);
    fclose(to);
    IrProgram *p = from ? ir_parse(arena, names_new(arena), text, &error) : NULL;
    if (!p) fprintf(stderr, "%s: %s\n", path, error);
    if (from) fclose(from);
    free(text);
    return p;
}

int main(int argc, char **argv) {
    Tally all = {0};
    Arena *lasting = arena_new();
    if (argc < 3) return fprintf(stderr, "usage: mutate EQUAL.txt PROGRAM.ir ...\n"), 2;
    if (!read_explanations(lasting, argv[1])) return 2;
    print_head();
    for (int i = 2; i < argc; i++) {
        Arena *arena = arena_new();
        IrProgram *p = read_program(arena, argv[i]);
        if (!p) return 2;
        Tally one = {0};
        tried(p);
        mutate(p, &one);
        print_row(p->name, &one);
        add(&all, &one);
        arena_free(arena);
    }
    int status = print_sum(&all);
    arena_free(lasting);
    return status;
}
