/* opt/: optimised programs compute the same values. A small evaluator of its own (double precision, straight from the
 * definition of the IR) compares the outputs before and after, with and without reassociation, on written and on random
 * programs. */
#include <CUnit/Basic.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "opt/opt.h"

void suite_opt_values(void);

/* ---- evaluator ------------------------------------------------------------------------------------------------------ */
typedef struct Machine {
    const IrProgram *p;
    int64_t length;   /* size of bounded axes in this run */
    int64_t at[4096]; /* position of each axis */
    double **value;   /* by variable id */
    double **before;  /* the previous iteration's values, inside a fixpoint */
} Machine;

static int64_t size_of(const Machine *m, const IrAxis *axis) {
    return axis->root->kind == AXIS_BOUNDED ? m->length : axis->root->size;
}

static double eval(Machine *m, const IrExpr *e);

static double read(Machine *m, const IrExpr *e) {
    const IrVar *v = e->var;
    int64_t offset = 0;
    for (int i = 0; i < v->axis_count; i++) {
        const IrIndex *x = &e->index[i];
        int64_t n = size_of(m, v->axes[i]), at = x->offset;
        if (x->kind == IX_LAST) at = n - 1;
        if (x->kind == IX_AXIS) at += m->at[x->axis->id];
        if (e->op == IR_PREV && v->axes[i] == v->scan_axis) at += v->reversed ? 1 : -1;
        if (at < 0 || at >= n) return e->op == IR_PREV && v->init ? eval(m, v->init) : NAN;
        offset = offset * n + at;
    }
    if (e->op == IR_PREV && !v->scan_axis) return m->before ? m->before[v->id][offset] : eval(m, v->init);
    return m->value[v->id][offset];
}

static bool holds(const Machine *m, const IrGuard *g) {
    for (int i = 0; i < g->count; i++) {
        const IrAtom *t = &g->atom[i];
        int64_t d = (t->a ? m->at[t->a->id] : 0) - (t->b ? m->at[t->b->id] : 0);
        if (t->relation == GUARD_LE ? d > t->bound : d != t->bound) return false;
    }
    return true;
}

static double reduce(Machine *m, const IrExpr *e, int k, double so_far) {
    if (k == e->bound_count) {
        if (!holds(m, &e->guard)) return so_far;
        double x = eval(m, e->arg[0]);
        return e->op == IR_SUM ? so_far + x : fmax(so_far, x);
    }
    for (int64_t i = 0; i < size_of(m, e->bound[k]); i++) {
        m->at[e->bound[k]->id] = i;
        so_far = reduce(m, e, k + 1, so_far);
    }
    return so_far;
}

static double eval(Machine *m, const IrExpr *e) {
    if (e->op == IR_SUM || e->op == IR_AMAX) return reduce(m, e, 0, e->op == IR_SUM ? 0 : -INFINITY);
    double a = e->argc > 0 ? eval(m, e->arg[0]) : 0, b = e->argc == 2 ? eval(m, e->arg[1]) : 0;
    switch (e->op) {
    case IR_LIT: return e->value;
    case IR_SIZE: return (double)size_of(m, e->axis);
    case IR_POS: return (double)m->at[e->axis->id];
    case IR_REF: case IR_PREV: return read(m, e);
    case IR_NEG: return -a;
    case IR_ADD: return a + b;
    case IR_SUB: return a - b;
    case IR_MUL: return a * b;
    case IR_DIV: return a / b;
    case IR_POW: return pow(a, b);
    case IR_MIN: return fmin(a, b);
    case IR_MAX: return fmax(a, b);
    case IR_EXP: return exp(a);
    case IR_LOG: return log(a);
    case IR_SQRT: return sqrt(a);
    case IR_TANH: return tanh(a);
    case IR_RELU: return a > 0 ? a : 0;
    case IR_SELECT: return eval(m, e->arg[a != 0 ? 1 : 2]);
    default: return NAN; /* not used by these programs */
    }
}

/* Every point of v, or with `fixed` those at its present position. */
static void fill(Machine *m, const IrVar *v, const IrAxis *fixed, int k, int64_t offset) {
    if (k == v->axis_count) {
        m->value[v->id][offset] = eval(m, v->def);
        return;
    }
    int64_t n = size_of(m, v->axes[k]);
    if (v->axes[k] == fixed) {
        fill(m, v, fixed, k + 1, offset * n + m->at[fixed->id]);
        return;
    }
    for (int64_t i = 0; i < n; i++) {
        m->at[v->axes[k]->id] = i;
        fill(m, v, fixed, k + 1, offset * n + i);
    }
}

static void run_scan(Machine *m, const IrItem *item) {
    for (int64_t i = 0; i < size_of(m, item->axis); i++)
        for (int k = 0; k < item->body_count; k++) {
            m->at[item->axis->id] = item->reversed ? size_of(m, item->axis) - 1 - i : i;
            fill(m, item->body[k]->var, item->axis, 0, 0);
        }
}

static int64_t points(const Machine *m, const IrVar *v) {
    int64_t n = 1;
    for (int i = 0; i < v->axis_count; i++) n *= size_of(m, v->axes[i]);
    return n;
}

static void run_fix(Machine *m, const IrItem *item) {
    double **old = calloc((size_t)m->p->vars.count, sizeof *old);
    for (int k = 0; k < item->body_count; k++) {
        const IrVar *v = item->body[k]->var;
        old[v->id] = malloc(sizeof(double) * (size_t)points(m, v));
    }
    for (int64_t i = 0; i < item->count; i++) {
        for (int k = 0; k < item->body_count; k++) fill(m, item->body[k]->var, NULL, 0, 0);
        for (int k = 0; k < item->body_count; k++) {
            const IrVar *v = item->body[k]->var;
            memcpy(old[v->id], m->value[v->id], sizeof(double) * (size_t)points(m, v));
        }
        m->before = old;
    }
    m->before = NULL;
    for (int i = 0; i < m->p->vars.count; i++) free(old[i]);
    free(old);
}

static double draw(uint64_t *seed) {
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(*seed >> 40) / 8388608.0 - 1;
}

static void set_input(Machine *m, const IrVar *v) {
    uint64_t seed = 7;
    for (const char *c = v->name; *c; c++) seed = seed * 31 + (unsigned char)*c;
    for (int64_t i = 0; i < points(m, v); i++) m->value[v->id][i] = draw(&seed);
}

static void run_program(Machine *m, const IrProgram *p, int64_t length) {
    *m = (Machine){.p = p, .length = length};
    m->value = calloc((size_t)p->vars.count, sizeof *m->value);
    for (int i = 0; i < p->vars.count; i++) {
        const IrVar *v = p->vars.at[i];
        m->value[i] = malloc(sizeof(double) * (size_t)points(m, v));
        for (int64_t k = 0; k < points(m, v); k++) m->value[i][k] = NAN;
        if (v->kind == VAR_STIMULUS || v->kind == VAR_WEIGHT) set_input(m, v);
    }
    for (int i = 0; i < p->items.count; i++) {
        if (p->items.at[i]->kind == ITEM_SCAN) run_scan(m, p->items.at[i]);
        else if (p->items.at[i]->kind == ITEM_FIX) run_fix(m, p->items.at[i]);
        else fill(m, p->items.at[i]->var, NULL, 0, 0);
    }
}

static void end_program(Machine *m) {
    for (int i = 0; i < m->p->vars.count; i++) free(m->value[i]);
    free(m->value);
}

/* Largest difference of two programs' outputs, relative to the size of the values; NAN differs from everything but NAN. */
static double difference(const IrProgram *a, const IrProgram *b, int64_t length) {
    Machine x, y;
    run_program(&x, a, length);
    run_program(&y, b, length);
    double worst = 0;
    int64_t numbers = 0;
    for (int i = 0; i < a->outputs.count; i++) {
        const IrVar *u = a->outputs.at[i].var, *v = b->outputs.at[i].var;
        for (int64_t k = 0; k < points(&x, u); k++) {
            double p = x.value[u->id][k], q = y.value[v->id][k];
            double d = fabs(p - q) / (1 + fabs(p));
            if (isnan(p) != isnan(q)) d = INFINITY;
            numbers += !isnan(p);
            if (!isnan(p) && d > worst) worst = d;
        }
    }
    end_program(&x);
    end_program(&y);
    return numbers || length == 1 ? worst : INFINITY; /* a comparison of nothing would prove nothing */
}

static void same_values(const char *text) {
    Arena *arena = arena_new();
    char *error = NULL;
    IrProgram *source = ir_parse(arena, names_new(arena), text, &error);
    if (!source) fprintf(stderr, "%s\n%s\n", error, text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(source);
    int64_t small[64] = {0};
    for (int i = 0; i < source->axes.count && i < 64; i++) small[i] = 4000; /* another size, another order */
    for (int mode = 0; mode < 3; mode++) {
        OptOptions options = {.no_reassociate = mode == 1, .sizes = mode == 2 ? small : NULL, .size_count = 64};
        OptReport report;
        IrProgram *p = opt_run(source, &options, &report);
        for (int64_t length = 1; length <= 5; length += 2) {
            double d = difference(source, p, length);
            CU_ASSERT(d < 1e-11);
            if (d < 1e-11) continue;
            fprintf(stderr, "mode %d length %lld: difference %g\n%s\n", mode, (long long)length, d, text);
            ir_print(p, stderr);
        }
    }
    arena_free(arena);
}

/* ---- written programs ------------------------------------------------------------------------------------------------ */
#define AXES \
    "program t core\naxis token : bounded(64)\naxis now : cycle(token)\naxis head : const(2)\naxis d : const(6)\naxis a : const(3)\n" \
    "axis c : const(4)\naxis token.1 : copy(token)\naxis token.2 : copy(token)\naxis token.3 : copy(token)\naxis a.1 : copy(a)\n" \
    "axis d.1 : copy(d)\naxis d.2 : copy(d)\naxis d.3 : copy(d)\nstimulus x[token, d]\nweight W_Q[head, a, d]\nweight W_K[head, a, d]\n" \
    "weight W_V[head, c, d]\nweight W_O[d, head, c]\nweight b[head, a]\nstimulus g[token]\n"
#define HEAD \
    "alg k[head, token, a] = (sum(d.1) W_K[head, a, d.1] * x[token, d.1])%s\n" \
    "alg q[now, head, a] = sum(d.2) W_Q[head, a, d.2] * x[now, d.2]\n" \
    "alg v[head, token, c] = sum(d.3) W_V[head, c, d.3] * x[token, d.3]\n"

static void with_guard(const char *format, const char *guard) {
    char text[6000], formatted[6000];
    for (int bias = 0; bias < 2; bias++) {
        snprintf(formatted, sizeof formatted, AXES HEAD "%s", bias ? " + b[head, a]" : "", format);
        snprintf(text, sizeof text, formatted, guard, guard);
        same_values(text);
    }
}

static const char *const guards[] = {"", " where token.1 <= now", " where token.1 - now <= -1",
                                     " where token.1 <= now, now - token.1 <= 1", " where token.1 - now == 0",
                                     " where token.1 - now <= 1", " where now - token.1 <= 0", " where now - token.1 <= -1",
                                     " where token.1 <= 2"};
enum { GUARDS = sizeof guards / sizeof *guards };

static void linear_attention(void) {
    for (int i = 0; i < GUARDS; i++)
        with_guard("alg mask[now, head, token, a] = k[head, token, a] * q[now, head, a]\n"
                   "alg value[now, head, token, c] = (sum(a) mask[now, head, token, a]) * v[head, token, c]\n"
                   "alg y[now, d] = (sum(head, token.1, c%s) W_O[d, head, c] * value[now, head, token.1, c]) + x[now, d]\n"
                   "output y = y\n", guards[i]);
}

static void normalised_attention(void) {
    for (int i = 0; i < GUARDS; i++)
        with_guard("alg s[now, head, token] = sum(a) k[head, token, a] * q[now, head, a]\n"
                   "alg z[now, head] = sum(token.1%s) s[now, head, token.1]\n"
                   "alg value[now, head, token, c] = s[now, head, token] * v[head, token, c] / z[now, head]\n"
                   "alg y[now, d] = sum(head, token.1, c) W_O[d, head, c] * value[now, head, token.1, c]\noutput y = y\n",
                   guards[i]);
}

static void softmax_attention(void) {
    for (int i = 0; i < GUARDS; i++) {
        if (strstr(guards[i], "<= -1")) continue; /* 0/0 at the first token */
        with_guard("alg e[now, head, token] = exp(1 / sqrt(size(a)) * (sum(a) k[head, token, a] * q[now, head, a]))\n"
                   "alg z[now, head] = sum(token.1%s) e[now, head, token.1]\n"
                   "alg value[now, head, token, c] = e[now, head, token] * v[head, token, c] / z[now, head]\n"
                   "alg y[now, d] = (sum(head, token.1, c%s) W_O[d, head, c] * value[now, head, token.1, c]) + x[now, d]\n"
                   "output y = y\nrecord e = e\n", guards[i]);
        with_guard("alg y[now, head, c] = (sum(token.1%s) exp(sum(a) k[head, token.1, a] * q[now, head, a]) * v[head, token.1, c])"
                   " / (sum(token.2) exp(sum(a.1) k[head, token.2, a.1] * q[now, head, a.1]))\noutput y = y\n", guards[i]);
    }
}

static void reciprocals_stay_in_empty_sums(void) {
    with_guard("alg z[now] = (sum(token.2 where token.2 - now <= -1) g[token.2] * g[token.2])\n"
               "alg y[now] = sum(token.1%s) g[token.1] / z[now]\noutput y = y\n", " where token.1 - now <= -1");
}

static void scans(void) {
    static const char *const reader[] = {"m[now, head, c, a]", "m[last, head, c, a]", "m[token, head, c, a]", "m[0, head, c, a]"};
    for (int k = 0; k < 8; k++) {
        char text[6000];
        int i = k / 2;
        snprintf(text, sizeof text, AXES HEAD
                 "scan now %s{\n  alg in[now, head, c, a] = k[head, now, a] * v[head, now, c]\n"
                 "  alg m[now, head, c, a] init 0.5 = 0.9 * prev(m[now, head, c, a]) + in[now, head, c, a]\n}\n"
                 "alg deep[%s, head, c, a] = %s * q[%s, head, a]\n"
                 "alg y[%s, d] = (sum(head, c, a) W_O[d, head, c] * deep[%s, head, c, a]) + x[%s, d]\noutput y = y\n", "",
                 k % 2 ? "reversed " : "", i == 2 ? "token" : "now", reader[i], i == 2 ? "token" : "now", i == 2 ? "token" : "now", i == 2 ? "token" : "now",
                 i == 2 ? "token" : "now");
        same_values(text);
    }
}

static void states_that_only_add(void) {
    static const char *const reader[] = {"now", "last", "token", "now", "0", "token"};
    static const char *const addend[] = {"k[head, now, a] * v[head, now, c]", "(k[head, now, a] + v[head, now, c])"};
    for (int k = 0; k < 12; k++) {
        int i = k % 6;
        char text[6000];
        const char *axis = i % 3 == 2 ? "token" : "now";
        snprintf(text, sizeof text, AXES HEAD
                 "scan now %s{\n  alg m[now, head, c, a] init 0 = prev(m[now, head, c, a]) + %s\n}\n"
                 "alg y[%s, d] = (sum(head, c, a) W_O[d, head, c] * m[%s, head, c, a] * q[%s, head, a]) + x[%s, d]\noutput y = y\n"
                 "%s", "", k < 6 ? "" : "reversed ", addend[i / 3], axis, reader[i % 3 + (k < 6 ? 0 : 3)], axis, axis, i == 0 ? "record m = m\n" : "");
        same_values(text);
    }
}

static void delta_rule(void) {
    char text[6000];
    snprintf(text, sizeof text, AXES HEAD
             "scan now {\n  alg recall[now, head, c] = sum(a) prev(m[now, head, c, a]) * k[head, now, a]\n"
             "  alg m[now, head, c, a] init 0 = prev(m[now, head, c, a]) + 0.1 * (v[head, now, c] - recall[now, head, c]) *"
             " k[head, now, a]\n}\n"
             "alg y[now, head, c] = sum(a) m[now, head, c, a] * q[now, head, a]\noutput y = y\n", "");
    same_values(text);
}

static void normalisation(void) {
    same_values(AXES
                "alg average[token] = 1 / size(d) * (sum(d.1) x[token, d.1])\nalg centred[token, d] = x[token, d] - average[token]\n"
                "alg energy[token, d] = centred[token, d] ^ 2\nalg power[token] = (sum(d.2) energy[token, d.2]) / size(d)\n"
                "alg out[token, d] = W_O[d, 0, 0] * centred[token, d] / sqrt(power[token] + 0.001) + W_O[d, 1, 0]\n"
                "alg h[token, head, a] = relu((sum(d.3) W_Q[head, a, d.3] * out[token, d.3]) + b[head, a])\n"
                "alg y[token, d] = (sum(head, a) W_K[head, a, d] * h[token, head, a]) + out[token, d]\noutput y = y\n");
}

static void fixpoint(void) {
    same_values(AXES
                "axis a.2 : copy(a)\nweight W[a, d]\nweight U[d, a]\nstimulus s[token, a]\n"
                "fix 20 until 1e-09 {\n  alg drive[token, a] = (sum(d) W[a, d] * x[token, d]) + 0.1 * s[token, a]\n"
                "  alg inner[token, a, a.2] = 0.1 * (sum(d.1) W[a, d.1] * U[d.1, a.2])\n"
                "  alg r[token, a] init 0.2 = tanh((sum(a.1) inner[token, a, a.1] * prev(r[token, a.1])) + drive[token, a])\n}\n"
                "alg y[token, d] = sum(a) U[d, a] * r[token, a]\noutput y = y\n");
}

/* Reading the end of a causal sum: the guard cannot follow an index that is no axis. */
static void last_of_a_guarded_sum(void) {
    with_guard("alg s[now, head, c] = sum(token.1, a%s) k[head, token.1, a] * v[head, token.1, c]\n"
               "alg r[now, d] = sum(head, c) W_O[d, head, c] * s[now, head, c]\n"
               "alg y[d] = sum(token) g[token] * r[last, d]\noutput y = y\n", " where token.1 <= now");
}

/* ---- random programs ------------------------------------------------------------------------------------------------- */
typedef struct Maker { uint64_t seed; char text[20000]; int vars; char axes[40][3][16]; int count[40]; } Maker;

static int roll(Maker *m, int n) { return (int)((draw(&m->seed) + 1) / 2 * n) % n; }

static void add_text(Maker *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add_text(Maker *m, const char *format, ...) {
    va_list args;
    va_start(args, format);
    size_t used = strlen(m->text);
    vsnprintf(m->text + used, sizeof m->text - used, format, args);
    va_end(args);
}

/* A reference to variable v: each axis as itself, or as an axis of the same root that is in scope. */
static void add_ref(Maker *m, int v, const char *bound) {
    add_text(m, "v%d", v);
    for (int i = 0; i < m->count[v]; i++) {
        const char *axis = m->axes[v][i];
        bool position = !strcmp(axis, "token") || !strcmp(axis, "now");
        bool root = bound && (position ? !strncmp(bound, "token", 5) : bound[0] == axis[0]);
        if (root && roll(m, 2)) axis = bound;
        add_text(m, "%s%s", i ? ", " : "[", axis);
    }
    if (m->count[v]) add_text(m, "]");
}

static void add_product(Maker *m, const char *bound) {
    int factors = 1 + roll(m, 3);
    for (int i = 0; i < factors; i++) {
        if (i) add_text(m, " * ");
        if (roll(m, 9) == 0) add_text(m, "0.5 * ");
        add_ref(m, roll(m, m->vars), bound);
    }
}

/* One more equation over all four axes, or over fewer. */
static void add_equation(Maker *m) {
    static const char *const limit[] = {"", " where t%d <= now", " where t%d - now <= -1", " where t%d <= now, now - t%d <= 1"};
    int v = m->vars, form = roll(m, 8);
    char bound[32];
    add_text(m, "alg v%d[token, now, a] = ", v);
    snprintf(bound, sizeof bound, form == 1 ? "a.%d" : "token.%d", v);
    if (form == 0) add_text(m, "tanh("), add_product(m, NULL), add_text(m, ")");
    else if (form == 2) add_product(m, NULL), add_text(m, " + "), add_product(m, NULL);
    else if (form == 3) add_product(m, NULL);
    else {
        char guard[100];
        int which = form == 1 ? 0 : roll(m, 4);
        const char *from = limit[which];
        size_t n = 0;
        for (; *from; from++) {
            if (from[0] == 't' && from[1] == '%') n += (size_t)sprintf(guard + n, "token.%d", v), from += 2;
            else guard[n++] = *from;
        }
        guard[n] = 0;
        add_text(m, "sum(%s%s) ", bound, guard);
        add_product(m, bound);
    }
    add_text(m, "\n");
    m->count[v] = 3;
    strcpy(m->axes[v][0], "token"), strcpy(m->axes[v][1], "now"), strcpy(m->axes[v][2], "a");
    m->vars++;
}

static void random_programs(void) {
    for (int trial = 0; trial < 300; trial++) {
        Maker m = {.seed = 1000u + (uint64_t)trial};
        add_text(&m, "program r core\naxis token : bounded(16)\naxis now : cycle(token)\naxis a : const(3)\n");
        for (int i = 0; i < 12; i++) add_text(&m, "axis token.%d : copy(token)\naxis a.%d : copy(a)\n", i, i);
        add_text(&m, "stimulus v0[token, a]\nweight v1[a]\nstimulus v2[token]\n");
        m.vars = 3;
        strcpy(m.axes[0][0], "token"), strcpy(m.axes[0][1], "a"), m.count[0] = 2;
        strcpy(m.axes[1][0], "a"), m.count[1] = 1;
        strcpy(m.axes[2][0], roll(&m, 2) ? "now" : "token"), m.count[2] = 1;
        int equations = 2 + roll(&m, 5);
        for (int i = 0; i < equations; i++) add_equation(&m);
        add_text(&m, "output y = v%d\n", m.vars - 1);
        if (roll(&m, 2)) add_text(&m, "record r = v%d\n", 3 + roll(&m, equations - 1)); /* not what y is */
        same_values(m.text);
    }
}

void suite_opt_values(void) {
    CU_pSuite suite = CU_add_suite("opt_values", NULL, NULL);
    CU_add_test(suite, "linear attention", linear_attention);
    CU_add_test(suite, "normalised attention", normalised_attention);
    CU_add_test(suite, "softmax attention", softmax_attention);
    CU_add_test(suite, "reciprocals stay in empty sums", reciprocals_stay_in_empty_sums);
    CU_add_test(suite, "scans", scans);
    CU_add_test(suite, "states that only add", states_that_only_add);
    CU_add_test(suite, "delta rule", delta_rule);
    CU_add_test(suite, "normalisation", normalisation);
    CU_add_test(suite, "fixpoint", fixpoint);
    CU_add_test(suite, "last of a guarded sum", last_of_a_guarded_sum);
    CU_add_test(suite, "random programs", random_programs);
}
