/* The order of steps: that of the program, but for what has to wait for a block. */
#include <stdlib.h>

#include "opt/schedule_internal.h"

typedef VEC(Step) StepList;

struct Order {
    const IrProgram *p;
    bool *there; /* by variable: its values are */
    StepList done, waiting;
};

static void mark(Order *o, const Step *step) {
    const IrItem *item = step->item;
    if (item && item->var) o->there[item->var->id] = true;
    for (int i = 0; item && i < item->body_count; i++) o->there[item->body[i]->var->id] = true;
    for (int i = 0; step->kind == STEP_BLOCK && i < step->step_count; i++) mark(o, &step->steps[i]);
}

Order *schedule_order(const Scheduler *s) {
    Order *o = ARENA_NEW(s->p->arena, Order);
    o->p = s->p;
    o->there = ARENA_ARRAY(s->p->arena, bool, s->p->vars.count + 1);
    for (int i = 0; i < s->p->vars.count; i++) o->there[i] = !s->p->vars.at[i]->def;
    return o;
}

typedef struct Ready {
    const Order *o;
    const Step *step;
    bool not;
} Ready;

static bool makes(const Step *step, const IrVar *v) {
    const IrItem *item = step->item;
    bool made = item && (item->var == v || ir_in_body(item, v));
    for (int i = 0; step->kind == STEP_BLOCK && i < step->step_count && !made; i++) made = makes(&step->steps[i], v);
    return made;
}

static void look(void *data, IrExpr *ref) {
    Ready *r = data;
    if (!r->o->there[ref->var->id] && !makes(r->step, ref->var)) r->not = true;
}

static bool is_ready(const Order *o, const Step *step) {
    Ready r = {.o = o, .step = step};
    if (step->item) ir_each_read_of(step->item, look, &r);
    for (int i = 0; step->kind == STEP_BLOCK && i < step->step_count; i++) ir_each_read_of(step->steps[i].item, look, &r);
    return !r.not;
}

/* Those that can, the first first. */
static void go_on(Order *o) {
    for (int i = 0; i < o->waiting.count; i++) {
        if (!is_ready(o, &o->waiting.at[i])) continue;
        mark(o, &o->waiting.at[i]);
        vec_push(o->p->arena, &o->done, o->waiting.at[i]);
        for (int k = i + 1; k < o->waiting.count; k++) o->waiting.at[k - 1] = o->waiting.at[k];
        o->waiting.count--;
        i = -1;
    }
}

void schedule_put(Order *o, const Step *step) {
    vec_push(o->p->arena, &o->waiting, *step);
    go_on(o);
}

Step *schedule_ordered(Order *o, int *count) {
    if (o->waiting.count) { /* schedule_grow.c sees to it that no block waits for itself */
        fprintf(stderr, "ctx: internal fault: %d steps of '%s' wait for each other\n", o->waiting.count, o->p->name);
        abort();
    }
    *count = o->done.count;
    return o->done.at;
}
