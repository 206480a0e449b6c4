/* From source to what learns: losses, rules, learn statements in the IR, and gradients resolved. */
#include <CUnit/Basic.h>
#include <math.h>
#include <string.h>

#include "exact/exact.h"
#include "gradient/resolve.h"
#include "gradient_source.h"

void suite_learn(void);

#define CIRCUIT \
    "neuron relay { compartment input; rate r = input; }\naxis t = 3;\naxis d = 2;\naxis e = 2;\nstimulus x[t, d], target[t, e];\n" \
    "cycle now over t;\npopulation source[d] : relay <- x[t as now];\npopulation p[e] : relay;\nsource -> p : dense W[e, d];\n" \
    "bias b[e] -> p;\noutput y = p;\nloss E = 0.5 * sum(now, e) (p[now, e] - target[now, e])^2;\n" \
    "rule hebb on W = sum(now) p[now, e] * x[now, d];\n"

static const IrLearn *learn_of(const IrProgram *p, const char *weight) {
    for (int i = 0; i < p->learns.count; i++)
        if (strcmp(p->learns.at[i].weight->name, weight) == 0) return &p->learns.at[i];
    return NULL;
}

static void what_learns_is_listed(void) {
    Arena *arena = arena_new();
    IrProgram *p = source_settled(arena, CIRCUIT "learn W by rule hebb rate 0.25;\nlearn b by gradient(E) with adam(0.5, clip = 3);\n", NULL);
    CU_ASSERT_EQUAL_FATAL(p->learns.count, 2);
    CU_ASSERT_EQUAL_FATAL(p->rules.count, 1);
    CU_ASSERT_EQUAL_FATAL(p->losses.count, 1);
    CU_ASSERT_PTR_NULL(ir_verify(p));
    const IrLearn *w = learn_of(p, "W"), *b = learn_of(p, "b");
    CU_ASSERT_FATAL(w && b);
    CU_ASSERT_PTR_EQUAL(w->rule, p->rules.at[0].var);
    CU_ASSERT_PTR_NULL(w->loss);
    CU_ASSERT_EQUAL(w->optimiser, OPTIMISER_SGD);
    CU_ASSERT_EQUAL(w->parameter[0], 0.25);
    CU_ASSERT_PTR_NULL(b->rule);
    CU_ASSERT_PTR_EQUAL(b->loss, p->losses.at[0].var);
    CU_ASSERT_EQUAL(b->optimiser, OPTIMISER_ADAM);
    CU_ASSERT_EQUAL(b->parameter[0], 0.5);
    CU_ASSERT_EQUAL(b->parameter[1], 0.9);
    CU_ASSERT_EQUAL(b->parameter[ir_optimiser_parameter(OPTIMISER_ADAM, "clip")], 3);
    CU_ASSERT_EQUAL(ir_optimiser_parameter(OPTIMISER_ADAM, "warmth"), -1);
    CU_ASSERT_TRUE(isnan(ir_optimisers[OPTIMISER_SGD].parameter[0].value));
    arena_free(arena);
}

static bool has_gradient(const IrExpr *e) {
    bool found = e->op == IR_GRADIENT;
    for (int i = 0; i < e->argc; i++) found |= has_gradient(e->arg[i]);
    return found;
}

static IrProgram *resolved(Arena *arena, const char *source) {
    GradientFault fault;
    IrProgram *p = gradient_resolve(source_settled(arena, source, NULL), &fault);
    CU_ASSERT_PTR_NOT_NULL_FATAL(p);
    const char *wrong = ir_verify(p);
    if (wrong) printf("%s\n", wrong);
    CU_ASSERT_PTR_NULL_FATAL(wrong);
    for (int i = 0; i < p->vars.count; i++) CU_ASSERT_FALSE(p->vars.at[i]->def && has_gradient(p->vars.at[i]->def));
    return p;
}

static ExactVerdict verdict(Arena *arena, const IrProgram *p, int check) {
    ExactOptions how = {.seed = 1};
    return exact_check(arena, p, &p->checks.at[check], &how).verdict;
}

/* Of weights, populations and stimuli, read along indices of their own; and a gradient of a gradient, by hand. */
static void gradients_are_resolved(void) {
    Arena *arena = arena_new();
    IrProgram *p = resolved(arena, CIRCUIT
        "loss steepness = 0.5 * sum(e) gradient(E, b[e])^2;\n"
        "check gradient(E, W[e, d]) == sum(now) (p[now, e] - target[now, e]) * x[now, d];\n"
        "check gradient(E, b[e]) == sum(now) gradient(E, p.input[now, e]);\n"
        "check gradient(E, x[now, d]) == sum(e) gradient(E, p[now, e]) * W[e, d];\n"
        "check first: gradient(E, W[0, d]) == sum(now) (p[now, 0] - target[now, 0]) * x[now, d];\n"
        "check gradient(steepness, b[e]) == 3 * sum(now) (p[now, e] - target[now, e]);\n"
        "check gradient(steepness, b[e]) == 2 * sum(now) (p[now, e] - target[now, e]);\n");
    CU_ASSERT_EQUAL_FATAL(p->checks.count, 6);
    for (int i = 0; i < 6; i++) CU_ASSERT_EQUAL(verdict(arena, p, i), i < 5 ? EXACT_EQUAL : EXACT_UNEQUAL);
    CU_ASSERT_PTR_NOT_NULL(ir_find_var(p, "W.bar"));
    CU_ASSERT_PTR_NULL(ir_find_var(p, "W.bar.2")); /* one sweep for a loss, however often it is asked */
    arena_free(arena);
}

static ExactResult confirmed(Arena *arena, const IrProgram *p, int check) {
    ExactOptions how = {.seed = 1};
    ExactResult r = exact_check(arena, p, &p->checks.at[check], &how);
    CU_ASSERT_EQUAL(r.verdict, EXACT_EQUAL);
    exact_confirm(arena, p, &p->checks.at[check], &how, &r);
    return r;
}

#define BY_HAND "sum(now) (p[now, e] - target[now, e]) * x[now, d];\n"

/* By the engine's own derivatives: of inputs together, of a population alone, through a gradient of a gradient. */
static void gradients_are_confirmed(void) {
    Arena *arena = arena_new();
    IrProgram *p = resolved(arena, CIRCUIT
        "loss steepness = 0.5 * sum(e) gradient(E, b[e])^2;\n"
        "check gradient(E, W[e, d]) == " BY_HAND
        "check gradient(E, W[e, d]) == sum(now) gradient(E, p.input[now, e]) * x[now, d];\n"
        "check gradient(steepness, b[e]) == 3 * sum(now) (p[now, e] - target[now, e]);\n"
        "check W == W;\n");
    static const int losses[] = {1, 2, 2, 0};
    for (int i = 0; i < 4; i++) {
        ExactResult r = confirmed(arena, p, i);
        CU_ASSERT_EQUAL(r.verdict, EXACT_EQUAL);
        CU_ASSERT_EQUAL(r.taken_count, losses[i]);
        for (int k = 0; k < r.taken_count; k++) CU_ASSERT_TRUE(r.taken[k].verdict == EXACT_EQUAL && r.taken[k].error_bits > 100);
    }
    arena_free(arena);
}

/* The rule is what the compiler says of the gradient; both are wrong. */
static void a_wrong_gradient_is_seen(void) {
    Arena *arena = arena_new();
    IrProgram *p = resolved(arena, CIRCUIT "check gradient(E, W[e, d]) == 2 * " BY_HAND);
    IrVar *gradient = p->taken.at[0].gradient;
    gradient->def = ir_op2(p, IR_MUL, ir_lit(p, 2), gradient->def);
    ExactResult r = confirmed(arena, p, 0);
    CU_ASSERT_EQUAL(r.verdict, EXACT_UNDECIDED);
    CU_ASSERT_EQUAL_FATAL(r.taken_count, 1);
    CU_ASSERT_EQUAL(r.taken[0].verdict, EXACT_UNEQUAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.why, "not what the compiler takes for it"));
    arena_free(arena);
}

/* What nobody reads is not taken: a program whose checks were dropped has neither gradients nor adjoints. */
static void unread_gradients_go(void) {
    Arena *arena = arena_new();
    IrProgram *p = ir_clone(source_settled(arena, CIRCUIT "check gradient(E, W) == W;\n", NULL));
    GradientFault fault;
    p->checks.count = 0;
    ir_forget_learning(p);
    IrProgram *q = gradient_resolve(p, &fault);
    CU_ASSERT_PTR_NOT_NULL_FATAL(q);
    CU_ASSERT_PTR_NULL(ir_verify(q));
    CU_ASSERT_PTR_NULL(ir_find_var(q, "W.bar"));
    for (int i = 0; i < q->vars.count; i++) CU_ASSERT_FALSE(q->vars.at[i]->def && has_gradient(q->vars.at[i]->def));
    arena_free(arena);
}

/* Online a weight is a state along the cycle; checks are exact. `step`: what a rule adds in one cycle. */
#define ONLINE \
    "neuron relay { compartment input; rate r = input; }\naxis t = 4;\naxis d = 2;\naxis e = 2;\nstimulus x[t, d], reward[t];\n" \
    "cycle now over t;\npopulation source[d] : relay <- x[t as now];\npopulation p[e] : relay;\nsource -> p : dense W[e, d];\n" \
    "synapse by_hand(start) {\nstate w = start;\nstate trace = 0;\ntrace = 0.5 * previous(trace) + pre * post;\nw = previous(w) + 0.25 * "

static void same_by_hand(const char *step, const char *rule, ExactVerdict expected) {
    Arena *arena = arena_new();
    char *text = arena_printf(arena, ONLINE "(%s);\noutput previous(w) * pre;\n}\npopulation twin[e] : relay;\nsource -> twin via by_hand(start = W);\n"
                              "rule dW on W %s\nlearn W online over now by rule dW rate 0.25;\ncheck p == twin;\noutput w = W[now = last];\n", step, rule);
    IrProgram *p = source_settled(arena, text, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(p);
    CU_ASSERT_PTR_NULL(ir_verify(p));
    CU_ASSERT_EQUAL(p->learns.count, 0); /* nothing is left for a training */
    CU_ASSERT_EQUAL(verdict(arena, p, 0), expected);
    arena_free(arena);
}

static void online_is_a_state(void) {
    same_by_hand("pre * post", "= sum(now) p[now, e] * source[now, d];", EXACT_EQUAL);
    same_by_hand("pre * post", "= sum(now) p[now, e] * source[now, d] * 2;", EXACT_UNEQUAL);
    same_by_hand("post * (pre - post * previous(w))", "= sum(now) p[now, e] * (x[now, d] - p[now, e] * W[e, d]);", EXACT_EQUAL);
    same_by_hand("post * (pre - post * previous(w))", "= -(sum(now) p[now, e]^2 * W[e, d]) + 0.5 * 2 * (sum(now) p[now, e] * x[now, d]);", EXACT_EQUAL);
    same_by_hand("trace", "{\ntrace[now, e, d] = 0.5 * previous(trace[now, e, d]) + p[now, e] * x[now, d];\ndW[e, d] = sum(now) trace[now, e, d];\n}",
                 EXACT_EQUAL);
    same_by_hand("pre * previous(w)", "{\nown[e, d] = 2 * W[e, d];\nheld[now, e, d] = own[e, d] * x[now, d] + 0 * p[now, e];\ndW[e, d] = (sum(now) held[now, e, d]) / 2;\n}",
                 EXACT_EQUAL);
}

/* What a rule adds up elsewhere is what was added: its own value, where it does not read the weight; the gradient is of the stored one. */
static void online_adds_up(void) {
    Arena *arena = arena_new();
    const char *text = "neuron relay { compartment input; rate r = input; }\naxis t = 4;\naxis s = t;\nstimulus x[t];\ncycle now over t;\n"
        "population source : relay <- x[t as now];\npopulation p : relay;\nsource -> p : W;\nweight W;\n"
        "rule dW on W = sum(now, s where s <= now and 1 <= now) p[now] * x[s];\nlearn W online over now by rule dW rate 0.5;\n"
        "loss E = sum(now) p[now];\ncheck W[now = last] - W == 0.5 * dW;\ncheck W[now = last] == W[now = 3];\n"
        "check W * gradient(E, W) == E;\ncheck W[now = last] - W == dW;\n";
    IrProgram *p = resolved(arena, text);
    CU_ASSERT_EQUAL_FATAL(p->checks.count, 4);
    for (int i = 0; i < 4; i++) CU_ASSERT_EQUAL(verdict(arena, p, i), i < 3 ? EXACT_EQUAL : EXACT_UNEQUAL);
    arena_free(arena);
}

void suite_learn(void) {
    CU_pSuite suite = CU_add_suite("learn", NULL, NULL);
    CU_add_test(suite, "what learns is listed", what_learns_is_listed);
    CU_add_test(suite, "gradients are resolved", gradients_are_resolved);
    CU_add_test(suite, "gradients are confirmed", gradients_are_confirmed);
    CU_add_test(suite, "a wrong gradient is seen", a_wrong_gradient_is_seen);
    CU_add_test(suite, "unread gradients go", unread_gradients_go);
    CU_add_test(suite, "online a weight is a state", online_is_a_state);
    CU_add_test(suite, "online steps add up", online_adds_up);
}
