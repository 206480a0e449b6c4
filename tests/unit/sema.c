/* sema/: small sources against the listing of their circuit, and against the code of their error. */
#include "sema/sema.h"

#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "circuit/build.h"
#include "front/front.h"

void suite_sema(void);

#define RELAY "neuron relay(function phi = identity) { compartment input; parameter tau = 10 ms; rate r; " \
              "tau * r' = -r + phi(input); }\n"
#define PYRAMIDAL "neuron pyramidal { compartment basal, apical; parameter tau = 10 ms; rate r; " \
                  "tau * r' = -r + apical * basal; }\n"
#define MEMORY "neuron memory(leak = 1) { compartment basal, apical; state m = 0; " \
               "m = leak * previous(m) + apical * basal; rate r = m; }\n"

typedef struct Run {
    Arena *arena;
    Diagnostics *diagnostics;
    Circuit *circuit;
    char *listing; /* of the circuit, or of the messages */
} Run;

static Run run_with(const char *text, const SemaOverride *overrides, int count) {
    Run run = {.arena = arena_new()};
    Names *names = names_new(run.arena);
    run.diagnostics = diag_new(run.arena);
    int file = diag_add_source(run.diagnostics, "test.ctx", text, strlen(text));
    SemaInput input = {.name = "test", .overrides = overrides, .override_count = count};
    input.main = front_parse(run.arena, names, run.diagnostics, file);
    if (diag_error_count(run.diagnostics) == 0)
        run.circuit = sema_check(run.arena, names, run.diagnostics, &input);
    size_t size;
    FILE *to = open_memstream(&run.listing, &size);
    if (run.circuit) cir_print(run.circuit, to);
    else diag_render(run.diagnostics, to, false);
    fclose(to);
    if (run.circuit) CU_ASSERT_PTR_NULL(cir_verify(run.circuit));
    return run;
}

static void run_end(Run *run) {
    free(run->listing);
    arena_free(run->arena);
}

/* The listing of the circuit (or the messages) holds each of the lines. */
static void expect(const char *text, const char *const *lines) {
    Run run = run_with(text, NULL, 0);
    for (; *lines; lines++) {
        bool found = strstr(run.listing, *lines) != NULL;
        CU_ASSERT(found);
        if (!found) fprintf(stderr, "\nmissing: %s\nin: %s\n", *lines, run.listing);
    }
    run_end(&run);
}
#define EXPECT(text, ...) expect(text, (const char *const[]){__VA_ARGS__, NULL})

/* Exactly `count` errors, and the message holds the words. */
static void expect_errors(const char *text, int count, const char *words) {
    Run run = run_with(text, NULL, 0);
    CU_ASSERT_EQUAL(diag_error_count(run.diagnostics), count);
    bool found = strstr(run.listing, words) != NULL;
    CU_ASSERT(found);
    if (!found || diag_error_count(run.diagnostics) != count) fprintf(stderr, "\nexpected %d, %s: %s\n", count, words, run.listing);
    run_end(&run);
}

/* ---- wiring ------------------------------------------------------------------------------------------------------ */
static void wiring_by_name(void) {
    EXPECT(PYRAMIDAL "axis a = 16; axis c = 64; stimulus k[a], q[a], v[c];\n"
                     "column unit { layer L23 { population mask[a] : pyramidal; } layer L5 { population value[c] : pyramidal; }\n"
                     "k -> mask.apical; q -> mask.basal; v -> value.basal; mask -> value.apical; }\n"
                     "output y = unit.value; check y[c] == (sum(a) k[a] * q[a]) * v[c];",
           "population unit.mask[a] : pyramidal in L23", "(0.01) * unit.value' =", "project unit.mask.apical <- k[a]\n",
           "project unit.value.apical <- sum[a.1] unit.mask[a.1]\n",
           "spec check.1.right[c] = (sum(a.2) k[a.2] * q[a.2]) * v[c]", "output y = unit.value");
}

static void weights_and_biases(void) {
    EXPECT(RELAY "axis d = 8; axis e = 4; axis d2 = d; stimulus x[d]; population p[e], q[d] : relay;\n"
                 "x -> p : dense W[e, d] ~ normal(0, 0.5) bias b[e]; p -> q : -1; q[d as d2] -> q : dense U[d, d2];\n"
                 "previousless[d] -> q; population previousless[d] : relay <- x; output y = p;",
           "weight W[e, d] ~ normal(0, 0.5)", "weight b[e] ~ 0", "weight U[d, d2] ~ xavier(8, 8)",
           "project p.input <- sum[d.1] (W[e, d.1]) * x[d.1] + b[e]", "sum[e.1] (-1) * p[e.1]", "(U[d, d.2]) * q[d.2]");
}

static void guards_become_atoms(void) {
    EXPECT(RELAY "axis token = 9; stimulus x[token]; cycle now over token; population m : relay <- x[token as now];\n"
                 "population p[token] : relay <- x; m -> p; population q : relay;\n"
                 "p -> q where token < now and now - token <= 7; output y = q;",
           "where token.1 - now <= -1, now - token.1 <= 7 p[now, token.1]");
}

static void cycles_spread(void) {
    EXPECT(RELAY PYRAMIDAL MEMORY
           "axis token <= 9; axis c = 2; axis a = 3; stimulus k[token, a], v[token, c]; cycle now over token;\n"
           "population key[a] : relay; k[token as now] -> key; population content[c] : relay <- v[token as now];\n"
           "area V { population store[c, a] : memory(leak = 0.9); key -> store.basal; content -> store.apical; }\n"
           "population echo[c, a] : relay; previous(V.store) -> echo; population all[token, c, a] : relay <- V.store[now as token];\n"
           "population end[c, a] : relay <- V.store[now = last]; output y = all; output z = end; output w = echo;",
           "population V.store[now, c, a] : memory", "V.store.m = 0.9 * previous(V.store.m[now, c, a])",
           "project echo.input <- previous(V.store.m[now, c, a])", "population all[token, c, a]",
           "project all.input <- V.store[token, c, a]", "project end.input <- V.store[now = last, c, a]");
}

/* ---- templates --------------------------------------------------------------------------------------------------- */
static const char block[] = RELAY
    "template block(axis i, axis j, factor = 2; u[i], v[j]) -> out[i, j] { weight g[i, j] ~ 1; population out[i, j] : relay;\n"
    "population left[i] : relay <- u; left -> out : factor; v -> out : g; }\n"
    "axis d = 3; axis e = d; stimulus x[d], z[e];\n";

static void template_axes_are_fresh(void) {
    Text text = {0};
    Arena *arena = arena_new();
    text = text_new(arena);
    text_add(&text, "%sb = block(d, e, factor = 3; x, z) { g from \"tensor\"; }\noutput y = b.out;\ncheck y[d, e] == b.g[d, e];",
             block);
    EXPECT(text.at, "axis b.i : copy(d)", "axis b.j : copy(e)", "weight b.g[b.i, b.j] from \"tensor\"",
           "population b.out[b.i, b.j]", "project b.out.input <- (3) * b.left[b.i]",
           "project b.left.input <- x[b.i]", "spec y[d, e] = b.out[d, e]");
    arena_free(arena);
}

static void repeats_unroll(void) {
    EXPECT(RELAY "axis d = 3; stimulus x[d];\n"
                 "template step(axis d; u[d]) -> out[d] { weight g[d]; population out[d] : relay; u -> out : g; }\n"
                 "repeat i in 0..3 with h = x { s = step(d; h) { g from \"layer.{i}.g\"; } next h = s.out; }\n"
                 "output y = h; check one: s[1].out == s[1].out;",
           "weight s[2].g[s[2].d] from \"layer.2.g\"", "project s[0].out.input <- (s[0].g[s[0].d]) * x[s[0].d]",
           "project s[2].out.input <- (s[2].g[s[2].d]) * s[1].out[s[2].d]", "spec y[d] = s[2].out[d]");
}

/* ---- specs ------------------------------------------------------------------------------------------------------- */
static void specs_expand(void) {
    EXPECT("axis t = 4; axis a = 2; stimulus q[t, a];\n"
           "spec elu1(x) -> y { y = relu(x) + exp(min(x, 0)); }\n"
           "spec f(q[i, a], leak) -> o[i] { s[i, j] = sum(a) elu1(q[i, a]) * q[j, a]; o[i] = sum(j where j <= i) leak ^ (i - j) * s[i, j]; }\n"
           "output y = f(q, 0.5); check y[k] == 2 * y[k];",
           "spec f.s[t.1, t.2] = sum(a.2) (relu(q[t.1, a.2]) + exp(min(q[t.1, a.2], 0))) * q[t.2, a.2]",
           "sum(t.4 where t.4 <= t.1) 0.5 ^ (t.1 - t.4) * f.s[t.1, t.4]", "output y = y");
}

/* ---- overrides --------------------------------------------------------------------------------------------------- */
static void overrides_apply(void) {
    static const char text[] = "axis a = 4; const k = 2; stimulus x[a]; output y[a] = k * x[a];";
    SemaOverride good[] = {{"a", "7"}, {"k", "2.5"}}, unknown[] = {{"b", "7"}}, wrong[] = {{"a", "x"}};
    Run run = run_with(text, good, 2);
    CU_ASSERT(strstr(run.listing, "axis a : const(7)") != NULL);
    CU_ASSERT(strstr(run.listing, "2.5 * x[a]") != NULL);
    run_end(&run);
    run = run_with(text, unknown, 1);
    CU_ASSERT(strstr(run.listing, "E0211") != NULL);
    run_end(&run);
    run = run_with(text, wrong, 1);
    CU_ASSERT(strstr(run.listing, "E0211") != NULL);
    run_end(&run);
}

/* ---- errors: one mistake, one message ------------------------------------------------------------------------------ */
static void one_mistake_one_message(void) {
    expect_errors("axis token = 4; stimulus x[tokne]; output y = x;", 1, "did you mean `token`");
    expect_errors("axis a = 0; stimulus x[a]; output y = x;", 1, "E0301");
    expect_errors("axis a = 2 ^ 40; stimulus x[a]; output y = x;", 1, "E0301");
    expect_errors("axis a = 9 ^ 30; stimulus x[a]; output y = x;", 1, "E0302");
    expect_errors(RELAY "axis a = 2; stimulus x[a]; population p[a] : realy <- x; p -> p; output y = p;", 1, "`relay`");
    expect_errors(RELAY "axis a = 2; axis b = 3; axis c = 4; stimulus x[a]; population p[b] : relay; x -> p : dense W[b, c, a];"
                        "output y = p;", 1, "weight [b, c, a]");
    expect_errors(PYRAMIDAL "axis a = 2; stimulus x[a]; population p[a] : pyramidal <- x; output y = p;", 1, "p.apical");
    expect_errors("neuron n { compartment i; parameter tau = 10 mV; rate r; tau * r' = -r + i; }\n"
                  "axis a = 2; stimulus x[a]; population p[a] : n <- x; output y = p;", 1, "V/s");
    expect_errors("axis a = 2; axis b = 2; stimulus x[a], y[b]; check x == y;", 1, "E0704");
    expect_errors(RELAY "template t(axis d; u[d]) -> out[d] { s = t(d; u); population out[d] : relay <- s; }\n"
                        "axis d = 2; stimulus x[d]; s = t(d; x); output y = s;", 1, "contains itself");
}

static void other_readings_are_refused(void) {
    expect_errors(RELAY "axis a = 2; stimulus x[a]; population p[a] : relay <- x; loss e = p; output y = p;", 1, "E0807");
}

/* Roots of units: the noise of a unit has s^(-1/2), and what it is added to must agree. */
static void half_powers(void) {
    const char *cell = "neuron n { compartment i : mV; parameter tau = 10 ms, D = 2 mV; noise xi; rate r : mV; tau * r' = -r + i + %s; }\n"
                       "axis a = 2; stimulus x[a] : mV; population p[a] : n <- x; output y = p;";
    const char *right[] = {"D * sqrt(2 * tau) * xi", "D * (2 * tau) ^ 0.5 * xi", "sqrt(D ^ 2 * tau) * xi", "sqrt(D * sqrt(tau) * D * sqrt(tau)) * xi",
                           "D * tau ^ 1.5 * xi / tau", "D * xi / tau ^ -0.5"};
    const char *wrong[] = {"D * tau * xi", "sqrt(D * tau) * xi", "D * xi", "D * tau ^ 0.3 * xi", "sqrt(sqrt(tau)) * xi", "D * tau ^ 1.5 * xi"};
    Arena *arena = arena_new();
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        Run run = run_with(arena_printf(arena, cell, right[i]), NULL, 0);
        if (!run.circuit) fprintf(stderr, "\n%s: %s\n", right[i], run.listing);
        CU_ASSERT_PTR_NOT_NULL(run.circuit);
        run_end(&run);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) expect_errors(arena_printf(arena, cell, wrong[i]), 1, "E04");
    expect_errors(arena_printf(arena, cell, "D * xi"), 1, "m^2 kg s^(-7/2) A^-1");
    arena_free(arena);
}

/* A further variable has the dimension that its differential equation gives it. */
static void variables_have_dimensions(void) {
    expect_errors("neuron n { compartment i : mV; parameter tau = 10 ms; rate r = u + tau * u'; tau * u' = -u + i; }\n"
                  "axis a = 2; stimulus x[a] : mV; population p[a] : n <- x; output y = p;", 1, "E0402");
    EXPECT("neuron n { compartment i : mV; parameter tau = 10 ms; tau * u' = -u + i; rate r : mV = u + tau * u'; }\n"
           "axis a = 2; stimulus x[a] : mV; population p[a] : n <- x; output y = p;", "p = p.u[a] + 0.01 * derivative(p.u[a])");
}

/* The table has the axes of the weight, target first, or of all cells where the weight has none; cycles have no part in it. */
static void sparse_tables(void) {
    static const struct {
        const char *arrow, *line;
    } cases[] = {
        {"p[u as v] -> r : dense W[u, v] sparse(in = 2);", "weight r.input.from.p[u, v] const ~ choose(2, 6)\n"},
        {"p[u as v] -> r : dense W[v, u] sparse(p = 0.25);", "weight r.input.from.p[u, v] const ~ bernoulli(0.25)\n"},
        {"p[u as v] -> r : dense W[v, u] sparse(p = 0.25);", "weight W[v, u] ~ xavier(1.5, 1.5)\n"},
        {"p[u as v] -> r : dense W[v, u] sparse(p = 0.25);", "sum[u.2] (r.input.from.p[u, u.2] * W[u.2, u]) * p[t, u.2]"},
        {"p -> m : 2 sparse(in = 7, seed = 3);", "weight m.input.from.p.3[t, u] const ~ choose(7, 30)\n"},
        {"q[u as v] -> r : near sparse(in = 3);", "weight r.input.from.q[t, u, v] const ~ choose(3, 6)\n"},
        {"p -> r sparse(p = 0.5);", "weight r.input.from.p[t, u] const ~ bernoulli(0.5)\n"},
        {"x[t as now] -> s sparse(p = 1);", "weight s.input.from.x[u] const ~ 1\n"},
        {"x[t as now] -> m delay 1 ms sparse(in = 3) where u < 4;", "where u.2 <= 3 (m.input.from.x[u.2]) * x[now, u.2] delay (0.001)"},
    };
    Arena *arena = arena_new();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *text = arena_printf(arena, RELAY "axis t = 5; axis u = 6; axis v = u; stimulus x[t, u]; cycle now over t; const near[v] = 1 / (1 + v);\n"
                                         "population p[t, u], q[u], r[t, u], s[u], m : relay;\n"
                                         "x -> p; x[t as now] -> q; q -> s; q -> m; p -> r; %s\noutput y = r; output z = s; output w = m;",
                                         cases[i].arrow);
        expect(text, (const char *const[]){cases[i].line, NULL});
    }
    arena_free(arena);
}

/* Varying over the axes of source and target, each point is looked at; a table as well. */
static void delays_at_every_point(void) {
    const char *net = "axis u = 6; axis v = u; stimulus x[u]; population p[u] : relay <- x; population q[u] : relay;\n"
                      "const t[u] = select(u == 5, 0 ms, 1 ms); p[u as v] -> q delay %s; output y = q;";
    const char *right[] = {"1 ms * max(u, v)", "1 ms * abs(u - v)", "t", "t * 0", "1 ms * (u < v)", "select(u == v, 0 ms, 1 ms / abs(u - v))"};
    const char *wrong[] = {"1 ms * (u - v)", "t - 0.5 ms", "1 ms / (u - v)", "1 ms * sqrt(u - 1)", "t * t", "1 ms * (sum(v) v)"};
    Arena *arena = arena_new();
    for (size_t i = 0; i < sizeof right / sizeof *right; i++)
        expect(arena_printf(arena, "%s%s", RELAY, arena_printf(arena, net, right[i])), (const char *const[]){" delay (", NULL});
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_errors(arena_printf(arena, "%s%s", RELAY, arena_printf(arena, net, wrong[i])), 1, "E0801");
    arena_free(arena);
}

void suite_sema(void) {
    CU_pSuite suite = CU_add_suite("sema", NULL, NULL);
    CU_add_test(suite, "wiring by name", wiring_by_name);
    CU_add_test(suite, "weights and biases", weights_and_biases);
    CU_add_test(suite, "guards become atoms", guards_become_atoms);
    CU_add_test(suite, "cycles spread", cycles_spread);
    CU_add_test(suite, "a template's axes are fresh", template_axes_are_fresh);
    CU_add_test(suite, "repeats unroll", repeats_unroll);
    CU_add_test(suite, "specs expand", specs_expand);
    CU_add_test(suite, "overrides apply", overrides_apply);
    CU_add_test(suite, "one mistake, one message", one_mistake_one_message);
    CU_add_test(suite, "other readings are refused", other_readings_are_refused);
    CU_add_test(suite, "sparse tables", sparse_tables);
    CU_add_test(suite, "half powers", half_powers);
    CU_add_test(suite, "variables have dimensions", variables_have_dimensions);
    CU_add_test(suite, "delays at every point", delays_at_every_point);
}
