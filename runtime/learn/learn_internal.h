/* Insides of a run of learning, shared by learn.c (epochs), files.c, step.c, keep.c (checkpoints, weights) and show.c. */
#ifndef CTX_RUNTIME_LEARN_INTERNAL_H
#define CTX_RUNTIME_LEARN_INTERNAL_H
#include "core/pool.h"
#include "learn/crew.h"
#include "learn/history.h"
#include "learn/learn.h"
#include "sim/progress.h"

typedef struct RtLearner { /* a weight that learns */
    const RtLearned *is;
    int buffer, output;    /* of the step program's plan; of its crew */
    int64_t count;
    void *value;           /* owned; what all plans get */
    void *moment[RT_MOMENTS];
    double scale;          /* of the summed gradient in this step: mean, sign, clipping */
} RtLearner;

typedef struct RtPart { /* of a weight: the work of one task */
    int learner;
    int64_t first, count;
    double squares;        /* of its gradient: their sum */
} RtPart;

typedef struct RtLearnState { /* what a checkpoint keeps besides tensors and history; all 8 bytes wide */
    int64_t epoch;         /* current one, from 0 */
    int64_t batch;         /* of it: batches done */
    int64_t step;          /* steps done */
    double loss;           /* of the items of this epoch so far: sum */
    double best;           /* validation loss */
    int64_t best_epoch;    /* from 1; 0: none yet */
} RtLearnState;

typedef struct RtLearning {
    CtxFrame frame;        /* first: tasks get its address */
    const RtLearnConfig *c;
    RtType type;
    RtCrew *step, *look;
    int loss;              /* output of step's crew */
    RtLearner *learner;
    int parts;
    RtPart *part;
    int64_t *order, *all;  /* of the training items in this epoch; 0, 1, 2 ... of the validation items */
    double *row;           /* of the history */
    RtLearnState at;
    RtHistory history;
    double rate;           /* factor of the schedule in the last step */
    double last_loss;      /* mean of the last batch */
    RtProgress progress;
    int64_t first;         /* step that this run began with */
    double *seconds;       /* of the steps of this run, if c->time */
    int64_t kept;          /* step that the last checkpoint of this run holds, -1: none */
    bool best_saved;       /* this run has had a best epoch, and written it */
} RtLearning;

int64_t rt_learn_batches(const RtLearnConfig *c); /* of an epoch */
/* The next batch: a step of all weights. RT_USER if it leaves the numbers. */
RtStatus rt_learn_step(RtLearning *l, RtError *error);
/* Refuses weights that are not finite. */
RtStatus rt_learn_finite(const RtLearning *l, RtError *error);
/* Says what went wrong where, and what is kept. */
RtStatus rt_learn_diverged(const RtLearning *l, const char *what, RtError *error);

RtStatus rt_learn_files(const RtLearnConfig *c, RtError *error); /* before the run: may each be written, and does none replace another? */
RtStatus rt_learn_keep(RtLearning *l, RtError *error);    /* writes a checkpoint */
RtStatus rt_learn_restore(RtLearning *l, RtError *error); /* takes the run up from c->resume */
RtStatus rt_learn_may_keep(const RtLearning *l, RtError *error);
/* All weights of the step program, by their tensor names or their own. */
RtStatus rt_learn_save(const RtLearning *l, const char *path, RtError *error);

void rt_learn_show(RtLearning *l);     /* the bar, or a line */
void rt_learn_results(const RtLearning *l);
#endif
