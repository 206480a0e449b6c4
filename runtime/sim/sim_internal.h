/* Insides of a run, shared by sim.c and checkpoint.c. */
#ifndef CTX_RUNTIME_SIM_INTERNAL_H
#define CTX_RUNTIME_SIM_INTERNAL_H
#include "sim/gauge.h"
#include "sim/sim.h"
#include "sim/stream.h"
#include "sim/watch.h"

struct RtSim {
    RtPlan *plan;
    RtError error;
    RtClock clock;
    RtWatch watch;
    RtGauge gauge;
    RtRecorder recorder;
    RtStreams streams;
    RtProgress progress;
    bool (*stop)(void *data);
    void *stop_data;
    char *checkpoint, *resume; /* paths, or NULL */
    int64_t every;             /* steps between checkpoints */
    int checkpoints;           /* written */
    int64_t longest, piece;    /* steps: asked; what a twentieth of a second allows, as measured */
    double asked;              /* when `stop` was last asked */
    uint64_t *inputs, weights; /* checksums: of each stimulus, of all weights */
    struct RtSaved *saved;     /* the checkpoint to resume from, until it is taken */
    bool stopped, resumed, cells_only;
    double seconds;
};

/* Writes the state of a run to its checkpoint file, which is replaced only when the new one is complete and on the disk. Files
 * that the run writes are brought to the disk first. */
RtStatus rt_checkpoint_write(RtSim *sim);
/* Continuing from a checkpoint. First the file is read and compared with the run that was asked for, before any file of the run is
 * opened: RT_USER, with what differs, for another program, other weights, stimuli, sizes, seed or recordings, and for a truncated
 * or damaged file. Then clock, buffers, streams and recorder take what it holds. */
RtStatus rt_checkpoint_open(RtSim *sim);
RtStatus rt_checkpoint_restore(RtSim *sim);
void rt_checkpoint_close(RtSim *sim);
/* RT_USER if `path` is a file that holds something, but no checkpoint: it is not to be replaced by one. */
RtStatus rt_checkpoint_may_replace(const char *path, RtError *error);
uint64_t rt_weights_sum(const RtPlan *plan); /* checksum of all weights as bound */
#endif
