/* use_shared WEIGHTS X Y TOKENS: drives the pretrained block as a shared library, with nothing but its generated header.
 *
 * X and Y are float32 .npy files of [TOKENS, 384]: the input, and the expected output before the normalisation. Runs the
 * plan twice (the second call must give the same bits), prints the largest difference to Y; exit 1 if it is above 1e-5.
 * Then asks for what is wrong (an unknown axis, a file that is missing) and expects a message. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pretrained.h"

enum { WIDTH = 384 };

static float *read_values(const char *path, size_t count) {
    FILE *f = fopen(path, "rb");
    unsigned char start[10];
    float *values = malloc(count * sizeof *values);
    if (!f || !values || fread(start, 1, 10, f) != 10) exit(2);
    fseek(f, start[8] | start[9] << 8, SEEK_CUR);
    if (fread(values, sizeof *values, count, f) != count) exit(2);
    fclose(f);
    return values;
}

static int misuse(void) {
    pretrained_config *config = pretrained_config_new();
    if (pretrained_config_axis(config, "tokens", 4) != pretrained_USER) return 1;
    if (!strstr(pretrained_config_message(config), "tokens")) return 1;
    pretrained_config_free(config);
    config = pretrained_config_new();
    pretrained_config_axis(config, "token", 4);
    pretrained_config_weights_file(config, "/nowhere/w.safetensors");
    if (pretrained_plan_new(config) || !strstr(pretrained_config_message(config), "/nowhere/w.safetensors")) return 1;
    pretrained_config_free(config);
    return 0;
}

static pretrained_plan *make_plan(const char *weights, long tokens) {
    pretrained_config *config = pretrained_config_new();
    pretrained_config_axis(config, "token", tokens);
    pretrained_config_weights_file(config, weights);
    pretrained_plan *plan = pretrained_plan_new(config);
    if (!plan) fprintf(stderr, "use_shared: %s\n", pretrained_config_message(config));
    pretrained_config_free(config);
    return plan;
}

int main(int argc, char **argv) {
    if (argc != 5) return 2;
    long tokens = strtol(argv[4], NULL, 10);
    size_t count = (size_t)tokens * WIDTH;
    float *x = read_values(argv[2], count), *want = read_values(argv[3], count);
    float *once = malloc(count * sizeof *once), *twice = malloc(count * sizeof *twice);
    pretrained_plan *plan = make_plan(argv[1], tokens);
    if (!plan || !once || !twice) return 2;
    if (pretrained_call(plan, x, once, NULL) || pretrained_call(plan, x, twice, NULL)) {
        fprintf(stderr, "use_shared: %s\n", pretrained_plan_message(plan));
        return 2;
    }
    double largest = 0;
    for (size_t i = 0; i < count; i++) largest = fmax(largest, fabs((double)once[i] - want[i]));
    int same = !memcmp(once, twice, count * sizeof *once), told = !misuse();
    printf("largest error %.3g, second call %s, misuse %s\n", largest, same ? "equal" : "differs",
           told ? "told" : "not told");
    pretrained_plan_free(plan);
    free(x);
    free(want);
    free(once);
    free(twice);
    return !(largest <= 1e-5 && same && told);
}
