/* Modules: `use std.neurons` makes the types and constants of another file visible. Each file is read once. */
#include "base/text.h"
#include "sema/internal.h"

static Module *module_of(Sema *s, const AstFile *file) {
    for (int i = 0; i < s->modules.count; i++)
        if (s->modules.at[i].file == file) return &s->modules.at[i];
    return NULL;
}

static void enter_module(Sema *s, AstFile *file) {
    Module module = {file, scope_new(s, NULL, true), true};
    vec_push(s->arena, &s->modules, module);
    Place *place = ARENA_NEW(s->arena, Place);
    *place = (Place){.scope = module.scope, .prefix = "", .suffix = "", .module = true};
    walk_body(s, place, &file->body);
    module_of(s, file)->open = false;
}

static const char *module_name(Sema *s, const AstNames *path) {
    Text text = text_new(s->arena);
    for (int i = 0; i < path->count; i++) text_add(&text, "%s%s", i ? "." : "", path->at[i].name);
    return text.at;
}

/* Two imports may not offer different things under one name. */
static void check_clash(Sema *s, const Scope *scope, const Scope *module, const AstStmt *stmt) {
    for (int i = 0; i < module->symbols.count; i++)
        for (int k = 0; k < scope->imports.count; k++) {
            const Symbol *symbol = module->symbols.at[i], *other = scope_own(scope->imports.at[k], symbol->name);
            if (!other) continue;
            Diagnostic *d = diag_error(s->diag, E_AMBIGUOUS, stmt->span, "two modules offer the name `%s`", symbol->name);
            diag_mark(d, other->span, "one is here");
            diag_mark(d, symbol->span, "the other is here");
            return;
        }
}

/* The file of the statement's module; files are told apart by their source id. */
static const AstFile *file_of(Sema *s, const AstStmt *stmt) {
    for (int i = 0; i < s->modules.count; i++)
        if (s->modules.at[i].file->file == stmt->span.file) return s->modules.at[i].file;
    return s->input->main;
}

void walk_use(Sema *s, const Place *place, const AstStmt *stmt) {
    AstFile *file = s->input->load ? s->input->load(s->input->load_data, file_of(s, stmt), &stmt->path) : NULL;
    const char *name = module_name(s, &stmt->path);
    if (!file) {
        Diagnostic *d = diag_error(s->diag, E_MODULE, stmt->span, "there is no module `%s`", name);
        diag_help(d, "std.<name> is a file of the standard library, anything else a .ctx file beside this one");
        return;
    }
    if (file == s->input->main || (module_of(s, file) && module_of(s, file)->open)) {
        Diagnostic *d =
            diag_error(s->diag, E_USE_CYCLE, stmt->span, "module `%s` uses itself, directly or through others", name);
        diag_help(d, "move what both need into a third module");
        return;
    }
    if (!module_of(s, file)) enter_module(s, file);
    Scope *module = module_of(s, file)->scope;
    for (int i = 0; i < place->scope->imports.count; i++)
        if (place->scope->imports.at[i] == module) return;
    check_clash(s, place->scope, module, stmt);
    vec_push(s->arena, &place->scope->imports, module);
}
