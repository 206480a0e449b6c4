/* The mutation suite: every operator of mutations.def on every check of the programs given as IR text, at up to SITES places of each
 * side. A mutant is caught when the exact engine does not call it equal. One that is called equal has to be so in float64, and to
 * stand in the list of truly equal ones (first argument) with its reason. Prints the table program x operator; exit 1 if a mutant
 * is unexplained. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exact/exact.h"
#include "float64.h"
#include "mutations.h"

enum { SITES = 2, MOST = 64, BUDGET = 20000000 };

/* ---- what belongs to one side --------------------------------------------------------------------------------------- */
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
/* Lines `program | check | operator | variable | how many | reason`, or `*` for an operator: of all operators. */
typedef struct Explanation {
    char *key;
    int count, found; /* how many the line names, how many were met */
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

static bool explained(Arena *arena, const IrProgram *p, const IrCheck *check, const char *operator, const char *variable) {
    const char *key = arena_printf(arena, "%s | %s | %s | %s ", p->name, check->name, operator, variable);
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
    int made[MOST], caught[MOST], equal, undecided, unexplained, wrong;
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
    const char *name = mutations[operator].name, *problem = NULL;
    if (!check->factor && float64_differs(m->p, check, 1)) problem = "wrong, differs in float64", tally->wrong++;
    else if (!explained(m->p->arena, m->p, check, name, m->var->name) && !explained(m->p->arena, m->p, check, "*", m->var->name))
        problem = "unexplained", tally->unexplained++;
    if (problem) printf("%s: %s | %s | %s | %s | %s -> %s\n", problem, m->p->name, check->name, name, m->var->name, before, after);
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
        applied = mutation_at(&m, &mutations[operator], &m.p->vars.at[i]->def, &site, &before, &after);
    }
    if (applied && !ir_verify(m.p)) judge(&m, c, operator, before, after, tally);
    return applied;
}

static void mutate(const IrProgram *p, Tally *tally) {
    for (int check = 0; check < p->checks.count; check++) {
        ExactOptions how = {.seed = 1, .budget = BUDGET};
        ExactResult r = exact_check(p->arena, p, &p->checks.at[check], &how);
        if (r.verdict != EXACT_EQUAL) continue; /* no known-equal pair */
        for (int o = 0; o < mutation_count; o++)
            for (int side = 0; side < 2; side++)
                for (int site = 0; site < SITES && try_mutant(p, check, o, side, site, tally);) site++;
    }
}

/* ---- the table ------------------------------------------------------------------------------------------------------ */
static void print_head(void) {
    printf("caught of made, by operator:");
    for (int o = 0; o < mutation_count; o++) printf("%s%3d %-22s", o % 5 ? "" : "\n ", o + 1, mutations[o].name);
    printf("\n\n%-24s", "program");
    for (int o = 0; o < mutation_count; o++) printf(" %5d", o + 1);
    printf("\n");
}

static void print_row(const char *name, const Tally *tally) {
    printf("%-24.24s", name);
    for (int o = 0; o < mutation_count; o++) {
        if (tally->made[o]) printf(" %2d/%-2d", tally->caught[o], tally->made[o]);
        else printf("     .");
    }
    printf("\n");
    fflush(stdout);
}

static void add(Tally *all, const Tally *one) {
    for (int o = 0; o < mutation_count; o++) all->made[o] += one->made[o], all->caught[o] += one->caught[o];
    all->equal += one->equal, all->undecided += one->undecided, all->unexplained += one->unexplained;
    all->wrong += one->wrong;
}

static int print_sum(const Tally *all) {
    int made = 0, used = 0, old = stale();
    for (int o = 0; o < mutation_count; o++) made += all->made[o], used += all->made[o] > 0;
    printf("%d operators, %d mutants: %d not equal, %d undecided, %d truly equal, %d unexplained, %d wrong\n", used, made,
           made - all->equal - all->undecided, all->undecided, all->equal - all->unexplained - all->wrong, all->unexplained, all->wrong);
    return all->unexplained || all->wrong || old ? 1 : 0;
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
