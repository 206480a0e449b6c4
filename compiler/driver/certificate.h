/* Certificates of exact verdicts: the program without its names, the seed and every number of the run, so that anyone can run it
 * again and compare. */
#ifndef CTX_DRIVER_CERTIFICATE_H
#define CTX_DRIVER_CERTIFICATE_H
#include "driver/phases.h"

/* Decides every check of c->core once more, without names, and writes the certificate. Exit status. */
int certificate_write(Compilation *c, const char *path, uint64_t seed, int threads);
/* Runs the certificate again for c->core; says on standard output whether it holds. Exit status. */
int certificate_verify(Compilation *c, const char *path, int threads);
#endif
