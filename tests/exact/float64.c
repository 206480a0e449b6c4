#include <math.h>

#include "float64.h"
#include "reference/interpret.h"

enum { TOKENS = 3, DRAWS = 4 };

uint64_t float64_next(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

int64_t *float64_sizes(const IrProgram *p) {
    int64_t *size = ARENA_ARRAY(p->arena, int64_t, p->axes.count);
    for (int i = 0; i < p->axes.count; i++) {
        const IrAxis *root = p->axes.at[i]->root;
        size[i] = root->kind == AXIS_BOUNDED && root->size > TOKENS ? TOKENS : root->size;
    }
    return size;
}

/* A table that the program gives as one number is that number; all else is free. */
static void bind(Reference *r, const IrProgram *p, uint64_t *state) {
    for (int i = 0; i < p->vars.count; i++) {
        const IrVar *v = p->vars.at[i];
        if (v->def) continue;
        bool given = v->literal && v->draw == INIT_CONSTANT;
        int64_t count = ref_input_count(r, v);
        double *data = ARENA_ARRAY(p->arena, double, count);
        for (int64_t k = 0; k < count; k++) data[k] = given ? v->draw_a : (double)float64_next(state) / 9223372036854775808.0 - 1;
        ref_bind(r, v, data);
    }
}

static bool sides_differ(const Reference *r, const IrCheck *c) {
    RefTensor a = ref_tensor(r, c->left), b = ref_tensor(r, c->right);
    for (int64_t i = 0; i < a.count; i++)
        if (fabs(a.value[i] - b.value[i]) > 4 * (a.bound[i] + b.bound[i])) return true;
    return false;
}

bool float64_differs(const IrProgram *p, const IrCheck *c, uint64_t seed) {
    IrVar *keep[] = {c->left, c->right};
    bool found = false;
    for (int i = 0; i < DRAWS && !found; i++) {
        Reference *r = ref_new(p, float64_sizes(p), ref_float64(), keep, 2);
        bind(r, p, &seed);
        found = !ref_run(r) && sides_differ(r, c);
        ref_free(r);
    }
    return found;
}
