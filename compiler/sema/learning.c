/* The learning reading: losses, rules, what learns by them, gradient().
 *
 * A loss and a rule are signals of their own, which outputs, checks and each other may read; they are elaborated before whoever
 * mentions them. A rule's body of equations is read as a spec's, over the names of the place where it stands. */
#include <math.h>
#include <string.h>

#include "circuit/locality.h"
#include "sema/internal.h"

/* ---- declaring --------------------------------------------------------------------------------------------------- */
/* A statement a weight: `target` is that one. */
static void walk_learn(Sema *s, const Place *place, const AstStmt *stmt) {
    for (int i = 0; i < stmt->refs.count; i++) {
        AstStmt *one = arena_copy(s->arena, stmt, sizeof *one);
        one->target = stmt->refs.at[i];
        vec_push(s->arena, &s->learning, ((Learning){.stmt = one, .place = place}));
    }
}

void walk_learning(Sema *s, const Place *place, const AstStmt *stmt) {
    if (stmt->kind == STMT_LEARN) {
        walk_learn(s, place, stmt);
        return;
    }
    Learning kept = {.stmt = stmt, .place = place, .symbol = scope_declare(s, place->scope, SYM_TENSOR, stmt->name)};
    kept.symbol->stmt = stmt;
    kept.symbol->poisoned = true; /* until it is elaborated */
    vec_push(s->arena, &s->learning, kept);
}

static bool is_learning(const Symbol *symbol) {
    return symbol->kind == SYM_TENSOR && symbol->stmt && (symbol->stmt->kind == STMT_LOSS || symbol->stmt->kind == STMT_RULE);
}

static Symbol *named(Sema *s, const Scope *scope, Name name, AstStmtKind kind) {
    Symbol *symbol = scope_lookup(s, scope, name);
    return symbol && is_learning(symbol) && symbol->stmt->kind == kind ? symbol : NULL;
}

/* ---- who mentions whom ------------------------------------------------------------------------------------------- */
typedef struct Mention {
    Sema *s;
    const Scope *scope;
    void (*visit)(Sema *s, const Symbol *symbol, Span at); /* NULL: only look */
    bool found;
} Mention;

static void mention(Mention *m, const AstExpr *e) {
    Symbol *symbol = e->kind == EXPR_REF ? path_symbol(m->s, m->scope, &e->ref) : NULL;
    if (symbol && is_learning(symbol)) {
        m->found = true;
        if (m->visit) m->visit(m->s, symbol, e->span);
    }
    if (symbol && symbol->kind == SYM_SIGNAL && symbol->expr && !symbol->visiting) { /* an output that shows one */
        const Scope *scope = m->scope;
        symbol->visiting = true;
        m->scope = symbol->scope;
        mention(m, symbol->expr);
        m->scope = scope;
        symbol->visiting = false;
    }
    for (int i = 0; i < e->args.count; i++) mention(m, e->args.at[i]);
}

bool mentions_learning(Sema *s, const Scope *scope, const AstExpr *e) {
    Mention m = {.s = s, .scope = scope};
    mention(&m, e);
    return m.found;
}

/* ---- losses ------------------------------------------------------------------------------------------------------ */
static void loss_axes_error(Sema *s, const AstStmt *stmt, const Value *v) {
    Diagnostic *d = diag_error(s->diag, E_LOSS, stmt->expr->span, "a loss is one number, and this has the axes %s",
                               cir_axes_text(s->arena, &v->axes));
    const char *axes = cir_axes_text(s->arena, &v->axes);
    diag_help(d, "add it up: `loss %s = sum(%.*s) (...);`", stmt->name.name, (int)strlen(axes) - 2, axes + 1);
}

static void elaborate_loss(Sema *s, const Place *place, const AstStmt *stmt, Symbol *symbol) {
    Scope *scope = scope_new(s, place->scope, false);
    infer_indices(s, scope, stmt->expr);
    ExprEnv env = {.scope = scope, .tensor = true};
    Value v = expr_value(s, &env, stmt->expr);
    if (v.bad) return;
    if (v.axes.count) {
        loss_axes_error(s, stmt, &v);
        return;
    }
    CirLoss loss = {symbol->name, spec_entity(s, place_path(s, place, stmt->name.name), &v.axes, v), stmt->span};
    vec_push(s->arena, &s->c->losses, loss);
    symbol->reading = read_entity(s, loss.entity, stmt->span);
    symbol->poisoned = false;
}

/* ---- rules ------------------------------------------------------------------------------------------------------- */
static CirEntity *untied(CirEntity *weight) {
    while (weight->tied) weight = weight->tied;
    return weight;
}

static bool weight_named(Sema *s, const Place *place, const AstStmt *stmt, ErrorCode code, const char *what, Reading *r) {
    ExprEnv env = {.scope = place->scope, .tensor = true};
    *r = read_ref(s, &env, &stmt->target);
    if (r->bad) return false;
    if (r->entity->kind == ENTITY_WEIGHT && !stmt->target.has_indices) return true;
    Diagnostic *d = diag_error(s->diag, code, stmt->target.span, "%s a whole weight, `%s` is %s", what, r->entity->path,
                               r->entity->kind == ENTITY_WEIGHT ? "read along indices here" : "none");
    if (r->entity->span.file) diag_mark(d, r->entity->span, "declared here");
    diag_help(d, "`%s`, where the area V has a projection `: dense W[...]`",
              stmt->kind == STMT_RULE ? "rule dW on V.W = ...;" : "learn V.W by rule dW rate 0.01;");
    return false;
}

static void rule_axes_error(Sema *s, const AstStmt *stmt, const Reading *weight, const Value *v) {
    Diagnostic *d = diag_error(s->diag, E_RULE, stmt->span, "the rule `%s` has other axes than the weight `%s`", stmt->name.name,
                               weight->entity->path);
    diag_mark(d, weight->entity->span, "the weight is declared here");
    diag_note(d, "the weight %s", cir_axes_text(s->arena, &weight->order));
    diag_note(d, "the rule   %s", cir_axes_text(s->arena, &v->axes));
    CirAxes more = {0};
    for (int i = 0; i < v->axes.count; i++)
        if (!cir_axes_have(&weight->order, v->axes.at[i])) vec_push(s->arena, &more, v->axes.at[i]);
    const char *text = cir_axes_text(s->arena, &more);
    if (more.count) diag_help(d, "add up what a synapse meets: `sum(%.*s) (...)`", (int)strlen(text) - 2, text + 1);
    else diag_help(d, "nothing is broadcast: each synapse, at each point of the weight, has a change of its own");
}

/* A variable of the rule's own body, in the order of the weight. */
static bool is_held(const Value *v, const CirAxes *order) {
    const CirExpr *e = v->expr;
    bool held = e->op == CIR_REF && e->entity->kind == ENTITY_SPEC && e->entity->axes.count == order->count;
    for (int i = 0; held && i < order->count; i++)
        held = e->entity->axes.at[i] == order->at[i] && e->index[i].kind == CIR_IX_AXIS && e->index[i].axis == order->at[i];
    return held;
}

static Value rule_value(Sema *s, const Place *place, const AstStmt *stmt, const Symbol *symbol) {
    Scope *scope = scope_new(s, place->scope, false);
    ExprEnv env = {.scope = scope, .tensor = true};
    if (!stmt->expr) return spec_block(s, &env, symbol, place_path(s, place, stmt->name.name));
    infer_indices(s, scope, stmt->expr);
    return expr_value(s, &env, stmt->expr);
}

static void not_local(Sema *s, const CirRule *rule, const CirLocality *l) {
    Diagnostic *d = diag_error(s->diag, E_LOCAL, rule->span, "`%s` reads what is not at the synapses of `%s`", rule->name, rule->weight->path);
    if (l->target) diag_mark(d, rule->weight->span, "they are on `%s`", l->target->path);
    for (int i = 0; i < l->quantities.count; i++) {
        const CirQuantity *q = &l->quantities.at[i];
        if (q->place > PLACE_LOCAL_END) diag_note(d, "%s: %s", q->text, cir_place_text(s->c, l, q));
    }
    diag_help(d, "`ctx explain --locality` shows what is there; a rule without `local` may read all of the circuit");
}

/* `local` is a promise about the synapse, wherever the weight has some. */
static void check_local(Sema *s, const CirRule *rule) {
    CirLocalities all = cir_locality(s->c, rule);
    for (int i = 0; rule->local && !s->input->places && i < all.count; i++)
        if (!all.at[i].local) not_local(s, rule, &all.at[i]);
}

static void elaborate_rule(Sema *s, const Place *place, const AstStmt *stmt, Symbol *symbol) {
    Reading weight;
    bool fine = weight_named(s, place, stmt, E_RULE, "a rule is on", &weight);
    Value v = rule_value(s, place, stmt, symbol);
    if (!fine || v.bad) return;
    if (!cir_axes_same_set(&v.axes, &weight.order)) {
        rule_axes_error(s, stmt, &weight, &v);
        return;
    }
    CirEntity *entity = is_held(&v, &weight.order) ? v.expr->entity : spec_entity(s, place_path(s, place, stmt->name.name), &weight.order, v);
    CirRule rule = {place_path(s, place, stmt->name.name), entity, untied(weight.entity), stmt->local, stmt->span};
    vec_push(s->arena, &s->c->rules, rule);
    check_local(s, &rule);
    symbol->reading = read_entity(s, entity, stmt->span);
    symbol->poisoned = false;
}

/* ---- in order ---------------------------------------------------------------------------------------------------- */
static void elaborate_mentioned(Sema *s, const Symbol *symbol, Span at);

static void elaborate_before(Sema *s, const Place *place, const AstStmt *stmt) {
    Mention m = {.s = s, .scope = place->scope, .visit = elaborate_mentioned};
    if (stmt->expr) mention(&m, stmt->expr);
    for (int i = 0; i < stmt->body.count; i++)
        if (stmt->body.at[i]->expr) mention(&m, stmt->body.at[i]->expr);
}

static void elaborate_one(Sema *s, Learning *l) {
    const AstStmt *stmt = l->stmt;
    if (l->done || stmt->kind == STMT_LEARN) return;
    l->done = true;
    if (scope_own(l->place->scope, stmt->name.name) != l->symbol) return; /* its name was taken */
    l->open = true;
    elaborate_before(s, l->place, stmt);
    l->open = false;
    if (stmt->kind == STMT_LOSS) elaborate_loss(s, l->place, stmt, l->symbol);
    else elaborate_rule(s, l->place, stmt, l->symbol);
}

static void elaborate_mentioned(Sema *s, const Symbol *symbol, Span at) {
    for (int i = 0; i < s->learning.count; i++) {
        if (s->learning.at[i].symbol != symbol) continue;
        if (s->learning.at[i].open) diag_error(s->diag, E_SELF, at, "`%s` is defined by itself", symbol->name);
        else elaborate_one(s, &s->learning.at[i]);
    }
}

/* ---- learn ------------------------------------------------------------------------------------------------------- */
static bool rule_of(Sema *s, const Place *place, const AstStmt *stmt, const CirEntity *weight, CirLearn *learn) {
    Symbol *symbol = named(s, place->scope, stmt->callee.name, STMT_RULE);
    if (symbol && symbol->poisoned) return false;
    if (!symbol) {
        Diagnostic *d = diag_error(s->diag, E_LEARN, stmt->callee.span, "there is no rule `%s`", stmt->callee.name);
        scope_suggest(s, d, place->scope, stmt->callee.name, KIND(SYM_TENSOR));
        diag_help(d, "`rule %s on %s = ...;` says how much a synapse changes", stmt->callee.name, weight->path);
        return false;
    }
    learn->rule = symbol->reading.entity;
    for (int i = 0; i < s->c->rules.count; i++) {
        const CirRule *rule = &s->c->rules.at[i];
        if (rule->entity != learn->rule || rule->weight == weight) continue;
        Diagnostic *d = diag_error(s->diag, E_LEARN, stmt->callee.span, "`%s` is a rule on `%s`, not on `%s`", rule->name,
                                   rule->weight->path, weight->path);
        diag_mark(d, rule->span, "declared here");
        return false;
    }
    return true;
}

static bool loss_of(Sema *s, const Place *place, const AstStmt *stmt, CirLearn *learn) {
    if (stmt->factor.name) {
        Symbol *symbol = named(s, place->scope, stmt->factor.name, STMT_LOSS);
        if (!symbol) {
            Diagnostic *d = diag_error(s->diag, E_LEARN, stmt->factor.span, "there is no loss `%s`", stmt->factor.name);
            scope_suggest(s, d, place->scope, stmt->factor.name, KIND(SYM_TENSOR));
        }
        if (!symbol || symbol->poisoned) return false;
        learn->loss = symbol->reading.entity;
        return true;
    }
    int declared = 0;
    for (int i = 0; i < s->learning.count; i++) declared += s->learning.at[i].stmt->kind == STMT_LOSS;
    if (declared == 1) {
        if (s->c->losses.count) learn->loss = s->c->losses.at[0].entity;
        return s->c->losses.count > 0;
    }
    Diagnostic *d = diag_error(s->diag, E_LEARN, stmt->span, declared ? "which loss is meant?" : "there is no loss to take the gradient of");
    for (int i = 0; i < s->c->losses.count; i++) diag_mark(d, s->c->losses.at[i].span, "this is one");
    if (declared) diag_help(d, "name it: `by gradient(%s) with ...`", s->c->losses.count ? s->c->losses.at[0].name : "E");
    else diag_help(d, "`loss E = 0.5 * sum(token, d) (target[token, d] - y[token, d])^2;`");
    return false;
}

static bool argument(Sema *s, const Place *place, AstName name, const AstExpr *e, CirLearn *learn) {
    ExprEnv env = {.scope = place->scope};
    Value v = expr_value(s, &env, e);
    CirArgument made = {name.name, 0, e->span};
    if (v.bad) return false;
    if (!fold_number(v.expr, &made.value) || !isfinite(made.value) || !dim_is_none(v.dim)) {
        diag_error(s->diag, E_LEARN, e->span, "expected a plain number that is known here");
        return false;
    }
    vec_push(s->arena, &learn->arguments, made);
    return true;
}

static bool learns_already(Sema *s, const CirLearn *learn) {
    for (int i = 0; i < s->c->learns.count; i++) {
        if (s->c->learns.at[i].weight != learn->weight) continue;
        Diagnostic *d = diag_error(s->diag, E_LEARN, learn->span, "`%s` learns already", learn->weight->path);
        diag_mark(d, s->c->learns.at[i].span, "here");
        diag_help(d, "add the two changes up in one rule");
        return true;
    }
    return false;
}

/* What a template lets learn, `const` in the braces of an instance holds; beside the circuit both are said of the same weight. */
static bool frozen(Sema *s, const Place *place, const AstStmt *stmt, const CirEntity *weight) {
    if (!weight->literal) return false;
    if (*place->prefix) return true;
    Diagnostic *d = diag_error(s->diag, E_LEARN, stmt->target.span, "`%s` is frozen", weight->path);
    diag_help(d, "leave out `const %s` in the braces of the instance, or what would change it", axis_local(&(CirAxis){.name = weight->path}));
    return true;
}

/* Over which cycle: reported where it is none. */
static CirAxis *online_cycle(Sema *s, const Place *place, const AstStmt *stmt) {
    Symbol *symbol = scope_require(s, place->scope, stmt->online, KIND(SYM_AXIS), "a cycle");
    if (!symbol) return NULL;
    if (symbol->axis->kind == CIR_AXIS_CYCLE) return symbol->axis;
    Diagnostic *d = diag_error(s->diag, E_ONLINE, stmt->online.span, "a weight changes from cycle to cycle, and `%s` is an axis of another kind",
                               symbol->name);
    if (symbol->span.file) diag_mark(d, symbol->span, "declared here");
    diag_help(d, "`cycle now over %s;`, then `online over now`", symbol->name);
    return NULL;
}

static void declare_online(Sema *s, const Place *place, const AstStmt *stmt) {
    CirAxis *cycle = online_cycle(s, place, stmt);
    Diagnostics *kept = s->diag;
    Reading weight;
    s->diag = diag_new(s->arena); /* what is wrong with the weight is met again by elaborate_learn */
    bool fine = weight_named(s, place, stmt, E_LEARN, "what learns is", &weight);
    s->diag = kept;
    if (!fine || !cycle) return;
    Entity *of = entity_of(untied(weight.entity));
    if (of->online || of->cir.literal) return; /* it learns twice, or not at all */
    CirAxes axes = {0};
    axes_push(s, &axes, cycle);
    for (int i = 0; i < of->cir.axes.count; i++) axes_push(s, &axes, of->cir.axes.at[i]);
    of->online = entity_new(s, ENTITY_STATE, name_printf(s->names, "%s.online", of->cir.path), &axes, stmt->span);
    of->online->unit = of->cir.unit;
    entity_of(of->online)->dim = of->dim;
}

void online_declare(Sema *s) {
    for (int i = 0; i < s->learning.count; i++)
        if (s->learning.at[i].stmt->online.name) declare_online(s, s->learning.at[i].place, s->learning.at[i].stmt);
}

static void elaborate_learn(Sema *s, const Place *place, const AstStmt *stmt) {
    Reading weight;
    if (!weight_named(s, place, stmt, E_LEARN, "what learns is", &weight)) return;
    CirLearn learn = {.weight = untied(weight.entity), .optimiser = stmt->optimiser.name, .span = stmt->span};
    learn.optimiser_span = stmt->optimiser.span;
    if (stmt->online.name) learn.online = entity_of(learn.weight)->online;
    if (frozen(s, place, stmt, learn.weight) || learns_already(s, &learn)) return;
    if (!(stmt->callee.name ? rule_of(s, place, stmt, learn.weight, &learn) : loss_of(s, place, stmt, &learn))) return;
    bool fine = !stmt->expr || argument(s, place, (AstName){0}, stmt->expr, &learn);
    for (int i = 0; i < stmt->axis_args.count; i++)
        fine &= argument(s, place, stmt->axis_args.at[i].name, stmt->axis_args.at[i].value, &learn);
    if (fine) vec_push(s->arena, &s->c->learns, learn);
}

void learning_elaborate(Sema *s) {
    for (int i = 0; i < s->learning.count; i++) elaborate_one(s, &s->learning.at[i]);
    for (int i = 0; i < s->learning.count; i++)
        if (s->learning.at[i].stmt->kind == STMT_LEARN) elaborate_learn(s, s->learning.at[i].place, s->learning.at[i].stmt);
}

/* ---- gradient(loss, weight) -------------------------------------------------------------------------------------- */
static Symbol *differentiated(Sema *s, const ExprEnv *env, const AstExpr *e) {
    bool name = e->kind == EXPR_REF && e->ref.path.count == 1 && !e->ref.has_indices && !e->ref.path.at[0].instance;
    Symbol *symbol = name ? named(s, env->scope, e->ref.path.at[0].name.name, STMT_LOSS) : NULL;
    if (symbol) return symbol->poisoned ? NULL : symbol;
    Diagnostic *d = diag_error(s->diag, E_GRADIENT, e->span, "gradient() is of a loss, and this is none");
    diag_help(d, "name one number: `loss E = ...;`, then `gradient(E, V.W)`");
    if (name) scope_suggest(s, d, env->scope, e->ref.path.at[0].name.name, KIND(SYM_TENSOR));
    return NULL;
}

/* What a circuit has of its own: not variables of specs, nor tables of the program's text. */
static bool may_vary(const CirEntity *entity) {
    return entity->kind == ENTITY_WEIGHT || entity->kind == ENTITY_STIMULUS || entity->kind == ENTITY_RATE ||
           entity->kind == ENTITY_COMPARTMENT || entity->kind == ENTITY_VARIABLE || entity->kind == ENTITY_STATE;
}

static bool variable_of(Sema *s, const ExprEnv *env, const AstExpr *e, Reading *r) {
    if (e->kind == EXPR_REF) *r = read_ref(s, env, &e->ref);
    if (e->kind == EXPR_REF && r->bad) return false;
    if (e->kind == EXPR_REF && may_vary(r->entity)) return true;
    Diagnostic *d = diag_error(s->diag, E_GRADIENT, e->span, "a gradient is with respect to a weight, and this is none");
    diag_help(d, "`gradient(E, V.W)`; a stimulus, a population or a compartment may stand there, too");
    return false;
}

Value gradient_value(Sema *s, const ExprEnv *env, const AstExpr *e) {
    if (e->args.count != 2) return arguments_error(s, e, 2);
    if (!env->tensor) {
        Diagnostic *d = diag_error(s->diag, E_GRADIENT, e->span, "a gradient is no signal that a circuit has");
        diag_help(d, "gradient() stands in checks, outputs and rules");
        return value_bad(e->span);
    }
    Reading variable;
    Symbol *loss = differentiated(s, env, e->args.at[0]);
    if (!variable_of(s, env, e->args.at[1], &variable) || !loss) return value_bad(e->span);
    Value v = value_of_reading(s, &variable);
    if (v.bad) return v;
    CirEntity *of = loss->reading.entity;
    v.expr = cir_op2(s->c, CIR_GRADIENT, e->span, cir_ref(s->c, CIR_REF, e->span, of, NULL), v.expr);
    v.dim = dim_combine(entity_of(of)->dim, v.dim, -1);
    v.span = e->span;
    return v;
}
