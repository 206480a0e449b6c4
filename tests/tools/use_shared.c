/* use_shared DATA: drives the pretrained block as a shared library, with nothing but its generated header: both texts of the
 * folder DATA against the published outputs, a batch, and what mistakes get. Exit 0 if all is right. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "libblock.h"

enum { D = 384 };

/* The data of a .npy file of float32: all bytes after the header's newline. */
static float *load(const char *name, const char *text, const char *what, long *count) {
    char path[512];
    snprintf(path, sizeof path, "%s/minilm-layer0-%s-%s.npy", name, text, what);
    FILE *f = fopen(path, "rb");
    if (!f) exit(2);
    while (fgetc(f) != '\n') continue;
    long start = ftell(f);
    fseek(f, 0, SEEK_END);
    *count = (ftell(f) - start) / 4;
    fseek(f, start, SEEK_SET);
    float *at = malloc((size_t)*count * 4);
    if (fread(at, 4, (size_t)*count, f) != (size_t)*count) exit(2);
    fclose(f);
    return at;
}

static double difference(const float *a, const float *b, long count) {
    double most = 0;
    for (long i = 0; i < count; i++) {
        double d = fabs((double)a[i] - b[i]);
        if (!(d <= most)) most = d;
    }
    return most;
}

static pretrained_plan *plan_of(const char *data, long tokens, long items) {
    char path[512];
    snprintf(path, sizeof path, "%s/minilm-layer0.safetensors", data);
    pretrained_config *config = pretrained_config_new();
    pretrained_config_axis(config, "token", tokens);
    pretrained_config_weights_file(config, path);
    if (items) pretrained_config_batch(config, items);
    pretrained_plan *plan = pretrained_plan_new(config);
    if (!plan) printf("no plan: %s\n", pretrained_config_message(config));
    pretrained_config_free(config);
    return plan;
}

static int compare(const char *data, const char *text) {
    long count, wide;
    float *x = load(data, text, "x", &count), *y = load(data, text, "y", &wide), *z = load(data, text, "z", &wide);
    float *out_y = malloc((size_t)count * 4 + 4), *out_z = malloc((size_t)count * 4 + 4);
    pretrained_plan *plan = plan_of(data, count / D, 0);
    if (!plan) return 1;
    int bad = pretrained_plan_size(plan, "token") != count / D || pretrained_plan_size(plan, "none") != -1;
    for (int shift = 0; shift < 2; shift++) { /* aligned or not, the same */
        bad |= pretrained_call(plan, x, out_y + shift, out_z + shift) != pretrained_OK;
        double of_y = difference(out_y + shift, y, count), of_z = difference(out_z + shift, z, count);
        printf("%s: largest error of y %.3g, of z %.3g\n", text, of_y, of_z);
        bad |= !(of_y <= 1e-5 && of_z <= 1e-5);
    }
    pretrained_plan_free(plan);
    free(x), free(y), free(z), free(out_y), free(out_z);
    return bad;
}

/* Two items at once give what each gives alone. */
static int batch(const char *data) {
    long count;
    float *x = load(data, "sentence", "x", &count), *both = malloc((size_t)count * 8), *y = malloc((size_t)count * 8),
          *one = malloc((size_t)count * 4);
    memcpy(both, x, (size_t)count * 4);
    for (long i = 0; i < count; i++) both[count + i] = -x[i];
    pretrained_plan *two = plan_of(data, count / D, 2), *single = plan_of(data, count / D, 0);
    int bad = !two || !single;
    for (int item = 0; !bad && item < 2; item++) {
        bad |= pretrained_call(two, both, y, NULL) || pretrained_call(single, both + item * count, one, NULL);
        bad |= memcmp(one, y + item * count, (size_t)count * 4) != 0;
    }
    if (bad) printf("a batch differs from its items\n");
    pretrained_plan_free(two), pretrained_plan_free(single);
    free(x), free(both), free(y), free(one);
    return bad;
}

static int refused(pretrained_config *config, const char *what) {
    pretrained_plan *plan = pretrained_plan_new(config);
    int bad = plan != NULL || !strstr(pretrained_config_message(config), what);
    if (bad) printf("expected \"%s\", came \"%s\"\n", what, pretrained_config_message(config));
    pretrained_plan_free(plan);
    pretrained_config_free(config);
    return bad;
}

static int errors(void) {
    float three[3] = {0};
    pretrained_config *config = pretrained_config_new();
    int bad = pretrained_config_axis(config, "token", 513) != pretrained_USER;
    bad |= refused(config, "1 to 512");
    config = pretrained_config_new();
    bad |= pretrained_config_weight(config, "block.W_Q", three, 3) != pretrained_USER;
    bad |= refused(config, "147456 elements, came 3");
    config = pretrained_config_new();
    pretrained_config_axis(config, "token", 3);
    bad |= refused(config, "comes from a file");
    config = pretrained_config_new();
    bad |= refused(config, "axis token has no size");
    return bad;
}

int main(int argc, char **argv) {
    (void)argc;
    return compare(argv[1], "sentence") | compare(argv[1], "abstract") | batch(argv[1]) | errors();
}
