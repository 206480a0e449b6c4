/* Gradients that a check reads. A proof that a rule is the gradient is one about the adjoints that the compiler derived; that these are
 * the derivatives of the loss is proved here, by derivatives that know nothing of them (tangent.c). */
#include <math.h>

#include "exact/exact.h"
#include "exact/small.h"

static const double BUDGET = 3e8;

/* ---- which ----------------------------------------------------------------------------------------------------------- */
typedef struct Walk {
    const IrProgram *p;
    bool *reached; /* by variable id */
} Walk;

static void visit(Walk *w, const IrVar *v);

static void visit_ref(void *data, IrExpr *ref) {
    visit(data, ref->var);
}

/* What v is made of; a gradient, of its loss: the adjoints in between are the compiler's. */
static void visit(Walk *w, const IrVar *v) {
    bool gradient = false;
    if (w->reached[v->id]) return;
    w->reached[v->id] = true;
    for (int i = 0; i < w->p->taken.count; i++) {
        if (w->p->taken.at[i].gradient != v) continue;
        gradient = true;
        visit(w, w->p->taken.at[i].loss);
    }
    if (!gradient) ir_each_read(v, visit_ref, w);
}

/* Gradients by inputs are decided together, loss by loss; one by a quantity that the loss is made of, by itself. */
static bool is_with(const IrProgram *p, int first, int other, const bool *reached) {
    const IrTaken *a = &p->taken.at[first], *b = &p->taken.at[other];
    return reached[b->gradient->id] && (first == other || (a->loss == b->loss && ir_is_input(a->of) && ir_is_input(b->of)));
}

static bool is_first(const IrProgram *p, int at, const bool *reached) {
    for (int i = 0; i < at; i++)
        if (is_with(p, at, i, reached)) return false;
    return reached[p->taken.at[at].gradient->id];
}

static ExactGradient claim_of(Arena *arena, const IrProgram *p, int first, const bool *reached) {
    const IrVar **of = ARENA_ARRAY(arena, const IrVar *, p->taken.count);
    IrVar **gradient = ARENA_ARRAY(arena, IrVar *, p->taken.count);
    ExactGradient claim = {p->taken.at[first].loss, of, gradient, 0};
    for (int i = first; i < p->taken.count; i++)
        if (is_with(p, first, i, reached)) of[claim.count] = p->taken.at[i].of, gradient[claim.count++] = p->taken.at[i].gradient;
    return claim;
}

/* ---- what is found ---------------------------------------------------------------------------------------------------- */
static ExactTaken taken_of(Arena *arena, const ExactGradient *claim, const ExactResult *found) {
    ExactTaken taken = {claim->loss->name, claim->count, ARENA_ARRAY(arena, Name, claim->count), found->verdict, found->agreed, found->error_bits};
    for (int i = 0; i < claim->count; i++) taken.by[i] = claim->of[i]->name;
    return taken;
}

static void assume(Arena *arena, ExactResult *r, char *text) {
    char **list = ARENA_ARRAY(arena, char *, r->assumption_count + 1);
    for (int i = 0; i < r->assumption_count; i++) list[i] = r->assumption[i];
    list[r->assumption_count++] = text;
    r->assumption = list;
}

/* Of two probabilities, as bits: that of their sum. */
static double either(double a, double b) {
    return fmin(a, b) - log2(1 + exp2(-fabs(a - b)));
}

static void conclude(Arena *arena, const IrCheck *check, const ExactGradient *claim, const ExactResult *found, ExactResult *r) {
    Name loss = claim->loss->name;
    switch (found->verdict) {
    case EXACT_EQUAL: r->error_bits = either(r->error_bits, found->error_bits); break;
    case EXACT_UNEQUAL:
        r->verdict = EXACT_UNDECIDED;
        r->why = arena_printf(arena, "the derivative of %s by %s is not what the compiler takes for it", loss, found->why);
        r->where = check->span;
        break;
    case EXACT_UNDECIDED:
        if (!found->agreed) assume(arena, r, arena_printf(arena, "the gradient of %s is its derivative (%s)", loss, found->why));
        break;
    }
}

/* Two or three points of each axis; one or two where a useful bound leaves no room for more. */
static ExactResult decide(Arena *arena, const IrProgram *core, int first, const bool *reached, ExactOptions how, ExactGradient *claim) {
    ExactResult r = {0};
    how.one_shape = true;
    how.budget = BUDGET;
    for (int64_t least = 2; least > 0; least--) {
        IrProgram *p = ir_clone(core);
        const int64_t *size = small_sizes(arena, p, least);
        for (int i = 0; i < p->axes.count; i++)
            if (p->axes.at[i]->root->kind != AXIS_BOUNDED) p->axes.at[i]->size = size[p->axes.at[i]->root->id];
        *claim = claim_of(arena, p, first, reached);
        r = exact_gradient(arena, p, claim, &how);
        if (!r.agreed) break;
    }
    return r;
}

void exact_confirm(Arena *arena, const IrProgram *core, const IrCheck *check, const ExactOptions *options, ExactResult *r) {
    bool *reached = ARENA_ARRAY(arena, bool, core->vars.count + 1);
    Walk walk = {core, reached};
    visit(&walk, check->left);
    visit(&walk, check->right);
    r->taken = ARENA_ARRAY(arena, ExactTaken, core->taken.count + 1);
    for (int i = 0; i < core->taken.count && r->verdict == EXACT_EQUAL; i++) {
        if (!is_first(core, i, reached)) continue;
        ExactGradient claim;
        ExactResult found = decide(arena, core, i, reached, *options, &claim);
        r->operations += found.operations;
        r->taken[r->taken_count++] = taken_of(arena, &claim, &found);
        conclude(arena, check, &claim, &found, r);
    }
}
