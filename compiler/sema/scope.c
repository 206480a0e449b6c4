/* Scopes: one namespace for axes, signals and types; no shadowing; "did you mean". */
#include "sema/internal.h"

/* Kinds that stay visible through a barrier: what a module offers. */
enum { TYPE_KINDS = KIND(SYM_NEURON) | KIND(SYM_SYNAPSE) | KIND(SYM_TEMPLATE) | KIND(SYM_SPEC) | KIND(SYM_VALUE) };

static bool through_barrier(const Symbol *symbol) {
    if (symbol->kind == SYM_ENTITY) return symbol->entity->kind == ENTITY_CONST;
    return KIND(symbol->kind) & TYPE_KINDS;
}

Scope *scope_new(Sema *s, Scope *parent, bool barrier) {
    Scope *scope = ARENA_NEW(s->arena, Scope);
    scope->parent = parent;
    scope->barrier = barrier;
    return scope;
}

Symbol *scope_own(const Scope *scope, Name name) {
    for (int i = 0; i < scope->symbols.count; i++)
        if (scope->symbols.at[i]->name == name) return scope->symbols.at[i];
    return NULL;
}

static Symbol *find_import(const Scope *scope, Name name) {
    for (int i = 0; i < scope->imports.count; i++) {
        Symbol *symbol = scope_own(scope->imports.at[i], name);
        if (symbol && through_barrier(symbol)) return symbol;
    }
    return NULL;
}

static Symbol *lookup(const Scope *scope, Name name, bool imports) {
    bool types_only = false;
    for (; scope; scope = scope->parent) {
        Symbol *symbol = scope_own(scope, name);
        if (!symbol && imports) symbol = find_import(scope, name);
        if (symbol && (!types_only || through_barrier(symbol))) return symbol;
        types_only |= scope->barrier;
    }
    return NULL;
}

Symbol *scope_lookup(Sema *s, const Scope *scope, Name name) {
    (void)s;
    return lookup(scope, name, true);
}

Symbol *scope_add(Sema *s, Scope *scope, SymbolKind kind, Name name, Span at) {
    Symbol *symbol = ARENA_NEW(s->arena, Symbol);
    symbol->kind = kind;
    symbol->name = name;
    symbol->span = at;
    vec_push(s->arena, &scope->symbols, symbol);
    return symbol;
}

/* A name that is visible from here without passing a barrier. Imported names may be hidden by one's own: a library that
 * grows must not break its users. */
static Symbol *visible_without_barrier(const Scope *scope, Name name) {
    for (; scope; scope = scope->parent) {
        Symbol *symbol = scope_own(scope, name);
        if (symbol) return symbol;
        if (scope->barrier) return NULL;
    }
    return NULL;
}

Symbol *scope_declare(Sema *s, Scope *scope, SymbolKind kind, AstName name) {
    Symbol *earlier = visible_without_barrier(scope, name.name);
    if (!earlier) return scope_add(s, scope, kind, name.name, name.span);
    Diagnostic *d = diag_error(s->diag, E_DUPLICATE, name.span, "`%s` is declared already", name.name);
    if (earlier->span.file) diag_mark(d, earlier->span, "first declared here, as %s", symbol_kind_text(earlier));
    diag_help(d, "axes, signals, populations and types share one namespace and nothing is shadowed; choose another name");
    Scope outside = {0};
    return scope_add(s, &outside, kind, name.name, name.span);
}

const char *symbol_kind_text(const Symbol *symbol) {
    switch (symbol->kind) {
    case SYM_AXIS: return "an axis";
    case SYM_VALUE: return "a value";
    case SYM_POPULATION: return "a population";
    case SYM_GROUP: return "an area";
    case SYM_INSTANCE: return "an instance of a template";
    case SYM_SIGNAL: return "a signal";
    case SYM_FUNCTION: return "a function";
    case SYM_NEURON: return "a neuron type";
    case SYM_SYNAPSE: return "a synapse model";
    case SYM_TEMPLATE: return "a template";
    case SYM_SPEC: return "a spec";
    case SYM_TENSOR:
        if (symbol->stmt) return symbol->stmt->kind == STMT_LOSS ? "a loss" : "a rule";
        return "a variable of a spec";
    case SYM_ENTITY: break;
    }
    switch (symbol->entity->kind) {
    case ENTITY_STIMULUS: return "a stimulus";
    case ENTITY_WEIGHT: return "a weight";
    case ENTITY_CONST: return "a constant table";
    case ENTITY_COMPARTMENT: return "a compartment";
    case ENTITY_STATE: return "a state";
    default: return "a quantity";
    }
}

void scope_suggest(Sema *s, Diagnostic *d, const Scope *scope, Name wrong, unsigned kinds) {
    VEC(const char *) names = {0};
    bool types_only = false;
    for (; scope; scope = scope->parent) {
        for (int k = -1; k < scope->imports.count; k++) {
            const Scope *from = k < 0 ? scope : scope->imports.at[k];
            for (int i = 0; i < from->symbols.count; i++) {
                const Symbol *symbol = from->symbols.at[i];
                if ((types_only || k >= 0) && !through_barrier(symbol)) continue;
                if (symbol->name && (KIND(symbol->kind) & kinds)) vec_push(s->arena, &names, symbol->name);
            }
        }
        types_only |= scope->barrier;
    }
    const char *closest = diag_closest(wrong, names.at, names.count);
    if (closest) diag_help(d, "did you mean `%s`?", closest);
}

Symbol *scope_require(Sema *s, const Scope *scope, AstName name, unsigned kinds, const char *what) {
    Symbol *symbol = scope_lookup(s, scope, name.name);
    if (symbol && symbol->poisoned) return NULL;
    if (symbol && (KIND(symbol->kind) & kinds)) return symbol;
    if (symbol) {
        Diagnostic *d = diag_error(s->diag, E_WRONG_KIND, name.span, "`%s` is %s, expected %s", name.name,
                                   symbol_kind_text(symbol), what);
        if (symbol->span.file) diag_mark(d, symbol->span, "declared here");
        return NULL;
    }
    Diagnostic *d =
        diag_error(s->diag, E_UNKNOWN_NAME, name.span, "`%s` is not declared; expected %s here", name.name, what);
    const char *module = s->input->offer ? s->input->offer(s->input->load_data, name.name) : NULL;
    if (module) diag_help(d, "`use %s;` declares it", module);
    else scope_suggest(s, d, scope, name.name, kinds);
    return NULL;
}

Symbol *scope_weight_below(Sema *s, const Scope *scope, Name name, bool instances, int *count) {
    Symbol *found = NULL;
    for (int i = 0; i < scope->symbols.count; i++) {
        Symbol *symbol = scope->symbols.at[i], *below = NULL;
        if (symbol->name == name && symbol->kind == SYM_ENTITY && symbol->entity->kind == ENTITY_WEIGHT) {
            (*count)++;
            found = symbol;
        }
        bool enter = symbol->kind == SYM_GROUP || (instances && symbol->kind == SYM_INSTANCE);
        if (enter && symbol->scope) below = scope_weight_below(s, symbol->scope, name, instances, count);
        if (below) found = below;
    }
    return found;
}

Symbol *scope_ambiguous_weight(Sema *s, AstName name, int count) {
    Diagnostic *d = diag_error(s->diag, E_AMBIGUOUS, name.span, "%d weights are named `%s`", count, name.name);
    diag_help(d, "write the path: the area's name, a dot, the weight's name");
    return NULL;
}

Symbol *scope_weight_around(Sema *s, const Scope *scope, AstName name, int *count) {
    Symbol *symbol = NULL;
    *count = 0;
    for (const Scope *at = scope; at && !*count; at = at->barrier ? NULL : at->parent)
        symbol = scope_weight_below(s, at, name.name, false, count);
    return *count > 1 ? scope_ambiguous_weight(s, name, *count) : symbol;
}
