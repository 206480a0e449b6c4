/* What `ctx explain` says of learning: what each weight learns by, and what one step of `ctx train` costs. */
#ifndef CTX_REPORT_LEARNING_H
#define CTX_REPORT_LEARNING_H
#include <jansson.h>
#include <stdio.h>

#include "opt/opt.h"

typedef struct LearningPlan {
    const IrProgram *core;  /* with the statements */
    const IrProgram *step;  /* optimised: losses, and gradients or rules, of one item */
    OptReport report;       /* of that */
} LearningPlan;

void learning_text(FILE *to, const LearningPlan *plan);
json_t *learning_json(const LearningPlan *plan);
#endif
