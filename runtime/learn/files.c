/* The files of a run, looked at before it begins: what is learned in hours is not to fail at its last line. */
#define _GNU_SOURCE
#include <stdlib.h>

#include "io/apart.h"
#include "learn/learn_internal.h"

enum { OWN = 8 };

static int series(const RtData *data, RtUse *use) {
    for (int i = 0; i < data->count; i++) use[i] = (RtUse){data->series[i].path, data->series[i].name, false, NULL};
    return data->count;
}

RtStatus rt_learn_files(const RtLearnConfig *c, RtError *error) {
    RtUse *use = calloc((size_t)(OWN + c->train->count + c->valid->count + c->weight_count), sizeof *use);
    const RtUse own[OWN] = {{c->circuit, "the circuit", false, NULL}, {c->weights, "--weights", false, NULL}, {c->resume, "--resume", false, NULL},
                            {c->save, "--save", true, "--weights"}, {c->best, "--best", true, "--weights"}, {c->log, "--log", true, NULL},
                            {c->plot, "--plot", true, NULL}, {c->checkpoint, "--checkpoint", true, "--resume"}};
    int count = 0;
    if (!use) return rt_no_memory(error, 4096, "names of files");
    for (; count < OWN; count++) use[count] = own[count];
    count += series(c->train, use + count);
    count += series(c->valid, use + count);
    for (int i = 0; i < c->weight_count; i++) use[count++] = (RtUse){c->weight[i][1], c->weight[i][0], false, NULL};
    rt_look_at_files(count, use, error);
    free(use);
    return error->status;
}
