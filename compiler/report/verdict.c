/* See verdict.h. */
#include "report/verdict.h"

#include <math.h>
#include <string.h>

static const char *const NAME[VERDICT_COUNT] = {"equal", "holds", "differs", "native code is wrong", "undecided", "could not be run"};
static const char *const KEY[VERDICT_COUNT] = {"equal", "holds", "differs", "native-wrong", "undecided", "machine"};
static const char *const EXACT_KEY[] = {"equal", "not-equal", "undecided"};

/* ---- verdicts ------------------------------------------------------------------------------------------------------- */
Verdict verdict_of(const CheckFacts *f) {
    const CheckResult *n = f->numeric;
    bool held = n && n->verdict == CHECK_HOLDS;
    if (n && n->verdict == CHECK_MACHINE) return VERDICT_MACHINE;
    if (n && n->verdict == CHECK_NATIVE_WRONG) return VERDICT_NATIVE_WRONG;
    if (n && n->verdict == CHECK_DIFFERS) return VERDICT_DIFFERS;
    if (f->exact && f->exact->verdict == EXACT_EQUAL) return VERDICT_EQUAL;
    return held && (!f->exact || f->check->within > 0) ? VERDICT_HOLDS : VERDICT_UNDECIDED;
}

Verdict verdict_of_all(const VerdictReport *report) {
    static const int badness[VERDICT_COUNT] = {[VERDICT_EQUAL] = 0, [VERDICT_HOLDS] = 1, [VERDICT_UNDECIDED] = 2,
                                               [VERDICT_DIFFERS] = 3, [VERDICT_NATIVE_WRONG] = 4, [VERDICT_MACHINE] = 5};
    if (report->numeric && report->numeric->error) return VERDICT_MACHINE;
    Verdict worst = report->count ? verdict_of(&report->check[0]) : VERDICT_HOLDS;
    for (int i = 1; i < report->count; i++) {
        Verdict v = verdict_of(&report->check[i]);
        if (badness[v] > badness[worst]) worst = v;
    }
    return worst;
}

/* ---- text ----------------------------------------------------------------------------------------------------------- */
enum { WIDTH = 118 };

/* A list in lines of at most WIDTH columns, the first after `label`. */
static void print_list(FILE *to, const char *label, char *const *item, int count) {
    int column = fprintf(to, "           %s", label);
    for (int i = 0; i < count; i++) {
        int length = (int)strlen(item[i]) + 2;
        if (i) column += fprintf(to, ";");
        if (i && column + length > WIDTH) column = fprintf(to, "\n            ") - 1;
        column += fprintf(to, "%s%s", i ? " " : "", item[i]);
    }
    fputc('\n', to);
}

enum { FACTOR_LENGTH = 48 }; /* of two int64 and a stroke */

static const char *factor_text(char *text, size_t length, ExactFactor factor) {
    if (factor.d == 1) snprintf(text, length, "%lld", (long long)factor.n);
    else snprintf(text, length, "%lld/%lld", (long long)factor.n, (long long)factor.d);
    return text;
}

static void print_taken(const ExactTaken *t, FILE *to) {
    static const char *const said[] = {"is the derivative by dual numbers", "is not the derivative by dual numbers", "is not decided by dual numbers"};
    static const char agreed[] = "agrees with dual numbers wherever they were tried, without a bound at this degree";
    fprintf(to, "           gradient of %s by", t->loss);
    for (int i = 0; i < t->count; i++) fprintf(to, "%s %s", i ? "," : "", t->by[i]);
    fprintf(to, " %s\n", t->agreed ? agreed : said[t->verdict]);
}

static void print_exact(const CheckFacts *f, FILE *to) {
    const ExactResult *r = f->exact;
    char text[FACTOR_LENGTH];
    switch (r->verdict) {
    case EXACT_EQUAL:
        fprintf(to, "  exact    equal as real functions");
        if (f->check->factor) fprintf(to, " with %s = %s", f->check->factor, factor_text(text, sizeof text, r->factor));
        fprintf(to, ", error probability < 1e-%d\n", (int)(r->error_bits * log10(2)));
        break;
    case EXACT_UNEQUAL:
        if (verdict_of(f) == VERDICT_DIFFERS) fprintf(to, "  exact    no identity%s%s\n", r->why ? ": the sides differ at " : "", r->why ? r->why : "");
        else fprintf(to, "  exact    undecided: not proved equal, and no input was found at which the sides differ\n");
        break;
    case EXACT_UNDECIDED:
        fprintf(to, "  exact    undecided: %s%s%s%s\n", r->why, f->exact_place ? " (" : "", f->exact_place ? f->exact_place : "",
                f->exact_place ? ")" : "");
        break;
    }
    for (int i = 0; i < r->hint_count; i++)
        fprintf(to, "           hint: %s%s%s%s\n", r->hint[i].text, f->hint_place[i] ? " (" : "", f->hint_place[i] ? f->hint_place[i] : "",
                f->hint_place[i] ? ")" : "");
    if (*r->shapes && r->shape_count) fprintf(to, "           shapes: %s\n", r->shapes);
    if (*r->cases && r->shape_count) fprintf(to, "           cases: %s\n", r->cases);
    for (int i = 0; i < r->taken_count; i++) print_taken(&r->taken[i], to);
    if (r->assumption_count) print_list(to, "assuming: ", r->assumption, r->assumption_count);
}

static void print_check(const CheckFacts *f, FILE *to) {
    fprintf(to, "%s", f->check->name);
    if (f->line) fprintf(to, " (line %d)", f->line);
    fprintf(to, ": %s%s%s\n", NAME[verdict_of(f)], *f->text ? "    " : "", f->text);
    if (f->exact) print_exact(f, to);
    if (f->numeric) check_print_short(f->numeric, to);
}

void verdict_print(const VerdictReport *report, FILE *to) {
    int held = 0, proved = 0;
    for (int i = 0; i < report->count; i++) {
        Verdict v = verdict_of(&report->check[i]);
        print_check(&report->check[i], to);
        held += v == VERDICT_EQUAL || v == VERDICT_HOLDS;
        proved += v == VERDICT_EQUAL;
    }
    for (int i = 0; report->numeric && i < report->numeric->notes.count; i++) fprintf(to, "note: %s\n", report->numeric->notes.at[i]);
    if (report->numeric && report->numeric->error) fprintf(to, "not run: %s\n", report->numeric->error);
    if (!report->count) fprintf(to, "the file has no check: `check y == ...;` says what y should equal\n");
    else fprintf(to, "%d of %d checks hold, %d of them exactly, in %.1f s\n", held, report->count, proved, report->seconds);
}

/* ---- JSON ----------------------------------------------------------------------------------------------------------- */
static json_t *text_or_null(const char *text) {
    return text ? json_string(text) : json_null();
}

static json_t *shape_json(const ExactShape *s) {
    return json_pack("{s:s, s:i, s:i, s:i, s:i, s:i, s:f, s:o}", "sizes", s->sizes, "batches", s->batches, "primes", s->primes,
                     "points", s->points, "exponents", s->exponents, "cuts", s->cuts, "error_bits", floor(s->error_bits), "seed",
                     json_sprintf("%016llx", (unsigned long long)s->seed));
}

static json_t *taken_json(const ExactTaken *t) {
    json_t *by = json_array();
    for (int i = 0; i < t->count; i++) json_array_append_new(by, json_string(t->by[i]));
    return json_pack("{s:s, s:o, s:s, s:b, s:o}", "loss", t->loss, "by", by, "verdict", EXACT_KEY[t->verdict], "agreed", t->agreed, "error_bits",
                     t->verdict == EXACT_EQUAL ? json_real(floor(t->error_bits)) : json_null());
}

json_t *verdict_exact_json(const ExactResult *r) {
    json_t *shapes = json_array();
    for (int i = 0; i < r->shape_count; i++) json_array_append_new(shapes, shape_json(&r->shape[i]));
    json_t *gradients = json_array();
    for (int i = 0; i < r->taken_count; i++) json_array_append_new(gradients, taken_json(&r->taken[i]));
    bool equal = r->verdict == EXACT_EQUAL;
    char text[FACTOR_LENGTH];
    return json_pack("{s:s, s:o, s:o, s:s, s:s, s:o, s:o, s:b, s:b, s:f}", "verdict", EXACT_KEY[r->verdict], "error_bits",
                     equal ? json_real(floor(r->error_bits)) : json_null(), "factor",
                     r->factor.d ? json_string(factor_text(text, sizeof text, r->factor)) : json_null(), "lengths", r->shapes, "cases", r->cases,
                     "shapes", shapes, "gradients", gradients, "signs", r->signs, "relations", r->relations, "operations", r->operations);
}

static json_t *texts(char *const *text, int count) {
    json_t *list = json_array();
    for (int i = 0; i < count; i++) json_array_append_new(list, json_string(text[i]));
    return list;
}

static json_t *hints(const CheckFacts *f) {
    json_t *list = json_array();
    for (int i = 0; i < f->exact->hint_count; i++)
        json_array_append_new(list, json_pack("{s:s, s:o}", "text", f->exact->hint[i].text, "place", text_or_null(f->hint_place[i])));
    return list;
}

static json_t *exact_facts(const CheckFacts *f) {
    const ExactResult *r = f->exact;
    json_t *o = verdict_exact_json(r);
    json_object_set_new(o, "error_probability", r->verdict == EXACT_EQUAL ? json_real(exp2(-r->error_bits)) : json_null());
    json_object_set_new(o, "reason", text_or_null(r->why));
    json_object_set_new(o, "place", text_or_null(f->exact_place));
    json_object_set_new(o, "assumptions", texts(r->assumption, r->assumption_count));
    json_object_set_new(o, "hints", hints(f));
    return o;
}

static json_t *facts_json(const CheckFacts *f) {
    json_t *o = json_pack("{s:s, s:i, s:s, s:s, s:f}", "name", f->check->name, "line", f->line, "text", f->text, "verdict",
                          KEY[verdict_of(f)], "within", f->check->within);
    json_object_set_new(o, "factor", text_or_null(f->check->factor));
    json_object_set_new(o, "exact", f->exact ? exact_facts(f) : json_null());
    json_object_set_new(o, "numeric", f->numeric ? check_result_json(f->numeric) : json_null());
    return o;
}

void verdict_json(const VerdictReport *report, FILE *to) {
    json_t *checks = json_array(), *notes = json_array();
    for (int i = 0; i < report->count; i++) json_array_append_new(checks, facts_json(&report->check[i]));
    for (int i = 0; report->numeric && i < report->numeric->notes.count; i++)
        json_array_append_new(notes, json_string(report->numeric->notes.at[i]));
    json_t *o = json_pack("{s:s, s:i, s:s, s:s, s:o, s:o, s:o, s:f}", "format", "ctx check", "version", 1, "program",
                          report->program, "verdict", KEY[verdict_of_all(report)], "checks", checks, "notes", notes, "error",
                          text_or_null(report->numeric ? report->numeric->error : NULL), "seconds", report->seconds);
    json_dumpf(o, to, JSON_COMPACT);
    fputc('\n', to);
    json_decref(o);
}
