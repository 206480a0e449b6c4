/* Runs the passes of passes.def. */
#include "opt/opt.h"

#include <stdlib.h>
#include <string.h>

#include "opt/pass.h"
#include "opt/schedule.h"

typedef struct Pass {
    const char *name;
    void (*run)(Opt *o);
    bool reorders; /* left out by --no-reassociate */
} Pass;

enum { ALWAYS = 0, ORDER = 1 };
static const Pass passes[] = {
#define PASS(name, when) {#name, pass_##name, when},
#include "opt/passes.def"
#undef PASS
};

#ifdef CTX_VERIFY
static void verify(const Opt *o, const char *after) {
    char *wrong = ir_verify(o->p);
    if (!wrong) return;
    fprintf(stderr, "ctx: internal fault: after pass %s: %s\n", after, wrong);
    ir_print(o->p, stderr);
    exit(70);
}
#else
static void verify(const Opt *o, const char *after) { (void)o, (void)after; }
#endif

static bool same_text(const IrProgram *a, const IrProgram *b) {
    char *text[2];
    size_t length[2];
    const IrProgram *program[2] = {a, b};
    for (int i = 0; i < 2; i++) {
        FILE *to = open_memstream(&text[i], &length[i]);
        ir_print(program[i], to);
        fclose(to);
    }
    bool same = length[0] == length[1] && memcmp(text[0], text[1], length[0]) == 0;
    free(text[0]);
    free(text[1]);
    return same;
}

static void run_pass(Opt *o, const Pass *pass) {
    IrProgram *before = o->options->changed ? ir_clone(o->p) : NULL;
    pass->run(o);
    opt_facts(o);
    verify(o, pass->name);
    if (before && !same_text(before, o->p)) o->options->changed(o->options->changed_data, pass->name, before, o->p);
}

/* The steps of each contraction as the final program has them; a step that became another equation is left out. */
static void write_steps(Opt *o) {
    for (int i = 0; i < o->report->contractions.count; i++) {
        OptContraction *c = &o->report->contractions.at[i];
        for (int k = 0; k < c->vars.count; k++)
            if (opt_fact(o, c->vars.at[k])->item) vec_push(o->p->arena, &c->steps, opt_equation_text(o, c->vars.at[k]));
    }
}

IrProgram *opt_run(const IrProgram *source, const OptOptions *options, OptReport *report) {
    Opt o = {.p = ir_clone(source), .options = options, .report = report};
    memset(report, 0, sizeof *report);
    o.most_kept = options->most_kept ? options->most_kept : schedule_most_kept;
    o.size_count = options->sizes ? options->size_count : 0;
    o.size = arena_copy(o.p->arena, options->sizes, sizeof *o.size * (size_t)o.size_count);
    OptCosts before = {0}, after = {0};
    if (options->drop_checks) o.p->checks.count = 0;
    ir_forget_learning(o.p);
    o.p->taken.count = 0;
    opt_facts(&o);
    pass_dead(&o);
    opt_facts(&o);
    report->source = opt_program_cost(&o, &before);
    memcpy(&report->source_equations, &before, sizeof before);
    for (size_t i = 0; i < sizeof passes / sizeof *passes; i++) {
        if (options->passes && (int)i >= options->passes) break;
        if (passes[i].reorders && options->no_reassociate) continue;
        if (passes[i].run == pass_stabilise && options->stabilised) continue;
        run_pass(&o, &passes[i]);
        if (options->until && strcmp(options->until, passes[i].name) == 0) break;
    }
    write_steps(&o);
    report->chosen = opt_program_cost(&o, &after);
    memcpy(&report->chosen_equations, &after, sizeof after);
    return o.p;
}
