/* The sides of all checks on one case: reference values, bounds of the scheduled order, native values. */
#include <stdlib.h>
#include <string.h>

#include "reference/check_internal.h"

static const double SOURCE_STEPS = 2e9, SCHEDULED_STEPS = 6e9, MOST_BYTES = 2e9;

void bind_case(const Checker *c, Reference *r, const IrProgram *p, const Case *k) {
    const IrProgram *source = c->in->source;
    for (int i = 0; i < source->vars.count; i++) {
        if (!k->input[i]) continue;
        const IrVar *v = p == source ? source->vars.at[i] : ir_find_var(p, source->vars.at[i]->name);
        if (v && !v->def) ref_bind(r, v, k->input[i]);
    }
}

int64_t *sizes_for(const Checker *c, const IrProgram *p, const Case *k) {
    int64_t *size = calloc((size_t)p->axes.count + 1, sizeof *size);
    for (int i = 0; i < p->axes.count; i++) {
        const IrAxis *axis = ir_find_axis(c->in->source, p->axes.at[i]->root->name);
        size[i] = axis ? case_size(k, axis) : p->axes.at[i]->root->size;
    }
    return size;
}

/* `check` -1: all sides. NULL with *why NULL: it would take too long. */
static Reference *evaluate(Checker *c, bool scheduled, int check, RefArithmetic how, const Case *k, double most_steps,
                           const char **why) {
    const IrProgram *p = scheduled ? c->in->scheduled : c->in->source;
    IrVar **side = scheduled ? c->scheduled_side : c->side;
    const bool *exact = check < 0 ? NULL : scheduled ? c->scheduled_exact[check] : c->exact[check];
    int64_t *size = sizes_for(c, p, k);
    IrVar **keep = calloc((size_t)c->side_count + 1, sizeof *keep);
    int count = 0;
    for (int i = 0; i < c->side_count; i++)
        if (check < 0 ? c->taken[i / 2] : i / 2 == check) keep[count++] = side[i];
    Reference *r = ref_new(p, size, how, keep, count);
    free(keep);
    free(size);
    *why = NULL;
    if (ref_cost(r) > most_steps || ref_bytes(r) > MOST_BYTES) {
        ref_free(r);
        return NULL;
    }
    bind_case(c, r, p, k);
    for (int i = 0; exact && i < p->vars.count; i++)
        if (exact[i]) ref_take_as_exact(r, p->vars.at[i]);
    const char *error = ref_run(r);
    c->spent += ref_cost(r);
    if (!error) return r;
    *why = arena_strdup(c->arena, error);
    ref_free(r);
    return NULL;
}

/* One evaluation for all checks whose sides share inputs only, one for each other check. */
static bool evaluate_references(Checker *c, bool scheduled, const Case *k, double most_steps, Sides *sides,
                                const char **why) {
    Reference *common = NULL;
    for (int i = 0; i < c->side_count / 2; i++) {
        if (!c->taken[i]) continue;
        bool own = (scheduled ? c->scheduled_exact : c->exact)[i] != NULL;
        Reference *r = own || !common ? evaluate(c, scheduled, own ? i : -1, ref_float64(), k, most_steps, why) : common;
        if (!r) return false;
        if (!own) common = r;
        sides->reference[i] = r;
    }
    return true;
}

static void free_references(const Checker *c, Sides *sides) {
    for (int i = 0; i < c->side_count / 2; i++) {
        Reference *r = sides->reference[i];
        for (int k = i; k < c->side_count / 2; k++)
            if (sides->reference[k] == r) sides->reference[k] = NULL;
        ref_free(r);
    }
}

/* ---- native ------------------------------------------------------------------------------------------------------ */
static const IrOutput *output_of(const IrProgram *p, const IrVar *v) {
    for (int i = 0; i < p->outputs.count; i++)
        if (p->outputs.at[i].var == v) return &p->outputs.at[i];
    return NULL;
}

static int64_t points_of(const IrVar *v, const int64_t *size) {
    int64_t count = 1;
    for (int i = 0; i < v->axis_count; i++) count *= size[v->axes[i]->id];
    return count;
}

static void list_inputs(const Checker *c, const Case *k, NativeCall *call, NativeValues *input) {
    const IrProgram *source = c->in->source, *p = c->in->scheduled;
    for (int i = 0; i < source->vars.count; i++) {
        const IrVar *v = k->input[i] ? ir_find_var(p, source->vars.at[i]->name) : NULL;
        if (v && !v->def) input[call->input_count++] = (NativeValues){v->name, k->input[i], k->count[i]};
    }
    call->input = input;
}

bool native_values(const Checker *c, const Case *k, IrVar *const *var, int count, double **value, const char **why) {
    const IrProgram *p = c->in->scheduled;
    int64_t *size = sizes_for(c, p, k);
    NativeValues *input = calloc((size_t)c->in->source->vars.count + 1, sizeof *input);
    NativeValues *output = calloc((size_t)count + 1, sizeof *output);
    NativeCall call = {.size = size};
    list_inputs(c, k, &call, input);
    for (int i = 0; i < count; i++) {
        const IrOutput *made = output_of(p, var[i]);
        int64_t points = points_of(var[i], size);
        if (!made) continue;
        value[i] = calloc((size_t)(points ? points : 1), sizeof(double));
        output[call.output_count++] = (NativeValues){made->name, value[i], points};
    }
    call.output = output;
    const char *error = c->in->native->call(c->in->native->data, &call);
    if (error) *why = arena_strdup(c->arena, error);
    free(size);
    free(input);
    free(output);
    return !error;
}

/* The source order where it takes no more than a sixth of what is left of the budget, else the scheduled one. False
 * with *why NULL: neither. */
bool sides_evaluate(Checker *c, const Case *k, bool native, Sides *sides, const char **why) {
    double left = (c->in->budget - c->spent) / 6;
    *sides = (Sides){.native = calloc((size_t)c->side_count + 1, sizeof *sides->native),
                     .reference = calloc((size_t)c->side_count + 1, sizeof *sides->reference)};
    if (!evaluate_references(c, false, k, left < SOURCE_STEPS ? left : SOURCE_STEPS, sides, why)) {
        free_references(c, sides);
        sides->substituted = true;
        left = c->in->budget - c->spent;
        if (*why || !evaluate_references(c, true, k, left < SCHEDULED_STEPS ? left : SCHEDULED_STEPS, sides, why))
            return false;
    }
    if (!native || !c->in->native) return true;
    sides->bounds = evaluate(c, true, -1, c->in->arithmetic, k, SCHEDULED_STEPS, why);
    return sides->bounds && native_values(c, k, c->scheduled_side, c->side_count, sides->native, why);
}

RefTensor side_value(const Checker *c, const Sides *sides, int side) {
    return ref_tensor(sides->reference[side / 2], sides->substituted ? c->scheduled_side[side] : c->side[side]);
}

void sides_free(const Checker *c, Sides *sides) {
    if (sides->reference) free_references(c, sides);
    free(sides->reference);
    ref_free(sides->bounds);
    for (int i = 0; sides->native && i < c->side_count; i++) free(sides->native[i]);
    free(sides->native);
    *sides = (Sides){0};
}
