/* ir/: the textual form is read and written back the same; rewriting keeps axes apart */
#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

#include "ir/ir.h"
#include "ir_text.h"

void suite_ir(void);

static const char *const SAMPLE =
    "program head core\n"
    "axis token : bounded(512)\n"
    "axis d : const(4)\n"
    "axis a : const(3)\n"
    "axis now : cycle(token)\n"
    "axis token.4 : copy(token)\n"
    "axis d.5 : copy(d)\n"
    "stimulus x[token, d]\n"
    "weight W_Q[a, d] tensor \"encoder.query.weight\" draw normal(0, 0.05000000000000000277)\n"
    "alg q[now, a] = sum(d) W_Q[a, d] * x[now, d]\n"
    "alg k[token, a] = (sum(d.5) W_Q[a, d.5] * x[token, d.5]) / 1e-3 + 2\n"
    "alg p[now] = sum(token.4 where token.4 <= now, now - token.4 <= 7) exp(-(sum(a) q[now, a] * k[token.4, a]))\n"
    "scan now {\n"
    "  alg m[now, a] along now init 0 = 0.9 * prev(m[now, a]) + q[now, a] * k[now, a]\n"
    "}\n"
    "alg z[a] = m[last, a] ^ 2 - (1 - m[0, a])\n"
    "alg E = sum(a) z[a] ^ 2\n"
    "alg dW[a, d] = -gradient(E, W_Q[a, d])\n"
    "output y = p\n"
    "record att = k\n"
    "check \"check 1\" : z == z within 0.0001\n"
    "check \"check 2\" : g * z == z for some g\n"
    "check \"check 3\" : z == g * z for some g within 0.5\n"
    "loss E = E\n"
    "loss \"E 2\" = E\n"
    "rule dW on W_Q = dW local\n"
    "learn W_Q by rule dW with adam(0.001, 0.9, 0.999, 1e-08, 0, 5)\n"
    "assume \"tau is not 0\"\n";

static void text_round_trips(void) {
    Arena *arena = arena_new();
    char *once = printed(parsed(arena, SAMPLE)), *twice = printed(parsed(arena, once));
    char *cloned = printed(ir_clone(parsed(arena, SAMPLE)));
    CU_ASSERT_STRING_EQUAL(once, twice);
    CU_ASSERT_STRING_EQUAL(once, cloned);
    CU_ASSERT_PTR_NOT_NULL(strstr(once, "where token.4 <= now, now - token.4 <= 7"));
    free(once);
    free(twice);
    free(cloned);
    arena_free(arena);
}

static void inlining_keeps_axes_apart(void) {
    Arena *arena = arena_new();
    IrProgram *p = parsed(arena, SAMPLE);
    IrVar *q = ir_find_var(p, "q");
    IrExpr *one = ir_inline(p, ir_ref(p, q, NULL)), *two = ir_inline(p, ir_ref(p, q, NULL));
    CU_ASSERT_PTR_NOT_EQUAL(one->bound[0], two->bound[0]);
    CU_ASSERT_TRUE(ir_expr_equal(one, two));
    CU_ASSERT_TRUE(ir_uses_axis(one, ir_find_axis(p, "now")));
    CU_ASSERT_FALSE(ir_uses_axis(one, ir_find_axis(p, "d")));
    arena_free(arena);
}

static void mistakes_are_named(void) {
    Arena *arena = arena_new();
    char *error = NULL;
    CU_ASSERT_PTR_NULL(ir_parse(arena, names_new(arena), "program p core\naxis a : const(3)\nalg y[a] = x[a]\n", &error));
    CU_ASSERT_STRING_EQUAL(error, "line 3: there is no variable 'x'");
    arena_free(arena);
}

void suite_ir(void) {
    CU_pSuite suite = CU_add_suite("ir", NULL, NULL);
    CU_add_test(suite, "text round-trips", text_round_trips);
    CU_add_test(suite, "inlining keeps axes apart", inlining_keeps_axes_apart);
    CU_add_test(suite, "mistakes are named", mistakes_are_named);
}
