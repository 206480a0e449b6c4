/* The report of the numeric check, for people and for programs. */
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "reference/check.h"

static const char *const VERDICT[] = {"holds", "differs", "native code is wrong", "undecided", "could not be run"};
static const char *const VERDICT_KEY[] = {"holds", "differs", "native-wrong", "undecided", "machine"};

static void print_table(const CheckResult *r, FILE *to) {
    fprintf(to, "  %-22s %5s %10s %9s %11s %9s %9s %9s %13s\n", "inputs", "runs", "values", "skipped", "error/bound",
            "max abs", "max rel", "max ulp", "beyond 1e-6/1e-3");
    for (int i = 0; i < r->family_count; i++) {
        const CheckFamily *f = &r->family[i];
        if (f->runs == 0) continue;
        fprintf(to, "  %-22s %5d %10lld %9lld %11.2g %9.2g %9.2g %9.2g %8lld/%lld\n", f->name, f->runs, (long long)f->points,
                (long long)f->skipped, f->error_per_bound, f->most_absolute, f->most_relative, f->most_ulps,
                (long long)f->beyond_tight, (long long)f->beyond_loose);
    }
}

static void print_lines(FILE *to, const char *indent, const char *text) {
    while (*text) {
        size_t length = strcspn(text, "\n");
        fprintf(to, "%s%.*s\n", indent, (int)length, text);
        text += length + (text[length] == '\n');
    }
}

static void print_failure(const CheckResult *r, FILE *to) {
    const CheckFailure *f = &r->failure;
    bool native = r->verdict == CHECK_NATIVE_WRONG;
    if (f->shapes) fprintf(to, "  shapes: %s\n", f->shapes);
    if (f->family)
        fprintf(to, "  found on inputs '%s', seed %llu; smallest failing input found:\n", f->family,
                (unsigned long long)f->seed);
    if (f->input) print_lines(to, "    ", f->input);
    if (f->at)
        fprintf(to, "  at %s: %s %.9g, %s %.9g, apart %.3g, allowed %.3g\n", f->at, native ? "native" : "left", f->left,
                native ? "reference" : "right", f->right, fabs(f->left - f->right), f->bound);
    if (f->first)
        fprintf(to, "  first differ: %s%s%s%s\n", f->first, f->first_detail ? " (" : "",
                f->first_detail ? f->first_detail : "", f->first_detail ? ")" : "");
    else if (f->at) fprintf(to, "  first differ: %s\n", f->at);
    if (f->reason) fprintf(to, "  %s\n", f->reason);
}

static double most_order_ratio(const CheckResult *r) {
    double most = 0;
    for (int i = 0; i < r->family_count; i++)
        if (r->family[i].order_ratio > most) most = r->family[i].order_ratio;
    return most;
}

void check_print_short(const CheckResult *r, FILE *to) {
    double ratio = 0, ulps = 0, apart = 0;
    int64_t values = 0, skipped = 0;
    for (int i = 0; i < r->family_count; i++) {
        const CheckFamily *f = &r->family[i];
        values += f->points, skipped += f->skipped;
        apart = fmax(apart, f->sides_per_bound), ratio = fmax(ratio, f->error_per_bound), ulps = fmax(ulps, f->most_ulps);
    }
    fputs("  numeric  ", to);
    if (r->verdict == CHECK_HOLDS && r->within > 0) fprintf(to, "sides apart by %.2g of what `within` allows; ", apart);
    fputs(r->verdict == CHECK_HOLDS ? "within the rounding bound" : VERDICT[r->verdict], to);
    if (r->verdict == CHECK_HOLDS) fprintf(to, ", worst %.2g of the bound, %.2g ulp, %lld values", ratio, ulps, (long long)values);
    if (r->verdict == CHECK_HOLDS && r->exact_points) fprintf(to, ", %lld of whole numbers exactly", (long long)r->exact_points);
    fputc('\n', to);
    if (r->unclear) fprintf(to, "           %s\n", r->unclear);
    if (r->verdict == CHECK_DIFFERS || r->verdict == CHECK_NATIVE_WRONG) print_failure(r, to);
}

static void print_result(const CheckResult *r, FILE *to) {
    fprintf(to, "%s: %s", r->name, VERDICT[r->verdict]);
    if (r->verdict == CHECK_HOLDS && r->factor != 0) fprintf(to, " with the factor %.9g", r->factor);
    fputc('\n', to);
    print_table(r, to);
    if (most_order_ratio(r) > 0)
        fprintf(to, "  bound of the chosen order / bound of the source order: %.2g\n", most_order_ratio(r));
    if (r->exact_points)
        fprintf(to, "  whole numbers: %lld values equal integer arithmetic exactly\n", (long long)r->exact_points);
    else if (r->exact_not) fprintf(to, "  whole numbers: not tried (%s)\n", r->exact_not);
    if (r->verdict == CHECK_DIFFERS || r->verdict == CHECK_NATIVE_WRONG) print_failure(r, to);
    bool ran = false;
    for (int i = 0; i < r->family_count; i++) ran |= r->family[i].runs > 0;
    if (r->unclear) fprintf(to, "  %s\n", r->unclear);
    else if (r->verdict == CHECK_UNDECIDED)
        fprintf(to, "  no value could be judged: %s\n",
                ran ? "every bound is infinite" : "no input was small enough to run");
}

void check_print(const CheckReport *report, FILE *to) {
    for (int i = 0; i < report->count; i++) print_result(&report->result[i], to);
    for (int i = 0; i < report->notes.count; i++) fprintf(to, "note: %s\n", report->notes.at[i]);
    if (report->error) fprintf(to, "not run: %s\n", report->error);
    int held = 0;
    for (int i = 0; i < report->count; i++) held += report->result[i].verdict == CHECK_HOLDS;
    fprintf(to, "%d of %d checks hold (numeric)\n", held, report->count);
}

/* ---- JSON -------------------------------------------------------------------------------------------------------- */
/* JSON has no infinity: null. */
static json_t *number(double value) {
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *text_or_null(const char *text) {
    return text ? json_string(text) : json_null();
}

static json_t *family_json(const CheckFamily *f) {
    json_t *o = json_object();
    json_object_set_new(o, "inputs", json_string(f->name));
    json_object_set_new(o, "runs", json_integer(f->runs));
    json_object_set_new(o, "values", json_integer(f->points));
    json_object_set_new(o, "skipped", json_integer(f->skipped));
    json_object_set_new(o, "error_per_bound", number(f->error_per_bound));
    json_object_set_new(o, "max_abs", number(f->most_absolute));
    json_object_set_new(o, "max_rel", number(f->most_relative));
    json_object_set_new(o, "max_ulp", number(f->most_ulps));
    json_object_set_new(o, "sides_per_bound", number(f->sides_per_bound));
    json_object_set_new(o, "order_ratio", f->order_ratio > 0 ? number(f->order_ratio) : json_null());
    json_object_set_new(o, "beyond_rtol_1.3e-6", json_integer(f->beyond_tight));
    json_object_set_new(o, "beyond_rtol_1e-3", json_integer(f->beyond_loose));
    return o;
}

static json_t *failure_json(const CheckFailure *f, bool native) {
    json_t *o = json_object();
    json_object_set_new(o, "inputs", text_or_null(f->family));
    json_object_set_new(o, "seed", json_integer((json_int_t)f->seed));
    json_object_set_new(o, "shapes", text_or_null(f->shapes));
    json_object_set_new(o, "at", text_or_null(f->at));
    json_object_set_new(o, native ? "native" : "left", number(f->left));
    json_object_set_new(o, native ? "reference" : "right", number(f->right));
    json_object_set_new(o, "allowed", number(f->bound));
    json_object_set_new(o, "smallest_input", text_or_null(f->input));
    json_object_set_new(o, "first_differ", text_or_null(f->first));
    json_object_set_new(o, "first_detail", text_or_null(f->first_detail));
    json_object_set_new(o, "reason", text_or_null(f->reason));
    return o;
}

json_t *check_result_json(const CheckResult *r) {
    json_t *o = json_object(), *families = json_array();
    for (int i = 0; i < r->family_count; i++)
        if (r->family[i].runs) json_array_append_new(families, family_json(&r->family[i]));
    json_object_set_new(o, "verdict", json_string(VERDICT_KEY[r->verdict]));
    json_object_set_new(o, "factor", r->factor != 0 ? number(r->factor) : json_null());
    json_object_set_new(o, "families", families);
    json_object_set_new(o, "exact_values", json_integer(r->exact_points));
    json_object_set_new(o, "exact_not_tried", text_or_null(r->exact_not));
    json_object_set_new(o, "unclear", text_or_null(r->unclear));
    bool failed = r->verdict == CHECK_DIFFERS || r->verdict == CHECK_NATIVE_WRONG;
    if (failed) json_object_set_new(o, "failure", failure_json(&r->failure, r->verdict == CHECK_NATIVE_WRONG));
    return o;
}
