#include "driver/record.h"

#include <string.h>

#include "sim/select.h"

typedef VEC(const char *) NameList;

/* By the name the user knows: that of the population in the source. */
static IrVar *find(const IrProgram *p, const char *name) {
    for (int i = 0; i < p->vars.count; i++) {
        IrVar *v = p->vars.at[i];
        if (v->def && v->origin && strcmp(v->origin, name) == 0) return v;
    }
    return NULL;
}

static int unknown(const Compilation *c, const IrProgram *p, const char *name) {
    NameList names = {0};
    const IrVar *weight = ir_find_var(p, name);
    if (weight && weight->kind == VAR_WEIGHT) {
        fprintf(stderr, "ctx: --record: '%s' is a weight, and records are of populations\n"
                        "help: of one that learns online over now, `output w = %s[now as token];` is what it was after each cycle\n", name, name);
        return EXIT_WRONG;
    }
    for (int i = 0; i < p->vars.count; i++)
        if (p->vars.at[i]->def && p->vars.at[i]->origin) vec_push(c->arena, &names, p->vars.at[i]->origin);
    const char *near = diag_closest(name, names.at, names.count);
    fprintf(stderr, "ctx: --record: there is no population '%s'%s%s%s\n", name, near ? "; did you mean '" : "", near ? near : "",
            near ? "'?" : "");
    fprintf(stderr, "help: ctx build %s --emit=circuit lists them\n", c->options->file);
    return EXIT_WRONG;
}

static bool is_output(const IrProgram *p, const char *name) {
    for (int i = 0; i < p->outputs.count; i++)
        if (strcmp(p->outputs.at[i].name, name) == 0) return true;
    return false;
}

static void record(Compilation *c, IrProgram *p, Name name, IrVar *v) {
    vec_push(c->arena, &p->outputs, ((IrOutput){.name = name, .var = v, .recorded = true, .span = v->span}));
}

/* An output that is a population already stays; a second print of it needs a name of its own. */
static void record_all(Compilation *c, IrProgram *p) {
    for (int i = 0; i < p->vars.count; i++) {
        IrVar *v = p->vars.at[i];
        if (!v->def || !v->origin || !v->origin_kind || strcmp(v->origin_kind, "population") != 0 || is_output(p, v->origin)) continue;
        bool printed = false;
        for (int k = 0; k < p->outputs.count; k++) printed |= p->outputs.at[k].var == v;
        if (printed) v = ir_alg(p, name_printf(p->names, "%s.watched", v->name), v->axis_count, v->axes, ir_ref(p, v, NULL));
        if (printed) v->origin_kind = name_of(p->names, "variable");
        record(c, p, p->vars.at[i]->origin, v);
    }
}

int record_populations(Compilation *c, IrProgram *p) {
    if (c->watch_populations) record_all(c, p);
    const Strings *asked = &c->options->value[OPTION_RECORD];
    for (int i = 0; i < asked->count; i++) {
        for (const char *at = asked->at[i]; *at;) { /* entries are separated by commas */
            size_t length = rt_select_length(at);
            Name name = name_intern(c->names, at, rt_select_name(at, length));
            IrVar *v = is_output(p, name) ? NULL : find(p, name);
            if (!v && !is_output(p, name)) return unknown(c, p, name);
            if (v) record(c, p, name, v);
            at += length + (at[length] == ',');
        }
    }
    return EXIT_DONE;
}
