/* See scalar.h. */
#include "scalar.h"

#include <stdlib.h>

typedef struct Unroll {
    const IrProgram *p;
    const int64_t *size; /* by axis id */
    int64_t *position;   /* by axis id */
    int left;            /* operations that may still be written */
    FILE *to;
} Unroll;

static void write_expr(Unroll *u, const IrExpr *e);

/* ---- variables ------------------------------------------------------------------------------------------------------ */
static int64_t index_at(const Unroll *u, const IrExpr *e, int i) {
    int64_t size = u->size[e->var->axes[i]->id];
    if (e->index[i].kind == IX_LAST) return size - 1;
    if (e->index[i].kind == IX_CONST) return e->index[i].offset;
    return u->position[e->index[i].axis->id] + e->index[i].offset;
}

static void write_var(Unroll *u, const IrVar *v, const int64_t *at, bool before) {
    int64_t own[v->axis_count + 1], saved[v->axis_count + 1];
    bool start = false;
    for (int i = 0; i < v->axis_count; i++) {
        bool back = before && v->axes[i] == v->scan_axis;
        own[i] = v->reversed ? at[i] + back : at[i] - back;
        start |= back && (own[i] < 0 || own[i] >= u->size[v->axes[i]->root->id]);
    }
    if (!v->def) {
        fprintf(u->to, "%s", v->name);
        for (int i = 0; i < v->axis_count; i++) fprintf(u->to, "_%lld", (long long)own[i]);
        return;
    }
    for (int i = 0; i < v->axis_count; i++) saved[i] = u->position[v->axes[i]->id], u->position[v->axes[i]->id] = own[i];
    write_expr(u, start ? v->init : v->def);
    for (int i = 0; i < v->axis_count; i++) u->position[v->axes[i]->id] = saved[i];
}

static void write_reading(Unroll *u, const IrExpr *e) {
    int64_t at[e->var->axis_count + 1];
    for (int i = 0; i < e->var->axis_count; i++) at[i] = index_at(u, e, i);
    write_var(u, e->var, at, e->op == IR_PREV);
}

/* ---- reductions ----------------------------------------------------------------------------------------------------- */
static bool holds(const Unroll *u, const IrGuard *guard) {
    for (int i = 0; i < guard->count; i++) {
        const IrAtom *a = &guard->atom[i];
        int64_t gap = (a->a ? u->position[a->a->id] : 0) - (a->b ? u->position[a->b->id] : 0);
        if (a->relation == GUARD_LE ? gap > a->bound : gap != a->bound) return false;
    }
    return true;
}

static void write_terms(Unroll *u, const IrExpr *e, int depth) {
    if (depth == e->bound_count) {
        if (!holds(u, &e->guard)) return;
        fputc(' ', u->to);
        write_expr(u, e->arg[0]);
        return;
    }
    int64_t *at = &u->position[e->bound[depth]->id];
    for (*at = 0; *at < u->size[e->bound[depth]->id]; ++*at) write_terms(u, e, depth + 1);
}

/* ---- expressions ---------------------------------------------------------------------------------------------------- */
static const char *const SPELLING[IR_OP_COUNT] = {
#define IR_OP(name, spelling, arity) [IR_##name] = spelling,
#include "ir/ir_ops.def"
#undef IR_OP
};

/* select on positions: the branch alone, as the other may read what is not there. -1: depends on values. */
static int decided(const Unroll *u, const IrExpr *c) {
    if ((c->op != IR_LE && c->op != IR_EQ && c->op != IR_LT) || c->arg[0]->op != IR_POS || c->arg[1]->op != IR_LIT) return -1;
    double a = (double)u->position[c->arg[0]->axis->id], b = c->arg[1]->value;
    return c->op == IR_LE ? a <= b : c->op == IR_LT ? a < b : a == b;
}

static void write_expr(Unroll *u, const IrExpr *e) {
    if (--u->left < 0) return;
    switch (e->op) {
    case IR_LIT: fprintf(u->to, "%s", e->text); return;
    case IR_SIZE: fprintf(u->to, "%lld", (long long)u->size[e->axis->id]); return;
    case IR_POS: fprintf(u->to, "%lld", (long long)u->position[e->axis->id]); return;
    case IR_REF: case IR_PREV: write_reading(u, e); return;
    default: break;
    }
    int branch = e->op == IR_SELECT ? decided(u, e->arg[0]) : -1;
    if (branch >= 0) {
        write_expr(u, e->arg[branch ? 1 : 2]);
        return;
    }
    fprintf(u->to, "(%s", SPELLING[e->op]);
    if (e->op == IR_SUM || e->op == IR_AMAX) write_terms(u, e, 0);
    else
        for (int i = 0; i < e->argc; i++) fputc(' ', u->to), write_expr(u, e->arg[i]);
    fputc(')', u->to);
}

bool scalar_print(const IrProgram *p, const IrCheck *check, const int64_t *size, int most, FILE *to) {
    int64_t at[check->left->axis_count + 1];
    char *text;
    size_t length;
    Unroll u = {p, size, ARENA_ARRAY(p->arena, int64_t, p->axes.count), most, open_memstream(&text, &length)};
    for (int i = 0; i < check->left->axis_count; i++) at[i] = 0;
    for (bool more = true; more && u.left >= 0;) {
        write_var(&u, check->left, at, false);
        fprintf(u.to, " == ");
        write_var(&u, check->right, at, false);
        fputc('\n', u.to);
        more = false;
        for (int i = check->left->axis_count - 1; i >= 0 && !more; i--) {
            more = ++at[i] < size[check->left->axes[i]->id];
            if (!more) at[i] = 0;
        }
    }
    fclose(u.to);
    if (u.left >= 0) fwrite(text, 1, length, to);
    free(text);
    return u.left >= 0;
}
