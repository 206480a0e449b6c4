#include <jansson.h>
#include <math.h>
#include <string.h>

#include "driver/commands.h"
#include "driver/settling.h"

static int widest(const Settling *s) {
    int width = (int)strlen("population");
    for (int i = 0; i < s->count; i++) {
        int length = (int)strlen(s->row[i].population);
        if (length > width) width = length;
    }
    return width;
}

static const char *in_ms(char text[32], double seconds) {
    if (seconds > 0) snprintf(text, 32, "%.4g ms", seconds * 1e3);
    else strcpy(text, "-");
    return text;
}

static void print_text(const Settling *s) {
    int width = widest(s);
    char tau[32], within[32], after[32];
    snprintf(after, sizeof after, "off after %g ms", s->integration.cycle * 1e3);
    printf("%-*s  %9s  %16s  %s\n", width, "population", "tau", after, "within 1 % from");
    for (int i = 0; i < s->count; i++) {
        const SettlingRow *r = &s->row[i];
        printf("%-*s  %9s  %16.2e  %s\n", width, r->population, in_ms(tau, r->tau), r->off, r->within < 0 ? "not in a cycle" : in_ms(within, r->within));
    }
    printf("\nsteps of %g ms, %lld a cycle; normal stimuli%s%s; off: largest distance from the settled value, of the largest settled value\n",
           s->integration.dt * 1e3, (long long)s->integration.steps, *s->sizes ? ", " : "", s->sizes);
    if (s->measured && isinf(s->order)) printf("order of the method, measured on %s: exact, halving the step changes nothing\n", s->measured);
    else if (s->measured) printf("order of the method, measured on %s: %.2f\n", s->measured, s->order);
}

static void print_json(const Settling *s) {
    json_t *rows = json_array();
    for (int i = 0; i < s->count; i++) {
        const SettlingRow *r = &s->row[i];
        json_t *one = json_pack("{s:s, s:f}", "population", r->population, "off", r->off);
        if (r->tau > 0) json_object_set_new(one, "tau", json_real(r->tau));
        json_object_set_new(one, "within", r->within < 0 ? json_null() : json_real(r->within));
        json_array_append_new(rows, one);
    }
    json_t *all = json_pack("{s:f, s:f, s:I, s:o}", "dt", s->integration.dt, "cycle", s->integration.cycle, "steps", (json_int_t)s->integration.steps,
                            "populations", rows);
    if (s->measured) json_object_set_new(all, "measured", json_string(s->measured));
    if (s->measured && isfinite(s->order)) json_object_set_new(all, "order", json_real(s->order));
    json_dumpf(all, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    putchar('\n');
    json_decref(all);
}

/* An iterated loop may have no fixed point: then the settled values are none, and nothing is compared with them. */
static int not_finite(const Settling *s) {
    for (int i = 0; i < s->count; i++) {
        if (isfinite(s->row[i].off)) continue;
        fprintf(stderr, "ctx settle: '%s' has no finite settled value on these data: there is nothing that it could settle to\n", s->row[i].population);
        return EXIT_WRONG;
    }
    return EXIT_DONE;
}

int command_settle(Options *options) {
    Arena *arena = arena_new();
    Settling settling;
    int status = settling_measure(arena, options, &settling);
    if (status == EXIT_DONE) status = not_finite(&settling);
    if (status == EXIT_DONE && settling.count == 0) {
        fprintf(stderr, "ctx settle: nothing moves in %s: no cell has a differential equation\n", options->file);
        status = EXIT_WRONG;
    }
    if (status == EXIT_DONE && option_given(options, OPTION_JSON)) print_json(&settling);
    else if (status == EXIT_DONE) print_text(&settling);
    arena_free(arena);
    return status;
}
