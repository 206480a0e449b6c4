/* report/: `ctx explain` as text, LaTeX and JSON, on a small program. */
#include <CUnit/Basic.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "report/explain.h"

void suite_explain(void);

static const char program[] =
    "program pair core\naxis t : bounded(64)\naxis d : const(8)\naxis e : const(8)\naxis f : const(8)\n"
    "stimulus x[t, d]\nweight A[e, d]\nweight B[f, e]\n"
    "alg h[t, e] = sum(d) A[e, d] * x[t, d]\nalg y[t, f] = sum(e) B[f, e] * h[t, e]\noutput y = y\n"
    "assume \"tau of relay is not 0\"\n";

typedef enum Form { TEXT, LATEX, JSON } Form;

static char *explained(Form form, const char *text) {
    Arena *arena = arena_new();
    char *error = NULL, *out = NULL;
    size_t size;
    IrProgram *source = ir_parse(arena, names_new(arena), text, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(source);
    OptReport report;
    OptOptions options = {0};
    IrProgram *optimised = opt_run(source, &options, &report);
    FILE *to = open_memstream(&out, &size);
    if (form == TEXT) explain_text(to, source, optimised, &report, NULL, NULL, NULL);
    if (form == LATEX) explain_latex(to, source);
    if (form == JSON) explain_json(to, source, optimised, &report, NULL, NULL, NULL);
    fclose(to);
    arena_free(arena);
    return out;
}

static void text_names_equations_and_costs(void) {
    char *text = explained(TEXT, program);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "h[t, e] = sum(d) A[e, d] * x[t, d]"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "tau of relay is not 0"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "8.19 k per call, 1.02 k per plan"));
    free(text);
}

static void latex_has_sums(void) {
    char *text = explained(LATEX, program);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "h_{t,\\,e} &= \\sum_{d} A_{e,\\,d}\\, x_{t,\\,d}"));
    free(text);
}

/* Without brackets and dots, x -1 would read as a difference, 2 3 as 23, and 1e-8 as 1 e - 8. */
static void latex_has_numbers(void) {
    char *text = explained(LATEX, "program numbers core\nstimulus x\nalg y = 2 * 3 * x * -1 + 1e-8 * 4 ^ x\nalg z = x + -1 * x\noutput y = y\noutput z = z\n");
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "y &= 2 \\cdot 3\\, x\\, \\left(-1\\right) + 1 \\cdot 10^{-8} \\cdot \\left(4\\right)^{x}"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "z &= x + \\left(-1\\right)\\, x"));
    free(text);
}

static void json_holds_operations(void) {
    char *text = explained(JSON, program);
    json_error_t error;
    json_t *all = json_loads(text, 0, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(all);
    json_t *operations = json_object_get(all, "operations");
    double chosen = json_number_value(json_object_get(json_object_get(operations, "chosen"), "call"));
    double source = json_number_value(json_object_get(json_object_get(operations, "source"), "call"));
    CU_ASSERT_DOUBLE_EQUAL(chosen, 64.0 * 8 * 8 * 2, 0);
    CU_ASSERT_DOUBLE_EQUAL(source, 64.0 * 8 * 8 * 4, 0);
    CU_ASSERT_EQUAL(json_array_size(json_object_get(all, "contractions")), 1);
    CU_ASSERT_EQUAL(json_array_size(json_object_get(all, "circuit")), 2);
    json_decref(all);
    free(text);
}

void suite_explain(void) {
    CU_pSuite suite = CU_add_suite("explain", NULL, NULL);
    CU_add_test(suite, "text names equations and costs", text_names_equations_and_costs);
    CU_add_test(suite, "latex has sums", latex_has_sums);
    CU_add_test(suite, "latex has numbers", latex_has_numbers);
    CU_add_test(suite, "json holds operations", json_holds_operations);
}
