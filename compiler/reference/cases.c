/* Cases: lengths of the bounded axes and numbers for every input. All numbers are float32 numbers and depend on the
 * seed, the family and the input's name alone. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reference/check_internal.h"

const char *family_name(Family family) {
    static const char *const names[] = {
#define FAMILY(id, name, lengths, text) name,
#include "reference/families.def"
#undef FAMILY
    };
    return names[family];
}

bool family_at_all_lengths(Family family) {
    enum { FEW, ALL };
    static const bool all[] = {
#define FAMILY(id, name, lengths, text) lengths,
#include "reference/families.def"
#undef FAMILY
    };
    return all[family];
}

/* splitmix64 (Steele, Lea & Flood 2014): a counter's image. */
static uint64_t next_bits(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static double uniform(uint64_t *state) {
    return ((double)(next_bits(state) >> 11) + 0.5) * 0x1p-53;
}

static double normal(uint64_t *state) {
    double radius = sqrt(-2 * log(uniform(state)));
    return radius * cos(2 * M_PI * uniform(state));
}

static uint64_t stream(uint64_t seed, Family family, const char *name) {
    uint64_t state = seed * 1000003u + (uint64_t)family;
    for (; *name; name++) state = (state ^ (unsigned char)*name) * 0x100000001b3u;
    next_bits(&state);
    return state;
}

int64_t case_size(const Case *k, const IrAxis *axis) {
    return k->size[axis->root->id];
}

static int64_t stored(const Case *k, const IrVar *v, int dim) {
    return v->kind == VAR_WEIGHT ? v->axes[dim]->root->size : case_size(k, v->axes[dim]);
}

/* ---- numbers ----------------------------------------------------------------------------------------------------- */
static double stimulus_number(Family family, uint64_t *state, bool dominant) {
    static const double special[] = {0.0, -0.0, 0x1p-140, -0x1.8p-138, 1, -1};
    switch (family) {
    case FAMILY_LARGE: return 1000 * normal(state);
    case FAMILY_TINY: return 1e-6 * normal(state);
    case FAMILY_TIES: return (double)(next_bits(state) % 3) - 1;
    case FAMILY_DOMINANT: return (dominant ? 30 : 1) * normal(state);
    case FAMILY_ZEROS: return special[next_bits(state) % 6];
    case FAMILY_WIDE: return 12 * normal(state);
    default: return normal(state);
    }
}

static void fill_stimulus(const Case *k, const IrVar *v, double *to, int64_t count, uint64_t state) {
    int64_t rows = v->axis_count ? stored(k, v, 0) : 1, row = count / (rows ? rows : 1);
    for (int64_t i = 0; i < count; i++) to[i] = (double)(float)stimulus_number(k->family, &state, i / row == rows / 2);
    if (k->family != FAMILY_REPEATED || v->axis_count < 2) return;
    for (int64_t i = row; i < count; i++) to[i] = to[i % row];
}

/* Weights are quantified: whatever their initialiser, they are drawn about as large as a trained network's. A weight
 * that starts at a constant is drawn around it. */
static void fill_weight(const Case *k, const IrVar *v, double *to, int64_t count, uint64_t state) {
    int64_t largest = 1;
    for (int i = 0; i < v->axis_count; i++)
        if (stored(k, v, i) > largest) largest = stored(k, v, i);
    double centre = v->draw == INIT_CONSTANT ? v->draw_a : 0, scale = v->axis_count > 1 ? 1 / sqrt((double)largest) : 0.5;
    if (v->literal && v->draw == INIT_CONSTANT) scale = 0;
    for (int64_t i = 0; i < count; i++) to[i] = (double)(float)(centre + scale * normal(&state));
    bool table = v->draw == INIT_BERNOULLI || v->draw == INIT_CHOOSE || v->draw == INIT_LIST;
    for (int64_t i = 0; table && i < count; i++) to[i] = uniform(&state) < ir_density(v);
}

static void fill_integers(const Case *k, const IrVar *v, double *to, int64_t count, uint64_t state) {
    (void)v;
    for (int64_t i = 0; i < count; i++) {
        double number = (double)(next_bits(&state) % 4) - 2;
        to[i] = uniform(&state) < k->density ? (number >= 0 ? number + 1 : number) : 0;
        if (k->density < 0.5 && fabs(to[i]) > 1) to[i] /= 2;
    }
}

/* A label is one of the numbers that equations compare it with, nine times in ten; of many, each half of the time. */
static void fill_labels(const Checker *c, const Case *k, const IrVar *v, double *to, int64_t count, uint64_t state) {
    const IrProgram *p = c->in->source;
    bool all[p->vars.count + 1];
    for (int i = 0; i < p->vars.count; i++) all[i] = true;
    IrLabels labels = ir_labels(c->arena, p, all, k->size);
    for (int i = 0; i < labels.count; i++) {
        const IrLabel *label = &labels.at[i];
        for (int64_t n = 0; label->v == v && n < count; n++)
            if (uniform(&state) < (v->axis_count ? 0.5 : 0.9)) to[n] = (double)label->values.at[next_bits(&state) % (uint64_t)label->values.count];
    }
}

static const CheckWeight *own_weight(const Checker *c, const IrVar *v) {
    for (int i = 0; i < c->in->weight_count; i++)
        if (strcmp(c->in->weight[i].name, v->name) == 0) return &c->in->weight[i];
    return NULL;
}

/* The source says its values; of a frozen weight that is drawn it does not. */
static bool is_said(const IrVar *v) {
    bool drawn = v->draw == INIT_NORMAL || v->draw == INIT_UNIFORM || v->draw == INIT_XAVIER;
    return v->literal && !drawn;
}

static void fill(const Checker *c, const Case *k, const IrVar *v, double *to, int64_t count) {
    uint64_t state = stream(k->seed, k->family, v->name);
    const CheckWeight *own = k->family == FAMILY_OWN ? own_weight(c, v) : NULL;
    if (own && own->count == count) memcpy(to, own->value, sizeof *to * (size_t)count);
    else if (is_said(v)) fill_weight(k, v, to, count, state);
    else if (k->family == FAMILY_INTEGERS) fill_integers(k, v, to, count, state);
    else if (v->kind == VAR_STIMULUS) fill_stimulus(k, v, to, count, state);
    else fill_weight(k, v, to, count, state);
    if (v->kind == VAR_STIMULUS) fill_labels(c, k, v, to, count, state);
}

/* ---- cases ------------------------------------------------------------------------------------------------------- */
static Case *blank(int axes, int inputs) {
    Case *k = calloc(1, sizeof *k);
    k->axes = axes;
    k->inputs = inputs;
    k->size = calloc((size_t)axes + 1, sizeof *k->size);
    k->input = calloc((size_t)inputs + 1, sizeof *k->input);
    k->count = calloc((size_t)inputs + 1, sizeof *k->count);
    return k;
}

Case *case_new(const Checker *c, Family family, uint64_t seed, const int64_t *size, double density) {
    const IrProgram *p = c->in->source;
    Case *k = blank(p->axes.count, p->vars.count);
    k->family = family;
    k->seed = seed;
    k->density = density;
    for (int i = 0; i < p->axes.count; i++) {
        int root = p->axes.at[i]->root->id;
        k->size[i] = size[root] < c->least[root] ? c->least[root] : size[root]; /* not shorter than what is read by number */
    }
    for (int i = 0; i < p->vars.count; i++) {
        const IrVar *v = p->vars.at[i];
        if (v->def || v->kind == VAR_NOISE) continue;
        k->count[i] = 1;
        for (int d = 0; d < v->axis_count; d++) k->count[i] *= stored(k, v, d);
        k->input[i] = malloc(sizeof(double) * (size_t)(k->count[i] ? k->count[i] : 1));
        fill(c, k, v, k->input[i], k->count[i]);
    }
    return k;
}

Case *case_copy(const Case *from) {
    Case *k = blank(from->axes, from->inputs);
    k->family = from->family;
    k->seed = from->seed;
    k->density = from->density;
    memcpy(k->size, from->size, sizeof *k->size * (size_t)k->axes);
    for (int i = 0; i < from->inputs; i++) {
        if (!from->input[i]) continue;
        k->count[i] = from->count[i];
        k->input[i] = malloc(sizeof(double) * (size_t)(k->count[i] ? k->count[i] : 1));
        memcpy(k->input[i], from->input[i], sizeof(double) * (size_t)k->count[i]);
    }
    return k;
}

void case_free(Case *k) {
    if (!k) return;
    for (int i = 0; i < k->inputs; i++) free(k->input[i]);
    free(k->input);
    free(k->count);
    free(k->size);
    free(k);
}

char *case_shapes(const Checker *c, const Case *k) {
    Text text = text_new(c->arena);
    const IrProgram *p = c->in->source;
    for (int i = 0; i < p->axes.count; i++) {
        const IrAxis *axis = p->axes.at[i];
        if (axis->root == axis) text_add(&text, "%s%s = %lld", text.length ? ", " : "", axis->name, (long long)k->size[i]);
    }
    return text.at;
}
