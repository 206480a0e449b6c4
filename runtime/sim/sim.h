/* A run of the dynamic reading: parts of a program, driven by a clock, with what looks on.
 *
 *     RtPlan *plan = rt_plan_new(config);
 *     RtSim *sim = rt_sim_new(plan);
 *     rt_sim_record(sim, "V.value[0:4]");
 *     rt_sim_traces(sim, "traces.safetensors");
 *     rt_sim_open(sim);                           // measures, checks for room, opens files: nothing has run yet
 *     rt_sim_run(sim, stimuli, outputs);          // as rt_plan_call
 *     rt_sim_commit(sim);                         // files take their names
 *     rt_sim_free(sim);                           // removes what was not committed
 *
 * Every function returns a status, and the message of the first failure stays with the object. The same program, data and seed
 * give the same bits, whatever looks on and however often the run was stopped and resumed. A batch runs item by item, without
 * recording, streams or checkpoints. */
#ifndef CTX_RUNTIME_SIM_H
#define CTX_RUNTIME_SIM_H
#include "core/plan.h"
#include "sim/gauge.h"
#include "sim/progress.h"
#include "sim/record.h"

typedef struct RtSim RtSim;

RtSim *rt_sim_new(RtPlan *plan); /* of a program with parts; it must outlive the run. NULL only without memory */
void rt_sim_free(RtSim *sim);
RtStatus rt_sim_status(const RtSim *sim);
const char *rt_sim_message(const RtSim *sim);
RtRecorder *rt_sim_recorder(RtSim *sim);
const RtClock *rt_sim_clock(const RtSim *sim);

/* ---- what is asked; before rt_sim_open ------------------------------------------------------------------------------------ */
RtStatus rt_sim_record(RtSim *sim, const char *list); /* record.h; NULL: every trace */
RtStatus rt_sim_traces(RtSim *sim, const char *path);
RtStatus rt_sim_interval(RtSim *sim, int64_t steps); /* between samples, default 1 */
RtStatus rt_sim_stream_file(RtSim *sim, int buffer, RtNpyFile *file);
RtStatus rt_sim_stream_drawn(RtSim *sim, int buffer, const RtDraw *draw, uint64_t seed);
RtStatus rt_sim_stream_output(RtSim *sim, int buffer, const char *path);
/* A checkpoint every `steps` steps, and when the run is interrupted. `inputs`: checksum of a stimulus, by buffer, as the caller
 * takes them; of other buffers 0. */
RtStatus rt_sim_checkpoint(RtSim *sim, const char *path, int64_t steps);
RtStatus rt_sim_resume(RtSim *sim, const char *path);
RtStatus rt_sim_inputs(RtSim *sim, const uint64_t *sums);
void rt_sim_progress(RtSim *sim, RtProgress progress);
/* Stops the run (rt_sim_stopped) once a local error is beyond this: nothing that follows would make it a good one. */
void rt_sim_most_error(RtSim *sim, double most);
/* Outputs may become what is not a number, as a quotient of two silent cells; cells may not. Without it neither may. */
void rt_sim_cells_only(RtSim *sim);
/* Asked between pieces, at least every tenth of a second of the machine's time: true stops the run (rt_sim_stopped). */
void rt_sim_stop_when(RtSim *sim, bool (*stop)(void *data), void *data);
/* Pieces are at most this long (steps), and `stop` is asked before each; 0, the default: as long as some 50 ms allow. */
void rt_sim_longest_piece(RtSim *sim, int64_t steps);

/* ---- the run -------------------------------------------------------------------------------------------------------------- */
RtStatus rt_sim_open(RtSim *sim);
/* Stimuli and outputs in the order of the descriptor; NULL for those that are streamed. RT_OK also when it was stopped. */
RtStatus rt_sim_run(RtSim *sim, const void *const *stimuli, void *const *outputs);
bool rt_sim_stopped(const RtSim *sim);   /* before the end */
int rt_sim_checkpoints(const RtSim *sim); /* written so far */
/* Local errors of integration as far as the run went, also when it failed; see sim/gauge.h. */
const RtGauge *rt_sim_gauge(const RtSim *sim);
double rt_sim_seconds(const RtSim *sim); /* of the machine's time that the run took */
RtStatus rt_sim_commit(RtSim *sim);
#endif
