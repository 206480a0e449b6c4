/* References: paths through groups and instances, and what an entity is read along.
 *
 * At an instance's boundary axes change their names: a template's axis parameters are fresh copies of the caller's axes. A
 * reading from outside is renamed template -> caller, a signal read inside is renamed caller -> template. */
#include "sema/internal.h"

/* ---- paths ------------------------------------------------------------------------------------------------------- */
static Symbol *instance_symbol(Sema *s, const Scope *scope, Name name, const AstExpr *number) {
    int64_t k;
    if (!const_int(s, scope, number, &k)) return NULL;
    return scope_lookup(s, scope, name_printf(s->names, "%s[%lld]", name, (long long)k));
}

/* block[2] at the end of a path: the parser could not tell it from x[2]. */
static Symbol *trailing_instance(Sema *s, const Scope *scope, const AstRef *ref) {
    const AstStep *step = &ref->path.at[ref->path.count - 1];
    if (!ref->has_indices || ref->indices.count != 1) return NULL;
    const AstIndex *index = &ref->indices.at[0];
    if (index->kind == INDEX_CONSTANT && !index->axis.name)
        return instance_symbol(s, scope, step->name.name, index->constant);
    if (index->kind != INDEX_AXIS) return NULL;
    Symbol *counter = scope_lookup(s, scope, index->axis.name);
    double k;
    if (!counter || counter->kind != SYM_VALUE || counter->value.bad || !fold_number(counter->value.expr, &k)) return NULL;
    return scope_lookup(s, scope, name_printf(s->names, "%s[%lld]", step->name.name, (long long)k));
}

static Symbol *unknown_step(Sema *s, const Scope *scope, const AstStep *step, const Symbol *within) {
    const char *text = step->name.name;
    Diagnostic *d =
        within ? diag_error(s->diag, E_UNKNOWN_NAME, step->name.span, "`%s` has no part `%s`", within->name, text)
               : diag_error(s->diag, E_UNKNOWN_NAME, step->name.span, "`%s` is not declared", text);
    if (within && within->span.file) diag_mark(d, within->span, "`%s` is declared here", within->name);
    scope_suggest(s, d, scope, step->name.name, ~0u);
    return NULL;
}

static Symbol *first_step(Sema *s, const Scope *scope, const AstRef *ref, bool *took_index) {
    const AstStep *step = &ref->path.at[0];
    Symbol *symbol;
    if (step->instance) {
        symbol = instance_symbol(s, scope, step->name.name, step->instance);
    } else {
        symbol = scope_lookup(s, scope, step->name.name);
        if (!symbol && ref->path.count == 1) {
            symbol = trailing_instance(s, scope, ref);
            *took_index = symbol != NULL;
        }
    }
    if (symbol) return symbol;
    int count = 0;
    if (ref->path.count == 1) symbol = scope_weight_around(s, scope, step->name, &count);
    if (count > 1) return NULL;
    return symbol ? symbol : unknown_step(s, scope, step, NULL);
}

static Symbol *next_step(Sema *s, const Scope *user, const Symbol *within, const AstStep *step) {
    Name name = step->name.name;
    if (step->instance) {
        int64_t k;
        if (!const_int(s, user, step->instance, &k)) return NULL;
        name = name_printf(s->names, "%s[%lld]", name, (long long)k);
    }
    Symbol *symbol = scope_own(within->scope, name);
    int count = 0;
    if (!symbol) symbol = scope_weight_below(s, within->scope, name, false, &count);
    if (count > 1) return scope_ambiguous_weight(s, step->name, count);
    if (symbol) return symbol;
    Scope alone = *within->scope; /* suggestions from the members only */
    alone.parent = NULL;
    return unknown_step(s, &alone, step, within);
}

static void prepend_map(Sema *s, CirRenames *map, const CirRenames *outer) {
    CirRenames all = {0};
    for (int i = 0; i < map->count; i++)
        renames_push(s, &all, map->at[i].from, cir_renamed(outer, map->at[i].to));
    for (int i = 0; i < outer->count; i++) {
        bool known = false;
        for (int k = 0; k < all.count; k++) known |= all.at[k].from == outer->at[i].from;
        if (!known) renames_push(s, &all, outer->at[i].from, outer->at[i].to);
    }
    *map = all;
}

/* An instance named where a signal is meant: its result, if there is just one. */
static Symbol *only_result(Sema *s, Symbol *instance, Span at) {
    const AstDecls *results = &instance->stmt->results;
    if (results->count == 1) return scope_own(instance->scope, results->at[0].name.name);
    Diagnostic *d = diag_error(s->diag, E_WRONG_KIND, at, "`%s` has %d results, expected one signal", instance->name,
                               results->count);
    diag_help(d, "name the one that is meant: `%s.out`", instance->name);
    return NULL;
}

Symbol *path_symbol(Sema *s, const Scope *scope, const AstRef *ref) {
    Diagnostics *kept = s->diag;
    bool took_index = false;
    s->diag = diag_new(s->arena);
    Symbol *symbol = first_step(s, scope, ref, &took_index);
    for (int i = 1; symbol && i < ref->path.count; i++)
        symbol = symbol->kind == SYM_GROUP || symbol->kind == SYM_INSTANCE ? next_step(s, scope, symbol, &ref->path.at[i]) : NULL;
    s->diag = kept;
    return symbol;
}

Resolved resolve_path(Sema *s, const Scope *scope, const AstRef *ref) {
    Resolved r = {0};
    Symbol *symbol = first_step(s, scope, ref, &r.took_index);
    VEC(const CirRenames *) boundaries = {0};
    for (int i = 1; symbol && i < ref->path.count; i++) {
        const AstStep *step = &ref->path.at[i];
        if (symbol->poisoned) return r;
        if (symbol->kind == SYM_POPULATION && i == ref->path.count - 1) {
            r.member = step->name;
            break;
        }
        if (symbol->kind != SYM_GROUP && symbol->kind != SYM_INSTANCE) {
            diag_error(s->diag, E_WRONG_KIND, step->name.span, "`%s` is %s and has no part `%s`", symbol->name,
                       symbol_kind_text(symbol), step->name.name);
            return r;
        }
        if (symbol->kind == SYM_INSTANCE) vec_push(s->arena, &boundaries, &symbol->map);
        symbol = next_step(s, scope, symbol, step);
    }
    if (symbol && symbol->kind == SYM_INSTANCE && !symbol->poisoned) {
        vec_push(s->arena, &boundaries, &symbol->map);
        symbol = only_result(s, symbol, ref->span);
    }
    for (int i = boundaries.count - 1; i >= 0; i--) prepend_map(s, &r.map, boundaries.at[i]);
    r.symbol = symbol && !symbol->poisoned ? symbol : NULL;
    return r;
}

/* ---- readings ---------------------------------------------------------------------------------------------------- */
static Reading reading_bad(Span at) { return (Reading){.bad = true, .span = at}; }

Reading read_entity(Sema *s, CirEntity *entity, Span at) {
    Reading r = {.op = CIR_REF, .entity = entity, .span = at};
    r.index = ARENA_ARRAY(s->arena, CirIndex, entity->axes.count);
    for (int i = 0; i < entity->axes.count; i++) {
        r.index[i] = (CirIndex){CIR_IX_AXIS, entity->axes.at[i], 0};
        vec_push(s->arena, &r.order, entity->axes.at[i]);
    }
    return r;
}

void reading_rename(Sema *s, Reading *r, const CirRenames *map) {
    if (r->bad || !map->count) return;
    int count = r->entity->axes.count;
    r->index = arena_copy(s->arena, r->index, sizeof *r->index * (size_t)count);
    for (int i = 0; i < count; i++)
        if (r->index[i].kind == CIR_IX_AXIS) r->index[i].axis = cir_renamed(map, r->index[i].axis);
    CirAxes order = {0};
    for (int i = 0; i < r->order.count; i++) vec_push(s->arena, &order, cir_renamed(map, r->order.at[i]));
    r->order = order;
}

/* A part of a cell: a compartment, a state, a further variable. */
static CirEntity *member_of(Sema *s, const Population *p, AstName member) {
    Symbol *symbol = p->cell ? scope_own(p->cell, member.name) : NULL;
    if (symbol && symbol->kind == SYM_ENTITY && symbol->entity->kind == ENTITY_NOISE) {
        Diagnostic *d = diag_error(s->diag, E_NOISE, member.span, "the noise of a cell is not a signal that others could hear");
        diag_mark(d, symbol->span, "declared here");
        diag_help(d, "read what follows it: a quantity with a differential equation");
        return NULL;
    }
    if (symbol && symbol->kind == SYM_ENTITY) return symbol->entity;
    if (p->bad) return NULL;
    Diagnostic *d = diag_error(s->diag, E_COMPARTMENT, member.span, "population `%s` has no compartment or state `%s`",
                               p->cir->path, member.name);
    if (p->type) diag_mark(d, p->type->stmt->name.span, "neuron type `%s` is declared here", p->type->name);
    Scope alone = *p->cell;
    alone.parent = NULL;
    scope_suggest(s, d, &alone, member.name, KIND(SYM_ENTITY));
    return NULL;
}

static Reading read_signal(Sema *s, const ExprEnv *env, Symbol *signal, Span at) {
    if (signal->visiting) {
        diag_error(s->diag, E_SELF, at, "`%s` is defined by itself", signal->name);
        signal->poisoned = true;
        return reading_bad(at);
    }
    ExprEnv inner = {.scope = signal->scope, .identify = env->identify && !signal->map.count};
    signal->visiting = true;
    Reading r = read_source(s, &inner, signal->expr);
    signal->visiting = false;
    reading_rename(s, &r, &signal->map);
    return r;
}

static Reading read_symbol(Sema *s, const ExprEnv *env, const Resolved *to, Span at) {
    Symbol *symbol = to->symbol;
    CirEntity *entity;
    if (!symbol) return reading_bad(at);
    switch (symbol->kind) {
    case SYM_ENTITY: return read_entity(s, symbol->entity, at);
    case SYM_TENSOR: return symbol->reading;
    case SYM_SIGNAL: return read_signal(s, env, symbol, at);
    case SYM_POPULATION:
        entity = symbol->population->cir->rate;
        if (to->member.name) entity = member_of(s, symbol->population, to->member);
        return entity ? read_entity(s, entity, at) : reading_bad(at);
    default: break;
    }
    Diagnostic *d =
        diag_error(s->diag, E_WRONG_KIND, at, "`%s` is %s, expected a signal", symbol->name, symbol_kind_text(symbol));
    if (symbol->span.file) diag_mark(d, symbol->span, "declared here");
    return reading_bad(at);
}

/* In a check a live cycle axis stands for its base axis, under the caller's name if that is a template's parameter. */
static void identify_cycles(Sema *s, Reading *r, Span at) {
    CirRenames map = {0};
    for (int i = 0; i < r->order.count; i++) {
        CirAxis *axis = r->order.at[i];
        if (axis->kind != CIR_AXIS_CYCLE) continue;
        CirAxis *base = axis->base;
        while (((Axis *)base)->actual) base = ((Axis *)base)->actual;
        if (cir_axes_have(&r->order, base)) {
            Diagnostic *d = diag_error(s->diag, E_CHECK_INDICES, at, "`%s` has the axis `%s` and its cycle axis `%s`",
                                       r->entity->path, base->name, axis->name);
            diag_note(d, "its axes are %s", cir_axes_text(s->arena, &r->order));
            diag_help(d, "write the indices on both sides of the check");
            r->bad = true;
            return;
        }
        renames_push(s, &map, axis, base);
    }
    reading_rename(s, r, &map);
}

/* W[now = last]: what a weight that learns online is along its cycle; without that index it is the weight as stored. */
static bool names_cycle(Sema *s, const ExprEnv *env, const AstRef *ref, const CirEntity *online) {
    for (int i = 0; ref->has_indices && i < ref->indices.count; i++) {
        const AstIndex *index = &ref->indices.at[i];
        Symbol *symbol = index->kind != INDEX_AXIS && index->axis.name ? scope_lookup(s, env->scope, index->axis.name) : NULL;
        if (symbol && symbol->kind == SYM_AXIS && symbol->axis == online->axes.at[0]) return true;
    }
    return false;
}

Reading read_ref(Sema *s, const ExprEnv *env, const AstRef *ref) {
    Resolved to = resolve_path(s, env->scope, ref);
    Reading r = read_symbol(s, env, &to, ref->span);
    if (r.bad) return r;
    CirEntity *online = entity_of(r.entity)->online;
    if (online && names_cycle(s, env, ref, online)) r = read_entity(s, online, ref->span);
    r.span = ref->span;
    r.indexed = false;
    reading_rename(s, &r, &to.map);
    if (ref->has_indices && !to.took_index && !apply_indices(s, env, ref, &r)) return reading_bad(ref->span);
    if (r.indexed) return r;
    if (env->identify) identify_cycles(s, &r, ref->span);
    reading_rename(s, &r, &env->bound);
    return r;
}

Reading read_source(Sema *s, const ExprEnv *env, const AstExpr *e) {
    if (e->kind == EXPR_REF) return read_ref(s, env, &e->ref);
    bool previous = e->kind == EXPR_CALL && e->callee.name == name_of(s->names, "previous") && e->args.count == 1;
    if (previous && e->args.at[0]->kind == EXPR_REF) return read_previous(s, read_ref(s, env, &e->args.at[0]->ref));
    Diagnostic *d =
        diag_error(s->diag, E_WRONG_KIND, e->span, "expected a signal: a stimulus, a population or previous(...)");
    diag_help(d, "a weight goes behind the colon: `source -> target : 0.5;`");
    return reading_bad(e->span);
}

/* ---- indices ----------------------------------------------------------------------------------------------------- */
static bool index_unknown(Sema *s, const AstIndex *index, const Reading *r) {
    Diagnostic *d =
        diag_error(s->diag, E_INDEX, index->span, "`%s` has no axis `%s` here", r->entity->path, index->axis.name);
    diag_note(d, "its axes are %s", cir_axes_text(s->arena, &r->order));
    VEC(const char *) names = {0};
    for (int i = 0; i < r->order.count; i++) vec_push(s->arena, &names, axis_local(r->order.at[i]));
    const char *closest = diag_closest(index->axis.name, names.at, names.count);
    if (closest) diag_help(d, "did you mean `%s`?", closest);
    return false;
}

static void order_remove(Sema *s, Reading *r, const CirAxis *axis) {
    CirAxes order = {0};
    for (int i = 0; i < r->order.count; i++)
        if (r->order.at[i] != axis) vec_push(s->arena, &order, r->order.at[i]);
    r->order = order;
}

static void fix_axis(Sema *s, Reading *r, const CirAxis *axis, CirIndex index) {
    r->index = arena_copy(s->arena, r->index, sizeof *r->index * (size_t)r->entity->axes.count);
    for (int i = 0; i < r->entity->axes.count; i++)
        if (r->index[i].kind == CIR_IX_AXIS && r->index[i].axis == axis) r->index[i] = index;
    order_remove(s, r, axis);
}

static bool index_root_error(Sema *s, Span at, const CirAxis *axis, const CirAxis *other) {
    Diagnostic *d = diag_error(s->diag, E_INDEX, at, "axis `%s` cannot be read along `%s`", axis->name, other->name);
    diag_note(d, "`%s` runs over `%s`, `%s` over `%s`", axis->name, axis->root->name, other->name, other->root->name);
    diag_help(d, "only a copy (`axis b = a;`) or a cycle over the same axis may take its place");
    return false;
}

static bool index_as(Sema *s, const ExprEnv *env, const AstIndex *index, CirAxis *axis, Reading *r) {
    Symbol *other = scope_require(s, env->scope, index->other, KIND(SYM_AXIS), "an axis");
    if (!other) return false;
    if (other->axis->root != axis->root) return index_root_error(s, index->span, axis, other->axis);
    if (other->axis != axis && cir_axes_have(&r->order, other->axis)) {
        diag_error(s->diag, E_AXIS_REPEATED, index->span, "axis `%s` is there already", other->name);
        return false;
    }
    CirRenames map = {0};
    renames_push(s, &map, axis, other->axis);
    reading_rename(s, r, &map);
    return true;
}

static bool index_constant(Sema *s, const ExprEnv *env, const AstIndex *index, CirAxis *axis, Reading *r) {
    int64_t at;
    if (!const_int(s, env->scope, index->constant, &at)) return false;
    if (at < 0 || at >= axis->root->size) {
        diag_error(s->diag, E_INDEX, index->span, "position %lld is outside of axis `%s` (0 to %lld)", (long long)at,
                   axis->name, (long long)axis->root->size - 1);
        return false;
    }
    fix_axis(s, r, axis, (CirIndex){CIR_IX_CONST, NULL, at});
    return true;
}

/* The forms that name the axis they act on. */
static bool apply_named(Sema *s, const ExprEnv *env, const AstIndex *index, Reading *r) {
    CirAxis *axis = axis_among(s, env->scope, &r->order, index->axis);
    if (!axis) return index_unknown(s, index, r);
    if (index->kind == INDEX_AS) return index_as(s, env, index, axis, r);
    if (index->kind == INDEX_CONSTANT) return index_constant(s, env, index, axis, r);
    if (axis->kind != CIR_AXIS_CYCLE) {
        Diagnostic *d = diag_error(s->diag, E_INDEX, index->span, "`last` needs a cycle axis, `%s` is none", axis->name);
        diag_help(d, "`last` is the value at the end of a cycle; write a position for another axis: `[%s = 0]`", axis->name);
        return false;
    }
    fix_axis(s, r, axis, (CirIndex){CIR_IX_LAST, NULL, 0});
    return true;
}

static bool is_plain(const AstIndex *index) {
    return index->kind == INDEX_AXIS || (index->kind == INDEX_CONSTANT && !index->axis.name);
}

static bool count_error(Sema *s, const AstRef *ref, int written, const Reading *r) {
    Diagnostic *d = diag_error(s->diag, E_INDEX, ref->span, "%d %s for %d %s", written, written == 1 ? "index" : "indices",
                               r->order.count, r->order.count == 1 ? "axis" : "axes");
    diag_note(d, "the axes of `%s`, in order, are %s", r->entity->path, cir_axes_text(s->arena, &r->order));
    if (r->entity->span.file) diag_mark(d, r->entity->span, "declared here");
    const CirEntity *online = entity_of(r->entity)->online;
    if (online && written == r->order.count + 1)
        diag_help(d, "it learns online: `%s[%s as %s]` is all that it has been, `%s[%s = last]` what it is in the end", r->entity->path,
                  online->axes.at[0]->name, online->axes.at[0]->base->name, r->entity->path, online->axes.at[0]->name);
    return false;
}

/* All axes by position: q[i, a]. */
static bool apply_positions(Sema *s, const ExprEnv *env, const AstRef *ref, Reading *r) {
    CirRenames map = {0};
    CirAxes axes = r->order;
    for (int i = 0, k = 0; i < ref->indices.count; i++) {
        const AstIndex *index = &ref->indices.at[i];
        if (!is_plain(index)) continue;
        CirAxis *axis = axes.at[k++];
        if (index->kind == INDEX_CONSTANT) {
            if (!index_constant(s, env, index, axis, r)) return false;
            continue;
        }
        Symbol *symbol = scope_require(s, env->scope, index->axis, KIND(SYM_AXIS), "an axis");
        if (!symbol) return false;
        if (symbol->axis->root != axis->root) return index_root_error(s, index->span, axis, symbol->axis);
        renames_push(s, &map, axis, symbol->axis);
    }
    reading_rename(s, r, &map);
    r->indexed = true;
    return true;
}

/* By name: `core[token, d] -> ...` only states what is there. */
static bool all_present(Sema *s, const ExprEnv *env, const AstRef *ref, const Reading *r) {
    for (int i = 0; i < ref->indices.count; i++) {
        const AstIndex *index = &ref->indices.at[i];
        if (!is_plain(index)) continue;
        Symbol *symbol = index->kind == INDEX_AXIS ? scope_lookup(s, env->scope, index->axis.name) : NULL;
        if (!symbol || symbol->kind != SYM_AXIS || !cir_axes_have(&r->order, symbol->axis)) return false;
    }
    return true;
}

bool apply_indices(Sema *s, const ExprEnv *env, const AstRef *ref, Reading *r) {
    int plain = 0;
    for (int i = 0; i < ref->indices.count; i++) {
        if (is_plain(&ref->indices.at[i])) plain++;
        else if (!apply_named(s, env, &ref->indices.at[i], r)) return false;
    }
    if (!plain) return true;
    if (!env->tensor && all_present(s, env, ref, r)) return true;
    if (plain != r->order.count) {
        for (int i = 0; !env->tensor && i < ref->indices.count; i++)
            if (ref->indices.at[i].kind == INDEX_AXIS && !axis_among(s, env->scope, &r->order, ref->indices.at[i].axis))
                return index_unknown(s, &ref->indices.at[i], r);
        return count_error(s, ref, plain, r);
    }
    return apply_positions(s, env, ref, r);
}

/* ---- indices that are only names --------------------------------------------------------------------------------- */
static void infer_from_ref(Sema *s, Scope *scope, const AstRef *ref) {
    AstRef bare = *ref;
    int plain = 0;
    bare.indices.count = 0;
    bare.indices.at = ARENA_ARRAY(s->arena, AstIndex, ref->indices.count);
    for (int i = 0; i < ref->indices.count; i++) {
        if (is_plain(&ref->indices.at[i])) plain++;
        else bare.indices.at[bare.indices.count++] = ref->indices.at[i];
    }
    bare.has_indices = bare.indices.count > 0;
    ExprEnv env = {.scope = scope, .tensor = true};
    Reading r = read_ref(s, &env, &bare);
    if (r.bad || r.order.count != plain) return;
    for (int i = 0, k = 0; i < ref->indices.count; i++) {
        const AstIndex *index = &ref->indices.at[i];
        if (!is_plain(index)) continue;
        CirAxis *axis = r.order.at[k++];
        if (index->kind != INDEX_AXIS || scope_lookup(s, scope, index->axis.name)) continue;
        scope_add(s, scope, SYM_AXIS, index->axis.name, index->axis.span)->axis = axis_copy(s, axis);
    }
}

static void infer(Sema *s, Scope *scope, const AstExpr *e) {
    if (e->kind == EXPR_REF && e->ref.has_indices) infer_from_ref(s, scope, &e->ref);
    if (s->depth > DEPTH_LIMIT) return;
    s->depth++;
    for (int i = 0; i < e->args.count; i++) infer(s, scope, e->args.at[i]);
    s->depth--;
}

void infer_indices(Sema *s, Scope *scope, const AstExpr *e) {
    Diagnostics *kept = s->diag;
    Arena *scratch = arena_new();
    s->diag = diag_new(scratch); /* what is wrong is met again, and reported, when the expression is elaborated */
    infer(s, scope, e);
    s->diag = kept;
    arena_free(scratch);
}

/* ---- previous ---------------------------------------------------------------------------------------------------- */
static bool has_cycle(const CirEntity *entity) {
    for (int i = 0; i < entity->axes.count; i++)
        if (entity->axes.at[i]->kind == CIR_AXIS_CYCLE) return true;
    return false;
}

static void start_at_zero(Sema *s, Population *p, CirEntity *variable) {
    for (int i = 0; i < p->cir->states.count; i++)
        if (p->cir->states.at[i].variable == variable) return;
    CirState state = {variable, cir_number(s->c, "0", 0, variable->span)};
    vec_push(s->arena, &p->cir->states, state);
}

Reading read_previous(Sema *s, Reading r) {
    if (r.bad) return r;
    CirEntity *entity = r.entity;
    Population *owner = entity_of(entity)->owner;
    bool kind_ok = entity->kind == ENTITY_RATE || entity->kind == ENTITY_STATE || entity->kind == ENTITY_VARIABLE ||
                   entity->kind == ENTITY_SPEC; /* a recurrence in a spec */
    if (!kind_ok || !has_cycle(entity)) {
        Diagnostic *d = diag_error(s->diag, E_PREVIOUS, r.span,
                                   kind_ok ? "`%s` does not vary over a cycle axis"
                                           : "previous() needs a population or a state, not `%s`",
                                   entity->path);
        diag_help(d, "declare `cycle now over token;` and let the population hear a signal `x[token as now]`");
        r.bad = true;
        return r;
    }
    if (entity->kind == ENTITY_RATE && owner && owner->rate_state) r.entity = owner->rate_state;
    if (r.entity->kind != ENTITY_STATE && owner) start_at_zero(s, owner, r.entity);
    r.op = CIR_PREVIOUS;
    return r;
}
