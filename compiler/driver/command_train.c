#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/pool.h"
#include "driver/commands.h"
#include "driver/training.h"
#include "report/again.h"
#include "sim/interrupt.h"

static const int64_t MOST_EPOCHS = 1000000000; /* times the batches of an epoch, below 2^31, the steps are still a number */

/* "5": epochs; "200steps": steps. */
static bool read_every(const Options *o, RtLearnConfig *config) {
    const char *text = option_value(o, OPTION_EVERY, "1");
    char *end;
    errno = 0;
    config->every = strtoll(text, &end, 10);
    config->every_steps = strcmp(end, "steps") == 0;
    if (!errno && config->every >= 1 && end != text && (!*end || config->every_steps)) return true;
    fprintf(stderr, "ctx train: --every expects a number of epochs, 5 for example, or of steps, 200steps, but '%s' came\n", text);
    return false;
}

static bool read_numbers(const Options *o, RtLearnConfig *config) {
    int64_t seed = 1, threads = 0;
    config->epochs = 10;
    config->batch = 32;
    bool fine = option_integer(o, OPTION_EPOCHS, 1, MOST_EPOCHS, &config->epochs) && option_integer(o, OPTION_BATCH, 1, INT64_MAX, &config->batch) &&
                option_integer(o, OPTION_PATIENCE, 1, INT64_MAX, &config->patience) && option_integer(o, OPTION_WARMUP, 0, INT64_MAX, &config->schedule.warmup) &&
                option_integer(o, OPTION_SEED, 0, INT64_MAX, &seed) && option_integer(o, OPTION_THREADS, 1, RT_THREADS_MOST, &threads) && option_number(o, OPTION_CLIP, 0, &config->clip);
    config->seed = (uint64_t)seed;
    config->threads = threads ? (int)threads : rt_processors();
    return fine && read_every(o, config);
}

static bool read_schedule(const Options *o, RtLearnConfig *config) {
    RtError error = {0};
    const char *text = option_value(o, OPTION_SCHEDULE, "constant");
    if (rt_schedule_read(text, &config->schedule, &error) == RT_OK) return true;
    training_failed(&error);
    rt_error_clear(&error);
    return false;
}

static bool read_files(const Options *o, RtLearnConfig *config) {
    config->save = option_value(o, OPTION_SAVE, NULL);
    config->best = option_value(o, OPTION_BEST, NULL);
    config->log = option_value(o, OPTION_LOG, NULL);
    config->plot = option_value(o, OPTION_CURVE, NULL);
    config->checkpoint = option_value(o, OPTION_CHECKPOINT, NULL);
    config->resume = option_value(o, OPTION_RESUME, NULL);
    config->weights = option_value(o, OPTION_WEIGHTS, NULL);
    if (config->best && !option_given(o, OPTION_VALID)) fprintf(stderr, "ctx train: --best needs validation data: give --valid STIMULUS=FILE.npy\n");
    else if (config->patience && !option_given(o, OPTION_VALID)) fprintf(stderr, "ctx train: --patience needs validation data: give --valid STIMULUS=FILE.npy\n");
    else return true;
    return false;
}

static bool read_config(const Options *o, RtLearnConfig *config) {
    config->json = option_given(o, OPTION_JSON);
    config->time = option_given(o, OPTION_STEP_TIME);
    config->progress = option_given(o, OPTION_QUIET) ? NULL : stderr;
    config->bar = isatty(STDERR_FILENO);
    return read_numbers(o, config) && read_schedule(o, config) && read_files(o, config);
}

/* A quarter of a batch is enough for large products, and leaves something for each of four threads. */
static bool choose_together(Training *t, RtLearnConfig *config) {
    if (config->batch > t->train.items) config->batch = t->train.items;
    t->together = (config->batch + 3) / 4;
    if (!option_integer(t->c->options, OPTION_TOGETHER, 1, INT64_MAX, &t->together)) return false;
    if (t->together > config->batch) t->together = config->batch;
    return true;
}

static int prepare(Training *t, RtLearnConfig *config) {
    int status = phases_reach(t->c, PHASE_SETTLE);
    if (status == EXIT_DONE) status = training_choose(t);
    if (status == EXIT_DONE) status = training_data(t);
    if (status == EXIT_DONE && !choose_together(t, config)) status = EXIT_WRONG;
    const char *stage = option_value(t->c->options, OPTION_EMIT, NULL);
    if (status == EXIT_DONE) status = stage ? training_emit(t, stage) : training_compile(t);
    if (status != EXIT_DONE || stage || !config->progress) return status;
    training_labels(t);
    again_note(stderr, t->stepped, option_double(t->c->options) ? 8 : 4);
    return status;
}

static int run(Training *t, RtLearnConfig *config, int *interrupted) {
    config->name = "ctx train";
    config->circuit = t->c->options->file;
    config->step = t->step;
    config->look = t->look;
    config->loss = t->loss;
    config->counted = t->counted;
    config->together = t->together;
    config->count = t->learned.count;
    config->learned = t->learned.at;
    config->metrics = t->metrics.count;
    config->metric = t->metrics.at;
    config->metric_name = t->metric_names.at;
    config->train = &t->train;
    config->valid = &t->valid;
    config->weight_count = t->weight_files.count / 2;
    config->weight = (const char *const(*)[2])t->weight_files.at;
    RtError error = {0};
    int status = EXIT_DONE;
    if (rt_learn(config, interrupted, &error) != RT_OK) status = training_failed(&error);
    rt_error_clear(&error);
    return status;
}

int command_train(Options *options) {
    RtLearnConfig config = {0};
    int interrupted = 0;
    if (!read_config(options, &config)) return EXIT_WRONG;
    Training t = {.c = phases_begin(options)};
    t.c->drop_checks = t.c->keep_learning = true;
    int status = prepare(&t, &config);
    if (status == EXIT_DONE && !option_given(options, OPTION_EMIT)) status = run(&t, &config, &interrupted);
    training_end(&t);
    phases_end(t.c);
    if (interrupted) rt_interrupt_again(interrupted);
    return status;
}
