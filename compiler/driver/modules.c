#include "driver/modules.h"

#include <ctype.h>
#include <glob.h>
#include <string.h>

#include "base/text.h"
#include "driver/files.h"
#include "front/front.h"

typedef struct Module {
    const char *path;
    AstFile *ast;
} Module;

struct Modules {
    Compilation *c;
    VEC(Module) known;
};

Modules *modules_new(Compilation *c) {
    Modules *modules = ARENA_NEW(c->arena, Modules);
    modules->c = c;
    return modules;
}

/* "a/b/c.ctx" of the names from the first on */
static char *joined(Arena *arena, const AstNames *path, int first) {
    Text text = text_new(arena);
    for (int i = first; i < path->count; i++) text_add(&text, "%s%s", i > first ? "/" : "", path->at[i].name);
    text_add(&text, ".ctx");
    return text.at;
}

static char *locate(Modules *modules, const AstFile *user, const AstNames *path) {
    Arena *arena = modules->c->arena;
    if (path->count > 1 && strcmp(path->at[0].name, "std") == 0)
        return files_installed(arena, arena_printf(arena, "stdlib/%s", joined(arena, path, 1)));
    const char *from = diag_source(modules->c->diagnostics, user->file)->path;
    const char *slash = strrchr(from, '/');
    char *name = joined(arena, path, 0);
    return slash ? arena_printf(arena, "%.*s/%s", (int)(slash - from), from, name) : name;
}

AstFile *modules_load(void *data, const AstFile *user, const AstNames *path) {
    Modules *modules = data;
    Compilation *c = modules->c;
    char *place = locate(modules, user, path);
    if (!place) return NULL;
    for (int i = 0; i < modules->known.count; i++)
        if (strcmp(modules->known.at[i].path, place) == 0) return modules->known.at[i].ast;
    size_t length;
    const char *error;
    char *text = files_read(c->arena, place, &length, &error);
    if (!text) return NULL;
    bool standard = strcmp(path->at[0].name, "std") == 0;
    const char *shown = standard ? arena_printf(c->arena, "std/%s", joined(c->arena, path, 1)) : place;
    AstFile *ast = front_parse(c->arena, c->names, c->diagnostics, diag_add_source(c->diagnostics, shown, text, length));
    vec_push(c->arena, &modules->known, ((Module){place, ast}));
    return ast;
}

/* ---- where a name comes from ------------------------------------------------------------------------------------------ */
/* A line that begins with one of the declarations, and the name behind it. */
static bool declares(const char *text, const char *name) {
    static const char *const kinds[] = {"neuron ", "spec ", "synapse ", "template "};
    size_t length = strlen(name);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
            size_t kind = strlen(kinds[i]);
            if (strncmp(line, kinds[i], kind) || strncmp(line + kind, name, length)) continue;
            char next = line[kind + length];
            if (!isalnum((unsigned char)next) && next != '_') return true;
        }
    }
    return false;
}

const char *modules_offer(void *data, const char *name) {
    Arena *arena = ((Modules *)data)->c->arena;
    const char *folder = files_installed(arena, "stdlib"), *found = NULL;
    glob_t files;
    if (!folder || glob(arena_printf(arena, "%s/*.ctx", folder), 0, NULL, &files) != 0) return NULL;
    for (size_t i = 0; i < files.gl_pathc && !found; i++) {
        size_t length;
        const char *error, *path = files.gl_pathv[i], *file = strrchr(path, '/') + 1;
        const char *text = files_read(arena, path, &length, &error);
        if (text && declares(text, name)) found = arena_printf(arena, "std.%.*s", (int)(strlen(file) - strlen(".ctx")), file);
    }
    globfree(&files);
    return found;
}
