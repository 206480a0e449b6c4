/* Insides of a configuration and a plan, shared by config.c, weights.c and plan.c. */
#ifndef CTX_RUNTIME_PLAN_INTERNAL_H
#define CTX_RUNTIME_PLAN_INTERNAL_H
#include "core/pairs.h"
#include "core/plan.h"
#include "core/pool.h"

typedef struct RtBatch { /* leading dimensions that the data have beyond the circuit's; rank 0: none */
    int rank;
    int64_t shape[RT_MAX_RANK];
    int64_t items;  /* their product, at least 1 */
    const char *by; /* the stimulus that said so */
} RtBatch;

struct RtConfig {
    const CtxProgram *program;
    RtDescriptor d;
    RtError error;
    int64_t *size;       /* of each axis; 0: not known yet */
    const char **by;     /* of each axis: the stimulus that fixed it, or NULL */
    RtBatch batch;
    bool *batched;       /* of each buffer: has the batch dimensions */
    int threads;
    uint64_t seed;
    bool keep_weights;
    char *weights_path;  /* safetensors, or NULL */
    char **weight_path;  /* of each buffer: .npy, or NULL */
    void **weight_data;  /* of each buffer: elements given, or NULL */
    int64_t *window;     /* of each buffer: rows that are in memory at a time, 0: all */
};

struct RtPlan {
    const CtxProgram *program;
    RtDescriptor d;
    RtError error;
    char *notes;
    int64_t *size;
    RtBatch batch;
    bool *batched;
    int64_t *bytes;  /* of each buffer in memory: one item */
    int64_t *window; /* of each buffer: rows that are in memory at a time, 0: all */
    void **home;     /* memory of each buffer */
    void **buffer;   /* what the frame shows: home, or the caller's memory during a call */
    unsigned char *scratch;
    unsigned char *shared; /* memory of the buffers that are needed at some steps only, and how much */
    int64_t shared_bytes;
    int64_t *offset; /* of each of these buffers: where in it */
    int64_t total;   /* bytes held */
    double local_error; /* the largest of the last rt_plan_call */
    bool keep_weights; /* those that are packed, too */
    RtPairs **pairs;   /* of each buffer: while the plan is made, a table that a file lists */
    bool *changed;     /* of each buffer: a weight that was set anew since the program's plan() ran */
    bool stale;        /* some weight was */
    int unused;      /* tensors of the weights file that the circuit does not name */
    CtxFrame frame;
};

/* Size along dimension `dimension` of a buffer: weights have the bound's, all others the run's. */
int64_t rt_buffer_size(const RtDescriptor *d, const int64_t *size, const RtBuffer *buffer, int dimension);
/* Elements of a buffer for one item, -1 on overflow. */
int64_t rt_buffer_count(const RtDescriptor *d, const int64_t *size, const RtBuffer *buffer);
/* Before and after the calls of one item of a batch: what the frame shows, and results that are fetched from home. Streamed
 * buffers are left as they are. */
RtStatus rt_plan_show(RtPlan *plan, const void *const *stimuli, void *const *outputs, int64_t item);
void rt_plan_fetch(RtPlan *plan, void *const *outputs, int64_t item);
/* A weight that need not be in memory once the plan is made. */
bool rt_plan_is_packed(const RtPlan *plan, int buffer);
/* Refuses, before it is allocated, what the machine does not have beside the memory held: it would end in swapping or a kill. */
RtStatus rt_plan_afford(RtPlan *plan, double more);
/* Fills the weights of a plan from where the configuration says. */
RtStatus rt_bind_weights(RtPlan *plan, const RtConfig *config);
/* layout.c: sets the offsets of buffers that are needed at some steps only, such that those needed at one step lie apart, and
 * shared_bytes. */
RtStatus rt_layout(RtPlan *plan);
bool rt_is_shared(const RtPlan *plan, int buffer);
/* A line of the plan's notes. */
void rt_plan_note(RtPlan *plan, const char *format, ...) __attribute__((format(printf, 2, 3)));
#endif
