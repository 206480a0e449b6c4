#include "driver/runner.h"

#include <stdlib.h>
#include <string.h>

#include "core/plan.h"
#include "core/pool.h"

typedef struct Runner {
    Compilation *c;
    CgModule *module;
    const CtxProgram *program;
    char message[512];
    NativeRunner recording; /* of the program that gives every named quantity */
    bool has_recording;
} Runner;

typedef struct Call { /* one plan and its data, of the program's own element type */
    RtConfig *config;
    RtPlan *plan;
    const RtDescriptor *d;
    void **data; /* by buffer: stimuli and outputs */
} Call;

static size_t element_bytes(const RtDescriptor *d) {
    return rt_type_size(d->type);
}

static void *narrowed(const RtDescriptor *d, const double *value, int64_t count) {
    void *data = rt_aligned((size_t)count * element_bytes(d));
    for (int64_t i = 0; data && i < count; i++) {
        if (d->type == RT_F64) ((double *)data)[i] = value[i];
        else ((float *)data)[i] = (float)value[i];
    }
    return data;
}

static int find_buffer(const RtDescriptor *d, const char *name, bool output) {
    for (int i = 0; i < d->buffers; i++) {
        RtRole role = d->buffer[i].role;
        bool fits = output ? role == RT_OUTPUT : role == RT_STIMULUS || role == RT_WEIGHT;
        if (fits && strcmp(d->buffer[i].name, name) == 0) return i;
    }
    return -1;
}

static void set_sizes(Call *call, const Runner *r, const NativeCall *asked) {
    const IrProgram *p = r->c->optimised;
    for (int i = 0; i < p->axes.count; i++) {
        const IrAxis *axis = p->axes.at[i];
        if (axis->root == axis && axis->kind == AXIS_BOUNDED && asked->size[i] > 0) rt_config_axis(call->config, axis->name, asked->size[i]);
    }
}

/* Inputs that the optimised program does not need any more have no buffer. */
static void bind_inputs(Call *call, const NativeCall *asked) {
    for (int i = 0; i < asked->input_count; i++) {
        const NativeValues *in = &asked->input[i];
        int buffer = find_buffer(call->d, in->name, false);
        if (buffer < 0) continue;
        void *data = narrowed(call->d, in->value, in->count);
        if (call->d->buffer[buffer].role == RT_WEIGHT) {
            rt_config_weight(call->config, in->name, data, in->count);
            free(data);
        } else {
            call->data[buffer] = data;
        }
    }
}

static bool make_outputs(Call *call, const NativeCall *asked) {
    for (int i = 0; i < asked->output_count; i++) {
        int buffer = find_buffer(call->d, asked->output[i].name, true);
        if (buffer < 0) return false;
        call->data[buffer] = rt_aligned((size_t)asked->output[i].count * element_bytes(call->d));
    }
    return true;
}

static void read_outputs(const Call *call, const NativeCall *asked) {
    for (int i = 0; i < asked->output_count; i++) {
        const NativeValues *out = &asked->output[i];
        const void *data = call->data[find_buffer(call->d, out->name, true)];
        for (int64_t k = 0; k < out->count; k++) out->value[k] = rt_element(call->d->type, data, k);
    }
}

/* Stimuli and outputs in the order of the descriptor. */
static RtStatus run_plan(Call *call) {
    const void *stimuli[call->d->buffers + 1];
    void *outputs[call->d->buffers + 1];
    int stimulus = 0, output = 0;
    for (int i = 0; i < call->d->buffers; i++) {
        if (call->d->buffer[i].role == RT_STIMULUS) stimuli[stimulus++] = call->data[i];
        if (call->d->buffer[i].role == RT_OUTPUT) outputs[output++] = call->data[i];
    }
    return rt_plan_call(call->plan, stimuli, outputs);
}

static void end_call(Call *call) {
    for (int i = 0; call->data && i < call->d->buffers; i++) free(call->data[i]);
    free(call->data);
    rt_plan_free(call->plan);
    rt_config_free(call->config);
}

static const char *failed(Runner *r, Call *call, const char *message) {
    snprintf(r->message, sizeof r->message, "%s", message);
    end_call(call);
    return r->message;
}

static const char *call_native(void *data, const NativeCall *asked) {
    Runner *r = data;
    Call call = {.config = rt_config_new(r->program)};
    int64_t threads = 0;
    option_integer(r->c->options, OPTION_THREADS, 1, RT_THREADS_MOST, &threads);
    rt_config_threads(call.config, (int)threads);
    call.d = rt_config_descriptor(call.config);
    if (!call.d) return failed(r, &call, rt_config_message(call.config));
    call.data = calloc((size_t)call.d->buffers + 1, sizeof *call.data);
    set_sizes(&call, r, asked);
    bind_inputs(&call, asked);
    if (!make_outputs(&call, asked)) return failed(r, &call, "the compiled program lacks an output");
    call.plan = rt_plan_new(call.config);
    if (!call.plan) return failed(r, &call, rt_config_message(call.config));
    if (run_plan(&call) != RT_OK) return failed(r, &call, rt_plan_message(call.plan));
    read_outputs(&call, asked);
    end_call(&call);
    return NULL;
}

/* The same circuit with every named quantity as an output, compiled beside. */
static NativeRunner *record(void *data, const IrProgram **scheduled) {
    Runner *r = data;
    if (!r->has_recording) {
        Compilation *all = arena_copy(r->c->arena, r->c, sizeof *all);
        all->core = ir_clone(r->c->core);
        check_expose_all(all->core);
        OptOptions options = {.no_reassociate = option_given(r->c->options, OPTION_NO_REASSOCIATE)};
        all->optimised = opt_run(all->core, &options, &all->report);
        if (runner_open(all, &r->recording) != EXIT_DONE) return NULL;
        r->has_recording = true;
    }
    *scheduled = ((Runner *)r->recording.data)->c->optimised;
    return &r->recording;
}

int runner_open(Compilation *c, NativeRunner *runner) {
    Runner *r = ARENA_NEW(c->arena, Runner);
    r->c = c;
    *runner = (NativeRunner){.data = r, .call = call_native, .record = record};
    return native_load(c, &r->module, &r->program);
}

const CtxProgram *runner_program(const NativeRunner *runner) {
    return ((const Runner *)runner->data)->program;
}

void runner_close(NativeRunner *runner) {
    Runner *r = runner->data;
    if (!r) return;
    if (r->has_recording) runner_close(&r->recording);
    cg_free(r->module);
}
