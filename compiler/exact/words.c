/* Places and expressions in words: names of the source instead of those that the compiler made. */
#include <ctype.h>
#include <string.h>

#include "base/text.h"
#include "exact/repair_internal.h"

enum { LONGEST = 90 }; /* bytes of an expression that is shown */

/* ---- places --------------------------------------------------------------------------------------------------------- */
static bool is_kind(const IrVar *v, const char *kind) {
    return v->origin && v->origin_kind && strcmp(v->origin_kind, kind) == 0;
}

/* "V.mask.apical": the apical input of 'V.mask'; "higher.input": the input of 'higher'. */
static char *compartment_words(Arena *arena, const char *origin) {
    const char *dot = strrchr(origin, '.');
    if (!dot) return arena_printf(arena, "'%s'", origin);
    int cell = (int)(dot - origin);
    bool plain = strcmp(dot + 1, "input") == 0;
    return arena_printf(arena, "the %s%sinput of '%.*s'", plain ? "" : dot + 1, plain ? "" : " ", cell, origin);
}

static char *part_words(Arena *arena, const char *what, const char *origin) {
    const char *dot = strrchr(origin, '.');
    if (!dot) return arena_printf(arena, "'%s'", origin);
    return arena_printf(arena, "the %s %s of '%.*s'", what, dot + 1, (int)(dot - origin), origin);
}

/* Sides of checks are called check.NAME.left and check.NAME.right (sema/check.c). */
static const char *side_words(const IrVar *v) {
    if (!v->origin || strncmp(v->origin, "check.", 6) != 0) return NULL;
    const char *dot = strrchr(v->origin, '.');
    return strcmp(dot, ".left") == 0 ? "the left side" : strcmp(dot, ".right") == 0 ? "the right side" : NULL;
}

char *place_words(Arena *arena, const IrVar *v) {
    const char *side = side_words(v);
    if (side) return arena_strdup(arena, side);
    if (is_kind(v, "compartment")) return compartment_words(arena, v->origin);
    if (is_kind(v, "state")) return part_words(arena, "state", v->origin);
    if (is_kind(v, "variable")) return part_words(arena, "variable", v->origin);
    return arena_printf(arena, "'%s'", v->origin ? v->origin : v->name);
}

char *cell_words(Arena *arena, const IrVar *v) {
    const char *dot = v->origin && !is_kind(v, "population") && !is_kind(v, "spec") ? strrchr(v->origin, '.') : NULL;
    return dot ? arena_printf(arena, "'%.*s'", (int)(dot - v->origin), v->origin) : place_words(arena, v);
}

/* ---- expressions ---------------------------------------------------------------------------------------------------- */
typedef VEC(IrAxis *) Axes;

typedef struct Renaming { /* while something is printed, axes and variables go by the names of the source */
    IrProgram *p;
    Axes axes;
    Name *axis_name, *var_name; /* their own */
} Renaming;

static void list_axis(Renaming *r, IrAxis *axis) {
    for (int i = 0; i < r->axes.count; i++)
        if (r->axes.at[i] == axis) return;
    vec_push(r->p->arena, &r->axes, axis);
}

static void list_axes(Renaming *r, const IrExpr *e) {
    if (e->op == IR_POS) list_axis(r, e->axis);
    for (int i = 0; i < e->bound_count; i++) list_axis(r, e->bound[i]);
    for (int i = 0; e->var && i < e->var->axis_count; i++)
        if (e->index[i].kind == IX_AXIS) list_axis(r, e->index[i].axis);
    for (int i = 0; i < e->argc; i++) list_axes(r, e->arg[i]);
}

/* "token.14", a copy that the compiler made, is "token", or "token'" beside that; "columns.now", of an instance, is "now". */
static Name source_name(const Renaming *r, int which) {
    const char *own = r->axes.at[which]->name, *end = own + strlen(own), *digits = end;
    while (digits > own && isdigit((unsigned char)digits[-1])) digits--;
    if (digits > own && digits < end && digits[-1] == '.') end = digits - 1;
    const char *start = end;
    while (start > own && start[-1] != '.') start--;
    Name name = name_intern(r->p->names, start, (size_t)(end - start));
    for (int i = 0; i < which; i++)
        if (r->axes.at[i]->name == name) name = name_printf(r->p->names, "%s'", name), i = -1;
    return name;
}

static Renaming rename_all(IrProgram *p, const IrVar *v, const IrExpr *e) {
    Renaming r = {.p = p};
    for (int i = 0; i < v->axis_count; i++) list_axis(&r, v->axes[i]);
    if (v->def) list_axes(&r, v->def);
    list_axes(&r, e);
    r.axis_name = ARENA_ARRAY(p->arena, Name, r.axes.count);
    r.var_name = ARENA_ARRAY(p->arena, Name, p->vars.count);
    for (int i = 0; i < r.axes.count; i++) r.axis_name[i] = r.axes.at[i]->name;
    for (int i = 0; i < r.axes.count; i++) r.axes.at[i]->name = source_name(&r, i);
    for (int i = 0; i < p->vars.count; i++) {
        IrVar *var = p->vars.at[i];
        r.var_name[i] = var->name;
        if (var->origin) var->name = var->origin;
    }
    return r;
}

static void rename_back(Renaming *r) {
    for (int i = 0; i < r->axes.count; i++) r->axes.at[i]->name = r->axis_name[i];
    for (int i = 0; i < r->p->vars.count; i++) r->p->vars.at[i]->name = r->var_name[i];
}

static char *shortened(Arena *arena, char *text) {
    if (strlen(text) <= LONGEST) return text;
    int length = LONGEST - 3;
    while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80) length--;
    return arena_printf(arena, "%.*s...", length, text);
}

char *expr_words(IrProgram *p, const IrVar *v, IrExpr *e) {
    Renaming r = rename_all(p, v, e);
    char *text = ir_expr_text(p->arena, e);
    rename_back(&r);
    return shortened(p->arena, text);
}

char *var_words(IrProgram *p, const IrVar *v) {
    return expr_words(p, v, ir_ref(p, (IrVar *)v, NULL));
}

/* ---- guards --------------------------------------------------------------------------------------------------------- */
/* a - b <= bound as one writes it: "token < now", "token <= now + 2", "now - token <= 7". */
static void put_atom(Text *to, IrAtom atom) {
    bool equal = atom.relation == GUARD_EQ;
    int64_t bound = atom.bound;
    const char *a = atom.a ? atom.a->name : "0", *b = atom.b ? atom.b->name : NULL;
    const char *relation = equal ? "==" : bound == -1 && b ? "<" : "<=";
    if (bound == -1 && b && !equal) bound = 0;
    if (!b) text_add(to, "%s %s %lld", a, relation, (long long)bound);
    else if (bound == 0) text_add(to, "%s %s %s", a, relation, b);
    else text_add(to, "%s - %s %s %lld", a, b, relation, (long long)bound);
}

static char *guard_text(IrProgram *p, const IrVar *v, const IrExpr *reduction, IrGuard guard) {
    Renaming r = rename_all(p, v, reduction);
    Text text = text_new(p->arena);
    for (int i = 0; i < guard.count; i++) {
        if (i) text_add(&text, " and ");
        put_atom(&text, guard.atom[i]);
    }
    rename_back(&r);
    return text.at;
}

char *guard_words(IrProgram *p, const IrVar *v, const IrExpr *reduction) {
    return guard_text(p, v, reduction, reduction->guard);
}

char *atom_words(IrProgram *p, const IrVar *v, const IrExpr *reduction, IrAtom atom) {
    return guard_text(p, v, reduction, (IrGuard){1, &atom});
}

/* ---- sentences ------------------------------------------------------------------------------------------------------ */
char *fill_words(Arena *arena, const char *words, const Site *site, IrExpr *after) {
    Text text = text_new(arena);
    for (const char *at = words; *at;) {
        const char *close = *at == '{' ? strchr(at, '}') : NULL;
        if (!close) {
            text_put(&text, at++, 1);
            continue;
        }
        const char *value = at[1] == 'p' ? place_words(arena, site->var)
                          : at[1] == 'w' ? site->what
                          : at[1] == 'b' ? (site->before ? site->before : expr_words(site->p, site->var, site->node))
                                         : (site->after ? site->after : expr_words(site->p, site->var, after));
        text_add(&text, "%s", value ? value : "");
        at = close + 1;
    }
    return text.at;
}
