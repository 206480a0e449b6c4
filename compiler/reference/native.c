/* Where native code goes wrong: the program is compiled once more with every named quantity as an output, and the first
 * one, in order of dependence, that leaves its bound on the failing input is named. Recording may change the schedule,
 * so that the fault may be gone: then nothing is named. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reference/check_internal.h"

typedef struct Recorded {
    IrVar **source, **scheduled; /* the same quantities in both programs, in order of dependence */
    double **native;
    int count;
} Recorded;

static Recorded recorded_in(const Checker *c) {
    const IrProgram *source = c->in->source, *scheduled = c->in->scheduled;
    Recorded all = {ARENA_ARRAY(c->arena, IrVar *, source->vars.count), ARENA_ARRAY(c->arena, IrVar *, source->vars.count),
                    ARENA_ARRAY(c->arena, double *, source->vars.count), 0};
    for (int i = 0; i < source->vars.count; i++) {
        IrVar *v = source->vars.at[i];
        for (int k = 0; k < scheduled->outputs.count; k++) {
            if (!v->def || !v->origin || strcmp(scheduled->outputs.at[k].name, v->name) != 0) continue;
            all.source[all.count] = v;
            all.scheduled[all.count++] = scheduled->outputs.at[k].var;
            break;
        }
    }
    return all;
}

static int64_t beyond(RefTensor reference, RefTensor bound, const double *native) {
    if (reference.count != bound.count || !native) return -1;
    for (int64_t i = 0; i < reference.count; i++) {
        double allowed = bound.bound[i] + reference.bound[i];
        if (isfinite(allowed) && isfinite(reference.value[i]) && !(fabs(native[i] - reference.value[i]) <= allowed))
            return i;
    }
    return -1;
}

static void name_first(Checker *c, const Recorded *all, const Reference *source, const Reference *scheduled,
                       CheckFailure *failure) {
    for (int i = 0; i < all->count; i++) {
        RefTensor reference = ref_tensor(source, all->source[i]);
        int64_t at = beyond(reference, ref_tensor(scheduled, all->scheduled[i]), all->native[i]);
        if (at < 0) continue;
        failure->first = arena_strdup(c->arena, all->source[i]->origin);
        failure->first_detail = arena_printf(c->arena, "native %.9g, reference %.9g at %s", all->native[i][at],
                                             reference.value[at], element_name(c, all->source[i], reference, at));
        return;
    }
}

static void compare_recorded(Checker *c, const Case *k, CheckFailure *failure) {
    Recorded all = recorded_in(c);
    const char *why = NULL;
    int64_t *size = sizes_for(c, c->in->scheduled, k);
    Reference *source = ref_new(c->in->source, k->size, ref_float64(), all.source, all.count);
    Reference *scheduled = ref_new(c->in->scheduled, size, c->in->arithmetic, all.scheduled, all.count);
    bind_case(c, source, c->in->source, k);
    bind_case(c, scheduled, c->in->scheduled, k);
    bool ran = ref_bytes(source) < 2e9 && ref_bytes(scheduled) < 2e9 && !ref_run(source) && !ref_run(scheduled);
    if (ran && native_values(c, k, all.scheduled, all.count, all.native, &why))
        name_first(c, &all, source, scheduled, failure);
    for (int i = 0; i < all.count; i++) free(all.native[i]);
    ref_free(source);
    ref_free(scheduled);
    free(size);
}

void find_first_native(Checker *c, const Case *k, CheckFailure *failure) {
    const IrProgram *program = NULL;
    NativeRunner *native = c->in->native, *recording = native->record ? native->record(native->data, &program) : NULL;
    if (!recording) return;
    CheckInput in = *c->in;
    in.scheduled = program;
    in.native = recording;
    Checker again = *c;
    again.in = &in;
    compare_recorded(&again, k, failure);
}
