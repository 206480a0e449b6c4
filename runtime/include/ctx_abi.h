/* What a compiled circuit and the runtime agree on: the binary interface between generated code and runtime/.
 *
 * A generated object exports one symbol, `ctx_program`, of type CtxProgram. It describes itself (JSON text), and its functions
 * work on a frame of buffers that the runtime laid out in the plan; they never allocate. Functions that generated code calls
 * are listed once, in runtime_abi.def.
 *
 * Descriptor, JSON:
 *   { "name": "head", "precision": "f32" | "f64", "compiler": "ctx 0.1.0",
 *     "axes":    [ {"name": "token", "kind": "const" | "bounded", "size": 512,               roots only, in order
                   "least": 5} ... ],                                                        points it needs, 1 if there is none
 *     "buffers": [ {"name": "x", "role": "stimulus|weight|output|plan|temp|trace|sparse", "axes": [0, 1],  indices into "axes"
 *                   "unit": "mV",                                                             optional
 *                   "tensor": "encoder...weight",                                             weight: its name in a file
 *                   "draw": {"kind": "normal|uniform|xavier|constant|bernoulli|choose|list", "a": 0, "b": 0.1},     weight: otherwise
 *                   "slots": 2,                                                               places one after the other (default 1)
 *                   "axis_names": ["now", "d"],                                               what the circuit calls its axes
 *                   "packed": true,                                                           weight: not there in a call
 *                   "sparse": {...},                                                          sparse: its form, see below
 *                   "recorded": true,                                                         output, trace: by `record`
 *                   "part": 0,                                                                trace, stream: the part that uses it
 *                   "stream": true,                                                           see below
 *                   "gauge": true,                                                            temp: see below
 *                   "state": false } ... ],                                                   temp: may be infinite or NaN
 *     "dynamic": {"dt": 0.0001, "cycle": 0.02, "unit": "s"}, "hash": "1f0c...",                 dynamic reading; hash of the code
 *     "summary": {"areas": 12, "columns": "token", "populations": 9, "synapses": 591360}, ... }
 * With the draw "list", "tensor" is the path of a file of pairs (core/pairs.h), "b" the number of sources of a target.
 * Shapes are [size of each axis], row-major, contiguous, elements of the program's precision. A weight along a bounded axis is
 * stored at the bound and read at the run's size: its buffer has the bound's strides (see rt plan). Buffers of role "plan" are
 * written by plan() (weights contracted ahead) and kept between calls. A buffer of role "trace" holds what is recorded, its value
 * after step t of a part at place t % slots. A "gauge" holds the largest local error of integration so far, 0 before the first step,
 * by cells of the population that it has the name of: a tolerance decides on the run. No two buffers overlap: generated code keeps
 * values in registers across stores to others.
 *
 * A buffer of role "sparse" is not an array: it holds a sum over a sparse table, packed once the plan is made (linalg/sparse.h), and its
 * form says of what: y[rows] = scale * sum(columns) factors * source, at the points where the table is not 0.
 *   { "rows": [0], "columns": [1],                        axes of the descriptor; together numbered from 0, rows first
 *     "table": {"buffer": 2, "of": [0, 1]},               by dimension of the buffer: the row or column that runs along it
 *     "factors": [{"buffer": 1, "of": [0, 1]}, ...],      likewise; the table among them, if its value counts
 *     "source": [[1, 1], [0, -1], ...],                   by dimension of the source: its axis, and the row or column or -1
 *     "scale": -0.1 }
 * The columns are the table's last dimensions, in its order. A weight that is "packed" is read for nothing else: the runtime may leave
 * it out of memory.
 *
 * Of a stimulus or output with "stream", whose first axis is that of its part's cycle, only the row of the current cycle is read or
 * written, and by that part alone. The runtime may then keep a window of its rows: its address in the frame is where row 0 would
 * lie, a multiple of 64, and only the rows of the cycles that advance() was called for are there. */
#ifndef CTX_ABI_H
#define CTX_ABI_H
#include <stdint.h>

#define CTX_ABI_VERSION 3

typedef struct RtPool RtPool; /* worker threads (runtime/core/pool) */

typedef struct CtxFrame CtxFrame;
struct CtxFrame {
    const int64_t *size;   /* run-time size of each axis of the descriptor */
    void *const *buffer;   /* address of each buffer of the descriptor, 64-byte aligned */
    unsigned char *scratch; /* scratch_bytes(size) bytes for each thread of the pool, 64-byte aligned */
    int64_t scratch_stride; /* bytes between two threads' scratch */
    RtPool *pool;
    uint64_t seed;         /* of noise */
};

/* A stretch of a program of the dynamic reading: `call` first, then, unless `advance` is NULL, the steps of the clock in order and in
 * pieces of any length: advance(frame, 0, n), advance(frame, n, m) ... up to cycles * steps. After each piece the frame's buffers and
 * the number of steps done are all that there is to know of the run. */
typedef struct CtxPart {
    void (*call)(const CtxFrame *frame);
    void (*advance)(const CtxFrame *frame, int64_t first, int64_t end);
    int64_t steps;    /* of one cycle */
    int32_t cycle;    /* number of the axis that the cycles go along, -1: there is one cycle */
    int32_t reserved;
} CtxPart;

typedef struct CtxProgram {
    uint32_t abi;           /* CTX_ABI_VERSION */
    uint32_t parts;         /* 0 but in the dynamic reading */
    const char *descriptor; /* NUL-terminated JSON */
    int64_t (*scratch_bytes)(const int64_t *size);
    void (*plan)(const CtxFrame *frame); /* once the weights are bound: fills the "plan" buffers */
    void (*call)(const CtxFrame *frame); /* one batch item, to the end */
    const CtxPart *part;                 /* the same in pieces */
} CtxProgram;

/* Body of a parallel loop: runs tasks first <= i < last on worker `thread` (0-based). Results must not depend on the split. */
typedef void (*CtxTask)(const CtxFrame *frame, int64_t first, int64_t last, int64_t thread);
#endif
