/* A run of learning: weights of a circuit follow gradients or rules over batches of data.
 *
 * Results depend on the data, the options and the seed: on neither the number of threads nor on interruptions that were resumed. */
#ifndef CTX_RUNTIME_LEARN_H
#define CTX_RUNTIME_LEARN_H
#include <stdio.h>

#include "ctx_abi.h"
#include "learn/data.h"
#include "learn/optimiser.h"
#include "learn/schedule.h"

typedef struct RtLearned { /* a weight that learns */
    const char *name, *output; /* of the weight; of the output of `step` with its gradient or its rule's value */
    bool rule;                 /* the output is what is to be added, not a gradient */
    RtOptimiser optimiser;
    double clip;               /* most that the norm of this gradient may be, 0: any */
} RtLearned;

typedef struct RtLearnConfig {
    const char *name;        /* what messages begin with */
    const char *circuit;     /* the file it is from */
    const CtxProgram *step;  /* outputs: sums over the items of a call of the loss and of what the weights learn by */
    const CtxProgram *look;  /* outputs: sums of the loss and of the metrics; NULL: no validation */
    const char *loss;        /* output of both */
    const char *counted;     /* stimulus of both: which items of a call count (crew.h); NULL: none */
    int64_t together;        /* items of a call */
    int count;
    const RtLearned *learned;
    int metrics;             /* outputs of `look` beside the loss: means over the validation data */
    const char *const *metric, *const *metric_name; /* the outputs; what they are called */
    const RtData *train, *valid; /* valid: without items, there is no validation */
    const char *weights;     /* safetensors to begin with, or NULL */
    int weight_count;        /* single weights: name, .npy file */
    const char *const (*weight)[2];
    uint64_t seed;           /* of drawn weights, and of the order of the items */
    int threads;
    int64_t epochs, batch;
    int64_t patience;        /* epochs without a better validation loss after which it stops; 0: never */
    RtSchedule schedule;
    double clip;             /* most that the norm of all gradients together may be, 0: any */
    const char *save, *best, *log, *plot, *checkpoint, *resume; /* files, or NULL */
    int64_t every;           /* a checkpoint each so many epochs, or steps */
    bool every_steps;
    FILE *progress;          /* NULL: quiet */
    bool bar;                /* progress is a terminal */
    bool json;               /* results as JSON */
    bool time;               /* and how long a step took */
} RtLearnConfig;

/* *interrupted: the signal that ended the run, or 0; what was asked for is saved then. Results are printed on standard output. */
RtStatus rt_learn(const RtLearnConfig *config, int *interrupted, RtError *error);
#endif
