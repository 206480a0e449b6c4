/* Shared by scanner, grammar and builders; for the files of front/ only. */
#ifndef CTX_FRONT_INTERNAL_H
#define CTX_FRONT_INTERNAL_H
#include "front/front.h"

enum {
    MOST_BRACES = 100,    /* nested { } */
    MOST_BRACKETS = 500,  /* nested ( ) [ ] */
    MOST_DEPTH = 1000,    /* of an expression's tree: later phases walk it by recursion */
    MOST_ERRORS = 200,    /* of one source; after these the rest is not read */
};

typedef struct Front {
    Arena *arena;
    Names *names;
    Diagnostics *diagnostics;
    const Source *source;
    int file;
    AstFile *ast;
    void *scanner;
    uint32_t offset;       /* of the next byte to scan */
    Span last, before;     /* the newest token and the one before it */
    int last_kind, before_kind;
    int braces, brackets;  /* open ones */
    Span opened[MOST_BRACES + 1]; /* the open braces */
    bool skip_block;       /* the next token starts a block to be skipped: its head was not understood */
    bool quiet;            /* a lexical error in this statement was reported: what follows from it is not */
    bool first;            /* `before` is the first token of its statement */
    bool stopped;          /* a limit was passed: the rest of the file is not read */
} Front;

typedef struct AstNumber { /* of the scanner: value and digits */
    double value;
    Name digits;
} AstNumber;

/* text.c: the bytes are UTF-8 without NUL; reports the first that is not. */
bool text_check(Front *front);
/* `names` of units: "ms", "mV", "Ohm". Decides whether a name behind a number's unit and a slash belongs to the unit. */
bool unit_known(const char *name, size_t length);
/* The keyword's token kind or 0. */
int keyword_kind(const char *text, size_t length);
const char *keyword_text(int i); /* the i-th keyword or NULL behind the last */
/* What kind of token for --emit=tokens: "name", "number", "word", "sign" ... */
const char *token_group(int kind);

/* syntax.c: the message for an unexpected token. `expected` are the grammar's names of tokens. */
void front_unexpected(Front *front, Span at, const char *const *expected, int count, const char *found);
void front_stop(Front *front, Span at, const char *what, int most);
void front_stray(Front *front, Span at);
void front_count_errors(Front *front); /* stops the reading after MOST_ERRORS */

/* ast.c: builders. Lists are passed by value and pushed to with ast_push. */
#define ast_push(front, list, item) vec_push((front)->arena, (list), (item))

typedef enum AstPart { PART_BIAS = 1, PART_WHERE = 2, PART_DELAY = 4, PART_VIA = 8, PART_SPARSE = 16 } AstPart;
typedef struct AstParts { /* parts of a synapse in any order; `seen` refuses a second one of a kind */
    AstSynapse synapse;
    int seen;
} AstParts;

AstName ast_name(Name name, Span span);
AstExpr *ast_number(Front *front, AstNumber number, AstExpr *unit, Span span);

AstExpr *ast_unit_power(Front *front, AstExpr *base, int power, Span span);
AstExpr *ast_text(Front *front, Name text, Span span);
AstExpr *ast_ref_expr(Front *front, AstRef ref);
AstExpr *ast_name_expr(Front *front, AstName name);
AstExpr *ast_derivative(Front *front, AstRef ref, Span span);
AstExpr *ast_call(Front *front, AstName callee, AstExprs args, Span span);
AstExpr *ast_call_args(Front *front, AstName callee, AstArgs args, Span span); /* sparse(p = 0.1) */
AstExpr *ast_unary(Front *front, AstExpr *operand, Span span);
AstExpr *ast_binary(Front *front, AstOp op, AstExpr *left, AstExpr *right, Span span);
AstExpr *ast_reduce(Front *front, AstName callee, AstExprs bound, AstExpr *guard, AstExpr *body, Span span);
AstExpr *ast_bracketed(AstExpr *e, Span span);

AstRef ast_ref(Front *front, AstName name, Span span);
AstRef ast_ref_index(AstRef ref, AstIndices indices, Span span);
AstRef ast_ref_step(Front *front, AstRef ref, AstName name, Span span);
AstIndex ast_index(AstExpr *e, Span span);
AstIndex ast_index_as(AstName axis, AstName other, Span span);
AstIndex ast_index_last(AstName axis, Span span);
AstIndex ast_index_at(AstName axis, AstExpr *constant, Span span);

AstDecl ast_decl(AstName name, AstNames axes, bool has_axes, Span span);
AstDecls ast_decls_unit(AstDecls decls, AstExpr *unit);
AstInit ast_init(int kind, AstExpr *draw, AstName tensor, Span span);
AstParam ast_param(AstParamKind kind, AstName name, AstExpr *value);
AstArg ast_arg(AstName name, AstExpr *value);
AstMember ast_member(AstDecl decl, AstName type, AstArgs args);
AstMember ast_compartment(AstName name, AstExpr *unit, AstExpr *value, Span span);
AstMember ast_member_drive(Front *front, AstMember member, AstRef drive);
AstMember ast_member_iterate(AstMember member, AstExpr *count, AstExpr *tolerance);

AstParts ast_part(Front *front, AstParts parts, AstPart part, Span span);
/* A lone name, with or without axes, is a (reference to a) declared weight; anything else is an expression. */
AstSynapse ast_weight_expr(Front *front, AstExpr *e, AstInit init, Span span);
AstSynapse ast_synapse(AstSynapse weight, AstParts parts, Span span);

AstStmt *ast_stmt(Front *front, AstStmtKind kind, Span span);
AstStmt *ast_named(Front *front, AstStmtKind kind, AstName name, AstExpr *expr, Span span);
/* One with braces. */
AstStmt *ast_block(Front *front, AstStmtKind kind, AstName name, AstStmts body, Span braces, Span span);
AstStmt *ast_projection(Front *front, AstExprs sources, AstRef target, AstSynapse synapse, Span span);
AstStmt *ast_instance(Front *front, AstName name, AstName callee, AstArgs args, AstExprs signals, Span span);
AstStmt *ast_check(Front *front, AstName name, AstExpr *e, Span span);
AstStmt *ast_learn(Front *front, AstRefs weights, AstName online, AstName rule, AstName loss, Span span);
/* An equation; in a synapse `signal = e` is its output. */
AstStmt *ast_equation(Front *front, AstExpr *left, AstExpr *expr, Span span);
AstStmts ast_synapse_body(Front *front, AstStmts body);
#endif
