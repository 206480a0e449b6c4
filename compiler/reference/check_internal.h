/* What the files of the numeric check share. Private to reference/. */
#ifndef CTX_REFERENCE_CHECK_INTERNAL_H
#define CTX_REFERENCE_CHECK_INTERNAL_H
#include "base/text.h"
#include "reference/check.h"

typedef enum Family {
#define FAMILY(id, name, lengths, text) FAMILY_##id,
#include "reference/families.def"
#undef FAMILY
    FAMILY_COUNT
} Family;

typedef struct Case { /* one input; the arrays are the Case's (case_free) */
    Family family;
    uint64_t seed;
    double density;  /* FAMILY_INTEGERS: part of the numbers that are not 0 */
    int64_t *size;   /* by axis id of the source program */
    double **input;  /* by variable id of the source program; NULL: not an input */
    int64_t *count;
    int axes, inputs;
} Case;

typedef struct OpenFactor { /* of a check; what a side is multiplied by before it is compared */
    int side;    /* 0 left, 1 right, -1: the check leaves none open */
    bool known, exact;
    double value, error; /* error: of the value and of a product with it, at most */
} OpenFactor;

typedef struct Bounded {
    double value, bound;
} Bounded;

typedef struct Checker {
    Arena *arena; /* the report's */
    const CheckInput *in;
    CheckReport *report;
    double spent; /* steps of the budget */
    int64_t *least; /* by axis id: points that the program needs (ir_least_sizes) */
    int side_count;
    IrVar **side, **scheduled_side; /* left and right of each check: 2 i, 2 i + 1 */
    OpenFactor *factor;                /* by check */
    /* By check: what is looked at in this pass. Checks of the dynamic reading have a pass of their own: every one of their cases is
     * thousands of steps. */
    bool *taken, *integrated;
    bool **shared; /* by check, by variable id: what both sides are computed from; NULL: inputs alone */
    bool **exact, **scheduled_exact; /* the part of it that counts as exact; NULL with it */
} Checker;

/* One evaluation of all sides. Freed by sides_free. */
typedef struct Sides {
    /* By check: source order (or, substituted, the scheduled one), values and float64 bounds. What both sides of a
     * check are computed from counts as exact there (but for scans, exact_for): both read the same numbers. Checks that share
     * nothing have one in common. */
    Reference **reference;
    Reference *bounds;    /* scheduled order: bounds of the native arithmetic; NULL when only the reference is asked for */
    double **native;      /* by side; NULL: no native value */
    bool substituted;
} Sides;

/* cases.c: sizes and inputs. */
const char *family_name(Family family);
bool family_at_all_lengths(Family family);
Case *case_new(const Checker *c, Family family, uint64_t seed, const int64_t *size, double density);
Case *case_copy(const Case *from);
void case_free(Case *k);
int64_t case_size(const Case *k, const IrAxis *axis);
char *case_shapes(const Checker *c, const Case *k);

/* sides.c: evaluation. `why` says what went wrong. */
bool sides_evaluate(Checker *c, const Case *k, bool native, Sides *sides, const char **why);
void sides_free(const Checker *c, Sides *sides);
/* Sizes by axis id of another program with the same root axes; the caller frees them. */
int64_t *sizes_for(const Checker *c, const IrProgram *p, const Case *k);
RefTensor side_value(const Checker *c, const Sides *sides, int side);
/* Binds the case's inputs to a reference of the program (source, a clone of it, or the scheduled one). */
void bind_case(const Checker *c, Reference *r, const IrProgram *p, const Case *k);

/* factor.c: the factors that checks leave open. */
void factors_set_up(Checker *c);
/* Estimates it where it is not known yet. Returns an element that no factor fits, or -1. */
int64_t factor_settle(Checker *c, const Sides *sides, int check);
/* An element of a side as it is compared: times the factor, if it stands there. */
Bounded side_point(const Checker *c, const Sides *sides, int side, int64_t i);
char *factor_text(const Checker *c, int check); /* in words; NULL: none is open */

/* shrink.c: the smallest input found on which `check` fails the same way; the caller frees it. */
Case *shrink(Checker *c, const Case *k, int check, bool native);
bool still_fails(Checker *c, const Case *k, int check, bool native);
char *describe_input(const Checker *c, const Case *k);

/* Values of the native program for the outputs that belong to `count` variables of the scheduled program; NULL: no
 * output. The caller frees the arrays. */
bool native_values(const Checker *c, const Case *k, IrVar *const *var, int count, double **value, const char **why);

/* native.c: the first quantity whose native value leaves its bound; fills first and first_detail. */
void find_first_native(Checker *c, const Case *k, CheckFailure *failure);
char *element_name(const Checker *c, const IrVar *v, RefTensor t, int64_t at);

/* first.c: fills first, first_detail and reason. `holds[i]`: check i held everywhere. */
void find_first(Checker *c, const Case *k, int check, const bool *holds, CheckFailure *failure);
#endif
