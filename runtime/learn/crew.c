#include "learn/crew.h"

#include <stdlib.h>
#include <string.h>

#include "core/draw.h"
#include "core/pool.h"

enum { MOST_SLOTS = 16, PIECE = 1 << 14 }; /* PIECE: elements that one task adds up */
static const double SLOT_BYTES = 5e8;      /* memory of all slots, if that leaves one at least */

typedef struct Worker { /* of one thread */
    RtPlan *plan;
    uint64_t version;    /* of the weights that the plan has */
    RtTensor *stimulus;  /* gathered items; without data: shared, or read in place */
    void **output;       /* a call's results */
    const void **shown;  /* stimuli of a call */
    RtError error;
} Worker;

typedef struct Slot {
    void **sum;     /* of each output */
    double *number; /* of each output without axes */
} Slot;

struct RtCrew {
    CtxFrame frame; /* first: tasks get its address */
    RtDescriptor d;
    RtCrewConfig c;
    int stimuli, outputs;
    int *stimulus, *output; /* buffers */
    int64_t *count;         /* elements of each output */
    int workers, slots;     /* slots: allocated */
    Worker *worker;
    Slot *slot;
    const void **value;     /* of each buffer: a weight's values now, or NULL */
    uint64_t version;
    double *number;
    /* the current run */
    const RtSeries **series; /* of each stimulus, in the data; NULL: which items count */
    const int64_t *index;
    int64_t items, calls, round;
    int used; /* slots */
};

/* ---- building --------------------------------------------------------------------------------------------------------------- */
static int64_t calls_of(const RtCrew *crew, int64_t items) { return (items + crew->c.together - 1) / crew->c.together; }

/* What is wrong, config says. */
static void configure(const RtCrew *crew, RtConfig *config, int threads) {
    rt_config_threads(config, threads);
    rt_config_seed(config, crew->c.seed);
    rt_config_keep_weights(config); /* steps set them anew */
    if (crew->c.weights) rt_config_weights_file(config, crew->c.weights);
    for (int i = 0; i < crew->c.weight_count; i++)
        if (rt_find_buffer(&crew->d, RT_WEIGHT, crew->c.weight[i][0]) >= 0) rt_config_weight_file(config, crew->c.weight[i][0], crew->c.weight[i][1]);
    for (int i = 0; i < crew->stimuli; i++) {
        const char *name = crew->d.buffer[crew->stimulus[i]].name;
        const RtSeries *s = rt_data_find(crew->c.data, name);
        int64_t shape[RT_MAX_RANK + 1] = {crew->c.together};
        if (!s) continue; /* `counted`: its axis is fixed */
        int own = s->shared ? s->tensor.rank : s->tensor.rank - 1, first = s->shared || !crew->c.counted ? 0 : 1;
        memcpy(shape + first, s->tensor.shape + (s->shared ? 0 : 1), (size_t)own * sizeof *shape);
        rt_config_stimulus(config, name, first + own, shape);
    }
}

static RtStatus new_plan(RtCrew *crew, Worker *w, int threads, RtError *error) {
    RtConfig *config = rt_config_new(crew->c.program);
    if (!config) return rt_no_memory(error, 4096, "a configuration");
    if (rt_config_status(config) == RT_OK) configure(crew, config, threads);
    if (rt_config_status(config) != RT_OK) rt_fail(error, rt_config_status(config), "%s", rt_config_message(config));
    if (error->status == RT_OK && !(w->plan = rt_plan_new(config))) rt_fail(error, rt_config_status(config), "%s", rt_config_message(config));
    rt_config_free(config);
    return error->status;
}

static int64_t elements(const RtPlan *plan, int buffer) {
    int64_t shape[RT_MAX_RANK];
    return rt_shape_count(rt_plan_shape(plan, buffer, shape), shape);
}

static RtStatus new_worker(RtCrew *crew, Worker *w, int threads, RtError *error) {
    if (new_plan(crew, w, threads, error) != RT_OK) return error->status;
    w->stimulus = calloc((size_t)crew->stimuli + 1, sizeof *w->stimulus);
    w->shown = calloc((size_t)crew->stimuli + 1, sizeof *w->shown);
    w->output = calloc((size_t)crew->outputs + 1, sizeof *w->output);
    if (!w->stimulus || !w->shown || !w->output) return rt_no_memory(error, 4096, "a thread's data");
    for (int i = 0; i < crew->stimuli; i++) {
        int64_t shape[RT_MAX_RANK];
        const RtSeries *s = rt_data_find(crew->c.data, crew->d.buffer[crew->stimulus[i]].name);
        int rank = rt_plan_shape(w->plan, crew->stimulus[i], shape);
        if (s && s->shared) continue;
        if (rt_tensor_new(&w->stimulus[i], crew->d.type, rank, shape, error) != RT_OK) return error->status;
    }
    for (int i = 0; i < crew->outputs; i++) {
        crew->count[i] = elements(w->plan, crew->output[i]);
        w->output[i] = rt_aligned((size_t)crew->count[i] * rt_type_size(crew->d.type));
        if (!w->output[i]) return rt_no_memory(error, (double)crew->count[i] * 8, crew->d.buffer[crew->output[i]].name);
    }
    return RT_OK;
}

/* As many slots as a batch can use, and memory allows: what decides must not be the number of threads. */
static RtStatus new_slots(RtCrew *crew, RtError *error) {
    double bytes = 0;
    int64_t calls = calls_of(crew, crew->c.batch);
    for (int i = 0; i < crew->outputs; i++) bytes += (double)crew->count[i] * (double)rt_type_size(crew->d.type);
    crew->slots = calls < MOST_SLOTS ? (int)calls : MOST_SLOTS;
    while (crew->slots > 1 && crew->slots * bytes > SLOT_BYTES) crew->slots /= 2;
    crew->slot = calloc((size_t)crew->slots, sizeof *crew->slot);
    crew->number = calloc((size_t)crew->outputs + 1, sizeof *crew->number);
    if (!crew->slot || !crew->number) return rt_no_memory(error, 4096, "sums");
    for (int i = 0; i < crew->slots; i++) {
        Slot *s = &crew->slot[i];
        s->sum = calloc((size_t)crew->outputs + 1, sizeof *s->sum);
        s->number = calloc((size_t)crew->outputs + 1, sizeof *s->number);
        for (int k = 0; s->sum && k < crew->outputs; k++) {
            s->sum[k] = rt_aligned((size_t)crew->count[k] * rt_type_size(crew->d.type));
            if (!s->sum[k]) return rt_no_memory(error, bytes, "sums");
        }
        if (!s->sum || !s->number) return rt_no_memory(error, 4096, "sums");
    }
    return RT_OK;
}

static RtStatus list_buffers(RtCrew *crew, RtError *error) {
    size_t most = (size_t)crew->d.buffers + 1;
    crew->stimulus = calloc(most, sizeof *crew->stimulus);
    crew->output = calloc(most, sizeof *crew->output);
    crew->count = calloc(most, sizeof *crew->count);
    crew->value = calloc(most, sizeof *crew->value);
    crew->series = calloc(most, sizeof *crew->series);
    if (!crew->series || !crew->stimulus || !crew->output || !crew->count || !crew->value) return rt_no_memory(error, (double)most * 32, "a list of buffers");
    for (int i = 0; i < crew->d.buffers; i++) {
        if (crew->d.buffer[i].role == RT_STIMULUS) crew->stimulus[crew->stimuli++] = i;
        if (crew->d.buffer[i].role == RT_OUTPUT) crew->output[crew->outputs++] = i;
    }
    return RT_OK;
}

static RtStatus build(RtCrew *crew, RtError *error) {
    if (rt_descriptor_read(crew->c.program, &crew->d, error) != RT_OK || list_buffers(crew, error) != RT_OK) return error->status;
    bool inside = calls_of(crew, crew->c.batch) == 1;
    crew->workers = inside ? 1 : crew->c.threads;
    crew->worker = calloc((size_t)crew->workers, sizeof *crew->worker);
    if (!crew->worker) return rt_no_memory(error, 4096, "threads");
    for (int i = 0; i < crew->workers; i++)
        if (new_worker(crew, &crew->worker[i], inside ? crew->c.threads : 1, error) != RT_OK) return error->status;
    crew->frame.pool = rt_pool_new(crew->c.threads);
    if (!crew->frame.pool) return rt_fail(error, RT_MACHINE, "%d threads cannot be started", crew->c.threads);
    return new_slots(crew, error);
}

RtCrew *rt_crew_new(const RtCrewConfig *config, RtError *error) {
    RtCrew *crew = calloc(1, sizeof *crew);
    if (!crew) {
        rt_no_memory(error, sizeof *crew, "a crew");
        return NULL;
    }
    crew->c = *config;
    if (build(crew, error) == RT_OK) return crew;
    rt_crew_free(crew);
    return NULL;
}

static void free_worker(const RtCrew *crew, Worker *w) {
    for (int i = 0; w->stimulus && i < crew->stimuli; i++) rt_tensor_free(&w->stimulus[i]);
    for (int i = 0; w->output && i < crew->outputs; i++) free(w->output[i]);
    rt_plan_free(w->plan);
    rt_error_clear(&w->error);
    free(w->stimulus);
    free(w->output);
    free(w->shown);
}

void rt_crew_free(RtCrew *crew) {
    if (!crew) return;
    rt_pool_free(crew->frame.pool);
    for (int i = 0; crew->worker && i < crew->workers; i++) free_worker(crew, &crew->worker[i]);
    for (int i = 0; crew->slot && i < crew->slots; i++) {
        for (int k = 0; crew->slot[i].sum && k < crew->outputs; k++) free(crew->slot[i].sum[k]);
        free(crew->slot[i].sum);
        free(crew->slot[i].number);
    }
    free(crew->slot);
    free(crew->worker);
    free(crew->number);
    free(crew->stimulus);
    free(crew->output);
    free(crew->count);
    free(crew->value);
    free(crew->series);
    rt_descriptor_free(&crew->d);
    free(crew);
}

/* ---- one call --------------------------------------------------------------------------------------------------------------- */
static void take_weights(const RtCrew *crew, Worker *w) {
    if (w->version == crew->version) return;
    for (int i = 0; i < crew->d.buffers; i++)
        if (crew->value[i]) rt_plan_set_weight(w->plan, crew->d.buffer[i].name, crew->value[i]);
    w->version = crew->version;
}

/* Which of a call's places count. */
static void fill_counted(const RtTensor *t, int64_t items, int64_t together) {
    for (int64_t k = 0; k < together; k++) {
        if (t->type == RT_F64) ((double *)t->data)[k] = k < items;
        else ((float *)t->data)[k] = k < items;
    }
}

/* The items of call number `call`; places left over repeat the first of them, so that whatever is computed there is finite. */
static void gather(const RtCrew *crew, Worker *w, int64_t call) {
    int64_t together = crew->c.together, first = call * together, items = crew->items - first < together ? crew->items - first : together;
    size_t size = rt_type_size(crew->d.type);
    for (int i = 0; i < crew->stimuli; i++) {
        const RtSeries *s = crew->series[i];
        RtTensor *t = &w->stimulus[i];
        w->shown[i] = s && s->shared ? s->tensor.data : t->data;
        if (!s) fill_counted(t, items, together);
        if (!s || s->shared) continue;
        rt_data_gather(s, crew->index + first, items, t->data);
        for (int64_t k = items; k < together; k++)
            rt_data_gather(s, crew->index + first, 1, (char *)t->data + (size_t)(k * s->each) * size);
    }
}

static void add_elements(RtType type, void *sum, const void *more, int64_t first, int64_t end) {
    if (type == RT_F64) {
        double *restrict to = sum;
        const double *restrict from = more;
        for (int64_t i = first; i < end; i++) to[i] += from[i];
    } else {
        float *restrict to = sum;
        const float *restrict from = more;
        for (int64_t i = first; i < end; i++) to[i] += from[i];
    }
}

/* Noise is drawn anew in every call, whoever makes it. */
static uint64_t noise_seed(const RtCrew *crew, int64_t call) {
    const uint32_t key[2] = {(uint32_t)crew->c.seed, (uint32_t)(crew->c.seed >> 32)};
    uint64_t stream = rt_stream("noise of a call") ^ (uint64_t)call;
    uint32_t counter[4] = {(uint32_t)crew->round, (uint32_t)((uint64_t)crew->round >> 32), (uint32_t)stream, (uint32_t)(stream >> 32)}, out[4];
    rt_philox(counter, key, out);
    return (uint64_t)out[1] << 32 | out[0];
}

/* The first call of a slot writes its results there, further ones are added. */
static void add_call(const RtCrew *crew, Worker *w, Slot *slot, int64_t call, bool first) {
    gather(crew, w, call);
    rt_plan_noise(w->plan, noise_seed(crew, call));
    void **to = first ? slot->sum : w->output;
    if (rt_plan_call(w->plan, w->shown, to) != RT_OK) rt_fail(&w->error, RT_FAULT, "%s", rt_plan_message(w->plan));
    for (int i = 0; i < crew->outputs; i++) {
        if (crew->d.buffer[crew->output[i]].rank == 0) slot->number[i] = (first ? 0 : slot->number[i]) + rt_element(crew->d.type, to[i], 0);
        if (!first) add_elements(crew->d.type, slot->sum[i], to[i], 0, crew->count[i]);
    }
}

/* ---- a run ------------------------------------------------------------------------------------------------------------------ */
static void fill_slots(const CtxFrame *frame, int64_t first, int64_t end, int64_t thread) {
    const RtCrew *crew = (const RtCrew *)frame;
    Worker *w = &crew->worker[thread];
    take_weights(crew, w);
    for (int64_t s = first; s < end; s++) {
        int64_t begin = s * crew->calls / crew->used, stop = (s + 1) * crew->calls / crew->used;
        for (int64_t call = begin; call < stop; call++) add_call(crew, w, &crew->slot[s], call, call == begin);
    }
}

static int64_t pieces(const RtCrew *crew, int output) { return (crew->count[output] + PIECE - 1) / PIECE; }

/* Piece number `first` and so on, of all outputs one after the other: slots 1, 2, ... added to slot 0. */
static void add_slots(const CtxFrame *frame, int64_t first, int64_t end, int64_t thread) {
    const RtCrew *crew = (const RtCrew *)frame;
    (void)thread;
    int64_t before = 0;
    for (int i = 0; i < crew->outputs; before += pieces(crew, i++)) {
        for (int64_t p = first > before ? first : before; p < end && p < before + pieces(crew, i); p++) {
            int64_t from = (p - before) * PIECE, to = from + PIECE < crew->count[i] ? from + PIECE : crew->count[i];
            for (int s = 1; s < crew->used; s++) add_elements(crew->d.type, crew->slot[0].sum[i], crew->slot[s].sum[i], from, to);
        }
    }
}

static void add_up(RtCrew *crew) {
    int64_t tasks = 0;
    for (int i = 0; i < crew->outputs; i++) tasks += pieces(crew, i);
    if (crew->used > 1) rt_parallel(&crew->frame, add_slots, tasks);
    for (int i = 0; i < crew->outputs; i++) {
        crew->number[i] = 0;
        for (int s = 0; s < crew->used; s++) crew->number[i] += crew->slot[s].number[i];
    }
}

RtStatus rt_crew_run(RtCrew *crew, const RtData *data, const int64_t *index, int64_t count, int64_t round, RtError *error) {
    for (int i = 0; i < crew->stimuli; i++) crew->series[i] = rt_data_find(data, crew->d.buffer[crew->stimulus[i]].name);
    crew->index = index;
    crew->items = count;
    crew->round = round;
    crew->calls = calls_of(crew, count);
    crew->used = crew->calls < crew->slots ? (int)crew->calls : crew->slots;
    if (crew->workers == 1) fill_slots(&crew->frame, 0, crew->used, 0); /* the plan has the threads */
    else rt_parallel(&crew->frame, fill_slots, crew->used);
    for (int i = 0; i < crew->workers; i++)
        if (crew->worker[i].error.status != RT_OK) return rt_fail(error, crew->worker[i].error.status, "%s", rt_error_message(&crew->worker[i].error));
    add_up(crew);
    return RT_OK;
}

/* ---- looking ---------------------------------------------------------------------------------------------------------------- */
const RtPlan *rt_crew_plan(const RtCrew *crew) { return crew->worker[0].plan; }
const RtPool *rt_crew_pool(const RtCrew *crew) { return crew->frame.pool; }
int rt_crew_outputs(const RtCrew *crew) { return crew->outputs; }
int64_t rt_crew_count(const RtCrew *crew, int output) { return crew->count[output]; }
void *rt_crew_sum(const RtCrew *crew, int output) { return crew->slot[0].sum[output]; }
double rt_crew_number(const RtCrew *crew, int output) { return crew->number[output]; }

int rt_crew_output(const RtCrew *crew, const char *name) {
    for (int i = 0; i < crew->outputs; i++)
        if (!strcmp(crew->d.buffer[crew->output[i]].name, name)) return i;
    return -1;
}

void rt_crew_weight(RtCrew *crew, const char *name, const void *values) {
    int at = rt_find_buffer(&crew->d, RT_WEIGHT, name);
    if (at < 0) return;
    crew->value[at] = values;
    crew->version++;
}
