/* The phase: walk, propagate cycles, wire, elaborate cells, outputs, losses and rules, checks. */
#include "sema/sema.h"

#include <stdlib.h>
#include <string.h>

#include "sema/internal.h"

/* Debug builds stop at a malformed circuit here, where it was made. */
static void verify(const Circuit *circuit) {
#ifdef CTX_VERIFY
    const char *wrong = cir_verify(circuit);
    if (!wrong) return;
    fprintf(stderr, "ctx: internal fault: circuit: %s\n", wrong);
    abort();
#else
    (void)circuit;
#endif
}

static void check_overrides(Sema *s) {
    for (int i = 0; i < s->input->override_count; i++) {
        const char *name = s->input->overrides[i].name;
        bool used = false;
        for (int k = 0; k < s->used_overrides.count; k++) used |= strcmp(s->used_overrides.at[k], name) == 0;
        if (used) continue;
        Diagnostic *d = diag_error(s->diag, E_OVERRIDE, span_none(),
                                   "--set %s: the file has no axis or constant of that name", name);
        scope_suggest(s, d, s->main->scope, name_of(s->names, name), KIND(SYM_AXIS) | KIND(SYM_VALUE));
    }
}

static void check_sizes(Sema *s) {
    for (int i = 0; i < s->c->stimuli.count; i++) tensor_size_ok(s, s->c->stimuli.at[i]);
    for (int i = 0; i < s->c->weights.count; i++) tensor_size_ok(s, s->c->weights.at[i]);
    for (int i = 0; i < s->populations.count; i++) tensor_size_ok(s, s->populations.at[i]->cir->rate);
}

static void wire_all(Sema *s) {
    for (int i = 0; i < s->arrows.count; i++) arrow_wire(s, &s->arrows.at[i]);
    for (int i = 0; i < s->populations.count; i++) cell_elaborate(s, s->populations.at[i]);
}

static bool nothing_to_do(Sema *s) {
    if (s->outputs.count || s->checks.count || diag_error_count(s->diag)) return false;
    Span at = {s->input->main->file, 0, 0};
    Diagnostic *d = diag_error(s->diag, E_NO_OUTPUT, at, "the file has neither an output nor a check");
    diag_help(d, "say what it computes: `output y = higher;`");
    return true;
}

Circuit *sema_check(Arena *arena, Names *names, Diagnostics *diagnostics, const SemaInput *input) {
    Sema state = {.arena = arena, .names = names, .diag = diagnostics, .input = input}, *s = &state;
    int before = diag_error_count(diagnostics);
    s->c = cir_new(arena, names, name_of(names, input->name));
    Place *main = ARENA_NEW(arena, Place);
    *main = (Place){.scope = scope_new(s, NULL, true), .prefix = "", .suffix = "", .top = true};
    s->main = main;
    walk_body(s, main, &input->main->body);
    check_overrides(s);
    cycles_propagate(s);
    check_sizes(s);
    signals_check(s);
    online_declare(s);
    wire_all(s);
    weights_finish(s);
    outputs_elaborate(s, false);
    learning_elaborate(s);
    outputs_elaborate(s, true);
    checks_elaborate(s);
    if (nothing_to_do(s) || diag_error_count(diagnostics) > before) return NULL;
    verify(s->c);
    return s->c;
}
