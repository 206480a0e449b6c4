/* Delays of projections: an expression of positions and constants, so that how much of the past has to be kept is known
 * before the program runs. It is a time, and nowhere negative: all its points are looked at here. Or it is drawn between two ends. */
#include <math.h>
#include <string.h>

#include "sema/internal.h"

enum { POINT_LIMIT = 1 << 24, AXES_LIMIT = 16 };

typedef struct Point { /* positions of the axes that are in scope, the innermost last */
    int count;
    struct {
        const CirAxis *axis;
        int64_t at;
    } axis[AXES_LIMIT];
    bool unknown; /* something met is not known before the program runs */
} Point;

static Value delay_error(Sema *s, Span at, const char *what) {
    Diagnostic *d = diag_error(s->diag, E_DELAY, at, "%s", what);
    diag_help(d, "`delay 2 ms`; for delays that differ, of positions: `delay 1 ms + 0.5 ms * abs(unit - pre)`");
    return value_bad(at);
}

/* ---- the value at one point -------------------------------------------------------------------------------------- */
static int64_t position(Point *p, const CirAxis *axis) {
    for (int i = p->count - 1; i >= 0; i--)
        if (p->axis[i].axis == axis) return p->axis[i].at;
    p->unknown = true;
    return 0;
}

static void enter(Point *p, const CirAxis *axis, int64_t at) {
    if (p->count == AXES_LIMIT) p->unknown = true;
    else p->axis[p->count].axis = axis, p->axis[p->count++].at = at;
}

static double value_at(Point *p, const CirExpr *e);

/* The value of a constant table where this one reads it. */
static double table_at(Point *p, const CirExpr *e) {
    const CirEntity *table = e->entity;
    Point inside = {0};
    if (table->kind != ENTITY_CONST || !table->value) return p->unknown = true, 0;
    for (int i = 0; i < table->axes.count; i++) {
        const CirIndex *index = &e->index[i];
        if (index->kind == CIR_IX_LAST) p->unknown = true;
        enter(&inside, table->axes.at[i], index->kind == CIR_IX_AXIS ? position(p, index->axis) : index->position);
    }
    double value = value_at(&inside, table->value);
    p->unknown |= inside.unknown;
    return value;
}

static double size_of(Point *p, const CirAxis *axis) {
    p->unknown |= axis->root->kind != CIR_AXIS_CONST;
    return (double)axis->root->size;
}

static double value_at(Point *p, const CirExpr *e) {
    double a[3] = {0};
    if (e->op == CIR_SUM || e->op == CIR_AMAX || e->argc > 3) return p->unknown = true, 0;
    if (e->op == CIR_SELECT) return value_at(p, e->arg[value_at(p, e->arg[0]) != 0 ? 1 : 2]);
    for (int i = 0; i < e->argc; i++) a[i] = value_at(p, e->arg[i]);
    switch (e->op) {
    case CIR_NUMBER: return e->value;
    case CIR_SIZE: return size_of(p, e->axis);
    case CIR_POSITION: return (double)position(p, e->axis);
    case CIR_REF: return table_at(p, e);
    case CIR_NEG: return -a[0];
    case CIR_ADD: return a[0] + a[1];
    case CIR_SUB: return a[0] - a[1];
    case CIR_MUL: return a[0] * a[1];
    case CIR_DIV: return a[0] / a[1];
    case CIR_POW: return pow(a[0], a[1]);
    case CIR_MIN: return fmin(a[0], a[1]);
    case CIR_MAX: return fmax(a[0], a[1]);
    case CIR_ABS: return fabs(a[0]);
    case CIR_SQRT: return sqrt(a[0]);
    case CIR_EXP: return exp(a[0]);
    case CIR_LOG: return log(a[0]);
    case CIR_SIN: return sin(a[0]);
    case CIR_COS: return cos(a[0]);
    case CIR_TANH: return tanh(a[0]);
    case CIR_RELU: return fmax(a[0], 0);
    case CIR_SIGMOID: return 1 / (1 + exp(-a[0]));
    case CIR_ERF: return erf(a[0]);
    case CIR_LT: return a[0] < a[1];
    case CIR_LE: return a[0] <= a[1];
    case CIR_EQ: return a[0] == a[1];
    default: return p->unknown = true, 0;
    }
}

/* ---- all points -------------------------------------------------------------------------------------------------- */
static bool next_point(Point *p) {
    for (int i = p->count - 1; i >= 0; i--) {
        if (++p->axis[i].at < p->axis[i].axis->root->size) return true;
        p->axis[i].at = 0;
    }
    return false;
}

static const char *point_text(Sema *s, const Point *p) {
    const char *text = "";
    for (int i = 0; i < p->count; i++)
        text = arena_printf(s->arena, "%s%s%s = %lld", text, i ? ", " : " at ", axis_local(p->axis[i].axis),
                            (long long)p->axis[i].at);
    return text;
}

static bool nowhere_negative(Sema *s, const Value *v) {
    Point p = {0};
    double points = 1;
    for (int i = 0; i < v->axes.count; i++) {
        points *= (double)v->axes.at[i]->root->size;
        enter(&p, v->axes.at[i], 0);
    }
    if (points > POINT_LIMIT) {
        delay_error(s, v->span, arena_printf(s->arena, "this delay has %.0f values, the limit is %d", points, POINT_LIMIT));
        return false;
    }
    do {
        double value = value_at(&p, v->expr);
        if (!p.unknown && value >= 0 && isfinite(value)) continue;
        const char *what = p.unknown ? "expected a delay that is known before the program runs, of positions and constants"
                                     : arena_printf(s->arena, "expected a delay of 0 or more, found %g s%s", value,
                                                    point_text(s, &p));
        delay_error(s, v->span, what);
        return false;
    } while (next_point(&p));
    return true;
}

/* ---- drawn ------------------------------------------------------------------------------------------------------- */
static bool drawn_end(Sema *s, const ExprEnv *env, const AstExpr *e, double *seconds) {
    Value v = expr_value(s, env, e);
    if (v.bad || !dim_require(s, v.dim, dim_second(), e->span, "a delay")) return false;
    if (fold_number(v.expr, seconds) && *seconds >= 0) return true;
    delay_error(s, e->span, "expected a time of 0 or more that is known here");
    return false;
}

CirExpr *delay_drawn(Sema *s, const ExprEnv *env, const AstExpr *e, const CirAxes *pairs, Name name, const CirRenames *names) {
    CirEntity *table = entity_new(s, ENTITY_WEIGHT, name, pairs, e->span);
    if (e->kind != EXPR_CALL || strcmp(e->callee.name, "uniform") != 0 || e->args.count != 2) {
        Diagnostic *d = diag_error(s->diag, E_DELAY, e->span, "delays are drawn between two ends");
        diag_help(d, "`delay ~ uniform(1 ms, 3 ms)`");
        return NULL;
    }
    if (!drawn_end(s, env, e->args.at[0], &table->draw_a) || !drawn_end(s, env, e->args.at[1], &table->draw_b)) return NULL;
    if (table->draw_a > table->draw_b) return delay_error(s, e->span, "the lower end is above the upper one"), NULL;
    table->draw = DRAW_UNIFORM;
    table->literal = true;
    entity_of(table)->dim = dim_second();
    entity_of(table)->declared_init = true;
    if (!tensor_size_ok(s, table)) return NULL;
    vec_push(s->arena, &s->c->weights, table);
    return cir_rename(s->c, cir_ref(s->c, CIR_REF, e->span, table, NULL), names);
}

/* ---- of a projection --------------------------------------------------------------------------------------------- */
static bool axes_known(Sema *s, const Value *v, const CirAxes *axes) {
    for (int i = 0; i < v->axes.count; i++) {
        if (v->axes.at[i]->kind == CIR_AXIS_CYCLE) {
            delay_error(s, v->span, arena_printf(s->arena, "a delay does not change from cycle to cycle, this one varies over `%s`",
                                                 v->axes.at[i]->name));
            return false;
        }
        if (cir_axes_have(axes, v->axes.at[i])) continue;
        Diagnostic *d = diag_error(s->diag, E_DELAY, v->span, "axis `%s` occurs neither in the source nor in the target",
                                   v->axes.at[i]->name);
        diag_note(d, "axes of the two: %s", cir_axes_text(s->arena, axes));
        return false;
    }
    return true;
}

CirExpr *delay_of(Sema *s, const ExprEnv *env, const AstExpr *e, const CirAxes *axes, const CirRenames *names) {
    Value v = expr_value(s, env, e);
    if (v.bad) return NULL;
    if (!dim_equal(v.dim, dim_second())) {
        delay_error(s, v.span, arena_printf(s->arena, "expected a delay, which is a time (s), found: %s",
                                            dim_text(s->arena, v.dim)));
        return NULL;
    }
    if (!axes_known(s, &v, axes) || !nowhere_negative(s, &v)) return NULL;
    double seconds;
    if (v.expr->op != CIR_NUMBER && !v.axes.count && fold_number(v.expr, &seconds)) return cir_real(s->c, seconds, v.span);
    return cir_rename(s->c, v.expr, names);
}
