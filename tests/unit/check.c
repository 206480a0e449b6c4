/* reference/check: verdicts, what is named, shrinking; the native program is played by the reference, rounded to float32 */
#include <CUnit/Basic.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "reference/check.h"

void suite_check(void);

static Arena *arena;

/* A linear head as a circuit (mask, value, higher) and as formulas (s, o), with a residual. Lines can be replaced. */
static const char *const LINES[] = {
    "program head core\n",
    "axis token : bounded(9)\naxis d : const(4)\naxis a : const(3)\naxis now : cycle(token)\n",
    "axis d.1 : copy(d)\naxis d.2 : copy(d)\naxis d.3 : copy(d)\naxis j : copy(token)\n"
    "axis j.1 : copy(token)\naxis a.1 : copy(a)\n",
    "axis i : copy(token)\naxis j.2 : copy(token)\naxis j.3 : copy(token)\naxis a.2 : copy(a)\n"
    "axis d.4 : copy(d)\naxis d.5 : copy(d)\n",
    "stimulus x[token, d]\nweight K[a, d]\nweight Q[a, d]\n",
    "alg V.mask[token, a, now] of population \"V.mask\" = (sum(d.1) K[a, d.1] * x[token, d.1]) * (sum(d.2) "
    "Q[a, d.2] * x[now, d.2])\n",
    "alg V.value.apical[token, now] of compartment \"V.value.apical\" = sum(a.1) V.mask[token, a.1, now]\n",
    "alg V.value[token, d, now] of population \"V.value\" = V.value.apical[token, now] * x[token, d]\n",
    "alg higher[now, d] of population \"higher\" = x[now, d] + (sum(j where j <= now) V.value[j, d, now])\n",
    "alg k[i, a] of spec \"k\" = sum(d.3) K[a, d.3] * x[i, d.3]\n",
    "alg q[i, a] of spec \"q\" = sum(d.4) Q[a, d.4] * x[i, d.4]\n",
    "alg s[i, j.2] of spec \"s\" = sum(a.2) q[i, a.2] * k[j.2, a.2]\n",
    "alg o[i, d] of spec \"o\" = x[i, d] + (sum(j.3 where j.3 <= i) s[i, j.3] * x[j.3, d])\n",
    "check \"check 1\" : higher == o\n",
};
enum { LINE_COUNT = sizeof LINES / sizeof *LINES, MASK = 5, APICAL = 6, VALUE = 7, HIGHER = 8 };

static IrProgram *program(int line, const char *instead) {
    Text text = text_new(arena);
    char *error = NULL;
    for (int i = 0; i < LINE_COUNT; i++) text_add(&text, "%s", i == line ? instead : LINES[i]);
    IrProgram *p = ir_parse(arena, names_new(arena), text.at, &error);
    if (!p) printf("%s\n", error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(p);
    check_expose(p);
    return p;
}

typedef struct Player { /* plays the native program; `fault` is added to one element */
    IrProgram *p;
    const char *faulty; /* output with a fault; NULL: all */
    double fault;
    int calls;
    bool recording;
} Player;

static const char *play(void *data, const NativeCall *call) {
    Player *player = data;
    const IrProgram *p = player->p;
    Reference *r = ref_new(p, call->size, ref_float64(), NULL, 0);
    for (int i = 0; i < call->input_count; i++) ref_bind(r, ir_find_var(p, call->input[i].name), call->input[i].value);
    const char *error = ref_run(r);
    for (int i = 0; i < call->output_count; i++) {
        for (int k = 0; k < p->outputs.count; k++) {
            if (p->outputs.at[k].name != call->output[i].name) continue;
            RefTensor t = ref_tensor(r, p->outputs.at[k].var);
            CU_ASSERT_EQUAL(t.count, call->output[i].count);
            bool right = player->faulty && player->recording && strcmp(player->faulty, call->output[i].name) != 0;
            for (int64_t n = 0; n < t.count; n++)
                call->output[i].value[n] = (double)(float)(t.value[n] + (n == 1 && !right ? player->fault : 0));
        }
    }
    player->calls++;
    ref_free(r);
    return error;
}

static NativeRunner *play_recording(void *data, const IrProgram **scheduled) {
    Player *player = ARENA_NEW(arena, Player);
    *player = *(const Player *)data;
    *scheduled = player->p = ir_clone(player->p);
    player->recording = true;
    check_expose_all(player->p);
    NativeRunner *runner = ARENA_NEW(arena, NativeRunner);
    *runner = (NativeRunner){player, play, NULL};
    return runner;
}

static CheckReport *checked(IrProgram *p, double fault) {
    Player player = {.p = p, .faulty = "V.value", .fault = fault};
    NativeRunner runner = {&player, play, play_recording};
    CheckInput in = {.source = p, .scheduled = p, .native = &runner, .arithmetic = ref_float32(), .seed = 1};
    CheckReport *report = check_run(arena, &in);
    CU_ASSERT_TRUE(player.calls > 0);
    return report;
}

static void a_true_check_holds(void) {
    arena = arena_new();
    CheckReport *report = checked(program(-1, NULL), 0);
    CU_ASSERT_EQUAL(report->verdict, CHECK_HOLDS);
    CU_ASSERT_TRUE(report->result[0].exact_points > 0);
    CU_ASSERT_EQUAL(report->result[0].family[0].runs, 6); /* 1 2 3 5 7 and the declared size, 9 */
    char *text;
    size_t length;
    FILE *to = open_memstream(&text, &length);
    check_print(report, to);
    json_t *json = check_result_json(&report->result[0]);
    json_dumpf(json, to, JSON_COMPACT);
    json_decref(json);
    fclose(to);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "1 of 1 checks hold"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"verdict\":\"holds\""));
    free(text);
    arena_free(arena);
}

static void wrong_native_code_is_seen(void) {
    arena = arena_new();
    CheckReport *report = checked(program(-1, NULL), 3e-4);
    CU_ASSERT_EQUAL(report->verdict, CHECK_NATIVE_WRONG);
    CU_ASSERT_PTR_NOT_NULL_FATAL(report->result[0].failure.at);
    CU_ASSERT_STRING_EQUAL(report->result[0].failure.at, "higher[token = 0, d = 1]");
    CU_ASSERT_PTR_NOT_NULL_FATAL(report->result[0].failure.first);
    CU_ASSERT_STRING_EQUAL(report->result[0].failure.first, "V.value");
    arena_free(arena);
}

static void expect_first(int line, const char *instead, const char *first) {
    arena = arena_new();
    CheckReport *report = checked(program(line, instead), 0);
    CU_ASSERT_EQUAL(report->verdict, CHECK_DIFFERS);
    const char *named = report->result[0].failure.first;
    if (!named || strcmp(named, first) != 0) printf("\n    expected %s, named %s\n", first, named ? named : "nothing");
    CU_ASSERT_TRUE(named && strcmp(named, first) == 0);
    CU_ASSERT_PTR_NOT_NULL(report->result[0].failure.input);
    arena_free(arena);
}

static void the_first_difference_is_named(void) {
    expect_first(MASK,
                 "alg V.mask[token, a, now] of population \"V.mask\" = (sum(d.1) Q[a, d.1] * x[token, d.1]) * "
    "(sum(d.2) K[a, d.2] * x[now, d.2])\n",
                 "V.mask");
    expect_first(APICAL,
                 "alg V.value.apical[token, now] of compartment \"V.value.apical\" = sum(a.1) 0.9 * V.mask[token, a.1, now]\n",
                 "V.value");
    expect_first(VALUE,
                 "alg V.value[token, d, now] of population \"V.value\" = V.value.apical[token, now] * x[now, d]\n", "V.value");
    expect_first(HIGHER, "alg higher[now, d] of population \"higher\" = sum(j where j <= now) V.value[j, d, now]\n",
                 "higher");
    expect_first(HIGHER,
                 "alg higher[now, d] of population \"higher\" = x[now, d] + (sum(j where j - now <= -1) V.value[j, d, now])\n",
                 "higher");
    expect_first(HIGHER, "alg higher[now, d] of population \"higher\" = x[now, d] + (sum(j) V.value[j, d, now])\n",
                 "higher");
}

/* The sides read p and m of one scan, and are equal by its equations, so up to the rounding of these. */
static void a_scan_read_twice_is_not_exact(void) {
    arena = arena_new();
    char *error = NULL;
    IrProgram *p = ir_parse(arena, names_new(arena),
                            "program learned core\naxis t : bounded(9)\naxis now : cycle(t)\naxis t.1 : copy(t)\nstimulus x[t]\nweight w\n"
                            "scan now {\n  alg p[now] = prev(m[now]) * x[now]\n"
                            "  alg m[now] along now init w = prev(m[now]) + 0.1 * (p[now] * x[now])\n}\n"
                            "alg left = sum(t.1) p[t.1] * x[t.1]\nalg right = 10 * (m[last] - w)\ncheck \"check 1\" : left == right\n", &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(p);
    check_expose(p);
    CU_ASSERT_EQUAL(checked(p, 0)->verdict, CHECK_HOLDS);
    arena_free(arena);
}

void suite_check(void) {
    CU_pSuite suite = CU_add_suite("check", NULL, NULL);
    CU_add_test(suite, "a true check holds", a_true_check_holds);
    CU_add_test(suite, "wrong native code is seen", wrong_native_code_is_seen);
    CU_add_test(suite, "the first difference is named", the_first_difference_is_named);
    CU_add_test(suite, "a scan read twice is not exact", a_scan_read_twice_is_not_exact);
}
