/* codegen/: programs of every kind against the reference, in both precisions and for three processors. */
#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codegen.h"

void suite_codegen(void);

static const int64_t LENGTHS[] = {1, 2, 3, 5, 7, 16, 17, 63, 64, 65, 130, 0}, SHORT[] = {1, 2, 3, 7, 17, 65, 0}, ONCE[] = {1, 0};

/* A program in both precisions on every processor, and in the order of the source; CTX_TEST_CPU picks one processor. */
static void everywhere(const char *text, const int64_t *sizes) {
    static const char *const cpus[] = {"host", "x86-64-v3", "x86-64"};
    const char *only = getenv("CTX_TEST_CPU");
    for (int i = 0; i < 3; i++) {
        if (only && strcmp(cpus[i], only) != 0) continue;
        for (int f64 = 0; f64 < 2; f64++)
            for (int in_order = 0; in_order <= (i == 0); in_order++) {
                CodegenCase c = {.text = text, .sizes = sizes, .cpu = cpus[i], .f64 = f64, .in_order = in_order};
                CU_ASSERT_EQUAL(codegen_wrong(&c), 0);
            }
    }
}

static void microcolumn(void) {
    everywhere("program microcolumn core\naxis a : const(16)\naxis c : const(64)\naxis a.1 : copy(a)\n"
               "stimulus k[a]\nstimulus q[a]\nstimulus v[c]\n"
               "alg y[c] = (sum(a.1) k[a.1] * q[a.1]) * v[c]\noutput y = y\n", ONCE);
}

static void multihead(void) {
    everywhere("program block core\n"
               "axis token : bounded(130)\naxis head : const(3)\naxis d : const(24)\naxis a : const(7)\naxis c : const(9)\n"
               "axis now : cycle(token)\naxis token.1 : copy(token)\naxis d.1 : copy(d)\naxis d.2 : copy(d)\naxis d.3 : copy(d)\n"
               "axis head.1 : copy(head)\naxis c.1 : copy(c)\naxis a.1 : copy(a)\n"
               "stimulus x[token, d]\nweight W_Q[head, a, d]\nweight W_K[head, a, d]\nweight W_V[head, c, d]\nweight W_O[d, head, c]\n"
               "alg key[head, token, a] = sum(d.1) W_K[head, a, d.1] * x[token, d.1]\n"
               "alg query[now, head, a] = sum(d.2) W_Q[head, a, d.2] * x[now, d.2]\n"
               "alg content[head, token, c] = sum(d.3) W_V[head, c, d.3] * x[token, d.3]\n"
               "alg score[now, head, token] = sum(a.1) key[head, token, a.1] * query[now, head, a.1]\n"
               "alg y[now, d] = (sum(head.1, token.1, c.1) W_O[d, head.1, c.1] * (score[now, head.1, token.1] * content[head.1, token.1, c.1]))"
               " + x[now, d]\noutput y = y\n", LENGTHS);
}

#define SOFTMAX(guard1, guard2, guard3) \
    "program softmax core\n" \
    "axis token : bounded(130)\naxis head : const(2)\naxis a : const(8)\naxis c : const(5)\naxis d : const(6)\naxis now : cycle(token)\n" \
    "axis t.1 : copy(token)\naxis t.2 : copy(token)\naxis t.3 : copy(token)\naxis a.1 : copy(a)\naxis d.1 : copy(d)\naxis d.2 : copy(d)\n" \
    "axis h.1 : copy(head)\naxis c.1 : copy(c)\n" \
    "stimulus k[token, head, a]\nstimulus q[token, head, a]\nstimulus x[token, d]\nweight V[head, c, d]\nweight O[d, head, c]\n" \
    "alg v[token, head, c] = sum(d.1) V[head, c, d.1] * x[token, d.1]\n" \
    "alg s[now, head, token] = 0.5 * (sum(a.1) k[token, head, a.1] * q[now, head, a.1])\n" \
    "alg e[now, head, token] = exp(s[now, head, token])\n" \
    "alg pool[now, head] = sum(t.1" guard1 ") e[now, head, t.1]\n" \
    "alg o[now, head, c] = sum(t.2" guard2 ") e[now, head, t.2] * v[t.2, head, c] / pool[now, head]\n" \
    "alg r[now, head] = amax(t.3" guard3 ") s[now, head, t.3]\n" \
    "alg y[now, d] = (sum(h.1, c.1) O[d, h.1, c.1] * o[now, h.1, c.1]) + x[now, d]\n" \
    "output y = y\noutput r = r\n"

static void softmax(void) {
    everywhere(SOFTMAX("", "", ""), LENGTHS);
}

static void causal_softmax(void) {
    everywhere(SOFTMAX(" where t.1 <= now", " where t.2 <= now", " where t.3 <= now"), LENGTHS);
}

static void window_softmax(void) {
    everywhere(SOFTMAX(" where t.1 <= now, now - t.1 <= 7", " where t.2 <= now, now - t.2 <= 7", " where t.3 <= now, now - t.3 <= 7"), LENGTHS);
}

static void different_guards(void) {
    everywhere(SOFTMAX(" where t.1 <= now", " where t.2 - now <= 3", ""), LENGTHS);
}

static void square_read_both_ways(void) {
    everywhere("program both core\naxis token : bounded(130)\naxis now : cycle(token)\naxis a : const(8)\naxis a.1 : copy(a)\n"
               "axis t.1 : copy(token)\naxis t.2 : copy(token)\n"
               "stimulus k[token, a]\nstimulus q[token, a]\n"
               "alg s[now, token] = tanh(sum(a.1) k[token, a.1] * q[now, a.1])\n"
               "alg rows[now] = sum(t.1) s[now, t.1]\nalg columns[token] = sum(t.2) s[t.2, token]\n"
               "alg y[token] = rows[token] * columns[token]\noutput y = y\n", LENGTHS);
}

static void recorded_square(void) {
    everywhere("program kept core\naxis token : bounded(130)\naxis now : cycle(token)\naxis a : const(8)\naxis a.1 : copy(a)\n"
               "axis t.1 : copy(token)\nstimulus k[token, a]\nstimulus q[token, a]\n"
               "alg s[now, token] = sum(a.1) k[token, a.1] * q[now, a.1]\nalg e[now, token] = exp(s[now, token])\n"
               "alg y[now, a] = sum(t.1 where t.1 <= now) e[now, t.1] * k[t.1, a]\noutput y = y\nrecord e = e\n", SHORT);
}

static void memory(void) {
    everywhere("program memory core\naxis token : bounded(130)\naxis now : cycle(token)\naxis head : const(3)\naxis a : const(8)\n"
               "axis c : const(17)\naxis a.1 : copy(a)\n"
               "stimulus k[token, head, a]\nstimulus q[token, head, a]\nstimulus v[token, head, c]\n"
               "scan now {\n"
               "  alg m[now, head, c, a] along now init 0.5 = 0.9 * prev(m[now, head, c, a]) + k[now, head, a] * v[now, head, c]\n"
               "  alg o[now, head, c] = sum(a.1) m[now, head, c, a.1] * q[now, head, a.1]\n}\n"
               "output o = o\n", LENGTHS);
}

static void memory_read_outside(void) {
    everywhere("program outside core\naxis token : bounded(130)\naxis now : cycle(token)\naxis a : const(8)\naxis c : const(17)\n"
               "axis a.1 : copy(a)\naxis a.2 : copy(a)\naxis s : cycle(token)\naxis s.1 : copy(token)\n"
               "stimulus k[token, a]\nstimulus q[token, a]\nstimulus v[token, c]\n"
               "scan now {\n"
               "  alg m[now, a, c] along now init 0 = 0.9 * prev(m[now, a, c]) + k[now, a] * v[now, c]\n"
               "  alg early[now, c] = sum(a.1) prev(m[now, a.1, c]) * q[now, a.1]\n}\n"
               "alg all[c] = sum(s.1, a.2) m[s.1, a.2, c]\nalg end[a, c] = m[last, a, c] + all[c]\n"
               "output early = early\noutput end = end\noutput m = m\n", SHORT);
}

static void last_only(void) {
    everywhere("program last core\naxis token : bounded(130)\naxis now : cycle(token)\naxis a : const(5)\naxis a.1 : copy(a)\n"
               "stimulus k[token, a]\nweight W[a, a.1]\n"
               "axis a.2 : copy(a)\naxis a.3 : copy(a)\n"
               "scan now {\n  alg m[now, a] along now init 1 = tanh((sum(a.2) W[a, a.2] * prev(m[now, a.2])) + k[now, a])\n}\n"
               "alg y[a] = m[last, a] * 2\noutput y = y\n", LENGTHS);
}

static void before_the_last(void) {
    everywhere("program before core\naxis token : bounded(130)\naxis now : cycle(token)\naxis a : const(5)\n"
               "stimulus k[token, a]\n"
               "scan now {\n  alg m[now, a] along now init 1 = 0.5 * prev(m[now, a]) + k[now, a]\n}\n"
               "alg y[a] = select(size(token) <= 2, k[last, a], k[last-2, a] + m[last-1, a])\noutput y = y\n", LENGTHS);
}

static void delta_rule(void) {
    everywhere("program delta core\naxis token : bounded(130)\naxis now : cycle(token)\naxis head : const(2)\naxis a : const(16)\n"
               "axis c : const(19)\naxis a.1 : copy(a)\naxis a.2 : copy(a)\n"
               "stimulus k[token, head, a]\nstimulus q[token, head, a]\nstimulus v[token, head, c]\n"
               "scan now {\n"
               "  alg recall[now, head, c] = sum(a.1) prev(m[now, head, c, a.1]) * k[now, head, a.1]\n"
               "  alg error[now, head, c] = v[now, head, c] - recall[now, head, c]\n"
               "  alg m[now, head, c, a] along now init 0 = 0.9 * prev(m[now, head, c, a]) + 0.05 * k[now, head, a] * error[now, head, c]\n"
               "  alg o[now, head, c] = sum(a.2) m[now, head, c, a.2] * q[now, head, a.2]\n}\n"
               "output o = o\n", LENGTHS);
}

static void feedback(void) {
    everywhere("program feedback core\naxis token : bounded(130)\naxis now : cycle(token)\naxis d : const(6)\naxis d.1 : copy(d)\n"
               "axis d.2 : copy(d)\naxis d.3 : copy(d)\nstimulus x[token, d]\nweight W[d, d.2]\n"
               "scan now {\n"
               "  alg drive[now, d] = sum(d.3) W[d, d.3] * prev(higher[now, d.3])\n"
               "  alg higher[now, d] along now init 0 = x[now, d] + 0.2 * drive[now, d]\n}\n"
               "output y = higher\n", LENGTHS);
}

static void two_states(void) {
    everywhere("program two core\naxis token : bounded(130)\naxis now : cycle(token)\naxis d : const(6)\n"
               "stimulus x[token, d]\n"
               "scan now {\n"
               "  alg p[now, d] along now init 0 = 0.5 * prev(q[now, d]) + x[now, d]\n"
               "  alg q[now, d] along now init 1 = 0.5 * prev(p[now, d]) - p[now, d] * 0.25\n}\n"
               "output p = p\noutput q = q\n", LENGTHS);
}

static void fixpoint(void) {
    everywhere("program fixed core\naxis unit : const(37)\naxis d : const(16)\naxis u.1 : copy(unit)\naxis d.1 : copy(d)\n"
               "axis u : copy(unit)\nstimulus x[d]\nweight A[unit, d]\nweight W[unit, u]\n"
               "alg in[unit] = sum(d.1) A[unit, d.1] * x[d.1]\n"
               "fix 200 until 1e-06 {\n"
               "  alg t[unit] = sum(u.1) W[unit, u.1] * prev(r[u.1])\n"
               "  alg r[unit] init 0 = tanh(in[unit] + 0.01 * t[unit])\n}\n"
               "output y = r\n", ONCE);
}

static void layer_norm(void) {
    everywhere("program norm core\naxis token : bounded(130)\naxis d : const(37)\naxis d.1 : copy(d)\naxis d.2 : copy(d)\n"
               "stimulus x[token, d]\nweight g[d]\nweight b[d]\n"
               "alg mean[token] = 1 / size(d) * (sum(d.1) x[token, d.1])\n"
               "alg centred[token, d] = x[token, d] - mean[token]\n"
               "alg power[token] = 1 / size(d) * (sum(d.2) centred[token, d.2] ^ 2)\n"
               "alg y[token, d] = g[d] * centred[token, d] / sqrt(power[token] + 1e-05) + b[d]\noutput y = y\n", LENGTHS);
}

static void functions(void) {
    everywhere("program functions core\naxis t : bounded(130)\naxis d : const(21)\nstimulus x[t, d]\nstimulus z[t, d]\n"
               "alg a[t, d] = exp(3 * x[t, d]) + log(2 + x[t, d]) + sqrt(1 + x[t, d])\n"
               "alg b[t, d] = sin(4 * x[t, d]) + cos(4 * x[t, d]) + tanh(2 * x[t, d])\n"
               "alg c[t, d] = sigmoid(5 * x[t, d]) + relu(x[t, d]) + gelu(3 * x[t, d]) + erf(x[t, d])\n"
               "alg e[t, d] = abs(x[t, d]) + min(x[t, d], z[t, d]) * max(x[t, d], 0.25) + -x[t, d]\n"
               "alg f[t, d] = select(x[t, d] < z[t, d], x[t, d] / 3, z[t, d] - 1) + (x[t, d] <= 0.5) + (x[t, d] == z[t, d])\n"
               "alg g[t, d] = (x[t, d] + 1.5) ^ z[t, d] + x[t, d] ^ 3 + (2 + x[t, d]) ^ 0.5 + 0.9 ^ (position(t) - position(d)) + size(t)\n"
               "output a = a\noutput b = b\noutput c = c\noutput e = e\noutput f = f\noutput g = g\n", SHORT);
}

/* Arguments that are exact, so that the bound is the function's own. */
static void wide_arguments(void) {
    everywhere("program wide core\naxis t : bounded(130)\naxis d : const(21)\nstimulus x[t, d]\n"
               "alg a[t, d] = tanh(16 * x[t, d])\nalg b[t, d] = tanh(0.0009765625 * x[t, d])\n"
               "alg c[t, d] = sin(256 * x[t, d])\nalg e[t, d] = cos(256 * x[t, d])\nalg f[t, d] = erf(8 * x[t, d])\n"
               "alg g[t, d] = erf(0.0009765625 * x[t, d])\nalg h[t, d] = gelu(8 * x[t, d])\nalg i[t, d] = log(abs(x[t, d]))\n"
               "alg j[t, d] = (16 * abs(x[t, d])) ^ 2.5\nalg k[t, d] = exp(8 * x[t, d])\n"
               "output a = a\noutput b = b\noutput c = c\noutput e = e\noutput f = f\noutput g = g\noutput h = h\noutput i = i\n"
               "output j = j\noutput k = k\n", SHORT);
}

static void large_exponents(void) {
    everywhere("program large core\naxis t : bounded(130)\naxis d : const(21)\nstimulus x[t, d]\n"
               "alg y[t, d] = exp(80 * x[t, d])\nalg z[t, d] = exp(-100 * abs(x[t, d]) - 1)\n"
               "alg s[t, d] = sigmoid(100 * x[t, d])\noutput y = y\noutput z = z\noutput s = s\n", SHORT);
}

static void guards(void) {
    everywhere("program guards core\naxis t : bounded(130)\naxis u : copy(t)\naxis i : copy(t)\naxis j : copy(t)\naxis i.1 : copy(t)\n"
               "axis i.2 : copy(t)\naxis j.2 : copy(t)\naxis d : const(5)\naxis d.1 : copy(d)\nstimulus x[t, d]\n"
               "alg a[t, d] = sum(i, j where i <= t, j - i <= -1, t - j <= 9) x[i, d] * x[j, d]\n"
               "alg b[t, d] = sum(i.1 where i.1 - t == -2) x[i.1, d]\n"
               "alg c[t, d] = sum(i.2, d.1 where i.2 <= t, d.1 <= d, t - i.2 <= 4) x[i.2, d.1]\n"
               "alg e[t] = amax(j.2 where t - j.2 <= 3, j.2 - t <= 2) x[j.2, 2] * x[last, 1]\n"
               "output a = a\noutput b = b\noutput c = c\noutput e = e\n", SHORT);
}

static void nested_sums(void) {
    everywhere("program nested core\naxis t : bounded(20)\naxis i : copy(t)\naxis j : copy(t)\naxis d : const(5)\naxis d.1 : copy(d)\n"
               "axis d.2 : copy(d)\nstimulus x[t, d]\nweight w[t, d]\n"
               "alg y[t, d] = (sum(i where i <= t) exp(sum(d.1) x[i, d.1] * w[t, d.1]) * (amax(j where j <= i) (x[j, d] + w[j, 3]))) "
               "+ w[t, d] * (sum(d.2 where d.2 <= d) x[t, d.2])\noutput y = y\n", SHORT);
}

static void weights_ahead(void) {
    everywhere("program ahead core\naxis t : bounded(130)\naxis d : const(20)\naxis e : const(33)\naxis f : const(18)\naxis d.1 : copy(d)\n"
               "axis e.1 : copy(e)\nstimulus x[t, d]\nweight A[e, d]\nweight B[f, e]\nweight p[t, f]\n"
               "alg h[t, e] = sum(d.1) A[e, d.1] * x[t, d.1]\nalg y[t, f] = (sum(e.1) B[f, e.1] * h[t, e.1]) + p[t, f]\noutput y = y\n", LENGTHS);
}

static void cross(void) {
    everywhere("program cross core\naxis source : bounded(70)\naxis target : bounded(130)\naxis a : const(8)\naxis c : const(5)\n"
               "axis a.1 : copy(a)\naxis s.1 : copy(source)\naxis s.2 : copy(source)\n"
               "stimulus k[source, a]\nstimulus q[target, a]\nstimulus v[source, c]\n"
               "alg e[target, source] = exp(sum(a.1) k[source, a.1] * q[target, a.1])\n"
               "alg pool[target] = sum(s.1) e[target, s.1]\n"
               "alg y[target, c] = sum(s.2) e[target, s.2] * v[s.2, c] / pool[target]\noutput y = y\n", LENGTHS);
}

static void awkward_products(void) {
    everywhere("program awkward core\naxis t : bounded(130)\naxis d : const(12)\naxis h : const(6)\naxis e : const(10)\n"
               "axis t.1 : copy(t)\naxis t.2 : copy(t)\naxis h.1 : copy(h)\naxis d.1 : copy(d)\n"
               "stimulus x[t, d, h]\nstimulus z[h, e, t]\nweight W[d, h, e]\n"
               "alg p[h, d, e] = sum(t.1) x[t.1, d, h] * z[h, e, t.1]\n"
               "alg q[e, d] = sum(h.1, t.2) x[t.2, d, h.1] * z[h.1, e, t.2]\n"
               "alg r[e, t, h] = sum(d.1) x[t, d.1, h] * W[d.1, h, e]\n"
               "output p = p\noutput q = q\noutput r = r\n", SHORT);
}

static void symmetric(void) {
    everywhere("program gram core\naxis t : bounded(300)\naxis d : const(40)\naxis e : copy(d)\naxis t.1 : copy(t)\n"
               "stimulus x[t, d]\nalg g[d, e] = sum(t.1) x[t.1, d] * x[t.1, e]\noutput g = g\n", (int64_t[]){1, 2, 65, 300, 0});
}

/* Sums under a guard whose square is stored whole: products in a band, along rows and along columns, stored one way and the other. */
#define BANDED(guard, other) \
    "program banded core\naxis t : bounded(300)\naxis h : const(2)\naxis c : const(20)\naxis i : copy(t)\naxis j : copy(t)\n" \
    "stimulus s[h, t, t]\nstimulus v[t, h, c]\nstimulus w[h, c, t]\n" \
    "alg p[t, h, c] = sum(j where " guard ") s[h, t, j] * v[j, h, c]\nalg q[h, c, t] = sum(j where " guard ") s[h, j, t] * w[h, c, j]\n" \
    "alg r[h, t, c] = sum(j where " other ") s[h, t, j] * w[h, c, j]\noutput p = p\noutput q = q\noutput r = r\n"

static void bands(void) {
    static const int64_t lengths[] = {1, 63, 129, 300, 0};
    everywhere(BANDED("j <= t", "t <= j"), lengths);
    /* in a block of rows, which ends up in loops */
    everywhere("program kept core\naxis token : bounded(300)\naxis now : cycle(token)\naxis a : const(8)\naxis c : const(20)\naxis a.1 : copy(a)\n"
               "axis t.1 : copy(token)\nstimulus k[token, a]\nstimulus q[token, a]\nstimulus v[token, c]\n"
               "alg s[now, token] = sum(a.1) k[token, a.1] * q[now, a.1]\nalg e[now, token] = exp(s[now, token])\n"
               "alg y[now, c] = sum(t.1 where t.1 <= now) e[now, t.1] * v[t.1, c]\noutput y = y\nrecord e = e\n", lengths);
    everywhere(BANDED("j - t <= -1", "t - j <= 99, j - t <= 3"), lengths);
    CodegenCase c = {.text = BANDED("j <= t", "t <= j"), .sizes = lengths, .cpu = "host", .threads = 1};
    uint64_t one = codegen_hash(&c);
    for (c.threads = 2; c.threads < 4; c.threads++) CU_ASSERT_EQUAL(codegen_hash(&c), one);
}

static void scalars(void) {
    everywhere("program scalar core\naxis d : const(3)\naxis d.1 : copy(d)\nstimulus x[d]\nstimulus s\n"
               "alg y = (sum(d.1) x[d.1]) * s\noutput y = y\n", ONCE);
}

/* The same bits for any number of threads. */
static void threads_do_not_matter(void) {
    static const char *const texts[] = {
        SOFTMAX(" where t.1 <= now", " where t.2 <= now", " where t.3 <= now"),
        "program many core\naxis t : bounded(700)\naxis d : const(100)\naxis e : const(90)\naxis d.1 : copy(d)\n"
        "axis now : cycle(t)\naxis head : const(4)\n"
        "stimulus x[t, d]\nweight W[e, d]\n"
        "alg y[t, e] = tanh(sum(d.1) W[e, d.1] * x[t, d.1])\n"
        "scan now {\n  alg m[now, head, e] along now init 0 = 0.9 * prev(m[now, head, e]) + y[now, e] * (1 + position(head))\n}\n"
        "output y = y\noutput m = m\n"};
    for (int i = 0; i < 2; i++) {
        CodegenCase c = {.text = texts[i], .sizes = (int64_t[]){700, 130, 0}, .cpu = "host"};
        codegen_same_on_threads(c);
    }
}

void suite_codegen(void) {
    CU_pSuite suite = CU_add_suite("codegen", NULL, NULL);
    CU_add_test(suite, "microcolumn", microcolumn);
    CU_add_test(suite, "multihead linear attention", multihead);
    CU_add_test(suite, "softmax", softmax);
    CU_add_test(suite, "causal softmax", causal_softmax);
    CU_add_test(suite, "softmax in a window", window_softmax);
    CU_add_test(suite, "different guards over one square", different_guards);
    CU_add_test(suite, "a square read both ways", square_read_both_ways);
    CU_add_test(suite, "a recorded square", recorded_square);
    CU_add_test(suite, "key-value memory", memory);
    CU_add_test(suite, "memory read outside of its scan", memory_read_outside);
    CU_add_test(suite, "only the last value", last_only);
    CU_add_test(suite, "points before the last", before_the_last);
    CU_add_test(suite, "delta rule", delta_rule);
    CU_add_test(suite, "feedback to the next cycle", feedback);
    CU_add_test(suite, "two states", two_states);
    CU_add_test(suite, "fixpoint", fixpoint);
    CU_add_test(suite, "layer norm", layer_norm);
    CU_add_test(suite, "functions", functions);
    CU_add_test(suite, "functions of arguments near and far", wide_arguments);
    CU_add_test(suite, "large exponents", large_exponents);
    CU_add_test(suite, "guards", guards);
    CU_add_test(suite, "nested sums", nested_sums);
    CU_add_test(suite, "weights contracted ahead", weights_ahead);
    CU_add_test(suite, "cross-attention", cross);
    CU_add_test(suite, "awkward products", awkward_products);
    CU_add_test(suite, "symmetric product", symmetric);
    CU_add_test(suite, "products in a band", bands);
    CU_add_test(suite, "scalars", scalars);
    CU_add_test(suite, "threads do not matter", threads_do_not_matter);
}
