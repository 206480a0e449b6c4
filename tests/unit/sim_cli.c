/* core/cli_sim and cli_options: the command line of a program of the dynamic reading (sim.h). */
#define _GNU_SOURCE
#include <CUnit/Basic.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/cli.h"
#include "sim.h"
#include "sim/plot.h"

void suite_sim_cli(void);

typedef struct Said {
    int status; /* as wait() gives it */
    char out[8192], err[8192];
} Said;

static void read_back(const char *path, char *text, size_t size) {
    int file = open(path, O_RDONLY);
    ssize_t n = read(file, text, size - 1);
    text[n > 0 ? n : 0] = '\0';
    close(file);
    unlink(path);
}

/* rt_main in a process of its own, for an interrupt ends it. `kill_after` microseconds, 0: it runs to its end. */
static Said say(int kill_after, int number, const char *const *words) {
    Said said = {0};
    char *argv[32] = {(char *)(uintptr_t) "leaky"}, out[] = "/tmp/ctx-out-XXXXXX", err[] = "/tmp/ctx-err-XXXXXX";
    int argc = 1, files[2] = {mkstemp(out), mkstemp(err)};
    for (; words[argc - 1] && argc < 31; argc++) argv[argc] = (char *)(uintptr_t)words[argc - 1];
    fflush(stdout);
    fflush(stderr);
    pid_t child = fork();
    if (child == 0) {
        dup2(files[0], 1);
        dup2(files[1], 2);
        if (kill_after) signal(number, SIG_DFL); /* a shell's background job has SIGINT ignored, and rt_main leaves it so */
        int status = rt_main(&sim_program, "leaky", argc, argv);
        fflush(stdout);
        _exit(status);
    }
    if (kill_after) usleep((useconds_t)kill_after);
    if (kill_after) kill(child, number);
    CU_ASSERT_EQUAL(waitpid(child, &said.status, 0), child);
    close(files[0]);
    close(files[1]);
    read_back(out, said.out, sizeof said.out);
    read_back(err, said.err, sizeof said.err);
    return said;
}
#define SAY(...) say(0, 0, (const char *const[]){__VA_ARGS__, NULL})

static void expect(Said said, int status, const char *what) {
    bool ends = WIFEXITED(said.status) && WEXITSTATUS(said.status) == status;
    if (ends && strstr(said.err, what)) return;
    printf("\n  expected %d \"%s\", came %d \"%s\"", status, what, WEXITSTATUS(said.status), said.err);
    CU_FAIL("another ending");
}

static void options_of_the_reading(void) {
    expect(SAY("--mode", "settled"), 2, "this program holds the dynamic one only\nhelp: compile the circuit again with --mode settled");
    expect(SAY("--mode", "fast"), 2, "--mode takes dynamic, not 'fast'");
    expect(SAY("--dt", "2ms"), 2, "--dt 2ms: this program was compiled with 1 ms; compile it again with --dt 2ms");
    expect(SAY("--cycle", "0.5 s"), 2, "this program was compiled with 8 ms");
    expect(SAY("--dt", "1"), 2, "--dt 1: which unit? Write 1ms or 1s");
    expect(SAY("--dt", "1 mV"), 2, "'mV' is no unit of time");
    expect(SAY("--repeat", "3"), 2, "--repeat is for the settled reading");
    expect(SAY("--plot", "p.png"), 2, "pictures are written as .svg");
    expect(SAY("--x", "random", "--interval", "1ms"), 2, "--interval: nothing is recorded");
    expect(SAY("--x", "random", "--record", "V.r", "--interval", "1.5ms"), 2, "is not a whole number of steps of 1 ms; 1 ms and 2 ms are");
    expect(SAY("--x", "random", "--record", "V.q"), 2, "did you mean 'V.r'?");
    expect(SAY("--x", "random", "--every", "1s"), 2, "--every: give --checkpoint FILE too");
    expect(SAY("--x", "random", "--size", "token=4", "--traces", "/nonexistent/t.csv", "--record", "V.r"), 2, "cannot be written");
    expect(SAY("--interval"), 2, "--interval needs a value");
    expect(SAY("--intervall", "1ms"), 2, "did you mean '--interval'?");
    Said said = SAY("--mode", "dynamic", "--dt", "1 ms", "--cycle", "8ms", "--help");
    expect(said, 0, "");
    CU_ASSERT_PTR_NOT_NULL(strstr(said.out, "dynamic reading: steps of 1 ms, cycles of 8 ms"));
    CU_ASSERT_PTR_NOT_NULL(strstr(said.out, "--checkpoint FILE"));
    CU_ASSERT_PTR_NOT_NULL(strstr(said.out, "V.r"));
    CU_ASSERT_PTR_NULL(strstr(said.out, "--repeat"));
}

static void runs_and_says_so(void) {
    Said said = SAY("--x", "random", "--size", "token=4", "--record", "V.r[0:2]", "--interval", "2ms", "--time");
    expect(said, 0, "recording V.r[0:2], 16 samples every 2 ms: 128 bytes into memory");
    CU_ASSERT_PTR_NOT_NULL(strstr(said.out, "V.r [16, 2] mV  min"));
    CU_ASSERT_PTR_NOT_NULL(strstr(said.out, "y [4, 3]"));
    CU_ASSERT_PTR_NOT_NULL(strstr(said.out, "82 ms in "));
    /* the drawn numbers themselves: y of one cycle by the program's own equations */
    float x[SIM_D], y[SIM_D], total[SIM_D], final;
    RtConfig *config = rt_config_new(&sim_program);
    rt_config_stimulus(config, "x", 2, (int64_t[]){1, SIM_D});
    RtPlan *plan = rt_plan_new(config);
    rt_draw(&(RtDraw){RT_DRAW_UNIFORM, -1, 1}, 1, "x", SIM_D, RT_F32, x);
    CU_ASSERT_EQUAL(rt_plan_call(plan, (const void *[]){x}, (void *[]){y, total, &final}), RT_OK);
    rt_plan_free(plan);
    rt_config_free(config);
    char line[128];
    snprintf(line, sizeof line, "y [1, 3]\n  %.7g %.7g %.7g\n", (double)y[0], (double)y[1], (double)y[2]);
    said = SAY("--x", "random", "--size", "token=1");
    CU_ASSERT_PTR_NOT_NULL(strstr(said.out, line));
    said = SAY("--x", "random", "--size", "token=4", "--json", "--quiet");
    CU_ASSERT_STRING_EQUAL(said.out, "");
    CU_ASSERT_STRING_EQUAL(said.err, "");
    said = SAY("--x", "random", "--size", "token=4", "--record", "V.r[0],U.s", "--interval", "2ms");
    CU_ASSERT_PTR_NOT_NULL(strstr(said.out, "V.r [16] mV"));
    CU_ASSERT_PTR_NOT_NULL(strstr(said.out, "U.s [25]"));
    said = SAY("--x", "random", "--size", "token=4", "--json");
    CU_ASSERT_PTR_NOT_NULL(strstr(said.out, "\"steps\": 82"));
}

/* Whole and in windows: the same files. */
static void streams_equal_whole(void) {
    enum { CYCLES = 50000 }; /* longer than a window of rows */
    SimFolder f;
    RtError error = {0};
    RtTensor x = {.type = RT_F32, .rank = 2, .shape = {CYCLES, SIM_D}, .data = sim_stimulus(CYCLES)}, whole, rows;
    SimResult e = sim_expected(CYCLES, 1);
    sim_folder_begin(&f);
    const char *in = sim_path(&f, "x.npy"), *out = sim_path(&f, "y.npy"), *all = sim_path(&f, "all.npy");
    CU_ASSERT_EQUAL(rt_npy_write(in, &x, &error), RT_OK);
    RtTensor g = {.type = RT_F32, .rank = 1, .shape = {3}, .data = (float[]){1, 1, 0.5f}};
    const char *weights = sim_path(&f, "g.npy");
    CU_ASSERT_EQUAL(rt_npy_write(weights, &g, &error), RT_OK);
    Said said = SAY("--x", in, "--g", weights, "--y", out, "--seed", "5", "--threads", "1", "--json");
    expect(said, 0, "");
    CU_ASSERT_PTR_NOT_NULL(strstr(said.out, "\"min\": null")); /* it was never in memory as a whole */
    CU_ASSERT_EQUAL_FATAL(rt_npy_read(out, RT_F32, &rows, &error), RT_OK);
    CU_ASSERT_EQUAL(rows.shape[0], CYCLES);
    CU_ASSERT_EQUAL(memcmp(rows.data, e.y, (size_t)CYCLES * SIM_D * sizeof(float)), 0);
    rt_tensor_free(&rows);
    /* drawn, in windows and (because the output is compared) as a whole */
    expect(SAY("--x", "normal", "--size", "token=50000", "--y", all, "--threads", "1", "--quiet"), 0, "");
    said = SAY("--x", "normal", "--size", "token=50000", "--expect", "y=/dev/null", "--threads", "1", "--quiet");
    expect(said, 2, "/dev/null");
    char both[160];
    snprintf(both, sizeof both, "y=%s", all);
    said = SAY("--x", "normal", "--size", "token=50000", "--expect", both, "--tolerance", "0", "--threads", "1");
    expect(said, 0, "");
    CU_ASSERT_PTR_NOT_NULL(strstr(said.out, "max |error| 0 against"));
    CU_ASSERT_EQUAL_FATAL(rt_npy_read(all, RT_F32, &whole, &error), RT_OK);
    rt_tensor_free(&whole);
    /* a bad value far behind the first window is found before anything runs */
    ((float *)x.data)[49999 * SIM_D + 2] = 0.0f / 0.0f;
    CU_ASSERT_EQUAL(rt_npy_write(in, &x, &error), RT_OK);
    unlink(out);
    expect(SAY("--x", in, "--g", weights, "--y", out), 2, "x.npy: the element at [49999, 2] is NaN");
    CU_ASSERT_NOT_EQUAL(access(out, F_OK), 0);
    free(x.data);
    free(e.y);
    sim_folder_end(&f, (const char *const[]){"x.npy", "g.npy", "all.npy", NULL});
}

#ifndef __SANITIZE_ADDRESS__ /* which keeps what was freed, and is slow */
/* Kilobytes that a run of so many cycles had in memory at most. */
static long peak(SimFolder *f, const char *cycles) {
    char *argv[] = {"leaky", "--x", "random", "--size", (char *)(uintptr_t)cycles, "--quiet", "--threads", "1", "--y", (char *)(uintptr_t)sim_path(f, "y.npy"),
                    "--record", "V.r", "--interval", "40ms", "--traces", (char *)(uintptr_t)sim_path(f, "t.safetensors"), NULL};
    struct rusage used;
    int status;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) _exit(rt_main(&sim_program, "leaky", 16, argv));
    CU_ASSERT_EQUAL(wait4(child, &status, 0, &used), child);
    CU_ASSERT_EQUAL(status, 0);
    return used.ru_maxrss;
}

/* Six times the cycles, as a whole 75 MB more. Shorter runs end before some pages of code and of copies were touched at all. */
static void memory_does_not_grow(void) {
    SimFolder f;
    sim_folder_begin(&f);
    long less = peak(&f, "token=600000"), more = peak(&f, "token=3600000");
    CU_ASSERT_TRUE(labs(more - less) < less / 100 + 128);
    if (labs(more - less) >= less / 100 + 128) printf("\n  %ld kB, and %ld kB with six times the cycles", less, more);
    sim_folder_end(&f, (const char *const[]){"y.npy", "t.safetensors", NULL});
}

#endif

/* Devices, and a disk that is full. */
static void devices(void) {
    expect(SAY("--x", "random", "--size", "token=40000", "--y", "/dev/null", "--quiet"), 0, "");
    expect(SAY("--x", "random", "--size", "token=40000", "--y", "/dev/full", "--quiet"), 3, "No space left");
    expect(SAY("--x", "random", "--size", "token=4", "--record", "V.r=/dev/full", "--quiet"), 3, "No space left");
}

/* The picture of a run is that of its traces. */
static void plots(void) {
    SimFolder f;
    RtError error = {0};
    unsigned char *from_run, *from_file;
    size_t length[2];
    sim_folder_begin(&f);
    const char *svg = sim_path(&f, "a.svg"), *traces = sim_path(&f, "t.safetensors"), *again = sim_path(&f, "b.svg");
    expect(SAY("--x", "random", "--size", "token=20", "--traces", traces, "--plot", svg, "--quiet"), 0, "");
    CU_ASSERT_EQUAL(rt_plot_file(traces, again, &error), RT_OK);
    CU_ASSERT_EQUAL_FATAL(rt_file_read(svg, &from_run, &length[0], &error), RT_OK);
    CU_ASSERT_EQUAL_FATAL(rt_file_read(again, &from_file, &length[1], &error), RT_OK);
    CU_ASSERT_TRUE(length[0] == length[1] && !memcmp(from_run, from_file, length[0]));
    free(from_run);
    free(from_file);
    unlink(traces);
    expect(SAY("--x", "random", "--size", "token=20", "--plot", svg, "--quiet"), 0, ""); /* samples in memory */
    CU_ASSERT_EQUAL_FATAL(rt_file_read(svg, &from_run, &length[0], &error), RT_OK);
    CU_ASSERT_EQUAL(length[0], length[1]);
    free(from_run);
    expect(SAY("--x", "random", "--size", "token=20", "--record", "V.r", "--traces", sim_path(&f, "t.csv"), "--plot", svg), 2, "let --traces be .safetensors");
    sim_folder_end(&f, (const char *const[]){"a.svg", "b.svg", NULL});
}

/* An interrupt ends the process by its signal and leaves nothing. */
static void interrupts(void) {
    static const int numbers[] = {SIGINT, SIGTERM};
    for (int i = 0; i < 2; i++) {
        SimFolder f;
        sim_folder_begin(&f);
        Said said = say(100000, numbers[i], (const char *const[]){"--x", "random", "--y", sim_path(&f, "y.npy"), "--record", "V.r", "--traces",
                                                                  sim_path(&f, "t.csv"), NULL});
        CU_ASSERT_TRUE(WIFSIGNALED(said.status) && WTERMSIG(said.status) == numbers[i]);
        CU_ASSERT_PTR_NOT_NULL(strstr(said.err, "nothing was written"));
        CU_ASSERT_STRING_EQUAL(said.out, "");
        sim_folder_end(&f, (const char *const[]){NULL});
    }
}

void suite_sim_cli(void) {
    CU_pSuite suite = CU_add_suite("sim_cli", NULL, NULL);
    CU_add_test(suite, "options of the reading", options_of_the_reading);
    CU_add_test(suite, "runs and says so", runs_and_says_so);
    CU_add_test(suite, "streams equal whole", streams_equal_whole);
#ifndef __SANITIZE_ADDRESS__
    CU_add_test(suite, "memory does not grow", memory_does_not_grow);
#endif
    CU_add_test(suite, "devices", devices);
    CU_add_test(suite, "plots", plots);
    CU_add_test(suite, "interrupts", interrupts);
}
