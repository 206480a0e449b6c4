/* Abstract syntax of a .ctx file: what was written, with its place, and nothing else.
 *
 * The grammar (parser.y) and the canonical formatter (format.c) are the only writers and the sema phase the only reader.
 * Comments are kept (AstFile.comments) so that `ctx fmt` loses none. Nodes live in the compilation's arena; lists are VECs.
 *
 *   path       V.value   block[0].out   std.neurons          names separated by dots, optional constant [i] per step
 *   reference  path "[" index, ... "]"                        an index is: axis | axis as axis | axis = last | axis = INT
 */
#ifndef CTX_FRONT_AST_H
#define CTX_FRONT_AST_H
#include "base/names.h"
#include "diag/diag.h"

typedef struct AstExpr AstExpr;
typedef struct AstStmt AstStmt;
typedef VEC(AstExpr *) AstExprs;
typedef VEC(AstStmt *) AstStmts;

typedef struct AstName {
    Name name; /* NULL: absent */
    Span span;
} AstName;
typedef VEC(AstName) AstNames;

/* --- references -------------------------------------------------------------------------------------------------- */
typedef struct AstStep { /* one step of a path; `instance` (may be NULL) is the constant expression in block[i] */
    AstName name;
    AstExpr *instance;
} AstStep;

typedef enum AstIndexKind {
    INDEX_AXIS,     /* token           */
    INDEX_AS,       /* token as now    axis = token, other = now */
    INDEX_LAST,     /* hear = last     axis = hear               */
    INDEX_CONSTANT, /* head = 3        axis = head, constant = 3; or, positionally, a bare integer: axis absent */
} AstIndexKind;
typedef struct AstIndex {
    AstIndexKind kind;
    AstName axis, other;
    AstExpr *constant;
    Span span;
} AstIndex;
typedef VEC(AstIndex) AstIndices;
typedef VEC(AstStep) AstSteps;

/* "x[token as now]", "V.value", "block[0].out[token, d]". The parser cannot tell block[0] from x[0]: it puts brackets that
 * are followed by "." into the step and the last brackets into indices; sema decides for the last. */
typedef struct AstRef {
    AstSteps path;
    bool has_indices;
    AstIndices indices;
    Span span;
} AstRef;
typedef VEC(AstRef) AstRefs;

/* --- expressions ------------------------------------------------------------------------------------------------- */
typedef enum AstExprKind {
    EXPR_NUMBER,  /* 0.5, 10 ms: text keeps the digits, unit may be absent                       */
    EXPR_REF,     /* x[now, d], V.W_Q, r, tau                                                    */
    EXPR_CALL,    /* exp(e), previous(m), size(a), multihead_attention(x, W), min(a, b), settle(..)*/
    EXPR_UNARY,   /* -e                                                                          */
    EXPR_BINARY,  /* + - * / ^ < <= > >= == !=   and (guards)                                    */
    EXPR_REDUCE,  /* sum(j where j <= i) e     op name in `callee`: sum, max, mean, min          */
    EXPR_DERIVATIVE, /* r'                      ref                                              */
    EXPR_STRING,  /* "text": only inside calls of other readings (index list from a file)        */
} AstExprKind;
typedef enum AstOp { OP_ADD, OP_SUB, OP_MUL, OP_DIV, OP_POW, OP_LT, OP_LE, OP_GT, OP_GE, OP_EQ, OP_NE, OP_AND } AstOp;
struct AstExpr {
    AstExprKind kind;
    Span span;
    double number;       /* EXPR_NUMBER */
    Name text;           /* EXPR_NUMBER: digits as written; EXPR_STRING: contents */
    AstExpr *unit;       /* EXPR_NUMBER: unit expression (names, *, /, ^ integer) or NULL; as in `10 ms`, `0.2 mV/ms` */
    AstRef ref;          /* EXPR_REF, EXPR_DERIVATIVE */
    AstName callee;      /* EXPR_CALL, EXPR_REDUCE */
    AstExprs args;       /* EXPR_CALL; EXPR_UNARY one, EXPR_BINARY two, EXPR_REDUCE one (the body: binds one product) */
    AstOp op;            /* EXPR_BINARY */
    AstNames bound;      /* EXPR_REDUCE: the axes it runs over */
    AstExpr *guard;      /* EXPR_REDUCE: `where` part or NULL */
    bool bracketed;      /* written in brackets: kept for the formatter and for "sum(i) binds one product" */
    int depth;           /* of the tree below, one for a leaf: the parser refuses what would be too deep to walk */
};

/* --- pieces of statements ---------------------------------------------------------------------------------------- */
typedef struct AstArg { /* leak = 1  or  1 ; phi = elu1 */
    AstName name;       /* absent when positional */
    AstExpr *value;
} AstArg;
typedef VEC(AstArg) AstArgs;

/* "q[head, a]" in a declaration: name and declared axes (a declared axis may be `d as e`: axis d under the local name e). */
typedef struct AstDecl {
    AstName name;
    AstNames axes;
    bool has_axes;
    AstExpr *unit; /* ": mV" or NULL (stimuli, weights, rates) */
    Span span;
} AstDecl;
typedef VEC(AstDecl) AstDecls;

typedef struct AstInit { /* what a weight holds: `~ normal(0, 0.1)`, `~ 1`, `from "tensor name"`, `= other.weight` (tied) */
    enum { INIT_NONE, INIT_DRAW, INIT_FILE, INIT_TIE, INIT_FREEZE } kind; /* FREEZE: `const` in an instance's braces */
    AstExpr *draw;  /* INIT_DRAW: call or number; INIT_TIE: reference */
    AstName tensor; /* INIT_FILE: the string, {i} already left as written */
    Span span;
} AstInit;

/* ": dense W_Q[head, a, d] ~ init bias b where g delay 2 ms sparse(p = 0.1)", every part optional */
typedef struct AstSynapse {
    bool dense;        /* the word `dense` was written */
    AstDecl weight;    /* name absent: no declared weight. A bare name `W_K` that is already declared is a reference */
    AstExpr *expr;     /* ": 1/sqrt(size(a))", ": -1": weight is an expression; both NULL: weight 1 */
    AstInit init;
    AstDecl bias;      /* name absent: none */
    AstInit bias_init;
    AstExpr *guard;    /* where token <= now */
    AstExpr *delay;    /* delay 2 ms */
    bool delay_drawn;  /* delay ~ uniform(1 ms, 3 ms): the expression is a call */
    AstName model;     /* `via hebbian(rate = 0.1)`: synapse model with its own state; absent: none */
    AstArgs model_args;
    AstExpr *sparse;   /* call sparse(...) or NULL */
    AstArgs sparse_args;
    AstName sparse_file; /* sparse(from "file.npy") */
    Span span;
} AstSynapse;

/* --- statements -------------------------------------------------------------------------------------------------- */
typedef enum AstStmtKind {
    STMT_USE,        /* use std.neurons;                       path                                              */
    STMT_AXIS,       /* axis token = 16; axis token <= 512; axis pre = unit; axis d = head * a;  name, relation, expr */
    STMT_CONST,      /* const beta = 0.5;   const table[i] = ...;  decl, expr                                    */
    STMT_STIMULUS,   /* stimulus k[a], q[a];                   decls                                             */
    STMT_CYCLE,      /* cycle now over token;                  name, ref (the base axis)                         */
    STMT_WEIGHT,     /* weight W[a, d] ~ xavier;               decls, init (one for all)                         */
    STMT_GROUP,      /* thalamus {} cortex {} area V[h] {} column[t] {} column unit {} layer L5 {}  group, decl, body */
    STMT_POPULATION, /* population p[a] : type(args) <- drive; population, nucleus, interneuron: `role`; members  */
    STMT_PROJECTION, /* src -> target : synapse;               sources (comma list), target, synapse             */
    STMT_BIAS,       /* bias b[head, a] -> mask.apical;        decl, init, target                                */
    STMT_INSTANCE,   /* [cortex|area|column|thalamus] block = template(axes; signals) { bindings }               */
    STMT_BIND,       /* inside instance braces: W_Q from "..."; W_Q ~ ...; W_Q = other; const W_Q;   name, init   */
    STMT_REPEAT,     /* repeat i in 0..6 with h = x { ... }    name, expr, expr2, carried, body                  */
    STMT_NEXT,       /* next h = block.out;                    name, expr                                        */
    STMT_NEURON,     /* neuron type(params) { equations }      name, params, body of NEURON statements           */
    STMT_SYNAPSE,    /* synapse hebbian(rate = 1) { state w = 0; w = previous(w) + rate * pre * post; output w * pre; } */
    STMT_TEMPLATE,   /* template f(axis d; u[d]) -> out[d] { } name, params, inputs (decls), outputs (results), body */
    STMT_SPEC,       /* spec f(q[i, a]) -> o[i, c] { eqs }     name, decls, results, body of STMT_EQUATION        */
    STMT_OUTPUT,     /* output y = higher;                     name, expr                                        */
    STMT_RECORD,     /* record V.score;                        refs                                              */
    STMT_CHECK,      /* check name: a == c * b for some c within 1e-4;  name, expr, expr2, factor, tolerance      */
    /* inside neuron and synapse bodies */
    STMT_COMPARTMENT, /* compartment basal, apical = 1;        members: decl name, expr default                  */
    STMT_PARAMETER,   /* parameter tau = 10 ms;                name, expr                                        */
    STMT_STATE,       /* state m = 0;                          name, expr                                        */
    STMT_RATE,        /* rate r;  rate r = m;                  name, expr or NULL                                */
    STMT_EQUATION,    /* tau * r' = -r + f;  o[i, c] = e;      left, expr                                        */
    STMT_ITERATE,     /* iterate 200 until 1e-6;               expr, expr2; also a suffix of a population        */
    STMT_METHOD,      /* method rk4;                           name                                              */
    STMT_NOISE,       /* noise xi, eta;                        path: the names                                   */
    STMT_ON_SPIKE,    /* of another reading: parsed, kept, refused by sema                                      */
    /* of the learning reading, in a main file */
    STMT_LOSS,       /* loss E = sum(now, d) e[now, d]^2;      name, expr                                        */
    STMT_RULE,       /* rule dW on V.W = expr;  rule dW on V.W { equations }   name, target, local, expr or body  */
    STMT_LEARN,      /* learn V.W by rule dW rate 0.01;        refs (the weights), callee (the rule), expr (the rate)
                      * learn V.W by gradient(E) with adam(1e-3);   factor (the loss), optimiser, axis_args
                      * learn V.W online over now by rule ...;      online (the cycle)                           */
} AstStmtKind;

typedef enum AstGroup { GROUP_THALAMUS, GROUP_CORTEX, GROUP_AREA, GROUP_COLUMN, GROUP_LAYER, GROUP_NONE } AstGroup;
typedef enum AstRole { ROLE_POPULATION, ROLE_NUCLEUS, ROLE_INTERNEURON } AstRole;
typedef enum AstRelation { RELATION_EQUAL, RELATION_AT_MOST } AstRelation;

typedef struct AstMember { /* one population of a statement, or one compartment */
    AstDecl decl;
    AstName type;          /* neuron type; absent in `a, b : type` lists for all but the last: sema copies it leftwards */
    AstArgs args;          /* (phi = elu1)                                              */
    AstRef *drive;         /* `<- x[token as now]`: exact axes, first compartment; NULL */
    AstExpr *value;        /* compartment default                                       */
    AstExpr *iterate_count, *iterate_tolerance; /* ... : relay iterate 200 until 1e-6;   NULL: none */
} AstMember;
typedef VEC(AstMember) AstMembers;

typedef enum AstParamKind { PARAM_AXIS, PARAM_VALUE, PARAM_FUNCTION } AstParamKind;
typedef struct AstParam { /* `axis d`, `leak = 1`, `function phi = identity` */
    AstParamKind kind;
    AstName name;
    AstExpr *value; /* default or NULL */
} AstParam;
typedef VEC(AstParam) AstParams;

struct AstStmt {
    AstStmtKind kind;
    Span span;
    AstName name;          /* the declared name, or absent */
    AstNames path;         /* STMT_USE; STMT_NOISE: the names declared */
    AstGroup group;        /* STMT_GROUP, STMT_INSTANCE (GROUP_NONE when no word was written) */
    AstRole role;
    AstRelation relation;
    AstDecl decl;          /* STMT_GROUP: name (absent for anonymous) and axes; STMT_BIAS, STMT_CONST */
    AstDecls decls;        /* STMT_STIMULUS, STMT_WEIGHT; STMT_SPEC, STMT_TEMPLATE: inputs */
    AstDecls results;      /* STMT_SPEC, STMT_TEMPLATE: `-> o[i, c]` */
    AstMembers members;
    AstParams params;      /* STMT_NEURON, STMT_SYNAPSE, STMT_TEMPLATE (before the `;`) */
    AstExprs sources;      /* STMT_PROJECTION: EXPR_REF, or a call previous(store)   */
    AstRef target;         /* STMT_PROJECTION, STMT_BIAS: last step may be a compartment */
    AstSynapse synapse;
    AstInit init;          /* STMT_WEIGHT, STMT_BIAS, STMT_BIND */
    AstName callee;        /* STMT_INSTANCE: the template */
    AstArgs axis_args;     /* STMT_INSTANCE: before the `;` (axes, values, functions) */
    AstExprs signal_args;  /* STMT_INSTANCE: after the `;`  (EXPR_REF) */
    AstExpr *left, *expr, *expr2, *tolerance;
    AstName factor;        /* STMT_CHECK: `for some c`, or absent; STMT_LEARN: the loss, or absent */
    AstName optimiser;     /* STMT_LEARN: `with adam(...)`, its arguments in axis_args; absent: `rate` */
    AstName online;        /* STMT_LEARN: the cycle of `online over now`, or absent */
    bool local;            /* STMT_RULE */
    AstRefs refs;          /* STMT_RECORD, STMT_LEARN */
    struct {
        AstName name;
        AstExpr *value;
    } carried;             /* STMT_REPEAT: with h = x */
    AstStmts body;
    Span braces;           /* of the body, braces included */
};

typedef struct AstComment { /* "# text" without the newline; `own_line` if nothing stands before it on its line */
    Span span;
    bool own_line;
} AstComment;

typedef struct AstFile {
    int file; /* source id */
    AstStmts body;
    VEC(AstComment) comments;
} AstFile;
#endif
