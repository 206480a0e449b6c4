/* Sparse projections. `sparse(p = 0.1)` puts a table of ones and zeros beside the weight, one for each pair of cells, which is
 * drawn like a weight and belongs to the program's text: the sum stays the sum that it is, and every reading knows it.
 * Fixed in-degree: `sparse(in = 80)` leaves each target exactly so many ones; a list of pairs is read from a file. */
#include <string.h>

#include "sema/internal.h"

typedef struct Sparse {
    Arrow *arrow;
    CirEntity *links;
    CirAxes targets; /* axes of the table before those that are summed */
    double sources;  /* pairs that each target has */
} Sparse;

static bool sparse_error(Sema *s, Span at, const char *what) {
    Diagnostic *d = diag_error(s->diag, E_SPARSE, at, "%s", what);
    diag_help(d, "`sparse(p = 0.1)` keeps each pair with that probability, `sparse(in = 80)` so many for each target; "
                 "`seed = 7` beside it draws others; `sparse(from \"pairs.npy\")` takes a list of pairs");
    return false;
}

static const AstExpr *named(const AstArgs *args, const char *name) {
    for (int i = 0; i < args->count; i++)
        if (args->at[i].name.name && strcmp(args->at[i].name.name, name) == 0) return args->at[i].value;
    return NULL;
}

static bool arguments_ok(Sema *s, const AstSynapse *synapse) {
    const AstArgs *args = &synapse->sparse_args;
    static const char *const known[] = {"p", "in", "seed"};
    for (int i = 0; i < args->count; i++) {
        const char *name = args->at[i].name.name;
        bool fine = false;
        for (int k = 0; name && k < 3; k++) fine |= named(args, known[k]) == args->at[i].value;
        if (!fine) return sparse_error(s, args->at[i].value->span, "expected `p`, `in` or `seed`, each once and by name");
    }
    if (synapse->sparse_file.name) return true;
    if (!named(args, "p") == !named(args, "in")) return sparse_error(s, synapse->sparse->span, "expected either `p` or `in`");
    return true;
}

CirAxes pair_targets(Sema *s, const CirAxes *source, const CirAxes *weight, const CirAxes *visible) {
    CirAxes targets = {0};
    for (int i = 0; i < visible->count; i++) {
        CirAxis *axis = visible->at[i];
        bool shared = weight->count && !cir_axes_have(weight, axis) && cir_axes_have(source, axis);
        if (axis->kind != CIR_AXIS_CYCLE && !shared) axes_push(s, &targets, axis);
    }
    return targets;
}

static void table_axes(Sema *s, Sparse *to, const CirAxes *source, const CirAxes *weight, const CirAxes *convergent,
                       const CirAxes *visible) {
    to->targets = pair_targets(s, source, weight, visible);
    to->sources = 1;
    for (int i = 0; i < convergent->count; i++) to->sources *= (double)convergent->at[i]->root->size;
}

static bool probability(Sema *s, Sparse *to, const AstExpr *e) {
    ExprEnv env = {.scope = to->arrow->place->scope};
    Value v = expr_value(s, &env, e);
    if (v.bad) return false;
    double p = 0;
    if (!dim_is_none(v.dim) || !fold_number(v.expr, &p) || !(p > 0 && p <= 1))
        return sparse_error(s, e->span, "expected a probability above 0 and up to 1 that is known here");
    to->links->draw = p < 1 ? DRAW_BERNOULLI : DRAW_CONSTANT; /* all pairs: ones, and no longer a matter of chance */
    to->links->draw_a = p;
    return true;
}

static bool in_degree(Sema *s, Sparse *to, const AstExpr *e, const CirAxes *convergent) {
    int64_t k;
    if (!const_int(s, to->arrow->place->scope, e, &k)) return false;
    for (int i = 0; i < convergent->count; i++)
        if (convergent->at[i]->root->kind != CIR_AXIS_CONST)
            return sparse_error(s, e->span, arena_printf(s->arena, "`in` needs sources of fixed number, axis `%s` is bounded",
                                                         convergent->at[i]->name));
    if (k < 1 || (double)k > to->sources)
        return sparse_error(s, e->span, arena_printf(s->arena, "expected 1 to %.0f sources for each target, found %lld",
                                                     to->sources, (long long)k));
    bool all = (double)k == to->sources;
    to->links->draw = all ? DRAW_CONSTANT : DRAW_CHOOSE;
    to->links->draw_a = all ? 1 : (double)k;
    to->links->draw_b = all ? 0 : to->sources;
    return true;
}

/* A file beside the source. */
static const char *beside(Sema *s, const Arrow *arrow, const char *file) {
    const char *source = diag_source(s->diag, arrow->synapse->sparse->span.file)->path, *slash = strrchr(source, '/');
    return file[0] == '/' || !slash ? file : arena_printf(s->arena, "%.*s%s", (int)(slash - source + 1), source, file);
}

static bool fixed_axes(Sema *s, const CirEntity *links) {
    for (int i = 0; i < links->axes.count; i++)
        if (links->axes.at[i]->root->kind != CIR_AXIS_CONST)
            return sparse_error(s, links->span, arena_printf(s->arena, "a list needs cells of fixed number, axis `%s` is bounded",
                                                             links->axes.at[i]->name));
    return true;
}

static bool from_list(Sema *s, Sparse *to) {
    if (!fixed_axes(s, to->links)) return false;
    double targets = 1;
    for (int i = 0; i < to->targets.count; i++) targets *= (double)to->targets.at[i]->root->size;
    const char *path = beside(s, to->arrow, to->arrow->synapse->sparse_file.name);
    to->links->tensor = name_of(s->names, path);
    to->links->draw = DRAW_LIST;
    to->links->draw_a = (s->input->pairs ? s->input->pairs(path) : 0) / (targets * to->sources);
    to->links->draw_b = to->sources;
    return true;
}

/* How the table comes about. */
static bool filled(Sema *s, Sparse *to, const CirAxes *convergent) {
    const AstSynapse *synapse = to->arrow->synapse;
    const AstExpr *p = named(&synapse->sparse_args, "p");
    if (synapse->sparse_file.name) return from_list(s, to);
    return p ? probability(s, to, p) : in_degree(s, to, named(&synapse->sparse_args, "in"), convergent);
}

/* Its name decides what is drawn. */
static bool table_name(Sema *s, const Sparse *to, const AstExpr *seed, Name target, Name source, Name *name) {
    int64_t number;
    *name = name_printf(s->names, "%s.from.%s", target, source);
    if (!seed) return true;
    if (!const_int(s, to->arrow->place->scope, seed, &number)) return false;
    if (number < 0) return sparse_error(s, seed->span, "a seed is a whole number of 0 or more");
    *name = name_printf(s->names, "%s.%lld", *name, (long long)number);
    return true;
}

CirEntity *sparse_links(Sema *s, Arrow *arrow, const CirEntity *target, const Reading *source, const CirAxes *weight,
                        const CirAxes *convergent, const CirAxes *visible) {
    const AstSynapse *synapse = arrow->synapse;
    Sparse to = {.arrow = arrow};
    Name name;
    if (!arguments_ok(s, synapse)) return NULL;
    table_axes(s, &to, &source->order, weight, convergent, visible);
    if (!table_name(s, &to, named(&synapse->sparse_args, "seed"), target->path, source->entity->path, &name)) return NULL;
    to.links = entity_new(s, ENTITY_WEIGHT, name, &to.targets, synapse->sparse->span);
    for (int i = 0; i < convergent->count; i++) axes_push(s, &to.links->axes, convergent->at[i]);
    entity_of(to.links)->dim = dim_none();
    entity_of(to.links)->declared_init = true;
    to.links->literal = true;
    if (!filled(s, &to, convergent) || !tensor_size_ok(s, to.links)) return NULL;
    vec_push(s->arena, &s->c->weights, to.links);
    return to.links;
}
