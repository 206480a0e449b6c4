/* ir/build*.c: sources, through front end and checks, and the system-level programs they give. */
#include "ir/build.h"

#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

#include "front/front.h"
#include "ir/settle.h"
#include "sema/sema.h"
#include "ir_text.h"

void suite_ir_build(void);

/* Cells whose value is their input, so that what is looked at is the wiring. */
#define CELLS \
    "neuron cell { compartment input; rate r; r = input; }\n" \
    "neuron gated { compartment basal, gain = 1; rate r; r = gain * basal; }\n"

static AstFile *no_module(void *data, const AstFile *user, const AstNames *path) {
    (void)data, (void)user, (void)path;
    return NULL;
}

/* The system level alone. */
static IrProgram *system_of(Arena *arena, const char *source) {
    Names *names = names_new(arena);
    Diagnostics *diagnostics = diag_new(arena);
    const char *text = arena_printf(arena, "%s%s", CELLS, source);
    int file = diag_add_source(diagnostics, "test.ctx", text, strlen(text));
    SemaInput input = {.main = front_parse(arena, names, diagnostics, file), .name = "test", .load = no_module};
    Circuit *circuit = sema_check(arena, names, diagnostics, &input);
    if (!circuit) diag_render(diagnostics, stdout, false);
    CU_ASSERT_PTR_NOT_NULL_FATAL(circuit);
    IrProgram *system = ir_build(arena, names, diagnostics, circuit);
    CU_ASSERT_EQUAL(diag_error_count(diagnostics), 0);
    char *wrong = ir_verify(system), *error = NULL;
    if (wrong) printf("system: %s\n%s", wrong, printed_in(arena, system));
    CU_ASSERT_PTR_NULL(wrong);
    IrProgram *again = ir_parse(arena, names, printed_in(arena, system), &error);
    if (!again) printf("%s\n%s", error, printed_in(arena, system));
    CU_ASSERT_PTR_NOT_NULL_FATAL(again);
    CU_ASSERT_STRING_EQUAL(printed_in(arena, again), printed_in(arena, system));
    return system;
}

static IrProgram *built(Arena *arena, const char *source) {
    IrProgram *system = system_of(arena, source), *core = ir_settle(system, NULL, diag_new(arena));
    char *later = ir_verify(core);
    if (later) printf("core: %s\n%s", later, printed_in(arena, system));
    CU_ASSERT_PTR_NULL(later);
    return system;
}

/* Each line of `wanted` is a line of the program; a line that starts with ! does not occur in it. */
static void lines_hold(const char *source, IrProgram *(*make)(Arena *arena, const char *source), const char *wanted) {
    Arena *arena = arena_new();
    char *text = arena_printf(arena, "\n%s", printed_in(arena, make(arena, source)));
    for (const char *line = wanted; *line;) {
        size_t length = strcspn(line, "\n");
        bool absent = *line == '!', found;
        if (absent) found = strstr(text, arena_strndup(arena, line + 1, length - 1)) != NULL;
        else found = strstr(text, arena_printf(arena, "\n%.*s\n", (int)length, line)) != NULL;
        if (found == absent) printf("%s: %.*s\n%s", absent ? "not wanted" : "missing", (int)length, line, text);
        CU_ASSERT_TRUE(found != absent);
        line += length + (line[length] == '\n');
    }
    arena_free(arena);
}

static void holds(const char *source, const char *wanted) { lines_hold(source, built, wanted); }
static void says(const char *source, const char *wanted) { lines_hold(source, system_of, wanted); }

static void axes_decide_the_wiring(void) {
    holds("axis t = 4;\naxis d = 3;\naxis e = 5;\nstimulus x[t, d];\n"
          "population p[t, e], q[t, d], r[d], s[e] : cell;\n"
          "x -> p : dense W[e, d];\nx -> q;\nx -> r : 1 / size(t);\nr -> s;\noutput p = p;\noutput q = q;\noutput s = s;\n",
          "weight W[e, d] draw xavier(3, 5)\n"
          "alg p.input[t, e] of compartment \"p.input\" = sum(d.1) W[e, d.1] * x[t, d.1]\n"
          "alg q.input[t, d] of compartment \"q.input\" = x[t, d]\n"
          "alg r.input[d] of compartment \"r.input\" = sum(t.1) 1 / size(t.1) * x[t.1, d]\n"
          "alg s.input[e] of compartment \"s.input\" = sum(d.2) r[d.2]\n"
          "alg p[t, e] of population \"p\" = p.input[t, e]\n"
          "output p = p\n");
}

static void projections_add_and_biases_stand_outside(void) {
    holds("axis t = 4;\naxis d = 3;\nstimulus x[t, d], z[d];\npopulation p[d] : gated;\n"
          "x -> p : 0.5 bias b[d] ~ 0.1 where t <= d;\nz -> p : -1;\noutput p = p;\n",
          "weight b[d] draw constant(0.1, 0)\n"
          "alg p.basal[d] of compartment \"p.basal\" = sum(t.1 where t.1 <= d) 0.5 * x[t.1, d] + b[d] + -1 * z[d]\n"
          "alg p.gain[d] of compartment \"p.gain\" = 1\n"
          "alg p[d] of population \"p\" = p.gain[d] * p.basal[d]\n");
}

static void a_guard_without_a_sum_selects(void) {
    holds("axis t = 4;\nstimulus x[t];\npopulation p[t] : cell;\nx -> p where t < 2;\noutput p = p;\n",
          "alg p.input[t] of compartment \"p.input\" = select(position(t) <= 1, x[t], 0)\n");
}

static void tied_weights_are_one(void) {
    holds("axis a = 3;\naxis b = 3;\naxis c = 2;\nstimulus x[a], y[b];\nweight W[c, a];\nweight V[c, b] = W;\n"
          "population p[c] : cell;\nx -> p : W;\ny -> p : V;\noutput p = p;\n",
          "axis b : copy(a)\nweight W[c, a] draw xavier(3, 2)\n!weight V\n"
          "alg p.input[c] of compartment \"p.input\" = sum(a.1) W[c, a.1] * x[a.1] + (sum(b.1) W[c, b.1] * y[b.1])\n");
}

static void cycles_states_and_previous(void) {
    holds("axis token <= 9;\naxis d = 3;\nstimulus x[token, d];\ncycle now over token;\n"
          "neuron trace(leak = 0.5) { compartment input; state m = 2; m = leak * previous(m) + input; rate r = m; }\n"
          "population core[d] : cell <- x[token as now];\npopulation kept[d] : trace;\npopulation late[d], end[d] : cell;\n"
          "core -> kept;\nprevious(core) -> late;\nkept[now = last] -> end;\nkept[now as token] -> wide;\n"
          "population wide[token, d] : cell;\noutput late = late;\noutput end = end;\noutput wide = wide;\n",
          "alg core.input[now, d] of compartment \"core.input\" = x[now, d]\n"
          "alg core[now, d] along now of population \"core\" init 0 = core.input[now, d]\n"
          "state kept.m[now, d] along now of state \"kept.m\" init 2 = 0.5 * prev(kept.m[now, d]) + kept.input[now, d]\n"
          "alg late.input[now, d] of compartment \"late.input\" = prev(core[now, d])\n"
          "alg end.input[d] of compartment \"end.input\" = kept[last, d]\n"
          "alg wide.input[token, d] of compartment \"wide.input\" = kept[token, d]\n");
}

static void differential_equations_and_iteration(void) {
    holds("axis u = 3;\naxis pre = u;\nstimulus x[u];\n"
          "neuron slow { compartment input; parameter tau = 20 ms; rate r; tau * r' = -r + tanh(input); }\n"
          "population r[u] : slow iterate 50 until 1e-3;\nx -> r;\nr[u as pre] -> r : dense W[u, pre];\noutput r = r;\n",
          "ode r[u] of population \"r\" iterate 50 until 0.001 rate 0.02 = -r[u] + tanh(r.input[u])\n"
          "alg r.input[u] of compartment \"r.input\" = x[u] + (sum(u.1) W[u, u.1] * r[u.1])\n");
}

/* Instances have brackets in their names, which the IR uses for indices; what is printed keeps the name of the source. */
static void instances_get_dots(void) {
    holds("axis d = 3;\nstimulus x[d];\ntemplate twice(axis d; u[d]) -> out[d] { population out[d] : cell; u -> out : 2; }\n"
          "repeat i in 0..2 with h = x { b = twice(d; h); next h = b.out; }\noutput y = h;\nrecord b[0].out;\n",
          "axis b.1.d : copy(d)\n"
          "alg b.0.out[b.0.d] of population \"b[0].out\" = b.0.out.input[b.0.d]\n"
          "alg b.1.out.input[b.1.d] of compartment \"b[1].out.input\" = 2 * b.0.out[b.1.d]\n"
          "alg y[d] of spec \"y\" = b.1.out[d]\noutput y = y\n"
          "alg b.0.out.2[d] of spec \"b[0].out\" = b.0.out[d]\nrecord \"b[0].out\" = b.0.out.2\n");
}

static void ends_are_equations(void) {
    holds("axis d = 3;\nstimulus x[d];\nspec half(u[i]) -> v[i] { v[i] = u[i] / 2; }\nconst g[d] = d + 1;\n"
          "population p[d] : cell;\nx -> p : g;\noutput same = x;\noutput p = p;\noutput again = p;\n"
          "check halves: p == half(p) + half(p) within 0.01;\n",
          "alg g[d] of constant \"g\" = position(d) + 1\nalg same[d] of spec \"same\" = x[d]\noutput same = same\n"
          "output p = p\nalg again[d] = p[d]\noutput again = again\n"
          "check \"halves\" : check.halves.left == check.halves.right within 0.01\n"
          "alg check.halves.left[d] of spec \"check.halves.left\" = p[d]\n");
}

/* ---- what the dynamic reading is told ---------------------------------------------------------------------------- */
static void delays_are_on_the_source(void) {
    says("axis unit = 3;\naxis pre = unit;\naxis d = 2;\nstimulus x[unit];\nstimulus v[d] : mV;\nconst far[unit, pre] = 1 ms * abs(unit - pre);\n"
         "population p[unit] : cell;\npopulation q[d] : cell;\npopulation r : cell;\n"
         "x -> p : 0.5 bias b[unit] ~ 1 delay 2 * 1 ms;\n"
         "p[unit as pre] -> p : dense W[unit, pre] delay 1 ms + 0.5 ms * abs(unit - pre) where pre < unit;\n"
         "p[unit as pre] -> p delay far;\nv -> q : 1 / 1 mV delay 0;\nq -> r delay d * 1 ms;\noutput p = p;\noutput r = r;\n",
         "alg p.input[unit] of compartment \"p.input\" = 0.5 * delay(p.input.heard.x[unit], 0.002) + b[unit] + "
         "(sum(unit.1 where unit.1 - unit <= -1) W[unit, unit.1] * delay(p[unit.1], 0.001 + 0.0005 * abs(position(unit) - position(unit.1)))) + "
         "(sum(unit.2) delay(p[unit.2], far[unit, unit.2]))\n"
         "alg q.input[d] of compartment \"q.input\" = 0.001 * (1 / 0.001) * delay(q.input.heard.v[d], 0)\n"
         "alg r.input of compartment \"r.input\" = sum(d.1) delay(q[d.1], position(d.1) * 0.001)\n");
}

/* Inside of an instance positions are those of its own axes; a synapse with a state sends its signal later. */
static void delays_cross_boundaries(void) {
    says("axis a = 3;\naxis token = 4;\nstimulus x[a], z[token];\ncycle now over token;\n"
         "template late(axis i, lag = 1 ms; u[i]) -> out[i] { population out[i] : cell; u -> out delay lag * (1 + i); }\n"
         "s = late(a, lag = 3 ms; x);\npopulation one : cell <- z[token as now];\npopulation two : cell;\n"
         "synapse kept { state w = 0; w = previous(w) + pre; output w; }\none -> two via kept delay 4 ms;\n"
         "x -> s.out delay 1 ms * a;\noutput y = s.out;\noutput w = two;\n",
         "alg s.out.input[s.i] of compartment \"s.out.input\" = delay(s.out.input.heard.x[s.i], 0.003 * (1 + position(s.i))) + delay(s.out.input.heard.x.2[s.i], 0.001 * position(s.i))\n"
         "alg two.input[now] of compartment \"two.input\" = delay(two.via.one.signal[now], 0.004)\n");
}

static void rates_of_change_and_methods(void) {
    says("axis d = 2;\nstimulus x[d];\n"
         "neuron ahead(tau = 10 ms) { compartment input; rate r = u + tau * u'; tau * u' = -u + gate * input; gate = 2; method rk4; }\n"
         "neuron pair { compartment input; parameter tau = 2 ms, t = 3 ms; rate r; tau * r' = -r + w + t * w'; t * w' = -w + input; }\n"
         "population p[d] : ahead <- x;\npopulation q[d] : pair;\np -> q;\noutput y = q;\n",
         "alg p[d] of population \"p\" = p.u[d] + 0.01 * derivative(p.u[d])\n"
         "ode p.u[d] of variable \"p.u\" rate 0.01 method rk4 = -p.u[d] + p.gate[d] * p.input[d]\n"
         "alg p.gate[d] of variable \"p.gate\" = 2\n"
         "ode q[d] of population \"q\" rate 0.002 = -q[d] + q.w[d] + 0.003 * derivative(q.w[d])\n");
}

/* Independent for each cell, in each cycle: the noise has all axes of its population. */
static void noise_is_an_input(void) {
    says("axis token = 4;\naxis d = 2;\nstimulus x[token, d];\ncycle now over token;\n"
         "neuron noisy(tau = 10 ms, sigma = 0.1) { compartment input; noise xi, eta; rate r;\n"
         "  tau * r' = -r + input + sigma * sqrt(2 * tau) * (xi - eta / 2); }\n"
         "repeat i in 0..1 { population p[d] : noisy <- x[token as now]; }\noutput y = p[0];\n",
         "noise p.0.xi[now, d] of noise \"p[0].xi\"\nnoise p.0.eta[now, d] of noise \"p[0].eta\"\n"
         "ode p.0[now, d] of population \"p[0]\" rate 0.01 = -p.0[now, d] + p.0.input[now, d] + "
         "0.1 * sqrt(2 * 0.01) * (p.0.xi[now, d] - p.0.eta[now, d] / 2)\n");
}

static void time_and_settled_values(void) {
    says("axis d = 2;\nstimulus x[d];\nneuron wave(f = 10 Hz) { compartment input = 0; rate r = input + sin(6 * f * time()); }\n"
         "neuron slow { compartment input; parameter tau = 5 ms; rate r; tau * r' = -r + input; }\n"
         "population w : wave(f = 2 kHz);\npopulation p[d] : slow;\nx -> p;\nw -> p;\noutput y = p;\n"
         "output z = settle(y, 2 * 10 ms) - y;\ncheck settle(y, 50 ms) == y within 1e-3;\ncheck (sum(d) settle(p, 1 s)) == sum(d) p[d] within 0.1;\n",
         "alg w of population \"w\" = w.input + sin(1.2e+04 * time())\n"
         "alg z[d] of spec \"z\" = settle(p[d], 0.02) - p[d]\n"
         "alg check.1.left[d] of spec \"check.1.left\" = settle(p[d], 0.05)\n"
         "alg check.2.left of spec \"check.2.left\" = sum(d.3) settle(p[d.3], 1)\n"
         "check \"check 1\" : check.1.left == check.1.right within 0.001\n");
}

void suite_ir_build(void) {
    CU_pSuite suite = CU_add_suite("ir_build", NULL, NULL);
    CU_add_test(suite, "axes decide the wiring", axes_decide_the_wiring);
    CU_add_test(suite, "projections add, biases stand outside", projections_add_and_biases_stand_outside);
    CU_add_test(suite, "a guard without a sum selects", a_guard_without_a_sum_selects);
    CU_add_test(suite, "tied weights are one", tied_weights_are_one);
    CU_add_test(suite, "cycles, states and previous", cycles_states_and_previous);
    CU_add_test(suite, "differential equations and iteration", differential_equations_and_iteration);
    CU_add_test(suite, "instances get dots", instances_get_dots);
    CU_add_test(suite, "ends are equations", ends_are_equations);
    CU_add_test(suite, "delays are on the source", delays_are_on_the_source);
    CU_add_test(suite, "delays cross boundaries", delays_cross_boundaries);
    CU_add_test(suite, "rates of change and methods", rates_of_change_and_methods);
    CU_add_test(suite, "noise is an input", noise_is_an_input);
    CU_add_test(suite, "time and settled values", time_and_settled_values);
}
