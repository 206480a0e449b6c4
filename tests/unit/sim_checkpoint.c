/* sim/checkpoint, io/draft, io/column: runs of the program of sim.h, stopped, killed and resumed. */
#define _GNU_SOURCE
#include <CUnit/Basic.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/cli.h"
#include "io/hash.h"
#include "sim.h"
#include "sim/timer.h"

void suite_sim_checkpoint(void);

enum { CYCLES = 70, TOTAL = CYCLES * SIM_STEPS + SIM_AFTER };

/* ---- one run, in whatever way --------------------------------------------------------------------------------------------------- */
typedef struct Way { /* how a run is done */
    int64_t window, interval, every;
    const char *record; /* %s: a .npy file */
    const char *traces; /* name in the folder, or NULL */
} Way;

static const Way ways[] = {
    {0, 1, 50, "V.r,U.s", NULL},                     /* in memory */
    {16, 3, 70, "V.r[0:2],U.s", "t.safetensors"},    /* windows, one file */
    {0, 7, 1000, "V.r[1]", "t.csv"},                 /* text; no checkpoint but the last */
    {32, 5, 33, "U.s,V.r=%s", "t.safetensors"},      /* a file of its own as well */
};
enum { WAYS = sizeof ways / sizeof *ways };

typedef struct Run {
    RtPlan *plan;
    RtSim *sim;
    float *x, y[CYCLES * SIM_D], total[SIM_D], final;
    int64_t pieces_left;
} Run;

static bool after_pieces(void *data) { return ((Run *)data)->pieces_left-- <= 0; }

static void begin(Run *r, SimFolder *f, const Way *way, bool resume) {
    char list[256];
    *r = (Run){.plan = sim_plan(&sim_program, CYCLES, way->window, 1), .x = sim_stimulus(CYCLES)};
    r->sim = rt_sim_new(r->plan);
    snprintf(list, sizeof list, way->record, sim_path(f, "r.npy"));
    rt_sim_record(r->sim, list);
    rt_sim_interval(r->sim, way->interval);
    if (way->traces) rt_sim_traces(r->sim, sim_path(f, way->traces));
    if (way->window) rt_sim_stream_drawn(r->sim, SIM_X, &(RtDraw){RT_DRAW_UNIFORM, -1, 1}, 7);
    if (way->window) rt_sim_stream_output(r->sim, SIM_Y, sim_path(f, "y.npy"));
    rt_sim_inputs(r->sim, (uint64_t[SIM_BUFFERS]){rt_hash_of(r->x, CYCLES * SIM_D * sizeof *r->x)});
    rt_sim_checkpoint(r->sim, sim_path(f, "run.ck"), way->every);
    if (resume) rt_sim_resume(r->sim, sim_path(f, "run.ck"));
}

static void go(Run *r, int64_t pieces) {
    rt_sim_longest_piece(r->sim, 5);
    r->pieces_left = pieces;
    if (pieces >= 0) rt_sim_stop_when(r->sim, after_pieces, r);
    if (rt_sim_open(r->sim) == RT_OK) rt_sim_run(r->sim, (const void *[]){r->x}, (void *[]){r->y, r->total, &r->final});
}

/* Samples in memory, of all signals. */
static uint64_t samples_sum(Run *r) {
    RtHash hash = {0};
    RtRecorder *recorder = rt_sim_recorder(r->sim);
    for (int i = 0; i < recorder->count && !recorder->traces; i++) {
        RtTensor t;
        RtError error = {0};
        CU_ASSERT_EQUAL_FATAL(rt_recorder_tensor(recorder, i, &t, &error), RT_OK);
        rt_hash_add(&hash, t.data, (size_t)rt_shape_count(t.rank, t.shape) * sizeof(float));
        rt_tensor_free(&t);
    }
    return rt_hash_sum(&hash);
}

static void end(Run *r) {
    rt_sim_free(r->sim);
    rt_plan_free(r->plan);
    free(r->x);
}

/* Everything that a finished run gave, as one number: results, samples, files. */
static uint64_t result_sum(Run *r, SimFolder *f, const Way *way) {
    static const char *const files[] = {"t.safetensors", "t.csv", "r.npy", "y.npy"};
    RtHash hash = {0};
    uint64_t samples = samples_sum(r);
    CU_ASSERT_EQUAL(rt_sim_status(r->sim), RT_OK);
    CU_ASSERT_FALSE(rt_sim_stopped(r->sim));
    CU_ASSERT_EQUAL(rt_sim_commit(r->sim), RT_OK);
    rt_hash_add(&hash, &samples, sizeof samples);
    if (!way->window) rt_hash_add(&hash, r->y, sizeof r->y);
    rt_hash_add(&hash, r->total, sizeof r->total);
    rt_hash_add(&hash, &r->final, sizeof r->final);
    for (int i = 0; i < 4; i++) {
        unsigned char *bytes;
        size_t length;
        RtError error = {0};
        if (rt_file_read(sim_path(f, files[i]), &bytes, &length, &error) == RT_OK) {
            rt_hash_add(&hash, bytes, length);
            free(bytes);
            unlink(sim_path(f, files[i]));
        }
        rt_error_clear(&error);
    }
    return rt_hash_sum(&hash);
}

static uint64_t uninterrupted(SimFolder *f, const Way *way) {
    Run r;
    begin(&r, f, way, false);
    go(&r, -1);
    uint64_t sum = result_sum(&r, f, way);
    end(&r);
    unlink(sim_path(f, "run.ck"));
    return sum;
}

/* ---- resuming ------------------------------------------------------------------------------------------------------------------- */
/* Stopped after so many pieces of at most five steps, resumed, stopped again, ... to the end. */
static void resumed_runs_are_the_same(void) {
    SimFolder f;
    sim_folder_in_memory(&f);
    for (int w = 0; w < WAYS; w++) {
        uint64_t whole = uninterrupted(&f, &ways[w]), random = 11;
        for (int repeat = 0; repeat < 12; repeat++) {
            Run r;
            bool stopped = true, resume = false;
            int stops = 0;
            while (stopped) {
                random = rt_hash_of(&random, sizeof random);
                begin(&r, &f, &ways[w], resume);
                go(&r, (int64_t)(random % (repeat < 6 ? 60 : 500)));
                stopped = rt_sim_stopped(r.sim);
                CU_ASSERT_EQUAL_FATAL(rt_sim_status(r.sim), RT_OK);
                resume = true;
                stops += stopped;
                if (stopped) end(&r);
            }
            CU_ASSERT_EQUAL(result_sum(&r, &f, &ways[w]), whole);
            end(&r);
        }
    }
    sim_folder_end(&f, (const char *const[]){"run.ck", NULL});
}

/* A run that completed, and whose files have their names, can be resumed from its last checkpoint all the same. */
static void resumed_after_the_end(void) {
    SimFolder f;
    sim_folder_in_memory(&f);
    const Way *way = &ways[3];
    uint64_t whole = uninterrupted(&f, way);
    Run r;
    begin(&r, &f, way, false);
    go(&r, -1);
    CU_ASSERT_TRUE(rt_sim_checkpoints(r.sim) > 10);
    CU_ASSERT_EQUAL(rt_sim_commit(r.sim), RT_OK);
    end(&r);
    begin(&r, &f, way, true);
    go(&r, -1);
    CU_ASSERT_EQUAL(result_sum(&r, &f, way), whole);
    end(&r);
    sim_folder_end(&f, (const char *const[]){"run.ck", NULL});
}

/* ---- refusals ------------------------------------------------------------------------------------------------------------------- */
static void stopped_run(SimFolder *f, const Way *way) {
    Run r;
    begin(&r, f, way, false);
    go(&r, 40);
    CU_ASSERT_TRUE(rt_sim_stopped(r.sim));
    end(&r);
}

static void refused(SimFolder *f, const Way *way, const char *what) {
    Run r;
    begin(&r, f, way, true);
    go(&r, -1);
    sim_fails(r.sim, RT_USER, what);
    end(&r);
}

static void other_runs_are_refused(void) {
    SimFolder f;
    Run r;
    sim_folder_in_memory(&f);
    const Way *way = &ways[1];
    uint64_t whole = uninterrupted(&f, way);
    stopped_run(&f, way);
    Way other = *way;
    other.interval = 4;
    refused(&f, &other, "every 3 steps; ask for the same");
    other = *way;
    other.record = "V.r[0:1],U.s";
    refused(&f, &other, "it recorded V.r[0:2] (in a file), U.s (in a file), y (in a file) every 3 steps");
    other = *way;
    other.window = 32;
    refused(&f, &other, "read in other windows");
    for (int kind = 0; kind < 4; kind++) {
        static const char *const what[] = {"its step was 1 ms, this program's is 2 ms", "the weights are not those", "stimulus x is not what it was",
                                           "the size of axis token is not what it was"};
        begin(&r, &f, way, true);
        rt_sim_free(r.sim);
        rt_plan_free(r.plan);
        r.plan = sim_plan(kind == 0 ? &sim_other_program : &sim_program, kind == 3 ? CYCLES - 1 : CYCLES, 0, kind == 1 ? 1.5f : 1);
        r.sim = rt_sim_new(r.plan);
        rt_sim_inputs(r.sim, (uint64_t[SIM_BUFFERS]){rt_hash_of(r.x, CYCLES * SIM_D * sizeof *r.x) + (kind == 2)});
        rt_sim_resume(r.sim, sim_path(&f, "run.ck"));
        CU_ASSERT_EQUAL(rt_sim_open(r.sim), RT_USER);
        sim_fails(r.sim, RT_USER, what[kind]);
        end(&r);
    }
    /* none of them has harmed what the right run needs */
    begin(&r, &f, way, true);
    go(&r, -1);
    CU_ASSERT_EQUAL(result_sum(&r, &f, way), whole);
    end(&r);
    sim_folder_end(&f, (const char *const[]){"run.ck", NULL});
}

static void damaged_files_are_refused(void) {
    SimFolder f;
    RtError error = {0};
    unsigned char *bytes;
    size_t length;
    sim_folder_in_memory(&f);
    const Way *way = &ways[0];
    stopped_run(&f, way);
    CU_ASSERT_EQUAL_FATAL(rt_file_read(sim_path(&f, "run.ck"), &bytes, &length, &error), RT_OK);
    for (size_t cut = 0; cut < length; cut += cut < 40 ? 1 : 97) { /* truncated */
        rt_file_write(sim_path(&f, "run.ck"), &(RtPiece){bytes, cut}, 1, &error);
        refused(&f, way, cut < 8 ? "not a checkpoint" : "truncated: it has ");
    }
    for (size_t at = 0; at < length; at += at < 40 ? 1 : 61) { /* one bit wrong */
        bytes[at] ^= (unsigned char)(1 << at % 8);
        rt_file_write(sim_path(&f, "run.ck"), &(RtPiece){bytes, length}, 1, &error);
        refused(&f, way, at < 8 ? "not a checkpoint" : at < 12 ? "version" : at >= 16 && at < 24 ? "" : "damaged");
        bytes[at] ^= (unsigned char)(1 << at % 8);
    }
    RtPiece more[2] = {{bytes, length}, {"x", 1}};
    rt_file_write(sim_path(&f, "run.ck"), more, 2, &error);
    refused(&f, way, "damaged");
    unlink(sim_path(&f, "run.ck"));
    refused(&f, way, "cannot be read");
    /* and a file that is no checkpoint is not replaced by one */
    rt_file_write(sim_path(&f, "run.ck"), &(RtPiece){"my notes", 8}, 1, &error);
    Run r;
    begin(&r, &f, way, false);
    go(&r, -1);
    sim_fails(r.sim, RT_USER, "holds something, but not a checkpoint");
    end(&r);
    free(bytes);
    sim_folder_end(&f, (const char *const[]){"run.ck", NULL});
}

/* The files that grow must be what the checkpoint counts on. */
static void changed_samples_are_refused(void) {
    SimFolder f;
    sim_folder_in_memory(&f);
    const Way *way = &ways[3];
    static const struct {
        const char *file, *what;
        off_t at; /* from the end of what is written there */
    } rows[] = {{"r.npy.partial", "r.npy.partial: its first ", 130}, {"r.npy.partial", "is not what the interrupted run wrote", 20},
                {"y.npy.partial", "y.npy.partial: its first ", 130}, {"t.safetensors.partial", "is not what the interrupted run wrote", 9}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Run r;
        begin(&r, &f, way, false);
        go(&r, 100);
        end(&r);
        int file = open(sim_path(&f, rows[i].file), O_RDWR);
        CU_ASSERT_TRUE_FATAL(file >= 0);
        CU_ASSERT_EQUAL(pwrite(file, "\x17", 1, rows[i].at), 1);
        close(file);
        refused(&f, way, rows[i].what);
    }
    unlink(sim_path(&f, "r.npy.partial"));
    refused(&f, way, "r.npy: what the interrupted run wrote is gone");
    sim_folder_end(&f, (const char *const[]){"run.ck", "y.npy.partial", "r.npy.partial", "t.safetensors.partial", NULL});
}

/* A checkpoint that cannot be written leaves the one before. */
static void the_last_good_one_stays(void) {
    SimFolder f;
    sim_folder_in_memory(&f);
    const Way *way = &ways[0];
    uint64_t whole = uninterrupted(&f, way);
    stopped_run(&f, way);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        Run r;
        struct rlimit limit = {64, 64}; /* bytes of a file */
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
        begin(&r, &f, way, true);
        go(&r, -1);
        _exit((int)rt_sim_status(r.sim));
    }
    int status = 0;
    waitpid(child, &status, 0);
    CU_ASSERT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == RT_MACHINE);
    Run r;
    begin(&r, &f, way, true);
    go(&r, -1);
    CU_ASSERT_EQUAL(result_sum(&r, &f, way), whole);
    end(&r);
    sim_folder_end(&f, (const char *const[]){"run.ck", NULL}); /* and no temporary file */
}

/* ---- kill -9 --------------------------------------------------------------------------------------------------------------------- */
static int command(SimFolder *f, bool resume, useconds_t kill_after, int number) {
    char *argv[] = {"leaky", "--x", "normal", "--size", "token=60000", "--seed", "9", "--quiet", "--y", (char *)(uintptr_t)sim_path(f, "y.npy"), "--record", "V.r",
                    "--interval", "40ms", "--traces", (char *)(uintptr_t)sim_path(f, "t.safetensors"), "--checkpoint", (char *)(uintptr_t)sim_path(f, "run.ck"),
                    "--every", "8s", "--resume", (char *)(uintptr_t)sim_path(f, "run.ck"), NULL};
    int argc = resume ? 22 : 20, status = 0;
    argv[argc] = NULL;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) _exit(rt_main(&sim_program, "leaky", argc, argv));
    if (kill_after) usleep(kill_after);
    if (kill_after) kill(child, number);
    waitpid(child, &status, 0);
    return status;
}

static bool is_there(SimFolder *f, const char *name) {
    return access(sim_path(f, name), F_OK) == 0;
}

static uint64_t file_sum(SimFolder *f, const char *name) {
    unsigned char *bytes;
    size_t length;
    RtError error = {0};
    CU_ASSERT_EQUAL_FATAL(rt_file_read(sim_path(f, name), &bytes, &length, &error), RT_OK);
    uint64_t sum = rt_hash_of(bytes, length);
    free(bytes);
    return sum;
}

static uint64_t files_sum(SimFolder *f) {
    uint64_t sums[] = {file_sum(f, "y.npy"), file_sum(f, "t.safetensors")};
    return rt_hash_of(sums, sizeof sums);
}

static void remove_all(SimFolder *f) {
    DIR *folder = opendir(f->name);
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        if (entry->d_name[0] != '.') unlinkat(dirfd(folder), entry->d_name, 0);
    closedir(folder);
}

/* What a run leaves that nobody stops, and how long it takes. */
static uint64_t undisturbed(SimFolder *f, useconds_t *took) {
    double start = rt_timer();
    CU_ASSERT_EQUAL(command(f, false, 0, 0), 0);
    *took = (useconds_t)((rt_timer() - start) * 1e6);
    return files_sum(f);
}

static void killed_at_any_moment(void) {
    SimFolder f;
    int resumed = 0;
    uint64_t random = 3;
    sim_folder_in_memory(&f);
    useconds_t took;
    uint64_t whole = undisturbed(&f, &took);
    for (int i = 0; i < 20; i++) {
        remove_all(&f);
        random = rt_hash_of(&random, sizeof random);
        command(&f, false, 1 + (useconds_t)(random % took), SIGKILL);
        for (int again = 0; again < 2; again++) { /* and once more while it resumes */
            bool there = is_there(&f, "run.ck");
            resumed += there;
            random = rt_hash_of(&random, sizeof random);
            command(&f, there, again ? 0 : 1 + (useconds_t)(random % took), SIGKILL);
        }
        CU_ASSERT_EQUAL(files_sum(&f), whole);
    }
    CU_ASSERT_TRUE(resumed > 10);
    remove_all(&f);
    sim_folder_end(&f, (const char *const[]){NULL});
}

/* An interrupt leaves a checkpoint of the moment, and the process ends by its signal. */
static void interrupted_at_some_moment(void) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    SimFolder f;
    int stopped = 0;
    sim_folder_in_memory(&f);
    useconds_t took;
    uint64_t whole = undisturbed(&f, &took), y = file_sum(&f, "y.npy");
    for (int i = 0; i < 12 || (i < 60 && stopped < 3); i++) { /* more on a busy machine, where moments are not what they were */
        remove_all(&f);
        int status = command(&f, false, took / 4 + took * (useconds_t)i / 40, numbers[i % 3]);
        if (!WIFSIGNALED(status)) continue; /* it was done already */
        CU_ASSERT_EQUAL(WTERMSIG(status), numbers[i % 3]);
        if (is_there(&f, "y.npy")) { /* behind the last step, while results take their names: each is whole */
            CU_ASSERT_EQUAL(file_sum(&f, "y.npy"), y);
            continue;
        }
        CU_ASSERT_FALSE(is_there(&f, "t.safetensors"));
        if (!is_there(&f, "run.ck")) continue; /* it had not begun */
        stopped++;
        CU_ASSERT_EQUAL(command(&f, true, 0, 0), 0);
        CU_ASSERT_EQUAL(files_sum(&f), whole);
    }
    CU_ASSERT_TRUE(stopped > 2);
    remove_all(&f);
    sim_folder_end(&f, (const char *const[]){NULL});
}

void suite_sim_checkpoint(void) {
    CU_pSuite suite = CU_add_suite("sim_checkpoint", NULL, NULL);
    CU_add_test(suite, "resumed runs are the same", resumed_runs_are_the_same);
    CU_add_test(suite, "resumed after the end", resumed_after_the_end);
    CU_add_test(suite, "other runs are refused", other_runs_are_refused);
    CU_add_test(suite, "damaged files are refused", damaged_files_are_refused);
    CU_add_test(suite, "changed samples are refused", changed_samples_are_refused);
    CU_add_test(suite, "the last good one stays", the_last_good_one_stays);
    CU_add_test(suite, "killed at any moment", killed_at_any_moment);
    CU_add_test(suite, "interrupted at some moment", interrupted_at_some_moment);
}
