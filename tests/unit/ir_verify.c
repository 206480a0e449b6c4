/* ir/verify.c: each invariant of IR.md, by a program that breaks it. */
#include <CUnit/Basic.h>
#include <string.h>

#include "ir/ir.h"

void suite_ir_verify(void);

static const char HEAD[] = "axis token : bounded(8)\naxis now : cycle(token)\naxis j : copy(token)\naxis a : const(3)\n"
                           "axis b : const(3)\naxis a.1 : copy(a)\nstimulus x[token, a]\nweight W[a, b]\n";

static IrProgram *program(Arena *arena, const char *level, const char *body) {
    char *error = NULL, *text = arena_printf(arena, "program p %s\n%s%s", level, HEAD, body);
    IrProgram *p = ir_parse(arena, names_new(arena), text, &error);
    if (!p) printf("%s\n%s\n", error, text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(p);
    return p;
}

typedef struct Case {
    const char *body, *message; /* NULL: nothing is wrong */
} Case;

static void expect(const char *level, const Case *cases, size_t count) {
    for (size_t i = 0; i < count; i++) {
        Arena *arena = arena_new();
        const char *message = ir_verify(program(arena, level, cases[i].body)), *wanted = cases[i].message;
        bool right = message && wanted ? strcmp(message, wanted) == 0 : message == wanted;
        if (!right) printf("%s: '%s' instead of '%s'\n", cases[i].body, message, wanted);
        CU_ASSERT_TRUE(right);
        arena_free(arena);
    }
}

static void core_programs(void) {
    static const Case cases[] = {
        {"alg y[now, b] = sum(a) W[a, b] * x[now, a]\noutput y = y\n", NULL},
        {"alg y[j] = x[j, 0] + x[last, 2]\n", NULL},
        {"alg y[a] = z[a]\nalg z[a] = x[0, a]\n", "y: it reads z before that is defined"},
        {"alg y[a] = y[a] + 1\n", "y: it reads y before that is defined"},
        {"alg y[a] = x[token, a]\n", "y: axis token is not in scope"},
        {"alg y = position(a) * 2\n", "y: axis a is not in scope"},
        {"alg y[a] = sum(j where j <= now) x[j, a]\n", "y: axis now is not in scope"},
        {"alg y[a, a] = 1\n", "y: axis a twice"},
        {"alg y[b] = x[0, b]\n", "y: x is read along b where it has a"},
        {"alg y[a] = sum(a) x[0, a]\n", "y: axis a is bound where it is in scope already"},
        {"alg y = (sum(a) x[0, a]) * (sum(a) x[1, a])\n", "y: axis a is bound twice"},
        {"alg y = sum(a, b) (sum(a) W[a, b])\n", "y: axis a is bound where it is in scope already"},
        {"alg y[a] = x[8, a]\n", "y: position 8 of token is outside x"},
        {"alg y[a] = x[-1, a]\n", "y: position -1 of token is outside x"},
        {"alg m[now] init 0 = 1\n", "m: a state outside of scan and fix"},
        {"state m[now] init 0 = 1\n", "m: a system-level item in a core program"},
        {"ode r[a] init 0 rate 1 = -r[a]\n", "r: a system-level item in a core program"},
    };
    expect("core", cases, sizeof cases / sizeof *cases);
}

static void scans_and_fixpoints(void) {
    static const Case cases[] = {
        {"scan now {\nalg k[now, a] = x[now, a] * prev(m[now, a])\nalg m[now, a] init 0 = prev(m[now, a]) + k[now, a]\n}\n"
         "alg y[a] = m[last, a]\n", NULL},
        {"scan now {\nalg m[now, a] init x[0, a] = prev(m[now, a]) * 0.5\n}\n", NULL},
        {"scan now {\nalg m[now, a] init x[now, a] = prev(m[now, a]) * 0.5\n}\n", "m: axis now is not in scope"},
        {"scan now {\nalg m[token] init 0 = prev(m[token])\n}\n", "m is in a scan over now without that axis"},
        {"scan now {\nalg m[now] init 0 = prev(m[now])\n}\nalg y[now] = prev(m[now])\n",
         "y: prev(m) outside the scan or fix that carries it"},
        {"scan now {\nalg m[now] = prev(m[now])\n}\n", "m: prev(m), which has no initial value"},
        {"scan now {\nalg m[now] init 0 = prev(m[now]) + n[now]\nalg n[now] = m[now]\n}\n",
         "m: it reads n before that is defined"},
        {"scan now {\nalg m[now] init 0 = 0.5 * prev(m[now])\nalg n[now] = m[last]\n}\n",
         "n: it reads m elsewhere than at this point of now"},
        {"scan now {\nalg m[now] init 0 = 0.5 * prev(m[now-1])\n}\n", "m: it reads m elsewhere than at this point of now"},
        {"scan now {\nalg m[now] init 0 = sum(j where j <= now) prev(m[j])\n}\n",
         "m: it reads m elsewhere than at this point of now"},
        {"scan now {\n}\n", "a scan or fix of nothing"},
        {"scan now reversed {\nalg m[now] init 0 = prev(m[now], 2) + x[now, 0]\n}\nalg y = m[0]\n", NULL},
        {"scan now reversed {\nalg m[now] init x[now, 0] = prev(m[now])\n}\n", "m: axis now is not in scope"},
        {"fix 20 until 0.001 {\nalg r[a] init 0 = tanh(sum(a.1) prev(r[a.1]))\n}\n", NULL},
        {"fix 20 until 0.001 {\nalg r[a] init 0 = tanh(sum(a.1) r[a.1])\n}\n", "r: it reads r before that is defined"},
        {"fix 0 until 0.001 {\nalg r[a] init 0 = prev(r[a])\n}\n", "a fix without an end"},
    };
    expect("core", cases, sizeof cases / sizeof *cases);
}

static void ends(void) {
    static const Case cases[] = {
        {"alg y[token, a] = x[token, a]\nalg z[now, a] = x[now, a]\ncheck \"same\" : y == z within 0.1\n", NULL},
        {"alg y[token, a] = x[token, a]\nalg z[a, token] = x[token, a]\ncheck \"order\" : y == z\n",
         "the sides of order have other axes"},
        {"alg y[a] = x[0, a]\nalg z = x[0, 0]\ncheck \"rank\" : y == z\n", "the sides of rank have other axes"},
        {"alg y[a] = x[0, a]\noutput y = y\nrecord z = y\n", "z: y is an output twice"},
        {"output y = x\n", "y: x is not defined by an equation"},
        {"record w = W\n", "w: W is not defined by an equation"},
    };
    expect("core", cases, sizeof cases / sizeof *cases);
}

static void system_programs(void) {
    static const Case cases[] = {
        {"alg in[now, a] = x[now, a] + prev(r[now, a])\n"
         "ode r[now, a] along now init 0 rate 0.01 = -r[now, a] + in[now, a]\n", NULL},
        {"alg y[a] = z[a]\nalg z[a] = y[a]\n", NULL}, /* a loop is for the reading to judge */
        {"alg y[now] = prev(z[now])\nalg z[now] = 1\n", "y: prev(z), which has no initial value"},
        {"state m[now] along now init m[now] = 1\n", "m: axis now is not in scope"},
        {"scan now {\nalg m[now] init 0 = prev(m[now])\n}\n", "a scan or fix in a system-level program"},
        {"ode r[a] init 0 rate W[a, b] = -r[a]\n", "r: axis b is not in scope"},
    };
    expect("system", cases, sizeof cases / sizeof *cases);
}

/* What the textual form cannot say. */
static void broken_objects(void) {
    Arena *arena = arena_new();
    const char *body = "alg y[a] = x[0, a] + 1\nalg z[a] = y[a]\noutput z = z\n";
    IrProgram *p = program(arena, "core", body);
    CU_ASSERT_PTR_NULL(ir_verify(p));
    IrVar *y = ir_find_var(p, "y"), *z = ir_find_var(p, "z"), *x;
    Name name = z->name;
    z->name = y->name;
    CU_ASSERT_STRING_EQUAL(ir_verify(p), "variable y twice");
    z->name = name;
    z->id = y->id;
    CU_ASSERT_STRING_EQUAL(ir_verify(p), "z has id 2 at place 3");
    p = program(arena, "core", body);
    x = ir_find_var(p, "x"), y = ir_find_var(p, "y");
    x->def = ir_lit(p, 1);
    CU_ASSERT_STRING_EQUAL(ir_verify(p), "input x has a definition");
    x->def = NULL;
    y->def = NULL;
    CU_ASSERT_STRING_EQUAL(ir_verify(p), "y: no definition");
    IrExpr *one = ir_lit(p, 1);
    y->def = ir_node(p, IR_ADD, 1, &one);
    CU_ASSERT_STRING_EQUAL(ir_verify(p), "y: an operator with 1 operands");
    y->def = ir_ref(p, ir_find_var(program(arena, "core", body), "x"), NULL);
    CU_ASSERT_STRING_EQUAL(ir_verify(p), "y: it reads x, which is not of this program");
    y->def = ir_lit(p, 2);
    y->def->text = name_of(p->names, "3");
    CU_ASSERT_STRING_EQUAL(ir_verify(p), "y: a literal whose text is not its value");
    y->def = ir_lit(p, 2);
    vec_push(arena, &p->items, p->items.at[0]);
    CU_ASSERT_STRING_EQUAL(ir_verify(p), "y: defined twice");
    p->items.count--;
    p = program(arena, "core", "scan now reversed {\nalg m[now] init 0 = 0.5 * prev(m[now]) + stop_gradient(x[now, 0])\n}\n");
    CU_ASSERT_PTR_NULL(ir_verify(p));
    ir_find_var(p, "m")->reversed = false;
    CU_ASSERT_STRING_EQUAL(ir_verify(p), "state m advances against its scan");
    p->items.at[0]->kind = ITEM_FIX;
    p->items.at[0]->count = 1;
    CU_ASSERT_STRING_EQUAL(ir_verify(p), "only a scan is reversed");
    p = program(arena, "core", body);
    p->axes.at[4]->base = p->axes.at[0];
    CU_ASSERT_STRING_EQUAL(ir_verify(p), "axis b: its base does not fit its kind");
    arena_free(arena);
}

static void learning(void) {
    static const Case cases[] = {
        {"alg E = sum(a, b) W[a, b]\nalg r[a, b] = -gradient(E, W[a, b])\nloss E = E\nrule R on W = r\n"
         "learn W by rule R with sgd(0.1, 0, 0)\n", NULL},
        {"alg E[a] = sum(b) W[a, b]\nloss E = E\n", "loss E has axes"},
        {"alg E[a] = sum(b) W[a, b]\nalg r[a, b] = gradient(E[a], W[a, b])\n", "r: gradient of E, which is no number"},
        {"alg E = W[0, 0]\nalg r[a, b] = gradient(E, W[a, b] + 1)\n", "r: gradient of an expression"},
        {"alg E = W[0, 0]\nscan now {\nalg m[now] init 0 = prev(m[now]) + gradient(E, W[0, 0])\n}\n", "m: gradient in a scan or fix"},
        {"alg r[b, a] = W[a, b]\nrule R on W = r\n", "R has other axes than W"},
        {"alg r[token, a] = x[token, a]\nrule R on x = r\n", "R is on what is no weight"},
        {"loss E = W\n", "E: W is not defined by an equation"},
        {"alg E = W[0, 0]\nloss E = E\nlearn W by gradient E with sgd(0.1, 0, 0)\nlearn W by gradient E with sgd(0.1, 0, 0)\n",
         "W learns twice"},
        {"alg E = W[0, 0]\nloss E = E\nlearn x by gradient E with sgd(0.1, 0, 0)\n",
         "a weight learns by what is neither a rule on it nor a loss"},
    };
    expect("core", cases, sizeof cases / sizeof *cases);
}

void suite_ir_verify(void) {
    CU_pSuite suite = CU_add_suite("ir_verify", NULL, NULL);
    CU_add_test(suite, "core programs", core_programs);
    CU_add_test(suite, "scans and fixpoints", scans_and_fixpoints);
    CU_add_test(suite, "outputs and checks", ends);
    CU_add_test(suite, "system-level programs", system_programs);
    CU_add_test(suite, "learning", learning);
    CU_add_test(suite, "broken objects", broken_objects);
}
