/* core/config, weights, plan and cli on a circuit written by hand:
 *     y[token, h, a] = sum(d) W[h, a, d] * x[token, d] + P[token]        rec = 2 y        token <= 8, d = 4, h = 2, a = 3 */
#include <CUnit/Basic.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/cli.h"
#include "core/plan.h"
#include "core/pool.h"
#include "core/shared.h"

void suite_plan(void);

enum { BOUND = 8, D = 4, C = 6 };

static const char descriptor[] =
    "{\"name\": \"fake\", \"precision\": \"f32\", \"compiler\": \"ctx test\", \"axes\": ["
    "{\"name\": \"token\", \"kind\": \"bounded\", \"size\": 8}, {\"name\": \"d\", \"kind\": \"const\", \"size\": 4},"
    "{\"name\": \"h\", \"kind\": \"const\", \"size\": 2}, {\"name\": \"a\", \"kind\": \"const\", \"size\": 3}],"
    "\"buffers\": [{\"name\": \"x\", \"role\": \"stimulus\", \"axes\": [0, 1], \"unit\": \"mV\"},"
    "{\"name\": \"V.W\", \"role\": \"weight\", \"axes\": [2, 3, 1], \"tensor\": \"layer.0.weight\"},"
    "{\"name\": \"P\", \"role\": \"weight\", \"axes\": [0], \"draw\": {\"kind\": \"normal\", \"a\": 0, \"b\": 1}},"
    "{\"name\": \"Q\", \"role\": \"plan\", \"axes\": [0]},"
    "{\"name\": \"y\", \"role\": \"output\", \"axes\": [0, 2, 3]},"
    "{\"name\": \"rec\", \"role\": \"output\", \"recorded\": true, \"axes\": [0, 2, 3]}]}";

static int64_t fake_scratch(const int64_t *size) { return size[0] * 8; }

/* Q = P for the run's tokens: plan() writes buffers of role plan. */
static void fake_plan(const CtxFrame *f) { memcpy(f->buffer[3], f->buffer[2], (size_t)f->size[0] * sizeof(float)); }

static void fake_rows(const CtxFrame *f, int64_t first, int64_t last, int64_t thread) {
    const float *x = f->buffer[0], *w = f->buffer[1], *q = f->buffer[3];
    float *y = f->buffer[4], *rec = f->buffer[5];
    double *sums = (double *)(f->scratch + thread * f->scratch_stride);
    for (int64_t t = first; t < last; t++) {
        for (int64_t c = 0; c < C; c++) {
            sums[0] = (double)q[t];
            for (int64_t d = 0; d < D; d++) sums[0] += (double)w[c * D + d] * (double)x[t * D + d];
            y[t * C + c] = (float)sums[0];
            rec[t * C + c] = 2 * y[t * C + c];
        }
    }
}

static void fake_call(const CtxFrame *f) {
    int64_t unaligned = 0;
    for (int i = 0; i < 6; i++) unaligned += (uintptr_t)f->buffer[i] % 64 != 0;
    CU_ASSERT_EQUAL(unaligned, 0);
    rt_parallel(f, fake_rows, f->size[0]);
}

static const CtxProgram fake = {CTX_ABI_VERSION, 0, descriptor, fake_scratch, fake_plan, fake_call, NULL};

static const float weight[C * D] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24};
static const float position[BOUND] = {0.5f, 1.5f, 2.5f, 3.5f, 4.5f, 5.5f, 6.5f, 7.5f};

static float expected(const float *x, int64_t t, int64_t c) {
    float sum = position[t];
    for (int64_t d = 0; d < D; d++) sum += weight[c * D + d] * x[t * D + d];
    return sum;
}

static RtConfig *configured(void) {
    RtConfig *c = rt_config_new(&fake);
    CU_ASSERT_EQUAL(rt_config_weight(c, "V.W", weight, C * D), RT_OK);
    CU_ASSERT_EQUAL(rt_config_weight(c, "P", position, BOUND), RT_OK);
    return c;
}

/* The configuration has failed with that status and a message that holds `what`; frees it. */
static void failed(RtConfig *c, RtStatus status, const char *what) {
    CU_ASSERT_PTR_NULL(rt_plan_new(c)); /* some faults show only here */
    CU_ASSERT_EQUAL(rt_config_status(c), status);
    if (!strstr(rt_config_message(c), what)) {
        printf("\n  expected \"%s\", came \"%s\"", what, rt_config_message(c));
        CU_FAIL("another message");
    }
    rt_config_free(c);
}

static void computes_at_every_size(void) {
    for (int64_t tokens = 1; tokens <= BOUND; tokens++) {
        for (int threads = 1; threads <= 3; threads++) {
            float x[BOUND * D + 1], y[BOUND * C + 1], rec[BOUND * C];
            for (int i = 0; i < BOUND * D + 1; i++) x[i] = (float)(i % 7);
            RtConfig *c = configured();
            CU_ASSERT_EQUAL(rt_config_stimulus(c, "x", 2, (int64_t[]){tokens, D}), RT_OK);
            CU_ASSERT_EQUAL(rt_config_threads(c, threads), RT_OK);
            RtPlan *plan = rt_plan_new(c);
            CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
            rt_config_free(c);
            CU_ASSERT_EQUAL(rt_plan_size(plan, 0), tokens);
            int wrong = 0;
            for (int offset = 0; offset < 2; offset++) { /* with and without a copy */
                y[tokens * C] = -1;
                CU_ASSERT_EQUAL(rt_plan_call(plan, (const void *[]){x + offset}, (void *[]){y, offset ? NULL : rec}), RT_OK);
                for (int64_t i = 0; i < tokens * C; i++) {
                    wrong += y[i] != expected(x + offset, i / C, i % C);
                    wrong += !offset && rec[i] != 2 * y[i];
                }
                wrong += y[tokens * C] != -1;
            }
            CU_ASSERT_EQUAL(wrong, 0);
            rt_plan_free(plan);
        }
    }
}

static void batches_run_item_by_item(void) {
    float x[2 * 3 * 5 * D], y[2 * 3 * 5 * C];
    int64_t shape[RT_MAX_RANK];
    for (int i = 0; i < 2 * 3 * 5 * D; i++) x[i] = (float)(i % 11);
    RtConfig *c = configured();
    CU_ASSERT_EQUAL(rt_config_stimulus(c, "x", 4, (int64_t[]){2, 3, 5, D}), RT_OK);
    RtPlan *plan = rt_plan_new(c);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    CU_ASSERT_EQUAL(rt_plan_shape(plan, 4, shape), 5);
    CU_ASSERT_EQUAL(memcmp(shape, ((int64_t[]){2, 3, 5, 2, 3}), 5 * sizeof *shape), 0);
    CU_ASSERT_EQUAL(rt_plan_call(plan, (const void *[]){x}, (void *[]){y, NULL}), RT_OK);
    int wrong = 0;
    for (int64_t item = 0; item < 6; item++)
        for (int64_t i = 0; i < 5 * C; i++) wrong += y[item * 5 * C + i] != expected(x + item * 5 * D, i / C, i % C);
    CU_ASSERT_EQUAL(wrong, 0);
    rt_plan_free(plan);
    rt_config_free(c);
}

/* Q is made of P by plan(): it must follow. */
static void weights_change_between_calls(void) {
    float x[BOUND * D], y[BOUND * C], before[BOUND * C], other[BOUND], twice[C * D];
    for (int i = 0; i < BOUND * D; i++) x[i] = (float)(i % 5);
    for (int i = 0; i < BOUND; i++) other[i] = position[i] + 100;
    for (int i = 0; i < C * D; i++) twice[i] = 2 * weight[i];
    RtConfig *c = configured();
    CU_ASSERT_EQUAL(rt_config_stimulus(c, "x", 2, (int64_t[]){3, D}), RT_OK);
    RtPlan *plan = rt_plan_new(c);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    rt_config_free(c);
    rt_plan_call(plan, (const void *[]){x}, (void *[]){before, NULL});
    CU_ASSERT_EQUAL(rt_plan_set_weight(plan, "P", other), RT_OK);
    CU_ASSERT_EQUAL(rt_plan_set_weight(plan, "V.W", twice), RT_OK);
    CU_ASSERT_EQUAL(rt_plan_set_weight(plan, "x", twice), RT_USER); /* no weight */
    rt_plan_call(plan, (const void *[]){x}, (void *[]){y, NULL});
    int wrong = 0;
    for (int i = 0; i < 3 * C; i++) wrong += y[i] != 2 * (before[i] - position[i / C]) + other[i / C];
    CU_ASSERT_EQUAL(wrong, 0);
    rt_plan_free(plan);
}

static void shapes_are_checked(void) {
    static const struct {
        int rank;
        int64_t shape[3];
        const char *what;
    } rows[] = {
        {1, {4}, "expected [token <= 8, d = 4], came shape [4]: too few dimensions"},
        {2, {9, 4}, "axis token is at most 8, not 9"},
        {2, {3, 5}, "axis d is 4, not 5"},
        {2, {0, 4}, "axis token is empty"},
        {3, {0, 3, 4}, "the batch is empty"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        RtConfig *c = configured();
        CU_ASSERT_EQUAL(rt_config_stimulus(c, "x", rows[i].rank, rows[i].shape), RT_USER);
        failed(c, RT_USER, rows[i].what);
    }
    RtConfig *c = configured();
    failed(c, RT_USER, "axis token has no size");
    c = configured();
    CU_ASSERT_EQUAL(rt_config_axis(c, "token", 3), RT_OK);
    rt_config_stimulus(c, "x", 2, (int64_t[]){4, 4});
    failed(c, RT_USER, "axis token is 3 in this run, not 4");
    c = configured();
    rt_config_stimulus(c, "z", 2, (int64_t[]){4, 4});
    failed(c, RT_USER, "no stimulus 'z'");
    c = configured();
    rt_config_axis(c, "tokn", 3);
    failed(c, RT_USER, "did you mean 'token'");
    c = configured();
    rt_config_axis(c, "d", 5);
    failed(c, RT_USER, "has size 4 in this program");
    c = configured();
    rt_config_axis(c, "token", 0);
    failed(c, RT_USER, "takes 1 to 8, not 0");
    c = configured();
    rt_config_weight(c, "W", weight, 3);
    failed(c, RT_USER, "no weight 'W'");
    c = configured();
    rt_config_weight(c, "V.W", weight, 3);
    failed(c, RT_USER, "24 elements, came 3");
    c = configured();
    rt_config_weight(c, "P", (float[]){0, 0, 0.0f / 0.0f, 0, 0, 0, 0, 0}, BOUND);
    failed(c, RT_USER, "weight P: element 2 is NaN");
}

static void broken_descriptors_are_faults(void) {
    static const char *const texts[] = {
        "",
        "{",
        "[]",
        "{\"name\": \"x\"}",
        "{\"name\":\"f\",\"precision\":\"f32\",\"axes\":[{\"name\":\"t\",\"kind\":\"odd\",\"size\":1}],\"buffers\":[]}",
        "{\"name\":\"f\",\"precision\":\"f32\",\"axes\":[],\"buffers\":[{\"name\":\"x\",\"role\":\"stimulus\",\"axes\":[0]}]}",
        "{\"name\":\"f\",\"precision\":\"f32\",\"axes\":[],\"buffers\":[{\"name\":\"x\",\"role\":\"guest\",\"axes\":[]}]}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        CtxProgram program = {CTX_ABI_VERSION, 0, texts[i], NULL, NULL, fake_call, NULL};
        RtConfig *c = rt_config_new(&program);
        CU_ASSERT_PTR_NULL(rt_config_descriptor(c));
        failed(c, RT_FAULT, "description");
    }
    CtxProgram other = {CTX_ABI_VERSION + 1, 0, descriptor, NULL, NULL, fake_call, NULL};
    failed(rt_config_new(&other), RT_FAULT, "interface");
}

static void sizes_that_no_machine_has(void) {
    static const char start[] =
        "{\"name\":\"f\",\"precision\":\"f64\",\"axes\":[{\"name\":\"t\",\"kind\":\"const\",\"size\":%s}],"
        "\"buffers\":[{\"name\":\"y\",\"role\":\"output\",\"axes\":[%s]}]}";
    static const struct {
        const char *size, *axes, *what;
        RtStatus status;
    } rows[] = {{"2000000000", "0,0,0", "too large", RT_USER}, {"2000000", "0,0", "this machine has", RT_MACHINE}};
    for (int i = 0; i < 2; i++) {
        char text[512];
        sprintf(text, start, rows[i].size, rows[i].axes);
        CtxProgram program = {CTX_ABI_VERSION, 0, text, NULL, NULL, fake_call, NULL};
        RtConfig *c = rt_config_new(&program);
        CU_ASSERT_PTR_NULL(rt_plan_new(c));
        failed(c, rows[i].status, rows[i].what);
    }
}

/* ---- weights from files --------------------------------------------------------------------------------------------------- */
typedef struct Scratch { /* a folder for one test */
    char folder[64], path[128];
} Scratch;

static void scratch_begin(Scratch *s) {
    strcpy(s->folder, "/tmp/ctx-plan-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(s->folder));
}

static const char *scratch_path(Scratch *s, const char *name) {
    sprintf(s->path, "%s/%s", s->folder, name);
    return s->path;
}

static void scratch_end(Scratch *s, const char *const *names) {
    for (; *names; names++) unlink(scratch_path(s, *names));
    CU_ASSERT_EQUAL(rmdir(s->folder), 0);
}

/* A plan whose weights come from a file with one tensor of that name and shape; fails with `what` unless NULL. */
static void store_of(Scratch *s, const char *tensor, int rank, const int64_t *shape, const char *what) {
    RtTensor t = {.type = RT_F32, .rank = rank, .data = (void *)(uintptr_t)weight};
    RtError error = {0};
    const char *path = scratch_path(s, "w.safetensors");
    memcpy(t.shape, shape, (size_t)rank * sizeof *shape);
    CU_ASSERT_EQUAL(rt_store_write(path, 1, &tensor, &t, &error), RT_OK);
    RtConfig *c = rt_config_new(&fake);
    rt_config_axis(c, "token", 2);
    rt_config_weights_file(c, path);
    RtPlan *plan = rt_plan_new(c);
    if (what) {
        CU_ASSERT_PTR_NULL(plan);
        failed(c, RT_USER, what);
        return;
    }
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    CU_ASSERT_EQUAL(memcmp(rt_plan_weight(plan, 1), weight, sizeof weight), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(rt_plan_notes(plan), "weight P is drawn"));
    rt_plan_free(plan);
    rt_config_free(c);
}

static void weights_from_a_store(void) {
    Scratch s;
    scratch_begin(&s);
    store_of(&s, "layer.0.weight", 3, (int64_t[]){2, 3, 4}, NULL);
    store_of(&s, "layer.0.weight", 2, (int64_t[]){6, 4}, NULL);
    store_of(&s, "layer.0.weight", 2, (int64_t[]){2, 12}, NULL);
    store_of(&s, "layer.0.weight", 1, (int64_t[]){24}, NULL);
    store_of(&s, "V.W", 2, (int64_t[]){6, 4}, NULL);
    store_of(&s, "layer.0.weight", 2, (int64_t[]){4, 6}, "it looks transposed");
    store_of(&s, "layer.0.weight", 2, (int64_t[]){3, 8},
             "expected [h = 2, a = 3, d = 4] (adjacent axes may be flattened), came shape [3, 8]");
    store_of(&s, "layer.0.weight", 4, (int64_t[]){1, 2, 3, 4}, "came shape [1, 2, 3, 4]");
    store_of(&s, "layer.0.wieght", 2, (int64_t[]){6, 4},
             "holds no tensor \"layer.0.weight\"; did you mean \"layer.0.wieght\"");
    scratch_end(&s, (const char *const[]){"w.safetensors", NULL});
}

static void weights_one_by_one(void) {
    Scratch s;
    RtTensor t = {.type = RT_F32, .rank = 2, .shape = {6, 4}, .data = (void *)(uintptr_t)weight};
    RtError error = {0};
    scratch_begin(&s);
    CU_ASSERT_EQUAL(rt_npy_write(scratch_path(&s, "w.npy"), &t, &error), RT_OK);
    RtConfig *c = rt_config_new(&fake);
    rt_config_axis(c, "token", 2);
    CU_ASSERT_EQUAL(rt_config_weight_file(c, "V.W", s.path), RT_OK);
    CU_ASSERT_EQUAL(rt_config_seed(c, 5), RT_OK);
    RtPlan *plan = rt_plan_new(c);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    float drawn[BOUND];
    rt_draw(&(RtDraw){RT_DRAW_NORMAL, 0, 1}, 5, "P", BOUND, RT_F32, drawn);
    CU_ASSERT_EQUAL(memcmp(rt_plan_weight(plan, 2), drawn, sizeof drawn), 0); /* at the bound, whatever the run's size */
    rt_plan_free(plan);
    rt_config_free(c);
    c = rt_config_new(&fake);
    rt_config_axis(c, "token", 2);
    CU_ASSERT_PTR_NULL(rt_plan_new(c));
    failed(c, RT_USER, "give --weights FILE.safetensors with tensor \"layer.0.weight\"");
    scratch_end(&s, (const char *const[]){"w.npy", NULL});
}

/* ---- command line --------------------------------------------------------------------------------------------------------- */
typedef struct Said {
    int status;
    char out[8192], err[8192];
} Said;

static void read_back(int file, char *text, size_t size) {
    ssize_t n = pread(file, text, size - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    close(file);
}

/* rt_main with these arguments; standard output and error are caught. */
static Said say(const char *const *words) {
    Said said = {0};
    char *argv[32] = {(char *)(uintptr_t) "fake"}, out[] = "/tmp/ctx-out-XXXXXX", err[] = "/tmp/ctx-err-XXXXXX";
    int argc = 1, files[2] = {mkstemp(out), mkstemp(err)}, kept[2];
    for (; words[argc - 1] && argc < 31; argc++) argv[argc] = (char *)(uintptr_t)words[argc - 1];
    fflush(stdout);
    for (int i = 0; i < 2; i++) {
        kept[i] = dup(i + 1);
        dup2(files[i], i + 1);
    }
    said.status = rt_main(&fake, "fake", argc, argv);
    fflush(stdout);
    for (int i = 0; i < 2; i++) {
        dup2(kept[i], i + 1);
        close(kept[i]);
    }
    read_back(files[0], said.out, sizeof said.out);
    read_back(files[1], said.err, sizeof said.err);
    unlink(out);
    unlink(err);
    return said;
}
#define SAY(...) say((const char *const[]){__VA_ARGS__, NULL})

static void refuses(Said said, int status, const char *what) {
    CU_ASSERT_EQUAL(said.status, status);
    CU_ASSERT_STRING_EQUAL(said.out, "");
    if (!strstr(said.err, what)) {
        printf("\n  expected \"%s\", came \"%s\"", what, said.err);
        CU_FAIL("another message");
    }
}

static void command_line_mistakes(void) {
    refuses(SAY("--weights", "none"), 2, "stimulus x is missing: give --x FILE.npy with shape [token <= 8, d = 4]");
    refuses(SAY("--xx", "random"), 2, "unknown option '--xx'; did you mean '--x'?");
    refuses(SAY("--wieghts", "f"), 2, "did you mean '--weights'?");
    refuses(SAY("tokens.npy"), 2, "unexpected argument 'tokens.npy'");
    refuses(SAY("--x"), 2, "--x needs a value");
    refuses(SAY("--x", "random", "--x", "normal"), 2, "x is given twice");
    refuses(SAY("--time=3"), 2, "--time takes no value");
    refuses(SAY("--seed", "-1"), 2, "--seed takes a whole number");
    refuses(SAY("--threads", "many"), 2, "--threads takes a whole number");
    refuses(SAY("--repeat", "0"), 2, "--repeat takes a whole number");
    refuses(SAY("--size", "token"), 2, "--size takes AXIS=N");
    refuses(SAY("--size", "token=9"), 2, "axis token takes 1 to 8, not 9");
    refuses(SAY("--set", "d=5"), 2, "compile it again with --set d=5");
    refuses(SAY("--mode", "dynamic"), 2, "holds the settled one only");
    refuses(SAY("--mode", "quick"), 2, "--mode takes settled");
    refuses(SAY("--dt", "1"), 2, "holds the settled one only");
    refuses(SAY("--record", "V.mask=m.npy"), 2, "'V.mask' is not recorded");
    refuses(SAY("--record", "rec,V.mask"), 2, "'V.mask' is not recorded");
    refuses(SAY("--record", "rec[0:2]"), 2, "units are chosen in the dynamic reading");
    refuses(SAY("--out", "y.txt"), 2, "written as .npy");
    refuses(SAY("--in", "z=f.npy"), 2, "no stimulus or weight 'z'");
    refuses(SAY("--x", "random"), 2, "weight V.W comes from a file");
    refuses(SAY("--x", "/nonexistent/x.npy"), 2, "/nonexistent/x.npy: cannot be read: No such file");
    refuses(SAY("--x", "random", "--weights", "/nonexistent/w"), 2, "/nonexistent/w: cannot be read");
}

static void command_line_runs(void) {
    Scratch s;
    char w[128], y[128], x[128];
    RtTensor t = {.type = RT_F32, .rank = 2, .shape = {6, 4}, .data = (void *)(uintptr_t)weight};
    RtError error = {0};
    scratch_begin(&s);
    strcpy(w, scratch_path(&s, "w.npy"));
    strcpy(x, scratch_path(&s, "x.npy"));
    strcpy(y, scratch_path(&s, "y.npy"));
    CU_ASSERT_EQUAL(rt_npy_write(w, &t, &error), RT_OK);
    t.shape[0] = 3;
    CU_ASSERT_EQUAL(rt_npy_write(x, &t, &error), RT_OK);
    Said said = SAY("--x", x, "--V.W", w);
    CU_ASSERT_EQUAL(said.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(said.out, "y [3, 2, 3]"));
    CU_ASSERT_PTR_NOT_NULL(strstr(said.out, "rec [3, 2, 3]"));
    CU_ASSERT_STRING_EQUAL(said.err, "");
    said = SAY("--x", "normal", "--size=token=5", "--V.W", w, "--json", "--repeat", "3", "--threads", "2");
    CU_ASSERT_EQUAL(said.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(said.out, "\"ms_per_call\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(said.out, "\"token\": 5"));
    said = SAY("--x", x, "--V.W", w, "--out", y, "--rec", "/dev/null");
    CU_ASSERT_EQUAL(said.status, 0);
    CU_ASSERT_STRING_EQUAL(said.out, "");
    CU_ASSERT_EQUAL(rt_npy_read(y, RT_F32, &t, &error), RT_OK);
    CU_ASSERT_EQUAL(t.rank, 3);
    rt_tensor_free(&t);
    refuses(SAY("--x", x, "--V.W", w, "--out", "/dev/full"), 3, "No space left");
    refuses(SAY("--x", x, "--V.W", w, "--out", "/nonexistent/y.npy"), 2, "cannot be written");
    refuses(SAY("--x", y, "--V.W", w), 2, "axis d is 4, not 3");
    said = SAY("--x", x, "--V.W", w, "--out", scratch_path(&s, "all.safetensors"));
    CU_ASSERT_EQUAL(said.status, 0);
    RtStore *store = rt_store_open(s.path, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(store);
    CU_ASSERT_EQUAL(rt_store_count(store), 2);
    rt_store_close(store);
    said = SAY("--help");
    CU_ASSERT_EQUAL(said.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(said.out, "--x FILE"));
    CU_ASSERT_PTR_NOT_NULL(strstr(said.out, "[token <= 8, d = 4] mV"));
    said = SAY("--version");
    CU_ASSERT_STRING_EQUAL(said.out, "fake (ctx test, float32)\n");
    scratch_end(&s, (const char *const[]){"w.npy", "x.npy", "y.npy", "all.safetensors", NULL});
}

static void header_of_a_library(void) {
    RtError error = {0};
    char *header = rt_shared_header(descriptor, "03-my block", &error),
         *source = rt_shared_source(descriptor, "03-my block", &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(header);
    CU_ASSERT_PTR_NOT_NULL_FATAL(source);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(header, "int my_block_call(my_block_plan *plan, const float *in_x, float *out_y, float *out_rec);"));
    CU_ASSERT_PTR_NULL(strchr(header, '$'));
    CU_ASSERT_PTR_NULL(strchr(source, '$'));
    CU_ASSERT_PTR_NULL(strchr(header, '@'));
    free(header);
    free(source);
    CU_ASSERT_PTR_NULL(rt_shared_header("{", "x", &error));
    CU_ASSERT_EQUAL(error.status, RT_FAULT);
    rt_error_clear(&error);
}

void suite_plan(void) {
    CU_pSuite suite = CU_add_suite("plan", NULL, NULL);
    CU_add_test(suite, "computes at every size", computes_at_every_size);
    CU_add_test(suite, "batches run item by item", batches_run_item_by_item);
    CU_add_test(suite, "weights change between calls", weights_change_between_calls);
    CU_add_test(suite, "shapes are checked", shapes_are_checked);
    CU_add_test(suite, "broken descriptors are faults", broken_descriptors_are_faults);
    CU_add_test(suite, "sizes that no machine has", sizes_that_no_machine_has);
    CU_add_test(suite, "weights from a store", weights_from_a_store);
    CU_add_test(suite, "weights one by one", weights_one_by_one);
    CU_add_test(suite, "command line mistakes", command_line_mistakes);
    CU_add_test(suite, "command line runs", command_line_runs);
    CU_add_test(suite, "header of a library", header_of_a_library);
}
