/* See certificate.h. */
#include "driver/certificate.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "driver/files.h"
#include "exact/exact.h"
#include "report/verdict.h"

static const char FORMAT[] = "ctx certificate";

/* ---- the program without names -------------------------------------------------------------------------------------- */
/* Numbers for names, and nothing that only people read: what is left is what the program means. A weight's values are no part of
 * it, since a check is for all of them; constants of the source are. */
static IrProgram *nameless(const Compilation *c) {
    IrProgram *p = ir_clone(c->core);
    p->name = name_of(p->names, "program");
    p->outputs.count = p->assumptions.count = 0;
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

/* Number of the first check that the certificate does not prove; 0: it proves all. */
static int unproved(json_t *said) {
    json_t *check;
    size_t i;
    json_array_foreach(json_object_get(said, "checks"), i, check)
        if (strcmp(json_string_value(json_object_get(check, "verdict")), "equal") != 0) return (int)i + 1;
    return 0;
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
        if (!json_equal(said, found)) status = invalid(path, first_difference(c->arena, said, found));
        else if (unproved(said)) status = invalid(path, arena_printf(c->arena, "check %d is not proved by it", unproved(said)));
        else status = printf("%s: valid: %d checks are equal as real functions\n", path, c->core->checks.count) > 0 ? EXIT_DONE : EXIT_MACHINE;
        json_decref(found);
    }
    json_decref(said);
    return status;
}
