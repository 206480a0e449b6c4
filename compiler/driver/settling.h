/* How a circuit settles: its dynamic reading beside its settled one, on the same drawn data, in double precision. */
#ifndef CTX_DRIVER_SETTLING_H
#define CTX_DRIVER_SETTLING_H
#include "driver/phases.h"

typedef struct SettlingRow { /* one population */
    const char *population;
    double tau;      /* seconds; 0: not a number */
    double off;      /* at the end of a cycle: the largest distance from the settled value, of the largest settled value */
    double within;   /* seconds of a cycle after which it stays within 1 % of that; negative: never */
} SettlingRow;

typedef struct Settling {
    DynamicReport integration;
    int count;
    SettlingRow *row;
    int64_t interval; /* steps between looks */
    const char *measured; /* output on which the order was measured, NULL: it was not */
    double order;     /* measured order of the method; infinite: halving the step changes nothing */
    char *sizes;      /* "token = 5, a = 16" */
} Settling;

/* EXIT_DONE, or the exit status after a message. The result lives in `arena`. */
int settling_measure(Arena *arena, const Options *options, Settling *settling);
#endif
