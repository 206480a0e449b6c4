/* Ctrl-C and its kin during a run: the first one is noted, so that the run can stop where everything is consistent; the second
 * one has its usual effect. */
#ifndef CTX_RUNTIME_INTERRUPT_H
#define CTX_RUNTIME_INTERRUPT_H
#include <signal.h>
#include <stdbool.h>

typedef struct RtInterrupt { /* what the signals did before */
    struct sigaction before[3];
    bool caught[3];
} RtInterrupt;

/* From here to rt_interrupt_release SIGINT, SIGTERM and SIGHUP are noted, but those that the caller ignores stay ignored. */
void rt_interrupt_catch(RtInterrupt *interrupt);
void rt_interrupt_release(RtInterrupt *interrupt);
/* Number of the signal that arrived since the last catch; 0: none. */
int rt_interrupted(void);
/* Ends the process as that signal would have. */
void rt_interrupt_again(int number);
#endif
