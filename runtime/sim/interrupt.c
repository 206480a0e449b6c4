#include "sim/interrupt.h"

#include <stddef.h>

/* The only global of the runtime: a handler has no other place to write to. */
static volatile sig_atomic_t arrived;

static const int numbers[3] = {SIGINT, SIGTERM, SIGHUP};

static void note(int number) { arrived = number; }

void rt_interrupt_catch(RtInterrupt *interrupt) {
    struct sigaction action = {.sa_handler = note, .sa_flags = (int)(SA_RESETHAND | SA_RESTART)};
    sigemptyset(&action.sa_mask);
    arrived = 0;
    for (int i = 0; i < 3; i++) {
        struct sigaction *before = &interrupt->before[i];
        interrupt->caught[i] = sigaction(numbers[i], NULL, before) == 0 && before->sa_handler == SIG_DFL && !(before->sa_flags & SA_SIGINFO) &&
                               sigaction(numbers[i], &action, NULL) == 0;
    }
}

void rt_interrupt_release(RtInterrupt *interrupt) {
    for (int i = 0; i < 3; i++)
        if (interrupt->caught[i]) sigaction(numbers[i], &interrupt->before[i], NULL);
}

int rt_interrupted(void) { return arrived; }

void rt_interrupt_again(int number) {
    signal(number, SIG_DFL);
    raise(number);
}
