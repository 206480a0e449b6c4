/* `ctx check`: what both engines say of each check, and what follows from it.
 *
 *   exact      numeric    verdict
 *   equal      holds      equal        as real functions, and the native code keeps the rounding bound
 *   not asked  holds      holds        only tested
 *   equal      not asked  equal
 *   any        holds      holds        where the check says `within`: only closeness was asked for
 *   any        differs    differs      with the input that shows it
 *   not equal  holds      undecided    no real input was found that shows a difference
 *   undecided  holds      undecided    the construct is named
 *   any        native wrong            the compiled program leaves its bound
 */
#ifndef CTX_REPORT_VERDICT_H
#define CTX_REPORT_VERDICT_H
#include <stdio.h>

#include "exact/exact.h"
#include "reference/check.h"

typedef enum Verdict {
    VERDICT_EQUAL, VERDICT_HOLDS, VERDICT_DIFFERS, VERDICT_NATIVE_WRONG, VERDICT_UNDECIDED, VERDICT_MACHINE, VERDICT_COUNT
} Verdict;

typedef struct CheckFacts { /* what is known of one check */
    const IrCheck *check;
    int line;               /* of the source; 0: none */
    const char *text;       /* as the source says it, on one line; "" without a source */
    const ExactResult *exact;   /* NULL: not asked */
    const char *exact_place;    /* "line 96", of another file "cells.ctx:96": of what could not be decided; NULL: none */
    const char **hint_place;    /* the same, by hint */
    const CheckResult *numeric; /* NULL: not asked */
} CheckFacts;

typedef struct VerdictReport {
    const char *program;
    int count;
    const CheckFacts *check;
    const CheckReport *numeric; /* notes and errors; NULL: not asked */
    double seconds;
} VerdictReport;

Verdict verdict_of(const CheckFacts *facts);
/* The worst of all; VERDICT_HOLDS where there is no check. */
Verdict verdict_of_all(const VerdictReport *report);
void verdict_print(const VerdictReport *report, FILE *to);
/* One JSON object on one line, as report.schema.json describes it. */
void verdict_json(const VerdictReport *report, FILE *to);
/* A new object with every number of an exact result, and no names. */
json_t *verdict_exact_json(const ExactResult *r);
#endif
