/* opt/schedule_block.c and what belongs to it: blocks of rows in which square tensors are made again and sums over rows are added up
 * compute the program, on any number of threads, and no square tensor of a training program is stored. */
#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codegen.h"
#include "gradient/gradient.h"
#include "gradient_source.h"
#include "ir_text.h"
#include "opt/opt.h"
#include "opt/schedule.h"

void suite_blocks(void);

static const int64_t LENGTHS[] = {1, 2, 31, 33, 64, 65, 130, 0};

/* Attention whose rows are divided by a sum over all of them, and what its adjoints look like: `f` stands between the exponentials and
 * the readers of the second block. The bound makes square tensors large; runs are short. */
#define AXES(H) \
    "axis token : bounded(3000)\naxis head : const(" #H ")\naxis a : const(8)\naxis c : const(20)\naxis now : cycle(token)\n" \
    "axis a.1 : copy(a)\naxis c.1 : copy(c)\naxis h.1 : copy(head)\n" \
    "axis t.1 : copy(token)\naxis t.2 : copy(token)\naxis t.3 : copy(token)\naxis t.4 : copy(token)\naxis t.5 : copy(token)\n" \
    "axis t.6 : copy(token)\naxis t.7 : copy(token)\naxis t.8 : copy(token)\naxis t.9 : copy(token)\naxis t.10 : copy(token)\n"
#define FORWARD(G1, G2, G3) \
    "stimulus k[token, head, a]\nstimulus q[token, head, a]\nstimulus v[token, head, c]\n" \
    "alg s[now, head, token] = sum(a.1) k[token, head, a.1] * q[now, head, a.1]\n" \
    "alg m[now, head] = amax(t.1" G1 ") s[now, head, t.1]\n" \
    "alg e[now, head, token] = exp(s[now, head, token] - m[now, head])\n" \
    "alg z[now, head] = sum(t.2" G2 ") e[now, head, t.2]\n" \
    "alg n[head] = 1 + (sum(t.4) z[t.4, head])\n" /* all rows, before the last reader in them */ \
    "alg o[now, head, c] = sum(t.3" G3 ") v[t.3, head, c] * e[now, head, t.3]\n" \
    "alg f[now, head, c] = o[now, head, c] / n[head]\n"
#define BACKWARD(G6, R5, R7) \
    "alg g[now, head, token] = sum(c.1) v[token, head, c.1] * f[now, head, c.1]\n" \
    "alg vb[token, head, c] = sum(t.5" R5 ") e[t.5, head, token] * f[t.5, head, c]\n" \
    "alg d[now, head, token] = e[now, head, token] * (g[now, head, token] - 0.1 * z[now, head] / n[head])\n" \
    "alg qb[now, head, a] = sum(t.6" G6 ") k[t.6, head, a] * d[now, head, t.6]\n" \
    "alg kb[token, head, a] = sum(t.7" R7 ") q[t.7, head, a] * d[t.7, head, token]\n"
#define OUTPUTS "output f = f\noutput vb = vb\noutput qb = qb\noutput kb = kb\n"
#define ATTENTION(H, FORWARDS, BACKWARDS, MORE) "program again core\n" AXES(H) FORWARDS BACKWARDS MORE OUTPUTS

#define WHOLE(H, MORE) ATTENTION(H, FORWARD("", "", ""), BACKWARD("", "", ""), MORE)
#define BEFORE(i, j) " where " i " <= " j
#define CAUSAL(H, MORE) \
    ATTENTION(H, FORWARD(BEFORE("t.1", "now"), BEFORE("t.2", "now"), BEFORE("t.3", "now")), \
              BACKWARD(BEFORE("t.6", "now"), BEFORE("token", "t.5"), BEFORE("token", "t.7")), MORE)
#define NEAR(i, j) " where " i " - " j " <= 2, " j " - " i " <= 40"
#define WINDOW(H, MORE) \
    ATTENTION(H, FORWARD(NEAR("t.1", "now"), NEAR("t.2", "now"), NEAR("t.3", "now")), \
              BACKWARD(NEAR("t.6", "now"), NEAR("token", "t.5"), NEAR("token", "t.7")), MORE)
/* Readers disagree: whole rows are made, and guards hold where they stand. */
#define MIXED(H, MORE) \
    ATTENTION(H, FORWARD("", BEFORE("t.2", "now"), ""), BACKWARD(BEFORE("t.6", "now"), BEFORE("token", "t.5"), ""), MORE)

/* Sums over rows that are no matrix product; over rows and columns; over rows and heads, which leaves no head to be done by itself. */
#define LOOPS "alg p[token, head] = sum(t.8" BEFORE("token", "t.8") ") d[t.8, head, token] * (2 + z[t.8, head])\noutput p = p\n"
#define TOTAL "alg p[head] = sum(t.8, t.9) d[t.8, head, t.9]\noutput p = p\n"
#define HEADS "alg p[token] = sum(t.8, h.1) d[t.8, h.1, token]\noutput p = p\n"

static void right(const char *text) {
    for (int f64 = 0; f64 < 2; f64++)
        for (int in_order = 0; in_order < 2; in_order++) {
            CodegenCase c = {.text = text, .sizes = LENGTHS, .cpu = "host", .f64 = f64, .in_order = in_order};
            CU_ASSERT_EQUAL(codegen_wrong(&c), 0);
        }
}

static void made_again(void) {
    right(WHOLE(1, ""));
    right(CAUSAL(1, ""));
    right(CAUSAL(9, ""));
    right(WINDOW(3, ""));
    right(MIXED(2, ""));
}

static void added_up(void) {
    right(CAUSAL(1, LOOPS));
    right(WHOLE(9, LOOPS));
    right(CAUSAL(2, TOTAL));
    right(CAUSAL(2, HEADS));
    right(MIXED(2, HEADS));
}

/* Heads share a query and are mixed, so a block has them all: of a band, columns of one head do not follow those of the one before. */
#define SHARED(guard) \
    "program shared core\naxis token : bounded(200)\naxis head : const(3)\naxis a : const(8)\naxis c : const(20)\naxis now : cycle(token)\n" \
    "axis a.1 : copy(a)\naxis t.1 : copy(token)\n" \
    "stimulus q[token, a]\nstimulus k[head, token, a]\nstimulus v[head, token, c]\n" \
    "alg s[now, head, token] = sum(a.1) q[now, a.1] * k[head, token, a.1]\n" \
    "alg e[now, head, token] = exp(s[now, head, token] - s[now, 0, token])\n" \
    "alg o[now, head, c] = sum(t.1" guard(t.1) ") e[now, head, t.1] * v[head, t.1, c]\noutput o = o\n"
#define ALL(t)
#define PAST(t) " where " #t " <= now"

static void mixed_heads(void) {
    right(SHARED(ALL));
    right(SHARED(PAST));
}

/* Columns are divided by what their rows sum up to, so all rows come first. */
static const char columns[] =
    "program columns core\naxis token : bounded(3000)\naxis c : const(5)\naxis now : cycle(token)\naxis t.1 : copy(token)\naxis t.3 : copy(token)\n"
    "stimulus k[token]\nstimulus q[token]\nstimulus v[token, c]\n"
    "alg e[now, token] = exp(k[token] * q[now])\nalg z[now] = sum(t.1) e[now, t.1]\n"
    "alg o[now, c] = sum(t.3) e[now, t.3] * v[t.3, c] / z[t.3]\noutput o = o\n";

/* Two families that need rows of each other: what one has begun, the other must not wait for. */
static const char crossed[] =
    "program crossed core\naxis token : bounded(3000)\naxis c : const(5)\naxis now : cycle(token)\naxis then : cycle(token)\n"
    "axis t.1 : copy(token)\naxis t.2 : copy(token)\naxis t.3 : copy(token)\naxis t.4 : copy(token)\naxis t.5 : copy(token)\n"
    "stimulus k[token]\nstimulus q[token]\nstimulus v[token, c]\n"
    "alg e[now, token] = exp(k[token] * q[now])\n"
    "alg p[then, token] = exp(k[token] - q[then])\n"
    "alg z[now] = sum(t.1) e[now, t.1]\n"
    "alg r[then] = sum(t.2) p[then, t.2]\n"
    "alg all = sum(t.5) r[t.5]\n"
    "alg o[now, c] = sum(t.3) e[now, t.3] * v[t.3, c] / (z[now] + all)\n"
    "alg u[then, c] = sum(t.4) p[then, t.4] * v[t.4, c] / (r[then] + z[then])\n"
    "output o = o\noutput u = u\n";

static void families(void) {
    Arena *arena = arena_new();
    right(crossed);
    right(columns);
    CU_ASSERT_PTR_NOT_NULL(strstr(scheduled(arena, crossed), "  p: loops, again\n  u: loops\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(scheduled(arena, columns), "  e: loops, again\n  o: loops\n"));
    arena_free(arena);
}

/* Features by features, a sum over many tokens, is no larger than what it is made of: half a product, whole. */
static void made_at_once(void) {
    static const char text[] =
        "program gram core\naxis t : const(256)\naxis d : const(128)\naxis e : copy(d)\naxis c : const(32)\naxis t.1 : copy(t)\naxis d.1 : copy(d)\n"
        "stimulus x[t, d]\nweight W[c, d]\nalg g[d, e] = sum(t.1) x[t.1, d] * x[t.1, e]\n"
        "alg y[d, c] = sum(d.1) g[d, d.1] * W[c, d.1]\noutput y = y\n";
    Arena *arena = arena_new();
    char *got = scheduled(arena, text);
    CU_ASSERT_PTR_NULL(strstr(got, "block"));
    CU_ASSERT_PTR_NOT_NULL(strstr(got, "g: symmetric product"));
    arena_free(arena);
}

/* ---- training --------------------------------------------------------------------------------------------------------------- */
typedef struct Kept {
    double elements; /* of what a call stores */
    int squares;     /* variables with two axes of tokens that are stored, or that there are */
    int all;
} Kept;

static bool has_two_tokens(const IrVar *v) {
    int count = 0;
    for (int i = 0; i < v->axis_count; i++) count += strcmp(v->axes[i]->root->name, "token") == 0;
    return count > 1;
}

static Kept kept_by(const IrProgram *p) {
    Kept kept = {0};
    const Schedule *s = schedule_make(p);
    for (int i = 0; i < p->vars.count; i++) {
        const IrVar *v = p->vars.at[i];
        double elements = s->storage[i].parts > 1 ? 1 + s->storage[i].parts : 1;
        for (int k = 0; k < v->axis_count; k++) elements *= (double)v->axes[k]->root->size;
        bool stored = v->def && s->storage[i].kind == STORE_BUFFER;
        if (stored) kept.elements += elements;
        kept.all += has_two_tokens(v);
        kept.squares += stored && has_two_tokens(v);
    }
    return kept;
}

/* Gradients of the loss with respect to all weights, as `ctx train` takes them. */
static Kept trained(const char *block, const char *tokens) {
    Arena *arena = arena_new();
    char *source = arena_printf(arena, "use std.areas;\naxis token = 8;\naxis head = 2;\naxis a = 16;\naxis d = 32;\nstimulus x[token, d];\n"
                                       "stimulus target[token, d];\n%s"
                                       "spec squares(o[t, d], w[t, d]) -> e { e = mean(t, d) (o[t, d] - w[t, d]) ^ 2; }\noutput E = squares(%s.out, target);\n",
                                block, strstr(block, "cortex two") ? "two" : "one");
    OptReport report;
    IrProgram *p = source_core(arena, source, (SourceSize[]){{"token", tokens}, {0}});
    p = opt_run(p, &(OptOptions){.drop_checks = true, .weights_change = true, .until = "stabilise"}, &report);
    const IrVar *of[p->vars.count + 1];
    IrVar *gradient[p->vars.count + 1];
    int count = 0;
    for (int i = 0; i < p->vars.count; i++)
        if (p->vars.at[i]->kind == VAR_WEIGHT) of[count++] = p->vars.at[i];
    GradientFault fault;
    IrProgram *g = gradient_of(p, p->outputs.at[0].var, of, count, gradient, &fault);
    CU_ASSERT_PTR_NOT_NULL_FATAL(g);
    for (int i = 0; i < count; i++) vec_push(arena, &g->outputs, ((IrOutput){.name = of[i]->name, .var = gradient[i]}));
    g = opt_run(g, &(OptOptions){.drop_checks = true, .weights_change = true, .stabilised = true}, &report);
    Kept kept = kept_by(g);
    arena_free(arena);
    return kept;
}

/* What is kept grows with the tokens, not with their square. */
static void training(void) {
    static const char *const blocks[] = {
        "cortex one = causal_softmax_block(token, head, a, d; x);\n", "cortex one = softmax_block(token, head, a, d; x);\n",
        "cortex one = causal_softmax_block(token, head, a, d; x);\ncortex two = softmax_block(token, head, a, d; one.out);\n"};
    for (int i = 0; i < 3; i++) {
        Kept small = trained(blocks[i], "4096"), large = trained(blocks[i], "8192");
        CU_ASSERT_EQUAL(small.all, i < 2 ? 4 : 8);
        CU_ASSERT_EQUAL(small.squares, 0);
        CU_ASSERT_TRUE(large.elements > 1.5 * small.elements && large.elements <= 2 * small.elements);
    }
    CU_ASSERT_EQUAL(trained(blocks[0], "128").squares, 2); /* too small to be made again */
}

static void threads(void) {
    static const char *const texts[] = {CAUSAL(1, ""), CAUSAL(9, LOOPS), WHOLE(3, HEADS)};
    for (int i = 0; i < 3; i++) {
        CodegenCase c = {.text = texts[i], .sizes = (int64_t[]){700, 0}, .cpu = "host"};
        codegen_same_on_threads(c);
    }
}

void suite_blocks(void) {
    CU_pSuite suite = CU_add_suite("blocks", NULL, NULL);
    CU_add_test(suite, "made again", made_again);
    CU_add_test(suite, "added up", added_up);
    CU_add_test(suite, "mixed heads", mixed_heads);
    CU_add_test(suite, "families", families);
    CU_add_test(suite, "made at once", made_at_once);
    CU_add_test(suite, "training", training);
    CU_add_test(suite, "threads", threads);
}
