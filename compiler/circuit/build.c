/* Builders of circuits and renaming of axes. Expressions are immutable once built and may be shared. */
#include "circuit/build.h"

#include <stdlib.h>
#include <string.h>

Circuit *cir_new(Arena *arena, Names *names, Name name) {
    Circuit *c = ARENA_NEW(arena, Circuit);
    c->arena = arena;
    c->names = names;
    c->name = name;
    return c;
}

static CirExpr *expr_new(Circuit *c, CirOp op, Span at) {
    CirExpr *e = ARENA_NEW(c->arena, CirExpr);
    e->op = op;
    e->span = at;
    e->nodes = 1;
    return e;
}

CirExpr *cir_number(Circuit *c, const char *text, double value, Span at) {
    CirExpr *e = expr_new(c, CIR_NUMBER, at);
    e->text = name_of(c->names, text);
    e->value = value;
    return e;
}

CirExpr *cir_integer(Circuit *c, int64_t value, Span at) {
    return cir_number(c, arena_printf(c->arena, "%lld", (long long)value), (double)value, at);
}

CirExpr *cir_real(Circuit *c, double value, Span at) {
    const char *text = NULL;
    for (int digits = 1; digits <= 17 && (!text || strtod(text, NULL) != value); digits++)
        text = arena_printf(c->arena, "%.*g", digits, value);
    return cir_number(c, text, value, at);
}

CirExpr *cir_op(Circuit *c, CirOp op, Span at, int argc, CirExpr *const *arg) {
    CirExpr *e = expr_new(c, op, at);
    e->argc = argc;
    e->arg = arena_copy(c->arena, arg, sizeof *arg * (size_t)argc);
    for (int i = 0; i < argc; i++) e->nodes += arg[i]->nodes;
    return e;
}

CirExpr *cir_op1(Circuit *c, CirOp op, Span at, CirExpr *a) { return cir_op(c, op, at, 1, &a); }

CirExpr *cir_op2(Circuit *c, CirOp op, Span at, CirExpr *a, CirExpr *b) {
    CirExpr *arg[2] = {a, b};
    return cir_op(c, op, at, 2, arg);
}

CirExpr *cir_of_axis(Circuit *c, CirOp op, Span at, CirAxis *axis) {
    CirExpr *e = expr_new(c, op, at);
    e->axis = axis;
    return e;
}

CirExpr *cir_ref(Circuit *c, CirOp op, Span at, CirEntity *entity, const CirIndex *index) {
    CirExpr *e = expr_new(c, op, at);
    int count = entity->axes.count;
    e->entity = entity;
    e->index = ARENA_ARRAY(c->arena, CirIndex, count);
    for (int i = 0; i < count; i++)
        e->index[i] = index ? index[i] : (CirIndex){CIR_IX_AXIS, entity->axes.at[i], 0};
    return e;
}

CirAxis *cir_renamed(const CirRenames *map, CirAxis *axis) {
    for (int i = 0; i < map->count; i++)
        if (map->at[i].from == axis) return map->at[i].to;
    return axis;
}

static void rename_index(const CirRenames *map, CirExpr *e) {
    for (int i = 0; i < e->entity->axes.count; i++)
        if (e->index[i].kind == CIR_IX_AXIS) e->index[i].axis = cir_renamed(map, e->index[i].axis);
}

static void rename_guard(Circuit *c, const CirRenames *map, CirExpr *e) {
    CirGuard guard = {0};
    for (int i = 0; i < e->guard.count; i++) {
        CirAtom atom = e->guard.at[i];
        if (atom.a) atom.a = cir_renamed(map, atom.a);
        if (atom.b) atom.b = cir_renamed(map, atom.b);
        vec_push(c->arena, &guard, atom);
    }
    e->guard = guard;
}

CirExpr *cir_rename(Circuit *c, CirExpr *e, const CirRenames *map) {
    if (!map->count || e->op == CIR_NUMBER) return e;
    CirExpr *copy = arena_copy(c->arena, e, sizeof *e);
    copy->arg = ARENA_ARRAY(c->arena, CirExpr *, e->argc);
    for (int i = 0; i < e->argc; i++) copy->arg[i] = cir_rename(c, e->arg[i], map);
    if (e->axis) copy->axis = cir_renamed(map, e->axis);
    if (e->entity) {
        copy->index = arena_copy(c->arena, e->index, sizeof *e->index * (size_t)e->entity->axes.count);
        rename_index(map, copy);
    }
    if (e->guard.count) rename_guard(c, map, copy);
    return copy;
}

bool cir_axes_have(const CirAxes *axes, const CirAxis *axis) {
    for (int i = 0; i < axes->count; i++)
        if (axes->at[i] == axis) return true;
    return false;
}

bool cir_axes_same_set(const CirAxes *a, const CirAxes *b) {
    if (a->count != b->count) return false;
    for (int i = 0; i < a->count; i++)
        if (!cir_axes_have(b, a->at[i])) return false;
    return true;
}

double cir_share(const CirEntity *table) {
    bool known = table->draw == DRAW_BERNOULLI || (table->draw == DRAW_LIST && table->draw_a > 0);
    return table->draw == DRAW_CHOOSE ? table->draw_a / table->draw_b : known ? table->draw_a : 1;
}
