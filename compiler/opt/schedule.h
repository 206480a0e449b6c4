/* The schedule: how the equations of an optimised program are carried out. Separate data that refers to equations; the
 * program is not changed.
 *
 * A step is one equation (as a matrix product or as loops), a block of equations tiled together over one axis, a nest of steps that
 * are done point by point together, a scan or a fixpoint. A variable's storage says where its values live and along which of its axes they are kept at all. */
#ifndef CTX_OPT_SCHEDULE_H
#define CTX_OPT_SCHEDULE_H
#include "ir/ir.h"

typedef enum Kernel {
    KERNEL_LOOPS,     /* loops over the variable's axes, the last in vector lanes where it can */
    KERNEL_GEMM,      /* matrix product through the linear algebra library */
    KERNEL_SYMMETRIC, /* x'x: half a matrix product */
    KERNEL_SPARSE,    /* a sum over the pairs that a sparse table has, packed by target when the plan is made */
} Kernel;

/* t[batch, m, n] = sum(k) a[batch, m, k] * b[batch, k, n]; each list is one dimension of the matrices, outermost axis first. */
typedef struct Product {
    const IrExpr *a, *b; /* references */
    int batch_count, m_count, n_count, k_count;
    IrAxis **batch, **m, **n, **k;
    bool transposed;     /* the target is stored with m innermost: it is computed as t' = b' a' */
    const IrAxis *tied;  /* of m or n, the only one there: only k with low <= k - tied <= high count; NULL: all do */
    int64_t low, high;
} Product;

/* v[batch, rows] = scale * sum(columns) factors * x, where one factor is nonzero wherever `table`, a drawn table of zeros and ones,
 * is one, and only there. All of them but x are known in the plan. */
typedef struct Sparse {
    const IrExpr *table;
    int factor_count;       /* the table among them, unless another factor has it in itself */
    const IrExpr **factors; /* references by row and column axes alone */
    double scale;
    const IrExpr *x;        /* IR_REF or IR_PREV: row and column axes stand in it as they are, or not at all */
    int batch_count, row_count, column_count;
    IrAxis **batch, **rows, **columns; /* rows in the order of v, columns in that of the table, where they are innermost */
} Sparse;

/* The domain of a block's square tensors T[i, j]: i - back <= j <= i + ahead, each side only if it is set. Rows are zero
 * outside of it, columns that no row of the block needs are not touched. */
typedef struct Band {
    bool below, above;
    int64_t back, ahead;
} Band;

/* Scans along one axis that others go back over, in segments that these carry out again (schedule_again.c). */
typedef struct Segments {
    const IrAxis *axis; /* steps of time, or a cycle */
    int scan_count;
    const IrItem **scans;
    int64_t length, most; /* steps of a segment, 0: they are kept whole; segments, at the bounds of all axes */
    double whole, kept;   /* elements that would be stored for all steps, and those that are */
} Segments;

typedef enum StepKind { STEP_EQUATION, STEP_BLOCK, STEP_NEST, STEP_SCAN, STEP_FIX } StepKind;
typedef struct Step Step;
struct Step {
    StepKind kind;
    bool plan;        /* depends on weights only: done once, in the plan */
    IrItem *item;     /* STEP_EQUATION, STEP_SCAN, STEP_FIX */
    Kernel kernel;    /* STEP_EQUATION */
    Product product;
    Sparse *sparse;   /* KERNEL_SPARSE */
    /* STEP_BLOCK: for each point of `batch` and each run of `block` points of `axis`, the steps one after the other, in
     * parallel. Each of its steps has its own names for these axes, in the same order. A step that adds is a sum over the block's axis,
     * to which each run of rows adds its part; no other step of the block reads it. Then a task does the runs of a point of `batch`
     * one after the other: `parts` tasks, each of them every parts-th run, and what they have summed is added in their order. */
    int batch_count;
    IrAxis **batch, *axis;
    IrAxis *column;   /* of a block's step: its name for the other axis of square tensors; NULL: it has none */
    int64_t block;
    int parts;        /* 0: no step adds */
    bool adds, again; /* of a block's step; again: an earlier block has made it, too */
    Band band;
    /* STEP_NEST, in a scan: for each point of `batch`, outermost axis first, the steps one after the other. `block`: so many positions
     * of the first axis are a task for the pool, 0: all of it is done by one thread. */
    int vectors;      /* the points of the last axis are the lanes of so many vectors side by side; 0: done one by one */
    bool inside;      /* the scan's only step at a point: all points of the scan for one of `batch`, then the next */
    const Segments *segments; /* STEP_SCAN: it is carried out again, or carries another out again; NULL: neither */
    int step_count;   /* STEP_BLOCK, STEP_NEST, STEP_SCAN, STEP_FIX */
    Step *steps;
};

typedef enum StorageKind {
    STORE_BUFFER,  /* a buffer of the frame */
    STORE_SCRATCH, /* per-thread scratch of the block it belongs to */
    STORE_PACKED,  /* a weight that is read while sparse tables are packed, and not afterwards */
    STORE_NONE,    /* in the plan: all that reads it reads what it is made of */
} StorageKind;
typedef struct Storage {
    StorageKind kind;
    bool *kept;      /* by axis of the variable: false where only the current point is stored */
    const IrAxis *tile; /* stored relative to the first point of the block, `block` points; NULL: none */
    int64_t block;
    const IrVar *shares; /* scratch: lives where this variable lived, in place */
    int slots;       /* in a scan: as many of the last points are kept, in turn, so that prev() can be read */
    bool iterated;   /* in a fix: the new iterate has a place of its own */
    bool mirrored;   /* in a scan: kept for the scan alone, and copied to a whole buffer for those who read it afterwards */
    const IrAxis *column; /* square tensor of a block: its axis j */
    /* in a scan that is carried out again in segments: */
    bool windowed;   /* its slots hold a segment, and those who go back over it find its points there */
    int again;       /* a state: so many of its last points are kept at the beginning of each segment */
    int parts;       /* a sum over a block's rows: in so many parts, if more than one */
} Storage;

typedef struct Schedule {
    int step_count;
    Step *steps;
    Storage *storage; /* by variable id */
    bool *plan;       /* by variable id: depends on weights only */
    int back_count;
    Segments *back;   /* the scans that others go back over, by axis */
} Schedule;

/* schedule_sparse.c. Pairs of rows and columns; those of them that the table is expected to have. */
double schedule_pairs(const Sparse *s);
double schedule_synapses(const Sparse *s);
/* About so many bytes hold what is packed, in float32. */
double schedule_packed_bytes(const Schedule *s);
/* Is the weight a factor of some sparse step's sum? */
bool schedule_is_factor(const Schedule *s, const IrVar *weight);

int schedule_place(const IrVar *v, const IrAxis *axis);    /* of the axis among v's, or -1 */
bool schedule_is_kept(const IrProgram *p, const IrVar *v); /* output, record or side of a check: stored whole */
/* A record of what changes with every step: the clock takes it down step by step, so it is not stored whole. */
bool schedule_is_trace(const IrOutput *output);

/* schedule_lanes.c. Is v stored with the axis at `place` innermost? */
bool schedule_unit_stride(const Schedule *s, const IrVar *v, int place);
/* May the axis run over lanes in e? Every reference has it innermost or not at all, no guard mentions it. */
bool schedule_lanes_fit(const Schedule *s, const IrExpr *e, const IrAxis *axis);
/* And may v = value be written along it, `mirror`: to the copy that keeps every axis, too? */
bool schedule_lanes(const Schedule *s, const IrVar *v, const IrExpr *value, bool mirror, const IrAxis *axis);

/* A variable that the step writes: the first. */
const IrVar *schedule_first(const Step *step);

/* schedule_again.c: elements that the scans along an axis keep for those who go back over them, before they are divided into segments. */
extern const double schedule_most_kept;
bool schedule_in_segments(const Segments *g, const IrItem *scan); /* one of g's scans; g may be NULL */
/* Does `back`, which goes back over the scan, read what is there of it for one segment alone? */
bool schedule_reads_again(const Schedule *s, const IrItem *back, const IrItem *scan);

/* In the program's arena. `most_kept`: in place of the usual one. */
Schedule *schedule_make_with(const IrProgram *p, double most_kept);
Schedule *schedule_make(const IrProgram *p);
/* schedule_place.c: about so many bytes of square tensors does a thread hold at a time, in float32. */
double schedule_rows_bytes(const Schedule *s);
/* The steps as text, a line each: all of them; blocks of rows alone, for `ctx explain`. */
void schedule_print(const IrProgram *p, const Schedule *s, FILE *to);
void schedule_print_blocks(const IrProgram *p, const Schedule *s, int indent, FILE *to);
#endif
