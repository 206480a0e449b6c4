/* Configuration -> plan -> calls: how a compiled circuit is run.
 *
 *     RtConfig *config = rt_config_new(program);
 *     rt_config_stimulus(config, "x", 2, (int64_t[]){18, 384});      // fixes the bounded axes
 *     rt_config_weights_file(config, "weights.safetensors");
 *     RtPlan *plan = rt_plan_new(config);                            // all memory, all weights, all packing
 *     rt_plan_call(plan, (const void *[]){x}, (void *[]){y});        // allocates nothing; as often as wanted
 *
 * Every function returns a status; the message of the first failure stays with the object until it is freed, and further
 * calls on a failed configuration fail with it. A plan does not need its configuration any more. One plan serves one caller
 * at a time; different plans are independent. Data are row-major and of the program's precision. */
#ifndef CTX_RUNTIME_PLAN_H
#define CTX_RUNTIME_PLAN_H
#include "core/descriptor.h"

typedef struct RtConfig RtConfig;
typedef struct RtPlan RtPlan;

/* ---- configuration ------------------------------------------------------------------------------------------------------ */
RtConfig *rt_config_new(const CtxProgram *program); /* NULL only without memory; the program must outlive config and plans */
void rt_config_free(RtConfig *config);
RtStatus rt_config_status(const RtConfig *config);
const char *rt_config_message(const RtConfig *config); /* "" while all is well */
const RtDescriptor *rt_config_descriptor(const RtConfig *config); /* NULL if it did not read */

/* Gives a bounded axis its size, 1 to the bound; for another axis, size must be the compiled one. */
RtStatus rt_config_axis(RtConfig *config, const char *name, int64_t size);
int64_t rt_config_size(const RtConfig *config, int axis); /* 0: not known yet */
/* The shape that a stimulus will have: fixes the bounded axes; leading extra dimensions are a batch. */
RtStatus rt_config_stimulus(RtConfig *config, const char *name, int rank, const int64_t *shape);
RtStatus rt_config_batch(RtConfig *config, int64_t count); /* every stimulus has one leading dimension of this size */
RtStatus rt_config_threads(RtConfig *config, int threads);  /* 0: one a processor (the default) */
RtStatus rt_config_seed(RtConfig *config, uint64_t seed);   /* of drawn weights; default 1 */
/* Keeps a window of `rows` of a stimulus or output with "stream" in memory (0: all); runtime/sim moves it. */
RtStatus rt_config_window(RtConfig *config, const char *name, int64_t rows);
/* Keeps in memory what sparse projections are made of, for rt_plan_weight and rt_plan_set_weight. */
RtStatus rt_config_keep_weights(RtConfig *config);
int64_t rt_config_batch_items(const RtConfig *config); /* of the stimuli so far */
int64_t rt_config_window_of(const RtConfig *config, int buffer);
/* Weights: from a safetensors file by their tensor names (or their own), one from a .npy file, or one from memory (copied).
 * The shape in a file is the weight's, or the weight's with adjacent axes flattened. */
RtStatus rt_config_weights_file(RtConfig *config, const char *path);
RtStatus rt_config_weight_file(RtConfig *config, const char *name, const char *path);
RtStatus rt_config_weight(RtConfig *config, const char *name, const void *data, int64_t count);

/* ---- plan --------------------------------------------------------------------------------------------------------------- */
RtPlan *rt_plan_new(RtConfig *config); /* NULL: see the configuration's status and message */
void rt_plan_free(RtPlan *plan);
/* stimuli and outputs in the order of the descriptor; an output that is NULL is not wanted. Outputs of a batch are
 * contiguous items. Addresses that are multiples of 64 are used in place; an output overlaps nothing else. */
RtStatus rt_plan_call(RtPlan *plan, const void *const *stimuli, void *const *outputs);
/* Largest local error of integration in the last call, relative to 1 + |value|; 0 where the program estimates none. */
double rt_plan_local_error(const RtPlan *plan);
const char *rt_plan_message(const RtPlan *plan);
const char *rt_plan_notes(const RtPlan *plan); /* what the user might want to know, lines; "" if nothing */
const RtDescriptor *rt_plan_descriptor(const RtPlan *plan);
int64_t rt_plan_size(const RtPlan *plan, int axis);
int64_t rt_plan_axis(const RtPlan *plan, const char *name); /* by name; -1: no such axis */
/* Shape of a stimulus or output as the caller sees it, batch included; returns the rank. */
int rt_plan_shape(const RtPlan *plan, int buffer, int64_t shape[RT_MAX_RANK]);
/* A weight as it was bound (a tensor with the bounds' sizes). NULL: it was packed and is not kept. */
const void *rt_plan_weight(const RtPlan *plan, int buffer);
/* Gives a weight other values: as many, of the program's precision, copied. What is made of weights alone, packed sums among it, is
 * made again before the next call. RT_USER: there is no such weight, or, with a message, the plan has sparse projections and was
 * made without rt_config_keep_weights. */
RtStatus rt_plan_set_weight(RtPlan *plan, const char *name, const void *data);
void rt_plan_noise(RtPlan *plan, uint64_t seed); /* of the noise in later calls; before, the configuration's */
int64_t rt_plan_bytes(const RtPlan *plan); /* memory held */
int rt_plan_threads(const RtPlan *plan);
int rt_plan_unused(const RtPlan *plan); /* tensors of the weights file that the circuit does not name */
#endif
