/* A program of the dynamic reading written by hand, for the tests of runtime/sim: a leaky integrator that hears a sequence cycle by
 * cycle, and a second population that follows its sum afterwards.
 *
 *     part 0, STEPS steps a cycle:  r[d] = r + (g[d] * x[now, d] - r) * 0.1 + small noise of the seed;  m[d] = m + 0.01 r
 *                                   at the end of a cycle: y[now, d] = r,  total[d] = total + m
 *     part 1, AFTER steps:          s = s + 0.25 * (total[0] - s)
 *     part 2, no steps:             final = 2 s */
#ifndef CTX_TESTS_SIM_H
#define CTX_TESTS_SIM_H
#include "sim/sim.h"

enum { SIM_D = 3, SIM_STEPS = 8, SIM_AFTER = 50, SIM_BOUND = 4000000 };
enum { SIM_X, SIM_G, SIM_Y, SIM_TOTAL, SIM_FINAL, SIM_R, SIM_M, SIM_S, SIM_BUFFERS };

extern const CtxProgram sim_program, sim_other_program; /* the other one has another dt */

typedef struct SimFolder { /* a folder for one test */
    char name[64], path[8][128];
    int next;
} SimFolder;

void sim_folder_begin(SimFolder *folder);
void sim_folder_in_memory(SimFolder *folder); /* where bringing files to the disk takes no time; for small files */
const char *sim_path(SimFolder *folder, const char *name); /* good for the next eight calls */
void sim_folder_end(SimFolder *folder, const char *const *names); /* removes these; nothing else may be there */

/* A plan for so many cycles, with windows of so many rows (0: none), and g = `gain`. */
RtPlan *sim_plan(const CtxProgram *program, int64_t cycles, int64_t window, float gain);
/* The stimulus: SIM_D values a cycle; freed by the caller. */
float *sim_stimulus(int64_t cycles);

typedef struct SimResult { /* what a whole run gives */
    float *y, total[SIM_D], final;
} SimResult;
/* By the program's own call, without a clock. */
SimResult sim_expected(int64_t cycles, float gain);
/* Does the run fail with this status and a message that holds `what`? Says what came otherwise. */
void sim_fails(RtSim *sim, RtStatus status, const char *what);
#endif
