/* The textual form, read. One statement a line; two passes over the lines, so that a body may read (through prev)
 * what is defined below it: the first declares axes and variables, the second reads definitions. */
#include <ctype.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "ir/ir.h"

typedef struct Reader {
    IrProgram *p;
    const char *at; /* next character */
    int line;
    jmp_buf failed;
    char *message;
} Reader;

static void fail(Reader *r, const char *format, ...) __attribute__((format(printf, 2, 3), noreturn));
static void fail(Reader *r, const char *format, ...) {
    va_list args;
    va_start(args, format);
    char *text = arena_vprintf(r->p->arena, format, args);
    va_end(args);
    r->message = arena_printf(r->p->arena, "line %d: %s", r->line, text);
    longjmp(r->failed, 1);
}

/* ---- tokens ------------------------------------------------------------------------------------------------------ */
static void blanks(Reader *r) {
    while (*r->at == ' ' || *r->at == '\t' || *r->at == '\r') r->at++;
    if (*r->at == '#')
        while (*r->at && *r->at != '\n') r->at++;
}

static bool accept(Reader *r, const char *symbol) {
    blanks(r);
    size_t length = strlen(symbol);
    if (strncmp(r->at, symbol, length) != 0) return false;
    r->at += length;
    return true;
}

static void expect(Reader *r, const char *symbol) {
    if (!accept(r, symbol)) fail(r, "expected '%s' at '%.20s'", symbol, r->at);
}

/* Letters, digits, _ and . ; a dot belongs to the name only when something follows it */
static bool name_char(char c) {
    return isalnum((unsigned char)c) || c == '_' || c == '.';
}

static bool at_name(Reader *r) {
    blanks(r);
    return isalpha((unsigned char)*r->at) || *r->at == '_';
}

static Name read_name(Reader *r) {
    if (!at_name(r)) fail(r, "expected a name at '%.20s'", r->at);
    const char *start = r->at;
    while (name_char(*r->at)) r->at++;
    return name_intern(r->p->names, start, (size_t)(r->at - start));
}

/* The word, if it comes next as a whole word */
static bool word(Reader *r, const char *text) {
    blanks(r);
    size_t length = strlen(text);
    if (strncmp(r->at, text, length) != 0 || name_char(r->at[length])) return false;
    r->at += length;
    return true;
}

/* "..." with \" and \\ inside */
static Name read_string(Reader *r) {
    expect(r, "\"");
    Text text = text_new(r->p->arena);
    for (; *r->at != '"'; r->at++) {
        if (*r->at == '\\' && r->at[1]) r->at++;
        if (*r->at == '\0' || *r->at == '\n') fail(r, "the string is not closed");
        text_put(&text, r->at, 1);
    }
    r->at++;
    return name_intern(r->p->names, text.at, text.length);
}

static Name read_name_or_string(Reader *r) {
    blanks(r);
    return *r->at == '"' ? read_string(r) : read_name(r);
}

static int64_t read_integer(Reader *r) {
    blanks(r);
    char *end;
    long long value = strtoll(r->at, &end, 10);
    if (end == r->at) fail(r, "expected a whole number at '%.20s'", r->at);
    r->at = end;
    return value;
}

static double read_real(Reader *r) {
    blanks(r);
    char *end;
    double value = strtod(r->at, &end);
    if (end == r->at) fail(r, "expected a number at '%.20s'", r->at);
    r->at = end;
    return value;
}

static bool at_end_of_line(Reader *r) {
    blanks(r);
    return *r->at == '\n' || *r->at == '\0';
}

static void skip_line(Reader *r) {
    while (*r->at && *r->at != '\n') r->at++;
}

static void next_line(Reader *r) {
    if (!at_end_of_line(r)) fail(r, "unexpected '%.20s'", r->at);
    if (*r->at) r->at++, r->line++;
}

static IrAxis *read_axis(Reader *r) {
    Name name = read_name(r);
    IrAxis *axis = ir_find_axis(r->p, name);
    if (!axis) fail(r, "there is no axis '%s'", name);
    return axis;
}

/* ---- expressions ------------------------------------------------------------------------------------------------- */
static IrExpr *read_expr(Reader *r);
static IrExpr *read_product(Reader *r);
static IrExpr *read_unary(Reader *r);

static IrIndex read_index(Reader *r) {
    if (!at_name(r)) return (IrIndex){IX_CONST, NULL, read_integer(r)};
    IrIndex index = {IX_LAST, NULL, 0};
    if (!word(r, "last")) index = ir_index(read_axis(r));
    blanks(r);
    if (*r->at == '+' || *r->at == '-') index.offset = read_integer(r);
    return index;
}

static IrExpr *read_reference(Reader *r, IrExpr *(*make)(IrProgram *, IrVar *, const IrIndex *)) {
    Name name = read_name(r);
    IrVar *var = ir_find_var(r->p, name);
    if (!var) fail(r, "there is no variable '%s'", name);
    IrIndex *index = ARENA_ARRAY(r->p->arena, IrIndex, var->axis_count);
    for (int i = 0; i < var->axis_count; i++) {
        expect(r, i ? "," : "[");
        index[i] = read_index(r);
    }
    if (var->axis_count) expect(r, "]");
    return make(r->p, var, index);
}

static IrAtom read_atom(Reader *r) {
    IrAtom atom = {0};
    if (at_name(r)) atom.a = read_axis(r);
    else if (read_integer(r) != 0) fail(r, "a guard compares positions of axes");
    bool minus = accept(r, "-");
    if (minus) atom.b = read_axis(r);
    if (accept(r, "==")) atom.relation = GUARD_EQ;
    else expect(r, "<=");
    if (at_name(r) && !minus) atom.b = read_axis(r);
    else atom.bound = read_integer(r);
    return atom;
}

static IrExpr *read_reduction(Reader *r, IrOp op) {
    VEC(IrAxis *) bound = {0};
    VEC(IrAtom) atoms = {0};
    expect(r, "(");
    do vec_push(r->p->arena, &bound, read_axis(r));
    while (accept(r, ","));
    if (word(r, "where")) {
        do vec_push(r->p->arena, &atoms, read_atom(r));
        while (accept(r, ","));
    }
    expect(r, ")");
    IrGuard guard = {atoms.count, atoms.at};
    return ir_reduce(r->p, op, bound.count, bound.at, guard, read_product(r));
}

static IrOp operator_named(const char *start, size_t length) {
    static const struct {
        const char *name;
        IrOp op;
    } table[] = {
#define IR_OP(name, spelling, arity) {spelling, IR_##name},
#include "ir/ir_ops.def"
#undef IR_OP
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strlen(table[i].name) == length && strncmp(table[i].name, start, length) == 0) return table[i].op;
    return IR_OP_COUNT;
}

static const int arity[IR_OP_COUNT] = {
#define IR_OP(name, spelling, count) [IR_##name] = count,
#include "ir/ir_ops.def"
#undef IR_OP
};

static IrExpr *read_call(Reader *r, IrOp op) {
    IrProgram *p = r->p;
    IrExpr *made;
    if (op == IR_SUM || op == IR_AMAX) return read_reduction(r, op);
    expect(r, "(");
    if (op == IR_SIZE || op == IR_POS) {
        IrAxis *axis = read_axis(r);
        made = op == IR_SIZE ? ir_size(p, axis) : ir_pos(p, axis);
    } else if (op == IR_PREV) {
        made = read_reference(r, ir_prev);
        if (accept(r, ",")) made->lag = read_integer(r);
        if (made->lag < 1) fail(r, "prev looks back by 1 or more");
    } else {
        IrExpr *arg[3] = {NULL};
        int count = 0;
        blanks(r);
        while (count < 3 && *r->at != ')' && (count == 0 || accept(r, ","))) arg[count++] = read_expr(r);
        if (count != arity[op]) fail(r, "this operator takes %d operands", arity[op]);
        made = ir_node(p, op, count, arg);
    }
    expect(r, ")");
    return made;
}

static IrExpr *read_number(Reader *r) {
    const char *start = r->at;
    read_real(r);
    return ir_lit_text(r->p, name_intern(r->p->names, start, (size_t)(r->at - start)));
}

static IrExpr *read_primary(Reader *r) {
    blanks(r);
    if (accept(r, "(")) {
        IrExpr *inner = read_expr(r);
        expect(r, ")");
        return inner;
    }
    if (!at_name(r)) return read_number(r);
    const char *start = r->at;
    Name name = read_name(r);
    blanks(r);
    IrOp op = *r->at == '(' ? operator_named(name, strlen(name)) : IR_OP_COUNT;
    if (op != IR_OP_COUNT) return read_call(r, op);
    r->at = start;
    return read_reference(r, ir_ref);
}

static IrExpr *infix(Reader *r, IrOp op, IrExpr *left, IrExpr *right) {
    IrExpr *arg[] = {left, right};
    return ir_node(r->p, op, 2, arg);
}

static IrExpr *read_power(Reader *r) {
    IrExpr *base = read_primary(r);
    if (!accept(r, "^")) return base;
    return infix(r, IR_POW, base, read_unary(r));
}

static IrExpr *read_unary(Reader *r) {
    blanks(r);
    if (*r->at == '-' && !isdigit((unsigned char)r->at[1])) {
        r->at++;
        IrExpr *operand = read_power(r);
        return ir_node(r->p, IR_NEG, 1, &operand);
    }
    return read_power(r);
}

static IrExpr *read_product(Reader *r) {
    IrExpr *e = read_unary(r);
    for (;;) {
        if (accept(r, "*")) e = infix(r, IR_MUL, e, read_unary(r));
        else if (accept(r, "/")) e = infix(r, IR_DIV, e, read_unary(r));
        else return e;
    }
}

static IrExpr *read_sum(Reader *r) {
    IrExpr *e = read_product(r);
    for (;;) {
        if (accept(r, "+")) e = infix(r, IR_ADD, e, read_product(r));
        else if (accept(r, "-")) e = infix(r, IR_SUB, e, read_product(r));
        else return e;
    }
}

static IrExpr *read_expr(Reader *r) {
    IrExpr *e = read_sum(r);
    if (accept(r, "<=")) return infix(r, IR_LE, e, read_sum(r));
    if (accept(r, "==")) return infix(r, IR_EQ, e, read_sum(r));
    if (accept(r, "<")) return infix(r, IR_LT, e, read_sum(r));
    return e;
}

/* ---- statements -------------------------------------------------------------------------------------------------- */
static void declare_axis(Reader *r) {
    Name name = read_name(r);
    if (ir_find_axis(r->p, name)) fail(r, "axis '%s' is declared twice", name);
    expect(r, ":");
    static const struct {
        const char *word;
        IrAxisKind kind;
    } kinds[] = {{"const", AXIS_CONST}, {"bounded", AXIS_BOUNDED}, {"copy", AXIS_COPY},
                 {"cycle", AXIS_CYCLE}, {"step", AXIS_STEP},       {"iteration", AXIS_ITERATION}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (!word(r, kinds[i].word)) continue;
        expect(r, "(");
        bool derived = kinds[i].kind == AXIS_COPY || kinds[i].kind == AXIS_CYCLE;
        IrAxis *base = derived ? read_axis(r) : NULL;
        int64_t size = derived ? 0 : read_integer(r);
        if (kinds[i].kind == AXIS_STEP && accept(r, ",")) base = read_axis(r);
        if (!derived && size < 1) fail(r, "axis '%s' has no points", name);
        expect(r, ")");
        ir_axis_new(r->p, name, kinds[i].kind, size, base);
        return;
    }
    fail(r, "unknown kind of axis at '%.20s'", r->at);
}

static IrVar *declare_var(Reader *r, IrVarKind kind) {
    Name name = read_name(r);
    if (ir_find_var(r->p, name)) fail(r, "variable '%s' is declared twice", name);
    VEC(IrAxis *) axes = {0};
    if (accept(r, "[")) {
        do vec_push(r->p->arena, &axes, read_axis(r));
        while (accept(r, ","));
        expect(r, "]");
    }
    return ir_var_new(r->p, kind, name, axes.count, axes.at);
}

static void read_draw(Reader *r, IrVar *v) {
    for (int kind = INIT_NORMAL; kind < INIT_KIND_COUNT; kind++) {
        if (!word(r, ir_draw_name[kind])) continue;
        v->draw = (IrInitKind)kind;
        expect(r, "(");
        v->draw_a = read_real(r);
        if (accept(r, ",")) v->draw_b = read_real(r);
        expect(r, ")");
        return;
    }
    fail(r, "unknown initialiser at '%.20s'", r->at);
}

static bool read_origin(Reader *r, IrVar *v) {
    if (!word(r, "of")) return false;
    v->origin_kind = read_name(r);
    v->origin = read_string(r);
    return true;
}

static void declare_input(Reader *r, IrVarKind kind, bool literal) {
    IrVar *v = declare_var(r, kind);
    v->literal = literal;
    v->origin = v->name;
    v->origin_kind = name_of(r->p->names, kind == VAR_STIMULUS ? "stimulus" : kind == VAR_NOISE ? "noise" : "weight");
    while (!at_end_of_line(r)) {
        if (read_origin(r, v)) continue;
        if (word(r, "unit")) v->unit = read_string(r);
        else if (word(r, "tensor")) v->tensor = read_string(r);
        else if (word(r, "draw")) read_draw(r, v);
        else fail(r, "expected of, unit, tensor or draw at '%.20s'", r->at);
    }
}

static bool equation_word(Reader *r, IrItemKind *kind) {
    if (word(r, "alg")) *kind = ITEM_ALG;
    else if (word(r, "state")) *kind = ITEM_STATE;
    else if (word(r, "ode")) *kind = ITEM_ODE;
    else return false;
    return true;
}

static void declare_line(Reader *r) {
    IrItemKind kind;
    if (word(r, "axis")) declare_axis(r);
    else if (word(r, "stimulus")) declare_input(r, VAR_STIMULUS, false);
    else if (word(r, "weight")) declare_input(r, VAR_WEIGHT, false);
    else if (word(r, "const")) declare_input(r, VAR_WEIGHT, true);
    else if (word(r, "noise")) declare_input(r, VAR_NOISE, false);
    else if (equation_word(r, &kind)) declare_var(r, kind == ITEM_ODE ? VAR_ODE : kind == ITEM_STATE ? VAR_STATE : VAR_ALG);
    skip_line(r);
}

/* The rest of an equation, after its kind; the variable is declared already. */
static IrItem *define(Reader *r, IrItemKind kind) {
    IrItem *item = ir_item_new(r->p, kind);
    IrVar *v = item->var = ir_find_var(r->p, read_name(r));
    if (v->def) fail(r, "'%s' is defined twice", v->name);
    if (accept(r, "[")) {
        do read_axis(r);
        while (accept(r, ","));
        expect(r, "]");
    }
    if (word(r, "along")) v->scan_axis = read_axis(r);
    read_origin(r, v);
    if (word(r, "unit")) v->unit = read_string(r);
    if (word(r, "iterate")) {
        v->iterate_count = read_integer(r);
        if (!word(r, "until")) fail(r, "expected 'until'");
        v->iterate_tolerance = read_real(r);
    }
    if (word(r, "init")) v->init = read_sum(r);
    if (word(r, "rate")) {
        IrExpr *coefficient = read_sum(r);
        v->coefficient = coefficient->op == IR_LIT && coefficient->value == 1 ? NULL : coefficient;
    }
    if (word(r, "method")) v->method = read_name(r);
    expect(r, "=");
    v->def = read_expr(r);
    if (kind == ITEM_ALG && v->init) v->kind = VAR_STATE;
    return item;
}

static void read_body(Reader *r, IrItem *group) {
    VEC(IrItem *) body = {0};
    expect(r, "{");
    next_line(r);
    while (!accept(r, "}")) {
        if (*r->at == '\0') fail(r, "the body is not closed");
        if (!at_end_of_line(r)) {
            if (!word(r, "alg")) fail(r, "a body holds alg equations only");
            vec_push(r->p->arena, &body, define(r, ITEM_ALG));
        }
        next_line(r);
    }
    group->body = body.at;
    group->body_count = body.count;
    for (int i = 0; i < body.count; i++) {
        IrVar *v = body.at[i]->var;
        if (group->kind != ITEM_SCAN || !v->init) continue;
        if (!v->scan_axis) v->scan_axis = ir_scan_axis(group, v);
        v->reversed = group->reversed;
    }
    vec_push(r->p->arena, &r->p->items, group);
}

static void read_scan(Reader *r) {
    IrItem *scan = ir_item_new(r->p, ITEM_SCAN);
    scan->axis = read_axis(r);
    scan->reversed = word(r, "reversed");
    read_body(r, scan);
}

static void read_fix(Reader *r) {
    IrItem *fix = ir_item_new(r->p, ITEM_FIX);
    fix->count = read_integer(r);
    if (!word(r, "until")) fail(r, "expected 'until'");
    fix->tolerance = read_real(r);
    read_body(r, fix);
}

static IrVar *read_var(Reader *r) {
    Name name = read_name(r);
    IrVar *v = ir_find_var(r->p, name);
    if (!v) fail(r, "there is no variable '%s'", name);
    return v;
}

static void read_output(Reader *r, IrOutput output) {
    output.name = read_name_or_string(r);
    expect(r, "=");
    output.var = read_var(r);
    vec_push(r->p->arena, &r->p->outputs, output);
}

/* "c *" before a variable: the factor that a check leaves open. */
static IrVar *read_side(Reader *r, IrCheck *check, int side) {
    const char *start = r->at;
    Name name = read_name(r);
    blanks(r);
    if (*r->at == '*') {
        expect(r, "*");
        if (check->factor) fail(r, "a factor on both sides");
        check->factor = name;
        check->factor_on = side;
    } else {
        r->at = start;
    }
    return read_var(r);
}

static void read_factor(Reader *r, const IrCheck *check) {
    if (!word(r, "for")) {
        if (check->factor) fail(r, "expected 'for some %s'", check->factor);
        return;
    }
    if (!word(r, "some")) fail(r, "expected 'some'");
    if (read_name(r) != check->factor) fail(r, "the factor of 'for some' stands on neither side");
}

static void read_check(Reader *r) {
    IrCheck check = {.name = read_string(r)};
    expect(r, ":");
    check.left = read_side(r, &check, 0);
    expect(r, "==");
    check.right = read_side(r, &check, 1);
    read_factor(r, &check);
    if (word(r, "within")) check.within = read_real(r);
    vec_push(r->p->arena, &r->p->checks, check);
}

/* ---- learning ---------------------------------------------------------------------------------------------------- */
static void read_loss(Reader *r) {
    IrLoss loss = {.name = read_name_or_string(r)};
    expect(r, "=");
    loss.var = read_var(r);
    vec_push(r->p->arena, &r->p->losses, loss);
}

static void read_rule(Reader *r) {
    IrRule rule = {.name = read_name_or_string(r)};
    if (!word(r, "on")) fail(r, "expected 'on'");
    rule.weight = read_var(r);
    expect(r, "=");
    rule.var = read_var(r);
    rule.local = word(r, "local");
    vec_push(r->p->arena, &r->p->rules, rule);
}

static IrVar *rule_named(Reader *r, Name name) {
    for (int i = 0; i < r->p->rules.count; i++)
        if (r->p->rules.at[i].name == name) return r->p->rules.at[i].var;
    fail(r, "there is no rule '%s'", name);
}

static IrVar *loss_named(Reader *r, Name name) {
    for (int i = 0; i < r->p->losses.count; i++)
        if (r->p->losses.at[i].name == name) return r->p->losses.at[i].var;
    fail(r, "there is no loss '%s'", name);
}

static void read_optimiser(Reader *r, IrLearn *learn) {
    if (!word(r, "with")) fail(r, "expected 'with'");
    Name name = read_name(r);
    int k = 0;
    while (k < OPTIMISER_COUNT && strcmp(ir_optimisers[k].name, name) != 0) k++;
    if (k == OPTIMISER_COUNT) fail(r, "there is no optimiser '%s'", name);
    learn->optimiser = (IrOptimiser)k;
    for (int i = 0; i < ir_optimiser_parameters(learn->optimiser); i++) {
        expect(r, i ? "," : "(");
        learn->parameter[i] = read_real(r);
    }
    expect(r, ")");
}

static void read_learn(Reader *r) {
    IrLearn learn = {.weight = read_var(r)};
    if (!word(r, "by")) fail(r, "expected 'by'");
    if (word(r, "rule")) learn.rule = rule_named(r, read_name_or_string(r));
    else if (word(r, "gradient")) learn.loss = loss_named(r, read_name_or_string(r));
    else fail(r, "expected 'rule' or 'gradient'");
    read_optimiser(r, &learn);
    vec_push(r->p->arena, &r->p->learns, learn);
}

static void define_line(Reader *r) {
    IrItemKind kind;
    if (at_end_of_line(r)) return;
    if (word(r, "axis") || word(r, "stimulus") || word(r, "weight") || word(r, "const") || word(r, "noise")) skip_line(r);
    else if (equation_word(r, &kind)) vec_push(r->p->arena, &r->p->items, define(r, kind));
    else if (word(r, "scan")) read_scan(r);
    else if (word(r, "fix")) read_fix(r);
    else if (word(r, "output")) read_output(r, (IrOutput){0});
    else if (word(r, "record")) read_output(r, (IrOutput){.recorded = true});
    else if (word(r, "gauge")) read_output(r, (IrOutput){.gauge = true});
    else if (word(r, "check")) read_check(r);
    else if (word(r, "loss")) read_loss(r);
    else if (word(r, "rule")) read_rule(r);
    else if (word(r, "learn")) read_learn(r);
    else if (word(r, "assume")) vec_push(r->p->arena, &r->p->assumptions, ((IrAssumption){read_string(r)}));
    else fail(r, "unknown statement at '%.20s'", r->at);
}

static void read_header(Reader *r) {
    while (at_end_of_line(r) && *r->at) next_line(r);
    if (!word(r, "program")) fail(r, "expected 'program NAME core' or 'program NAME system'");
    r->p->name = read_name_or_string(r);
    if (word(r, "system")) r->p->level = LEVEL_SYSTEM;
    else if (!word(r, "core")) fail(r, "expected core or system at '%.20s'", r->at);
    next_line(r);
}

IrProgram *ir_parse(Arena *arena, Names *names, const char *text, char **error) {
    Reader *r = ARENA_NEW(arena, Reader);
    r->p = ir_program_new(arena, names, LEVEL_CORE);
    r->at = text;
    r->line = 1;
    if (setjmp(r->failed)) {
        *error = r->message;
        return NULL;
    }
    read_header(r);
    const char *start = r->at;
    int line = r->line;
    for (; *r->at; next_line(r)) {
        blanks(r);
        declare_line(r);
    }
    r->at = start;
    r->line = line;
    for (; *r->at; next_line(r)) define_line(r);
    return r->p;
}
