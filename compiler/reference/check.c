/* The numeric check: which cases, what is measured, what is concluded. */
#include "reference/check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reference/check_internal.h"

/* For the reference's own error in what both sides share, which its bound leaves out (sides.c): 2^-29 of the native
 * one's. */
static const double SLACK = 1e-6;
static const double SHARP = 0.01; /* bounds of the sides, as a part of their largest value, that tell them from others */
static const double DEFAULT_BUDGET = 1.2e10; /* about 5 s */

static void expose(IrProgram *core, IrVar *v, Name name, Span span) {
    if (!v->def) return;
    for (int i = 0; i < core->outputs.count; i++)
        if (core->outputs.at[i].var == v) return;
    vec_push(core->arena, &core->outputs, ((IrOutput){.name = name, .var = v, .span = span}));
}

void check_expose(IrProgram *core) {
    for (int i = 0; i < core->checks.count; i++) {
        const IrCheck *check = &core->checks.at[i];
        expose(core, check->left, name_printf(core->names, "check.%d.left", i), check->span);
        expose(core, check->right, name_printf(core->names, "check.%d.right", i), check->span);
    }
}

void check_expose_all(IrProgram *core) {
    check_expose(core);
    for (int i = 0; i < core->vars.count; i++)
        if (core->vars.at[i]->origin) expose(core, core->vars.at[i], core->vars.at[i]->name, core->vars.at[i]->span);
}

static void note(Checker *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void note(Checker *c, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *text = arena_vprintf(c->arena, format, args);
    va_end(args);
    for (int i = 0; i < c->report->notes.count; i++)
        if (strcmp(c->report->notes.at[i], text) == 0) return;
    vec_push(c->arena, &c->report->notes, text);
}

/* ---- measuring --------------------------------------------------------------------------------------------------- */
static void raise_to(double *most, double value) {
    if (!(value <= *most)) *most = value;
}

static double ulps_between(double error, double reference, RefArithmetic how) {
    int exponent;
    frexp(reference, &exponent);
    double ulp = ldexp(2 * how.unit, exponent - 1);
    return error / (ulp > how.tiny && ulp > 0 ? ulp : how.tiny);
}

/* One native value against its reference. Returns error / bound (NAN: cannot be judged). */
static double measure(CheckFamily *f, RefArithmetic how, double native, double reference, double bound) {
    if (!isfinite(bound) || !isfinite(reference)) return NAN;
    double error = fabs(native - reference);
    if (!isfinite(native)) error = INFINITY;
    raise_to(&f->most_absolute, error);
    if (reference != 0) raise_to(&f->most_relative, error / fabs(reference));
    raise_to(&f->most_ulps, ulps_between(error, reference, how));
    f->beyond_tight += !(error <= 1e-5 + 1.3e-6 * fabs(reference));
    f->beyond_loose += !(error <= 1e-5 + 1e-3 * fabs(reference));
    double ratio = error == 0 ? 0 : bound > 0 ? error / bound : INFINITY;
    raise_to(&f->error_per_bound, ratio);
    return ratio;
}

static int64_t first_beyond(Checker *c, CheckFamily *f, const Sides *s, int side) {
    RefTensor reference = side_value(c, s, side), bound = ref_tensor(s->bounds, c->scheduled_side[side]);
    int64_t wrong = -1;
    for (int64_t i = 0; i < reference.count; i++) {
        double allowed = (1 + SLACK) * bound.bound[i] + reference.bound[i];
        double ratio = measure(f, c->in->arithmetic, s->native[side][i], reference.value[i], allowed);
        if (isnan(ratio)) f->skipped++;
        else f->points++;
        if (ratio > 1 && wrong < 0) wrong = i;
    }
    return wrong;
}

/* The tolerance that a check allows, of 1 or the largest number of its right side. */
static double tolerance(const Checker *c, RefTensor right, int check) {
    double within = c->in->source->checks.at[check].within, scale = 1;
    for (int64_t i = 0; within > 0 && i < right.count; i++)
        if (isfinite(right.value[i])) scale = fmax(scale, fabs(right.value[i]));
    return within * scale;
}

static double largest(RefTensor left, RefTensor right) {
    double size = 0;
    for (int64_t i = 0; i < left.count; i++)
        if (isfinite(left.value[i])) raise_to(&size, fabs(left.value[i]));
    for (int64_t i = 0; i < right.count; i++)
        if (isfinite(right.value[i])) raise_to(&size, fabs(right.value[i]));
    return size;
}

/* Where rounding may have grown to the size of the values themselves, that they agree says nothing. */
static void look_whether_blind(CheckFamily *f, double bound, double size) {
    raise_to(&f->size, size);
    if (bound <= SHARP * size) return;
    f->blind++;
    raise_to(&f->blur, bound);
}

static int64_t first_unequal(Checker *c, CheckFamily *f, const Sides *s, int check) {
    double within = tolerance(c, side_value(c, s, 2 * check + 1), check);
    int64_t wrong = factor_settle(c, s, check), count = side_value(c, s, 2 * check).count;
    double size = largest(side_value(c, s, 2 * check), side_value(c, s, 2 * check + 1));
    for (int64_t i = 0; i < count; i++) {
        Bounded left = side_point(c, s, 2 * check, i), right = side_point(c, s, 2 * check + 1, i);
        double bound = left.bound + right.bound + within, far = fabs(left.value - right.value);
        if (!isfinite(bound) || !isfinite(far)) {
            f->skipped++;
            continue;
        }
        f->judged++;
        look_whether_blind(f, left.bound + right.bound, size);
        if (within > 0 && far > within && far <= bound) {
            f->unclear++;
            raise_to(&f->apart, far);
            continue;
        }
        f->points++;
        raise_to(&f->sides_per_bound, far == 0 ? 0 : far / bound);
        if (!(far <= bound) && wrong < 0) wrong = i;
    }
    return wrong;
}

/* ---- failures ---------------------------------------------------------------------------------------------------- */
/* A side of a check is mostly another quantity under a name of its own: that one is named, but not the compartment that a
 * relay cell repeats. */
static const IrVar *repeated(const IrVar *v) {
    while (v->def && v->def->op == IR_REF && v->def->var->axis_count == v->axis_count) {
        const IrVar *next = v->def->var;
        if (next->origin_kind && strcmp(next->origin_kind, "compartment") == 0) break;
        v = next;
    }
    return v;
}

/* A side that is an expression has a name that the compiler made: check.1.left. */
static const char *name_of_side(const Checker *c, const IrVar *v) {
    for (int i = 0; i < c->side_count; i++)
        if (v == c->side[i]) return i % 2 ? "right side" : "left side";
    return v->origin ? v->origin : v->name;
}

char *element_name(const Checker *c, const IrVar *v, RefTensor t, int64_t at) {
    Text text = text_new(c->arena);
    const IrVar *named = repeated(v);
    bool made = named->origin && strncmp(named->origin, "check.", 6) == 0;
    text_add(&text, "%s", made ? name_of_side(c, named) : named->origin ? named->origin : named->name);
    int64_t below = t.count;
    for (int i = 0; i < t.rank; i++) {
        below /= t.size[i];
        text_add(&text, "%s%s = %lld%s", i ? ", " : "[", v->axes[i]->root->name, (long long)(at / below % t.size[i]),
                 i == t.rank - 1 ? "]" : "");
    }
    return text.at;
}

static void fill_values(Checker *c, const Sides *s, int check, int side, int64_t at, CheckFailure *failure) {
    RefTensor reference = side_value(c, s, side < 0 ? 2 * check : side);
    failure->at = element_name(c, c->side[side < 0 ? 2 * check : side], reference, at);
    if (side >= 0) {
        failure->left = s->native[side][at];
        failure->right = reference.value[at];
        failure->bound = reference.bound[at] + ref_tensor(s->bounds, c->scheduled_side[side]).bound[at];
        return;
    }
    Bounded left = side_point(c, s, 2 * check, at), right = side_point(c, s, 2 * check + 1, at);
    failure->left = left.value;
    failure->right = right.value;
    failure->bound = left.bound + right.bound + tolerance(c, side_value(c, s, 2 * check + 1), check);
}

/* Compares the sides of a check on one case. Returns the verdict, and the failing point and side (-1: the sides differ). */
static CheckVerdict compare(Checker *c, const Sides *s, int check, CheckFamily *f, int *side, int64_t *at) {
    *side = -1;
    *at = first_unequal(c, f, s, check);
    if (*at >= 0) return CHECK_DIFFERS;
    for (int i = 2 * check; i < 2 * check + 2; i++) {
        if (!s->native[i] || !s->bounds) continue;
        *at = first_beyond(c, f, s, *side = i);
        if (*at >= 0) return CHECK_NATIVE_WRONG;
    }
    return CHECK_HOLDS;
}

bool still_fails(Checker *c, const Case *k, int check, bool native) {
    Sides s;
    const char *why;
    CheckFamily f = {0};
    int side;
    int64_t at;
    CheckVerdict wanted = native ? CHECK_NATIVE_WRONG : CHECK_DIFFERS;
    bool fails = sides_evaluate(c, k, native, &s, &why) && compare(c, &s, check, &f, &side, &at) == wanted;
    sides_free(c, &s);
    return fails;
}

static void explain_failure(Checker *c, const Case *found, int check, const bool *holds) {
    CheckResult *result = &c->report->result[check];
    bool native = result->verdict == CHECK_NATIVE_WRONG;
    CheckFailure *failure = &result->failure;
    Case *k = c->integrated[check] ? case_copy(found) : shrink(c, found, check, native);
    Sides s;
    const char *why;
    CheckFamily f = {0};
    int side;
    int64_t at;
    if (sides_evaluate(c, k, native, &s, &why) && compare(c, &s, check, &f, &side, &at) == result->verdict)
        fill_values(c, &s, check, side, at, failure);
    sides_free(c, &s);
    failure->family = family_name(found->family);
    failure->seed = found->seed;
    failure->shapes = case_shapes(c, k);
    failure->input = describe_input(c, k);
    if (c->integrated[check] && c->in->source->checks.at[check].within > 0) failure->reason = "the circuit has not settled by then";
    else if (native) find_first_native(c, k, failure);
    else find_first(c, found, check, holds, failure);
    if (!native && !failure->reason) failure->reason = factor_text(c, check);
    case_free(k);
}

/* ---- cases ------------------------------------------------------------------------------------------------------- */
static void take_order_ratio(Checker *c, const Case *k, const Sides *s, CheckResult *result, Family family) {
    if (s->substituted || !s->bounds) return;
    for (int i = 0; i < c->report->count; i++)
        if (!c->taken[i]) return;
    Reference *r = ref_new(c->in->source, k->size, c->in->arithmetic, c->side, c->side_count);
    if (ref_cost(r) > 4e7) {
        ref_free(r);
        return;
    }
    bind_case(c, r, c->in->source, k);
    if (!ref_run(r)) {
        for (int check = 0; check < c->report->count; check++) {
            if (!c->taken[check]) continue;
            RefTensor scheduled = ref_tensor(s->bounds, c->scheduled_side[2 * check]),
                source = ref_tensor(r, c->side[2 * check]);
            double most = 0, base = 0;
            for (int64_t i = 0; i < source.count; i++) {
                if (!isfinite(scheduled.bound[i]) || !isfinite(source.bound[i])) continue;
                raise_to(&most, scheduled.bound[i]);
                raise_to(&base, source.bound[i]);
            }
            if (base > 0) raise_to(&result[check].family[family].order_ratio, most / base);
        }
    }
    c->spent += ref_cost(r);
    ref_free(r);
}

static bool all_failed(const Checker *c) {
    for (int i = 0; i < c->report->count; i++)
        if (c->taken[i] && c->report->result[i].verdict == CHECK_HOLDS) return false;
    return true;
}

/* The case that first failed each check, until it is explained. */
typedef struct Found {
    Case **by_check;
} Found;

/* False: too long for the reference. */
static bool run_case(Checker *c, const Case *k, Found *found) {
    Sides s;
    const char *why;
    if (!sides_evaluate(c, k, true, &s, &why)) {
        if (why) {
            c->report->verdict = CHECK_MACHINE;
            c->report->error = why;
        } else {
            note(c, "not run at %s: too long for the reference", case_shapes(c, k));
        }
        sides_free(c, &s);
        return why != NULL;
    }
    if (s.substituted)
        note(c, "at %s the optimised order in float64 stood in for the order of the source", case_shapes(c, k));
    for (int i = 0; i < c->report->count; i++) {
        if (!c->taken[i]) continue;
        CheckResult *result = &c->report->result[i];
        CheckFamily *f = &result->family[k->family];
        int side;
        int64_t at;
        f->runs++;
        CheckVerdict verdict = compare(c, &s, i, f, &side, &at);
        if (verdict == CHECK_HOLDS || result->verdict != CHECK_HOLDS) continue;
        result->verdict = verdict;
        found->by_check[i] = case_copy(k);
    }
    if (k->family == FAMILY_NORMAL) take_order_ratio(c, k, &s, c->report->result, k->family);
    sides_free(c, &s);
    return true;
}

static const int64_t LENGTHS[] = {1, 2, 3, 5, 7, 16, 17, 63, 64, 65, INT64_MAX};
enum { LENGTH_COUNT = sizeof LENGTHS / sizeof *LENGTHS, FEW = 3 /* index of 5 */ };

/* Sizes with every bounded axis at about LENGTHS[which]: a second one takes the next length. False: nothing new. */
static bool sizes_at(const Checker *c, int which, int64_t *size) {
    const IrProgram *p = c->in->source;
    bool fresh = false;
    int bounded = 0;
    for (int i = 0; i < p->axes.count; i++) {
        const IrAxis *axis = p->axes.at[i];
        size[i] = axis->root->size;
        if (axis->root != axis || axis->kind != AXIS_BOUNDED) continue;
        int at = which + bounded++ % 2;
        if (at > LENGTH_COUNT - 1) at = LENGTH_COUNT - 1;
        size[i] = LENGTHS[at] < axis->size ? LENGTHS[at] : axis->size;
        int64_t before = which > 0 && LENGTHS[at > 0 ? at - 1 : 0] < axis->size ? LENGTHS[at - 1] : axis->size;
        fresh |= which == 0 || before < axis->size;
    }
    return bounded && fresh;
}

static bool family_applies(const Checker *c, Family family) {
    if (family == FAMILY_OWN) return c->in->weight_count > 0;
    return family != FAMILY_INTEGERS;
}

/* The bounded axes of 256 points or more at a quarter of their sizes; false when there is none. */
static bool quarter(const Checker *c, int64_t *size) {
    const IrProgram *p = c->in->source;
    bool any = false;
    for (int i = 0; i < p->axes.count; i++) {
        if (p->axes.at[i]->root->kind != AXIS_BOUNDED || size[i] < 256) continue;
        size[i] /= 4;
        any |= p->axes.at[i]->root == p->axes.at[i];
    }
    return any;
}

/* One family at one length; where that takes too long, at a quarter of it. */
static void run_family(Checker *c, Family family, const int64_t *size, Found *found) {
    size_t bytes = sizeof *size * (size_t)(c->in->source->axes.count + 1);
    int64_t *now = malloc(bytes);
    memcpy(now, size, bytes);
    bool ran = false;
    do {
        Case *k = case_new(c, family, c->in->seed, now, 1);
        bool left = c->spent <= c->in->budget;
        if (left) ran = run_case(c, k, found);
        else note(c, "not run at %s: the budget of the check was used", case_shapes(c, k));
        case_free(k);
    } while (!ran && quarter(c, now) && c->spent <= c->in->budget);
    free(now);
}

static void run_families(Checker *c, Found *found) {
    const IrProgram *p = c->in->source;
    int64_t *size = calloc((size_t)p->axes.count + 1, sizeof *size);
    for (int which = 0; which < LENGTH_COUNT && !all_failed(c) && !c->report->error; which++) {
        if (!sizes_at(c, which, size) && which != FEW) continue;
        for (int family = 0; family < FAMILY_COUNT && !all_failed(c) && !c->report->error; family++) {
            bool here = family_at_all_lengths((Family)family) || which == FEW;
            if (!here || !family_applies(c, (Family)family)) continue;
            run_family(c, (Family)family, size, found);
        }
    }
    free(size);
}

/* The checks of the dynamic reading: ordinary numbers, at one length. Whether a circuit settles, and how soon, depends on its weights:
 * they are those that it has. */
static void run_integrated(Checker *c, Found *found) {
    int64_t *size = calloc((size_t)c->in->source->axes.count + 1, sizeof *size);
    sizes_at(c, FEW, size);
    run_family(c, family_applies(c, FAMILY_OWN) ? FAMILY_OWN : FAMILY_NORMAL, size, found);
    free(size);
}

/* True when there is any. */
static bool take(Checker *c, bool integrated) {
    bool any = false;
    for (int i = 0; i < c->report->count; i++) any |= c->taken[i] = c->integrated[i] == integrated;
    return any;
}

/* ---- whole numbers ----------------------------------------------------------------------------------------------- */
/* Exact when every partial result stays below 2^24 (2^53 for float64), in the scheduled order. */
static bool magnitudes_fit(const Checker *c, const Case *k, int side) {
    const IrProgram *p = c->in->scheduled;
    int64_t *size = calloc((size_t)p->axes.count + 1, sizeof *size);
    for (int i = 0; i < p->axes.count; i++) {
        const IrAxis *axis = ir_find_axis(c->in->source, p->axes.at[i]->root->name);
        size[i] = axis ? case_size(k, axis) : 0;
    }
    Reference *r = ref_new(p, size, ref_integers(), &c->scheduled_side[side], 1);
    bind_case(c, r, p, k);
    bool fits = !ref_run(r) && ref_largest_bound(r) < 1 / c->in->arithmetic.unit;
    ref_free(r);
    free(size);
    return fits;
}

static void compare_exactly(Checker *c, const Case *k, int side) {
    CheckResult *result = &c->report->result[side / 2];
    Sides s;
    const char *why;
    if (!sides_evaluate(c, k, true, &s, &why)) {
        c->report->error = why;
        sides_free(c, &s);
        return;
    }
    RefTensor reference = side_value(c, &s, side);
    for (int64_t i = 0; s.native[side] && i < reference.count; i++) {
        result->exact_points++;
        if (s.native[side][i] == reference.value[i] || result->verdict != CHECK_HOLDS) continue;
        result->verdict = CHECK_NATIVE_WRONG;
        fill_values(c, &s, side / 2, side, i, &result->failure);
        result->failure.family = family_name(k->family);
        result->failure.seed = k->seed;
        result->failure.shapes = case_shapes(c, k);
        result->failure.input = describe_input(c, k);
    }
    sides_free(c, &s);
}

static void run_integers(Checker *c, int side) {
    CheckResult *result = &c->report->result[side / 2];
    const char *source = ref_is_multilinear(c->in->source, c->side[side]);
    const char *scheduled = ref_is_multilinear(c->in->scheduled, c->scheduled_side[side]);
    if (source || scheduled) {
        if (side % 2 == 0) result->exact_not = source ? source : scheduled;
        return;
    }
    int64_t *size = calloc((size_t)c->in->source->axes.count + 1, sizeof *size);
    sizes_at(c, FEW, size);
    bool fits = false;
    for (double density = 1; density > 0.01 && !fits; density /= 2) {
        Case *k = case_new(c, FAMILY_INTEGERS, c->in->seed, size, density);
        fits = magnitudes_fit(c, k, side);
        if (fits) compare_exactly(c, k, side);
        case_free(k);
    }
    if (!fits && side % 2 == 0) result->exact_not = "sums beyond 2^24";
    free(size);
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */
/* Why a tolerance that nothing refutes is not known to be kept: a loop does not come to rest, or steps let rounding grow. */
static const char *why_unclear(const Checker *c, const CheckResult *result) {
    for (int k = 0; k < FAMILY_COUNT && result->within > 0; k++) {
        const CheckFamily *f = &result->family[k];
        if (f->unclear) return arena_printf(c->arena, "on inputs '%s' %lld values are apart by up to %.3g, more than `within` allows and less than the bound of "
                                            "their own error: is there a loop that does not come to rest, or rounding that grows over many steps?", f->name, (long long)f->unclear, f->apart);
        if (f->runs && f->skipped && !f->judged)
            return arena_printf(c->arena, "on inputs '%s' no value could be judged: it is not finite, or the bound of its error is not", f->name);
    }
    return NULL;
}

/* A check that holds was seen to on inputs at which it might not have: in some family most points are sharp. */
static const char *why_blind(const Checker *c, const CheckResult *result) {
    const CheckFamily *worst = NULL;
    for (int k = 0; k < FAMILY_COUNT; k++) {
        const CheckFamily *f = &result->family[k];
        if (!f->judged || f->size == 0) continue;
        if (2 * f->blind <= f->judged) return NULL;
        if (!worst) worst = f;
    }
    if (!worst) return NULL;
    return arena_printf(c->arena, "on inputs '%s' rounding may have grown to %.3g, and the largest value is %.3g: that the sides agree within that says nothing",
                        worst->name, worst->blur, worst->size);
}

static void conclude(Checker *c) {
    CheckReport *report = c->report;
    for (int i = 0; i < report->count; i++) {
        CheckResult *result = &report->result[i];
        int64_t points = 0;
        for (int k = 0; k < FAMILY_COUNT; k++) points += result->family[k].points;
        result->factor = c->factor[i].known ? c->factor[i].value : 0;
        if (result->verdict == CHECK_HOLDS) result->unclear = why_unclear(c, result);
        if (result->verdict == CHECK_HOLDS && !result->unclear) result->unclear = why_blind(c, result);
        if ((points == 0 || result->unclear) && result->verdict == CHECK_HOLDS) result->verdict = CHECK_UNDECIDED;
        if (result->verdict > report->verdict) report->verdict = result->verdict;
    }
    if (report->error) report->verdict = CHECK_MACHINE;
}

bool check_integrated(const IrProgram *core, const IrVar *v) {
    bool *seen = calloc((size_t)core->vars.count + 1, sizeof *seen), steps = false;
    ir_reach(seen, v);
    for (int i = 0; i < core->vars.count; i++)
        for (int k = 0; seen[i] && k < core->vars.at[i]->axis_count; k++) steps |= core->vars.at[i]->axes[k]->kind == AXIS_STEP;
    free(seen);
    return steps;
}

/* The equations that both sides depend on; NULL when there are none. */
static bool *shared_by(const Checker *c, const IrProgram *p, const IrVar *left, const IrVar *right) {
    bool *one = ARENA_ARRAY(c->arena, bool, p->vars.count), *two = ARENA_ARRAY(c->arena, bool, p->vars.count), any = false;
    ir_reach(one, left);
    ir_reach(two, right);
    for (int i = 0; i < p->vars.count; i++) {
        one[i] = one[i] && two[i] && p->vars.at[i]->def;
        any |= one[i];
    }
    return any ? one : NULL;
}

static void mark(void *marked, IrExpr *ref) {
    ((bool *)marked)[ref->var->id] = true;
}

/* What both sides are computed from counts as exact: they read the same numbers. Not so in a scan of which they read several
 * variables: an identity may rest on what its equations say of these, which holds up to rounding. */
static bool *exact_for(const Checker *c, const IrProgram *p, const bool *shared, const IrVar *left, const IrVar *right) {
    bool *own = ARENA_ARRAY(c->arena, bool, p->vars.count), *read = ARENA_ARRAY(c->arena, bool, p->vars.count);
    bool *exact = arena_copy(c->arena, shared, (size_t)p->vars.count);
    ir_reach(own, left);
    ir_reach(own, right);
    for (int i = 0; i < p->vars.count; i++)
        if (own[i] && !shared[i] && p->vars.at[i]->def) ir_each_ref(p->vars.at[i]->def, mark, read);
    for (int i = 0; i < p->items.count; i++) {
        const IrItem *scan = p->items.at[i];
        int count = 0;
        if (scan->kind != ITEM_SCAN) continue;
        for (int k = 0; k < scan->body_count; k++) count += shared[scan->body[k]->var->id] && read[scan->body[k]->var->id];
        for (int k = 0; count > 1 && k < scan->body_count; k++) exact[scan->body[k]->var->id] = false;
    }
    return exact;
}

static void set_up(Checker *c) {
    CheckReport *report = c->report;
    report->count = c->in->source->checks.count;
    report->result = ARENA_ARRAY(c->arena, CheckResult, report->count);
    c->side_count = 2 * report->count;
    c->side = ARENA_ARRAY(c->arena, IrVar *, c->side_count);
    c->scheduled_side = ARENA_ARRAY(c->arena, IrVar *, c->side_count);
    c->taken = ARENA_ARRAY(c->arena, bool, report->count + 1);
    c->integrated = ARENA_ARRAY(c->arena, bool, report->count + 1);
    c->shared = ARENA_ARRAY(c->arena, bool *, report->count);
    c->exact = ARENA_ARRAY(c->arena, bool *, report->count);
    c->scheduled_exact = ARENA_ARRAY(c->arena, bool *, report->count);
    for (int i = 0; i < report->count; i++) {
        const IrCheck *source = &c->in->source->checks.at[i], *scheduled = &c->in->scheduled->checks.at[i];
        c->side[2 * i] = source->left;
        c->side[2 * i + 1] = source->right;
        c->scheduled_side[2 * i] = scheduled->left;
        c->scheduled_side[2 * i + 1] = scheduled->right;
        c->integrated[i] = check_integrated(c->in->source, source->left) || check_integrated(c->in->source, source->right);
        c->shared[i] = shared_by(c, c->in->source, source->left, source->right);
        bool *again = shared_by(c, c->in->scheduled, scheduled->left, scheduled->right);
        if (c->shared[i]) c->exact[i] = exact_for(c, c->in->source, c->shared[i], source->left, source->right);
        if (again) c->scheduled_exact[i] = exact_for(c, c->in->scheduled, again, scheduled->left, scheduled->right);
        report->result[i] = (CheckResult){.name = source->name, .span = source->span, .within = source->within, .family_count = FAMILY_COUNT,
                                          .family = ARENA_ARRAY(c->arena, CheckFamily, FAMILY_COUNT)};
        for (int k = 0; k < FAMILY_COUNT; k++) report->result[i].family[k].name = family_name((Family)k);
    }
    factors_set_up(c);
}

CheckReport *check_run(Arena *arena, const CheckInput *input) {
    CheckInput in = *input;
    if (in.budget <= 0) in.budget = DEFAULT_BUDGET;
    Checker c = {.arena = arena, .in = &in, .report = ARENA_NEW(arena, CheckReport)};
    c.least = ir_least_sizes(arena, in.source);
    set_up(&c);
    if (c.report->count == 0) return c.report;
    Found found = {calloc((size_t)c.report->count, sizeof(Case *))};
    if (take(&c, true) && !in.settled_only) run_integrated(&c, &found);
    if (take(&c, false)) run_families(&c, &found);
    for (int i = 0; i < c.side_count && in.native && !c.report->error; i++)
        if (c.taken[i / 2] && c.report->result[i / 2].verdict == CHECK_HOLDS) run_integers(&c, i);
    bool *holds = ARENA_ARRAY(arena, bool, c.report->count);
    for (int i = 0; i < c.report->count; i++) holds[i] = c.report->result[i].verdict == CHECK_HOLDS;
    for (int i = 0; i < c.report->count; i++) {
        take(&c, c.integrated[i]);
        if (found.by_check[i]) explain_failure(&c, found.by_check[i], i, holds);
        case_free(found.by_check[i]);
    }
    free(found.by_check);
    conclude(&c);
    return c.report;
}
