/* What the files of this folder share: symbols and scopes, values, populations under construction, the phase's state.
 *
 * Phases (sema.c): 1. walk the statements: declare everything, expand templates and repeats; arrows wait in a list.
 * 2. propagate cycle axes to the least fixpoint. 3. wire, elaborate the cells, then outputs and checks. */
#ifndef CTX_SEMA_INTERNAL_H
#define CTX_SEMA_INTERNAL_H
#include "circuit/build.h"
#include "sema/sema.h"

/* Nesting of expressions and of signals named through signals; deeper ones are refused, not followed. */
enum { DEPTH_LIMIT = 2000 };

typedef struct Sema Sema;
typedef struct Scope Scope;
typedef struct Symbol Symbol;
typedef struct Population Population;

/* ---- units.c: dimensions ----------------------------------------------------------------------------------------- */
enum { DIM_METRE, DIM_KILOGRAM, DIM_SECOND, DIM_AMPERE, DIM_KELVIN, DIM_MOLE, DIM_COUNT };
typedef struct Dim {
    int power[DIM_COUNT]; /* twice the exponent: white noise has the unit s^(-1/2), and roots of quantities are allowed */
    bool any; /* not known (yet), or the literal 0, which fits every dimension */
} Dim;
typedef struct Unit {
    Dim dim;
    int exponent; /* of ten, to base units */
    bool bad;
} Unit;
Dim dim_none(void);
Dim dim_any(void);
Dim dim_combine(Dim a, Dim b, int sign); /* a * b^sign */
Dim dim_second(void);
bool dim_raise(Dim a, int halves, Dim *out); /* a^(halves/2); false: the exponents would not be halves */
bool dim_equal(Dim a, Dim b); /* true if either is `any` */
bool dim_is_none(Dim a);
const char *dim_text(Arena *arena, Dim dim);
Unit unit_of(Sema *s, const AstExpr *unit); /* NULL: dimensionless */
const char *unit_text(Arena *arena, const AstExpr *unit);
/* Digits times 10^exponent as an exact decimal: ("2.5", -3) is "0.0025". */
const char *decimal_scaled(Arena *arena, const char *digits, int exponent);
/* Reports E_UNIT_MISMATCH with both dimensions if they differ. */
bool dim_require(Sema *s, Dim want, Dim have, Span at, const char *what);

/* ---- extended model objects: every axis and entity of the circuit is one of these -------------------------------- */
typedef struct Axis {
    CirAxis cir;
    CirAxis *actual; /* a template's axis parameter: the caller's axis, else NULL */
    int copies;      /* number of copies named after it */
} Axis;
typedef struct Entity {
    CirEntity cir;
    Dim dim;
    int exponent;      /* of ten: data in the declared unit times 10^exponent is the value in base units */
    Population *owner; /* cell quantities */
    bool declared_init; /* weights: has an initialiser, a tensor or a tie of its own */
    bool targeted;     /* compartments: some arrow arrives */
    bool defined;      /* cell quantities: has an equation */
    bool flows;        /* cell quantities: that equation is a differential one */
    bool settles;      /* specs, sides of checks: settle() is in its value */
    CirEntity *online; /* weights: what it is after each cycle, where it learns online */
    bool bias;         /* weights: of a bias; starts at 0 where nothing is written */
    double fan_in, fan_out; /* weights: for xavier, known when wired */
} Entity;

/* ---- scope.c ----------------------------------------------------------------------------------------------------- */
typedef enum SymbolKind {
    SYM_AXIS, SYM_VALUE, SYM_ENTITY, SYM_TENSOR, SYM_POPULATION, SYM_GROUP, SYM_INSTANCE, SYM_SIGNAL, SYM_FUNCTION,
    SYM_NEURON, SYM_SYNAPSE, SYM_TEMPLATE, SYM_SPEC,
} SymbolKind;
#define KIND(k) (1u << (k))

/* An expression with its free axes. `whole`: made of tensors without written indices, so that the axes are an ordered
 * list and elementwise operations want equal sets. */
typedef struct Value {
    CirExpr *expr;
    CirAxes axes;
    Dim dim;
    bool whole, bad;
    Span span;
} Value;

/* An entity read along some axes. `order` lists the axes it is read along, in the order a user counts them. */
typedef struct Reading {
    bool bad, indexed;
    CirOp op; /* CIR_REF, CIR_PREVIOUS */
    CirEntity *entity;
    CirIndex *index;
    CirAxes order;
    Span span;
} Reading;

struct Symbol {
    SymbolKind kind;
    Name name;
    Span span;
    bool poisoned, visiting;
    CirAxis *axis;         /* SYM_AXIS */
    CirEntity *entity;     /* SYM_ENTITY: stimulus, weight, constant table, quantity of a cell */
    Reading reading;       /* SYM_TENSOR: argument or variable of a spec */
    Value value;           /* SYM_VALUE: constants, parameters, repeat counters */
    Population *population; /* SYM_POPULATION */
    Scope *scope;          /* GROUP, INSTANCE: members; SIGNAL: where expr is read; NEURON ... SPEC: the module */
    const AstExpr *expr;   /* SYM_SIGNAL */
    const AstStmt *stmt;   /* SYM_NEURON ... SYM_SPEC; SYM_INSTANCE: its template */
    Symbol *function;      /* SYM_FUNCTION: a spec, or NULL and `builtin` */
    Name builtin;
    CirRenames map;        /* SYM_SIGNAL: caller's axes -> template's; SYM_INSTANCE: template's -> caller's */
};

struct Scope {
    Scope *parent;
    bool barrier; /* of the parents only types and constants are seen: inside of templates, specs and cells */
    VEC(Symbol *) symbols;
    VEC(Scope *) imports;
};

Scope *scope_new(Sema *s, Scope *parent, bool barrier);
Symbol *scope_own(const Scope *scope, Name name);
Symbol *scope_lookup(Sema *s, const Scope *scope, Name name);
/* Adds a symbol; reports E_DUPLICATE if the name is visible already (the new symbol then stays outside the scope). */
Symbol *scope_declare(Sema *s, Scope *scope, SymbolKind kind, AstName name);
/* The same under a name that hides nothing and needs no check (bound indices, spec variables). */
Symbol *scope_add(Sema *s, Scope *scope, SymbolKind kind, Name name, Span at);
/* The symbol of one of these kinds, or NULL after a report (quiet for poisoned ones). what: "an axis". */
Symbol *scope_require(Sema *s, const Scope *scope, AstName name, unsigned kinds, const char *what);
void scope_suggest(Sema *s, Diagnostic *d, const Scope *scope, Name wrong, unsigned kinds);
/* A weight of this name in a group or instance below the scope, if there is exactly one; *count says how many. */
Symbol *scope_weight_below(Sema *s, const Scope *scope, Name name, bool instances, int *count);
/* Reports that `count` weights have this name; NULL. */
Symbol *scope_ambiguous_weight(Sema *s, AstName name, int count);
/* The only weight of this name in the groups below the scope, or else below the scopes around it. NULL: none (count 0), or
 * several (reported). */
Symbol *scope_weight_around(Sema *s, const Scope *scope, AstName name, int *count);
const char *symbol_kind_text(const Symbol *symbol);

/* ---- walking statements (population.c, template.c, modules.c, weight.c) ------------------------------------------ */
typedef struct Place { /* where a statement stands */
    Scope *scope;
    CirAxes enclosing;    /* of the braces around it, outside in */
    const char *prefix;   /* "V." */
    const char *suffix;   /* "[2]" for names declared directly in a repeat's body */
    Name layer, region;
    bool top, module;     /* directly in the main file (repeat aside); directly in a module */
    const struct Place *outer; /* the place of the instance statement, in a template */
    const AstStmt *template;
    Span instance;
} Place;

struct Population {
    CirPopulation *cir;
    const AstMember *member;
    const Place *place;
    CirAxes own;     /* enclosing and declared axes, without cycle axes */
    CirAxes cycles;  /* live ones, in the order of arrival */
    CirAxes written; /* cycle axes declared by the population itself */
    const Symbol *type;
    Scope *cell;
    CirEntity *rate_state; /* the state that the rate equals (`rate r = m`), or NULL */
    VEC(CirEntity *) entities; /* all that have the population's axes */
    bool bad;
};

typedef enum ArrowKind { ARROW_PROJECTION, ARROW_DRIVE, ARROW_BIAS } ArrowKind;
typedef struct Arrow {
    ArrowKind kind;
    const Place *place;
    const AstExpr *source;  /* NULL: bias */
    const AstRef *target;   /* NULL: drive */
    const AstSynapse *synapse;
    const AstDecl *bias;    /* ARROW_BIAS */
    Span span;
    Population *population;
    Name compartment;       /* NULL: the first */
    CirRenames map;         /* population's axes -> as seen by the arrow (through an instance's boundary) */
    bool bad;
} Arrow;

Name place_path(Sema *s, const Place *place, Name name);
void walk_body(Sema *s, const Place *place, const AstStmts *body);
void walk_group(Sema *s, const Place *place, const AstStmt *stmt);
void walk_population(Sema *s, const Place *place, const AstStmt *stmt);
void walk_instance(Sema *s, const Place *place, const AstStmt *stmt);
void walk_repeat(Sema *s, const Place *place, const AstStmt *stmt);
void walk_projection(Sema *s, const Place *place, const AstStmt *stmt);
void walk_bias(Sema *s, const Place *place, const AstStmt *stmt);
void walk_constant(Sema *s, const Place *place, const AstStmt *stmt);
void walk_stimulus(Sema *s, const Place *place, const AstStmt *stmt);
void walk_weights(Sema *s, const Place *place, const AstStmt *stmt);
void walk_use(Sema *s, const Place *place, const AstStmt *stmt);
void walk_axis(Sema *s, const Place *place, const AstStmt *stmt);
void walk_cycle(Sema *s, const Place *place, const AstStmt *stmt);
void population_sync(Sema *s, Population *p); /* axes of all its entities := cycles, own */
bool refuse_reading(Sema *s, const AstStmt *stmt); /* unsupported.c: true if it is of another reading (reported) */

/* ---- axes.c ------------------------------------------------------------------------------------------------------ */
CirAxis *axis_new(Sema *s, Name name, CirAxisKind kind, int64_t size, CirAxis *base, Span at);
CirAxis *axis_copy(Sema *s, CirAxis *of); /* fresh, named token.1, token.2 after its root's */
/* Axes named in a declaration; repeated ones are reported. false if any was wrong. */
bool axes_of(Sema *s, const Scope *scope, const AstNames *names, CirAxes *axes);
bool const_int(Sema *s, const Scope *scope, const AstExpr *e, int64_t *value);
bool axis_size_ok(Sema *s, Span at, const char *name, int64_t size);
bool tensor_size_ok(Sema *s, const CirEntity *entity);
bool fold_number(const CirExpr *e, double *value);
CirAxis *axis_among(Sema *s, const Scope *scope, const CirAxes *axes, AstName name); /* NULL: not there; quiet */
const char *axis_local(const CirAxis *axis); /* name behind the last dot */

/* ---- expr.c, reading.c, guard.c, call.c, spec.c ------------------------------------------------------------------ */
typedef struct ExprEnv {
    Scope *scope;
    bool tensor;       /* outputs, checks, specs: brackets list every index by position; else axes are found by name */
    bool identify;     /* checks: a cycle axis is its base axis */
    bool cell;         /* equations of cells and synapses: time() means the present, r' the rate of change of r */
    bool end;          /* outputs and checks: settle() may stand here */
    CirRenames bound;  /* axes bound by enclosing reductions -> their fresh copies */
    int depth, calls; /* nesting of expressions and of specs, both limited */
} ExprEnv;
Value value_bad(Span at);
Value value_number(Sema *s, const char *text, double number, Span at);
Value expr_value(Sema *s, const ExprEnv *env, const AstExpr *e);
Value value_of_reading(Sema *s, const Reading *r);
Value value_op(Sema *s, const ExprEnv *env, CirOp op, Value a, Value b, Span at);
Value value_renamed(Sema *s, Value v, const CirRenames *map);
Value arguments_error(Sema *s, const AstExpr *e, int want);
Value call_value(Sema *s, const ExprEnv *env, const AstExpr *e);
Value reduce_value(Sema *s, const ExprEnv *env, const AstExpr *e);
Value spec_call(Sema *s, const ExprEnv *env, const Symbol *spec, const AstExpr *call);
/* The equations of a rule, over the names of env; its value is that of the rule's name, or of the last equation. */
Value spec_block(Sema *s, const ExprEnv *env, const Symbol *rule, Name path);
Value spec_inline(Sema *s, const ExprEnv *env, const Symbol *spec, const AstExpr *call);
bool spec_is_scalar(const AstStmt *spec);
/* The function a name means: a builtin's spelling or a scalar spec; false after a report. */
bool function_named(Sema *s, const Scope *scope, AstName name, Symbol **spec, Name *builtin);
bool is_builtin_function(const char *name);

Reading read_ref(Sema *s, const ExprEnv *env, const AstRef *ref);
Reading read_source(Sema *s, const ExprEnv *env, const AstExpr *e); /* a reference or previous(reference) */
Reading read_entity(Sema *s, CirEntity *entity, Span at);
Reading read_previous(Sema *s, Reading r);
void reading_rename(Sema *s, Reading *r, const CirRenames *map);
/* In index notation a new name, `s[i, j]`, runs over the axis of the place where it is used: adds such names to the
 * scope. */
void infer_indices(Sema *s, Scope *scope, const AstExpr *e);
bool apply_indices(Sema *s, const ExprEnv *env, const AstRef *ref, Reading *r);

typedef struct Resolved { /* what a path leads to */
    Symbol *symbol; /* NULL: reported */
    AstName member; /* behind a population: compartment, state, ... */
    bool took_index; /* the last brackets were an instance number */
    CirRenames map; /* the instances' boundaries on the way: inside -> outside */
} Resolved;
Resolved resolve_path(Sema *s, const Scope *scope, const AstRef *ref);
/* The last step of a path, also of one that is not elaborated yet; NULL and no message where there is none. */
Symbol *path_symbol(Sema *s, const Scope *scope, const AstRef *ref);
bool resolve_target(Sema *s, Arrow *arrow);

bool guard_build(Sema *s, const ExprEnv *env, const AstExpr *e, CirGuard *guard, CirAxes *used);

/* ---- dynamic.c: what only the dynamic reading gives a meaning of its own ------------------------------------------- */
Value time_value(Sema *s, const ExprEnv *env, const AstExpr *e);
Value derivative_value(Sema *s, const ExprEnv *env, const AstExpr *e);
Value settle_value(Sema *s, const ExprEnv *env, const AstExpr *e);
bool value_settles(const CirExpr *e);
/* White noise belongs into a differential equation, and there it is a term of a sum with a factor without noise. */
bool noise_absent(Sema *s, const Value *v, const char *where);
bool noise_linear(Sema *s, const Value *v);

/* ---- method.c ---------------------------------------------------------------------------------------------------- */
/* Reports a method of integration that does not exist, or that has nothing to integrate. */
void method_check(Sema *s, const Population *p);

/* ---- delay.c ----------------------------------------------------------------------------------------------------- */
/* `delay e` of a projection over the axes given; names: to the circuit's axes. NULL after a report. */
CirExpr *delay_of(Sema *s, const ExprEnv *env, const AstExpr *e, const CirAxes *axes, const CirRenames *names);
/* `delay ~ uniform(low, high)`: a table, drawn, over the axes of the pairs; reads it. NULL after a report. */
CirExpr *delay_drawn(Sema *s, const ExprEnv *env, const AstExpr *e, const CirAxes *pairs, Name name, const CirRenames *names);

/* ---- sparse.c ---------------------------------------------------------------------------------------------------- */
/* The table of ones and zeros of a `sparse(...)` projection, over axes as the arrow sees them; `convergent` are the summed ones.
 * NULL after a report. */
/* Axes of the targets in a table of pairs (those that are summed stand behind them). Each pair of cells has an element of its own,
 * except that a weight which is shared along an axis of both, W[e, d] in all columns of tokens, has one pattern for all of them.
 * Cycle axes have no part in it. */
CirAxes pair_targets(Sema *s, const CirAxes *source, const CirAxes *weight, const CirAxes *visible);
CirEntity *sparse_links(Sema *s, Arrow *arrow, const CirEntity *target, const Reading *source, const CirAxes *weight,
                        const CirAxes *convergent, const CirAxes *visible);

/* ---- weight.c ---------------------------------------------------------------------------------------------------- */
CirEntity *entity_new(Sema *s, CirEntityKind kind, Name path, const CirAxes *axes, Span at);
static inline Entity *entity_of(CirEntity *e) { return (Entity *)e; }
Symbol *weight_declare(Sema *s, const Place *place, const AstDecl *decl, const AstInit *init, bool bias);
void weight_init(Sema *s, const Place *place, CirEntity *weight, const AstInit *init);
void bind_weights(Sema *s, const Place *caller, Symbol *instance, const AstStmts *body);
void weights_finish(Sema *s);
/* The value of `: W_K`, `: W[a, e]` or `bias b`: a declared weight (or constant) by name. */
Value weight_value(Sema *s, const Place *place, const AstDecl *decl, const char *what);

/* ---- the rest ---------------------------------------------------------------------------------------------------- */
Scope *module_scope(Sema *s, AstFile *file);
void cycles_propagate(Sema *s);
void signals_check(Sema *s);
void cell_declare(Sema *s, Population *p);
void cell_elaborate(Sema *s, Population *p);
void equations_of_body(Sema *s, Scope *scope, const AstStmts *body, const CirAxes *axes, void *to);
void arrow_wire(Sema *s, Arrow *arrow);
CirExpr *synapse_signal(Sema *s, Arrow *arrow, Reading source, const CirAxes *axes, Dim *dim);
/* Those that mention a loss or a rule, or the others. */
void outputs_elaborate(Sema *s, bool learning);
void checks_elaborate(Sema *s);
/* learning.c */
void walk_learning(Sema *s, const Place *place, const AstStmt *stmt);
void online_declare(Sema *s); /* the weights that learn online, as states: before anything reads one */
void learning_elaborate(Sema *s);
bool mentions_learning(Sema *s, const Scope *scope, const AstExpr *e); /* names a loss or a rule */
Value gradient_value(Sema *s, const ExprEnv *env, const AstExpr *e);
/* factor.c: takes the factor of `for some c` out of the side[*on] it stands on; false after a report. */
bool factor_taken(Sema *s, Scope *scope, const AstStmt *stmt, AstExpr *side[2], int *on);
/* Weights and parameters are made of weights, constants, sizes and positions; reports a signal in them. */
bool value_is_static(Sema *s, const Value *v, const char *what);
CirEntity *spec_entity(Sema *s, Name path, const CirAxes *axes, Value value);

typedef struct Module {
    AstFile *file;
    Scope *scope;
    bool open; /* being read: a use of it is a cycle */
} Module;

typedef struct SignalUse { /* a signal argument of an instance */
    Symbol *symbol;
    const AstDecl *decl;
    const AstExpr *argument;
    CirAxes axes; /* as declared in the template */
    const Place *caller;
} SignalUse;

typedef struct Learning { /* a loss, a rule or a learn statement */
    const AstStmt *stmt;
    const Place *place;
    Symbol *symbol;  /* of a loss or a rule: a template's statement has one in each instance */
    bool done, open; /* elaborated; being so, up to what it mentions */
} Learning;

typedef struct Statement { /* kept for a later phase */
    const AstStmt *stmt;
    const Place *place;
} Statement;

struct Sema {
    Arena *arena;
    Names *names;
    Diagnostics *diag;
    Circuit *c;
    const SemaInput *input;
    const Place *main;
    VEC(Module) modules;
    VEC(Population *) populations;
    VEC(Arrow) arrows;
    VEC(SignalUse) signals;
    VEC(Statement) outputs, checks; /* output, record; check */
    VEC(Learning) learning;         /* loss, rule, learn */
    VEC(struct { CirEntity *weight; const Place *place; const AstExpr *expr; }) ties;
    VEC(Name) used_overrides;
    int64_t work; /* statements walked: bounds repeats in repeats */
    int spec_calls;
    bool lost_arrows; /* some target is unknown: what it was meant for may look untargeted */
    int depth; /* of const_int and infer */
};

/* Circuit shorthands. */
#define EXPR1(s, op, at, a) cir_op1((s)->c, op, at, a)
static inline void axes_push(Sema *s, CirAxes *axes, CirAxis *axis) {
    if (!cir_axes_have(axes, axis)) vec_push(s->arena, axes, axis);
}
static inline void renames_push(Sema *s, CirRenames *map, CirAxis *from, CirAxis *to) {
    CirRename one = {from, to};
    vec_push(s->arena, map, one);
}
#endif
