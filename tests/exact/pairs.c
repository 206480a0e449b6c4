/* Random pairs: a random program against itself after random identities (identities.def: has to be accepted), and after one random
 * edit besides (mutations.def: has to be rejected where float64 shows a difference). Prints the counts; exit 1 at a disagreement.
 *
 *   pairs COUNT        that many pairs of each kind
 *   pairs COUNT DIR    and writes small ones to DIR as the judge reads them: N.equal, N.unequal
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/random_ir.h"
#include "exact/exact.h"
#include "float64.h"
#include "identities.h"
#include "mutations.h"

#include "scalar.h"

enum { MOST_REWRITES = 8, BUDGET = 20000000, SMALL = 2000 };

static int below(uint64_t *state, int n) {
    return (int)(float64_next(state) % (uint64_t)n);
}

/* ---- making pairs --------------------------------------------------------------------------------------------------- */
/* A loop that settles has no closed form, and a maximum over positions is decided in other tests. */
static bool suits(const IrProgram *p) {
    for (int i = 0; i < p->items.count; i++)
        if (p->items.at[i]->kind == ITEM_FIX) return false;
    return p->outputs.count > 0;
}

static bool is_output(const IrProgram *p, const IrVar *v) {
    bool found = false;
    for (int i = 0; i < p->outputs.count; i++) found |= p->outputs.at[i].var == v;
    return found;
}

static void reach(void *data, IrExpr *ref) {
    bool *reached = data;
    reached[ref->var->id] = true;
}

/* An equation that an output depends on. */
static IrVar *some_equation(IrProgram *p, uint64_t *state) {
    bool *reached = ARENA_ARRAY(p->arena, bool, p->vars.count);
    for (int i = 0; i < p->outputs.count; i++) reached[p->outputs.at[i].var->id] = true;
    for (int round = 0; round < 2; round++) /* twice: states are read before they are made */
        for (int i = p->vars.count - 1; i >= 0; i--)
            if (reached[i] && p->vars.at[i]->def) ir_each_ref(p->vars.at[i]->def, reach, reached);
    for (int from = below(state, p->vars.count), i = 0; i < p->vars.count; i++) {
        IrVar *v = p->vars.at[(from + i) % p->vars.count];
        if (v->def && reached[v->id]) return v;
    }
    return NULL;
}

static bool rewrite(IrProgram *p, uint64_t *state, int *used) {
    IrVar *v = some_equation(p, state);
    int which = below(state, identity_count + 1), site = below(state, 3);
    if (which == identity_count && (!v->init || is_output(p, v))) return false;
    if (which == identity_count) rescale_state(p, v);
    else if (!identity_at(p, &identities[which], &v->def, &site)) return false;
    v->def = ir_substitute(p, v->def, 0, NULL, NULL); /* what was copied binds axes of its own */
    used[which]++;
    return true;
}

static bool edit(IrProgram *p, uint64_t *state, const char **name) {
    Mutant m = {p, some_equation(p, state)};
    int which = below(state, mutation_count), site = below(state, 3);
    char *before, *after;
    if (!mutation_at(&m, &mutations[which], &m.var->def, &site, &before, &after)) return false;
    m.var->def = ir_substitute(p, m.var->def, 0, NULL, NULL);
    *name = arena_printf(p->arena, "%s in %s: %s -> %s", mutations[which].name, m.var->name, before, after);
    return ir_verify(p) == NULL;
}

/* ---- counting ------------------------------------------------------------------------------------------------------- */
typedef struct Count {
    int pairs, accepted, rejected, same, unseen, undecided, wrong, written;
    int used[128];
} Count;

static void write_small(const IrProgram *p, const IrCheck *c, const char *folder, const char *verdict, Count *count) {
    char *text;
    size_t length;
    FILE *memory = open_memstream(&text, &length);
    bool small = scalar_print(p, c, float64_sizes(p), SMALL, memory);
    fclose(memory);
    FILE *to = small ? fopen(arena_printf(p->arena, "%s/%d.%s", folder, count->written++, verdict), "w") : NULL;
    if (to) fwrite(text, 1, length, to), fclose(to);
    free(text);
}

static ExactVerdict decide(const IrProgram *p, const IrCheck *c, const char **why) {
    ExactOptions how = {.seed = 7, .budget = BUDGET, .one_shape = true};
    ExactResult r = exact_check(p->arena, p, c, &how);
    *why = r.why;
    return r.verdict;
}

static void wrong(Count *count, uint64_t seed, const IrProgram *both, const char *what) {
    count->wrong++;
    printf("seed %llu: %s\n", (unsigned long long)seed, what);
    if (getenv("PAIRS_SHOW")) ir_print(both, stdout);
}

static void judge(IrProgram *both, uint64_t seed, const char *edited, const char *folder, Count *count) {
    for (int i = 0; i < both->checks.count; i++) {
        const IrCheck *c = &both->checks.at[i];
        const char *why;
        ExactVerdict verdict = decide(both, c, &why);
        bool seen = edited && float64_differs(both, c, seed);
        count->pairs++;
        count->accepted += verdict == EXACT_EQUAL && !edited;
        count->rejected += verdict == EXACT_UNEQUAL && seen;
        count->same += verdict == EXACT_EQUAL && edited && !seen;
        count->unseen += verdict == EXACT_UNEQUAL && edited && !seen;
        count->undecided += verdict == EXACT_UNDECIDED;
        if (verdict == EXACT_EQUAL && seen) wrong(count, seed, both, arena_printf(both->arena, "called equal after %s", edited));
        if (verdict == EXACT_UNEQUAL && !edited) wrong(count, seed, both, arena_printf(both->arena, "identities not seen at %s", why));
        if (getenv("PAIRS_SHOW") && (verdict == EXACT_UNDECIDED || (verdict == EXACT_UNEQUAL && !seen)))
            printf("seed %llu, %s: %s at %s\n", (unsigned long long)seed, edited ? edited : "identities",
                   verdict == EXACT_UNDECIDED ? "undecided" : "without a witness", why);
        if (folder && verdict != EXACT_UNDECIDED)
            write_small(both, c, folder, verdict == EXACT_EQUAL ? "equal" : "unequal", count);
    }
}

static bool one(uint64_t seed, const char *folder, Count *same, Count *edited) {
    Arena *arena = arena_new();
    uint64_t state = seed;
    IrProgram *p = random_ir(arena, names_new(arena), seed, 1 + (int)(seed % 4));
    bool fits = suits(p);
    if (fits) {
        IrProgram *q = ir_clone(p);
        for (int done = 0, tries = 0; done < MOST_REWRITES && tries < 400; tries++) done += rewrite(q, &state, same->used);
        if (ir_verify(q)) wrong(same, seed, q, ir_verify(q));
        else judge(ir_join(p, q), seed, NULL, folder, same);
        const char *name = NULL;
        bool done = false;
        IrProgram *r = NULL;
        for (int tries = 0; tries < 400 && !done; tries++) r = ir_clone(q), done = edit(r, &state, &name);
        if (done) judge(ir_join(p, r), seed, name, folder, edited);
    }
    arena_free(arena);
    return fits;
}

int main(int argc, char **argv) {
    int wanted = argc > 1 ? atoi(argv[1]) : 0, unused = 0;
    const char *folder = argc > 2 ? argv[2] : NULL;
    Count same = {0}, edited = {0};
    if (wanted <= 0) return fprintf(stderr, "usage: pairs COUNT [DIR]\n"), 2;
    for (uint64_t seed = 1; edited.pairs < wanted; seed++) one(seed, folder, &same, &edited);
    printf("%d pairs by identities: %d accepted, %d undecided, %d wrong\n", same.pairs, same.accepted, same.undecided, same.wrong);
    printf("%d pairs by an edit: %d rejected with a witness, %d equal (float64 agrees), %d without a witness, %d undecided, %d wrong\n",
           edited.pairs, edited.rejected, edited.same, edited.unseen, edited.undecided, edited.wrong);
    for (int i = 0; i < identity_count; i++) {
        if (!same.used[i]) printf("never applied: %s\n", identities[i].name);
        unused += !same.used[i];
    }
    return same.wrong || edited.wrong || unused ? 1 : 0;
}
