/* The front end: source text to syntax, and syntax back to text.
 *
 * All results live in the arena. Errors go to the diagnostics; a file with errors is returned as far as it was read, and
 * nobody should look at its meaning then. */
#ifndef CTX_FRONT_FRONT_H
#define CTX_FRONT_FRONT_H
#include "front/ast.h"

/* Parses the source with this id. Never NULL. */
AstFile *front_parse(Arena *arena, Names *names, Diagnostics *diagnostics, int file);

/* The canonical form, comments included. The file must have been parsed without errors. Formatting the result again gives
 * the result. */
char *front_format(Arena *arena, const AstFile *file, const Source *source);

/* --emit=tokens: one token a line, "line:column kind text". Lexical errors go to the diagnostics. */
void front_print_tokens(Names *names, Diagnostics *diagnostics, int file, FILE *to);
/* --emit=ast: nested lists "(kind field ...)". */
void front_print_ast(const AstFile *file, FILE *to);
#endif
