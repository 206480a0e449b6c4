/* What `ctx train` compiles and runs: from a circuit, its statements and the command line to the configuration of a run.
 *
 *     training_data    stimuli read: which have items                           training_data.c
 *     training_labels  items without a class                                    training_labels.c
 *     training_choose  the loss, the weights that learn and how                 training_choose.c
 *     training_compile one program with loss and gradients, one with losses     training_program.c
 *     training_emit    the first of them as text, in place of a run             training_program.c
 *     training_plan    what `ctx explain` says of it, without data              training_program.c
 *     training_config  everything else that was asked                           command_train.c
 *
 * Functions return an exit status, EXIT_DONE or one after a message. */
#ifndef CTX_DRIVER_TRAINING_H
#define CTX_DRIVER_TRAINING_H
#include "driver/native.h"
#include "report/learning.h"
#include "learn/learn.h"

typedef struct TrainedWeight {
    Name weight;
    Name loss;     /* by its gradient; NULL: by a rule */
    Name rule;     /* the variable with the rule's value, or NULL */
    bool stated;   /* by a learn statement: that it has no gradient is a mistake */
    Span span;
    RtLearned how; /* name and output are filled in once it is compiled */
} TrainedWeight;

typedef struct Training {
    Compilation *c;
    Name loss;     /* variable that is reported */
    Name shown;    /* what it is called */
    VEC(TrainedWeight) weights;
    VEC(Name) metrics, metric_names; /* variables without axes that are reported beside it, and what they are called */
    RtData train, valid;
    Strings weight_files; /* --WEIGHT FILE: names and files in turn */
    int64_t together; /* items of a call; 1 if the program takes one at a time */
    const char *counted;
    Name items;    /* the axis of items; NULL: one at a time */
    const IrProgram *stepped; /* the program of a step */
    CgModule *modules[2];
    const CtxProgram *step, *look;
    VEC(RtLearned) learned;
} Training;

int training_data(Training *t);
void training_labels(const Training *t); /* says which items have none of the classes */
int training_choose(Training *t);
void training_statements(Training *t); /* the weights that the file's statements name */
int training_compile(Training *t);
/* Without data, of one item: what the file's statements learn, and the program of a step; false: there is none for a training, or, with
 * *status set, something is wrong. *plan refers to t. */
bool training_plan(Training *t, LearningPlan *plan, int *status);
int training_emit(Training *t, const char *stage); /* the program of a step as text, "opt" or "schedule" */
void training_end(Training *t);
/* Prints "ctx train: message" and gives the exit status. */
int training_failed(const RtError *error);
#endif
