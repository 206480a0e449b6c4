/* The numeric check: native code against the float64 reference, and the two sides of every check against each other.
 *
 * For each check, on inputs of several families and at several lengths of the bounded axes:
 *   - the native value of each side lies within bound(scheduled program, its arithmetic) + bound(source program, float64) of
 *     the reference value of that side;
 *   - the reference values of the two sides are equal within their float64 bounds (plus the check's `within`; apart by more than that
 *     alone, they decide nothing);
 *   - where a side is multilinear: on small integers the native value equals integer arithmetic exactly.
 * Where a check leaves a factor open, the right one is used, or that which fits the first inputs (factor.c).
 * The order of the source decides the reference value; where that costs more than the budget, the scheduled program evaluated in
 * float64 does, and the report says so. */
#ifndef CTX_REFERENCE_CHECK_H
#define CTX_REFERENCE_CHECK_H
#include <jansson.h>

#include "reference/interpret.h"

/* ---- the native program ------------------------------------------------------------------------------------------ */
typedef struct NativeValues { /* a tensor, row-major; weights are stored at the bound of a bounded axis */
    Name name;                /* inputs: of the variable; outputs: of the IrOutput */
    double *value;
    int64_t count;
} NativeValues;

typedef struct NativeCall {
    const int64_t *size; /* by axis id of the scheduled program; right for every axis, copies included */
    int input_count, output_count;
    const NativeValues *input;  /* numbers of the arithmetic, exact in it */
    const NativeValues *output; /* to be filled */
} NativeCall;

typedef struct NativeRunner NativeRunner;
struct NativeRunner { /* the driver connects it to code generation and runtime */
    void *data;
    /* Binds everything and runs once. NULL, or what went wrong (kept by the runner). */
    const char *(*call)(void *data, const NativeCall *call);
    /* Compiles the source anew with every named quantity as an output (check_expose_all), to find where native code
     * goes wrong. Returns a runner of that program, which is stored in *scheduled and stays the driver's; NULL: could
     * not. The member may be NULL. */
    NativeRunner *(*record)(void *data, const IrProgram **scheduled);
};

/* Makes both sides of every check outputs ("check.0.left", ...) unless they are already, so that the compiled program gives
 * them. To be done to the core program before it is optimised and compiled. */
void check_expose(IrProgram *core);
/* The same, and every population, state and spec variable under its own name. */
void check_expose_all(IrProgram *core);

/* True when v is computed in steps of the dynamic reading. Such checks take long: they are run at few inputs, and best as a program
 * of their own. */
bool check_integrated(const IrProgram *core, const IrVar *v);

/* ---- what to check ----------------------------------------------------------------------------------------------- */
typedef struct CheckWeight { /* values that the circuit has, for an extra family; count as ref_input_count */
    Name name;
    const double *value;
    int64_t count;
} CheckWeight;

typedef struct CheckInput {
    const IrProgram *source;    /* core, before optimisation, exposed */
    const IrProgram *scheduled; /* what was compiled: same names of axes and inputs, same order of checks */
    NativeRunner *native;       /* NULL: only the reference */
    RefArithmetic arithmetic;   /* of the native program */
    uint64_t seed;
    const double *factor;       /* by check: the factor that it leaves open, where that is known, else 0; NULL: of none */
    bool settled_only;          /* leave out the checks of the dynamic reading: they stay undecided */
    double budget;              /* elementary steps for the whole check; 0: a default of a few seconds */
    int weight_count;
    const CheckWeight *weight;
} CheckInput;

/* ---- what came out ----------------------------------------------------------------------------------------------- */
typedef enum CheckVerdict { CHECK_HOLDS, CHECK_DIFFERS, CHECK_NATIVE_WRONG, CHECK_UNDECIDED, CHECK_MACHINE } CheckVerdict;

typedef struct CheckFamily { /* one family of inputs of one check, all lengths */
    const char *name;
    int runs;
    int64_t points, skipped;        /* compared; not compared because a bound is infinite */
    int64_t judged, unclear;        /* points of the two sides; those apart by more than `within`, but not by more than their bounds */
    double apart;                   /* of the latter: the largest distance */
    int64_t blind;                  /* points at which the bounds of the two sides are no small part of the largest value: whatever they are, they agree */
    double blur, size;              /* the largest such bound; the largest value of either side */
    double error_per_bound;         /* native: largest |error| / bound */
    double most_absolute, most_relative, most_ulps;
    double sides_per_bound;         /* reference: largest |left - right| / (bounds + within) */
    double order_ratio;             /* largest bound of the scheduled order / bound of the source order; 0: not taken */
    int64_t beyond_tight, beyond_loose; /* points beyond rtol 1.3e-6 + atol 1e-5, and rtol 1e-3 + atol 1e-5 */
} CheckFamily;

typedef struct CheckFailure {
    const char *family;
    uint64_t seed;
    char *shapes;        /* "token = 3, head = 8" */
    char *at;            /* "y[2, 5]" */
    double left, right;  /* the sides; or native and reference */
    double bound;
    char *input;         /* the smallest failing input found, one line for each tensor */
    char *first;         /* first intermediate value that differs, by name; NULL: not found */
    char *first_detail;  /* where and how */
    char *reason;        /* a weight of one side only, ...; or NULL */
} CheckFailure;

typedef struct CheckResult {
    Name name;
    Span span;
    CheckVerdict verdict;
    int family_count;
    CheckFamily *family;
    int64_t exact_points;  /* compared in the integer suite */
    const char *exact_not; /* why there was none, or NULL */
    double within;         /* the difference that it allows, or 0 */
    const char *unclear;   /* CHECK_UNDECIDED of a check with a tolerance: why, or NULL */
    double factor;         /* that was used, of a check that leaves one open; 0: none */
    CheckFailure failure;  /* CHECK_DIFFERS, CHECK_NATIVE_WRONG */
} CheckResult;

typedef struct CheckReport {
    int count;
    CheckResult *result;
    VEC(char *) notes;     /* what was skipped, and where the scheduled order stood in for the source's */
    CheckVerdict verdict;  /* the worst; CHECK_HOLDS when there is no check */
    const char *error;     /* CHECK_MACHINE */
} CheckReport;

/* The report lives in `arena`. */
CheckReport *check_run(Arena *arena, const CheckInput *input);
void check_print(const CheckReport *report, FILE *to);
/* One check in a few lines: the worst figures, or what differs. */
void check_print_short(const CheckResult *result, FILE *to);
/* A new object with every figure of one check. */
json_t *check_result_json(const CheckResult *result);
#endif
