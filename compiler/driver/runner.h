/* Native code for the checker: a program compiled into this process, called on the checker's inputs. */
#ifndef CTX_DRIVER_RUNNER_H
#define CTX_DRIVER_RUNNER_H
#include "driver/native.h"
#include "reference/check.h"

/* Compiles c->optimised. Status as native_load. The runner belongs to the compilation's arena; runner_close frees the code. */
int runner_open(Compilation *c, NativeRunner *runner);
const CtxProgram *runner_program(const NativeRunner *runner);
void runner_close(NativeRunner *runner);
#endif
