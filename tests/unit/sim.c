/* sim/clock, record, select, traces, watch, duration, room: runs of the program of sim.h. */
#define _GNU_SOURCE
#include "sim.h"

#include <CUnit/Basic.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/hash.h"
#include "sim/duration.h"
#include "sim/watch.h"

void suite_sim(void);

/* ---- the program ------------------------------------------------------------------------------------------------------------ */
#define SIM_TEXT(dt) \
    "{\"name\": \"leaky\", \"precision\": \"f32\", \"compiler\": \"ctx test\", \"dynamic\": {\"dt\": " dt ", \"cycle\": 0.008, \"unit\": \"s\"}," \
    "\"axes\": [{\"name\": \"token\", \"kind\": \"bounded\", \"size\": 4000000}, {\"name\": \"d\", \"kind\": \"const\", \"size\": 3}]," \
    "\"buffers\": [{\"name\": \"x\", \"role\": \"stimulus\", \"axes\": [0, 1], \"axis_names\": [\"now\", \"d\"], \"stream\": true, \"part\": 0}," \
    "{\"name\": \"g\", \"role\": \"weight\", \"axes\": [1], \"draw\": {\"kind\": \"constant\", \"a\": 1, \"b\": 0}}," \
    "{\"name\": \"y\", \"role\": \"output\", \"axes\": [0, 1], \"axis_names\": [\"now\", \"d\"], \"stream\": true, \"part\": 0}," \
    "{\"name\": \"total\", \"role\": \"output\", \"axes\": [1]}," \
    "{\"name\": \"final\", \"role\": \"output\", \"axes\": []}," \
    "{\"name\": \"V.r\", \"role\": \"trace\", \"axes\": [1], \"unit\": \"mV\", \"slots\": 3, \"part\": 0, \"recorded\": true}," \
    "{\"name\": \"V.m\", \"role\": \"temp\", \"axes\": [1]}," \
    "{\"name\": \"U.s\", \"role\": \"trace\", \"axes\": [], \"part\": 1}]}"

static void begin_leaky(const CtxFrame *f) {
    for (int k = 0; k < 3 * SIM_D; k++) ((float *)f->buffer[SIM_R])[k] = 0.5f;
    for (int i = 0; i < SIM_D; i++) ((float *)f->buffer[SIM_M])[i] = ((float *)f->buffer[SIM_TOTAL])[i] = 0;
}

static void advance_leaky(const CtxFrame *f, int64_t first, int64_t end) {
    const float *x = f->buffer[SIM_X], *g = f->buffer[SIM_G];
    float *y = f->buffer[SIM_Y], *total = f->buffer[SIM_TOTAL], *r = f->buffer[SIM_R], *m = f->buffer[SIM_M];
    for (int64_t t = first; t < end; t++) {
        int64_t cycle = t / SIM_STEPS;
        const float *before = r + (t + 2) % 3 * SIM_D;
        float *now = r + t % 3 * SIM_D;
        for (int i = 0; i < SIM_D; i++) {
            uint64_t key[3] = {f->seed, (uint64_t)t, (uint64_t)i};
            float noise = (float)(rt_hash_of(key, sizeof key) % 1000) * 1e-6f;
            now[i] = before[i] + (g[i] * x[cycle * SIM_D + i] - before[i]) * 0.1f + noise;
            if (g[i] > 1e6f) now[i] = before[i] * g[i];
            m[i] += 0.01f * now[i];
        }
        for (int i = 0; t % SIM_STEPS == SIM_STEPS - 1 && i < SIM_D; i++) {
            y[cycle * SIM_D + i] = now[i];
            total[i] += m[i];
        }
    }
}

static void begin_after(const CtxFrame *f) { *(float *)f->buffer[SIM_S] = 0; }

static void advance_after(const CtxFrame *f, int64_t first, int64_t end) {
    float *s = f->buffer[SIM_S];
    for (int64_t t = first; t < end; t++) *s += 0.25f * (*(const float *)f->buffer[SIM_TOTAL] - *s);
}

static void finish(const CtxFrame *f) { *(float *)f->buffer[SIM_FINAL] = 2 * *(const float *)f->buffer[SIM_S]; }

static void call_all(const CtxFrame *f) {
    begin_leaky(f);
    advance_leaky(f, 0, f->size[0] * SIM_STEPS);
    begin_after(f);
    advance_after(f, 0, SIM_AFTER);
    finish(f);
}

static const CtxPart parts[] = {{begin_leaky, advance_leaky, SIM_STEPS, 0, 0}, {begin_after, advance_after, SIM_AFTER, -1, 0}, {finish, NULL, 0, -1, 0}};
const CtxProgram sim_program = {CTX_ABI_VERSION, 3, SIM_TEXT("0.001"), NULL, NULL, call_all, parts};
const CtxProgram sim_other_program = {CTX_ABI_VERSION, 3, SIM_TEXT("0.002"), NULL, NULL, call_all, parts};

/* ---- help for the tests ----------------------------------------------------------------------------------------------------- */
void sim_folder_begin(SimFolder *f) {
    *f = (SimFolder){.name = "/tmp/ctx-sim-XXXXXX"};
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(f->name));
}

void sim_folder_in_memory(SimFolder *f) {
    if (access("/dev/shm", W_OK) != 0) {
        sim_folder_begin(f);
        return;
    }
    *f = (SimFolder){.name = "/dev/shm/ctx-sim-XXXXXX"};
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(f->name));
}

const char *sim_path(SimFolder *f, const char *name) {
    char *path = f->path[f->next++ % 8];
    strcpy(stpcpy(stpcpy(path, f->name), "/"), name);
    return path;
}

void sim_folder_end(SimFolder *f, const char *const *names) {
    for (; *names; names++) unlink(sim_path(f, *names));
    CU_ASSERT_EQUAL(rmdir(f->name), 0);
}

float *sim_stimulus(int64_t cycles) {
    float *x = malloc((size_t)cycles * SIM_D * sizeof *x);
    CU_ASSERT_PTR_NOT_NULL_FATAL(x);
    rt_draw(&(RtDraw){RT_DRAW_UNIFORM, -1, 1}, 7, "x", cycles * SIM_D, RT_F32, x);
    return x;
}

RtPlan *sim_plan(const CtxProgram *program, int64_t cycles, int64_t window, float gain) {
    RtConfig *c = rt_config_new(program);
    rt_config_stimulus(c, "x", 2, (int64_t[]){cycles, SIM_D});
    rt_config_weight(c, "g", (float[]){gain, 1, 0.5f}, SIM_D);
    rt_config_seed(c, 5);
    rt_config_threads(c, 1);
    if (window) rt_config_window(c, "x", window);
    if (window) rt_config_window(c, "y", window);
    RtPlan *plan = rt_plan_new(c);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    rt_config_free(c);
    return plan;
}

SimResult sim_expected(int64_t cycles, float gain) {
    SimResult e = {.y = malloc((size_t)cycles * SIM_D * sizeof(float))};
    RtPlan *plan = sim_plan(&sim_program, cycles, 0, gain);
    float *x = sim_stimulus(cycles);
    CU_ASSERT_EQUAL(rt_plan_call(plan, (const void *[]){x}, (void *[]){e.y, e.total, &e.final}), RT_OK);
    rt_plan_free(plan);
    free(x);
    return e;
}

void sim_fails(RtSim *sim, RtStatus status, const char *what) {
    CU_ASSERT_EQUAL(rt_sim_status(sim), status);
    if (strstr(rt_sim_message(sim), what)) return;
    printf("\n  expected \"%s\", came \"%s\"", what, rt_sim_message(sim));
    CU_FAIL("another message");
}

/* ---- the clock -------------------------------------------------------------------------------------------------------------- */
static bool same_result(const SimResult *a, const SimResult *b, int64_t cycles) {
    return !memcmp(a->y, b->y, (size_t)cycles * SIM_D * sizeof(float)) && !memcmp(a->total, b->total, sizeof a->total) && a->final == b->final;
}

static void pieces_change_nothing(void) {
    enum { CYCLES = 23 };
    SimResult e = sim_expected(CYCLES, 1);
    for (int64_t longest = 1; longest < 3 * SIM_STEPS; longest++) {
        SimResult came = {.y = malloc(CYCLES * SIM_D * sizeof(float))};
        RtPlan *plan = sim_plan(&sim_program, CYCLES, 0, 1);
        RtSim *sim = rt_sim_new(plan);
        float *x = sim_stimulus(CYCLES);
        rt_sim_longest_piece(sim, longest);
        CU_ASSERT_EQUAL(rt_sim_open(sim), RT_OK);
        CU_ASSERT_EQUAL(rt_sim_run(sim, (const void *[]){x}, (void *[]){came.y, came.total, &came.final}), RT_OK);
        CU_ASSERT_TRUE(same_result(&e, &came, CYCLES));
        CU_ASSERT_EQUAL(rt_clock_total(rt_sim_clock(sim)), CYCLES * SIM_STEPS + SIM_AFTER);
        rt_sim_free(sim);
        rt_plan_free(plan);
        free(x);
        free(came.y);
    }
    free(e.y);
}

/* A batch: each item as if it were alone; what looks on takes one sequence. */
static void batches_run_item_by_item(void) {
    enum { CYCLES = 6, ITEMS = 3 };
    static float y[ITEMS][CYCLES * SIM_D], total[ITEMS][SIM_D], final[ITEMS], one[CYCLES * SIM_D], one_total[SIM_D], one_final;
    float *x = sim_stimulus(ITEMS * CYCLES);
    for (int recorded = 0; recorded < 2; recorded++) {
        RtConfig *c = rt_config_new(&sim_program);
        rt_config_stimulus(c, "x", 3, (int64_t[]){ITEMS, CYCLES, SIM_D});
        RtPlan *plan = rt_plan_new(c);
        CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
        RtSim *sim = rt_sim_new(plan);
        if (recorded) rt_sim_record(sim, "V.r");
        rt_sim_open(sim);
        if (recorded) sim_fails(sim, RT_USER, "the stimuli are a batch of 3");
        else CU_ASSERT_EQUAL(rt_sim_run(sim, (const void *[]){x}, (void *[]){y, total, final}), RT_OK);
        rt_sim_free(sim);
        rt_plan_free(plan);
        rt_config_free(c);
    }
    for (int item = 0; item < ITEMS; item++) {
        RtConfig *c = rt_config_new(&sim_program);
        rt_config_stimulus(c, "x", 2, (int64_t[]){CYCLES, SIM_D});
        RtPlan *plan = rt_plan_new(c);
        rt_plan_call(plan, (const void *[]){x + item * CYCLES * SIM_D}, (void *[]){one, one_total, &one_final});
        CU_ASSERT_EQUAL(memcmp(one, y[item], sizeof one) | memcmp(one_total, total[item], sizeof one_total), 0);
        CU_ASSERT_EQUAL(one_final, final[item]);
        rt_plan_free(plan);
        rt_config_free(c);
    }
    free(x);
}

/* ---- the recorder ----------------------------------------------------------------------------------------------------------- */
/* r after every step of part 0, and s after every step of part 1, by single steps of the program. */
static void every_step(int64_t cycles, float *r, float *s) {
    RtPlan *plan = sim_plan(&sim_program, cycles, 0, 1);
    float *x = sim_stimulus(cycles), *y = malloc((size_t)cycles * SIM_D * sizeof *y), total[SIM_D], trace[3 * SIM_D], m[SIM_D], last = 0, final;
    int64_t sizes[] = {cycles, SIM_D};
    void *buffers[] = {x, (float[]){1, 1, 0.5f}, y, total, &final, trace, m, &last};
    CtxFrame f = {.size = sizes, .buffer = buffers, .seed = 5};
    begin_leaky(&f);
    for (int64_t t = 0; t < cycles * SIM_STEPS; t++) {
        advance_leaky(&f, t, t + 1);
        memcpy(r + t * SIM_D, trace + t % 3 * SIM_D, SIM_D * sizeof *r);
    }
    begin_after(&f);
    for (int64_t t = 0; t < SIM_AFTER; t++) {
        advance_after(&f, t, t + 1);
        s[t] = last;
    }
    rt_plan_free(plan);
    free(x);
    free(y);
}

static void run_to_end(RtSim *sim, int64_t cycles) {
    float *x = sim_stimulus(cycles), *y = malloc((size_t)cycles * SIM_D * sizeof *y), total[SIM_D], final;
    rt_sim_open(sim);
    if (rt_sim_status(sim) == RT_OK) rt_sim_run(sim, (const void *[]){x}, (void *[]){y, total, &final});
    free(x);
    free(y);
}

static void samples_of(RtSim *sim, int signal, const float *r, int64_t interval, const int *units, int count) {
    RtTensor t;
    RtError error = {0};
    int64_t wrong = 0;
    CU_ASSERT_EQUAL_FATAL(rt_recorder_tensor(rt_sim_recorder(sim), signal, &t, &error), RT_OK);
    CU_ASSERT_EQUAL(rt_shape_count(t.rank, t.shape), t.shape[0] * count);
    for (int64_t n = 0; n < t.shape[0]; n++)
        for (int k = 0; k < count; k++) wrong += ((float *)t.data)[n * count + k] != r[((n + 1) * interval - 1) * SIM_D + units[k]];
    CU_ASSERT_EQUAL(wrong, 0);
    rt_tensor_free(&t);
}

static void intervals_and_ranges(void) {
    enum { CYCLES = 19 };
    static float r[CYCLES * SIM_STEPS * SIM_D], s[SIM_AFTER];
    static const struct {
        const char *what;
        int count, units[3];
    } rows[] = {{"V.r", 3, {0, 1, 2}}, {"V.r[1]", 1, {1}}, {"V.r[0:2]", 2, {0, 1}}, {"V.r[d=1:]", 2, {1, 2}}, {"V.r[ d = 2 ]", 1, {2}}};
    every_step(CYCLES, r, s);
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        for (int64_t interval = 1; interval <= 13; interval += row + 1) {
            RtPlan *plan = sim_plan(&sim_program, CYCLES, 0, 1);
            RtSim *sim = rt_sim_new(plan);
            rt_sim_record(sim, rows[row].what);
            rt_sim_interval(sim, interval);
            run_to_end(sim, CYCLES);
            CU_ASSERT_EQUAL(rt_sim_status(sim), RT_OK);
            CU_ASSERT_EQUAL(rt_sim_recorder(sim)->signal[0].samples, CYCLES * SIM_STEPS / interval);
            samples_of(sim, 0, r, interval, rows[row].units, rows[row].count);
            rt_sim_free(sim);
            rt_plan_free(plan);
        }
    }
}

static void both_parts_into_one_file(void) {
    enum { CYCLES = 17, INTERVAL = 5 };
    static float r[CYCLES * SIM_STEPS * SIM_D], s[SIM_AFTER];
    SimFolder folder;
    RtError error = {0};
    RtTensor t;
    sim_folder_begin(&folder);
    every_step(CYCLES, r, s);
    const char *path = sim_path(&folder, "t.safetensors");
    RtPlan *plan = sim_plan(&sim_program, CYCLES, 0, 1);
    RtSim *sim = rt_sim_new(plan);
    rt_sim_record(sim, NULL);
    rt_sim_interval(sim, INTERVAL);
    rt_sim_traces(sim, path);
    run_to_end(sim, CYCLES);
    CU_ASSERT_NOT_EQUAL(access(path, F_OK), 0); /* not before the commit */
    samples_of(sim, 0, r, INTERVAL, (const int[]){0, 1, 2}, 3);
    CU_ASSERT_EQUAL(rt_sim_commit(sim), RT_OK);
    rt_sim_free(sim);
    rt_plan_free(plan);
    RtStore *store = rt_store_open(path, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(store);
    CU_ASSERT_EQUAL(rt_store_count(store), 4);
    CU_ASSERT_STRING_EQUAL(rt_store_metadata(store, "V.r.unit"), "mV");
    CU_ASSERT_STRING_EQUAL(rt_store_metadata(store, "V.r.axes"), "d");
    CU_ASSERT_STRING_EQUAL(rt_store_metadata(store, "U.s.time"), "time.1");
    CU_ASSERT_DOUBLE_EQUAL(atof(rt_store_metadata(store, "dt")), 0.001, 1e-18);
    CU_ASSERT_DOUBLE_EQUAL(atof(rt_store_metadata(store, "cycle")), 0.008, 1e-18);
    CU_ASSERT_EQUAL_FATAL(rt_store_read(store, rt_store_find(store, "time"), RT_F64, &t, &error), RT_OK);
    CU_ASSERT_EQUAL(t.shape[0], CYCLES * SIM_STEPS / INTERVAL);
    CU_ASSERT_DOUBLE_EQUAL(((double *)t.data)[2], 0.015, 1e-15);
    rt_tensor_free(&t);
    CU_ASSERT_EQUAL_FATAL(rt_store_read(store, rt_store_find(store, "time.1"), RT_F64, &t, &error), RT_OK);
    CU_ASSERT_DOUBLE_EQUAL(((double *)t.data)[0], (CYCLES * SIM_STEPS + INTERVAL) * 0.001, 1e-12);
    rt_tensor_free(&t);
    CU_ASSERT_EQUAL_FATAL(rt_store_read(store, rt_store_find(store, "U.s"), RT_F32, &t, &error), RT_OK);
    int wrong = 0;
    for (int n = 0; n < SIM_AFTER / INTERVAL; n++) wrong += ((float *)t.data)[n] != s[(n + 1) * INTERVAL - 1];
    CU_ASSERT_EQUAL(wrong, 0);
    rt_tensor_free(&t);
    rt_store_close(store);
    sim_folder_end(&folder, (const char *const[]){"t.safetensors", NULL});
}

/* A file of its own, and .csv for the rest: the same numbers. */
static void npy_and_csv(void) {
    enum { CYCLES = 4 };
    static float r[CYCLES * SIM_STEPS * SIM_D], s[SIM_AFTER];
    SimFolder folder;
    RtError error = {0};
    RtTensor t;
    char list[256], line[256];
    sim_folder_begin(&folder);
    every_step(CYCLES, r, s);
    for (int csv = 0; csv < 2; csv++) {
        RtPlan *plan = sim_plan(&sim_program, CYCLES, 0, 1);
        RtSim *sim = rt_sim_new(plan);
        snprintf(list, sizeof list, "V.r[1:3]%s%s,U.s%s%s", csv ? "" : "=", csv ? "" : sim_path(&folder, "r.npy"), csv ? "=" : "",
                 csv ? sim_path(&folder, "s.npy") : "");
        rt_sim_record(sim, list);
        if (csv) rt_sim_traces(sim, sim_path(&folder, "t.csv"));
        run_to_end(sim, CYCLES);
        CU_ASSERT_EQUAL(rt_sim_commit(sim), RT_OK);
        rt_sim_free(sim);
        rt_plan_free(plan);
    }
    CU_ASSERT_EQUAL_FATAL(rt_npy_read(sim_path(&folder, "r.npy"), RT_F32, &t, &error), RT_OK);
    CU_ASSERT_EQUAL(t.rank, 2);
    CU_ASSERT_EQUAL(t.shape[1], 2);
    FILE *csv = fopen(sim_path(&folder, "t.csv"), "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(csv);
    CU_ASSERT_PTR_NOT_NULL(fgets(line, sizeof line, csv));
    CU_ASSERT_STRING_EQUAL(line, "time s,\"V.r[1] mV\",\"V.r[2] mV\"\n");
    int64_t lines = 0, wrong = 0;
    for (; fgets(line, sizeof line, csv); lines++) {
        double time;
        float a, b;
        wrong += sscanf(line, "%lf,%f,%f", &time, &a, &b) != 3 || fabs(time - (double)(lines + 1) * 0.001) > 1e-12;
        wrong += a != r[lines * SIM_D + 1] || b != r[lines * SIM_D + 2] || a != ((float *)t.data)[2 * lines];
    }
    fclose(csv);
    CU_ASSERT_EQUAL(lines, CYCLES * SIM_STEPS);
    CU_ASSERT_EQUAL(wrong, 0);
    rt_tensor_free(&t);
    sim_folder_end(&folder, (const char *const[]){"r.npy", "s.npy", "t.csv", NULL});
}

static void recordings_that_cannot_be(void) {
    static const struct {
        const char *what, *traces, *message;
    } rows[] = {{"V.q", NULL, "'V.q' is not recorded in this program; did you mean 'V.r'?"},
                {"V.r[3]", NULL, "axis d has positions 0 to 2, not 3"},
                {"V.r[0:4]", NULL, "axis d has positions 0 to 2, not 3"},
                {"V.r[2:1]", NULL, "a range is empty"},
                {"V.r[0,1]", NULL, "more entries than axes"},
                {"V.r[e=0]", NULL, "it has no such axis"},
                {"V.r[0,d=1]", NULL, "two entries for one axis"},
                {"V.r[0", NULL, "expected ',' or ']'"},
                {"V.r[]", NULL, "no such axis"},
                {"V.r[0]x", NULL, "expected NAME, NAME[UNITS] or NAME=FILE.npy"},
                {"V.r,V.r[1]", NULL, "recorded twice"},
                {"V.r", "t.txt", "written as .safetensors or .csv"},
                {"V.r,U.s", "t.csv", "one column of times"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        RtPlan *plan = sim_plan(&sim_program, 4, 0, 1);
        RtSim *sim = rt_sim_new(plan);
        rt_sim_record(sim, rows[i].what);
        if (rows[i].traces) rt_sim_traces(sim, rows[i].traces);
        rt_sim_open(sim);
        sim_fails(sim, RT_USER, rows[i].message);
        rt_sim_free(sim);
        rt_plan_free(plan);
    }
    RtPlan *plan = sim_plan(&sim_program, 4, 0, 1);
    RtSim *sim = rt_sim_new(plan);
    rt_sim_record(sim, "V.r");
    rt_sim_interval(sim, 33);
    rt_sim_open(sim);
    sim_fails(sim, RT_USER, "--interval is longer than the run");
    rt_sim_free(sim);
    rt_plan_free(plan);
}

static void room_is_asked_for(void) {
    RtRoom room = {.memory = 1e18};
    RtError error = {0};
    CU_ASSERT_EQUAL(rt_room_check(&room, &error), RT_USER);
    CU_ASSERT_PTR_NOT_NULL(strstr(rt_error_message(&error), "what is recorded takes 1000 PB of memory"));
    rt_error_clear(&error);
    room = (RtRoom){0};
    for (int i = 0; i < 3; i++) rt_room_file(&room, "/tmp/x.npy", 4e17);
    CU_ASSERT_EQUAL(room.devices, 1);
    CU_ASSERT_EQUAL(rt_room_check(&room, &error), RT_USER);
    CU_ASSERT_PTR_NOT_NULL(strstr(rt_error_message(&error), "/tmp/x.npy: this run would write 1200 PB"));
    rt_error_clear(&error);
    room = (RtRoom){.memory = 1e6};
    rt_room_file(&room, "/tmp/x.npy", 1);
    rt_room_file(&room, "/dev/null", 1e30);
    CU_ASSERT_EQUAL(rt_room_check(&room, &error), RT_OK);
}

/* ---- values that leave the range -------------------------------------------------------------------------------------------- */
/* With g = 1e7, r[0] is multiplied by it at every step: 0.5e7, 0.5e14, ... 0.5e35 after five steps, infinite after six. */
static void the_first_step_is_named(void) {
    static const struct {
        int64_t longest;
        const char *record;
    } rows[] = {{0, NULL}, {1, NULL}, {3, "V.r"}, {8, "V.r[1]"}, {64, NULL}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        RtPlan *plan = sim_plan(&sim_program, 40, i == 4 ? 16 : 0, 1e7f);
        RtSim *sim = rt_sim_new(plan);
        float *x = sim_stimulus(40), y[40 * SIM_D], total[SIM_D], final;
        SimFolder folder;
        sim_folder_begin(&folder);
        rt_sim_longest_piece(sim, rows[i].longest);
        if (rows[i].record) rt_sim_record(sim, rows[i].record);
        if (rows[i].record) rt_sim_traces(sim, sim_path(&folder, "t.safetensors"));
        if (i == 4) rt_sim_stream_drawn(sim, SIM_X, &(RtDraw){RT_DRAW_UNIFORM, -1, 1}, 7);
        if (i == 4) rt_sim_stream_output(sim, SIM_Y, sim_path(&folder, "y.npy"));
        CU_ASSERT_EQUAL(rt_sim_open(sim), RT_OK);
        rt_sim_run(sim, (const void *[]){x}, (void *[]){y, total, &final});
        sim_fails(sim, RT_USER, "V.r [d = 0] left the representable range at 6 ms; the last finite value was 5.0000002e+34");
        sim_fails(sim, RT_USER, "at 5 ms");
        CU_ASSERT_EQUAL(rt_sim_commit(sim), RT_USER);
        rt_sim_free(sim);
        rt_plan_free(plan);
        free(x);
        sim_folder_end(&folder, (const char *const[]){NULL}); /* nothing was written */
    }
}

static void finds_what_is_not_finite(void) {
    static float f[1000];
    static double d[1000];
    for (int at = 0; at < 1000; at += 37) {
        for (int kind = 0; kind < 3; kind++) {
            float value = kind == 0 ? NAN : kind == 1 ? INFINITY : -INFINITY;
            f[at] = value;
            d[at] = (double)value;
            CU_ASSERT_EQUAL(rt_first_not_finite(RT_F32, f, 1000), at);
            CU_ASSERT_EQUAL(rt_first_not_finite(RT_F64, d, 1000), at);
            CU_ASSERT_EQUAL(rt_first_not_finite(RT_F32, f, at), -1);
            f[at] = kind ? -3.4028234e38f : 1e-45f; /* the largest and the smallest number are numbers */
            d[at] = kind ? 1.7976931348623157e308 : 5e-324;
            CU_ASSERT_EQUAL(rt_first_not_finite(RT_F32, f, 1000), -1);
            CU_ASSERT_EQUAL(rt_first_not_finite(RT_F64, d, 1000), -1);
        }
    }
}

/* ---- progress --------------------------------------------------------------------------------------------------------------- */
static void progress_is_said(void) {
    for (int bar = 0; bar < 2; bar++) {
        char *text = NULL;
        size_t length;
        FILE *to = open_memstream(&text, &length);
        RtPlan *plan = sim_plan(&sim_program, 100, 0, 1);
        RtSim *sim = rt_sim_new(plan);
        RtProgress progress = rt_progress_new(to, bar);
        progress.patience = 0;
        rt_sim_progress(sim, progress);
        run_to_end(sim, 100);
        fclose(to);
        int lines = 0, bars = 0;
        for (const char *at = text; *at; at++) lines += *at == '\n', bars += *at == '\r';
        CU_ASSERT_EQUAL(lines, bar ? 0 : 10);
        CU_ASSERT_TRUE(bar ? bars >= 2 : bars == 0);
        CU_ASSERT_PTR_NOT_NULL(strstr(text, bar ? "[" : "100 %  850 ms of 850 ms"));
        if (bar) CU_ASSERT_STRING_EQUAL(text + length - 4, "\r\033[K"); /* the line is clean again */
        rt_sim_free(sim);
        rt_plan_free(plan);
        free(text);
    }
    RtProgress patient = rt_progress_new(stdout, false);
    CU_ASSERT_EQUAL(patient.patience, 1); /* seconds: a short run says nothing */
}

/* ---- times ------------------------------------------------------------------------------------------------------------------ */
static void times_are_read(void) {
    static const struct {
        const char *text;
        double seconds;
    } good[] = {{"20ms", 0.02}, {"0.1 ms", 0.0001}, {"1s", 1}, {"10min", 600}, {"2 h", 7200}, {".5us", 5e-7}, {"3 \xC2\xB5s", 3e-6}, {"1e3 ns", 1e-6}};
    static const struct {
        const char *text, *what;
    } bad[] = {{"20", "which unit? Write 20ms or 20s"},     {"", "takes a time such as"},     {"ms", "takes a time such as"},
               {"0ms", "must be greater than zero"},        {"-1 ms", "greater than zero"},   {"5 mV", "'mV' is no unit of time"},
               {"1 sec", "there are ns, us, ms, s, min and h"}, {"nan s", "takes a time"},    {"inf s", "takes a time"},
               {"1e300 h", "longer than any run"},          {"1 m s", "no unit of time"}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        double seconds = 0;
        RtError error = {0};
        CU_ASSERT_EQUAL(rt_duration_read("--t", good[i].text, &seconds, &error), RT_OK);
        CU_ASSERT_EQUAL(seconds, good[i].seconds);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        double seconds;
        RtError error = {0};
        CU_ASSERT_EQUAL(rt_duration_read("--t", bad[i].text, &seconds, &error), RT_USER);
        if (!strstr(rt_error_message(&error), bad[i].what)) {
            printf("\n  '%s': \"%s\"", bad[i].text, rt_error_message(&error));
            CU_FAIL("another message");
        }
        rt_error_clear(&error);
    }
}

static void times_are_steps(void) {
    int64_t steps;
    RtError error = {0};
    char text[RT_DURATION_TEXT];
    CU_ASSERT_EQUAL(rt_duration_steps("--interval", 0.3, 0.0001, &steps, &error), RT_OK);
    CU_ASSERT_EQUAL(steps, 3000);
    CU_ASSERT_EQUAL(rt_duration_steps("--interval", 0.00025, 0.0001, &steps, &error), RT_USER);
    CU_ASSERT_STRING_EQUAL(rt_error_message(&error), "--interval 0.25 ms is not a whole number of steps of 0.1 ms; 0.2 ms and 0.3 ms are");
    rt_error_clear(&error);
    CU_ASSERT_EQUAL(rt_duration_steps("--interval", 0.00005, 0.0001, &steps, &error), RT_USER);
    CU_ASSERT_STRING_EQUAL(rt_error_message(&error), "--interval 0.05 ms is shorter than a step of 0.1 ms");
    rt_error_clear(&error);
    CU_ASSERT_STRING_EQUAL(rt_duration_text(text, 0.0123), "12.3 ms");
    CU_ASSERT_STRING_EQUAL(rt_duration_text(text, 90), "1.5 min");
    CU_ASSERT_STRING_EQUAL(rt_duration_text(text, 0), "0 s");
    CU_ASSERT_STRING_EQUAL(rt_duration_text(text, 3 * 0.001), "3 ms");
}

void suite_sim(void) {
    CU_pSuite suite = CU_add_suite("sim", NULL, NULL);
    CU_add_test(suite, "pieces change nothing", pieces_change_nothing);
    CU_add_test(suite, "batches run item by item", batches_run_item_by_item);
    CU_add_test(suite, "intervals and ranges", intervals_and_ranges);
    CU_add_test(suite, "both parts into one file", both_parts_into_one_file);
    CU_add_test(suite, "npy and csv", npy_and_csv);
    CU_add_test(suite, "recordings that cannot be", recordings_that_cannot_be);
    CU_add_test(suite, "room is asked for", room_is_asked_for);
    CU_add_test(suite, "the first step is named", the_first_step_is_named);
    CU_add_test(suite, "finds what is not finite", finds_what_is_not_finite);
    CU_add_test(suite, "progress is said", progress_is_said);
    CU_add_test(suite, "times are read", times_are_read);
    CU_add_test(suite, "times are steps", times_are_steps);
}
