/* A crew computes a program over many items of data: sums of its outputs, with the same bits for any number of threads.
 *
 * A call of the program takes `together` items. The calls of a batch are dealt to at most 16 slots, a run of neighbours each; a slot
 * adds its calls up in order, then the slots are added up in order. Which thread does which slot changes nothing. Where one call
 * does for a whole batch, the threads work inside of it. */
#ifndef CTX_RUNTIME_CREW_H
#define CTX_RUNTIME_CREW_H
#include "core/plan.h"
#include "learn/data.h"

typedef struct RtCrew RtCrew;

typedef struct RtCrewConfig {
    const CtxProgram *program; /* outputs: sums over the items of a call */
    const char *counted;       /* its stimulus [together]: 1 where the item counts, 0 where it only fills the call up; NULL: `together` is 1 */
    int64_t together;          /* items of a call; without `counted` stimuli have no axis of items */
    int64_t batch;             /* most items of a run */
    const RtData *data;        /* whose shapes fix the bounded axes */
    int threads;               /* at least 1 */
    uint64_t seed;             /* of drawn weights, and of noise */
    const char *weights;       /* safetensors, or NULL */
    int weight_count;          /* single weights from .npy files: name, file */
    const char *const (*weight)[2];
} RtCrewConfig;

RtCrew *rt_crew_new(const RtCrewConfig *config, RtError *error); /* NULL: see error */
void rt_crew_free(RtCrew *crew);
const RtPlan *rt_crew_plan(const RtCrew *crew); /* one of its plans: names, shapes, weights as they were bound */
const RtPool *rt_crew_pool(const RtCrew *crew);
/* Before the next run this weight has these values; as many as it has, copied when they are needed. Unknown names are ignored. */
void rt_crew_weight(RtCrew *crew, const char *name, const void *values);
/* Sums over items index[0 .. count - 1], at most `batch`, of the data. Noise is that of the round, by its number. */
RtStatus rt_crew_run(RtCrew *crew, const RtData *data, const int64_t *index, int64_t count, int64_t round, RtError *error);
/* Results of the last run. Output number `output` in the order of the descriptor's outputs. */
int rt_crew_outputs(const RtCrew *crew);
int rt_crew_output(const RtCrew *crew, const char *name); /* -1: none */
int64_t rt_crew_count(const RtCrew *crew, int output);    /* elements */
void *rt_crew_sum(const RtCrew *crew, int output);        /* of the program's precision */
double rt_crew_number(const RtCrew *crew, int output);    /* of an output without axes: added up in double */
#endif
