/* The data: `--STIMULUS FILE`, `--valid STIMULUS=FILE`, `--WEIGHT FILE`. */
#include <string.h>

#include "driver/training.h"

int training_failed(const RtError *error) {
    fprintf(stderr, "ctx train: %s\n", rt_error_message(error));
    return (int)error->status;
}

static IrVar *find_input(const IrProgram *p, const char *name) {
    IrVar *v = ir_find_var(p, name);
    return v && (v->kind == VAR_STIMULUS || (v->kind == VAR_WEIGHT && !v->literal)) ? v : NULL;
}

static int unknown(const Training *t, const char *option, const char *name) {
    const IrProgram *p = t->c->core;
    const char **names = ARENA_ARRAY(t->c->arena, const char *, p->vars.count + 1), *all = "";
    int count = 0;
    for (int i = 0; i < p->vars.count; i++) {
        const IrVar *v = p->vars.at[i];
        if (!find_input(p, v->name)) continue;
        names[count++] = v->name;
        if (v->kind == VAR_STIMULUS) all = arena_printf(t->c->arena, "%s%s%s", all, *all ? ", " : "", v->name);
    }
    const char *near = diag_closest(name, names, count);
    fprintf(stderr, "ctx train: unknown option '%s'%s%s%s\n", option, near ? "; did you mean '--" : "", near ? near : "", near ? "'?" : "");
    fprintf(stderr, "help: the stimuli are: %s; ctx train --help lists the other options\n", *all ? all : "none");
    return EXIT_WRONG;
}

/* "[item, d = 10]" of a stimulus */
static char *wanted(const Training *t, const IrVar *v) {
    char *text = arena_printf(t->c->arena, "[items");
    for (int i = 0; i < v->axis_count; i++)
        text = arena_printf(t->c->arena, "%s, %s %s %lld", text, v->axes[i]->name, v->axes[i]->root->kind == AXIS_BOUNDED ? "<=" : "=", (long long)v->axes[i]->size);
    return arena_printf(t->c->arena, "%s]", text);
}

/* Dimension by dimension; of bounded axes the runtime sees to it that all stimuli agree. */
static int check_shape(const Training *t, const IrVar *v, const RtSeries *s) {
    int first = s->tensor.rank - v->axis_count;
    char came[RT_SHAPE_TEXT];
    for (int i = 0; i < v->axis_count; i++) {
        int64_t size = s->tensor.shape[first + i];
        bool bounded = v->axes[i]->root->kind == AXIS_BOUNDED;
        if (bounded ? size >= 1 && size <= v->axes[i]->size : size == v->axes[i]->size) continue;
        fprintf(stderr, "ctx train: stimulus %s: expected %s, came shape %s from %s: axis %s is %s%lld, not %lld\n", v->name, wanted(t, v),
                rt_shape_text(came, s->tensor.rank, s->tensor.shape), s->source, v->axes[i]->name, bounded ? "at most " : "", (long long)v->axes[i]->size,
                (long long)size);
        return EXIT_WRONG;
    }
    return EXIT_DONE;
}

static int read_series(Training *t, RtData *data, const IrVar *v, const char *source) {
    RtError error = {0};
    RtType type = option_double(t->c->options) ? RT_F64 : RT_F32;
    if (rt_data_find(data, v->name)) {
        fprintf(stderr, "ctx train: stimulus %s is given twice\n", v->name);
        return EXIT_WRONG;
    }
    if (rt_data_read(data, v->name, source, v->axis_count, type, &error) == RT_OK) return check_shape(t, v, &data->series[data->count - 1]);
    int status = training_failed(&error);
    rt_error_clear(&error);
    return status;
}

static int take_file(Training *t, const IrVar *v, const char *file) {
    if (v->kind == VAR_STIMULUS) return read_series(t, &t->train, v, file);
    vec_push(t->c->arena, &t->weight_files, v->name);
    vec_push(t->c->arena, &t->weight_files, file);
    return EXIT_DONE;
}

/* One argument and its value at place *i of the rest. */
static int take_argument(Training *t, int *i) {
    const Strings *rest = &t->c->options->rest;
    const char *option = rest->at[(*i)++], *equals = strchr(option, '='), *value = equals ? equals + 1 : NULL;
    if (strncmp(option, "--", 2) != 0) {
        fprintf(stderr, "ctx train: '%s' is neither an option nor the value of one\n", option);
        return EXIT_WRONG;
    }
    Name name = name_intern(t->c->names, option + 2, equals ? (size_t)(equals - option) - 2 : strlen(option) - 2);
    const IrVar *v = find_input(t->c->core, name);
    if (!v) return unknown(t, option, name);
    if (!value && *i < rest->count) value = rest->at[(*i)++];
    if (!value) {
        fprintf(stderr, "ctx train: --%s needs a file: --%s FILE.npy\n", name, name);
        return EXIT_WRONG;
    }
    return take_file(t, v, value);
}

/* NAME=FILE of an option, taken apart; NULL: it is no such thing. `what` is the name of. */
static Name name_and_file(Training *t, const char *option, const char *what, const char *text, const char **file) {
    const char *equals = strchr(text, '=');
    if (!equals) {
        fprintf(stderr, "ctx train: %s expects %s=FILE, but '%s' came\n", option, what, text);
        return NULL;
    }
    *file = equals + 1;
    return name_intern(t->c->names, text, (size_t)(equals - text));
}

static int take_in(Training *t, const char *text) {
    const char *file;
    Name name = name_and_file(t, "--in", "NAME", text, &file);
    if (!name) return EXIT_WRONG;
    const IrVar *v = find_input(t->c->core, name);
    return v ? take_file(t, v, file) : unknown(t, arena_printf(t->c->arena, "--in %s", text), name);
}

static int take_validation(Training *t, const char *text) {
    const char *file;
    Name name = name_and_file(t, "--valid", "STIMULUS", text, &file);
    if (!name) return EXIT_WRONG;
    const IrVar *v = find_input(t->c->core, name);
    if (!v || v->kind != VAR_STIMULUS) return unknown(t, arena_printf(t->c->arena, "--valid %s", text), name);
    return read_series(t, &t->valid, v, file);
}

/* Validation goes with the training data's shared series, and needs all that have items. */
static int complete_validation(Training *t) {
    for (int i = 0; i < t->train.count; i++) {
        const RtSeries *s = &t->train.series[i], *other = rt_data_find(&t->valid, s->name);
        if (s->shared && !other) {
            int status = read_series(t, &t->valid, ir_find_var(t->c->core, s->name), s->source);
            if (status != EXIT_DONE) return status;
        } else if (!other || other->shared != s->shared) {
            fprintf(stderr, "ctx train: validation data of stimulus %s %s: give --valid %s=FILE.npy\n", s->name, other ? "have no items" : "are missing", s->name);
            return EXIT_WRONG;
        }
    }
    return EXIT_DONE;
}

static int missing(const Training *t, const IrVar *v) {
    fprintf(stderr, "ctx train: stimulus %s is missing: give --%s FILE.npy with shape %s\n", v->name, v->name, wanted(t, v));
    return EXIT_WRONG;
}

/* What the arguments name, read: an exit status. */
static int read_arguments(Training *t) {
    const Options *options = t->c->options;
    const Strings *in = &options->value[OPTION_IN];
    int status = EXIT_DONE;
    for (int i = 0; status == EXIT_DONE && i < options->rest.count;) status = take_argument(t, &i);
    for (int i = 0; status == EXIT_DONE && i < in->count; i++) status = take_in(t, in->at[i]);
    return status;
}

static int complete(const Training *t) {
    for (int i = 0; i < t->c->core->vars.count; i++) {
        const IrVar *v = t->c->core->vars.at[i];
        if (v->kind == VAR_STIMULUS && !rt_data_find(&t->train, v->name)) return missing(t, v);
    }
    if (t->train.items > 0) return EXIT_DONE;
    fprintf(stderr, "ctx train: no stimulus has items: at least one file has a first axis more than its stimulus\n");
    return EXIT_WRONG;
}

int training_data(Training *t) {
    const Strings *valid = &t->c->options->value[OPTION_VALID];
    int status = read_arguments(t);
    if (status == EXIT_DONE) status = complete(t);
    for (int i = 0; status == EXIT_DONE && i < valid->count; i++) status = take_validation(t, valid->at[i]);
    return status == EXIT_DONE && valid->count ? complete_validation(t) : status;
}
