/* front/ and diag/: the grammar's decisions, errors and recovery, limits, the canonical form, and mutated sources. */
#include <CUnit/Basic.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "front/front.h"

void suite_front(void);

typedef struct Parsed {
    Arena *arena;
    Diagnostics *diagnostics;
    AstFile *file;
    int id;
} Parsed;

static Parsed parse_bytes(const char *text, size_t length) {
    Parsed p = {.arena = arena_new()};
    p.diagnostics = diag_new(p.arena);
    p.id = diag_add_source(p.diagnostics, "t.ctx", text, length);
    p.file = front_parse(p.arena, names_new(p.arena), p.diagnostics, p.id);
    return p;
}

static Parsed parse(const char *text) {
    return parse_bytes(text, strlen(text));
}

static void done(Parsed *p) {
    arena_free(p->arena);
}

static bool renders(const Parsed *p, const char *part) {
    char *text;
    size_t length;
    FILE *to = open_memstream(&text, &length);
    diag_render(p->diagnostics, to, false);
    fclose(to);
    bool found = strstr(text, part) != NULL;
    if (!found) printf("\nnot found: %s\nin:\n%s", part, text);
    free(text);
    return found;
}

/* The tree of a source as --emit=ast prints it. */
static bool tree_has(const char *source, const char *part) {
    Parsed p = parse(source);
    char *text;
    size_t length;
    FILE *to = open_memstream(&text, &length);
    front_print_ast(p.file, to);
    fclose(to);
    bool found = diag_error_count(p.diagnostics) == 0 && strstr(text, part);
    if (!found) printf("\nnot found: %s\nin: %s", part, text);
    free(text);
    done(&p);
    return found;
}

static void operators_bind(void) {
    CU_ASSERT(tree_has("output y = a + b * c ^ d ^ 2;", "(+ a (* b (^ c (^ d 2))))"));
    CU_ASSERT(tree_has("output y = -a ^ 2 * b;", "(* (- (^ a 2)) b)"));
    CU_ASSERT(tree_has("output y = a - b - c;", "(- (- a b) c)"));
    CU_ASSERT(tree_has("output y = sum(i) a * b + c;", "(+ (sum (i) (* a b)) c)"));
    CU_ASSERT(tree_has("output y = sum(i) -a / b;", "(sum (i) (/ (- a) b))"));
    CU_ASSERT(tree_has("output y = x * sum(i, j where j <= i and i - j < 8) a * b;",
                       "(* x (sum (i j) where (and (<= j i) (< (- i j) 8)) (* a b)))"));
    CU_ASSERT(tree_has("output y = max(a, b) - c;", "(- (call max a b) c)"));
    CU_ASSERT(tree_has("output y = max(t) a[t] - c;", "(- (max (t) a[t]) c)"));
    CU_ASSERT(tree_has("check 1 / sqrt(size(a)) == b within 1e-4;", "(expr (/ 1 (call sqrt (call size a)))) (expr2 b) (within 1e-4)"));
    CU_ASSERT(tree_has("check a == g * b for some g within 2;", "(expr a) (expr2 (* g b)) (for-some g) (within 2)"));
    CU_ASSERT(tree_has("check some == max(a, b) for some some;", "(expr some) (expr2 (call max a b)) (for-some some)"));
}

static void units_follow_numbers(void) {
    CU_ASSERT(tree_has("const c = 10 ms;", "(number 10 ms)"));
    CU_ASSERT(tree_has("const c = 0.2 mV / ms ^ 2 * b;", "(* (number 0.2 mV/ms^2) b)"));
    CU_ASSERT(tree_has("const c = 2 * a / b;", "(/ (* 2 a) b)"));
    CU_ASSERT(tree_has("const c = 3 m^-1;", "(number 3 m^-1)"));
    CU_ASSERT(tree_has("x -> y : 2 bias b ~ 0 where t < 3;", "(weight 2) (bias b) (draw 0) (where (< t 3))"));
    Parsed p = parse("axis a = 2\nblock = f(a; x);");
    CU_ASSERT(renders(&p, "expected `;` at the end of the statement"));
    CU_ASSERT_EQUAL(diag_error_count(p.diagnostics), 1);
    done(&p);
}

static void references_read(void) {
    CU_ASSERT(tree_has("x[token as now], previous(store) -> echo.apical;", "(source x[token as now]) (source (call previous store))"));
    CU_ASSERT(tree_has("output y = block[0].out[hear = last, 3, head = 2];", "(expr block[0].out[hear = last, 3, head = 2])"));
    CU_ASSERT(tree_has("tau = f(a, leak = 1; x);", "(of f) (arg a) (leak 1) (signal x)"));
    CU_ASSERT(tree_has("synapse s(rate = 1) { w = rate * pre; signal = w; }", "(output (expr w))"));
    CU_ASSERT(tree_has("x -> y : W;", "(weight W)"));
    CU_ASSERT(tree_has("x -> y : (W);", "(weight W)"));
    CU_ASSERT(tree_has("learn V.W by rule dW rate 0.01; rule dW on V.W = pre * post; loss E = y;", "(rule dW"));
}

static void several_errors(void) {
    Parsed p = parse("axis a = ;\narea V[ {\n  population p : ;\n}\nneuron n {\n  rate r;\n  r = 3 +;\n  r = 4 -;\n}\naxis b = 3;\n");
    CU_ASSERT_EQUAL(diag_error_count(p.diagnostics), 5);
    CU_ASSERT(renders(&p, "--> t.ctx:8:10"));
    done(&p);
    p = parse("block = f(a b; x) { W from \"w\"; }\naxis c = 3;\n"); /* the `;` in the brackets does not end the statement */
    CU_ASSERT_EQUAL(diag_error_count(p.diagnostics), 1);
    CU_ASSERT_EQUAL(p.file->body.at[p.file->body.count - 1]->kind, STMT_AXIS);
    done(&p);
    p = parse("axis c = (3;\naxis d = (4;\n"); /* and a forgotten bracket does not hide it */
    CU_ASSERT_EQUAL(diag_error_count(p.diagnostics), 2);
    done(&p);
}

static void many_errors_end(void) {
    char text[2000] = "";
    for (int i = 0; i < 30; i++) strcat(text, "axis a = ;\n");
    Parsed p = parse(text);
    CU_ASSERT_EQUAL(diag_error_count(p.diagnostics), 30);
    CU_ASSERT(renders(&p, "\nand 10 more\n"));
    done(&p);
}

/* `left` n times, `right` n times */
static Parsed nested(const char *head, char left, const char *middle, char right, int n) {
    char *text = calloc(1, (size_t)n * 2 + 100);
    strcpy(text, head);
    size_t at = strlen(text);
    memset(text + at, left, (size_t)n);
    strcpy(text + at + n, middle);
    at = strlen(text);
    memset(text + at, right, (size_t)n);
    strcpy(text + at + n, ";\n");
    Parsed p = parse(text);
    CU_ASSERT(diag_error_count(p.diagnostics) >= 1 || n < 400);
    Parsed result = p;
    result.file = NULL;
    CU_ASSERT(n < 400 || renders(&p, "[E0106]"));
    free(text);
    return result;
}

static void nesting_ends(void) {
    static const struct {
        const char *head;
        char left;
        const char *middle;
        char right;
    } shapes[] = {{"axis a = ", '(', "1", ')'}, {"x", '[', "1", ']'},    {"x -> y : f", '(', "1", ')'},
                  {"axis a = ", '-', "1", ' '}, {"axis a = ", '(', "", ' '}};
    for (int i = 0; i < 5; i++) {
        Parsed p = nested(shapes[i].head, shapes[i].left, shapes[i].middle, shapes[i].right, 10000);
        CU_ASSERT(diag_error_count(p.diagnostics) < 20);
        done(&p);
    }
    char braces[8 * 1000 + 1] = "";
    for (int i = 0; i < 1000; i++) memcpy(braces + 8 * i, "area A {", 9);
    Parsed b = parse(braces);
    CU_ASSERT_EQUAL(diag_error_count(b.diagnostics), 1);
    CU_ASSERT(renders(&b, "[E0106]"));
    done(&b);
    Parsed p = nested("axis a = ", '(', "1", ')', 200);
    CU_ASSERT_EQUAL(diag_error_count(p.diagnostics), 0);
    done(&p);
}

static void long_sums_end(void) {
    size_t terms = 100000;
    char *text = malloc(terms * 2 + 100);
    strcpy(text, "axis a = 1");
    char *at = text + strlen(text);
    for (size_t i = 0; i < terms; i++) *at++ = '+', *at++ = '1';
    strcpy(at, ";");
    Parsed p = parse(text);
    CU_ASSERT_EQUAL(diag_error_count(p.diagnostics), 1);
    CU_ASSERT(renders(&p, "[E0106]"));
    done(&p);
    free(text);
}

static void bytes_are_text(void) {
    static const struct {
        const char *bytes;
        size_t length;
        const char *message;
    } cases[] = {{"axis a\0= 3;", 11, "byte 0 at offset 6"}, {"# caf\xE9\n", 7, "byte 0xE9 at offset 5"},
                 {"\xC0\x80", 2, "byte 0xC0"},                {"\xED\xA0\x80", 3, "byte 0xED"},
                 {"# \xE2\x82", 4, "byte 0xE2"},              {"\xF4\x90\x80\x80", 4, "byte 0xF4"},
                 {"", 0, "[E0107]"},                          {" \n# nothing\n", 12, "[E0107]"},
                 {"axis \xCE\xB1 = 3;", 12, "[E0103]"},       {"axis a = 3 \x01;", 13, "control character 0x01"},
                 {"axis a = 1e999;", 15, "[E0105]"},          {"use \"x;", 7, "[E0104]"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *copy = calloc(1, cases[i].length + 1);
        memcpy(copy, cases[i].bytes, cases[i].length);
        Parsed p = parse_bytes(copy, cases[i].length);
        CU_ASSERT(diag_error_count(p.diagnostics) >= 1);
        CU_ASSERT(renders(&p, cases[i].message));
        done(&p);
        free(copy);
    }
    Parsed p = parse("# \xC3\xA9\xE2\x82\xAC\xF0\x9F\xA7\xA0 any text in a comment\naxis a = 3;\n");
    CU_ASSERT_EQUAL(diag_error_count(p.diagnostics), 0);
    done(&p);
}

static void long_lines_are_cut(void) {
    char *text = malloc(200000);
    memset(text, ' ', 200000);
    memcpy(text, "axis a = 3;", 11);
    strcpy(text + 150000, "axis b = ;");
    Parsed p = parse(text);
    CU_ASSERT(renders(&p, "t.ctx:1:150010"));
    char *out;
    size_t length;
    FILE *to = open_memstream(&out, &length);
    diag_render(p.diagnostics, to, false);
    fclose(to);
    CU_ASSERT(length < 600);
    free(out);
    done(&p);
    free(text);
}

static void marks_in_order(void) {
    Arena *arena = arena_new();
    Diagnostics *all = diag_new(arena);
    const char *text = "axis a = 3;\n\n\nx -> y : W;\n";
    int file = diag_add_source(all, "m.ctx", text, strlen(text));
    Diagnostic *d = diag_error(all, E_SYNTAX, (Span){file, 23, 24}, "axes do not match");
    diag_label(d, "the weight");
    diag_mark(d, (Span){file, 5, 6}, "declared here");
    diag_mark(d, (Span){file, 14, 15}, "the source");
    diag_note(d, "one");
    diag_help(d, "two");
    Parsed p = {arena, all, NULL, file};
    CU_ASSERT(renders(&p, "error[E0102]: axes do not match\n"
                          "  --> m.ctx:4:10\n"
                          "   |\n"
                          " 1 | axis a = 3;\n"
                          "   |      ~ declared here\n"
                          "  ...\n"
                          " 4 | x -> y : W;\n"
                          "   | ~ the source\n"
                          "   |          ^ the weight\n"
                          "   = note: one\n"
                          "   = help: two\n"));
    done(&p);
}

static void codes_are_explained(void) {
    const char *title = NULL;
    CU_ASSERT_PTR_NOT_NULL(diag_explain("E0106", &title));
    CU_ASSERT_PTR_NOT_NULL(title);
    CU_ASSERT_PTR_NOT_NULL(diag_explain("106", NULL));
    CU_ASSERT_PTR_NULL(diag_explain("E9999", NULL));
    CU_ASSERT_PTR_NULL(diag_explain("E", NULL));
    CU_ASSERT_PTR_NULL(diag_explain("E0106x", NULL));
}

static void closest_names(void) {
    static const char *const names[] = {"token", "head", "apical"};
    CU_ASSERT_STRING_EQUAL(diag_closest("tokne", names, 3), "token");
    CU_ASSERT_STRING_EQUAL(diag_closest("apicl", names, 3), "apical");
    CU_ASSERT_PTR_NULL(diag_closest("basal", names, 3));
}

/* ---- the canonical form ------------------------------------------------------------------------------------------ */
static char *formatted(const char *text, Arena *arena) {
    Parsed p = parse(text);
    char *result = diag_error_count(p.diagnostics) ? NULL : front_format(p.arena, p.file, diag_source(p.diagnostics, p.id));
    if (result) result = arena_strdup(arena, result);
    done(&p);
    return result;
}

static void canonical(void) {
    Arena *arena = arena_new();
    CU_ASSERT_STRING_EQUAL(formatted("axis a=3;# one\naxis bb=4; # two\n\n\n\n#own\narea V{population p[a]:relay;# p\n#end\n} # V\n", arena),
                           "axis a = 3;  # one\naxis bb = 4; # two\n\n#own\narea V {\n  population p[a] : relay; # p\n  #end\n} # V\n");
    CU_ASSERT_STRING_EQUAL(formatted("x -> y where t<=now # why\n bias b~0 :W;", arena) ? "read" : "refused", "refused");
    CU_ASSERT_STRING_EQUAL(formatted("x -> y :W where t<=now # why\n bias b~0;", arena), "# why\nx -> y : W bias b ~ 0 where t <= now;\n");
    CU_ASSERT_STRING_EQUAL(formatted("output y = a - (b - c) * -d ^ 2 / (3 mV/ms);", arena),
                           "output y = a - (b - c) * -d ^ 2 / (3 mV/ms);\n");
    arena_free(arena);
}

static char *read_file(const char *path, Arena *arena) {
    FILE *from = fopen(path, "rb");
    if (!from) return NULL;
    fseek(from, 0, SEEK_END);
    long length = ftell(from);
    rewind(from);
    char *text = arena_alloc(arena, (size_t)length + 1);
    size_t got = fread(text, 1, (size_t)length, from);
    fclose(from);
    text[got] = '\0';
    return text;
}

/* Every .ctx of the tree that parses: formatting twice is formatting once, and no comment is lost. */
static void formatting_is_idempotent(void) {
    static const char *const patterns[] = {"stdlib/*.ctx", "examples/*.ctx", "tests/golden/*/*.ctx", "tests/*/*/*.ctx"};
    int count = 0;
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        glob_t found;
        if (glob(patterns[i], 0, NULL, &found)) continue;
        for (size_t k = 0; k < found.gl_pathc; k++) {
            Arena *arena = arena_new();
            char *text = read_file(found.gl_pathv[k], arena);
            char *once = text && strlen(text) ? formatted(text, arena) : NULL;
            char *twice = once ? formatted(once, arena) : NULL;
            count += once != NULL;
            if (once && (!twice || strcmp(once, twice) != 0)) CU_FAIL("formatting twice differs");
            size_t hashes = 0, kept = 0;
            for (const char *at = text; once && *at; at++) hashes += *at == '#';
            for (const char *at = once; once && *at; at++) kept += *at == '#';
            CU_ASSERT_EQUAL(hashes, kept);
            arena_free(arena);
        }
        globfree(&found);
    }
    CU_ASSERT(count >= 40);
}

/* ---- mutated sources --------------------------------------------------------------------------------------------- */
static uint64_t next_random(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static const char *const pieces[] = {";", "{", "}", "(", ")", "[", "]", "->", "<-", "sum(", "max(", "'", "\"", "#", "3 mV/", "where",
                                     "as", "last", "error", "..", "~", "=", "==", "\n", "\xC3\xA9", "\xFF", "$", "neuron", "spec f(",
                                     "template t(axis a; ", "on spike {", "1e999", "_"};

static void mutate(char *text, size_t capacity, uint64_t *state) {
    for (int edits = 1 + (int)(next_random(state) % 4); edits > 0; edits--) {
        size_t length = strlen(text), at = next_random(state) % (length + 1);
        size_t cut = next_random(state) % 12;
        if (at + cut > length) cut = length - at;
        const char *piece = next_random(state) % 3 ? pieces[next_random(state) % (sizeof pieces / sizeof *pieces)] : "";
        size_t add = strlen(piece);
        if (length + add >= capacity) continue;
        memmove(text + at + add, text + at + cut, length - at - cut + 1);
        memcpy(text + at, piece, add);
    }
}

/* Parsed, rendered, and formatted twice if it has no errors. */
static bool survives(const char *text) {
    Parsed p = parse(text);
    char *out;
    size_t length;
    FILE *to = open_memstream(&out, &length);
    diag_render(p.diagnostics, to, true);
    fclose(to);
    free(out);
    bool fine = true;
    Arena *arena = arena_new();
    if (diag_error_count(p.diagnostics) == 0) {
        char *once = formatted(text, arena), *twice = once ? formatted(once, arena) : NULL;
        fine = once && twice && strcmp(once, twice) == 0;
        if (!fine) printf("\nformatting differs for:\n%s\nonce:\n%s\ntwice:\n%s\n", text, once ? once : "-", twice ? twice : "-");
    }
    arena_free(arena);
    done(&p);
    return fine;
}

static void mutations_do_no_harm(void) {
    static const char *const samples[] = {"examples/08-softmax.ctx", "examples/10-delta-rule.ctx", "examples/12-stack.ctx",
                                          "stdlib/memory.ctx", "stdlib/norm.ctx", "examples/15-recurrence.ctx"};
    uint64_t state = 88172645463325252u;
    int failed = 0;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        Arena *arena = arena_new();
        char *text = read_file(samples[i], arena);
        CU_ASSERT_PTR_NOT_NULL_FATAL(text);
        size_t capacity = strlen(text) + 200;
        char *copy = arena_alloc(arena, capacity);
        for (int k = 0; k < 600 && failed < 3; k++) {
            strcpy(copy, text);
            mutate(copy, capacity, &state);
            failed += !survives(copy);
        }
        arena_free(arena);
    }
    CU_ASSERT_EQUAL(failed, 0);
}

void suite_front(void) {
    CU_pSuite suite = CU_add_suite("front", NULL, NULL);
    CU_add_test(suite, "operators bind", operators_bind);
    CU_add_test(suite, "units follow numbers", units_follow_numbers);
    CU_add_test(suite, "references and instances", references_read);
    CU_add_test(suite, "several errors, no cascades", several_errors);
    CU_add_test(suite, "at most 20 errors", many_errors_end);
    CU_add_test(suite, "nesting is limited", nesting_ends);
    CU_add_test(suite, "long sums are limited", long_sums_end);
    CU_add_test(suite, "bytes are text", bytes_are_text);
    CU_add_test(suite, "long lines are cut", long_lines_are_cut);
    CU_add_test(suite, "marks in order", marks_in_order);
    CU_add_test(suite, "codes are explained", codes_are_explained);
    CU_add_test(suite, "closest names", closest_names);
    CU_add_test(suite, "canonical form", canonical);
    CU_add_test(suite, "formatting is idempotent", formatting_is_idempotent);
    CU_add_test(suite, "mutations do no harm", mutations_do_no_harm);
}
