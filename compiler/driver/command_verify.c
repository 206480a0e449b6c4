#include <unistd.h>

#include "core/pool.h"
#include "driver/certificate.h"
#include "driver/commands.h"

int command_verify(Options *options) {
    int64_t threads = sysconf(_SC_NPROCESSORS_ONLN);
    if (options->operands.count != 2) {
        fprintf(stderr, "ctx verify: expected a certificate and a .ctx file, got %d operands\n"
                        "help: ctx check FILE.ctx --certificate proof.json, then ctx verify proof.json FILE.ctx\n", options->operands.count);
        return EXIT_WRONG;
    }
    if (!option_integer(options, OPTION_THREADS, 1, RT_THREADS_MOST, &threads)) return EXIT_WRONG;
    options->file = options->operands.at[1];
    Compilation *c = phases_begin(options);
    int status = phases_reach(c, PHASE_SETTLE);
    if (status == EXIT_DONE) status = certificate_verify(c, options->operands.at[0], (int)threads);
    phases_end(c);
    return status;
}
