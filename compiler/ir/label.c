/* Labels: stimuli that equations compare with positions, as `label == class` does. What such a comparison says matters at
 * single points of the real line only, so whoever draws inputs at random has to draw those too. */
#include <math.h>

#include "ir/ir.h"

typedef struct Labels {
    Arena *arena;
    const IrProgram *p;
    const int64_t *size;
    int64_t *position; /* by axis id */
    IrLabels all;
} Labels;

bool ir_is_known(const IrExpr *e) {
    if (e->op == IR_LIT || e->op == IR_SIZE || e->op == IR_POS) return true;
    if (!e->argc || e->bound_count || e->op == IR_SELECT) return false;
    for (int i = 0; i < e->argc; i++)
        if (!ir_is_known(e->arg[i])) return false;
    return true;
}

const IrVar *ir_label_of(const IrExpr *e, const IrExpr **with) {
    for (int i = 0; e->op == IR_EQ && i < 2; i++) {
        const IrExpr *a = e->arg[i];
        *with = e->arg[1 - i];
        if (a->op == IR_REF && a->var->kind == VAR_STIMULUS && ir_is_known(*with)) return a->var;
    }
    return NULL;
}

static bool value_at(const Labels *l, const IrExpr *e, double *x) {
    double operand[3];
    if (e->op == IR_LIT) return *x = e->value, true;
    if (e->op == IR_SIZE) return *x = (double)l->size[e->axis->root->id], true;
    if (e->op == IR_POS) return *x = (double)l->position[e->axis->id], true;
    for (int i = 0; i < e->argc; i++)
        if (!value_at(l, e->arg[i], &operand[i])) return false;
    return ir_apply(e->op, operand, x);
}

static void add_value(Labels *l, const IrVar *v, double x) {
    IrLabel *label = NULL;
    if (x != rint(x) || fabs(x) > 1e6) return;
    for (int i = 0; i < l->all.count; i++)
        if (l->all.at[i].v == v) label = &l->all.at[i];
    if (!label) {
        vec_push(l->arena, &l->all, ((IrLabel){.v = v, .elements = 1}));
        label = &l->all.at[l->all.count - 1];
        for (int i = 0; i < v->axis_count; i++) label->elements *= l->size[v->axes[i]->root->id];
    }
    for (int i = 0; i < label->values.count; i++)
        if (label->values.at[i] == (int64_t)x) return;
    vec_push(l->arena, &label->values, (int64_t)x);
}

/* At all positions of the axes from `axis` on that `with` uses. */
static void add_values(Labels *l, const IrVar *v, const IrExpr *with, int axis) {
    double x;
    while (axis < l->p->axes.count && !ir_uses_axis(with, l->p->axes.at[axis])) axis++;
    if (axis == l->p->axes.count) {
        if (value_at(l, with, &x)) add_value(l, v, x);
        return;
    }
    const IrAxis *a = l->p->axes.at[axis];
    for (l->position[axis] = 0; l->position[axis] < l->size[a->root->id]; l->position[axis]++) add_values(l, v, with, axis + 1);
}

static void look(Labels *l, const IrExpr *e) {
    const IrExpr *with;
    const IrVar *v = ir_label_of(e, &with);
    if (v) add_values(l, v, with, 0);
    for (int i = 0; i < e->argc; i++) look(l, e->arg[i]);
}

IrLabels ir_labels(Arena *arena, const IrProgram *p, const bool *reached, const int64_t *size) {
    Labels l = {.arena = arena, .p = p, .size = size, .position = ARENA_ARRAY(arena, int64_t, p->axes.count + 1)};
    for (int i = 0; i < p->vars.count; i++) {
        const IrVar *v = p->vars.at[i];
        if (!reached[i]) continue;
        if (v->def) look(&l, v->def);
        if (v->init) look(&l, v->init);
    }
    return l.all;
}

char *ir_label_text(Arena *arena, const IrLabel *label) {
    int count = label->values.count;
    const int64_t *value = label->values.at;
    bool run = count > 2;
    char *text = "";
    for (int i = 1; i < count; i++) run &= value[i] == value[i - 1] + 1;
    if (run) return arena_printf(arena, "%lld to %lld", (long long)value[0], (long long)value[count - 1]);
    for (int i = 0; i < count; i++) text = arena_printf(arena, "%s%s%lld", text, i ? ", " : "", (long long)value[i]);
    return text;
}
