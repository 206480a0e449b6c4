/* See certificate.h. */
#include "driver/certificate.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "driver/files.h"
#include "exact/exact.h"
#include "reference/check.h"
#include "report/verdict.h"

static const char FORMAT[] = "ctx certificate";

/* A check in time is one of values: no certificate is about it. */
static bool in_time(const IrProgram *core, const IrCheck *check) {
    return check_integrated(core, check->left) || check_integrated(core, check->right);
}

static void drop_checks_in_time(IrProgram *p) {
    int count = 0;
    for (int i = 0; i < p->checks.count; i++)
        if (!in_time(p, &p->checks.at[i])) p->checks.at[count++] = p->checks.at[i];
    p->checks.count = count;
}

/* ---- the program without names -------------------------------------------------------------------------------------- */
/* Numbers for names, and nothing that only people read: what is left is what the program means. A weight's values are no part of
 * it, since a check is for all of them; constants of the source are. */
static IrProgram *nameless(const Compilation *c) {
    IrProgram *p = ir_clone(c->core);
    p->name = name_of(p->names, "program");
    p->outputs.count = p->assumptions.count = 0;
    drop_checks_in_time(p);
    ir_forget_learning(p);
    for (int i = 0; i < p->axes.count; i++) p->axes.at[i]->name = name_printf(p->names, "a%d", i);
    for (int i = 0; i < p->vars.count; i++) {
        IrVar *v = p->vars.at[i];
        v->name = name_printf(p->names, "v%d", i);
        v->origin = v->origin_kind = v->unit = v->tensor = NULL;
        v->span = (Span){0};
        if (!v->literal) v->draw = INIT_UNBOUND;
    }
    for (int i = 0; i < p->checks.count; i++) {
        p->checks.at[i].name = name_printf(p->names, "%d", i + 1);
        p->checks.at[i].span = (Span){0};
        if (p->checks.at[i].factor) p->checks.at[i].factor = name_of(p->names, "c");
    }
    return p;
}

static char *program_text(Arena *arena, const IrProgram *p) {
    char *text, *kept;
    size_t length;
    FILE *to = open_memstream(&text, &length);
    ir_print(p, to);
    fclose(to);
    kept = arena_strndup(arena, text, length);
    free(text);
    return kept;
}

/* FNV-1a, 64 bits: a short name of the text, which is compared itself. */
static uint64_t hash_of(const char *text) {
    uint64_t h = 0xcbf29ce484222325u;
    for (; *text; text++) h = (h ^ (unsigned char)*text) * 0x100000001b3u;
    return h;
}

static json_t *certificate(const Compilation *c, uint64_t seed, int threads) {
    IrProgram *p = nameless(c);
    char *text = program_text(c->arena, p);
    json_t *checks = json_array();
    ExactOptions how = {.seed = seed, .threads = threads};
    for (int i = 0; i < p->checks.count; i++) {
        ExactResult r = exact_check(c->arena, p, &p->checks.at[i], &how);
        exact_confirm(c->arena, p, &p->checks.at[i], &how, &r);
        json_array_append_new(checks, verdict_exact_json(&r));
    }
    return json_pack("{s:s, s:i, s:i, s:s, s:o, s:o, s:o}", "format", FORMAT, "version", 1, "semantics", EXACT_SEMANTICS, "program", text,
                     "hash", json_sprintf("%016llx", (unsigned long long)hash_of(text)), "seed",
                     json_sprintf("%016llx", (unsigned long long)seed), "checks", checks);
}

int certificate_write(Compilation *c, const char *path, uint64_t seed, int threads) {
    json_t *o = certificate(c, seed, threads);
    char *text = json_dumps(o, JSON_INDENT(1));
    int status = files_write(c->arena, path, text, strlen(text));
    free(text);
    json_decref(o);
    return status;
}

/* ---- verifying ------------------------------------------------------------------------------------------------------ */
static int invalid(const char *path, const char *why) {
    printf("%s: invalid: %s\n", path, why);
    return EXIT_REFUTED;
}

static int malformed(const char *path, const char *why) {
    fprintf(stderr, "ctx: %s is no certificate: %s\nhelp: ctx check --certificate FILE writes one; the order is ctx verify "
                    "CERTIFICATE FILE.ctx\n", path, why);
    return EXIT_WRONG;
}

/* The first member, in the certificate's order, in which the two differ. */
static const char *first_difference(Arena *arena, json_t *said, json_t *found) {
    const char *key;
    json_t *value;
    json_object_foreach(said, key, value) {
        json_t *other = json_object_get(found, key);
        if (!other) return arena_printf(arena, "'%s' is no member of a certificate", key);
        if (json_equal(value, other)) continue;
        if (strcmp(key, "program") == 0) return "it is of another program";
        return arena_printf(arena, "'%s' comes out otherwise", key);
    }
    return "members are missing";
}

/* Name of the first check that the certificate does not prove; NULL: it proves all that are not in time. */
static const char *unproved(const IrProgram *core, json_t *said) {
    for (int i = 0, k = 0; i < core->checks.count; i++) {
        if (in_time(core, &core->checks.at[i])) continue;
        json_t *check = json_array_get(json_object_get(said, "checks"), (size_t)k++);
        if (strcmp(json_string_value(json_object_get(check, "verdict")), "equal") != 0) return core->checks.at[i].name;
    }
    return NULL;
}

static int valid(const char *path, int proved, int others) {
    printf("%s: valid: %d check%s equal as real functions", path, proved, proved == 1 ? " is" : "s are");
    if (others) printf("; %d of the file, in time, %s compared by values and no part of it", others, others == 1 ? "is" : "are");
    return putchar('\n') == '\n' ? EXIT_DONE : EXIT_MACHINE;
}

int certificate_verify(Compilation *c, const char *path, int threads) {
    size_t length;
    const char *problem;
    char *text = files_read(c->arena, path, &length, &problem);
    if (!text) return malformed(path, problem);
    json_error_t error;
    json_t *said = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    const char *format = json_string_value(json_object_get(said, "format")), *seed = json_string_value(json_object_get(said, "seed"));
    if (!said || !format || strcmp(format, FORMAT) != 0 || !seed) {
        json_decref(said);
        return malformed(path, said ? "it says so nowhere" : error.text);
    }
    int status;
    if (json_integer_value(json_object_get(said, "semantics")) != EXACT_SEMANTICS) {
        status = invalid(path, "it was made for another version of what programs mean");
    } else {
        json_t *found = certificate(c, strtoull(seed, NULL, 16), threads);
        int proved = (int)json_array_size(json_object_get(found, "checks"));
        if (!json_equal(said, found)) status = invalid(path, first_difference(c->arena, said, found));
        else if (unproved(c->core, said)) status = invalid(path, arena_printf(c->arena, "%s is not proved by it", unproved(c->core, said)));
        else if (proved == 0) status = invalid(path, "there is no check in it");
        else status = valid(path, proved, c->core->checks.count - proved);
        json_decref(found);
    }
    json_decref(said);
    return status;
}
