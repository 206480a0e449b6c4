#include "core/shared.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/descriptor.h"

/* What the texts are made from. In the templates below $ stands for the prefix and @ for the element type. */
typedef struct Interface {
    RtDescriptor d;
    char *prefix;
    const char *element; /* "float" or "double" */
    FILE *to;
} Interface;

static const char header_start[] =
    "#include <stdint.h>\n"
    "#ifdef __cplusplus\n"
    "extern \"C\" {\n"
    "#endif\n\n"
    "typedef struct $_config $_config; /* what is to be run */\n"
    "typedef struct $_plan $_plan;     /* ready to run: all memory, all weights */\n\n"
    "/* Results of the functions that return int. The message stays with the object until it is freed. */\n"
    "enum { $_OK = 0, $_USER = 2 /* the call or the data is wrong */, $_MACHINE = 3 /* memory, threads */, $_FAULT = 70 };\n\n"
    "/* ---- configuration: NULL only without memory; after a failure every further call fails with it ---- */\n"
    "$_config *$_config_new(void);\n"
    "void $_config_free($_config *config);\n"
    "const char *$_config_message(const $_config *config);\n"
    "/* Size of a bounded axis, 1 to its bound. Every bounded axis needs one. */\n"
    "int $_config_axis($_config *config, const char *axis, int64_t size);\n"
    "/* Stimuli and outputs hold this many items, one after the other (default 1). */\n"
    "int $_config_batch($_config *config, int64_t items);\n"
    "/* Worker threads; 0, the default: one for each processor. Results do not depend on it. */\n"
    "int $_config_threads($_config *config, int threads);\n"
    "/* Seed of the weights that are drawn (default 1). */\n"
    "int $_config_seed($_config *config, uint64_t seed);\n"
    "/* Weights from a .safetensors file, or one from a .npy file, or one from memory (row-major, copied). */\n"
    "int $_config_weights_file($_config *config, const char *path);\n"
    "int $_config_weight_file($_config *config, const char *weight, const char *path);\n"
    "int $_config_weight($_config *config, const char *weight, const @ *data, int64_t count);\n\n"
    "/* ---- plan: NULL on failure, the configuration says why. It does not need the configuration any more ---- */\n"
    "$_plan *$_plan_new($_config *config);\n"
    "void $_plan_free($_plan *plan);\n"
    "const char *$_plan_message(const $_plan *plan);\n"
    "/* Size of an axis in this plan; -1: there is no such axis. */\n"
    "int64_t $_plan_size(const $_plan *plan, const char *axis);\n\n"
    "/* ---- call: row-major data; allocates nothing; one caller at a time for each plan. An output may be NULL. ---- */\n";

static const char header_error[] =
    "/* The largest local error of integration in the last call, relative to 1 + |value|: the caller's tolerance decides whether it was good.\n"
    " * A circuit compiled for shorter steps (--dt) has a smaller one. */\n"
    "double $_local_error(const $_plan *plan);\n";

static const char header_end[] = "\n#ifdef __cplusplus\n"
                                 "}\n"
                                 "#endif\n"
                                 "#endif\n";

static const char source_start[] =
    "\n/* Wrappers over the runtime library, whose functions are declared here by what they are linked with. */\n"
    "extern const char ctx_program;\n"
    "void *rt_config_new(const void *);\n"
    "void rt_config_free(void *);\n"
    "const char *rt_config_message(const void *);\n"
    "int rt_config_axis(void *, const char *, int64_t);\n"
    "int rt_config_batch(void *, int64_t);\n"
    "int rt_config_threads(void *, int);\n"
    "int rt_config_seed(void *, uint64_t);\n"
    "int rt_config_weights_file(void *, const char *);\n"
    "int rt_config_weight_file(void *, const char *, const char *);\n"
    "int rt_config_weight(void *, const char *, const void *, int64_t);\n"
    "void *rt_plan_new(void *);\n"
    "void rt_plan_free(void *);\n"
    "const char *rt_plan_message(const void *);\n"
    "int64_t rt_plan_axis(const void *, const char *);\n"
    "int rt_plan_call(void *, const void *const *, void *const *);\n\n"
    "$_config *$_config_new(void) { return rt_config_new(&ctx_program); }\n"
    "void $_config_free($_config *c) { rt_config_free(c); }\n"
    "const char *$_config_message(const $_config *c) { return rt_config_message(c); }\n"
    "int $_config_axis($_config *c, const char *axis, int64_t size) { return rt_config_axis(c, axis, size); }\n"
    "int $_config_batch($_config *c, int64_t items) { return rt_config_batch(c, items); }\n"
    "int $_config_threads($_config *c, int threads) { return rt_config_threads(c, threads); }\n"
    "int $_config_seed($_config *c, uint64_t seed) { return rt_config_seed(c, seed); }\n"
    "int $_config_weights_file($_config *c, const char *path) { return rt_config_weights_file(c, path); }\n"
    "int $_config_weight_file($_config *c, const char *name, const char *path) { return rt_config_weight_file(c, name, path); }\n"
    "int $_config_weight($_config *c, const char *name, const @ *data, int64_t n) { return rt_config_weight(c, name, data, n); }\n"
    "$_plan *$_plan_new($_config *c) { return rt_plan_new(c); }\n"
    "void $_plan_free($_plan *p) { rt_plan_free(p); }\n"
    "const char *$_plan_message(const $_plan *p) { return rt_plan_message(p); }\n"
    "int64_t $_plan_size(const $_plan *p, const char *axis) { return rt_plan_axis(p, axis); }\n";

static const char source_error[] = "double rt_plan_local_error(const void *);\n"
                                   "double $_local_error(const $_plan *p) { return rt_plan_local_error(p); }\n";

/* A name with everything that C does not allow replaced by _. */
static void put_name(FILE *to, const char *name) {
    for (; *name; name++) fputc(isalnum((unsigned char)*name) ? *name : '_', to);
}

char *rt_shared_prefix(const char *name) {
    const char *start = name;
    while (*start && !isalpha((unsigned char)*start)) start++;
    char *prefix = strdup(*start ? start : "circuit");
    for (char *at = prefix; at && *at; at++)
        if (!isalnum((unsigned char)*at)) *at = '_';
    return prefix;
}

static void expand(const Interface *i, const char *template) {
    for (; *template; template ++) {
        if (*template == '$') fputs(i->prefix, i->to);
        else if (*template == '@') fputs(i->element, i->to);
        else fputc(*template, i->to);
    }
}

static bool estimates_errors(const Interface *i) {
    bool found = false;
    for (int k = 0; k < i->d.buffers; k++) found |= i->d.buffer[k].gauge;
    return found;
}

/* "const float *in_x, float *out_y" */
static void put_parameters(const Interface *i) {
    for (int k = 0; k < i->d.buffers; k++) {
        const RtBuffer *b = &i->d.buffer[k];
        if (b->role != RT_STIMULUS && b->role != RT_OUTPUT) continue;
        fprintf(i->to, b->role == RT_STIMULUS ? ", const %s *in_" : ", %s *out_", i->element);
        put_name(i->to, b->name);
    }
}

static void put_tensors(const Interface *i, RtRole role, const char *title) {
    for (int k = 0, first = 1; k < i->d.buffers; k++) {
        const RtBuffer *b = &i->d.buffer[k];
        if (b->role != role) continue;
        char *axes = rt_axes_text(&i->d, b);
        fprintf(i->to, "%s *   %s %s%s%s", first ? title : "", b->name, axes ? axes : "", b->unit ? " " : "",
                b->unit ? b->unit : "");
        if (b->tensor) fprintf(i->to, " from tensor \"%s\"", b->tensor);
        fputs(b->recorded ? " (recorded)\n" : "\n", i->to);
        free(axes);
        first = 0;
    }
}

static void put_header(const Interface *i) {
    fprintf(i->to, "/* %s: a cortico-thalamic circuit compiled by %s; element type %s. Configuration -> plan -> calls.\n",
            i->d.name, i->d.compiler, i->element);
    put_tensors(i, RT_STIMULUS, " * stimuli:\n");
    put_tensors(i, RT_OUTPUT, " * outputs:\n");
    put_tensors(i, RT_WEIGHT, " * weights:\n");
    fprintf(i->to, " */\n#ifndef CTX_CIRCUIT_%s\n#define CTX_CIRCUIT_%s\n", i->prefix, i->prefix);
    expand(i, header_start);
    fprintf(i->to, "int %s_call(%s_plan *plan", i->prefix, i->prefix);
    put_parameters(i);
    fputs(");\n", i->to);
    if (estimates_errors(i)) expand(i, header_error);
    expand(i, header_end);
}

/* The arguments of one role as an array for the runtime; never of length 0. */
static void put_array(const Interface *i, RtRole role, const char *start, const char *prefix) {
    fputs(start, i->to);
    for (int k = 0; k < i->d.buffers; k++) {
        if (i->d.buffer[k].role != role) continue;
        fputs(prefix, i->to);
        put_name(i->to, i->d.buffer[k].name);
        fputs(", ", i->to);
    }
    fputs("0};\n", i->to);
}

static void put_source(const Interface *i) {
    put_header(i);
    expand(i, source_start);
    if (estimates_errors(i)) expand(i, source_error);
    fprintf(i->to, "int %s_call(%s_plan *plan", i->prefix, i->prefix);
    put_parameters(i);
    fputs(") {\n", i->to);
    put_array(i, RT_STIMULUS, "    const void *const stimuli[] = {", "in_");
    put_array(i, RT_OUTPUT, "    void *const outputs[] = {", "out_");
    fputs("    return rt_plan_call(plan, stimuli, outputs);\n}\n", i->to);
}

static char *make(const char *descriptor, const char *name, void (*put)(const Interface *), RtError *error) {
    CtxProgram program = {.abi = CTX_ABI_VERSION, .descriptor = descriptor};
    Interface i = {0};
    char *text = NULL;
    size_t length;
    if (rt_descriptor_read(&program, &i.d, error) != RT_OK) return NULL;
    i.prefix = rt_shared_prefix(name);
    i.element = i.d.type == RT_F64 ? "double" : "float";
    i.to = open_memstream(&text, &length);
    if (i.prefix && i.to) put(&i);
    bool failed = !i.prefix || !i.to || ferror(i.to);
    if (i.to && fclose(i.to) != 0) failed = true;
    free(i.prefix);
    rt_descriptor_free(&i.d);
    if (!failed) return text;
    free(text);
    rt_no_memory(error, 4096, "a header");
    return NULL;
}

char *rt_shared_header(const char *descriptor, const char *name, RtError *error) {
    return make(descriptor, name, put_header, error);
}
char *rt_shared_source(const char *descriptor, const char *name, RtError *error) {
    return make(descriptor, name, put_source, error);
}
