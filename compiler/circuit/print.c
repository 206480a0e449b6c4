/* Text dump of a circuit (--emit=circuit) and of its expressions. For people and tests; nothing reads it back. */
#include "base/text.h"
#include "circuit/build.h"

/* Binding strength of an operator as printed; higher binds tighter. */
enum { LEVEL_COMPARE = 1, LEVEL_SUM, LEVEL_PRODUCT, LEVEL_UNARY, LEVEL_POWER, LEVEL_ATOM };

static const struct {
    const char *text;
    int level;
    bool infix;
} spelling[] = {
    [CIR_NEG] = {"-", LEVEL_UNARY, false},
    [CIR_ADD] = {"+", LEVEL_SUM, true},
    [CIR_SUB] = {"-", LEVEL_SUM, true},
    [CIR_MUL] = {"*", LEVEL_PRODUCT, true},
    [CIR_DIV] = {"/", LEVEL_PRODUCT, true},
    [CIR_POW] = {"^", LEVEL_POWER, true},
    [CIR_LT] = {"<", LEVEL_COMPARE, true},
    [CIR_LE] = {"<=", LEVEL_COMPARE, true},
    [CIR_EQ] = {"==", LEVEL_COMPARE, true},
    [CIR_EXP] = {"exp", LEVEL_ATOM, false},
    [CIR_LOG] = {"log", LEVEL_ATOM, false},
    [CIR_SQRT] = {"sqrt", LEVEL_ATOM, false},
    [CIR_SIN] = {"sin", LEVEL_ATOM, false},
    [CIR_COS] = {"cos", LEVEL_ATOM, false},
    [CIR_TANH] = {"tanh", LEVEL_ATOM, false},
    [CIR_RELU] = {"relu", LEVEL_ATOM, false},
    [CIR_GELU] = {"gelu", LEVEL_ATOM, false},
    [CIR_ERF] = {"erf", LEVEL_ATOM, false},
    [CIR_ABS] = {"abs", LEVEL_ATOM, false},
    [CIR_STOP] = {"stop_gradient", LEVEL_ATOM, false},
    [CIR_MIN] = {"min", LEVEL_ATOM, false},
    [CIR_MAX] = {"max", LEVEL_ATOM, false},
    [CIR_SELECT] = {"select", LEVEL_ATOM, false},
    [CIR_SIGMOID] = {"sigmoid", LEVEL_ATOM, false},
    [CIR_TIME] = {"time", LEVEL_ATOM, false},
    [CIR_DERIVATIVE] = {"derivative", LEVEL_ATOM, false},
    [CIR_SETTLE] = {"settle", LEVEL_ATOM, false},
    [CIR_GRADIENT] = {"gradient", LEVEL_ATOM, false},
    [CIR_SUM] = {"sum", LEVEL_PRODUCT, false},
    [CIR_AMAX] = {"max", LEVEL_PRODUCT, false},
};

const char *cir_axes_text(Arena *arena, const CirAxes *axes) {
    Text text = text_new(arena);
    text_add(&text, "[");
    for (int i = 0; i < axes->count; i++) text_add(&text, "%s%s", i ? ", " : "", axes->at[i]->name);
    text_add(&text, "]");
    return text.at;
}

static void put_ref(Text *text, const CirExpr *e) {
    text_add(text, "%s", e->entity->path);
    for (int i = 0; i < e->entity->axes.count; i++) {
        text_add(text, i ? ", " : "[");
        const CirIndex *index = &e->index[i];
        if (index->kind == CIR_IX_AXIS) text_add(text, "%s", index->axis->name);
        if (index->kind == CIR_IX_LAST) text_add(text, "%s = last", e->entity->axes.at[i]->name);
        if (index->kind == CIR_IX_CONST) text_add(text, "%lld", (long long)index->position);
    }
    if (e->entity->axes.count) text_add(text, "]");
}

static void put_guard(Text *text, const CirGuard *guard) {
    for (int i = 0; i < guard->count; i++) {
        const CirAtom *atom = &guard->at[i];
        text_add(text, i ? ", " : " where ");
        const char *relation = atom->equal ? "==" : "<=";
        if (atom->a && atom->b && atom->bound == 0) {
            text_add(text, "%s %s %s", atom->a->name, relation, atom->b->name);
            continue;
        }
        if (atom->a) text_add(text, "%s", atom->a->name);
        if (atom->b) text_add(text, "%s%s", atom->a ? " - " : "-", atom->b->name);
        if (!atom->a && !atom->b) text_add(text, "0");
        text_add(text, " %s %lld", relation, (long long)atom->bound);
    }
}

static void put_expr(Text *text, const CirExpr *e, int outer);

static void put_reduction(Text *text, const CirExpr *e) {
    text_add(text, "%s(", spelling[e->op].text);
    for (int i = 0; i < e->bound.count; i++) text_add(text, "%s%s", i ? ", " : "", e->bound.at[i]->name);
    put_guard(text, &e->guard);
    text_add(text, ") ");
    put_expr(text, e->arg[0], LEVEL_PRODUCT);
}

static void put_call(Text *text, const CirExpr *e) {
    text_add(text, "%s(", spelling[e->op].text);
    for (int i = 0; i < e->argc; i++) {
        text_add(text, i ? ", " : "");
        put_expr(text, e->arg[i], 0);
    }
    text_add(text, ")");
}

static void put_operator(Text *text, const CirExpr *e, int outer) {
    int level = spelling[e->op].level;
    bool reduction = e->op == CIR_SUM || e->op == CIR_AMAX;
    bool bracket = level < outer || (reduction && outer > LEVEL_SUM);
    text_add(text, bracket ? "(" : "");
    if (reduction) {
        put_reduction(text, e);
    } else if (spelling[e->op].infix) {
        put_expr(text, e->arg[0], e->op == CIR_POW ? level + 1 : level);
        text_add(text, " %s ", spelling[e->op].text);
        put_expr(text, e->arg[1], level + 1);
    } else if (e->op == CIR_NEG) {
        text_add(text, "-");
        put_expr(text, e->arg[0], level);
    } else {
        put_call(text, e);
    }
    text_add(text, bracket ? ")" : "");
}

static void put_expr(Text *text, const CirExpr *e, int outer) {
    switch (e->op) {
    case CIR_NUMBER: text_add(text, "%s", e->text); return;
    case CIR_SIZE: text_add(text, "size(%s)", e->axis->name); return;
    case CIR_POSITION: text_add(text, "%s", e->axis->name); return;
    case CIR_REF: put_ref(text, e); return;
    case CIR_PREVIOUS:
        text_add(text, "previous(");
        put_ref(text, e);
        text_add(text, ")");
        return;
    default: put_operator(text, e, outer);
    }
}

const char *cir_expr_text(Arena *arena, const CirExpr *e) {
    Text text = text_new(arena);
    put_expr(&text, e, 0);
    return text.at;
}

static void print_axes(const Circuit *c, FILE *to) {
    for (int i = 0; i < c->axes.count; i++) {
        const CirAxis *axis = c->axes.at[i];
        long long size = (long long)axis->size;
        switch (axis->kind) {
        case CIR_AXIS_CONST: fprintf(to, "axis %s : const(%lld)\n", axis->name, size); break;
        case CIR_AXIS_BOUNDED: fprintf(to, "axis %s : bounded(%lld)\n", axis->name, size); break;
        case CIR_AXIS_COPY: fprintf(to, "axis %s : copy(%s)\n", axis->name, axis->base->name); break;
        case CIR_AXIS_CYCLE: fprintf(to, "axis %s : cycle(%s)\n", axis->name, axis->base->name); break;
        }
    }
}

static void print_weight(const Circuit *c, const CirEntity *w, FILE *to) {
    fprintf(to, "weight %s%s", w->path, cir_axes_text(c->arena, &w->axes));
    if (w->literal) fprintf(to, " const");
    if (w->tied) fprintf(to, " = %s", w->tied->path);
    if (w->tensor) fprintf(to, " from \"%s\"", w->tensor);
    switch (w->draw) {
    case DRAW_NONE: break;
    case DRAW_NORMAL: fprintf(to, " ~ normal(%g, %g)", w->draw_a, w->draw_b); break;
    case DRAW_UNIFORM: fprintf(to, " ~ uniform(%g, %g)", w->draw_a, w->draw_b); break;
    case DRAW_XAVIER: fprintf(to, " ~ xavier(%g, %g)", w->draw_a, w->draw_b); break;
    case DRAW_BERNOULLI: fprintf(to, " ~ bernoulli(%g)", w->draw_a); break;
    case DRAW_CHOOSE: fprintf(to, " ~ choose(%g, %g)", w->draw_a, w->draw_b); break;
    case DRAW_LIST: fprintf(to, " ~ list(%g, %g)", w->draw_a, w->draw_b); break;
    case DRAW_CONSTANT: fprintf(to, " ~ %g", w->draw_a); break;
    }
    fprintf(to, "\n");
}

static void print_equations(const Circuit *c, const CirEquation *at, int count, FILE *to) {
    for (int i = 0; i < count; i++) {
        fprintf(to, "  ");
        if (at[i].coefficient) fprintf(to, "(%s) * ", cir_expr_text(c->arena, at[i].coefficient));
        fprintf(to, "%s%s = %s\n", at[i].variable->path, at[i].derivative ? "'" : "", cir_expr_text(c->arena, at[i].value));
    }
}

static void print_states(const Circuit *c, const CirState *at, int count, FILE *to) {
    for (int i = 0; i < count; i++)
        fprintf(to, "  init %s = %s\n", at[i].variable->path, cir_expr_text(c->arena, at[i].init));
}

static void print_population(const Circuit *c, const CirPopulation *p, FILE *to) {
    fprintf(to, "%s %s%s : %s", p->role, p->path, cir_axes_text(c->arena, &p->axes), p->type);
    if (p->layer) fprintf(to, " in %s", p->layer);
    if (p->iterates) fprintf(to, " iterate %lld until %g", (long long)p->iterate_count, p->iterate_tolerance);
    fprintf(to, "\n");
    if (p->method) fprintf(to, "  method %s\n", p->method);
    for (int i = 0; i < p->noises.count; i++) fprintf(to, "  noise %s\n", p->noises.at[i]->path);
    print_states(c, p->states.at, p->states.count, to);
    print_equations(c, p->equations.at, p->equations.count, to);
}

static void print_projection(const Circuit *c, const CirProjection *p, FILE *to) {
    fprintf(to, "project %s <- ", p->target->path);
    if (p->source) {
        if (p->convergent.count) {
            Text text = text_new(c->arena);
            put_guard(&text, &p->guard);
            fprintf(to, "sum%s%s ", cir_axes_text(c->arena, &p->convergent), text.at);
        }
        if (p->weight) fprintf(to, "(%s) * ", cir_expr_text(c->arena, p->weight));
        fprintf(to, "%s", cir_expr_text(c->arena, p->source));
        if (p->guard.count && !p->convergent.count) {
            Text text = text_new(c->arena);
            put_guard(&text, &p->guard);
            fprintf(to, "%s", text.at);
        }
    }
    if (p->delay) fprintf(to, " delay (%s)", cir_expr_text(c->arena, p->delay));
    if (p->bias) fprintf(to, "%s%s", p->source ? " + " : "", cir_expr_text(c->arena, p->bias));
    fprintf(to, "\n");
}

static void print_values(const Circuit *c, CirEntity *const *at, int count, const char *word, FILE *to) {
    for (int i = 0; i < count; i++)
        fprintf(to, "%s %s%s = %s\n", word, at[i]->path, cir_axes_text(c->arena, &at[i]->axes),
                cir_expr_text(c->arena, at[i]->value));
}

static void print_learning(const Circuit *c, FILE *to) {
    for (int i = 0; i < c->losses.count; i++) fprintf(to, "loss %s = %s\n", c->losses.at[i].name, c->losses.at[i].entity->path);
    for (int i = 0; i < c->rules.count; i++) {
        const CirRule *rule = &c->rules.at[i];
        fprintf(to, "%srule %s on %s = %s\n", rule->local ? "local " : "", rule->name, rule->weight->path, rule->entity->path);
    }
    for (int i = 0; i < c->learns.count; i++) {
        const CirLearn *learn = &c->learns.at[i];
        fprintf(to, "learn %s by %s %s with %s(", learn->weight->path, learn->rule ? "rule" : "gradient of",
                (learn->rule ? learn->rule : learn->loss)->path, learn->optimiser ? learn->optimiser : "rate");
        for (int k = 0; k < learn->arguments.count; k++) {
            const CirArgument *a = &learn->arguments.at[k];
            fprintf(to, "%s%s%s%g", k ? ", " : "", a->name ? a->name : "", a->name ? " = " : "", a->value);
        }
        fprintf(to, ")%s%s\n", learn->online ? " online over " : "", learn->online ? learn->online->axes.at[0]->name : "");
    }
}

void cir_print(const Circuit *c, FILE *to) {
    fprintf(to, "circuit %s\n", c->name);
    print_axes(c, to);
    for (int i = 0; i < c->stimuli.count; i++)
        fprintf(to, "stimulus %s%s\n", c->stimuli.at[i]->path, cir_axes_text(c->arena, &c->stimuli.at[i]->axes));
    for (int i = 0; i < c->weights.count; i++) print_weight(c, c->weights.at[i], to);
    print_values(c, c->consts.at, c->consts.count, "const", to);
    for (int i = 0; i < c->populations.count; i++) print_population(c, c->populations.at[i], to);
    for (int i = 0; i < c->synapses.count; i++) {
        CirSynapse *synapse = c->synapses.at[i];
        fprintf(to, "synapse %s%s\n", synapse->path, cir_axes_text(c->arena, &synapse->signal->axes));
        print_states(c, synapse->states.at, synapse->states.count, to);
        print_equations(c, synapse->equations.at, synapse->equations.count, to);
    }
    for (int i = 0; i < c->projections.count; i++) print_projection(c, c->projections.at[i], to);
    print_values(c, c->specs.at, c->specs.count, "spec", to);
    for (int i = 0; i < c->outputs.count; i++)
        fprintf(to, "%s %s = %s\n", c->outputs.at[i].recorded ? "record" : "output", c->outputs.at[i].name,
                c->outputs.at[i].entity->path);
    for (int i = 0; i < c->checks.count; i++) {
        const CirCheck *check = &c->checks.at[i];
        fprintf(to, "check \"%s\" : %s == %s", check->name, check->left->path, check->right->path);
        if (check->factor) fprintf(to, " for some %s on the %s", check->factor, check->factor_on ? "right" : "left");
        if (check->within > 0) fprintf(to, " within %g", check->within);
        fprintf(to, "\n");
    }
    print_learning(c, to);
}
