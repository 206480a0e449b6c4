/* Text of expressions and pieces of statements, shared by the files of the formatter. */
#ifndef CTX_FRONT_FORMAT_H
#define CTX_FRONT_FORMAT_H
#include "base/text.h"
#include "front/ast.h"

/* A blank at which a long line may be broken is written as this byte until the lines are laid out. */
#define BREAK "\001"
#define WEAK "\002" /* the same before an operator: a comma or a part of the statement is a better place */

void write_expr(Text *text, const AstExpr *e);
void write_ref(Text *text, const AstRef *ref);
void write_decl(Text *text, const AstDecl *decl); /* without its unit */
void write_decls(Text *text, const AstDecls *decls);
void write_args(Text *text, const AstArgs *args);
void write_init(Text *text, const AstInit *init);
void write_synapse(Text *text, const AstSynapse *synapse);
/* The statement up to its braces or `;`, neither included. */
void write_head(Text *text, const AstStmt *stmt);
const char *sign_of(AstOp op);
const char *group_word(AstGroup group);
#endif
